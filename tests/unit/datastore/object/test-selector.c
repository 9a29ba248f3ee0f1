#include "datastore/object/selector.h"

#include "tests/lib/test.h"

/* Texts, matches and words were compared with apimachinery's labels and fields packages of v1.37.2. */

static struct str_map map_of(const char *text)
{
	struct str rest = str_from(text);
	struct str_map map = { 0 };

	while (text[0] != '\0' && rest.at != NULL) {
		struct str value = str_cut(&rest, ';'), key = str_cut(&value, '=');

		str_map_put(&map, test_arena(), key, value.at != NULL ? value : STR(""));
	}
	return map;
}

TEST(a_label_selector_says_which_objects_are_meant)
{
	static const struct {
		const char *selector, *labels;
		bool matches;
		const char *text; /* as it is printed */
	} cases[] = {
		{ "", "a=1", true, "" },
		{ "a", "a=1", true, "a" },
		{ "a", "b=1", false, "a" },
		{ "!a", "b=1", true, "!a" },
		{ "! a", "a=", false, "!a" },
		{ "a=1", "a=1", true, "a=1" },
		{ "a==1", "a=2", false, "a=1" },
		{ "a = ", "a=", true, "a=" },
		{ "a!=1", "", true, "a!=1" },
		{ "a!=1", "a=1", false, "a!=1" },
		{ "a in (1,2)", "a=2", true, "a in (1,2)" },
		{ "a in (2, 1,2)", "a=3", false, "a in (1,2)" },
		{ "a in (1)", "a=1", true, "a in (1)" },
		{ "a in (,1)", "a=", true, "a in (,1)" },
		{ "a notin (1,2)", "b=1", true, "a notin (1,2)" },
		{ "a notin (1,2)", "a=1", false, "a notin (1,2)" },
		{ "n>5", "n=6", true, "n>5" },
		{ "n>5", "n=5", false, "n>5" },
		{ "n<5", "n=x", false, "n<5" },
		{ "n<5", "", false, "n<5" },
		{ "b,a=1,!c", "a=1;b=2", true, "a=1,b,!c" },
		{ "b,a=1,!c", "a=1;b=2;c=3", false, "a=1,b,!c" },
		{ "x.y/z=w", "x.y/z=w", true, "x.y/z=w" },
		{ "in in (in)", "in=in", true, "in in (in)" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct selector selector;
		struct fault why = { 0 };

		CHECK_STATUS(selector_parse_labels(str_from(cases[i].selector), test_arena(),
						   &selector, &why),
			     OK);
		CHECK_EQ(selector_matches_labels(&selector, map_of(cases[i].labels)),
			 cases[i].matches);
		CHECK_STR(selector_print(&selector, test_arena()), cases[i].text);
	}
}

TEST(a_label_selector_that_makes_no_sense_is_refused_in_words)
{
	static const struct {
		const char *selector, *words;
	} cases[] = {
		{ "a=1)", "found ')', expected: ',' or 'end of string'" },
		{ "a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, "
			 "gt, lt" },
		{ "a,", "found '', expected: identifier after ','" },
		{ ",a", "found ',', expected: !, identifier, or 'end of string'" },
		{ "a in 1", "unable to parse requirement: found '1' expected: '('" },
		{ "a in (1", "unable to parse requirement: found '', expected: ',' or ')'" },
		{ "a>x", "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', "
			 "'Lt' operators, the value must be an integer" },
		{ "/a", "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part "
			"must be non-empty" },
		{ "a=b_",
		  "unable to parse requirement: values[0][a]: Invalid value: \"b_\": a valid label "
		  "must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
		  "and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
		  "'my_value',  or '12345', regex used for validation is "
		  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct selector selector;
		struct fault why = { 0 };

		CHECK_STATUS(selector_parse_labels(str_from(cases[i].selector), test_arena(),
						   &selector, &why),
			     BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].words);
	}
}

TEST(a_selector_without_end_is_refused)
{
	struct text text = text_in(test_arena(), MIB);
	struct selector selector;
	struct fault why = { 0 };

	for (uint32_t i = 0; i <= SELECTOR_REQUIREMENTS_MAX; i++)
		text_printf(&text, "%sa%u", i > 0 ? "," : "", i);
	CHECK_STATUS(selector_parse_labels(text_str(&text), test_arena(), &selector, &why),
		     BAD_REQUEST);
	text_clear(&text);
	text_lit(&text, "a in (");
	for (uint32_t i = 0; i <= SELECTOR_VALUES_MAX; i++)
		text_printf(&text, "%s%u", i > 0 ? "," : "", i);
	text_lit(&text, ")");
	CHECK_STATUS(selector_parse_labels(text_str(&text), test_arena(), &selector, &why),
		     BAD_REQUEST);
}

/* ---- fields ---- */

static struct str field_of(void *arg, struct str key)
{
	return str_map_get(*(struct str_map *)arg, key);
}

TEST(a_field_selector_compares_and_nothing_else)
{
	static const struct {
		const char *selector, *fields;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "metadata.name=a", "metadata.name=a", true },
		{ "metadata.name==a", "metadata.name=b", false },
		{ "metadata.name!=a", "metadata.name=b", true },
		{ "spec.nodeName=", "", true },
		{ "spec.nodeName!=", "spec.nodeName=n", true },
		{ "x=b\\,c", "x=b,c", true },
		{ "x=d\\=e,y=1", "x=d=e;y=1", true },
		{ "x=f\\\\", "x=f\\", true },
		{ "x=1,y!=2", "x=1;y=2", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str_map fields = map_of(cases[i].fields);
		struct selector selector;
		struct fault why = { 0 };

		CHECK_STATUS(selector_parse_fields(str_from(cases[i].selector), test_arena(),
						   &selector, &why),
			     OK);
		CHECK_EQ(selector_matches_fields(&selector, field_of, &fields), cases[i].matches);
	}
}

TEST(a_field_selector_that_makes_no_sense_is_refused_in_words)
{
	static const struct {
		const char *selector, *words;
	} cases[] = {
		{ "a", "invalid selector: 'a'; can't understand 'a'" },
		{ "a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'" },
		{ "a=\\x", "invalid field selector: invalid escape sequence: \\x" },
		{ "a===", "invalid field selector: unescaped character in value: 61" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct selector selector;
		struct fault why = { 0 };

		CHECK_STATUS(selector_parse_fields(str_from(cases[i].selector), test_arena(),
						   &selector, &why),
			     BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].words);
	}
}

TEST(one_value_that_must_be_is_known)
{
	struct selector selector;
	struct fault why = { 0 };

	CHECK_STATUS(
	    selector_parse_fields(STR("metadata.name=a,x!=b"), test_arena(), &selector, &why), OK);
	CHECK_STR(selector_exact(&selector, STR("metadata.name")), "a");
	CHECK(selector_exact(&selector, STR("x")).at == NULL);
	CHECK(selector_exact(&selector, STR("y")).at == NULL);
}

/* ---- of objects ---- */

TEST(an_absent_selector_selects_nothing_and_an_empty_one_everything)
{
	struct meta_label_selector empty = { 0 };
	struct selector selector;
	struct fault why = { 0 };

	CHECK_STATUS(selector_from_label_selector(NULL, test_arena(), &selector, &why), OK);
	CHECK(!selector_matches_labels(&selector, map_of("a=1")));
	CHECK_STATUS(selector_from_label_selector(&empty, test_arena(), &selector, &why), OK);
	CHECK(selector_matches_labels(&selector, map_of("a=1")));
	selector = selector_from_map(map_of("a=1;b=2"), test_arena());
	CHECK(selector_matches_labels(&selector, map_of("a=1;b=2;c=3")));
	CHECK(!selector_matches_labels(&selector, map_of("a=1")));
	CHECK_STR(selector_print(&selector, test_arena()), "a=1,b=2");
}

TEST(a_copy_of_a_selector_outlives_what_it_was_copied_from)
{
	struct arena *from_arena = arena_new(0), *arena = arena_new(0);
	struct str text = arena_str(from_arena, STR("app in (web,api),!gone,tier!=db"));
	struct selector from, copy, all = SELECTOR_ALL;

	CHECK_STATUS(selector_parse_labels(text, from_arena, &from, NULL), OK);
	copy = selector_copy(&from, arena);
	arena_free(from_arena);
	CHECK_STR(selector_print(&copy, arena), "app in (api,web),!gone,tier!=db");
	CHECK_EQ(selector_copy(&all, arena).len, 0);
	arena_free(arena);
}

TEST(labels_and_expressions_of_a_selector_all_hold)
{
	struct str values[] = { STR("x"), STR("y") };
	struct meta_label_selector_requirement expressions[] = {
		{ .key = STR("b"), .operator= STR("In"), .values = { values, 2 } },
		{ .key = STR("c"), .operator= STR("DoesNotExist") },
		{ .key = STR("d"), .operator= STR("NotIn"), .values = { values, 1 } },
		{ .key = STR("a"), .operator= STR("Exists") },
	};
	struct meta_label_selector from = { .match_labels = map_of("a=1"),
					    .match_expressions = { expressions, 4 } };
	struct selector selector;
	struct fault why = { 0 };

	CHECK_STATUS(selector_from_label_selector(&from, test_arena(), &selector, &why), OK);
	CHECK(selector_matches_labels(&selector, map_of("a=1;b=y")));
	CHECK(!selector_matches_labels(&selector, map_of("a=1;b=y;c=")));
	CHECK(!selector_matches_labels(&selector, map_of("a=1;b=z")));
	CHECK(!selector_matches_labels(&selector, map_of("a=1;b=x;d=x")));
	CHECK_STR(selector_print(&selector, test_arena()), "a=1,a,b in (x,y),!c,d notin (x)");
	expressions[0].operator= STR("Near");
	CHECK_STATUS(selector_from_label_selector(&from, test_arena(), &selector, &why), INVALID);
	CHECK_STR(str_from(why.text), "\"Near\" is not a valid label selector operator");
}
