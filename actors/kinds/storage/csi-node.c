#include "actors/kinds/field/volume.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"
#include "datastore/schema/storage.h"

/*
 * The CSINode: which drivers of volumes run on a node (upstream: apis/storage/validation, validateCSINodeDriver).
 */

#define ID_MAX 256U

static struct storage_csi_node_driver_list drivers_of(const void *object)
{
	return ((const struct storage_csi_node *)object)->spec->drivers;
}

/* What is wrong with a key is said of its driver. */
static void check_keys(const struct path *at, struct str_list keys)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < keys.len; i++) {
		if (keys.at[i].len == 0)
			path_required(at, "");
		if (!seen_add(&seen, keys.at[i]))
			path_duplicate(at, keys.at[i]);
		rule_name(at, NAME_LABEL_KEY, keys.at[i]);
	}
}

static void check_driver(const struct path *at, const struct storage_csi_node_driver *driver,
			 struct seen *names)
{
	const struct storage_volume_node_resources *allocatable = driver->allocatable;

	volume_check_driver(PATH(at, "name"), driver->name);
	if (rule_needed(PATH(at, "nodeID"), driver->node_id, "") && driver->node_id.len > ID_MAX)
		path_invalid(PATH(at, "nodeID"), driver->node_id, "must be 256 characters or less");
	if (allocatable != NULL && allocatable->has.count)
		rule_not_negative(PATH(PATH(at, "allocatable"), "count"), allocatable->count);
	if (!seen_add(names, driver->name))
		path_duplicate(PATH(at, "name"), driver->name);
	check_keys(at, driver->topology_keys);
}

static void validate_create(struct kind_change *change)
{
	struct storage_csi_node_driver_list drivers = drivers_of(change->object);
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "drivers");
	struct seen names = seen_in(change->arena);

	for (uint32_t i = 0; i < drivers.len; i++)
		check_driver(PATH_AT(at, i), &drivers.at[i], &names);
}

/* How much it can take may change while it runs; that it is another needs a new entry. */
static bool is_same(const struct storage_csi_node_driver *a, const struct storage_csi_node_driver *b)
{
	struct storage_csi_node_driver now = *a, before = *b;

	now.allocatable = before.allocatable = NULL;
	return record_equal(&storage_csi_node_driver_type, &now, &before);
}

static void validate_update(struct kind_change *change)
{
	struct storage_csi_node_driver_list now = drivers_of(change->object);
	struct storage_csi_node_driver_list before = drivers_of(change->old);
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "drivers");
	struct seen places = seen_in(change->arena);

	validate_create(change);
	for (uint32_t i = 0; i < now.len; i++)
		seen_put(&places, now.at[i].name, i);
	for (uint32_t i = 0; i < before.len; i++) {
		int64_t place = seen_find(&places, before.at[i].name);

		if (place >= 0 && !is_same(&now.at[place], &before.at[i]))
			path_fault(
			    at, FAULT_INVALID,
			    path_shown_record(at, &storage_csi_node_driver_type, &now.at[place]),
			    "field is immutable");
	}
}

/* What may be in the status belongs to a gate that is off. */
static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, NULL },
};

const struct kind_rules kind_csi_node = {
	.group = "storage.k8s.io",
	.kind = "CSINode",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.needs_resource_version = true,
	.returns_deleted = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
