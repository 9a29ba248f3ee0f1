#include "datastore/cel/library/function.h"
#include "datastore/object/name.h"

/*
 * Versions (semver.org): three numbers, what comes before a release, and a build that says nothing about the order.
 */

#define PARTS_MAX 64U

struct semver {
	struct str same; /* without the build; in front, since equality looks at it */
	uint64_t numbers[3];
	struct str before; /* rc.1; absent: a release */
};

static bool is_digits(struct str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
	return s.len > 0;
}

static bool is_part(struct str s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '-'))
			return false;
	}
	return true;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static struct str wrong(struct arena *arena, const char *words, struct str part)
{
	return arena_printf(arena, "%s " STR_FMT, words, STR_ARG(name_quoted(arena, part)));
}

static struct str read_number(struct str part, uint32_t which, struct arena *arena, uint64_t *out)
{
	static const char *const strange[] = { "Invalid character(s) found in major number",
					       "Invalid character(s) found in minor number",
					       "Invalid character(s) found in patch number" };
	static const char *const padded[] = { "Major number must not contain leading zeroes",
					      "Minor number must not contain leading zeroes",
					      "Patch number must not contain leading zeroes" };

	if (!is_digits(part) && (part.len > 0 || which < 2))
		return wrong(arena, strange[which], part);
	if (part.len > 1 && part.at[0] == '0')
		return wrong(arena, padded[which], part);
	if (str_to_u64(part, out) != OK)
		return wrong(arena, "strconv.ParseUint: parsing", part);
	return STR_NONE;
}

static struct str read_before(struct str before, struct arena *arena)
{
	struct str rest = before;

	while (rest.at != NULL) {
		struct str part = str_cut(&rest, '.');

		if (part.len == 0)
			return STR("Prerelease is empty");
		if (!is_part(part))
			return wrong(arena, "Invalid character(s) found in prerelease", part);
		if (is_digits(part) && part.len > 1 && part.at[0] == '0')
			return wrong(arena,
				     "Numeric PreRelease version must not contain leading zeroes",
				     part);
	}
	return STR_NONE;
}

static struct str read_build(struct str build, struct arena *arena)
{
	while (build.at != NULL) {
		struct str part = str_cut(&build, '.');

		if (part.len == 0)
			return STR("Build meta data is empty");
		if (!is_part(part))
			return wrong(arena, "Invalid character(s) found in build meta data", part);
	}
	return STR_NONE;
}

/* The words of a fault, or absent. */
static struct str read_semver(struct str text, struct arena *arena, struct semver *out)
{
	struct str rest = text, patch, build = STR_NONE, words = STR_NONE;
	struct str major = str_cut(&rest, '.'), minor;
	int64_t at;

	*out = (struct semver){ .same = text };
	if (text.len == 0)
		return STR("Version string empty");
	minor = rest.at != NULL ? str_cut(&rest, '.') : STR_NONE;
	if (rest.at == NULL)
		return STR("No Major.Minor.Patch elements found");
	words = read_number(major, 0, arena, &out->numbers[0]);
	if (words.at == NULL)
		words = read_number(minor, 1, arena, &out->numbers[1]);
	if (words.at != NULL)
		return words;
	patch = rest;
	at = str_find_char(patch, '+');
	if (at >= 0) {
		build = str_slice(patch, (uint32_t)at + 1, patch.len);
		patch = str_slice(patch, 0, (uint32_t)at);
		out->same = str_slice(text, 0, text.len - build.len - 1);
	}
	at = str_find_char(patch, '-');
	if (at >= 0) {
		out->before = str_slice(patch, (uint32_t)at + 1, patch.len);
		patch = str_slice(patch, 0, (uint32_t)at);
	}
	words = read_number(patch, 2, arena, &out->numbers[2]);
	if (words.at == NULL && out->before.at != NULL)
		words = read_before(out->before, arena);
	return words.at == NULL && build.at != NULL ? read_build(build, arena) : words;
}

/* `v1.2` and `01.2.3` in their proper form; false: it has none. */
static bool normalize(struct str text, struct arena *arena, struct str *out)
{
	struct text made = text_in(arena, text.len + 8);
	uint32_t parts = 0;

	if (text.len > 0 && text.at[0] == 'v')
		text = str_slice(text, 1, text.len);
	for (struct str rest = text; parts < 3; parts++) {
		struct str part = rest;

		if (parts < 2)
			part = str_cut(&rest, '.');
		while (part.len > 1 && part.at[0] == '0' && part.at[1] >= '0' && part.at[1] <= '9')
			part = str_slice(part, 1, part.len);
		text_printf(&made, "%s" STR_FMT, parts > 0 ? "." : "", STR_ARG(part));
		if (rest.at == NULL && parts < 2) {
			if (str_find_char(part, '+') >= 0 || str_find_char(part, '-') >= 0)
				return false;
			for (; parts < 2; parts++)
				text_lit(&made, ".0");
			break;
		}
	}
	*out = arena_str(arena, text_str(&made));
	return true;
}

static struct str read_asked(const struct cel_call *call, const struct cel_value *args,
			     struct semver *out)
{
	struct str text = args[0].text;

	if (call->count == 2 && args[1].is_true && !normalize(text, call->arena, &text))
		return STR("short version cannot contain PreRelease/Build meta data");
	return read_semver(text, call->arena, out);
}

static struct cel_value from_string(struct cel_call *call, const struct cel_value *args)
{
	struct semver version;
	struct str words = read_asked(call, args, &version);

	if (words.at != NULL)
		return cel_value_error(call->arena, STR_FMT, STR_ARG(words));
	return (struct cel_value){ .kind = CEL_SEMVER,
				   .opaque = arena_copy(call->arena, &version, sizeof version) };
}

static struct cel_value is_semver(struct cel_call *call, const struct cel_value *args)
{
	struct semver version;

	return cel_bool(read_asked(call, args, &version).at == NULL);
}

/* ---- order ----------------------------------------------------------------------------------------------------- */

static int order_parts(struct str a, struct str b)
{
	bool a_digits = is_digits(a), b_digits = is_digits(b);
	int order;

	if (a_digits != b_digits)
		return a_digits ? -1 : 1;
	if (a_digits && a.len != b.len)
		return a.len < b.len ? -1 : 1;
	order = str_cmp(a, b);
	return (order > 0) - (order < 0);
}

static int order_before(struct str a, struct str b)
{
	if (a.at == NULL || b.at == NULL)
		return (a.at == NULL) - (b.at == NULL);
	while (a.at != NULL && b.at != NULL) {
		int order = order_parts(str_cut(&a, '.'), str_cut(&b, '.'));

		if (order != 0)
			return order;
	}
	return (a.at != NULL) - (b.at != NULL);
}

static int order(const struct cel_value *args)
{
	const struct semver *a = args[0].opaque, *b = args[1].opaque;

	for (uint32_t i = 0; i < 3; i++)
		if (a->numbers[i] != b->numbers[i])
			return a->numbers[i] < b->numbers[i] ? -1 : 1;
	return order_before(a->before, b->before);
}

static struct cel_value compare(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(order(args));
}

static struct cel_value is_greater(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(order(args) > 0);
}

static struct cel_value is_less(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(order(args) < 0);
}

static struct cel_value major(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int((int64_t)((const struct semver *)args[0].opaque)->numbers[0]);
}

static struct cel_value minor(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int((int64_t)((const struct semver *)args[0].opaque)->numbers[1]);
}

static struct cel_value patch(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int((int64_t)((const struct semver *)args[0].opaque)->numbers[2]);
}

static const struct cel_function rows[] = {
	{ "semver", "(string)Semver", from_string, PRICE_SCAN },
	{ "semver", "(string,bool)Semver", from_string, PRICE_SCAN },
	{ "isSemver", "(string)bool", is_semver, PRICE_SCAN },
	{ "isSemver", "(string,bool)bool", is_semver, PRICE_SCAN },
	{ "isGreaterThan", ".(Semver,Semver)bool", is_greater, PRICE_ONE },
	{ "isLessThan", ".(Semver,Semver)bool", is_less, PRICE_ONE },
	{ "compareTo", ".(Semver,Semver)int", compare, PRICE_ONE },
	{ "major", ".(Semver)int", major, PRICE_ONE },
	{ "minor", ".(Semver)int", minor, PRICE_ONE },
	{ "patch", ".(Semver)int", patch, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_semver, rows);
