/* Passing on to the leader, and what is kept when it changes. */
#include <stdio.h>

#include "tests/lib/test.h"
#include "tests/sim/cluster.h"
#include "tests/sim/people.h"

static uint32_t other_than(uint32_t a, uint32_t b)
{
	uint32_t i = 1;

	while (i == a || i == b)
		i++;
	return i;
}

TEST(any_member_takes_any_request)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 1 }, 3);
	char key[8];

	for (uint32_t i = 1; i <= 3; i++) {
		struct store_lease_grant grant = { .ttl_s = 30 };
		const struct store_lease_answer *lease;

		snprintf(key, sizeof key, "k%u", i);
		CHECK_STATUS(cluster_write(cluster, i, key, "v")->status, OK);
		for (uint32_t j = 1; j <= 3; j++)
			CHECK_STR(cluster_read(cluster, j, key), "v");
		lease = cluster_ask(cluster, i, NULL, &store_lease_grant_type, &grant, NULL);
		CHECK_STATUS(lease->status, OK);
		for (uint32_t j = 1; j <= 3; j++) {
			struct store_lease_keep keep = { .id = lease->id };
			struct store_lease_show show = { .id = lease->id };

			CHECK_STATUS(((const struct store_lease_answer *)cluster_ask(
					  cluster, j, NULL, &store_lease_keep_type, &keep, NULL))
					 ->status,
				     OK);
			CHECK_EQ(((const struct store_lease_answer *)cluster_ask(
				      cluster, j, NULL, &store_lease_show_type, &show, NULL))
				     ->ttl_s,
				 30);
		}
	}
	cluster_free(cluster);
}

TEST(what_was_acknowledged_is_there_after_the_leader_crashed)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 2 }, 3);
	uint64_t term = 0;

	for (uint32_t round = 0; round < 10; round++) {
		uint32_t leader = cluster_leader(cluster);
		uint32_t other = other_than(leader, 0);
		char value[8];

		snprintf(value, sizeof value, "%u", round);
		CHECK(cluster_view(cluster, leader).term > term);
		term = cluster_view(cluster, leader).term;
		CHECK_STATUS(cluster_write(cluster, other, "a", value)->status, OK);
		act_sim_crash(cluster_sim(cluster), leader);
		CHECK(cluster_until(cluster, cluster_has_leader, 5000));
		CHECK_STR(cluster_read(cluster, cluster_leader(cluster), "a"), value);
		act_sim_restart(cluster_sim(cluster), leader);
		cluster_run(cluster, 2000);
	}
	cluster_free(cluster);
}

TEST(a_leader_that_is_cut_off_neither_writes_nor_reads)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 3 }, 3);
	uint32_t old = cluster_leader(cluster), other = other_than(old, 0);
	struct store_range range = { .key = STR("a") };
	const struct store_range_answer *read;
	const struct store_write_answer *write;

	CHECK_STATUS(cluster_write(cluster, old, "a", "before")->status, OK);
	act_sim_isolate(cluster_sim(cluster), old);
	/* It does not know yet: it takes the write, and nobody learns what became of it. */
	write = cluster_write(cluster, old, "a", "by the old one");
	CHECK(!write || write->status == TIMEOUT || write->status == UNAVAILABLE);
	read = cluster_ask(cluster, old, NULL, &store_range_type, &range, NULL);
	CHECK(!read || read->status == UNAVAILABLE || read->status == TIMEOUT);
	CHECK(cluster_leader(cluster) != old);
	CHECK_STATUS(cluster_write(cluster, other, "a", "after")->status, OK);
	/* Old answers are to be had, for who wants them. */
	range.is_serializable = true;
	read = cluster_ask(cluster, old, NULL, &store_range_type, &range, NULL);
	CHECK_STATUS(read->status, OK);
	CHECK_STR(read->rows[0].value, "before");
	act_sim_heal(cluster_sim(cluster));
	cluster_converge(cluster);
	CHECK_STR(cluster_read(cluster, old, "a"), "after");
	cluster_free(cluster);
}

TEST(without_a_majority_writes_fail_fast_and_old_reads_go_on)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 4 }, 3);
	uint32_t leader = cluster_leader(cluster), left = other_than(leader, 0);
	struct store_range range = { .key = STR("a"), .is_serializable = true };
	const struct store_range_answer *read;
	uint64_t began;

	CHECK_STATUS(cluster_write(cluster, left, "a", "1")->status, OK);
	cluster_run(cluster, 500);
	act_sim_crash(cluster_sim(cluster), leader);
	act_sim_crash(cluster_sim(cluster), other_than(leader, left));
	cluster_run(cluster, 5000);
	CHECK_EQ(cluster_view(cluster, left).leader, 0);
	began = act_sim_now_ms(cluster_sim(cluster));
	CHECK_STATUS(cluster_write(cluster, left, "a", "2")->status, UNAVAILABLE);
	CHECK(act_sim_now_ms(cluster_sim(cluster)) - began < 10);
	read = cluster_ask(cluster, left, NULL, &store_range_type, &range, NULL);
	CHECK_STATUS(read->status, OK);
	CHECK_STR(read->rows[0].value, "1");
	CHECK(cluster_status(cluster, left)->alarms & STORE_ALARM_NO_LEADER);
	cluster_free(cluster);
}

TEST(who_acts_for_an_old_leader_is_refused)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 5 }, 3);
	uint32_t leader = cluster_leader(cluster), other = other_than(leader, 0);
	uint64_t term = cluster_view(cluster, leader).term;

	for (uint32_t i = 0; i < 2; i++) {
		struct store_write write = { .arena = arena_new(0),
					     .success_count = 1,
					     .term = term };
		struct store_op *op = arena_new_of(write.arena, struct store_op);
		const struct store_write_answer *answer;

		*op = (struct store_op){ .kind = STORE_PUT,
					 .key = STR("a"),
					 .value = STR("1"),
					 .expected = STORE_ANY_REVISION };
		write.success = op;
		answer = cluster_ask(cluster, other, NULL, &store_write_type, &write, NULL);
		CHECK_STATUS(answer->status, i == 0 ? OK : GONE);
		if (i > 0)
			break;
		CHECK_STATUS(cluster_transfer(cluster, other), OK);
		cluster_run(cluster, 1000);
		CHECK_EQ(cluster_leader(cluster), other);
	}
	cluster_free(cluster);
}

TEST(a_leader_that_hands_over_costs_one_election_and_nobody_is_without_one_for_long)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 5 }, 3);
	uint32_t leader = cluster_leader(cluster);
	uint64_t term = cluster_view(cluster, leader).term;

	CHECK_STATUS(cluster_transfer(cluster, other_than(leader, 0)), OK);
	cluster_run(cluster, 300);
	CHECK(cluster_leader(cluster) != leader && cluster_leader(cluster) != 0);
	cluster_run(cluster, 5000);
	for (uint32_t i = 1; i <= 3; i++) {
		CHECK_EQ(cluster_view(cluster, i).term, term + 1);
		CHECK_EQ(cluster_view(cluster, i).is_leader, i == cluster_leader(cluster));
	}
	CHECK_STATUS(cluster_write(cluster, leader, "a", "1")->status, OK);
	cluster_free(cluster);
}

/* Asks for one write of a key by way of the store beside it, and keeps the answer. */
struct poster {
	struct act_ref self;
	const char *key;
	bool has_request;
	bool is_answered, is_repeat;
	enum status status;
};

static enum status poster_init(struct act *act, void *state, const void *args)
{
	struct poster *poster = *(struct poster *const *)args;

	*(struct poster **)state = poster;
	poster->self = act_self(act);
	return OK;
}

static enum act_verdict poster_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct poster *poster = *(struct poster **)state;

	(void)act;
	if (msg->kind == ACT_ANSWER && msg->tag == 1) {
		poster->is_answered = true;
		poster->status = store_outcome(msg);
		poster->is_repeat = msg->status == OK && ACT_AS(msg, store_write_answer)->is_repeat;
	}
	return ACT_OK;
}

static const struct act_class poster_class = { .name = "poster",
					       .state_size = sizeof(struct poster *),
					       .init = poster_init,
					       .receive = poster_receive };

static void post(struct act *act, void *state, void *arg)
{
	struct poster *poster = *(struct poster **)state;
	struct store_write write = { .arena = arena_new(0), .success_count = 1 };
	struct store_op *op = arena_new_of(write.arena, struct store_op);

	(void)arg;
	*op = (struct store_op){ .kind = STORE_PUT,
				 .key = arena_str(write.arena, str_from(poster->key)),
				 .value = STR("1"),
				 .expected = STORE_ANY_REVISION };
	write.success = op;
	write.request = poster->has_request ? act_random(act) | 1 : 0;
	poster->is_answered = false;
	CHECK_STATUS(act_request(act, act_named(act, "store"), &store_write_type, &write, 15000, 1),
		     OK);
}

static bool is_posted(void *arg)
{
	return ((struct poster *)arg)->is_answered;
}

static bool has_run_out(void *arg)
{
	return (*(uint32_t *)arg)-- == 0;
}

enum stop { CRASHES, DIES, ENDS, HANDS_OVER, PAUSES, IS_CUT_OFF, STOPS };

static void stop_leader(struct cluster *cluster, uint32_t leader, enum stop stop)
{
	switch (stop) {
	case CRASHES: act_sim_crash(cluster_sim(cluster), leader); break;
	case DIES: act_sim_crash_host(cluster_sim(cluster), leader, CLUSTER_HOST); break;
	case ENDS:
		act_host_drain(act_sim_host_of(cluster_sim(cluster), leader, CLUSTER_HOST), 5000);
		break;
	case HANDS_OVER: CHECK_STATUS(cluster_transfer(cluster, other_than(leader, 0)), OK); break;
	case PAUSES: act_sim_pause(cluster_sim(cluster), leader, true); break;
	case IS_CUT_OFF: act_sim_isolate(cluster_sim(cluster), leader); break;
	case STOPS: CHECK(!"a way to stop"); break;
	}
}

static void start_again(struct cluster *cluster, uint32_t leader)
{
	act_sim_heal(cluster_sim(cluster));
	act_sim_pause(cluster_sim(cluster), leader, false);
	cluster_run(cluster, 2000); /* who ended is started again after a second */
	cluster_converge(cluster);
	CHECK(cluster_await_voters(cluster, 3));
}

/* How often the write was answered by a later try, and of those how often the first had been applied. */
struct passed {
	uint32_t answered, repeats;
};

/* A write is passed on, and so many events later the leader stops: once, whatever of it had happened. */
static void stop_after(struct cluster *cluster, struct poster *posters, uint32_t events,
		       enum stop stop, struct passed *passed)
{
	uint32_t leader = cluster_leader(cluster), by = other_than(leader, 0), left = events;
	uint64_t term = cluster_view(cluster, leader).term;
	struct poster *poster = &posters[by];
	struct store_range range = { .key = STR("k") };
	const struct store_range_answer *read;
	char key[32];

	snprintf(key, sizeof key, "k/%u/%u", stop, events);
	poster->key = key;
	poster->has_request = true;
	CHECK(act_host_enter(act_sim_host_of(cluster_sim(cluster), by, CLUSTER_HOST), poster->self,
			     post, NULL));
	act_sim_run_for(cluster_sim(cluster), 5000, has_run_out, &left);
	bool was_answered = poster->is_answered;
	stop_leader(cluster, leader, stop);
	CHECK_EQ(act_sim_run_for(cluster_sim(cluster), 15000, is_posted, poster), ACT_SIM_CLAIM);
	CHECK_STATUS(poster->status, OK);
	if (!was_answered && cluster_view(cluster, by).term > term) {
		passed->answered++;
		passed->repeats += poster->is_repeat;
	}
	start_again(cluster, leader);
	range.key = str_from(key);
	read = cluster_ask(cluster, by, NULL, &store_range_type, &range, NULL);
	CHECK_STATUS(read->status, OK);
	CHECK_EQ(read->row_count, 1);
	CHECK_EQ(read->rows[0].version, 1);
}

static struct cluster *cluster_with_posters(uint64_t seed, struct poster posters[4],
					    struct poster *args[4])
{
	struct cluster *cluster = cluster_new(&(struct cluster_config){ .seed = seed });

	for (uint32_t i = 1; i <= 3; i++) {
		args[i] = &posters[i];
		cluster_place(cluster, i,
			      &(struct act_child){
				  .id = "poster", .class = &poster_class, .args = &args[i] });
		cluster_start(cluster, i, CLUSTER_STORE);
	}
	cluster_converge(cluster);
	CHECK(cluster_await_voters(cluster, 3));
	return cluster;
}

TEST_SLOW(a_write_that_was_passed_on_to_a_leader_that_stops_is_done_by_the_next_and_once, 60)
{
	for (enum stop stop = CRASHES; stop < STOPS; stop++) {
		struct poster posters[4] = { { .key = "" } }, *args[4];
		struct cluster *cluster = cluster_with_posters(11, posters, args);
		struct passed passed = { 0 };

		for (uint32_t events = 0; events < 60; events++)
			stop_after(cluster, posters, events, stop, &passed);
		/* Some had been appended by the old leader and kept by the new one, some had not. Who hands over answers first. */
		CHECK(passed.repeats > 0 || stop == HANDS_OVER);
		CHECK(passed.answered > passed.repeats);
		cluster_free(cluster);
	}
}

/* Milliseconds until it was answered. */
static uint64_t post_and_wait(struct cluster *cluster, struct poster *poster, uint32_t by)
{
	uint64_t began = act_sim_now_ms(cluster_sim(cluster));

	CHECK(act_host_enter(act_sim_host_of(cluster_sim(cluster), by, CLUSTER_HOST), poster->self,
			     post, NULL));
	CHECK_EQ(act_sim_run_for(cluster_sim(cluster), 15000, is_posted, poster), ACT_SIM_CLAIM);
	return act_sim_now_ms(cluster_sim(cluster)) - began;
}

TEST_SLOW(a_write_that_comes_while_nobody_leads_is_done_by_whoever_is_elected, 60)
{
	struct poster posters[4] = { { .key = "k" }, { .key = "k" }, { .key = "k" }, { .key = "k" } };
	struct poster *args[4];
	struct cluster *cluster = cluster_with_posters(12, posters, args);
	uint32_t done = 0;

	for (uint32_t turn = 0; turn < 60; turn++) {
		uint32_t leader = cluster_leader(cluster), by = other_than(leader, 0);

		posters[by].has_request =
		    turn % 2 == 0; /* no try was taken: without a number, too */
		stop_leader(cluster, leader, turn % 3 == 0 ? IS_CUT_OFF : DIES);
		cluster_run(cluster, turn * 10 % 130);
		CHECK(post_and_wait(cluster, &posters[by], by) < 2500);
		/* Unless it was sent to the old one, which nobody knew to be gone. */
		CHECK(posters[by].status == OK || (turn % 2 != 0 && posters[by].status == TIMEOUT));
		done += posters[by].status == OK;
		start_again(cluster, leader);
	}
	CHECK(done > 30 + 10);
	/* Nobody is elected: it fails in the time that it takes to know that, and then at once. */
	uint32_t left = cluster_leader(cluster);
	act_sim_crash(cluster_sim(cluster), other_than(left, 0));
	act_sim_crash(cluster_sim(cluster), other_than(left, other_than(left, 0)));
	cluster_run(cluster, 600);
	CHECK(post_and_wait(cluster, &posters[left], left) < 4000);
	CHECK(posters[left].status == UNAVAILABLE || posters[left].status == TIMEOUT);
	CHECK_EQ(post_and_wait(cluster, &posters[left], left), 0);
	CHECK_STATUS(posters[left].status, UNAVAILABLE);
	cluster_free(cluster);
}

static void hand_over(struct act *act, void *state, void *arg)
{
	const struct store_transfer transfer = { .id = *(const uint64_t *)arg };

	(void)state;
	CHECK_STATUS(
	    act_request(act, act_named(act, "store"), &store_transfer_type, &transfer, 5000, 2), OK);
}

/* Milliseconds that a write takes which comes to `by` so many events after the lead began to be handed over. */
static uint64_t hand_over_and_post(struct cluster *cluster, struct poster *posters, uint32_t leader,
				   uint32_t to, uint32_t by, uint32_t events)
{
	struct act_sim *sim = cluster_sim(cluster);
	uint64_t id = cluster_view(cluster, to).id;
	uint32_t left = events;

	CHECK(act_host_enter(act_sim_host_of(sim, leader, CLUSTER_HOST), posters[leader].self,
			     hand_over, &id));
	act_sim_run_for(sim, 5000, has_run_out, &left);
	return post_and_wait(cluster, &posters[by], by);
}

/* A dozen steps of a millisecond or two: an order, two votes, a term's first entry, the write. And whoever is asked takes it. */
TEST_SLOW(a_write_that_comes_while_the_lead_is_handed_over_waits_for_no_timer, 60)
{
	struct poster posters[4] = { { .key = "k" }, { .key = "k" }, { .key = "k" }, { .key = "k" } };
	struct poster *args[4];
	struct cluster *cluster = cluster_with_posters(12, posters, args);
	uint64_t worst = 0;

	for (uint32_t turn = 0; turn < 120; turn++) {
		uint32_t leader = cluster_leader(cluster);
		uint32_t to = other_than(leader, turn % 2 ? 0 : other_than(leader, 0));
		uint32_t by = turn % 3 == 0 ? to : turn % 3 == 1 ? leader : other_than(leader, to);
		uint64_t ms;

		posters[by].has_request = true;
		ms = hand_over_and_post(cluster, posters, leader, to, by, turn / 3);
		CHECK_STATUS(posters[by].status, OK);
		CHECK_EQ(cluster_leader(cluster), to);
		worst = ms > worst ? ms : worst;
		cluster_run(cluster, 1000);
	}
	CHECK(worst <= 20);
	cluster_free(cluster);
}

TEST(a_read_that_comes_while_nobody_leads_is_answered_when_somebody_does)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 13 }, 3);
	struct store_range range = { .key = STR("a") };

	CHECK_STATUS(cluster_write(cluster, 1, "a", "1")->status, OK);
	for (uint32_t turn = 0; turn < 30; turn++) {
		uint32_t leader = cluster_leader(cluster), by = other_than(leader, 0);
		uint64_t began = act_sim_now_ms(cluster_sim(cluster));
		const struct store_range_answer *read;

		stop_leader(cluster, leader, turn % 3 == 0 ? IS_CUT_OFF : DIES);
		cluster_run(cluster, turn * 10 % 130);
		read = cluster_ask(cluster, by, NULL, &store_range_type, &range, NULL);
		CHECK_STATUS(read->status, OK);
		CHECK_STR(read->rows[0].value, "1");
		CHECK(act_sim_now_ms(cluster_sim(cluster)) - began < 2500);
		start_again(cluster, leader);
	}
	cluster_free(cluster);
}

/* Reads one after another, without waiting for the answers; remembers how long the slowest took. */
#define CROWD 200U

struct crowd {
	uint32_t asked, answered;
	int64_t slowest_ns;
};

struct crowd_next {
	char nothing;
};
static ACT_TYPE(crowd_next);

struct crowd_state {
	struct crowd *crowd;
	int64_t asked_ns[CROWD];
};

static enum status crowd_init(struct act *act, void *state, const void *args)
{
	((struct crowd_state *)state)->crowd = *(struct crowd *const *)args;
	act_after(act, 10000, &crowd_next_type,
		  &(struct crowd_next){ 0 }); /* a leader is there by then */
	return OK;
}

static enum act_verdict crowd_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct crowd_state *own = state;
	struct crowd *crowd = own->crowd;

	if (ACT_IS(msg, crowd_next) && crowd->asked < CROWD) {
		struct store_range range = { .key = STR("a") };

		own->asked_ns[crowd->asked] = act_now(act).ns;
		CHECK_STATUS(act_request(act, act_named(act, "store"), &store_range_type, &range,
					 5000, crowd->asked++),
			     OK);
		act_after(act, 1, &crowd_next_type, &(struct crowd_next){ 0 });
	}
	if (msg->kind == ACT_ANSWER) {
		int64_t took_ns = act_now(act).ns - own->asked_ns[msg->tag];

		CHECK_STATUS(store_outcome(msg), OK);
		crowd->answered++;
		if (took_ns > crowd->slowest_ns)
			crowd->slowest_ns = took_ns;
	}
	return ACT_OK;
}

static const struct act_class crowd_class = { .name = "crowd",
					      .state_size = sizeof(struct crowd_state),
					      .init = crowd_init,
					      .receive = crowd_receive };

/* Whoever comes while a round is under way is in the next one, which begins at once, though nothing is written. */
TEST(reads_of_an_idle_cluster_wait_for_two_rounds_at_most)
{
	struct crowd crowds[4] = { { 0 } }, *args[4];
	struct cluster *cluster = cluster_new(&(struct cluster_config){ .seed = 7 });

	for (uint32_t i = 1; i <= 3; i++) {
		args[i] = &crowds[i];
		cluster_place(
		    cluster, i,
		    &(struct act_child){ .id = "crowd", .class = &crowd_class, .args = &args[i] });
		cluster_start(cluster, i, CLUSTER_STORE);
	}
	CHECK(cluster_await_voters(cluster, 3));
	cluster_run(cluster, 15000);
	for (uint32_t i = 1; i <= 3; i++) {
		CHECK_EQ(crowds[i].answered, CROWD);
		CHECK(crowds[i].slowest_ns < 30 * TIME_MS); /* a message takes 2 ms at most */
	}
	cluster_free(cluster);
}

/* Watchers at each store and away from them, while the lead goes round. */
TEST(watches_go_on_whoever_leads)
{
	struct ledger *ledger = ledger_new("");
	struct cluster *cluster = cluster_new(&(struct cluster_config){ .seed = 6 });
	struct person home = { .ledger = ledger, .stores = 3, .is_at_home = true, .pause_ms = 30 };
	struct person away = { .ledger = ledger, .stores = 3, .pause_ms = 30 };

	for (uint32_t i = 1; i <= 4; i++) {
		const struct person *person = i < 4 ? &home : &away;

		cluster_place(
		    cluster, i,
		    &(struct act_child){ .id = "user", .class = &user_class, .args = person });
		cluster_place(cluster, i,
			      &(struct act_child){ .id = "watcher",
						   .class = i < 4 ? &scribe_class : &watcher_class,
						   .args = person });
		cluster_start(cluster, i, i < 4 ? CLUSTER_STORE : CLUSTER_CLIENTS);
	}
	CHECK(cluster_await_voters(cluster, 3));
	for (uint32_t i = 0; i < 12; i++) {
		cluster_run(cluster, 700);
		CHECK_STATUS(cluster_transfer(cluster, other_than(cluster_leader(cluster), 0)), OK);
		CHECK(cluster_until(cluster, cluster_has_leader, 2000));
	}
	ledger_set_over(ledger);
	cluster_run(cluster, 5000);
	struct ledger_counts counts = ledger_close(ledger);
	CHECK(cluster_said(cluster, "store: leads") > 12);
	CHECK(counts.done > 500);
	CHECK_EQ(counts.open, 0);
	CHECK(counts.events > 3 * counts.done);
	CHECK_EQ(counts.streams, 4); /* nobody had to begin anew */
	cluster_free(cluster);
	ledger_free(ledger);
}
