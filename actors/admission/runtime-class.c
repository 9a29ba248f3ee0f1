/*
 * RuntimeClass: a pod of a class costs what the class says and goes where its nodes are (upstream: plugin/pkg/admission/runtimeclass).
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"
#include "datastore/schema/node.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

static bool concerns(const struct admission *admission)
{
	return admission->group.len == 0 && str_is(admission->resource, "pods") &&
	       admission->subresource.len == 0;
}

/* NULL: the pod names no class. It is held, since the pod takes parts of it over. */
static enum check find_class(struct admission *admission, const struct core_pod_spec *spec,
			     const struct node_runtime_class **out)
{
	const struct object *object;

	*out = NULL;
	if (spec->runtime_class_name.at == NULL)
		return CHECK_PASS;
	object = check_get(&admission->check, &node_runtime_class_type, STR_NONE,
			   spec->runtime_class_name);
	if (object == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (object == NULL)
		return admission_deny(admission,
				      "pod rejected: RuntimeClass \"" STR_FMT "\" not found",
				      STR_ARG(spec->runtime_class_name));
	*out = object_hold(admission->check.arena, object)->record;
	return CHECK_PASS;
}

/* ---- what it costs --------------------------------------------------------------------------------------- */

static bool are_same_amounts(struct str_map a, struct str_map b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++) {
		struct str other = str_map_get(b, a.at[i].key);

		if (other.at == NULL ||
		    quantity_cmp(quantity_of(a.at[i].value), quantity_of(other)) != 0)
			return false;
	}
	return true;
}

static enum check set_overhead(struct admission *admission, struct core_pod_spec *spec,
			       const struct node_runtime_class *class)
{
	if (class->overhead == NULL)
		return CHECK_PASS;
	if (spec->overhead.len > 0 && !are_same_amounts(class->overhead->pod_fixed, spec->overhead))
		return admission_deny(admission, "pod rejected: Pod's Overhead doesn't match "
						 "RuntimeClass's defined Overhead");
	spec->overhead = class->overhead->pod_fixed;
	return CHECK_PASS;
}

/* ---- where it goes --------------------------------------------------------------------------------------- */

static enum check add_selector(struct admission *admission, struct core_pod_spec *spec,
			       struct str_map more)
{
	for (uint32_t i = 0; i < more.len; i++) {
		struct str key = more.at[i].key, value = more.at[i].value;
		struct str had = str_map_get(spec->node_selector, key);

		if (had.at != NULL && !str_eq(had, value))
			return admission_deny(
			    admission,
			    "conflict: runtimeClass.scheduling.nodeSelector[" STR_FMT "] = " STR_FMT
			    "; pod.spec.nodeSelector[" STR_FMT "] = " STR_FMT,
			    STR_ARG(key), STR_ARG(value), STR_ARG(key), STR_ARG(had));
		str_map_put(&spec->node_selector, admission->check.arena, key, value);
	}
	return CHECK_PASS;
}

static bool is_equal_toleration(const struct core_toleration *a, const struct core_toleration *b)
{
	return str_eq(a->key, b->key) && str_eq(a->operator, b->operator) &&
	       str_eq(a->value, b->value) && str_eq(a->effect, b->effect) &&
	       a->has.toleration_seconds == b->has.toleration_seconds &&
	       a->toleration_seconds == b->toleration_seconds;
}

static bool lasts_as_long(const struct core_toleration *wide, const struct core_toleration *narrow)
{
	return !wide->has.toleration_seconds ||
	       (narrow->has.toleration_seconds &&
		narrow->toleration_seconds <= wide->toleration_seconds);
}

/* Whether whatever the narrow one tolerates the wide one does. No operator is Equal; no key with Exists is every key. */
static bool covers(const struct core_toleration *wide, const struct core_toleration *narrow)
{
	bool is_exists = str_is(wide->operator, "Exists");

	if (is_equal_toleration(wide, narrow))
		return true;
	if (!str_eq(wide->key, narrow->key) && (wide->key.len > 0 || !is_exists))
		return false;
	if (wide->effect.len > 0 && !str_eq(wide->effect, narrow->effect))
		return false;
	if (str_is(wide->effect, "NoExecute") && !lasts_as_long(wide, narrow))
		return false;
	return is_exists ||
	       (str_is(narrow->operator, "Equal") && str_eq(wide->value, narrow->value));
}

/* One that an earlier one of the result, or a later one that is not the same, covers is left out. */
static bool is_needed(const struct core_toleration *all, uint32_t len, uint32_t at,
		      struct core_toleration_list kept)
{
	for (uint32_t i = 0; i < kept.len; i++)
		if (covers(&kept.at[i], &all[at]))
			return false;
	for (uint32_t i = at + 1; i < len; i++)
		if (!is_equal_toleration(&all[i], &all[at]) && covers(&all[i], &all[at]))
			return false;
	return true;
}

static void add_tolerations(struct arena *arena, struct core_pod_spec *spec,
			    struct core_toleration_list more)
{
	uint32_t len = spec->tolerations.len + more.len;
	struct core_toleration *all = arena_array(arena, struct core_toleration, len);
	struct core_toleration_list kept = { .at = arena_array(arena, struct core_toleration, len) };

	for (uint32_t i = 0; i < len; i++)
		all[i] = i < spec->tolerations.len ? spec->tolerations.at[i]
						   : more.at[i - spec->tolerations.len];
	for (uint32_t i = 0; i < len; i++)
		if (is_needed(all, len, i, kept))
			kept.at[kept.len++] = all[i];
	spec->tolerations = kept;
}

static enum check set_scheduling(struct admission *admission, struct core_pod_spec *spec,
				 const struct node_runtime_class *class)
{
	if (class->scheduling == NULL)
		return CHECK_PASS;
	if (class->scheduling->tolerations.len > 0)
		add_tolerations(admission->check.arena, spec, class->scheduling->tolerations);
	return add_selector(admission, spec, class->scheduling->node_selector);
}

/* ---- the plug-in ----------------------------------------------------------------------------------------- */

static enum check mutate(struct admission *admission)
{
	struct core_pod *pod = admission->object;
	const struct node_runtime_class *class;
	enum check said;

	if (!concerns(admission))
		return CHECK_PASS;
	said = find_class(admission, pod->spec, &class);
	if (said != CHECK_PASS || class == NULL)
		return said;
	said = set_overhead(admission, pod->spec, class);
	return said == CHECK_PASS ? set_scheduling(admission, pod->spec, class) : said;
}

static enum check validate(struct admission *admission)
{
	const struct core_pod *pod = admission->object;
	const struct node_runtime_class *class;
	enum check said;

	if (!concerns(admission))
		return CHECK_PASS;
	said = find_class(admission, pod->spec, &class);
	if (said != CHECK_PASS)
		return said;
	if (class != NULL && class->overhead != NULL)
		return are_same_amounts(class->overhead->pod_fixed, pod->spec->overhead)
			   ? CHECK_PASS
			   : admission_deny(admission, "pod rejected: Pod's Overhead doesn't match "
						       "RuntimeClass's defined Overhead");
	return pod->spec->overhead.at == NULL
		   ? CHECK_PASS
		   : admission_deny(admission, "pod rejected: Pod Overhead set without "
					       "corresponding RuntimeClass defined Overhead");
}

const struct plugin admission_runtime_class = {
	.name = "RuntimeClass",
	.operations = ADMISSION_CREATE,
	.mutate = mutate,
	.validate = validate,
};
