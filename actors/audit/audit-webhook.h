/*
 * Events of the audit log for another program: an actor that posts them as an EventList (audit.k8s.io/v1), many at once.
 *
 * Takes struct audit_line as audit-log.h does. One list is under way at a time; what comes meanwhile gathers for the next. A line that is only sent waits until
 * there are enough or it has waited long enough, and lists then keep to a rate; one that is asked about is posted at once and answered when the other has
 * taken it. What cannot be posted is tried again a few times, ever later. Bounds: `lines_max` lines and AUDIT_WEBHOOK_BYTES_MAX wait, more are dropped and
 * counted; so are those of a list that nobody took. What waits when the actor ends is lost.
 */
#ifndef ACTORS_AUDIT_AUDIT_WEBHOOK_H
#define ACTORS_AUDIT_AUDIT_WEBHOOK_H

#include "actors/audit/audit-log.h"
#include "actors/client/outside.h"

#define AUDIT_WEBHOOK_BYTES_MAX (64U * MIB)
#define AUDIT_WEBHOOK_TRIES 5U /* upstream's */

/* Borrowed while the actor lives. */
struct audit_webhook_args {
	struct outside_place place; /* by its URL */
	bool is_batching; /* sent lines wait for others; else each goes as soon as it can */
	uint32_t lines_max, batch_max, wait_ms;
	uint32_t per_second, burst; /* lists; 0, 0: no rate is kept to */
	uint32_t backoff_ms;        /* before the second try; each further one half as much again */
	uint64_t event_max, list_max; /* bytes; 0: nothing is cut */
	struct metrics *metrics;      /* NULL: nothing is counted */
};

extern const struct act_class audit_webhook_class;

#endif
