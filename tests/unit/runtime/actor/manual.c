#include "tests/unit/runtime/actor/manual.h"

#include "runtime/base/mem.h"
#include "tests/lib/test.h"

static struct mono manual_mono(void *self)
{
	return (struct mono){ ((struct manual *)self)->now_ns };
}

static struct wall manual_wall(void *self)
{
	return (struct wall){ 1767225600 * TIME_S + ((struct manual *)self)->now_ns };
}

static void manual_fill(void *self, void *at, size_t len)
{
	(void)self;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)at)[i] = (uint8_t)(i * 37 + 11);
}

static struct seams_worker *manual_worker(void *self, const char *name)
{
	(void)name;
	((struct manual *)self)->opened++;
	return self;
}

static void manual_worker_close(void *self, struct seams_worker *worker)
{
	(void)worker;
	((struct manual *)self)->closed++;
}

static void manual_submit(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct manual *manual = self;

	(void)worker;
	job->next = NULL;
	if (manual->jobs_tail)
		manual->jobs_tail->next = job;
	else
		manual->jobs = job;
	manual->jobs_tail = job;
}

/* Held jobs count as begun. */
static bool manual_withdraw(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct manual *manual = self;

	(void)worker;
	if (manual->jobs_held)
		return false;
	struct seams_job **at = &manual->jobs, *last = NULL;
	for (; *at && *at != job; at = &(*at)->next)
		last = *at;
	CHECK(*at);
	*at = job->next;
	if (manual->jobs_tail == job)
		manual->jobs_tail = last;
	return true;
}

static void manual_run_jobs(struct manual *manual)
{
	while (manual->jobs && !manual->jobs_held) {
		struct seams_job *job = manual->jobs;
		manual->jobs = job->next;
		if (!manual->jobs)
			manual->jobs_tail = NULL;
		job->run(job);
		job->done(job);
	}
}

struct manual_parcel {
	struct manual *to;
	struct seams_peer from;
	struct str bytes;
};

static void manual_arrive(struct act_host *host, void *arg)
{
	struct manual_parcel *parcel = arg;
	if (!parcel->to->is_cut)
		act_host_receive(host, parcel->from, parcel->bytes);
	mem_free((void *)(uintptr_t)parcel->bytes.at);
	mem_free(parcel);
}

static enum status manual_link_send(void *self, struct seams_peer to, struct str header,
				    struct text *body)
{
	struct manual *manual = self;

	if (!manual->peer || manual->is_cut || act_host_peer(manual->peer->host).node != to.node)
		return UNAVAILABLE;
	char *bytes = mem_alloc(header.len + body->len);
	memcpy(bytes, header.at, header.len);
	if (body->len)
		memcpy(bytes + header.len, body->at, body->len);
	struct manual_parcel *parcel = mem_new(struct manual_parcel);
	parcel->to = manual->peer;
	parcel->from = act_host_peer(manual->host);
	parcel->bytes = str_of(bytes, header.len + body->len);
	act_host_call(manual->peer->host, manual_arrive, parcel);
	return OK;
}

static enum status manual_resolve(void *self, struct str name, struct seams_peer *out)
{
	(void)self;
	uint64_t node;

	if (name.len < 2 || name.at[0] != 'n' ||
	    str_to_u64(str_slice(name, 1, name.len), &node) != OK)
		return NOT_FOUND;
	*out = (struct seams_peer){ (uint32_t)node, 1, 0 };
	return OK;
}

static void open_it(struct manual *manual, const struct act_supervisor *root, uint32_t node,
		    uint16_t epoch)
{
	const struct act_host_config config = {
		.name = "manual",
		.node = node,
		.host = 1,
		.epoch = epoch,
		.root = root,
		.is_unmeasured = true, /* its clock is not the processor's */
	};
	const struct seams seams = {
		.clock = { manual, manual_mono, manual_wall },
		.random = { manual, manual_fill, NULL },
		.link = { manual, manual_link_send, manual_resolve },
		.jobs = { manual, manual_worker, manual_worker_close, manual_submit,
			  manual_withdraw },
	};

	*manual = (struct manual){ .now_ns = TIME_S };
	CHECK_STATUS(act_host_open(&config, &seams, &manual->host), OK);
}

void manual_open(struct manual *manual, const struct act_supervisor *root)
{
	static uint32_t node;

	open_it(manual, root, ++node, 1);
}

void manual_open_as(struct manual *manual, uint32_t node, uint16_t epoch)
{
	open_it(manual, NULL, node, epoch);
}

void manual_close(struct manual *manual)
{
	manual->jobs_held = 0;
	act_host_stop(manual->host);
	manual_run(manual, 60000);
	CHECK(act_host_is_done(manual->host));
	act_host_close(manual->host);
}

static void manual_settle(struct manual *manual)
{
	for (;;) {
		bool is_busy = act_host_turn(manual->host);
		manual_run_jobs(manual);
		if (!is_busy && act_host_sleep(manual->host))
			return;
	}
}

void manual_run(struct manual *manual, uint64_t ms)
{
	int64_t end_ns = manual->now_ns + (int64_t)ms * TIME_MS;

	manual_settle(manual);
	for (;;) {
		int64_t next_ns = act_host_next(manual->host).ns;
		if (next_ns > end_ns)
			break;
		if (next_ns > manual->now_ns)
			manual->now_ns = next_ns;
		manual_settle(manual);
	}
	manual->now_ns = end_ns;
	manual_settle(manual);
}

void manual_enter(struct manual *manual, void (*fn)(struct act *act, void *state, void *arg),
		  void *arg)
{
	CHECK(act_host_enter(manual->host, act_host_root(manual->host), fn, arg));
}

struct manual_spawning {
	const struct act_class *class;
	const void *args;
	struct act_ref made;
};

static void manual_do_spawn(struct act *act, void *state, void *arg)
{
	struct manual_spawning *spawning = arg;

	(void)state;
	CHECK_STATUS(act_spawn(act, spawning->class, spawning->args, NULL, &spawning->made), OK);
}

struct act_ref manual_spawn(struct manual *manual, const struct act_class *class, const void *args)
{
	struct manual_spawning spawning = { class, args, ACT_NIL };

	manual_enter(manual, manual_do_spawn, &spawning);
	return spawning.made;
}

void manual_send(struct manual *manual, struct act_ref to, const struct act_type *type,
		 const void *body)
{
	CHECK_STATUS(act_post(manual->host, to, type, body), OK);
}

void manual_join(struct manual *a, struct manual *b)
{
	a->peer = b;
	b->peer = a;
	a->is_cut = b->is_cut = false;
}

void manual_cut(struct manual *a, struct manual *b)
{
	a->is_cut = b->is_cut = true;
	act_host_lost(a->host, act_host_peer(b->host));
	act_host_lost(b->host, act_host_peer(a->host));
}
