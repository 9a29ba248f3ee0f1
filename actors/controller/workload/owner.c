#include "actors/controller/workload/owner.h"

#include "actors/controller/controller.h"
#include "datastore/object/selector.h"

const struct meta_owner_reference *owner_of(const struct meta_object_meta *meta)
{
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		if (meta->owner_references.at[i].controller)
			return &meta->owner_references.at[i];
	return NULL;
}

static void adopt(struct plan *plan, const struct owner_claim *claim, const void *record)
{
	void *edit = plan_edit_(plan, claim->type, record);
	struct meta_owner_reference_list *list =
	    &world_meta_edit(claim->type, edit)->owner_references;
	struct arena *arena = plan_arena(plan);
	struct meta_owner_reference *grown =
	    arena_array(arena, struct meta_owner_reference, list->len + 1);
	struct meta_owner_reference *mine = &grown[list->len];

	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	mine->api_version = type_api_version(claim->owner_type, arena);
	mine->kind = type_kind(claim->owner_type);
	mine->name = arena_str(arena, claim->owner->name);
	mine->uid = arena_str(arena, claim->owner->uid);
	SET(mine, controller, true);
	SET(mine, block_owner_deletion, true);
	list->at = grown;
	list->len++;
}

static void let_go(struct plan *plan, const struct owner_claim *claim, const void *record)
{
	void *edit = plan_edit_(plan, claim->type, record);
	struct meta_owner_reference_list *list =
	    &world_meta_edit(claim->type, edit)->owner_references;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_eq(list->at[i].uid, claim->owner->uid))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

static bool is_worth(const struct owner_claim *claim, const void *record)
{
	return claim->is_worth == NULL || claim->is_worth(record);
}

struct records owner_claim(const struct world *world, struct plan *plan,
			   const struct owner_claim *claim)
{
	bool is_leaving = claim->owner->has.deletion_timestamp;
	struct records owned = world_owned_(world, claim->type, claim->owner), orphans = { 0 };
	struct selector selector;
	const void **at;
	uint32_t len = 0;

	if (selector_from_label_selector(claim->selector, world_arena(world), &selector, NULL) != OK)
		return (struct records){ 0 };
	if (!is_leaving)
		orphans =
		    world_adoptable_(world, claim->type, claim->owner->namespace, claim->selector);
	at = arena_array(world_arena(world), const void *, owned.len + orphans.len + 1);
	for (uint32_t i = 0; i < owned.len; i++) {
		if (!is_worth(claim, owned.at[i]))
			continue;
		if (selector_matches_labels(&selector, world_meta(claim->type, owned.at[i])->labels))
			at[len++] = owned.at[i];
		else if (!is_leaving)
			let_go(plan, claim, owned.at[i]);
	}
	for (uint32_t i = 0; i < orphans.len; i++) {
		if (!is_worth(claim, orphans.at[i]) ||
		    world_meta(claim->type, orphans.at[i])->has.deletion_timestamp)
			continue;
		adopt(plan, claim, orphans.at[i]);
		at[len++] = orphans.at[i];
	}
	return (struct records){ at, len };
}

void owner_wake_adopters(const struct world *world, const struct meta_object_meta *orphan,
			 const struct type *owner_type,
			 const struct meta_label_selector *(*selector_of)(const void *owner),
			 struct wake *to)
{
	struct records owners;

	if (owner_of(orphan) != NULL || orphan->has.deletion_timestamp)
		return;
	owners = world_list_(world, owner_type, orphan->namespace);
	for (uint32_t i = 0; i < owners.len; i++) {
		const struct meta_object_meta *meta = world_meta(owner_type, owners.at[i]);

		if (world_selects(selector_of(owners.at[i]), orphan->labels))
			wake_key(to, meta->namespace, meta->name);
	}
}
