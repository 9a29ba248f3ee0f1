/*
 * A council: up to five cores of raft at one table. The test delivers each message, says what is on disk and lets time pass.
 *
 * Nodes and sets of them (bits) count from 1; a node's id is its number.
 */
#ifndef TESTS_UNIT_DATASTORE_LOG_COUNCIL_H
#define TESTS_UNIT_DATASTORE_LOG_COUNCIL_H

#include "datastore/log/core.h"
#include "datastore/log/log-private.h"
#include "runtime/base/base.h"

#define COUNCIL_NODES 5U
#define ALL 0x3eU /* of five */
#define SET(...) council_set((const uint32_t[]){ __VA_ARGS__, 0 })

struct council_sent {
	uint32_t from, to; /* 1-based: also the ids */
	struct str bytes;
};

struct council {
	struct core *core[COUNCIL_NODES + 1];
	VEC(struct entry *) unwritten[COUNCIL_NODES + 1];
	struct core_update update;
	VEC(struct council_sent) sent;
	VEC(struct core_read) reads;
	struct mono now[COUNCIL_NODES + 1];
	uint32_t len;
	bool is_removed;
	uint64_t missing;
	uint64_t offered;
	struct fault why; /* of the last step */
};

/* Gives a core an event and keeps what it wants written, sent and answered. */
MUST_USE enum status council_step(struct council *council, uint32_t node, struct core_event event);
/* Nodes 1 to `len`. */
struct members council_voters(uint32_t len);
/* A node whose disk has these entries. */
void council_start(struct council *council, uint32_t node, uint64_t term,
		   struct entry *const *entries, uint32_t count);
/* The entry that every log begins with: so many voters. */
struct entry *council_first(uint32_t len);
/* Of so many voters, all with that entry and none with a leader. */
struct council *council_new(uint32_t len);
void council_free(struct council *council);
/* All that the node has asked to be written is on its disk. */
void council_persist(struct council *council, uint32_t node);
void council_persist_all(struct council *council);
/* Delivers what is under way between nodes of the set (bits), once; drops the rest. True if anything was. */
bool council_deliver(struct council *council, uint32_t set);
/* Delivers and writes until nothing is under way between those nodes. */
void council_settle(struct council *council, uint32_t set);

enum core_role council_role(const struct council *council, uint32_t node);
/* Ticks whenever it is due, as a loop does that has the time, until it asks for votes. */
void council_elapse(struct council *council, uint32_t node, int64_t ms);
/* Nothing happens to it for so long, and then it looks at the clock first. */
void council_stall(struct council *council, uint32_t node, int64_t ms);
void council_elapse_all(struct council *council, int64_t ms);
/* Only this one ticks. */
void council_elapse_alone(struct council *council, uint32_t node, int64_t ms);
/* Node numbers up to a 0, as bits; SET(1, 2). */
uint32_t council_set(const uint32_t *nodes);
/* The node leads, by the votes of the set. */
void council_elect(struct council *council, uint32_t node, uint32_t set);
MUST_USE enum status council_submit(struct council *council, uint32_t node, struct str payload);
uint64_t council_commit(const struct council *council, uint32_t node);

#endif
