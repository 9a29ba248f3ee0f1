#include "actors/controller/scaling/proposal.h"

#include "actors/controller/scaling/proposal-private.h"

#include "actors/controller/workload/pod.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"
#include "runtime/base/text.h"

#define TOLERANCE 0.1 /* upstream's --horizontal-pod-autoscaler-tolerance */
#define WORDS_MAX (4U * KIB)

enum metric_kind { METRIC_RESOURCE, METRIC_CONTAINER, METRIC_PODS, METRIC_OBJECT, METRIC_EXTERNAL };

/* ---- words ---------------------------------------------------------------------------------------------------- */

/* As Go prints one. */
static struct str selector_words(struct arena *arena, const struct meta_label_selector *selector)
{
	struct text out = text_in(arena, WORDS_MAX);

	if (selector == NULL)
		return STR("nil");
	text_lit(&out, "&LabelSelector{MatchLabels:map[string]string{");
	for (uint32_t i = 0; i < selector->match_labels.len; i++)
		text_printf(&out, STR_FMT ": " STR_FMT ",",
			    STR_ARG(selector->match_labels.at[i].key),
			    STR_ARG(selector->match_labels.at[i].value));
	text_lit(&out, "},MatchExpressions:[]LabelSelectorRequirement{");
	for (uint32_t i = 0; i < selector->match_expressions.len; i++) {
		const struct meta_label_selector_requirement *one =
		    &selector->match_expressions.at[i];

		text_printf(
		    &out, "LabelSelectorRequirement{Key:" STR_FMT ",Operator:" STR_FMT ",Values:[",
		    STR_ARG(one->key), STR_ARG(one->operator));
		for (uint32_t k = 0; k < one->values.len; k++)
			text_printf(&out, "%s" STR_FMT, k > 0 ? " " : "",
				    STR_ARG(one->values.at[k]));
		text_lit(&out, "],},");
	}
	text_lit(&out, "},}");
	return text_str(&out);
}

static enum reading_outcome fail(struct proposal *out, struct str why)
{
	out->why = why;
	return READING_FAILED;
}

#define PRINT(target, ...) arena_printf(proposal_arena(target), __VA_ARGS__)

static struct str milli_text(const struct proposal_target *target, int64_t milli,
			     struct str resource)
{
	return quantity_text(quantity_from_milli(milli, str_is(resource, "memory")
							    ? QUANTITY_BINARY
							    : QUANTITY_DECIMAL),
			     proposal_arena(target));
}

static int64_t milli_of(struct str text)
{
	return quantity_milli(quantity_of(text));
}

double proposal_tolerance(const struct autoscaling_v2_hpa_scaling_rules *rules)
{
	if (rules == NULL || rules->tolerance.at == NULL)
		return TOLERANCE;
	return (double)quantity_of(rules->tolerance).nano / 1e9;
}

/* ---- one metric ----------------------------------------------------------------------------------------------- */

static enum reading_outcome of_resource(const struct proposal_target *target, struct str name,
					struct str container,
					const struct autoscaling_v2_metric_target *wanted,
					struct autoscaling_v2_metric_value_status *current,
					struct proposal *out)
{
	bool is_raw = wanted->average_value.at != NULL;
	const char *what = is_raw ? "usage" : "utilization";
	struct proposal_use use = { .by_request = !is_raw, .resource = name, .container = container };
	struct readings readings = { 0 };
	enum reading_outcome outcome;
	struct str why;

	if (!is_raw && !wanted->has.average_utilization)
		return fail(out,
			    STR("invalid resource metric source: neither an average "
				"utilization target nor an average value (usage) target was set"));
	use.target = is_raw ? milli_of(wanted->average_value) : wanted->average_utilization;
	outcome = reading_resource(&target->place, name, container, &readings);
	if (outcome == READING_WAITS)
		return outcome;
	if (outcome == READING_FAILED)
		return fail(out,
			    PRINT(target,
				  "failed to get " STR_FMT
				  " %s: unable to get metrics for resource " STR_FMT ": " STR_FMT,
				  STR_ARG(name), what, STR_ARG(name), STR_ARG(readings.why)));
	if (!proposal_count(target, &readings, &use, &out->replicas, &why))
		return fail(out, PRINT(target, "failed to get " STR_FMT " %s: " STR_FMT,
				       STR_ARG(name), what, STR_ARG(why)));
	current->average_value = milli_text(target, use.mean, name);
	if (!is_raw)
		SET(current, average_utilization, (int32_t)use.percent);
	out->metric = PRINT(target, STR_FMT "%s resource%s", STR_ARG(name),
			    container.len > 0 && !is_raw ? " container" : "",
			    is_raw ? "" : " utilization (percentage of request)");
	return READING_DONE;
}

static enum reading_outcome of_pods(const struct proposal_target *target,
				    const struct autoscaling_v2_pods_metric_source *source,
				    struct autoscaling_v2_metric_value_status *current,
				    struct proposal *out)
{
	struct str name = source->metric->name, why;
	struct proposal_use use = { .target = milli_of(source->target->average_value) };
	struct readings readings = { 0 };
	enum reading_outcome outcome =
	    reading_custom(&target->place, NULL, source->metric, &readings);

	if (outcome == READING_WAITS)
		return outcome;
	if (outcome == READING_FAILED)
		return fail(out, PRINT(target, "unable to get metric " STR_FMT ": " STR_FMT,
				       STR_ARG(name), STR_ARG(readings.why)));
	if (!proposal_count(target, &readings, &use, &out->replicas, &why))
		return fail(out, why);
	current->average_value = milli_text(target, use.mean, STR_NONE);
	out->metric = PRINT(target, "pods metric " STR_FMT, STR_ARG(name));
	return READING_DONE;
}

/* One number for all: each ready pod bears its part of it. */
static bool of_whole(const struct proposal_target *target, int64_t used, int64_t wanted,
		     struct proposal *out)
{
	double ratio = (double)used / (double)wanted;
	const struct core_pod **pods;
	uint32_t count, ready = 0;

	out->replicas = target->spec_replicas;
	if (target->spec_replicas == 0)
		out->replicas = proposal_round_up(ratio);
	if (target->spec_replicas == 0 || proposal_is_near(target, ratio))
		return true;
	pods = proposal_pods(target, &count);
	for (uint32_t i = 0; i < count; i++)
		ready += pods[i]->status != NULL && str_is(pods[i]->status->phase, "Running") &&
			 pod_is_ready(pods[i]);
	out->replicas = proposal_round_up(ratio * ready);
	if (count == 0)
		out->why = STR("unable to calculate ready pods: no pods returned by selector while "
			       "calculating replica count");
	return count > 0;
}

static int64_t of_each(const struct proposal_target *target, int64_t used, int64_t wanted,
		       struct proposal *out)
{
	double ratio = (double)used / ((double)wanted * target->status_replicas);

	out->replicas = target->status_replicas;
	if (!proposal_is_near(target, ratio))
		out->replicas = proposal_round_up((double)used / (double)wanted);
	if (target->status_replicas == 0)
		return INT64_MAX; /* as upstream's division by none */
	return used / target->status_replicas + (used % target->status_replicas > 0);
}

static enum reading_outcome of_number(const struct proposal_target *target, int64_t used,
				      const struct autoscaling_v2_metric_target *wanted,
				      bool is_each,
				      struct autoscaling_v2_metric_value_status *current,
				      struct proposal *out)
{
	if (is_each) {
		used = of_each(target, used, milli_of(wanted->average_value), out);
		current->average_value = milli_text(target, used, STR_NONE);
		return READING_DONE;
	}
	if (!of_whole(target, used, milli_of(wanted->value), out))
		return READING_FAILED;
	current->value = milli_text(target, used, STR_NONE);
	return READING_DONE;
}

static enum reading_outcome of_object(const struct proposal_target *target,
				      const struct autoscaling_v2_object_metric_source *source,
				      struct autoscaling_v2_metric_value_status *current,
				      struct proposal *out)
{
	const struct autoscaling_v2_cross_version_object_reference *object =
	    source->described_object;
	const struct autoscaling_v2_metric_target *wanted = source->target;
	bool is_each = str_is(wanted->type, "AverageValue") && wanted->average_value.at != NULL;
	struct str name = source->metric->name;
	struct readings readings = { 0 };
	enum reading_outcome outcome;

	if (!is_each && (!str_is(wanted->type, "Value") || wanted->value.at == NULL))
		return fail(out, STR("invalid object metric source: neither a value target nor an "
				     "average value target was set"));
	outcome = reading_custom(&target->place, object, source->metric, &readings);
	if (outcome == READING_WAITS)
		return outcome;
	if (outcome == READING_FAILED)
		return fail(out, PRINT(target,
				       "unable to get metric " STR_FMT " on " STR_FMT " " STR_FMT
				       "/" STR_FMT ": " STR_FMT,
				       STR_ARG(name), STR_ARG(object->kind),
				       STR_ARG(target->place.namespace), STR_ARG(object->name),
				       STR_ARG(readings.why)));
	out->metric = is_each ? PRINT(target, "external metric " STR_FMT, STR_ARG(name))
			      : PRINT(target, STR_FMT " metric " STR_FMT, STR_ARG(object->kind),
				      STR_ARG(name));
	return of_number(target, readings.at[0].milli, wanted, is_each, current, out);
}

static enum reading_outcome of_external(const struct proposal_target *target,
					const struct autoscaling_v2_external_metric_source *source,
					struct autoscaling_v2_metric_value_status *current,
					struct proposal *out)
{
	const struct autoscaling_v2_metric_target *wanted = source->target;
	bool is_each = wanted->average_value.at != NULL;
	struct str name = source->metric->name;
	struct str selector = selector_words(proposal_arena(target), source->metric->selector);
	struct readings readings = { 0 };
	enum reading_outcome outcome;
	int64_t used = 0;

	if (!is_each && wanted->value.at == NULL)
		return fail(out,
			    STR("invalid external metric source: neither a value target nor an "
				"average value target was set"));
	outcome = reading_external(&target->place, source->metric, &readings);
	if (outcome == READING_WAITS)
		return outcome;
	if (outcome == READING_FAILED)
		return fail(out, PRINT(target,
				       "unable to get external metric " STR_FMT "/" STR_FMT
				       "/" STR_FMT ": " STR_FMT,
				       STR_ARG(target->place.namespace), STR_ARG(name),
				       STR_ARG(selector), STR_ARG(readings.why)));
	for (uint32_t i = 0; i < readings.len; i++)
		if (__builtin_add_overflow(used, readings.at[i].milli, &used)) {
			used = INT64_MAX;
			break;
		}
	out->metric = PRINT(target, "external metric " STR_FMT "(" STR_FMT ")", STR_ARG(name),
			    STR_ARG(selector));
	return of_number(target, used, wanted, is_each, current, out);
}

/* ---- the door ------------------------------------------------------------------------------------------------- */

static const struct row {
	const char *type, *reason, *words;
} rows[] = {
	[METRIC_RESOURCE] = { "Resource", "FailedGetResourceMetric", " resource" },
	[METRIC_CONTAINER] = { "ContainerResource", "FailedGetContainerResourceMetric",
			       " container" },
	[METRIC_PODS] = { "Pods", "FailedGetPodsMetric", "pods" },
	[METRIC_OBJECT] = { "Object", "FailedGetObjectMetric", "object" },
	[METRIC_EXTERNAL] = { "External", "FailedGetExternalMetric", " external" },
};

#define COPY(target, record, T) plan_copy((target)->place.plan, (record), T)

static enum reading_outcome make(const struct proposal_target *target, enum metric_kind kind,
				 const struct autoscaling_v2_metric_spec *spec,
				 struct autoscaling_v2_metric_status *status, struct proposal *out,
				 struct str *named)
{
	struct autoscaling_v2_metric_value_status *current =
	    arena_new_of(proposal_arena(target), struct autoscaling_v2_metric_value_status);

	switch (kind) {
	case METRIC_RESOURCE:
		*named = spec->resource->name;
		status->resource = arena_new_of(proposal_arena(target),
						struct autoscaling_v2_resource_metric_status);
		status->resource->name = arena_str(proposal_arena(target), *named);
		status->resource->current = current;
		return of_resource(target, *named, STR_NONE, spec->resource->target, current, out);
	case METRIC_CONTAINER:
		*named = spec->container_resource->container;
		status->container_resource = arena_new_of(
		    proposal_arena(target), struct autoscaling_v2_container_resource_metric_status);
		status->container_resource->name =
		    arena_str(proposal_arena(target), spec->container_resource->name);
		status->container_resource->container = arena_str(proposal_arena(target), *named);
		status->container_resource->current = current;
		return of_resource(target, spec->container_resource->name, *named,
				   spec->container_resource->target, current, out);
	case METRIC_PODS:
		status->pods =
		    arena_new_of(proposal_arena(target), struct autoscaling_v2_pods_metric_status);
		status->pods->metric =
		    COPY(target, spec->pods->metric, autoscaling_v2_metric_identifier);
		status->pods->current = current;
		return of_pods(target, spec->pods, current, out);
	case METRIC_OBJECT:
		status->object = arena_new_of(proposal_arena(target),
					      struct autoscaling_v2_object_metric_status);
		status->object->metric =
		    COPY(target, spec->object->metric, autoscaling_v2_metric_identifier);
		status->object->described_object =
		    COPY(target, spec->object->described_object,
			 autoscaling_v2_cross_version_object_reference);
		status->object->current = current;
		return of_object(target, spec->object, current, out);
	default:
		*named = spec->external->metric->name;
		status->external = arena_new_of(proposal_arena(target),
						struct autoscaling_v2_external_metric_status);
		status->external->metric =
		    COPY(target, spec->external->metric, autoscaling_v2_metric_identifier);
		status->external->current = current;
		return of_external(target, spec->external, current, out);
	}
}

enum reading_outcome proposal_make(const struct proposal_target *target,
				   const struct autoscaling_v2_metric_spec *spec,
				   struct autoscaling_v2_metric_status *status, struct proposal *out)
{
	struct str named = STR("");
	enum reading_outcome outcome;
	enum metric_kind kind = METRIC_RESOURCE;

	*out = (struct proposal){ 0 };
	while (kind < METRIC_EXTERNAL && !str_is(spec->type, rows[kind].type))
		kind++;
	*status = (struct autoscaling_v2_metric_status){ .type = str_from(rows[kind].type) };
	outcome = make(target, kind, spec, status, out, &named);
	if (outcome != READING_FAILED)
		return outcome;
	*status = (struct autoscaling_v2_metric_status){ 0 };
	out->reason = rows[kind].reason;
	out->why_all = PRINT(target, "failed to get " STR_FMT "%s metric value: " STR_FMT,
			     STR_ARG(named), rows[kind].words, STR_ARG(out->why));
	return outcome;
}
