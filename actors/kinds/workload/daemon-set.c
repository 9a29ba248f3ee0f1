#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"

/*
 * The DaemonSet. How often its template changed is a field no more; it stands in an annotation that only the server writes.
 */

#define TEMPLATE_GENERATION STR("deprecated.daemonset.template.generation")

static struct apps_daemon_set *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct apps_daemon_set *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- before rules ---------------------------------------------------------------------------------------------- */

static bool read_generation(struct kind_change *change, int64_t *out)
{
	struct str text = str_map_get(new_of(change)->metadata->annotations, TEMPLATE_GENERATION);

	*out = 0;
	return text.at == NULL || workload_read_number(change, text, "", out);
}

static int64_t old_generation(const struct kind_change *change)
{
	struct str text = str_map_get(old_of(change)->metadata->annotations, TEMPLATE_GENERATION);
	int64_t generation;

	return str_to_i64(text, &generation) == OK ? generation : 0;
}

static void set_generation(struct kind_change *change, int64_t generation)
{
	str_map_put(&new_of(change)->metadata->annotations, change->arena, TEMPLATE_GENERATION,
		    arena_printf(change->arena, "%jd", (intmax_t)generation));
}

static void prepare_create(struct kind_change *change)
{
	int64_t generation;

	if (!read_generation(change, &generation))
		return;
	set_generation(change, generation < 1 ? 1 : generation);
	pod_spec_drop(change, new_of(change)->spec->template->metadata);
}

static bool has_new_template(const struct kind_change *change)
{
	return !record_equal(&core_pod_template_spec_type, new_of(change)->spec->template,
			     old_of(change)->spec->template);
}

static void prepare_update(struct kind_change *change)
{
	int64_t sent;

	if (!read_generation(change, &sent))
		return;
	pod_spec_drop(change, new_of(change)->spec->template->metadata);
	set_generation(change, old_generation(change) + has_new_template(change));
}

/* Whatever is said of it by way of the status. */
static void prepare_status(struct kind_change *change)
{
	kind_prepare_status(change);
	set_generation(change, old_generation(change));
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static void check_rolling(const struct path *at,
			  const struct apps_rolling_update_daemon_set *rolling)
{
	const struct path *unavailable = PATH(at, "maxUnavailable"), *surge = PATH(at, "maxSurge");
	bool has_unavailable = !rule_is_nothing(rolling->max_unavailable);
	bool has_surge = !rule_is_nothing(rolling->max_surge);

	rule_count_or_percent(unavailable, rolling->max_unavailable);
	rule_count_or_percent(surge, rolling->max_surge);
	rule_at_most_100_percent(unavailable, rolling->max_unavailable);
	rule_at_most_100_percent(surge, rolling->max_surge);
	if (has_unavailable && has_surge)
		path_fault(surge, FAULT_INVALID, rule_shown_count(surge, rolling->max_surge),
			   "may not be set when maxUnavailable is non-zero");
	else if (!has_unavailable && !has_surge)
		path_required(unavailable, "cannot be 0 when maxSurge is 0");
}

static struct str shown(const struct path *at,
			const struct apps_daemon_set_update_strategy *strategy)
{
	const struct apps_rolling_update_daemon_set *rolling = strategy->rolling_update;

	return workload_shown_strategy(at, strategy->type,
				       rolling ? &rolling->max_unavailable : NULL,
				       rolling ? &rolling->max_surge : NULL);
}

static void check_strategy(const struct path *at,
			   const struct apps_daemon_set_update_strategy *strategy)
{
	if (str_is(strategy->type, "OnDelete"))
		return;
	if (!str_is(strategy->type, "RollingUpdate"))
		path_fault(at, FAULT_NOT_SUPPORTED, shown(at, strategy),
			   "supported values: \"RollingUpdate\", \"OnDelete\"");
	else if (strategy->rolling_update == NULL)
		path_required(PATH(at, "rollingUpdate"), "");
	else
		check_rolling(PATH(at, "rollingUpdate"), strategy->rolling_update);
}

/* One that is missing means no pod; it is not asked for by itself. */
static void check_selector(const struct path *at, const struct apps_daemon_set_spec *spec,
			   bool allows_bad_values)
{
	const struct path *selector = PATH(at, "selector");
	struct faults strict = faults_in(path_arena(at));

	rule_selector(selector, spec->selector, allows_bad_values);
	if (rule_selector(PATH_ROOT(&strict, "x"), spec->selector, false))
		workload_check_labels(PATH(at, "template"), spec->selector,
				      spec->template->metadata->labels);
	if (rule_selector_is_empty(spec->selector))
		path_fault(selector, FAULT_INVALID,
			   path_shown_record(selector, &meta_label_selector_type, spec->selector),
			   "empty selector is invalid for daemonset");
}

static void check_spec(struct kind_change *change, const struct path *at)
{
	const struct apps_daemon_set_spec *spec = new_of(change)->spec;
	const struct apps_daemon_set_spec *old = change->old ? old_of(change)->spec : NULL;
	const struct path *template = PATH(at, "template");
	struct pod_tolerance tolerance =
	    pod_tolerance_of_template(change->arena, old ? old->template : NULL);
	struct faults before = faults_in(change->arena);
	int64_t generation;

	if (old != NULL && !rule_selector(PATH_ROOT(&before, "x"), old->selector, false))
		tolerance.bad_selector_values = true;
	check_selector(at, spec, tolerance.bad_selector_values);
	pod_spec_check_template(template, spec->template, &tolerance);
	workload_check_endless(template, spec->template->spec, "DaemonSet");
	rule_not_negative(PATH(at, "minReadySeconds"), spec->min_ready_seconds);
	if (read_generation(change, &generation))
		rule_not_negative(PATH(at, "templateGeneration"), generation);
	check_strategy(PATH(at, "updateStrategy"), spec->update_strategy);
	rule_not_negative(PATH(at, "revisionHistoryLimit"), spec->revision_history_limit);
}

static void validate_create(struct kind_change *change)
{
	check_spec(change, PATH_ROOT(change->faults, "spec"));
	workload_warn_of_template(change, new_of(change)->spec->template);
}

static void validate_update(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");

	rule_unchanged(PATH(at, "selector"), &apps_daemon_set_spec_type, "selector",
		       new_of(change)->spec, old_of(change)->spec);
	check_spec(change, at);
	if (has_new_template(change))
		workload_warn_of_template(change, new_of(change)->spec->template);
}

static void validate_status(struct kind_change *change)
{
	static const char *const counts[] = {
		"currentNumberScheduled", "numberMisscheduled",
		"desiredNumberScheduled", "numberReady",
		"observedGeneration",     "updatedNumberScheduled",
		"numberAvailable",        "numberUnavailable",
		"collisionCount",
	};
	const struct type *type = &apps_daemon_set_status_type;
	const struct path *at = PATH_ROOT(change->faults, "status");

	workload_check_counts(at, type, new_of(change)->status, counts,
			      sizeof counts / sizeof counts[0]);
	workload_check_collisions(at, type, new_of(change)->status, old_of(change)->status);
}

static const struct kind_subresource subresources[] = {
	{ "status", prepare_status, validate_status },
};

const struct kind_rules kind_daemon_set = {
	.group = "apps",
	.kind = "DaemonSet",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
