#include "datastore/external/external.h"

#include "datastore/external/external-private.h"
#include "runtime/base/limits.h"
#include "runtime/base/log.h"

#define LIMIT_PLACE_BYTES 256U

/* ---- where it is ---------------------------------------------------------------------------------------------------- */

enum status external_places_read(struct str text, bool is_tls, struct arena *arena,
				 struct external_places *out, struct fault *why)
{
	*out = (struct external_places){ .count = 0 };
	if (!str_starts(text, EXTERNAL_PREFIX))
		return fault_set(why, BAD_REQUEST, "", "expected etcd://HOST:PORT,...");
	text = str_slice(text, EXTERNAL_PREFIX.len, text.len);
	while (text.at != NULL && text.len > 0) {
		struct str place = str_cut(&text, ',');

		if (str_find_last(place, ':') <= 0 || str_ends(place, STR(":")) ||
		    place.len > LIMIT_PLACE_BYTES || out->count == EXTERNAL_PLACES)
			return fault_set(why, BAD_REQUEST, "",
					 "expected etcd://HOST:PORT,... with at most %u of them",
					 EXTERNAL_PLACES);
		out->urls[out->count++] =
		    arena_printf(arena, "%s://" STR_FMT, is_tls ? "https" : "http", STR_ARG(place)).at;
	}
	return out->count > 0 ? OK
			      : fault_set(why, BAD_REQUEST, "", "expected etcd://HOST:PORT,...");
}

/* ---- errands -------------------------------------------------------------------------------------------------------- */

static void end_errand(void *arg)
{
	struct external_errand *errand = arg;
	const struct act_type *type = errand->task->type;

	errand->external->errands--;
	if (type->drop != NULL && errand->kept == NULL)
		type->drop(errand->body);
	arena_free(errand->kept);
	arena_free(errand->reply);
	arena_free(errand->arena);
}

static void run_errand(struct act *act, void *state, void *arg)
{
	struct external_errand *errand = arg;

	(void)state;
	errand->task->run(errand);
	act_disown(act, errand->own);
	end_errand(errand);
}

static void begin_errand(struct external *external, const struct external_task *task,
			 const struct act_msg *msg)
{
	struct arena *arena;
	struct external_errand *errand;

	if (external->errands >= LIMIT_EXTERNAL_CALLS) {
		act_refuse(external->act, msg, BUSY);
		return;
	}
	arena = arena_new(0);
	errand = arena_new_of(arena, struct external_errand);
	errand->external = external;
	errand->arena = arena;
	errand->task = task;
	errand->ticket = act_ticket(msg);
	errand->body = arena_copy(arena, msg->body, task->type->size);
	errand->kept = act_keep(external->act, msg);
	external->errands++;
	errand->own = act_own(external->act, end_errand, errand);
	if (act_task(external->act, run_errand, errand) == OK)
		return;
	act_answer_status(external->act, errand->ticket, BUSY);
	act_disown(external->act, errand->own);
	end_errand(errand);
}

static bool on_question(struct external *external, const struct act_msg *msg)
{
	for (uint32_t i = 0; i < external_task_count; i++) {
		if (external_tasks[i].type != msg->type)
			continue;
		begin_errand(external, &external_tasks[i], msg);
		return true;
	}
	return false;
}

void external_saw(struct external *external, uint64_t revision)
{
	if (revision > external->revision)
		external->revision = revision;
}

/* ---- who follows the status ------------------------------------------------------------------------------------------ */

static void forget_subscriber(struct external *external, uint32_t i)
{
	act_demonitor(external->act, external->subscribers.at[i].monitor);
	vec_remove(&external->subscribers, i);
}

static void on_status_watch(struct external *external, const struct act_msg *msg)
{
	for (uint32_t i = 0; i < external->subscribers.len; i++) {
		if (!act_ref_eq(external->subscribers.at[i].who, msg->from))
			continue;
		forget_subscriber(external, i);
		break;
	}
	if (ACT_AS(msg, store_status_watch)->is_end || act_ref_is_nil(msg->from))
		return;
	if (external->subscribers.len >= EXTERNAL_SUBSCRIBERS) {
		act_refuse(external->act, msg, BUSY);
		return;
	}
	vec_push(&external->subscribers,
		 (struct external_subscriber){ msg->from, act_monitor(external->act, msg->from) });
	rank_on_status(external, msg);
}

static void on_down(struct external *external, const struct act_down *down)
{
	if (stream_on_down(external, down))
		return;
	for (uint32_t i = 0; i < external->subscribers.len; i++) {
		if (external->subscribers.at[i].monitor != down->monitor)
			continue;
		vec_remove(&external->subscribers, i);
		return;
	}
}

/* ---- the actor ------------------------------------------------------------------------------------------------------- */

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct external *external = state;

	external->act = act;
	if (on_question(external, msg) || stream_receive(external, msg))
		return ACT_OK;
	if (ACT_IS(msg, store_watch))
		stream_on_watch(external, msg);
	else if (ACT_IS(msg, store_watch_credit))
		stream_on_credit(external, msg);
	else if (ACT_IS(msg, store_cancel))
		stream_on_cancel(external, msg);
	else if (ACT_IS(msg, store_progress))
		stream_on_progress(external, msg);
	else if (ACT_IS(msg, store_ask_status))
		rank_on_status(external, msg);
	else if (ACT_IS(msg, store_status_watch))
		on_status_watch(external, msg);
	else if (ACT_IS(msg, act_down))
		on_down(external, msg->body);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static void release(void *arg)
{
	struct external *external = arg;

	stream_fini(external);
	rank_fini(external);
	vec_fini(&external->subscribers);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct external *external = state;
	const struct external_config *config = args;

	external->act = act;
	external->config = config;
	stream_init(external);
	act_own(act, release, external);
	for (uint32_t i = 0; i < config->places.count; i++) {
		struct http_client_config client = { .url = config->places.urls[i],
						     .tls = config->tls,
						     .connect_ms = 2000,
						     .is_http2_known = config->tls == NULL };

		TRY(act_spawn(act, &http_client_class, &client, NULL, &external->clients[i]));
	}
	external->place = (uint32_t)(act_random(act) % config->places.count);
	rank_init(external);
	return OK;
}

const struct act_class external_class = {
	.name = "external", .state_size = sizeof(struct external), .init = init, .receive = receive
};
