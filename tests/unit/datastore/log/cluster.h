/*
 * A cluster of replicas in memory, for the tests of the log: virtual time, a network that delays, loses, repeats and
 * reorders, disks that tear, states that are written behind, and all of raft's promises checked after each event.
 *
 * Everything comes from one seed. A broken promise ends the test and names the seed.
 */
#ifndef TESTS_UNIT_DATASTORE_LOG_CLUSTER_H
#define TESTS_UNIT_DATASTORE_LOG_CLUSTER_H

#include "datastore/log/replica.h"
#include "tests/unit/datastore/log/disk.h"

#define CLUSTER_NODES 8U

struct cluster_config {
	uint64_t seed;
	uint32_t nodes;    /* the first is bootstrapped, the others are added by cluster_join */
	uint32_t delay_ms; /* of messages, at most */
	uint32_t loss_per_mille; /* of messages; as many are repeated */
	uint32_t disk_ms;        /* of a job, at most */
	uint64_t kept_entries;
	bool is_managing;
	bool tells_losses; /* a link to a member that crashed breaks at once */
};

struct cluster;

GIVE struct cluster *cluster_new(const struct cluster_config *config);
void cluster_free(TAKE struct cluster *cluster);
struct dice *cluster_dice(struct cluster *cluster);
struct mono cluster_now(const struct cluster *cluster);
/* Goes on for so long; nodes are numbered from 0. */
void cluster_run(struct cluster *cluster, uint32_t ms);
/* Until check() is true; false: it was not within `ms`. */
bool cluster_until(struct cluster *cluster, bool (*check)(struct cluster *cluster), uint32_t ms);

struct replica *cluster_replica(struct cluster *cluster, uint32_t node); /* NULL: is down */
int32_t cluster_leader(struct cluster *cluster); /* an established one of the highest term; -1: none */
bool cluster_has_leader(struct cluster *cluster);
int32_t cluster_node_of(struct cluster *cluster, uint64_t id);
/* Adds a node, has it become a standby and then a voter; false if it did not work out within 60 s. */
bool cluster_join(struct cluster *cluster, uint32_t node, enum member_role role);
/* Asks the leader once, whatever comes of it. */
void cluster_try_assign(struct cluster *cluster, uint32_t node, enum member_role role);
void cluster_transfer(struct cluster *cluster, uint32_t leader); /* to whom it likes */
bool cluster_assign(struct cluster *cluster, uint32_t node, enum member_role role);

void cluster_crash(struct cluster *cluster, uint32_t node);
void cluster_restart(struct cluster *cluster, uint32_t node);
void cluster_cut(struct cluster *cluster, uint32_t a, uint32_t b, bool is_cut); /* both ways */
void cluster_heal(struct cluster *cluster);
void cluster_slow_disk(struct cluster *cluster, uint32_t node,
		       uint32_t ms); /* a job takes this long */

/* A new command on that node: UNAVAILABLE and so on as replica_submit. */
MAY_IGNORE enum status cluster_submit(struct cluster *cluster, uint32_t node, uint32_t payload_len);
/* A read; when it completes, everything acknowledged before must be there. */
MAY_IGNORE enum status cluster_read(struct cluster *cluster, uint32_t node);
uint64_t cluster_acknowledged(const struct cluster *cluster);
uint64_t cluster_reads(const struct cluster *cluster); /* completed */
uint64_t cluster_snapshots(const struct cluster *cluster);
uint64_t cluster_applied(struct cluster *cluster, uint32_t node); /* index */
uint64_t cluster_elections(const struct cluster *cluster);        /* terms that had a leader */
/* Heals and restarts everything, and checks that all members come to have the same. */
void cluster_converge(struct cluster *cluster);
uint64_t cluster_steps(const struct cluster *cluster);

#endif
