/* Who takes part: joining, three voters at once, a standby that steps in, leaving, coming back without a disk. */
#include "tests/lib/test.h"
#include "tests/sim/cluster.h"

TEST(a_node_that_joins_a_first_one_has_its_data)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 1 }, 1);

	CHECK(cluster_until(cluster, cluster_has_leader, 5000));
	CHECK_STATUS(cluster_write(cluster, 1, "a", "1")->status, OK);
	cluster_start(cluster, 2, CLUSTER_STORE);
	cluster_converge(cluster);
	CHECK_EQ(cluster_view(cluster, 1).members, 2);
	CHECK_EQ(cluster_view(cluster, 1).voters, 1); /* two voters would be worse than one */
	CHECK_STR(cluster_read(cluster, 2, "a"), "1");
	CHECK_STATUS(cluster_write(cluster, 2, "b", "2")->status, OK);
	CHECK_STR(cluster_read(cluster, 1, "b"), "2");
	cluster_free(cluster);
}

static bool has_third(struct cluster *cluster)
{
	return cluster_view(cluster, cluster_leader(cluster)).members == 3;
}

TEST(the_third_node_makes_three_voters_at_once)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 2 }, 2);

	cluster_start(cluster, 3, CLUSTER_STORE);
	CHECK(cluster_until(cluster, has_third, 2000));
	cluster_run(cluster, 100);
	CHECK_EQ(cluster_view(cluster, 3).voters, 3);
	cluster_free(cluster);
}

/* Some node that is a voter and not the leader. */
static uint32_t some_voter(struct cluster *cluster)
{
	for (uint32_t i = 1; i <= CLUSTER_NODES; i++) {
		struct cluster_view view = cluster_view(cluster, i);

		if (view.role == STORE_VOTER && !view.is_leader)
			return i;
	}
	test_fail(__FILE__, __LINE__, "nobody votes");
}

static enum store_role role_of(struct cluster *cluster, uint64_t id)
{
	const struct store_status *status = cluster_status(cluster, cluster_leader(cluster));

	for (uint32_t i = 0; i < status->member_count; i++)
		if (status->members[i].id == id)
			return status->members[i].role;
	return STORE_NOT_MEMBER;
}

TEST(a_fourth_node_stands_by_and_votes_when_a_voter_is_lost_for_good)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 3 }, 4);
	uint32_t lost;
	uint64_t id;

	CHECK_EQ(cluster_view(cluster, cluster_leader(cluster)).standbys, 1);
	lost = some_voter(cluster);
	id = cluster_view(cluster, lost).id;
	act_sim_crash(cluster_sim(cluster), lost);
	cluster_run(cluster, 1500);
	CHECK_EQ(role_of(cluster, id), STORE_VOTER); /* not for a hiccup */
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "a", "1")->status, OK);
	cluster_run(cluster, 500);
	CHECK(cluster_await_voters(cluster, 3));
	CHECK(cluster_is_available(cluster));
	CHECK_EQ(role_of(cluster, id), STORE_STANDBY);
	/* And it tolerates one more. */
	act_sim_crash(cluster_sim(cluster), some_voter(cluster));
	CHECK(cluster_until(cluster, cluster_has_leader, 5000));
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "b", "2")->status, OK);
	cluster_converge(cluster);
	CHECK_STR(cluster_read(cluster, lost, "b"), "2");
	cluster_free(cluster);
}

TEST(seven_nodes_have_five_voters_and_two_that_stand_by)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 4 }, 7);

	CHECK_EQ(cluster_view(cluster, cluster_leader(cluster)).standbys, 2);
	for (uint32_t i = 0; i < 2; i++)
		act_sim_crash(cluster_sim(cluster), some_voter(cluster));
	CHECK(cluster_until(cluster, cluster_is_available, 5000));
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "a", "1")->status, OK);
	cluster_free(cluster);
}

TEST(of_ten_nodes_all_have_the_data)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 8 }, 10);

	CHECK_EQ(cluster_view(cluster, cluster_leader(cluster)).standbys, 5);
	for (uint32_t i = 1; i <= 10; i++)
		CHECK_STATUS(cluster_write(cluster, i, "a", "1")->status, OK);
	cluster_free(cluster);
}

static enum status remove_member(struct cluster *cluster, uint64_t id, bool is_forced)
{
	struct store_member_remove gone = { .id = id, .is_forced = is_forced };
	const struct store_member_answer *answer = cluster_ask(
	    cluster, cluster_leader(cluster), NULL, &store_member_remove_type, &gone, NULL);

	return answer ? answer->status : UNAVAILABLE;
}

TEST(a_disk_that_is_lost_returns_under_a_new_id_and_its_old_one_is_removed)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 5 }, 4);
	uint32_t lost;
	uint64_t id;

	lost = some_voter(cluster);
	id = cluster_view(cluster, lost).id;
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "a", "1")->status, OK);
	act_sim_crash(cluster_sim(cluster), lost);
	cluster_wipe(cluster, lost);
	act_sim_restart(cluster_sim(cluster), lost);
	cluster_converge(cluster);
	CHECK(cluster_view(cluster, lost).id != id);
	cluster_run(cluster,
		    20000); /* nobody answers for the old id: it is dead and loses its vote */
	CHECK(cluster_is_available(cluster));
	CHECK(role_of(cluster, id) != STORE_VOTER);
	CHECK_STATUS(remove_member(cluster, id, false), OK);
	cluster_run(cluster, 1000);
	CHECK_EQ(role_of(cluster, id), STORE_NOT_MEMBER);
	CHECK_STR(cluster_read(cluster, lost, "a"), "1");
	CHECK_STATUS(cluster_write(cluster, lost, "b", "2")->status, OK);
	cluster_free(cluster);
}

static enum status leave(struct cluster *cluster, uint32_t node)
{
	struct store_member_leave leave = { .id = cluster_view(cluster, node).id };
	const struct store_member_answer *answer =
	    cluster_ask(cluster, node, NULL, &store_member_leave_type, &leave, NULL);

	return answer ? answer->status : UNAVAILABLE;
}

TEST(a_leader_that_leaves_hands_over_its_lead_and_its_vote)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 6 }, 4);
	uint32_t leader;

	leader = cluster_leader(cluster);
	CHECK_STATUS(leave(cluster, leader), OK);
	cluster_run(cluster, 5000);
	CHECK(cluster_leader(cluster) != 0 && cluster_leader(cluster) != leader);
	CHECK_STATUS(leave(cluster, leader), OK); /* the new leader has to be told, too */
	cluster_run(cluster, 5000);
	CHECK(cluster_await_voters(cluster, 3));
	CHECK(cluster_view(cluster, leader).role != STORE_VOTER);
	act_sim_crash(cluster_sim(cluster), leader);
	CHECK_STATUS(cluster_write(cluster, cluster_leader(cluster), "a", "1")->status, OK);
	CHECK_EQ(cluster_said(cluster, "store: fetches a snapshot"), 0);
	cluster_free(cluster);
}

/* A leader cut off from the others may begin a change, but the change is not theirs. */
TEST(a_change_of_members_that_is_not_committed_is_not_said_to_be_done)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 9 }, 4);
	uint32_t old = cluster_leader(cluster), standby = 0;
	struct store_member_remove gone = { .is_forced = true };
	enum status status;
	const struct store_member_answer *answer;

	for (uint32_t i = 1; i <= 4; i++)
		if (cluster_view(cluster, i).role == STORE_STANDBY)
			standby = i;
	gone.id = cluster_view(cluster, standby).id;
	act_sim_isolate(cluster_sim(cluster), old);
	answer = cluster_ask(cluster, old, NULL, &store_member_remove_type, &gone, &status);
	CHECK_STATUS(answer ? answer->status : status, UNAVAILABLE);
	cluster_run(cluster, 5000); /* the others elect one who has not heard of it */
	act_sim_heal(cluster_sim(cluster));
	cluster_converge(cluster);
	CHECK(role_of(cluster, gone.id) != STORE_NOT_MEMBER);
	CHECK_STATUS(remove_member(cluster, gone.id, true), OK);
	CHECK_EQ(role_of(cluster, gone.id), STORE_NOT_MEMBER);
	CHECK_STATUS(remove_member(cluster, gone.id, true), NOT_FOUND);
	cluster_free(cluster);
}

TEST(who_is_removed_says_so_and_is_asked_nothing_any_more)
{
	struct cluster *cluster = cluster_of(&(struct cluster_config){ .seed = 7 }, 4);
	uint32_t gone;
	uint64_t id;
	enum status status;
	struct store_range range = { .key = STR("a"), .is_serializable = true };

	gone = some_voter(cluster);
	id = cluster_view(cluster, gone).id;
	CHECK_STATUS(remove_member(cluster, id, false), FORBIDDEN); /* it is alive */
	cluster_keep_out(cluster, gone, true);
	CHECK_STATUS(remove_member(cluster, id, true), OK);
	cluster_run(cluster, 10000);
	CHECK_EQ(role_of(cluster, id), STORE_NOT_MEMBER);
	CHECK_EQ(cluster_said(cluster, "store: is no longer a member of its cluster"), 1);
	CHECK(!cluster_ask(cluster, gone, NULL, &store_range_type, &range, &status));
	CHECK_STATUS(status, GONE);
	CHECK(cluster_status(cluster, gone)->alarms & STORE_ALARM_GONE);
	CHECK(cluster_await_voters(cluster, 3)); /* the fourth took its place */
	/* The last majority is not given up, not even by force. */
	act_sim_crash(cluster_sim(cluster), some_voter(cluster));
	cluster_run(cluster, 12000);
	CHECK_STATUS(remove_member(cluster, cluster_view(cluster, some_voter(cluster)).id, true),
		     CONFLICT);
	cluster_free(cluster);
}
