/*
 * ReplicaSets: keeps as many pods of one template as asked for.
 *
 * Pods that match its selector and belong to nobody are adopted, its own that match no longer are let go. The status is
 * written before pods are made or deleted, so that what hinders them can be told.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/replicas.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/type.h"

#define REPLICA_FAILURE "ReplicaFailure"

static void report(const struct world *world, struct plan *plan, const struct apps_replica_set *set,
		   const struct replica_counts *counts)
{
	struct apps_replica_set_status *status = plan_status(plan, set, apps_replica_set)->status;

	SET(status, replicas, counts->pods);
	SET(status, fully_labeled_replicas, counts->labelled);
	SET(status, ready_replicas, counts->ready);
	SET(status, available_replicas, counts->available);
	SET(status, terminating_replicas, counts->terminating);
	SET(status, observed_generation, set->metadata->generation);
	if (counts->failure == NULL)
		condition_remove(&status->conditions, REPLICA_FAILURE, apps_replica_set_condition);
	else if (condition_find(&status->conditions, REPLICA_FAILURE, apps_replica_set_condition) ==
		 NULL)
		condition_set(plan_arena(plan), &status->conditions, world_now(world),
			      apps_replica_set_condition, REPLICA_FAILURE, "True", counts->failure,
			      counts->message);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct apps_replica_set *set = world_get(world, key, apps_replica_set);
	struct replica_counts counts;
	struct replicas replicas;
	struct records pods;

	if (set == NULL)
		return OK;
	replicas = (struct replicas){ .type = &apps_replica_set_type,
				      .owner = set->metadata,
				      .selector = set->spec->selector,
				      .template = set->spec->template,
				      .wanted = set->spec->replicas,
				      .min_ready_seconds = set->spec->min_ready_seconds };
	pods = replicas_look(&replicas, world, plan, &counts);
	report(world, plan, set, &counts);
	replicas_move(&replicas, world, plan, pods);
	return OK;
}

static const struct meta_label_selector *selector_of(const void *set)
{
	return ((const struct apps_replica_set *)set)->spec->selector;
}

/* A pod without an owner may be one to adopt. */
static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;

	(void)old;
	if (pod_is_active(pod))
		owner_wake_adopters(world, pod->metadata, &apps_replica_set_type, selector_of, to);
}

const struct controller replica_set_controller = {
	.name = "replicaset",
	.account = "replicaset-controller",
	.reconciles = &apps_replica_set_type,
	.owns = { &core_pod_type },
	.triggers = { { &core_pod_type, pod_wakes } },
	.workers = 16,
	.patches = { &core_pod_type },
	.reconcile = reconcile,
};
