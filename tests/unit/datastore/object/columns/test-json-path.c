#include "datastore/object/columns/json-path.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

#define OBJECT                                                                                \
	"{\"a\":{\"b\":1,\"x.y\":\"dot\"},\"l\":[{\"t\":\"A\",\"n\":5},{\"t\":\"B\",\"n\":7," \
	"\"s\":true},{\"t\":\"C\"}],"                                                         \
	"\"e\":[],\"m\":[[1,2],[3]]}"

TEST(a_path_leads_to_the_first_value_that_fits)
{
	static const struct {
		const char *path, *json;
	} cases[] = {
		{ ".a.b", "1" },
		{ "a.b", "1" },
		{ ".a['b']", "1" },
		{ ".a[\"x.y\"]", "\"dot\"" },
		{ ".a.x\\.y", "\"dot\"" },
		{ ".l[0].t", "\"A\"" },
		{ ".l[-1].t", "\"C\"" },
		{ ".l[3].t", "" },
		{ ".l[*].s", "true" },
		{ ".l[?(@.t==\"B\")].n", "7" },
		{ ".l[?(@.t == 'B')].n", "7" },
		{ ".l[?(@.t!=\"A\")].t", "\"B\"" },
		{ ".l[?(@.n>5)].t", "\"B\"" },
		{ ".l[?(@.n>=5)].t", "\"A\"" },
		{ ".l[?(@.n<6)].t", "\"A\"" },
		{ ".l[?(@.s)].t", "\"B\"" },
		{ ".l[?(@.t==\"Z\")].n", "" },
		{ ".l[?(@.t==\"]\")].n", "" },
		{ ".m[1][0]", "3" },
		{ ".a.*", "1" },
		{ ".e[*]", "" },
		{ ".nothing.here", "" },
		{ ".a.b.c", "" },
		{ ".a", "{\"b\":1,\"x.y\":\"dot\"}" },
		{ ".", OBJECT },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(json_path_first(STR(OBJECT), str_from(cases[i].path), test_arena()),
			  cases[i].json);
}

TEST(what_is_no_path_leads_nowhere)
{
	static const char *const paths[] = { ".a[",  ".a[]",    ".a[?(b==1)]", ".l[?(@.t",
					     "..b",  ".l[x]",   ".l['t",       ".l[0:1]",
					     "[[[[", ".l[?()]", ".a[']']x" };

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		CHECK(json_path_first(STR(OBJECT), str_from(paths[i]), test_arena()).at == NULL);
}

TEST(a_path_of_too_many_steps_leads_nowhere)
{
	struct text json = text_in(test_arena(), KIB), path = text_in(test_arena(), KIB);

	for (uint32_t i = 0; i < JSON_PATH_STEPS_MAX + 1; i++) {
		text_lit(&json, "[");
		text_lit(&path, "[0]");
	}
	for (uint32_t i = 0; i < JSON_PATH_STEPS_MAX + 1; i++)
		text_lit(&json, "]");
	CHECK(json_path_first(text_str(&json), text_str(&path), test_arena()).at == NULL);
}
