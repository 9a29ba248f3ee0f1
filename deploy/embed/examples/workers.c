/* A supervised pool of workers in a process of its own: workers FOLDER. One job in ten kills its worker, two kill the whole process. */
#include <act.h>
#include <stdio.h>
#include <stdlib.h>

#define WORKERS 4U
#define JOBS 200U

struct job {
	uint32_t number, tries;
};

static enum act_status job_encode(const void *body, struct act_text *out)
{
	const struct job *job = body;

	act_pack_begin(out, 2);
	act_pack_u64(out, job->number);
	act_pack_u64(out, job->tries);
	return ACT_STATUS_OK;
}

static enum act_status job_decode(struct act_str bytes, struct act_arena *arena, void *body)
{
	struct act_unpack in = act_unpack_of(bytes);
	struct job *job = body;

	(void)arena;
	act_unpack_begin(&in);
	job->number = act_unpack_u32(&in);
	job->tries = act_unpack_u32(&in);
	act_unpack_end(&in);
	return act_unpack_status(&in);
}

static const ACT_TYPE(job, .id = 1, .encode = job_encode, .decode = job_decode);

/* ---- in the process "pool" ------------------------------------------------------------------------------ */

static enum act_verdict work(struct act *act, void *state, const struct act_msg *msg)
{
	const struct job *job = ACT_AS(msg, job);

	(void)state;
	if (job->tries == 0 && job->number % 100 == 50)
		abort(); /* a bug of the worst kind: the process is started again */
	ACT_ASSERT(act, job->number % 10 != 9 || job->tries > 1); /* a lesser one: the actor is */
	act_reply(act, msg, &job_type, job);
	return ACT_OK;
}

static const struct act_class worker = { .name = "worker", .receive = work };

/* ---- in the first process ------------------------------------------------------------------------------- */

/* Asks for each job until it is done: whatever happened to it, an answer comes, if only that nobody is there. */
static void see_to(struct act *act, void *state, void *arg)
{
	struct job job = { .number = (uint32_t)(uintptr_t)arg };
	uint32_t *done = state;
	char name[32];
	const struct act_msg *answer;

	snprintf(name, sizeof name, "worker-%u@local/pool", job.number % WORKERS);
	while (act_ask(act, act_whereis(act, name), &job_type, &job, 1000, &answer) !=
	       ACT_STATUS_OK) {
		job.tries++;
		act_sleep(act, 20);
	}
	if (++*done < JOBS)
		return;
	printf("all %u jobs are done\n", JOBS);
	act_program_stop(act_host_of(act));
}

static enum act_status begin(struct act *act, void *state, const void *args)
{
	(void)state, (void)args;
	for (uintptr_t i = 0; i < JOBS; i++)
		ACT_TRY(act_task(act, see_to, (void *)i));
	return ACT_STATUS_OK;
}

static enum act_verdict ignore(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_UNHANDLED;
}

static const struct act_class boss = {
	.name = "boss", .state_size = sizeof(uint32_t), .init = begin, .receive = ignore
};

int main(int argc, char **argv)
{
	static const struct act_child bosses[] = {
		{ .id = "boss", .class = &boss, .restart = ACT_TRANSIENT }
	};
	static const struct act_child workers[WORKERS] = { { .id = "worker-0", .class = &worker },
							   { .id = "worker-1", .class = &worker },
							   { .id = "worker-2", .class = &worker },
							   { .id = "worker-3", .class = &worker } };
	static const struct act_supervisor pool = {
		.max_restarts = 1000, .within_ms = 1000, .children = workers, .child_count = WORKERS
	};
	static const struct act_child pools[] = {
		{ .id = "pool", .class = &act_supervisor_class, .args = &pool }
	};
	static const struct act_program_host hosts[] = { { "boss", bosses, 1 },
							 { "pool", pools, 1 } };
	static const struct act_type *const types[] = { &job_type };
	struct act_program all = { argc > 1 ? argv[1] : "/tmp/workers", hosts, 2, types, 1 };

	return act_program_run(&all, argc, argv);
}
