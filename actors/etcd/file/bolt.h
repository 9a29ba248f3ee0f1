/*
 * A file in the format of bbolt, which etcd keeps its data in: buckets of keys and values in B+ trees of pages.
 *
 * Pure. bolt_plan lays all pages out from the items' lengths, then bolt_write gives them in the order of the file, so that nothing
 * of it has to be put together first. Items are asked for by number, in ascending order of keys; each is asked for as often
 * as its key is needed and once for its value. Written once and read by etcd's tools, it has no free pages.
 */
#ifndef ACTORS_ETCD_FILE_BOLT_H
#define ACTORS_ETCD_FILE_BOLT_H

#include "runtime/base/arena.h"
#include "runtime/base/text.h"

#define BOLT_PAGE_BYTES 4096U
#define BOLT_KEY_BYTES 32U /* etcd's own are 17 at most */
#define BOLT_BUCKETS 16U   /* their names fit into one page */

struct bolt_key {
	char bytes[BOLT_KEY_BYTES];
	uint32_t len;
};

struct bolt_bucket {
	struct str name;
	uint32_t count;
	void *arg;
	/* The key of an item, and how long its value is. */
	struct bolt_key (*key)(void *arg, uint32_t item, uint32_t *value_bytes);
	/* Adds exactly that many bytes. */
	void (*value)(void *arg, uint32_t item, struct text *out);
};

struct bolt;

/* `buckets` in ascending order of names; they and the plan live in the arena. */
struct bolt *bolt_plan(const struct bolt_bucket *buckets, uint32_t count, struct arena *arena);
uint64_t bolt_bytes(const struct bolt *bolt); /* of the whole file */
/* Adds further pages, at least one and up to about `max_bytes` in all; false when there are none left. */
bool bolt_write(struct bolt *bolt, uint32_t max_bytes, struct text *out);

#endif
