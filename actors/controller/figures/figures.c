#include "actors/controller/figures/figures.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "runtime/base/base.h"

#define PAGE_BYTES_MAX (4U * MIB)
#define WORKERS_MAX 64U
#define LABELS_MAX 128U

/* Upstream's: from 10 ns, each ten times the one before. */
static const double bounds[] = { 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10 };
#define BOUNDS (sizeof bounds / sizeof bounds[0])
static const double second_bounds[] = { 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60 };
static const double byte_bounds[] = { 64,    256,    512,     1024,    4096,    16384,
				      65536, 262144, 1048576, 4194304, 16777216 };
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct figures_work {
	const char *name;
	struct figures *figures;
	struct metrics_gauge *depth;
	struct metrics_counter *adds, *retries;
	struct metrics_histogram *queued, *worked;
	uint64_t adds_before, retries_before; /* of the queue that there is now */
	struct mono began[WORKERS_MAX];       /* 0: it does nothing */
};

struct figures {
	struct metrics *metrics;
	struct mono now; /* while it is written */
	struct figures_work works[FIGURES_WORKS_MAX];
	uint32_t count;
};

/* ---- what is under way ------------------------------------------------------------------------------------- */

static double seconds_since(struct mono then, struct mono now)
{
	return then.ns == 0 || now.ns < then.ns ? 0 : (double)(now.ns - then.ns) / TIME_S;
}

static double under_way(const struct figures_work *work, struct mono now, bool is_longest)
{
	double all = 0, longest = 0;

	for (uint32_t i = 0; i < WORKERS_MAX; i++) {
		double seconds = seconds_since(work->began[i], now);

		all += seconds;
		longest = seconds > longest ? seconds : longest;
	}
	return is_longest ? longest : all;
}

static void collect(void *arg, struct metrics *metrics, struct text *out)
{
	static const char *const names[] = { "workqueue_unfinished_work_seconds",
					     "workqueue_longest_running_processor_seconds" };
	const struct figures *figures = arg;
	char labels[LABELS_MAX];

	(void)metrics;
	for (uint32_t n = 0; n < 2; n++) {
		metrics_head(out, names[n], "gauge",
			     n == 0 ? "For how long keys are worked on that are not done, together."
				    : "For how long the one of them that takes the longest.");
		for (uint32_t i = 0; i < figures->count; i++) {
			snprintf(labels, sizeof labels, "name=\"%s\"", figures->works[i].name);
			metrics_line(out, names[n], labels,
				     under_way(&figures->works[i], figures->now, n == 1));
		}
	}
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

struct figures *figures_new(void)
{
	struct figures *figures = mem_new(struct figures);

	figures->metrics = metrics_new();
	metrics_on_write(figures->metrics, collect, figures);
	figures_lead(figures, false);
	return figures;
}

struct figures *figures_of(struct metrics *metrics)
{
	struct figures *figures = mem_new(struct figures);

	figures->metrics = metrics;
	return figures;
}

void figures_free(struct figures *figures)
{
	if (figures == NULL)
		return;
	metrics_free(figures->metrics);
	mem_free(figures);
}

struct metrics *figures_metrics(struct figures *figures)
{
	return figures != NULL ? figures->metrics : NULL;
}

void figures_lead(struct figures *figures, bool is_leader)
{
	static const char *const labels[] = { "name=\"kube-controller-manager\"",
					      "name=\"kube-scheduler\"" };

	for (uint32_t i = 0; figures != NULL && i < 2; i++)
		metrics_set(metrics_gauge(figures->metrics, "leader_election_master_status",
					  "1: they act here.", labels[i]),
			    is_leader);
}

static void make(struct figures_work *work, struct metrics *metrics)
{
	char labels[LABELS_MAX];

	snprintf(labels, sizeof labels, "name=\"%s\"", work->name);
	work->depth = metrics_gauge(metrics, "workqueue_depth", "Keys that wait.", labels);
	work->adds =
	    metrics_counter(metrics, "workqueue_adds_total", "Keys that came to wait.", labels);
	work->retries = metrics_counter(metrics, "workqueue_retries_total",
					"Keys that failed and come again.", labels);
	work->queued =
	    metrics_histogram(metrics, "workqueue_queue_duration_seconds",
			      "How long a key waits before it is taken.", labels, bounds, BOUNDS);
	work->worked = metrics_histogram(metrics, "workqueue_work_duration_seconds",
					 "How long a key is worked on.", labels, bounds, BOUNDS);
}

struct figures_work *figures_work(struct figures *figures, const char *name)
{
	struct figures_work *work = NULL;

	for (uint32_t i = 0; figures != NULL && i < figures->count; i++)
		if (strcmp(figures->works[i].name, name) == 0)
			work = &figures->works[i];
	if (figures == NULL || (work == NULL && figures->count == FIGURES_WORKS_MAX))
		return NULL;
	if (work == NULL) {
		work = &figures->works[figures->count++];
		work->name = name;
		work->figures = figures;
		make(work, figures->metrics);
	}
	memset(work->began, 0, sizeof work->began);
	work->adds_before = work->retries_before = 0;
	return work;
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

void figures_took(struct figures_work *work, uint32_t worker, struct mono ready, struct mono now)
{
	if (work == NULL)
		return;
	assert(worker < WORKERS_MAX);
	work->began[worker] = now;
	metrics_observe(work->queued, seconds_since(ready, now));
}

void figures_did(struct figures_work *work, uint32_t worker, struct mono now)
{
	if (work == NULL)
		return;
	metrics_observe(work->worked, seconds_since(work->began[worker], now));
	work->began[worker].ns = 0;
}

void figures_queue(struct figures_work *work, const struct queue_stats *stats)
{
	if (work == NULL)
		return;
	metrics_set(work->depth, stats->waiting);
	metrics_add(work->adds, stats->adds - work->adds_before);
	metrics_add(work->retries, stats->retries - work->retries_before);
	work->adds_before = stats->adds;
	work->retries_before = stats->retries;
}

void figures_asked(struct figures_work *work, const struct figures_call *call)
{
	struct metrics *metrics;
	char labels[LABELS_MAX];

	if (work == NULL)
		return;
	metrics = work->figures->metrics;
	snprintf(labels, sizeof labels, "code=\"%s%.0d\",host=\"api\",method=\"%s\"",
		 call->code == 0 ? "<error>" : "", call->code, call->method);
	metrics_add(metrics_counter(metrics, "rest_client_requests_total",
				    "What controllers have written, by the answer.", labels),
		    1);
	snprintf(labels, sizeof labels, "host=\"api\",verb=\"%s\"", call->method);
	metrics_observe(metrics_histogram(metrics, "rest_client_request_duration_seconds",
					  "How long they waited for the answer.", labels,
					  second_bounds, COUNT(second_bounds)),
			(double)call->ns / TIME_S);
	metrics_observe(metrics_histogram(metrics, "rest_client_request_size_bytes",
					  "How much they sent.", labels, byte_bounds,
					  COUNT(byte_bounds)),
			call->sent_bytes);
	metrics_observe(metrics_histogram(metrics, "rest_client_response_size_bytes",
					  "How much they were answered.", labels, byte_bounds,
					  COUNT(byte_bounds)),
			call->got_bytes);
}

void figures_write(struct figures *figures, struct mono now, struct text *out)
{
	int64_t end;

	if (figures == NULL)
		return;
	figures->now = now;
	metrics_write(figures->metrics, out);
	/* The page that this stands behind has a line of that name. */
	end = str_find(text_str(out), STR("# HELP troupe_metrics_dropped_series"));
	if (end >= 0)
		out->len = (uint32_t)end;
}

/* ---- the actor --------------------------------------------------------------------------------------------------- */

struct asked {
	struct figures *figures;
};

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	const struct asked *asked = state;
	struct api_answer answer = { .code = 200, .content_type = STR("text/plain") };
	struct text out;

	if (!ACT_IS(msg, api_call))
		return ACT_UNHANDLED;
	answer.arena = arena_new(0);
	out = text_in(answer.arena, PAGE_BYTES_MAX);
	figures_write(asked->figures, act_now(act), &out);
	answer.body = text_str(&out);
	if (act_reply(act, msg, &api_answer_type, &answer) != OK)
		arena_free(answer.arena);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct asked *)state)->figures = (struct figures *)(uintptr_t)args;
	return OK;
}

const struct act_class figures_class = {
	.name = FIGURES_NAME, .state_size = sizeof(struct asked), .init = init, .receive = receive
};
