/* What a replica refuses when its members are to be changed, and whom it says it to. */
#include "datastore/log/replica.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/quorum.h"

#define STRANGER 4711U

/* Three voters; roles are changed by nobody but the test. */
static struct quorum *make_three(uint64_t seed)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){
	    .seed = seed, .nodes = 4, .delay_ms = 1, .disk_ms = 1, .kept_entries = 64 });

	CHECK(quorum_until(quorum, quorum_has_leader, 5000));
	CHECK(quorum_join(quorum, 1, MEMBER_VOTER));
	CHECK(quorum_join(quorum, 2, MEMBER_VOTER));
	quorum_run(quorum, 1000);
	return quorum;
}

struct change {
	struct quorum *quorum;
	struct replica *replica;
	struct replica_output out;
};

static struct change begin(struct quorum *quorum, uint32_t node)
{
	struct change change = { .quorum = quorum, .replica = quorum_replica(quorum, node) };

	replica_output_init(&change.out);
	return change;
}

static enum status assign(struct change *change, uint64_t id, enum member_role role)
{
	return replica_assign(change->replica, id, role, quorum_now(change->quorum), &change->out);
}

static enum status drop(struct change *change, uint64_t id, bool is_forced)
{
	return replica_remove(change->replica, id, is_forced, quorum_now(change->quorum),
			      &change->out);
}

static enum status transfer(struct change *change, uint64_t id)
{
	return replica_transfer(change->replica, id, quorum_now(change->quorum), &change->out);
}

static enum status leave(struct change *change, uint64_t id)
{
	return replica_leave(change->replica, id, true, quorum_now(change->quorum), &change->out);
}

static uint64_t id_of(struct quorum *quorum, uint32_t node)
{
	return replica_id(quorum_replica(quorum, node));
}

TEST(who_is_no_member_has_no_role_and_is_not_seen_off)
{
	struct quorum *quorum = make_three(1);
	struct change change = begin(quorum, (uint32_t)quorum_leader(quorum));
	struct roles_member member;
	struct forecast forecast;

	CHECK_STATUS(assign(&change, STRANGER, MEMBER_VOTER), NOT_FOUND);
	CHECK_STATUS(drop(&change, STRANGER, true), NOT_FOUND);
	CHECK_STATUS(leave(&change, STRANGER), NOT_FOUND);
	CHECK_STATUS(replica_member(change.replica, STRANGER, &member), NOT_FOUND);
	CHECK_STATUS(replica_forecast(change.replica, STRANGER, &forecast), NOT_FOUND);
	CHECK(transfer(&change, STRANGER) != OK);
	CHECK_EQ(change.out.messages.len, 0);
	replica_output_fini(&change.out);
	quorum_free(quorum);
}

TEST(who_does_not_lead_changes_no_members)
{
	struct quorum *quorum = make_three(2);
	uint32_t node = ((uint32_t)quorum_leader(quorum) + 1) % 3;
	struct change change = begin(quorum, node);
	uint64_t other = id_of(quorum, (node + 1) % 3);
	struct roles_member member;
	struct forecast forecast;

	CHECK_STATUS(assign(&change, other, MEMBER_STANDBY), UNAVAILABLE);
	CHECK_STATUS(drop(&change, other, true), UNAVAILABLE);
	CHECK_STATUS(transfer(&change, other), UNAVAILABLE);
	CHECK_STATUS(leave(&change, other), UNAVAILABLE);
	CHECK_STATUS(replica_member(change.replica, other, &member), UNAVAILABLE);
	CHECK_STATUS(replica_forecast(change.replica, other, &forecast), UNAVAILABLE);
	CHECK_EQ(change.out.messages.len, 0);
	replica_output_fini(&change.out);
	quorum_free(quorum);
}

TEST(a_member_that_is_alive_is_not_removed_unless_it_must)
{
	struct quorum *quorum = make_three(3);
	uint32_t leader = (uint32_t)quorum_leader(quorum);
	struct change change = begin(quorum, leader);

	CHECK_STATUS(drop(&change, id_of(quorum, (leader + 1) % 3), false), FORBIDDEN);
	replica_output_fini(&change.out);
	quorum_free(quorum);
}

TEST(a_vote_that_the_majority_needs_is_not_taken_away)
{
	struct quorum *quorum = make_three(4);
	uint32_t leader = (uint32_t)quorum_leader(quorum), other = (leader + 1) % 3;
	struct change change = begin(quorum, leader);

	quorum_crash(quorum, (leader + 2) % 3);
	quorum_run(quorum, 15000); /* it is known to be dead */
	CHECK_EQ((uint32_t)quorum_leader(quorum), leader);
	CHECK_STATUS(assign(&change, id_of(quorum, other), MEMBER_STANDBY), CONFLICT);
	CHECK_STATUS(drop(&change, id_of(quorum, other), true), CONFLICT);
	replica_output_fini(&change.out);
	quorum_free(quorum);
}

TEST(who_is_alone_hands_over_to_nobody_and_keeps_its_vote)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){
	    .seed = 5, .nodes = 1, .delay_ms = 1, .disk_ms = 1, .kept_entries = 64 });
	struct change change;
	uint64_t id;

	CHECK(quorum_until(quorum, quorum_has_leader, 5000));
	change = begin(quorum, 0);
	id = id_of(quorum, 0);
	CHECK_STATUS(transfer(&change, 0), CONFLICT);
	CHECK_STATUS(assign(&change, id, MEMBER_STANDBY), CONFLICT);
	CHECK(drop(&change, id, true) != OK);
	CHECK_EQ(change.out.messages.len, 0);
	CHECK_STATUS(quorum_submit(quorum, 0, 10), OK);
	replica_output_fini(&change.out);
	quorum_free(quorum);
}
