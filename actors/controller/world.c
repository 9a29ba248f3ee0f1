#include "actors/controller/world.h"

#include "actors/controller/controller.h"
#include "actors/controller/world-private.h"
#include "datastore/object/record.h"
#include "datastore/object/selector.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/core.h"

struct wall world_now(const struct world *world)
{
	return world->now;
}

struct arena *world_arena(const struct world *world)
{
	return world->arena;
}

const void *world_arg(const struct world *world)
{
	return world->arg;
}

const struct type *world_kind(const struct world *world, uint32_t index)
{
	return world->face->kind(world->self, index);
}

const struct type *world_kind_named(const struct world *world, struct str group, struct str kind)
{
	return world->face->kind_named(world->self, group, kind);
}

const void *world_get_(const struct world *world, const struct type *type, struct key key)
{
	const struct object *object = world->face->get(world->self, world->arena, type, key);

	return object ? object->record : NULL;
}

/* Of kinds that are kept as outlines an object is made for who walks over it. */
static void keep_outline(struct arena *arena, const struct object *object)
{
	if ((object->type->flags & TYPE_METADATA_ONLY) != 0)
		object_hold(arena, object);
}

/* Records as they are walked, in the world's arena. */
struct gathering {
	struct arena *arena;
	const void **at;
	uint32_t len, cap;
};

static bool gather(void *arg, const struct object *object)
{
	struct gathering *g = arg;

	if (g->len == g->cap) {
		uint32_t cap = g->cap ? g->cap * 2 : 16;

		g->at = arena_grow(g->arena, g->at, g->cap * sizeof *g->at, cap * sizeof *g->at);
		g->cap = cap;
	}
	g->at[g->len++] = object->record;
	keep_outline(g->arena, object);
	return true;
}

void world_each(const struct world *world, const struct type *type, struct str namespace,
		world_each_fn *each, void *arg)
{
	world->face->each(world->self, type, namespace, each, arg);
}

struct records world_list_(const struct world *world, const struct type *type, struct str namespace)
{
	struct gathering g = { .arena = world->arena };

	world->face->each(world->self, type, namespace, gather, &g);
	return (struct records){ g.at, g.len };
}

/* Keeps those that pass. */
static struct records keep(struct gathering *g, bool (*passes)(const void *arg, const void *record),
			   const void *arg)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < g->len; i++)
		if (passes(arg, g->at[i]))
			g->at[kept++] = g->at[i];
	return (struct records){ g->at, kept };
}

struct owned_by {
	const struct type *type;
	struct str uid;
};

static bool is_controlled_by(const void *arg, const void *record)
{
	const struct owned_by *by = arg;
	const struct meta_object_meta *meta = record_meta(by->type, record);

	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		if (meta->owner_references.at[i].controller &&
		    str_eq(meta->owner_references.at[i].uid, by->uid))
			return true;
	return false;
}

struct records world_owned_(const struct world *world, const struct type *type,
			    const struct meta_object_meta *owner)
{
	struct gathering g = { .arena = world->arena };
	struct owned_by by = { type, owner->uid };

	world->face->by(world->self, type, WORLD_BY_OWNER, owner->uid, gather, &g);
	return keep(&g, is_controlled_by, &by);
}

struct labelled {
	const struct type *type;
	struct selector selector;
};

static bool is_labelled(const void *arg, const void *record)
{
	const struct labelled *l = arg;

	return selector_matches_labels(&l->selector, record_meta(l->type, record)->labels);
}

struct records world_matching_(const struct world *world, const struct type *type,
			       struct str namespace, const struct meta_label_selector *selector)
{
	struct gathering g = { .arena = world->arena };
	struct labelled l = { .type = type };

	if (selector_from_label_selector(selector, world->arena, &l.selector, NULL) != OK)
		return (struct records){ 0 };
	world->face->each(world->self, type, namespace, gather, &g);
	return keep(&g, is_labelled, &l);
}

struct records world_adoptable_(const struct world *world, const struct type *type,
				struct str namespace, const struct meta_label_selector *selector)
{
	struct gathering g = { .arena = world->arena };
	struct labelled l = { .type = type };

	if (selector_from_label_selector(selector, world->arena, &l.selector, NULL) != OK)
		return (struct records){ 0 };
	world->face->by(world->self, type, WORLD_UNCONTROLLED, namespace, gather, &g);
	return keep(&g, is_labelled, &l);
}

struct records world_labelled_(const struct world *world, const struct type *type,
			       struct str namespace, struct str_map labels)
{
	struct gathering g = { .arena = world->arena };
	struct labelled l = { type, selector_from_map(labels, world->arena) };

	if (labels.len == 0)
		return (struct records){ 0 };
	world->face->each(world->self, type, namespace, gather, &g);
	return keep(&g, is_labelled, &l);
}

bool world_selects(const struct meta_label_selector *selector, struct str_map labels)
{
	struct arena *arena = arena_new(0);
	struct selector parsed;
	bool is_selected = selector_from_label_selector(selector, arena, &parsed, NULL) == OK &&
			   selector_matches_labels(&parsed, labels);

	arena_free(arena);
	return is_selected;
}

const struct world_answer *world_answer(const struct world *world, struct str path)
{
	for (uint32_t i = 0; i < world->answer_count; i++)
		if (str_eq(world->answers[i].path, path))
			return &world->answers[i];
	return NULL;
}

struct str world_memory(const struct world *world)
{
	return world->memory;
}

const struct world_failure *world_failure(const struct world *world)
{
	return world->failure;
}

uint64_t world_revision(const struct world *world, const struct type *type)
{
	return world->face->revision(world->self, type);
}

int64_t world_unchanged_ms(const struct world *world, const struct type *type, struct key key)
{
	struct mono since = world->face->since(world->self, type, key);

	return since.ns == 0 ? -1 : (world->clock.ns - since.ns) / TIME_MS;
}

const struct meta_object_meta *world_meta(const struct type *type, const void *record)
{
	return record_meta(type, record);
}

bool world_same_(const struct type *type, const void *a, const void *b)
{
	return record_equal(type, a, b);
}

struct meta_object_meta *world_meta_edit(const struct type *type, void *record)
{
	return record_meta(type, record);
}

const struct object *world_object(const struct world *world, const struct type *type, struct key key)
{
	return world->face->get(world->self, world->arena, type, key);
}

static struct str main_owner(const struct meta_object_meta *meta)
{
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		if (meta->owner_references.at[i].controller)
			return meta->owner_references.at[i].uid;
	return meta->owner_references.len > 0 ? meta->owner_references.at[0].uid : STR_NONE;
}

struct dependents {
	struct arena *arena;
	struct str uid;
	bool is_beside; /* those whose main owner is another */
	const struct object **at;
	uint32_t len, cap;
};

static bool gather_dependent(void *arg, const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);
	struct dependents *d = arg;
	bool is_owned = false;

	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		is_owned = is_owned || str_eq(meta->owner_references.at[i].uid, d->uid);
	if (!is_owned || (d->is_beside && str_eq(main_owner(meta), d->uid)))
		return true;
	if (d->len == d->cap) {
		uint32_t cap = d->cap ? d->cap * 2 : 16;

		d->at = arena_grow(d->arena, d->at, d->cap * sizeof *d->at, cap * sizeof *d->at);
		d->cap = cap;
	}
	d->at[d->len++] = object;
	keep_outline(d->arena, object);
	return true;
}

struct objects world_dependents(const struct world *world, struct str uid)
{
	struct dependents d = { .arena = world->arena, .uid = uid };
	const struct type *type;

	for (uint32_t i = 0; (type = world->face->type(world->self, i)) != NULL; i++) {
		d.is_beside = false;
		world->face->by(world->self, type, WORLD_BY_OWNER, uid, gather_dependent, &d);
		d.is_beside = true;
		world->face->by(world->self, type, WORLD_MANY_OWNERS, WORLD_MANY, gather_dependent,
				&d);
	}
	return (struct objects){ d.at, d.len };
}

static struct records at_place(const struct world *world, const struct type *type, struct str place)
{
	struct gathering g = { .arena = world->arena };

	world->face->by(world->self, type, WORLD_BY_PLACE, place, gather, &g);
	return (struct records){ g.at, g.len };
}

struct records world_pods_on(const struct world *world, struct str node)
{
	return at_place(world, &core_pod_type, node);
}

struct records world_definitions_of(const struct world *world, struct str group)
{
	return at_place(world, &apiextensions_custom_resource_definition_type, group);
}

static struct str place_of(const struct object *object)
{
	const struct core_pod *pod = object->record;
	const struct apiextensions_custom_resource_definition *definition = object->record;
	struct str place = STR_NONE;

	if (object->type == &core_pod_type && pod->spec != NULL)
		place = pod->spec->node_name;
	if (object->type == &apiextensions_custom_resource_definition_type &&
	    definition->spec != NULL)
		place = definition->spec->group;
	return place.len > 0 ? place : STR_NONE;
}

static struct str uncontrolled_in(const struct meta_object_meta *meta)
{
	if (meta->namespace.len == 0)
		return STR_NONE;
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		if (meta->owner_references.at[i].controller)
			return STR_NONE;
	return meta->namespace;
}

struct str world_index_of(enum world_index index, const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);

	switch (index) {
	case WORLD_BY_OWNER: return meta ? main_owner(meta) : STR_NONE;
	case WORLD_MANY_OWNERS:
		return meta && meta->owner_references.len > 1 ? WORLD_MANY : STR_NONE;
	case WORLD_BY_PLACE: return place_of(object);
	case WORLD_UNCONTROLLED: return meta ? uncontrolled_in(meta) : STR_NONE;
	}
	return STR_NONE;
}

void wake_key(struct wake *to, struct str namespace, struct str name)
{
	to->add(to->arg, namespace, name);
}
