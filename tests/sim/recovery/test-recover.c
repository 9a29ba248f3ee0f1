/* A survivor goes on alone, and new members join it; what is written to a disk is for its own machine to say. */
#include <stdio.h>

#include "datastore/store/store-recover.h"
#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

#define KEYS 20U
#define RAISE 1000U

/* Before there are actors; what opens a log draws its salt from it. */
static void fill(void *self, void *at, size_t len)
{
	uint64_t *state = self;

	for (size_t i = 0; i < len; i++) {
		*state = *state * UINT64_C(6364136223846793005) + 1;
		((uint8_t *)at)[i] = (uint8_t)(*state >> 33);
	}
}

static struct store_place place_of(struct cluster *cluster, uint32_t node,
				   const struct seams_random *random)
{
	return (struct store_place){ .files = act_sim_files(cluster_sim(cluster), node),
				     .random = random,
				     .folder = "/data" };
}

static void key_of(char key[16], uint32_t i)
{
	snprintf(key, 16, "k%02u", i);
}

static uint64_t write_keys(struct cluster *cluster)
{
	uint64_t revision = 0;
	char key[16];

	for (uint32_t i = 0; i < KEYS; i++) {
		const struct store_write_answer *answer;

		key_of(key, i);
		answer = cluster_write(cluster, cluster_leader(cluster), key, "kept");
		CHECK_STATUS(answer->status, OK);
		revision = answer->revision;
	}
	return revision;
}

static void check_keys(struct cluster *cluster, uint32_t node)
{
	char key[16];

	for (uint32_t i = 0; i < KEYS; i++) {
		key_of(key, i);
		CHECK_STR(cluster_read(cluster, node, key), "kept");
	}
}

/* The power of all fails while somebody writes, and two never come back. */
static void lose_two(uint64_t seed)
{
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = seed, .checkpoint_ms = 1000 }, 3);
	struct act_sim *sim = cluster_sim(cluster);
	struct seams_random random = { .self = &seed, .fill = fill };
	uint32_t left = 1 + (uint32_t)seed % 3;
	struct store_place place = place_of(cluster, left, &random);
	struct store_remains before, after;
	uint64_t revision = write_keys(cluster);

	cluster_run(cluster, 1500 + seed * 37 % 2000);
	for (uint32_t i = 0; i < seed % 4; i++) /* these may be lost, or not */
		(void)cluster_write(cluster, cluster_leader(cluster), "last", "word");
	for (uint32_t node = 1; node <= 3; node++)
		act_sim_crash(sim, node);
	CHECK_STATUS(store_examine(&place, test_arena(), &before, NULL), OK);
	CHECK_EQ(before.member_count, 3);
	CHECK_STATUS(store_recover(&place, RAISE, NULL), OK);
	CHECK_STATUS(store_examine(&place, test_arena(), &after, NULL), OK);
	CHECK_EQ(after.member_count, 1);
	CHECK_EQ(after.id, before.id);
	CHECK_EQ(after.last_index, before.last_index + 2);
	CHECK_EQ(after.last_term, before.term + 1);
	act_sim_restart(sim, left);
	CHECK(cluster_until(cluster, cluster_has_leader, 10000));
	CHECK_EQ(cluster_view(cluster, left).members, 1);
	check_keys(cluster, left);
	CHECK(cluster_write(cluster, left, "after", "1")->revision > revision + RAISE);
	for (uint32_t node = 1; node <= 3; node++) {
		if (node == left)
			continue;
		cluster_wipe(cluster, node);
		act_sim_restart(sim, node);
	}
	CHECK(cluster_await_voters(cluster, 3));
	cluster_converge(cluster);
	for (uint32_t node = 1; node <= 3; node++) {
		check_keys(cluster, node);
		CHECK_STR(cluster_read(cluster, node, "after"), "1");
	}
	cluster_free(cluster);
}

TEST(a_survivor_goes_on_alone_with_all_it_has_and_others_join_it)
{
	for (uint64_t seed = 1; seed <= 24; seed++)
		lose_two(seed);
}

TEST(nobody_has_another_machine_write_to_its_disk)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 1 }, 3);
	struct store_backup ask = { .path = STR("/data/stolen.db") };
	enum status status = OK;
	const struct store_backup_answer *own =
	    cluster_ask(cluster, 1, NULL, &store_backup_type, &ask, &status);

	CHECK(own != NULL);
	CHECK_STATUS(own->status, OK);
	CHECK(cluster_ask(cluster, 1, "store@n2", &store_backup_type, &ask, &status) == NULL);
	CHECK_STATUS(status, FORBIDDEN);
	cluster_free(cluster);
}
