#include "datastore/custom/format.h"

#include <arpa/inet.h>
#include <string.h>

#include "datastore/object/name.h"
#include "runtime/base/time/time.h"
#include "runtime/base/time/wall.h"

#define ADDRESS_BYTES_MAX 64U

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- addresses -------------------------------------------------------------------------------------------- */

/* Zeros in front are tolerated. */
static bool is_ipv4(struct str text, struct arena *arena)
{
	struct str rest = text;
	uint32_t parts = 0;
	uint64_t number;

	(void)arena;
	while (rest.at != NULL) {
		struct str part = str_cut(&rest, '.');

		if (part.len == 0 || !is_digit(part.at[0]) || str_to_u64(part, &number) != OK ||
		    number > 255)
			return false;
		parts++;
	}
	return parts == 4;
}

static bool is_ipv6(struct str text, struct arena *arena)
{
	unsigned char address[16];

	return text.len < ADDRESS_BYTES_MAX &&
	       inet_pton(AF_INET6, arena_cstr(arena, text), address) == 1;
}

static bool is_cidr(struct str text, struct arena *arena)
{
	struct str rest = text, address = str_cut(&rest, '/');
	uint64_t bits;

	if (rest.len == 0 || !is_digit(rest.at[0]) || str_to_u64(rest, &bits) != OK)
		return false;
	return is_ipv4(address, arena) ? bits <= 32 : is_ipv6(address, arena) && bits <= 128;
}

/* ---- times ------------------------------------------------------------------------------------------------ */

static bool is_date(struct str text, struct arena *arena)
{
	struct wall time;

	return text.len == 10 &&
	       wall_parse(arena_printf(arena, STR_FMT "T00:00:00Z", STR_ARG(text)), &time) == OK;
}

/* The clock's part is the pattern's matter, but for hours and minutes there are. */
static bool is_date_time(struct str text, struct arena *arena)
{
	const char *clock = text.at + 11;

	if (text.len < 20 || (text.at[10] != 'T' && text.at[10] != 't') ||
	    !is_date(str_slice(text, 0, 10), arena))
		return false;
	return memcmp(clock, "23", 2) <= 0 && memcmp(clock + 3, "59", 2) <= 0 &&
	       memcmp(clock + 6, "59", 2) <= 0;
}

/* ---- numbers of books and cards --------------------------------------------------------------------------- */

/* What is left without dashes and blanks. */
static struct str packed(struct str text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1U);
	uint32_t len = 0;

	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] != '-' && text.at[i] != ' ')
			out[len++] = text.at[i];
	out[len] = '\0';
	return str_of(out, len);
}

static bool is_isbn10(struct str text, struct arena *arena)
{
	struct str digits = packed(text, arena);
	uint32_t sum = 0;

	if (digits.len != 10)
		return false;
	for (uint32_t i = 0; i < 10; i++) {
		char c = digits.at[i];

		if (!is_digit(c) && !(i == 9 && c == 'X'))
			return false;
		sum += (i + 1) * (c == 'X' ? 10U : (uint32_t)(c - '0'));
	}
	return sum % 11 == 0;
}

static bool is_isbn13(struct str text, struct arena *arena)
{
	struct str digits = packed(text, arena);
	uint32_t sum = 0;

	if (digits.len != 13)
		return false;
	for (uint32_t i = 0; i < 13; i++) {
		if (!is_digit(digits.at[i]))
			return false;
		sum += (i % 2 ? 3U : 1U) * (uint32_t)(digits.at[i] - '0');
	}
	return sum % 10 == 0;
}

static bool is_isbn(struct str text, struct arena *arena)
{
	return is_isbn10(text, arena) || is_isbn13(text, arena);
}

/* By the last digit, which the others give (Luhn). */
static bool is_credit_card(struct str text, struct arena *arena)
{
	struct str digits = packed(text, arena);
	uint32_t sum = 0;

	if (digits.len < 13 || digits.len > 16)
		return false;
	for (uint32_t i = 0; i < digits.len; i++) {
		uint32_t digit = (uint32_t)(digits.at[digits.len - 1 - i] - '0');

		if (digit > 9)
			return false;
		if (i % 2 == 1)
			digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
		sum += digit;
	}
	return sum % 10 == 0;
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static bool is_hostname(struct str text, struct arena *arena)
{
	struct str rest = text;

	(void)arena;
	while (rest.at != NULL)
		if (str_cut(&rest, '.').len > 63)
			return false;
	return text.len <= 255;
}

static bool is_short_name(struct str text, struct arena *arena)
{
	(void)arena;
	return name_is(NAME_DNS_LABEL, text);
}

static bool is_long_name(struct str text, struct arena *arena)
{
	(void)arena;
	return name_is(NAME_DNS_SUBDOMAIN, text);
}

/* ---- the table -------------------------------------------------------------------------------------------- */

#define HEX "[0-9a-f]"
#define UUID(third, fourth) "(?i)^" HEX "{8}-?" HEX "{4}-?" third "-?" fourth "-?" HEX "{12}$"
#define LETTER "a-zA-Z0-9\\p{S}\\p{L}"
#define HOSTNAME                                                                          \
	"^([" LETTER "]((-?[" LETTER "]{0,62})?)|([" LETTER "](([a-zA-Z0-9-\\p{S}\\p{L}]" \
	"{0,61}[" LETTER "])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$"
#define PAIR "[0-9a-fA-F]{2}"
#define MAC                                                                                       \
	"^(" PAIR "(:" PAIR "){5}|" PAIR "(:" PAIR "){7}|" PAIR "(:" PAIR "){19}|" PAIR "(-" PAIR \
	"){5}|" PAIR "(-" PAIR "){7}|" PAIR "(-" PAIR "){19}|(" PAIR PAIR "\\.){2}" PAIR PAIR     \
	"|(" PAIR PAIR "\\.){3}" PAIR PAIR "|(" PAIR PAIR "\\.){9}" PAIR PAIR ")$"
#define BYTE "([01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])"
#define BASE64 "[A-Za-z0-9+/]"

static const struct format {
	const char *name;
	const char *pattern; /* or NULL */
	bool (*matches)(struct str text, struct arena *arena);
} formats[] = {
	{ "bsonobjectid", "(?i)^" HEX "{24}$", NULL },
	{ "byte", "^(" BASE64 "{4})*(" BASE64 "{2}==|" BASE64 "{3}=|" BASE64 "{4})$", NULL },
	{ "cidr", NULL, is_cidr },
	{ "creditcard", NULL, is_credit_card },
	{ "date", NULL, is_date },
	{ "datetime", "^.{11}[0-9]{2}:[0-9]{2}:[0-9]{2}(.[0-9]+)?([zZ]|([+-][0-9]{2}:[0-9]{2}))$",
	  is_date_time },
	{ "duration", "(?i)[0-9]+(\\.[0-9]+)?\\s*(ns|nano|us|µs|micro|ms|milli|s|m|h|d|w)|^0$",
	  NULL },
	{ "email", "^([^@<>]*<)?[^\\s@<>\"(),:;]+@[^\\s@<>\"(),:;]+>?$", NULL },
	{ "hexcolor", "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", NULL },
	{ "hostname", HOSTNAME, is_hostname },
	{ "ipv4", NULL, is_ipv4 },
	{ "ipv6", NULL, is_ipv6 },
	{ "isbn", NULL, is_isbn },
	{ "isbn10", NULL, is_isbn10 },
	{ "isbn13", NULL, is_isbn13 },
	{ "k8slongname", NULL, is_long_name },
	{ "k8sshortname", NULL, is_short_name },
	{ "mac", MAC, NULL },
	{ "password", NULL, NULL },
	{ "rgbcolor", "^rgb\\(\\s*" BYTE "\\s*,\\s*" BYTE "\\s*,\\s*" BYTE "\\s*\\)$", NULL },
	{ "ssn", "^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$", NULL },
	{ "uri", "^([a-zA-Z][a-zA-Z0-9+.-]*:|/)[^\\x00-\\x20\\x7f]*$", NULL },
	{ "uuid", UUID(HEX "{4}", HEX "{4}"), NULL },
	{ "uuid3", UUID("3" HEX "{3}", HEX "{4}"), NULL },
	{ "uuid4", UUID("4" HEX "{3}", "[89ab]" HEX "{3}"), NULL },
	{ "uuid5", UUID("5" HEX "{3}", "[89ab]" HEX "{3}"), NULL },
};

static bool is_same(struct str name, const char *packed_name)
{
	for (uint32_t i = 0; i < name.len; i++) {
		if (name.at[i] == '-')
			continue;
		if (*packed_name != name.at[i])
			return false;
		packed_name++;
	}
	return *packed_name == '\0';
}

static const struct format *find(struct str name)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (is_same(name, formats[i].name))
			return &formats[i];
	return NULL;
}

bool format_is_known(struct str format)
{
	return find(format) != NULL;
}

bool format_matches(struct str name, struct str text, struct arena *arena)
{
	const struct format *format = find(name);

	return format == NULL || format->matches == NULL || format->matches(text, arena);
}

struct str format_pattern(struct str name)
{
	const struct format *format = find(name);

	return format != NULL && format->pattern != NULL ? str_from(format->pattern) : STR_NONE;
}
