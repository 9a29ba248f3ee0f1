#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

struct ask {
	int64_t n;
};
static ACT_TYPE(ask);
struct answer {
	int64_t n;
};
static ACT_TYPE(answer);
struct go {
	uint32_t how;
};
static ACT_TYPE(go);

/* Answers with twice the number; refuses 13, does not answer 14, crashes on 15. */
static enum act_verdict doubler_receive(struct act *act, void *state, const struct act_msg *msg)
{
	int64_t n = ACT_AS(msg, ask)->n;

	(void)state;
	if (n == 13)
		act_refuse(act, msg, FORBIDDEN);
	else if (n == 15)
		act_fail(act, "fifteen");
	else if (n != 14)
		act_reply_of(act, msg, answer, n * 2);
	return ACT_OK;
}

static const struct act_class doubler = { .name = "doubler", .receive = doubler_receive };

struct worker {
	struct act_ref to;
	int64_t results[32];
	uint32_t count, ended;
	int jobs_run;
	struct act_lane *lane;
};

struct worker_args {
	struct act_ref to;
	struct worker **out;
};

static enum status worker_init(struct act *act, void *state, const void *args)
{
	const struct worker_args *given = args;
	struct worker *worker = state;

	worker->to = given->to;
	worker->lane = act_lane_open(act, "work");
	*given->out = worker;
	return OK;
}

static void put(struct worker *worker, int64_t n)
{
	CHECK(worker->count < 32);
	worker->results[worker->count++] = n;
}

static void asking_task(struct act *act, void *state, void *arg)
{
	static const int64_t numbers[] = { 1, 13, 14, 2, 15, 3 };
	struct worker *worker = state;

	(void)arg;
	CHECK(act_in_task(act));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const struct act_msg *reply;
		enum status status = act_ask_of(act, worker->to, 100, &reply, ask, numbers[i]);
		put(worker, status == OK ? ACT_AS(reply, answer)->n : -(int64_t)status);
	}
	worker->ended++;
}

static void fan_task(struct act *act, void *state, void *arg)
{
	struct worker *worker = state;
	struct act_all *all = act_all(act, 8);

	(void)arg;
	for (int64_t n = 0; n < 6; n++)
		act_all_ask(all, worker->to, &ask_type, &(struct ask){ n }, 100);
	act_all_ask(all, ACT_NIL, &ask_type, &(struct ask){ 1 }, 100);
	CHECK_STATUS(act_all_wait(all), NOT_FOUND);
	for (uint32_t i = 0; i < 6; i++)
		put(worker, ACT_AS(act_all_answer(all, i), answer)->n);
	act_all_end(all);
	worker->ended++;
}

/* Whoever asks all members may know none. */
static void lonely_task(struct act *act, void *state, void *arg)
{
	struct worker *worker = state;
	struct act_all *all = act_all(act, 0);

	(void)arg;
	CHECK_STATUS(act_all_wait(all), OK);
	act_all_end(all);
	worker->ended++;
}

static void sleeping_task(struct act *act, void *state, void *arg)
{
	struct worker *worker = state;

	put(worker, (int64_t)(intptr_t)arg);
	act_sleep(act, 10);
	act_pause(act);
	put(worker, (int64_t)(intptr_t)arg + 100);
	worker->ended++;
}

static void failing_task(struct act *act, void *state, void *arg)
{
	(void)state;
	if (arg)
		act_sleep(act, 5);
	act_fail(act, "in a task");
}

static void work(void *arg)
{
	(*(int *)arg)++;
}

static void job_task(struct act *act, void *state, void *arg)
{
	struct worker *worker = state;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		act_await(act, i ? worker->lane : NULL, work, &worker->jobs_run);
		put(worker, worker->jobs_run);
	}
	worker->ended++;
}

static enum act_verdict worker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct worker *worker = state;

	if (ACT_IS(msg, act_job_done)) {
		put(worker, (int64_t)msg->tag);
		return ACT_OK;
	}
	switch (ACT_AS(msg, go)->how) {
	case 0: CHECK_STATUS(act_task(act, asking_task, NULL), OK); break;
	case 1: CHECK_STATUS(act_task(act, fan_task, NULL), OK); break;
	case 2:
		for (intptr_t i = 1; i <= 3; i++)
			CHECK_STATUS(act_task(act, sleeping_task, (void *)i), OK);
		break;
	case 3:
		CHECK_STATUS(act_task(act, sleeping_task, NULL), OK);
		(void)!act_task(act, failing_task, NULL);
		break;
	case 4: CHECK_STATUS(act_task(act, failing_task, worker), OK); break;
	case 5: CHECK_STATUS(act_task(act, job_task, NULL), OK); break;
	case 6:
		for (uint64_t i = 1; i <= 5; i++)
			act_job(act, worker->lane, work, &worker->jobs_run, NULL, i);
		break;
	case 7: CHECK_STATUS(act_task(act, lonely_task, NULL), OK); break;
	}
	return ACT_OK;
}

static const struct act_class worker_class = { .name = "worker",
					       .state_size = sizeof(struct worker),
					       .init = worker_init,
					       .receive = worker_receive };

struct scene {
	struct manual manual;
	struct act_ref doubler, worker;
	struct worker *state;
};

static void scene_open(struct scene *scene)
{
	manual_open(&scene->manual, NULL);
	scene->doubler = manual_spawn(&scene->manual, &doubler, NULL);
	const struct worker_args args = { scene->doubler, &scene->state };
	scene->worker = manual_spawn(&scene->manual, &worker_class, &args);
}

static void scene_go(struct scene *scene, uint32_t how)
{
	manual_tell(&scene->manual, scene->worker, go, how);
	manual_run(&scene->manual, 0);
}

TEST(a_task_asks_in_plain_code_and_sees_every_outcome)
{
	struct scene scene;
	const int64_t expected[] = { 2, -FORBIDDEN, -TIMEOUT, 4, -GONE, -NOT_FOUND };

	scene_open(&scene);
	scene_go(&scene, 0);
	manual_run(&scene.manual, 1000);
	CHECK_EQ(scene.state->count, 6);
	for (uint32_t i = 0; i < 6; i++)
		CHECK_EQ(scene.state->results[i], expected[i]);
	CHECK_EQ(scene.state->ended, 1);
	manual_close(&scene.manual);
}

TEST(a_task_asks_many_at_once_and_gets_the_answers_by_index)
{
	struct scene scene;

	scene_open(&scene);
	scene_go(&scene, 1);
	CHECK_EQ(scene.state->ended, 1);
	for (int64_t i = 0; i < 6; i++)
		CHECK_EQ(scene.state->results[i], 2 * i);
	manual_close(&scene.manual);
}

TEST(a_task_that_asks_nobody_waits_for_nobody)
{
	struct scene scene;

	scene_open(&scene);
	scene_go(&scene, 7);
	CHECK_EQ(scene.state->ended, 1);
	manual_close(&scene.manual);
}

TEST(tasks_of_one_actor_interleave_where_they_wait)
{
	struct scene scene;
	const int64_t expected[] = { 1, 2, 3, 101, 102, 103 };

	scene_open(&scene);
	scene_go(&scene, 2);
	CHECK_EQ(scene.state->count, 3);
	manual_run(&scene.manual, 20);
	for (uint32_t i = 0; i < 6; i++)
		CHECK_EQ(scene.state->results[i], expected[i]);
	manual_close(&scene.manual);
}

TEST(a_failure_in_a_task_crashes_its_actor_and_frees_its_other_tasks)
{
	for (uint32_t how = 3; how <= 4; how++) {
		struct scene scene;
		struct act_host_stats stats;

		scene_open(&scene);
		scene_go(&scene, how);
		manual_run(&scene.manual, 100);
		act_host_stats(scene.manual.host, &stats);
		CHECK_EQ(stats.crashed, 1);
		CHECK_EQ(stats.tasks, 0);
		CHECK_EQ(stats.actors, 2);
		CHECK_EQ(scene.manual.closed, 1);
		manual_close(&scene.manual);
	}
}

TEST(an_actor_that_ends_frees_tasks_that_wait)
{
	struct scene scene;

	scene_open(&scene);
	scene_go(&scene, 2);
	manual_close(&scene.manual);
}

TEST(jobs_are_awaited_by_tasks_and_told_to_handlers_in_order)
{
	struct scene scene;

	scene_open(&scene);
	scene_go(&scene, 5);
	CHECK_EQ(scene.state->ended, 1);
	CHECK_EQ(scene.state->results[2], 3);
	scene_go(&scene, 6);
	for (uint32_t i = 0; i < 5; i++)
		CHECK_EQ(scene.state->results[3 + i], i + 1);
	CHECK_EQ(scene.state->jobs_run, 8);
	manual_close(&scene.manual);
}

/* The state: two counters, of drops and of runs. */
static void drop_job(void *arg)
{
	(*((int **)arg)[0])++;
}

static void idle(void *arg)
{
	(void)arg;
}

static enum act_verdict slow_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)msg;
	act_job(act, NULL, work, ((int **)state)[1], NULL, 1);
	act_job(act, NULL, idle, state, drop_job, 2);
	act_fail(act, "with jobs under way");
}

static enum status slow_init(struct act *act, void *state, const void *args)
{
	(void)act;
	memcpy(state, args, 2 * sizeof(int *));
	return OK;
}

TEST(an_actor_that_ends_waits_for_running_jobs_and_drops_those_not_begun)
{
	static const struct act_class slow = { .name = "slow",
					       .state_size = 2 * sizeof(int *),
					       .init = slow_init,
					       .receive = slow_receive };
	for (int held = 0; held < 2; held++) {
		struct manual manual;
		struct act_host_stats stats;
		int dropped = 0, run = 0;
		int *args[] = { &dropped, &run };

		manual_open(&manual, NULL);
		struct act_ref ref = manual_spawn(&manual, &slow, args);
		manual.jobs_held = (uint32_t)held;
		manual_tell(&manual, ref, go, 0);
		manual_run(&manual, 100);
		act_host_stats(manual.host, &stats);
		CHECK_EQ(stats.actors, held ? 2 : 1);
		CHECK_EQ(dropped, held ? 0 : 1);
		if (held) {
			manual.jobs_held = 0;
			manual_run(&manual, 0);
			act_host_stats(manual.host, &stats);
			CHECK_EQ(stats.actors, 1);
			CHECK_EQ(run, 1);
			CHECK_EQ(dropped, 1);
		} else {
			CHECK_EQ(run, 0);
		}
		manual_close(&manual);
	}
}
