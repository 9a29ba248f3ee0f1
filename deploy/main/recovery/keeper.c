#include "deploy/main/recovery/keeper.h"

#include <stdarg.h>
#include <stdio.h>

#include "deploy/main/admin/admin.h"
#include "deploy/main/recovery/keeper-private.h"
#include "deploy/main/recovery/survivor.h"
#include "transport/http/server.h"
#include "transport/http/url.h"

/* An HTTP request to be answered by a task. */
struct page {
	struct str method, path, query, body;
	struct arena *arena;
	/* The answer. */
	int code;
	struct str text;
};

static void say(struct page *page, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct page *page, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	page->code = code;
	page->text = arena_vprintf(page->arena, format, args);
	va_end(args);
}

static void page_copy(struct act *act, struct keeper *keeper, struct page *page)
{
	bool is_stale = url_query_get(page->arena, page->query, STR("stale")).at != NULL;
	struct keeper_copy copy;
	struct fault why = { 0 };
	enum status status = keeper_make_copy(act, keeper, is_stale, &copy, &why);

	if (status == OK)
		say(page, 200, "path %s\nrevision %ju\nkeys %ju\n", copy.path,
		    (uintmax_t)copy.revision, (uintmax_t)copy.keys);
	else
		say(page, status_http(status), "%s\n", why.text);
}

/* ---- what this member has ------------------------------------------------------------------------------------- */

static void page_survivor(struct act *act, struct keeper *keeper, struct page *page)
{
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
		say(page, 503, "the datastore of this node is not open\n");
	}
	act_all_end(all);
}

static void page_rejoin(struct act *act, struct keeper *keeper, struct page *page)
{
	struct text out = text_in(page->arena, KIB);

	page->code = keeper_rejoin(act, keeper, page->body, &out);
	page->text = text_str(&out);
}

static void page_backups(struct act *act, struct keeper *keeper, struct page *page)
{
	struct text out = text_in(page->arena, 4 * KIB);

	keeper_schedule_tell(act, keeper, &out);
	page->code = 200;
	page->text = text_str(&out);
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *path, *method;
	void (*answer)(struct act *act, struct keeper *keeper, struct page *page);
	bool is_for_masters; /* by the public door, too */
} pages[] = {
	{ KEEPER_PLACE "copy", "POST", page_copy, false },
	{ KEEPER_PLACE "backups", "GET", page_backups, false },
	{ KEEPER_PLACE "survivor", "GET", page_survivor, true },
	{ KEEPER_PLACE "rejoin", "POST", page_rejoin, true },
};

static bool is_master(const struct http_exchange *exchange)
{
	const struct certificate_info *info = http_peer_certificate(exchange);

	for (uint32_t i = 0; info != NULL && i < info->organizations_count; i++)
		if (str_is(info->organizations[i], "system:masters"))
			return true;
	return false;
}

/* By which doors it comes. */
enum door { DOOR_PRIVATE, DOOR_MASTER, DOOR_PUBLIC };

static enum door door_of(const struct http_exchange *exchange)
{
	if (http_listener_index(exchange) != ADMIN_LISTENER_PUBLIC)
		return DOOR_PRIVATE;
	return is_master(exchange) ? DOOR_MASTER : DOOR_PUBLIC;
}

static void answer_page(struct act *act, struct keeper *keeper, struct page *page, enum door door)
{
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		if (!str_is(page->path, pages[i].path) || door == DOOR_PUBLIC ||
		    (door == DOOR_MASTER && !pages[i].is_for_masters))
			continue;
		if (str_is(page->method, pages[i].method))
			pages[i].answer(act, keeper, page);
		else
			say(page, 405, "this takes %s\n", pages[i].method);
		return;
	}
	say(page, 404, "there is nothing here\n");
}

static void page_task(struct act *act, void *state, void *arg)
{
	static const struct http_header type = { { "content-type", sizeof "content-type" - 1 },
						 { "text/plain; charset=utf-8",
						   sizeof "text/plain; charset=utf-8" - 1 } };
	struct http_exchange *exchange = arg;
	struct page page = { .method = http_method(exchange),
			     .path = http_path(exchange),
			     .query = http_query(exchange),
			     .body = http_body(exchange),
			     .arena = http_arena(exchange) };

	answer_page(act, state, &page, door_of(exchange));
	http_respond(exchange, page.code, (struct http_headers){ &type, 1 }, HTTP_BYTES(page.text));
	http_done(exchange);
}

static void page_came(struct act *act, struct http_exchange *exchange)
{
	if (http_is_done(exchange) || act_task(act, page_task, exchange) == OK)
		return;
	http_respond(exchange, 429, (struct http_headers){ NULL, 0 },
		     HTTP_BYTES(STR("too much is being asked at once\n")));
	http_done(exchange);
}

/* ---- the actor ---------------------------------------------------------------------------------------------------- */

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, http_asked))
		page_came(act, ACT_AS(msg, http_asked)->exchange);
	else if (!keeper_schedule_receive(act, state, msg) &&
		 !keeper_live_receive(act, state, msg) && !ACT_IS(msg, http_gone) &&
		 !ACT_IS(msg, http_listening))
		return ACT_UNHANDLED;
	return ACT_OK;
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
