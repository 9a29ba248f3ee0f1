#include "actors/controller/world.h"

#include "actors/controller/controller.h"
#include "actors/controller/world-private.h"
#include "datastore/schema/core.h"

struct wall world_now(const struct world *world)
{
	return world->now;
}

struct arena *world_arena(const struct world *world)
{
	return world->arena;
}

const void *world_get_(const struct world *world, const struct type *type, struct key key)
{
	const struct object *object = world->face->get(world->self, type, key);

	return object ? object->record : NULL;
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
	return true;
}

struct records world_list_(const struct world *world, const struct type *type, struct str namespace)
{
	struct gathering g = { .arena = world->arena };

	world->face->each(world->self, type, namespace, gather, &g);
	return (struct records){ g.at, g.len };
}

struct records world_owned_(const struct world *world, const struct type *type,
			    const struct meta_object_meta *owner)
{
	struct gathering g = { .arena = world->arena };

	world->face->by(world->self, type, WORLD_BY_OWNER, owner->uid, gather, &g);
	return (struct records){ g.at, g.len };
}

struct records world_pods_on(const struct world *world, struct str node)
{
	struct gathering g = { .arena = world->arena };

	world->face->by(world->self, &core_pod_type, WORLD_BY_NODE, node, gather, &g);
	return (struct records){ g.at, g.len };
}

static struct str controlling_owner(const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);

	for (uint32_t i = 0; meta != NULL && i < meta->owner_references.len; i++)
		if (meta->owner_references.at[i].controller)
			return meta->owner_references.at[i].uid;
	return STR_NONE;
}

struct str world_index_of(enum world_index index, const struct object *object)
{
	const struct core_pod *pod = object->record;

	if (index == WORLD_BY_OWNER)
		return controlling_owner(object);
	if (!str_eq(object->type->name, core_pod_type.name) || pod->spec == NULL ||
	    pod->spec->node_name.len == 0)
		return STR_NONE;
	return pod->spec->node_name;
}

void wake_key(struct wake *to, struct str namespace, struct str name)
{
	to->add(to->arg, namespace, name);
}
