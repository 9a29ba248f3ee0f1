/*
 * Objects as protobuf, in their envelope. What is read is written so that it reads the same again.
 */
#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct text out = text_in(arena, 64 * MIB), again = text_in(arena, 64 * MIB);
	struct text json = text_in(arena, 64 * MIB);
	struct proto_envelope envelope;
	void *record, *back;

	if (proto_envelope_open(str_of(at, len), &envelope, NULL) != OK)
		goto out;
	const struct type *type = type_find_api(envelope.api_version, envelope.kind);
	if (type == NULL || !proto_has(type) ||
	    proto_decode(type, envelope.raw, arena, (struct proto_options){ 0 }, &record, NULL) !=
		OK)
		goto out;
	proto_encode(type, record, &out);
	enum status status = proto_decode(type, text_str(&out), arena,
					  (struct proto_options){ .borrow = true }, &back, NULL);
	/* Ours may be longer than what was read: values that were left out are written. */
	if (status == TOO_LARGE)
		goto out;
	assert(status == OK);
	proto_encode(type, back, &again);
	assert(str_eq(text_str(&out), text_str(&again)));
	assert(record_equal(type, record_clone(type, back, arena), back));
	json_encode(type, record, &json);
out:
	arena_free(arena);
	return 0;
}
