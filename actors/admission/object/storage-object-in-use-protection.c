/*
 * StorageObjectInUseProtection: claims, volumes and classes of their attributes stay until nobody uses them. The finalizers given here
 * are taken away by the controllers of actors/controllers/storage (upstream: plugin/pkg/admission/storage/storageobjectinuseprotection).
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/object/object.h"
#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"

static const struct {
	const char *group, *resource, *finalizer;
} rows[] = {
	{ "", "persistentvolumes", "kubernetes.io/pv-protection" },
	{ "", "persistentvolumeclaims", "kubernetes.io/pvc-protection" },
	{ "storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection" },
};

static void add_finalizer(struct arena *arena, struct str_list *list, struct str finalizer)
{
	struct str *grown;

	if (str_list_has(*list, finalizer))
		return;
	grown = arena_array(arena, struct str, list->len + 1);
	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	grown[list->len++] = finalizer;
	list->at = grown;
}

static enum check mutate(struct admission *admission)
{
	if (admission->subresource.len > 0)
		return CHECK_PASS;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_is(admission->group, rows[i].group) &&
		    str_is(admission->resource, rows[i].resource))
			add_finalizer(admission->check.arena,
				      &record_meta(admission->type, admission->object)->finalizers,
				      str_from(rows[i].finalizer));
	return CHECK_PASS;
}

const struct plugin admission_storage_object_in_use_protection = {
	.name = "StorageObjectInUseProtection",
	.operations = ADMISSION_CREATE,
	.mutate = mutate,
};
