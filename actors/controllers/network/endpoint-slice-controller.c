/*
 * Endpoint slices: for each Service with a selector, the addresses of its pods in slices of at most a hundred.
 *
 * One set of slices a family of addresses and combination of port numbers (named target ports may differ between pods).
 * Existing slices are changed as little as possible: endpoints stay where they are, new ones fill the room that there is.
 */
#include "actors/controller/plan.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/service.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/network/slices.h"
#include "datastore/schema/discovery.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/str.h"

#define SLICE_MAX 100U /* upstream's --max-endpoints-per-slice */
#define GROUPS_MAX 32U
#define PORTS_MAX 64U
#define MANAGER STR("endpointslice-controller.k8s.io")
#define HEADLESS STR("service.kubernetes.io/headless")

/* Pods whose ports have the same numbers. */
struct group {
	int32_t ports[PORTS_MAX];
	const struct core_pod **pods; /* those that have found their place become NULL */
	uint32_t pod_count;
};

/* The work for one service and one family of addresses. */
struct work {
	const struct world *world;
	struct plan *plan;
	const struct core_service *service;
	struct str family; /* IPv4, IPv6 */
	struct slices slices;
	struct group groups[GROUPS_MAX];
	uint32_t group_count;
};

/* ---- which pods ------------------------------------------------------------------------------------------- */

static struct str address_of(const struct core_pod *pod, struct str family)
{
	for (uint32_t i = 0; i < pod->status->pod_ips.len; i++)
		if (slices_is_family(pod->status->pod_ips.at[i].ip, family))
			return pod->status->pod_ips.at[i].ip;
	return slices_is_family(pod->status->pod_ip, family) ? pod->status->pod_ip : STR_NONE;
}

static void port_numbers(const struct core_service *service, const struct core_pod *pod,
			 int32_t *out)
{
	const struct core_service_port_list *ports = &service->spec->ports;

	for (uint32_t i = 0; i < ports->len && i < PORTS_MAX; i++)
		out[i] = pod_port(pod, &ports->at[i]);
}

static void add_pod(struct work *work, const struct core_pod *pod, uint32_t most)
{
	int32_t ports[PORTS_MAX] = { 0 };
	struct group *group;

	port_numbers(work->service, pod, ports);
	for (uint32_t i = 0; i < work->group_count; i++) {
		group = &work->groups[i];
		if (memcmp(group->ports, ports, sizeof ports) == 0) {
			group->pods[group->pod_count++] = pod;
			return;
		}
	}
	if (work->group_count == GROUPS_MAX)
		return;
	group = &work->groups[work->group_count++];
	memcpy(group->ports, ports, sizeof ports);
	group->pods = arena_array(world_arena(work->world), const struct core_pod *, most);
	group->pods[group->pod_count++] = pod;
}

static void add_pods(struct work *work, struct records pods)
{
	for (uint32_t i = 0; i < pods.len; i++) {
		const struct core_pod *pod = record_at(pods, i, core_pod);

		if (!pod_is_finished(pod) && address_of(pod, work->family).len > 0)
			add_pod(work, pod, pods.len);
	}
}

/* ---- one endpoint ------------------------------------------------------------------------------------------- */

static struct str zone_of(const struct world *world, struct str node)
{
	const struct core_node *found = world_get(world, ((struct key){ STR(""), node }), core_node);

	return found ? str_map_get(found->metadata->labels, STR("topology.kubernetes.io/zone"))
		     : STR_NONE;
}

static void fill_conditions(struct discovery_endpoint_conditions *conditions,
			    const struct core_service *service, const struct core_pod *pod)
{
	bool serves = pod_is_ready(pod), is_ending = pod->metadata->has.deletion_timestamp;

	SET(conditions, ready, service->spec->publish_not_ready_addresses || (serves && !is_ending));
	SET(conditions, serving, serves);
	SET(conditions, terminating, is_ending);
}

static struct core_object_reference *reference_to(struct arena *arena, const struct core_pod *pod)
{
	struct core_object_reference *reference = arena_new_of(arena, struct core_object_reference);

	reference->kind = STR("Pod");
	reference->namespace = arena_str(arena, pod->metadata->namespace);
	reference->name = arena_str(arena, pod->metadata->name);
	reference->uid = arena_str(arena, pod->metadata->uid);
	return reference;
}

static struct discovery_endpoint endpoint_of(const struct work *work, const struct core_pod *pod)
{
	struct arena *arena = plan_arena(work->plan);
	struct discovery_endpoint endpoint = slices_endpoint(arena, address_of(pod, work->family));

	fill_conditions(endpoint.conditions, work->service, pod);
	endpoint.target_ref = reference_to(arena, pod);
	if (pod->spec->node_name.len > 0) {
		endpoint.node_name = arena_str(arena, pod->spec->node_name);
		endpoint.zone = arena_str(arena, zone_of(work->world, pod->spec->node_name));
	}
	if (pod->spec->hostname.len > 0 &&
	    str_eq(pod->spec->subdomain, work->service->metadata->name))
		endpoint.hostname = arena_str(arena, pod->spec->hostname);
	return endpoint;
}

/* ---- slices -------------------------------------------------------------------------------------------------- */

static struct discovery_endpoint_port_list ports_of(const struct work *work, const int32_t *numbers)
{
	const struct core_service_port_list *ports = &work->service->spec->ports;
	struct arena *arena = plan_arena(work->plan);
	struct discovery_endpoint_port_list out = { 0 };

	out.at = arena_array(arena, struct discovery_endpoint_port, ports->len + 1);
	for (uint32_t i = 0; i < ports->len && i < PORTS_MAX; i++) {
		const struct core_service_port *port = &ports->at[i];

		/* A named port that this pod does not have; a headless service may have none at all. */
		if (numbers[i] != 0)
			out.at[out.len++] = slices_port(arena, port->name, port->protocol,
							port->app_protocol, numbers[i]);
	}
	return out;
}

/* The labels of the service are the slice's too, besides those by which slices are found. */
static void label(const struct work *work, struct meta_object_meta *meta)
{
	struct arena *arena = plan_arena(work->plan);
	const struct core_service *service = work->service;
	bool has_address =
	    service->spec->cluster_ip.len > 0 && !str_is(service->spec->cluster_ip, "None");

	meta->labels = template_map_clone(arena, service->metadata->labels);
	str_map_remove(&meta->labels, arena, HEADLESS);
	slices_label(&work->slices, arena, service->metadata->name, meta);
	if (!has_address)
		str_map_put(&meta->labels, arena, HEADLESS, STR(""));
}

/* Endpoints of pods that are still wanted stay, as they are now; the group loses those that have found their place. */
static void keep_endpoints(const struct work *work, const struct discovery_endpoint_slice *old,
			   const struct map *places, struct discovery_endpoint_list *out)
{
	out->at = arena_array(plan_arena(work->plan), struct discovery_endpoint, SLICE_MAX + 1);
	out->len = 0;
	for (uint32_t i = 0; i < old->endpoints.len && out->len < SLICE_MAX; i++) {
		const struct core_object_reference *reference = old->endpoints.at[i].target_ref;
		const struct core_pod **pod = reference ? map_get(places, reference->uid) : NULL;

		if (pod == NULL || *pod == NULL)
			continue;
		out->at[out->len++] = endpoint_of(work, *pod);
		*pod = NULL;
	}
}

static void fill(const struct work *work, struct group *group, struct discovery_endpoint_list *out)
{
	for (uint32_t i = 0; i < group->pod_count && out->len < SLICE_MAX; i++) {
		if (group->pods[i] == NULL)
			continue;
		out->at[out->len++] = endpoint_of(work, group->pods[i]);
		group->pods[i] = NULL;
	}
}

static bool has_left(const struct group *group)
{
	for (uint32_t i = 0; i < group->pod_count; i++)
		if (group->pods[i] != NULL)
			return true;
	return false;
}

static struct discovery_endpoint_slice *create_slice(const struct work *work,
						     struct discovery_endpoint_port_list ports)
{
	struct discovery_endpoint_slice *slice = plan_new_child(
	    work->plan, work->service, core_service, STR_NONE, discovery_endpoint_slice);

	slice->address_type = arena_str(plan_arena(work->plan), work->family);
	slice->ports = ports;
	slice->endpoints.at =
	    arena_array(plan_arena(work->plan), struct discovery_endpoint, SLICE_MAX + 1);
	label(work, slice->metadata);
	return slice;
}

static struct map places_of(const struct group *group)
{
	struct map places = { 0 };

	for (uint32_t i = 0; i < group->pod_count; i++)
		map_put(&places, group->pods[i]->metadata->uid, &group->pods[i]);
	return places;
}

static void fill_group(struct work *work, struct group *group)
{
	struct discovery_endpoint_port_list ports = ports_of(work, group->ports);
	struct discovery_endpoint_slice **edits = arena_array(
	    plan_arena(work->plan), struct discovery_endpoint_slice *, work->slices.at.len + 1);
	struct map places = places_of(group);

	for (uint32_t i = 0; i < work->slices.at.len; i++) {
		const struct discovery_endpoint_slice *old = slices_at(&work->slices, i);

		if (!slices_fits(&work->slices, i, work->family, ports))
			continue;
		work->slices.is_used[i] = true;
		edits[i] = plan_edit(work->plan, old, discovery_endpoint_slice);
		keep_endpoints(work, old, &places, &edits[i]->endpoints);
		label(work, edits[i]->metadata);
	}
	map_fini(&places);
	for (uint32_t i = 0; i < work->slices.at.len && has_left(group); i++)
		if (edits[i] != NULL)
			fill(work, group, &edits[i]->endpoints);
	while (has_left(group))
		fill(work, group, &create_slice(work, ports)->endpoints);
}

/* Slices that nothing was found for go, but one always stays, empty, so that there is something to look at. */
static void remove_unused(struct work *work)
{
	bool has_other = work->group_count > 0;

	for (uint32_t i = 0; i < work->slices.at.len; i++) {
		const struct discovery_endpoint_slice *slice = slices_at(&work->slices, i);

		if (!slices_is_free(&work->slices, i, work->family))
			continue;
		work->slices.is_used[i] = true;
		if (!has_other) {
			struct discovery_endpoint_slice *edit =
			    plan_edit(work->plan, slice, discovery_endpoint_slice);

			edit->endpoints.len = edit->ports.len = 0;
			label(work, edit->metadata);
			has_other = true;
			continue;
		}
		plan_delete(work->plan, slice, discovery_endpoint_slice);
	}
	if (!has_other)
		create_slice(work, (struct discovery_endpoint_port_list){ 0 });
}

static void serve_family(struct work *work, struct records pods)
{
	work->group_count = 0;
	memset(work->groups, 0, sizeof work->groups);
	add_pods(work, pods);
	for (uint32_t i = 0; i < work->group_count; i++)
		fill_group(work, &work->groups[i]);
	remove_unused(work);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_service *service = world_get(world, key, core_service);
	struct work *work = arena_new_of(world_arena(world), struct work);
	struct records pods;

	if (service == NULL || service->metadata->has.deletion_timestamp ||
	    !service_has_selector(service))
		return OK;
	*work = (struct work){ .world = world, .plan = plan, .service = service };
	pods = world_labelled(world, key.namespace, core_pod, service->spec->selector);
	work->slices =
	    slices_of(world, world_owned(world, service, discovery_endpoint_slice), MANAGER);
	for (uint32_t i = 0; i < service->spec->ip_families.len; i++) {
		work->family = service->spec->ip_families.at[i];
		serve_family(work, pods);
	}
	if (service->spec->ip_families.len == 0) {
		work->family = STR("IPv4");
		serve_family(work, pods);
	}
	slices_delete_rest(&work->slices, plan); /* of a family that the service had once */
	return OK;
}

const struct controller endpoint_slice_controller = {
	.name = "endpointslice",
	.account = "endpointslice-controller",
	.reconciles = &core_service_type,
	.owns = { &discovery_endpoint_slice_type },
	.triggers = { { &core_pod_type, service_wake_for_pod } },
	.reads = { &core_node_type },
	.reconcile = reconcile,
};
