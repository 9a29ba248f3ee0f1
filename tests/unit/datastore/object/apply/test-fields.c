#include "datastore/object/apply/fields.h"

#include "tests/lib/test.h"

static struct fields fields_of(const char *json)
{
	struct fault why = { 0 };
	struct fields set;

	if (fields_parse(str_from(json), test_arena(), &set, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	return set;
}

static struct str text_of(struct fields set)
{
	struct text out = text_in(test_arena(), MIB);

	fields_write(set, &out);
	return text_str(&out);
}

/* What comes out was compared with structured-merge-diff v6.4.2. */
static const struct {
	const char *in, *out; /* NULL: the same */
} written[] = {
	{ "{}", NULL },
	{ "{\"f:a\":{}}", NULL },
	{ "{\"f:a\":{\"f:b\":{}}}", NULL },
	{ "{\"f:a\":{\".\":{},\"f:b\":{}}}", NULL },
	{ "{\"f:a\":{\".\":{}}}", "{\"f:a\":{}}" },
	{ "{\"f:b\":{},\"f:a\":{}}", "{\"f:a\":{},\"f:b\":{}}" },
	{ "{\"f:a\":{\"f:b\":{}},\"f:a\":{\"f:c\":{}}}", "{\"f:a\":{\"f:b\":{},\"f:c\":{}}}" },
	/* names, keys, values, indices */
	{ "{\"i:1\":{},\"v:1\":{},\"k:{\\\"a\\\":1}\":{},\"f:z\":{}}",
	  "{\"f:z\":{},\"k:{\\\"a\\\":1}\":{},\"v:1\":{},\"i:1\":{}}" },
	/* numbers before strings before booleans, by their values */
	{ "{\"v:true\":{},\"v:\\\"b\\\"\":{},\"v:\\\"a\\\"\":{},\"v:10\":{},\"v:9\":{},\"v:null\":{"
	  "}}",
	  "{\"v:9\":{},\"v:10\":{},\"v:\\\"a\\\"\":{},\"v:\\\"b\\\"\":{},\"v:true\":{},\"v:null\":{"
	  "}}" },
	{ "{\"i:10\":{},\"i:9\":{}}", "{\"i:9\":{},\"i:10\":{}}" },
	/* keys by name, and then by value */
	{ "{\"k:{ \\\"protocol\\\": \\\"TCP\\\", \\\"port\\\": 80 }\":{}}",
	  "{\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{}}" },
	{ "{\"k:{\\\"port\\\":443}\":{},\"k:{\\\"port\\\":80}\":{},\"k:{\\\"name\\\":\\\"x\\\"}\":{"
	  "}}",
	  "{\"k:{\\\"name\\\":\\\"x\\\"}\":{},\"k:{\\\"port\\\":80}\":{},\"k:{\\\"port\\\":443}\":{"
	  "}}" },
	{ "{\"k:{\\\"a\\\":1,\\\"b\\\":2}\":{},\"k:{\\\"a\\\":1}\":{}}",
	  "{\"k:{\\\"a\\\":1}\":{},\"k:{\\\"a\\\":1,\\\"b\\\":2}\":{}}" },
	/* what is not known is dropped */
	{ "{\"x:a\":{\"f:b\":{}},\"f:c\":{}}", "{\"f:c\":{}}" },
	{ "{\"f:a/b.c\":{},\"f:a\\\"b\":{}}", "{\"f:a\\\"b\":{},\"f:a/b.c\":{}}" },
};

TEST(a_set_is_written_in_upstreams_order)
{
	for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
		const char *wanted = written[i].out ? written[i].out : written[i].in;
		struct str out = text_of(fields_of(written[i].in));

		if (!str_is(out, wanted))
			test_fail(__FILE__, __LINE__, "%s gives " STR_FMT, written[i].in,
				  STR_ARG(out));
		CHECK_STR(text_of(fields_of(arena_cstr(test_arena(), out))), wanted);
	}
}

TEST(what_is_no_set_is_refused)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"{\"a\":{}}",
		"{\"f\":{}}",
		"{\"fa\":{}}",
		"{\"i:x\":{}}",
		"{\"v:\":{}}",
		"{\"v:1 2\":{}}",
		"{\"k:{\":{}}",
		"{\"k:1\":{}}",
		"{\"k:{\\\"a\\\":1}x\":{}}",
		"{\"f:a\":{}} x",
		"{\"f:a\":1}",
		"{\"f:a\":{}",
		"{\"f:a\":{\"b\":{}}}",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct fault why = { 0 };
		struct fields set;

		if (fields_parse(str_from(bad[i]), test_arena(), &set, &why) == OK)
			test_fail(__FILE__, __LINE__, "%s is taken", bad[i]);
		CHECK(why.text[0] != '\0');
	}
}

static const struct {
	const char *a, *b;
	const char *both, *common, *rest, *rest_deep;
} joined[] = {
	{ "{}", "{}", "{}", "{}", "{}", "{}" },
	{ "{\"f:a\":{}}", "{}", "{\"f:a\":{}}", "{}", "{\"f:a\":{}}", "{\"f:a\":{}}" },
	{ "{}", "{\"f:a\":{}}", "{\"f:a\":{}}", "{}", "{}", "{}" },
	{ "{\"f:a\":{}}", "{\"f:a\":{}}", "{\"f:a\":{}}", "{\"f:a\":{}}", "{}", "{}" },
	/* owning a node and owning what is below it are two things */
	{ "{\"f:a\":{}}", "{\"f:a\":{\"f:b\":{}}}", "{\"f:a\":{\".\":{},\"f:b\":{}}}", "{}",
	  "{\"f:a\":{}}", "{\"f:a\":{}}" },
	{ "{\"f:a\":{\"f:b\":{}}}", "{\"f:a\":{}}", "{\"f:a\":{\".\":{},\"f:b\":{}}}", "{}",
	  "{\"f:a\":{\"f:b\":{}}}", "{}" },
	{ "{\"f:a\":{\".\":{},\"f:b\":{},\"f:c\":{}}}", "{\"f:a\":{\"f:b\":{},\"f:d\":{}}}",
	  "{\"f:a\":{\".\":{},\"f:b\":{},\"f:c\":{},\"f:d\":{}}}", "{\"f:a\":{\"f:b\":{}}}",
	  "{\"f:a\":{\".\":{},\"f:c\":{}}}", "{\"f:a\":{\".\":{},\"f:c\":{}}}" },
	{ "{\"f:a\":{\"f:b\":{}},\"f:z\":{}}", "{\"f:a\":{\"f:b\":{}},\"f:y\":{}}",
	  "{\"f:a\":{\"f:b\":{}},\"f:y\":{},\"f:z\":{}}", "{\"f:a\":{\"f:b\":{}}}", "{\"f:z\":{}}",
	  "{\"f:z\":{}}" },
};

TEST(sets_are_joined_node_by_node)
{
	struct arena *arena = test_arena();

	for (size_t i = 0; i < sizeof joined / sizeof joined[0]; i++) {
		struct fields a = fields_of(joined[i].a), b = fields_of(joined[i].b);

		CHECK_STR(text_of(fields_union(arena, a, b)), joined[i].both);
		CHECK_STR(text_of(fields_union(arena, b, a)), joined[i].both);
		CHECK_STR(text_of(fields_intersection(arena, a, b)), joined[i].common);
		CHECK_STR(text_of(fields_intersection(arena, b, a)), joined[i].common);
		CHECK_STR(text_of(fields_difference(arena, a, b)), joined[i].rest);
		CHECK_STR(text_of(fields_difference_deep(arena, a, b)), joined[i].rest_deep);
		CHECK_EQ(fields_meet(a, b), !str_is(str_from(joined[i].common), "{}"));
		CHECK_EQ(fields_has_all(a, b), fields_equal(fields_union(arena, a, b), a));
		CHECK_EQ(fields_has_all(fields_union(arena, a, b), b), true);
	}
}

TEST(paths_are_printed_for_people)
{
	struct fields set = fields_of(
	    "{\"f:a\":{\".\":{},\"k:{\\\"name\\\":\\\"x\\\",\\\"port\\\":80}\":{\"f:image\":{}},"
	    "\"v:\\\"s\\\"\":{},\"i:3\":{}},\"f:b\":{}}");
	uint32_t count;
	struct str *paths = fields_paths(set, test_arena(), &count);

	CHECK_EQ(count, 5);
	CHECK_STR(paths[0], ".a");
	CHECK_STR(paths[1], ".b");
	CHECK_STR(paths[2], ".a[=\"s\"]");
	CHECK_STR(paths[3], ".a[3]");
	CHECK_STR(paths[4], ".a[name=\"x\",port=80].image");
}

TEST(the_set_of_one_field_has_its_path)
{
	CHECK_STR(text_of(fields_of_path(STR("spec.replicas"), test_arena())),
		  "{\"f:spec\":{\"f:replicas\":{}}}");
	CHECK_STR(text_of(fields_of_path(STR("status"), test_arena())), "{\"f:status\":{}}");
}
