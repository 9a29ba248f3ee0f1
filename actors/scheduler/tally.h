/*
 * What the scheduler counts, under upstream's names: scheduler_*.
 *
 * For the scheduler's actor. Without a registry it counts nothing.
 */
#ifndef ACTORS_SCHEDULER_TALLY_H
#define ACTORS_SCHEDULER_TALLY_H

#include "actors/scheduler/queue/pod-queue.h"
#include "runtime/trace/metrics.h"

enum tally_result { TALLY_SCHEDULED, TALLY_UNSCHEDULABLE, TALLY_ERROR };
#define TALLY_RESULTS 3U
#define TALLY_PLACES 4U

struct tally {
	struct metrics *metrics; /* NULL: nothing is counted */
	struct metrics_gauge *pending[TALLY_PLACES];
	struct metrics_counter *attempts[TALLY_RESULTS], *preemptions;
	struct metrics_histogram *durations[TALLY_RESULTS], *victims;
};

void tally_init(struct tally *tally, struct metrics *metrics);
void tally_pending(const struct tally *tally, const struct pod_queue *queue);
/* Of the item's last try, which began at item->tried; one that is scheduled has waited since item->came. */
void tally_tried(const struct tally *tally, const struct queued *item, enum tally_result result,
		 struct mono now);
void tally_preempts(const struct tally *tally, uint32_t victims);

#endif
