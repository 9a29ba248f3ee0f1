/*
 * The store, kept by an etcd cluster: the same actor to everybody who asks, with an etcd of someone else's behind it.
 *
 * Start it under the name `store` with `external_class` and a struct external_config in place of store_class; what store.h
 * promises of reads, writes, watches and leases is then etcd's promise. It holds no data: what is asked goes on to one of the endpoints,
 * and to the next when that is lost. Watches go on over a lost endpoint without a gap. A write whose answer is lost is TIMEOUT: it may have
 * been made. `request` numbers are not kept by an etcd: whoever repeats such a write has to look first.
 *
 * Several nodes on one etcd find each other there, below /troupe.internal/: who is alive (a lease each), and who leads, in the
 * sense of store_status.is_leader: controllers act there. `term` is the revision at which it became so; a write that names it is refused
 * with GONE when another one has come since. Whoever leads compacts, by the agreement that upstream's API servers have among each other
 * (compact_rev_key), so that they can be used beside.
 *
 * Not here, NOT_IMPLEMENTED: transactions within transactions, promotion of members, defragmentation and copies of the database
 * (etcd's own tools do that).
 *
 * Bounds: LIMIT_EXTERNAL_CALLS under way (BUSY beyond), LIMIT_STORE_WATCHES watches, answers of LIMIT_EXTERNAL_ANSWER_BYTES (a range
 * that is larger is asked for in smaller pages), EXTERNAL_PLACES endpoints.
 */
#ifndef DATASTORE_EXTERNAL_EXTERNAL_H
#define DATASTORE_EXTERNAL_EXTERNAL_H

#include "datastore/store/store.h"
#include "transport/tls/context.h"

#define EXTERNAL_PREFIX STR("etcd://")
#define EXTERNAL_PLACES 16U
/* The key that says which cluster an etcd serves. */
#define EXTERNAL_CLUSTER STR("/troupe.internal/cluster")

/* Where an etcd is; `urls` are the arena's. */
struct external_places {
	const char *urls[EXTERNAL_PLACES]; /* "https://10.0.0.1:2379" */
	uint32_t count;
};

/* "etcd://10.0.0.1:2379,10.0.0.2:2379", spoken to with TLS or without. BAD_REQUEST: it is not that. */
MUST_USE enum status external_places_read(struct str text, bool is_tls, struct arena *arena,
					  struct external_places *out, struct fault *why);

/* Borrowed as long as the actor lives. */
struct external_config {
	struct external_places places;
	struct tls_context *tls;  /* NULL: without; its alpn is h2 */
	struct str name, address; /* of this node, as members know it */
	struct str cluster;       /* which cluster this node is of: an etcd serves one */
	uint32_t lease_s; /* how long a node that is silent is taken for alive; 0: EXTERNAL_LEASE_S */
	uint32_t history_s; /* how long old revisions can be read; 0: 300 */
};

#define EXTERNAL_LEASE_S 4U /* etcd itself grants no less than 2 */

extern const struct act_class external_class;

#endif
