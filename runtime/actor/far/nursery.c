/*
 * The nursery: where the children of supervisors elsewhere live. far-child.c is the other end.
 *
 * A ward is one child, by the host that asked and the id there. It is ALIVE from its spawn to life_ended, and FALLOW after that only for the time of one
 * handler. At most one asker waits for a ward to end; a younger one takes its place, since requests of one host come in order.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/actor/far/nursery-private.h"
#include "runtime/base/log.h"

struct ward {
	struct act_ref asker; /* the far child; its node and host are part of who this is */
	char id[NURSERY_NAME_MAX];
	struct act_ref child;
	uint64_t monitor; /* of the asker */
	uint32_t shutdown_ms;
	bool is_ending;
	/* Who waits for its end, to be given the next life. */
	bool has_next;
	struct act_ticket next_ticket;
	struct act_ref next_asker;
	struct nursery_spawn next;
};

struct nursery {
	const struct act_offer *offers;
	VEC(struct ward *) wards;
};

/* ---- finding ------------------------------------------------------------------------------------------- */

static struct ward *ward_of(struct nursery *nursery, struct act_ref asker, const char *id)
{
	for (uint32_t i = 0; i < nursery->wards.len; i++) {
		struct ward *ward = nursery->wards.at[i];

		if (ward->asker.node == asker.node && ward->asker.host == asker.host &&
		    strcmp(ward->id, id) == 0)
			return ward;
	}
	return NULL;
}

static void ward_forget(struct nursery *nursery, struct ward *ward)
{
	for (uint32_t i = 0; i < nursery->wards.len; i++)
		if (nursery->wards.at[i] == ward)
			vec_swap_remove(&nursery->wards, i);
	mem_free(ward->next.args);
	mem_free(ward);
}

static void nursery_release(void *arg)
{
	struct nursery *nursery = arg;

	while (nursery->wards.len > 0)
		ward_forget(nursery, nursery->wards.at[0]);
	vec_fini(&nursery->wards);
}

static const struct act_offer *offer_of(const struct nursery *nursery, const char *name)
{
	for (const struct act_offer *offer = nursery->offers; offer->name; offer++)
		if (strcmp(offer->name, name) == 0)
			return offer;
	return NULL;
}

/* ---- answering --------------------------------------------------------------------------------------------- */

static void answer(struct act *act, struct act_ticket ticket, enum status status,
		   struct act_ref child, const char *words)
{
	struct nursery_spawned spawned = { .status = status, .child = child };

	snprintf(spawned.words, sizeof spawned.words, "%s", words);
	/* Whoever has stopped waiting is gone, and its ward is ended by its monitor. */
	(void)act_answer(act, ticket, &nursery_spawned_type, &spawned);
}

/* ---- making ------------------------------------------------------------------------------------------------- */

/* Makes the child with its args decoded; they are needed for the time of its init. */
static enum status make(struct act *act, const struct act_offer *offer,
			const struct nursery_spawn *spawn, struct act **out)
{
	struct arena *arena = arena_new(0);
	struct life_spawn life = { .class = offer->class,
				   .name = spawn->name[0] ? spawn->name : NULL,
				   .is_announced = true };
	enum status status = OK;
	void *args = NULL;

	if (offer->args) {
		args = arena_zalloc(arena, offer->args->size);
		status = offer->args->decode(str_of(spawn->args, spawn->args_bytes), arena, args);
	}
	if (status != OK) {
		snprintf(act->host->words, sizeof act->host->words, "args: %s", status_text(status));
	} else {
		life.args = args;
		status = life_spawn(act->host, act, &life, out);
		if (offer->args && offer->args->drop)
			offer->args->drop(args);
	}
	arena_free(arena);
	return status;
}

/* Begins the ward's life and says so. A ward that cannot is forgotten. */
static void begin(struct act *act, struct nursery *nursery, struct ward *ward,
		  struct act_ticket ticket, const struct nursery_spawn *spawn)
{
	const struct act_offer *offer = offer_of(nursery, spawn->class);
	struct act *made;
	enum status status = NOT_FOUND;

	if (!offer)
		snprintf(act->host->words, sizeof act->host->words, "no class %.40s is offered",
			 spawn->class);
	else if ((offer->args ? offer->args->id : 0) != spawn->args_type)
		snprintf(act->host->words, sizeof act->host->words,
			 "class %.40s has args of another type", spawn->class);
	else
		status = make(act, offer, spawn, &made);
	if (status != OK) {
		answer(act, ticket, status, ACT_NIL, act->host->words);
		ward_forget(nursery, ward);
		return;
	}
	ward->child = actor_ref(made);
	ward->shutdown_ms = spawn->shutdown_ms;
	ward->is_ending = false;
	ward->monitor = act_monitor(act, ward->asker);
	answer(act, ticket, OK, ward->child, "");
}

static void end(struct act *act, struct ward *ward, const char *why)
{
	struct act *child = actor_host_find(act->host, ward->child);
	struct act_exit exit = { .who = actor_ref(act), .why = ACT_SHUTDOWN };

	if (ward->is_ending || !child)
		return;
	ward->is_ending = true;
	log_info(act_name(act), "ending a child", LOG_CSTR("id", ward->id), LOG_CSTR("why", why));
	life_control_send(child, CONTROL_STOP, &exit);
	timer_kill_after(child, ward->shutdown_ms ? ward->shutdown_ms : LIMIT_SHUTDOWN_MS);
}

/* ---- messages ----------------------------------------------------------------------------------------------- */

/* Lives of a host are numbered round and round: newer is ahead by less than half the way. */
static bool is_older(uint16_t epoch, uint16_t than)
{
	return (int16_t)(uint16_t)(epoch - than) < 0;
}

/* The old life has to end first; an asker that waited for that already is not the latest any more. */
static void wait_for(struct act *act, struct ward *ward, const struct act_msg *msg,
		     struct nursery_spawn *spawn)
{
	if (ward->has_next)
		answer(act, ward->next_ticket, GONE, ACT_NIL, "a later life was asked for");
	mem_free(ward->next.args);
	ward->has_next = true;
	ward->next_ticket = act_ticket(msg);
	ward->next_asker = msg->from;
	ward->next = *spawn;
	spawn->args = NULL; /* the ward's from now on */
	end(act, ward, "its next life is asked for");
}

static void asked(struct act *act, struct nursery *nursery, const struct act_msg *msg)
{
	struct nursery_spawn *spawn = msg->body;
	struct ward *ward = ward_of(nursery, msg->from, spawn->id);

	if (act->host->is_draining) {
		answer(act, act_ticket(msg), BUSY, ACT_NIL, "its host ends");
	} else if (ward && is_older(msg->from.epoch,
				    ward->has_next ? ward->next_asker.epoch : ward->asker.epoch)) {
		answer(act, act_ticket(msg), GONE, ACT_NIL, "of an earlier life of its host");
	} else if (ward) {
		wait_for(act, ward, msg, spawn);
	} else if (nursery->wards.len >= NURSERY_WARDS_MAX) {
		answer(act, act_ticket(msg), BUSY, ACT_NIL, "the nursery is full");
	} else {
		ward = mem_new(struct ward);
		ward->asker = msg->from;
		memcpy(ward->id, spawn->id, sizeof ward->id);
		vec_push(&nursery->wards, ward);
		begin(act, nursery, ward, act_ticket(msg), spawn);
	}
}

static void child_ended(struct act *act, struct nursery *nursery, const struct life_ended *ended)
{
	for (uint32_t i = 0; i < nursery->wards.len; i++) {
		struct ward *ward = nursery->wards.at[i];
		struct nursery_spawn next = ward->next;

		if (!act_ref_eq(ward->child, ended->who))
			continue;
		act_demonitor(act, ward->monitor);
		if (!ward->has_next) {
			ward_forget(nursery, ward);
			return;
		}
		ward->has_next = false;
		ward->next.args = NULL;
		ward->asker = ward->next_asker;
		begin(act, nursery, ward, ward->next_ticket, &next);
		mem_free(next.args);
		return;
	}
}

/* A far child is no more, or out of reach: nobody looks after its ward. */
static void asker_down(struct act *act, struct nursery *nursery, const struct act_down *down)
{
	for (uint32_t i = 0; i < nursery->wards.len; i++)
		if (nursery->wards.at[i]->monitor == down->monitor)
			end(act, nursery->wards.at[i], act_reason_name(down->why));
}

static enum act_verdict nursery_receive(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, nursery_spawn) && msg->kind == ACT_REQUEST)
		asked(act, state, msg);
	else if (ACT_IS(msg, life_ended))
		child_ended(act, state, msg->body);
	else if (ACT_IS(msg, act_down))
		asker_down(act, state, msg->body);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum status nursery_init(struct act *act, void *state, const void *args)
{
	struct nursery *nursery = state;

	nursery->offers = args;
	act_own(act, nursery_release, nursery);
	return OK;
}

const struct act_class act_nursery_class = { .name = "nursery",
					     .state_size = sizeof(struct nursery),
					     .init = nursery_init,
					     .receive = nursery_receive };
