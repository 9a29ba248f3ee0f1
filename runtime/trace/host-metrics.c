#include "runtime/trace/host-metrics.h"

#include <stdio.h>

struct row {
	const char *name, *kind, *help;
	size_t offset;
	bool is_wide; /* 64 bits, not 32 */
};
#define WIDE(name, kind, member, help)                                       \
	{                                                                    \
		name, kind, help, offsetof(struct act_host_stats, member), 1 \
	}
#define NARROW(name, member, help)                                              \
	{                                                                       \
		name, "gauge", help, offsetof(struct act_host_stats, member), 0 \
	}

static const struct row rows[] = {
	WIDE("troupe_messages_total", "counter", messages, "Messages that were handled."),
	WIDE("troupe_activations_total", "counter", activations,
	     "Times an actor was given the thread."),
	WIDE("troupe_turns_total", "counter", turns, "Turns of the loop."),
	WIDE("troupe_posts_total", "counter", posts, "Messages from other threads."),
	WIDE("troupe_actors_spawned_total", "counter", spawned, "Actors that began."),
	WIDE("troupe_actors_ended_total", "counter", ended, "Actors that ended, in whatever way."),
	WIDE("troupe_actors_crashed_total", "counter", crashed, "Actors that crashed."),
	WIDE("troupe_restarts_total", "counter", restarts, "Children started again."),
	WIDE("troupe_link_sent_total", "counter", sent_over_links, "Messages to other hosts."),
	WIDE("troupe_link_received_total", "counter", received_over_links,
	     "Messages from other hosts."),
	NARROW("troupe_actors", actors, "Actors that live."),
	NARROW("troupe_tasks", tasks, "Coroutines that wait or run."),
	NARROW("troupe_timers", timers, "Timers that are set."),
	NARROW("troupe_requests", requests, "Requests between actors that wait for an answer."),
	NARROW("troupe_jobs", jobs, "Jobs on other threads."),
};

static double value_of(const struct act_host_stats *stats, const struct row *row)
{
	const char *at = (const char *)stats + row->offset;

	return row->is_wide ? (double)*(const uint64_t *)(const void *)at
			    : (double)*(const uint32_t *)(const void *)at;
}

static void write_dead(const struct act_host_stats *stats, const char *host, struct text *out)
{
	char labels[128];

	metrics_head(out, "troupe_dead_letters_total", "counter",
		     "Messages that nobody handled, by reason.");
	for (int reason = 0; reason < ACT_DEAD_COUNT; reason++) {
		snprintf(labels, sizeof labels, "%s,reason=\"%s\"", host,
			 act_dead_name((enum act_dead)reason));
		metrics_line(out, "troupe_dead_letters_total", labels, (double)stats->dead[reason]);
	}
}

/* ---- by class: an actor's own series would end with it, and there may be millions ---- */

static const struct class_row {
	const char *name, *kind, *help;
	size_t offset;
	double scale;
} class_rows[] = {
	{ "troupe_class_actors", "gauge", "Actors that live, by class.",
	  offsetof(struct act_class_info, living), 1 },
	{ "troupe_class_messages_total", "counter", "Messages that were handled, by class.",
	  offsetof(struct act_class_info, messages), 1 },
	{ "troupe_class_run_seconds_total", "counter", "Time on the thread, by class.",
	  offsetof(struct act_class_info, run_ns), 1e-9 },
	{ "troupe_class_ended_total", "counter", "Actors that ended, in whatever way, by class.",
	  offsetof(struct act_class_info, ended), 1 },
	{ "troupe_class_crashed_total", "counter", "Actors that crashed or were killed, by class.",
	  offsetof(struct act_class_info, crashed), 1 },
	{ "troupe_class_waiting", "gauge", "Messages in mailboxes, by class.",
	  offsetof(struct act_class_info, waiting), 1 },
	{ "troupe_class_memory_bytes", "gauge", "Memory of actors, by class.",
	  offsetof(struct act_class_info, memory_bytes), 1 },
};

struct class_writing {
	const struct class_row *row;
	const char *host;
	struct text *out;
};

static void write_class(void *arg, const struct act_class_info *info)
{
	const struct class_writing *writing = arg;
	const char *at = (const char *)info + writing->row->offset;
	char labels[160];

	snprintf(labels, sizeof labels, "%s,class=\"%.60s\"", writing->host, info->name);
	metrics_line(writing->out, writing->row->name, labels,
		     (double)*(const uint64_t *)(const void *)at * writing->row->scale);
}

static void write_classes(const struct act_host *host, const char *labels, struct text *out)
{
	for (size_t i = 0; i < sizeof class_rows / sizeof class_rows[0]; i++) {
		struct class_writing writing = { &class_rows[i], labels, out };

		metrics_head(out, class_rows[i].name, class_rows[i].kind, class_rows[i].help);
		act_host_each_class(host, write_class, &writing);
	}
}

static void collect(void *arg, struct metrics *metrics, struct text *out)
{
	struct act_host *host = arg;
	struct act_host_stats stats = { 0 };
	char labels[64];

	(void)metrics;
	act_host_stats(host, &stats);
	snprintf(labels, sizeof labels, "host=\"%s\"", act_host_name(host));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		metrics_head(out, rows[i].name, rows[i].kind, rows[i].help);
		metrics_line(out, rows[i].name, labels, value_of(&stats, &rows[i]));
	}
	write_dead(&stats, labels, out);
	write_classes(host, labels, out);
	metrics_head(out, "troupe_longest_run_seconds", "gauge",
		     "The longest activation since the last look.");
	metrics_line(out, "troupe_longest_run_seconds", labels, (double)stats.longest_run_ns / 1e9);
}

void host_metrics_add(struct metrics *metrics, struct act_host *host)
{
	metrics_on_write(metrics, collect, host);
}
