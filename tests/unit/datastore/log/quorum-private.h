/*
 * What the files of a quorum share: its nodes (quorum.c), what is checked of them (quorum-promise.c), what is done with them (quorum-use.c).
 */
#ifndef TESTS_UNIT_DATASTORE_LOG_QUORUM_PRIVATE_H
#define TESTS_UNIT_DATASTORE_LOG_QUORUM_PRIVATE_H

#include <stdio.h>

#include "datastore/log/replica-private.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/quorum.h"

#define FOLDER "log"

#define SEGMENT (64U * KIB)

struct packet {
	uint32_t from, to;
	int64_t at_ms;
	char *bytes;
	uint32_t len;
	uint32_t session; /* of the receiver: what was sent to an earlier life does not arrive */
};

struct applied {
	uint64_t index, term, hash;
};

struct list_at {
	uint64_t index;
	struct text bytes;
};

struct node {
	struct disk *disk;
	struct seams_files files;
	struct dice dice;
	struct seams_random random;
	struct replica *replica;
	struct replica_output out;
	uint64_t id;
	uint32_t session;
	/* The state: everything applied, and how much of it is durable. */
	VEC(struct applied) applied; /* of index i at i-1; index 0: came with a snapshot */
	VEC(struct list_at) lists;
	uint64_t durable;
	struct replica_job *log_job, *background_job;
	int64_t log_at_ms, background_at_ms;
	uint32_t disk_ms;
	int32_t fetches_from; /* node; -1: no snapshot under way */
	int64_t fetch_at_ms;
	bool was_leader;
};

struct pending_read {
	uint64_t token, at_least;
	uint32_t node, session;
};

struct quorum {
	struct quorum_config config;
	struct dice dice;
	int64_t now_ms;
	struct node nodes[QUORUM_NODES];
	VEC(struct packet) packets;
	bool cut[QUORUM_NODES][QUORUM_NODES];
	/* The truth, as far as anybody was told: by index, and the leaders by term. */
	VEC(struct applied) truth;
	VEC(uint64_t) leaders;
	VEC(struct pending_read) reads;
	uint64_t acknowledged, completed_reads, tokens, snapshots, elections, steps, commands;
};

#define BROKEN(quorum, ...)                                                                       \
	do {                                                                                      \
		char broken_[512];                                                                \
		snprintf(broken_, sizeof broken_, __VA_ARGS__);                                   \
		test_fail(__FILE__, __LINE__, "seed %llu at %lld ms: %s",                         \
			  (unsigned long long)(quorum)->config.seed, (long long)(quorum)->now_ms, \
			  broken_);                                                               \
	} while (0)

uint64_t quorum_hash_entry(const struct entry *entry);
bool quorum_is_witness(const struct quorum *quorum, uint32_t at);
void quorum_check_truth(struct quorum *quorum, uint32_t at, const struct entry *entry);
void quorum_check_leader(struct quorum *quorum, uint32_t at);
void quorum_check_all(struct quorum *quorum);
uint64_t quorum_applied_index(const struct node *node);
void quorum_act(struct quorum *quorum, uint32_t at);

#endif
