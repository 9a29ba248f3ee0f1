/*
 * The history: the latest changes in memory, in order, for watchers and for the table's writer.
 *
 * A change has a number that counts all changes since this store began (1, 2, 3 ...); positions are such numbers. What
 * the table does not have yet always stays; beyond that it keeps at most LIMIT_HISTORY_EVENTS and _BYTES. A
 * watcher that needs older ones reads the table.
 */
#ifndef DATASTORE_STORE_STATE_HISTORY_H
#define DATASTORE_STORE_STATE_HISTORY_H

#include "datastore/store/state/change.h"

struct history {
	struct change **ring; /* a power of two */
	uint32_t cap, len;
	uint64_t first;   /* number of the oldest one here; the next one's when empty */
	uint64_t written; /* numbers below this are in the table */
	uint64_t bytes, unwritten_bytes; /* of all; of those that the table does not have */
	uint64_t complete_from;          /* all changes of revisions >= this are here */
};

/* A history that begins with the changes after `revision`. */
void history_init(struct history *history, uint64_t revision);
void history_fini(struct history *history);
void history_add(struct history *history, TAKE struct change *change);
uint64_t history_end(const struct history *history); /* the number that the next change will have */
struct change *history_at(const struct history *history, uint64_t number); /* borrowed */
/* The number of the first change with a revision >= `revision`: 0 if it may be no longer here. */
uint64_t history_find(const struct history *history, uint64_t revision);
void history_written(struct history *history, uint64_t number); /* all below it */

#endif
