/*
 * Endpoints: the older form of endpoint slices, one object a Service with all addresses, ready and not.
 *
 * A subset is the addresses whose ports have the same numbers; a pod that lacks one of the service's named ports stands in a
 * subset without it.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/service.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define ADDRESSES_MAX 1000U /* upstream's maxCapacity */
#define OVER_CAPACITY STR("endpoints.kubernetes.io/over-capacity")
#define MANAGED_BY STR("endpoints.kubernetes.io/managed-by")
#define HEADLESS STR("service.kubernetes.io/headless")

/* A pod that is an endpoint: the numbers of the service's ports on it, 0 where it has none. */
struct member {
	const struct core_pod *pod;
	bool is_ready;
	const int32_t *numbers;
};

struct members {
	struct member *at;
	uint32_t len;
};

/* ---- which pods ----------------------------------------------------------------------------------------------- */

static bool numbers_of(const struct core_service *service, const struct core_pod *pod, int32_t *out)
{
	bool has_some = service->spec->ports.len == 0;

	for (uint32_t i = 0; i < service->spec->ports.len; i++) {
		out[i] = pod_port(pod, &service->spec->ports.at[i]);
		has_some |= out[i] != 0;
	}
	return has_some;
}

static void add_pod(struct members *members, struct arena *arena,
		    const struct core_service *service, const struct core_pod *pod)
{
	int32_t *numbers = arena_array(arena, int32_t, service->spec->ports.len + 1);
	bool is_ending = pod->metadata->has.deletion_timestamp;
	bool publishes = service->spec->publish_not_ready_addresses;

	if (pod->status->pod_ip.len == 0 || pod_is_finished(pod) || (is_ending && !publishes) ||
	    !numbers_of(service, pod, numbers))
		return;
	members->at[members->len++] =
	    (struct member){ pod, publishes || pod_is_ready(pod), numbers };
}

static int by_address(const void *left, const void *right)
{
	const struct core_pod *a = ((const struct member *)left)->pod;
	const struct core_pod *b = ((const struct member *)right)->pod;
	int order = str_cmp(a->status->pod_ip, b->status->pod_ip);

	return order != 0 ? order : str_cmp(a->metadata->uid, b->metadata->uid);
}

/* Of too many those that serve are kept first. */
static void cut(struct members *members)
{
	uint32_t ready = 0, others, kept = 0;

	for (uint32_t i = 0; i < members->len; i++)
		ready += members->at[i].is_ready;
	others = ready < ADDRESSES_MAX ? ADDRESSES_MAX - ready : 0;
	ready = ADDRESSES_MAX;
	for (uint32_t i = 0; i < members->len; i++) {
		uint32_t *room = members->at[i].is_ready ? &ready : &others;

		if (*room == 0)
			continue;
		--*room;
		members->at[kept++] = members->at[i];
	}
	members->len = kept;
}

static struct members members_of(const struct world *world, const struct core_service *service,
				 bool *is_cut)
{
	struct records pods =
	    world_labelled(world, service->metadata->namespace, core_pod, service->spec->selector);
	struct members members = { arena_array(world_arena(world), struct member, pods.len + 1), 0 };

	for (uint32_t i = 0; i < pods.len; i++)
		add_pod(&members, world_arena(world), service, record_at(pods, i, core_pod));
	qsort(members.at, members.len, sizeof *members.at, by_address);
	*is_cut = members.len > ADDRESSES_MAX;
	if (*is_cut)
		cut(&members);
	return members;
}

/* ---- subsets --------------------------------------------------------------------------------------------------- */

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

static struct core_endpoint_port_list ports_of(struct plan *plan, const struct core_service *service,
					       const int32_t *numbers)
{
	const struct core_service_port_list *ports = &service->spec->ports;
	struct arena *arena = plan_arena(plan);
	struct core_endpoint_port_list out = {
		arena_array(arena, struct core_endpoint_port, ports->len + 1), 0
	};

	for (uint32_t i = 0; i < ports->len; i++) {
		struct core_endpoint_port *port = &out.at[out.len];

		if (numbers[i] == 0)
			continue;
		port->name = arena_str(arena, ports->at[i].name);
		port->protocol = arena_str(arena, ports->at[i].protocol);
		port->app_protocol = arena_str(arena, ports->at[i].app_protocol);
		SET(port, port, numbers[i]);
		out.len++;
	}
	return out;
}

/* A subset that is being filled, and whose numbers it has. */
struct group {
	struct core_endpoint_subset *subset;
	const int32_t *numbers;
};

static struct core_endpoint_subset *subset_for(struct plan *plan, const struct core_service *service,
					       struct core_endpoint_subset_list *list,
					       struct group *groups, const struct member *member,
					       uint32_t most)
{
	struct arena *arena = plan_arena(plan);
	size_t bytes = service->spec->ports.len * sizeof(int32_t);
	struct core_endpoint_subset *subset;

	for (uint32_t i = 0; i < list->len; i++)
		if (memcmp(groups[i].numbers, member->numbers, bytes) == 0)
			return groups[i].subset;
	subset = &list->at[list->len];
	groups[list->len++] = (struct group){ subset, member->numbers };
	subset->addresses.at = arena_array(arena, struct core_endpoint_address, most);
	subset->not_ready_addresses.at = arena_array(arena, struct core_endpoint_address, most);
	subset->ports = ports_of(plan, service, member->numbers);
	return subset;
}

static struct core_endpoint_subset_list subsets_of(const struct world *world, struct plan *plan,
						   const struct core_service *service, bool *is_cut)
{
	struct members members = members_of(world, service, is_cut);
	struct group *groups = arena_array(world_arena(world), struct group, members.len + 1);
	struct core_endpoint_subset_list list = {
		arena_array(plan_arena(plan), struct core_endpoint_subset, members.len + 1), 0
	};

	for (uint32_t i = 0; i < members.len; i++) {
		const struct member *member = &members.at[i];
		struct core_endpoint_subset *subset =
		    subset_for(plan, service, &list, groups, member, members.len - i);
		struct core_endpoint_address_list *to =
		    member->is_ready ? &subset->addresses : &subset->not_ready_addresses;

		to->at[to->len++] = address_of(plan, service, member->pod);
	}
	return list;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void label(struct plan *plan, const struct core_service *service,
		  struct meta_object_meta *meta, bool is_cut)
{
	struct arena *arena = plan_arena(plan);
	struct str address = service->spec->cluster_ip;

	meta->labels = template_map_clone(arena, service->metadata->labels);
	str_map_put(&meta->labels, arena, MANAGED_BY, STR("endpoint-controller"));
	str_map_remove(&meta->labels, arena, HEADLESS);
	if (address.len == 0 || str_is(address, "None"))
		str_map_put(&meta->labels, arena, HEADLESS, STR(""));
	str_map_remove(&meta->annotations, arena, OVER_CAPACITY);
	if (is_cut)
		str_map_put(&meta->annotations, arena, OVER_CAPACITY, STR("truncated"));
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_service *service = world_get(world, key, core_service);
	const struct core_endpoints *old = world_get(world, key, core_endpoints);
	struct core_endpoints *edit;
	bool is_cut;

	if (service == NULL) {
		/* Endpoints bear the name of their service and have no owner: they go with it. */
		if (old != NULL && str_map_get(old->metadata->labels, MANAGED_BY).at != NULL)
			plan_delete(plan, old, core_endpoints);
		return OK;
	}
	if (service->metadata->has.deletion_timestamp || !service_has_selector(service))
		return OK;
	edit = old ? plan_edit(plan, old, core_endpoints)
		   : plan_new(plan, key.namespace, key.name, core_endpoints);
	edit->subsets = subsets_of(world, plan, service, &is_cut);
	label(plan, service, edit->metadata, is_cut);
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
