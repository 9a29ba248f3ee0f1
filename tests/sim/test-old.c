/* Old revisions go in time, whoever leads and for however short a while. */
#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

static uint64_t compacted(struct cluster *cluster, uint32_t node)
{
	struct store_ask_status ask = { 0 };
	const struct store_status *status =
	    cluster_ask(cluster, node, NULL, &store_ask_status_type, &ask, NULL);

	CHECK(status != NULL);
	return status->compact_revision;
}

/* None leads as long as old revisions are kept: how old they are is known to whoever was there. */
TEST(old_revisions_go_though_leaders_come_and_go)
{
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 7, .history_s = 60 }, 3);

	for (uint32_t round = 0; round < 8; round++) {
		uint32_t leader = cluster_leader(cluster);

		CHECK_STATUS(cluster_write(cluster, leader, "a", "v")->status, OK);
		cluster_run(cluster, 40000);
		act_sim_crash(cluster_sim(cluster), leader);
		CHECK(cluster_until(cluster, cluster_has_leader, 5000));
		act_sim_restart(cluster_sim(cluster), leader);
		cluster_run(cluster, 2000);
	}
	CHECK(compacted(cluster, cluster_leader(cluster)) > 1);
	cluster_free(cluster);
}

static void crash(struct cluster *cluster, uint32_t node)
{
	act_sim_crash(cluster_sim(cluster), node);
	cluster_run(cluster, 100);
	act_sim_restart(cluster_sim(cluster), node);
	CHECK(cluster_until(cluster, cluster_has_leader, 10000));
	cluster_run(cluster, 1000);
}

/* The third is always there and never leads for long: it says it to who does. */
TEST(who_does_not_lead_has_old_revisions_go_when_the_leader_does_not_know)
{
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 8, .history_s = 60 }, 3);

	for (uint32_t round = 0; round < 8; round++) {
		CHECK_STATUS(cluster_write(cluster, 3, "a", "v")->status, OK);
		cluster_run(cluster, 25000);
		crash(cluster, round % 2 + 1);
		if (cluster_leader(cluster) == 3)
			CHECK_STATUS(cluster_transfer(cluster, 2 - round % 2), OK);
		cluster_run(cluster, 1000);
	}
	CHECK(cluster_leader(cluster) != 3);
	CHECK(compacted(cluster, cluster_leader(cluster)) > 1);
	cluster_free(cluster);
}

/* Nothing of it is in its database, and nobody else says what of its log was agreed upon: the log says so itself. */
TEST(who_comes_back_alone_shows_all_but_the_last_of_what_was_agreed_upon)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct cluster *cluster =
		    cluster_of(&(struct cluster_config){ .seed = seed, .checkpoint_ms = 600000 }, 3);
		const struct store_range range = { .key = STR("k"), .is_serializable = true };
		const struct store_range_answer *answer;
		uint32_t survivor = 1 + (uint32_t)(seed % 3);

		for (int i = 10; i < 30; i++) {
			char value[3] = { (char)('0' + i / 10), (char)('0' + i % 10), 0 };
			CHECK_STATUS(cluster_write(cluster, 1, "k", value)->status, OK);
		}
		cluster_run(cluster, 1000);
		for (uint32_t node = 1; node <= 3; node++)
			act_sim_crash(cluster_sim(cluster), node);
		cluster_run(cluster, 100);
		act_sim_restart(cluster_sim(cluster), survivor);
		cluster_run(cluster, 2000);
		CHECK_EQ(cluster_leader(cluster), 0);
		answer = cluster_ask(cluster, survivor, NULL, &store_range_type, &range, NULL);
		CHECK(answer != NULL && answer->status == OK);
		CHECK_EQ(answer->row_count, 1);
		CHECK(str_is(answer->rows[0].value, "28") || str_is(answer->rows[0].value, "29"));
		cluster_converge(cluster);
		CHECK_STR(cluster_read(cluster, survivor, "k"), "29");
		cluster_free(cluster);
	}
}
