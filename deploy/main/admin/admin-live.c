#include <stdio.h>

#include "actors/server/live/live.h"
#include "datastore/schema/troupe.h"
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/admin/overview.h"

/*
 * The live resources `actors`, `members` and `forecasts` (actors/server/live/live.h): what the API server shows is what `troupe tree`, `troupe
 * members` and `troupe status` show, and a delete is a kill.
 */

const struct live_source admin_lives[] = {
	{ .resource = "actors", .actor = "admin", .figures = "usage" },
	{ .resource = "backups", .actor = "keeper" },
	{ .resource = "forecasts", .actor = "admin" },
	{ .resource = "members", .actor = "admin" },
};
const uint32_t admin_live_count = sizeof admin_lives / sizeof admin_lives[0];

/* ---- looking ------------------------------------------------------------------------------------------- */

struct look_wish {
	struct act_ticket ticket;
	const struct type *type;
};

static void look_task(struct act *act, void *state, void *arg)
{
	struct look_wish wish = *(struct look_wish *)arg;
	struct live_seen seen = { 0 };
	struct admin_room room = admin_room(act);
	struct overview overview;

	overview_gather(act, state, room.arena, wish.type == &troupe_actor_type, &overview);
	if (wish.type == &troupe_actor_type)
		overview_actor_objects(&overview, &seen);
	else if (wish.type == &troupe_forecast_type)
		overview_forecast_objects(&overview, &seen);
	else
		overview_member_objects(&overview, &seen);
	admin_room_end(act, &room);
	if (act_answer(act, wish.ticket, &live_seen_type, &seen) != OK)
		live_seen_type.drop(&seen);
}

static void look_asked(struct act *act, const struct act_msg *msg)
{
	struct look_wish wish = { .ticket = act_ticket(msg), .type = ACT_AS(msg, live_ask)->type };

	if (act_task(act, look_task, &wish) != OK)
		act_refuse(act, msg, BUSY);
}

/* ---- killing -------------------------------------------------------------------------------------------- */

struct delete_wish {
	struct act_ticket ticket;
	char node[64], path[sizeof(((struct inspect_kill *)0)->path)];
	char name[256];
};

static void judge_killed(const struct delete_wish *wish, enum status status, bool comes_back,
			 struct live_deleted *out)
{
	out->status = status;
	if (status == OK && comes_back)
		snprintf(out->words, sizeof out->words,
			 "%.160s was killed, and its supervisor starts it again", wish->name);
	else if (status == OK)
		snprintf(out->words, sizeof out->words,
			 "%.160s was killed, and nobody starts it again", wish->name);
	else if (status == CONFLICT)
		snprintf(out->words, sizeof out->words, "%.160s is not running just now",
			 wish->name);
	else
		snprintf(out->words, sizeof out->words, "%.160s cannot be killed: %s", wish->name,
			 status_text(status));
}

static void delete_task(struct act *act, void *state, void *arg)
{
	struct delete_wish wish = *(struct delete_wish *)arg;
	struct inspect_killed killed =
	    admin_kill_at(act, state, str_from(wish.node), str_from(wish.path), INSPECT_ACTOR);
	struct str below = str_from(wish.path); /* its host */
	struct live_deleted deleted = { 0 };

	str_cut(&below, '/');
	deleted.ends_us = inspect_is_on_the_way(below);
	judge_killed(&wish, killed.status, killed.comes_back, &deleted);
	(void)act_answer(act, wish.ticket, &live_deleted_type, &deleted);
}

/* Nodes and hosts are rows of the tree, but no actors. */
static void refuse(struct act *act, const struct act_msg *msg, const struct troupe_actor *actor)
{
	struct live_deleted deleted = { .status = FORBIDDEN };

	if (str_is(actor->spec->level, "Host"))
		snprintf(deleted.words, sizeof deleted.words,
			 "a host is a process and no actor: `troupe kill " STR_FMT "/" STR_FMT
			 " --level host` ends it, and its root starts it again",
			 STR_ARG(actor->spec->node), STR_ARG(actor->spec->host));
	else
		snprintf(deleted.words, sizeof deleted.words,
			 "a node is no actor: `troupe remove " STR_FMT "` lets go of one for good",
			 STR_ARG(actor->spec->node));
	(void)act_reply(act, msg, &live_deleted_type, &deleted);
}

static void delete_asked(struct act *act, const struct act_msg *msg)
{
	const struct object *object = ACT_AS(msg, live_delete)->object;
	const struct troupe_actor *actor = object->record;
	struct delete_wish wish = { .ticket = act_ticket(msg) };

	if (object->type != &troupe_actor_type) {
		act_refuse(act, msg, NOT_IMPLEMENTED);
		return;
	}
	if (!str_is(actor->spec->level, "Actor")) {
		refuse(act, msg, actor);
		return;
	}
	snprintf(wish.name, sizeof wish.name, STR_FMT, STR_ARG(object_name(object)));
	snprintf(wish.node, sizeof wish.node, STR_FMT, STR_ARG(actor->spec->node));
	if (snprintf(wish.path, sizeof wish.path, STR_FMT "/" STR_FMT, STR_ARG(actor->spec->host),
		     STR_ARG(actor->spec->path)) >= (int)sizeof wish.path ||
	    act_task(act, delete_task, &wish) != OK)
		act_refuse(act, msg, BUSY);
}

bool admin_live_receive(struct act *act, const struct act_msg *msg)
{
	if (ACT_IS(msg, live_ask))
		look_asked(act, msg);
	else if (ACT_IS(msg, live_delete))
		delete_asked(act, msg);
	else
		return false;
	return true;
}
