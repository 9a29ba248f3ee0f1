#include "datastore/object/quantity.h"

#include <assert.h>
#include <string.h>

typedef unsigned __int128 u128;

/* Where amounts end: 10^38 units of 10^-9, the last power of ten in 128 bits. */
#define NANO_DIGITS_MAX 38
#define NANO 1000000000LL
/* Digits that are read exactly; later ones only say that there is more. */
#define DIGITS_MAX 38
/* Digits that upstream's fast path takes (its maxInt64Factors). */
#define FAST_DIGITS 18

static const char FORMAT_TEXT[] = "quantities must match the regular expression "
				  "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
static const char SUFFIX_TEXT[] = "unable to parse quantity's suffix";

static const struct suffix {
	char text[3];
	int8_t exponent; /* of 10, or of 2 for the binary ones */
	bool is_binary;
} suffixes[] = {
	{ "n", -9, false }, { "u", -6, false }, { "m", -3, false }, { "", 0, false },
	{ "k", 3, false },  { "M", 6, false },  { "G", 9, false },  { "T", 12, false },
	{ "P", 15, false }, { "E", 18, false }, { "Ki", 10, true }, { "Mi", 20, true },
	{ "Gi", 30, true }, { "Ti", 40, true }, { "Pi", 50, true }, { "Ei", 60, true },
};
#define SUFFIX_COUNT (sizeof suffixes / sizeof *suffixes)

/* A text taken apart. */
struct parts {
	struct str whole, fraction; /* digits, the whole ones without leading zeros */
	struct str suffix;
	bool is_negative;
	enum quantity_form form;
	int32_t exponent; /* of 10, or of 2 for QUANTITY_BINARY */
};

static u128 power_of_ten(uint32_t exponent)
{
	u128 power = 1;

	assert(exponent <= NANO_DIGITS_MAX);
	while (exponent-- > 0)
		power *= 10;
	return power;
}

static struct str take_digits(struct str text, uint32_t *at)
{
	uint32_t from = *at;

	while (*at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9')
		++*at;
	return str_slice(text, from, *at);
}

/* Letters, then perhaps a sign and digits, and nothing behind. */
static bool take_suffix(struct str text, uint32_t at, struct str *suffix)
{
	uint32_t from = at;

	while (at < text.len && memchr("eEinumkKMGTP", text.at[at], 12) != NULL)
		at++;
	if (at < text.len && (text.at[at] == '-' || text.at[at] == '+'))
		at++;
	(void)take_digits(text, &at);
	*suffix = str_slice(text, from, at);
	return at == text.len;
}

static bool read_suffix(struct parts *parts)
{
	struct str suffix = parts->suffix;
	int64_t exponent;

	for (uint32_t i = 0; i < SUFFIX_COUNT; i++) {
		if (!str_is(suffix, suffixes[i].text))
			continue;
		parts->form = suffixes[i].is_binary ? QUANTITY_BINARY : QUANTITY_DECIMAL;
		parts->exponent = suffixes[i].exponent;
		return true;
	}
	if (suffix.len < 2 || (suffix.at[0] != 'e' && suffix.at[0] != 'E'))
		return false;
	struct str digits = str_slice(suffix, suffix.at[1] == '+' ? 2 : 1, suffix.len);
	if (str_to_i64(digits, &exponent) != OK)
		return false;
	parts->form = QUANTITY_EXPONENT;
	/* Past this all amounts are the greatest, or the least, there is. */
	parts->exponent = (int32_t)(exponent > 1000 ? 1000 : exponent < -1000 ? -1000 : exponent);
	return true;
}

static enum status take_apart(struct str text, struct parts *parts, struct fault *why)
{
	uint32_t at = 0;

	*parts = (struct parts){ 0 };
	if (text.len == 0)
		return fault_set(why, INVALID, "", "%s", FORMAT_TEXT);
	if (text.at[0] == '-' || text.at[0] == '+')
		parts->is_negative = text.at[at++] == '-';
	uint32_t digits_at = at;
	while (at < text.len && text.at[at] == '0')
		at++;
	parts->whole = take_digits(text, &at);
	if (at < text.len && text.at[at] == '.') {
		at++;
		parts->fraction = take_digits(text, &at);
	}
	bool is_formed = at > digits_at && take_suffix(text, at, &parts->suffix);
	if (!is_formed)
		return fault_set(why, INVALID, "", "%s", FORMAT_TEXT);
	if (!read_suffix(parts))
		return fault_set(why, INVALID, "", "%s", SUFFIX_TEXT);
	if (parts->whole.len == 0 && parts->fraction.len == 0 && text.at[digits_at] == '.')
		return fault_set(why, INVALID, "", "unable to parse numeric part of quantity");
	return OK;
}

/* An amount while it is put together: digits * 10^scale, and whether nonzero digits were dropped behind. */
struct amount {
	u128 digits;
	int32_t scale;
	bool has_more;
};

static void add_digits(struct amount *amount, struct str digits, bool is_fraction, uint32_t *count)
{
	for (uint32_t i = 0; i < digits.len; i++) {
		uint32_t digit = (uint32_t)(digits.at[i] - '0');
		if (*count < DIGITS_MAX) {
			amount->digits = amount->digits * 10 + digit;
			amount->scale -= is_fraction ? 1 : 0;
			*count += amount->digits > 0 ? 1 : 0;
		} else {
			amount->has_more |= digit != 0;
			amount->scale += is_fraction ? 0 : 1;
		}
	}
}

/* Times 2^bits; drops digits at the end where the product would not fit. */
static void shift(struct amount *amount, uint32_t bits)
{
	while (amount->digits >> (127 - bits) != 0) {
		amount->has_more |= amount->digits % 10 != 0;
		amount->digits /= 10;
		amount->scale++;
	}
	amount->digits <<= bits;
}

/* In units of 10^-9, rounded up, at most 10^38. */
static u128 amount_nano(const struct amount *amount)
{
	int32_t exponent = amount->scale + 9;
	u128 most = power_of_ten(NANO_DIGITS_MAX);

	if (amount->digits == 0)
		return amount->has_more ? 1 : 0;
	if (exponent >= 0) {
		bool fits = exponent <= NANO_DIGITS_MAX &&
			    amount->digits <= most / power_of_ten((uint32_t)exponent);
		return fits ? amount->digits * power_of_ten((uint32_t)exponent) +
				  (amount->has_more ? 1 : 0)
			    : most;
	}
	if (-exponent > NANO_DIGITS_MAX)
		return 1;
	u128 divisor = power_of_ten((uint32_t)-exponent);
	bool is_exact = amount->digits % divisor == 0 && !amount->has_more;
	return amount->digits / divisor + (is_exact ? 0 : 1);
}

static struct quantity put_together(const struct parts *parts)
{
	struct amount amount = { 0 };
	struct quantity quantity = { .form = parts->form };
	uint32_t count = 0;

	add_digits(&amount, parts->whole, false, &count);
	add_digits(&amount, parts->fraction, true, &count);
	if (parts->form == QUANTITY_BINARY)
		shift(&amount, (uint32_t)parts->exponent);
	else
		amount.scale += parts->exponent;
	u128 nano = amount_nano(&amount);
	/* Binary amounts end at the greatest int64; a fraction of one is decimal. */
	if (parts->form == QUANTITY_BINARY && nano > (u128)INT64_MAX * NANO)
		nano = (u128)INT64_MAX * NANO;
	if (parts->form == QUANTITY_BINARY && nano > 0 && nano < NANO)
		quantity.form = QUANTITY_DECIMAL;
	quantity.nano = parts->is_negative ? -(__int128)nano : (__int128)nano;
	return quantity;
}

enum status quantity_parse(struct str text, struct quantity *out, struct fault *why)
{
	struct parts parts;

	TRY(take_apart(text, &parts, why));
	*out = put_together(&parts);
	return OK;
}

struct quantity quantity_of(struct str text)
{
	struct quantity quantity = { 0 };

	if (quantity_parse(text, &quantity, NULL) != OK)
		return (struct quantity){ 0 };
	return quantity;
}

/* The last digit of the number without its point; digits_at(parts, 0) the first. */
static char digit_from_end(const struct parts *parts, uint32_t at)
{
	if (at < parts->fraction.len)
		return parts->fraction.at[parts->fraction.len - 1 - at];
	at -= parts->fraction.len;
	if (at < parts->whole.len)
		return parts->whole.at[parts->whole.len - 1 - at];
	return parts->whole.len == 0 && at == 0 ? '0' : '\0';
}

/* Whether upstream's parser keeps the text because it looks canonical; its own rules, which let "1.234" and "+5" pass. */
static bool keeps_text(const struct parts *parts)
{
	uint32_t whole = parts->whole.len > 0 ? parts->whole.len : 1;
	uint32_t count = whole + parts->fraction.len;
	int32_t scale = parts->exponent - (int32_t)parts->fraction.len;

	if (parts->form == QUANTITY_BINARY) {
		int32_t room = 15 - (int32_t)whole - parts->exponent * 3 / 10 - 1;
		int64_t value = 0;
		return parts->fraction.len == 0 && room >= 0 &&
		       str_to_i64(parts->whole, &value) == OK && (value & 7) != 0;
	}
	bool ends_in_zeros = digit_from_end(parts, 0) == '0' && digit_from_end(parts, 1) == '0' &&
			     digit_from_end(parts, 2) == '0';
	return count <= FAST_DIGITS && scale >= -9 && scale % 3 == 0 && !ends_in_zeros &&
	       parts->whole.len > 0;
}

enum status quantity_canonical(struct str text, struct arena *arena, struct str *out,
			       struct fault *why)
{
	struct parts parts;
	char buffer[QUANTITY_TEXT];

	TRY(take_apart(text, &parts, why));
	if (keeps_text(&parts) || str_is(text, "0"))
		*out = arena_str(arena, text);
	else
		*out = arena_str(arena, quantity_print(put_together(&parts), buffer));
	return OK;
}

/* Digits of an amount, without sign; gives their start inside `out`. */
static char *print_digits(u128 amount, char out[QUANTITY_TEXT])
{
	char *at = out + QUANTITY_TEXT - 16;

	*at = '\0';
	do {
		*--at = (char)('0' + (int)(amount % 10));
		amount /= 10;
	} while (amount > 0);
	return at;
}

static struct str print_parts(bool is_negative, u128 amount, const char *suffix,
			      char out[QUANTITY_TEXT])
{
	char *digits = print_digits(amount, out);

	if (is_negative)
		*--digits = '-';
	uint32_t len = (uint32_t)strlen(digits);
	memmove(out, digits, len);
	memcpy(out + len, suffix, strlen(suffix));
	return str_of(out, len + strlen(suffix));
}

static const char *suffix_of(int32_t exponent, bool is_binary)
{
	for (uint32_t i = 0; i < SUFFIX_COUNT; i++)
		if (suffixes[i].exponent == exponent && suffixes[i].is_binary == is_binary)
			return suffixes[i].text;
	return "";
}

static struct str print_exponent(bool is_negative, u128 amount, int32_t exponent,
				 char out[QUANTITY_TEXT])
{
	char suffix[16] = "e", digits[QUANTITY_TEXT];

	if (exponent == 0)
		return print_parts(is_negative, amount, "", out);
	struct str text =
	    print_parts(exponent < 0, (u128)(exponent < 0 ? -exponent : exponent), "", digits);
	memcpy(suffix + 1, text.at, text.len);
	suffix[1 + text.len] = '\0';
	return print_parts(is_negative, amount, suffix, out);
}

struct str quantity_print(struct quantity quantity, char out[QUANTITY_TEXT])
{
	bool is_negative = quantity.nano < 0;
	u128 amount = is_negative ? -(u128)quantity.nano : (u128)quantity.nano;
	int32_t exponent = -9;

	if (amount == 0)
		return print_parts(false, 0, "", out);
	if (quantity.form == QUANTITY_BINARY && amount >= (u128)1024 * NANO && amount % NANO == 0) {
		exponent = 0;
		for (amount /= NANO; amount % 1024 == 0 && exponent < 60; amount /= 1024)
			exponent += 10;
		return print_parts(is_negative, amount,
				   exponent > 0 ? suffix_of(exponent, true) : "", out);
	}
	int32_t last = quantity.form == QUANTITY_EXPONENT ? INT32_MAX : 18;
	for (; amount % 1000 == 0 && exponent < last; amount /= 1000)
		exponent += 3;
	if (quantity.form == QUANTITY_EXPONENT)
		return print_exponent(is_negative, amount, exponent, out);
	return print_parts(is_negative, amount, suffix_of(exponent, false), out);
}

struct str quantity_text(struct quantity quantity, struct arena *arena)
{
	char buffer[QUANTITY_TEXT];

	return arena_str(arena, quantity_print(quantity, buffer));
}

struct quantity quantity_from(int64_t value, enum quantity_form form)
{
	return (struct quantity){ (__int128)value * NANO, form };
}

struct quantity quantity_from_milli(int64_t milli, enum quantity_form form)
{
	return (struct quantity){ (__int128)milli * (NANO / 1000), form };
}

/* Away from zero to a multiple of the unit, in units. */
static __int128 divide_up(__int128 nano, int64_t unit)
{
	__int128 result = nano / unit;

	if (nano % unit != 0)
		result += nano < 0 ? -1 : 1;
	return result;
}

static int64_t cap(__int128 value)
{
	if (value > INT64_MAX)
		return INT64_MAX;
	return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t quantity_value(struct quantity quantity)
{
	return cap(divide_up(quantity.nano, NANO));
}

int64_t quantity_milli(struct quantity quantity)
{
	return cap(divide_up(quantity.nano, NANO / 1000));
}

int quantity_cmp(struct quantity a, struct quantity b)
{
	return (a.nano > b.nano) - (a.nano < b.nano);
}

bool quantity_is_zero(struct quantity quantity)
{
	return quantity.nano == 0;
}

struct quantity quantity_add(struct quantity a, struct quantity b)
{
	__int128 most = (__int128)power_of_ten(NANO_DIGITS_MAX);
	/* Both are at most 10^38, whose double does not fit. */
	bool is_over = b.nano > 0 ? a.nano > most - b.nano : a.nano < -most - b.nano;

	return (struct quantity){ !is_over     ? a.nano + b.nano
				  : b.nano > 0 ? most
					       : -most,
				  a.nano == 0 ? b.form : a.form };
}

struct quantity quantity_sub(struct quantity a, struct quantity b)
{
	b.nano = -b.nano;
	return quantity_add(a, b);
}

struct quantity quantity_round_up(struct quantity quantity, int scale)
{
	assert(scale >= -9 && scale <= 0);
	int64_t unit = (int64_t)power_of_ten((uint32_t)(9 + scale));

	quantity.nano = divide_up(quantity.nano, unit) * unit;
	return quantity;
}
