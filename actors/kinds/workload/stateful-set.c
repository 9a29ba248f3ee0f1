#include "actors/kinds/field/claim.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/seen.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"

/*
 * The StatefulSet: pods with names that last, and claims of volumes that belong to each.
 */

/* What is not judged again of one that is stored. */
struct leniency {
	bool any_service_name, any_claims, any_template;
	bool recreates; /* a strategy of a gate that is off */
};

static struct apps_stateful_set *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct apps_stateful_set *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- before rules ---------------------------------------------------------------------------------------------- */

static void prepare(struct kind_change *change)
{
	pod_spec_drop(change, new_of(change)->spec->template->metadata);
}

/* ---- strategies --------------------------------------------------------------------------------------------------- */

static struct str shown_rolling(const struct path *at,
				const struct apps_rolling_update_stateful_set_strategy *rolling)
{
	struct str shown = STR("null");

	if (rolling == NULL)
		return shown;
	if (rolling->has.max_unavailable)
		shown = rule_shown_count(at, rolling->max_unavailable);
	return arena_printf(path_arena(at), "{\"Partition\":%d,\"MaxUnavailable\":" STR_FMT "}",
			    rolling->partition, STR_ARG(shown));
}

static void check_rolling(const struct path *at,
			  const struct apps_rolling_update_stateful_set_strategy *rolling)
{
	const struct path *most = PATH(at, "maxUnavailable");

	if (rolling == NULL)
		return;
	rule_not_negative(PATH(at, "partition"), rolling->partition);
	if (!rolling->has.max_unavailable)
		return;
	rule_count_or_percent(most, rolling->max_unavailable);
	if (rule_is_nothing(rolling->max_unavailable))
		path_fault(most, FAULT_INVALID, rule_shown_count(most, rolling->max_unavailable),
			   "cannot be 0");
	rule_at_most_100_percent(most, rolling->max_unavailable);
}

static void check_strategy(const struct path *at,
			   const struct apps_stateful_set_update_strategy *strategy,
			   const struct leniency *leniency)
{
	const struct path *rolling = PATH(at, "rollingUpdate");
	struct str type = strategy->type;

	if (type.len == 0) {
		path_required(at, "");
	} else if (str_is(type, "RollingUpdate")) {
		check_rolling(rolling, strategy->rolling_update);
	} else if (str_is(type, "OnDelete") || (str_is(type, "Recreate") && leniency->recreates)) {
		if (strategy->rolling_update != NULL)
			path_fault(rolling, FAULT_INVALID,
				   shown_rolling(at, strategy->rolling_update),
				   "only allowed for updateStrategy 'RollingUpdate'");
	} else {
		path_fault(at, FAULT_INVALID,
			   arena_printf(path_arena(at),
					"{\"Type\":" STR_FMT ",\"RollingUpdate\":" STR_FMT "}",
					STR_ARG(name_quoted(path_arena(at), type)),
					STR_ARG(shown_rolling(at, strategy->rolling_update))),
			   leniency->recreates
			       ? "must be 'RollingUpdate', 'OnDelete', or 'Recreate'"
			       : "must be 'RollingUpdate' or 'OnDelete'");
	}
}

static void check_management(const struct path *at, struct str policy)
{
	if (rule_needed(at, policy, "") && !str_is(policy, "OrderedReady") &&
	    !str_is(policy, "Parallel"))
		path_invalid(at, policy, "must be 'OrderedReady' or 'Parallel'");
}

static void check_retention(const struct path *at, struct str policy)
{
	if (!str_is(policy, "Retain") && !str_is(policy, "Delete"))
		path_not_supported(at, policy, "\"Retain\", \"Delete\"");
}

/* ---- the template ---------------------------------------------------------------------------------------------------- */

/* The template as its pods will be: a volume for each claim, and names that the set gives. */
static struct core_pod_template_spec *completed(struct arena *arena,
						const struct apps_stateful_set_spec *spec)
{
	struct core_pod_template_spec *template =
	    record_clone_shallow(&core_pod_template_spec_type, spec->template, arena);
	struct core_persistent_volume_claim_items claims = spec->volume_claim_templates;
	struct core_volume_list volumes = template->spec->volumes, all = { 0 };
	struct seen names = seen_in(arena);

	template->spec->subdomain = STR_NONE;
	template->spec->hostname = STR_NONE;
	if (claims.len == 0)
		return template;
	all.at = arena_array(arena, struct core_volume, claims.len + volumes.len);
	for (uint32_t i = 0; i < claims.len; i++) {
		struct core_volume *volume = &all.at[all.len];

		if (!seen_add(&names, claims.at[i].metadata->name))
			continue;
		volume->name = claims.at[i].metadata->name;
		MAKE(MAKE(volume->volume_source, arena)->persistent_volume_claim, arena)->claim_name =
		    volume->name;
		all.len++;
	}
	for (uint32_t i = 0; i < volumes.len; i++)
		if (!seen_has(&names, volumes.at[i].name))
			all.at[all.len++] = volumes.at[i];
	template->spec->volumes = all;
	return template;
}

/* Labels and annotations are looked at twice, as upstream does: its users see both. */
static void check_template(const struct path *at, const struct apps_stateful_set_spec *spec,
			   const struct pod_tolerance *tolerance, const struct leniency *leniency)
{
	struct core_pod_template_spec *template = completed(path_arena(at), spec);
	const struct meta_object_meta *meta = template->metadata;

	workload_check_labels(at, spec->selector, meta->labels);
	if (!leniency->any_template)
		pod_spec_check_template(at, template, tolerance);
	rule_labels(PATH(at, "labels"), meta->labels);
	rule_annotations(PATH(at, "annotations"), meta->annotations);
	pod_spec_check_annotations(PATH(at, "annotations"), meta->annotations, template->spec,
				   tolerance);
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

static void check_numbers(const struct path *at, const struct apps_stateful_set_spec *spec)
{
	rule_not_negative(PATH(at, "replicas"), spec->replicas);
	rule_not_negative(PATH(at, "minReadySeconds"), spec->min_ready_seconds);
	if (spec->ordinals != NULL)
		rule_not_negative(PATH(PATH(at, "ordinals"), "start"), spec->ordinals->start);
}

static void check_spec(const struct path *at, const struct apps_stateful_set_spec *spec,
		       const struct pod_tolerance *tolerance, const struct leniency *leniency)
{
	const struct apps_stateful_set_persistent_volume_claim_retention_policy *retention =
	    spec->persistent_volume_claim_retention_policy;
	const struct path *kept = PATH(at, "persistentVolumeClaimRetentionPolicy");
	const struct path *selector = PATH(at, "selector"), *template = PATH(at, "template");

	check_management(PATH(at, "podManagementPolicy"), spec->pod_management_policy);
	check_strategy(PATH(at, "updateStrategy"), spec->update_strategy, leniency);
	if (retention != NULL) {
		check_retention(PATH(kept, "whenDeleted"), retention->when_deleted);
		check_retention(PATH(kept, "whenScaled"), retention->when_scaled);
	}
	for (uint32_t i = 0; i < spec->volume_claim_templates.len && !leniency->any_claims; i++)
		claim_check_spec(PATH(PATH_AT(PATH(at, "volumeClaimTemplates"), i), "spec"),
				 spec->volume_claim_templates.at[i].spec, false, false);
	check_numbers(at, spec);
	if (spec->service_name.len > 0 && !leniency->any_service_name)
		rule_name(PATH(at, "serviceName"), NAME_DNS_LABEL, spec->service_name);
	if (workload_check_selector(at, spec->selector, "empty selector is invalid for statefulset"))
		check_template(template, spec, tolerance, leniency);
	else
		path_fault(selector, FAULT_INVALID,
			   path_shown_record(selector, &meta_label_selector_type, spec->selector),
			   "%s", "");
	workload_check_endless(template, spec->template->spec, "StatefulSet");
}

static void warn(struct kind_change *change, bool is_new_template)
{
	const struct apps_stateful_set_spec *spec = new_of(change)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	if (is_new_template)
		pod_spec_warn_template(change, PATH(at, "template"), spec->template);
	for (uint32_t i = 0; i < spec->volume_claim_templates.len; i++) {
		const struct path *claim = PATH_AT(PATH(at, "volumeClaimTemplates"), i);

		claim_warn(change, change->old ? PATH(claim, "Spec") : claim,
			   spec->volume_claim_templates.at[i].spec);
	}
	if (spec->revision_history_limit < 0)
		kind_warn(change, "spec.revisionHistoryLimit: a negative value retains all "
				  "historical revisions; a value >= 0 is recommended");
}

static void validate_create(struct kind_change *change)
{
	const struct leniency leniency = { 0 };
	struct pod_tolerance tolerance = pod_tolerance_of_template(change->arena, NULL);

	check_spec(PATH_ROOT(change->faults, "spec"), new_of(change)->spec, &tolerance, &leniency);
	warn(change, true);
}

static void validate_update(struct kind_change *change)
{
	static const char *const fixed[] = { "selector", "volumeClaimTemplates", "serviceName",
					     "podManagementPolicy" };
	const struct apps_stateful_set_spec *spec = new_of(change)->spec;
	const struct apps_stateful_set_spec *old = old_of(change)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct pod_tolerance tolerance = pod_tolerance_of_template(change->arena, old->template);
	struct faults before = faults_in(change->arena);
	struct leniency leniency = {
		.any_service_name = true,
		.any_claims = true,
		.recreates = str_is(old->update_strategy->type, "Recreate"),
	};

	check_spec(PATH_ROOT(&before, "spec"), old, &tolerance, &leniency);
	leniency.any_template = before.len > 0;
	check_spec(at, spec, &tolerance, &leniency);
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		rule_unchanged(PATH_NAMED(at, str_from(fixed[i])), &apps_stateful_set_spec_type,
			       fixed[i], spec, old);
	warn(change, kind_is_new_generation(change));
}

static void validate_status(struct kind_change *change)
{
	static const char *const counts[] = {
		"replicas",          "readyReplicas",      "currentReplicas", "updatedReplicas",
		"availableReplicas", "observedGeneration", "collisionCount",
	};
	const struct type *type = &apps_stateful_set_status_type;
	const struct apps_stateful_set_status *now = new_of(change)->status;
	const struct path *at = PATH_ROOT(change->faults, "status");

	workload_check_counts(at, type, now, counts, sizeof counts / sizeof counts[0]);
	workload_check_most(at, type, now, counts + 1, 4, "replicas",
			    "cannot be greater than status.replicas");
	workload_check_most(at, type, now, counts + 4, 1, "readyReplicas",
			    "cannot be greater than status.readyReplicas");
	workload_check_collisions(at, type, now, old_of(change)->status);
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_stateful_set = {
	.group = "apps",
	.kind = "StatefulSet",
	.name_syntax = NAME_DNS_LABEL,
	.has_generation = true,
	.prepare_create = prepare,
	.prepare_update = prepare,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
