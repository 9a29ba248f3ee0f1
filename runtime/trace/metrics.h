/*
 * Counters, gauges and histograms, and their text format (Prometheus exposition 0.0.4).
 *
 * A registry belongs to one host and is used on its thread; values may be changed by any thread. Metrics are made at start and live as long as
 * the registry. Labels are fixed per series: the caller asks once and keeps the pointer, so a change costs one addition.
 * Bounded by LIMIT_SERIES per registry: past that metrics_* give a shared series that is not shown, and say so in
 * `troupe_metrics_dropped_series`.
 */
#ifndef RUNTIME_TRACE_METRICS_H
#define RUNTIME_TRACE_METRICS_H

#include <stdatomic.h>

#include "runtime/base/str.h"
#include "runtime/base/text.h"

struct metrics;

GIVE struct metrics *metrics_new(void);
void metrics_free(TAKE struct metrics *metrics);

struct metrics_counter {
	_Atomic uint64_t value;
};

struct metrics_gauge {
	_Atomic int64_t value;
};

struct metrics_histogram;

/* `labels` as in the format, without braces and already escaped: "verb=\"GET\",code=\"200\""; or NULL. The same name and labels give the same series. */
struct metrics_counter *metrics_counter(struct metrics *metrics, const char *name, const char *help,
					const char *labels);
struct metrics_gauge *metrics_gauge(struct metrics *metrics, const char *name, const char *help,
				    const char *labels);
/* `bounds` ascending upper bounds without +Inf, borrowed for ever (a constant table). */
struct metrics_histogram *metrics_histogram(struct metrics *metrics, const char *name,
					    const char *help, const char *labels,
					    const double *bounds, uint32_t bound_count);

static inline void metrics_add(struct metrics_counter *counter, uint64_t n)
{
	atomic_fetch_add_explicit(&counter->value, n, memory_order_relaxed);
}

static inline void metrics_set(struct metrics_gauge *gauge, int64_t value)
{
	atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

static inline void metrics_move(struct metrics_gauge *gauge, int64_t by)
{
	atomic_fetch_add_explicit(&gauge->value, by, memory_order_relaxed);
}

void metrics_observe(struct metrics_histogram *histogram, double value);

/* Values that exist elsewhere: called while writing, adds lines by metrics_line. */
void metrics_on_write(struct metrics *metrics,
		      void (*collect)(void *arg, struct metrics *metrics, struct text *out),
		      void *arg);
void metrics_head(struct text *out, const char *name, const char *kind, const char *help);
void metrics_line(struct text *out, const char *name, const char *labels, double value);
/* Escapes a label's value into `out`: backslash, quote, newline. */
void metrics_escape(struct text *out, struct str value);

void metrics_write(struct metrics *metrics,
		   struct text *out); /* in order of making, one head per name */

/* The bounds upstream uses for request durations in seconds. */
extern const double metrics_bounds_seconds[];
extern const uint32_t metrics_bounds_seconds_count;

#endif
