#include "deploy/main/recovery/keeper.h"

#include <stdio.h>

#include "deploy/main/host/asked-page.h"
#include "deploy/main/recovery/keeper-private.h"
#include "deploy/main/recovery/survivor.h"
#include "transport/http/server.h"

static void page_copy(struct act *act, void *state, struct asked_page *page)
{
	struct keeper *keeper = state;
	bool is_stale = asked_page_query(page, "stale").at != NULL;
	struct keeper_copy copy;
	struct fault why = { 0 };
	enum status status = keeper_make_copy(act, keeper, is_stale, &copy, &why);

	if (status == OK)
		asked_page_say(page, 200, "path %s\nrevision %ju\nkeys %ju\n", copy.path,
			       (uintmax_t)copy.revision, (uintmax_t)copy.keys);
	else
		asked_page_say(page, status_http(status), "%s\n", why.text);
}

/* ---- what this member has ------------------------------------------------------------------------------------- */

static void page_survivor(struct act *act, void *state, struct asked_page *page)
{
	struct keeper *keeper = state;
	struct store_ask_status ask = { .wants_hash = false };
	struct act_all *all;
	const struct act_msg *msg;
	enum status status =
	    keeper_ask_store(act, &store_ask_status_type, &ask, KEEPER_ASK_MS, &all, &msg);

	if (status == OK && ((const struct store_status *)msg->body)->id == 0)
		status = UNAVAILABLE;
	if (status == OK) {
		struct survivor *survivor = arena_new_of(page->arena, struct survivor);
		struct text out = text_in(page->arena, SURVIVOR_LINES_MAX);

		survivor_from(msg->body, str_from(keeper->process->identity.cluster), survivor);
		survivor_write(survivor, &out);
		page->code = 200;
		page->text = text_str(&out);
	} else {
		asked_page_say(page, 503, "the datastore of this node is not open\n");
	}
	act_all_end(all);
}

static void page_rejoin(struct act *act, void *state, struct asked_page *page)
{
	struct keeper *keeper = state;
	struct text out = text_in(page->arena, KIB);

	page->code = keeper_rejoin(act, keeper, page->body, &out);
	page->text = text_str(&out);
}

static void page_backups(struct act *act, void *state, struct asked_page *page)
{
	struct keeper *keeper = state;
	struct text out = text_in(page->arena, 4 * KIB);

	keeper_schedule_tell(act, keeper, &out);
	page->code = 200;
	page->text = text_str(&out);
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static const struct asked_route routes[] = {
	{ KEEPER_PLACE "copy", "POST", page_copy, ASKED_PRIVATE },
	{ KEEPER_PLACE "backups", "GET", page_backups, ASKED_PRIVATE },
	{ KEEPER_PLACE "survivor", "GET", page_survivor, ASKED_MASTER },
	{ KEEPER_PLACE "rejoin", "POST", page_rejoin, ASKED_MASTER },
};

/* ---- the actor ---------------------------------------------------------------------------------------------------- */

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	static const struct asked_routes all = { routes, sizeof routes / sizeof routes[0] };

	return asked_page_receive(act, msg, &all, false) ||
		       keeper_schedule_receive(act, state, msg) ||
		       keeper_live_receive(act, state, msg)
		   ? ACT_OK
		   : ACT_UNHANDLED;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct keeper *keeper = state;

	keeper->args = args;
	keeper->process = keeper->args->process;
	keeper_schedule_start(act, keeper);
	return OK;
}

const struct act_class keeper_class = {
	.name = "keeper", .state_size = sizeof(struct keeper), .init = init, .receive = receive
};
