#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"

/*
 * The Deployment. Its rollback, which is a field no more, stands in an annotation; so annotations are part of its generation.
 */

#define ROLLBACK STR("deprecated.deployment.rollback.to")

static struct apps_deployment *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct apps_deployment *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- before rules ------------------------------------------------------------------------------------------- */

/* 0: none is wanted. */
static bool read_rollback(struct kind_change *change, int64_t *revision)
{
	struct str text = str_map_get(new_of(change)->metadata->annotations, ROLLBACK);

	*revision = 0;
	return text.len == 0 ||
	       workload_read_number(
		   change, text,
		   arena_cstr(change->arena,
			      arena_printf(change->arena,
					   "failed to parse annotation[deprecated.deployment."
					   "rollback.to]=" STR_FMT " as int64: ",
					   STR_ARG(text))),
		   revision);
}

static void prepare_create(struct kind_change *change)
{
	int64_t revision;

	if (read_rollback(change, &revision))
		pod_spec_drop(change, new_of(change)->spec->template->metadata);
}

static void prepare_update(struct kind_change *change)
{
	struct meta_object_meta *meta = new_of(change)->metadata;
	int64_t revision;

	if (!read_rollback(change, &revision))
		return;
	pod_spec_drop(change, new_of(change)->spec->template->metadata);
	/* A change of the spec is counted by kind_update. */
	if (record_equal(&apps_deployment_spec_type, new_of(change)->spec, old_of(change)->spec) &&
	    !record_equal_field(type_field(&meta_object_meta_type, STR("annotations")), meta,
				old_of(change)->metadata))
		SET(meta, generation, meta->generation + 1);
}

static void prepare_status(struct kind_change *change)
{
	kind_prepare_status(change);
	new_of(change)->metadata->labels = old_of(change)->metadata->labels;
}

/* ---- rules ------------------------------------------------------------------------------------------------------ */

static void check_rolling(const struct path *at,
			  const struct apps_rolling_update_deployment *rolling)
{
	const struct path *unavailable = PATH(at, "maxUnavailable");

	rule_count_or_percent(unavailable, rolling->max_unavailable);
	rule_count_or_percent(PATH(at, "maxSurge"), rolling->max_surge);
	/* Neither one less nor one more: nothing would ever happen. */
	if (rule_is_nothing(rolling->max_unavailable) && rule_is_nothing(rolling->max_surge))
		path_fault(unavailable, FAULT_INVALID,
			   rule_shown_count(unavailable, rolling->max_unavailable),
			   "may not be 0 when `maxSurge` is 0");
	rule_at_most_100_percent(unavailable, rolling->max_unavailable);
}

static struct str shown(const struct path *at, const struct apps_deployment_strategy *strategy)
{
	const struct apps_rolling_update_deployment *rolling = strategy->rolling_update;

	return workload_shown_strategy(at, strategy->type,
				       rolling ? &rolling->max_unavailable : NULL,
				       rolling ? &rolling->max_surge : NULL);
}

static void check_strategy(const struct path *at, const struct apps_deployment_strategy *strategy)
{
	const struct path *rolling = PATH(at, "rollingUpdate");

	if (str_is(strategy->type, "Recreate")) {
		if (strategy->rolling_update != NULL)
			path_forbidden(rolling, "may not be specified when strategy `type` is "
						"'Recreate'");
	} else if (!str_is(strategy->type, "RollingUpdate")) {
		path_fault(at, FAULT_NOT_SUPPORTED, shown(at, strategy),
			   "supported values: \"Recreate\", \"RollingUpdate\"");
	} else if (strategy->rolling_update == NULL) {
		path_required(rolling, "this should be defaulted and never be nil");
	} else {
		check_rolling(rolling, strategy->rolling_update);
	}
}

static void check_progress(const struct path *at, const struct apps_deployment_spec *spec)
{
	if (!spec->has.progress_deadline_seconds)
		return;
	rule_not_negative(at, spec->progress_deadline_seconds);
	if (spec->progress_deadline_seconds <= spec->min_ready_seconds)
		path_invalid_number(at, spec->progress_deadline_seconds,
				    "must be greater than minReadySeconds");
}

static void check_spec(struct kind_change *change, const struct path *at)
{
	const struct apps_deployment_spec *spec = new_of(change)->spec;
	struct pod_tolerance tolerance = pod_tolerance_of_template(
	    change->arena, change->old ? old_of(change)->spec->template : NULL);
	int64_t revision;

	rule_not_negative(PATH(at, "replicas"), spec->replicas);
	workload_check_replicated(at, spec->selector, spec->template, &tolerance);
	check_strategy(PATH(at, "strategy"), spec->strategy);
	rule_not_negative(PATH(at, "minReadySeconds"), spec->min_ready_seconds);
	rule_not_negative(PATH(at, "revisionHistoryLimit"), spec->revision_history_limit);
	if (read_rollback(change, &revision))
		rule_not_negative(PATH(PATH(at, "rollback"), "version"), revision);
	check_progress(PATH(at, "progressDeadlineSeconds"), spec);
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
	rule_unchanged(PATH(at, "selector"), &apps_deployment_spec_type, "selector",
		       new_of(change)->spec, old_of(change)->spec);
	if (kind_is_new_generation(change))
		workload_warn_of_template(change, new_of(change)->spec->template);
}

static void validate_status(struct kind_change *change)
{
	static const char *const counts[] = {
		"observedGeneration",  "replicas",          "updatedReplicas",
		"readyReplicas",       "availableReplicas", "unavailableReplicas",
		"terminatingReplicas", "collisionCount",
	};
	const struct type *type = &apps_deployment_status_type;
	const struct apps_deployment_status *now = new_of(change)->status;
	const struct path *at = PATH_ROOT(change->faults, "status");

	workload_check_counts(at, type, now, counts, sizeof counts / sizeof counts[0]);
	workload_check_available(at, type, now, "updatedReplicas");
	workload_check_collisions(at, type, now, old_of(change)->status);
}

static const struct kind_subresource subresources[] = {
	{ "status", prepare_status, validate_status },
};

const struct kind_rules kind_deployment = {
	.group = "apps",
	.kind = "Deployment",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
