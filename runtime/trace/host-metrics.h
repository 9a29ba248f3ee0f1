/*
 * What a host counts about its actors, as metrics: messages, dead letters by reason, actors, restarts, timers.
 *
 * Called once at the host's start; the registry and the host must live together. Nothing is counted twice: the host's own
 * numbers (act_host_stats) are read while the text is written, on the host's thread.
 */
#ifndef RUNTIME_TRACE_HOST_METRICS_H
#define RUNTIME_TRACE_HOST_METRICS_H

#include "runtime/actor/act-host.h"
#include "runtime/trace/metrics.h"

void host_metrics_add(struct metrics *metrics, struct act_host *host);

#endif
