#include "actors/controller/workload/service.h"

#include "actors/controller/workload/pod.h"

bool service_has_selector(const struct core_service *service)
{
	return service->spec->selector.len > 0 && !str_is(service->spec->type, "ExternalName");
}

static bool selects(const struct core_service *service, struct str_map labels)
{
	struct str_map selector = service->spec->selector;

	return selector.len > 0 && str_map_has_all(labels, selector);
}

static bool has_same_addresses(const struct core_pod *a, const struct core_pod *b)
{
	if (!str_eq(a->status->pod_ip, b->status->pod_ip) ||
	    a->status->pod_ips.len != b->status->pod_ips.len)
		return false;
	for (uint32_t i = 0; i < a->status->pod_ips.len; i++)
		if (!str_eq(a->status->pod_ips.at[i].ip, b->status->pod_ips.at[i].ip))
			return false;
	return true;
}

/* Most of what happens to a pod changes nothing that an endpoint says. */
static bool is_seen_outside(const struct core_pod *now, const struct core_pod *before)
{
	return pod_is_ready(now) != pod_is_ready(before) ||
	       pod_is_finished(now) != pod_is_finished(before) ||
	       now->metadata->has.deletion_timestamp != before->metadata->has.deletion_timestamp ||
	       !str_eq(now->metadata->uid, before->metadata->uid) ||
	       !str_eq(now->spec->node_name, before->spec->node_name) ||
	       !has_same_addresses(now, before) ||
	       !str_map_equal(now->metadata->labels, before->metadata->labels);
}

static bool is_gone(const struct world *world, const struct core_pod *pod)
{
	struct key key = { pod->metadata->namespace, pod->metadata->name };

	return world_get(world, key, core_pod) == NULL;
}

void service_wake_for_pod(const struct world *world, const struct object *object,
			  const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record, *before = old ? old->record : NULL;
	struct records services;

	if (before != NULL && !is_seen_outside(pod, before) && !is_gone(world, pod))
		return;
	services = world_list(world, pod->metadata->namespace, core_service);
	for (uint32_t i = 0; i < services.len; i++) {
		const struct core_service *service = record_at(services, i, core_service);

		if (selects(service, pod->metadata->labels) ||
		    (before != NULL && selects(service, before->metadata->labels)))
			wake_key(to, service->metadata->namespace, service->metadata->name);
	}
}
