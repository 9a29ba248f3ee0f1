/*
 * Endpoints: the older form of endpoint slices, one object a Service with all addresses, ready and not.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/pod.h"
#include "actors/controller/service.h"
#include "actors/controller/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define ADDRESSES_MAX 1000U
#define OVER_CAPACITY STR("endpoints.kubernetes.io/over-capacity")
#define MANAGED_BY STR("endpoints.kubernetes.io/managed-by")

static int by_address(const void *left, const void *right)
{
	const struct core_pod *const *a = left, *const *b = right;
	int order = str_cmp((*a)->status->pod_ip, (*b)->status->pod_ip);

	return order != 0 ? order : str_cmp((*a)->metadata->uid, (*b)->metadata->uid);
}

static struct core_endpoint_address address_of(struct plan *plan, const struct core_service *service,
					       const struct core_pod *pod)
{
	struct arena *arena = plan_arena(plan);
	struct core_endpoint_address address = { .ip = arena_str(arena, pod->status->pod_ip) };

	address.node_name = arena_str(arena, pod->spec->node_name);
	if (pod->spec->hostname.len > 0 && str_eq(pod->spec->subdomain, service->metadata->name))
		address.hostname = arena_str(arena, pod->spec->hostname);
	address.target_ref = arena_new_of(arena, struct core_object_reference);
	address.target_ref->kind = STR("Pod");
	address.target_ref->namespace = arena_str(arena, pod->metadata->namespace);
	address.target_ref->name = arena_str(arena, pod->metadata->name);
	address.target_ref->uid = arena_str(arena, pod->metadata->uid);
	return address;
}

/* The numbers of the service's ports on this pod; false: it lacks one that the service needs. */
static bool port_numbers(const struct core_service *service, const struct core_pod *pod,
			 int32_t *out)
{
	for (uint32_t i = 0; i < service->spec->ports.len; i++) {
		out[i] = pod_port(pod, &service->spec->ports.at[i]);
		if (out[i] == 0)
			return false;
	}
	return true;
}

static bool has_numbers(const struct core_endpoint_subset *subset, const int32_t *numbers)
{
	for (uint32_t i = 0; i < subset->ports.len; i++)
		if (subset->ports.at[i].port != numbers[i])
			return false;
	return true;
}

static struct core_endpoint_subset *subset_of(struct plan *plan, const struct core_service *service,
					      struct core_endpoint_subset_list *list,
					      const int32_t *numbers, uint32_t most)
{
	struct arena *arena = plan_arena(plan);
	struct core_endpoint_subset *subset;

	for (uint32_t i = 0; i < list->len; i++)
		if (has_numbers(&list->at[i], numbers))
			return &list->at[i];
	subset = &list->at[list->len++];
	subset->addresses.at = arena_array(arena, struct core_endpoint_address, most);
	subset->not_ready_addresses.at = arena_array(arena, struct core_endpoint_address, most);
	subset->ports.at =
	    arena_array(arena, struct core_endpoint_port, service->spec->ports.len + 1);
	for (uint32_t i = 0; i < service->spec->ports.len; i++) {
		struct core_endpoint_port *port = &subset->ports.at[subset->ports.len++];

		port->name = arena_str(arena, service->spec->ports.at[i].name);
		port->protocol = arena_str(arena, service->spec->ports.at[i].protocol);
		port->app_protocol = arena_str(arena, service->spec->ports.at[i].app_protocol);
		SET(port, port, numbers[i]);
	}
	return subset;
}

static void add_pod(struct plan *plan, const struct core_service *service,
		    const struct core_pod *pod, struct core_endpoint_subset_list *list,
		    uint32_t most)
{
	int32_t *numbers = arena_array(plan_arena(plan), int32_t, service->spec->ports.len + 1);
	bool is_ready = pod_is_ready(pod) && !pod->metadata->has.deletion_timestamp;
	struct core_endpoint_subset *subset;

	if (pod->status->pod_ip.len == 0 || pod_is_finished(pod) ||
	    !port_numbers(service, pod, numbers))
		return;
	if (pod->metadata->has.deletion_timestamp && !service->spec->publish_not_ready_addresses)
		return;
	subset = subset_of(plan, service, list, numbers, most);
	if (is_ready || service->spec->publish_not_ready_addresses)
		subset->addresses.at[subset->addresses.len++] = address_of(plan, service, pod);
	else
		subset->not_ready_addresses.at[subset->not_ready_addresses.len++] =
		    address_of(plan, service, pod);
}

static void tidy(struct core_endpoint_subset_list *list)
{
	for (uint32_t i = 0; i < list->len; i++) {
		if (list->at[i].addresses.len == 0)
			list->at[i].addresses.at = NULL;
		if (list->at[i].not_ready_addresses.len == 0)
			list->at[i].not_ready_addresses.at = NULL;
	}
}

static struct core_endpoint_subset_list subsets_of(const struct world *world, struct plan *plan,
						   const struct core_service *service, bool *is_cut)
{
	struct records pods =
	    world_labelled(world, service->metadata->namespace, core_pod, service->spec->selector);
	const struct core_pod **sorted =
	    arena_array(world_arena(world), const struct core_pod *, pods.len + 1);
	struct core_endpoint_subset_list list = { 0 };

	for (uint32_t i = 0; i < pods.len; i++)
		sorted[i] = record_at(pods, i, core_pod);
	qsort(sorted, pods.len, sizeof *sorted, by_address);
	*is_cut = pods.len > ADDRESSES_MAX;
	list.at = arena_array(plan_arena(plan), struct core_endpoint_subset, pods.len + 1);
	for (uint32_t i = 0; i < pods.len && i < ADDRESSES_MAX; i++)
		add_pod(plan, service, sorted[i], &list, pods.len);
	tidy(&list);
	return list;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_service *service = world_get(world, key, core_service);
	const struct core_endpoints *old = world_get(world, key, core_endpoints);
	struct arena *arena = plan_arena(plan);
	struct core_endpoints *edit;
	bool is_cut;

	if (service == NULL) {
		/* Endpoints bear the name of their service and have no owner: they go with it. */
		if (old != NULL && str_map_get(old->metadata->labels, MANAGED_BY).at != NULL)
			plan_delete(plan, old, core_endpoints);
		return OK;
	}
	if (!service_has_selector(service))
		return OK;
	edit = old ? plan_edit(plan, old, core_endpoints)
		   : plan_new(plan, key.namespace, key.name, core_endpoints);
	edit->subsets = subsets_of(world, plan, service, &is_cut);
	edit->metadata->labels = template_map_clone(arena, service->metadata->labels);
	str_map_put(&edit->metadata->labels, arena, MANAGED_BY, STR("endpoint-controller"));
	str_map_remove(&edit->metadata->annotations, arena, OVER_CAPACITY);
	if (is_cut)
		str_map_put(&edit->metadata->annotations, arena, OVER_CAPACITY, STR("truncated"));
	return OK;
}

static void endpoints_wake(const struct world *world, const struct object *object,
			   const struct object *old, struct wake *to)
{
	const struct core_endpoints *endpoints = object->record;

	(void)world;
	(void)old;
	wake_key(to, endpoints->metadata->namespace, endpoints->metadata->name);
}

const struct controller endpoints_controller = {
	.name = "endpoints",
	.account = "endpoint-controller",
	.reconciles = &core_service_type,
	.triggers = { { &core_pod_type, service_wake_for_pod },
		      { &core_endpoints_type, endpoints_wake } },
	.reconcile = reconcile,
};
