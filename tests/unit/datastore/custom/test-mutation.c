#include "datastore/custom/policy/mutation.h"

#include <stdio.h>

#include "datastore/custom/policy/policy.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"
#include "tests/lib/test.h"

#define TYPE (&apps_deployment_type)
static const char deployment[] =
    "{\"metadata\":{\"name\":\"a\",\"labels\":{\"k8s.io/x~y\":\"1\"}},\"spec\":{\"replicas\":2,"
    "\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";

static struct str encoded(const void *record)
{
	struct text json = text_in(test_arena(), 1U << 20);

	json_encode(TYPE, record, &json);
	return text_str(&json);
}

static void *make_record(void)
{
	struct json_options options = { 0 };
	void *record;

	CHECK_STATUS(json_decode(TYPE, str_from(deployment), test_arena(), options, &record, NULL),
		     OK);
	return record;
}

static const struct value *shown(const void *record)
{
	struct value *value = arena_new_of(test_arena(), struct value);

	CHECK_STATUS(value_parse(encoded(record), test_arena(), value), OK);
	return value;
}

/* The new object as JSON, or the words, those that end the request after `500 `. */
static struct str outcome(enum policy_result result, const char *text)
{
	struct policy policy = policy_in(test_arena(), false, false);
	void *record = make_record(), *out = NULL;
	struct policy_input input = { .object = shown(record),
				      .authorizer = CEL_VALUE_NULL,
				      .request_resource = CEL_VALUE_NULL };
	struct mutation mutation = { TYPE, record, test_arena(), { 0 } };
	struct str before = encoded(record), words;
	struct cel_program *program;
	struct cel_value value;
	enum status status;
	uint64_t cost = 0;

	if (policy_compile(&policy, str_from(text), result, true, &program, &words) != OK)
		return words;
	value = policy_run_evaluate(policy_run_new(&policy, &input, test_arena()), program, &cost);
	if (value.kind == CEL_ERROR)
		return value.text;
	status = result == POLICY_PATCH ? mutation_patch(&mutation, value, &out, &words)
					: mutation_configure(&mutation, value, &out, &words);
	CHECK(str_eq(encoded(record), before));
	if (status == INTERNAL)
		return arena_printf(test_arena(), "500 " STR_FMT, STR_ARG(words));
	return status == OK ? encoded(out) : words;
}

struct mutation_case {
	const char *text, *contains;
};

static void check(enum policy_result result, const struct mutation_case *cases, uint32_t count)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct str got = outcome(result, cases[i].text);

		if (str_find(got, str_from(cases[i].contains)) >= 0)
			continue;
		wrong++;
		fprintf(stderr, "%s\n  expected: %s\n  found:    " STR_FMT "\n", cases[i].text,
			cases[i].contains, STR_ARG(got));
	}
	CHECK(wrong == 0);
}
#define CHECK_ALL(result, cases) check(result, cases, sizeof(cases) / sizeof *(cases))

static const struct mutation_case configurations[] = {
	{ "Object{spec: Object.spec{replicas: 1337}}", "\"spec\":{\"replicas\":1337,\"selector\"" },
	{ "Object { spec : Object . spec { `replicas`: 3, }, }", "\"replicas\":3" },
	{ "Object{metadata: Object.metadata{annotations: {'by': 'p', 'n': string(size('ab'))}}}",
	  "\"annotations\":{\"by\":\"p\",\"n\":\"2\"}" },
	{ "Object{metadata: Object.metadata{labels: {'z': 'z'}}}",
	  "\"labels\":{\"k8s.io/x~y\":\"1\",\"z\":\"z\"}" },
	/* What is there already is found by its keys. */
	{ "Object{spec: Object.spec{template: Object.spec.template{spec: "
	  "Object.spec.template.spec{containers: "
	  "[Object.spec.template.spec.containers{name: 'side', image: "
	  "'s'},Object.spec.template.spec.containers{name: 'c', tty: true}]}}}}",
	  "\"name\":\"side\",\"image\":\"s\"" },
	{ "Object{spec: Object.spec{template: Object.spec.template{spec: "
	  "Object.spec.template.spec{containers: object.spec.template.spec.containers.map(c, "
	  "Object.spec.template.spec.containers{name: c.name, tty: true})}}}}",
	  "\"containers\":[{\"name\":\"c\",\"image\":\"i\"" },
	{ "Object{spec: Object.spec{?replicas: object.?spec.?none}}", "\"replicas\":2" },
	{ "Object{spec: Object.spec{replicas: object.spec.replicas + 1, replicas: 9}}",
	  "\"replicas\":9" },
	{ "Object{?spec: optional.ofNonZeroValue(Object.spec{?replicas: Object{}.?replicas})}",
	  "\"replicas\":2" },
	{ "Object{}", "\"replicas\":2" },
	{ "Object{spec: {'replicas': 4}}", "\"replicas\":4" },
	/* Defaults of what is new. */
	{ "Object{spec: Object.spec{strategy: Object.spec.strategy{type: 'RollingUpdate'}}}",
	  "\"maxSurge\":\"25%\"" },

	{ "Object{spec: Object.wrong{replicas: 1}}",
	  "type mismatch: unexpected type name \"Object.wrong\", expected \"Object.spec\", which "
	  "matches field name path from root Object type" },
	{ "Object{spec: Object.spec{template: Object.spec.template{metadata: Object.x{}}}}",
	  "expected \"Object.spec.template.metadata\"" },
	{ "Object{spec: Object.spec{size: 1}}",
	  "error applying patch: failed to convert patch object to typed object: .spec.size: field "
	  "not declared in schema" },
	{ "Object{spec: Object.spec{replicas: 'x'}}",
	  "error applying patch: failed to convert patch object to typed object: .spec.replicas: "
	  "expected numeric (int or float), got string" },
	{ "Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'a': 'b'}}}}",
	  "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or "
	  "structs: .spec.selector" },
	{ "Object{spec: Object.spec{template: Object.spec.template{spec: "
	  "Object.spec.template.spec{containers: "
	  "[Object.spec.template.spec.containers{name: 'c', args: ['a']}]}}}}",
	  "may not mutate atomic arrays, maps or structs: "
	  ".spec.template.spec.containers[0].args" },
	{ "Object{spec: Object.spec{template: Object.spec.template{spec: "
	  "Object.spec.template.spec{containers: "
	  "[Object.spec.template.spec.containers{image: 'c'}]}}}}",
	  "{\"name\":\"\",\"image\":\"c\"" },
	{ "Object{spec: object.spec.none}", "no such key: none" },
	{ "Object{metadata: Object.metadata{labels: {1: 'z'}}}", "a key of a map is no string" },

	{ "object", "must evaluate to Object but got dyn" },
	{ "Object.spec{}", "must evaluate to Object but got Object.spec" },
	{ "Objects{}", "undeclared reference to 'Objects' (in container '')" },
	{ "Object{?spec: 1}",
	  "ERROR: <input>:1:15: expected type 'optional_type(int)' but found 'int'" },
};

TEST(a_configuration_becomes_part_of_the_object)
{
	CHECK_ALL(POLICY_CONFIGURATION, configurations);
}

static const struct mutation_case patches[] = {
	{ "[JSONPatch{op: 'replace', path: '/spec/replicas', value: 5}]", "\"replicas\":5" },
	{ "[JSONPatch{op: 'test', path: '/spec/replicas', value: 2}, JSONPatch{op: 'add', path: "
	  "'/metadata/annotations', value: {'a': 'b'}}]",
	  "\"annotations\":{\"a\":\"b\"}" },
	{ "[JSONPatch{op: 'test', path: '/spec/replicas', value: 3}, JSONPatch{op: 'remove', path: "
	  "'/spec/replicas'}]",
	  "\"replicas\":2" },
	{ "[JSONPatch{op: 'replace', path: '/metadata/labels/' + "
	  "jsonpatch.escapeKey('k8s.io/x~y'), value: '2'}]",
	  "\"k8s.io/x~y\":\"2\"" },
	{ "[JSONPatch{op: 'add', path: '/spec/template/spec/containers/0', value: "
	  "Object.spec.template.spec.containers{name: 'first', image: 'f'}}]",
	  "\"containers\":[{\"name\":\"first\"" },
	{ "[JSONPatch{op: 'copy', from: '/metadata/name', path: '/metadata/namespace'}]",
	  "\"namespace\":\"a\"" },
	{ "[JSONPatch{op: 'remove', path: '/metadata/labels'}]", "{\"name\":\"a\"}" },
	{ "object.spec.replicas > 9 ? [JSONPatch{op: 'remove', path: '/spec'}] : []",
	  "\"replicas\":2" },
	{ "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'t': "
	  "dyn(timestamp('2020-01-02T03:04:05Z')), 'd': dyn(duration('90s'))}}]",
	  "{\"d\":\"90s\",\"t\":\"2020-01-02T03:04:05Z\"}" },

	{ "[JSONPatch{op: 'remove', path: '/spec/none'}]", "JSON Patch: " },
	{ "[JSONPatch{op: 'jump', path: '/spec'}]", "JSON Patch: Unexpected kind: jump" },
	{ "[JSONPatch{op: 'add', path: '/spec/size', value: 1}]",
	  "500 strict decoding error: unknown field \"spec.size\"" },
	{ "[JSONPatch{op: 'add', path: '/spec/replicas', value: 'x'}]", "500 " },
	{ "[JSONPatch{op: 'add', path: '/spec/template/spec', value: "
	  "Object.spec.template.spec{volumes: [Object.spec.wrong{}]}}]",
	  "type mismatch: unexpected type name \"Object.spec.wrong\", expected "
	  "\"Object.spec.template.spec.volumes\"" },
	{ "[JSONPatch{op: 'add', path: '/x', value: optional.none()}]",
	  "JSONPath valueExpression evaluated to a type that could not marshal to JSON: " },
	{ "[JSONPatch{op: 1, path: '/x'}]", "ERROR: <input>:1:14: expected type of field 'op' is "
					    "'string' but provided type is 'int'" },
	{ "[]", "must evaluate to list(JSONPatch) but got list(dyn)" },
	{ "JSONPatch{}", "must evaluate to list(JSONPatch) but got JSONPatch" },
};

TEST(a_patch_is_done_whole_or_not_at_all)
{
	CHECK_ALL(POLICY_PATCH, patches);
}

TEST(only_mutations_make_messages)
{
	CHECK(str_find(outcome(POLICY_ANY, "Object{}"),
		       STR("undeclared reference to 'Object' (in container '')")) >= 0);
	CHECK(str_find(outcome(POLICY_ANY, "jsonpatch.escapeKey('a')"),
		       STR("undeclared reference to 'jsonpatch'")) >= 0);
}

static uint64_t cost_of(const char *text)
{
	struct policy policy = policy_in(test_arena(), false, false);
	struct policy_input input = { .authorizer = CEL_VALUE_NULL,
				      .request_resource = CEL_VALUE_NULL };
	struct cel_program *program;
	struct str words;
	uint64_t cost = 0;

	CHECK_STATUS(policy_compile(&policy, str_from(text), POLICY_PATCH, true, &program, &words),
		     OK);
	policy_run_evaluate(policy_run_new(&policy, &input, test_arena()), program, &cost);
	return cost;
}

/* As upstream counts: forty for a message, ten for the list, a tenth for each character that is escaped. */
TEST(a_message_costs_forty)
{
	CHECK_EQ(cost_of("[JSONPatch{}]"), 50);
	CHECK_EQ(cost_of("[JSONPatch{}, JSONPatch{value: Object{}}]"), 130);
	CHECK_EQ(cost_of("[JSONPatch{path: jsonpatch.escapeKey('0123456789a')}]"), 52);
}

/* Each step doubles what it holds: small to make, too much to write down. */
TEST(a_value_that_doubles_itself_is_refused)
{
	struct text text = text_in(test_arena(), 4096);

	text_lit(&text, "[JSONPatch{op: 'add', path: '/x', value: ['x']");
	for (uint32_t i = 0; i < 40; i++)
		text_lit(&text, ".map(y, [y, y])");
	text_lit(&text, "}]");
	CHECK(str_find(outcome(POLICY_PATCH, arena_cstr(test_arena(), text_str(&text))),
		       STR("the value is too large")) >= 0);
}
