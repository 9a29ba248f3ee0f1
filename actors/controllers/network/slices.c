#include "actors/controllers/network/slices.h"

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define SERVICE_NAME STR("kubernetes.io/service-name")
#define MANAGED_BY STR("endpointslice.kubernetes.io/managed-by")

struct slices slices_of(const struct world *world, struct records owned, struct str manager)
{
	return (struct slices){ .at = owned,
				.is_used = arena_array(world_arena(world), bool, owned.len + 1),
				.manager = manager };
}

const struct discovery_endpoint_slice *slices_at(const struct slices *slices, uint32_t i)
{
	return record_at(slices->at, i, discovery_endpoint_slice);
}

static bool is_ours(const struct slices *slices, uint32_t i)
{
	const struct meta_object_meta *meta = slices_at(slices, i)->metadata;

	return str_eq(str_map_get(meta->labels, MANAGED_BY), slices->manager) &&
	       !meta->has.deletion_timestamp;
}

bool slices_is_free(const struct slices *slices, uint32_t i, struct str family)
{
	return !slices->is_used[i] && is_ours(slices, i) &&
	       str_eq(slices_at(slices, i)->address_type, family);
}

static bool has_same_ports(const struct discovery_endpoint_slice *slice,
			   struct discovery_endpoint_port_list ports)
{
	if (slice->ports.len != ports.len)
		return false;
	for (uint32_t i = 0; i < ports.len; i++)
		if (!world_same(&slice->ports.at[i], &ports.at[i], discovery_endpoint_port))
			return false;
	return true;
}

bool slices_fits(const struct slices *slices, uint32_t i, struct str family,
		 struct discovery_endpoint_port_list ports)
{
	return slices_is_free(slices, i, family) && has_same_ports(slices_at(slices, i), ports);
}

void slices_delete_rest(const struct slices *slices, struct plan *plan)
{
	for (uint32_t i = 0; i < slices->at.len; i++)
		if (!slices->is_used[i] && is_ours(slices, i))
			plan_delete(plan, slices_at(slices, i), discovery_endpoint_slice);
}

bool slices_is_family(struct str address, struct str family)
{
	return (str_find_char(address, ':') >= 0) == str_is(family, "IPv6");
}

void slices_label(const struct slices *slices, struct arena *arena, struct str service,
		  struct meta_object_meta *meta)
{
	str_map_put(&meta->labels, arena, SERVICE_NAME, arena_str(arena, service));
	str_map_put(&meta->labels, arena, MANAGED_BY, slices->manager);
}

struct discovery_endpoint slices_endpoint(struct arena *arena, struct str address)
{
	struct discovery_endpoint endpoint = { 0 };

	endpoint.addresses.at = arena_array(arena, struct str, 1);
	endpoint.addresses.at[0] = arena_str(arena, address);
	endpoint.addresses.len = 1;
	endpoint.conditions = arena_new_of(arena, struct discovery_endpoint_conditions);
	return endpoint;
}

struct discovery_endpoint_port slices_port(struct arena *arena, struct str name, struct str protocol,
					   struct str app_protocol, int32_t number)
{
	struct discovery_endpoint_port port = { 0 };

	port.name = name.at ? arena_str(arena, name) : STR("");
	port.protocol = arena_str(arena, protocol);
	port.app_protocol = arena_str(arena, app_protocol);
	SET(&port, port, number);
	return port;
}
