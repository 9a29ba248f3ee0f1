#include "datastore/object/object.h"
#include "datastore/object/proto.h"
#include "transport/wire/proto.h"

/*
 * Messages without the fields that say who owns which field, for readers that never look: most of the bytes of many objects.
 */

#define PREFIX_MAX 10U /* tag and length */

/* Of ObjectMeta. */
#define MANAGED_FIELDS_TAG 17U

/* A message that is being written forwards into room that is enough. */
struct copy {
	char *at;
};

static void put(struct copy *out, const void *at, size_t len)
{
	memcpy(out->at, at, len);
	out->at += len;
}

static void put_prefix(struct copy *out, uint32_t tag, uint64_t len)
{
	for (uint64_t value = tag << 3 | PROTO_BYTES;; value >>= 7) {
		*out->at++ = (char)(value < 0x80 ? value : value | 0x80);
		if (value < 0x80)
			break;
	}
	for (; len >= 0x80; len >>= 7)
		*out->at++ = (char)(len | 0x80);
	*out->at++ = (char)len;
}

/* The metadata's fields but for the one; its length is known only then. */
static uint64_t put_metadata(struct copy *out, struct str bytes)
{
	struct proto in = proto_of(bytes);
	const uint8_t *begin = in.at;
	char *first = out->at;
	uint32_t number;
	enum proto_wire wire;

	for (; proto_field(&in, &number, &wire); begin = in.at) {
		proto_skip(&in, number, wire);
		if (!in.is_bad && number != MANAGED_FIELDS_TAG)
			put(out, begin, (size_t)(in.at - begin));
	}
	return (uint64_t)(out->at - first);
}

static bool copy_lean(struct copy *out, struct str bytes, uint32_t metadata, struct arena *arena)
{
	struct proto in = proto_of(bytes);
	const uint8_t *begin = in.at;
	uint32_t number;
	enum proto_wire wire;

	for (; proto_field(&in, &number, &wire); begin = in.at) {
		if (number != metadata || wire != PROTO_BYTES) {
			proto_skip(&in, number, wire);
			if (!in.is_bad)
				put(out, begin, (size_t)(in.at - begin));
			continue;
		}
		struct str meta = proto_bytes(&in);
		struct copy lean = { arena_alloc(arena, meta.len + 1U) };
		char *at = lean.at;
		uint64_t len = put_metadata(&lean, meta);

		put_prefix(out, number, len);
		put(out, at, len);
	}
	return !in.is_bad;
}

struct str proto_without_owners(const struct type *type, struct str bytes, struct arena *arena)
{
	const struct field *metadata = type_field(type, STR("metadata"));
	struct arena *scratch = arena_new(0);
	struct copy out = { arena_alloc(scratch, bytes.len + PREFIX_MAX) };
	char *at = out.at;
	struct str from = bytes;

	if (metadata != NULL && str_is(type_name(field_type(metadata)), "ObjectMeta") &&
	    copy_lean(&out, bytes, metadata->tag, scratch))
		from = str_of(at, (size_t)(out.at - at));
	from = str_of(arena_copy(arena, from.at, from.len), from.len);
	arena_free(scratch);
	return from;
}
