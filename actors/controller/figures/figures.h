/*
 * Figures: what the controllers of a host do, under upstream's names: workqueue_*, rest_client_*, leader_election_master_status; and
 * what else of its actors counts in the same registry.
 *
 * One belongs to a host and outlives its actors. All calls take NULL, for hosts (and simulations) that count nothing. The actor
 * registered as FIGURES_NAME answers an api_call for /metrics with the page, which the API server puts behind its own.
 */
#ifndef ACTORS_CONTROLLER_FIGURES_FIGURES_H
#define ACTORS_CONTROLLER_FIGURES_FIGURES_H

#include "runtime/actor/act.h"
#include "runtime/actor/queue.h"
#include "runtime/trace/metrics.h"

#define FIGURES_NAME "figures"

struct figures;
struct figures_work; /* of one controller */

GIVE struct figures *figures_new(void);
/* What a host without controllers counts, in that registry. */
GIVE struct figures *figures_of(struct metrics *metrics);
void figures_free(TAKE struct figures *figures);
struct metrics *figures_metrics(struct figures *figures); /* NULL of NULL */
/* Of the whole host: its controllers and scheduler act, or stand by. */
void figures_lead(struct figures *figures, bool is_leader);
/* The same name gives the same one, with nothing under way; NULL of NULL, or past FIGURES_WORKS_MAX. */
struct figures_work *figures_work(struct figures *figures, const char *name);
#define FIGURES_WORKS_MAX 64U

/* A worker takes a key that is ready since then (0: now), and is done with it. */
void figures_took(struct figures_work *work, uint32_t worker, struct mono ready, struct mono now);
void figures_did(struct figures_work *work, uint32_t worker, struct mono now);
void figures_queue(struct figures_work *work, const struct queue_stats *stats);
/* The API server has answered. */
struct figures_call {
	const char *method;
	int32_t code; /* 0: it has not */
	int64_t ns;   /* that it took; 0: not known */
	uint32_t sent_bytes, got_bytes;
};
void figures_asked(struct figures_work *work, const struct figures_call *call);

void figures_write(struct figures *figures, struct mono now, struct text *out);

extern const struct act_class figures_class; /* args: the struct figures */

#endif
