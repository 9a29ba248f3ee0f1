#include "deploy/main/recovery/keeper.h"

#include <stdarg.h>
#include <stdio.h>

#include "datastore/store/store.h"
#include "deploy/main/admin/admin.h"
#include "deploy/main/recovery/survivor.h"
#include "runtime/base/log.h"
#include "transport/http/server.h"
#include "transport/http/url.h"

#define READ_MS 15000U
#define AGAIN_MS 20U
#define COPY_PREFIX "backup-"
#define COPY_SUFFIX ".db"
#define COPY_AGE_S 3600 /* whoever asked for an older one has ended without removing it */

struct keeper {
	struct process *process;
};

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

/* ---- copies --------------------------------------------------------------------------------------------------- */

/* A round of reads: what was acknowledged anywhere before now is at or below it. */
static enum status latest_revision(struct act *act, uint64_t *out)
{
	struct store_range range = { .key = STR("/"), .is_count_only = true };
	struct act_all *all = act_all(act, 1);
	const struct act_msg *msg;
	enum status status;

	act_all_ask(all, act_named(act, "store"), &store_range_type, &range, READ_MS);
	status = act_all_wait(all);
	msg = act_all_answer(all, 0);
	if (status == OK)
		status = store_outcome(msg);
	if (status == OK)
		*out = ((const struct store_range_answer *)msg->body)->revision;
	act_all_end(all);
	return status;
}

static enum status copy_once(struct act *act, const char *path, uint64_t min_revision,
			     struct page *page, struct store_backup_answer *out)
{
	struct store_backup ask = { .arena = arena_new(0), .min_revision = min_revision };
	struct act_all *all = act_all(act, 1);
	const struct act_msg *msg;
	enum status status;

	ask.path = arena_str(ask.arena, str_from(path));
	act_all_ask(all, act_named(act, "store"), &store_backup_type, &ask, KEEPER_COPY_MS);
	status = act_all_wait(all);
	msg = act_all_answer(all, 0);
	if (status == OK)
		status = store_outcome(msg);
	if (msg->status == OK) {
		*out = *(const struct store_backup_answer *)msg->body;
		out->words = arena_str(page->arena, out->words);
	}
	act_all_end(all);
	return status;
}

static bool is_old_copy(const struct seams_files *files, const char *path, struct str name,
			struct wall now)
{
	struct seams_stat stat;

	return str_starts(name, STR(COPY_PREFIX)) && str_ends(name, STR(COPY_SUFFIX)) &&
	       files->stat(files->self, path, &stat) == OK &&
	       now.ns - stat.modified_ns > COPY_AGE_S * TIME_S;
}

struct sweeping {
	const struct seams_files *files;
	const char *folder;
	struct wall now;
};

static void sweep_one(void *arg, struct str name)
{
	struct sweeping *sweeping = arg;
	const struct seams_files *files = sweeping->files;
	char path[DATA_PATH_MAX + 256];

	snprintf(path, sizeof path, "%s/" STR_FMT, sweeping->folder, STR_ARG(name));
	if (is_old_copy(files, path, name, sweeping->now))
		(void)files->unlink(files->self, path);
}

static void run_sweep(void *arg)
{
	struct sweeping *sweeping = arg;

	(void)sweeping->files->list(sweeping->files->self, sweeping->folder, sweep_one, sweeping);
}

static void refuse_copy(struct page *page, enum status status,
			const struct store_backup_answer *answer)
{
	if (answer->words.at != NULL)
		say(page, status_http(status), "the copy of the database: " STR_FMT "\n",
		    STR_ARG(answer->words));
	else if (status == BUSY)
		say(page, 429, "another backup is being made; try again\n");
	else
		say(page, status_http(status), "the copy of the database: %s\n",
		    status_text(status));
}

static void page_copy(struct act *act, struct keeper *keeper, struct page *page)
{
	struct sweeping sweeping = { .files = &act_seams(act)->files,
				     .folder = keeper->process->dir.path,
				     .now = act_wall(act) };
	struct store_backup_answer answer = { .words = STR_NONE };
	struct str path = arena_printf(page->arena, "%s/" COPY_PREFIX "%016jx" COPY_SUFFIX,
				       keeper->process->dir.path, (uintmax_t)act_random(act));
	int64_t until_ns = act_now(act).ns + READ_MS * TIME_MS;
	uint64_t revision = 0;
	enum status status = OK;

	act_await(act, NULL, run_sweep, &sweeping);
	if (url_query_get(page->arena, page->query, STR("stale")).at == NULL)
		status = latest_revision(act, &revision);
	if (status != OK) {
		say(page, 503,
		    "no majority of the members can be reached, so nobody can say what the latest "
		    "state is; --stale makes a backup of what this node has\n");
		return;
	}
	do {
		status = copy_once(act, path.at, revision, page, &answer);
		if (status == BUSY)
			act_sleep(act, AGAIN_MS);
	} while (status == BUSY && act_now(act).ns < until_ns);
	if (status == OK)
		say(page, 200, "path " STR_FMT "\nrevision %ju\nkeys %ju\n", STR_ARG(path),
		    (uintmax_t)answer.revision, (uintmax_t)answer.keys);
	else
		refuse_copy(page, status, &answer);
}

enum status keeper_copy_read(struct str lines, struct keeper_copy *out)
{
	struct keeper_copy copy = { .revision = 0 };

	while (lines.at != NULL && lines.len > 0) {
		struct str value = str_cut(&lines, '\n'), key = str_cut(&value, ' ');

		if (value.at == NULL)
			return CORRUPT;
		if (str_is(key, "path"))
			snprintf(copy.path, sizeof copy.path, STR_FMT, STR_ARG(value));
		else if (str_is(key, "revision") && str_to_u64(value, &copy.revision) != OK)
			return CORRUPT;
		else if (str_is(key, "keys") && str_to_u64(value, &copy.keys) != OK)
			return CORRUPT;
	}
	if (copy.path[0] == '\0' || copy.revision == 0)
		return CORRUPT;
	*out = copy;
	return OK;
}

/* ---- what this member has ------------------------------------------------------------------------------------- */

static void page_survivor(struct act *act, struct keeper *keeper, struct page *page)
{
	struct act_all *all = act_all(act, 1);
	struct store_ask_status ask = { .wants_hash = false };
	const struct act_msg *msg;
	enum status status;

	act_all_ask(all, act_named(act, "store"), &store_ask_status_type, &ask, READ_MS);
	status = act_all_wait(all);
	msg = act_all_answer(all, 0);
	if (status == OK)
		status = store_outcome(msg);
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

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *path, *method;
	void (*answer)(struct act *act, struct keeper *keeper, struct page *page);
	bool is_for_masters; /* by the public door, too */
} pages[] = {
	{ KEEPER_PLACE "copy", "POST", page_copy, false },
	{ KEEPER_PLACE "survivor", "GET", page_survivor, true },
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
	(void)state;
	if (ACT_IS(msg, http_asked))
		page_came(act, ACT_AS(msg, http_asked)->exchange);
	else if (!ACT_IS(msg, http_gone) && !ACT_IS(msg, http_listening))
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct keeper *)state)->process = (struct process *)(uintptr_t)args;
	return OK;
}

const struct act_class keeper_class = {
	.name = "keeper", .state_size = sizeof(struct keeper), .init = init, .receive = receive
};
