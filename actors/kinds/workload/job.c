#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/job-private.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"

/*
 * The Job. Its selector is made by the server, so that two Jobs never mean the same pods.
 */

#define UID_LABEL "batch.kubernetes.io/controller-uid"
#define NAME_LABEL "batch.kubernetes.io/job-name"
#define OLD_UID_LABEL "controller-uid"
#define OLD_NAME_LABEL "job-name"

static struct batch_job *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct batch_job *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- the selector ------------------------------------------------------------------------------------------------------ */

/* What is there already stays, and is judged later. */
static void put_new(struct str_map *map, struct arena *arena, const char *key, struct str value)
{
	if (str_map_get(*map, str_from(key)).at == NULL)
		str_map_put(map, arena, str_from(key), value.len > 0 ? value : STR(""));
}

static void make_selector(struct kind_change *change)
{
	struct batch_job_spec *spec = new_of(change)->spec;
	const struct meta_object_meta *meta = new_of(change)->metadata;
	struct str_map *labels = &spec->template->metadata->labels;

	put_new(labels, change->arena, OLD_NAME_LABEL, meta->name);
	put_new(labels, change->arena, NAME_LABEL, meta->name);
	put_new(labels, change->arena, OLD_UID_LABEL, meta->uid);
	put_new(labels, change->arena, UID_LABEL, meta->uid);
	put_new(&MAKE(spec->selector, change->arena)->match_labels, change->arena, UID_LABEL,
		meta->uid);
}

static void check_label(const struct path *at, struct str_map labels, const char *key,
			struct str value)
{
	struct str found = str_map_get(labels, str_from(key));
	const struct path *here = PATH_KEY(at, str_from(key));

	if (found.at == NULL)
		path_fault(here, FAULT_REQUIRED, STR_NONE, "must be '" STR_FMT "'", STR_ARG(value));
	else if (!str_eq(found, value))
		path_fault(here, FAULT_INVALID, path_shown_map(here, labels),
			   "must be '" STR_FMT "'", STR_ARG(value));
}

/* The server's own, and nothing that somebody added. */
static void check_made_selector(struct kind_change *change, const struct path *at)
{
	const struct batch_job_spec *spec = new_of(change)->spec;
	const struct meta_object_meta *meta = new_of(change)->metadata;
	const struct path *labels = PATH(PATH(PATH(at, "template"), "metadata"), "labels");
	const struct path *selector = PATH(at, "selector");
	struct str_entry own[] = {
		{ STR(UID_LABEL), meta->uid },
		{ STR(NAME_LABEL), meta->name },
		{ STR(OLD_UID_LABEL), meta->uid },
		{ STR(OLD_NAME_LABEL), meta->name },
	};
	struct str_map of_template = spec->template->metadata->labels;
	struct faults strict = faults_in(change->arena);

	if (spec->manual_selector || spec->selector == NULL)
		return;
	check_label(labels, of_template, OLD_UID_LABEL, meta->uid);
	check_label(labels, of_template, OLD_NAME_LABEL, meta->name);
	check_label(labels, of_template, UID_LABEL, meta->uid);
	check_label(labels, of_template, NAME_LABEL, meta->name);
	if (rule_selector(PATH_ROOT(&strict, "x"), spec->selector, false) &&
	    !rule_selector_matches(selector, spec->selector, (struct str_map){ own, 4 }))
		path_fault(selector, FAULT_INVALID,
			   path_shown_record(selector, &meta_label_selector_type, spec->selector),
			   "`selector` not auto-generated");
}

static void check_selector(struct kind_change *change, const struct path *at, bool allows_bad_values)
{
	const struct batch_job_spec *spec = new_of(change)->spec;
	struct faults strict = faults_in(change->arena);

	if (spec->selector == NULL)
		path_required(PATH(at, "selector"), "");
	else
		rule_selector(PATH(at, "selector"), spec->selector, allows_bad_values);
	if (rule_selector(PATH_ROOT(&strict, "x"), spec->selector, false))
		workload_check_labels(PATH(at, "template"), spec->selector,
				      spec->template->metadata->labels);
}

/* ---- both --------------------------------------------------------------------------------------------------------------- */

static void prepare_create(struct kind_change *change)
{
	if (!new_of(change)->spec->manual_selector)
		make_selector(change);
	pod_spec_drop(change, new_of(change)->spec->template->metadata);
}

static void prepare_update(struct kind_change *change)
{
	pod_spec_drop(change, new_of(change)->spec->template->metadata);
}

/* The last pod of an indexed Job has the longest name. */
static void check_name(struct kind_change *change)
{
	const struct batch_job_spec *spec = new_of(change)->spec;
	struct str name = new_of(change)->metadata->name, last;
	const struct path *at = PATH(PATH_ROOT(change->faults, "metadata"), "name");

	if (!job_spec_is_indexed(spec) || spec->completions <= 0)
		return;
	last = arena_printf(change->arena, STR_FMT "-%d", STR_ARG(name), spec->completions - 1);
	if (!name_is(NAME_DNS_LABEL, last))
		path_fault(at, FAULT_INVALID, name_quoted(change->arena, name),
			   "will not able to create pod with invalid DNS label: " STR_FMT,
			   STR_ARG(last));
}

static void validate_create(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct pod_tolerance tolerance = pod_tolerance_of_template(change->arena, NULL);

	check_made_selector(change, at);
	job_spec_check(at, new_of(change)->spec, &tolerance);
	check_selector(change, at, false);
	check_name(change);
	workload_warn_of_name(change);
	job_spec_warn(change, at, new_of(change)->spec);
}

/* ---- update -------------------------------------------------------------------------------------------------------------- */

static void check_completions(struct kind_change *change, const struct path *at)
{
	const struct batch_job_spec *now = new_of(change)->spec, *old = old_of(change)->spec;

	if (!job_spec_is_indexed(now))
		rule_unchanged(at, &batch_job_spec_type, "completions", now, old);
	else if (now->has.completions &&
		 (!old->has.completions || now->completions != old->completions) &&
		 now->completions != now->parallelism)
		path_invalid_number(at, now->completions,
				    "can only be modified in tandem with spec.parallelism");
}

/* Suspended before it began, or again and without a pod that runs. */
static bool is_open(const struct batch_job *old)
{
	return old->spec->suspend && old->status->active == 0 &&
	       (!old->status->has.start_time || job_has_condition(old->status, "Suspended", "True"));
}

static void take_amounts(struct core_container_list now, struct core_container_list old)
{
	for (uint32_t i = 0; i < now.len && now.len == old.len; i++)
		if (str_eq(now.at[i].name, old.at[i].name))
			now.at[i].resources = old.at[i].resources;
}

static bool says_nothing(const struct core_affinity *affinity)
{
	return affinity == NULL ||
	       (affinity->node_affinity == NULL && affinity->pod_affinity == NULL &&
		affinity->pod_anti_affinity == NULL);
}

/* The new spec with what may change of an open Job as it was. */
static struct core_pod_spec *set_back(struct kind_change *change)
{
	const struct core_pod_spec *old = old_of(change)->spec->template->spec;
	struct core_pod_spec *spec = record_clone_shallow(
	    &core_pod_spec_type, new_of(change)->spec->template->spec, change->arena);

	spec->node_selector = old->node_selector;
	spec->tolerations = old->tolerations;
	spec->scheduling_gates = old->scheduling_gates;
	take_amounts(spec->containers, old->containers);
	take_amounts(spec->init_containers, old->init_containers);
	if (old->affinity != NULL || spec->affinity != NULL)
		MAKE(spec->affinity, change->arena)->node_affinity =
		    old->affinity ? old->affinity->node_affinity : NULL;
	if (says_nothing(spec->affinity) && says_nothing(old->affinity))
		spec->affinity = old->affinity;
	return spec;
}

static void check_template(struct kind_change *change, const struct path *at)
{
	const struct batch_job_spec *now = new_of(change)->spec, *old = old_of(change)->spec;
	const struct path *spec = PATH(PATH(at, "template"), "spec");

	if (!is_open(old_of(change)))
		rule_unchanged(PATH(at, "template"), &batch_job_spec_type, "template", now, old);
	else if (!record_equal(&core_pod_spec_type, set_back(change), old->template->spec))
		path_fault(spec, FAULT_INVALID,
			   path_shown_record(spec, &core_pod_spec_type, now->template->spec),
			   "field is immutable");
}

static void check_unchanged(struct kind_change *change, const struct path *at)
{
	static const char *const fixed[] = { "completionMode", "podFailurePolicy",
					     "backoffLimitPerIndex", "managedBy", "successPolicy" };

	check_completions(change, PATH(at, "completions"));
	rule_unchanged(PATH(at, "selector"), &batch_job_spec_type, "selector", new_of(change)->spec,
		       old_of(change)->spec);
	check_template(change, at);
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		rule_unchanged(PATH_NAMED(at, str_from(fixed[i])), &batch_job_spec_type, fixed[i],
			       new_of(change)->spec, old_of(change)->spec);
}

static void validate_update(struct kind_change *change)
{
	const struct batch_job_spec *old = old_of(change)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct pod_tolerance tolerance = pod_tolerance_of_template(change->arena, old->template);
	struct faults before = faults_in(change->arena);

	if (!rule_selector(PATH_ROOT(&before, "x"), old->selector, false))
		tolerance.bad_selector_values = true;
	job_spec_check(at, new_of(change)->spec, &tolerance);
	check_selector(change, at, tolerance.bad_selector_values);
	check_unchanged(change, at);
	check_name(change);
	if (kind_is_new_generation(change))
		job_spec_warn(change, at, new_of(change)->spec);
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, job_check_status },
};

const struct kind_rules kind_job = {
	.group = "batch",
	.kind = "Job",
	.delete_warning = "child pods are preserved by default when jobs are deleted; set "
			  "propagationPolicy=Background to remove them or set "
			  "propagationPolicy=Orphan to suppress this warning",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.garbage = KIND_GARBAGE_ORPHAN,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
