#include "actors/controller/scaling/reading.h"

#include "datastore/object/quantity.h"
#include "datastore/schema/apiregistration.h"
#include "datastore/schema/core.h"
#include "datastore/schema/custom_metrics.h"
#include "datastore/schema/external_metrics.h"
#include "datastore/schema/metrics.h"
#include "runtime/base/text.h"
#include "transport/http/url.h"

#define PATH_MAX_BYTES (16U * KIB)
#define WINDOW_NS (60 * TIME_S) /* of custom metrics that do not say theirs */

struct str reading_group(struct str api_version)
{
	int64_t slash = str_find_char(api_version, '/');

	return slash < 0 ? STR_NONE : str_slice(api_version, 0, (uint32_t)slash);
}

struct str reading_words(const struct world_answer *answer, struct arena *arena, struct str of)
{
	if (!str_starts(answer->message, STR("code ")))
		return answer->message;
	return arena_printf(arena, "the server %s (get " STR_FMT ")",
			    answer->status == NOT_FOUND
				? "could not find the requested resource"
				: "is currently unable to handle the request",
			    STR_ARG(of));
}

static enum reading_outcome ask(const struct reading_place *place, struct str path,
				const struct type *type, const struct world_answer **out)
{
	*out = world_answer(place->world, path);
	if (*out != NULL)
		return (*out)->status == OK ? READING_DONE : READING_FAILED;
	plan_ask(place->plan, path, type);
	return READING_WAITS;
}

static struct reading *add(const struct reading_place *place, struct readings *out)
{
	out->at = arena_grow(plan_arena(place->plan), out->at, out->len * sizeof *out->at,
			     (out->len + 1) * sizeof *out->at);
	out->at[out->len] = (struct reading){ 0 };
	return &out->at[out->len++];
}

static enum reading_outcome failed(const struct reading_place *place, struct readings *out,
				   const char *api, struct str why)
{
	out->why = arena_printf(plan_arena(place->plan),
				"unable to fetch metrics from %s metrics API: " STR_FMT, api,
				STR_ARG(why));
	return READING_FAILED;
}

static enum reading_outcome empty(struct readings *out, struct str why)
{
	out->why = why;
	return READING_FAILED;
}

/* ---- paths ---------------------------------------------------------------------------------------------------- */

static void add_label(struct text *out, struct str key, const char *relation, struct str_list values)
{
	text_printf(out, "%s" STR_FMT "%s", text_str(out).len > 0 ? "," : "", STR_ARG(key),
		    relation);
	for (uint32_t i = 0; i < values.len; i++)
		text_printf(out, "%s" STR_FMT, i > 0 ? "," : "", STR_ARG(values.at[i]));
}

static struct str selector_text(struct arena *arena, const struct meta_label_selector *selector)
{
	struct text out = text_in(arena, PATH_MAX_BYTES);

	for (uint32_t i = 0; selector != NULL && i < selector->match_labels.len; i++)
		add_label(&out, selector->match_labels.at[i].key, "=",
			  (struct str_list){ &selector->match_labels.at[i].value, 1 });
	for (uint32_t i = 0; selector != NULL && i < selector->match_expressions.len; i++) {
		const struct meta_label_selector_requirement *one =
		    &selector->match_expressions.at[i];
		bool is_in = str_is(one->operator, "In"), is_not = str_is(one->operator, "NotIn");

		if (is_in || is_not) {
			add_label(&out, one->key, is_in ? " in (" : " notin (", one->values);
			text_lit(&out, ")");
		} else {
			add_label(&out,
				  str_is(one->operator, "Exists")
				      ? one->key
				      : arena_printf(arena, "!" STR_FMT, STR_ARG(one->key)),
				  "", (struct str_list){ 0 });
		}
	}
	return text_str(&out);
}

static void add_query(struct text *path, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	text_printf(path, "%c%s=", str_find_char(text_str(path), '?') < 0 ? '?' : '&', name);
	url_encode(path, value, false);
}

static void add_part(struct text *path, struct str part)
{
	text_add_char(path, '/');
	url_encode(path, part, false);
}

/* ---- what they say -------------------------------------------------------------------------------------------- */

/* False: a container does not say. */
static bool sum(const struct metrics_pod_metrics *pod, struct str resource, struct str container,
		int64_t *out)
{
	bool is_found = false;

	*out = 0;
	for (uint32_t i = 0; i < pod->containers.len; i++) {
		const struct metrics_container_metrics *one = &pod->containers.at[i];
		struct str used = str_map_get(one->usage, resource);

		if (container.len > 0 && !str_eq(one->name, container))
			continue;
		if (used.at == NULL)
			return false;
		*out += quantity_milli(quantity_of(used));
		is_found = true;
	}
	return is_found;
}

enum reading_outcome reading_resource(const struct reading_place *place, struct str resource,
				      struct str container, struct readings *out)
{
	struct text path = text_in(plan_arena(place->plan), PATH_MAX_BYTES);
	const struct metrics_pod_metrics_list *list;
	const struct world_answer *answer;
	enum reading_outcome outcome;

	text_lit(&path, "/apis/metrics.k8s.io/v1beta1/namespaces");
	add_part(&path, place->namespace);
	text_lit(&path, "/pods");
	add_query(&path, "labelSelector", place->pods);
	outcome = ask(place, text_str(&path), &metrics_pod_metrics_list_type, &answer);
	if (outcome == READING_FAILED)
		return failed(
		    place, out, "resource",
		    reading_words(answer, plan_arena(place->plan), STR("pods.metrics.k8s.io")));
	if (outcome == READING_WAITS)
		return outcome;
	list = answer->record;
	if (list->items.len == 0)
		return empty(out, STR("no metrics returned from resource metrics API"));
	for (uint32_t i = 0; i < list->items.len; i++) {
		const struct metrics_pod_metrics *pod = &list->items.at[i];
		int64_t milli;

		if (sum(pod, resource, container, &milli))
			*add(place, out) = (struct reading){ pod->metadata->name, milli,
							     pod->timestamp, pod->window };
	}
	return READING_DONE;
}

static struct str custom_version(const struct world *world)
{
	struct key newer = { STR(""), STR("v1beta2.custom.metrics.k8s.io") };
	struct key older = { STR(""), STR("v1beta1.custom.metrics.k8s.io") };

	if (world_get(world, newer, apiregistration_api_service) == NULL &&
	    world_get(world, older, apiregistration_api_service) != NULL)
		return STR("v1beta1");
	return STR("v1beta2");
}

/* "/pods/STAR", "/deployments.apps/web"; of a namespace its metrics are a part. */
static bool add_object(const struct reading_place *place, struct text *path,
		       const struct autoscaling_v2_cross_version_object_reference *object)
{
	const struct type *type;
	struct str group;

	if (object == NULL) {
		text_lit(path, "/pods/%2A");
		return true;
	}
	group = reading_group(object->api_version);
	if (group.len == 0 && str_is(object->kind, "Namespace")) {
		text_lit(path, "/metrics");
		return true;
	}
	type = world_kind_named(place->world, group, object->kind);
	if (type == NULL)
		return false;
	add_part(path, group.len == 0 ? type_resource(type)
				      : arena_printf(plan_arena(place->plan), STR_FMT "." STR_FMT,
						     STR_ARG(type_resource(type)), STR_ARG(group)));
	add_part(path, object->name);
	return true;
}

enum reading_outcome
reading_custom(const struct reading_place *place,
	       const struct autoscaling_v2_cross_version_object_reference *object,
	       const struct autoscaling_v2_metric_identifier *metric, struct readings *out)
{
	struct arena *arena = plan_arena(place->plan);
	struct text path = text_in(arena, PATH_MAX_BYTES);
	const struct custom_metrics_metric_value_list *list;
	const struct world_answer *answer;
	enum reading_outcome outcome;

	text_lit(&path, "/apis/custom.metrics.k8s.io");
	add_part(&path, custom_version(place->world));
	text_lit(&path, "/namespaces");
	add_part(&path, place->namespace);
	if (!add_object(place, &path, object))
		return failed(place, out, "custom",
			      arena_printf(arena,
					   "unable to map kind " STR_FMT
					   " to resource: no matches for kind \"" STR_FMT "\"",
					   STR_ARG(object->kind), STR_ARG(object->kind)));
	add_part(&path, metric->name);
	if (object == NULL)
		add_query(&path, "labelSelector", place->pods);
	add_query(&path, "metricLabelSelector", selector_text(arena, metric->selector));
	outcome = ask(place, text_str(&path), &custom_metrics_metric_value_list_type, &answer);
	if (outcome == READING_WAITS)
		return outcome;
	if (outcome == READING_FAILED)
		return failed(
		    place, out, "custom",
		    str_is(answer->message, "code 404")
			? STR("no custom metrics API (custom.metrics.k8s.io) registered")
			: reading_words(answer, arena,
					arena_printf(arena, STR_FMT ".custom.metrics.k8s.io",
						     STR_ARG(metric->name))));
	list = answer->record;
	if (object != NULL && list->items.len != 1)
		return failed(place, out, "custom",
			      arena_printf(arena,
					   "the custom metrics API server returned %u results when "
					   "we asked for exactly one",
					   list->items.len));
	if (list->items.len == 0)
		return empty(out, STR("no metrics returned from custom metrics API"));
	for (uint32_t i = 0; i < list->items.len; i++) {
		const struct custom_metrics_metric_value *one = &list->items.at[i];
		struct reading *reading = add(place, out);

		if (one->described_object != NULL)
			reading->pod = one->described_object->name;
		reading->milli = quantity_milli(quantity_of(one->value));
		reading->at = one->timestamp;
		reading->window_ns =
		    one->has.window_seconds ? one->window_seconds * TIME_S : WINDOW_NS;
	}
	return READING_DONE;
}

enum reading_outcome reading_external(const struct reading_place *place,
				      const struct autoscaling_v2_metric_identifier *metric,
				      struct readings *out)
{
	struct arena *arena = plan_arena(place->plan);
	struct text path = text_in(arena, PATH_MAX_BYTES);
	const struct external_metrics_external_metric_value_list *list;
	const struct world_answer *answer;
	enum reading_outcome outcome;

	text_lit(&path, "/apis/external.metrics.k8s.io/v1beta1/namespaces");
	add_part(&path, place->namespace);
	add_part(&path, metric->name);
	add_query(&path, "labelSelector", selector_text(arena, metric->selector));
	outcome =
	    ask(place, text_str(&path), &external_metrics_external_metric_value_list_type, &answer);
	if (outcome == READING_FAILED)
		return failed(place, out, "external",
			      reading_words(answer, arena,
					    arena_printf(arena, STR_FMT ".external.metrics.k8s.io",
							 STR_ARG(metric->name))));
	if (outcome == READING_WAITS)
		return outcome;
	list = answer->record;
	if (list->items.len == 0)
		return empty(out, STR("no metrics returned from external metrics API"));
	for (uint32_t i = 0; i < list->items.len; i++)
		add(place, out)->milli = quantity_milli(quantity_of(list->items.at[i].value));
	return READING_DONE;
}
