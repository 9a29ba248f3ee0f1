/*
 * Recent requests: which request ids were applied lately, and at which revision.
 *
 * Part of the replicated state: what is known depends on the revisions alone (the last LIMIT_STORE_REQUESTS
 * of them, compacted or not), so that all replicas know the same and one that starts again reads it back from
 * the table. All zero is an empty one; memory is taken with the first request.
 */
#ifndef DATASTORE_STORE_STATE_RECENT_H
#define DATASTORE_STORE_STATE_RECENT_H

#include <stdbool.h>
#include <stdint.h>

struct recent_request {
	uint64_t request, revision;
	bool is_failure_branch;
};

struct recent {
	struct recent_request *ring; /* LIMIT_STORE_REQUESTS, oldest at `first` */
	uint32_t *slots;             /* open addressing: place in the ring + 1; 0 is empty */
	uint32_t first, len;
};

void recent_fini(struct recent *recent);
/* Revisions ascend. A request that is known already must not be added. */
void recent_add(struct recent *recent, const struct recent_request *request);
const struct recent_request *recent_find(const struct recent *recent, uint64_t request);

#endif
