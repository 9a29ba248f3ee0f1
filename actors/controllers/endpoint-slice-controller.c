/*
 * Endpoint slices: for each Service with a selector, the addresses of its pods in slices of at most a hundred.
 *
 * One set of slices a combination of port numbers (named target ports may differ between pods). Existing slices are
 * changed as little as possible: endpoints stay where they are, new ones fill the room that there is.
 */
#include "actors/controller/plan.h"
#include "actors/controller/pod.h"
#include "actors/controller/service.h"
#include "actors/controller/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/discovery.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define SLICE_MAX 100U /* upstream's --max-endpoints-per-slice */
#define GROUPS_MAX 32U
#define PORTS_MAX 64U
#define SERVICE_NAME STR("kubernetes.io/service-name")
#define MANAGED_BY STR("endpointslice.kubernetes.io/managed-by")
#define MANAGER STR("endpointslice-controller.k8s.io")
#define HEADLESS STR("service.kubernetes.io/headless")

/* Pods whose ports have the same numbers. */
struct group {
	int32_t ports[PORTS_MAX];
	const struct core_pod **pods;
	uint32_t pod_count;
};

struct wanted {
	const struct core_service *service;
	struct group groups[GROUPS_MAX];
	uint32_t group_count;
};

/* ---- which pods ------------------------------------------------------------------------------------------- */

static bool is_endpoint(const struct core_pod *pod)
{
	return pod->status->pod_ip.len > 0 && !pod_is_finished(pod);
}

static void port_numbers(const struct core_service *service, const struct core_pod *pod,
			 int32_t *out)
{
	const struct core_service_port_list *ports = &service->spec->ports;

	for (uint32_t i = 0; i < ports->len && i < PORTS_MAX; i++)
		out[i] = pod_port(pod, &ports->at[i]);
}

static void add_pod(const struct world *world, struct wanted *wanted, const struct core_pod *pod,
		    uint32_t most)
{
	int32_t ports[PORTS_MAX] = { 0 };
	struct group *group;

	port_numbers(wanted->service, pod, ports);
	for (uint32_t i = 0; i < wanted->group_count; i++) {
		group = &wanted->groups[i];
		if (memcmp(group->ports, ports, sizeof ports) == 0) {
			group->pods[group->pod_count++] = pod;
			return;
		}
	}
	if (wanted->group_count == GROUPS_MAX)
		return;
	group = &wanted->groups[wanted->group_count++];
	memcpy(group->ports, ports, sizeof ports);
	group->pods = arena_array(world_arena(world), const struct core_pod *, most);
	group->pods[group->pod_count++] = pod;
}

/* ---- one endpoint ------------------------------------------------------------------------------------------- */

static struct str zone_of(const struct world *world, struct str node)
{
	const struct core_node *found = world_get(world, ((struct key){ STR(""), node }), core_node);

	return found ? str_map_get(found->metadata->labels, STR("topology.kubernetes.io/zone"))
		     : STR_NONE;
}

static struct discovery_endpoint endpoint_of(const struct world *world, struct plan *plan,
					     const struct core_service *service,
					     const struct core_pod *pod)
{
	struct arena *arena = plan_arena(plan);
	struct discovery_endpoint endpoint = { 0 };
	bool is_ready = pod_is_ready(pod), is_ending = pod->metadata->has.deletion_timestamp;

	endpoint.addresses.at = arena_array(arena, struct str, 1);
	endpoint.addresses.at[0] = arena_str(arena, pod->status->pod_ip);
	endpoint.addresses.len = 1;
	endpoint.conditions = arena_new_of(arena, struct discovery_endpoint_conditions);
	SET(endpoint.conditions, ready,
	    service->spec->publish_not_ready_addresses || (is_ready && !is_ending));
	SET(endpoint.conditions, serving, is_ready);
	SET(endpoint.conditions, terminating, is_ending);
	endpoint.target_ref = arena_new_of(arena, struct core_object_reference);
	endpoint.target_ref->kind = STR("Pod");
	endpoint.target_ref->namespace = arena_str(arena, pod->metadata->namespace);
	endpoint.target_ref->name = arena_str(arena, pod->metadata->name);
	endpoint.target_ref->uid = arena_str(arena, pod->metadata->uid);
	if (pod->spec->node_name.len > 0) {
		endpoint.node_name = arena_str(arena, pod->spec->node_name);
		endpoint.zone = arena_str(arena, zone_of(world, pod->spec->node_name));
	}
	if (pod->spec->hostname.len > 0 && str_eq(pod->spec->subdomain, service->metadata->name))
		endpoint.hostname = arena_str(arena, pod->spec->hostname);
	return endpoint;
}

/* ---- slices -------------------------------------------------------------------------------------------------- */

static bool is_ours(const struct discovery_endpoint_slice *slice)
{
	return str_eq(str_map_get(slice->metadata->labels, MANAGED_BY), MANAGER) &&
	       !slice->metadata->has.deletion_timestamp;
}

static struct discovery_endpoint_port_list
ports_of(struct plan *plan, const struct core_service *service, const int32_t *numbers)
{
	struct arena *arena = plan_arena(plan);
	struct discovery_endpoint_port_list out = { 0 };

	out.at = arena_array(arena, struct discovery_endpoint_port, service->spec->ports.len + 1);
	for (uint32_t i = 0; i < service->spec->ports.len && i < PORTS_MAX; i++) {
		const struct core_service_port *port = &service->spec->ports.at[i];
		struct discovery_endpoint_port *to = &out.at[out.len];

		/* A named port that this pod does not have; a headless service may have none at all. */
		if (numbers[i] == 0)
			continue;
		to->name = port->name.at ? arena_str(arena, port->name) : STR("");
		to->protocol = arena_str(arena, port->protocol);
		SET(to, port, numbers[i]);
		to->app_protocol = arena_str(arena, port->app_protocol);
		out.len++;
	}
	return out;
}

static bool has_same_ports(const struct discovery_endpoint_slice *slice,
			   struct discovery_endpoint_port_list ports)
{
	if (slice->ports.len != ports.len)
		return false;
	for (uint32_t i = 0; i < ports.len; i++)
		if (slice->ports.at[i].port != ports.at[i].port ||
		    !str_eq(slice->ports.at[i].name, ports.at[i].name) ||
		    !str_eq(slice->ports.at[i].protocol, ports.at[i].protocol))
			return false;
	return true;
}

static int64_t find_pod(const struct group *group, const struct discovery_endpoint *endpoint)
{
	for (uint32_t i = 0; i < group->pod_count; i++)
		if (endpoint->target_ref != NULL && group->pods[i] != NULL &&
		    str_eq(endpoint->target_ref->uid, group->pods[i]->metadata->uid))
			return i;
	return -1;
}

/* The labels of the service are the slice's too, besides those by which slices are found. */
static void label(struct plan *plan, const struct core_service *service,
		  struct meta_object_meta *meta)
{
	struct arena *arena = plan_arena(plan);

	meta->labels = template_map_clone(arena, service->metadata->labels);
	str_map_put(&meta->labels, arena, SERVICE_NAME, arena_str(arena, service->metadata->name));
	str_map_put(&meta->labels, arena, MANAGED_BY, MANAGER);
	if (str_is(service->spec->cluster_ip, "None"))
		str_map_put(&meta->labels, arena, HEADLESS, STR(""));
}

/* Endpoints of pods that are still wanted stay, as they are now; `group` loses those that have found their place. */
static void keep_endpoints(const struct world *world, struct plan *plan,
			   const struct core_service *service,
			   const struct discovery_endpoint_slice *old, struct group *group,
			   struct discovery_endpoint_list *out)
{
	out->at = arena_array(plan_arena(plan), struct discovery_endpoint, SLICE_MAX + 1);
	out->len = 0;
	for (uint32_t i = 0; i < old->endpoints.len && out->len < SLICE_MAX; i++) {
		int64_t found = find_pod(group, &old->endpoints.at[i]);

		if (found < 0)
			continue;
		out->at[out->len++] = endpoint_of(world, plan, service, group->pods[found]);
		group->pods[found] = NULL;
	}
}

static void fill(const struct world *world, struct plan *plan, const struct core_service *service,
		 struct group *group, struct discovery_endpoint_list *out)
{
	for (uint32_t i = 0; i < group->pod_count && out->len < SLICE_MAX; i++) {
		if (group->pods[i] == NULL)
			continue;
		out->at[out->len++] = endpoint_of(world, plan, service, group->pods[i]);
		group->pods[i] = NULL;
	}
}

static uint32_t left_in(const struct group *group)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < group->pod_count; i++)
		left += group->pods[i] != NULL;
	return left;
}

static void create_slice(const struct world *world, struct plan *plan,
			 const struct core_service *service, struct group *group,
			 struct discovery_endpoint_port_list ports)
{
	struct discovery_endpoint_slice *slice =
	    plan_new_child(plan, service, core_service, STR_NONE, discovery_endpoint_slice);

	slice->address_type = STR("IPv4");
	slice->ports = ports;
	slice->endpoints.at =
	    arena_array(plan_arena(plan), struct discovery_endpoint, SLICE_MAX + 1);
	label(plan, service, slice->metadata);
	if (group != NULL)
		fill(world, plan, service, group, &slice->endpoints);
}

static void reconcile_group(const struct world *world, struct plan *plan,
			    const struct core_service *service, struct group *group,
			    struct records slices, bool *is_used)
{
	struct discovery_endpoint_port_list ports = ports_of(plan, service, group->ports);
	struct discovery_endpoint_slice **edits =
	    arena_array(plan_arena(plan), struct discovery_endpoint_slice *, slices.len + 1);

	for (uint32_t i = 0; i < slices.len; i++) {
		const struct discovery_endpoint_slice *old =
		    record_at(slices, i, discovery_endpoint_slice);

		if (is_used[i] || !is_ours(old) || !has_same_ports(old, ports))
			continue;
		is_used[i] = true;
		edits[i] = plan_edit(plan, old, discovery_endpoint_slice);
		keep_endpoints(world, plan, service, old, group, &edits[i]->endpoints);
		label(plan, service, edits[i]->metadata);
	}
	for (uint32_t i = 0; i < slices.len && left_in(group) > 0; i++)
		if (edits[i] != NULL)
			fill(world, plan, service, group, &edits[i]->endpoints);
	while (left_in(group) > 0)
		create_slice(world, plan, service, group, ports);
}

/* Slices that nothing was found for go; the last one stays, empty, so that there is always one to look at. */
static void remove_unused(struct plan *plan, const struct core_service *service,
			  struct records slices, const bool *is_used, bool has_other)
{
	for (uint32_t i = 0; i < slices.len; i++) {
		const struct discovery_endpoint_slice *slice =
		    record_at(slices, i, discovery_endpoint_slice);

		if (is_used[i] || !is_ours(slice))
			continue;
		if (!has_other) {
			struct discovery_endpoint_slice *edit =
			    plan_edit(plan, slice, discovery_endpoint_slice);

			edit->endpoints.len = 0;
			label(plan, service, edit->metadata);
			has_other = true;
			continue;
		}
		plan_delete(plan, slice, discovery_endpoint_slice);
	}
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_service *service = world_get(world, key, core_service);
	struct wanted *wanted = arena_new_of(world_arena(world), struct wanted);
	struct records pods, slices;
	bool *is_used;

	if (service == NULL || service->metadata->has.deletion_timestamp ||
	    !service_has_selector(service))
		return OK;
	wanted->service = service;
	pods = world_labelled(world, key.namespace, core_pod, service->spec->selector);
	slices = world_owned(world, service, discovery_endpoint_slice);
	is_used = arena_array(world_arena(world), bool, slices.len + 1);
	for (uint32_t i = 0; i < pods.len; i++)
		if (is_endpoint(record_at(pods, i, core_pod)))
			add_pod(world, wanted, record_at(pods, i, core_pod), pods.len);
	for (uint32_t i = 0; i < wanted->group_count; i++)
		reconcile_group(world, plan, service, &wanted->groups[i], slices, is_used);
	remove_unused(plan, service, slices, is_used, wanted->group_count > 0);
	if (wanted->group_count == 0 && slices.len == 0)
		create_slice(world, plan, service, NULL, (struct discovery_endpoint_port_list){ 0 });
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
