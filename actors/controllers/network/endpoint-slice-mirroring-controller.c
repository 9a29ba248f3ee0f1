/*
 * Mirrored endpoint slices: Endpoints that somebody writes by hand, for a Service without a selector, as slices.
 *
 * One slice a subset and family of addresses; a subset has at most a thousand addresses, and those past the first thousand are left out. The
 * annotation kubectl keeps is not copied.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/service.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/network/slices.h"
#include "datastore/schema/discovery.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define ADDRESSES_MAX 1000U /* --mirroring-max-endpoints-per-subset */
#define MANAGER STR("endpointslicemirroring-controller.k8s.io")
#define SKIP STR("endpointslice.kubernetes.io/skip-mirror")
#define LEADER STR("control-plane.alpha.kubernetes.io/leader")
#define LAST_APPLIED STR("kubectl.kubernetes.io/last-applied-configuration")

struct work {
	const struct world *world;
	struct plan *plan;
	const struct core_endpoints *endpoints;
	struct slices slices;
};

/* ---- whether ------------------------------------------------------------------------------------------------------ */

/* Others write slices for their endpoints themselves; and those that elect a leader are none. */
static bool is_mirrored(const struct core_endpoints *endpoints)
{
	const struct meta_object_meta *meta = endpoints->metadata;

	return !meta->has.deletion_timestamp && !str_is(str_map_get(meta->labels, SKIP), "true") &&
	       str_map_get(meta->annotations, LEADER).at == NULL;
}

/* ---- one slice ------------------------------------------------------------------------------------------------------- */

static struct discovery_endpoint
endpoint_of(const struct work *work, const struct core_endpoint_address *address, bool is_ready)
{
	struct arena *arena = plan_arena(work->plan);
	struct discovery_endpoint endpoint = slices_endpoint(arena, address->ip);

	SET(endpoint.conditions, ready, is_ready);
	endpoint.hostname = arena_str(arena, address->hostname);
	endpoint.node_name = arena_str(arena, address->node_name);
	if (address->target_ref != NULL)
		endpoint.target_ref =
		    plan_copy(work->plan, address->target_ref, core_object_reference);
	return endpoint;
}

static void add_endpoints(const struct work *work, const struct core_endpoint_address_list *from,
			  bool is_ready, struct str family, struct discovery_endpoint_list *to)
{
	for (uint32_t i = 0; i < from->len && to->len < ADDRESSES_MAX; i++)
		if (slices_is_family(from->at[i].ip, family))
			to->at[to->len++] = endpoint_of(work, &from->at[i], is_ready);
}

static struct discovery_endpoint_list
endpoints_of(const struct work *work, const struct core_endpoint_subset *subset, struct str family)
{
	uint32_t most = subset->addresses.len + subset->not_ready_addresses.len;
	struct discovery_endpoint_list out = {
		arena_array(plan_arena(work->plan), struct discovery_endpoint, most + 1), 0
	};

	add_endpoints(work, &subset->addresses, true, family, &out);
	add_endpoints(work, &subset->not_ready_addresses, false, family, &out);
	return out;
}

static struct discovery_endpoint_port_list ports_of(const struct work *work,
						    const struct core_endpoint_subset *subset)
{
	struct arena *arena = plan_arena(work->plan);
	struct discovery_endpoint_port_list out = {
		arena_array(arena, struct discovery_endpoint_port, subset->ports.len + 1), 0
	};

	for (uint32_t i = 0; i < subset->ports.len; i++) {
		const struct core_endpoint_port *from = &subset->ports.at[i];

		out.at[out.len++] =
		    slices_port(arena, from->name, from->protocol, from->app_protocol, from->port);
	}
	return out;
}

static void label(const struct work *work, struct meta_object_meta *meta)
{
	const struct meta_object_meta *from = work->endpoints->metadata;
	struct arena *arena = plan_arena(work->plan);

	meta->labels = template_map_clone(arena, from->labels);
	slices_label(&work->slices, arena, from->name, meta);
	meta->annotations = template_map_clone(arena, from->annotations);
	str_map_remove(&meta->annotations, arena, LAST_APPLIED);
}

/* One that is there already and has the ports, else a new one. */
static struct discovery_endpoint_slice *slice_for(struct work *work, struct str family,
						  struct discovery_endpoint_port_list ports)
{
	struct discovery_endpoint_slice *slice;

	for (uint32_t i = 0; i < work->slices.at.len; i++) {
		if (!slices_fits(&work->slices, i, family, ports))
			continue;
		work->slices.is_used[i] = true;
		return plan_edit(work->plan, slices_at(&work->slices, i), discovery_endpoint_slice);
	}
	slice = plan_new_child(work->plan, work->endpoints, core_endpoints, STR_NONE,
			       discovery_endpoint_slice);
	slice->address_type = family;
	slice->ports = ports;
	return slice;
}

static void mirror_subset(struct work *work, const struct core_endpoint_subset *subset)
{
	static const struct str families[] = { { "IPv4", 4 }, { "IPv6", 4 } };

	for (int i = 0; i < 2; i++) {
		struct discovery_endpoint_list endpoints = endpoints_of(work, subset, families[i]);
		struct discovery_endpoint_slice *slice;

		if (endpoints.len == 0)
			continue;
		slice = slice_for(work, families[i], ports_of(work, subset));
		slice->endpoints = endpoints;
		label(work, slice->metadata);
	}
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_endpoints *endpoints = world_get(world, key, core_endpoints);
	const struct core_service *service = world_get(world, key, core_service);
	struct work work = { .world = world, .plan = plan, .endpoints = endpoints };

	if (endpoints == NULL)
		return OK; /* its slices are its dependents */
	work.slices =
	    slices_of(world, world_owned(world, endpoints, discovery_endpoint_slice), MANAGER);
	if (service != NULL && service->spec->selector.len == 0 && is_mirrored(endpoints))
		for (uint32_t i = 0; i < endpoints->subsets.len; i++)
			mirror_subset(&work, &endpoints->subsets.at[i]);
	slices_delete_rest(&work.slices, plan);
	return OK;
}

/* Whether a service has a selector decides about the endpoints of its name. */
static void service_wakes(const struct world *world, const struct object *object,
			  const struct object *old, struct wake *to)
{
	const struct core_service *service = object->record;

	(void)world;
	(void)old;
	wake_key(to, service->metadata->namespace, service->metadata->name);
}

const struct controller endpoint_slice_mirroring_controller = {
	.name = "endpointslicemirroring",
	.account = "endpointslicemirroring-controller",
	.reconciles = &core_endpoints_type,
	.owns = { &discovery_endpoint_slice_type },
	.triggers = { { &core_service_type, service_wakes } },
	.reconcile = reconcile,
};
