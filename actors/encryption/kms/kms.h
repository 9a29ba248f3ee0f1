/*
 * What is known of one KMS plug-in: the seed that closes now, and those that it has opened.
 *
 * Used on one loop: by those who close and open values, which never wait, and by the asker (asker.h), which asks the plug-in. A value whose seed
 * is not known does not open now (UNAVAILABLE); the seed is then wanted, and the asker asks for it. A seed closes any number of
 * values without a question, for as long as the plug-in has said in the last KMS_CLOSES_MS that its key is still the same.
 *
 * Bounds: KMS_SEEDS seeds (the one that was not used for the longest time goes, and is asked for again when it is met), KMS_WANTED of them wanted.
 */
#ifndef ACTORS_ENCRYPTION_KMS_KMS_H
#define ACTORS_ENCRYPTION_KMS_KMS_H

#include "actors/encryption/kms/envelope.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/time/time.h"
#include "runtime/trace/metrics.h"

#define KMS_PREFIX STR("k8s:enc:kms:v2:")
#define KMS_SEEDS 4096U
#define KMS_WANTED 512U
#define KMS_CLOSES_MS 180000U /* upstream's */
#define KMS_WAIT_MS 5000U     /* nobody waits longer for one seed */

enum kms_seed_state { KMS_SEED_WANTED, KMS_SEED_ASKED, KMS_SEED_KNOWN, KMS_SEED_FAILED };

struct kms_seed {
	struct list link; /* in kms->seeds, the one that was used last at the end */
	enum kms_seed_state state;
	uint8_t hash[ENVELOPE_HASH_BYTES];
	uint8_t source[ENVELOPE_SOURCE_MAX];
	uint32_t source_len;
	struct arena *arena; /* until it is known: the lock lies there */
	struct envelope_lock lock;
	struct mono until; /* who met it first waits until then */
	const char *words; /* why it failed; constant */
};

/* What closes. */
struct kms_closer {
	struct arena *arena; /* NULL: there is none yet */
	uint8_t seed[ENVELOPE_SEED_BYTES];
	struct envelope_lock lock;
	bool is_expired;
	struct metrics_counter *count; /* of values; NULL: not counted */
};

struct kms {
	struct list link; /* in the book */
	uint32_t sets;    /* of rules that name it */
	uint32_t refs;
	struct str name, endpoint, prefix; /* "k8s:enc:kms:v2:NAME:" */
	uint32_t timeout_ms;
	struct kms_closer closer;
	struct map by_hash;
	struct list seeds;
	uint32_t seed_count, wanted_count; /* wanted: not known */
	bool is_well; /* it has answered the last question about its state, as it should */
	bool is_away; /* it did not answer the last question of any kind: nobody waits for it */
	bool is_looked_at; /* somebody has asked how it is */
	bool is_refusing;  /* more are wanted than may be */
	uint64_t late;     /* seeds that came when nobody waited any more, or not all could */
};

/* All plug-ins that are in use. */
struct kms_book {
	struct list all;
};

struct kms_spec {
	struct str name, endpoint; /* of a socket's file */
	uint32_t timeout_ms;
};

void kms_book_init(struct kms_book *book);
/* The one that is so described; made when there is none. Each kms_use is ended by kms_leave. */
struct kms *kms_use(struct kms_book *book, const struct kms_spec *spec);
void kms_leave(struct kms *kms);
struct kms *kms_ref(struct kms *kms);
void kms_unref(struct kms *kms);
/* All can close and open; the asker looks soon how they are. */
bool kms_book_is_well(struct kms_book *book);

/* Behind its prefix; the arena's. UNAVAILABLE with upstream's words: nothing closes now. */
MUST_USE enum status kms_close(struct kms *kms, struct str key, struct str plain,
			       struct arena *arena, struct str *out, struct fault *why);
/* UNAVAILABLE: its seed is not known (why->field is KMS_FIELD_SEED, why->text constant words); CORRUPT with words. */
#define KMS_FIELD_SEED "seed"
MUST_USE enum status kms_open(struct kms *kms, struct str key, struct str body, struct mono now,
			      struct arena *arena, struct str *out, struct fault *why);
/* Whether to open it is worth waiting for the asker. */
bool kms_is_awaited(struct kms *kms, struct str body, struct mono now);
const char *kms_seed_words(const struct kms *kms, struct str body);

/* ---- for the asker ---- */

struct kms_seed *kms_next_wanted(struct kms *kms);
bool kms_has_wanted(const struct kms *kms);
bool kms_is_asking(const struct kms *kms); /* seeds are wanted or asked for */
void kms_seed_known(struct kms *kms, struct kms_seed *seed, struct str source, struct mono now);
void kms_seed_failed(struct kms *kms, struct kms_seed *seed, const char *words);
void kms_try_failed(struct kms *kms); /* what failed is wanted again */
void kms_try_asked(struct kms *kms);  /* nobody asks any more */
/* The lock is copied; the seed becomes one of those that are known. */
void kms_set_closer(struct kms *kms, const uint8_t seed[ENVELOPE_SEED_BYTES],
		    const struct envelope_lock *lock, struct mono now);

#endif
