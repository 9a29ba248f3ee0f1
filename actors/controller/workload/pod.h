/*
 * Pods as controllers see them: alive, ready, available. Pure functions over records.
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_POD_H
#define ACTORS_CONTROLLER_WORKLOAD_POD_H

#include "datastore/schema/core.h"
#include "runtime/base/base.h"

/* The condition of that type, or NULL. */
const struct core_pod_condition *pod_condition(const struct core_pod *pod, const char *type);
bool pod_is_ready(const struct core_pod *pod);
bool pod_is_finished(const struct core_pod *pod); /* Succeeded or Failed */
bool pod_is_active(const struct core_pod *pod);   /* neither finished nor being deleted */
/* Ready for at least so long. *wait_ms, unless NULL, is how long until it will be; -1: not by time alone. */
bool pod_is_available(const struct core_pod *pod, int32_t min_ready_seconds, struct wall now,
		      int64_t *wait_ms);

/* The container port that a service's target port means on this pod: a number, or the name of one. 0: the pod has none. */
int32_t pod_port(const struct core_pod *pod, const struct core_service_port *port);

#endif
