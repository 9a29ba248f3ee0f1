/*
 * Leases: how long keys live unless their owner keeps them alive.
 *
 * Which leases there are and what hangs on them is replicated; when they end is soft state of the leader, who
 * counts from the last keep and has the end agreed upon (a revoke). Owned by the index. At most LIMIT_LEASES.
 */
#ifndef DATASTORE_STORE_STATE_LEASE_H
#define DATASTORE_STORE_STATE_LEASE_H

#include "runtime/base/base.h"
#include "runtime/base/collection/tree.h"

struct lease {
	uint64_t id;
	uint32_t ttl_s;
	struct tree *keys; /* NULL until the first; values unused */
	struct mono ends;  /* soft; on the leader only */
	bool is_ending;    /* soft: its revoke was proposed */
};

struct leases {
	struct map map; /* by the 8 bytes of the id */
};

void leases_fini(struct leases *leases);
uint32_t leases_count(const struct leases *leases);
struct lease *leases_find(const struct leases *leases, uint64_t id); /* NULL: not there */
/* EXISTS; BUSY at the limit. */
MUST_USE enum status leases_add(struct leases *leases, uint64_t id, uint32_t ttl_s);
void leases_remove(struct leases *leases, uint64_t id);
void leases_attach(struct leases *leases, uint64_t id, struct str key); /* id 0 is fine */
void leases_detach(struct leases *leases, uint64_t id, struct str key);
/* for (uint32_t at = 0; (lease = leases_next(leases, &at));) */
struct lease *leases_next(const struct leases *leases, uint32_t *at);

#endif
