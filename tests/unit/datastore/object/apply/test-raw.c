#include "datastore/object/apply/raw.h"

#include "tests/lib/test.h"

static struct str plain(const char *text)
{
	char *json = arena_cstr(test_arena(), str_from(text));

	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return text[0] != '\0' ? str_from(json) : STR_NONE;
}

static struct fields set_of(const char *text)
{
	struct fields set = { 0 };

	CHECK_STATUS(fields_parse(plain(text), test_arena(), &set, NULL), OK);
	return set;
}

static void check_set(struct fields set, const char *wanted, const char *what)
{
	struct text text = text_in(test_arena(), MIB);

	fields_write(set, &text);
	if (!str_eq(text_str(&text), plain(wanted)))
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, what, STR_ARG(text_str(&text)));
}

/* Compared with kube-apiserver v1.37.2 and a custom resource that keeps what its schema does not know. */
static const struct {
	const char *before, *after; /* "": it is not there */
	bool is_changed, is_removed;
	const char *changed, *removed;
} compared[] = {
	{ "", "1", true, false, "{}", "{}" },
	{ "1", "", false, true, "{}", "{}" },
	{ "1", "1", false, false, "{}", "{}" },
	{ "1", "2", true, false, "{}", "{}" },
	{ "", "{'a':{'b':1}}", true, false, "{'f:a':{'.':{},'f:b':{}}}", "{}" },
	{ "{'a':{'b':1}}", "", false, true, "{}", "{'f:a':{'.':{},'f:b':{}}}" },
	{ "{'a':1,'b':2}", "{ 'b' : 2, 'a' : 1 }", false, false, "{}", "{}" },
	{ "{'a':1,'b':2}", "{'a':3,'c':4}", false, false, "{'f:a':{},'f:c':{}}", "{'f:b':{}}" },
	/* one value in the place of another */
	{ "{'a':1}", "2", true, false, "{}", "{'f:a':{}}" },
	{ "1", "{'a':1}", true, false, "{'f:a':{}}", "{}" },
	{ "[1]", "[2]", true, false, "{}", "{}" },
	{ "{}", "null", true, false, "{}", "{}" },
	/* null can be an object */
	{ "null", "{'a':1}", false, false, "{'f:a':{}}", "{}" },
	{ "{'a':1}", "null", false, false, "{}", "{'f:a':{}}" },
};

TEST(json_without_a_table_is_compared_member_by_member)
{
	for (size_t i = 0; i < sizeof compared / sizeof compared[0]; i++) {
		struct raw_change change =
		    raw_compare(plain(compared[i].before), plain(compared[i].after), test_arena());

		if (change.is_changed != compared[i].is_changed ||
		    change.is_removed != compared[i].is_removed)
			test_fail(__FILE__, __LINE__, "case %zu", i);
		check_set(change.changed, compared[i].changed, compared[i].after);
		check_set(change.removed, compared[i].removed, compared[i].after);
	}
}

TEST(json_without_a_table_is_merged_and_taken_apart)
{
	struct arena *arena = test_arena();

	check_set(raw_fields(plain("{'b':{'c':1},'a':[1],'d':{}}"), arena),
		  "{'f:a':{},'f:b':{'.':{},'f:c':{}},'f:d':{}}", "fields");
	CHECK_STR(raw_merge(plain("{'a':{'x':1},'b':2}"), plain("{'a':{'y':[1]},'c':null}"), arena),
		  plain("{'a':{'x':1,'y':[1]},'b':2,'c':null}").at);
	CHECK_STR(raw_merge(plain("{'a':1}"), plain("2"), arena), "2");
	CHECK_STR(raw_remove(plain("{'a':{'x':1},'b':2,'c':3}"),
			     set_of("{'f:a':{'f:x':{}},'f:b':{}}"), arena),
		  plain("{'a':null,'c':3}").at);
	CHECK_STR(raw_sorted(plain("{ 'b' : [ { 'd':1, 'c':2 } ], 'a':1, 'a':2 }"), arena),
		  plain("{'a':2,'b':[{'c':2,'d':1}]}").at);
	CHECK(raw_is_empty(STR(" { } ")));
	CHECK(!raw_is_empty(STR("[]")));
	CHECK(!raw_is_empty(plain("{'':1}")));
}
