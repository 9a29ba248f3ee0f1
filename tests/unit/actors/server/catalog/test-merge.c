/*
 * Documents of OpenAPI v2 of other servers, put into ours.
 */
#include "actors/server/catalog/merge.h"

#include "tests/lib/test.h"

static const char theirs[] =
    "{\"swagger\":\"2.0\",\"info\":{\"title\":\"theirs\",\"version\":\"1\"},\"paths\":{"
    "\"/apis/a.example/v1/things\": {\"get\":{\"operationId\":\"listThings\"}},"
    "\"/apis/a.example/v10/things\":{},\"/api/v1/pods\":{},\"/version\":{}},"
    "\"definitions\":{\"Thing\":{\"type\":\"object\"},\"Shared\":{\"type\":\"string\"}}}";

TEST(of_anothers_document_count_its_paths_and_what_it_defines)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	CHECK_STATUS(merge_read(str_from(theirs), STR("a.example"), STR("v1"), &out), OK);
	CHECK_STR(text_str(&out),
		  "{\"swagger\":\"2.0\",\"info\":{\"title\":\"\",\"version\":\"\"},\"paths\":{"
		  "\"/apis/a.example/v1/things\":{\"get\":{\"operationId\":\"listThings\"}}},"
		  "\"definitions\":{\"Thing\":{\"type\":\"object\"},\"Shared\":{\"type\":"
		  "\"string\"}}}");
}

TEST(what_is_no_document_is_refused)
{
	static const char *const cases[] = { "", "{", "[]x", "{\"paths\":{}", "nonsense" };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text out = text_in(test_arena(), 64 * KIB);

		CHECK_STATUS(merge_read(str_from(cases[i]), STR("a.example"), STR("v1"), &out),
			     INVALID);
	}
}

TEST(what_is_ours_stays_ours_and_the_rest_is_added_once)
{
	struct text a = text_in(test_arena(), 64 * KIB), paths = text_in(test_arena(), 64 * KIB),
		    definitions = text_in(test_arena(), 64 * KIB);
	struct map ours = { 0 }, none = { 0 };

	CHECK_STATUS(merge_read(str_from(theirs), STR("a.example"), STR("v1"), &a), OK);
	merge_names(STR("\"Shared\":{\"type\":\"object\"},\"Own\":{}"), &ours);
	CHECK_EQ(ours.len, 2);
	for (int i = 0; i < 2; i++) {
		merge_write(text_str(&a), "paths", &none, &paths);
		merge_write(text_str(&a), "definitions", &ours, &definitions);
	}
	CHECK_STR(text_str(&paths),
		  "\"/apis/a.example/v1/things\":{\"get\":{\"operationId\":\"listThings\"}}");
	CHECK_STR(text_str(&definitions), "\"Thing\":{\"type\":\"object\"}");
	map_fini(&ours);
	map_fini(&none);
}
