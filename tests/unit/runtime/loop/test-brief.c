#include <pthread.h>

#include "runtime/loop/loop.h"
#include "runtime/loop/spin/brief.h"
#include "tests/lib/test.h"

#define JOBS 1000U
#define LONG_US 20000U /* no job that is brief */
#define SHORT_NS 200000

/* ---- the rule ---- */

static void run_often(struct brief *brief, int64_t ns, bool is_here, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++)
		brief_ran(brief, ns, is_here);
}

static struct brief make_trusted(void)
{
	struct brief brief;

	brief_init(&brief);
	run_often(&brief, SHORT_NS, false, BRIEF_FIRST);
	CHECK(brief_may(&brief));
	return brief;
}

TEST(a_loop_does_a_job_itself_once_those_of_the_thread_have_been_short)
{
	struct brief brief;

	brief_init(&brief);
	run_often(&brief, SHORT_NS, false, BRIEF_FIRST - 1);
	CHECK(!brief_may(&brief));
	brief_init(&brief);
	run_often(&brief, 2 * BRIEF_AVERAGE_NS, false, 1000);
	CHECK(!brief_may(&brief));
	brief = make_trusted();
	run_often(&brief, SHORT_NS, true, 1000);
	CHECK(brief_may(&brief));
}

TEST(a_disk_that_becomes_slow_is_left_to_the_thread_until_it_is_quick_again)
{
	struct brief brief = make_trusted();
	uint32_t slow = 0, quick = 0;

	for (; brief_may(&brief); slow++)
		brief_ran(&brief, 2 * BRIEF_AVERAGE_NS, true);
	CHECK(slow > 1 && slow < 10);
	run_often(&brief, 2 * BRIEF_AVERAGE_NS, false, 100);
	CHECK(!brief_may(&brief));
	for (; !brief_may(&brief); quick++)
		brief_ran(&brief, SHORT_NS, false);
	CHECK(quick > 1 && quick < 20);
}

TEST(what_took_long_is_earned_back_by_many_that_are_short)
{
	static const struct {
		int64_t took_ns;
		uint32_t owed;
	} cases[] = { { BRIEF_LONG_NS - 1, 0 },
		      { BRIEF_LONG_NS, 64 },
		      { 20000000, 400 },
		      { 1000000000, 1000000 },
		      { 100000000000, UINT32_MAX } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct brief brief = make_trusted();

		brief_ran(&brief, cases[i].took_ns, true);
		CHECK_EQ(brief.owed, cases[i].owed);
	}
	struct brief brief = make_trusted();
	brief_ran(&brief, BRIEF_LONG_NS, true);
	run_often(&brief, SHORT_NS, false, 63);
	CHECK(!brief_may(&brief));
	brief_ran(&brief, SHORT_NS, false);
	CHECK(brief_may(&brief));
}

TEST(what_took_the_thread_long_has_kept_nobody_waiting_and_earns_nothing)
{
	struct brief brief = make_trusted();

	brief_ran(&brief, BRIEF_LONG_NS, true);
	run_often(&brief, 2 * BRIEF_LONG_NS, false, 1000);
	CHECK_EQ(brief.owed, 64);
}

/* ---- a loop ---- */

/* What one actor does: jobs one after the other on its lane, and by whom they were done. */
struct doing {
	struct act_lane *lane, *other_lane;
	pthread_t host;
	uint32_t begun, done, here, order;
	uint32_t long_at; /* this one takes long; 0: none */
	uint32_t here_after_long;
	bool has_second,
	    is_ending; /* an ordinary job on the same lane behind each; the actor ends with one under way */
	bool is_busy;                                  /* it has a message all the time */
	bool has_other, other_is_begun, other_is_done; /* a job of another lane; ends with it */
};

struct busy {
	char nothing;
};
static ACT_TYPE(busy);

static struct doing doing;

static void do_brief(void *arg)
{
	(void)arg;
	bool is_here = pthread_equal(pthread_self(), doing.host);
	CHECK_EQ(doing.order, 0);
	doing.order = 1;
	doing.here += is_here;
	doing.here_after_long += is_here && doing.long_at && doing.begun == doing.long_at + 1;
	if (doing.begun == doing.long_at)
		loop_pause(LONG_US);
}

static void do_second(void *arg)
{
	(void)arg;
	CHECK_EQ(doing.order, 1);
	doing.order = 2;
}

static void begin(struct act *act)
{
	doing.begun++;
	doing.order = 0;
	act_job_brief(act, doing.lane, do_brief, NULL, NULL, 1);
	if (doing.has_second)
		act_job(act, doing.lane, do_second, NULL, NULL, 2);
}

static void do_other(void *arg)
{
	(void)arg;
}

/* Once the loop does the brief ones itself. */
static void begin_other(struct act *act)
{
	if (!doing.has_other || doing.other_is_begun || doing.here == 0)
		return;
	doing.other_is_begun = true;
	act_job(act, doing.other_lane, do_other, NULL, NULL, 3);
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)state;
	(void)args;
	doing.lane = act_lane_open(act, "lane");
	doing.other_lane = act_lane_open(act, "other");
	doing.host = pthread_self();
	begin(act);
	if (doing.is_busy)
		return act_tell(act, act_self(act), busy, 0);
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_IS(msg, busy)) {
		if (doing.done < JOBS)
			CHECK_STATUS(act_tell(act, act_self(act), busy, 0), OK);
		return ACT_OK;
	}
	if (msg->kind != ACT_JOB)
		return ACT_UNHANDLED;
	if (msg->tag == 1 && doing.has_second)
		return ACT_OK;
	if (msg->tag == 3) {
		doing.other_is_done = true;
		return ACT_OK;
	}
	begin_other(act);
	if (++doing.done < JOBS || (doing.has_other && !doing.other_is_done)) {
		begin(act);
		return ACT_OK;
	}
	if (doing.is_ending)
		begin(act);
	loop_quit(loop_of(act));
	return doing.is_ending ? ACT_STOP : ACT_OK;
}

static void do_all(void)
{
	static const struct act_class class = { .name = "doing", .init = init, .receive = receive };
	const struct act_child child = { .id = "doing", .class = &class, .restart = ACT_TEMPORARY };
	const struct act_supervisor root = { .children = &child, .child_count = 1 };
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &root }
	};
	struct loop *loop;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	loop_run(loop);
	loop_close(loop);
	CHECK(doing.done == JOBS || (doing.has_other && doing.done > JOBS));
}

TEST(brief_jobs_are_done_by_the_loop_itself_once_they_have_been_brief_for_a_while)
{
	doing = (struct doing){ 0 };
	do_all();
	/* A machine that does much else makes some of them long. */
	CHECK(doing.here <= JOBS - BRIEF_FIRST);
	CHECK(doing.here > 0);
}

TEST(one_that_takes_long_sends_those_after_it_to_their_thread)
{
	doing = (struct doing){ .long_at = JOBS / 2 };
	do_all();
	CHECK_EQ(doing.here_after_long, 0);
}

TEST(a_job_behind_one_that_the_loop_kept_comes_after_it)
{
	doing = (struct doing){ .has_second = true };
	do_all();
	CHECK_EQ(doing.here, 0); /* with another one behind it it is not all there is to do */
}

TEST(a_loop_that_always_has_something_to_do_leaves_brief_jobs_to_their_thread)
{
	doing = (struct doing){ .is_busy = true };
	do_all();
	CHECK_EQ(doing.here, 0);
}

TEST(brief_jobs_without_end_do_not_keep_the_loop_from_what_comes)
{
	doing = (struct doing){ .has_other = true };
	do_all();
	CHECK(doing.other_is_done);
}

TEST(an_actor_that_ends_takes_back_what_the_loop_kept)
{
	doing = (struct doing){ .is_ending = true };
	do_all();
}
