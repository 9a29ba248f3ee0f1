#include "actors/kinds/kinds.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/record.h"

/*
 * The Pod: what the server makes of a new one, which part of it which request may change, how long it may take to end.
 */

static struct core_pod *pod_of(const struct kind_change *change)
{
	return change->object;
}

static const struct core_pod *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- create ---------------------------------------------------------------------------------------------------------------- */

/* A selector's keys that stand for the pod's own labels become expressions: later changes of the labels do not matter then. */
static void merge_keys(struct kind_change *change, struct meta_label_selector *selector,
		       struct str_list keys, const char *relation)
{
	struct meta_label_selector_requirement_list *list = &selector->match_expressions;
	struct str_map labels = pod_of(change)->metadata->labels;
	struct meta_label_selector_requirement *at;

	if (keys.len == 0)
		return;
	at = arena_array(change->arena, struct meta_label_selector_requirement,
			 list->len + keys.len);
	if (list->len > 0)
		memcpy(at, list->at, list->len * sizeof *at);
	list->at = at;
	for (uint32_t i = 0; i < keys.len; i++) {
		struct str value = str_map_get(labels, keys.at[i]);
		struct str *values;

		if (value.at == NULL)
			continue;
		values = arena_new_of(change->arena, struct str);
		*values = value;
		at[list->len++] = (struct meta_label_selector_requirement){ keys.at[i],
									    str_from(relation),
									    { values, 1 } };
	}
}

static void merge_term(struct kind_change *change, struct core_pod_affinity_term *term)
{
	if (term->label_selector == NULL)
		return;
	merge_keys(change, term->label_selector, term->match_label_keys, "In");
	merge_keys(change, term->label_selector, term->mismatch_label_keys, "NotIn");
}

static void merge_terms(struct kind_change *change, struct core_pod_affinity_term_list required,
			struct core_weighted_pod_affinity_term_list preferred)
{
	for (uint32_t i = 0; i < preferred.len; i++)
		merge_term(change, preferred.at[i].pod_affinity_term);
	for (uint32_t i = 0; i < required.len; i++)
		merge_term(change, &required.at[i]);
}

static void merge_labels(struct kind_change *change)
{
	const struct core_pod_spec *spec = pod_of(change)->spec;
	struct core_topology_spread_constraint_list spread = spec->topology_spread_constraints;
	const struct core_affinity *affinity = spec->affinity;

	if (affinity != NULL && affinity->pod_affinity != NULL)
		merge_terms(
		    change,
		    affinity->pod_affinity->required_during_scheduling_ignored_during_execution,
		    affinity->pod_affinity->preferred_during_scheduling_ignored_during_execution);
	if (affinity != NULL && affinity->pod_anti_affinity != NULL)
		merge_terms(
		    change,
		    affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution,
		    affinity->pod_anti_affinity->preferred_during_scheduling_ignored_during_execution);
	for (uint32_t i = 0; i < spread.len; i++)
		if (spread.at[i].label_selector != NULL)
			merge_keys(change, spread.at[i].label_selector,
				   spread.at[i].match_label_keys, "In");
}

static void set_gated(struct kind_change *change)
{
	struct core_pod_status *status = pod_of(change)->status;
	struct core_pod_condition *condition;

	if (pod_of(change)->spec->scheduling_gates.len == 0)
		return;
	condition = arena_new_of(change->arena, struct core_pod_condition);
	condition->type = STR("PodScheduled");
	condition->status = STR("False");
	condition->reason = STR("SchedulingGated");
	condition->message = STR("Scheduling is blocked due to non-empty scheduling gates");
	SET(condition, last_transition_time, change->check->now);
	condition->last_transition_time.ns -= condition->last_transition_time.ns % TIME_S;
	status->conditions = (struct core_pod_condition_list){ condition, 1 };
}

/* NULL: the annotation says nothing that a field could say. */
static struct core_app_armor_profile *profile_of(struct arena *arena, struct str annotation)
{
	struct core_app_armor_profile *profile = arena_new_of(arena, struct core_app_armor_profile);
	struct str local = STR("localhost/");

	if (str_is(annotation, "unconfined"))
		profile->type = STR("Unconfined");
	else if (str_is(annotation, "runtime/default"))
		profile->type = STR("RuntimeDefault");
	else if (str_starts(annotation, local) && annotation.len > local.len) {
		profile->type = STR("Localhost");
		profile->localhost_profile = str_slice(annotation, local.len, annotation.len);
		if (str_trim(profile->localhost_profile).len != profile->localhost_profile.len)
			return NULL;
	} else {
		return NULL;
	}
	return profile;
}

static void take_app_armor(struct kind_change *change, struct core_container *container)
{
	struct core_pod *pod = pod_of(change);
	struct str key = arena_printf(change->arena, STR_FMT STR_FMT, STR_ARG(POD_APP_ARMOR),
				      STR_ARG(container->name));
	struct str annotation = str_map_get(pod->metadata->annotations, key);
	struct core_app_armor_profile *of_pod =
	    pod->spec->security_context ? pod->spec->security_context->app_armor_profile : NULL;
	struct core_app_armor_profile *profile;

	if (annotation.at == NULL || (container->security_context != NULL &&
				      container->security_context->app_armor_profile != NULL))
		return;
	profile = profile_of(change->arena, annotation);
	if (profile != NULL && of_pod != NULL &&
	    record_equal(&core_app_armor_profile_type, profile, of_pod))
		return;
	if (profile != NULL)
		MAKE(container->security_context, change->arena)->app_armor_profile = profile;
	kind_warn(change,
		  "metadata.annotations[" STR_FMT
		  "]: deprecated since v1.30; use the \"appArmorProfile\" field instead",
		  STR_ARG(key));
}

static void take_app_armors(struct kind_change *change)
{
	struct core_pod *pod = pod_of(change);
	struct pod_walk walk = pod_walk_of(pod->spec);
	const struct core_container *container;

	if (pod->metadata->annotations.len == 0 ||
	    (pod->spec->os != NULL && str_is(pod->spec->os->name, "windows")))
		return;
	/* The walk gives what the pod holds; it is this request's own. */
	while ((container = pod_walk_next(&walk)) != NULL)
		take_app_armor(change, (struct core_container *)(uintptr_t)container);
}

void pod_spec_drop(struct kind_change *change, struct meta_object_meta *meta)
{
	static const char *const gone[] = {
		"pod.beta.kubernetes.io/init-containers",
		"pod.alpha.kubernetes.io/init-containers",
		"pod.beta.kubernetes.io/init-container-statuses",
		"pod.alpha.kubernetes.io/init-container-statuses",
	};

	for (size_t i = 0; meta->annotations.len > 0 && i < sizeof gone / sizeof gone[0]; i++)
		str_map_remove(&meta->annotations, change->arena, str_from(gone[i]));
}

static void pod_prepare_create(struct kind_change *change)
{
	struct core_pod *pod = pod_of(change);

	pod->status = arena_new_of(change->arena, struct core_pod_status);
	pod->status->phase = STR("Pending");
	pod_spec_drop(change, pod->metadata);
	set_gated(change);
	merge_labels(change);
	take_app_armors(change);
	pod_default_resources(change->arena, pod->spec);
	pod->status->qos_class = pod_quality(pod->spec);
}

static void warn(struct kind_change *change)
{
	const struct core_pod *pod = pod_of(change);

	if (pod->metadata->name.len > 0 && !name_is(NAME_DNS_LABEL, pod->metadata->name))
		kind_warn(change,
			  "metadata.name: this is used in the Pod's hostname, which can result in "
			  "surprising behavior; a DNS label is recommended: [" STR_FMT "]",
			  STR_ARG(rule_words(PATH_ROOT(change->faults, "metadata"), NAME_DNS_LABEL,
					     pod->metadata->name, " ")));
	pod_spec_warn(change, PATH_ROOT(change->faults, "spec"),
		      PATH_ROOT(change->faults, "metadata"), pod->spec, pod->metadata, true);
}

static void pod_validate_create(struct kind_change *change)
{
	const struct core_pod *pod = pod_of(change);
	const struct path *at = PATH_ROOT(change->faults, "spec");

	pod_check_all(change);
	if (pod->spec->ephemeral_containers.len > 0)
		path_forbidden(PATH(at, "ephemeralContainers"), "cannot be set on create");
	if (pod->spec->node_name.len > 0 && pod->spec->scheduling_gates.len > 0)
		path_forbidden(PATH(at, "nodeName"),
			       "cannot be set until all schedulingGates have been cleared");
	pod_spec_check_profiles(at, pod->metadata, pod->spec);
	warn(change);
}

/* ---- update ------------------------------------------------------------------------------------------------------------------- */

static void pod_prepare_update(struct kind_change *change)
{
	struct core_pod *pod = pod_of(change);

	pod_spec_drop(change, pod->metadata);
	if (pod->spec->resources == NULL && old_of(change)->spec->resources != NULL)
		pod->spec->resources =
		    record_clone_shallow(&core_resource_requirements_type,
					 old_of(change)->spec->resources, change->arena);
}

/* A subresource that changes the spec: the pod has a new generation. */
static void carry_generation(struct kind_change *change)
{
	struct core_pod *pod = pod_of(change);

	if (!record_equal(&core_pod_spec_type, pod->spec, old_of(change)->spec))
		SET(pod->metadata, generation, pod->metadata->generation + 1);
}

static void prepare_ephemeral(struct kind_change *change)
{
	struct core_pod *pod = pod_of(change);
	struct core_ephemeral_container_list sent = pod->spec->ephemeral_containers;

	kind_reset_metadata(change);
	pod->spec = record_clone_shallow(&core_pod_spec_type, old_of(change)->spec, change->arena);
	pod->status =
	    record_clone_shallow(&core_pod_status_type, old_of(change)->status, change->arena);
	pod->spec->ephemeral_containers = sent;
	carry_generation(change);
}

static void prepare_resize(struct kind_change *change)
{
	kind_reset_metadata(change);
	pod_prepare_resize(change);
	carry_generation(change);
}

/* ---- status --------------------------------------------------------------------------------------------------------------------- */

/* Conditions that do not say which generation they saw are those that are stored, one for one of the same type. */
static void keep_generations(struct core_pod_status *now, const struct core_pod_status *old)
{
	for (uint32_t i = 0; i < now->conditions.len; i++) {
		struct core_pod_condition *condition = &now->conditions.at[i];

		for (uint32_t j = 0; j < old->conditions.len; j++) {
			const struct core_pod_condition *before = &old->conditions.at[j];

			if (condition->observed_generation != 0 ||
			    !str_eq(condition->type, before->type))
				continue;
			SET(condition, observed_generation, before->observed_generation);
		}
	}
}

static void keep_unsaid(struct core_pod_status *now, const struct core_pod_status *old)
{
	if (now->qos_class.len == 0)
		now->qos_class = old->qos_class;
	if (now->resource_claim_statuses.at == NULL)
		now->resource_claim_statuses = old->resource_claim_statuses;
	if (now->extended_resource_claim_status == NULL)
		now->extended_resource_claim_status = old->extended_resource_claim_status;
	if (now->node_allocatable_resource_claim_statuses.at == NULL)
		now->node_allocatable_resource_claim_statuses =
		    old->node_allocatable_resource_claim_statuses;
	if (now->observed_generation == 0 && old->observed_generation != 0)
		SET(now, observed_generation, old->observed_generation);
	/* More conditions than there are kinds of are not worth comparing. */
	if (now->conditions.len < 256 && old->conditions.len < 256)
		keep_generations(now, old);
}

static void prepare_status(struct kind_change *change)
{
	struct core_pod *pod = pod_of(change);

	kind_prepare_status(change);
	UNSET(pod->metadata, deletion_timestamp);
	pod->metadata->owner_references = old_of(change)->metadata->owner_references;
	if (old_of(change)->status != NULL)
		keep_unsaid(MAKE(pod->status, change->arena), old_of(change)->status);
}

/* ---- delete --------------------------------------------------------------------------------------------------------------------- */

static int64_t pod_grace(const struct kind_change *change, int64_t asked)
{
	const struct core_pod *pod = change->object;
	int64_t grace = asked >= 0 ? asked : pod->spec->termination_grace_period_seconds;
	struct str phase = pod->status ? pod->status->phase : STR_NONE;

	/* Nobody is there who would need the time. */
	if (pod->spec->node_name.len == 0 || str_is(phase, "Failed") || str_is(phase, "Succeeded"))
		return 0;
	return grace < 0 ? 1 : grace;
}

static const struct kind_subresource subresources[] = {
	{ "status", prepare_status, pod_check_status },
	{ "ephemeralcontainers", prepare_ephemeral, pod_check_ephemeral_change },
	{ "resize", prepare_resize, pod_check_resize },
};

const struct kind_rules kind_pod = {
	.group = "",
	.kind = "Pod",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.returns_deleted = true,
	.grace = pod_grace,
	.prepare_create = pod_prepare_create,
	.prepare_update = pod_prepare_update,
	.validate_create = pod_validate_create,
	.validate_update = pod_check_change,
	.subresources = subresources,
	.subresource_count = sizeof subresources / sizeof subresources[0],
};
