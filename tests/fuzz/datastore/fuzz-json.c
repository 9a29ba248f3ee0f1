/*
 * Objects as JSON. The first byte chooses the kind. What is read is written so that it reads the same again, and, where
 * the kind has a protobuf form, survives that too.
 */
#include "datastore/object/json.h"
#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "runtime/base/base.h"
#include "transport/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const struct {
	const char *api_version, *kind;
} kinds[] = {
	{ "v1", "Pod" },
	{ "apps/v1", "StatefulSet" },
	{ "apiextensions.k8s.io/v1", "CustomResourceDefinition" },
	{ "v1", "Secret" },
	{ "v1", "Service" },
	{ "coordination.k8s.io/v1", "Lease" },
	{ "authentication.k8s.io/v1", "TokenReview" },
	{ "policy/v1", "PodDisruptionBudget" },
	{ "v1", "List" },
	{ "meta.k8s.io/v1", "Table" },
};

static struct str encode(const struct type *type, const void *record, struct arena *arena)
{
	struct text out = text_in(arena, 64 * MIB);

	json_encode(type, record, &out);
	assert(!out.is_cut && json_is_valid(text_str(&out)));
	return text_str(&out);
}

static void check_proto(const struct type *type, const void *record, struct arena *arena)
{
	struct text out = text_in(arena, 64 * MIB), out_again = text_in(arena, 64 * MIB);
	void *back;

	proto_encode(type, record, &out);
	enum status status = proto_decode(type, text_str(&out), arena,
					  (struct proto_options){ .borrow = true }, &back, NULL);
	assert(status == OK || status == TOO_LARGE);
	if (status != OK)
		return;
	proto_encode(type, back, &out_again);
	assert(str_eq(text_str(&out), text_str(&out_again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct json_strict strict = { 0 };
	void *record, *back;

	if (len == 0)
		goto out;
	uint32_t chosen = at[0] % (sizeof kinds / sizeof *kinds);
	const struct type *type =
	    type_find_api(str_from(kinds[chosen].api_version), str_from(kinds[chosen].kind));
	struct str input = str_of(at + 1, len - 1);
	assert(type != NULL);
	if (json_decode(type, input, arena, (struct json_options){ .strict = &strict }, &record,
			NULL) != OK)
		goto out;
	assert(json_is_valid(input));
	struct str first = encode(type, record, arena);
	assert(json_decode(type, first, arena, (struct json_options){ .borrow = true }, &back,
			   NULL) == OK);
	assert(str_eq(first, encode(type, back, arena)));
	assert(record_equal(type, record_clone(type, back, arena), back));
	if (proto_has(type))
		check_proto(type, record, arena);
	record_default(type, record, arena, (struct wall){ 0 });
	first = encode(type, record, arena);
	record_default(type, record, arena, (struct wall){ 0 });
	assert(str_eq(first, encode(type, record, arena)));
	record_prune(type, record);
	(void)encode(type, record, arena);
out:
	arena_free(arena);
	return 0;
}
