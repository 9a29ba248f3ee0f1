#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"

/*
 * The ReplicaSet.
 */

static struct apps_replica_set *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct apps_replica_set *old_of(const struct kind_change *change)
{
	return change->old;
}

static void prepare(struct kind_change *change)
{
	pod_spec_drop(change, new_of(change)->spec->template->metadata);
}

static void check_spec(struct kind_change *change, const struct path *at)
{
	const struct apps_replica_set_spec *spec = new_of(change)->spec;
	struct pod_tolerance tolerance = pod_tolerance_of_template(
	    change->arena, change->old ? old_of(change)->spec->template : NULL);

	rule_not_negative(PATH(at, "replicas"), spec->replicas);
	rule_not_negative(PATH(at, "minReadySeconds"), spec->min_ready_seconds);
	workload_check_replicated(at, spec->selector, spec->template, &tolerance);
}

static void validate_create(struct kind_change *change)
{
	check_spec(change, PATH_ROOT(change->faults, "spec"));
	workload_warn_of_name(change);
	workload_warn_of_template(change, new_of(change)->spec->template);
}

static void validate_update(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");

	check_spec(change, at);
	rule_unchanged(PATH(at, "selector"), &apps_replica_set_spec_type, "selector",
		       new_of(change)->spec, old_of(change)->spec);
	if (kind_is_new_generation(change))
		workload_warn_of_template(change, new_of(change)->spec->template);
}

static void validate_status(struct kind_change *change)
{
	static const char *const counts[] = {
		"replicas",          "fullyLabeledReplicas", "readyReplicas",
		"availableReplicas", "observedGeneration",   "terminatingReplicas",
	};
	const struct type *type = &apps_replica_set_status_type;
	const struct apps_replica_set_status *now = new_of(change)->status;
	const struct path *at = PATH_ROOT(change->faults, "status");

	workload_check_counts(at, type, now, counts, sizeof counts / sizeof counts[0]);
	workload_check_available(at, type, now, "fullyLabeledReplicas");
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_replica_set = {
	.group = "apps",
	.kind = "ReplicaSet",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.prepare_create = prepare,
	.prepare_update = prepare,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
