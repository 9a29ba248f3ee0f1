#include "runtime/trace/metrics.h"

#include <assert.h>
#include <stdio.h>

#include "runtime/base/collection/map.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define NAME_BYTES_MAX (2U * KIB) /* of a name and its labels */
#define NUMBER_TEXT 40U

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const char *const kind_names[] = { "counter", "gauge", "histogram" };

struct metrics_histogram {
	const double *bounds;
	uint32_t bound_count;
	_Atomic double sum;
	_Atomic uint64_t *counts; /* one more than bounds: the last is of what is above all */
};

struct series {
	struct str labels;
	union {
		struct metrics_counter counter;
		struct metrics_gauge gauge;
		struct metrics_histogram histogram;
	};
	struct series *next;
};

struct family {
	enum kind kind;
	struct str name, help;
	struct series *first, *last;
};

struct collector {
	void (*collect)(void *arg, struct metrics *metrics, struct text *out);
	void *arg;
};

struct metrics {
	struct arena *arena;
	VEC(struct family *) families; /* in order of making */
	VEC(struct collector) collectors;
	struct map by_name;   /* name -> struct family * */
	struct map by_labels; /* name{labels} -> struct series * */
	uint32_t series_count;
	uint64_t dropped;
	/* What callers past the limit get; never shown. */
	struct metrics_counter spare_counter;
	struct metrics_gauge spare_gauge;
	struct metrics_histogram spare_histogram;
};

const double metrics_bounds_seconds[] = { 0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8,
					  1,     1.25,  1.5,  2,   3,   4,   5,   6,
					  8,     10,    15,   20,  30,  45,  60 };
const uint32_t metrics_bounds_seconds_count =
    sizeof metrics_bounds_seconds / sizeof metrics_bounds_seconds[0];

struct metrics *metrics_new(void)
{
	static const double no_bounds[1];
	struct metrics *metrics = mem_new(struct metrics);

	metrics->arena = arena_new(0);
	metrics->spare_histogram.bounds = no_bounds;
	metrics->spare_histogram.counts = arena_zalloc(metrics->arena, sizeof(_Atomic uint64_t));
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	vec_fini(&metrics->families);
	vec_fini(&metrics->collectors);
	map_fini(&metrics->by_name);
	map_fini(&metrics->by_labels);
	arena_free(metrics->arena);
	mem_free(metrics);
}

/* ---- making ----------------------------------------------------------------------------------------------- */

static struct family *family_of(struct metrics *metrics, enum kind kind, const char *name,
				const char *help)
{
	struct family *family = map_get(&metrics->by_name, str_from(name));

	if (family != NULL) {
		assert(family->kind == kind);
		return family;
	}
	family = arena_new_of(metrics->arena, struct family);
	family->kind = kind;
	family->name = arena_str(metrics->arena, str_from(name));
	family->help = arena_str(metrics->arena, str_from(help));
	map_put(&metrics->by_name, family->name, family);
	vec_push(&metrics->families, family);
	return family;
}

static struct series *add_series(struct metrics *metrics, struct family *family, struct str key,
				 const char *labels)
{
	struct series *series = arena_new_of(metrics->arena, struct series);

	series->labels = arena_str(metrics->arena, str_from(labels));
	if (family->last != NULL)
		family->last->next = series;
	else
		family->first = series;
	family->last = series;
	metrics->series_count++;
	map_put(&metrics->by_labels, key, series);
	return series;
}

/* NULL: there are too many. A new one is all zero. */
static struct series *series_of(struct metrics *metrics, enum kind kind, const char *name,
				const char *help, const char *labels, bool *is_new)
{
	struct family *family = family_of(metrics, kind, name, help);
	struct text key = text_new(NAME_BYTES_MAX);
	struct series *series;

	text_printf(&key, "%s{%s}", name, labels ? labels : "");
	assert(!key.is_cut);
	series = map_get(&metrics->by_labels, text_str(&key));
	*is_new = series == NULL;
	if (series == NULL && metrics->series_count < LIMIT_SERIES)
		series = add_series(metrics, family, text_str(&key), labels);
	else if (series == NULL)
		metrics->dropped++;
	text_fini(&key);
	return series;
}

struct metrics_counter *metrics_counter(struct metrics *metrics, const char *name, const char *help,
					const char *labels)
{
	bool is_new;
	struct series *series = series_of(metrics, COUNTER, name, help, labels, &is_new);

	return series ? &series->counter : &metrics->spare_counter;
}

struct metrics_gauge *metrics_gauge(struct metrics *metrics, const char *name, const char *help,
				    const char *labels)
{
	bool is_new;
	struct series *series = series_of(metrics, GAUGE, name, help, labels, &is_new);

	return series ? &series->gauge : &metrics->spare_gauge;
}

struct metrics_histogram *metrics_histogram(struct metrics *metrics, const char *name,
					    const char *help, const char *labels,
					    const double *bounds, uint32_t bound_count)
{
	bool is_new;
	struct series *series = series_of(metrics, HISTOGRAM, name, help, labels, &is_new);

	if (series == NULL)
		return &metrics->spare_histogram;
	if (is_new) {
		series->histogram.bounds = bounds;
		series->histogram.bound_count = bound_count;
		series->histogram.counts =
		    arena_zalloc(metrics->arena, (bound_count + 1) * sizeof(_Atomic uint64_t));
	}
	return &series->histogram;
}

void metrics_observe(struct metrics_histogram *histogram, double value)
{
	double sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
	uint32_t low = 0, high = histogram->bound_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (value <= histogram->bounds[middle])
			high = middle;
		else
			low = middle + 1;
	}
	atomic_fetch_add_explicit(&histogram->counts[low], 1, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&histogram->sum, &sum, sum + value,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

/* ---- the text ------------------------------------------------------------------------------------------------ */

/* The shortest that reads back as the same number, as Go prints them. */
static void add_number(struct text *out, double value)
{
	char number[NUMBER_TEXT];

	for (int digits = 6; digits <= 17; digits++) {
		double read;

		snprintf(number, sizeof number, "%.*g", digits, value);
		if (str_to_double(str_from(number), &read) == OK && read == value)
			break;
	}
	text_add(out, str_from(number));
}

void metrics_escape(struct text *out, struct str value)
{
	for (uint32_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c == '\\' || c == '"')
			text_add_char(out, '\\');
		if (c == '\n')
			text_lit(out, "\\n");
		else
			text_add_char(out, c);
	}
}

void metrics_head(struct text *out, const char *name, const char *kind, const char *help)
{
	text_printf(out, "# HELP %s ", name);
	for (; *help != '\0'; help++) {
		if (*help == '\\')
			text_add_char(out, '\\');
		if (*help == '\n')
			text_lit(out, "\\n");
		else
			text_add_char(out, *help);
	}
	text_printf(out, "\n# TYPE %s %s\n", name, kind);
}

void metrics_line(struct text *out, const char *name, const char *labels, double value)
{
	if (labels != NULL && labels[0] != '\0')
		text_printf(out, "%s{%s} ", name, labels);
	else
		text_printf(out, "%s ", name);
	add_number(out, value);
	text_add_char(out, '\n');
}

static void write_part(struct text *out, const struct family *family, const char *part,
		       struct str labels, const char *bound, uint64_t value)
{
	bool has_labels = labels.len > 0 || bound != NULL;

	text_printf(out, STR_FMT "%s%s" STR_FMT, STR_ARG(family->name), part, has_labels ? "{" : "",
		    STR_ARG(labels));
	if (bound != NULL)
		text_printf(out, "%sle=\"%s\"", labels.len > 0 ? "," : "", bound);
	text_printf(out, "%s %ju\n", has_labels ? "}" : "", (uintmax_t)value);
}

static void write_histogram(struct text *out, const struct family *family, struct series *series)
{
	struct metrics_histogram *histogram = &series->histogram;
	uint64_t count = 0;

	for (uint32_t i = 0; i <= histogram->bound_count; i++) {
		char bound[NUMBER_TEXT] = "+Inf";

		if (i < histogram->bound_count)
			snprintf(bound, sizeof bound, "%g", histogram->bounds[i]);
		count += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
		write_part(out, family, "_bucket", series->labels, bound, count);
	}
	text_printf(out, STR_FMT "_sum%s" STR_FMT "%s ", STR_ARG(family->name),
		    series->labels.len > 0 ? "{" : "", STR_ARG(series->labels),
		    series->labels.len > 0 ? "}" : "");
	add_number(out, atomic_load_explicit(&histogram->sum, memory_order_relaxed));
	text_add_char(out, '\n');
	write_part(out, family, "_count", series->labels, NULL, count);
}

static void write_series(struct text *out, const struct family *family, struct series *series)
{
	switch (family->kind) {
	case COUNTER:
		metrics_line(
		    out, family->name.at, series->labels.at,
		    (double)atomic_load_explicit(&series->counter.value, memory_order_relaxed));
		break;
	case GAUGE:
		metrics_line(
		    out, family->name.at, series->labels.at,
		    (double)atomic_load_explicit(&series->gauge.value, memory_order_relaxed));
		break;
	case HISTOGRAM: write_histogram(out, family, series); break;
	}
}

void metrics_on_write(struct metrics *metrics,
		      void (*collect)(void *arg, struct metrics *metrics, struct text *out),
		      void *arg)
{
	vec_push(&metrics->collectors, (struct collector){ collect, arg });
}

void metrics_write(struct metrics *metrics, struct text *out)
{
	for (uint32_t i = 0; i < metrics->families.len; i++) {
		const struct family *family = metrics->families.at[i];

		metrics_head(out, family->name.at, kind_names[family->kind], family->help.at);
		for (struct series *series = family->first; series != NULL; series = series->next)
			write_series(out, family, series);
	}
	for (uint32_t i = 0; i < metrics->collectors.len; i++)
		metrics->collectors.at[i].collect(metrics->collectors.at[i].arg, metrics, out);
	metrics_head(out, "troupe_metrics_dropped_series", "counter",
		     "Requests for a series past the limit.");
	metrics_line(out, "troupe_metrics_dropped_series", NULL, (double)metrics->dropped);
}
