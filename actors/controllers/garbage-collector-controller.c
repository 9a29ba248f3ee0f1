/*
 * The garbage collector: what nobody owns any more goes, in the background, before its owner (foreground), or is left
 * as an orphan (Kubernetes reference, "Garbage Collection").
 *
 * A key is one object of any kind: `group,Kind,namespace` and its name. That an owner does not exist is believed only
 * when the cache of its kind has passed the revision of the dependent: an owner is older than what names it.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define ORPHAN "orphan"
#define FOREGROUND "foregroundDeletion"
#define LOOK_MS 1000 /* until a cache that lags may have caught up */

struct subject {
	const struct object *object;
	const struct meta_object_meta *meta;
};

/* ---- keys ------------------------------------------------------------------------------------------------ */

static void wake_object(const struct object *object, struct wake *to)
{
	struct arena *arena = arena_new(0);
	const struct meta_object_meta *meta = world_meta(object->type, object->record);

	wake_key(to,
		 arena_printf(arena, STR_FMT "," STR_FMT "," STR_FMT, STR_ARG(object->type->group),
			      STR_ARG(object->type->kind), STR_ARG(meta->namespace)),
		 meta->name);
	arena_free(arena);
}

static const struct type *kind_named(struct str group, struct str kind)
{
	const struct type *type;

	for (uint32_t i = 0; (type = controller_kind(i)) != NULL; i++)
		if (str_eq(type->group, group) && str_eq(type->kind, kind))
			return type;
	return NULL;
}

static bool find_subject(const struct world *world, struct key key, struct subject *out)
{
	struct str rest = key.namespace, group = str_cut(&rest, ','), kind = str_cut(&rest, ',');
	const struct type *type = kind_named(group, kind);
	struct key place = { rest, key.name };

	out->object = type ? world_object(world, type, place) : NULL;
	if (out->object == NULL)
		return false;
	out->meta = world_meta(type, out->object->record);
	return true;
}

/* ---- owners ------------------------------------------------------------------------------------------------ */

static bool has_finalizer(const struct meta_object_meta *meta, const char *name)
{
	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		if (str_is(meta->finalizers.at[i], name))
			return true;
	return false;
}

enum standing { SOLID, DANGLING, WAITING, UNKNOWN };

/* "apps/v1" -> apps; "v1" -> "". */
static struct str group_of(struct str api_version)
{
	int64_t slash = str_find_char(api_version, '/');

	return slash < 0 ? STR("") : str_slice(api_version, 0, (uint32_t)slash);
}

static enum standing standing_of(const struct world *world, const struct subject *s,
				 const struct meta_owner_reference *owner)
{
	const struct type *type = kind_named(group_of(owner->api_version), owner->kind);
	const struct object *object;
	const struct meta_object_meta *meta;
	struct key key = { STR_NONE, owner->name };

	if (type == NULL)
		return UNKNOWN;
	if ((type->flags & TYPE_NAMESPACED) != 0)
		key.namespace = s->meta->namespace;
	else
		key.namespace = STR("");
	object = world_object(world, type, key);
	if (object == NULL || !str_eq((meta = world_meta(type, object->record))->uid, owner->uid))
		return world_revision(world, type) >= (uint64_t)s->object->revision ? DANGLING
										    : UNKNOWN;
	if (meta->has.deletion_timestamp && has_finalizer(meta, FOREGROUND))
		return WAITING;
	return SOLID;
}

struct owners {
	uint32_t count[UNKNOWN + 1];
	uint32_t blocking; /* of the waiting ones those that this object blocks */
};

static struct owners look_at_owners(const struct world *world, const struct subject *s)
{
	struct owners owners = { 0 };

	for (uint32_t i = 0; i < s->meta->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &s->meta->owner_references.at[i];
		enum standing standing = standing_of(world, s, owner);

		owners.count[standing]++;
		owners.blocking += standing == WAITING && owner->block_owner_deletion;
	}
	return owners;
}

static void keep_solid_owners(const struct world *world, struct plan *plan, const struct subject *s)
{
	void *edit = plan_edit_(plan, s->object->type, s->object->record);
	struct meta_owner_reference_list *list =
	    &world_meta_edit(s->object->type, edit)->owner_references;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (standing_of(world, s, &s->meta->owner_references.at[i]) == SOLID)
			list->at[kept++] = list->at[i];
	list->len = kept;
}

static bool has_dependents(const struct world *world, const struct subject *s)
{
	return world_dependents(world, s->meta->uid).len > 0;
}

/* What its own finalizers say wins over how its owner went. */
static enum plan_delete_how how_to_go(const struct world *world, const struct subject *s,
				      bool owner_waits)
{
	if (has_finalizer(s->meta, ORPHAN))
		return PLAN_ORPHAN;
	if (has_finalizer(s->meta, FOREGROUND) || (owner_waits && has_dependents(world, s)))
		return PLAN_FOREGROUND;
	return PLAN_BACKGROUND;
}

static void judge_by_owners(const struct world *world, struct plan *plan, const struct subject *s)
{
	struct owners owners = look_at_owners(world, s);

	if (owners.count[UNKNOWN] > 0) {
		plan_again(plan, LOOK_MS);
		return;
	}
	if (owners.count[SOLID] > 0) {
		if (owners.count[DANGLING] + owners.count[WAITING] > 0)
			keep_solid_owners(world, plan, s);
		return;
	}
	plan_delete_(plan, s->object->type, s->meta, how_to_go(world, s, owners.count[WAITING] > 0),
		     -1);
}

/* ---- finalizers ---------------------------------------------------------------------------------------------- */

static void drop_finalizer(struct plan *plan, const struct subject *s, const char *name)
{
	void *edit = plan_edit_(plan, s->object->type, s->object->record);
	struct str_list *list = &world_meta_edit(s->object->type, edit)->finalizers;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_is(list->at[i], name))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

static void disown(struct plan *plan, const struct object *dependent, struct str uid)
{
	void *edit = plan_edit_(plan, dependent->type, dependent->record);
	struct meta_owner_reference_list *list =
	    &world_meta_edit(dependent->type, edit)->owner_references;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_eq(list->at[i].uid, uid))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

static void orphan(const struct world *world, struct plan *plan, const struct subject *s)
{
	struct objects dependents = world_dependents(world, s->meta->uid);

	for (uint32_t i = 0; i < dependents.len; i++)
		disown(plan, dependents.at[i], s->meta->uid);
	if (dependents.len == 0)
		drop_finalizer(plan, s, ORPHAN);
}

static bool blocks(const struct object *dependent, struct str uid)
{
	const struct meta_object_meta *meta = world_meta(dependent->type, dependent->record);

	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		if (str_eq(meta->owner_references.at[i].uid, uid) &&
		    meta->owner_references.at[i].block_owner_deletion)
			return true;
	return false;
}

/* Its dependents are woken by its own change and go; it follows when none that blocks it is left. */
static void finish_foreground(const struct world *world, struct plan *plan, const struct subject *s)
{
	struct objects dependents = world_dependents(world, s->meta->uid);

	for (uint32_t i = 0; i < dependents.len; i++)
		if (blocks(dependents.at[i], s->meta->uid))
			return;
	drop_finalizer(plan, s, FOREGROUND);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct subject s;

	if (!find_subject(world, key, &s))
		return OK;
	if (s.meta->has.deletion_timestamp) {
		if (has_finalizer(s.meta, ORPHAN))
			orphan(world, plan, &s);
		else if (has_finalizer(s.meta, FOREGROUND))
			finish_foreground(world, plan, &s);
		return OK;
	}
	if (s.meta->owner_references.len > 0)
		judge_by_owners(world, plan, &s);
	return OK;
}

static void wake_owners(const struct world *world, const struct object *object, struct wake *to)
{
	const struct meta_object_meta *meta = world_meta(object->type, object->record);

	for (uint32_t i = 0; i < meta->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &meta->owner_references.at[i];
		const struct type *type = kind_named(group_of(owner->api_version), owner->kind);
		struct key key = { meta->namespace, owner->name };
		const struct object *found;

		if (type == NULL)
			continue;
		if ((type->flags & TYPE_NAMESPACED) == 0)
			key.namespace = STR("");
		found = world_object(world, type, key);
		if (found != NULL && world_meta(type, found->record)->has.deletion_timestamp)
			wake_object(found, to);
	}
}

/*
 * An object wakes itself if it has owners or is going; its dependents when it goes or has gone; and its
 * owners, who may wait for it.
 */
static void wakes(const struct world *world, const struct object *object, const struct object *old,
		  struct wake *to)
{
	const struct meta_object_meta *meta = world_meta(object->type, object->record);
	bool is_going = meta->has.deletion_timestamp;
	bool is_gone = old != NULL &&
		       world_object(world, object->type,
				    (struct key){ meta->namespace.at ? meta->namespace : STR(""),
						  meta->name }) != object;
	struct objects dependents;

	if (meta->owner_references.len == 0 && !is_going && !is_gone)
		return;
	wake_object(object, to);
	if (is_going || is_gone) {
		dependents = world_dependents(world, meta->uid);
		for (uint32_t i = 0; i < dependents.len; i++)
			wake_object(dependents.at[i], to);
	}
	wake_owners(world, object, to);
	if (old != NULL)
		wake_owners(world, old, to);
}

const struct controller garbage_collector_controller = {
	.name = "garbage-collector",
	.account = "generic-garbage-collector",
	.reads_all = true,
	.wakes = wakes,
	.workers = 20,
	.reconcile = reconcile,
};
