/*
 * A ring: what happened to the objects of one cache of late, by numbers without gaps.
 *
 * Of cache.c. At most LIMIT_CACHE_EVENTS events; those older than LIMIT_CACHE_EVENT_AGE_MS make room for new ones. Objects that are no longer
 * there, as they were before a change or before they went, are packed a moment later: their bytes take a third of the memory, and who
 * comes back after a while reads them again.
 */
#ifndef ACTORS_SERVER_CACHE_RING_H
#define ACTORS_SERVER_CACHE_RING_H

#include "actors/server/cache/cache.h"

struct commons;
struct ring_slot;

/* Zeroed: empty. */
struct ring {
	/* Number n is in slot n % cap; [oldest, next) are there, what [oldest, packed) replaced is packed. */
	struct ring_slot *slots;
	uint32_t cap;
	uint64_t oldest, packed, next;
	uint64_t forgotten; /* revision of the newest event that is no longer in the ring */
};

/* Nobody goes on from before the revision. */
void ring_clear(struct ring *ring, uint64_t revision);
void ring_fini(struct ring *ring);
/* Takes over the event's references. */
void ring_push(struct ring *ring, struct cache_event event);
/* As cache_find() and cache_event(). */
bool ring_find(const struct ring *ring, uint64_t revision, uint64_t *out_number);
const struct cache_event *ring_event(struct ring *ring, uint64_t number);
/* Packs what was replaced some time ago, a bounded number at once; what its owners have written is in the commons, if there are any. */
void ring_pack(struct ring *ring, struct commons *commons, struct mono now);
/* Lets go of the encodings of what is no longer there. */
void ring_drop_bytes(struct ring *ring);

#endif
