/* Members that the log cannot help any more: they fetch a copy of the table and go on from there, whatever happens meanwhile. */
#include <stdio.h>

#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

#define KEYS 60U
#define VALUE_BYTES 30000U

static void key_of(char key[16], uint32_t i)
{
	snprintf(key, 16, "key/%03u", i);
}

/* More than a few chunks, and more entries than the log keeps. */
static void fill(struct cluster *cluster, char fill)
{
	static char value[VALUE_BYTES + 1];
	char key[16];

	memset(value, fill, VALUE_BYTES);
	for (uint32_t i = 0; i < KEYS; i++) {
		key_of(key, i);
		CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), key, value)->status,
			     OK);
	}
	cluster_run(cluster, 4000); /* written behind, made durable, the log trimmed */
}

static void check_filled(struct cluster *cluster, uint32_t node, char fill)
{
	struct store_range range = { .key = STR("key/"),
				     .end = STR("key0"),
				     .is_serializable = true };
	const struct store_range_answer *answer =
	    cluster_ask(cluster, node, NULL, &store_range_type, &range, NULL);

	CHECK_STATUS(answer->status, OK);
	CHECK_EQ(answer->count, KEYS);
	for (uint32_t i = 0; i < answer->row_count; i++) {
		CHECK_EQ(answer->rows[i].value.len, VALUE_BYTES);
		CHECK_EQ(answer->rows[i].value.at[VALUE_BYTES - 1], fill);
	}
}

static uint32_t follower(struct cluster *cluster)
{
	return cluster_leader(cluster) == 1 ? 2 : 1;
}

TEST(a_member_that_was_away_for_longer_than_the_log_reaches_back_has_everything_again)
{
	struct cluster *cluster = cluster_of(
	    &(struct cluster_config){ .seed = 1, .kept_entries = 20, .checkpoint_ms = 1000 }, 3);
	uint32_t away = follower(cluster);

	fill(cluster, 'a');
	CHECK_EQ(cluster_said(cluster, "store: begins anew from a snapshot"), 0);
	act_sim_crash(cluster_sim(cluster), away);
	fill(cluster, 'b');
	act_sim_restart(cluster_sim(cluster), away);
	cluster_converge(cluster);
	CHECK_EQ(cluster_said(cluster, "store: begins anew from a snapshot"), 1);
	check_filled(cluster, away, 'b');
	/* It is a member like any other: with the third one away it makes a majority. */
	act_sim_crash(cluster_sim(cluster), 6 - away - cluster_leader(cluster));
	CHECK_STATUS(cluster_write(cluster, away, "after", "1")->status, OK);
	CHECK_STR(cluster_read(cluster, away, "after"), "1");
	cluster_free(cluster);
}

TEST(a_new_member_begins_with_a_snapshot)
{
	struct cluster *cluster = cluster_of(
	    &(struct cluster_config){ .seed = 2, .kept_entries = 20, .checkpoint_ms = 1000 }, 3);

	fill(cluster, 'a');
	cluster_start(cluster, 4, CLUSTER_STORE);
	cluster_converge(cluster);
	CHECK(cluster_said(cluster, "store: begins anew from a snapshot") >= 1);
	check_filled(cluster, 4, 'a');
	CHECK_EQ(cluster_view(cluster, 4).role, STORE_STANDBY);
	cluster_free(cluster);
}

/* Crashes of the one that fetches, of the one that sends, and breaks of the link, at ever later moments. */
static void interrupt(uint64_t seed, uint32_t after_ms, uint32_t what)
{
	struct cluster *cluster = cluster_of(
	    &(struct cluster_config){ .seed = seed, .kept_entries = 20, .checkpoint_ms = 1000 }, 3);
	struct act_sim *sim = cluster_sim(cluster);
	uint32_t away = follower(cluster), leader;

	act_sim_crash(sim, away);
	fill(cluster, 'c');
	act_sim_restart(sim, away);
	leader = cluster_leader(cluster);
	cluster_run(cluster, after_ms);
	switch (what % 4) {
	case 0: act_sim_crash(sim, away); break;
	case 1: act_sim_crash(sim, leader); break;
	case 2: act_sim_crash_host(sim, away, CLUSTER_HOST); break;
	case 3: act_sim_partition(sim, away, leader); break;
	}
	cluster_run(cluster, 1500);
	CHECK(cluster_until(cluster, cluster_has_leader, 5000));
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "meanwhile", "1")->status,
		     what % 4 == 0 || what % 4 == 2 || cluster_view(cluster, away).is_up ? OK : OK);
	cluster_converge(cluster);
	check_filled(cluster, away, 'c');
	CHECK_STR(cluster_read(cluster, away, "meanwhile"), "1");
	cluster_free(cluster);
}

TEST(a_snapshot_that_is_interrupted_goes_on_or_begins_anew)
{
	for (uint32_t i = 0; i < 24; i++)
		interrupt(10 + i, 1 + i * 4, i);
}

static bool is_fetching(struct cluster *cluster)
{
	return cluster_said(cluster, "store: fetches a snapshot") > 0;
}

/* It is full when the first pieces have come, or before: what has come makes room again, and nothing is taken that would not fit. */
static void fill_disk(uint64_t seed, uint32_t after_ms)
{
	const struct act_sim_disk full = { 50, 3000, 0, 1, true };
	const struct act_sim_disk good = { .delay_min_us = 50,
					   .delay_max_us = 3000,
					   .is_tearing = true };
	struct cluster *cluster = cluster_of(
	    &(struct cluster_config){ .seed = seed, .kept_entries = 20, .checkpoint_ms = 1000 }, 3);
	struct act_sim *sim = cluster_sim(cluster);
	uint32_t away = follower(cluster);

	act_sim_crash(sim, away);
	fill(cluster, 'd');
	act_sim_restart(sim, away);
	CHECK(cluster_until(cluster, is_fetching, 5000));
	cluster_run(cluster, after_ms);
	act_sim_disk(sim, away, &full);
	cluster_run(cluster, 20000);
	CHECK(cluster_said(cluster, "store: there is no room for a snapshot") >= 1);
	CHECK_EQ(cluster_said(cluster, "store: begins anew from a snapshot"), 0);
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "meanwhile", "1")->status, OK);
	act_sim_disk(sim, away, &good);
	cluster_converge(cluster);
	CHECK_EQ(cluster_said(cluster, "store: begins anew from a snapshot"), 1);
	check_filled(cluster, away, 'd');
	CHECK_STR(cluster_read(cluster, away, "meanwhile"), "1");
	cluster_free(cluster);
}

TEST(a_member_without_room_for_a_snapshot_takes_it_when_there_is_some)
{
	fill_disk(50, 0);
	fill_disk(51, 10);
	fill_disk(52, 20);
}

/* ---- the process of who fetches ends ---- */

#define LARGE_BYTES (400U * KIB)
#define HALF (30U * LARGE_BYTES)
#define NOTED (8U * MIB + 256U * KIB) /* between two notes, and a piece */
#define INCOMING "/data/incoming.db"

/* Its value lives as long as the test: so much that what comes of it is noted on the way. */
static void fill_large(struct cluster *cluster)
{
	char *value = arena_zalloc(test_arena(), LARGE_BYTES + 1), key[16];

	memset(value, 'e', LARGE_BYTES);
	for (uint32_t i = 0; i < KEYS; i++) {
		key_of(key, i);
		CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), key, value)->status,
			     OK);
	}
	cluster_run(cluster, 4000);
}

static uint64_t incoming_bytes(struct cluster *cluster, uint32_t node)
{
	const struct seams_files *files = act_sim_files(cluster_sim(cluster), node);
	struct seams_stat stat;

	return files->stat(files->self, INCOMING, &stat) == OK ? stat.size_bytes : 0;
}

/* A cluster of three, of whom one has half of a snapshot. */
static struct cluster *half_fetched(uint64_t seed, uint32_t *away)
{
	struct cluster *cluster = cluster_of(
	    &(struct cluster_config){ .seed = seed, .kept_entries = 20, .checkpoint_ms = 1000 }, 3);

	*away = follower(cluster);
	act_sim_crash(cluster_sim(cluster), *away);
	fill_large(cluster);
	act_sim_restart(cluster_sim(cluster), *away);
	for (uint32_t i = 0; i < 60000 && incoming_bytes(cluster, *away) < HALF; i++)
		cluster_run(cluster, 1);
	CHECK(incoming_bytes(cluster, *away) >= HALF);
	CHECK_EQ(cluster_said(cluster, "store: begins anew from a snapshot"), 0);
	return cluster;
}

static void end_whole(struct cluster *cluster, uint32_t away)
{
	char key[16];

	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "after", "1")->status, OK);
	cluster_converge(cluster);
	CHECK_EQ(cluster_said(cluster, "store: begins anew from a snapshot"), 1);
	CHECK_EQ(incoming_bytes(cluster, away), 0);
	CHECK_STR(cluster_read(cluster, away, "after"), "1");
	for (uint32_t i = 0; i < KEYS; i++) {
		key_of(key, i);
		CHECK_EQ(cluster_read(cluster, away, key).len, LARGE_BYTES);
	}
	cluster_free(cluster);
}

static bool goes_on(struct cluster *cluster)
{
	return cluster_said(cluster, "store: goes on with a snapshot") > 0;
}

/* What is asked for again is what came since the last note. */
static void end_and_go_on(uint64_t seed, bool is_power_cut)
{
	uint32_t away;
	struct cluster *cluster = half_fetched(seed, &away);
	struct act_sim *sim = cluster_sim(cluster);

	if (is_power_cut)
		act_sim_crash(sim, away);
	else
		act_sim_crash_host(sim, away, CLUSTER_HOST);
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "mean", "1")->status, OK);
	act_sim_restart(sim, away);
	CHECK(cluster_until(cluster, goes_on, 10000));
	CHECK(incoming_bytes(cluster, away) + NOTED >= HALF);
	end_whole(cluster, away);
}

TEST(a_member_whose_process_ends_goes_on_with_what_it_has_of_a_snapshot)
{
	end_and_go_on(60, false);
	end_and_go_on(61, true);
}

TEST(what_rotted_of_a_snapshot_is_fetched_anew)
{
	uint32_t away;
	struct cluster *cluster = half_fetched(62, &away);
	struct act_sim *sim = cluster_sim(cluster);
	const struct seams_files *files = act_sim_files(sim, away);
	struct seams_file *file;

	act_sim_crash(sim, away);
	CHECK_STATUS(files->open(files->self, INCOMING, SEAMS_READ | SEAMS_WRITE, 0600, &file), OK);
	CHECK_STATUS(files->write(files->self, file, "rot", 3, 100000), OK);
	files->close(files->self, file);
	act_sim_restart(sim, away);
	cluster_run(cluster, 1000);
	CHECK(!goes_on(cluster));
	CHECK_EQ(cluster_said(cluster, "store: what came of a snapshot is not what it was"), 1);
	end_whole(cluster, away);
}

TEST(what_came_of_a_snapshot_goes_when_nobody_sends_the_rest)
{
	uint32_t away;
	struct cluster *cluster = half_fetched(63, &away);

	act_sim_crash(cluster_sim(cluster), away);
	cluster_run(cluster, 40000); /* the leader's copy has gone */
	for (uint32_t node = 1; node <= 3; node++)
		if (node != away)
			act_sim_partition(cluster_sim(cluster), away, node);
	act_sim_restart(cluster_sim(cluster), away);
	cluster_run(cluster, 5000);
	CHECK(incoming_bytes(cluster, away) > 0);
	cluster_run(cluster, 70000);
	CHECK_EQ(incoming_bytes(cluster, away), 0);
	end_whole(cluster, away);
}

TEST(a_watch_goes_on_over_a_snapshot_or_says_that_it_cannot)
{
	struct cluster *cluster = cluster_of(
	    &(struct cluster_config){ .seed = 3, .kept_entries = 20, .checkpoint_ms = 1000 }, 3);
	uint32_t away = follower(cluster);
	struct store_watch watch = { .watch = 7, .key = STR("key/"), .end = STR("key0"), .from = 1 };
	const struct store_watch_answer *answer;

	fill(cluster, 'a');
	act_sim_crash(cluster_sim(cluster), away);
	fill(cluster, 'b');
	act_sim_restart(cluster_sim(cluster), away);
	cluster_converge(cluster);
	answer = cluster_ask(cluster, away, NULL, &store_watch_type, &watch, NULL);
	CHECK(answer != NULL);
	CHECK(answer->status == OK || answer->status == EXPIRED);
	cluster_free(cluster);
}
