#include "tests/unit/datastore/store/lab.h"

#include "runtime/base/base.h"
#include "runtime/base/log.h"
#include "tests/lib/test.h"

#define WAITING 1U /* tags: of who waits for it, and of who counts */
#define COUNTED 2U

struct lab {
	struct act_host *host;
	struct fake_disk *disk;
	int64_t now_ns;
	struct seams_job *jobs, *jobs_tail;
	struct seams_job *table_job; /* one that is held: there is never more than one of the groups */
	char table_worker;           /* its address stands for it */
	struct act_ref tester;
	struct text events;
	bool is_giving_credit, is_holding_jobs, is_holding_table;
	void *answer;
	enum status status;
	bool is_answered;
	const char *known; /* the one name beyond this host that can be found; NULL: none */
	uint32_t sent;     /* messages to it */
	uint32_t ended[STATUS_COUNT];
	struct store_config config;
	struct act_child children[2];
	struct act_supervisor root;
};

/* ---- seams ---- */

static struct mono lab_mono(void *self)
{
	return (struct mono){ ((struct lab *)self)->now_ns };
}

static struct wall lab_wall(void *self)
{
	return (struct wall){ 1767225600 * TIME_S + ((struct lab *)self)->now_ns };
}

static struct seams_worker *lab_worker(void *self, const char *name)
{
	struct lab *lab = self;
	return strcmp(name, "table") == 0 ? (struct seams_worker *)(void *)&lab->table_worker : self;
}

static void lab_worker_close(void *self, struct seams_worker *worker)
{
	(void)self;
	(void)worker;
}

static void lab_submit(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct lab *lab = self;
	job->next = NULL;
	if (lab->is_holding_table && (void *)worker == &lab->table_worker) {
		CHECK(!lab->table_job);
		lab->table_job = job;
		return;
	}
	if (lab->jobs_tail)
		lab->jobs_tail->next = job;
	else
		lab->jobs = job;
	lab->jobs_tail = job;
}

static bool lab_withdraw(void *self, struct seams_worker *worker, struct seams_job *job)
{
	(void)self;
	(void)worker;
	(void)job;
	return false;
}

static enum status lab_resolve(void *self, struct str name, struct seams_peer *out)
{
	const struct lab *lab = self;
	if (!lab->known || !str_is(name, lab->known))
		return NOT_FOUND;
	*out = (struct seams_peer){ 1, 2, 0 };
	return OK;
}

static enum status lab_link(void *self, struct seams_peer to, struct str header, struct text *body)
{
	struct lab *lab = self;
	(void)header;
	(void)body;
	if (to.host != 2)
		return UNAVAILABLE;
	lab->sent++;
	return OK;
}

void lab_know(struct lab *lab, const char *name)
{
	lab->known = name;
}

uint32_t lab_sent(const struct lab *lab)
{
	return lab->sent;
}

void lab_lose(struct lab *lab)
{
	act_host_lost(lab->host, (struct seams_peer){ 1, 2, 0 });
}

/* One job a step: messages come between them. */
static bool lab_step(struct lab *lab)
{
	bool is_busy = act_host_turn(lab->host);
	struct seams_job *job = lab->is_holding_jobs ? NULL : lab->jobs;
	if (job) {
		lab->jobs = job->next;
		if (!lab->jobs)
			lab->jobs_tail = NULL;
		job->run(job);
		job->done(job);
	}
	return is_busy || job || !act_host_sleep(lab->host);
}

void lab_hold_jobs(struct lab *lab, bool is_holding)
{
	lab->is_holding_jobs = is_holding;
}

void lab_hold_table(struct lab *lab, bool is_holding)
{
	struct seams_job *job = lab->table_job;
	lab->is_holding_table = is_holding;
	lab->table_job = NULL;
	if (job)
		lab_submit(lab, (struct seams_worker *)(void *)&lab->table_worker, job);
}

void lab_run(struct lab *lab, uint64_t ms)
{
	int64_t end_ns = lab->now_ns + (int64_t)ms * TIME_MS;
	for (;;) {
		while (lab_step(lab))
			;
		int64_t next_ns = act_host_next(lab->host).ns;
		if (next_ns > end_ns)
			break;
		if (next_ns > lab->now_ns)
			lab->now_ns = next_ns;
	}
	lab->now_ns = end_ns;
	while (lab_step(lab))
		;
}

/* ---- the tester ---- */

struct tester {
	struct lab *lab;
};

static void print_event(struct text *out, const struct store_event *event)
{
	text_add(out, event->row.key);
	text_add_char(out, event->is_delete ? '-' : '=');
	text_add(out, event->row.value);
	text_printf(out, "@%llu ", (unsigned long long)event->row.mod_revision);
	if (event->prev.version)
		text_printf(out, "was " STR_FMT "@%llu ", STR_ARG(event->prev.value),
			    (unsigned long long)event->prev.mod_revision);
}

static void on_events(struct lab *lab, struct act *act, const struct act_msg *msg)
{
	const struct store_events *events = ACT_AS(msg, store_events);
	if (events->status != OK)
		text_printf(&lab->events, "!%s ", status_name(events->status));
	else if (!events->count)
		text_printf(&lab->events, "..%llu ", (unsigned long long)events->revision);
	for (uint32_t i = 0; i < events->count; i++)
		print_event(&lab->events, &events->events[i]);
	struct store_watch_credit credit = { events->watch, events->count, events->bytes };
	if (lab->is_giving_credit && events->status == OK)
		act_cast(act, msg->from, &store_watch_credit_type, &credit);
}

static void free_later(void *arg)
{
	arena_free(arg);
}

/* Answers stay until the test ends: the store's arenas become the test's. */
static void own_answer(struct act *act, const struct act_msg *msg)
{
	struct arena *kept = act_keep(act, msg), *arena = NULL;
	if (ACT_IS(msg, store_range_answer))
		arena = ACT_AS(msg, store_range_answer)->arena;
	else if (ACT_IS(msg, store_write_answer))
		arena = ACT_AS(msg, store_write_answer)->arena;
	else if (ACT_IS(msg, store_lease_answer))
		arena = ACT_AS(msg, store_lease_answer)->arena;
	else if (ACT_IS(msg, store_status))
		arena = ACT_AS(msg, store_status)->arena;
	else if (ACT_IS(msg, store_backup_answer))
		arena = ACT_AS(msg, store_backup_answer)->arena;
	else if (ACT_IS(msg, store_past_answer))
		arena = ACT_AS(msg, store_past_answer)->arena;
	if (arena)
		arena_on_free(test_arena(), free_later, arena);
	if (kept)
		arena_on_free(test_arena(), free_later, kept);
}

static void keep_answer(struct lab *lab, struct act *act, const struct act_msg *msg)
{
	lab->is_answered = true;
	lab->status = msg->status;
	lab->answer = NULL;
	if (msg->status != OK)
		return;
	lab->answer = arena_copy(test_arena(), msg->body, msg->type->size);
	own_answer(act, msg);
}

/* An answer's status comes first in it. */
static void count_answer(struct lab *lab, struct act *act, const struct act_msg *msg)
{
	enum status status = msg->status;
	if (status == OK) {
		status = *(const enum status *)msg->body;
		own_answer(act, msg);
	}
	lab->ended[status]++;
}

static enum status tester_init(struct act *act, void *state, const void *args)
{
	struct tester *tester = state;
	tester->lab = *(struct lab *const *)args;
	tester->lab->tester = act_self(act);
	return OK;
}

static enum act_verdict tester_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct lab *lab = ((struct tester *)state)->lab;
	if (ACT_IS(msg, store_events))
		on_events(lab, act, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == COUNTED)
		count_answer(lab, act, msg);
	else if (msg->kind == ACT_ANSWER)
		keep_answer(lab, act, msg);
	return ACT_OK;
}

static const struct act_class tester_class = { .name = "tester",
					       .state_size = sizeof(struct tester),
					       .init = tester_init,
					       .receive = tester_receive };

struct asking {
	const struct act_type *type;
	const void *body;
	uint64_t tag; /* 0: no answer is wanted */
	enum status status;
};

static void do_ask(struct act *act, void *state, void *arg)
{
	struct asking *asking = arg;
	struct act_ref store = act_whereis(act, "store");
	(void)state;
	asking->status =
	    asking->tag ? act_request(act, store, asking->type, asking->body, 60000, asking->tag)
			: act_send(act, store, asking->type, asking->body);
}

void *lab_ask(struct lab *lab, const struct act_type *type, const void *body, enum status *status)
{
	struct asking asking = { type, body, WAITING, OK };
	lab->is_answered = false;
	CHECK(act_host_enter(lab->host, lab->tester, do_ask, &asking));
	CHECK_STATUS(asking.status, OK);
	for (int i = 0; i < 7000 && !lab->is_answered; i++)
		lab_run(lab, 10);
	CHECK(lab->is_answered);
	if (status)
		*status = lab->status;
	return lab->answer;
}

void lab_send(struct lab *lab, const struct act_type *type, const void *body)
{
	struct asking asking = { type, body, 0, OK };
	CHECK(act_host_enter(lab->host, lab->tester, do_ask, &asking));
	CHECK_STATUS(asking.status, OK);
}

void lab_begin(struct lab *lab, const struct act_type *type, const void *body)
{
	struct asking asking = { type, body, COUNTED, OK };
	CHECK(act_host_enter(lab->host, lab->tester, do_ask, &asking));
	CHECK_STATUS(asking.status, OK);
}

uint32_t lab_ended(const struct lab *lab, enum status status)
{
	return lab->ended[status];
}

/* ---- life ---- */

static struct lab *open_with(struct fake_disk *disk, const struct store_config *wanted)
{
	struct lab *lab = arena_new_of(test_arena(), struct lab);
	*lab = (struct lab){ .disk = disk, .now_ns = TIME_S, .is_giving_credit = true };
	lab->events = text_in(test_arena(), 16U * MIB);
	lab->config = *wanted;
	lab->config.folder = "/data";
	lab->config.name = STR("n1");
	lab->config.address = STR("127.0.0.1:6444");
	lab->config.segment_bytes = 256U * KIB;
	struct lab **args = arena_new_of(test_arena(), struct lab *);
	*args = lab;
	lab->children[0] =
	    (struct act_child){ .id = "store", .class = &store_class, .args = &lab->config };
	lab->children[1] =
	    (struct act_child){ .id = "tester", .class = &tester_class, .args = args };
	lab->root = (struct act_supervisor){ .children = lab->children, .child_count = 2 };
	const struct act_host_config config = { .name = "core",
						.node = 1,
						.host = 1,
						.epoch = 1,
						.root = &lab->root,
						.types = store_types,
						.type_count = store_type_count,
						.is_unmeasured = true };
	const struct seams seams = {
		.clock = { lab, lab_mono, lab_wall },
		.random = *fake_disk_random(disk),
		.link = { lab, lab_link, lab_resolve },
		.files = *fake_disk_files(disk),
		.jobs = { lab, lab_worker, lab_worker_close, lab_submit, lab_withdraw },
	};
	CHECK_STATUS(act_host_open(&config, &seams, &lab->host), OK);
	return lab;
}

struct lab *lab_open(struct fake_disk *disk, uint32_t history_s)
{
	return open_with(disk, &(struct store_config){ .is_first = true, .history_s = history_s });
}

struct lab *lab_open_keeping(struct fake_disk *disk, uint64_t past_bytes, uint32_t past_s)
{
	return open_with(disk, &(struct store_config){ .is_first = true,
						       .history_s = 1,
						       .past_bytes = past_bytes,
						       .past_s = past_s });
}

struct lab *lab_open_stranger(struct fake_disk *disk)
{
	return open_with(disk, &(struct store_config){ .is_first = false });
}

void lab_close(struct lab *lab)
{
	act_host_stop(lab->host);
	while (act_host_turn(lab->host))
		;
	lab->is_holding_jobs = false;
	lab_hold_table(lab, false);
	for (int i = 0; i < 1000 && !act_host_is_done(lab->host); i++)
		lab_run(lab, 10);
	CHECK(act_host_is_done(lab->host));
	act_host_close(lab->host);
}

void lab_crash(struct lab *lab)
{
	fake_disk_crash(lab->disk);
	act_host_abandon(lab->host);
}

struct store_status *lab_status(struct lab *lab)
{
	struct store_ask_status ask = { 0 };
	return lab_ask(lab, &store_ask_status_type, &ask, NULL);
}

void lab_wait_ready(struct lab *lab)
{
	for (int i = 0; i < 100; i++) {
		lab_run(lab, 100);
		if (lab_status(lab)->is_leader)
			return;
	}
	test_fail(__FILE__, __LINE__, "the store does not lead");
}

void lab_give_credit(struct lab *lab, bool is_giving)
{
	lab->is_giving_credit = is_giving;
}

struct str lab_events(struct lab *lab)
{
	struct str said = arena_str(test_arena(), text_str(&lab->events));
	text_clear(&lab->events);
	return said;
}

/* ---- shorthands ---- */

static struct store_write_answer *write_op(struct lab *lab, const struct store_op *op)
{
	struct arena *arena = arena_new(0);
	struct store_op *copy = arena_copy(arena, op, sizeof *op);
	copy->key = arena_str(arena, op->key);
	copy->value = arena_str(arena, op->value);
	struct store_write write = { .arena = arena, .success = copy, .success_count = 1 };
	return lab_ask(lab, &store_write_type, &write, NULL);
}

struct store_write_answer *lab_put(struct lab *lab, const char *key, const char *value,
				   uint64_t expected)
{
	struct store_op op = { .kind = STORE_PUT,
			       .key = str_from(key),
			       .value = str_from(value),
			       .expected = expected };
	return write_op(lab, &op);
}

struct store_write_answer *lab_delete(struct lab *lab, const char *key, uint64_t expected)
{
	struct store_op op = { .kind = STORE_DELETE, .key = str_from(key), .expected = expected };
	return write_op(lab, &op);
}

struct store_range_answer *lab_range(struct lab *lab, const char *from, const char *end,
				     uint64_t revision)
{
	struct store_range range = { .key = str_from(from),
				     .end = str_from(end),
				     .revision = revision };
	return lab_ask(lab, &store_range_type, &range, NULL);
}

struct str lab_print(const struct store_range_answer *answer)
{
	struct text out = text_in(test_arena(), 1U << 20);
	for (uint32_t i = 0; i < answer->row_count; i++)
		text_printf(&out, STR_FMT "=" STR_FMT "@%llu ", STR_ARG(answer->rows[i].key),
			    STR_ARG(answer->rows[i].value),
			    (unsigned long long)answer->rows[i].mod_revision);
	return text_str(&out);
}
