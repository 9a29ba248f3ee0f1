#include <stdio.h>

#include "actors/server/flow/flow-private.h"
#include "actors/server/server-private.h"

/*
 * What /metrics tells of flows and levels, under upstream's names. Figures are kept where they come about, and written when they are asked
 * for: those of a schema or level that is gone are not shown any more.
 */
#define NAME(name) "apiserver_flowcontrol_" name
#define LABELS_MAX 1024U

static const double seconds[] = { 0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30 };
static const double lengths[] = { 0, 10, 25, 50, 100, 250, 500, 1000 };
static const double widths[] = { 1, 2, 4, 10 };
static const double watchers[] = { 0, 1, 10, 100, 1000, 10000 };

static const struct {
	const double *at;
	uint32_t len;
} bounds[] = {
	[FLOW_SECONDS] = { seconds, sizeof seconds / sizeof *seconds },
	[FLOW_LENGTHS] = { lengths, sizeof lengths / sizeof *lengths },
	[FLOW_WIDTHS] = { widths, sizeof widths / sizeof *widths },
	[FLOW_WATCHERS] = { watchers, sizeof watchers / sizeof *watchers },
};
_Static_assert(sizeof seconds / sizeof *seconds < LEVEL_BUCKETS, "one more is beyond the last");

void flow_tally(struct level_tally *tally, enum flow_bounds which, double value)
{
	uint32_t at = 0;

	while (at < bounds[which].len && value > bounds[which].at[at])
		at++;
	tally->counts[at]++;
	tally->sum += value;
}

/* ---- tallies ---------------------------------------------------------------------------------------------------- */

static void write_buckets(struct text *out, const char *name, const char *labels, const double *at,
			  uint32_t len, const uint64_t *counts, double total)
{
	char full[LABELS_MAX + 64], part[128];
	uint64_t sum = 0;

	for (uint32_t i = 0; i <= len; i++)
		sum += counts[i];
	if (sum == 0)
		return;
	sum = 0;
	snprintf(part, sizeof part, "%s_bucket", name);
	for (uint32_t i = 0; i <= len; i++) {
		sum += counts[i];
		if (i < len)
			snprintf(full, sizeof full, "%s,le=\"%g\"", labels, at[i]);
		else
			snprintf(full, sizeof full, "%s,le=\"+Inf\"", labels);
		metrics_line(out, part, full, (double)sum);
	}
	snprintf(part, sizeof part, "%s_sum", name);
	metrics_line(out, part, labels, total);
	snprintf(part, sizeof part, "%s_count", name);
	metrics_line(out, part, labels, (double)sum);
}

static void write_tally(struct text *out, const char *name, const char *labels,
			enum flow_bounds which, const struct level_tally *tally)
{
	uint64_t counts[LEVEL_BUCKETS];

	for (uint32_t i = 0; i < LEVEL_BUCKETS; i++)
		counts[i] = tally->counts[i];
	write_buckets(out, name, labels, bounds[which].at, bounds[which].len, counts, tally->sum);
}

static const char *labels_of(const struct level_schema *schema, const char *more, const char *value,
			     char buffer[LABELS_MAX])
{
	snprintf(buffer, LABELS_MAX,
		 "flow_schema=\"" STR_FMT "\",priority_level=\"" STR_FMT "\"%s%s%s",
		 STR_ARG(schema->name), STR_ARG(schema->level->name), more, value,
		 *more != '\0' ? "\"" : "");
	return buffer;
}

/* ---- schemas ---------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *kind, *help;
	uint32_t offset;
	bool is_wide;
} schema_figures[] = {
#define FIGURE(name_, kind_, help_, member, is_wide_)                                      \
	{                                                                                  \
		NAME(name_), kind_, help_, offsetof(struct level_schema, member), is_wide_ \
	}
	FIGURE("dispatched_requests_total", "counter", "Requests that were served.", dispatched,
	       true),
	FIGURE("current_inqueue_requests", "gauge", "Requests that wait.", counts.waiting, false),
	FIGURE("current_inqueue_seats", "gauge", "Seats that they wait for.", counts.seats_waiting,
	       false),
	FIGURE("current_executing_requests", "gauge", "Requests that run.", counts.running, false),
	FIGURE("current_executing_seats", "gauge", "Seats in use.", counts.seats, false),
	FIGURE("request_dispatch_no_accommodation_total", "counter",
	       "Times that the next request was too wide for the seats left.", counts.unroomed,
	       true),
#undef FIGURE
};

static const struct {
	const char *name, *help;
	enum flow_bounds bounds;
	uint32_t offset;
} schema_tallies[] = {
	{ NAME("request_queue_length_after_enqueue"),
	  "Requests that wait in a lane, with the new one.", FLOW_LENGTHS,
	  offsetof(struct level_schema, lengths) },
	{ NAME("work_estimated_seats"), "Seats that a request takes.", FLOW_WIDTHS,
	  offsetof(struct level_schema, widths) },
	{ NAME("watch_count_samples"), "Watchers that are told of a write.", FLOW_WATCHERS,
	  offsetof(struct level_schema, watchers) },
};

#define EACH_SCHEMA(flow, schema)                                    \
	list_each (&(flow)->levels.schemas, link)                    \
		for (const struct level_schema *schema =             \
			 list_item(link, struct level_schema, link); \
		     schema != NULL; schema = NULL)

static void write_figures(const struct flow *flow, struct text *out)
{
	char labels[LABELS_MAX];

	for (size_t i = 0; i < sizeof schema_figures / sizeof schema_figures[0]; i++) {
		metrics_head(out, schema_figures[i].name, schema_figures[i].kind,
			     schema_figures[i].help);
		EACH_SCHEMA(flow, schema)
		{
			const void *at = (const char *)schema + schema_figures[i].offset;

			metrics_line(out, schema_figures[i].name, labels_of(schema, "", "", labels),
				     schema_figures[i].is_wide ? (double)*(const uint64_t *)at
							       : *(const uint32_t *)at);
		}
	}
	metrics_head(out, NAME("rejected_requests_total"), "counter", "Requests that were refused.");
	EACH_SCHEMA(flow, schema)
	{
		for (uint32_t k = 0; k < LEVEL_REFUSALS; k++)
			if (schema->refused[k] > 0)
				metrics_line(
				    out, NAME("rejected_requests_total"),
				    labels_of(schema, ",reason=\"", level_refusal_names[k], labels),
				    (double)schema->refused[k]);
	}
}

static void write_tallies(const struct flow *flow, struct text *out)
{
	char labels[LABELS_MAX];

	for (size_t i = 0; i < sizeof schema_tallies / sizeof schema_tallies[0]; i++) {
		metrics_head(out, schema_tallies[i].name, "histogram", schema_tallies[i].help);
		EACH_SCHEMA(flow, schema)
		{
			const void *at = (const char *)schema + schema_tallies[i].offset;

			write_tally(out, schema_tallies[i].name, labels_of(schema, "", "", labels),
				    schema_tallies[i].bounds, at);
		}
	}
	metrics_head(out, NAME("request_wait_duration_seconds"), "histogram",
		     "How long a request waited.");
	EACH_SCHEMA(flow, schema)
	{
		for (int k = 0; k < 2; k++)
			write_tally(out, NAME("request_wait_duration_seconds"),
				    labels_of(schema, ",execute=\"", k ? "true" : "false", labels),
				    FLOW_SECONDS, &schema->waits[k]);
	}
	metrics_head(out, NAME("request_execution_seconds"), "histogram",
		     "How long a request ran; of a watch its first events.");
	EACH_SCHEMA(flow, schema)
	{
		for (enum verb verb = VERB_OTHER; verb < LEVEL_VERBS; verb++) {
			struct str name = verb_name(verb);

			write_tally(
			    out, NAME("request_execution_seconds"),
			    labels_of(schema, ",type=\"", name.len > 0 ? name.at : "other", labels),
			    FLOW_SECONDS, &schema->runs[verb]);
		}
	}
}

/* ---- levels ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *more, *help;
	uint32_t offset;
	bool is_double;
} level_figures[] = {
#define SEATS(name_, help_, member)                                           \
	{                                                                     \
		NAME(name_), "", help_, offsetof(struct level, member), false \
	}
#define HALF(name_, more_, help_, member)                                       \
	{                                                                       \
		NAME(name_), more_, help_, offsetof(struct level, member), true \
	}
	SEATS("nominal_limit_seats", "Seats of a level by its shares.", nominal),
	SEATS("lower_limit_seats", "Seats that it does not lend.", least),
	SEATS("upper_limit_seats", "Seats that it may have with borrowed ones.", most),
	SEATS("current_limit_seats", "Seats that it has now.", current),
	HALF("target_seats", "", "Seats that it would have.", target),
	HALF("demand_seats_high_watermark", "", "Seats that were wanted at most.",
	     queue.demand.high),
	HALF("demand_seats_average", "", "Seats that were wanted.", queue.demand.average),
	HALF("demand_seats_stdev", "", "How much that differed.", queue.demand.deviation),
	HALF("demand_seats_smoothed", "", "Both together, over time.", queue.demand.smoothed),
	HALF("current_r", "", "Seat-seconds of each lane.", queue.r),
	HALF("dispatch_r", "", "Those at the last turn.", queue.dispatched_r),
	HALF("latest_s", "", "When that one began, in seat-seconds.", queue.latest_s),
	HALF("next_s_bounds", ",bound=\"min\"", "Of the lanes where somebody waits.",
	     queue.next_s_min),
	HALF("next_s_bounds", ",bound=\"max\"", NULL, queue.next_s_max),
	HALF("next_discounted_s_bounds", ",bound=\"min\"", "The same without what runs.",
	     queue.discounted_min),
	HALF("next_discounted_s_bounds", ",bound=\"max\"", NULL, queue.discounted_max),
#undef SEATS
#undef HALF
};

static void write_levels(const struct flow *flow, struct text *out)
{
	char labels[LABELS_MAX];

	for (size_t i = 0; i < sizeof level_figures / sizeof level_figures[0]; i++) {
		if (level_figures[i].help != NULL)
			metrics_head(out, level_figures[i].name, "gauge", level_figures[i].help);
		list_each (&flow->levels.levels, link) {
			const struct level *level = list_item(link, struct level, link);
			const void *at = (const char *)level + level_figures[i].offset;

			snprintf(labels, sizeof labels, "priority_level=\"" STR_FMT "\"%s",
				 STR_ARG(level->name), level_figures[i].more);
			metrics_line(out, level_figures[i].name, labels,
				     level_figures[i].is_double ? *(const double *)at
								: *(const uint32_t *)at);
		}
	}
	metrics_head(out, NAME("seat_fair_frac"), "gauge",
		     "What fraction of its target each level has.");
	metrics_line(out, NAME("seat_fair_frac"), NULL, flow->levels.fair_fraction);
}

static const struct {
	const char *name, *labels, *help;
} share_figures[] = {
	[SHARE_WAITING] = { NAME("priority_level_request_utilization"), "phase=\"waiting\",",
			    "For how many nanoseconds what part of the limit waited, or ran." },
	[SHARE_RUNNING] = { NAME("priority_level_request_utilization"), "phase=\"executing\",",
			    NULL },
	[SHARE_SEATS] = { NAME("priority_level_seat_utilization"), "phase=\"executing\",",
			  "For how many nanoseconds what part of the seats was in use." },
	[SHARE_DEMAND] = { NAME("demand_seats"), "",
			   "For how many nanoseconds what part of its own seats a level wanted." },
};

static void write_shares(const struct flow *flow, struct mono now, struct text *out)
{
	char labels[LABELS_MAX];

	for (uint32_t i = 0; i < SHARE_COUNT; i++) {
		uint32_t len;
		const double *at = share_bounds((enum share)i, &len);

		if (share_figures[i].help != NULL)
			metrics_head(out, share_figures[i].name, "histogram", share_figures[i].help);
		list_each (&flow->levels.levels, link) {
			const struct level *level = list_item(link, struct level, link);
			struct share_times times = fair_queue_times(&level->queue, now);

			snprintf(labels, sizeof labels, "%spriority_level=\"" STR_FMT "\"",
				 share_figures[i].labels, STR_ARG(level->name));
			write_buckets(out, share_figures[i].name, labels, at, len, times.ns[i],
				      times.sums[i]);
		}
	}
}

/* ---- what reads against what changes something --------------------------------------------------------------------- */

static const double parts[] = { 0,   0.001, 0.01, 0.1, 0.2,  0.3,  0.4, 0.5,
				0.6, 0.7,   0.8,  0.9, 0.95, 0.99, 1 };
#define PARTS (sizeof parts / sizeof *parts)
_Static_assert(PARTS < FLOW_PART_BUCKETS, "one more is beyond the last");

/* The time that has passed since anything changed. */
static void add_time(struct flow_parts *all, uint32_t seats, struct mono now)
{
	int64_t ns = now.ns - all->at.ns;

	for (uint32_t i = 0; ns > 0 && i < 4; i++) {
		struct flow_part *part = &all->of[i / 2][i % 2];
		double share = part->count /
			       (i / 2 == FLOW_WAITING ? (double)FLOW_WAITING_MAX : (double)seats);
		uint32_t at = 0;

		while (at < PARTS && share > parts[at])
			at++;
		part->ns[at] += (uint64_t)ns;
		part->sum += share * (double)ns;
	}
	all->at = now;
}

void flow_count(struct flow *flow, const struct flow_ticket *ticket, enum flow_phase phase,
		int32_t change, struct mono now)
{
	struct flow_part *part = &flow->parts.of[phase][verb_is_write(ticket->verb)];

	assert(change > 0 || part->count > 0);
	add_time(&flow->parts, flow->levels.seats, now);
	part->count = (uint32_t)((int32_t)part->count + change);
}

static void write_parts(const struct flow *flow, struct mono now, struct text *out)
{
	static const char *const labels[2][2] = {
		{ "phase=\"waiting\",request_kind=\"readOnly\"",
		  "phase=\"waiting\",request_kind=\"mutating\"" },
		{ "phase=\"executing\",request_kind=\"readOnly\"",
		  "phase=\"executing\",request_kind=\"mutating\"" },
	};
	struct flow_parts all = flow->parts;

	add_time(&all, flow->levels.seats, now);
	metrics_head(out, NAME("read_vs_write_current_requests"), "histogram",
		     "For how many nanoseconds what part of the limit waited, or ran.");
	for (uint32_t i = 0; i < 4; i++)
		write_buckets(out, NAME("read_vs_write_current_requests"), labels[i / 2][i % 2],
			      parts, PARTS, all.of[i / 2][i % 2].ns, all.of[i / 2][i % 2].sum);
}

void flow_measure(const struct server *server, struct text *out)
{
	if (server->flow == NULL)
		return;
	write_figures(server->flow, out);
	write_tallies(server->flow, out);
	write_levels(server->flow, out);
	write_shares(server->flow, act_now(server->act), out);
	write_parts(server->flow, act_now(server->act), out);
}
