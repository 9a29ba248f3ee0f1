#include "datastore/store/state/recent.h"

#include <assert.h>
#include <stddef.h>

#include "runtime/base/hash.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define RING LIMIT_STORE_REQUESTS
#define SLOTS (2 * RING)
_Static_assert((RING & (RING - 1)) == 0, "the ring's size is a power of two");

void recent_fini(struct recent *recent)
{
	mem_free(recent->ring);
	mem_free(recent->slots);
	*recent = (struct recent){ 0 };
}

static uint32_t slot_of(uint64_t request)
{
	return (uint32_t)hash_mix(request, 1) & (SLOTS - 1);
}

/* The slot that holds the request, or the empty one where the search ends. */
static uint32_t search(const struct recent *recent, uint64_t request)
{
	uint32_t slot = slot_of(request);
	while (recent->slots[slot] && recent->ring[recent->slots[slot] - 1].request != request)
		slot = (slot + 1) & (SLOTS - 1);
	return slot;
}

const struct recent_request *recent_find(const struct recent *recent, uint64_t request)
{
	if (!recent->len)
		return NULL;
	uint32_t slot = search(recent, request);
	return recent->slots[slot] ? &recent->ring[recent->slots[slot] - 1] : NULL;
}

/* Empties a slot and moves back those behind it that its being full had pushed on. */
static void vacate(struct recent *recent, uint32_t hole)
{
	recent->slots[hole] = 0;
	for (uint32_t slot = (hole + 1) & (SLOTS - 1); recent->slots[slot];
	     slot = (slot + 1) & (SLOTS - 1)) {
		uint32_t home = slot_of(recent->ring[recent->slots[slot] - 1].request);
		if (((slot - home) & (SLOTS - 1)) < ((slot - hole) & (SLOTS - 1)))
			continue;
		recent->slots[hole] = recent->slots[slot];
		recent->slots[slot] = 0;
		hole = slot;
	}
}

static void drop_oldest(struct recent *recent)
{
	vacate(recent, search(recent, recent->ring[recent->first].request));
	recent->first = (recent->first + 1) & (RING - 1);
	recent->len--;
}

static void forget(struct recent *recent, uint64_t revision)
{
	while (recent->len && recent->ring[recent->first].revision <= revision)
		drop_oldest(recent);
}

void recent_add(struct recent *recent, const struct recent_request *request)
{
	if (!recent->ring) {
		recent->ring = mem_zalloc(RING * sizeof *recent->ring);
		recent->slots = mem_zalloc(SLOTS * sizeof *recent->slots);
	}
	if (request->revision > RING)
		forget(recent, request->revision - RING);
	assert(recent->len < RING && !recent_find(recent, request->request));
	uint32_t place = (recent->first + recent->len) & (RING - 1);
	recent->ring[place] = *request;
	recent->len++;
	recent->slots[search(recent, request->request)] = place + 1;
}
