/*
 * The process itself as metrics of its host, under the names that every program of Kubernetes has: processor time, memory, when it began.
 *
 * Read from /proc while they are written; where that cannot be read nothing is said.
 */
#ifndef DEPLOY_MAIN_HOST_PROCESS_METRICS_H
#define DEPLOY_MAIN_HOST_PROCESS_METRICS_H

#include "runtime/actor/seams.h"
#include "runtime/trace/metrics.h"

/* `files` and the arena live as long as the metrics. `labels`: of a host whose page stands behind another's; else NULL. */
void process_metrics_add(struct metrics *metrics, const struct seams_files *files,
			 const char *labels, struct arena *arena);

#endif
