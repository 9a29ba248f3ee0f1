#include "actors/scheduler/tally.h"

#include <stdio.h>

#define PROFILE "profile=\"default-scheduler\""
#define ATTEMPTS_SHOWN 15U /* upstream's */

static const double attempt_bounds[] = { 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
					 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384 };
static const double wait_bounds[] = { 0.01,   0.02,   0.04,   0.08,    0.16,    0.32,   0.64,
				      1.28,   2.56,   5.12,   10.24,   20.48,   40.96,  81.92,
				      163.84, 327.68, 655.36, 1310.72, 2621.44, 5242.88 };
static const double victim_bounds[] = { 1, 2, 4, 8, 16, 32, 64 };
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

void tally_init(struct tally *tally, struct metrics *metrics)
{
	static const char *const places[TALLY_PLACES] = { "queue=\"active\"", "queue=\"backoff\"",
							  "queue=\"unschedulable\"",
							  "queue=\"gated\"" };
	static const char *const results[TALLY_RESULTS] = { PROFILE ",result=\"scheduled\"",
							    PROFILE ",result=\"unschedulable\"",
							    PROFILE ",result=\"error\"" };

	*tally = (struct tally){ .metrics = metrics };
	if (metrics == NULL)
		return;
	for (uint32_t i = 0; i < TALLY_PLACES; i++)
		tally->pending[i] = metrics_gauge(metrics, "scheduler_pending_pods",
						  "Pods that wait for a node.", places[i]);
	for (uint32_t i = 0; i < TALLY_RESULTS; i++)
		tally->attempts[i] =
		    metrics_counter(metrics, "scheduler_schedule_attempts_total",
				    "Tries to find a pod a node, by what came of them.", results[i]);
	for (uint32_t i = 0; i < TALLY_RESULTS; i++)
		tally->durations[i] =
		    metrics_histogram(metrics, "scheduler_scheduling_attempt_duration_seconds",
				      "How long a try takes, with the binding.", results[i],
				      attempt_bounds, COUNT(attempt_bounds));
	tally->preemptions =
	    metrics_counter(metrics, "scheduler_preemption_attempts_total",
			    "How often pods had to go for a more important one.", NULL);
	tally->victims =
	    metrics_histogram(metrics, "scheduler_preemption_victims", "How many of them.", NULL,
			      victim_bounds, COUNT(victim_bounds));
}

void tally_pending(const struct tally *tally, const struct pod_queue *queue)
{
	if (tally->metrics == NULL)
		return;
	metrics_set(tally->pending[0], pod_queue_count(queue, POD_ACTIVE));
	metrics_set(tally->pending[1], (int64_t)pod_queue_count(queue, POD_BACKOFF) +
					   pod_queue_count(queue, POD_ERROR_BACKOFF));
	metrics_set(tally->pending[2], pod_queue_count(queue, POD_UNSCHEDULABLE));
	metrics_set(tally->pending[3], pod_queue_count(queue, POD_GATED));
}

static void scheduled(const struct tally *tally, const struct queued *item, struct mono now)
{
	bool is_many = item->attempts >= ATTEMPTS_SHOWN;
	char labels[32];

	snprintf(labels, sizeof labels, "attempts=\"%u%s\"",
		 is_many ? ATTEMPTS_SHOWN : item->attempts, is_many ? "+" : "");
	metrics_observe(metrics_histogram(tally->metrics,
					  "scheduler_pod_scheduling_sli_duration_seconds",
					  "How long a pod waits from when it came until it has a "
					  "node.",
					  labels, wait_bounds, COUNT(wait_bounds)),
			(double)(now.ns - item->came.ns) / TIME_S);
}

void tally_tried(const struct tally *tally, const struct queued *item, enum tally_result result,
		 struct mono now)
{
	if (tally->metrics == NULL)
		return;
	metrics_add(tally->attempts[result], 1);
	metrics_observe(tally->durations[result], (double)(now.ns - item->tried.ns) / TIME_S);
	if (result == TALLY_SCHEDULED)
		scheduled(tally, item, now);
}

void tally_preempts(const struct tally *tally, uint32_t victims)
{
	if (tally->metrics == NULL)
		return;
	metrics_add(tally->preemptions, 1);
	metrics_observe(tally->victims, victims);
}
