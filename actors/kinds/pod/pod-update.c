#include "actors/kinds/field/toleration.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/record.h"

/*
 * What may change of a stored pod: images, deadline, more tolerations, fewer gates; and while it is gated, where it may run.
 */

#define UPDATABLE                                                                                  \
	"pod updates may not change fields other than `spec.containers[*].image`,"                 \
	"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "    \
	"additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be " \
	"set to 1 if it was previously negative)"

static const struct core_pod_spec *spec_of(const void *pod)
{
	return ((const struct core_pod *)pod)->spec;
}

/* ---- what every pod goes through ------------------------------------------------------------------------------------------ */

static void check_tokens(const struct path *at, const struct core_pod_spec *spec)
{
	for (uint32_t i = 0; i < spec->volumes.len && spec->service_account_name.len == 0; i++) {
		const struct core_projected_volume_source *projected =
		    spec->volumes.at[i].volume_source->projected;

		for (uint32_t j = 0; projected != NULL && j < projected->sources.len; j++)
			if (projected->sources.at[j].service_account_token != NULL)
				path_forbidden(
				    PATH(PATH_AT(PATH(PATH(PATH_AT(PATH(at, "volumes"), i),
							   "projected"),
						      "sources"),
						 j),
					 "serviceAccountToken"),
				    "must not be specified when serviceAccountName is not set");
	}
}

static void check_padding(const struct path *at, struct core_container_list list)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (str_trim(list.at[i].image).len != list.at[i].image.len)
			path_invalid(PATH(PATH_AT(at, i), "image"), list.at[i].image,
				     "must not have leading or trailing whitespace");
}

void pod_check_all(struct kind_change *change)
{
	const struct core_pod *pod = change->object, *old = change->old;
	struct pod_tolerance tolerance = pod_tolerance_of(change->arena, old ? old->spec : NULL,
							  old ? old->metadata : NULL, true);
	const struct path *at = PATH_ROOT(change->faults, "spec");

	pod_spec_check_annotations(PATH(PATH_ROOT(change->faults, "metadata"), "annotations"),
				   pod->metadata->annotations, pod->spec, &tolerance);
	pod_spec_check(at, pod->spec, pod->metadata, &tolerance);
	check_tokens(at, pod->spec);
	if (pod->spec->has.termination_grace_period_seconds)
		rule_not_negative(PATH(at, "terminationGracePeriodSeconds"),
				  pod->spec->termination_grace_period_seconds);
	check_padding(PATH(at, "containers"), pod->spec->containers);
	check_padding(PATH(at, "initContainers"), pod->spec->init_containers);
}

/* ---- parts that may change ---------------------------------------------------------------------------------------------------- */

static bool has_same_count(const struct path *at, uint32_t now, uint32_t before)
{
	return now == before || path_forbidden(at, "pod updates may not add or remove containers");
}

/* False: nothing more is to be said. */
static bool check_deadline(const struct path *at, const struct core_pod_spec *now,
			   const struct core_pod_spec *old)
{
	int64_t seconds = now->active_deadline_seconds;

	if (!now->has.active_deadline_seconds) {
		if (old->has.active_deadline_seconds)
			path_fault(at, FAULT_INVALID, STR("null"),
				   "must not update from a positive integer to nil value");
		return true;
	}
	if (!rule_range(at, seconds, 0, INT32_MAX))
		return false;
	return !old->has.active_deadline_seconds || seconds <= old->active_deadline_seconds ||
	       path_invalid_number(at, seconds, "must be less than or equal to previous value");
}

/* All but the seconds. */
static struct str key_of(struct arena *arena, const struct core_toleration *toleration)
{
	return arena_printf(arena, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT,
			    STR_ARG(toleration->key), STR_ARG(toleration->operator),
			    STR_ARG(toleration->value), STR_ARG(toleration->effect));
}

static void check_tolerations(struct kind_change *change, const struct path *at)
{
	struct core_toleration_list now = spec_of(change->object)->tolerations;
	struct core_toleration_list old = spec_of(change->old)->tolerations;
	struct seen kept = seen_in(change->arena);

	for (uint32_t i = 0; i < now.len; i++)
		seen_add(&kept, key_of(change->arena, &now.at[i]));
	for (uint32_t i = 0; i < old.len; i++) {
		if (seen_has(&kept, key_of(change->arena, &old.at[i])))
			continue;
		path_forbidden(
		    at, "existing toleration can not be modified except its tolerationSeconds");
		return;
	}
}

static void check_gates(struct kind_change *change, const struct path *at)
{
	struct core_pod_scheduling_gate_list now = spec_of(change->object)->scheduling_gates;
	struct core_pod_scheduling_gate_list old = spec_of(change->old)->scheduling_gates;
	struct seen known = seen_in(change->arena);

	for (uint32_t i = 0; i < old.len; i++)
		seen_add(&known, old.at[i].name);
	for (uint32_t i = 0; i < now.len; i++)
		if (seen_add(&known, now.at[i].name))
			path_fault(
			    PATH(PATH_AT(at, i), "name"), FAULT_FORBIDDEN, STR_NONE,
			    "only deletion is allowed, but found new scheduling gate '" STR_FMT "'",
			    STR_ARG(now.at[i].name));
}

/* ---- a gated pod may be narrowed --------------------------------------------------------------------------------------------------- */

static void check_node_selector(const struct path *at, struct str_map now, struct str_map old)
{
	for (uint32_t i = 0; i < old.len; i++) {
		struct str value = str_map_get(now, old.at[i].key);

		if (value.at != NULL && str_eq(value, old.at[i].value))
			continue;
		path_fault(at, FAULT_INVALID, path_shown_map(at, now),
			   "only additions to spec.nodeSelector are allowed (no mutations or "
			   "deletions)");
		return;
	}
}

static bool begins_with(struct core_node_selector_requirement_list now,
			struct core_node_selector_requirement_list old)
{
	if (now.len < old.len)
		return false;
	for (uint32_t i = 0; i < old.len; i++)
		if (!record_equal(&core_node_selector_requirement_type, &now.at[i], &old.at[i]))
			return false;
	return true;
}

static bool only_adds(const struct core_node_selector_term *now,
		      const struct core_node_selector_term *old)
{
	bool was_empty = old->match_expressions.len == 0 && old->match_fields.len == 0;

	/* An empty term matches no node: an addition would widen it. */
	if (was_empty && (now->match_expressions.len > 0 || now->match_fields.len > 0))
		return false;
	return begins_with(now->match_expressions, old->match_expressions) &&
	       begins_with(now->match_fields, old->match_fields);
}

static void check_node_affinity(const struct path *at, const struct core_node_affinity *now,
				const struct core_node_affinity *old)
{
	const struct path *terms =
	    PATH(PATH(at, "requiredDuringSchedulingIgnoredDuringExecution"), "nodeSelectorTerms");
	struct core_node_selector_term_list before = { 0 }, after = { 0 };

	if (old != NULL && old->required_during_scheduling_ignored_during_execution != NULL)
		before =
		    old->required_during_scheduling_ignored_during_execution->node_selector_terms;
	if (now != NULL && now->required_during_scheduling_ignored_during_execution != NULL)
		after =
		    now->required_during_scheduling_ignored_during_execution->node_selector_terms;
	if (before.len == 0)
		return;
	if (after.len != before.len) {
		path_fault(
		    terms, FAULT_INVALID, path_shown_record(terms, &core_node_affinity_type, now),
		    "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
		return;
	}
	for (uint32_t i = 0; i < before.len; i++)
		if (!only_adds(&after.at[i], &before.at[i]))
			path_fault(
			    PATH_AT(terms, i), FAULT_INVALID,
			    path_shown_record(terms, &core_node_selector_term_type, &after.at[i]),
			    "only additions are allowed (no mutations or deletions)");
}

static bool says_nothing(const struct core_affinity *affinity)
{
	return affinity == NULL ||
	       (affinity->node_affinity == NULL && affinity->pod_affinity == NULL &&
		affinity->pod_anti_affinity == NULL);
}

/* The new spec with what a gated pod may change set back. */
static void narrow(struct kind_change *change, const struct path *at, struct core_pod_spec *spec)
{
	const struct core_pod_spec *old = spec_of(change->old);
	struct core_node_affinity *before = old->affinity ? old->affinity->node_affinity : NULL;
	struct core_node_affinity *now = spec->affinity ? spec->affinity->node_affinity : NULL;

	check_node_selector(PATH(at, "nodeSelector"), spec->node_selector, old->node_selector);
	spec->node_selector = old->node_selector;
	if (record_equal(&core_node_affinity_type, now, before) && (now == NULL) == (before == NULL))
		return;
	check_node_affinity(PATH(PATH(at, "affinity"), "nodeAffinity"), now, before);
	MAKE(spec->affinity, change->arena)->node_affinity = before;
	if (says_nothing(spec->affinity) && says_nothing(old->affinity))
		spec->affinity = old->affinity;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------------- */

static void set_back(struct core_pod_spec *spec, const struct core_pod_spec *old)
{
	for (uint32_t i = 0; i < spec->containers.len; i++)
		spec->containers.at[i].image = old->containers.at[i].image;
	for (uint32_t i = 0; i < spec->init_containers.len; i++)
		spec->init_containers.at[i].image = old->init_containers.at[i].image;
	spec->has.active_deadline_seconds = old->has.active_deadline_seconds;
	spec->active_deadline_seconds = old->active_deadline_seconds;
	spec->scheduling_gates = old->scheduling_gates;
	spec->tolerations = old->tolerations;
	if (old->termination_grace_period_seconds < 0 && spec->termination_grace_period_seconds == 1)
		spec->termination_grace_period_seconds = old->termination_grace_period_seconds;
}

static void check_others(struct kind_change *change, const struct path *at)
{
	const struct core_pod_spec *old = spec_of(change->old);
	struct core_pod_spec *spec;

	if (record_equal(&core_pod_spec_type, spec_of(change->object), old))
		return;
	spec = record_clone_shallow(&core_pod_spec_type, spec_of(change->object), change->arena);
	set_back(spec, old);
	if (old->scheduling_gates.len > 0)
		narrow(change, at, spec);
	if (!record_equal(&core_pod_spec_type, spec, old))
		path_forbidden(at, UPDATABLE);
}

void pod_check_change(struct kind_change *change)
{
	const struct core_pod_spec *now = spec_of(change->object), *old = spec_of(change->old);
	const struct path *at = PATH_ROOT(change->faults, "spec");

	pod_check_all(change);
	pod_check_annotation_change(change);
	if (!has_same_count(PATH(at, "containers"), now->containers.len, old->containers.len) ||
	    !has_same_count(PATH(at, "initContainers"), now->init_containers.len,
			    old->init_containers.len) ||
	    !check_deadline(PATH(at, "activeDeadlineSeconds"), now, old))
		return;
	check_tolerations(change, PATH(at, "tolerations"));
	check_gates(change, PATH(at, "schedulingGates"));
	check_others(change, at);
}

void pod_check_ephemeral_change(struct kind_change *change)
{
	struct core_ephemeral_container_list now = spec_of(change->object)->ephemeral_containers;
	struct core_ephemeral_container_list old = spec_of(change->old)->ephemeral_containers;
	const struct core_pod *pod = change->old;
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "ephemeralContainers");
	struct seen names = seen_in(change->arena);

	if (str_map_get(pod->metadata->annotations, POD_MIRROR).at != NULL) {
		path_forbidden(PATH_ROOT(change->faults, ""),
			       "static pods do not support ephemeral containers");
		return;
	}
	pod_check_all(change);
	pod_check_annotation_change(change);
	for (uint32_t i = 0; i < now.len; i++)
		seen_put(&names, pod_ephemeral(&now.at[i])->name, i);
	for (uint32_t i = 0; i < old.len; i++) {
		struct str name = pod_ephemeral(&old.at[i])->name;
		int64_t place = seen_find(&names, name);

		if (place < 0)
			path_fault(at, FAULT_FORBIDDEN, STR_NONE,
				   "existing ephemeral containers \"" STR_FMT
				   "\" may not be removed\n",
				   STR_ARG(name));
		else if (!record_equal(&core_ephemeral_container_type, &now.at[place], &old.at[i]))
			path_fault(at, FAULT_FORBIDDEN, STR_NONE,
				   "existing ephemeral containers \"" STR_FMT
				   "\" may not be changed\n",
				   STR_ARG(name));
	}
}
