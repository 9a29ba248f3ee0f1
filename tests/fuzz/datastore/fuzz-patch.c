/*
 * Patches in all three forms, on a Deployment. `FORM PATCH`: the first byte chooses the form. A patched record is
 * sound: it can be written, and read again.
 */
#include "datastore/object/json.h"
#include "datastore/object/patch/patch.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const char fuzz_deployment[] =
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","
    "\"labels\":{\"app\":\"web\"},\"finalizers\":[\"a\",\"b\"]},\"spec\":{\"replicas\":2,"
    "\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"template\":{\"metadata\":{\"labels\":"
    "{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"ports\":"
    "[{\"containerPort\":80},{\"containerPort\":81}],\"env\":[{\"name\":\"x\",\"value\":\"1\"}]},"
    "{\"name\":\"b\",\"image\":\"j\"}],\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]}}}}";

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const enum patch_form forms[] = { PATCH_JSON, PATCH_MERGE, PATCH_STRATEGIC };
	const struct type *type = type_find(STR("apps"), STR("v1"), STR("Deployment"));
	struct arena *arena = arena_new(0);
	struct text text = text_new(16 * MIB);
	struct json_strict strict = { 0 };
	struct fault why;
	void *record;

	assert(json_decode(type, str_from(fuzz_deployment), arena, (struct json_options){ 0 },
			   &record, NULL) == OK);
	if (len > 0 && patch_apply(forms[at[0] % 3], type, record, str_of(at + 1, len - 1), arena,
				   &strict, &why) == OK) {
		json_encode(type, record, &text);
		assert(json_decode(type, text_str(&text), arena, (struct json_options){ 0 },
				   &record, NULL) == OK);
	}
	text_fini(&text);
	arena_free(arena);
	return 0;
}
