#include "actors/controller/workload/protection.h"

#include "runtime/base/arena.h"

bool protection_is_asked(const struct meta_object_meta *meta, struct str finalizer)
{
	return meta->has.deletion_timestamp && str_list_has(meta->finalizers, finalizer);
}

bool protection_is_missing(const struct meta_object_meta *meta, struct str finalizer)
{
	return !meta->has.deletion_timestamp && !str_list_has(meta->finalizers, finalizer);
}

void protection_add(struct plan *plan, struct meta_object_meta *meta, struct str finalizer)
{
	struct str *grown = arena_array(plan_arena(plan), struct str, meta->finalizers.len + 1);

	if (meta->finalizers.len > 0)
		memcpy(grown, meta->finalizers.at, meta->finalizers.len * sizeof *grown);
	grown[meta->finalizers.len++] = finalizer;
	meta->finalizers.at = grown;
}

void protection_remove(struct plan *plan, struct meta_object_meta *meta, struct str finalizer)
{
	struct str_list kept = {
		.at = arena_array(plan_arena(plan), struct str, meta->finalizers.len),
	};

	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		if (!str_eq(meta->finalizers.at[i], finalizer))
			kept.at[kept.len++] = meta->finalizers.at[i];
	meta->finalizers = kept;
}
