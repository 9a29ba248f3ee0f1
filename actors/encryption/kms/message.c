#include "actors/encryption/kms/message.h"

#include "transport/http/grpc.h"
#include "transport/wire/proto.h"

#define ENTRIES_MAX 1024U

/* ---- questions ---------------------------------------------------------------------------------------------- */

static struct str framed(struct proto_out *out, struct arena *arena)
{
	uint8_t prefix[GRPC_PREFIX_BYTES];
	struct str bytes;

	assert(!out->is_cut);
	grpc_prefix(prefix, proto_out_len(out));
	proto_out_bytes(out, str_of(prefix, sizeof prefix));
	bytes = arena_str(arena, proto_out_str(out));
	proto_out_fini(out);
	return bytes;
}

struct str message_ask_status(struct arena *arena)
{
	struct proto_out out = proto_out_new(MESSAGE_BYTES_MAX);

	return framed(&out, arena);
}

struct str message_ask_encrypt(struct str plain, struct str uid, struct arena *arena)
{
	struct proto_out out = proto_out_new(MESSAGE_BYTES_MAX);

	proto_out_bytes_field(&out, 2, uid);
	proto_out_bytes_field(&out, 1, plain);
	return framed(&out, arena);
}

struct str message_ask_decrypt(const struct envelope_lock *lock, struct str uid, struct arena *arena)
{
	struct proto_out out = proto_out_new(MESSAGE_BYTES_MAX);

	for (uint32_t i = lock->annotation_count; i-- > 0;)
		proto_out_bytes_field(&out, 4, lock->annotations[i]);
	proto_out_bytes_field(&out, 3, lock->key_id);
	proto_out_bytes_field(&out, 2, uid);
	proto_out_bytes_field(&out, 1, lock->closed);
	return framed(&out, arena);
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

enum status message_read_status(struct str bytes, struct message_status *out)
{
	struct message_status found = { STR(""), STR(""), STR("") };
	struct proto in = proto_of(bytes);
	enum proto_wire wire;
	uint32_t number;

	while (proto_field(&in, &number, &wire)) {
		if (wire == PROTO_BYTES && number == 1)
			found.version = proto_bytes(&in);
		else if (wire == PROTO_BYTES && number == 2)
			found.healthz = proto_bytes(&in);
		else if (wire == PROTO_BYTES && number == 3)
			found.key_id = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	}
	if (in.is_bad)
		return CORRUPT;
	*out = found;
	return OK;
}

enum status message_read_encrypt(struct str bytes, struct arena *arena, struct envelope_lock *out)
{
	struct envelope_lock found = { .key_id = STR(""), .closed = STR(""), .is_seed = true };
	struct proto in = proto_of(bytes);
	enum proto_wire wire;
	uint32_t number;

	found.annotations = arena_array(arena, struct str, ENTRIES_MAX);
	while (proto_field(&in, &number, &wire)) {
		if (wire == PROTO_BYTES && number == 1)
			found.closed = proto_bytes(&in);
		else if (wire == PROTO_BYTES && number == 2)
			found.key_id = proto_bytes(&in);
		else if (wire == PROTO_BYTES && number == 3 && found.annotation_count < ENTRIES_MAX)
			found.annotations[found.annotation_count++] = proto_bytes(&in);
		else if (number == 3)
			return CORRUPT;
		else
			proto_skip(&in, number, wire);
	}
	if (in.is_bad)
		return CORRUPT;
	*out = found;
	return OK;
}

enum status message_read_decrypt(struct str bytes, struct str *out)
{
	struct str found = STR("");
	struct proto in = proto_of(bytes);
	enum proto_wire wire;
	uint32_t number;

	while (proto_field(&in, &number, &wire))
		if (wire == PROTO_BYTES && number == 1)
			found = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	if (in.is_bad)
		return CORRUPT;
	*out = found;
	return OK;
}
