#include "actors/kinds/device/device-claim.h"
#include "actors/kinds/device/device-value.h"
#include "actors/kinds/field/ip.h"
#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"

/*
 * The ResourceClaim: what is asked for, what was given, and who uses it (upstream: apis/resource/validation, ValidateResourceClaim;
 * registry/resource/resourceclaim). What is asked for never changes, says a mark; what was given may only be taken back. Whether somebody may
 * give it is judged before, by the server.
 */

#define USERS_MAX 256U
#define RESULTS_MAX 32U
#define CONFIGURATIONS_MAX 64U
#define CONDITIONS_MAX 8U
#define ADDRESSES_MAX 16U

static struct resource_resource_claim *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct resource_resource_claim *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- which devices ----------------------------------------------------------------------------------------- */

static struct str key_of(struct arena *arena, struct str driver, struct str pool, struct str device,
			 struct str share)
{
	return arena_printf(arena, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(driver),
			    STR_ARG(pool), STR_ARG(device), STR_ARG(share));
}

static struct str key_of_status(struct arena *arena,
				const struct resource_allocated_device_status *device)
{
	return key_of(arena, device->driver, device->pool, device->device, device->share_id);
}

static struct seen devices_of(const struct resource_allocation_result *allocation,
			      struct arena *arena)
{
	struct seen devices = seen_in(arena);

	for (uint32_t i = 0; allocation != NULL && i < allocation->devices->results.len; i++) {
		const struct resource_device_request_allocation_result *result =
		    &allocation->devices->results.at[i];

		seen_add(&devices, key_of(arena, result->driver, result->pool, result->device,
					  result->share_id));
	}
	return devices;
}

/* What is said of a device that was given back is over. */
static void prepare_status(struct kind_change *change)
{
	struct resource_resource_claim_status *status;
	struct resource_allocated_device_status_list kept = { 0 };
	struct seen now, before;

	kind_prepare_status_alone(change);
	status = new_of(change)->status;
	if (status->devices.len > 0)
		kept.at = arena_array(change->arena, struct resource_allocated_device_status,
				      status->devices.len);
	now = devices_of(status->allocation, change->arena);
	before = devices_of(old_of(change)->status->allocation, change->arena);
	for (uint32_t i = 0; i < status->devices.len; i++) {
		struct str key = key_of_status(change->arena, &status->devices.at[i]);

		if (seen_has(&now, key) || !seen_has(&before, key))
			kept.at[kept.len++] = status->devices.at[i];
	}
	if (kept.len == 0)
		kept.at = NULL;
	status->devices = kept;
}

/* ---- who uses it ------------------------------------------------------------------------------------------- */

static void check_user(const struct path *at,
		       const struct resource_resource_claim_consumer_reference *user)
{
	rule_needed(PATH(at, "resource"), user->resource, "");
	rule_needed(PATH(at, "name"), user->name, "");
	rule_needed(PATH(at, "uid"), user->uid, "");
}

static bool is_same_user(const struct resource_resource_claim_consumer_reference *a,
			 const struct resource_resource_claim_consumer_reference *b)
{
	return record_equal(&resource_resource_claim_consumer_reference_type, a, b);
}

static bool has_new_user(const struct kind_change *change)
{
	struct resource_resource_claim_consumer_reference_list now =
	    new_of(change)->status->reserved_for;
	struct resource_resource_claim_consumer_reference_list old =
	    old_of(change)->status->reserved_for;
	struct seen before = seen_in(change->arena);

	for (uint32_t i = 0; i < old.len; i++)
		seen_put(&before, old.at[i].uid, i);
	for (uint32_t i = 0; i < now.len; i++) {
		int64_t place = seen_find(&before, now.at[i].uid);

		if (place < 0 || !is_same_user(&now.at[i], &old.at[place]))
			return true;
	}
	return false;
}

static void check_users(struct kind_change *change, const struct path *at)
{
	struct resource_resource_claim_consumer_reference_list users =
	    new_of(change)->status->reserved_for;

	for (uint32_t i = 0; users.len <= USERS_MAX && i < users.len; i++)
		check_user(PATH_AT(at, i), &users.at[i]);
}

static void check_use(struct kind_change *change, const struct path *at)
{
	const struct resource_resource_claim *claim = new_of(change);

	if (claim->status->reserved_for.len == 0)
		return;
	if (claim->status->allocation == NULL)
		path_forbidden(at, "may not be specified when `allocated` is not set");
	else if (claim->metadata->has.deletion_timestamp && has_new_user(change))
		path_forbidden(at, "new entries may not be added while `deallocationRequested` or "
				   "`deletionTimestamp` are set");
}

/* ---- what drivers say of devices ----------------------------------------------------------------------------- */

static void check_address(const struct path *at, struct str address)
{
	struct ip_range range;
	struct str shown, canonical;

	if (!ip_range_parse(address, &range)) {
		path_invalid(at, address,
			     "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or "
			     "2001:db8::1/64)");
		return;
	}
	shown = ip_print(&range.address, path_arena(at));
	canonical = arena_printf(path_arena(at), STR_FMT "/%u", STR_ARG(shown), range.bits);
	if (!str_eq(address, canonical))
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), address),
			   "must be in canonical form (\"" STR_FMT "\")", STR_ARG(canonical));
}

static void check_network(const struct path *at, const struct resource_network_device_data *network)
{
	for (uint32_t i = 0;
	     network != NULL && network->ips.len <= ADDRESSES_MAX && i < network->ips.len; i++)
		check_address(PATH_AT(PATH(at, "ips"), i), network->ips.at[i]);
}

static void check_device(const struct path *at,
			 const struct resource_allocated_device_status *device,
			 const struct seen *given)
{
	const struct path *conditions = PATH(at, "conditions");

	device_check_driver(PATH(at, "driver"), device->driver);
	device_check_pool(PATH(at, "pool"), device->pool);
	rule_name(PATH(at, "device"), NAME_DNS_LABEL, device->device);
	/* Upstream shows a struct whose members nobody can see. */
	if (!seen_has(given, key_of_status(path_arena(at), device)))
		path_fault(at, FAULT_INVALID,
			   STR("{\"Driver\":{},\"Pool\":{},\"Device\":{},\"ShareID\":{}}"),
			   "must be an allocated device in the claim");
	if (device->conditions.len > CONDITIONS_MAX)
		path_too_many(conditions, device->conditions.len, CONDITIONS_MAX);
	rule_conditions(conditions, device->conditions);
	if (device->data.len > 0)
		device_check_json(PATH(at, "data"), device->data, false);
	check_network(PATH(at, "networkData"), device->network_data);
}

/* ---- what was given ------------------------------------------------------------------------------------------ */

static void check_result(const struct path *at,
			 const struct resource_device_request_allocation_result *result,
			 const struct seen *names)
{
	device_check_reference(PATH(at, "request"), result->request, names);
	rule_name(PATH(at, "device"), NAME_DNS_LABEL, result->device);
	device_check_bindings(at, result->binding_conditions, result->binding_failure_conditions);
	device_check_tolerations(PATH(at, "tolerations"), result->tolerations);
}

static void check_allocation(const struct path *at,
			     const struct resource_allocation_result *allocation,
			     const struct seen *names)
{
	struct resource_device_request_allocation_result_list results = allocation->devices->results;
	struct resource_device_allocation_configuration_list config = allocation->devices->config;
	const struct path *devices = PATH(at, "devices");

	for (uint32_t i = 0; results.len <= RESULTS_MAX && i < results.len; i++)
		check_result(PATH_AT(PATH(devices, "results"), i), &results.at[i], names);
	for (uint32_t i = 0; config.len <= CONFIGURATIONS_MAX && i < config.len; i++) {
		const struct path *here = PATH_AT(PATH(devices, "config"), i);

		device_check_references(PATH(here, "requests"), config.at[i].requests, names);
		device_check_configuration(here, config.at[i].device_configuration, false);
	}
	if (allocation->node_selector != NULL)
		node_selector_check(PATH(at, "nodeSelector"), allocation->node_selector, false);
}

static int64_t admin_result(const struct resource_allocation_result *allocation)
{
	for (uint32_t i = 0; allocation != NULL && i < allocation->devices->results.len; i++)
		if (allocation->devices->results.at[i].admin_access)
			return i;
	return -1;
}

/* Given once, it is given: what was stored was judged then. */
static void check_admin(struct kind_change *change, const struct path *at)
{
	int64_t now = admin_result(new_of(change)->status->allocation);
	const struct path *results = PATH(PATH(at, "devices"), "results");

	if (now >= 0 && admin_result(old_of(change)->status->allocation) < 0)
		device_check_admin_at(change, PATH(PATH_AT(results, (uint32_t)now), "adminAccess"));
}

static void validate_status(struct kind_change *change)
{
	const struct resource_resource_claim *claim = new_of(change);
	const struct resource_resource_claim_status *status = claim->status;
	const struct path *at = PATH_ROOT(change->faults, "status");
	const struct path *allocation = PATH(at, "allocation");
	struct seen names = device_names_of(claim->spec->devices, change->arena);
	struct seen given = devices_of(status->allocation, change->arena);

	check_admin(change, allocation);
	check_users(change, PATH(at, "reservedFor"));
	for (uint32_t i = 0; i < status->devices.len; i++)
		check_device(PATH_AT(PATH(at, "devices"), i), &status->devices.at[i], &given);
	check_use(change, PATH(at, "reservedFor"));
	if (status->allocation != NULL && old_of(change)->status->allocation == NULL)
		check_allocation(allocation, status->allocation, &names);
}

static void validate_create(struct kind_change *change)
{
	const struct resource_device_claim *claim = new_of(change)->spec->devices;

	device_check_admin(change, claim);
	device_check_claim(PATH(PATH_ROOT(change->faults, "spec"), "devices"), claim);
}

static const struct kind_subresource subresources[] = {
	{ "status", prepare_status, validate_status },
};

const struct kind_rules kind_resource_claim = {
	.group = "resource.k8s.io",
	.kind = "ResourceClaim",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.validate_create = validate_create,
	.subresources = subresources,
	.subresource_count = 1,
};
