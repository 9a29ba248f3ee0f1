/*
 * The audit log: an actor that appends lines to a file (audit-file.h), all that came while the last were written at once.
 *
 * A line that is sent is kept when there is room, else dropped and counted; one that is asked about is answered when the file has it, and
 * refused with BUSY when there is no room. The file is written on a worker. What waits is AUDIT_LOG_BYTES_MAX bytes and
 * `events_max` lines at most; when the actor ends in good order they are written first.
 */
#ifndef ACTORS_AUDIT_AUDIT_LOG_H
#define ACTORS_AUDIT_AUDIT_LOG_H

#include "actors/audit/audit-file.h"
#include "runtime/actor/act.h"
#include "runtime/trace/metrics.h"

#define AUDIT_LOG_EVENTS_MAX 10000U          /* upstream's --audit-log-batch-buffer-size */
#define AUDIT_LOG_BYTES_MAX (64U * MIB)      /* six of the largest events */
#define AUDIT_LOG_LINE_MAX (10U * MIB + KIB) /* upstream's --audit-log-truncate-max-event-size */

/* One line without its line feed. The arena goes with it. */
struct audit_line {
	struct arena *arena;
	struct str text;
};
ACT_TYPE_DECLARE(audit_line);

/* The answer to one that was asked about. */
struct audit_kept {
	char nothing;
};
ACT_TYPE_DECLARE(audit_kept);

struct audit_log_args {
	struct audit_file_options file;
	uint32_t events_max;     /* 0: AUDIT_LOG_EVENTS_MAX */
	struct metrics *metrics; /* NULL: nothing is counted */
};

extern const struct act_class audit_log_class;

#endif
