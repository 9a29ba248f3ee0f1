/*
 * Addresses: a range of IPv4 addresses, given out one by one to the pods of a node.
 *
 * Each is out at most once. They are given in turn, so that a freed one rests as long as possible: whoever still
 * talks to the pod that had it should find nobody rather than another. The first two of a range (network and gateway) and the last
 * are never given. Bounded by the range, of which at most ADDRESSES_MAX are used. Freed with the arena.
 */
#ifndef ACTORS_NODE_POD_ADDRESSES_H
#define ACTORS_NODE_POD_ADDRESSES_H

#include "runtime/base/base.h"

#define ADDRESSES_MAX 4096U /* more than any node has pods: a bitmap of 512 bytes */
#define ADDRESSES_TEXT 16U

struct addresses {
	uint32_t base, len; /* len 0: no range yet */
	uint32_t next;
	uint64_t *taken; /* a bit each */
};

/* "10.244.3.0/24". INVALID: no IPv4 range, or one too small to hold a pod. */
MUST_USE enum status addresses_init(struct addresses *pool, struct arena *arena, struct str range);
/* Where the turn begins, by chance: an agent that starts again does not know of the addresses that it gave to pods whose status was not
 * written yet, and may be written still. */
void addresses_begin(struct addresses *pool, uint64_t chance);
/* FULL: all are out. */
MUST_USE enum status addresses_take(struct addresses *pool, char out[ADDRESSES_TEXT]);
/* A given one, of a pod found running. EXISTS: it is out; NOT_FOUND: not of this range, nothing to keep. */
MUST_USE enum status addresses_claim(struct addresses *pool, struct str address);
/* What is not out, or not of the range, is let be. */
void addresses_give_back(struct addresses *pool, struct str address);

#endif
