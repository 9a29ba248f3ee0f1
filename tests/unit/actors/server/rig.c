#include "tests/unit/actors/server/rig.h"

#include <stdio.h>

#include "datastore/store/store.h"
#include "tests/lib/fake-disk.h"

#define CALLS_MAX 512U
#define WATCHES_MAX 512U
#define CHILDREN_MAX 8U
#define WAIT_MS 200000U /* of virtual time */

struct call {
	bool is_answered;
	struct rig_answer answer;
};

struct watching {
	uint64_t number;
	struct text events;
	struct str last;
};

struct rig {
	struct act_host *host;
	struct fake_disk *disk;
	int64_t now_ns;
	struct seams_job *jobs, *jobs_tail;
	struct act_ref tester;
	bool is_acknowledging, is_holding;
	struct call calls[CALLS_MAX];
	uint32_t call_count;
	struct watching watches[WATCHES_MAX];
	uint32_t watch_count;
	struct store_config store;
	struct server_config server;
	struct act_child children[CHILDREN_MAX];
	struct act_supervisor root;
};

/* ---- seams --------------------------------------------------------------------------------------------- */

static struct mono rig_mono(void *self)
{
	return (struct mono){ ((struct rig *)self)->now_ns };
}

static struct wall rig_wall(void *self)
{
	return (struct wall){ 1767225600 * TIME_S + ((struct rig *)self)->now_ns };
}

static struct seams_worker *rig_worker(void *self, const char *name)
{
	(void)name;
	return self;
}

static void rig_worker_close(void *self, struct seams_worker *worker)
{
	(void)self;
	(void)worker;
}

static void rig_submit(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct rig *rig = self;

	(void)worker;
	job->next = NULL;
	if (rig->jobs_tail != NULL)
		rig->jobs_tail->next = job;
	else
		rig->jobs = job;
	rig->jobs_tail = job;
}

static bool rig_withdraw(void *self, struct seams_worker *worker, struct seams_job *job)
{
	(void)self;
	(void)worker;
	(void)job;
	return false;
}

static enum status rig_resolve(void *self, struct str name, struct seams_peer *out)
{
	(void)self;
	(void)name;
	(void)out;
	return NOT_FOUND;
}

static enum status rig_link(void *self, struct seams_peer to, struct str header, struct text *body)
{
	(void)self;
	(void)to;
	(void)header;
	(void)body;
	return UNAVAILABLE;
}

/* ---- time ------------------------------------------------------------------------------------------------ */

static bool step(struct rig *rig)
{
	bool is_busy = act_host_turn(rig->host);
	struct seams_job *job = rig->is_holding ? NULL : rig->jobs;

	if (job != NULL) {
		rig->jobs = job->next;
		if (rig->jobs == NULL)
			rig->jobs_tail = NULL;
		job->run(job);
		job->done(job);
	}
	return is_busy || job != NULL || !act_host_sleep(rig->host);
}

static void run_due(struct rig *rig)
{
	while (step(rig))
		;
}

/* Moves the clock to the next timer, at most to `end_ns`. False: it has reached the end. */
static bool move_clock(struct rig *rig, int64_t end_ns)
{
	int64_t next_ns = act_host_next(rig->host).ns;

	if (next_ns > end_ns) {
		rig->now_ns = end_ns;
		return false;
	}
	if (next_ns > rig->now_ns)
		rig->now_ns = next_ns;
	return true;
}

void rig_run(struct rig *rig, uint64_t ms)
{
	int64_t end_ns = rig->now_ns + (int64_t)ms * TIME_MS;

	do
		run_due(rig);
	while (move_clock(rig, end_ns));
	run_due(rig);
}

/* ---- the asking actor -------------------------------------------------------------------------------------- */

struct tester {
	struct rig *rig;
};

static void free_later(void *arg)
{
	arena_free(arg);
}

static void keep(struct act *act, const struct act_msg *msg, struct arena *arena)
{
	struct arena *decoded = act_keep(act, msg);

	if (arena != NULL)
		arena_on_free(test_arena(), free_later, arena);
	if (decoded != NULL)
		arena_on_free(test_arena(), free_later, decoded);
}

static struct watching *watching_of(struct rig *rig, uint64_t number)
{
	for (uint32_t i = 0; i < rig->watch_count; i++)
		if (rig->watches[i].number == number)
			return &rig->watches[i];
	CHECK(rig->watch_count < WATCHES_MAX);
	rig->watches[rig->watch_count] = (struct watching){
		.number = number,
		.events = text_in(test_arena(), 64U * MIB),
	};
	return &rig->watches[rig->watch_count++];
}

static void events_came(struct rig *rig, struct act *act, const struct act_msg *msg)
{
	const struct api_events *events = msg->body;
	struct watching *watch = watching_of(rig, events->watch);

	for (uint32_t i = 0; i < events->count; i++) {
		const struct api_event *event = &events->events[i];
		struct str name = rig_at(event->object, "metadata.name");
		struct str kind = event->is_initial_end ? STR("END") : api_event_name(event->kind);

		if (event->kind == API_ERROR)
			name = rig_at(event->object, "reason");
		text_printf(&watch->events, "%s" STR_FMT " " STR_FMT "@%ju",
			    watch->events.len ? " " : "", STR_ARG(kind), STR_ARG(name),
			    (uintmax_t)event->revision);
		watch->last = arena_str(test_arena(), event->object);
	}
	if (rig->is_acknowledging)
		act_cast(act, msg->from, &api_more_type, &(struct api_more){ events->watch });
}

static void closed_came(struct rig *rig, const struct api_closed *closed)
{
	struct watching *watch = watching_of(rig, closed->watch);

	text_printf(&watch->events, "%sCLOSED %d", watch->events.len ? " " : "", closed->code);
}

static void answer_came(struct rig *rig, struct act *act, const struct act_msg *msg)
{
	struct call *call = &rig->calls[msg->tag - 1];
	const struct api_answer *answer = msg->body;

	call->is_answered = true;
	if (msg->status != OK) {
		call->answer.body = str_from(status_name(msg->status));
		return;
	}
	call->answer = (struct rig_answer){ answer->code,     answer->content_type,
					    answer->body,     answer->retry_after_s,
					    answer->warnings, answer->warning_count };
	keep(act, msg, answer->arena);
}

static enum status tester_init(struct act *act, void *state, const void *args)
{
	struct tester *tester = state;

	tester->rig = *(struct rig *const *)args;
	tester->rig->tester = act_self(act);
	return OK;
}

static enum act_verdict tester_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct rig *rig = ((struct tester *)state)->rig;

	if (msg->kind == ACT_ANSWER)
		answer_came(rig, act, msg);
	else if (ACT_IS(msg, api_events))
		events_came(rig, act, msg);
	else if (ACT_IS(msg, api_closed))
		closed_came(rig, msg->body);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static const struct act_class tester_class = { .name = "tester",
					       .state_size = sizeof(struct tester),
					       .init = tester_init,
					       .receive = tester_receive };

struct inside {
	void (*fn)(struct act *act, void *arg);
	void *arg;
};

static void enter(struct act *act, void *state, void *arg)
{
	struct inside *inside = arg;

	(void)state;
	inside->fn(act, inside->arg);
}

void rig_enter(struct rig *rig, void (*fn)(struct act *act, void *arg), void *arg)
{
	struct inside inside = { fn, arg };

	CHECK(act_host_enter(rig->host, rig->tester, enter, &inside));
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

struct sending {
	struct api_call call;
	uint32_t number;
};

static void send_call(struct act *act, void *arg)
{
	struct sending *sending = arg;

	CHECK_STATUS(act_request(act, act_named(act, "api"), &api_call_type, &sending->call,
				 WAIT_MS, sending->number),
		     OK);
}

static struct str copy(struct arena *arena, const char *text)
{
	return arena_str(arena, str_from(text));
}

static struct api_call call_of(const struct rig_request *request)
{
	struct api_call call = api_call_new();
	struct str *groups = arena_array(call.arena, struct str, 1);

	call.method = copy(call.arena, request->method);
	call.path = copy(call.arena, request->path);
	call.user = copy(call.arena, request->user ? request->user : RIG_MAIN);
	if (request->user == NULL || request->group != NULL) {
		groups[0] = copy(call.arena, request->group ? request->group : "system:masters");
		call.groups = groups;
		call.group_count = 1;
	}
	call.accept = copy(call.arena, request->accept);
	call.content_type = copy(call.arena, request->type);
	call.agent = copy(call.arena, request->agent);
	call.body = copy(call.arena, request->body);
	call.term = request->term;
	return call;
}

static uint32_t begin(struct rig *rig, struct api_call call)
{
	struct sending sending = { call, ++rig->call_count };

	CHECK(rig->call_count <= CALLS_MAX);
	rig_enter(rig, send_call, &sending);
	return sending.number;
}

uint32_t rig_begin(struct rig *rig, const struct rig_request *request)
{
	return begin(rig, call_of(request));
}

bool rig_is_answered(struct rig *rig, uint32_t number)
{
	return rig->calls[number - 1].is_answered;
}

struct rig_answer rig_finish(struct rig *rig, uint32_t number)
{
	int64_t end_ns = rig->now_ns + WAIT_MS * TIME_MS;
	struct call *call = &rig->calls[number - 1];

	/* What can be answered now is: the clock stands still meanwhile. */
	do
		run_due(rig);
	while (!call->is_answered && move_clock(rig, end_ns));
	CHECK(call->is_answered);
	return call->answer;
}

struct rig_answer rig_ask(struct rig *rig, const struct rig_request *request)
{
	uint32_t number = rig_begin(rig, request);
	struct rig_answer answer = rig_finish(rig, number);

	if (number == rig->call_count)
		rig->call_count--;
	rig->calls[number - 1] = (struct call){ 0 };
	return answer;
}

struct rig_answer rig_get(struct rig *rig, const char *path)
{
	return rig_ask_of(rig, .method = "GET", .path = path);
}

struct rig_answer rig_post(struct rig *rig, const char *path, const char *body)
{
	return rig_ask_of(rig, .method = "POST", .path = path, .body = body);
}

struct rig_answer rig_put(struct rig *rig, const char *path, const char *body)
{
	return rig_ask_of(rig, .method = "PUT", .path = path, .body = body);
}

struct rig_answer rig_patch(struct rig *rig, const char *form, const char *path, const char *body)
{
	const char *type = strcmp(form, "json") == 0    ? "application/json-patch+json"
			   : strcmp(form, "merge") == 0 ? "application/merge-patch+json"
			   : strcmp(form, "apply") == 0 ? "application/apply-patch+yaml"
							: "application/strategic-merge-patch+json";

	return rig_ask_of(rig, .method = "PATCH", .path = path, .body = body, .type = type);
}

struct rig_answer rig_delete(struct rig *rig, const char *path, const char *body)
{
	return rig_ask_of(rig, .method = "DELETE", .path = path, .body = body);
}

struct rig_answer rig_as(struct rig *rig, const char *user, const char *method, const char *path,
			 const char *body)
{
	return rig_ask_of(
	    rig, .method = method, .path = path, .user = user, .body = body ? rig_json(body) : NULL,
	    .type = strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : NULL);
}

/* ---- watching ------------------------------------------------------------------------------------------------------ */

struct rig_answer rig_watch(struct rig *rig, const char *path, uint64_t number)
{
	return rig_watch_as(rig, path, NULL, number);
}

struct rig_answer rig_watch_as(struct rig *rig, const char *path, const char *accept,
			       uint64_t number)
{
	struct api_call call = call_of(&(struct rig_request){ "GET", path, .accept = accept });
	struct rig_answer answer;

	call.watch = number;
	answer = rig_finish(rig, begin(rig, call));
	rig_run(rig, 0);
	return answer;
}

struct str rig_events(struct rig *rig, uint64_t number)
{
	struct watching *watch = watching_of(rig, number);
	struct str events;

	rig_run(rig, 10);
	events = arena_str(test_arena(), text_str(&watch->events));
	text_clear(&watch->events);
	return events;
}

struct str rig_last_object(struct rig *rig, uint64_t number)
{
	return watching_of(rig, number)->last;
}

void rig_acknowledge(struct rig *rig, bool is_acknowledging)
{
	rig->is_acknowledging = is_acknowledging;
}

static void send_more(struct act *act, void *arg)
{
	act_cast(act, act_named(act, "api"), &api_more_type, arg);
}

void rig_more(struct rig *rig, uint64_t number)
{
	rig_enter(rig, send_more, &(struct api_more){ number });
}

static void send_cancel(struct act *act, void *arg)
{
	act_cast(act, act_named(act, "api"), &api_cancel_type, arg);
}

void rig_cancel(struct rig *rig, uint64_t number)
{
	rig_enter(rig, send_cancel, &(struct api_cancel){ number });
}

/* ---- life -------------------------------------------------------------------------------------------------------------- */

static void make_children(struct rig *rig, const struct act_child *children, uint32_t count)
{
	struct rig **args = arena_new_of(test_arena(), struct rig *);

	*args = rig;
	rig->children[0] =
	    (struct act_child){ .id = "store", .class = &store_class, .args = &rig->store };
	rig->children[1] =
	    (struct act_child){ .id = "api", .class = &server_class, .args = &rig->server };
	rig->children[2] =
	    (struct act_child){ .id = "tester", .class = &tester_class, .args = args };
	CHECK(3 + count <= CHILDREN_MAX);
	for (uint32_t i = 0; i < count; i++)
		rig->children[3 + i] = children[i];
	rig->root = (struct act_supervisor){ .children = rig->children, .child_count = 3 + count };
}

static void open_host(struct rig *rig)
{
	const struct act_host_config config = {
		.name = "core",
		.node = 1,
		.host = 1,
		.epoch = 1,
		.root = &rig->root,
		.types = store_types,
		.type_count = store_type_count,
		.is_unmeasured = true, /* its clock is not the processor's */
	};
	const struct seams seams = {
		.clock = { rig, rig_mono, rig_wall },
		.random = *fake_disk_random(rig->disk),
		.link = { rig, rig_link, rig_resolve },
		.files = *fake_disk_files(rig->disk),
		.jobs = { rig, rig_worker, rig_worker_close, rig_submit, rig_withdraw },
	};

	CHECK_STATUS(act_host_open(&config, &seams, &rig->host), OK);
	CHECK_STATUS(act_host_add_types(rig->host, api_types, api_type_count), OK);
}

static void wait_ready(struct rig *rig)
{
	for (int i = 0; i < 100; i++) {
		if (rig_get(rig, "/readyz").code == 200)
			return;
		rig_run(rig, 100);
	}
	test_fail(__FILE__, __LINE__, "the server does not become ready");
}

struct rig *rig_open_with(const struct server_config *config, const struct act_child *children,
			  uint32_t count)
{
	struct rig *rig = arena_new_of(test_arena(), struct rig);

	rig->disk = fake_disk_new(7);
	rig->now_ns = TIME_S;
	rig->is_acknowledging = true;
	rig->store = (struct store_config){ .folder = "/data",
					    .name = STR("n1"),
					    .address = STR("127.0.0.1:6444"),
					    .is_first = true,
					    .segment_bytes = 1U * MIB };
	if (config != NULL)
		rig->server = *config;
	if (rig->server.store == NULL)
		rig->server.store = "store";
	make_children(rig, children, count);
	open_host(rig);
	wait_ready(rig);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	return rig;
}

struct rig *rig_open(const struct server_config *config)
{
	return rig_open_with(config, NULL, 0);
}

void rig_keep_past(struct rig *rig, uint64_t bytes, uint32_t seconds)
{
	rig->store.past_bytes = bytes;
	rig->store.past_s = seconds;
}

void rig_close(struct rig *rig)
{
	act_host_stop(rig->host);
	for (int i = 0; i < 1000 && !act_host_is_done(rig->host); i++)
		rig_run(rig, 10);
	CHECK(act_host_is_done(rig->host));
	act_host_close(rig->host);
	fake_disk_free(rig->disk);
}

void rig_hold_disk(struct rig *rig, bool is_holding)
{
	rig->is_holding = is_holding;
}

static void kill_store(struct act *act, void *arg)
{
	(void)arg;
	act_kill(act, act_whereis(act, "store"));
}

void rig_kill_store(struct rig *rig)
{
	rig_enter(rig, kill_store, NULL);
}

static void kill_server(struct act *act, void *arg)
{
	(void)arg;
	act_kill(act, act_whereis(act, "api"));
}

void rig_kill_server(struct rig *rig)
{
	rig_enter(rig, kill_server, NULL);
}

static void stop_server(struct act *act, void *arg)
{
	(void)arg;
	act_stop(act, act_whereis(act, "api"));
}

void rig_stop_server(struct rig *rig)
{
	rig_enter(rig, stop_server, NULL);
}

struct act_host *rig_host(struct rig *rig)
{
	return rig->host;
}
