#include "actors/encryption/kms/kms.h"

#include "transport/tls/crypto.h"

/* ---- the book ----------------------------------------------------------------------------------------------- */

void kms_book_init(struct kms_book *book)
{
	list_init(&book->all);
}

static struct str copied(struct str text)
{
	char *at = mem_alloc(text.len + 1U);

	memcpy(at, text.at, text.len);
	at[text.len] = '\0';
	return str_of(at, text.len);
}

static struct kms *make(struct kms_book *book, const struct kms_spec *spec)
{
	struct kms *kms = mem_alloc(sizeof *kms);
	struct arena *arena = arena_new(0);

	*kms = (struct kms){ .timeout_ms = spec->timeout_ms, .refs = 1 };
	kms->name = copied(spec->name);
	kms->endpoint = copied(spec->endpoint);
	kms->prefix = copied(
	    arena_printf(arena, STR_FMT STR_FMT ":", STR_ARG(KMS_PREFIX), STR_ARG(spec->name)));
	arena_free(arena);
	list_init(&kms->seeds);
	list_push(&book->all, &kms->link);
	return kms;
}

struct kms *kms_use(struct kms_book *book, const struct kms_spec *spec)
{
	struct kms *kms = NULL;

	list_each (&book->all, link) {
		struct kms *one = list_item(link, struct kms, link);

		if (str_eq(one->name, spec->name) && str_eq(one->endpoint, spec->endpoint) &&
		    one->timeout_ms == spec->timeout_ms)
			kms = one;
	}
	if (kms == NULL)
		kms = make(book, spec);
	kms->sets++;
	return kms;
}

void kms_leave(struct kms *kms)
{
	assert(kms->sets > 0);
	if (--kms->sets > 0)
		return;
	list_remove(&kms->link);
	kms_unref(kms);
}

struct kms *kms_ref(struct kms *kms)
{
	kms->refs++;
	return kms;
}

static void drop(struct kms *kms, struct kms_seed *seed)
{
	map_remove(&kms->by_hash, str_of(seed->hash, sizeof seed->hash));
	list_remove(&seed->link);
	kms->seed_count--;
	if (seed->state != KMS_SEED_KNOWN)
		kms->wanted_count--;
	crypto_wipe(seed->source, sizeof seed->source);
	arena_free(seed->arena);
	mem_free(seed);
}

static void drop_closer(struct kms *kms)
{
	crypto_wipe(kms->closer.seed, sizeof kms->closer.seed);
	arena_free(kms->closer.arena);
	kms->closer = (struct kms_closer){ .arena = NULL };
}

void kms_unref(struct kms *kms)
{
	if (--kms->refs > 0)
		return;
	while (!list_is_empty(&kms->seeds))
		drop(kms, list_item(kms->seeds.next, struct kms_seed, link));
	map_fini(&kms->by_hash);
	drop_closer(kms);
	mem_free((void *)(uintptr_t)kms->name.at);
	mem_free((void *)(uintptr_t)kms->endpoint.at);
	mem_free((void *)(uintptr_t)kms->prefix.at);
	mem_free(kms);
}

bool kms_book_is_well(struct kms_book *book)
{
	bool is_well = true;

	list_each (&book->all, link) {
		struct kms *kms = list_item(link, struct kms, link);

		kms->is_looked_at = true;
		is_well &= kms->is_well;
	}
	return is_well;
}

/* ---- seeds ---------------------------------------------------------------------------------------------------- */

static struct envelope_lock copied_lock(const struct envelope_lock *lock, struct arena *arena)
{
	struct envelope_lock copy = *lock;

	copy.key_id = arena_str(arena, lock->key_id);
	copy.closed = arena_str(arena, lock->closed);
	copy.annotations = arena_array(arena, struct str, lock->annotation_count + 1);
	for (uint32_t i = 0; i < lock->annotation_count; i++)
		copy.annotations[i] = arena_str(arena, lock->annotations[i]);
	return copy;
}

static struct kms_seed *find(const struct kms *kms, const struct envelope_lock *lock)
{
	uint8_t hash[ENVELOPE_HASH_BYTES];

	envelope_hash(lock, hash);
	return map_get(&kms->by_hash, str_of(hash, sizeof hash));
}

/* One that is asked for stays: its answer comes. */
static void make_room(struct kms *kms)
{
	if (kms->seed_count < KMS_SEEDS)
		return;
	list_each (&kms->seeds, link) {
		struct kms_seed *seed = list_item(link, struct kms_seed, link);

		if (seed->state != KMS_SEED_ASKED) {
			drop(kms, seed);
			return;
		}
	}
}

static struct kms_seed *add(struct kms *kms, const struct envelope_lock *lock, struct mono now)
{
	struct kms_seed *seed = mem_alloc(sizeof *seed);

	make_room(kms);
	*seed = (struct kms_seed){ .state = KMS_SEED_WANTED, .arena = arena_new(0) };
	envelope_hash(lock, seed->hash);
	seed->lock = copied_lock(lock, seed->arena);
	/* While the plug-in is away nobody waits at all. */
	seed->until.ns = now.ns + (kms->is_away ? 0 : KMS_WAIT_MS * (int64_t)TIME_MS);
	list_push(&kms->seeds, &seed->link);
	(void)map_put(&kms->by_hash, str_of(seed->hash, sizeof seed->hash), seed);
	kms->seed_count++;
	kms->wanted_count++;
	return seed;
}

/* NULL: too many are wanted already. */
static struct kms_seed *seed_of(struct kms *kms, const struct envelope_lock *lock, struct mono now)
{
	struct kms_seed *seed = find(kms, lock);

	if (seed == NULL) {
		kms->is_refusing |= kms->wanted_count >= KMS_WANTED;
		return kms->wanted_count < KMS_WANTED ? add(kms, lock, now) : NULL;
	}
	list_remove(&seed->link);
	list_push(&kms->seeds, &seed->link);
	return seed;
}

struct kms_seed *kms_next_wanted(struct kms *kms)
{
	list_each (&kms->seeds, link) {
		struct kms_seed *seed = list_item(link, struct kms_seed, link);

		if (seed->state == KMS_SEED_WANTED) {
			seed->state = KMS_SEED_ASKED;
			return seed;
		}
	}
	return NULL;
}

static bool has(const struct kms *kms, enum kms_seed_state state)
{
	const struct list *at = kms->seeds.next;

	for (; kms->wanted_count > 0 && at != &kms->seeds; at = at->next)
		if (list_item(at, struct kms_seed, link)->state == state)
			return true;
	return false;
}

bool kms_has_wanted(const struct kms *kms)
{
	return has(kms, KMS_SEED_WANTED);
}

bool kms_is_asking(const struct kms *kms)
{
	return has(kms, KMS_SEED_WANTED) || has(kms, KMS_SEED_ASKED);
}

void kms_seed_known(struct kms *kms, struct kms_seed *seed, struct str source, struct mono now)
{
	assert(source.len <= sizeof seed->source);
	if (seed->state != KMS_SEED_KNOWN)
		kms->wanted_count--;
	if (now.ns >= seed->until.ns || kms->is_refusing)
		kms->late++;
	kms->is_refusing &= kms->wanted_count > 0;
	seed->state = KMS_SEED_KNOWN;
	memcpy(seed->source, source.at, source.len);
	seed->source_len = source.len;
	arena_free(seed->arena);
	seed->arena = NULL;
	seed->lock = (struct envelope_lock){ .is_seed = false };
}

void kms_seed_failed(struct kms *kms, struct kms_seed *seed, const char *words)
{
	(void)kms;
	seed->state = KMS_SEED_FAILED;
	seed->words = words;
	seed->until.ns = 0; /* nobody waits for what has failed once */
}

static void want_again(struct kms *kms, enum kms_seed_state of)
{
	list_each (&kms->seeds, link) {
		struct kms_seed *seed = list_item(link, struct kms_seed, link);

		if (seed->state == of)
			seed->state = KMS_SEED_WANTED;
	}
}

void kms_try_failed(struct kms *kms)
{
	want_again(kms, KMS_SEED_FAILED);
}

void kms_try_asked(struct kms *kms)
{
	want_again(kms, KMS_SEED_ASKED);
}

void kms_set_closer(struct kms *kms, const uint8_t seed[ENVELOPE_SEED_BYTES],
		    const struct envelope_lock *lock, struct mono now)
{
	struct kms_seed *known;

	drop_closer(kms);
	kms->closer.arena = arena_new(0);
	kms->closer.lock = copied_lock(lock, kms->closer.arena);
	memcpy(kms->closer.seed, seed, ENVELOPE_SEED_BYTES);
	known = find(kms, lock);
	if (known == NULL)
		known = add(kms, lock, now);
	if (known->state != KMS_SEED_KNOWN)
		kms_seed_known(kms, known, str_of(seed, ENVELOPE_SEED_BYTES), now);
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

enum status kms_close(struct kms *kms, struct str key, struct str plain, struct arena *arena,
		      struct str *out, struct fault *why)
{
	struct envelope envelope = { .lock = kms->closer.lock };
	char *data;

	if (kms->closer.arena == NULL)
		return fault_set(why, UNAVAILABLE, "",
				 "the KMS provider " STR_FMT
				 " has not given a key yet: got unexpected nil transformer",
				 STR_ARG(kms->name));
	if (kms->closer.is_expired)
		return fault_set(why, UNAVAILABLE, "",
				 "encryptedDEKSource of the KMS provider " STR_FMT
				 " expired: it has not said for %u s that its key is the same",
				 STR_ARG(kms->name), KMS_CLOSES_MS / 1000U);
	data = arena_alloc(arena, (size_t)plain.len + ENVELOPE_EXTRA_BYTES);
	envelope_close(kms->closer.seed, key, plain, data);
	envelope.data = str_of(data, plain.len + ENVELOPE_EXTRA_BYTES);
	*out = envelope_write(kms->prefix, &envelope, arena);
	if (kms->closer.count != NULL)
		metrics_add(kms->closer.count, 1);
	return OK;
}

static const char *words_of(const struct kms_seed *seed)
{
	if (seed == NULL)
		return "failed to decrypt DEK, error: too many are asked for";
	return seed->words != NULL ? seed->words
				   : "failed to decrypt DEK, error: no answer has come yet";
}

enum status kms_open(struct kms *kms, struct str key, struct str body, struct mono now,
		     struct arena *arena, struct str *out, struct fault *why)
{
	const struct kms_seed *seed;
	struct envelope envelope;
	uint32_t len;
	char *plain;

	TRY(envelope_read(body, arena, &envelope, why));
	seed = seed_of(kms, &envelope.lock, now);
	if (seed == NULL || seed->state != KMS_SEED_KNOWN)
		return fault_set(why, UNAVAILABLE, KMS_FIELD_SEED, "%s", words_of(seed));
	plain = arena_alloc(arena, (size_t)envelope.data.len + 1);
	if (envelope_open(&envelope, str_of(seed->source, seed->source_len), key, plain, &len) != OK)
		return fault_set(why, CORRUPT, "",
				 "the value does not open with the key of its prefix " STR_FMT,
				 STR_ARG(kms->prefix));
	*out = str_of(plain, len);
	return OK;
}

const char *kms_seed_words(const struct kms *kms, struct str body)
{
	struct arena *arena = arena_new(0);
	const char *words = "the stored value does not open with the key of its prefix";
	struct envelope envelope;

	if (envelope_read(body, arena, &envelope, NULL) == OK)
		words = words_of(find(kms, &envelope.lock));
	arena_free(arena);
	return words;
}

bool kms_is_awaited(struct kms *kms, struct str body, struct mono now)
{
	struct arena *arena = arena_new(0);
	const struct kms_seed *seed = NULL;
	struct envelope envelope;

	if (envelope_read(body, arena, &envelope, NULL) == OK)
		seed = seed_of(kms, &envelope.lock, now);
	arena_free(arena);
	return seed != NULL && seed->state != KMS_SEED_KNOWN && now.ns < seed->until.ns;
}
