/*
 * Expressions: `EXPRESSION NUL OBJECT`. Any text compiles or is told what is wrong; what compiles ends within its limits, twice with the same result and cost,
 * and costs no more than was estimated.
 */
#include "datastore/cel/cel.h"
#include "datastore/custom/rule/declare.h"
#include "datastore/custom/rule/view.h"
#include "datastore/object/json.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define EVALUATION_BYTES (512U * MIB) /* of two, with all that they look at */

static const char fixture_schema[] =
    "{\"type\":\"object\",\"properties\":{\"s\":{\"type\":\"string\"},\"n\":{\"type\":"
    "\"integer\"},\"f\":{\"type\":\"number\"},\"b\":{\"type\":\"boolean\"},"
    "\"l\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"e\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"integer\"}}"
    ","
    "\"k\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":["
    "\"a\"],\"items\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},\"v\":{"
    "\"type\":\"integer\"}}}},\"m\":{\"type\":\"object\",\"additionalProperties\":{\"type\":"
    "\"string\"}},\"u\":{\"x-kubernetes-int-or-string\":true},\"t\":{\"type\":\"string\","
    "\"format\":\"date-time\"},\"d\":{\"type\":\"string\",\"format\":\"duration\"}}}";

static void evaluate_twice(struct cel_program *program, struct cel_value self, struct arena *arena)
{
	uint64_t cost = 0, again = 0;
	struct cel_value first = cel_evaluate(program, &self, arena, &cost);
	struct cel_value second = cel_evaluate(program, &self, arena, &again);

	assert(first.kind == second.kind);
	assert(cost == again || first.kind == CEL_ERROR);
	assert(first.kind != CEL_STRING || str_eq(first.text, second.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *end = len > 0 ? memchr(at, 0, len) : NULL;
	struct str text = str_of(at, end != NULL ? (size_t)(end - at) : len);
	struct str json = end != NULL ? str_of(end + 1, len - (size_t)(end + 1 - at)) : STR("{}");
	struct arena *arena = arena_new(EVALUATION_BYTES);
	struct check_variable variable = { .name = STR("self") };
	struct cel_environment environment = { .variables = &variable,
					       .count = 1,
					       .makes_messages = true };
	struct cel_source source = { .text = text, .environment = &environment, .result = CEL_DYN };
	struct value object;
	struct cel_program *program;
	struct str words = STR_NONE;
	int64_t min_bytes;
	void *schema;

	assert(json_decode(&apiextensions_json_schema_props_type, str_from(fixture_schema), arena,
			   (struct json_options){ 0 }, &schema, NULL) == OK);
	if (value_parse(json, arena, &object) != OK)
		object = (struct value){ .kind = VALUE_MAP };
	variable.type = source.sizes = declare_type(schema, false, arena, &min_bytes);
	if (cel_compile(&source, arena, &program, &words) == OK) {
		evaluate_twice(program, view_value(&object, schema, arena), arena);
		cel_free(program);
	} else {
		assert(words.len > 0);
	}
	arena_free(arena);
	return 0;
}
