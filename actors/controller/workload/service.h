/*
 * Services as the endpoints controllers see them.
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_SERVICE_H
#define ACTORS_CONTROLLER_WORKLOAD_SERVICE_H

#include "actors/controller/controller.h"
#include "datastore/schema/core.h"

/* Whether controllers find the endpoints; else somebody writes them by hand. */
bool service_has_selector(const struct core_service *service);

/* A trigger: the services that select a pod, or did before it changed, if what changed is seen in their endpoints. */
void service_wake_for_pod(const struct world *world, const struct object *object,
			  const struct object *old, struct wake *to);

#endif
