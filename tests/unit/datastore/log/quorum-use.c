#include "tests/unit/datastore/log/quorum-private.h"

/*
 * What a test does with a quorum: asks, writes, changes members, and waits for its end.
 */

int32_t quorum_leader(struct quorum *quorum)
{
	int32_t best = -1;
	uint64_t term = 0;
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		struct replica_status status;
		if (!quorum->nodes[i].replica)
			continue;
		replica_status(quorum->nodes[i].replica, &status);
		if (status.role == CORE_LEADER && status.is_established && status.term > term) {
			best = (int32_t)i;
			term = status.term;
		}
	}
	return best;
}

bool quorum_has_leader(struct quorum *quorum)
{
	return quorum_leader(quorum) >= 0;
}

enum status quorum_submit(struct quorum *quorum, uint32_t at, uint32_t payload_len)
{
	struct node *node = &quorum->nodes[at];
	uint64_t index, term;
	char payload[4096];
	if (!node->replica)
		return UNAVAILABLE;
	memset(payload, 'x', sizeof payload);
	snprintf(payload, sizeof payload, "%llu", (unsigned long long)++quorum->commands);
	enum status status = replica_submit(node->replica, str_of(payload, payload_len),
					    quorum_now(quorum), &node->out, &index, &term);
	quorum_act(quorum, at);
	return status;
}

enum status quorum_read(struct quorum *quorum, uint32_t at)
{
	if (quorum_is_witness(quorum, at))
		return UNAVAILABLE; /* it has nothing to be read */
	struct node *node = &quorum->nodes[at];
	if (!node->replica)
		return UNAVAILABLE;
	vec_push(&quorum->reads, (struct pending_read){ .token = ++quorum->tokens,
							.at_least = quorum->acknowledged,
							.node = at,
							.session = node->session });
	enum status status =
	    replica_read_index(node->replica, quorum->tokens, quorum_now(quorum), &node->out);
	quorum_act(quorum, at);
	return status;
}

static bool change_role(struct quorum *quorum, uint64_t id, enum member_role role)
{
	for (uint32_t tries = 0; tries < 600; tries++) {
		int32_t leader = quorum_leader(quorum);
		quorum_run(quorum, 100);
		if (leader < 0 || !quorum->nodes[leader].replica)
			continue;
		struct node *node = &quorum->nodes[leader];
		const struct member *member = members_find(replica_members(node->replica), id);
		if (member && member->role == role && !core_is_changing(node->replica->core))
			return true;
		enum status ignored =
		    replica_assign(node->replica, id, role, quorum_now(quorum), &node->out);
		(void)ignored; /* tried again */
		quorum_act(quorum, (uint32_t)leader);
	}
	return false;
}

void quorum_try_assign(struct quorum *quorum, uint32_t at, enum member_role role)
{
	int32_t leader = quorum_leader(quorum);
	if (leader < 0)
		return;
	struct node *node = &quorum->nodes[leader];
	enum status ignored = replica_assign(node->replica, quorum->nodes[at].id, role,
					     quorum_now(quorum), &node->out);
	(void)ignored;
	quorum_act(quorum, (uint32_t)leader);
}

void quorum_transfer(struct quorum *quorum, uint32_t leader)
{
	struct node *node = &quorum->nodes[leader];
	enum status ignored = replica_transfer(node->replica, 0, quorum_now(quorum), &node->out);
	(void)ignored; /* there may be nobody */
	quorum_act(quorum, leader);
}

void quorum_stop(struct quorum *quorum, uint32_t leader, bool is_told)
{
	struct node *node = &quorum->nodes[leader];
	for (uint32_t i = 0; is_told && i < quorum->config.nodes; i++)
		if (i != leader && quorum->nodes[i].replica)
			replica_expect_leave(quorum->nodes[i].replica, node->id, false,
					     quorum_now(quorum));
	CHECK_STATUS(replica_leave(node->replica, node->id, false, quorum_now(quorum), &node->out),
		     OK);
	quorum_act(quorum, leader);
}

bool quorum_assign(struct quorum *quorum, uint32_t node, enum member_role role)
{
	return change_role(quorum, quorum->nodes[node].id, role);
}

enum status quorum_add(struct quorum *quorum, uint32_t at)
{
	int32_t leader = quorum_leader(quorum);
	char name[8], address[8];
	if (leader < 0)
		return UNAVAILABLE;
	snprintf(name, sizeof name, "n%u", at);
	snprintf(address, sizeof address, "a%u", at);
	struct member member = { .id = quorum->nodes[at].id,
				 .is_witness = quorum_is_witness(quorum, at),
				 .name = str_from(name),
				 .address = str_from(address) };
	struct node *node = &quorum->nodes[leader];
	enum status status = replica_add(node->replica, &member, quorum_now(quorum), &node->out);
	quorum_act(quorum, (uint32_t)leader);
	return status;
}

bool quorum_join(struct quorum *quorum, uint32_t at, enum member_role role)
{
	uint64_t id = quorum->nodes[at].id;
	for (uint32_t tries = 0; tries < 600; tries++) {
		int32_t leader = quorum_leader(quorum);
		quorum_run(quorum, 100);
		if (leader < 0 || !quorum->nodes[leader].replica)
			continue;
		struct node *node = &quorum->nodes[leader];
		if (members_find(replica_members(node->replica), id) &&
		    !core_is_changing(node->replica->core))
			break;
		enum status ignored = quorum_add(quorum, at);
		(void)ignored; /* tried again */
	}
	if (role == MEMBER_SPARE || quorum->config.is_managing)
		return true;
	return change_role(quorum, id, MEMBER_STANDBY) &&
	       (role == MEMBER_STANDBY || change_role(quorum, id, role));
}

uint64_t quorum_acknowledged(const struct quorum *quorum)
{
	return quorum->acknowledged;
}

uint64_t quorum_reads(const struct quorum *quorum)
{
	return quorum->completed_reads;
}

uint64_t quorum_snapshots(const struct quorum *quorum)
{
	return quorum->snapshots;
}

uint64_t quorum_applied(struct quorum *quorum, uint32_t node)
{
	return quorum_applied_index(&quorum->nodes[node]);
}

uint64_t quorum_elections(const struct quorum *quorum)
{
	return quorum->elections;
}

uint64_t quorum_steps(const struct quorum *quorum)
{
	return quorum->steps;
}

static bool is_converged(struct quorum *quorum)
{
	int32_t leader = quorum_leader(quorum);
	if (leader < 0)
		return false;
	const struct members *members = replica_members(quorum->nodes[leader].replica);
	uint64_t last = core_last(quorum->nodes[leader].replica->core);
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		const struct member *member = members_find(members, quorum->nodes[i].id);
		uint64_t has = quorum_is_witness(quorum, i)
				   ? core_last(quorum->nodes[i].replica->core)
				   : quorum_applied_index(&quorum->nodes[i]);
		if (member && member->role != MEMBER_SPARE && has != last)
			return false;
	}
	return true;
}

static void print_all(struct quorum *quorum)
{
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		struct node *node = &quorum->nodes[i];
		struct replica_status status;
		replica_status(node->replica, &status);
		const struct members *members = replica_members(node->replica);
		fprintf(stderr,
			"node %u: %s term %llu leader %d commit %llu persisted %llu last %llu "
			"first %llu applied %llu refused %llu; voters at %llu:",
			i, (const char *[]){ "follower", "candidate", "leader" }[status.role],
			(unsigned long long)status.term, quorum_node_of(quorum, status.leader),
			(unsigned long long)status.commit, (unsigned long long)status.persisted,
			(unsigned long long)status.last, (unsigned long long)status.log_first,
			(unsigned long long)quorum_applied_index(node),
			(unsigned long long)status.refused, (unsigned long long)members->index);
		for (uint32_t k = 0; k < members->len; k++)
			fprintf(stderr, " %d=%s", quorum_node_of(quorum, members->at[k].id),
				member_role_name(members->at[k].role));
		fprintf(stderr, "\n");
	}
}

void quorum_converge(struct quorum *quorum)
{
	quorum_heal(quorum);
	quorum->config.loss_per_mille = 0;
	for (uint32_t i = 0; i < quorum->config.nodes; i++) {
		quorum_restart(quorum, i);
		quorum->nodes[i].disk_ms = 0;
	}
	bool is_done = quorum_until(quorum, is_converged, 30000);
	if (!is_done)
		print_all(quorum);
	if (!is_done)
		BROKEN(quorum, "members do not come to have the same");
	quorum_check_all(quorum);
	for (uint64_t index = 1; index <= quorum->acknowledged; index++)
		if (quorum->truth.at[index - 1].index == 0)
			BROKEN(quorum, "entry %llu was acknowledged and is nowhere",
			       (unsigned long long)index);
	uint64_t applied = quorum_applied_index(&quorum->nodes[quorum_leader(quorum)]);
	if (applied < quorum->acknowledged)
		BROKEN(quorum, "acknowledged %llu, kept %llu",
		       (unsigned long long)quorum->acknowledged, (unsigned long long)applied);
}
