#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/storagemigration.h"
#include "datastore/schema/type.h"

/*
 * The StorageVersionMigration: all objects of a resource are written again, in the version that is stored now (upstream:
 * apis/storagemigration/validation). Which resource never changes; done is done.
 */

static const struct storagemigration_storage_version_migration_status *status_of(const void *object)
{
	return ((const struct storagemigration_storage_version_migration *)object)->status;
}

static const struct meta_group_resource *resource_of(const void *object)
{
	return ((const struct storagemigration_storage_version_migration *)object)->spec->resource;
}

static void validate(struct kind_change *change)
{
	const struct meta_group_resource *resource = resource_of(change->object);
	const struct path *at = PATH_ROOT(change->faults, "spec"), *here = PATH(at, "resource");

	if (rule_needed(PATH(here, "resource"), resource->resource,
			"resource is required to be set"))
		rule_whole_name(PATH(here, "resource"), NAME_DNS1035_LABEL, resource->resource);
	rule_whole_name(PATH(here, "group"), NAME_DNS_SUBDOMAIN, resource->group);
}

/* Upstream shows the spec by the name that its member has in Go. */
static void validate_update(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct meta_group_resource *resource = resource_of(change->object);
	struct str shown = path_shown_record(at, &meta_group_resource_type, resource);

	validate(change);
	if (!record_equal(&meta_group_resource_type, resource, resource_of(change->old)))
		path_fault(at, FAULT_INVALID,
			   arena_printf(change->arena, "{\"Resource\":" STR_FMT "}", STR_ARG(shown)),
			   "field is immutable");
}

/* ---- how far it is ------------------------------------------------------------------------------------------- */

static bool is_true(const struct storagemigration_storage_version_migration_status *status,
		    const char *type)
{
	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, type))
			return str_is(status->conditions.at[i].status, "True");
	return false;
}

static void check_version(const struct path *at, struct str version)
{
	bool is_number = version.len > 0;

	if (version.len == 0)
		return;
	for (uint32_t i = 0; i < version.len; i++)
		is_number &= version.at[i] >= '0' && version.at[i] <= '9';
	if (is_number && version.at[0] != '0')
		return;
	path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), version),
		   "resource version is not well formed: " STR_FMT, STR_ARG(version));
}

static void refuse(struct kind_change *change, const char *words)
{
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "conditions");

	path_fault(at, FAULT_INVALID,
		   path_shown_field(at, &storagemigration_storage_version_migration_status_type,
				    "conditions", status_of(change->object)),
		   "%s", words);
}

static void validate_status(struct kind_change *change)
{
	const struct storagemigration_storage_version_migration_status *now =
	    status_of(change->object);
	const struct storagemigration_storage_version_migration_status *old = status_of(change->old);
	const struct path *at = PATH_ROOT(change->faults, "status");
	const struct path *version = PATH(at, "resourceVersion");
	bool has_succeeded = is_true(now, "Succeeded"), has_failed = is_true(now, "Failed");

	check_version(version, now->resource_version);
	rule_conditions(PATH(at, "conditions"), now->conditions);
	if (old->resource_version.len > 0 && !str_eq(old->resource_version, now->resource_version))
		path_invalid(version, now->resource_version, "field is immutable");
	if (has_succeeded && has_failed)
		refuse(change,
		       "Both success and failed conditions cannot be true at the same time");
	if (is_true(old, "Succeeded") && !has_succeeded)
		refuse(change, "Success condition cannot be set to false once it is true");
	if (is_true(old, "Failed") && !has_failed)
		refuse(change, "Failed condition cannot be set to false once it is true");
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, validate_status },
};

const struct kind_rules kind_storage_version_migration = {
	.group = "storagemigration.k8s.io",
	.kind = "StorageVersionMigration",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.needs_resource_version = true,
	.validate_create = validate,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
