/*
 * Encryption at rest: values of chosen resources, closed before they go to the store and opened when they come back.
 *
 * A set has rules in order; the first that names a resource counts, and its first provider closes. All of its providers open, so keys can be
 * changed: a new one is added last, then made the first, and when everything has been written again the old one goes. A set is constant;
 * `struct encryption` says which one counts now, and is changed only on the loop of those who ask. Where a KMS plug-in has the key, what is known
 * of it is in kms/kms.h, and kms/asker.h asks it.
 *
 * The key of the store is part of what AES-GCM proves: a value under another key does not open.
 */
#ifndef ACTORS_ENCRYPTION_ENCRYPTION_H
#define ACTORS_ENCRYPTION_ENCRYPTION_H

#include "actors/encryption/kms/kms.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"
#include "runtime/base/time/time.h"

enum encryption_kind {
	ENCRYPTION_IDENTITY,
	ENCRYPTION_AESGCM,
	ENCRYPTION_AESCBC,
	ENCRYPTION_SECRETBOX,
	ENCRYPTION_KMS,
};

#define ENCRYPTION_KEY_MAX 32U

struct encryption_provider {
	enum encryption_kind kind;
	struct str prefix; /* k8s:enc:aescbc:v1:key1: ; "" of identity */
	uint8_t key[ENCRYPTION_KEY_MAX];
	uint32_t key_len;     /* 16, 24 or 32; of a secretbox 32 */
	struct kms_spec spec; /* of KMS */
	struct kms *kms;      /* which is used while the set counts */
};

struct encryption_rule {
	struct str_list resources; /* secrets, deployments.apps, *.apps, *., *.* */
	const struct encryption_provider *providers; /* one for each key */
	uint32_t provider_count;
};

struct encryption_set {
	const struct encryption_rule *rules;
	uint32_t rule_count;
};

struct encryption {
	const struct encryption_set *set; /* NULL: nothing is encrypted */
	struct arena *arena; /* the set lies there and goes with it; NULL: it is somebody else's */
	uint64_t generation; /* another one each time that what did not open may open now */
};

#define ENCRYPTION_PREFIX STR("k8s:enc:")
#define ENCRYPTION_EXTRA_BYTES 512U /* what closing adds at most */

/* NULL: the resource lies there as it is. */
const struct encryption_rule *encryption_find(const struct encryption *encryption, struct str group,
					      struct str resource);
/* The bytes for the store; the arena's, or `plain` itself. `rule` may be NULL. UNAVAILABLE with words: a KMS plug-in has no key for it now. */
MUST_USE enum status encryption_close(const struct encryption_rule *rule, struct str key,
				      struct str plain, struct arena *arena, struct str *out,
				      struct fault *why);
/*
 * CORRUPT with words: no provider of the rule fits (then why->field is ENCRYPTION_FIELD_PREFIX), or the bytes are not what was closed. UNAVAILABLE: a KMS
 * plug-in has to be asked first, as kms_open. `rule` may be NULL.
 */
#define ENCRYPTION_FIELD_PREFIX "prefix"
MUST_USE enum status encryption_open(const struct encryption_rule *rule, struct str key,
				     struct str bytes, struct mono now, struct arena *arena,
				     struct str *out, struct fault *why);
/* Whether opening it is worth waiting for a KMS plug-in that is being asked. */
bool encryption_is_awaited(const struct encryption_rule *rule, struct str bytes, struct mono now);
/* Why a KMS plug-in's seed is not known; constant. NULL: it is no such value. */
const char *encryption_seed_words(const struct encryption_rule *rule, struct str bytes);
/* What the value was closed by; absent: it lies there as it is. Borrowed from the bytes. */
struct str encryption_prefix(struct str bytes);
/* The same as a number, of KMS with the id of its key; 0: it lies there as it is. */
uint64_t encryption_mark(struct str bytes);
/* Of what closes now. */
uint64_t encryption_current_mark(const struct encryption_rule *rule);

#endif
