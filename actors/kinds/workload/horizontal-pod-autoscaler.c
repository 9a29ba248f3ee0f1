#include "actors/kinds/field/amount.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "datastore/schema/autoscaling_v2.h"

/*
 * The HorizontalPodAutoscaler. Judged in its second version whichever one came, so faults speak of the second's fields.
 * How many replicas there have to be is for the marks of the schema.
 */

#define WINDOW_SECONDS_MAX 3600
#define PERIOD_SECONDS_MAX 1800

static struct autoscaling_v2_horizontal_pod_autoscaler *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct autoscaling_v2_horizontal_pod_autoscaler *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- references ------------------------------------------------------------------------------------------------------------- */

struct leniency {
	bool any_version, no_group;
};

static bool check_version(const struct path *at, struct str version, const struct leniency *leniency)
{
	struct str rest = version, group = str_cut(&rest, '/');
	bool has_group = rest.at != NULL && group.len > 0;

	if (leniency->any_version)
		return true;
	if (rest.at != NULL && str_find_char(rest, '/') >= 0)
		return path_invalid_lines(at, version, STR("unexpected GroupVersion string: "),
					  version);
	return has_group || leniency->no_group ||
	       path_invalid(at, version, "apiVersion must specify API group");
}

static void check_reference(const struct path *at,
			    const struct autoscaling_v2_cross_version_object_reference *ref,
			    const struct leniency *leniency)
{
	rule_needed_name(PATH(at, "kind"), NAME_PATH_SEGMENT, ref->kind, "");
	rule_needed_name(PATH(at, "name"), NAME_PATH_SEGMENT, ref->name, "");
	check_version(PATH(at, "apiVersion"), ref->api_version, leniency);
}

/* ---- targets ------------------------------------------------------------------------------------------------------------------ */

static void check_positive(const struct path *at, struct str amount)
{
	if (amount.at != NULL && quantity_of(amount).nano <= 0)
		path_invalid(at, amount, "must be positive");
}

static void check_target(const struct path *at, const struct autoscaling_v2_metric_target *target)
{
	const struct path *type = PATH(at, "type");

	rule_needed(type, target->type, "must specify a metric target type");
	if (!str_is(target->type, "Utilization") && !str_is(target->type, "Value") &&
	    !str_is(target->type, "AverageValue"))
		path_invalid(type, target->type,
			     "must be either Utilization, Value, or AverageValue");
	check_positive(PATH(at, "value"), target->value);
	check_positive(PATH(at, "averageValue"), target->average_value);
	if (target->has.average_utilization && target->average_utilization < 1)
		path_invalid_number(PATH(at, "averageUtilization"), target->average_utilization,
				    "must be greater than 0");
}

static void check_metric(const struct path *at,
			 const struct autoscaling_v2_metric_identifier *metric)
{
	rule_needed_name(PATH(at, "name"), NAME_PATH_SEGMENT, metric->name,
			 "must specify a metric name");
}

/* Of a resource: a share or an amount of it. */
static void check_use(const struct path *at, const struct autoscaling_v2_metric_target *target)
{
	bool has_value = target->average_value.at != NULL;

	check_target(at, target);
	if (!target->has.average_utilization && !has_value)
		path_required(PATH(at, "averageUtilization"),
			      "must set either a target raw value or a target utilization");
	if (target->has.average_utilization && has_value)
		path_forbidden(PATH(at, "averageValue"),
			       "may not set both a target raw value and a target utilization");
}

/* ---- metrics ------------------------------------------------------------------------------------------------------------------- */

static void check_object(const struct path *at, const void *source, const struct leniency *leniency)
{
	const struct autoscaling_v2_object_metric_source *object = source;
	const struct path *target = PATH(at, "target");

	check_reference(PATH(at, "describedObject"), object->described_object, leniency);
	check_metric(PATH(at, "metric"), object->metric);
	check_target(target, object->target);
	if (object->target->value.at == NULL && object->target->average_value.at == NULL)
		path_required(PATH(target, "averageValue"),
			      "must set either a target value or averageValue");
}

static void check_external(const struct path *at, const void *source,
			   const struct leniency *leniency)
{
	const struct autoscaling_v2_external_metric_source *external = source;
	const struct path *target = PATH(at, "target");
	bool has_value = external->target->value.at != NULL;
	bool has_average = external->target->average_value.at != NULL;

	(void)leniency;
	check_metric(PATH(at, "metric"), external->metric);
	check_target(target, external->target);
	if (!has_value && !has_average)
		path_required(PATH(target, "averageValue"),
			      "must set either a target value for metric or a per-pod target");
	if (has_value && has_average)
		path_forbidden(PATH(target, "value"),
			       "may not set both a target value for metric and a per-pod target");
}

static void check_pods(const struct path *at, const void *source, const struct leniency *leniency)
{
	const struct autoscaling_v2_pods_metric_source *pods = source;

	(void)leniency;
	check_metric(PATH(at, "metric"), pods->metric);
	check_target(PATH(at, "target"), pods->target);
	if (pods->target->average_value.at == NULL)
		path_required(PATH(PATH(at, "target"), "averageValue"),
			      "must specify a positive target averageValue");
}

static void check_resource(const struct path *at, const void *source,
			   const struct leniency *leniency)
{
	const struct autoscaling_v2_resource_metric_source *resource = source;

	(void)leniency;
	rule_needed(PATH(at, "name"), resource->name, "must specify a resource name");
	check_use(PATH(at, "target"), resource->target);
}

static void check_container(const struct path *at, const void *source,
			    const struct leniency *leniency)
{
	const struct autoscaling_v2_container_resource_metric_source *resource = source;

	(void)leniency;
	if (rule_needed(PATH(at, "name"), resource->name, "must specify a resource name"))
		amount_check_container_name(PATH(at, "name"), resource->name);
	rule_needed_name(PATH(at, "container"), NAME_DNS_LABEL, resource->container,
			 "must specify a container");
	check_use(PATH(at, "target"), resource->target);
}

/* In the order in which the first of several is looked at. */
static const struct {
	const char *type, *member;
	void (*check)(const struct path *at, const void *source, const struct leniency *leniency);
} sources[] = {
	{ "Object", "object", check_object },
	{ "External", "external", check_external },
	{ "Pods", "pods", check_pods },
	{ "Resource", "resource", check_resource },
	{ "ContainerResource", "containerResource", check_container },
};
#define SOURCES (sizeof sources / sizeof sources[0])

static const void *source_of(const struct autoscaling_v2_metric_spec *metric, size_t i)
{
	const struct field *field =
	    type_field(&autoscaling_v2_metric_spec_type, str_from(sources[i].member));

	return *(void *const *)field_at(field, metric);
}

static bool check_type(const struct path *at, struct str type)
{
	for (size_t i = 0; i < SOURCES; i++)
		if (str_is(type, sources[i].type))
			return true;
	return path_not_supported(at, type,
				  "\"ContainerResource\", \"External\", \"Object\", \"Pods\", "
				  "\"Resource\"");
}

static void check_metric_spec(const struct path *at, const struct autoscaling_v2_metric_spec *metric,
			      const struct leniency *leniency)
{
	const struct path *type = PATH(at, "type");
	uint32_t count = 0;

	rule_needed(type, metric->type, "must specify a metric source type");
	check_type(type, metric->type);
	for (size_t i = 0; i < SOURCES; i++)
		if (source_of(metric, i) != NULL && count++ == 0)
			sources[i].check(PATH_NAMED(at, str_from(sources[i].member)),
					 source_of(metric, i), leniency);
	for (size_t i = 0; i < SOURCES; i++)
		if (str_is(metric->type, sources[i].type) && source_of(metric, i) == NULL)
			path_required(PATH_NAMED(at, str_from(sources[i].member)),
				      "must populate information for the given metric source");
	/* Upstream looks twice, and says so twice. */
	check_type(type, metric->type);
	for (size_t i = 0; i < SOURCES && count > 1; i++)
		if (source_of(metric, i) != NULL && !str_is(metric->type, sources[i].type))
			path_forbidden(PATH_NAMED(at, str_from(sources[i].member)),
				       "must populate the given metric source only");
}

/* Only what is measured elsewhere can say that a pod is wanted when there is none. */
static void check_metrics(const struct path *at,
			  const struct autoscaling_v2_horizontal_pod_autoscaler_spec *spec,
			  const struct leniency *leniency)
{
	bool can_wake = false;

	for (uint32_t i = 0; i < spec->metrics.len; i++) {
		struct str type = spec->metrics.at[i].type;

		check_metric_spec(PATH_AT(at, i), &spec->metrics.at[i], leniency);
		can_wake = can_wake || str_is(type, "Object") || str_is(type, "External");
	}
	if (spec->has.min_replicas && spec->min_replicas == 0 && !can_wake)
		path_forbidden(at, "must specify at least one Object or External metric to support "
				   "scaling to zero replicas");
}

/* ---- behavior -------------------------------------------------------------------------------------------------------------------- */

static void check_policy(const struct path *at,
			 const struct autoscaling_v2_hpa_scaling_policy *policy)
{
	const struct path *period = PATH(at, "periodSeconds");

	if (!str_is(policy->type, "Pods") && !str_is(policy->type, "Percent"))
		path_not_supported(PATH(at, "type"), policy->type, "\"Percent\", \"Pods\"");
	if (policy->value <= 0)
		path_invalid_number(PATH(at, "value"), policy->value, "must be greater than zero");
	if (policy->period_seconds <= 0)
		path_invalid_number(period, policy->period_seconds, "must be greater than zero");
	if (policy->period_seconds > PERIOD_SECONDS_MAX)
		path_invalid_number(period, policy->period_seconds,
				    "must be less than or equal to 1800");
}

static void check_rules(const struct path *at, const struct autoscaling_v2_hpa_scaling_rules *rules)
{
	const struct path *window = PATH(at, "stabilizationWindowSeconds");
	struct str select = rules ? rules->select_policy : STR_NONE;

	if (rules == NULL)
		return;
	if (rules->stabilization_window_seconds < 0)
		path_invalid_number(window, rules->stabilization_window_seconds,
				    "must be greater than or equal to zero");
	if (rules->stabilization_window_seconds > WINDOW_SECONDS_MAX)
		path_invalid_number(window, rules->stabilization_window_seconds,
				    "must be less than or equal to 3600");
	if (select.at != NULL && !str_is(select, "Max") && !str_is(select, "Min") &&
	    !str_is(select, "Disabled"))
		path_not_supported(PATH(at, "selectPolicy"), select,
				   "\"Disabled\", \"Max\", \"Min\"");
	if (rules->policies.len == 0)
		path_required(PATH(at, "policies"), "must specify at least one Policy");
	for (uint32_t i = 0; i < rules->policies.len; i++)
		check_policy(PATH_AT(PATH(at, "policies"), i), &rules->policies.at[i]);
	if (rules->tolerance.at != NULL && quantity_of(rules->tolerance).nano < 0)
		path_invalid(PATH(at, "tolerance"), rules->tolerance,
			     "must be greater than or equal to 0");
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------------- */

static bool is_same_kind(const struct autoscaling_v2_horizontal_pod_autoscaler_spec *now,
			 const struct autoscaling_v2_horizontal_pod_autoscaler_spec *old)
{
	return str_eq(now->scale_target_ref->api_version, old->scale_target_ref->api_version) &&
	       str_eq(now->scale_target_ref->kind, old->scale_target_ref->kind);
}

static bool has_bad_version(struct arena *arena,
			    const struct autoscaling_v2_horizontal_pod_autoscaler_spec *spec)
{
	const struct leniency leniency = { .no_group = true };
	struct faults found = faults_in(arena);

	for (uint32_t i = 0; i < spec->metrics.len; i++) {
		const struct autoscaling_v2_metric_spec *metric = &spec->metrics.at[i];

		if (str_is(metric->type, "Object") && metric->object != NULL &&
		    !check_version(PATH_ROOT(&found, "x"),
				   metric->object->described_object->api_version, &leniency))
			return true;
	}
	return false;
}

static void validate(struct kind_change *change)
{
	const struct autoscaling_v2_horizontal_pod_autoscaler_spec *spec = new_of(change)->spec;
	const struct autoscaling_v2_horizontal_pod_autoscaler_spec *old =
	    change->old ? old_of(change)->spec : NULL;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct leniency of_target = {
		.any_version = old != NULL && is_same_kind(spec, old),
		.no_group = str_is(spec->scale_target_ref->kind, "ReplicationController"),
	};
	struct leniency of_objects = {
		.any_version = old != NULL && has_bad_version(change->arena, old),
		.no_group = true,
	};

	if (spec->has.min_replicas && spec->max_replicas < spec->min_replicas)
		path_invalid_number(PATH(at, "maxReplicas"), spec->max_replicas,
				    "must be greater than or equal to `minReplicas`");
	check_reference(PATH(at, "scaleTargetRef"), spec->scale_target_ref, &of_target);
	check_metrics(PATH(at, "metrics"), spec, &of_objects);
	if (spec->behavior == NULL)
		return;
	check_rules(PATH(PATH(at, "behavior"), "scaleUp"), spec->behavior->scale_up);
	check_rules(PATH(PATH(at, "behavior"), "scaleDown"), spec->behavior->scale_down);
}

static void validate_status(struct kind_change *change)
{
	static const char *const counts[] = { "currentReplicas", "desiredReplicas" };
	const struct autoscaling_v2_horizontal_pod_autoscaler_status *status =
	    new_of(change)->status;
	const struct path *at = PATH_ROOT(change->faults, "status");

	for (uint32_t i = 0; i < status->conditions.len; i++)
		rule_not_negative(PATH(PATH_AT(PATH(at, "conditions"), i), "observedGeneration"),
				  status->conditions.at[i].observed_generation);
	workload_check_counts(at, &autoscaling_v2_horizontal_pod_autoscaler_status_type, status,
			      counts, 2);
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_horizontal_pod_autoscaler = {
	.group = "autoscaling",
	.kind = "HorizontalPodAutoscaler",
	.version = "v2",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 1,
};
