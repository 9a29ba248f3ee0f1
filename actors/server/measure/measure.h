/*
 * Measures: what /metrics tells of requests, watches, the store, checks and plug-ins, under upstream's names and labels.
 *
 * Only for actors/server, on its actor. A request that meets a resource we serve is counted once, when it ends; one for a path that is no
 * resource by its path if that is about health, else without. What names nothing that we serve is not counted, so that nobody fills
 * the page by asking. Bounds: PLACES_MAX resources, and LIMIT_SERIES.
 */
#ifndef ACTORS_SERVER_MEASURE_MEASURE_H
#define ACTORS_SERVER_MEASURE_MEASURE_H

#include "actors/admission/plugin.h"
#include "runtime/trace/metrics.h"

struct certificate_info;
struct measured;
struct measures;
struct outlet;
struct request;

GIVE struct measures *measures_new(struct metrics *metrics);
void measures_free(TAKE struct measures *measures); /* the metrics stay */

/* ---- measure.c ------------------------------------------------------------------------------------------- */

/* It has ended: the code of its answer, and how long it took. Once for each request. */
void measure_answered(struct request *r);
/* The server ended it in its own defence: beside the above. */
void measure_terminated(struct request *r, int32_t code);
/* It stands and is no longer under way, until measure_answered. */
void measure_stands(struct request *r);
/* Of a watch: an event left; `bytes` 0: it was not made into any. One that is dropped since it was too slow. */
void measure_event(const struct outlet *to, uint32_t bytes);
void measure_watcher_dropped(const struct outlet *to);
/* As measure_answered, of a watch that has outlived its request. */
void measure_watch_over(const struct outlet *to, struct mono began);
/* It was asked something of the store, and has the answer. */
void measure_store(struct request *r, const char *operation, bool is_failed);

/* ---- measure-check.c ---------------------------------------------------------------------------------------- */

enum measure_check { MEASURE_YES, MEASURE_NO, MEASURE_NO_OPINION, MEASURE_ERROR };

/* YES: r->user is known; NO: nothing was shown that anybody knows. */
void measure_authenticated(struct request *r, enum measure_check result);
void measure_authorized(struct request *r, enum measure_check result);
/* One plug-in, or all of a half of admission (`index` is plugin_count). */
void measure_admitted(struct request *r, uint32_t index, enum admission_operation operation,
		      bool is_validating, bool is_refused, struct mono began);
/* One check of health, asked for at `which` of healthz, livez and readyz: for /metrics/slis, which has nothing else. */
void measure_health(struct measures *measures, struct str which, const char *name, bool is_well);
struct metrics *measure_slis(const struct measures *measures);

#endif
