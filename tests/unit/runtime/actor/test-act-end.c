/*
 * How actors end: crashes, links, and ends that take their time.
 */
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"
#include "tests/unit/runtime/actor/recorder.h"

/* ---- crashes ---------------------------------------------------------------------------------------- */

struct fragile {
	int *released;
};

static void fragile_release(void *arg)
{
	int **at = arg;
	(**at) = **at * 10 + 1;
}

static void fragile_release_second(void *arg)
{
	int **at = arg;
	(**at) = **at * 10 + 2;
}

static enum status fragile_init(struct act *act, void *state, const void *args)
{
	struct fragile *fragile = state;
	fragile->released = (void *)(uintptr_t)args;
	int **at = act_alloc(act, sizeof *at);
	*at = fragile->released;
	act_own(act, fragile_release, at);
	act_own(act, fragile_release_second, at);
	act_disown(act, act_own(act, fragile_release, at));
	return OK;
}

static enum act_verdict fragile_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	act_after(act, 10, &note_type, &(struct note){ 1 });
	ACT_ASSERT(act, msg->type == NULL);
	return ACT_OK;
}

static void fragile_stop(struct act *act, void *state, enum act_reason why)
{
	(void)act, (void)why;
	*((struct fragile *)state)->released = -1000;
}

static const struct act_class fragile = { .name = "fragile",
					  .state_size = sizeof(struct fragile),
					  .init = fragile_init,
					  .receive = fragile_receive,
					  .stop = fragile_stop };

static void watch_it(struct act *act, void *state, void *arg)
{
	(void)state;
	act_monitor(act, *(struct act_ref *)arg);
}

TEST(a_crash_releases_what_was_owned_in_reverse_order_drops_the_message_and_tells_the_watchers)
{
	struct manual manual;
	struct record record = { 0 };
	struct act_host_stats stats;
	int released = 0, dropped = 0;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &fragile, &released);
	struct act_ref watcher = manual_spawn(&manual, &recorder, &record);
	CHECK(act_host_enter(manual.host, watcher, watch_it, &ref));
	manual_tell(&manual, ref, parcel, &dropped);
	manual_tell(&manual, ref, parcel, &dropped);
	manual_run(&manual, 100);
	CHECK_EQ(released, 21);
	CHECK_EQ(dropped, 2);
	CHECK_EQ(record.count, 1);
	CHECK_EQ(record.down.why, ACT_CRASHED);
	CHECK(act_ref_eq(record.down.who, ref));
	CHECK(strstr(record.down.what, "msg->type == NULL") != NULL);
	act_host_stats(manual.host, &stats);
	CHECK_EQ(stats.crashed, 1);
	CHECK_EQ(stats.timers, 0);
	manual_close(&manual);
}

static enum act_verdict greedy_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state, (void)msg;
	for (int i = 0; i < 1000; i++)
		memset(act_alloc(act, 1000), 1, 1000);
	return ACT_OK;
}

/* Past the call that counts: found when the handler has returned. */
static enum act_verdict sly_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state, (void)msg;
	arena_alloc(act_arena(act), 200000);
	return ACT_OK;
}

TEST(an_actor_that_takes_more_memory_than_its_class_allows_crashes_alone)
{
	static act_receive *const ways[] = { greedy_receive, sly_receive };

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct act_class greedy = { .receive = ways[i], .memory_max = 100000 };
		struct manual manual;
		struct record record = { 0 };

		greedy.name = "greedy";
		manual_open(&manual, NULL);
		struct act_ref ref = manual_spawn(&manual, &greedy, NULL);
		struct act_ref watcher = manual_spawn(&manual, &recorder, &record);
		CHECK(act_host_enter(manual.host, watcher, watch_it, &ref));
		manual_tell(&manual, ref, note, 1);
		manual_run(&manual, 0);
		CHECK_EQ(record.down.why, ACT_CRASHED);
		CHECK(strstr(record.down.what, "arena limit") != NULL);
		manual_close(&manual);
	}
}

static enum status refusing_init(struct act *act, void *state, const void *args)
{
	(void)state;
	if (args)
		act_fail(act, "no");
	return FORBIDDEN;
}

static void spawn_refusing(struct act *act, void *state, void *arg)
{
	const struct act_class refusing = { .name = "refusing",
					    .init = refusing_init,
					    .receive = recorder.receive };
	struct act_ref ref;

	(void)state, (void)arg;
	CHECK_STATUS(act_spawn(act, &refusing, NULL, "x", &ref), FORBIDDEN);
	CHECK_STATUS(act_spawn(act, &refusing, "crash", "x", &ref), INTERNAL);
	CHECK(act_ref_is_nil(act_whereis(act, "x")));
}

TEST(a_failing_or_crashing_init_is_the_spawners_outcome_and_leaves_nothing)
{
	struct manual manual;
	struct act_host_stats stats;

	manual_open(&manual, NULL);
	manual_enter(&manual, spawn_refusing, NULL);
	manual_run(&manual, 0);
	act_host_stats(manual.host, &stats);
	CHECK_EQ(stats.actors, 1);
	manual_close(&manual);
}

/* ---- links ------------------------------------------------------------------------------ */

static void link_it(struct act *act, void *state, void *arg)
{
	(void)state;
	act_link(act, *(struct act_ref *)arg);
}

TEST(linked_actors_end_together_unless_one_ends_normally)
{
	static const struct {
		bool is_crash;
		bool other_lives;
	} cases[] = { { true, false }, { false, true } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct manual manual;
		struct record ends = { .verdict = ACT_STOP }, other = { 0 };
		int released = 0;

		manual_open(&manual, NULL);
		struct act_ref a = cases[i].is_crash ? manual_spawn(&manual, &fragile, &released)
						     : manual_spawn(&manual, &recorder, &ends);
		struct act_ref b = manual_spawn(&manual, &recorder, &other);
		CHECK(act_host_enter(manual.host, b, link_it, &a));
		manual_tell(&manual, a, note, 1);
		manual_run(&manual, 0);
		CHECK_EQ(act_host_enter(manual.host, b, link_it, &b), cases[i].other_lives);
		manual_close(&manual);
	}
}

static void link_to_itself(struct act *act, void *state, void *arg)
{
	struct act_ref self = act_self(act);

	(void)state, (void)arg;
	act_link(act, self);
	act_unlink(act, self);
	act_link(act, self);
}

TEST(a_link_to_oneself_is_none)
{
	struct manual manual;
	struct record record = { .verdict = ACT_OK };

	manual_open(&manual, NULL);
	struct act_ref who = manual_spawn(&manual, &recorder, &record);
	CHECK(act_host_enter(manual.host, who, link_to_itself, NULL));
	manual_tell(&manual, who, note, 1);
	manual_run(&manual, 0);
	CHECK_EQ(record.count, 1);
	manual_close(&manual);
}

/* ---- ends that take their time ------------------------------------------------------------------------------- */

/* A parent of an actor that does not listen when it is asked to end. */
struct deaf {
	struct act_ref ref;
};

static enum status deaf_init(struct act *act, void *state, const void *args)
{
	(void)state;
	((struct deaf *)(uintptr_t)args)->ref = act_self(act);
	act_trap_exits(act, true);
	return OK;
}

static enum act_verdict deaf_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_OK;
}

static const struct act_class deaf_class = { .name = "deaf",
					     .init = deaf_init,
					     .receive = deaf_receive };

static enum status parent_init(struct act *act, void *state, const void *args)
{
	(void)state;
	return act_spawn(act, &deaf_class, args, NULL, NULL);
}

static const struct act_class parent_class = { .name = "parent",
					       .init = parent_init,
					       .receive = deaf_receive };

static void stop_him(struct act *act, void *state, void *arg)
{
	(void)state;
	act_stop(act, *(struct act_ref *)arg);
}

static void watch_him(struct act *act, void *state, void *arg)
{
	(void)state;
	act_monitor(act, *(struct act_ref *)arg);
}

/* Its child was asked before, by somebody who set no time. */
TEST(who_ends_waits_for_a_child_that_was_asked_before_no_longer_than_for_others)
{
	struct manual manual;
	struct record record = { .count = 0 };
	struct deaf deaf = { ACT_NIL };

	manual_open(&manual, NULL);
	struct act_ref parent = manual_spawn(&manual, &parent_class, &deaf);
	struct act_ref watcher = manual_spawn(&manual, &recorder, &record);
	act_host_enter(manual.host, watcher, watch_him, &parent);
	manual_enter(&manual, stop_him, &deaf.ref);
	manual_run(&manual, 0);
	manual_enter(&manual, stop_him, &parent);
	manual_run(&manual, 60000);
	CHECK_EQ(record.down.why, ACT_SHUTDOWN);
	manual_close(&manual);
}

TEST(whoever_watches_one_on_its_way_out_is_told_when_it_is_gone_and_why)
{
	struct manual manual;
	struct record record = { .count = 0 };
	struct deaf deaf = { ACT_NIL };

	manual_open(&manual, NULL);
	struct act_ref parent = manual_spawn(&manual, &parent_class, &deaf);
	struct act_ref watcher = manual_spawn(&manual, &recorder, &record);
	manual_enter(&manual, stop_him, &parent);
	manual_run(&manual, 0);
	act_host_enter(manual.host, watcher, watch_him, &parent);
	manual_run(&manual, 1);
	CHECK_EQ(record.count, 0);
	manual_run(&manual, 60000);
	CHECK_EQ(record.count, 1);
	CHECK_EQ(record.down.why, ACT_SHUTDOWN);
	manual_close(&manual);
}

/* As if the process had died: the one who asked is gone before the one that had not yet looked. */
TEST(a_host_that_is_abandoned_with_a_question_in_a_mailbox_tells_nobody)
{
	struct manual manual;
	struct record asker = { .count = 0 }, asked = { .count = 0 };
	struct asking asking = { .timeout_ms = 1000, .tag = 7 };

	manual_open(&manual, NULL);
	struct act_ref first = manual_spawn(&manual, &recorder, &asker);
	asking.to = manual_spawn(&manual, &recorder, &asked);
	CHECK(act_host_enter(manual.host, first, recorder_ask, &asking));
	CHECK_STATUS(asking.status, OK);
	act_host_abandon(manual.host);
	CHECK_EQ(asker.count + asked.count, 0);
}
