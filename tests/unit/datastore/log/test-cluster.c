#include <stdlib.h>

#include "datastore/log/replica-private.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/quorum.h"

static struct quorum *make_three(uint64_t seed)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){
	    .seed = seed, .nodes = 3, .delay_ms = 2, .disk_ms = 2, .kept_entries = 64 });
	CHECK(quorum_join(quorum, 1, MEMBER_VOTER));
	CHECK(quorum_join(quorum, 2, MEMBER_VOTER));
	return quorum;
}

TEST(a_quorum_of_one_commits_what_is_submitted)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){
	    .seed = 1, .nodes = 1, .delay_ms = 1, .disk_ms = 1, .kept_entries = 64 });
	CHECK(quorum_until(quorum, quorum_has_leader, 2000));
	CHECK_STATUS(quorum_submit(quorum, 0, 13), OK);
	quorum_run(quorum, 10);
	CHECK_EQ(quorum_applied(quorum, 0),
		 3); /* its members, the leader's first entry, the command */
	quorum_free(quorum);
}

TEST(a_quorum_of_one_is_not_woken_while_nothing_happens)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){
	    .seed = 1, .nodes = 2, .delay_ms = 1, .disk_ms = 1, .kept_entries = 64 });
	CHECK(quorum_until(quorum, quorum_has_leader, 2000));
	quorum_run(quorum, 1000);
	CHECK_EQ(replica_wake_at(quorum_replica(quorum, 0)).ns, INT64_MAX);
	CHECK(quorum_join(quorum, 1, MEMBER_VOTER));
	CHECK(replica_wake_at(quorum_replica(quorum, 0)).ns < INT64_MAX);
	quorum_free(quorum);
}

static uint32_t spares_of(struct quorum *quorum)
{
	struct replica_status status;
	replica_status(quorum_replica(quorum, 0), &status);
	return status.spares;
}

TEST(a_log_gets_its_spares_when_it_begins_to_fill)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){
	    .seed = 1, .nodes = 1, .delay_ms = 1, .disk_ms = 1, .kept_entries = 64 });
	CHECK(quorum_until(quorum, quorum_has_leader, 2000));
	quorum_run(quorum, 1000);
	CHECK_EQ(spares_of(quorum), 0);
	for (uint32_t i = 0; i < 20; i++) { /* of a segment of 64 KiB a third */
		CHECK_STATUS(quorum_submit(quorum, 0, 1000), OK);
		quorum_run(quorum, 10);
	}
	CHECK_EQ(spares_of(quorum), WAL_SPARES);
	quorum_free(quorum);
}

TEST(who_is_alone_keeps_little_of_the_log_in_memory)
{
	struct quorum *quorum = quorum_new(
	    &(struct quorum_config){ .seed = 1, .nodes = 1, .delay_ms = 1, .disk_ms = 1 });
	CHECK(quorum_until(quorum, quorum_has_leader, 2000));
	for (uint32_t i = 0; i < 1000; i++) {
		CHECK_STATUS(quorum_submit(quorum, 0, 4000), OK);
		quorum_run(quorum, 4);
	}
	quorum_run(quorum, 1000);
	CHECK(core_window(quorum_replica(quorum, 0)->core)->bytes <= 2 * MIB);
	quorum_free(quorum);
}

TEST(three_members_agree)
{
	struct quorum *quorum = make_three(2);
	for (uint32_t i = 0; i < 200; i++) {
		CHECK_STATUS(quorum_submit(quorum, (uint32_t)quorum_leader(quorum), i % 37), OK);
		quorum_run(quorum, 2);
	}
	quorum_run(quorum, 200);
	CHECK(quorum_applied(quorum, 0) >= 200);
	CHECK_EQ(quorum_applied(quorum, 1), quorum_applied(quorum, 0));
	CHECK_EQ(quorum_applied(quorum, 2), quorum_applied(quorum, 0));
	quorum_converge(quorum);
	quorum_free(quorum);
}

static bool is_highly_available(struct quorum *quorum)
{
	int32_t leader = quorum_leader(quorum);
	struct replica_status status;
	if (leader < 0)
		return false;
	replica_status(quorum_replica(quorum, (uint32_t)leader), &status);
	return members_count(replica_members(quorum_replica(quorum, (uint32_t)leader)),
			     MEMBER_VOTER) == 3 &&
	       status.tolerance == 1;
}

static struct quorum *make_managed(uint64_t seed, uint32_t nodes)
{
	return quorum_new(&(struct quorum_config){ .seed = seed,
						   .nodes = nodes,
						   .delay_ms = 1,
						   .disk_ms = 1,
						   .kept_entries = 64,
						   .is_managing = true,
						   .tells_losses = true });
}

TEST(the_third_member_that_joins_makes_three_voters_and_a_fourth_replaces_a_dead_one)
{
	struct quorum *quorum = make_managed(5, 4);
	for (uint32_t i = 1; i < 3; i++)
		CHECK(quorum_join(quorum, i, MEMBER_SPARE));
	CHECK(quorum_until(quorum, is_highly_available, 10000));
	CHECK(quorum_join(quorum, 3, MEMBER_SPARE));
	quorum_run(quorum, 5000);
	uint32_t leader = (uint32_t)quorum_leader(quorum);
	const struct members *members = replica_members(quorum_replica(quorum, leader));
	CHECK_EQ(members_count(members, MEMBER_VOTER), 3);
	CHECK_EQ(members_count(members, MEMBER_STANDBY), 1);
	uint64_t dead = replica_id(quorum_replica(quorum, leader == 1 ? 2 : 1));
	quorum_crash(quorum, leader == 1 ? 2 : 1);
	quorum_run(quorum, 1500);
	CHECK_EQ(members_find(members, dead)->role, MEMBER_VOTER); /* not for a hiccup */
	quorum_run(quorum, 500);
	CHECK(is_highly_available(quorum));
	CHECK_EQ(members_find(members, dead)->role, MEMBER_STANDBY);
	quorum_converge(quorum);
	quorum_free(quorum);
}

/* Who stops has its place filled and hands over; the next leader was told of nothing, and finds four voters where three are enough. */
static void stop_untold(uint64_t seed)
{
	struct quorum *quorum = make_managed(seed, 4);
	for (uint32_t i = 1; i < 4; i++)
		CHECK(quorum_join(quorum, i, MEMBER_SPARE));
	quorum_run(quorum, 5000);
	uint32_t old = (uint32_t)quorum_leader(quorum);
	uint64_t id = replica_id(quorum_replica(quorum, old));
	quorum_stop(quorum, old, false);
	for (uint32_t ms = 0; ms < 2000 && quorum_leader(quorum) == (int32_t)old; ms++)
		quorum_run(quorum, 1);
	CHECK(quorum_leader(quorum) != (int32_t)old);
	quorum_crash(quorum, old);
	for (uint32_t ms = 0; ms < 4000; ms++) {
		quorum_run(quorum, 1);
		const struct members *members =
		    replica_members(quorum_replica(quorum, (old + 1) % 4));
		for (uint32_t i = 0; i < members->len; i++)
			CHECK(members->at[i].id == id || members->at[i].role == MEMBER_VOTER);
	}
	CHECK(is_highly_available(quorum));
	quorum_converge(quorum);
	quorum_free(quorum);
}

TEST(a_successor_that_was_told_nothing_takes_the_vote_of_who_stopped_and_of_nobody_else)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		stop_untold(seed);
}

/* One after another stops, as the others are told, and is back at once: none of those who then lead thinks that one of them is still about to go. */
TEST(who_stopped_and_is_back_is_about_to_go_no_more_whoever_leads)
{
	struct quorum *quorum = make_managed(7, 3);
	for (uint32_t i = 1; i < 3; i++)
		CHECK(quorum_join(quorum, i, MEMBER_SPARE));
	CHECK(quorum_until(quorum, is_highly_available, 10000));
	for (uint32_t i = 0; i < 12; i++) {
		uint32_t old = (uint32_t)quorum_leader(quorum);
		quorum_stop(quorum, old, true);
		for (uint32_t ms = 0; ms < 2000 && quorum_leader(quorum) == (int32_t)old; ms++)
			quorum_run(quorum, 1);
		CHECK(quorum_leader(quorum) != (int32_t)old);
		quorum_crash(quorum, old);
		quorum_run(quorum, 100 + 100 * (i % 3));
		quorum_restart(quorum, old);
		quorum_run(quorum, 600);
		CHECK(is_highly_available(quorum));
	}
	quorum_converge(quorum);
	quorum_free(quorum);
}

static int compare_ms(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* From the third member's asking to three voters, in virtual time. */
static int measure_third_voter(uint64_t seed)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){ .seed = seed,
								    .nodes = 3,
								    .delay_ms = 1,
								    .disk_ms = 2,
								    .kept_entries = 64,
								    .is_managing = true,
								    .tells_losses = true });
	CHECK(quorum_join(quorum, 1, MEMBER_SPARE));
	for (uint32_t i = 0; i < 50; i++)
		CHECK_STATUS(quorum_submit(quorum, 0, 100), OK);
	quorum_run(quorum, 1400 + (uint32_t)seed % 300);
	int64_t before = quorum_now(quorum).ns;
	CHECK_STATUS(quorum_add(quorum, 2), OK);
	CHECK(quorum_until(quorum, is_highly_available, 10000));
	int took_ms = (int)((quorum_now(quorum).ns - before) / TIME_MS);
	quorum_free(quorum);
	return took_ms;
}

/* Each step follows from the one before and not from a clock: eight times a message and a write, not a heartbeat. */
TEST(the_third_member_makes_three_voters_before_a_heartbeat_is_over)
{
	for (uint32_t seed = 1; seed <= 40; seed++)
		CHECK(measure_third_voter(seed) <= 30);
}

static bool is_all_applied(struct quorum *quorum)
{
	uint64_t last = quorum_applied(quorum, (uint32_t)quorum_leader(quorum));
	for (uint32_t i = 0; i < 3; i++)
		if (quorum_applied(quorum, i) < last)
			return false;
	return true;
}

static bool has_acknowledged(struct quorum *quorum)
{
	return quorum_acknowledged(quorum) ==
	       core_last(quorum_replica(quorum, (uint32_t)quorum_leader(quorum))->core);
}

TEST(what_is_submitted_after_a_pause_waits_for_no_heartbeat)
{
	struct quorum *quorum = make_three(7); /* whose heartbeats are due one after the other */
	for (uint32_t i = 0; i < 60; i++) {
		quorum_run(quorum, 1000 + 7 * i);
		int64_t before = quorum_now(quorum).ns;
		CHECK_STATUS(quorum_submit(quorum, (uint32_t)quorum_leader(quorum), 50), OK);
		CHECK(quorum_until(quorum, has_acknowledged, 10000));
		CHECK((quorum_now(quorum).ns - before) / TIME_MS <= 10);
		CHECK(quorum_until(quorum, is_all_applied, 10000));
		CHECK((quorum_now(quorum).ns - before) / TIME_MS <= 20);
	}
	quorum_free(quorum);
}

/* Kills the leader of three again and again: how long until another one is established, in virtual time. */
static void measure_failover(bool tells_losses, int *out_p50, int *out_max)
{
	int took[40];
	for (uint32_t i = 0; i < 40; i++) {
		struct quorum *quorum =
		    quorum_new(&(struct quorum_config){ .seed = 100 + i,
							.nodes = 3,
							.delay_ms = 2,
							.disk_ms = 2,
							.kept_entries = 64,
							.tells_losses = tells_losses });
		CHECK(quorum_join(quorum, 1, MEMBER_VOTER));
		CHECK(quorum_join(quorum, 2, MEMBER_VOTER));
		quorum_run(quorum, 300 + i);
		CHECK(quorum_has_leader(quorum));
		quorum_crash(quorum, (uint32_t)quorum_leader(quorum));
		int64_t before = quorum_now(quorum).ns;
		CHECK(quorum_until(quorum, quorum_has_leader, 10000));
		took[i] = (int)((quorum_now(quorum).ns - before) / TIME_MS);
		quorum_free(quorum);
	}
	qsort(took, 40, sizeof *took, compare_ms);
	*out_p50 = took[20];
	*out_max = took[39];
}

TEST(when_the_leader_is_killed_another_one_leads_within_100_ms_mostly_and_300_ms_always)
{
	int p50, max;
	measure_failover(true, &p50, &max);
	CHECK(p50 <= 100);
	CHECK(max <= 300);
}

TEST(when_the_leader_falls_silent_another_one_leads_after_an_election_timeout)
{
	int p50, max;
	measure_failover(false, &p50, &max);
	CHECK(p50 <= 2 * REPLICA_ELECTION_MS);
	CHECK(max < 4 * REPLICA_ELECTION_MS);
}

TEST(a_leader_whose_disk_is_full_hands_over_at_once)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct quorum *quorum = make_three(seed);
		enum status status = OK;
		int32_t leader;

		quorum_run(quorum, 10000 + (uint32_t)seed * 177); /* anywhere between two looks */
		leader = quorum_leader(quorum);
		quorum_fill_disk(quorum, (uint32_t)leader);
		for (uint32_t i = 0; i < 200 && status == OK; i++) {
			status = quorum_submit(quorum, (uint32_t)leader, 1000);
			quorum_run(quorum, 5);
		}
		CHECK(status == FULL || status == UNAVAILABLE);
		quorum_run(quorum, 200);
		CHECK(quorum_leader(quorum) >= 0 && quorum_leader(quorum) != leader);
		quorum_free(quorum);
	}
}

/* It has no election of its own to notice by, and whoever asks it would be sent to somebody who is dead. */
TEST(who_has_no_vote_names_no_leader_that_has_been_silent_for_long)
{
	struct quorum *quorum = make_managed(11, 4);
	struct replica_status status;
	uint32_t standby = 4;
	for (uint32_t i = 1; i < 4; i++)
		CHECK(quorum_join(quorum, i, MEMBER_SPARE));
	quorum_run(quorum, 5000);
	uint32_t leader = (uint32_t)quorum_leader(quorum);
	const struct members *members = replica_members(quorum_replica(quorum, leader));
	for (uint32_t i = 0; i < 4; i++)
		if (members_find(members, replica_id(quorum_replica(quorum, i)))->role ==
		    MEMBER_STANDBY)
			standby = i;
	CHECK(standby < 4);
	replica_status(quorum_replica(quorum, standby), &status);
	CHECK(status.leader != 0);
	/* Both at once: nobody is left to give their votes to another one. */
	quorum_crash(quorum, leader);
	quorum_crash(quorum, (leader + 1) % 4 == standby ? (leader + 2) % 4 : (leader + 1) % 4);
	quorum_run(quorum, 12 * REPLICA_ELECTION_MS);
	replica_status(quorum_replica(quorum, standby), &status);
	CHECK_EQ(status.leader, 0);
	for (uint32_t i = 0; i < 4; i++)
		if (!quorum_replica(quorum, i))
			quorum_restart(quorum, i);
	CHECK(quorum_until(quorum, is_highly_available, 10000));
	replica_status(quorum_replica(quorum, standby), &status);
	CHECK(status.leader != 0);
	quorum_converge(quorum);
	quorum_free(quorum);
}
