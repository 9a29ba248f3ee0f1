/* The majority is lost: what is here can be read, nothing is promised, and nobody waits for what does not come. */
#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

#define AT_ONCE_MS 50U     /* of virtual time: a message there and back */
#define STEP_DOWN_MS 4000U /* until a leader that hears of nobody has given up */

static uint64_t now_ms(struct cluster *cluster)
{
	return act_sim_now_ms(cluster_sim(cluster));
}

static uint32_t read_stale(struct cluster *cluster, uint32_t node, enum status *status)
{
	struct store_range range = { .key = STR("a"), .is_serializable = true };
	const struct store_range_answer *answer =
	    cluster_ask(cluster, node, NULL, &store_range_type, &range, status);

	*status = answer != NULL ? answer->status : *status;
	return answer != NULL ? answer->row_count : 0;
}

static enum status read_latest(struct cluster *cluster, uint32_t node)
{
	struct store_range range = { .key = STR("a") };
	enum status status = OK;
	const struct store_range_answer *answer =
	    cluster_ask(cluster, node, NULL, &store_range_type, &range, &status);

	return answer != NULL ? answer->status : status;
}

static enum status write_one(struct cluster *cluster, uint32_t node, const char *value)
{
	const struct store_write_answer *answer = cluster_write(cluster, node, "a", value);

	return answer != NULL ? answer->status : UNAVAILABLE;
}

static void check_readable(struct cluster *cluster, uint32_t node)
{
	enum status status = OK;

	CHECK_EQ(read_stale(cluster, node, &status), 1);
	CHECK_STATUS(status, OK);
}

/* Whoever is left, the leader or another one. */
static void lose_majority(uint64_t seed, bool leader_is_left)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = seed }, 3);
	struct act_sim *sim = cluster_sim(cluster);
	uint32_t leader = cluster_leader(cluster);
	uint32_t left = leader_is_left ? leader : leader % 3 + 1;
	uint64_t began;

	CHECK_STATUS(write_one(cluster, leader, "1"), OK);
	cluster_run(cluster, 1000);
	for (uint32_t node = 1; node <= 3; node++)
		if (node != left)
			act_sim_crash(sim, node);
	/* The first write may still have found a leader; it does not wait for what cannot come. */
	began = now_ms(cluster);
	CHECK(write_one(cluster, left, "2") != OK);
	CHECK(now_ms(cluster) - began <= STEP_DOWN_MS);
	cluster_run(cluster, STEP_DOWN_MS);
	for (uint32_t i = 0; i < 20; i++) {
		began = now_ms(cluster);
		CHECK_STATUS(write_one(cluster, left, "3"), UNAVAILABLE);
		CHECK_STATUS(read_latest(cluster, left), UNAVAILABLE);
		check_readable(cluster, left);
		CHECK(now_ms(cluster) - began <= 3 * AT_ONCE_MS);
		cluster_run(cluster, 1000);
	}
	CHECK(cluster_status(cluster, left)->alarms & STORE_ALARM_NO_LEADER);
	act_sim_restart(sim, left % 3 + 1);
	CHECK(cluster_until(cluster, cluster_has_leader, 10000));
	cluster_converge(cluster);
	CHECK_STATUS(write_one(cluster, left, "4"), OK);
	CHECK_STR(cluster_read(cluster, left, "a"), "4");
	cluster_free(cluster);
}

TEST(without_a_majority_reads_go_on_and_writes_fail_at_once)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		lose_majority(seed, true);
		lose_majority(100 + seed, false);
	}
}

/* One that was started again while nobody leads has what it had. */
TEST(a_member_that_starts_without_a_majority_can_be_read)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 7 }, 3);
	struct act_sim *sim = cluster_sim(cluster);

	CHECK_STATUS(write_one(cluster, cluster_leader(cluster), "1"), OK);
	cluster_run(cluster, 3000);
	for (uint32_t node = 1; node <= 3; node++)
		act_sim_crash(sim, node);
	act_sim_restart(sim, 2);
	cluster_run(cluster, 3000);
	check_readable(cluster, 2);
	CHECK_STATUS(write_one(cluster, 2, "2"), UNAVAILABLE);
	cluster_free(cluster);
}
