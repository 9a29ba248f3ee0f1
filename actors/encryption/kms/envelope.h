/*
 * An envelope: what was closed by a key that lies beside it, itself closed by a KMS plug-in. Upstream's EncryptedObject (KMS v2).
 *
 * Pure. The plug-in has closed a seed once; each value is closed by a key of its own that comes of the seed and of 32 random bytes
 * (HKDF-Expand with SHA-256, RFC 5869), by AES-256-GCM, with the key of the store proved. Older envelopes have the key of AES-GCM itself in
 * place of a seed: they are read. What the plug-in said beside (annotations) is kept as it came, each an entry of protobuf's map.
 */
#ifndef ACTORS_ENCRYPTION_KMS_ENVELOPE_H
#define ACTORS_ENCRYPTION_KMS_ENVELOPE_H

#include "runtime/base/base.h"

#define ENVELOPE_SEED_BYTES 32U
#define ENVELOPE_SOURCE_MAX 64U /* bytes of a seed or key as the plug-in gives it back */
#define ENVELOPE_HASH_BYTES 32U
/* Upstream's. */
#define ENVELOPE_KEY_ID_MAX 1024U
#define ENVELOPE_CLOSED_MAX 1024U
#define ENVELOPE_ANNOTATIONS_MAX (32U * 1024U)
#define ENVELOPE_EXTRA_BYTES 60U /* of a value that is closed: info, nonce, tag */

/* How it opens. The strings are borrowed. */
struct envelope_lock {
	struct str key_id;
	struct str closed;       /* the seed or key, by the plug-in */
	struct str *annotations; /* entries */
	uint32_t annotation_count;
	bool is_seed;
};

struct envelope {
	struct envelope_lock lock;
	struct str data;
};

/* CORRUPT, with words in `why`: it is none. */
MUST_USE enum status envelope_read(struct str bytes, struct arena *arena, struct envelope *out,
				   struct fault *why);
/* Behind `prefix`; in the arena. */
struct str envelope_write(struct str prefix, const struct envelope *envelope, struct arena *arena);
/* Upstream's rules for what a plug-in has said; CORRUPT with words. */
MUST_USE enum status envelope_check(const struct envelope_lock *lock, struct fault *why);
MUST_USE enum status envelope_check_key_id(struct str key_id, struct fault *why);
/* The same lock has the same one. */
void envelope_hash(const struct envelope_lock *lock, uint8_t out[ENVELOPE_HASH_BYTES]);
/* Only its key id, which nobody needs an arena for; absent: it has none that can be read. */
struct str envelope_key_id(struct str bytes);

/* plain.len + ENVELOPE_EXTRA_BYTES bytes. */
void envelope_close(const uint8_t seed[ENVELOPE_SEED_BYTES], struct str key, struct str plain,
		    void *out);
/* Into `out`, which has room for data.len bytes. CORRUPT: it does not open with this. */
MUST_USE enum status envelope_open(const struct envelope *envelope, struct str source,
				   struct str key, void *out, uint32_t *out_len);

#endif
