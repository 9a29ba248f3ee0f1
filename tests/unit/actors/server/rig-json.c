#include "tests/unit/actors/server/rig.h"
#include "transport/wire/json.h"

/* Looking at answers: values by path, names of lists, what a Status says. */

/* The next step of a path: a member's name, or an index in brackets. */
static struct str next_step(struct str *path, bool *is_index)
{
	uint32_t at = 0;
	struct str step;

	*is_index = path->len > 0 && path->at[0] == '[';
	if (*is_index) {
		struct str rest = str_slice(*path, 1, path->len);

		step = str_cut(&rest, ']');
		*path = rest;
		if (path->len > 0 && path->at[0] == '.')
			*path = str_slice(*path, 1, path->len);
		return step;
	}
	while (at < path->len && path->at[at] != '.' && path->at[at] != '[')
		at++;
	step = str_slice(*path, 0, at);
	*path = str_slice(*path, at < path->len && path->at[at] == '.' ? at + 1 : at, path->len);
	return step;
}

static struct str member_of(struct str json, struct str wanted)
{
	struct json in = json_of(json);
	struct str name, value;

	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, test_arena(), &name);) {
		CHECK(json_skip(&in, &value));
		if (str_eq(name, wanted))
			return value;
	}
	return STR_NONE;
}

static struct str element_of(struct str json, uint64_t wanted)
{
	struct json in = json_of(json);
	struct str value;

	if (json_peek(&in) != JSON_ARRAY)
		return STR_NONE;
	for (json_enter(&in); json_element(&in);) {
		CHECK(json_skip(&in, &value));
		if (wanted-- == 0)
			return value;
	}
	return STR_NONE;
}

static struct str raw_at(struct str json, const char *path)
{
	struct str rest = str_from(path);

	while (rest.len > 0 && json.at != NULL) {
		bool is_index;
		uint64_t index;
		struct str step = next_step(&rest, &is_index);

		if (is_index && str_to_u64(step, &index) == OK)
			json = element_of(json, index);
		else if (is_index) /* a name with dots in it: [app.kubernetes.io/name] */
			json = member_of(json, step);
		else
			json = member_of(json, step);
	}
	return json;
}

struct str rig_at(struct str json, const char *path)
{
	struct str value = raw_at(json, path), text;
	struct json in = json_of(value);

	if (value.at == NULL || json_peek(&in) != JSON_STRING)
		return value;
	return json_string(&in, test_arena(), &text) ? text : STR_NONE;
}

uint32_t rig_count(struct str json, const char *path)
{
	struct str value = raw_at(json, path), name;
	struct json in = json_of(value);
	uint32_t count = 0;
	enum json_token token;

	if (value.at == NULL)
		return 0;
	token = json_peek(&in);
	if (token == JSON_ARRAY)
		for (json_enter(&in); json_element(&in); count++)
			CHECK(json_skip(&in, NULL));
	else if (token == JSON_OBJECT)
		for (json_enter(&in); json_member(&in, test_arena(), &name); count++)
			CHECK(json_skip(&in, NULL));
	return count;
}

struct str rig_names(struct str list)
{
	struct text out = text_in(test_arena(), 1U * MIB);
	struct str items = raw_at(list, "items"), value;
	struct json in = json_of(items);

	if (items.at == NULL || json_peek(&in) != JSON_ARRAY)
		return STR("no items");
	for (json_enter(&in); json_element(&in);) {
		CHECK(json_skip(&in, &value));
		if (out.len > 0)
			text_add_char(&out, ' ');
		text_add(&out, rig_at(value, "metadata.name"));
	}
	return text_str(&out);
}

int64_t rig_number(struct str json, const char *path)
{
	int64_t number;

	CHECK_STATUS(str_to_i64(rig_at(json, path), &number), OK);
	return number;
}

uint64_t rig_version(struct str object)
{
	uint64_t version;

	CHECK_STATUS(str_to_u64(rig_at(object, "metadata.resourceVersion"), &version), OK);
	return version;
}

const char *rig_json(const char *text)
{
	char *out = arena_cstr(test_arena(), str_from(text));

	for (char *at = out; *at; at++)
		if (*at == '\'')
			*at = '"';
	return out;
}

struct str rig_printf(const char *format, ...)
{
	va_list args;
	struct str text;

	va_start(args, format);
	text = arena_vprintf(test_arena(), format, args);
	va_end(args);
	return text;
}

void rig_check_code(const char *file, int line, struct rig_answer answer, int32_t expected)
{
	if (answer.code != expected)
		test_fail(file, line, "%d is not %d: " STR_FMT, answer.code, expected,
			  STR_ARG(answer.body));
}

void rig_check_failure(const char *file, int line, struct rig_answer answer, int32_t code,
		       const char *reason, const char *message)
{
	rig_check_code(file, line, answer, code);
	test_check_str(file, line, "kind", rig_at(answer.body, "kind"), "Status");
	test_check_str(file, line, "reason", rig_at(answer.body, "reason"), reason);
	test_check_str(file, line, "message", rig_at(answer.body, "message"), message);
	test_check_str(file, line, "code", rig_at(answer.body, "code"), rig_printf("%d", code).at);
}
