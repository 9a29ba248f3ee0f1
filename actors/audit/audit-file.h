/*
 * The file that the audit log is written to. One that would become too large is put aside under a name with the time, and old ones go,
 * by their number and by their age, as upstream's log does: audit.log, audit-2026-01-02T03-04-05.678.log.
 *
 * Blocks: for a worker, one at a time. Bytes are given to the system, not awaited on the disk.
 */
#ifndef ACTORS_AUDIT_AUDIT_FILE_H
#define ACTORS_AUDIT_AUDIT_FILE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct audit_file_options {
	const char *path;
	uint64_t size_max; /* bytes; 0: it is never put aside */
	uint32_t backups;  /* of those put aside so many stay; 0: all */
	uint32_t age_days; /* older ones go; 0: none */
};

struct audit_file {
	const struct seams_files *files;
	struct audit_file_options options;
	struct seams_file *file; /* NULL: it is not open */
	uint64_t size;
};

/* Whole lines. Not OK: some may not be there; the next write begins anew. */
MUST_USE enum status audit_file_write(struct audit_file *file, struct str lines, struct wall now,
				      struct fault *why);
void audit_file_close(struct audit_file *file);

#endif
