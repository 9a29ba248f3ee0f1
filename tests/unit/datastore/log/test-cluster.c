#include <stdio.h>

#include "tests/lib/test.h"
#include "tests/unit/datastore/log/cluster.h"

static struct cluster *make_three(uint64_t seed)
{
	struct cluster *cluster = cluster_new(&(struct cluster_config){
	    .seed = seed, .nodes = 3, .delay_ms = 2, .disk_ms = 2, .kept_entries = 64 });
	CHECK(cluster_join(cluster, 1, MEMBER_VOTER));
	CHECK(cluster_join(cluster, 2, MEMBER_VOTER));
	return cluster;
}

TEST(a_cluster_of_one_commits_what_is_submitted)
{
	struct cluster *cluster = cluster_new(&(struct cluster_config){
	    .seed = 1, .nodes = 1, .delay_ms = 1, .disk_ms = 1, .kept_entries = 64 });
	CHECK(cluster_until(cluster, cluster_has_leader, 2000));
	CHECK_STATUS(cluster_submit(cluster, 0, 13), OK);
	cluster_run(cluster, 10);
	CHECK_EQ(cluster_applied(cluster, 0),
		 3); /* its members, the leader's first entry, the command */
	cluster_free(cluster);
}

TEST(three_members_agree)
{
	struct cluster *cluster = make_three(2);
	for (uint32_t i = 0; i < 200; i++) {
		CHECK_STATUS(cluster_submit(cluster, (uint32_t)cluster_leader(cluster), i % 37), OK);
		cluster_run(cluster, 2);
	}
	cluster_run(cluster, 200);
	CHECK(cluster_applied(cluster, 0) >= 200);
	CHECK_EQ(cluster_applied(cluster, 1), cluster_applied(cluster, 0));
	CHECK_EQ(cluster_applied(cluster, 2), cluster_applied(cluster, 0));
	cluster_converge(cluster);
	cluster_free(cluster);
}
