/*
 * What the API server does with a plan, as far as controllers can tell: names, uids, generations, subresources, finalizers,
 * grace, and refusing what does not follow from what is there.
 */
#include <stdio.h>

#include "datastore/object/patch/patch.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/discovery.h"
#include "tests/unit/actors/controllers/scene-private.h"

static void refuse(struct scene *scene, const char *why, struct str name)
{
	scene->refused++;
	printf("refused: %s " STR_FMT "\n", why, STR_ARG(name));
}

static const struct object *current(const struct scene *scene, const struct type *type,
				    const struct meta_object_meta *meta)
{
	const struct object **found = scene_find(scene, type, meta->namespace, meta->name);

	return found ? *found : NULL;
}

/* ---- create --------------------------------------------------------------------------------------------- */

static bool is_refused_here(const struct scene *scene, const struct meta_object_meta *meta)
{
	struct key key = { STR(""), meta->namespace };
	const struct object **found =
	    scene_find(scene, &core_namespace_type, key.namespace, key.name);

	return meta->namespace.len > 0 && found != NULL &&
	       record_meta(&core_namespace_type, (*found)->record)->has.deletion_timestamp;
}

static void create(struct scene *scene, const struct plan_write *w)
{
	struct object *object = object_new(w->type);
	struct arena *arena = object_arena(object);
	struct meta_object_meta *meta;

	object->record = record_clone(w->type, w->record, arena);
	meta = object_meta(object);
	if (meta->name.len == 0)
		meta->name = arena_printf(arena, STR_FMT "%05ju", STR_ARG(meta->generate_name),
					  (uintmax_t)++scene->names);
	if (current(scene, w->type, meta) != NULL || is_refused_here(scene, meta)) {
		refuse(scene, "create", meta->name);
		object_unref(object);
		return;
	}
	record_default(w->type, object->record, arena, scene->now);
	meta->uid = arena_printf(arena, "uid-%ju", (uintmax_t)scene->revision);
	SET(meta, creation_timestamp, scene->now);
	SET(meta, generation, 1);
	scene_put(scene, object);
}

/* ---- update --------------------------------------------------------------------------------------------- */

static const struct field *field_named(const struct type *type, const char *name)
{
	return type_field(type, str_from(name));
}

static void copy_field(struct object *object, const char *name, const void *from)
{
	const struct field *field = field_named(object->type, name);

	if (field != NULL)
		record_clone_field(field, from, object->record, object_arena(object));
}

static bool has_field_changed(const struct object *object, const char *name, const void *than)
{
	const struct field *field = field_named(object->type, name);

	return field != NULL && !record_equal_field(field, object->record, than);
}

static bool is_over(const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);
	const struct core_namespace *namespace = object->record;

	if (!meta->has.deletion_timestamp || meta->finalizers.len > 0)
		return false;
	if (str_is(type_kind(object->type), "Namespace"))
		return namespace->spec->finalizers.len == 0;
	return !str_is(type_kind(object->type), "Pod") || !meta->deletion_grace_period_seconds;
}

static void store(struct scene *scene, struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);

	if (!is_over(object)) {
		scene_put(scene, object);
		return;
	}
	scene_drop(scene, scene_find(scene, object->type, meta->namespace, meta->name));
	object_unref(object);
}

/* What is sent as a patch says the same as the whole. */
static void check_patch(const struct scene *scene, const struct plan_write *w)
{
	struct str patch;

	if (w->before == NULL)
		return;
	patch = patch_between(w->type, w->before, w->record, scene->arena);
	CHECK_STATUS(patch_apply(PATCH_MERGE, w->type, w->before, patch, scene->arena, NULL, NULL),
		     OK);
	CHECK(record_equal(w->type, w->before, w->record));
}

static void update(struct scene *scene, const struct plan_write *w, const void *stored)
{
	const struct object *old = current(scene, w->type, record_meta(w->type, w->record));
	bool is_status = w->subresource != NULL && strcmp(w->subresource, "status") == 0;
	struct object *object;

	/* Of the object that was read, or of what an earlier write of this plan made of it. */
	if (old == NULL || (old->record != w->original && old->record != stored)) {
		refuse(scene, "update", record_meta(w->type, w->record)->name);
		return;
	}
	check_patch(scene, w);
	object = object_edit(old);
	if (is_status) {
		copy_field(object, "status", w->record);
		object_meta(object)->annotations =
		    record_meta(w->type, record_clone(w->type, w->record, object_arena(object)))
			->annotations;
	} else if (w->subresource != NULL) {
		copy_field(object, "spec", w->record);
	} else {
		object->record = record_clone(w->type, w->record, object_arena(object));
		copy_field(object, "status", old->record);
		if (has_field_changed(object, "spec", old->record))
			object_meta(object)->generation++;
	}
	store(scene, object);
}

/* ---- delete ----------------------------------------------------------------------------------------------- */

static void add_finalizer(struct object *object, const char *name)
{
	struct str_list *list = &object_meta(object)->finalizers;
	struct str *grown = arena_array(object_arena(object), struct str, list->len + 1);

	for (uint32_t i = 0; i < list->len; i++) {
		if (str_is(list->at[i], name))
			return;
		grown[i] = list->at[i];
	}
	grown[list->len] = str_from(name);
	*list = (struct str_list){ grown, list->len + 1 };
}

static int64_t grace_of(const struct object *object, int64_t asked)
{
	const struct core_pod *pod = object->record;

	if (!str_is(type_kind(object->type), "Pod") || pod->spec->node_name.len == 0 ||
	    str_is(pod->status->phase, "Succeeded") || str_is(pod->status->phase, "Failed"))
		return 0;
	return asked >= 0 ? asked : pod->spec->termination_grace_period_seconds;
}

static void delete_object(struct scene *scene, const struct object *old, enum plan_delete_how how,
			  int64_t asked_s)
{
	int64_t grace_s = grace_of(old, asked_s);
	struct object *object = object_edit(old);
	struct meta_object_meta *meta = object_meta(object);

	if (how == PLAN_FOREGROUND)
		add_finalizer(object, "foregroundDeletion");
	if (how == PLAN_ORPHAN)
		add_finalizer(object, "orphan");
	if (!meta->has.deletion_timestamp) {
		SET(meta, deletion_timestamp, (struct wall){ scene->now.ns + grace_s * TIME_S });
		SET(meta, deletion_grace_period_seconds, grace_s);
	} else if (grace_s < meta->deletion_grace_period_seconds) {
		SET(meta, deletion_grace_period_seconds, grace_s);
	}
	store(scene, object);
}

static void delete (struct scene *scene, const struct plan_write *w)
{
	const struct object **found = scene_find(scene, w->type, w->namespace, w->name);

	if (found == NULL || !str_eq(object_uid(*found), w->uid)) {
		refuse(scene, "delete", w->name);
		return;
	}
	delete_object(scene, *found, w->how, w->grace_s);
}

/* DELETE /apis/<group>/<version>/namespaces/<namespace>/<resource> */
static void delete_collection(struct scene *scene, struct str path)
{
	struct str parts[8] = { 0 }, *at = parts;
	uint32_t len = 0;

	for (struct str rest = str_slice(path, 1, path.len); rest.at != NULL && len < 8;)
		parts[len++] = str_cut(&rest, '/');
	at = str_is(parts[0], "api") ? parts : parts + 1; /* version, namespaces, name, resource */
	for (uint32_t i = scene->len; i-- > 0;) {
		const struct object *object = scene->objects[i];

		if (str_eq(type_resource(object->type), at[4]) &&
		    str_eq(type_group(object->type), str_is(parts[0], "api") ? STR("") : parts[1]) &&
		    str_eq(object_namespace(object), at[3]))
			delete_object(scene, object, PLAN_BACKGROUND, -1);
	}
}

/* ---- the whole -------------------------------------------------------------------------------------------- */

/* What the earlier writes of the plan made of the same object. */
static const void *made_before(const struct scene *scene, const struct plan *plan, uint32_t write)
{
	const struct plan_write *w = &plan->writes[write];

	for (uint32_t i = 0; i < write; i++)
		if (w->verb == PLAN_UPDATE && plan->writes[i].original == w->original) {
			const struct object *object =
			    current(scene, w->type, record_meta(w->type, w->record));

			return object ? object->record : NULL;
		}
	return NULL;
}

void scene_apply(struct scene *scene, struct plan *plan)
{
	if (plan->has_memory)
		scene->memory = plan->memory;
	for (uint32_t i = 0; i < plan->write_count; i++) {
		const struct plan_write *w = &plan->writes[i];

		scene->writes++;
		switch (w->verb) {
		case PLAN_CREATE: create(scene, w); break;
		case PLAN_UPDATE: update(scene, w, made_before(scene, plan, i)); break;
		case PLAN_DELETE: delete (scene, w); break;
		case PLAN_REQUEST:
			if (strcmp(w->method, "DELETE") == 0)
				delete_collection(scene, w->path);
			break;
		case PLAN_ASK: break;
		}
	}
}

/* ---- nodes ------------------------------------------------------------------------------------------------ */

static void run_pod(struct scene *scene, const struct object *old)
{
	struct object *object = object_edit(old);
	struct arena *arena = object_arena(object);
	struct core_pod *pod = object->record;
	struct core_pod_condition *ready = arena_new_of(arena, struct core_pod_condition);

	pod->spec->node_name = STR("n1");
	pod->status->phase = STR("Running");
	pod->status->pod_ip = arena_printf(arena, "10.0.0.%ju", (uintmax_t)++scene->names % 250);
	ready->type = STR("Ready");
	ready->status = STR("True");
	SET(ready, last_transition_time, scene->now);
	pod->status->conditions.at = ready;
	pod->status->conditions.len = 1;
	scene_put(scene, object);
}

uint32_t scene_run_pods(struct scene *scene)
{
	uint64_t before = scene->revision;

	for (uint32_t i = scene->len; i-- > 0;) {
		const struct object *object = scene->objects[i];
		const struct core_pod *pod = object->record;

		if (!str_is(type_kind(object->type), "Pod"))
			continue;
		if (pod->metadata->has.deletion_timestamp && pod->metadata->finalizers.len == 0)
			scene_drop(scene, &scene->objects[i]);
		else if (!pod->metadata->has.deletion_timestamp && pod->status->pod_ip.len == 0)
			run_pod(scene, object);
	}
	return (uint32_t)(scene->revision - before);
}
