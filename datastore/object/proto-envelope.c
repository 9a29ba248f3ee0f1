#include "datastore/object/proto-envelope.h"

#include "datastore/object/proto.h"
#include "runtime/base/limits.h"
#include "transport/wire/proto.h"

#define HEAD_MAX 256U /* of most objects: apiVersion and kind */

/* Message runtime.Unknown: 1 TypeMeta { 1 apiVersion, 2 kind }, 2 raw, 3 contentEncoding, 4 contentType. */
static const char MAGIC[4] = { 'k', '8', 's', '\0' };

bool proto_envelope_is(struct str bytes)
{
	return bytes.len >= sizeof MAGIC && memcmp(bytes.at, MAGIC, sizeof MAGIC) == 0;
}

/* Two or four fields of bytes, by number from 1 on; a number without a place is passed over. */
static bool read_fields(struct str bytes, struct str *const *places, uint32_t count)
{
	struct proto in = proto_of(bytes);
	uint32_t number;
	enum proto_wire wire;

	while (proto_field(&in, &number, &wire)) {
		if (number <= count && wire == PROTO_BYTES)
			*places[number - 1] = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	}
	return !in.is_bad;
}

enum status proto_envelope_open(struct str bytes, struct proto_envelope *out, struct fault *why)
{
	struct proto_envelope envelope = { 0 };
	struct str meta = STR("");
	struct str *const places[] = { &meta, &envelope.raw, &envelope.content_encoding,
				       &envelope.content_type };
	struct str *const meta_places[] = { &envelope.api_version, &envelope.kind };

	if (!proto_envelope_is(bytes))
		return fault_set(why, BAD_REQUEST, "",
				 "provided data does not appear to be a protobuf message, "
				 "expected prefix [107 56 115 0]");
	envelope.raw = STR("");
	if (!read_fields(str_slice(bytes, sizeof MAGIC, bytes.len), places, 4) ||
	    !read_fields(meta, meta_places, 2))
		return fault_set(why, BAD_REQUEST, "", "the envelope is damaged");
	*out = envelope;
	return OK;
}

/* What stands in front of the object's bytes: the envelope is written forwards but for that. */
static void write_meta(struct proto_out *out, struct str api_version, struct str kind)
{
	uint32_t before = proto_out_len(out);

	proto_out_bytes_field(out, 2, kind);
	proto_out_bytes_field(out, 1, api_version);
	proto_out_close(out, 1, before);
}

void proto_envelope_begin(struct str api_version, struct str kind, uint32_t raw_bytes,
			  struct text *out)
{
	struct proto_out bytes = proto_out_new(out->max - out->len);

	proto_out_varint(&bytes, raw_bytes);
	proto_out_tag(&bytes, 2, PROTO_BYTES);
	write_meta(&bytes, api_version, kind);
	proto_out_bytes(&bytes, str_of(MAGIC, sizeof MAGIC));
	out->is_cut |= bytes.is_cut;
	text_add(out, proto_out_str(&bytes));
	proto_out_fini(&bytes);
}

void proto_envelope_encode(const struct type *type, const void *record, struct text *out)
{
	struct arena *arena = arena_new(0);
	struct text raw = text_in(arena, out->max - out->len);

	proto_encode(type, record, &raw);
	out->is_cut |= raw.is_cut;
	text_reserve(out, raw.len + HEAD_MAX);
	proto_envelope_begin(type_api_version(type, arena), type_kind(type), raw.len, out);
	text_add(out, text_str(&raw));
	text_add(out, PROTO_ENVELOPE_END);
	arena_free(arena);
}
