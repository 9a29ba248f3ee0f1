/* Messages between actors that stay alive. */
#include "tests/bench/actors/bench.h"

/* What one activation of a producer sends before it gives way: it then mails itself, so that no mailbox is overrun. */
#define SLICE 1000U
#define SLICE_OF_MANY 100U

struct go {
	uint64_t unused;
};
static ACT_TYPE(go);

struct ping {
	uint64_t number;
};
static ACT_TYPE(ping);

struct pong {
	uint64_t number;
};
static ACT_TYPE(pong);

/* ---- ping-pong: two actors, one message under way --------------------------------------------------- */

struct pinger {
	struct bench_run *run;
	struct act_ref other;
	uint64_t left;
};

static enum status pinger_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct pinger *)state = *(const struct pinger *)args;
	return OK;
}

static enum act_verdict ponger_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	bench_tell(act, msg->from, pong, ACT_AS(msg, ping)->number);
	return ACT_OK;
}

static enum act_verdict pinger_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct pinger *self = state;

	if (ACT_IS(msg, pong) && --self->left == 0) {
		bench_done(self->run);
		return ACT_OK;
	}
	bench_tell(act, self->other, ping, self->left);
	return ACT_OK;
}

static const struct act_class ponger = { .name = "ponger", .receive = ponger_receive };
static const struct act_class pinger = { .name = "pinger",
					 .state_size = sizeof(struct pinger),
					 .init = pinger_init,
					 .receive = pinger_receive };

void bench_ping_pong(struct act *act, void *state, void *arg)
{
	struct bench_run *run = arg;
	struct pinger args = { run, bench_spawn_of(act, &ponger, NULL), run->count };

	(void)state;
	bench_tell(act, bench_spawn_of(act, &pinger, &args), go, 0);
}

/* ---- counting and fan-in: producers and one that counts ------------------------------------------------ */

struct counter {
	struct bench_run *run;
	uint64_t left;
};

struct producer {
	struct act_ref counter;
	uint64_t left;
	uint32_t slice;
};

static enum status counter_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct counter *)state = *(const struct counter *)args;
	return OK;
}

static enum act_verdict counter_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct counter *self = state;

	(void)act, (void)msg;
	if (--self->left == 0)
		bench_done(self->run);
	return ACT_OK;
}

static enum status producer_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct producer *)state = *(const struct producer *)args;
	return OK;
}

static enum act_verdict producer_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct producer *self = state;

	(void)msg;
	for (uint32_t i = 0; i < self->slice && self->left > 0; i++, self->left--)
		bench_tell(act, self->counter, ping, i);
	if (self->left > 0)
		bench_tell(act, act_self(act), go, 0);
	return ACT_OK;
}

static const struct act_class counter = { .name = "counter",
					  .state_size = sizeof(struct counter),
					  .init = counter_init,
					  .receive = counter_receive };
static const struct act_class producer = { .name = "producer",
					   .state_size = sizeof(struct producer),
					   .init = producer_init,
					   .receive = producer_receive };

static void produce(struct act *act, struct bench_run *run, uint64_t producers, uint32_t slice)
{
	struct counter sink = { run, run->count * producers };
	struct producer args = { bench_spawn_of(act, &counter, &sink), run->count, slice };

	for (uint64_t i = 0; i < producers; i++)
		bench_tell(act, bench_spawn_of(act, &producer, &args), go, 0);
}

void bench_counting(struct act *act, void *state, void *run)
{
	(void)state;
	produce(act, run, 1, SLICE);
}

void bench_fan_in(struct act *act, void *state, void *run)
{
	(void)state;
	produce(act, run, ((struct bench_run *)run)->width, SLICE_OF_MANY);
}

/* ---- keyed: what is newer replaces what has the same key and still waits ------------------------------------- */

#define KEYS 4000U

struct keyed_sender {
	struct bench_run *run;
	struct act_ref to;
	uint64_t left;
};

static uint64_t keyed_key(const struct act_type *type, const void *body)
{
	(void)type;
	return ((const struct ping *)body)->number;
}

static enum act_verdict keyed_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_OK;
}

static const struct act_class keyed = { .name = "keyed", .receive = keyed_receive, .key = keyed_key };

static enum status keyed_sender_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct keyed_sender *)state = *(const struct keyed_sender *)args;
	return OK;
}

/* Each key twice: one of the two replaces the other. */
static enum act_verdict keyed_sender_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct keyed_sender *self = state;

	(void)msg;
	for (uint32_t i = 0; i < 2 * KEYS && self->left > 0; i++, self->left--)
		bench_tell(act, self->to, ping, i % KEYS + 1);
	if (self->left > 0)
		bench_tell(act, act_self(act), go, 0);
	else
		bench_done(self->run);
	return ACT_OK;
}

static const struct act_class keyed_sender = { .name = "keyed sender",
					       .state_size = sizeof(struct keyed_sender),
					       .init = keyed_sender_init,
					       .receive = keyed_sender_receive };

void bench_keyed(struct act *act, void *state, void *arg)
{
	struct bench_run *run = arg;
	struct keyed_sender args = { run, bench_spawn_of(act, &keyed, NULL), run->count };

	(void)state;
	bench_tell(act, bench_spawn_of(act, &keyed_sender, &args), go, 0);
}

/* ---- ring: one token goes round many actors -------------------------------------------------------------- */

struct runner {
	struct bench_run *run;
	struct act_ref next;
};

struct next {
	struct act_ref ref;
};
static ACT_TYPE(next);

static enum status runner_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct runner *)state = *(const struct runner *)args;
	return OK;
}

static enum act_verdict runner_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct runner *self = state;

	if (ACT_IS(msg, next)) {
		self->next = ACT_AS(msg, next)->ref;
		return ACT_OK;
	}
	uint64_t left = ACT_AS(msg, ping)->number;
	if (left == self->run->count)
		bench_begin(self->run);
	if (left == 0)
		bench_done(self->run);
	else
		bench_tell(act, self->next, ping, left - 1);
	return ACT_OK;
}

static const struct act_class runner = { .name = "runner",
					 .state_size = sizeof(struct runner),
					 .init = runner_init,
					 .receive = runner_receive };

void bench_ring(struct act *act, void *state, void *arg)
{
	struct bench_run *run = arg;
	struct runner args = { .run = run };
	struct act_ref first = bench_spawn_of(act, &runner, &args), last = first;

	(void)state;
	args.next = first;
	for (uint64_t i = 1; i < run->width; i++)
		args.next = last = bench_spawn_of(act, &runner, &args);
	bench_tell(act, first, next, last);
	bench_tell(act, first, ping, run->count);
}

/* ---- big: everybody asks and answers everybody --------------------------------------------------------------- */

struct crowd {
	struct bench_run *run;
	uint64_t busy;
	struct act_ref members[];
};

struct member {
	struct crowd *crowd;
	uint64_t left, random;
};

static enum status member_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct member *)state = *(const struct member *)args;
	return OK;
}

static enum act_verdict member_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct member *self = state;

	if (ACT_IS(msg, ping)) {
		bench_tell(act, msg->from, pong, 0);
		return ACT_OK;
	}
	if (ACT_IS(msg, pong) && --self->left == 0) {
		if (--self->crowd->busy == 0)
			bench_done(self->crowd->run);
		return ACT_OK;
	}
	/* The same generator in all three programs: none pays for a better one. */
	self->random = (self->random * 1664525 + 1013904223) & UINT32_MAX;
	uint64_t index = (self->random >> 8) % self->crowd->run->width;
	bench_tell(act, self->crowd->members[index], ping, 0);
	return ACT_OK;
}

static const struct act_class member = { .name = "member",
					 .state_size = sizeof(struct member),
					 .init = member_init,
					 .receive = member_receive };

void bench_big(struct act *act, void *state, void *arg)
{
	struct bench_run *run = arg;
	struct crowd *crowd = act_alloc(act, sizeof *crowd + run->width * sizeof *crowd->members);

	(void)state;
	crowd->run = run;
	crowd->busy = run->width;
	for (uint64_t i = 0; i < run->width; i++) {
		struct member args = { crowd, run->count, i * 2654435761U };
		crowd->members[i] = bench_spawn_of(act, &member, &args);
	}
	bench_begin(run);
	for (uint64_t i = 0; i < run->width; i++)
		bench_tell(act, crowd->members[i], go, 0);
}
