#include "actors/controller/quota/quota.h"

#include "actors/client/quota.h"
#include "actors/controller/controller.h"
#include "datastore/object/quantity.h"

static bool limits(const struct core_resource_quota *quota, const struct type *type)
{
	for (uint32_t i = 0; i < quota->spec->hard.len; i++)
		if (quota_is_of(type, quota->spec->hard.at[i].key))
			return true;
	return false;
}

struct counting {
	const struct world *world;
	const struct core_resource_quota *quota;
	struct quota_uses *sum;
	struct arena *arena; /* for one object */
};

static bool add_object(void *arg, const struct object *object)
{
	const struct counting *counting = arg;
	struct quota_uses uses;

	if (!quota_takes(counting->quota, object->type, object->record))
		return true;
	uses = quota_uses_of(object->type, object->record, world_now(counting->world),
			     counting->arena);
	for (uint32_t i = 0; i < uses.len; i++)
		if (quota_find(counting->sum, uses.at[i].name) != NULL)
			quota_add(counting->sum, uses.at[i].name, uses.at[i].amount);
	arena_reset(counting->arena);
	return true;
}

static void add_kind(const struct world *world, const struct core_resource_quota *quota,
		     const struct type *type, struct quota_uses *sum)
{
	struct counting counting = { world, quota, sum, arena_new(0) };

	world_each(world, type, quota->metadata->namespace, add_object, &counting);
	arena_free(counting.arena);
}

bool quota_fill(const struct world *world, const struct core_resource_quota *quota,
		struct plan *plan, struct str_map *out_used)
{
	struct quota_uses sum = quota_uses_in(world_arena(world));
	const struct object *object =
	    world_object(world, &core_resource_quota_type,
			 (struct key){ quota->metadata->namespace, quota->metadata->name });
	const struct quantity none = quantity_from(0, QUANTITY_DECIMAL);
	const struct type *type;
	bool has_seen = true;

	*out_used = (struct str_map){ 0 };
	for (uint32_t k = 0; (type = world_kind(world, k)) != NULL; k++) {
		if (!limits(quota, type))
			continue;
		has_seen = plan_has_seen(plan, world, type, (uint64_t)object->revision) && has_seen;
		for (uint32_t i = 0; i < quota->spec->hard.len; i++)
			if (quota_is_of(type, quota->spec->hard.at[i].key))
				quota_add(&sum, quota->spec->hard.at[i].key, none);
		add_kind(world, quota, type, &sum);
	}
	for (uint32_t i = 0; i < sum.len; i++)
		str_map_put(out_used, plan_arena(plan), arena_str(plan_arena(plan), sum.at[i].name),
			    quantity_text(sum.at[i].amount, plan_arena(plan)));
	return has_seen;
}

static bool has_same(const struct quota_uses *a, const struct quota_uses *b)
{
	if (a->len != b->len)
		return false;
	for (uint32_t i = 0; i < a->len; i++) {
		const struct quota_use *other = quota_find(b, a->at[i].name);

		if (other == NULL || quantity_cmp(other->amount, a->at[i].amount) != 0)
			return false;
	}
	return true;
}

bool quota_is_news(const struct world *world, const struct object *object, const struct object *old)
{
	const struct meta_object_meta *meta = world_meta(object->type, object->record);
	struct quota_uses now, before;

	/* What has gone is told as it was last. */
	if (old == NULL ||
	    world_object(world, object->type, (struct key){ meta->namespace, meta->name }) == NULL)
		return true;
	now = quota_uses_of(object->type, object->record, world_now(world), world_arena(world));
	before = quota_uses_of(old->type, old->record, world_now(world), world_arena(world));
	return !has_same(&now, &before);
}
