/* Lives: actors that begin, do little, and end. */
#include "tests/bench/actors/bench.h"

#include <stdlib.h>

#define SLICE 1000U
#define STATE_BYTES 64U

struct go {
	uint64_t unused;
};
static ACT_TYPE(go);

struct done {
	uint64_t unused;
};
static ACT_TYPE(done);

/* ---- fork-join: each is made, gets a message, answers and ends ----------------------------------------- */

struct forker {
	struct bench_run *run;
	uint64_t to_make, to_hear;
};

static enum act_verdict forked_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	bench_tell(act, msg->from, done, 0);
	return ACT_STOP;
}

static const struct act_class forked = { .name = "forked", .receive = forked_receive };

static enum status forker_init(struct act *act, void *state, const void *args)
{
	struct forker *self = state;

	(void)act;
	self->run = *(struct bench_run *const *)args;
	self->to_make = self->to_hear = self->run->count;
	return OK;
}

static enum act_verdict forker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct forker *self = state;

	if (ACT_IS(msg, done)) {
		if (--self->to_hear == 0)
			bench_done(self->run);
		return ACT_OK;
	}
	for (uint32_t i = 0; i < SLICE && self->to_make > 0; i++, self->to_make--)
		bench_tell(act, bench_spawn_of(act, &forked, NULL), go, 0);
	if (self->to_make > 0)
		bench_tell(act, act_self(act), go, 0);
	return ACT_OK;
}

static const struct act_class forker = { .name = "forker",
					 .state_size = sizeof(struct forker),
					 .init = forker_init,
					 .receive = forker_receive };

void bench_fork_join(struct act *act, void *state, void *run)
{
	(void)state;
	bench_tell(act, bench_spawn_of(act, &forker, &run), go, 0);
}

/* ---- spawn, idle: many that only are ---------------------------------------------------------------------- */

struct idle {
	char bytes[STATE_BYTES];
};

static enum act_verdict idle_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_OK;
}

static const struct act_class idle = { .name = "idle",
				       .state_size = sizeof(struct idle),
				       .receive = idle_receive };

void bench_spawn(struct act *act, void *state, void *arg)
{
	struct bench_run *run = arg;

	(void)state;
	for (uint64_t i = 0; i < run->count; i++)
		bench_spawn_of(act, &idle, NULL);
	bench_done(run);
}

void bench_idle(struct act *act, void *state, void *arg)
{
	struct bench_run *run = arg;
	uint64_t before = bench_resident_bytes();

	(void)state;
	for (uint64_t i = 0; i < run->count; i++)
		bench_spawn_of(act, &idle, NULL);
	run->value = (double)(bench_resident_bytes() - before) / (double)run->count;
	bench_done(run);
}

void bench_million(struct act *act, void *state, void *arg)
{
	struct bench_run *run = arg;

	(void)state;
	for (uint64_t i = 0; i < run->count; i++)
		bench_spawn_of(act, &idle, NULL);
	run->value = (double)bench_resident_bytes() / 1e6;
	bench_done(run);
}

/* ---- restart: from a failure to the new life of the same child --------------------------------------------- */

/* So many in a millisecond never happen: the intensity is counted, and not reached. */
#define RESTARTS_MOST 10000U

struct crash {
	uint64_t unused;
};
static ACT_TYPE(crash);

/* The new child is there: the answer to a crash. */
struct up {
	uint64_t unused;
};
static ACT_TYPE(up);

struct breaker {
	struct bench_run *run;
	struct mono crashed;
	uint64_t count;
	int64_t *took_ns;
};

struct broken {
	char bytes[STATE_BYTES];
};

static enum status broken_init(struct act *act, void *state, const void *args)
{
	(void)state;
	bench_tell(act, *(const struct act_ref *)args, up, 0);
	return OK;
}

static enum act_verdict broken_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_IS(msg, crash))
		act_fail(act, "told to");
	return ACT_UNHANDLED;
}

static const struct act_class broken = { .name = "broken",
					 .state_size = sizeof(struct broken),
					 .init = broken_init,
					 .receive = broken_receive };

static enum status breaker_init(struct act *act, void *state, const void *args)
{
	struct breaker *self = state;

	self->run = *(struct bench_run *const *)args;
	self->took_ns = act_alloc(act, self->run->count * sizeof *self->took_ns);
	struct act_ref *me = act_alloc(act, sizeof *me);
	*me = act_self(act);
	struct act_child *child = act_alloc(act, sizeof *child);
	*child = (struct act_child){ .id = "broken", .class = &broken, .args = me };
	const struct act_supervisor spec = {
		.max_restarts = RESTARTS_MOST, .within_ms = 1, .children = child, .child_count = 1
	};
	return act_supervise(act, &spec, "supervisor", NULL);
}

static int by_size(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
	return one < other ? -1 : one > other;
}

static enum act_verdict breaker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct breaker *self = state;
	const struct mono now = bench_now();

	if (self->crashed.ns)
		self->took_ns[self->count++] = now.ns - self->crashed.ns;
	if (self->count == self->run->count) {
		qsort(self->took_ns, self->count, sizeof *self->took_ns, by_size);
		self->run->value = (double)self->took_ns[self->count / 2] / 1000;
		bench_done(self->run);
		return ACT_OK;
	}
	self->crashed = bench_now();
	bench_tell(act, msg->from, crash, 0);
	return ACT_OK;
}

static const struct act_class breaker = { .name = "breaker",
					  .state_size = sizeof(struct breaker),
					  .init = breaker_init,
					  .receive = breaker_receive };

void bench_restart(struct act *act, void *state, void *run)
{
	(void)state;
	bench_spawn_of(act, &breaker, &run);
}
