#include "runtime/base/str.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* The longest decimal number we read as a double; longer ones are garbage, not precision. */
#define STR_NUMBER_MAX 400U

struct str str_from(const char *text)
{
	return text == NULL ? STR_NONE : str_of(text, strlen(text));
}

struct str str_of(const void *at, size_t len)
{
	assert(len <= UINT32_MAX);
	return (struct str){ at, (uint32_t)len };
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_from(text));
}

bool str_is_among(struct str a, const char *words, char between)
{
	struct str rest = str_from(words);

	while (rest.at != NULL)
		if (str_eq(str_cut(&rest, between), a))
			return true;
	return false;
}

bool str_is_one_of(struct str a, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(a, words[i]))
			return true;
	return false;
}

int str_cmp(struct str a, struct str b)
{
	uint32_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.at, b.at, common);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

static char str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (str_lower(a.at[i]) != str_lower(b.at[i]))
			return false;
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq((struct str){ s.at, prefix.len }, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	if (s.len < suffix.len)
		return false;
	return suffix.len == 0 || memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0;
}

int64_t str_find(struct str s, struct str needle)
{
	const char *found;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return -1;
	found = memmem(s.at, s.len, needle.at, needle.len);
	return found == NULL ? -1 : found - s.at;
}

int64_t str_find_char(struct str s, char c)
{
	const char *found = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return found == NULL ? -1 : found - s.at;
}

int64_t str_find_last(struct str s, char c)
{
	const char *found = s.len == 0 ? NULL : memrchr(s.at, c, s.len);

	return found == NULL ? -1 : found - s.at;
}

struct str str_slice(struct str s, uint32_t from, uint32_t to)
{
	if (s.at == NULL)
		return STR_NONE;
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return (struct str){ s.at + from, to - from };
}

static bool str_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && str_is_space(s.at[s.len - 1]))
		s.len--;
	while (s.len > 0 && str_is_space(s.at[0])) {
		s.at++;
		s.len--;
	}
	return s;
}

struct str str_cut(struct str *rest, char separator)
{
	struct str all = *rest;
	int64_t at = str_find_char(all, separator);

	if (at < 0) {
		*rest = STR_NONE;
		return all;
	}
	*rest = str_slice(all, (uint32_t)at + 1, all.len);
	return str_slice(all, 0, (uint32_t)at);
}

enum status str_to_u64(struct str s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return INVALID;
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9' || __builtin_mul_overflow(n, 10U, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.at[i] - '0'), &n))
			return INVALID;
	}
	*out = n;
	return OK;
}

enum status str_to_i64(struct str s, int64_t *out)
{
	bool is_negative = s.len > 0 && s.at[0] == '-';
	uint64_t n;

	TRY(str_to_u64(is_negative ? str_slice(s, 1, s.len) : s, &n));
	if (n > (uint64_t)INT64_MAX + is_negative)
		return INVALID;
	/* Unsigned negation reaches INT64_MIN, where the signed one would overflow. */
	*out = (int64_t)(is_negative ? -n : n);
	return OK;
}

static uint32_t str_digits(struct str s, uint32_t from)
{
	while (from < s.len && s.at[from] >= '0' && s.at[from] <= '9')
		from++;
	return from;
}

/* [-]digits[.digits][(e|E)[+|-]digits]: strtod alone would also take white space, hex, inf and nan. */
static bool str_is_decimal(struct str s)
{
	uint32_t at = s.len > 0 && s.at[0] == '-';
	uint32_t end = str_digits(s, at);

	if (end == at)
		return false;
	if (end < s.len && s.at[end] == '.') {
		at = end + 1;
		end = str_digits(s, at);
		if (end == at)
			return false;
	}
	if (end < s.len && (s.at[end] == 'e' || s.at[end] == 'E')) {
		at = end + 1;
		at += at < s.len && (s.at[at] == '+' || s.at[at] == '-');
		end = str_digits(s, at);
		if (end == at)
			return false;
	}
	return end == s.len;
}

enum status str_to_double(struct str s, double *out)
{
	char copy[STR_NUMBER_MAX + 1];
	double value;

	if (s.len > STR_NUMBER_MAX || !str_is_decimal(s))
		return INVALID;
	memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	/* Too small a number becomes 0 or a subnormal, which is near enough; too large a one is refused. */
	value = strtod(copy, NULL);
	if (isinf(value))
		return INVALID;
	*out = value;
	return OK;
}
