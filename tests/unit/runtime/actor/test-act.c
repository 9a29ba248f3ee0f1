/*
 * What an actor gets and in which order: messages, answers, timers, what names and groups find.
 */
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"
#include "tests/unit/runtime/actor/recorder.h"

TEST(messages_of_one_sender_arrive_in_order)
{
	struct manual manual;
	struct record record = { 0 };

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &recorder, &record);
	for (int64_t i = 0; i < 50; i++)
		manual_tell(&manual, ref, note, i);
	manual_run(&manual, 0);
	CHECK_EQ(record.count, 50);
	for (int64_t i = 0; i < 50; i++)
		CHECK_EQ(record.seen[i], i);
	manual_close(&manual);
	CHECK(record.is_stopped);
}

TEST(a_reference_to_an_actor_that_ended_is_stale_for_ever)
{
	struct manual manual;
	struct record first = { .verdict = ACT_STOP }, second = { 0 };
	struct act_host_stats stats;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &recorder, &first);
	manual_tell(&manual, ref, note, 1);
	manual_tell(&manual, ref, note, 2);
	manual_run(&manual, 0);
	CHECK_EQ(first.count, 1);
	struct act_ref other = manual_spawn(&manual, &recorder, &second);
	CHECK_EQ(other.slot, ref.slot);
	CHECK(other.gen != ref.gen);
	manual_tell(&manual, ref, note, 3);
	manual_run(&manual, 0);
	CHECK_EQ(second.count, 0);
	act_host_stats(manual.host, &stats);
	CHECK_EQ(stats.dead[ACT_DEAD_ENDED], 1);
	CHECK_EQ(stats.dead[ACT_DEAD_STALE], 1);
	manual_close(&manual);
}

static void send_parcels(struct act *act, void *state, void *arg)
{
	struct act_ref to = *(struct act_ref *)((void **)arg)[0];
	int *dropped = ((void **)arg)[1];
	enum status *status = ((void **)arg)[2];

	(void)state;
	for (int i = 0; i < 4; i++)
		status[i] = act_tell(act, to, parcel, dropped);
}

TEST(a_full_mailbox_answers_as_its_class_says_and_no_body_is_lost_or_dropped_twice)
{
	static const struct {
		enum act_full on_full;
		enum status third;
		int dropped;
		uint32_t handled;
	} cases[] = {
		{ ACT_FULL_REJECT, BUSY, 2, 2 },
		{ ACT_FULL_DROP_OLD, OK, 4, 2 },
		{ ACT_FULL_CRASH, BUSY, 2, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct act_class class = recorder;
		struct manual manual;
		struct record record = { 0 };
		enum status status[4];
		int dropped = 0;

		class.mailbox_max = 2;
		class.on_full = cases[i].on_full;
		manual_open(&manual, NULL);
		struct act_ref ref = manual_spawn(&manual, &class, &record);
		void *args[] = { &ref, &dropped, status };
		manual_enter(&manual, send_parcels, args);
		CHECK_STATUS(status[0], OK);
		CHECK_STATUS(status[1], OK);
		CHECK_STATUS(status[2], cases[i].third);
		manual_run(&manual, 0);
		CHECK_EQ(dropped, cases[i].dropped);
		CHECK_EQ(record.count, cases[i].handled);
		manual_close(&manual);
	}
}

static uint64_t note_key(const struct act_type *type, const void *body)
{
	return type == &note_type ? (uint64_t)((const struct note *)body)->n / 10 : 0;
}

TEST(messages_with_the_same_key_replace_each_other_in_their_place)
{
	struct act_class class = recorder;
	struct manual manual;
	struct record record = { 0 };

	class.key = note_key;
	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &class, &record);
	const int64_t sent[] = { 11, 21, 12, 3, 4, 22 };
	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
		manual_tell(&manual, ref, note, sent[i]);
	manual_run(&manual, 0);
	CHECK_EQ(record.count, 4);
	CHECK_EQ(record.seen[0], 12);
	CHECK_EQ(record.seen[1], 22);
	CHECK_EQ(record.seen[2], 3); /* key 0 is no key */
	CHECK_EQ(record.seen[3], 4);
	manual_close(&manual);
}

/* ---- requests ----------------------------------------------------------------------------------------- */

static void answer_it(struct act *act, void *state, void *arg)
{
	struct record *record = ((struct recorder *)state)->record;
	*(enum status *)arg = act_answer(act, record->ticket, &note_type, &(struct note){ 99 });
}

static void cancel_it(struct act *act, void *state, void *arg)
{
	(void)state;
	act_request_cancel(act, *(uint64_t *)arg);
}

TEST(a_request_gets_exactly_one_of_reply_refusal_timeout_and_end)
{
	static const struct {
		bool is_answering;
		enum act_verdict verdict;
		int64_t seen;
		enum status status;
	} cases[] = {
		{ true, ACT_OK, 42, OK },
		{ false, ACT_UNHANDLED, -2, NOT_IMPLEMENTED },
		{ false, ACT_OK, -2, TIMEOUT },
		{ false, ACT_STOP, -2, GONE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct manual manual;
		struct record asker = { 0 };
		struct record asked = { .is_answering = cases[i].is_answering,
					.verdict = cases[i].verdict };
		struct act_host_stats stats;

		manual_open(&manual, NULL);
		struct asking asking = { manual_spawn(&manual, &recorder, &asked), 50, 7, OK };
		struct act_ref ref = manual_spawn(&manual, &recorder, &asker);
		CHECK(act_host_enter(manual.host, ref, recorder_ask, &asking));
		CHECK_STATUS(asking.status, OK);
		manual_run(&manual, 1000);
		CHECK_EQ(asker.count, 1);
		CHECK_EQ(asker.seen[0], cases[i].seen);
		CHECK_STATUS(asker.status[0], cases[i].status);
		CHECK_EQ(asker.tag, 7);
		act_host_stats(manual.host, &stats);
		CHECK_EQ(stats.requests, 0);
		manual_close(&manual);
	}
}

TEST(a_late_second_or_cancelled_answer_is_dropped_and_counted)
{
	struct manual manual;
	struct record asker = { 0 }, asked = { 0 };
	struct act_host_stats stats;
	enum status status;
	uint64_t tag = 8;

	manual_open(&manual, NULL);
	struct asking asking = { manual_spawn(&manual, &recorder, &asked), 50, 7, OK };
	struct act_ref ref = manual_spawn(&manual, &recorder, &asker);
	CHECK(act_host_enter(manual.host, ref, recorder_ask, &asking));
	manual_run(&manual, 100);
	CHECK(act_host_enter(manual.host, asking.to, answer_it, &status));
	CHECK_STATUS(status, GONE);
	asking.tag = tag;
	CHECK(act_host_enter(manual.host, ref, recorder_ask, &asking));
	manual_run(&manual, 10);
	CHECK(act_host_enter(manual.host, asking.to, answer_it, &status));
	CHECK_STATUS(status, OK);
	CHECK(act_host_enter(manual.host, asking.to, answer_it, &status));
	CHECK_STATUS(status, GONE);
	/* The reply waits in the mailbox; cancelling takes it out again. */
	CHECK(act_host_enter(manual.host, ref, cancel_it, &tag));
	manual_run(&manual, 100);
	CHECK_EQ(asker.count, 1);
	CHECK_STATUS(asker.status[0], TIMEOUT);
	act_host_stats(manual.host, &stats);
	CHECK_EQ(stats.dead[ACT_DEAD_LATE], 2);
	manual_close(&manual);
}

/* ---- timers -------------------------------------------------------------------------------------------- */

static void set_timers(struct act *act, void *state, void *arg)
{
	(void)state;
	act_after(act, 30, &note_type, &(struct note){ 3 });
	act_after(act, 10, &note_type, &(struct note){ 1 });
	act_cancel(act, act_after(act, 15, &note_type, &(struct note){ 9 }));
	*(uint64_t *)arg = act_every(act, 20, &note_type, &(struct note){ 2 });
}

static void cancel_timer(struct act *act, void *state, void *arg)
{
	(void)state;
	act_cancel(act, *(uint64_t *)arg);
}

TEST(timers_fire_in_order_never_early_and_periodic_ones_until_cancelled)
{
	struct manual manual;
	struct record record = { 0 };
	uint64_t timer;
	const int64_t expected[] = { 1, 2, 3, 2 };

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &recorder, &record);
	CHECK(act_host_enter(manual.host, ref, set_timers, &timer));
	manual_run(&manual, 9);
	CHECK_EQ(record.count, 0);
	manual_run(&manual, 41);
	CHECK_EQ(record.count, 4);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(record.seen[i], expected[i]);
	CHECK(act_host_enter(manual.host, ref, cancel_timer, &timer));
	manual_run(&manual, 1000);
	CHECK_EQ(record.count, 4);
	manual_close(&manual);
}

static void set_slow_timers(struct act *act, void *state, void *arg)
{
	(void)state;
	(void)arg;
	act_every(act, 1000, &note_type, &(struct note){ 1 });
	act_every(act, 2500, &note_type, &(struct note){ 2 });
}

TEST(slow_periodic_timers_of_all_actors_come_together)
{
	struct manual manual;
	struct record one = { 0 }, other = { 0 };

	manual_open(&manual, NULL);
	struct act_ref first = manual_spawn(&manual, &recorder, &one);
	struct act_ref second = manual_spawn(&manual, &recorder, &other);
	CHECK(act_host_enter(manual.host, first, set_slow_timers, NULL));
	manual_run(&manual, 137);
	CHECK(act_host_enter(manual.host, second, set_slow_timers, NULL));
	manual_run(&manual, 862);
	CHECK_EQ(one.count + other.count, 0);
	uint64_t turns = 0;
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t before = one.count + other.count;
		manual_run(&manual, 1);
		turns += one.count + other.count > before;
	}
	CHECK(one.count >= 13 && other.count >= 13);
	CHECK(turns <= 14); /* ten seconds and what is between them, not each timer for itself */
	manual_close(&manual);
}

static void count_call(void *arg)
{
	(*(uint32_t *)arg)++;
}

TEST(a_host_calls_what_belongs_to_no_actor_at_its_time)
{
	struct manual manual;
	uint32_t calls = 0;

	manual_open(&manual, NULL);
	act_host_call_at(manual.host, (struct mono){ manual.now_ns + 10 * TIME_MS + 1 }, count_call,
			 &calls);
	manual_run(&manual, 10);
	CHECK_EQ(calls, 0);
	manual_run(&manual, 1);
	CHECK_EQ(calls, 1);
	/* One that is still to come when the host ends does not. */
	act_host_call_at(manual.host, (struct mono){ manual.now_ns + 86400 * TIME_S }, count_call,
			 &calls);
	manual_close(&manual);
	CHECK_EQ(calls, 1);
}

/* ---- names, groups ------------------------------------------------------------------------------ */

static void name_and_group(struct act *act, void *state, void *arg)
{
	(void)state;
	CHECK_STATUS(act_register(act, arg), OK);
	CHECK_STATUS(act_join(act, "all"), OK);
	CHECK_STATUS(act_join(act, "all"), OK);
}

static void publish_and_name(struct act *act, void *state, void *arg)
{
	(void)state;
	CHECK_EQ(act_publish(act, "all", &note_type, &(struct note){ 5 }), *(uint32_t *)arg);
	CHECK_STATUS(act_register(act, "one"), EXISTS);
	CHECK(!act_ref_is_nil(act_whereis(act, "one")));
	CHECK(act_ref_is_nil(act_whereis(act, "three")));
	CHECK(act_ref_is_nil(act_whereis(act, "one@nowhere")));
	CHECK_STATUS(act_tell(act, act_named(act, "one"), note, 6), OK);
	CHECK_STATUS(act_tell(act, act_named(act, "three"), note, 6), NOT_FOUND);
}

TEST(names_and_groups_find_the_living)
{
	struct manual manual;
	struct record one = { 0 }, two = { .verdict = ACT_STOP };
	uint32_t members = 2;
	char first[] = "one", second[] = "two";

	manual_open(&manual, NULL);
	struct act_ref a = manual_spawn(&manual, &recorder, &one);
	struct act_ref b = manual_spawn(&manual, &recorder, &two);
	CHECK(act_host_enter(manual.host, a, name_and_group, first));
	CHECK(act_host_enter(manual.host, b, name_and_group, second));
	manual_enter(&manual, publish_and_name, &members);
	manual_run(&manual, 0);
	CHECK_EQ(one.count, 2);
	members = 1;
	manual_enter(&manual, publish_and_name, &members);
	manual_run(&manual, 0);
	CHECK_EQ(one.count, 4);
	CHECK_EQ(two.count, 1);
	manual_close(&manual);
}
