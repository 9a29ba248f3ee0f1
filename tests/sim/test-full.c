/*
 * A member whose disk was full: what it could not do then it can do later.
 */
#include <stdio.h>

#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

#define VALUE_BYTES 1000U /* with what is around it, 59 of them fill a segment */

static void write_some(struct cluster *cluster, uint32_t count)
{
	char key[16], value[VALUE_BYTES + 1];

	memset(value, 'a', VALUE_BYTES);
	value[VALUE_BYTES] = 0;
	for (uint32_t i = 0; i < count; i++) {
		snprintf(key, sizeof key, "k%u", i);
		CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), key, value)->status,
			     OK);
	}
}

/* It had one spare segment, could not make another, and has gone on to the one it had: there is room for as long as that lasts. */
TEST(a_member_that_had_no_room_for_a_spare_leads_when_it_has_a_segment)
{
	const struct act_sim_disk full = { 50, 3000, 0, 1, true };
	const struct act_sim_disk good = { .delay_min_us = 50,
					   .delay_max_us = 3000,
					   .is_tearing = true };
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 3, .checkpoint_ms = 600000 }, 3);
	uint32_t leader = cluster_leader(cluster), other = leader % 3 + 1;

	write_some(cluster, 25);
	cluster_run(cluster, 1000);
	act_sim_disk(cluster_sim(cluster), other, &full);
	write_some(cluster, 96);
	cluster_run(cluster, 1000);
	act_sim_disk(cluster_sim(cluster), other, &good);
	cluster_run(cluster, 20000);
	CHECK_STATUS(cluster_transfer(cluster, other), OK);
	cluster_run(cluster, 2000);
	CHECK_EQ(cluster_leader(cluster), other);
	CHECK_STATUS(cluster_write(cluster, other, "k", "v")->status, OK);
	cluster_run(cluster, 30000);
	CHECK_EQ(cluster_leader(cluster), other);
	cluster_free(cluster);
}
