/*
 * Protection of VolumeAttributesClasses: one that is being deleted stays while a volume has it, or a claim has it or is to get it.
 */
#include "actors/controller/controller.h"
#include "actors/controller/workload/protection.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"

#define FINALIZER STR("kubernetes.io/vac-protection")

/* A claim names at most three: wanted, current, and the one that it is being changed to. */
struct named {
	struct str at[3];
};

static struct named named_by_claim(const struct core_persistent_volume_claim *claim)
{
	const struct core_persistent_volume_claim_status *status = claim->status;
	struct named named = { 0 };

	if (claim->spec != NULL)
		named.at[0] = claim->spec->volume_attributes_class_name;
	if (status != NULL)
		named.at[1] = status->current_volume_attributes_class_name;
	if (status != NULL && status->modify_volume_status != NULL)
		named.at[2] = status->modify_volume_status->target_volume_attributes_class_name;
	return named;
}

static struct named named_by_volume(const struct core_persistent_volume *volume)
{
	return (struct named){ { volume->spec ? volume->spec->volume_attributes_class_name
					      : STR_NONE } };
}

static bool names(struct named named, struct str name)
{
	for (size_t i = 0; i < sizeof named.at / sizeof named.at[0]; i++)
		if (str_eq(named.at[i], name))
			return true;
	return false;
}

static bool is_used(const struct world *world, struct str name)
{
	struct records volumes = world_list(world, STR_NONE, core_persistent_volume);
	struct records claims = world_list(world, STR_NONE, core_persistent_volume_claim);

	for (uint32_t i = 0; i < volumes.len; i++)
		if (names(named_by_volume(record_at(volumes, i, core_persistent_volume)), name))
			return true;
	for (uint32_t i = 0; i < claims.len; i++)
		if (names(named_by_claim(record_at(claims, i, core_persistent_volume_claim)), name))
			return true;
	return false;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct storage_volume_attributes_class *class =
	    world_get(world, key, storage_volume_attributes_class);
	const struct object *object =
	    world_object(world, &storage_volume_attributes_class_type, key);
	bool has_seen;

	if (class == NULL)
		return OK;
	if (protection_is_missing(class->metadata, FINALIZER))
		protection_add(plan,
			       plan_edit(plan, class, storage_volume_attributes_class)->metadata,
			       FINALIZER);
	if (!protection_is_asked(class->metadata, FINALIZER))
		return OK;
	has_seen =
	    plan_has_seen(plan, world, &core_persistent_volume_type, (uint64_t)object->revision);
	has_seen &= plan_has_seen(plan, world, &core_persistent_volume_claim_type,
				  (uint64_t)object->revision);
	if (has_seen && !is_used(world, key.name))
		protection_remove(plan,
				  plan_edit(plan, class, storage_volume_attributes_class)->metadata,
				  FINALIZER);
	return OK;
}

/* Also what it named before: that may be free now. */
static void wake_named(struct named now, struct named before, struct wake *to)
{
	for (size_t i = 0; i < sizeof now.at / sizeof now.at[0]; i++) {
		if (now.at[i].len > 0)
			wake_key(to, STR(""), now.at[i]);
		if (before.at[i].len > 0)
			wake_key(to, STR(""), before.at[i]);
	}
}

static void claim_wakes(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	(void)world;
	wake_named(named_by_claim(object->record),
		   old ? named_by_claim(old->record) : (struct named){ 0 }, to);
}

static void volume_wakes(const struct world *world, const struct object *object,
			 const struct object *old, struct wake *to)
{
	(void)world;
	wake_named(named_by_volume(object->record),
		   old ? named_by_volume(old->record) : (struct named){ 0 }, to);
}

const struct controller vac_protection_controller = {
	.name = "volumeattributesclass-protection",
	.account = "volumeattributesclass-protection-controller",
	.reconciles = &storage_volume_attributes_class_type,
	.triggers = { { &core_persistent_volume_type, volume_wakes },
		      { &core_persistent_volume_claim_type, claim_wakes } },
	.workers = 1,
	.reconcile = reconcile,
};
