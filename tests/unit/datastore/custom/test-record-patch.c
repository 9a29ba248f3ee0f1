#include "datastore/custom/record-patch.h"

#include "datastore/object/json.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"

/* The record as JSON, or the words; what strict reading found behind it. */
static struct str patched(enum patch_form form, const char *patch)
{
	static const char map[] = "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\"}}";
	struct json_strict strict = { 0 };
	struct text out = text_in(test_arena(), 4096);
	struct fault why = { 0 };
	void *record;

	CHECK_STATUS(json_decode(&core_config_map_type, str_from(map), test_arena(),
				 (struct json_options){ 0 }, &record, NULL),
		     OK);
	if (record_patch(form, &core_config_map_type, record, str_from(patch), test_arena(),
			 &strict, &why) != OK)
		return arena_str(test_arena(), str_from(why.text));
	json_encode(&core_config_map_type, record, &out);
	for (uint32_t i = 0; i < strict.len; i++)
		text_printf(&out, " " STR_FMT, STR_ARG(strict.at[i]));
	return text_str(&out);
}

#define MAP(data)                                                                      \
	"{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}," \
	"\"data\":" data "}"

TEST(a_json_patch_may_pass_through_what_has_no_field)
{
	CHECK_STR(patched(PATCH_JSON,
			  "[{\"op\":\"add\",\"path\":\"/nothing\",\"value\":\"2\"},"
			  "{\"op\":\"move\",\"from\":\"/nothing\",\"path\":\"/data/m\"}]"),
		  MAP("{\"k\":\"1\",\"m\":\"2\"}"));
	CHECK_STR(patched(PATCH_JSON, "[{\"op\":\"add\",\"path\":\"/nothing\",\"value\":\"2\"}]"),
		  MAP("{\"k\":\"1\"}") " unknown field \"nothing\"");
	CHECK_STR(patched(PATCH_JSON, "[{\"op\":\"remove\",\"path\":\"/data/none\"}]"),
		  "error in remove for path: '/data/none': Unable to remove nonexistent key: none: "
		  "missing value");
}

TEST(a_patch_makes_no_other_kind)
{
	CHECK_STR(patched(PATCH_MERGE, "{\"kind\":\"Pod\"}"),
		  "no kind \"Pod\" is registered for version \"v1\" in scheme "
		  "\"pkg/api/legacyscheme/scheme.go:30\"");
	CHECK_STR(patched(PATCH_STRATEGIC, "{\"apiVersion\":\"v2\"}"),
		  "no kind \"ConfigMap\" is registered for version \"v2\" in scheme "
		  "\"pkg/api/legacyscheme/scheme.go:30\"");
	CHECK_STR(patched(PATCH_MERGE, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\"}"),
		  MAP("{\"k\":\"1\"}"));
}
