/*
 * ReplicationControllers: the older form of ReplicaSets; what both do stands in actors/controller/workload/replicas.h.
 *
 * Its selector is a plain map. The kind's own defaults make one of its template's labels, so there always is one.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/replicas.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

#define REPLICA_FAILURE "ReplicaFailure"

static void report(const struct world *world, struct plan *plan,
		   const struct core_replication_controller *owner,
		   const struct replica_counts *counts)
{
	struct core_replication_controller_status *status =
	    plan_status(plan, owner, core_replication_controller)->status;

	SET(status, replicas, counts->pods);
	SET(status, fully_labeled_replicas, counts->labelled);
	SET(status, ready_replicas, counts->ready);
	SET(status, available_replicas, counts->available);
	SET(status, observed_generation, owner->metadata->generation);
	if (counts->failure == NULL)
		condition_remove(&status->conditions, REPLICA_FAILURE,
				 core_replication_controller_condition);
	else if (condition_find(&status->conditions, REPLICA_FAILURE,
				core_replication_controller_condition) == NULL)
		condition_set(plan_arena(plan), &status->conditions, world_now(world),
			      core_replication_controller_condition, REPLICA_FAILURE, "True",
			      counts->failure, counts->message);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_replication_controller *owner =
	    world_get(world, key, core_replication_controller);
	struct meta_label_selector selector = { 0 };
	struct replica_counts counts;
	struct replicas replicas;
	struct records pods;

	if (owner == NULL || owner->spec->template == NULL || owner->spec->selector.len == 0)
		return OK;
	selector.match_labels = owner->spec->selector;
	replicas = (struct replicas){ .type = &core_replication_controller_type,
				      .owner = owner->metadata,
				      .selector = &selector,
				      .template = owner->spec->template,
				      .wanted = owner->spec->replicas,
				      .min_ready_seconds = owner->spec->min_ready_seconds };
	pods = replicas_look(&replicas, world, plan, &counts);
	report(world, plan, owner, &counts);
	replicas_move(&replicas, world, plan, pods);
	return OK;
}

static bool selects(const struct core_replication_controller *owner, struct str_map labels)
{
	return owner->spec->selector.len > 0 && str_map_has_all(labels, owner->spec->selector);
}

/* A pod without an owner may be one to adopt. */
static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;
	struct records owners;

	(void)old;
	if (!pod_is_active(pod) || owner_of(pod->metadata) != NULL)
		return;
	owners = world_list(world, pod->metadata->namespace, core_replication_controller);
	for (uint32_t i = 0; i < owners.len; i++) {
		const struct core_replication_controller *owner =
		    record_at(owners, i, core_replication_controller);

		if (selects(owner, pod->metadata->labels))
			wake_key(to, owner->metadata->namespace, owner->metadata->name);
	}
}

const struct controller replication_controller = {
	.name = "replicationcontroller",
	.account = "replication-controller",
	.reconciles = &core_replication_controller_type,
	.owns = { &core_pod_type },
	.triggers = { { &core_pod_type, pod_wakes } },
	.patches = { &core_pod_type },
	.reconcile = reconcile,
};
