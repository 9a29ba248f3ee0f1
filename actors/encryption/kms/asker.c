#include "actors/encryption/kms/asker.h"

#include "actors/encryption/kms/message.h"
#include "actors/encryption/kms/rpc.h"
#include "runtime/base/log.h"
#include "transport/tls/crypto.h"

#define TICK_MS 1000U
#define SETTLERS_MAX 64U

const ACT_TYPE(kms_settle, .id = 0);

struct asker_tick {
	char nothing;
};
static const ACT_TYPE(asker_tick, .id = 0);

/* A plug-in and the way to it. */
struct plug {
	struct list link;
	struct asker *asker;
	struct kms *kms;
	struct rpc rpc;
	bool is_probing, is_told;
	uint32_t busy; /* tasks that ask */
	uint32_t decrypting;
	struct mono probed_at, probe_at, closes_until;
	char version[16]; /* that it said first */
	struct metrics_gauge *seeds;
};

struct asker {
	struct act *act;
	const struct asker_args *args;
	struct list plugs;
	struct act_ticket settlers[SETTLERS_MAX];
	uint32_t settler_count;
	uint64_t late; /* of all plug-ins, as last counted */
};

static void free_arena(void *arena)
{
	arena_free(arena);
}

static struct str uid_of(struct act *act, struct arena *arena)
{
	uint64_t a = act_random(act), b = act_random(act);

	return arena_printf(arena, "%08x-%04x-4%03x-%04x-%012jx", (unsigned)(a >> 32),
			    (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
			    (unsigned)(b >> 48 & 0x3fff) | 0x8000U,
			    (uintmax_t)(b & 0xffffffffffffULL));
}

/* ---- who waits -------------------------------------------------------------------------------------------------- */

static void tell_settlers(struct asker *asker)
{
	uint64_t late = 0;

	list_each (&asker->plugs, link) {
		const struct plug *plug = list_item(link, struct plug, link);

		late += plug->kms->late;
		if (plug->seeds != NULL)
			metrics_set(plug->seeds, plug->kms->seed_count - plug->kms->wanted_count);
	}
	if (late > asker->late)
		asker->args->encryption->generation++;
	asker->late = late;
	list_each (&asker->plugs, link)
		if (kms_is_asking(list_item(link, struct plug, link)->kms))
			return;
	for (uint32_t i = 0; i < asker->settler_count; i++)
		act_answer(asker->act, asker->settlers[i], &kms_settle_type,
			   &(struct kms_settle){ 0 });
	asker->settler_count = 0;
}

/* ---- seeds that are wanted -------------------------------------------------------------------------------------------- */

static void settle(struct plug *plug, struct kms_seed *seed, struct str answer,
		   const struct grpc_fault *said)
{
	struct kms *kms = plug->kms;
	struct str source;

	if (said->code == GRPC_OK && message_read_decrypt(answer, &source) == OK &&
	    source.len > 0 && source.len <= ENVELOPE_SOURCE_MAX) {
		kms_seed_known(kms, seed, source, act_now(plug->asker->act));
		return;
	}
	log_warn("kms", "a seed is not opened", LOG_STR("provider", kms->name),
		 LOG_STR("key_id", seed->lock.key_id), LOG_CSTR("code", rpc_code_name(said->code)),
		 LOG_STR("why", said->words));
	kms_seed_failed(kms, seed, rpc_seed_words(said->code));
}

static void run_decrypts(struct act *act, void *state, void *arg)
{
	struct plug *plug = arg;
	struct asker *asker = state;
	struct kms_seed *seed;

	while ((seed = kms_next_wanted(plug->kms)) != NULL) {
		struct arena *arena = arena_new(0);
		uint64_t own = act_own(act, free_arena, arena);
		struct grpc_fault said = { GRPC_OK, STR("") };
		struct str answer = STR("");

		rpc_ask(&plug->rpc, RPC_DECRYPT,
			message_ask_decrypt(&seed->lock, uid_of(act, arena), arena), arena, &answer,
			&said);
		settle(plug, seed, answer, &said);
		crypto_wipe((void *)(uintptr_t)answer.at, answer.len);
		act_disown(act, own);
		arena_free(arena);
		tell_settlers(asker);
	}
	plug->decrypting--;
	plug->busy--;
}

static void decrypt_wanted(struct plug *plug)
{
	/* Each takes one at least before it waits. */
	while (plug->decrypting < ASKER_ASKS && kms_has_wanted(plug->kms)) {
		plug->decrypting++;
		plug->busy++;
		if (act_task(plug->asker->act, run_decrypts, plug) == OK)
			continue;
		plug->decrypting--;
		plug->busy--;
		return;
	}
}

/* ---- how it is --------------------------------------------------------------------------------------------------------- */

static struct metrics_counter *counter_of(struct plug *plug, struct str key_id, struct arena *arena)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct text hex = text_in(arena, 2 * sizeof digest + 1);

	if (plug->asker->args->metrics == NULL)
		return NULL;
	crypto_sha256(key_id, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		text_printf(&hex, "%02x", digest[i]);
	return metrics_counter(
	    plug->asker->args->metrics, "apiserver_envelope_encryption_key_id_hash_total",
	    "Values closed with each key of KMS plug-ins.",
	    arena_printf(arena,
			 "transformation_type=\"to_storage\",provider_name=\"" STR_FMT
			 "\",key_id_hash=\"sha256:" STR_FMT "\"",
			 STR_ARG(plug->kms->name), STR_ARG(text_str(&hex)))
		.at);
}

/* In a task: a seed of our own, closed by the plug-in's key of now. */
static enum status make_seed(struct plug *plug, struct str key_id, struct arena *arena,
			     struct fault *why)
{
	struct act *act = plug->asker->act;
	uint8_t seed[ENVELOPE_SEED_BYTES];
	struct grpc_fault said = { GRPC_OK, STR("") };
	struct envelope_lock lock;
	struct str answer = STR("");
	enum status status;

	crypto_random(seed, sizeof seed);
	rpc_ask(&plug->rpc, RPC_ENCRYPT,
		message_ask_encrypt(str_of(seed, sizeof seed), uid_of(act, arena), arena), arena,
		&answer, &said);
	if (said.code != GRPC_OK)
		status =
		    fault_set(why, UNAVAILABLE, "",
			      "failed to encrypt DEK, error: rpc error: code = %s desc = " STR_FMT,
			      rpc_code_name(said.code), STR_ARG(said.words));
	else if (message_read_encrypt(answer, arena, &lock) != OK)
		status = fault_set(why, CORRUPT, "", "failed to encrypt DEK: it is no answer");
	else if ((status = envelope_check(&lock, why)) == OK && !str_eq(lock.key_id, key_id))
		status = fault_set(why, CONFLICT, "",
				   "failed to rotate DEK: it closes with another key than it says");
	if (status == OK) {
		kms_set_closer(plug->kms, seed, &lock, act_now(act));
		plug->kms->closer.count = counter_of(plug, key_id, arena);
		log_info("kms", "a new seed closes", LOG_STR("provider", plug->kms->name),
			 LOG_STR("key_id", key_id));
	}
	crypto_wipe(seed, sizeof seed);
	return status;
}

static enum status check_version(struct plug *plug, struct str version, struct fault *why)
{
	if (!str_is(version, "v2") && !str_is(version, "v2beta1"))
		return fault_set(why, UNAVAILABLE, "",
				 "expected KMSv2 API version v2, got " STR_FMT, STR_ARG(version));
	if (plug->version[0] == '\0')
		memcpy(plug->version, version.at, version.len);
	if (!str_is(version, plug->version))
		return fault_set(why, UNAVAILABLE, "",
				 "KMSv2 API version should not change after the initial status "
				 "response version %s, got " STR_FMT,
				 plug->version, STR_ARG(version));
	return OK;
}

static void count_bad_key_id(struct plug *plug, struct str key_id, struct arena *arena)
{
	if (plug->asker->args->metrics == NULL)
		return;
	metrics_add(
	    metrics_counter(plug->asker->args->metrics,
			    "apiserver_envelope_encryption_invalid_key_id_from_status_total",
			    "Key ids of KMS plug-ins that are none.",
			    arena_printf(arena, "provider_name=\"" STR_FMT "\",error=\"%s\"",
					 STR_ARG(plug->kms->name),
					 key_id.len == 0 ? "empty" : "too_long")
				.at),
	    1);
}

/* As upstream: with the same key the seed stays, whatever else is wrong; but only what is all right is well. */
static enum status take_status(struct plug *plug, const struct message_status *said,
			       struct mono asked_at, struct arena *arena, struct fault *why)
{
	struct kms *kms = plug->kms;
	enum status status = OK;

	if (envelope_check_key_id(said->key_id, why) != OK) {
		count_bad_key_id(plug, said->key_id, arena);
		return fault_set(why, UNAVAILABLE, "", "got invalid KMSv2 KeyID");
	}
	if (kms->closer.arena == NULL || !str_eq(kms->closer.lock.key_id, said->key_id))
		status = make_seed(plug, said->key_id, arena, why);
	if (status != OK)
		return status;
	plug->closes_until.ns = asked_at.ns + KMS_CLOSES_MS * (int64_t)TIME_MS;
	kms->closer.is_expired = false;
	if (!str_is(said->healthz, "ok"))
		return fault_set(why, UNAVAILABLE, "", "got unexpected healthz status: " STR_FMT,
				 STR_ARG(said->healthz));
	return check_version(plug, said->version, why);
}

static enum status probe(struct plug *plug, struct arena *arena, struct fault *why)
{
	struct grpc_fault said = { GRPC_OK, STR("") };
	struct mono asked_at = act_now(plug->asker->act);
	struct message_status status;
	struct str answer = STR("");

	rpc_ask(&plug->rpc, RPC_STATUS, message_ask_status(arena), arena, &answer, &said);
	if (said.code != GRPC_OK)
		return fault_set(why, UNAVAILABLE, "",
				 "failed to perform status section of the healthz check, error: "
				 "rpc error: code = %s desc = " STR_FMT,
				 rpc_code_name(said.code), STR_ARG(said.words));
	if (message_read_status(answer, &status) != OK)
		return fault_set(why, UNAVAILABLE, "", "the answer is no StatusResponse");
	return take_status(plug, &status, asked_at, arena, why);
}

/* Once: what it is like until that changes is no news. */
static void tell(struct plug *plug, bool is_well, const struct fault *why)
{
	bool is_news = !plug->is_told || plug->kms->is_well != is_well;

	plug->is_told = true;
	plug->kms->is_well = is_well;
	if (!is_news)
		return;
	if (is_well)
		log_info("kms", "the provider is well", LOG_STR("provider", plug->kms->name));
	else
		log_error("kms", "the provider is not healthy",
			  LOG_STR("provider", plug->kms->name), LOG_FAULT(why));
}

static void run_probe(struct act *act, void *state, void *arg)
{
	struct plug *plug = arg;
	struct asker *asker = state;
	struct arena *arena = arena_new(0);
	uint64_t own = act_own(act, free_arena, arena);
	struct fault why = { 0 };
	bool is_well = probe(plug, arena, &why) == OK;

	tell(plug, is_well, &why);
	act_disown(act, own);
	arena_free(arena);
	plug->probed_at = act_now(act);
	plug->probe_at.ns =
	    plug->probed_at.ns + (is_well ? ASKER_WELL_MS : ASKER_ILL_MS) * (int64_t)TIME_MS;
	plug->is_probing = false;
	plug->busy--;
	if (!plug->kms->is_away) {
		kms_try_failed(plug->kms);
		decrypt_wanted(plug);
	}
	tell_settlers(asker);
}

static void begin_probe(struct plug *plug)
{
	plug->kms->is_looked_at = false;
	plug->is_probing = true;
	plug->busy++;
	if (act_task(plug->asker->act, run_probe, plug) == OK)
		return;
	plug->is_probing = false;
	plug->busy--;
}

/* ---- which there are ------------------------------------------------------------------------------------------------------ */

static struct plug *plug_of(struct asker *asker, const struct kms *kms)
{
	list_each (&asker->plugs, link) {
		struct plug *plug = list_item(link, struct plug, link);

		if (plug->kms == kms)
			return plug;
	}
	return NULL;
}

static void add_plug(struct asker *asker, struct kms *kms)
{
	struct plug *plug = mem_alloc(sizeof *plug);
	struct arena *arena = arena_new(0);

	*plug = (struct plug){ .asker = asker, .kms = kms_ref(kms) };
	plug->rpc = (struct rpc){ .act = asker->act, .kms = kms, .metrics = asker->args->metrics };
	kms_try_asked(kms); /* by one before us */
	if (asker->args->metrics != NULL)
		plug->seeds = metrics_gauge(
		    asker->args->metrics, "apiserver_envelope_encryption_dek_source_cache_size",
		    "Seeds of KMS plug-ins that are known.",
		    arena_printf(arena, "provider_name=\"" STR_FMT "\"", STR_ARG(kms->name)).at);
	arena_free(arena);
	plug->closes_until.ns = act_now(asker->act).ns +
				(kms->closer.is_expired ? 0 : KMS_CLOSES_MS * (int64_t)TIME_MS);
	list_push(&asker->plugs, &plug->link);
}

static void free_plug(struct plug *plug)
{
	list_remove(&plug->link);
	kms_unref(plug->kms);
	mem_free(plug);
}

static void remove_plug(struct plug *plug)
{
	if (plug->busy > 0)
		return; /* next time */
	rpc_end(&plug->rpc);
	plug->asker->late -= plug->kms->late;
	free_plug(plug);
}

static void follow_book(struct asker *asker)
{
	list_each (&asker->args->book->all, link) {
		struct kms *kms = list_item(link, struct kms, link);

		if (plug_of(asker, kms) == NULL)
			add_plug(asker, kms);
	}
	list_each (&asker->plugs, link) {
		struct plug *plug = list_item(link, struct plug, link);

		if (plug->kms->sets == 0)
			remove_plug(plug);
	}
}

static void look(struct plug *plug, struct mono now)
{
	uint32_t fresh_ms = plug->kms->is_well ? ASKER_FRESH_MS : ASKER_FRESH_ILL_MS;

	if (now.ns >= plug->closes_until.ns)
		plug->kms->closer.is_expired = true;
	decrypt_wanted(plug);
	if (plug->is_probing)
		return;
	if (now.ns >= plug->probe_at.ns ||
	    (plug->kms->is_looked_at && now.ns - plug->probed_at.ns >= fresh_ms * (int64_t)TIME_MS))
		begin_probe(plug);
}

static void look_at_all(struct asker *asker)
{
	struct mono now = act_now(asker->act);

	follow_book(asker);
	list_each (&asker->plugs, link)
		look(list_item(link, struct plug, link), now);
}

/* ---- the actor ---------------------------------------------------------------------------------------------------------------- */

static void release(void *arg)
{
	struct asker *asker = arg;

	while (!list_is_empty(&asker->plugs))
		free_plug(list_item(asker->plugs.next, struct plug, link));
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct asker *asker = state;

	asker->act = act;
	asker->args = args;
	list_init(&asker->plugs);
	act_own(act, release, asker);
	act_every(act, TICK_MS, &asker_tick_type, &(struct asker_tick){ 0 });
	(void)act_after(act, 0, &asker_tick_type, &(struct asker_tick){ 0 });
	return OK;
}

static void on_settle(struct asker *asker, const struct act_msg *msg)
{
	if (asker->settler_count == SETTLERS_MAX) {
		(void)act_refuse(asker->act, msg, BUSY);
		return;
	}
	asker->settlers[asker->settler_count++] = act_ticket(msg);
	follow_book(asker);
	list_each (&asker->plugs, link)
		decrypt_wanted(list_item(link, struct plug, link));
	tell_settlers(asker);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	if (ACT_IS(msg, asker_tick))
		look_at_all(state);
	else if (ACT_IS(msg, kms_settle) && msg->kind == ACT_REQUEST)
		on_settle(state, msg);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class asker_class = {
	.name = "kms",
	.state_size = sizeof(struct asker),
	.init = init,
	.receive = receive,
};
