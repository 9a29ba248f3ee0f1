#include "transport/wire/yaml.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(yaml_becomes_the_json_that_upstream_reads_in_it)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{ "a: 1\nb: [x, 'y', \"z\"]\nc: {d: e}\n",
		  "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"],\"c\":{\"d\":\"e\"}}" },
		{ "a:\nb: ~\nc: null\nd: ''\n", "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}" },
		{ "[yes, no, on, off, true, false, y, maybe]",
		  "[true,false,true,false,true,false,true,\"maybe\"]" },
		{ "[0, -5, 0644, 0x1F, 0o17, 0b101, 1_000, 08]", "[0,-5,420,31,15,5,1000,8]" },
		{ "[1.5, -.5, 1e3, 1.0, 18446744073709551615, 1.2.3, 1-2, .]",
		  "[1.5,-0.5,1000,1,18446744073709551615,\"1.2.3\",\"1-2\",\".\"]" },
		{ "[2001-01-01, '1', \"true\", 1Gi, 100m]",
		  "[\"2001-01-01\",\"1\",\"true\",\"1Gi\",\"100m\"]" },
		{ "a: |\n  two\n  lines\nb: >-\n  folded\n  text\n",
		  "{\"a\":\"two\\nlines\\n\",\"b\":\"folded text\"}" },
		{ "base: &b {x: 1, z: 2}\nother:\n  <<: *b\n  z: 3\n",
		  "{\"base\":{\"x\":1,\"z\":2},\"other\":{\"x\":1,\"z\":3}}" },
		{ "1: a\ntrue: b\n", "{\"1\":\"a\",\"true\":\"b\"}" },
		{ "{\"json\": [1, 2, {\"is\": \"yaml\"}]}", "{\"json\":[1,2,{\"is\":\"yaml\"}]}" },
		{ "# nothing\n", "null" },
		{ "---\na: 1\n---\n", "{\"a\":1}" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = text_in(test_arena(), 64 * KIB);
		CHECK_STATUS(yaml_to_json(str_from(cases[i].yaml), &out, NULL), OK);
		CHECK_STR(text_str(&out), cases[i].json);
	}
}

TEST(a_key_that_a_mapping_has_twice_is_told_with_its_line)
{
	static const struct {
		const char *yaml, *said;
	} cases[] = {
		{ "a: 1\nb: {a: 2}\n", "" },
		{ "\na: 1\nb: 2\na: 3\n", "line 4: key \"a\" already set in map\n" },
		{ "{\"a\": {\"b\": 1, \"b\": 2}, \"a\": 3, \"a\": 4}",
		  "line 1: key \"b\" already set in map\nline 1: key \"a\" already set in map\n"
		  "line 1: key \"a\" already set in map\n" },
		{ "- a: 1\n  a:\n    c: 2\n- a: 1\n", "line 3: key \"a\" already set in map\n" },
		{ "1: a\n'1': b\n1: c\n", "line 3: key 1 already set in map\n" },
		{ "{a: 1, a: ", "" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = text_in(test_arena(), 64 * KIB);
		yaml_doubles(str_from(cases[i].yaml), &out);
		CHECK_STR(text_str(&out), cases[i].said);
	}
}

TEST(json_becomes_the_yaml_that_upstream_writes_of_it)
{
	static const struct {
		const char *json, *yaml;
	} cases[] = {
		{ "{\"b\":1,\"a\":[\"x\",{\"d\":true,\"c\":null}]}",
		  "a:\n- x\n- c: null\n  d: true\nb: 1\n" },
		{ "{\"a\":{},\"b\":[],\"c\":\"\"}", "a: {}\nb: []\nc: \"\"\n" },
		/* strings that would be read as something else */
		{ "[\"1\",\"true\",\"yes\",\"0x1f\",\"1e3\",\"~\",\"null\",\"<<\",\".inf\"]",
		  "- \"1\"\n- \"true\"\n- \"yes\"\n- \"0x1f\"\n- \"1e3\"\n- \"~\"\n- \"null\"\n"
		  "- \"<<\"\n- \".inf\"\n" },
		{ "[\"2026-11-26T13:04:56Z\",\"2026-11-26\",\"2026-11\",\"1:30\",\"a:30\"]",
		  "- \"2026-11-26T13:04:56Z\"\n- \"2026-11-26\"\n- 2026-11\n- \"1:30\"\n- a:30\n" },
		/* strings that are no plain scalars */
		{ "[\"a: b\",\"# c\",\"{d}\",\" e\",\"it's\",\"25%\",\"*\",\"- x\"]",
		  "- 'a: b'\n- '# c'\n- '{d}'\n- ' e'\n- it's\n- 25%\n- '*'\n- '- x'\n" },
		{ "{\"a\":\"two\\nlines\\n\",\"b\":\"no end\\nhere\"}",
		  "a: |\n  two\n  lines\nb: |-\n  no end\n  here\n" },
		{ "{\"a\":\"lines\\n\\n\"}", "a: |+\n  lines\n\n" },
		{ "[-5,1.5,18446744073709551615,\"\xc3\xa4\"]",
		  "- -5\n- 1.5\n- 18446744073709551615\n- \xc3\xa4\n" },
		/* keys: letters after other signs, numbers by their value */
		{ "{\"a10\":1,\"a9\":2,\"aB\":3,\"a-b\":4,\"f:x\":5,\".\":6,\"a\":7}",
		  ".: 6\na: 7\na-b: 4\na9: 2\na10: 1\naB: 3\nf:x: 5\n" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = text_in(test_arena(), 64 * KIB);

		CHECK_STATUS(yaml_of_json(str_from(cases[i].json), &out), OK);
		CHECK_STR(text_str(&out), cases[i].yaml);
	}
}

TEST(of_a_key_given_twice_the_last_is_written)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	CHECK_STATUS(
	    yaml_of_json(STR("{\"b\":1,\"a\":{\"x\":1,\"z\":2,\"x\":3},\"\\u0062\":2,\"b\":3}"),
			 &out),
	    OK);
	CHECK_STR(text_str(&out), "a:\n  x: 3\n  z: 2\nb: 3\n");
}

/* In Go's order each of the first three comes before the next, and the last of them before the first. */
TEST(keys_whose_order_goes_in_circles_are_written_the_same_in_whatever_order_they_come)
{
	static const char *const members[] = { "\"305219K\":1", "\"9999999999999\":1",
					       "\"99sion\":1", "\"a\":1", "\"305219K\":1" };
	static const uint8_t orders[][5] = { { 0, 1, 2, 3, 4 },
					     { 2, 1, 0, 4, 3 },
					     { 1, 0, 3, 4, 2 },
					     { 0, 4, 3, 2, 1 },
					     { 3, 2, 0, 4, 1 } };
	struct text first = text_in(test_arena(), KIB);

	for (uint32_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct text json = text_in(test_arena(), KIB), out = text_in(test_arena(), KIB);

		for (uint32_t j = 0; j < 5; j++) {
			text_add_char(&json, j == 0 ? '{' : ',');
			text_add(&json, str_from(members[orders[i][j]]));
		}
		text_add_char(&json, '}');
		CHECK_STATUS(yaml_of_json(text_str(&json), i == 0 ? &first : &out), OK);
		CHECK(i == 0 || str_eq(text_str(&first), text_str(&out)));
	}
}

TEST(yaml_that_does_not_fit_is_too_large)
{
	struct text out = text_in(test_arena(), 8);

	CHECK_STATUS(yaml_of_json(STR("[\"a\",\"b\",\"c\",\"d\"]"), &out), TOO_LARGE);
}

TEST(what_is_no_yaml_is_refused_with_its_line)
{
	static const char *const cases[] = { "a: [1\n",      "a: b: c\n",    "\ta: 1", "a: 'x",
					     "? [a]\n: b\n", "a: *nobody\n", "<<: 1\n" };
	struct fault why;

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = text_in(test_arena(), 64 * KIB);
		CHECK_STATUS(yaml_to_json(str_from(cases[i]), &out, &why), BAD_REQUEST);
		CHECK(str_starts(str_from(why.text), STR("yaml: ")));
	}
}

TEST(a_stream_gives_its_documents_one_by_one)
{
	struct yaml *yaml = yaml_open(STR("a: 1\n---\n# empty\n---\nb: 2\n...\n"));
	struct text out = text_in(test_arena(), 64 * KIB);

	CHECK_STATUS(yaml_next(yaml, &out, NULL), OK);
	CHECK_STR(text_str(&out), "{\"a\":1}");
	text_clear(&out);
	CHECK_STATUS(yaml_next(yaml, &out, NULL), OK);
	CHECK_STR(text_str(&out), "{\"b\":2}");
	CHECK_STATUS(yaml_next(yaml, &out, NULL), NOT_FOUND);
	yaml_close(yaml);
}

TEST(anchors_cannot_make_a_text_without_end)
{
	static const char bomb[] =
	    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n"
	    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\n"
	    "e: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e]\n";
	struct text out = text_in(test_arena(), 64 * KIB);
	struct fault why;

	CHECK_STATUS(yaml_to_json(str_from(bomb), &out, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.text), "yaml: document contains excessive aliasing");
	text_clear(&out);
	CHECK_STATUS(yaml_to_json(STR("a: &a [*a]\n"), &out, &why), BAD_REQUEST);
}

/* A list of one anchor of so many values, named so many times, each time as one of a mapping's values. */
static enum status read_aliases(uint32_t values, uint32_t names)
{
	struct text text = text_in(test_arena(), MIB), out = text_in(test_arena(), 3 * MIB);

	text_lit(&text, "a: &a [");
	for (uint32_t i = 0; i < values; i++)
		text_lit(&text, "1,");
	text_lit(&text, "]\nb:\n");
	for (uint32_t i = 0; i < names; i++)
		text_printf(&text, "  k%u: *a\n", i);
	return yaml_to_json(text_str(&text), &out, NULL);
}

/* Upstream's bound: 99 in a hundred up to 400,000, a tenth from 4,000,000 on. */
TEST(aliases_are_followed_while_what_they_stand_for_is_in_proportion)
{
	CHECK_STATUS(read_aliases(100, 1000), OK);
	CHECK_STATUS(read_aliases(180, 1000), OK);
	CHECK_STATUS(read_aliases(220, 1000), BAD_REQUEST);
	CHECK_STATUS(read_aliases(900, 1), OK);
	CHECK_STATUS(read_aliases(100, 4500), BAD_REQUEST);
}

/* Looking for each of the merged keys among all of those that win would take minutes. */
TEST(many_keys_that_are_merged_into_many_are_read_in_a_moment)
{
	struct text text = text_in(test_arena(), 4 * MIB), out = text_in(test_arena(), 4 * MIB);

	text_lit(&text, "a: &a\n");
	for (uint32_t i = 0; i < 60000; i++)
		text_printf(&text, "  k%u: 1\n", i);
	text_lit(&text, "b:\n  <<: *a\n");
	for (uint32_t i = 0; i < 60000; i++)
		text_printf(&text, "  k%u: 2\n", i);
	CHECK_STATUS(yaml_to_json(text_str(&text), &out, NULL), OK);
	CHECK(str_find(text_str(&out), STR(",\"b\":{\"k0\":2,")) > 0);
}

TEST(a_mapping_that_is_merged_over_and_over_into_one_that_wins_is_refused)
{
	struct text text = text_in(test_arena(), MIB), out = text_in(test_arena(), MIB);

	text_lit(&text, "a: &a {");
	for (uint32_t i = 0; i < 1000; i++)
		text_printf(&text, "k%u: 1,", i);
	text_lit(&text, "}\nb:\n");
	for (uint32_t i = 0; i < 1000; i++)
		text_printf(&text, "  k%u: 2\n", i);
	for (uint32_t i = 0; i < 10000; i++)
		text_lit(&text, "  <<: *a\n");
	CHECK_STATUS(yaml_to_json(text_str(&text), &out, NULL), BAD_REQUEST);
}

/* Time that grows with the square of the depth is not spent: a megabyte of brackets would take hours. */
TEST(what_is_too_deep_or_too_much_is_refused_without_reading_it)
{
	static const struct {
		const char *unit, *words;
	} cases[] = {
		{ "[", "yaml: nested too deep" },           { "{a: ", "yaml: nested too deep" },
		{ "- ", "yaml: nested too deep" },          { "? ", "yaml: nested too deep" },
		{ "[],", "yaml: more than 400000 values" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text text = text_new(2 * MIB), out = text_new(64 * KIB);
		struct fault why = { 0 };

		text_add(&text, str_from(i == 4 ? "[" : ""));
		while (text.len < MIB)
			text_add(&text, str_from(cases[i].unit));
		CHECK_STATUS(yaml_to_json(text_str(&text), &out, &why), BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].words);
		text_clear(&out);
		yaml_doubles(text_str(&text), &out);
		CHECK_EQ(out.len, 0);
		text_fini(&text);
		text_fini(&out);
	}
}

TEST(many_brackets_that_are_not_deep_are_read)
{
	struct text text = text_in(test_arena(), 64 * KIB), out = text_in(test_arena(), 64 * KIB);

	text_lit(&text, "[");
	for (int i = 0; i < 3000; i++)
		text_lit(&text, "[],");
	text_lit(&text, "1]");
	CHECK_STATUS(yaml_to_json(text_str(&text), &out, NULL), OK);
	CHECK_EQ(out.len, 3000 * 3 + 3);
}
