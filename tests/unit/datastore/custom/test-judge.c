#include "datastore/custom/judge.h"

#include "datastore/custom/embedded.h"
#include "datastore/custom/list-type.h"
#include "datastore/object/json.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

static const struct apiextensions_json_schema_props *make_schema(const char *text)
{
	void *record;
	struct fault why;

	CHECK_STATUS(json_decode(&apiextensions_json_schema_props_type, str_from(text),
				 test_arena(), (struct json_options){ 0 }, &record, &why),
		     OK);
	return record;
}

static const struct value *make_value(const char *text)
{
	struct value *value = arena_new_of(test_arena(), struct value);

	CHECK_STATUS(value_parse(str_from(text), test_arena(), value), OK);
	return value;
}

/* Each as it would stand in a Status, separated by |. */
static struct str show(const struct faults *faults)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	for (uint32_t i = 0; i < faults->len; i++)
		text_printf(&out, "%s" STR_FMT ": " STR_FMT, i > 0 ? "|" : "",
			    STR_ARG(faults->at[i].field), STR_ARG(faults->at[i].message));
	return text_str(&out);
}

static struct str judged(const char *schema, const char *value, const char *old)
{
	struct faults faults = faults_in(test_arena());
	struct judge_task task = { .schema = make_schema(schema),
				   .value = make_value(value),
				   .old = old ? make_value(old) : NULL,
				   .arena = test_arena() };

	judge_check(&task, &faults);
	return show(&faults);
}

/* Of the member "a" of an object. */
static struct str judged_member(const char *schema, const char *value)
{
	struct str s =
	    arena_printf(test_arena(), "{\"type\":\"object\",\"properties\":{\"a\":%s}}", schema);
	struct str v = arena_printf(test_arena(), "{\"a\":%s}", value);

	return judged(s.at, v.at, NULL);
}

TEST(what_a_schema_asks_of_a_value_is_told_in_upstreams_words)
{
	static const struct {
		const char *schema, *value, *words;
	} cases[] = {
		/* type */
		{ "{\"type\":\"string\"}", "\"x\"", "" },
		{ "{\"type\":\"string\"}", "1",
		  "a: Invalid value: \"integer\": a in body must be of type string: \"integer\"" },
		{ "{\"type\":\"integer\"}", "\"x\"",
		  "a: Invalid value: \"string\": a in body must be of type integer: \"string\"" },
		{ "{\"type\":\"integer\"}", "1.0", "" },
		{ "{\"type\":\"integer\"}", "1.5",
		  "a: Invalid value: \"number\": a in body must be of type integer: "
		  "\"number\"|<nil>: "
		  "Invalid value: \"\": Checked value must be of type integer (default format) in "
		  "a" },
		{ "{\"type\":\"number\"}", "1", "" },
		{ "{\"type\":\"boolean\"}", "[]",
		  "a: Invalid value: \"array\": a in body must be of type boolean: \"array\"" },
		{ "{\"type\":\"object\"}", "true",
		  "a: Invalid value: \"boolean\": a in body must be of type object: \"boolean\"" },
		{ "{\"type\":\"string\"}", "null",
		  "a: Invalid value: \"null\": a in body must be of type string: \"null\"" },
		{ "{\"type\":\"string\",\"nullable\":true}", "null", "" },
		{ "{\"x-kubernetes-int-or-string\":true}", "1", "" },
		{ "{\"x-kubernetes-int-or-string\":true}", "\"1\"", "" },
		{ "{\"x-kubernetes-int-or-string\":true}", "true",
		  "a: Invalid value: \"boolean\": a in body must be of type integer,string: "
		  "\"boolean\"" },
		/* enum */
		{ "{\"type\":\"string\",\"enum\":[\"x\",\"y\"]}", "\"z\"",
		  "a: Unsupported value: \"z\": supported values: \"x\", \"y\"" },
		{ "{\"type\":\"integer\",\"enum\":[1,2]}", "3",
		  "a: Unsupported value: 3: supported values: \"1\", \"2\"" },
		{ "{\"type\":\"number\",\"enum\":[1]}", "1.0", "" },
		/* numbers */
		{ "{\"type\":\"integer\",\"minimum\":1}", "0",
		  "a: Invalid value: 0: a in body should be greater than or equal to 1" },
		{ "{\"type\":\"integer\",\"minimum\":1,\"exclusiveMinimum\":true}", "1",
		  "a: Invalid value: 1: a in body should be greater than 1" },
		{ "{\"type\":\"integer\",\"maximum\":1}", "2",
		  "a: Invalid value: 2: a in body should be less than or equal to 1" },
		{ "{\"type\":\"number\",\"maximum\":1.5,\"exclusiveMaximum\":true}", "1.5",
		  "a: Invalid value: 1.5: a in body should be less than 1.5" },
		{ "{\"type\":\"integer\",\"maximum\":100000000000000000000}", "2", "" },
		{ "{\"type\":\"integer\",\"multipleOf\":3}", "7",
		  "a: Invalid value: 7: a in body should be a multiple of 3" },
		{ "{\"type\":\"number\",\"multipleOf\":0.1}", "0.3", "" },
		{ "{\"type\":\"number\",\"multipleOf\":0.1}", "0.35",
		  "a: Invalid value: 0.35: a in body should be a multiple of 0.1" },
		{ "{\"type\":\"integer\",\"format\":\"int32\"}", "3000000000",
		  "<nil>: Invalid value: \"\": Checked value must be of type integer with format "
		  "int32 "
		  "in a" },
		{ "{\"type\":\"integer\",\"format\":\"int64\"}", "3000000000", "" },
		/* strings */
		{ "{\"type\":\"string\",\"maxLength\":2}", "\"xyz\"",
		  "a: Too long: may not be more than 2 bytes" },
		{ "{\"type\":\"string\",\"maxLength\":2}", "\"\xc3\xa4\xc3\xb6\"", "" },
		{ "{\"type\":\"string\",\"minLength\":2}", "\"x\"",
		  "a: Invalid value: \"x\": a in body should be at least 2 chars long" },
		{ "{\"type\":\"string\",\"pattern\":\"^[a-z]+$\"}", "\"X\"",
		  "a: Invalid value: \"X\": a in body should match '^[a-z]+$'" },
		{ "{\"type\":\"string\",\"pattern\":\"^[a-z]+$\"}", "\"x\\n\"",
		  "a: Invalid value: \"x\\n\": a in body should match '^[a-z]+$'" },
		{ "{\"type\":\"string\",\"pattern\":\"b\"}", "\"abc\"", "" },
		{ "{\"type\":\"string\",\"pattern\":\"^(x+x+)+[yz]$\"}",
		  "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
		  "a: Invalid value: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\": a in body "
		  "takes too long to be matched with '^(x+x+)+[yz]$'" },
		{ "{\"type\":\"string\",\"format\":\"date-time\"}", "\"2024-01-02T03:04:05Z\"", "" },
		{ "{\"type\":\"string\",\"format\":\"date-time\"}", "\"soon\"",
		  "a: Invalid value: \"soon\": a in body must be of type date-time: \"soon\"" },
		{ "{\"type\":\"string\",\"format\":\"unheard-of\"}", "\"x\"", "" },
		{ "{\"type\":\"string\",\"format\":\"ipv4\"}", "true",
		  "a: Invalid value: \"\": a in body must be of type ipv4: \"\"" },
		/* lists */
		{ "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "[\"x\",1]",
		  "a[1]: Invalid value: \"integer\": a[1] in body must be of type string: "
		  "\"integer\"" },
		{ "{\"type\":\"array\",\"maxItems\":1}", "[1,2]",
		  "a: Too many: 2: must have at most 1 item" },
		{ "{\"type\":\"array\",\"minItems\":3}", "[1,2]",
		  "a: Invalid value: 2: a in body should have at least 3 items" },
		{ "{\"type\":\"array\",\"uniqueItems\":true}", "[1,2,1]",
		  "a: Invalid value: \"\": a in body shouldn't contain duplicates" },
		/* objects */
		{ "{\"type\":\"object\",\"required\":[\"b\"]}", "{}", "a.b: Required value" },
		{ "{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"object\",\"required\":["
		  "\"c\"]}}}",
		  "{\"b\":{}}", "a.b.c: Required value" },
		{ "{\"type\":\"object\",\"maxProperties\":1}", "{\"b\":1,\"c\":2}",
		  "a: Too many: 2: must have at most 1 item" },
		{ "{\"type\":\"object\",\"minProperties\":1}", "{}",
		  "a: Invalid value: 0: a in body should have at least 1 properties" },
		{ "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}",
		  "{\"b\":1,\"c\":\"x\"}",
		  "a.c: Invalid value: \"string\": a.c in body must be of type integer: "
		  "\"string\"" },
		/* combinations */
		{ "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "1", "" },
		{ "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "true",
		  "<nil>: Invalid value: \"\": \"a\" must validate at least one schema (anyOf)|a: "
		  "Invalid value: \"boolean\": a in body must be of type integer: \"boolean\"" },
		{ "{\"oneOf\":[{\"required\":[\"b\"]},{\"required\":[\"c\"]}]}", "{\"b\":1}", "" },
		{ "{\"oneOf\":[{\"required\":[\"b\"]},{\"required\":[\"c\"]}]}", "{\"b\":1,\"c\":1}",
		  "<nil>: Invalid value: \"\": \"a\" must validate one and only one schema "
		  "(oneOf). "
		  "Found 2 valid alternatives" },
		{ "{\"oneOf\":[{\"required\":[\"b\"]},{\"required\":[\"c\"]}]}", "{}",
		  "<nil>: Invalid value: \"\": \"a\" must validate one and only one schema "
		  "(oneOf). "
		  "Found none valid|a.b: Required value" },
		{ "{\"allOf\":[{\"minimum\":1},{\"maximum\":5}]}", "7",
		  "a: Invalid value: 7: a in body should be less than or equal to 5|<nil>: Invalid "
		  "value: \"\": \"a\" must validate all the schemas (allOf)" },
		{ "{\"not\":{\"enum\":[1]}}", "1",
		  "<nil>: Invalid value: \"\": \"a\" must not validate the schema (not)" },
		{ "{\"not\":{\"enum\":[1]}}", "2", "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(judged_member(cases[i].schema, cases[i].value), cases[i].words);
}

TEST(what_was_wrong_before_and_is_as_it_was_is_passed_over)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"properties\":{\"kind\":{\"enum\":[\"K\"]},\"n\":{\"maximum\":1}"
	    ","
	    "\"list\":{\"type\":\"array\",\"items\":{\"maximum\":1}},"
	    "\"map\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-"
	    "map-keys\":[\"k\"],\"items\":{\"type\":\"object\",\"properties\":{\"v\":{\"maximum\":"
	    "1}}}}}}";
	static const struct {
		const char *value, *old, *words;
	} cases[] = {
		{ "{\"n\":2,\"x\":1}", "{\"n\":2}", "" },
		{ "{\"n\":3}", "{\"n\":2}",
		  "n: Invalid value: 3: n in body should be less than or equal to 1" },
		{ "{\"kind\":\"L\",\"x\":1}", "{\"kind\":\"L\"}",
		  "kind: Unsupported value: \"L\": supported values: \"K\"" },
		{ "{\"list\":[2],\"x\":1}", "{\"list\":[2]}", "" },
		{ "{\"list\":[2,0],\"x\":1}", "{\"list\":[2]}",
		  "list[0]: Invalid value: 2: list[0] in body should be less than or equal to 1" },
		{ "{\"map\":[{\"k\":1,\"v\":0},{\"k\":2,\"v\":5}]}",
		  "{\"map\":[{\"k\":2,\"v\":5}]}", "" },
		{ "{\"map\":[{\"k\":1,\"v\":5}]}", "{\"map\":[{\"k\":2,\"v\":5}]}",
		  "map[0].v: Invalid value: 5: map[0].v in body should be less than or equal to "
		  "1" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(judged(schema, cases[i].value, cases[i].old), cases[i].words);
}

TEST(a_format_takes_what_upstream_takes)
{
	static const struct {
		const char *format, *good, *bad;
	} cases[] = {
		{ "byte", "YWJj", "YWJ" },
		{ "cidr", "10.0.0.0/8", "10.0.0.0/33" },
		{ "cidr", "fd00::/64", "fd00::" },
		{ "creditcard", "4111-1111-1111-1111", "4111-1111-1111-1112" },
		{ "date", "2024-02-29", "2023-02-29" },
		{ "date-time", "2024-02-29T23:59:59.5+01:00", "2024-02-29 23:59:59Z" },
		{ "datetime", "2024-02-29t23:59:59z", "2024-02-29T24:00:00Z" },
		{ "duration", "1h30m", "soon" },
		{ "email", "a@example.com", "example.com" },
		{ "hexcolor", "#FFaa00", "#FFaa0" },
		{ "hostname", "a-b.example.com", "a_b" },
		{ "ipv4", "010.1.2.3", "1.2.3" },
		{ "ipv6", "::1", "1.2.3.4" },
		{ "isbn", "978-0321751041", "978-0321751042" },
		{ "isbn10", "0321751043", "0321751044" },
		{ "k8s-short-name", "a-b", "A" },
		{ "mac", "01:02:03:04:05:06", "01:02:03:04:05" },
		{ "rgbcolor", "rgb(1,2,255)", "rgb(1,2,256)" },
		{ "ssn", "111-22-3333", "111-22-333" },
		{ "uri", "http://example.com/x", "x y" },
		{ "uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "A0EEBC99" },
		{ "uuid4", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
		  "a0eebc99-9c0b-3ef8-bb6d-6bb9bd380a11" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str schema = arena_printf(
		    test_arena(), "{\"type\":\"string\",\"format\":\"%s\"}", cases[i].format);
		struct str good = arena_printf(test_arena(), "\"%s\"", cases[i].good);
		struct str bad = arena_printf(test_arena(), "\"%s\"", cases[i].bad);

		CHECK_STR(judged_member(schema.at, good.at), "");
		CHECK(judged_member(schema.at, bad.at).len > 0);
	}
}

TEST(a_set_has_no_element_twice_and_a_map_no_key)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"properties\":{"
	    "\"s\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":"
	    "\"string\"}},"
	    "\"m\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-"
	    "keys\":[\"a\",\"b\"],\"items\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":"
	    "\"object\",\"additionalProperties\":{\"type\":\"array\",\"x-kubernetes-list-type\":"
	    "\"set\"}}}}}}}";
	static const struct {
		const char *value, *words;
	} cases[] = {
		{ "{\"s\":[\"a\",\"b\"]}", "" },
		{ "{\"s\":[\"a\",\"b\",\"a\",\"a\"]}", "s[2]: Duplicate value: \"a\"" },
		{ "{\"m\":[{\"a\":1,\"b\":1},{\"a\":1,\"b\":2}]}", "" },
		{ "{\"m\":[{\"a\":1,\"b\":1},{\"a\":1,\"b\":1,\"n\":{}}]}",
		  "m[1]: Duplicate value: {\"a\":1,\"b\":1}" },
		{ "{\"m\":[{\"a\":1},{\"a\":1}]}", "m[1]: Duplicate value: {\"a\":1}" },
		{ "{\"m\":[1]}",
		  "m[0]: Invalid value: 1: must be an object for an array of list-type map" },
		{ "{\"m\":[{\"n\":{\"x.y\":[1,1]}}]}", "m[0].n[x.y][1]: Duplicate value: 1" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct faults faults = faults_in(test_arena());

		list_type_check(make_schema(schema), make_value(cases[i].value), &faults);
		CHECK_STR(show(&faults), cases[i].words);
	}
}

TEST(an_embedded_resource_says_what_it_is)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"properties\":{\"e\":{\"type\":\"object\",\"x-kubernetes-"
	    "embedded-"
	    "resource\":true,\"x-kubernetes-preserve-unknown-fields\":true}}}";
	static const struct {
		const char *value, *words;
	} cases[] = {
		{ "{}", "" },
		{ "{\"e\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}}", "" },
		{ "{\"e\":{}}", "e.apiVersion: Required value|e.kind: Required value" },
		{ "{\"e\":{\"apiVersion\":1,\"kind\":\"\"}}",
		  "e.apiVersion: Invalid value: 1: must be a string|e.kind: Invalid value: \"\": "
		  "must not be empty" },
		{ "{\"e\":{\"apiVersion\":\"a/b/c\",\"kind\":\"Pod\"}}",
		  "e.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: "
		  "a/b/c" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct faults faults = faults_in(test_arena());

		embedded_check(make_schema(schema), make_value(cases[i].value), &faults);
		CHECK_STR(show(&faults), cases[i].words);
	}
}

TEST(patterns_know_what_upstreams_engine_knows)
{
	static const char *const good[] = {
		"^a{2,3}$",    "(?i)a",         "(?P<x>a)",  "[[:alpha:]]",
		"\\d+\\.\\d+", "a*?",           "\\Qa.b\\E", "[^]a]",
		"\\pL",        "(?:a|b){1000}", ""
	};
	static const char *const bad[] = { "(?=a)",   "(?<!a)", "(a)\\1", "a++",    "(?>a)",
					   "a{1001}", "[",      "(",      "\\k<x>", "(?R)",
					   "(*FAIL)", "a**",    "\\Z",    "\\h",    "(?(1)a|b)" };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct pattern *pattern = NULL;

		CHECK_STATUS(pattern_new(str_from(good[i]), &pattern, NULL), OK);
		pattern_free(pattern);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct pattern *pattern = NULL;

		CHECK_STATUS(pattern_new(str_from(bad[i]), &pattern, NULL), INVALID);
	}
}

TEST(a_value_is_read_compared_and_shown)
{
	const struct value *a =
	    make_value("{\"b\":[1,2.5,\"x\",null,true],\"a\":{\"c\":1},\"a\":7}");
	struct value other;

	CHECK_STR(value_shown(a, test_arena()), "{\"a\":7,\"b\":[1,2.5,\"x\",null,true]}");
	CHECK(value_equal(a, make_value("{\"a\":7.0,\"b\":[1,2.5,\"x\",null,true]}")));
	CHECK(!value_equal(a, make_value("{\"a\":7,\"b\":[1,2.5,\"x\",null,false]}")));
	CHECK(value_at(make_value("{\"s\":{\"n\":3}}"), STR("s.n"))->integer == 3);
	CHECK(value_at(a, STR("b.n")) == NULL);
	CHECK_STATUS(value_parse(STR("{\"a\":"), test_arena(), &other), BAD_REQUEST);
}
