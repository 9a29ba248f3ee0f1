/*
 * What `troupe trace` asks for: passed to the tracer of the actor's host, by way of the administrator of its node.
 */
#include <stdio.h>

#include "deploy/main/admin/admin-private.h"
#include "deploy/main/host/tracer.h"

#define PATIENCE_MS 5000U /* beyond the time of tracing */
#define FOR_MS 2000U      /* unless said */

/* The tracer of a host of ours, or the administrator of another node, who asks his own. */
static struct act_ref tracer_of(struct act *act, struct admin *admin, struct str node,
				struct str *path, struct arena *arena)
{
	struct str rest = *path, host = str_cut(&rest, '/');
	const char *own = admin->process->identity.name;

	if (!str_is(node, own))
		return admin_member(admin, node) == NULL
			   ? ACT_NIL
			   : act_named(act, arena_printf(arena, "admin@" STR_FMT, STR_ARG(node)).at);
	*path = rest;
	return admin_actor_of(act, admin, "tracer", host);
}

/* The other hosts of this node, and those of other members that speak with us: what they send then carries its number. */
static void let_others_trace(struct act *act, const struct admin *admin, struct str host,
			     struct tracer_ask *ask, struct arena *arena)
{
	struct tracer_along along = { .for_ms = ask->for_ms };
	struct text names = text_in(arena, sizeof ask->nodes - 1);
	struct str all;
	const char *name;

	for (uint32_t i = 0; (name = exile_host_name(&admin->exiles, i)) != NULL; i++)
		if (!str_is(host, name))
			(void)!act_send(act, process_actor(act, admin->process, "tracer", name),
					&tracer_along_type, &along);
	for (uint32_t i = 0; i < admin->status.member_count; i++) {
		struct str node = admin->status.members[i].name;

		if (str_is(node, admin->process->identity.name))
			continue;
		(void)!act_send(
		    act, act_named(act, arena_printf(arena, "tracer@" STR_FMT, STR_ARG(node)).at),
		    &tracer_along_type, &along);
		if (names.len + 1 + node.len <= names.max)
			text_printf(&names, "%s" STR_FMT, names.len > 0 ? "," : "", STR_ARG(node));
	}
	all = text_str(&names);
	snprintf(ask->nodes, sizeof ask->nodes, STR_FMT, STR_ARG(all));
}

/* The answer's text is copied into the arena. */
static struct tracer_told trace_at(struct act *act, struct admin *admin, struct str node,
				   struct str path, struct tracer_ask *ask, struct arena *arena)
{
	struct tracer_told told = { .status = NOT_FOUND };
	struct str rest = path, host = str_cut(&rest, '/');
	struct act_ref who = tracer_of(act, admin, node, &path, arena);
	struct admin_asked asked;

	if (act_ref_is_nil(who) || path.len == 0 || path.len >= sizeof ask->path)
		return told;
	memcpy(ask->path, path.at, path.len);
	ask->path[path.len] = '\0';
	if (str_is(node, admin->process->identity.name))
		let_others_trace(act, admin, host, ask, arena);
	asked = admin_ask(act, who, &tracer_ask_type, ask, ask->for_ms + PATIENCE_MS);
	told.status = asked.status;
	if (asked.status == OK) {
		const struct tracer_told *answer = asked.msg->body;

		told.status = answer->status;
		told.text = arena_str(arena, answer->text);
	}
	admin_asked_end(&asked);
	return told;
}

void admin_trace(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	struct str path = asked_page_query(page, "actor"), whole = path;
	struct str form = asked_page_query(page, "output");
	struct str time = asked_page_query(page, "for_ms");
	struct tracer_ask ask = { .for_ms = FOR_MS };
	struct str node = str_cut(&path, '/');
	struct tracer_told told;
	uint64_t for_ms = FOR_MS;

	if (time.len > 0 && (str_to_u64(time, &for_ms) != OK || for_ms > TRACER_FOR_MAX_MS)) {
		asked_page_say(page, 400, "for how long? at most %u s\n", TRACER_FOR_MAX_MS / 1000);
		return;
	}
	ask.for_ms = (uint32_t)for_ms;
	snprintf(ask.form, sizeof ask.form, STR_FMT, STR_ARG(form));
	told = trace_at(act, admin, node, path, &ask, page->arena);
	if (told.status == NOT_FOUND) {
		asked_page_say(page, 404,
			       "\"" STR_FMT
			       "\" is no actor here: NODE/HOST/ACTOR, as `troupe tree` shows "
			       "them\n",
			       STR_ARG(whole));
	} else if (told.status == BUSY) {
		asked_page_say(page, 409, "somebody else is tracing in that host\n");
	} else if (told.status != OK) {
		asked_page_refuse(page, told.status, "trace");
	} else {
		page->code = 200;
		page->type = str_is(form, "json") ? STR("application/json")
						  : STR("text/plain; charset=utf-8");
		page->text = told.text;
	}
}

struct trace_wish {
	struct act_ticket ticket;
	struct tracer_ask ask;
};

static void trace_task(struct act *act, void *state, void *arg)
{
	struct trace_wish wish = *(struct trace_wish *)arg;
	struct admin *admin = state;
	struct admin_room room = admin_room(act);
	struct str path = arena_str(room.arena, str_from(wish.ask.path));
	struct tracer_told told = trace_at(act, admin, str_from(admin->process->identity.name),
					   path, &wish.ask, room.arena);

	told.arena = room.arena; /* the answer's own from here on */
	act_disown(act, room.owned);
	if (act_answer(act, wish.ticket, &tracer_told_type, &told) != OK)
		arena_free(room.arena);
}

void admin_trace_asked(struct act *act, const struct act_msg *msg)
{
	struct trace_wish wish = { .ticket = act_ticket(msg), .ask = *ACT_AS(msg, tracer_ask) };

	if (act_task(act, trace_task, &wish) != OK)
		act_refuse(act, msg, BUSY);
}
