#include "datastore/object/columns/columns-private.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/autoscaling_v2.h"
#include "datastore/schema/batch.h"
#include "runtime/base/limits.h"

/*
 * Revisions, jobs and autoscalers.
 */

#define TARGETS_MAX 2U /* metrics that are shown */

/* ---- ControllerRevision ------------------------------------------------------------------------------------- */

static const struct meta_owner_reference *controller_of(const struct meta_object_meta *meta)
{
	struct meta_owner_reference_list owners =
	    COLUMNS_OR_EMPTY(meta_object_meta, meta)->owner_references;

	for (uint32_t i = 0; i < owners.len; i++)
		if (owners.at[i].controller)
			return &owners.at[i];
	return NULL;
}

static void add_lower(struct text *out, struct str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		text_add_char(
		    out, (char)(s.at[i] >= 'A' && s.at[i] <= 'Z' ? s.at[i] - 'A' + 'a' : s.at[i]));
}

/* statefulset.apps/web */
void columns_revision_controller(struct cell *cell, const void *record)
{
	const struct meta_owner_reference *owner =
	    controller_of(((const struct apps_controller_revision *)record)->metadata);
	struct text out = text_in(cell->arena, LIMIT_OBJECT_BYTES);
	struct str rest, group;

	if (owner == NULL) {
		columns_put(cell, COLUMNS_NONE);
		return;
	}
	rest = owner->api_version;
	group = str_cut(&rest, '/');
	add_lower(&out, owner->kind);
	if (rest.at != NULL) {
		text_add_char(&out, '.');
		add_lower(&out, group);
	}
	text_add_char(&out, '/');
	text_add(&out, owner->name);
	columns_put(cell, text_str(&out));
}

/* ---- CronJob, Job ---------------------------------------------------------------------------------------------- */

void columns_cron_suspend(struct cell *cell, const void *record)
{
	const struct batch_cron_job_spec *spec =
	    COLUMNS_OR_EMPTY(batch_cron_job_spec, ((const struct batch_cron_job *)record)->spec);

	columns_put(cell, !spec->has.suspend ? COLUMNS_UNSET
			  : spec->suspend    ? STR("True")
					     : STR("False"));
}

static const struct batch_job_spec *job_spec(const void *record)
{
	return COLUMNS_OR_EMPTY(batch_job_spec, ((const struct batch_job *)record)->spec);
}

static const struct batch_job_status *job_status(const void *record)
{
	return COLUMNS_OR_EMPTY(batch_job_status, ((const struct batch_job *)record)->status);
}

void columns_job_status(struct cell *cell, const void *record)
{
	/* The first that holds; being deleted comes after the two that are final. */
	static const struct {
		const char *condition, *text;
	} states[] = {
		{ "Complete", "Complete" },
		{ "Failed", "Failed" },
		{ NULL, "Terminating" },
		{ "Suspended", "Suspended" },
		{ "FailureTarget", "FailureTarget" },
		{ "SuccessCriteriaMet", "SuccessCriteriaMet" },
	};
	const struct batch_job *job = record;

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		bool holds = states[i].condition == NULL
				 ? columns_is_deleting(job->metadata)
				 : str_is(columns_condition(&batch_job_condition_type,
							    &job_status(job)->conditions,
							    states[i].condition),
					  "True");

		if (!holds)
			continue;
		columns_put(cell, str_from(states[i].text));
		return;
	}
	columns_put(cell, STR("Running"));
}

void columns_job_completions(struct cell *cell, const void *record)
{
	const struct batch_job_spec *spec = job_spec(record);
	int32_t succeeded = job_status(record)->succeeded;

	if (spec->has.completions)
		columns_put_format(cell, "%d/%d", succeeded, spec->completions);
	else if (spec->parallelism > 1)
		columns_put_format(cell, "%d/1 of %d", succeeded, spec->parallelism);
	else
		columns_put_format(cell, "%d/1", succeeded);
}

void columns_job_duration(struct cell *cell, const void *record)
{
	const struct batch_job_status *status = job_status(record);
	char age[TIME_TEXT];
	int64_t end = status->has.completion_time ? status->completion_time.ns : cell->view->now.ns;

	if (!status->has.start_time)
		columns_put(cell, STR(""));
	else
		columns_put(cell, time_print_age(end - status->start_time.ns, age));
}

/* ---- HorizontalPodAutoscaler ------------------------------------------------------------------------------------- */

typedef const struct autoscaling_v2_metric_value_status value_status;
typedef const struct autoscaling_v2_metric_target metric_target;

/* What is measured, of one source of a metric; NULL: nothing yet. */
static value_status *current_of(const struct autoscaling_v2_metric_status *status, struct str type)
{
	if (status == NULL)
		return NULL;
	if (str_is(type, "Resource"))
		return status->resource ? status->resource->current : NULL;
	if (str_is(type, "ContainerResource"))
		return status->container_resource ? status->container_resource->current : NULL;
	if (str_is(type, "Pods"))
		return status->pods ? status->pods->current : NULL;
	if (str_is(type, "Object"))
		return status->object ? status->object->current : NULL;
	return status->external ? status->external->current : NULL;
}

static struct str quantity_or_zero(struct str quantity)
{
	return columns_or(quantity, STR("0"));
}

/* cpu: 20%/80%, or cpu: 250m/500m */
static struct str resource_target(struct cell *cell, struct str name, metric_target *target,
				  value_status *current)
{
	struct str is = COLUMNS_UNKNOWN, wanted = STR("<auto>");

	target = COLUMNS_OR_EMPTY(autoscaling_v2_metric_target, target);
	if (target->average_value.at != NULL) {
		wanted = target->average_value;
		if (current != NULL)
			is = quantity_or_zero(current->average_value);
	} else {
		if (current != NULL && current->has.average_utilization)
			is = arena_printf(cell->arena, "%d%%", current->average_utilization);
		if (target->has.average_utilization)
			wanted = arena_printf(cell->arena, "%d%%", target->average_utilization);
	}
	return arena_printf(cell->arena, STR_FMT ": " STR_FMT "/" STR_FMT, STR_ARG(name),
			    STR_ARG(is), STR_ARG(wanted));
}

/* 12/10, or 1500m/2 (avg) */
static struct str value_target(struct cell *cell, metric_target *target, value_status *current)
{
	struct str is = COLUMNS_UNKNOWN;
	bool is_average;

	target = COLUMNS_OR_EMPTY(autoscaling_v2_metric_target, target);
	is_average = target->average_value.at != NULL;
	if (current != NULL && is_average)
		is = columns_or(current->average_value, COLUMNS_UNKNOWN);
	else if (current != NULL)
		is = quantity_or_zero(current->value);
	return arena_printf(
	    cell->arena, STR_FMT "/" STR_FMT "%s", STR_ARG(is),
	    STR_ARG(quantity_or_zero(is_average ? target->average_value : target->value)),
	    is_average ? " (avg)" : "");
}

static struct str pods_target(struct cell *cell, metric_target *target, value_status *current)
{
	struct str is = current ? quantity_or_zero(current->average_value) : COLUMNS_UNKNOWN;

	target = COLUMNS_OR_EMPTY(autoscaling_v2_metric_target, target);
	return arena_printf(cell->arena, STR_FMT "/" STR_FMT, STR_ARG(is),
			    STR_ARG(quantity_or_zero(target->average_value)));
}

static struct str target_text(struct cell *cell, const struct autoscaling_v2_metric_spec *metric,
			      const struct autoscaling_v2_metric_status *status)
{
	value_status *current = current_of(status, metric->type);

	if (str_is(metric->type, "Resource") && metric->resource != NULL)
		return resource_target(cell, metric->resource->name, metric->resource->target,
				       current);
	if (str_is(metric->type, "ContainerResource") && metric->container_resource != NULL)
		return resource_target(cell, metric->container_resource->name,
				       metric->container_resource->target, current);
	if (str_is(metric->type, "Pods") && metric->pods != NULL)
		return pods_target(cell, metric->pods->target, current);
	if (str_is(metric->type, "Object") && metric->object != NULL)
		return value_target(cell, metric->object->target, current);
	if (str_is(metric->type, "External") && metric->external != NULL)
		return value_target(cell, metric->external->target, current);
	return STR("<unknown type>");
}

void columns_autoscaler_targets(struct cell *cell, const void *record)
{
	const struct autoscaling_v2_horizontal_pod_autoscaler *scaler = record;
	struct autoscaling_v2_metric_spec_list metrics =
	    COLUMNS_OR_EMPTY(autoscaling_v2_horizontal_pod_autoscaler_spec, scaler->spec)->metrics;
	struct autoscaling_v2_metric_status_list current =
	    COLUMNS_OR_EMPTY(autoscaling_v2_horizontal_pod_autoscaler_status, scaler->status)
		->current_metrics;
	struct columns_list list = columns_list_of(cell, ", ", TARGETS_MAX);

	for (uint32_t i = 0; i < metrics.len; i++)
		columns_list_add(&list, target_text(cell, &metrics.at[i],
						    i < current.len ? &current.at[i] : NULL));
	columns_list_put(cell, &list, COLUMNS_NONE);
}
