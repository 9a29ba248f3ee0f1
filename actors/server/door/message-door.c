#include "actors/client/api.h"
#include "actors/server/server-private.h"

/*
 * The message door: api_call becomes a request, whose steps are those of HTTP; see actors/client/api.h for what is promised.
 *
 * Events gather in a batch that leaves when the watch has told all it knows, or when the batch is full; with API_BATCHES
 * unacknowledged the watch stands still, and the ring of its cache is the only buffer.
 *
 * Who is shown metadata alone, as the controllers of everything are of kinds that nobody else looks at, acts on it by and by: its batches leave
 * CALM_MS after the first event, at once with a bookmark. One event at a time would wake its host, and this one by its acknowledgement, as often as
 * somebody writes.
 */

#define BATCH_EVENTS 256U
#define CALM_MS 5U
#define BATCH_BYTES (512U * KIB) /* of objects: far below what a link carries in one message */

struct caller {
	struct act_ref who;
	struct act_ticket ticket;
	uint64_t watch;   /* the caller's number; 0: a plain call */
	uint64_t monitor; /* while the watch stands */
	uint32_t unacknowledged;
	bool is_cancelled; /* it could not be reached: it is told no more */
	bool is_calm;      /* its batches may wait */
	bool is_due;       /* this one no longer */
	struct list calm_link;
	struct watch *of;    /* if it is calm */
	struct arena *batch; /* of the events gathered */
	struct api_event *events;
	uint32_t count;
	uint64_t bytes;
};

struct calm_over {
	uint32_t unused;
};
static const ACT_TYPE(calm_over, .id = 0);

static struct caller *caller_of(const struct request *r)
{
	return r->peer;
}

/* ---- in ------------------------------------------------------------------------------------------------- */

static void drop_call(void *arg)
{
	struct api_call *call = arg;

	arena_free(call->arena);
}

static void drop_arena(void *arg)
{
	arena_free(arg);
}

#define ACCOUNT "system:serviceaccount:kube-system:"

/* The program that upstream has for what an actor does, where that has no name of its own: its managers are known by that. */
static struct str program_of(struct str user)
{
	static const struct {
		struct str prefix, program;
	} programs[] = {
		{ STR(ACCOUNT "custom-resource-definition-controller"), STR("kube-apiserver") },
		{ STR(ACCOUNT "api-service-controller"), STR("kube-apiserver") },
		{ STR(ACCOUNT), STR("kube-controller-manager") },
		{ STR("system:node:"), STR("kubelet") },
		{ STR("system:kube-controller-manager"), STR("kube-controller-manager") },
		{ STR("system:kube-scheduler"), STR("kube-scheduler") },
	};

	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
		if (str_starts(user, programs[i].prefix))
			return programs[i].program;
	return user;
}

static void take_call(struct asked *asked, const struct api_call *call)
{
	struct str rest = call->path;

	asked->path = str_cut(&rest, '?');
	asked->query = rest;
	asked->method = call->method;
	asked->accept = call->accept;
	asked->content_type = call->content_type;
	asked->agent = call->agent.len > 0 ? call->agent : program_of(call->user);
	asked->body = call->body;
	asked->term = call->term;
	asked->is_trusted = true;
	asked->user = (struct user){ .name = call->user,
				     .groups = call->groups,
				     .group_count = call->group_count };
}

static void call_came(struct server *server, const struct act_msg *msg)
{
	struct arena *arena = arena_new(0);
	struct api_call *call = arena_copy(arena, msg->body, sizeof *call);
	struct arena *decoded = act_keep(server->act, msg);
	struct caller *caller = arena_new_of(arena, struct caller);
	struct request *r = server_request_new(server, arena);

	arena_on_free(arena, drop_call, call);
	if (decoded != NULL)
		arena_on_free(arena, drop_arena, decoded);
	caller->who = msg->from;
	caller->ticket = act_ticket(msg);
	caller->watch = call->watch;
	list_init(&caller->calm_link);
	r->door = &message_door;
	r->peer = caller;
	take_call(&r->asked, call);
	request_run(r);
}

/* NULL: it came by another door. */
static struct caller *caller_behind(const struct watch *watch)
{
	const struct outlet *to = watch_outlet(watch);

	return to->door == &message_door ? to->peer : NULL;
}

/* The watch of this caller with this number; a handful each. */
static struct watch *find_watch(struct server *server, struct act_ref who, uint64_t number)
{
	list_each (&server->watches, link) {
		struct watch *watch = watch_of_server_link(link);
		const struct caller *caller = caller_behind(watch);

		if (caller != NULL && caller->watch == number && act_ref_eq(caller->who, who))
			return watch;
	}
	return NULL;
}

static void more_came(struct server *server, const struct act_msg *msg)
{
	struct watch *watch = find_watch(server, msg->from, ACT_AS(msg, api_more)->watch);

	if (watch == NULL)
		return;
	if (caller_behind(watch)->unacknowledged > 0)
		caller_behind(watch)->unacknowledged--;
	watch_writable(watch);
}

static void progress_came(struct server *server, const struct act_msg *msg)
{
	struct watch *watch = find_watch(server, msg->from, ACT_AS(msg, api_progress)->watch);

	if (watch != NULL)
		watch_progress(watch);
}

static void cancel_came(struct server *server, const struct act_msg *msg)
{
	struct watch *watch = find_watch(server, msg->from, ACT_AS(msg, api_cancel)->watch);

	if (watch != NULL)
		watch_cancel(watch);
}

static void down_came(struct server *server, const struct act_down *down)
{
	list_each (&server->watches, link) {
		struct watch *watch = watch_of_server_link(link);
		struct caller *caller = caller_behind(watch);

		if (caller != NULL && caller->monitor == down->monitor) {
			caller->monitor = 0;
			watch_cancel(watch);
			return;
		}
	}
}

static void calm_is_over(struct server *server)
{
	struct list due;

	server->is_calming = false;
	list_init(&due);
	list_each (&server->calm, link) {
		list_remove(link);
		list_push(&due, link);
	}
	while (!list_is_empty(&due)) {
		struct caller *caller = list_item(due.next, struct caller, calm_link);

		list_remove(&caller->calm_link);
		caller->is_due = true; /* or with the next acknowledgement */
		if (caller->unacknowledged < API_BATCHES)
			watch_writable(caller->of);
	}
}

bool message_door_receive(struct server *server, const struct act_msg *msg)
{
	if (ACT_IS(msg, api_call) && msg->kind == ACT_REQUEST)
		call_came(server, msg);
	else if (ACT_IS(msg, api_more))
		more_came(server, msg);
	else if (ACT_IS(msg, api_progress))
		progress_came(server, msg);
	else if (ACT_IS(msg, api_cancel))
		cancel_came(server, msg);
	else if (ACT_IS(msg, calm_over))
		calm_is_over(server);
	else if (ACT_IS(msg, act_down))
		down_came(server, ACT_AS(msg, act_down));
	else
		return false;
	return true;
}

/* ---- out -------------------------------------------------------------------------------------------------- */

/* The answer outlives the request: its bytes are copied into an arena of its own. */
static void send_answer(struct request *r)
{
	struct api_answer answer = { .arena = arena_new(0), .code = r->answer.code };
	struct str *warnings = arena_array(answer.arena, struct str, r->warning_count);

	answer.content_type = arena_str(answer.arena, r->answer.content_type);
	answer.body = respond_body(r, answer.arena);
	answer.retry_after_s = (uint32_t)request_retry_after(r);
	for (uint32_t i = 0; i < r->warning_count; i++)
		warnings[i] = arena_str(answer.arena, r->warnings[i]);
	answer.warnings = warnings;
	answer.warning_count = r->warning_count;
	if (act_answer(r->server->act, caller_of(r)->ticket, &api_answer_type, &answer) != OK)
		arena_free(answer.arena);
}

/* Who asked hears that its request ended with the server. */
static void message_abandon(struct request *r)
{
	arena_free(caller_of(r)->batch);
	arena_free(r->arena);
}

static void message_release(struct request *r)
{
	struct caller *caller = caller_of(r);

	if (caller->monitor != 0)
		act_demonitor(r->server->act, caller->monitor);
	arena_free(caller->batch);
	arena_free(r->arena); /* the request, the caller and the call go with it */
}

static void watch_began(struct request *r)
{
	struct caller *caller = caller_of(r);

	caller->monitor = act_monitor(r->server->act, caller->who);
	send_answer(r);
}

/* True: the batch goes on gathering. */
static bool is_left_to_wait(const struct outlet *to)
{
	struct caller *caller = to->peer;
	struct server *server = to->server;

	if (!caller->is_calm || caller->is_due || caller->count >= BATCH_EVENTS ||
	    caller->bytes >= BATCH_BYTES)
		return false;
	if (list_is_empty(&caller->calm_link))
		list_push(&server->calm, &caller->calm_link);
	if (!server->is_calming)
		act_after(server->act, CALM_MS, &calm_over_type, &(struct calm_over){ 0 });
	server->is_calming = true;
	return true;
}

/* False: its mailbox or link is full, or it has gone. It must list again, for these events are lost. */
static bool watch_flush(const struct outlet *to)
{
	struct caller *caller = to->peer;
	struct api_events events = { caller->batch, caller->watch, caller->events, caller->count };

	if (caller->is_cancelled)
		return false;
	if (caller->count == 0 || caller->unacknowledged >= API_BATCHES || is_left_to_wait(to))
		return true;
	list_remove(&caller->calm_link);
	caller->is_due = false;
	caller->batch = NULL;
	caller->count = 0;
	caller->bytes = 0;
	if (act_send(to->server->act, caller->who, &api_events_type, &events) == OK) {
		caller->unacknowledged++;
		return true;
	}
	arena_free(events.arena);
	caller->is_cancelled = true;
	return false;
}

static bool add_event(const struct outlet *to, struct api_event event)
{
	struct caller *caller = to->peer;

	assert(caller->count <= BATCH_EVENTS);
	measure_event(to, 0);
	caller->events[caller->count++] = event;
	caller->bytes += event.object.len;
	if (caller->count < BATCH_EVENTS && caller->bytes < BATCH_BYTES)
		return true;
	return watch_flush(to) && caller->unacknowledged < API_BATCHES;
}

static struct arena *batch_of(struct caller *caller)
{
	if (caller->batch == NULL) {
		caller->batch = arena_new(0);
		/* One more: a watch that stands still with a full batch still says why it ends. */
		caller->events = arena_array(caller->batch, struct api_event, BATCH_EVENTS + 1);
	}
	return caller->batch;
}

static bool watch_event(const struct outlet *to, enum cache_change change,
			const struct object *object)
{
	static const enum api_event_kind event_kinds[] = {
		[CACHE_ADDED] = API_ADDED,
		[CACHE_MODIFIED] = API_MODIFIED,
		[CACHE_DELETED] = API_DELETED,
	};
	struct api_event event = { .kind = event_kinds[change],
				   .revision = (uint64_t)object->revision };

	event.object = object_bytes_once(object, to->format, batch_of(to->peer));
	return add_event(to, event);
}

static bool watch_event_bytes(const struct outlet *to, const char *kind, struct str bytes,
			      uint64_t revision, bool is_initial_end)
{
	struct caller *caller = to->peer;
	struct api_event event = { .revision = revision, .is_initial_end = is_initial_end };

	for (event.kind = API_ADDED; event.kind < API_ERROR; event.kind++)
		if (str_is(api_event_name(event.kind), kind))
			break;
	caller->is_due |= event.kind == API_BOOKMARK || event.kind == API_ERROR;
	event.object = arena_str(batch_of(caller), bytes);
	return add_event(to, event);
}

static void watch_ended(const struct outlet *to, int32_t code)
{
	struct caller *caller = to->peer;
	struct api_closed closed = { .watch = caller->watch, .code = code };

	caller->is_due = true;
	caller->unacknowledged = 0; /* the last batch may be one too many: nothing comes after it */
	if (!caller->is_cancelled)
		watch_flush(to);
	act_cast(to->server->act, caller->who, &api_closed_type, &closed);
}

/* Of who called stays what a watch needs; the call, its strings and the request go. */
static void *caller_settle(struct request *r, struct watch *watch, struct arena *arena)
{
	struct caller *kept = arena_copy(arena, caller_of(r), sizeof *kept);

	list_init(&kept->calm_link);
	kept->is_calm = r->form.view == VIEW_PARTIAL;
	kept->of = watch;
	arena_free(r->arena);
	return kept;
}

static void caller_lose(const struct outlet *to)
{
	struct caller *caller = to->peer;

	list_remove(&caller->calm_link);
	arena_free(caller->batch);
}

static void caller_leave(const struct outlet *to)
{
	const struct caller *caller = to->peer;

	if (caller->monitor != 0)
		act_demonitor(to->server->act, caller->monitor);
	caller_lose(to);
}

const struct door message_door = {
	.name = "message",
	.is_near = true,
	.answer = send_answer,
	.begin = watch_began,
	.event = watch_event,
	.event_bytes = watch_event_bytes,
	.flush = watch_flush,
	.end = watch_ended,
	.abandon = message_abandon,
	.release = message_release,
	.settle = caller_settle,
	.leave = caller_leave,
	.lose = caller_lose,
};
