/*
 * Records of any kind from JSON and from protobuf. The first two bytes choose the type and the form. What was read is
 * written and read again in both forms, and says the same.
 */
#include "datastore/object/json.h"
#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define FUZZ_TEXT_MAX (16U * MIB)

static void fuzz_json(const struct type *type, const void *record, struct arena *arena)
{
	struct text once = text_new(FUZZ_TEXT_MAX), twice = text_new(FUZZ_TEXT_MAX);
	void *again;

	/* Bytes that are no text become U+FFFD when they are written, so the first text may differ from the next. */
	json_encode(type, record, &once);
	assert(json_decode(type, text_str(&once), arena, (struct json_options){ 0 }, &again,
			   NULL) == OK);
	text_clear(&once);
	json_encode(type, again, &once);
	assert(json_decode(type, text_str(&once), arena, (struct json_options){ 0 }, &again,
			   NULL) == OK);
	json_encode(type, again, &twice);
	assert(str_eq(text_str(&once), text_str(&twice)));
	text_fini(&once);
	text_fini(&twice);
}

static void fuzz_proto(const struct type *type, const void *record, struct arena *arena)
{
	struct text once = text_new(FUZZ_TEXT_MAX), twice = text_new(FUZZ_TEXT_MAX);
	void *again;

	proto_encode(type, record, &once);
	assert(proto_decode(type, text_str(&once), arena, (struct proto_options){ 0 }, &again,
			    NULL) == OK);
	proto_encode(type, again, &twice);
	assert(str_eq(text_str(&once), text_str(&twice)));
	text_fini(&once);
	text_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	uint32_t count;
	const struct type *types = type_all(&count);
	struct arena *arena = arena_new(0);
	const struct type *type;
	struct fault why;
	struct str input;
	void *record;
	enum status status;

	if (len < 3) {
		arena_free(arena);
		return 0;
	}
	type = &types[(at[0] | (uint32_t)(at[1] & 0x7f) << 8) % count];
	input = str_of(at + 2, len - 2);
	if ((at[1] & 0x80) == 0)
		status = json_decode(type, input, arena, (struct json_options){ 0 }, &record, &why);
	else if (proto_has(type))
		status =
		    proto_decode(type, input, arena, (struct proto_options){ 0 }, &record, &why);
	else
		status = INVALID;
	if (status == OK) {
		fuzz_json(type, record, arena);
		if (proto_has(type))
			fuzz_proto(type, record, arena);
	}
	arena_free(arena);
	return 0;
}
