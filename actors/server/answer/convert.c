#include "actors/server/answer/convert.h"

#include "actors/server/answer/alike.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/autoscaling.h"
#include "datastore/schema/autoscaling_v2.h"
#include "datastore/schema/core.h"
#include "datastore/schema/events.h"
#include "runtime/base/base.h"

/* Gives what the type of another version has under the same names, or under those of the list. */
static void *take_alike(const struct type *to, const struct type *from, const void *record,
			struct alike_names names, struct arena *arena)
{
	void *out = record_new(to, arena);

	alike_take(to, out, from, record, names, arena);
	return out;
}

/* ---- Event: the same facts under other names -------------------------------------------------------------- */

static const struct alike_name event_pairs[] = {
	{ "message", "note" },
	{ "involvedObject", "regarding" },
	{ "reportingComponent", "reportingController" },
	{ "source", "deprecatedSource" },
	{ "firstTimestamp", "deprecatedFirstTimestamp" },
	{ "lastTimestamp", "deprecatedLastTimestamp" },
	{ "count", "deprecatedCount" },
};
static const struct alike_names event_names = { event_pairs,
						sizeof event_pairs / sizeof *event_pairs };

static const void *event_to_new(const void *record, struct arena *arena)
{
	return take_alike(&events_event_type, &core_event_type, record, event_names, arena);
}

static const void *event_to_core(const void *record, struct arena *arena)
{
	return take_alike(&core_event_type, &events_event_type, record, event_names, arena);
}

/* ---- HorizontalPodAutoscaler ---------------------------------------------------------------------------------- */

/* What v1 has no member for travels in this annotation, as JSON of the v2 list. */
#define METRICS_ANNOTATION STR("autoscaling.alpha.kubernetes.io/metrics")
#define BEHAVIOR_ANNOTATION STR("autoscaling.alpha.kubernetes.io/behavior")

static bool is_cpu(const struct autoscaling_v2_metric_spec *metric)
{
	return str_is(metric->type, "Resource") && metric->resource != NULL &&
	       str_is(metric->resource->name, "cpu") && metric->resource->target != NULL &&
	       metric->resource->target->has.average_utilization;
}

/* With metadata of its own, which gets and loses annotations. */
static void *take_hpa(const struct type *to, const struct type *from, const void *record,
		      struct arena *arena)
{
	void *out = take_alike(to, from, record, (struct alike_names){ 0 }, arena);
	const struct field *metadata = type_field(to, STR("metadata"));
	struct meta_object_meta **meta = field_at(metadata, out);

	*meta = record_clone_shallow(&meta_object_meta_type, *meta, arena);
	record_fill(to, out, arena);
	return out;
}

static void annotate(struct meta_object_meta *meta, struct arena *arena, struct str key,
		     const struct type *type, const void *record, const char *member)
{
	struct text out = text_in(arena, LIMIT_ANNOTATIONS_BYTES);

	json_encode_field(type_field(type, str_from(member)), record, &out);
	str_map_put(&meta->annotations, arena, key, text_str(&out));
}

/* The first CPU target becomes v1's own member, all others are kept in the annotation. */
static void metrics_to_v1(const struct autoscaling_v2_horizontal_pod_autoscaler_spec *in,
			  struct autoscaling_horizontal_pod_autoscaler_spec *out,
			  struct meta_object_meta *meta, struct arena *arena)
{
	struct autoscaling_v2_horizontal_pod_autoscaler_spec rest = *in;
	bool has_cpu = false;

	rest.metrics.at = arena_array(arena, struct autoscaling_v2_metric_spec, in->metrics.len + 1);
	rest.metrics.len = 0;
	for (uint32_t i = 0; i < in->metrics.len; i++) {
		if (!has_cpu && is_cpu(&in->metrics.at[i])) {
			has_cpu = true;
			SET(out, target_cpu_utilization_percentage,
			    in->metrics.at[i].resource->target->average_utilization);
		} else {
			rest.metrics.at[rest.metrics.len++] = in->metrics.at[i];
		}
	}
	if (rest.metrics.len > 0)
		annotate(meta, arena, METRICS_ANNOTATION,
			 &autoscaling_v2_horizontal_pod_autoscaler_spec_type, &rest, "metrics");
	if (in->behavior != NULL)
		annotate(meta, arena, BEHAVIOR_ANNOTATION,
			 &autoscaling_v2_horizontal_pod_autoscaler_spec_type, in, "behavior");
}

static const void *hpa_to_v1(const void *record, struct arena *arena)
{
	const struct autoscaling_v2_horizontal_pod_autoscaler *in = record;
	struct autoscaling_horizontal_pod_autoscaler *out =
	    take_hpa(&autoscaling_horizontal_pod_autoscaler_type,
		     &autoscaling_v2_horizontal_pod_autoscaler_type, in, arena);

	if (in->spec != NULL)
		metrics_to_v1(in->spec, out->spec, out->metadata, arena);
	return out;
}

static void take_annotation(struct meta_object_meta *meta, struct arena *arena, struct str key,
			    void *spec, const char *member)
{
	const struct type *type = &autoscaling_v2_horizontal_pod_autoscaler_spec_type;
	struct str json = str_map_get(meta->annotations, key);

	if (json.len == 0)
		return;
	if (json_decode_field(type_field(type, str_from(member)), json, arena, spec, NULL) == OK)
		str_map_remove(&meta->annotations, arena, key);
}

static void add_cpu(struct autoscaling_v2_horizontal_pod_autoscaler_spec *spec, int32_t percent,
		    struct arena *arena)
{
	struct autoscaling_v2_metric_spec *at =
	    arena_array(arena, struct autoscaling_v2_metric_spec, spec->metrics.len + 1);
	struct autoscaling_v2_metric_spec *cpu = &at[spec->metrics.len];

	if (spec->metrics.len > 0)
		memcpy(at, spec->metrics.at, spec->metrics.len * sizeof *at);
	cpu->type = STR("Resource");
	MAKE(cpu->resource, arena)->name = STR("cpu");
	MAKE(cpu->resource->target, arena)->type = STR("Utilization");
	SET(cpu->resource->target, average_utilization, percent);
	spec->metrics.at = at;
	spec->metrics.len++;
}

static const void *hpa_to_v2(const void *record, struct arena *arena)
{
	const struct autoscaling_horizontal_pod_autoscaler *in = record;
	struct autoscaling_v2_horizontal_pod_autoscaler *out =
	    take_hpa(&autoscaling_v2_horizontal_pod_autoscaler_type,
		     &autoscaling_horizontal_pod_autoscaler_type, in, arena);

	if (in->spec == NULL)
		return out;
	take_annotation(out->metadata, arena, METRICS_ANNOTATION, out->spec, "metrics");
	take_annotation(out->metadata, arena, BEHAVIOR_ANNOTATION, out->spec, "behavior");
	if (in->spec->has.target_cpu_utilization_percentage)
		add_cpu(out->spec, in->spec->target_cpu_utilization_percentage, arena);
	return out;
}

/* ---- the table ----------------------------------------------------------------------------------------------------- */

static const struct conversion {
	const struct type *from, *to;
	const void *(*convert)(const void *record, struct arena *arena);
} conversions[] = {
	{ &core_event_type, &events_event_type, event_to_new },
	{ &events_event_type, &core_event_type, event_to_core },
	{ &autoscaling_v2_horizontal_pod_autoscaler_type,
	  &autoscaling_horizontal_pod_autoscaler_type, hpa_to_v1 },
	{ &autoscaling_horizontal_pod_autoscaler_type,
	  &autoscaling_v2_horizontal_pod_autoscaler_type, hpa_to_v2 },
};

/* Versions of a definition mean the same by the same names: what the other does not know is dropped. */
static const void *convert_custom(const struct type *from, const void *record,
				  const struct type *to, struct arena *arena)
{
	struct text json = text_in(arena, LIMIT_RECORD_BYTES);
	void *converted;

	json_encode(from, record, &json);
	if (json_decode(to, text_str(&json), arena, (struct json_options){ .borrow = true },
			&converted, NULL) == OK)
		return converted;
	/* It was read before, and is no larger now. */
	assert(!"a custom resource cannot be read in another of its versions");
	return NULL;
}

const void *convert_record(const struct type *from, const void *record, const struct type *to,
			   struct arena *arena)
{
	if (from == to)
		return record;
	if (from->set != NULL && to->set != NULL)
		return convert_custom(from, record, to, arena);
	for (size_t i = 0; i < sizeof conversions / sizeof conversions[0]; i++)
		if (conversions[i].from == from && conversions[i].to == to)
			return conversions[i].convert(record, arena);
	assert(!"two versions share a cache and there is no conversion");
	return NULL;
}
