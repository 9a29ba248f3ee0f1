#include "deploy/main/node/place.h"

#include <stdio.h>

#include "actors/client/informer.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "datastore/store/store.h"
#include "runtime/base/log.h"

#define ZONE STR("topology.kubernetes.io/zone")
#define WEIGHT STR("troupe.internal/weight")
#define USER STR("system:serviceaccount:kube-system:node-controller")
#define AGAIN_MS 500U
#define ASK_MS 5000U
#define PLACE_TEXT_MAX 254U

/* What is known of us, by the list of members. */
struct known {
	uint64_t id; /* 0: not among them */
	uint32_t weight;
	char address[PLACE_TEXT_MAX], domain[PLACE_TEXT_MAX];
};

struct place {
	struct act *act; /* of the running call */
	struct place_args args;
	struct informer *informer;
	uint64_t monitor; /* of the store; 0: none */
	struct known known;
	bool has_leader, is_waiting; /* to look again */
	struct arena *names_arena;
	struct str *names; /* of all other members */
	uint32_t name_count, turn;
};

struct place_again {
	char nothing;
};
static const ACT_TYPE(place_again, .id = 0);

/* ---- what should be ---- */

struct wanted {
	struct str address, domain;
	uint32_t weight;
};

static struct wanted what_is_wanted(const struct place *place)
{
	struct wanted wanted = { .address = place->args.address,
				 .domain = str_from(place->known.domain),
				 .weight = place->known.weight };
	const struct object *node =
	    informer_get(place->informer, STR(""), str_from(place->args.node));
	struct str weight;
	uint64_t number = 0;

	if (node == NULL)
		return wanted;
	wanted.domain = str_map_get(object_meta(node)->labels, ZONE);
	if (wanted.domain.at == NULL)
		wanted.domain = STR("");
	weight = str_map_get(object_meta(node)->labels, WEIGHT);
	if (weight.at == NULL || str_to_u64(weight, &number) != OK || number > PLACE_WEIGHT_MAX)
		number = 0;
	wanted.weight = (uint32_t)number;
	return wanted;
}

static bool is_known(const struct place *place, const struct wanted *wanted)
{
	return str_is(wanted->address, place->known.address) &&
	       str_is(wanted->domain, place->known.domain) && wanted->weight == place->known.weight;
}

/* ---- having it said ---- */

static void look_later(struct place *place)
{
	if (place->is_waiting)
		return;
	place->is_waiting = true;
	act_after(place->act, AGAIN_MS, &place_again_type, &(struct place_again){ 0 });
}

static struct act_ref whom_to_ask(struct place *place)
{
	char path[PLACE_TEXT_MAX + 8];

	if (place->has_leader || place->name_count == 0)
		return act_named(place->act, place->args.store);
	snprintf(path, sizeof path, "store@" STR_FMT,
		 STR_ARG(place->names[place->turn % place->name_count]));
	place->turn++;
	return act_named(place->act, path);
}

static void look(struct place *place)
{
	struct wanted wanted = what_is_wanted(place);
	struct store_member_add add = { .id = place->known.id, .weight = wanted.weight };

	if (place->known.id == 0 || place->is_waiting || is_known(place, &wanted))
		return;
	look_later(place); /* whatever comes of it */
	add.arena = arena_new(0);
	add.name = arena_str(add.arena, str_from(place->args.node));
	add.address = arena_str(add.arena, wanted.address);
	add.domain = arena_str(add.arena, wanted.domain);
	if (act_request(place->act, whom_to_ask(place), &store_member_add_type, &add, ASK_MS, 0) !=
	    OK)
		arena_free(add.arena);
}

static void answered(struct place *place, const struct act_msg *msg)
{
	if (store_outcome(msg) == OK)
		log_info("place", "the members know", LOG_STR("address", place->args.address),
			 LOG_STR("domain", what_is_wanted(place).domain));
}

/* ---- what is known ---- */

static void keep_names(struct place *place, const struct store_status *status)
{
	arena_reset(place->names_arena);
	place->names = arena_array(place->names_arena, struct str, status->member_count + 1);
	place->name_count = 0;
	for (uint32_t i = 0; i < status->member_count; i++)
		if (!str_is(status->members[i].name, place->args.node))
			place->names[place->name_count++] =
			    arena_str(place->names_arena, status->members[i].name);
}

static void take_status(struct place *place, const struct store_status *status)
{
	place->has_leader = status->leader != 0;
	place->known.id = 0;
	keep_names(place, status);
	for (uint32_t i = 0; i < status->member_count && i < status->standing_count; i++) {
		const struct store_member *member = &status->members[i];
		const struct store_standing *standing = &status->standings[i];

		if (member->id != status->id)
			continue;
		place->known.id = member->id;
		place->known.weight = standing->weight;
		snprintf(place->known.address, PLACE_TEXT_MAX, STR_FMT, STR_ARG(member->address));
		snprintf(place->known.domain, PLACE_TEXT_MAX, STR_FMT, STR_ARG(standing->domain));
	}
}

static void subscribe(struct place *place)
{
	struct act_ref store = act_named(place->act, place->args.store);

	place->monitor = act_monitor(place->act, store);
	if (act_tell(place->act, store, store_status_watch, .is_end = false) == OK)
		return;
	act_demonitor(place->act, place->monitor);
	place->monitor = 0;
	look_later(place);
}

static void store_went(struct place *place)
{
	place->monitor = 0;
	look_later(place);
}

/* ---- the actor ---- */

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct place *place = state;

	place->act = act;
	if (informer_receive(place->informer, act, msg))
		;
	else if (msg->kind == ACT_ANSWER)
		answered(place, msg);
	else if (ACT_IS(msg, store_status))
		take_status(place, ACT_AS(msg, store_status));
	else if (ACT_IS(msg, act_down))
		store_went(place);
	else if (ACT_IS(msg, place_again))
		place->is_waiting = false;
	else
		return ACT_UNHANDLED;
	if (place->monitor == 0 && !place->is_waiting)
		subscribe(place);
	look(place);
	return ACT_OK;
}

static void release_names(void *arena)
{
	arena_free(arena);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct place *place = state;
	struct informer_config config = { .type = &core_node_type, .user = USER };

	place->act = act;
	place->args = *(const struct place_args *)args;
	place->names_arena = arena_new(0);
	act_own(act, release_names, place->names_arena);
	config.field_selector = arena_printf(act_arena(act), "metadata.name=%s", place->args.node);
	config.api = place->args.api;
	place->informer = informer_start(act, &config);
	act_own(act, informer_release, place->informer);
	subscribe(place);
	return OK;
}

const struct act_class place_class = {
	.name = "place", .state_size = sizeof(struct place), .init = init, .receive = receive
};
