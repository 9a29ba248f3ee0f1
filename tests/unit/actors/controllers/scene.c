#include "tests/unit/actors/controllers/scene-private.h"

#include <stdarg.h>
#include <stdio.h>

#include <stdlib.h>

#include "actors/controller/world-private.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "transport/wire/yaml.h"

static void ignore(void *arg, const struct type *type, bool is_there)
{
	(void)arg, (void)type, (void)is_there;
}

static void free_places(void *places)
{
	map_fini(places);
}

static void free_kinds(void *kinds)
{
	kinds_free(kinds);
}

/* Made when somebody asks. */
static struct kinds *scene_kinds(struct scene *scene)
{
	if (scene->kinds == NULL) {
		scene->kinds = kinds_new(&(struct kinds_config){ NULL, NULL, 0 });
		arena_on_free(scene->arena, free_kinds, scene->kinds);
	}
	return scene->kinds;
}

static void define(struct scene *scene, const struct object *object, bool is_gone)
{
	if (object->type == &apiextensions_custom_resource_definition_type)
		CHECK_STATUS(
		    kinds_define(scene_kinds(scene), object->record, is_gone, ignore, NULL), OK);
}

struct scene scene_open(void)
{
	struct scene scene = { .arena = test_arena(), .revision = 100 };

	CHECK_STATUS(time_parse(STR(SCENE_NOW), &scene.now), OK);
	scene.places = arena_new_of(scene.arena, struct map);
	arena_on_free(scene.arena, free_places, scene.places);
	return scene;
}

void scene_pass(struct scene *scene, int64_t seconds)
{
	scene->now.ns += seconds * TIME_S;
}

/* ---- objects ------------------------------------------------------------------------------------------- */

static struct str place_of(const struct type *type, struct str namespace, struct str name,
			   char out[600])
{
	int len = snprintf(out, 600, STR_FMT "." STR_FMT "/" STR_FMT "/" STR_FMT,
			   STR_ARG(type_kind(type)), STR_ARG(type_group(type)), STR_ARG(namespace),
			   STR_ARG(name));

	return str_of(out, (size_t)len);
}

const struct object **scene_find(const struct scene *scene, const struct type *type,
				 struct str namespace, struct str name)
{
	char buffer[600];
	uintptr_t place = (uintptr_t)map_get(scene->places, place_of(type, namespace, name, buffer));

	return place ? &scene->objects[place - 1] : NULL;
}

static void note_place(struct scene *scene, uint32_t i)
{
	const struct object *object = scene->objects[i];
	char buffer[600];

	map_put(scene->places,
		place_of(object->type, object_namespace(object), object_name(object), buffer),
		(void *)(uintptr_t)(i + 1));
}

void scene_put(struct scene *scene, struct object *object)
{
	struct meta_object_meta *meta = object_meta(object);
	const struct object **old = scene_find(scene, object->type, meta->namespace, meta->name);

	meta->resource_version =
	    arena_printf(object_arena(object), "%ju", (uintmax_t)++scene->revision);
	object_freeze(object, (int64_t)scene->revision);
	object_hold(scene->arena, object);
	if (old != NULL) {
		*old = object;
	} else {
		if (scene->len == scene->cap) {
			uint32_t cap = scene->cap ? scene->cap * 2 : 16;

			scene->objects = arena_grow(scene->arena, scene->objects,
						    scene->cap * sizeof *scene->objects,
						    cap * sizeof *scene->objects);
			scene->cap = cap;
		}
		scene->objects[scene->len++] = object;
		note_place(scene, scene->len - 1);
	}
	define(scene, object, false);
	object_unref(object);
}

static void fill_in(struct scene *scene, struct object *object)
{
	struct arena *arena = object_arena(object);
	struct meta_object_meta *meta;

	record_default(object->type, object->record, arena, scene->now);
	meta = object_meta(object);
	if (meta->namespace.len == 0 && (object->type->flags & TYPE_NAMESPACED) != 0)
		meta->namespace = STR("default");
	if (meta->uid.len == 0)
		meta->uid = arena_printf(arena, STR_FMT "-" STR_FMT,
					 STR_ARG(type_kind(object->type)), STR_ARG(meta->name));
	if (!meta->has.creation_timestamp)
		SET(meta, creation_timestamp, (struct wall){ scene->now.ns - 3600 * TIME_S });
	if (!meta->has.generation)
		SET(meta, generation, 1);
}

static void add_json(struct scene *scene, struct str json)
{
	struct str api_version, kind;
	struct fault why = { 0 };
	struct object *object;
	const struct type *type;

	CHECK_STATUS(json_kind(json, scene->arena, &api_version, &kind, NULL), OK);
	type = type_find_api(api_version, kind);
	if (type == NULL)
		type = kinds_named(scene_kinds(scene), str_cut(&api_version, '/'), kind);
	if (type == NULL)
		test_fail(__FILE__, __LINE__, "no such kind: " STR_FMT " " STR_FMT,
			  STR_ARG(api_version), STR_ARG(kind));
	if (object_decode(type, FORMAT_JSON, json, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(json));
	fill_in(scene, object);
	scene_put(scene, object);
}

void scene_add(struct scene *scene, const char *format, ...)
{
	struct fault why = { 0 };
	struct yaml *yaml;
	struct str text;
	enum status status;
	va_list args;

	va_start(args, format);
	text = arena_vprintf(scene->arena, format, args);
	va_end(args);
	yaml = yaml_open(text);
	for (;;) {
		struct text json = text_in(scene->arena, MIB);

		status = yaml_next(yaml, &json, &why);
		if (status != OK)
			break;
		add_json(scene, text_str(&json));
	}
	if (status != NOT_FOUND)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(text));
	yaml_close(yaml);
}

void scene_answer(struct scene *scene, const char *path, const struct type *type,
		  enum status status, const char *text)
{
	struct text json = text_in(scene->arena, MIB);
	struct world_answer *answer = scene->answers;
	struct object *object;
	struct yaml *yaml;

	while (answer < scene->answers + scene->answer_count && !str_is(answer->path, path))
		answer++;
	CHECK(answer < scene->answers + SCENE_ANSWERS_MAX);
	if (answer == scene->answers + scene->answer_count)
		scene->answer_count++;
	*answer = (struct world_answer){ str_from(path), status, str_from(text), NULL };
	if (status != OK)
		return;
	yaml = yaml_open(str_from(text));
	CHECK_STATUS(yaml_next(yaml, &json, NULL), OK);
	yaml_close(yaml);
	CHECK_STATUS(object_decode(type, FORMAT_JSON, text_str(&json), &object, NULL), OK);
	object_freeze(object, 1);
	object_hold(scene->arena, object);
	answer->record = object->record;
	object_unref(object);
}

static struct key key_of(const char *key)
{
	struct str rest = str_from(key), namespace = str_cut(&rest, '/');

	CHECK(rest.at != NULL);
	return (struct key){ namespace, rest };
}

const void *scene_get_(const struct scene *scene, const struct type *type, const char *key)
{
	struct key at = key_of(key);
	const struct object **found = scene_find(scene, type, at.namespace, at.name);

	return found ? (*found)->record : NULL;
}

void scene_drop(struct scene *scene, const struct object **at)
{
	char buffer[600];

	define(scene, *at, true);
	map_remove(scene->places,
		   place_of((*at)->type, object_namespace(*at), object_name(*at), buffer));
	memmove(at, at + 1, (size_t)(&scene->objects[scene->len] - at - 1) * sizeof *at);
	scene->len--;
	for (uint32_t i = (uint32_t)(at - scene->objects); i < scene->len; i++)
		note_place(scene, i);
	scene->revision++;
}

void scene_remove(struct scene *scene, const struct type *type, const char *key)
{
	struct key at = key_of(key);
	const struct object **found = scene_find(scene, type, at.namespace, at.name);

	CHECK(found != NULL);
	scene_drop(scene, found);
}

uint32_t scene_count(const struct scene *scene, const struct type *type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < scene->len; i++)
		count += str_eq(type_kind(scene->objects[i]->type), type_kind(type)) &&
			 str_eq(type_group(scene->objects[i]->type), type_group(type));
	return count;
}

/* ---- the world over them -------------------------------------------------------------------------------- */

static const struct object *face_get(void *self, struct arena *arena, const struct type *type,
				     struct key key)
{
	const struct object **found = scene_find(self, type, key.namespace, key.name);

	(void)arena;
	return found ? *found : NULL;
}

static bool is_of(const struct object *object, const struct type *type)
{
	return str_eq(type_kind(object->type), type_kind(type)) &&
	       str_eq(type_group(object->type), type_group(type));
}

/* As the caches do it: in the order of namespaces and names. */
static int by_key(const void *left, const void *right)
{
	const struct object *a = *(const struct object *const *)left;
	const struct object *b = *(const struct object *const *)right;
	int order = str_cmp(object_namespace(a), object_namespace(b));

	return order != 0 ? order : str_cmp(object_name(a), object_name(b));
}

static void face_each(void *self, const struct type *type, struct str namespace,
		      world_each_fn *each, void *arg)
{
	const struct scene *scene = self;
	const struct object **sorted =
	    arena_array(scene->arena, const struct object *, scene->len + 1);
	uint32_t len = 0;

	for (uint32_t i = 0; i < scene->len; i++)
		if (is_of(scene->objects[i], type) &&
		    (namespace.at == NULL || str_eq(object_namespace(scene->objects[i]), namespace)))
			sorted[len++] = scene->objects[i];
	qsort(sorted, len, sizeof *sorted, by_key);
	for (uint32_t i = 0; i < len; i++)
		if (!each(arg, sorted[i]))
			return;
}

static void face_by(void *self, const struct type *type, enum world_index index, struct str value,
		    world_each_fn *each, void *arg)
{
	const struct scene *scene = self;

	for (uint32_t i = 0; i < scene->len; i++) {
		struct str has;

		if (!is_of(scene->objects[i], type))
			continue;
		has = world_index_of(index, scene->objects[i]);
		if (has.at != NULL && str_eq(has, value) && !each(arg, scene->objects[i]))
			return;
	}
}

static uint64_t face_revision(void *self, const struct type *type)
{
	const struct scene *scene = self;

	(void)type;
	return scene->revision - scene->lag;
}

static const struct type *face_type(void *self, uint32_t index)
{
	(void)self;
	return kinds_at(scene_kinds(self), index);
}

static const struct type *face_kind_named(void *self, struct str group, struct str kind)
{
	return kinds_named(scene_kinds(self), group, kind);
}

static struct mono face_since(void *self, const struct type *type, struct key key)
{
	const struct scene *scene = self;

	if (face_get(self, NULL, type, key) == NULL)
		return (struct mono){ 0 };
	return (struct mono){ scene->now.ns - scene->unchanged_s * TIME_S };
}

static const struct world_face face = { .get = face_get,
					.each = face_each,
					.revision = face_revision,
					.since = face_since,
					.type = face_type,
					.kind = face_type,
					.kind_named = face_kind_named,
					.by = face_by };

struct world scene_world(struct scene *scene)
{
	return (struct world){ .face = &face,
			       .self = scene,
			       .arena = scene->arena,
			       .now = scene->now,
			       .clock = { scene->now.ns } };
}

static struct world_answer answer_to(const struct scene *scene, struct str path)
{
	for (uint32_t i = 0; i < scene->answer_count; i++)
		if (str_eq(scene->answers[i].path, path))
			return scene->answers[i];
	return (struct world_answer){ path, NOT_FOUND, STR("code 404"), NULL };
}

struct plan *scene_reconcile(struct scene *scene, const struct controller *controller,
			     const char *key)
{
	struct world world = scene_world(scene);
	struct plan *plan = arena_new_of(scene->arena, struct plan);
	struct world_answer answers[2 * SCENE_ANSWERS_MAX];

	world.failure = scene->failure;
	world.arg = controller->arg;
	world.memory = scene->memory;
	world.answers = answers;
	do {
		plan_init(plan, scene->arena);
		CHECK_STATUS(controller->reconcile(&world, key_of(key), plan), OK);
		plan_settle(plan, controller->patches, CONTROLLER_PATCHES_MAX);
		for (uint32_t i = 0; i < plan->ask_count; i++) {
			CHECK(world.answer_count < 2 * SCENE_ANSWERS_MAX);
			answers[world.answer_count++] = answer_to(scene, plan->writes[i].path);
		}
	} while (plan->ask_count > 0);
	return plan;
}

/* ---- what wakes -------------------------------------------------------------------------------------------- */

static void add_woken(void *arg, struct str namespace, struct str name)
{
	text_printf(arg, STR_FMT "/" STR_FMT " ", STR_ARG(namespace), STR_ARG(name));
}

struct str scene_wakes(struct scene *scene, const struct controller *controller,
		       const struct type *type, const char *key)
{
	struct world world = scene_world(scene);
	struct key at = key_of(key);
	const struct object **found = scene_find(scene, type, at.namespace, at.name);
	struct text out = text_in(scene->arena, MIB);
	struct wake wake = { add_woken, &out };

	CHECK(found != NULL);
	for (uint32_t i = 0; i < CONTROLLER_TRIGGERS_MAX && controller->triggers[i].type != NULL;
	     i++)
		if (is_of(*found, controller->triggers[i].type))
			controller->triggers[i].wakes(&world, *found, NULL, &wake);
	if (controller->wakes != NULL)
		controller->wakes(&world, *found, NULL, &wake);
	return text_str(&out);
}

/* ---- rounds ---------------------------------------------------------------------------------------------------- */

struct keys {
	struct arena *arena;
	struct map seen;
};

static void add_key(void *arg, struct str namespace, struct str name)
{
	struct keys *keys = arg;

	map_put(&keys->seen,
		arena_printf(keys->arena, STR_FMT "/" STR_FMT, STR_ARG(namespace), STR_ARG(name)),
		keys);
}

static void collect_keys(struct scene *scene, const struct controller *controller, struct keys *keys)
{
	struct world world = scene_world(scene);
	struct wake wake = { add_key, keys };

	for (uint32_t i = 0; i < scene->len; i++) {
		const struct object *object = scene->objects[i];

		if (controller->reconciles != NULL && is_of(object, controller->reconciles))
			add_key(keys, object_namespace(object), object_name(object));
		if (controller->wakes != NULL)
			controller->wakes(&world, object, NULL, &wake);
		for (uint32_t t = 0;
		     t < CONTROLLER_TRIGGERS_MAX && controller->triggers[t].type != NULL; t++)
			if (is_of(object, controller->triggers[t].type))
				controller->triggers[t].wakes(&world, object, NULL, &wake);
	}
}

static uint32_t run_controller(struct scene *scene, const struct controller *controller)
{
	struct keys keys = { .arena = scene->arena };
	uint32_t writes = 0;
	struct str key;
	void *value;

	collect_keys(scene, controller, &keys);
	for (uint32_t at = 0; map_next(&keys.seen, &at, &key, &value);) {
		struct plan *plan =
		    scene_reconcile(scene, controller, arena_cstr(scene->arena, key));

		writes += plan->write_count;
		scene_apply(scene, plan);
	}
	map_fini(&keys.seen);
	return writes;
}

uint32_t scene_round(struct scene *scene, const struct controller *const *list)
{
	uint32_t writes = 0;

	for (; *list != NULL; list++)
		writes += run_controller(scene, *list);
	return writes;
}

uint32_t scene_settle(struct scene *scene, const struct controller *const *list)
{
	for (uint32_t rounds = 0; rounds < 200; rounds++)
		if (scene_round(scene, list) == 0)
			return rounds;
	test_fail(__FILE__, __LINE__, "no fixed point after 200 rounds");
}

void scene_check(const char *file, int line, struct scene *scene,
		 const struct controller *controller, const char *key, const char *text)
{
	struct str plan = scene_print(scene, scene_reconcile(scene, controller, key));

	if (str_is(plan, text))
		return;
	printf("the plan for %s is\n" STR_FMT "and not\n%s", key, STR_ARG(plan), text);
	test_fail(file, line, "another plan for %s", key);
}
