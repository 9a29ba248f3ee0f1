/*
 * A cluster in simulation: nodes that each run the store that ships, and whatever a test puts beside it, in one thread, in virtual
 * time, from one seed.
 *
 * Nodes are numbered from 1 and named "n<number>". A node has one host, 1, called "core". With CLUSTER_STORE or CLUSTER_WITNESS it runs
 * the actor `store` and an `usher`, who subscribes to the store's status and has it join; node 1 begins the cluster. Without, it
 * is a machine of clients. Actors of a test are placed before a node is started; their args outlive the cluster. Everything else
 * is done to the sim underneath (cluster_sim): crashes, partitions, disks, chaos. Only tests/ may include this.
 */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include "datastore/store/store.h"
#include "runtime/actor/act.h"
#include "runtime/sim/sim.h"

#define CLUSTER_NODES 32U
#define CLUSTER_PARTS 16U /* actors of one node */
#define CLUSTER_HOST 1U

struct cluster;

struct cluster_config {
	uint64_t seed;
	uint32_t history_s;     /* how long old revisions can be read; 0: 20 */
	uint64_t kept_entries;  /* of the log, for members that were away; 0: 100 */
	uint32_t checkpoint_ms; /* 0: 2,000 */
	/* Types of messages between hosts beside the store's own; at most 64. */
	const struct act_type *const *types;
	uint32_t type_count;
};

struct cluster *cluster_new(const struct cluster_config *config);
void cluster_free(struct cluster *cluster);
struct act_sim *cluster_sim(struct cluster *cluster);

enum cluster_kind {
	CLUSTER_STORE,
	CLUSTER_WITNESS, /* a store that votes and holds no data: never the first node */
	CLUSTER_CLIENTS,
};

/* One more actor of a node that was not started yet, after its store. */
void cluster_place(struct cluster *cluster, uint32_t node, const struct act_child *child);
void cluster_start(struct cluster *cluster, uint32_t node, enum cluster_kind kind);
/* Stores that are no member any more, or not yet, do not ask to be one: for those that were removed. */
void cluster_keep_out(struct cluster *cluster, uint32_t node, bool is_kept_out);
/* A node that is down loses its disk. */
void cluster_wipe(struct cluster *cluster, uint32_t node);

/* ---- what stores say of themselves: as they told their ushers last; changes of revision alone are not told ---- */

struct cluster_view {
	bool is_up; /* the store runs and has said something in this life */
	uint64_t id, leader, term;
	enum store_role role;
	bool is_leader;
	uint32_t voters, standbys, members; /* in its list of members */
};

struct cluster_view cluster_view(struct cluster *cluster, uint32_t node);
uint32_t
cluster_leader(struct cluster *cluster); /* its node: the leader of the newest term; 0: none */
uint32_t cluster_node_of(struct cluster *cluster, uint64_t id); /* 0: nobody's */
/* How often any actor logged this event, at INFO and above: "store: leads". */
uint32_t cluster_said(struct cluster *cluster, const char *event);

/* ---- running and asking: virtual time passes ---- */

void cluster_run(struct cluster *cluster, uint64_t ms);
/* Until check() holds; false: it did not within `ms`. */
bool cluster_until(struct cluster *cluster, bool (*check)(struct cluster *cluster), uint64_t ms);
bool cluster_has_leader(struct cluster *cluster);   /* checks for cluster_until */
bool cluster_is_available(struct cluster *cluster); /* three voters, and a majority of them up */
/* Until every member that is up knows of so many voters; false: it did not come about within 30 s. */
bool cluster_await_voters(struct cluster *cluster, uint32_t voters);
/* So many stores, which are all members and know it; fails the test if it does not come about. */
struct cluster *cluster_of(const struct cluster_config *config, uint32_t stores);

/*
 * Asks the node's own store, or whoever `to` names ("store@n2"), and runs until it is answered. The body's arena is taken. NULL: the
 * runtime's status, in *status. The answer is valid until the test ends.
 */
const void *cluster_ask(struct cluster *cluster, uint32_t node, const char *to,
			const struct act_type *type, const void *body, enum status *status);
const struct store_status *cluster_status(struct cluster *cluster, uint32_t node);
MUST_USE enum status cluster_promote(struct cluster *cluster, uint32_t node, enum store_role role);
MUST_USE enum status cluster_transfer(struct cluster *cluster, uint32_t to_node);
/* One put or a delete (value NULL) on that node's store. */
const struct store_write_answer *cluster_write(struct cluster *cluster, uint32_t node,
					       const char *key, const char *value);
/* The latest value, linearizable; absent: there is none. */
struct str cluster_read(struct cluster *cluster, uint32_t node, const char *key);

/* Ends all faults, restarts what is down, and waits until all stores are members, have the same and one leads. */
void cluster_converge(struct cluster *cluster);

#endif
