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

static uint32_t full_leader;

static bool somebody_else_leads(struct cluster *cluster)
{
	return cluster_leader(cluster) != 0 && cluster_leader(cluster) != full_leader;
}

static bool takes_a_write(struct cluster *cluster)
{
	uint32_t leader = cluster_leader(cluster);

	return leader != 0 && cluster_write(cluster, leader, "w", "v")->status == OK;
}

static bool says_how_it_is(struct cluster *cluster)
{
	return cluster_status(cluster, full_leader) != NULL;
}

static void fill_leader_after(uint64_t ms)
{
	const struct act_sim_disk full = { 50, 3000, 0, 1, true };
	const struct act_sim_disk good = { .delay_min_us = 50,
					   .delay_max_us = 3000,
					   .is_tearing = true };
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 5, .checkpoint_ms = 600000 }, 3);
	char key[16], value[VALUE_BYTES + 1];
	uint32_t done = 0;

	memset(value, 'a', VALUE_BYTES);
	value[VALUE_BYTES] = 0;
	cluster_run(cluster, ms);
	full_leader = cluster_leader(cluster);
	act_sim_disk(cluster_sim(cluster), full_leader, &full);
	for (uint32_t i = 0; i < 400 && !somebody_else_leads(cluster); i++) {
		snprintf(key, sizeof key, "k%u", i);
		done += cluster_write(cluster, cluster_leader(cluster), key, value)->status == OK;
	}
	CHECK(cluster_until(cluster, somebody_else_leads, 10000));
	CHECK(cluster_until(cluster, takes_a_write, 10000));
	CHECK(says_how_it_is(cluster));
	act_sim_disk(cluster_sim(cluster), full_leader, &good);
	cluster_run(cluster, 20000);
	cluster_converge(cluster);
	CHECK(says_how_it_is(cluster));
	CHECK(cluster_read(cluster, full_leader, "w").len == 1);
	cluster_free(cluster);
}

TEST(a_leader_whose_disk_fills_hands_over_and_follows_when_there_is_room_again)
{
	fill_leader_after(20000);
}

TEST(a_leader_of_a_moment_whose_disk_fills_hands_over_too)
{
	fill_leader_after(0);
}
