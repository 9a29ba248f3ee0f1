/*
 * A segment of dqlite's log: batches of entries, each with a checksum of its head and one of its data.
 */
#ifndef DEPLOY_MAIN_MIGRATION_DQLITE_SEGMENT_H
#define DEPLOY_MAIN_MIGRATION_DQLITE_SEGMENT_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define SEGMENT_BATCH_MAX (256U * MIB) /* more than any transaction of a MicroK8s */
#define SEGMENT_ENTRIES_MAX (1U << 18)

/* A command of the entry at that index; borrowed for the call. What is not OK ends the reading. */
typedef enum status segment_command(void *arg, uint64_t index, struct str command,
				    struct fault *why);

struct segment {
	uint64_t index; /* of its first entry */
	bool is_open; /* it may have been prepared and not filled, and its last batch may be torn */
	bool is_torn; /* out: it was */
};

/* *next: the index behind its last entry. */
MUST_USE enum status segment_read(const struct seams_files *files, const char *path,
				  struct segment *segment, segment_command *each, void *arg,
				  uint64_t *next, struct fault *why);

#endif
