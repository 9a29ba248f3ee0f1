#include "actors/kinds/device/device-value.h"
#include "actors/kinds/kinds.h"
#include "datastore/schema/type.h"

/*
 * The DeviceTaintRule: a taint of all devices that fit (upstream: apis/resource/validation, validateDeviceTaintRuleSpec; registry/resource/
 * devicetaintrule). When it was made stronger or weaker is noted.
 */

#define CONDITIONS_MAX 8U

static const struct resource_device_taint_rule_spec *spec_of(const void *object)
{
	return ((const struct resource_device_taint_rule *)object)->spec;
}

static bool has_time_of(const struct resource_device_taint *now,
			const struct resource_device_taint *old)
{
	return now->has.time_added == old->has.time_added &&
	       (!now->has.time_added || now->time_added.ns == old->time_added.ns);
}

static void prepare_update(struct kind_change *change)
{
	struct resource_device_taint *taint = spec_of(change->object)->taint;
	const struct resource_device_taint *old = spec_of(change->old)->taint;
	int64_t seconds = change->check->now.ns / TIME_S;

	if (!str_eq(taint->effect, old->effect) && has_time_of(taint, old))
		SET(taint, time_added, (struct wall){ seconds * TIME_S });
}

static void validate(struct kind_change *change)
{
	const struct resource_device_taint_rule_spec *spec = spec_of(change->object);
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct path *which = PATH(at, "deviceSelector");

	if (spec->device_selector != NULL && spec->device_selector->driver.at != NULL)
		device_check_driver(PATH(which, "driver"), spec->device_selector->driver);
	if (spec->device_selector != NULL && spec->device_selector->pool.at != NULL)
		device_check_pool(PATH(which, "pool"), spec->device_selector->pool);
	if (spec->device_selector != NULL && spec->device_selector->device.at != NULL)
		rule_name(PATH(which, "device"), NAME_DNS_LABEL, spec->device_selector->device);
	device_check_taint(PATH(at, "taint"), spec->taint);
}

static void validate_status(struct kind_change *change)
{
	const struct resource_device_taint_rule *rule = change->object;
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "conditions");

	rule_conditions(at, rule->status->conditions);
	if (rule->status->conditions.len > CONDITIONS_MAX)
		path_too_many(at, rule->status->conditions.len, CONDITIONS_MAX);
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, validate_status },
};

const struct kind_rules kind_device_taint_rule = {
	.group = "resource.k8s.io",
	.kind = "DeviceTaintRule",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.prepare_update = prepare_update,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 1,
};
