/*
 * What lies in a store as closed by a KMS plug-in, and what such a plug-in answers. The first byte says which. An envelope that is read is
 * written to one that is read alike.
 */
#include "actors/encryption/kms/message.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void check_envelope(struct str bytes, struct arena *arena)
{
	struct envelope envelope, again;
	uint8_t a[ENVELOPE_HASH_BYTES], b[ENVELOPE_HASH_BYTES], seed[ENVELOPE_SEED_BYTES] = { 0 };
	struct str written;
	uint32_t out_len;
	char *out;

	(void)envelope_key_id(bytes);
	if (envelope_read(bytes, arena, &envelope, NULL) != OK)
		return;
	written = envelope_write(STR(""), &envelope, arena);
	assert(envelope_read(written, arena, &again, NULL) == OK);
	assert(str_eq(again.data, envelope.data) && again.lock.is_seed == envelope.lock.is_seed);
	assert(str_eq(envelope_key_id(written), envelope.lock.key_id));
	envelope_hash(&envelope.lock, a);
	envelope_hash(&again.lock, b);
	assert(memcmp(a, b, sizeof a) == 0);
	out = arena_alloc(arena, envelope.data.len);
	assert(envelope_open(&envelope, str_of(seed, sizeof seed), STR("/registry/a"), out,
			     &out_len) != OK ||
	       out_len <= envelope.data.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct message_status status;
	struct envelope_lock lock;
	struct str bytes, plain;

	if (len > 0) {
		bytes = str_of(at + 1, (uint32_t)len - 1);
		switch (at[0] & 3) {
		case 0: check_envelope(bytes, arena); break;
		case 1:
			assert(message_read_status(bytes, &status) != OK ||
			       status.key_id.len <= bytes.len);
			break;
		case 2:
			if (message_read_encrypt(bytes, arena, &lock) == OK &&
			    envelope_check(&lock, NULL) == OK)
				(void)message_ask_decrypt(&lock, STR("uid"), arena);
			break;
		default:
			assert(message_read_decrypt(bytes, &plain) != OK || plain.len <= bytes.len);
		}
	}
	arena_free(arena);
	return 0;
}
