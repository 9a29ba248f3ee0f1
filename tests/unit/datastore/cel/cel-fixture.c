#include "tests/unit/datastore/cel/cel-fixture.h"

#include "datastore/cel/library/show.h"
#include "datastore/custom/rule/declare.h"
#include "datastore/custom/rule/view.h"
#include "datastore/object/json.h"
#include "tests/lib/test.h"
#include "transport/wire/json.h"

#define SHOWN_MAX (1U << 20)

static const char fixture_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"a\":{\"type\":\"string\",\"maxLength\":10},"
    "\"n\":{\"type\":\"integer\"},"
    "\"l\":{\"type\":\"array\",\"maxItems\":5,\"items\":{\"type\":\"string\",\"maxLength\":7}},"
    "\"o\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"integer\"}}},"
    "\"m\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
    "\"u\":{\"x-kubernetes-int-or-string\":true},"
    "\"t\":{\"type\":\"string\",\"format\":\"date-time\"},"
    "\"d\":{\"type\":\"string\",\"format\":\"duration\"},"
    "\"ns\":{\"type\":\"object\",\"properties\":{\"namespace\":{\"type\":\"string\"},"
    "\"a-b\":{\"type\":\"string\"},\"c.d\":{\"type\":\"string\"}}}}}";
static const char object_text[] =
    "{\"a\":\"hi\",\"n\":3,\"l\":[\"p\",\"q\"],\"o\":{\"x\":1},\"m\":{\"k\":\"v\"},\"u\":5,"
    "\"t\":\"2020-01-02T03:04:05Z\",\"d\":\"1h\","
    "\"ns\":{\"namespace\":\"n\",\"a-b\":\"x\",\"c.d\":\"y\"}}";

static void show(struct cel_value value, struct text *out);

static void show_list(const struct cel_list *list, struct text *out)
{
	text_add_char(out, '[');
	for (uint32_t i = 0; i < list->len; i++) {
		if (i > 0)
			text_add_char(out, ',');
		show(cel_list_item(list, i, test_arena()), out);
	}
	text_add_char(out, ']');
}

static void show_map(const struct cel_map *map, struct text *out)
{
	text_add_char(out, '{');
	for (uint32_t i = 0; i < map->len; i++) {
		struct cel_value key, value;

		if (i > 0)
			text_add_char(out, ',');
		map->entry(map, i, test_arena(), &key, &value);
		show(key, out);
		text_add_char(out, ':');
		show(value, out);
	}
	text_add_char(out, '}');
}

static void show(struct cel_value value, struct text *out)
{
	struct str plain;

	if (value.kind == CEL_LIST)
		show_list(value.list, out);
	else if (value.kind == CEL_MAP || value.kind == CEL_OBJECT)
		show_map(value.map, out);
	else if (value.kind == CEL_STRING)
		json_write_string(out, value.text);
	else if (value.kind == CEL_OPTIONAL && value.inner == NULL)
		text_lit(out, "none");
	else if (value.kind == CEL_OPTIONAL)
		show(*value.inner, out);
	else if (value.kind == CEL_ERROR)
		text_add(out, value.text);
	else if (show_plain(value, test_arena(), &plain))
		text_add(out, plain);
	else if (value.kind >= CEL_IP && value.kind <= CEL_FORMAT)
		text_add(out, *(const struct str *)value.opaque);
}

static struct fixture_result run(struct cel_program *program, const struct cel_value *values)
{
	struct text out = text_in(test_arena(), SHOWN_MAX);
	struct fixture_result result = { .max_cost = cel_max_cost(program) };
	struct cel_value value = cel_evaluate(program, values, test_arena(), &result.cost);
	struct str name = cel_type_name(cel_value_type(value));

	if (value.kind == CEL_ERROR)
		name = STR("error");
	text_add(&out, name);
	text_add_char(&out, ' ');
	show(value, &out);
	cel_free(program);
	result.text = text_str(&out);
	return result;
}

struct fixture_result fixture_evaluate_over(const char *schema, const char *json,
					    struct str expression)
{
	struct value *object = arena_new_of(test_arena(), struct value);
	struct check_variable variables[2] = { { .name = STR("self") }, { .name = STR("oldSelf") } };
	struct cel_environment environment = { .variables = variables, .count = 2 };
	struct cel_source source = { .text = expression,
				     .environment = &environment,
				     .result = CEL_DYN };
	struct cel_program *program;
	struct cel_value values[2];
	struct str words;
	struct fault why;
	int64_t min_bytes;
	void *record;

	CHECK_STATUS(json_decode(&apiextensions_json_schema_props_type, str_from(schema),
				 test_arena(), (struct json_options){ 0 }, &record, &why),
		     OK);
	CHECK_STATUS(value_parse(str_from(json), test_arena(), object), OK);
	source.sizes = declare_type(record, false, test_arena(), &min_bytes);
	variables[0].type = variables[1].type = source.sizes;
	values[0] = values[1] = view_value(object, record, test_arena());
	if (cel_compile(&source, test_arena(), &program, &words) != OK)
		return (struct fixture_result){ words, FIXTURE_NO_COST, FIXTURE_NO_COST };
	return run(program, values);
}

struct fixture_result fixture_evaluate(const char *expression)
{
	return fixture_evaluate_over(fixture_schema, object_text, str_from(expression));
}

void fixture_check(const struct fixture_case *cases, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct fixture_case *want = &cases[i];
		struct fixture_result have = fixture_evaluate(want->expression);

		if (!str_is(have.text, want->text) || have.cost != want->cost ||
		    have.max_cost != want->max_cost)
			test_fail(__FILE__, __LINE__,
				  "%s\n  gives  " STR_FMT " %llu %llu\n  not    %s %llu %llu",
				  want->expression, STR_ARG(have.text),
				  (unsigned long long)have.cost, (unsigned long long)have.max_cost,
				  want->text, (unsigned long long)want->cost,
				  (unsigned long long)want->max_cost);
	}
}
