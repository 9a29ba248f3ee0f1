/* What the leader does by the clock: leases that end, old revisions that are compacted; on every member the same. */
#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

static uint64_t grant(struct cluster *cluster, uint32_t node, uint32_t ttl_s)
{
	struct store_lease_grant ask = { .ttl_s = ttl_s };
	const struct store_lease_answer *answer =
	    cluster_ask(cluster, node, NULL, &store_lease_grant_type, &ask, NULL);

	CHECK_STATUS(answer->status, OK);
	return answer->id;
}

static enum status keep(struct cluster *cluster, uint32_t node, uint64_t id)
{
	struct store_lease_keep ask = { .id = id };
	const struct store_lease_answer *answer =
	    cluster_ask(cluster, node, NULL, &store_lease_keep_type, &ask, NULL);

	return answer->status;
}

static enum status put_under(struct cluster *cluster, uint32_t node, const char *key, uint64_t lease)
{
	struct store_write write = { .arena = arena_new(0), .success_count = 1 };
	struct store_op *op = arena_new_of(write.arena, struct store_op);
	const struct store_write_answer *answer;

	*op = (struct store_op){ .kind = STORE_PUT,
				 .key = arena_str(write.arena, str_from(key)),
				 .value = STR("x"),
				 .lease = lease,
				 .expected = STORE_ANY_REVISION };
	write.success = op;
	answer = cluster_ask(cluster, node, NULL, &store_write_type, &write, NULL);
	return answer->status;
}

static uint32_t other(struct cluster *cluster)
{
	return cluster_leader(cluster) == 1 ? 2 : 1;
}

TEST(a_lease_that_is_kept_lives_and_one_that_is_not_takes_its_keys_along)
{
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 1, .history_s = 10 }, 3);
	uint64_t kept = grant(cluster, other(cluster), 3), left = grant(cluster, other(cluster), 3);

	CHECK_STATUS(put_under(cluster, other(cluster), "kept", kept), OK);
	CHECK_STATUS(put_under(cluster, other(cluster), "left/1", left), OK);
	CHECK_STATUS(put_under(cluster, other(cluster), "left/2", left), OK);
	for (uint32_t i = 0; i < 6; i++) {
		cluster_run(cluster, 1000);
		CHECK_STATUS(keep(cluster, 1 + i % 3, kept), OK);
		if (i == 1)
			CHECK_STR(cluster_read(cluster, other(cluster), "left/1"), "x");
	}
	CHECK_STR(cluster_read(cluster, other(cluster), "kept"), "x");
	CHECK(cluster_read(cluster, 1, "left/1").at == NULL);
	CHECK(cluster_read(cluster, 3, "left/2").at == NULL);
	CHECK_STATUS(keep(cluster, 2, left), NOT_FOUND);
	cluster_free(cluster);
}

TEST(a_new_leader_gives_leases_their_whole_time_and_then_ends_them)
{
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 2, .history_s = 10 }, 3);
	uint64_t lease = grant(cluster, 1, 4);
	uint32_t old;

	CHECK_STATUS(put_under(cluster, 1, "a", lease), OK);
	cluster_run(cluster, 3000);
	old = cluster_leader(cluster);
	act_sim_crash(cluster_sim(cluster), old);
	CHECK(cluster_until(cluster, cluster_has_leader, 5000));
	cluster_run(cluster, 3000);
	CHECK_STR(cluster_read(cluster, cluster_leader(cluster), "a"), "x");
	cluster_run(cluster, 3000);
	CHECK(cluster_read(cluster, cluster_leader(cluster), "a").at == NULL);
	cluster_free(cluster);
}

/* A leader that was cut off does not know that another one leads, under which the lease may end: it must not say that it was kept. */
TEST(a_leader_that_is_cut_off_keeps_no_lease)
{
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 3, .history_s = 10 }, 3);
	uint64_t lease = grant(cluster, 1, 30);
	uint32_t old = cluster_leader(cluster);
	struct store_lease_keep ask = { .id = lease };
	const struct store_lease_answer *answer;

	act_sim_isolate(cluster_sim(cluster), old);
	CHECK(cluster_view(cluster, old).is_leader);
	answer = cluster_ask(cluster, old, NULL, &store_lease_keep_type, &ask, NULL);
	CHECK(!answer || answer->status == UNAVAILABLE || answer->status == TIMEOUT);
	act_sim_heal(cluster_sim(cluster));
	cluster_converge(cluster);
	CHECK_STATUS(keep(cluster, old, lease), OK);
	cluster_free(cluster);
}

TEST(old_revisions_are_compacted_on_all_members)
{
	struct cluster *cluster =
	    cluster_of(&(struct cluster_config){ .seed = 4, .history_s = 10 }, 3);
	uint64_t first = 0;

	for (uint32_t i = 0; i < 60; i++) {
		const struct store_write_answer *answer =
		    cluster_write(cluster, 1 + i % 3, "a", i % 2 ? "odd" : "even");

		CHECK_STATUS(answer->status, OK);
		first = i == 0 ? answer->revision : first;
		cluster_run(cluster, 1500);
	}
	cluster_run(cluster, 2000);
	for (uint32_t node = 1; node <= 3; node++) {
		struct store_range range = { .key = STR("a"), .revision = first };
		struct store_watch watch = { .watch = 1, .key = STR("a"), .from = first };
		const struct store_range_answer *read =
		    cluster_ask(cluster, node, NULL, &store_range_type, &range, NULL);
		const struct store_watch_answer *watched =
		    cluster_ask(cluster, node, NULL, &store_watch_type, &watch, NULL);

		CHECK_STATUS(read->status, EXPIRED);
		CHECK_STATUS(watched->status, EXPIRED);
		CHECK_EQ(watched->revision, cluster_status(cluster, node)->compact_revision);
		CHECK(cluster_status(cluster, node)->compact_revision > first);
		CHECK_EQ(cluster_status(cluster, node)->compact_revision,
			 cluster_status(cluster, 1)->compact_revision);
	}
	/* An idle store writes nothing. */
	uint64_t index = cluster_status(cluster, 1)->last_index;
	cluster_run(cluster, 120000);
	index = cluster_status(cluster, 1)->last_index;
	cluster_run(cluster, 600000);
	CHECK_EQ(cluster_status(cluster, 1)->last_index, index);
	cluster_free(cluster);
}
