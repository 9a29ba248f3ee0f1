#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * The ConfigMap.
 */

#define DATA_BYTES_MAX MIB
#define FIXED "field is immutable when `immutable` is set"

static void check_data(const struct path *at, struct str_map data, struct str_map other,
		       uint64_t *bytes)
{
	for (uint32_t i = 0; i < data.len; i++) {
		struct str key = data.at[i].key;
		const struct path *here = PATH_KEY(at, key);

		name_check(NAME_CONFIG_KEY, key, path_text(here), path_faults(at));
		if (str_map_get(other, key).at != NULL)
			path_invalid(here, key, "duplicate of key present in binaryData");
		*bytes += data.at[i].value.len;
	}
}

static void validate_create(struct kind_change *change)
{
	const struct core_config_map *map = change->object;
	uint64_t bytes = 0;

	check_data(PATH_ROOT(change->faults, "data"), map->data, map->binary_data, &bytes);
	check_data(PATH_ROOT(change->faults, "binaryData"), map->binary_data, (struct str_map){ 0 },
		   &bytes);
	if (bytes > DATA_BYTES_MAX)
		path_too_long(PATH_ROOT(change->faults, ""), DATA_BYTES_MAX);
}

static bool differs(const struct kind_change *change, const char *member)
{
	return !record_equal_field(type_field(&core_config_map_type, str_from(member)),
				   change->object, change->old);
}

static void validate_update(struct kind_change *change)
{
	const struct core_config_map *map = change->object, *old = change->old;

	if (old->immutable) {
		if (!map->immutable)
			path_forbidden(PATH_ROOT(change->faults, "immutable"), FIXED);
		if (differs(change, "data"))
			path_forbidden(PATH_ROOT(change->faults, "data"), FIXED);
		if (differs(change, "binaryData"))
			path_forbidden(PATH_ROOT(change->faults, "binaryData"), FIXED);
	}
	validate_create(change);
}

const struct kind_rules kind_config_map = {
	.group = "",
	.kind = "ConfigMap",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
