#include "actors/server/server-private.h"
#include "datastore/object/apply/managed.h"
#include "datastore/schema/autoscaling.h"

/*
 * Who owns the number of replicas, seen from the scale and back. The rules are upstream's: an owner of the workload's field is one of the
 * scale's; what the scale's owners are after a change is put back into the workload's list, where an updater that came by way
 * of the scale has no time.
 */

#define SCALE_VERSION STR("autoscaling/v1")

static bool has_all(const struct managed *managed, struct managed_owner *owner, struct fields path)
{
	return fields_has_all(managed_set(managed, owner), path);
}

static struct managed owners_of(struct request *r, const struct meta_object_meta *meta)
{
	struct managed managed;

	if (managed_read(&meta->managed_fields, true, r->arena, &managed, NULL) != OK)
		managed = (struct managed){ .arena = r->arena };
	return managed;
}

struct meta_managed_fields_entry_list scale_owners(struct request *r,
						   const struct meta_object_meta *meta)
{
	struct managed workload = owners_of(r, meta), scale = { .arena = r->arena };
	struct fields path = fields_of_path(STR("spec.replicas"), r->arena);

	for (uint32_t i = 0; i < workload.len; i++) {
		struct managed_owner owner = workload.at[i];

		if (!str_eq(owner.api_version, r->resource->api_version) ||
		    !has_all(&workload, &workload.at[i], path))
			continue;
		owner.api_version = SCALE_VERSION;
		managed_give(&owner, path);
		managed_add(&scale, owner);
	}
	return managed_entries(&scale);
}

void scale_owners_track(struct request *r, const struct autoscaling_scale *live,
			struct autoscaling_scale *scale)
{
	struct managed_change change = {
		.type = &autoscaling_scale_type,
		.before = live,
		.after = scale,
		.manager = owners_manager(r),
		.api_version = SCALE_VERSION,
		.subresource = STR("scale"),
		.now = act_wall(r->server->act),
	};
	struct managed managed = owners_of(r, live->metadata);

	scale->metadata->managed_fields = live->metadata->managed_fields;
	if (managed.len > 0)
		managed_update(&managed, &change);
	scale->metadata->managed_fields = managed_entries(&managed);
}

/* The same owner on both sides: only those who apply, for updaters are told apart by their versions too. */
static struct managed_owner *twin(const struct managed *scale, const struct managed_owner *owner)
{
	return owner->is_apply ? managed_applier(scale, owner->manager, owner->subresource) : NULL;
}

struct meta_managed_fields_entry_list scale_owners_back(struct request *r,
							const struct meta_object_meta *workload_meta,
							const struct meta_object_meta *scale_meta)
{
	struct managed workload = owners_of(r, workload_meta), scale = owners_of(r, scale_meta);
	struct fields path = fields_of_path(STR("spec.replicas"), r->arena);
	struct managed out = { .arena = r->arena };

	for (uint32_t i = 0; i < workload.len; i++) {
		struct managed_owner *owner = &workload.at[i], *same = twin(&scale, owner);

		if (!str_eq(owner->api_version, r->resource->api_version))
			continue;
		if (has_all(&workload, owner, path) && same == NULL)
			managed_give(owner, fields_difference(r->arena, owner->set, path));
		else if (has_all(&workload, owner, path))
			managed_give(same, (struct fields){ 0 });
		managed_add(&out, *owner);
	}
	for (uint32_t i = 0; i < scale.len; i++) {
		struct managed_owner owner = scale.at[i];

		if (!has_all(&scale, &scale.at[i], path))
			continue;
		owner.api_version = r->resource->api_version;
		owner.has_time = false;
		managed_give(&owner, path);
		managed_add(&out, owner);
	}
	managed_sweep(&out);
	return managed_entries(&out);
}
