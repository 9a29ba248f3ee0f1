/*
 * A quorum: replicas of one cluster in memory, for the tests of the log: virtual time, a network that delays, loses, repeats and
 * reorders, disks that tear, states that are written behind, and all of raft's promises checked after each event.
 *
 * Everything comes from one seed. A broken promise ends the test and names the seed.
 */
#ifndef TESTS_UNIT_DATASTORE_LOG_QUORUM_H
#define TESTS_UNIT_DATASTORE_LOG_QUORUM_H

#include "datastore/log/replica.h"
#include "tests/unit/datastore/log/disk.h"

#define QUORUM_NODES 8U

struct quorum_config {
	uint64_t seed;
	uint32_t nodes;    /* the first is bootstrapped, the others are added by quorum_join */
	uint32_t delay_ms; /* of messages, at most */
	uint32_t loss_per_mille; /* of messages; as many are repeated */
	uint32_t disk_ms;        /* of a job, at most */
	uint64_t kept_entries;
	bool is_managing;
	uint32_t witness;  /* the node that votes only; 0: none */
	bool tells_losses; /* a link to a member that crashed breaks at once */
};

struct quorum;

GIVE struct quorum *quorum_new(const struct quorum_config *config);
void quorum_free(TAKE struct quorum *quorum);
struct dice *quorum_dice(struct quorum *quorum);
struct mono quorum_now(const struct quorum *quorum);
/* Goes on for so long; nodes are numbered from 0. */
void quorum_run(struct quorum *quorum, uint32_t ms);
/* Until check() is true; false: it was not within `ms`. */
bool quorum_until(struct quorum *quorum, bool (*check)(struct quorum *quorum), uint32_t ms);

struct replica *quorum_replica(struct quorum *quorum, uint32_t node); /* NULL: is down */
int32_t quorum_leader(struct quorum *quorum); /* an established one of the highest term; -1: none */
bool quorum_has_leader(struct quorum *quorum);
int32_t quorum_node_of(struct quorum *quorum, uint64_t id);
/* Asks the leader once, at once, to add a node. */
MUST_USE enum status quorum_add(struct quorum *quorum, uint32_t node);
/* Adds a node, has it become a standby and then a voter; false if it did not work out within 60 s. */
bool quorum_join(struct quorum *quorum, uint32_t node, enum member_role role);
/* Asks the leader once, whatever comes of it. */
void quorum_try_assign(struct quorum *quorum, uint32_t node, enum member_role role);
void quorum_transfer(struct quorum *quorum, uint32_t leader); /* to whom it likes */
/* The leader is about to stop for a while; the others are told so, or it alone knows. */
void quorum_stop(struct quorum *quorum, uint32_t leader, bool is_told);
bool quorum_assign(struct quorum *quorum, uint32_t node, enum member_role role);

void quorum_crash(struct quorum *quorum, uint32_t node);
void quorum_restart(struct quorum *quorum, uint32_t node);
void quorum_cut(struct quorum *quorum, uint32_t a, uint32_t b, bool is_cut); /* both ways */
void quorum_heal(struct quorum *quorum);
void quorum_fill_disk(struct quorum *quorum, uint32_t node); /* nothing on it grows from now on */
void quorum_slow_disk(struct quorum *quorum, uint32_t node, uint32_t ms); /* a job takes this long */

/* A new command on that node: UNAVAILABLE and so on as replica_submit. */
MAY_IGNORE enum status quorum_submit(struct quorum *quorum, uint32_t node, uint32_t payload_len);
/* A read; when it completes, everything acknowledged before must be there. */
MAY_IGNORE enum status quorum_read(struct quorum *quorum, uint32_t node);
uint64_t quorum_acknowledged(const struct quorum *quorum);
uint64_t quorum_reads(const struct quorum *quorum); /* completed */
uint64_t quorum_snapshots(const struct quorum *quorum);
uint64_t quorum_applied(struct quorum *quorum, uint32_t node); /* index */
uint64_t quorum_elections(const struct quorum *quorum);        /* terms that had a leader */
/* Heals and restarts everything, and checks that all members come to have the same. */
void quorum_converge(struct quorum *quorum);
uint64_t quorum_steps(const struct quorum *quorum);

#endif
