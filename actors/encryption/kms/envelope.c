#include "actors/encryption/kms/envelope.h"

#include "datastore/object/name.h"
#include "transport/tls/crypto.h"
#include "transport/wire/proto.h"

#define INFO_BYTES 32U
#define ANNOTATIONS_COUNT_MAX 1024U

enum { FIELD_DATA = 1, FIELD_KEY_ID, FIELD_CLOSED, FIELD_ANNOTATION, FIELD_TYPE };
enum { TYPE_KEY = 0, TYPE_SEED = 1 };

/* ---- rules ------------------------------------------------------------------------------------------------- */

enum status envelope_check_key_id(struct str key_id, struct fault *why)
{
	if (key_id.len == 0)
		return fault_set(why, CORRUPT, "", "keyID is empty");
	if (key_id.len > ENVELOPE_KEY_ID_MAX)
		return fault_set(why, CORRUPT, "",
				 "keyID is %u bytes, which exceeds the max size of %u", key_id.len,
				 ENVELOPE_KEY_ID_MAX);
	return OK;
}

/* The key of an entry of a map. */
static bool read_entry(struct str entry, struct str *out_name)
{
	struct proto in = proto_of(entry);
	enum proto_wire wire;
	uint32_t number;

	*out_name = STR("");
	while (proto_field(&in, &number, &wire))
		if (number == 1 && wire == PROTO_BYTES)
			*out_name = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	return !in.is_bad;
}

/* Two labels at least. */
static bool is_full_name(struct str name)
{
	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	return name_is(NAME_DNS_SUBDOMAIN, name) && str_find_char(name, '.') >= 0;
}

static enum status check_annotations(const struct envelope_lock *lock, struct fault *why)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < lock->annotation_count; i++) {
		struct str name;

		if (!read_entry(lock->annotations[i], &name))
			return fault_set(why, CORRUPT, "", "an annotation cannot be read");
		if (!is_full_name(name))
			return fault_set(
			    why, CORRUPT, "",
			    "annotations: should be a domain with at least two segments separated "
			    "by dots");
		bytes += lock->annotations[i].len;
	}
	if (bytes > ENVELOPE_ANNOTATIONS_MAX)
		return fault_set(
		    why, CORRUPT, "",
		    "total size of annotations is %u, which exceeds the max size of %u", bytes,
		    ENVELOPE_ANNOTATIONS_MAX);
	return OK;
}

enum status envelope_check(const struct envelope_lock *lock, struct fault *why)
{
	if (lock->closed.len == 0)
		return fault_set(why, CORRUPT, "", "encrypted DEK source is empty");
	if (lock->closed.len > ENVELOPE_CLOSED_MAX)
		return fault_set(
		    why, CORRUPT, "",
		    "encrypted DEK source is %u bytes, which exceeds the max size of %u",
		    lock->closed.len, ENVELOPE_CLOSED_MAX);
	TRY(envelope_check_key_id(lock->key_id, why));
	return check_annotations(lock, why);
}

/* ---- bytes ---------------------------------------------------------------------------------------------------- */

static uint32_t count_annotations(struct str bytes)
{
	struct proto in = proto_of(bytes);
	enum proto_wire wire;
	uint32_t number, count = 0;

	while (proto_field(&in, &number, &wire)) {
		count += number == FIELD_ANNOTATION;
		proto_skip(&in, number, wire);
	}
	return count;
}

static void read_field(struct proto *in, uint32_t number, enum proto_wire wire,
		       struct envelope *out, uint64_t *type)
{
	struct envelope_lock *lock = &out->lock;

	if (number == FIELD_DATA && wire == PROTO_BYTES)
		out->data = proto_bytes(in);
	else if (number == FIELD_KEY_ID && wire == PROTO_BYTES)
		lock->key_id = proto_bytes(in);
	else if (number == FIELD_CLOSED && wire == PROTO_BYTES)
		lock->closed = proto_bytes(in);
	else if (number == FIELD_ANNOTATION && wire == PROTO_BYTES)
		lock->annotations[lock->annotation_count++] = proto_bytes(in);
	else if (number == FIELD_TYPE && wire == PROTO_VARINT)
		*type = proto_varint(in);
	else
		proto_skip(in, number, wire);
}

enum status envelope_read(struct str bytes, struct arena *arena, struct envelope *out,
			  struct fault *why)
{
	struct proto in = proto_of(bytes);
	uint32_t number, count = count_annotations(bytes);
	struct envelope found = { .data = STR(""),
				  .lock = { .key_id = STR(""), .closed = STR("") } };
	uint64_t type = TYPE_KEY;
	enum proto_wire wire;

	if (count > ANNOTATIONS_COUNT_MAX)
		return fault_set(why, CORRUPT, "", "too many annotations");
	found.lock.annotations = arena_array(arena, struct str, count + 1);
	while (proto_field(&in, &number, &wire))
		read_field(&in, number, wire, &found, &type);
	if (in.is_bad)
		return fault_set(why, CORRUPT, "", "it is no EncryptedObject");
	if (type > TYPE_SEED)
		return fault_set(why, CORRUPT, "", "unknown encryptedDEKSourceType: %ju",
				 (uintmax_t)type);
	if (found.data.len == 0)
		return fault_set(why, CORRUPT, "", "encrypted data is empty");
	found.lock.is_seed = type == TYPE_SEED;
	TRY(envelope_check(&found.lock, why));
	*out = found;
	return OK;
}

struct str envelope_key_id(struct str bytes)
{
	struct proto in = proto_of(bytes);
	struct str found = STR_NONE;
	enum proto_wire wire;
	uint32_t number;

	while (proto_field(&in, &number, &wire))
		if (number == FIELD_KEY_ID && wire == PROTO_BYTES)
			found = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	return in.is_bad ? STR_NONE : found;
}

struct str envelope_write(struct str prefix, const struct envelope *envelope, struct arena *arena)
{
	const struct envelope_lock *lock = &envelope->lock;
	uint32_t expected = prefix.len + envelope->data.len + lock->closed.len + lock->key_id.len +
			    ENVELOPE_ANNOTATIONS_MAX + 4096;
	struct proto_out out = proto_out_for(envelope->data.len + 2048, expected);
	struct str bytes;

	if (lock->is_seed)
		proto_out_varint_field(&out, FIELD_TYPE, TYPE_SEED);
	for (uint32_t i = lock->annotation_count; i-- > 0;)
		proto_out_bytes_field(&out, FIELD_ANNOTATION, lock->annotations[i]);
	proto_out_bytes_field(&out, FIELD_CLOSED, lock->closed);
	proto_out_bytes_field(&out, FIELD_KEY_ID, lock->key_id);
	proto_out_bytes_field(&out, FIELD_DATA, envelope->data);
	proto_out_bytes(&out, prefix);
	assert(!out.is_cut);
	bytes = arena_str(arena, proto_out_str(&out));
	proto_out_fini(&out);
	return bytes;
}

static void add_str(struct crypto_sha256 *digest, struct str bytes)
{
	uint32_t len = bytes.len;

	crypto_sha256_add(digest, str_of(&len, sizeof len));
	crypto_sha256_add(digest, bytes);
}

void envelope_hash(const struct envelope_lock *lock, uint8_t out[ENVELOPE_HASH_BYTES])
{
	struct crypto_sha256 *digest = crypto_sha256_begin();

	add_str(digest, lock->is_seed ? STR("seed") : STR("key"));
	add_str(digest, lock->closed);
	add_str(digest, lock->key_id);
	for (uint32_t i = 0; i < lock->annotation_count; i++)
		add_str(digest, lock->annotations[i]);
	crypto_sha256_end(digest, out);
}

/* ---- closing and opening ---------------------------------------------------------------------------------------- */

/* One block of HKDF-Expand is all that a key wants. */
static void derive(struct str seed, const uint8_t info[INFO_BYTES], uint8_t out[CRYPTO_SHA256_BYTES])
{
	uint8_t block[INFO_BYTES + 1];

	memcpy(block, info, INFO_BYTES);
	block[INFO_BYTES] = 1;
	crypto_hmac_sha256(seed, str_of(block, sizeof block), out);
}

void envelope_close(const uint8_t seed[ENVELOPE_SEED_BYTES], struct str key, struct str plain,
		    void *out)
{
	uint8_t own[CRYPTO_SHA256_BYTES];

	crypto_random(out, INFO_BYTES);
	derive(str_of(seed, ENVELOPE_SEED_BYTES), out, own);
	crypto_seal(own, plain, key, (char *)out + INFO_BYTES);
	crypto_wipe(own, sizeof own);
}

static enum status open_by_seed(struct str data, struct str seed, struct str key, void *out,
				uint32_t *out_len)
{
	uint8_t own[CRYPTO_SHA256_BYTES];
	enum status status;

	if (data.len < ENVELOPE_EXTRA_BYTES || seed.len < ENVELOPE_SEED_BYTES)
		return CORRUPT;
	derive(seed, (const uint8_t *)data.at, own);
	status = crypto_open(own, str_slice(data, INFO_BYTES, data.len), key, out);
	crypto_wipe(own, sizeof own);
	if (status == OK)
		*out_len = data.len - ENVELOPE_EXTRA_BYTES;
	return status;
}

enum status envelope_open(const struct envelope *envelope, struct str source, struct str key,
			  void *out, uint32_t *out_len)
{
	if (envelope->lock.is_seed)
		return open_by_seed(envelope->data, source, key, out, out_len);
	if (source.len != 16 && source.len != 24 && source.len != 32)
		return CORRUPT;
	return crypto_decrypt(CRYPTO_AES_GCM, source, envelope->data, key, out, out_len);
}
