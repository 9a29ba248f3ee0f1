/*
 * Answers of conversion webhooks about one object. One that is taken has an object that keeps its name and uid; one that is not is refused with words, and
 * leaves nothing behind.
 */
#include "actors/server/outside/conversion-review.h"
#include "datastore/object/json.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/custom.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const char definition[] = "{\"group\":\"x.io\",\"scope\":\"Namespaced\",\"names\":{"
				 "\"plural\":\"things\",\"kind\":\"Thing\"},"
				 "\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,"
				 "\"schema\":{\"openAPIV3Schema\":{"
				 "\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}"
				 "}}},{\"name\":\"v2\",\"served\":true,"
				 "\"storage\":false,\"schema\":{\"openAPIV3Schema\":{\"type\":"
				 "\"object\",\"properties\":{\"b\":{\"type\":"
				 "\"integer\"}}}}}]}";
static const char thing[] =
    "{\"apiVersion\":\"x.io/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\","
    "\"namespace\":\"n\",\"uid\":\"1\"},\"a\":1}";

/* Made once: a definition costs more than an answer. */
static struct custom_types v1, v2;
static const struct object *object;

static void make(void)
{
	struct arena *arena = arena_new(0);
	struct object *made;
	void *spec;

	assert(json_decode(&apiextensions_custom_resource_definition_spec_type, str_from(definition),
			   arena, (struct json_options){ 0 }, &spec, NULL) == OK);
	assert(custom_types_of(spec, STR("v1"), &v1, NULL) == OK);
	assert(custom_types_of(spec, STR("v2"), &v2, NULL) == OK);
	assert(object_decode(v1.object, FORMAT_JSON, str_from(thing), &made, NULL) == OK);
	object_freeze(made, 7);
	object = made;
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena;
	const struct object *out = NULL;
	struct str words = STR_NONE;

	if (len == 0)
		return 0;
	if (object == NULL)
		make();
	arena = arena_new(0);
	if (conversion_review_read(str_of(at + 1, len - 1), at[0] & 1 ? STR("v1") : STR("v1beta1"),
				   STR("u-1"), v2.object, &object, 1, &out, &words, arena) == OK) {
		const struct meta_object_meta *meta = record_meta(out->type, out->record);

		assert(str_is(meta->name, "a") && str_is(meta->uid, "1"));
		object_unref(out);
	} else {
		assert(words.len > 0);
	}
	arena_free(arena);
	return 0;
}
