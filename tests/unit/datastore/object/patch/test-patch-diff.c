#include "datastore/object/json.h"
#include "datastore/object/patch/patch.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"

static void *decode(const char *json)
{
	struct fault why = { 0 };
	void *record;

	if (json_decode(&core_pod_type, str_from(json), test_arena(), (struct json_options){ 0 },
			&record, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", why.text, json);
	return record;
}

TEST(a_patch_between_two_records_says_only_what_differs_and_makes_the_second_of_the_first)
{
	static const struct {
		const char *from, *to, *patch;
	} cases[] = {
		{ "{}", "{}", "{}" },
		{ "{\"metadata\":{\"name\":\"a\"}}", "{\"metadata\":{\"name\":\"a\"}}", "{}" },
		{ "{\"metadata\":{\"name\":\"a\"}}", "{\"metadata\":{\"name\":\"b\",\"uid\":\"u\"}}",
		  "{\"metadata\":{\"name\":\"b\",\"uid\":\"u\"}}" },
		{ "{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}}",
		  "{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"5\",\"d\":\"4\"}}}",
		  "{\"metadata\":{\"labels\":{\"b\":\"5\",\"d\":\"4\",\"c\":null}}}" },
		{ "{\"metadata\":{\"labels\":{\"a\":\"1\"}}}", "{\"metadata\":{\"name\":\"a\"}}",
		  "{\"metadata\":{\"name\":\"a\",\"labels\":null}}" },
		{ "{\"spec\":{\"nodeName\":\"n\",\"hostNetwork\":true}}",
		  "{\"spec\":{\"nodeName\":\"n\"}}", "{\"spec\":{\"hostNetwork\":null}}" },
		{ "{}", "{\"spec\":{\"nodeName\":\"n\",\"containers\":null}}",
		  "{\"spec\":{\"containers\":null,\"nodeName\":\"n\"}}" },
		{ "{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}",
		  "{\"metadata\":{\"finalizers\":[\"b\"]}}",
		  "{\"metadata\":{\"finalizers\":[\"b\"]}}" },
		{ "{\"spec\":{\"nodeSelector\":{\"a.b/c\":\"<\"}}}",
		  "{\"spec\":{\"nodeSelector\":{\"a.b/c\":\">\"}}}",
		  "{\"spec\":{\"nodeSelector\":{\"a.b/c\":\"\\u003e\"}}}" },
		{ "{\"spec\":{\"containers\":[{\"name\":\"a\"}],\"terminationGracePeriodSeconds\":"
		  "30}}",
		  "{\"spec\":{\"containers\":[{\"name\":\"b\"}],\"terminationGracePeriodSeconds\":"
		  "0}}",
		  "{\"spec\":{\"containers\":[{\"name\":\"b\",\"resources\":{}}],"
		  "\"terminationGracePeriodSeconds\":0}}" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		void *from = decode(cases[i].from), *to = decode(cases[i].to);
		struct str patch = patch_between(&core_pod_type, from, to, test_arena());

		CHECK_STR(patch, cases[i].patch);
		CHECK_STATUS(
		    patch_apply(PATCH_MERGE, &core_pod_type, from, patch, test_arena(), NULL, NULL),
		    OK);
		CHECK(record_equal(&core_pod_type, from, to));
	}
}
