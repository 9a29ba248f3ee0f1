#include "tests/unit/actors/scheduler/trial.h"

#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/records.h"

/* ---- a world of a few objects -------------------------------------------------------------------------- */

static bool is_kind(const struct object *object, const struct type *type)
{
	return str_eq(type_kind(object->type), type_kind(type)) &&
	       str_eq(type_group(object->type), type_group(type));
}

static const struct object *world_find(void *self, struct arena *arena, const struct type *type,
				       struct key key)
{
	const struct trial *trial = self;

	(void)arena;
	for (uint32_t i = 0; i < trial->objects.len; i++)
		if (is_kind(trial->objects.at[i], type) &&
		    str_eq(object_name(trial->objects.at[i]), key.name) &&
		    str_eq(object_namespace(trial->objects.at[i]), key.namespace))
			return trial->objects.at[i];
	return NULL;
}

static void face_each(void *self, const struct type *type, struct str namespace,
		      world_each_fn *each, void *arg)
{
	const struct trial *trial = self;

	for (uint32_t i = 0; i < trial->objects.len; i++)
		if (is_kind(trial->objects.at[i], type) &&
		    (namespace.len == 0 ||
		     str_eq(object_namespace(trial->objects.at[i]), namespace)) &&
		    !each(arg, trial->objects.at[i]))
			return;
}

static const struct world_face face = { .get = world_find, .each = face_each };

/* ---- making ---------------------------------------------------------------------------------------------- */

static void release(void *arg)
{
	struct trial *trial = arg;

	snapshot_free(trial->snapshot);
	vec_fini(&trial->objects);
}

struct trial *trial_new(void)
{
	struct trial *trial = arena_new_of(test_arena(), struct trial);

	trial->snapshot = snapshot_new();
	trial->world = (struct world){ .face = &face,
				       .self = trial,
				       .arena = test_arena(),
				       .now = { TIME_S },
				       .clock = { TIME_S } };
	arena_on_free(test_arena(), release, trial);
	return trial;
}

static bool says(const struct core_node *node, const char *resource)
{
	return str_map_get(node->status->allocatable, str_from(resource)).at != NULL;
}

static void fill(struct object *object, const char *name)
{
	struct core_node *node = object->record;
	struct arena *arena = object_arena(object);
	struct str_map *all = &node->status->allocatable;

	object_meta(object)->name = arena_str(arena, str_from(name));
	if (!says(node, "cpu"))
		str_map_put(all, arena, STR("cpu"), STR("4"));
	if (!says(node, "memory"))
		str_map_put(all, arena, STR("memory"), STR("8Gi"));
	if (!says(node, "pods"))
		str_map_put(all, arena, STR("pods"), STR("110"));
}

void trial_node(struct trial *trial, const char *name, const char *json, ...)
{
	struct object *object;
	va_list args;

	va_start(args, json);
	object = object_edit(records_object(&core_node_type, json, args));
	va_end(args);
	fill(object, name);
	object_freeze(object, object->revision);
	CHECK(snapshot_set_node(trial->snapshot, object));
	object_unref(object);
}

void trial_placed(struct trial *trial, const char *node, const char *json, ...)
{
	struct object *object;
	struct pod_info *pod;
	va_list args;

	va_start(args, json);
	object = object_edit(records_object(&core_pod_type, json, args));
	va_end(args);
	((struct core_pod *)object->record)->spec->node_name =
	    arena_str(object_arena(object), str_from(node));
	object_freeze(object, object->revision);
	pod = pod_info_new(object, RESOURCES_USED);
	snapshot_set_pod(trial->snapshot, pod);
	pod_info_unref(pod);
	object_unref(object);
}

void trial_object(struct trial *trial, const struct type *type, const char *json, ...)
{
	va_list args;

	va_start(args, json);
	vec_push(&trial->objects, records_object(type, json, args));
	va_end(args);
}

/* ---- running ----------------------------------------------------------------------------------------------- */

static struct pod_info *make_pod(const char *json, va_list args)
{
	return records_pod("%s", arena_vprintf(test_arena(), json, args).at);
}

static struct cycle *begin(struct trial *trial, struct pod_info *pod)
{
	struct cycle *cycle = arena_new_of(test_arena(), struct cycle);

	cycle_init(cycle, test_arena(), trial->snapshot, &trial->world, pod, 1);
	return cycle;
}

struct str trial_run(struct trial *trial, const char *pod, ...)
{
	struct cycle *cycle;
	const struct node_info *node;
	va_list args;

	va_start(args, pod);
	cycle = begin(trial, make_pod(pod, args));
	va_end(args);
	node = cycle_run(cycle);
	return node ? node->name : cycle_message(cycle);
}

struct str trial_preempt(struct trial *trial, const char *pod, ...)
{
	struct text out = text_in(test_arena(), 4 * KIB);
	struct preemption preemption;
	struct cycle *cycle;
	va_list args;

	va_start(args, pod);
	cycle = begin(trial, make_pod(pod, args));
	va_end(args);
	CHECK(cycle_run(cycle) == NULL);
	preemption_run(cycle, &preemption);
	if (preemption.node == NULL)
		return preemption.word;
	text_printf(&out, STR_FMT ":", STR_ARG(preemption.node->name));
	for (uint32_t i = 0; i < preemption.victim_count; i++)
		text_printf(&out, " " STR_FMT, STR_ARG(object_name(preemption.victims[i]->object)));
	return text_str(&out);
}

struct str trial_scores(struct trial *trial, enum criterion_id which, const char *pod, ...)
{
	const struct criterion *criterion = criteria[which];
	struct text out = text_in(test_arena(), 4 * KIB);
	struct cycle *cycle;
	int64_t *scores;
	va_list args;

	va_start(args, pod);
	cycle = begin(trial, make_pod(pod, args));
	va_end(args);
	cycle_run(cycle);
	scores = arena_array(test_arena(), int64_t, cycle->feasible_count);
	cycle->state[which] = NULL;
	if (criterion->pre_filter != NULL)
		criterion->pre_filter(cycle);
	if (criterion->pre_score != NULL && !criterion->pre_score(cycle))
		return STR("none");
	for (uint32_t i = 0; i < cycle->feasible_count; i++)
		scores[i] = criterion->score(cycle, cycle->feasible[i]);
	if (criterion->normalize != NULL)
		criterion->normalize(cycle, scores, cycle->feasible_count);
	for (uint32_t n = 0; n < cycle->nodes.len; n++)
		for (uint32_t i = 0; i < cycle->feasible_count; i++)
			if (cycle->feasible[i] == cycle->nodes.at[n])
				text_printf(&out, "%s" STR_FMT "=%jd", out.len ? " " : "",
					    STR_ARG(cycle->feasible[i]->name), (intmax_t)scores[i]);
	return text_str(&out);
}

bool trial_helps(enum criterion_id which, struct pod_info *waiting, struct news news)
{
	const struct criterion *criterion = criteria[which];

	return (criterion->wakes & news.kinds) != 0 &&
	       (criterion->helps == NULL || criterion->helps(waiting, &news));
}

struct node_info *trial_node_info(struct trial *trial, const char *name)
{
	return snapshot_node(trial->snapshot, str_from(name));
}
