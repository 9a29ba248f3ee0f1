#include "datastore/object/columns/json-path.h"

#include <string.h>

#include "runtime/base/text.h"
#include "transport/wire/json.h"

#define NAME_BYTES_MAX 4096U

enum step_kind { STEP_NAME, STEP_INDEX, STEP_ALL, STEP_FILTER, STEP_BAD };

struct step {
	enum step_kind kind;
	struct str name;
	int64_t index;
	/* Of a filter; without a relation: whether `left` leads anywhere. */
	struct str left, relation, right;
};

static struct str find(struct str json, struct str path, struct arena *arena, uint32_t depth);

/* ---- steps ------------------------------------------------------------------------------------------------------ */

/* Up to the next dot or bracket; a backslash takes the meaning from what follows it. */
static struct str take_name(struct str *rest, struct arena *arena)
{
	struct text name = text_in(arena, NAME_BYTES_MAX);
	uint32_t at = 0;

	while (at < rest->len && rest->at[at] != '.' && rest->at[at] != '[') {
		if (rest->at[at] == '\\' && at + 1 < rest->len)
			at++;
		text_add_char(&name, rest->at[at++]);
	}
	*rest = str_slice(*rest, at, rest->len);
	return text_str(&name);
}

/* Where the bracket that is open here closes, past quoted text and inner brackets; -1: nowhere. */
static int64_t find_close(struct str rest)
{
	uint32_t depth = 0;
	char quote = 0;

	for (uint32_t i = 0; i < rest.len; i++) {
		char c = rest.at[i];

		if (quote != 0)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '[' || c == '(')
			depth++;
		else if ((c == ']' || c == ')') && --depth == 0)
			return i;
	}
	return -1;
}

static bool is_quoted(struct str s)
{
	return s.len >= 2 && (s.at[0] == '"' || s.at[0] == '\'') && s.at[s.len - 1] == s.at[0];
}

static struct step read_filter(struct str inside)
{
	static const char *const relations[] = { "==", "!=", "<=", ">=", "<", ">" };
	struct step step = { .kind = STEP_FILTER };

	for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
		int64_t at = str_find(inside, str_from(relations[i]));

		if (at < 0)
			continue;
		step.relation = str_from(relations[i]);
		step.left = str_trim(str_slice(inside, 0, (uint32_t)at));
		step.right =
		    str_trim(str_slice(inside, (uint32_t)at + step.relation.len, inside.len));
		break;
	}
	if (step.relation.len == 0)
		step.left = str_trim(inside);
	if (!str_starts(step.left, STR("@")))
		step.kind = STEP_BAD;
	step.left = str_slice(step.left, 1, step.left.len);
	return step;
}

/* What stands between brackets. */
static struct step read_bracket(struct str inside)
{
	struct step step = { .kind = STEP_BAD };

	if (str_is(inside, "*")) {
		step.kind = STEP_ALL;
	} else if (is_quoted(inside)) {
		step.kind = STEP_NAME;
		step.name = str_slice(inside, 1, inside.len - 1);
	} else if (str_starts(inside, STR("?(")) && str_ends(inside, STR(")"))) {
		step = read_filter(str_slice(inside, 2, inside.len - 1));
	} else if (str_to_i64(inside, &step.index) == OK) {
		step.kind = STEP_INDEX;
	}
	return step;
}

static struct step take_step(struct str *rest, struct arena *arena)
{
	struct step step = { .kind = STEP_BAD };
	int64_t close;

	if (rest->at[0] == '[') {
		close = find_close(*rest);
		if (close < 0)
			return step;
		step = read_bracket(str_trim(str_slice(*rest, 1, (uint32_t)close)));
		*rest = str_slice(*rest, (uint32_t)close + 1, rest->len);
		return step;
	}
	if (rest->at[0] == '.')
		*rest = str_slice(*rest, 1, rest->len);
	step.name = take_name(rest, arena);
	if (step.name.len > 0)
		step.kind = str_is(step.name, "*") ? STEP_ALL : STEP_NAME;
	return step;
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static struct str string_of(struct str json, struct arena *arena)
{
	struct json in = json_of(json);
	struct str out = json;

	if (json_peek(&in) == JSON_STRING)
		json_string(&in, arena, &out);
	return out;
}

static int compare(struct str a, struct str b)
{
	double x, y;

	if (str_to_double(a, &x) == OK && str_to_double(b, &y) == OK)
		return x < y ? -1 : x > y;
	return str_cmp(a, b);
}

static bool holds(const struct step *filter, struct str element, struct arena *arena, uint32_t depth)
{
	struct str left = find(element, filter->left, arena, depth), right = filter->right;
	int order;

	if (left.at == NULL || filter->relation.len == 0)
		return left.at != NULL;
	left = string_of(left, arena);
	if (is_quoted(right))
		right = str_slice(right, 1, right.len - 1);
	order = compare(left, right);
	switch (filter->relation.at[0]) {
	case '=': return order == 0;
	case '!': return order != 0;
	case '<': return order < 0 || (filter->relation.len == 2 && order == 0);
	default: return order > 0 || (filter->relation.len == 2 && order == 0);
	}
}

static uint32_t count_elements(struct str json)
{
	struct json in = json_of(json);
	uint32_t count = 0;

	json_peek(&in);
	for (json_enter(&in); json_element(&in); count++)
		json_skip(&in, NULL);
	return count;
}

static struct str find_element(struct str json, const struct step *step, struct str rest,
			       struct arena *arena, uint32_t depth)
{
	struct json in = json_of(json);
	int64_t wanted = step->index < 0 ? step->index + count_elements(json) : step->index, at = 0;
	struct str raw, found = STR_NONE;

	json_peek(&in);
	for (json_enter(&in); found.at == NULL && json_element(&in); at++) {
		json_skip(&in, &raw);
		if (step->kind == STEP_ALL || (step->kind == STEP_INDEX && at == wanted) ||
		    (step->kind == STEP_FILTER && holds(step, raw, arena, depth + 1)))
			found = find(raw, rest, arena, depth + 1);
	}
	return found;
}

static struct str find_member(struct str json, const struct step *step, struct str rest,
			      struct arena *arena, uint32_t depth)
{
	struct json in = json_of(json);
	struct str name, raw, found = STR_NONE;

	json_peek(&in);
	for (json_enter(&in); found.at == NULL && json_member(&in, arena, &name);) {
		json_skip(&in, &raw);
		if (step->kind == STEP_ALL || (step->kind == STEP_NAME && str_eq(name, step->name)))
			found = find(raw, rest, arena, depth + 1);
	}
	return found;
}

static struct str find(struct str json, struct str path, struct arena *arena, uint32_t depth)
{
	struct json in = json_of(json);
	enum json_token token = json_peek(&in);
	struct step step;

	if (path.len == 0 || str_is(path, "."))
		return json;
	if (depth == JSON_PATH_STEPS_MAX)
		return STR_NONE;
	step = take_step(&path, arena);
	if (step.kind != STEP_BAD && token == JSON_OBJECT)
		return find_member(json, &step, path, arena, depth);
	if (step.kind != STEP_BAD && token == JSON_ARRAY)
		return find_element(json, &step, path, arena, depth);
	return STR_NONE;
}

struct str json_path_first(struct str json, struct str path, struct arena *arena)
{
	return find(json, path, arena, 0);
}
