/* Tasks: asking, and what one costs that waits. */
#include "tests/bench/actors/bench.h"

#define DEADLINE_MS 5000U /* gen_server:call's own */
#define PARKED_MS 3600000U

struct question {
	uint64_t number;
};
static ACT_TYPE(question);

struct answer {
	uint64_t number;
};
static ACT_TYPE(answer);

struct go {
	uint64_t unused;
};
static ACT_TYPE(go);

struct asker {
	struct bench_run *run;
	struct act_ref echo;
};

static enum act_verdict echo_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	bench_must(act_reply_of(act, msg, answer, ACT_AS(msg, question)->number));
	return ACT_OK;
}

static enum status asker_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct asker *)state = *(const struct asker *)args;
	return OK;
}

static void asker_task(struct act *act, void *state, void *arg)
{
	struct asker *self = state;
	const struct act_msg *msg;

	(void)arg;
	bench_begin(self->run);
	for (uint64_t i = 0; i < self->run->count; i++)
		bench_must(act_ask_of(act, self->echo, DEADLINE_MS, &msg, question, i));
	bench_done(self->run);
}

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state, (void)msg;
	bench_must(act_task(act, asker_task, NULL));
	return ACT_OK;
}

static const struct act_class echo = { .name = "echo", .receive = echo_receive };
static const struct act_class asker = { .name = "asker",
					.state_size = sizeof(struct asker),
					.init = asker_init,
					.receive = asker_receive };

void bench_ask(struct act *act, void *state, void *run)
{
	struct asker args = { run, bench_spawn_of(act, &echo, NULL) };

	(void)state;
	bench_tell(act, bench_spawn_of(act, &asker, &args), go, 0);
}

/* ---- task: begun and ended, on a stack that the one before has left ------------------------------------------ */

static void short_task(struct act *act, void *state, void *arg)
{
	(void)act, (void)state;
	++*(uint64_t *)arg;
}

static enum act_verdict beginner_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct bench_run *run = ((struct asker *)state)->run;
	uint64_t ended = 0;

	(void)msg;
	bench_begin(run);
	while (ended < run->count)
		bench_must(act_task(act, short_task, &ended));
	bench_done(run);
	return ACT_OK;
}

static const struct act_class beginner = { .name = "beginner",
					   .state_size = sizeof(struct asker),
					   .init = asker_init,
					   .receive = beginner_receive };

void bench_task(struct act *act, void *state, void *run)
{
	struct asker args = { run, ACT_NIL };

	(void)state;
	bench_tell(act, bench_spawn_of(act, &beginner, &args), go, 0);
}

/* ---- parked: many tasks that wait ----------------------------------------------------------------------- */

static void parked_task(struct act *act, void *state, void *arg)
{
	(void)state, (void)arg;
	act_sleep(act, PARKED_MS);
}

static enum act_verdict parker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct bench_run *run = ((struct asker *)state)->run;
	uint64_t before = bench_resident_bytes();

	(void)msg;
	for (uint64_t i = 0; i < run->count; i++)
		bench_must(act_task(act, parked_task, NULL));
	run->value = (double)(bench_resident_bytes() - before) / 1e6;
	bench_done(run);
	return ACT_OK;
}

static const struct act_class parker = { .name = "parker",
					 .state_size = sizeof(struct asker),
					 .init = asker_init,
					 .receive = parker_receive };

void bench_parked(struct act *act, void *state, void *run)
{
	struct asker args = { run, ACT_NIL };

	(void)state;
	bench_tell(act, bench_spawn_of(act, &parker, &args), go, 0);
}
