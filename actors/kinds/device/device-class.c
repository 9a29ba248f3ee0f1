#include "actors/kinds/device/device-selector.h"
#include "actors/kinds/device/device-value.h"
#include "actors/kinds/kinds.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"

/*
 * The DeviceClass: what requests are about (upstream: apis/resource/validation, validateDeviceClassSpec). Its name is judged by a mark.
 */

#define CONFIGURATIONS_MAX 32U

static const struct resource_device_class_spec *spec_of(const void *object)
{
	return ((const struct resource_device_class *)object)->spec;
}

/* What is as it was is read no more. */
static bool is_stored(const struct kind_change *change, const char *member)
{
	const struct field *field = type_field(&resource_device_class_spec_type, str_from(member));

	return change->old != NULL &&
	       record_equal_field(field, spec_of(change->object), spec_of(change->old));
}

static void validate(struct kind_change *change)
{
	const struct resource_device_class_spec *spec = spec_of(change->object);
	const struct path *at = PATH_ROOT(change->faults, "spec"), *config = PATH(at, "config");
	bool is_stored_config = is_stored(change, "config");

	device_check_selectors(PATH(at, "selectors"), spec->selectors,
			       is_stored(change, "selectors"));
	for (uint32_t i = 0; spec->config.len <= CONFIGURATIONS_MAX && i < spec->config.len; i++)
		device_check_configuration(
		    PATH_AT(config, i), spec->config.at[i].device_configuration, is_stored_config);
}

const struct kind_rules kind_device_class = {
	.group = "resource.k8s.io",
	.kind = "DeviceClass",
	.check_name = metadata_name_is_marked,
	.has_generation = true,
	.returns_deleted = true,
	.validate_create = validate,
	.validate_update = validate,
};
