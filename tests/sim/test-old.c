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
