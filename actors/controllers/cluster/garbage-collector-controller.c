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
		 arena_printf(arena, STR_FMT "," STR_FMT "," STR_FMT,
			      STR_ARG(type_group(object->type)), STR_ARG(type_kind(object->type)),
			      STR_ARG(meta->namespace)),
		 meta->name);
	arena_free(arena);
}

static const struct object *find(const struct world *world, const struct type *type,
				 struct str namespace, struct str name)
{
	struct key key = { STR(""), name };

	if ((type->flags & TYPE_NAMESPACED) != 0)
		key.namespace = namespace;
	return world_object(world, type, key);
}

static bool find_subject(const struct world *world, struct key key, struct subject *out)
{
	struct str rest = key.namespace, group = str_cut(&rest, ','), kind = str_cut(&rest, ',');
	const struct type *type = world_kind_named(world, group, kind);

	out->object = type ? find(world, type, rest, key.name) : NULL;
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

/* It goes when its dependents have gone. */
static bool waits_for_dependents(const struct meta_object_meta *meta)
{
	return meta->has.deletion_timestamp && has_finalizer(meta, FOREGROUND);
}

/* UNKNOWN: it may be there, nobody here can tell yet, or ever. */
enum standing { SOLID, DANGLING, WAITING, UNKNOWN };

/* "apps/v1" -> apps; "v1" -> "". */
static struct str group_of(struct str api_version)
{
	int64_t slash = str_find_char(api_version, '/');

	return slash < 0 ? STR("") : str_slice(api_version, 0, (uint32_t)slash);
}

/* The kind of an owner that this subject can have; NULL: none that we know. Nothing in the cluster is owned by something in a namespace. */
static const struct type *kind_of(const struct world *world, const struct subject *s,
				  const struct meta_owner_reference *owner)
{
	const struct type *type = world_kind_named(world, group_of(owner->api_version), owner->kind);

	if (type != NULL && (type->flags & TYPE_NAMESPACED) != 0 && s->meta->namespace.len == 0)
		return NULL;
	return type;
}

static enum standing standing_of(const struct world *world, struct plan *plan,
				 const struct subject *s, const struct meta_owner_reference *owner)
{
	const struct type *type = kind_of(world, s, owner);
	const struct object *object;
	const struct meta_object_meta *meta;

	if (type == NULL)
		return UNKNOWN;
	object = find(world, type, s->meta->namespace, owner->name);
	if (object == NULL || !str_eq((meta = world_meta(type, object->record))->uid, owner->uid))
		return plan_has_seen(plan, world, type, (uint64_t)s->object->revision) ? DANGLING
										       : UNKNOWN;
	return waits_for_dependents(meta) ? WAITING : SOLID;
}

struct owners {
	enum standing *standing; /* by the place of the reference */
	uint32_t count[UNKNOWN + 1];
};

static struct owners look_at_owners(const struct world *world, struct plan *plan,
				    const struct subject *s)
{
	uint32_t len = s->meta->owner_references.len;
	struct owners owners = { arena_array(plan_arena(plan), enum standing, len), { 0 } };

	for (uint32_t i = 0; i < len; i++) {
		owners.standing[i] = standing_of(world, plan, s, &s->meta->owner_references.at[i]);
		owners.count[owners.standing[i]]++;
	}
	return owners;
}

static struct meta_owner_reference_list *edit_owners(struct plan *plan, const struct object *object)
{
	void *edit = plan_edit_(plan, object->type, object->record);

	return &world_meta_edit(object->type, edit)->owner_references;
}

/* Those that wait for their dependents go too: this one stays, so they would wait for ever. */
static void keep_solid_owners(struct plan *plan, const struct subject *s,
			      const struct owners *owners)
{
	struct meta_owner_reference_list *list = edit_owners(plan, s->object);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (owners->standing[i] == SOLID)
			list->at[kept++] = list->at[i];
	list->len = kept;
}

/* Two that wait for each other: the subject lets go of its owners so that it does not block them. */
static void unblock_owners(struct plan *plan, const struct subject *s)
{
	struct meta_owner_reference_list *list = edit_owners(plan, s->object);

	for (uint32_t i = 0; i < list->len; i++)
		if (list->at[i].block_owner_deletion)
			SET(&list->at[i], block_owner_deletion, false);
}

/* An owner waits for it: it waits for its own dependents in turn. */
static void delete_in_foreground(struct plan *plan, const struct subject *s,
				 struct objects dependents)
{
	for (uint32_t i = 0; i < dependents.len; i++)
		if (waits_for_dependents(
			world_meta(dependents.at[i]->type, dependents.at[i]->record))) {
			unblock_owners(plan, s);
			break;
		}
	plan_delete_(plan, s->object->type, s->meta, PLAN_FOREGROUND, -1);
}

/* What its own finalizers say wins over how its owner went. */
static enum plan_delete_how how_to_go(const struct subject *s)
{
	if (has_finalizer(s->meta, ORPHAN))
		return PLAN_ORPHAN;
	return has_finalizer(s->meta, FOREGROUND) ? PLAN_FOREGROUND : PLAN_BACKGROUND;
}

static void judge_by_owners(const struct world *world, struct plan *plan, const struct subject *s)
{
	struct owners owners = look_at_owners(world, plan, s);
	struct objects dependents;

	if (owners.count[UNKNOWN] > 0)
		return;
	if (owners.count[SOLID] > 0) {
		if (owners.count[DANGLING] + owners.count[WAITING] > 0)
			keep_solid_owners(plan, s, &owners);
		return;
	}
	dependents = world_dependents(world, s->meta->uid);
	if (owners.count[WAITING] > 0 && dependents.len > 0)
		delete_in_foreground(plan, s, dependents);
	else
		plan_delete_(plan, s->object->type, s->meta, how_to_go(s), -1);
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
	struct meta_owner_reference_list *list = edit_owners(plan, dependent);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_eq(list->at[i].uid, uid))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

/* Everything that was made before the subject was deleted has been seen, of any kind. */
static bool has_seen_all(const struct world *world, struct plan *plan, const struct subject *s)
{
	const struct type *type;
	bool has_seen = true;

	for (uint32_t i = 0; (type = world_kind(world, i)) != NULL; i++)
		has_seen &= plan_has_seen(plan, world, type, (uint64_t)s->object->revision);
	return has_seen;
}

/* One dependent that was overlooked would be collected when its owner has gone. */
static void orphan(const struct world *world, struct plan *plan, const struct subject *s)
{
	struct objects dependents = world_dependents(world, s->meta->uid);

	for (uint32_t i = 0; i < dependents.len; i++)
		disown(plan, dependents.at[i], s->meta->uid);
	if (has_seen_all(world, plan, s))
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

/* ---- what wakes -------------------------------------------------------------------------------------------------- */

/* Owners that are on their way out may wait for this object. */
static void wake_owners(const struct world *world, const struct object *object, struct wake *to)
{
	struct subject s = { object, world_meta(object->type, object->record) };

	for (uint32_t i = 0; i < s.meta->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &s.meta->owner_references.at[i];
		const struct type *type = kind_of(world, &s, owner);
		const struct object *found =
		    type ? find(world, type, s.meta->namespace, owner->name) : NULL;

		if (found != NULL && world_meta(type, found->record)->has.deletion_timestamp)
			wake_object(found, to);
	}
}

static void wake_dependents(const struct world *world, struct str uid, struct wake *to)
{
	struct objects dependents = world_dependents(world, uid);

	for (uint32_t i = 0; i < dependents.len; i++)
		wake_object(dependents.at[i], to);
}

static bool has_same_owners(const struct meta_object_meta *a, const struct meta_object_meta *b)
{
	if (a->owner_references.len != b->owner_references.len)
		return false;
	for (uint32_t i = 0; i < a->owner_references.len; i++)
		if (!str_eq(a->owner_references.at[i].uid, b->owner_references.at[i].uid) ||
		    a->owner_references.at[i].block_owner_deletion !=
			b->owner_references.at[i].block_owner_deletion)
			return false;
	return true;
}

/* Most changes (a pod's status) concern nobody here. */
static bool is_news(const struct meta_object_meta *now, const struct meta_object_meta *before)
{
	return before == NULL || !str_eq(now->uid, before->uid) || !has_same_owners(now, before) ||
	       now->has.deletion_timestamp != before->has.deletion_timestamp ||
	       now->finalizers.len != before->finalizers.len;
}

static bool is_gone(const struct world *world, const struct object *object,
		    const struct meta_object_meta *meta)
{
	const struct object *found = find(world, object->type, meta->namespace, meta->name);

	return found == NULL || !str_eq(world_meta(found->type, found->record)->uid, meta->uid);
}

static void wakes(const struct world *world, const struct object *object, const struct object *old,
		  struct wake *to)
{
	const struct meta_object_meta *meta = world_meta(object->type, object->record);
	const struct meta_object_meta *before = old ? world_meta(old->type, old->record) : NULL;
	/* What goes is told with what it was; to look for each of those that are there at the start is dear. */
	bool has_gone = old != NULL && is_gone(world, object, meta);

	if (!has_gone && !is_news(meta, before))
		return;
	if (meta->owner_references.len > 0 || meta->has.deletion_timestamp)
		wake_object(object, to);
	if (has_gone || meta->has.deletion_timestamp)
		wake_dependents(world, meta->uid, to);
	if (before != NULL && !str_eq(before->uid, meta->uid))
		wake_dependents(world, before->uid, to);
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
