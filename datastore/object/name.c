#include "datastore/object/name.h"

#include <stdio.h>

#include "runtime/base/text.h"

#define LABEL_MAX 63U      /* RFC 1035, 2.3.4 */
#define SUBDOMAIN_MAX 253U /* the same, less the root's dot and length */
#define PORT_NAME_MAX 15U  /* RFC 6335, 5.1 */
#define QUOTED_MAX 8192U

/* ---- classes of characters -------------------------------------------------------------------------- */

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_upper(c) || is_digit(c);
}

static bool is_lower_alnum(char c)
{
	return is_lower(c) || is_digit(c);
}

static bool is_lower_alnum_dash(char c)
{
	return is_lower_alnum(c) || c == '-';
}

static bool is_lower_alnum_dash_underscore(char c)
{
	return is_lower_alnum_dash(c) || c == '_';
}

static bool is_label_char(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool is_header_char(char c)
{
	return is_alnum(c) || c == '-';
}

static bool all_are(struct str s, bool (*is)(char))
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!is(s.at[i]))
			return false;
	return true;
}

/* One or more of `inside`, the first and last being `edge`. */
static bool is_bounded(struct str s, bool (*edge)(char), bool (*inside)(char))
{
	return s.len > 0 && edge(s.at[0]) && edge(s.at[s.len - 1]) && all_are(s, inside);
}

static bool is_dns_label(struct str s)
{
	return is_bounded(s, is_lower_alnum, is_lower_alnum_dash);
}

static bool is_caseless_label(struct str s)
{
	return is_bounded(s, is_alnum, is_header_char);
}

static bool is_dns1035_label(struct str s)
{
	return is_dns_label(s) && is_lower(s.at[0]);
}

static bool is_underscore_label(struct str s)
{
	if (s.len > 0 && s.at[0] == '_')
		s = str_slice(s, 1, s.len);
	return is_bounded(s, is_lower_alnum, is_lower_alnum_dash_underscore);
}

static bool are_parts(struct str s, bool (*is_part)(struct str))
{
	struct str rest = s;

	while (rest.at != NULL)
		if (!is_part(str_cut(&rest, '.')))
			return false;
	return true;
}

static bool is_label_name(struct str s)
{
	return is_bounded(s, is_alnum, is_label_char);
}

/* ---- findings ------------------------------------------------------------------------------------------ */

/* What is being checked, and where what is wrong goes. */
struct check {
	struct str value, field; /* as shown */
	struct faults *faults;
	bool is_good;
};

struct str name_quoted(struct arena *arena, struct str value)
{
	static const char *const escapes[0x80] = {
		['\a'] = "\\a", ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",  ['\v'] = "\\v",
		['\f'] = "\\f", ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\",
	};
	struct text out = text_in(arena, QUOTED_MAX);

	text_add_char(&out, '"');
	for (uint32_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if (c < 0x80 && escapes[c] != NULL)
			text_add(&out, str_from(escapes[c]));
		else if (c < 0x20 || c == 0x7f)
			text_printf(&out, "\\x%02x", c);
		else
			text_add_char(&out, (char)c);
	}
	text_add_char(&out, '"');
	return text_str(&out);
}

static void wrong(struct check *check, const char *words)
{
	check->is_good = false;
	if (check->faults != NULL)
		faults_add(check->faults, FAULT_INVALID, check->field,
			   name_quoted(check->faults->arena, check->value), "%s", words);
}

/* What a syntax that is a pattern says when it does not fit; in the form of validation.RegexError. */
struct pattern {
	const char *words, *regex, *examples; /* examples: 'a',  or 'b' */
};

static void pattern_words(const struct pattern *p, char *out, size_t size)
{
	snprintf(out, size, "%s (e.g. %s, regex used for validation is '%s')", p->words,
		 p->examples, p->regex);
}

static void mismatch(struct check *check, const char *prefix, const struct pattern *p)
{
	char body[640], words[768];

	pattern_words(p, body, sizeof body);
	snprintf(words, sizeof words, "%s%s", prefix, body);
	wrong(check, words);
}

/* Older rules count "characters", newer ones "bytes"; both mean bytes, and clients see the difference. */
static void at_most(struct check *check, const char *prefix, struct str part, uint32_t max,
		    const char *unit)
{
	char words[96];

	if (part.len <= max)
		return;
	snprintf(words, sizeof words, "%smust be no more than %u %s", prefix, max, unit);
	wrong(check, words);
}

#define LABEL_REGEX "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define LABEL_NAME_REGEX "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

static const struct pattern dns_label = { "a lowercase RFC 1123 label must consist of lower case "
					  "alphanumeric characters or '-', and must "
					  "start and end with an alphanumeric character",
					  LABEL_REGEX, "'my-name',  or '123-abc'" };
static const struct pattern dns_subdomain = { "a lowercase RFC 1123 subdomain must consist of "
					      "lower case alphanumeric characters, '-' or '.', and "
					      "must start and end with an alphanumeric character",
					      LABEL_REGEX "(\\." LABEL_REGEX ")*", "'example.com'" };
static const struct pattern dns_underscore = {
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', "
	"'-' or '.', "
	"and must start and end with an alphanumeric character",
	"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*", "'example.com'"
};
static const struct pattern dns_caseless = {
	"an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start "
	"and end with an alphanumeric character",
	LABEL_REGEX "(\\." LABEL_REGEX ")*", "'Example.com'"
};
static const struct pattern dns1035_label = {
	"a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
	"alphabetic character, and end with an alphanumeric character",
	"[a-z]([-a-z0-9]*[a-z0-9])?", "'my-name',  or 'abc-123'"
};
static const struct pattern wildcard = { "a wildcard DNS-1123 subdomain must start with '*.', "
					 "followed by a valid DNS subdomain, which must "
					 "consist of lower case alphanumeric characters, '-' or "
					 "'.' and end with an alphanumeric character",
					 "\\*\\." LABEL_REGEX "(\\." LABEL_REGEX ")*",
					 "'*.example.com'" };
static const struct pattern label_name = {
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
	"alphanumeric character",
	LABEL_NAME_REGEX, "'MyName',  or 'my.name',  or '123-abc'"
};
static const struct pattern label_value = { "a valid label must be an empty string or consist of "
					    "alphanumeric characters, '-', '_' or '.', and "
					    "must start and end with an alphanumeric character",
					    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
					    "'MyValue',  or 'my_value',  or '12345'" };
static const struct pattern c_identifier = {
	"a valid C identifier must start with alphabetic character or '_', followed by a string of "
	"alphanumeric characters or '_'",
	"[A-Za-z_][A-Za-z0-9_]*", "'my_name',  or 'MY_NAME',  or 'MyName'"
};
static const struct pattern env_strict = { "a valid environment variable name must consist of "
					   "alphabetic characters, digits, '_', '-', or '.', "
					   "and must not start with a digit",
					   "[-._a-zA-Z][-._a-zA-Z0-9]*",
					   "'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1'" };
static const struct pattern config_key = {
	"a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
	"[-._a-zA-Z0-9]+", "'key.name',  or 'KEY_NAME',  or 'key-name'"
};
static const struct pattern http_header = {
	"a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+",
	"'X-Header-Name'"
};
static const struct pattern condition_reason = {
	"a condition reason must start with alphabetic character, optionally followed by a string "
	"of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
	"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?",
	"'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB'"
};
static const struct pattern percent = {
	"a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%",
	"'1%',  or '93%'"
};

/* ---- the syntaxes ---------------------------------------------------------------------------------------- */

/* `shown` is what the faults show; `s` is what is checked: they differ for prefixes of names. */
static void check_dns_label(struct check *check, struct str s)
{
	at_most(check, "", s, LABEL_MAX, "characters");
	if (is_dns_label(s))
		return;
	if (are_parts(s, is_dns_label))
		wrong(check, "must not contain dots");
	else
		mismatch(check, "", &dns_label);
}

static void check_dns_subdomain(struct check *check, struct str s, const char *prefix)
{
	at_most(check, prefix, s, SUBDOMAIN_MAX, prefix[0] ? "bytes" : "characters");
	if (!are_parts(s, is_dns_label))
		mismatch(check, prefix, &dns_subdomain);
}

static void check_label_key(struct check *check, struct str s)
{
	int64_t slash = str_find_char(s, '/');
	struct str name = s;
	char words[768], body[640];

	if (slash >= 0) {
		struct str prefix = str_slice(s, 0, (uint32_t)slash);

		name = str_slice(s, (uint32_t)slash + 1, s.len);
		if (str_find_char(name, '/') >= 0) {
			pattern_words(&label_name, body, sizeof body);
			snprintf(words, sizeof words,
				 "a valid label key %s with an optional DNS subdomain prefix and "
				 "'/' (e.g. 'example.com/MyName')",
				 body);
			wrong(check, words);
			return;
		}
		if (prefix.len == 0)
			wrong(check, "prefix part must be non-empty");
		else
			check_dns_subdomain(check, prefix, "prefix part ");
	}
	if (name.len == 0)
		wrong(check, "name part must be non-empty");
	at_most(check, "name part ", name, LABEL_MAX, "bytes");
	if (!is_label_name(name))
		mismatch(check, "name part ", &label_name);
}

static void check_prefixed_label_key(struct check *check, struct str s)
{
	check_label_key(check, s);
	if (check->is_good && str_find_char(s, '/') < 0)
		wrong(check, "must include a prefix (e.g. 'example.com/key')");
}

static void check_label_value(struct check *check, struct str s)
{
	at_most(check, "", s, LABEL_MAX, "bytes");
	if (s.len > 0 && !is_label_name(s))
		mismatch(check, "", &label_value);
}

static void check_path(struct check *check, struct str s, bool is_prefix)
{
	if (!is_prefix && str_is(s, "."))
		wrong(check, "may not be '.'");
	else if (!is_prefix && str_is(s, ".."))
		wrong(check, "may not be '..'");
	else {
		if (str_find_char(s, '/') >= 0)
			wrong(check, "may not contain '/'");
		if (str_find_char(s, '%') >= 0)
			wrong(check, "may not contain '%'");
	}
}

static void check_port_name(struct check *check, struct str s)
{
	bool has_letter = false;

	at_most(check, "", s, PORT_NAME_MAX, "characters");
	for (uint32_t i = 0; i < s.len; i++)
		has_letter = has_letter || is_lower(s.at[i]);
	if (s.len == 0 || !all_are(s, is_lower_alnum_dash))
		wrong(check,
		      "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
	if (!has_letter)
		wrong(check, "must contain at least one letter (a-z)");
	if (str_find(s, STR("--")) >= 0)
		wrong(check, "must not contain consecutive hyphens");
	if (s.len > 0 && (s.at[0] == '-' || s.at[s.len - 1] == '-'))
		wrong(check, "must not begin or end with a hyphen");
}

/* Names that become file names must not climb out of their folder. */
static void check_dots(struct check *check, struct str s)
{
	if (str_is(s, "."))
		wrong(check, "must not be '.'");
	else if (str_is(s, ".."))
		wrong(check, "must not be '..'");
	else if (str_starts(s, STR("..")))
		wrong(check, "must not start with '..'");
}

static void check_env(struct check *check, struct str s)
{
	if (s.len == 0 || is_digit(s.at[0]) || !all_are(s, is_label_char))
		mismatch(check, "", &env_strict);
	check_dots(check, s);
}

static void check_env_relaxed(struct check *check, struct str s)
{
	if (s.len == 0)
		wrong(check, "environment variable name must be non-empty");
	for (uint32_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x20 || s.at[i] > 0x7e || s.at[i] == '=') {
			wrong(check, "a valid environment variable name must consist only of "
				     "printable ASCII "
				     "characters other than '='");
			return;
		}
}

static void check_config_key(struct check *check, struct str s)
{
	at_most(check, "", s, SUBDOMAIN_MAX, "characters");
	if (s.len == 0 || !all_are(s, is_label_char))
		mismatch(check, "", &config_key);
	check_dots(check, s);
}

static void check_c_identifier(struct check *check, struct str s)
{
	bool is_good = s.len > 0 && !is_digit(s.at[0]);

	for (uint32_t i = 0; i < s.len; i++)
		is_good = is_good && (is_alnum(s.at[i]) || s.at[i] == '_');
	if (!is_good)
		mismatch(check, "", &c_identifier);
}

static void check_condition_reason(struct check *check, struct str s)
{
	bool is_good = s.len > 0 && (is_lower(s.at[0]) || is_upper(s.at[0])) &&
		       s.at[s.len - 1] != ',' && s.at[s.len - 1] != ':';

	for (uint32_t i = 0; i < s.len; i++)
		is_good = is_good && (is_alnum(s.at[i]) || memchr("_,:", s.at[i], 3) != NULL);
	if (!is_good)
		mismatch(check, "", &condition_reason);
}

static void check_percent(struct check *check, struct str s)
{
	if (s.len < 2 || s.at[s.len - 1] != '%' || !all_are(str_slice(s, 0, s.len - 1), is_digit))
		mismatch(check, "", &percent);
}

static void check_value(struct check *check, enum name_syntax syntax, struct str s)
{
	switch (syntax) {
	case NAME_DNS_LABEL: check_dns_label(check, s); break;
	case NAME_DNS_SUBDOMAIN: check_dns_subdomain(check, s, ""); break;
	case NAME_DNS_SUBDOMAIN_UNDERSCORE:
		at_most(check, "", s, SUBDOMAIN_MAX, "characters");
		if (!are_parts(s, is_underscore_label))
			mismatch(check, "", &dns_underscore);
		break;
	case NAME_DNS_SUBDOMAIN_CASELESS:
		at_most(check, "", s, SUBDOMAIN_MAX, "bytes");
		if (!are_parts(s, is_caseless_label))
			mismatch(check, "", &dns_caseless);
		break;
	case NAME_DNS1035_LABEL:
		at_most(check, "", s, LABEL_MAX, "characters");
		if (!is_dns1035_label(s))
			mismatch(check, "", &dns1035_label);
		break;
	case NAME_WILDCARD_SUBDOMAIN:
		at_most(check, "", s, SUBDOMAIN_MAX, "characters");
		if (!str_starts(s, STR("*.")) || !are_parts(str_slice(s, 2, s.len), is_dns_label))
			mismatch(check, "", &wildcard);
		break;
	case NAME_LABEL_KEY: check_label_key(check, s); break;
	case NAME_PREFIXED_LABEL_KEY: check_prefixed_label_key(check, s); break;
	case NAME_LABEL_VALUE: check_label_value(check, s); break;
	case NAME_PATH_SEGMENT: check_path(check, s, false); break;
	case NAME_PATH_PREFIX: check_path(check, s, true); break;
	case NAME_C_IDENTIFIER: check_c_identifier(check, s); break;
	case NAME_PORT_NAME: check_port_name(check, s); break;
	case NAME_ENV: check_env(check, s); break;
	case NAME_ENV_RELAXED: check_env_relaxed(check, s); break;
	case NAME_CONFIG_KEY: check_config_key(check, s); break;
	case NAME_HTTP_HEADER:
		if (s.len == 0 || !all_are(s, is_header_char))
			mismatch(check, "", &http_header);
		break;
	case NAME_CONDITION_REASON: check_condition_reason(check, s); break;
	case NAME_PERCENT: check_percent(check, s); break;
	}
}

bool name_check(enum name_syntax syntax, struct str value, struct str field, struct faults *faults)
{
	struct check check = { value, field, faults, true };

	if (value.at == NULL)
		check.value = value = STR("");
	check_value(&check, syntax, value);
	return check.is_good;
}

bool name_check_prefix(enum name_syntax syntax, struct str value, struct str field,
		       struct faults *faults)
{
	struct check check = { value, field, faults, true };
	char masked[SUBDOMAIN_MAX + 2];

	if (syntax == NAME_PATH_SEGMENT) {
		check_value(&check, NAME_PATH_PREFIX, value);
		return check.is_good;
	}
	if (value.len > 1 && value.at[value.len - 1] == '-' && value.len <= sizeof masked) {
		memcpy(masked, value.at, value.len);
		masked[value.len - 2] = 'a';
		check_value(&check, syntax, str_of(masked, value.len - 1));
		return check.is_good;
	}
	check_value(&check, syntax, value);
	return check.is_good;
}
