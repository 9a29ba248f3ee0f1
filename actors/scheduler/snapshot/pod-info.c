#include "actors/scheduler/snapshot/pod-info.h"

static uint32_t count_ports(const struct core_container_list *list)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < list->len; i++)
		count += list->at[i].ports.len;
	return count;
}

static void read_ports(struct pod_info *info, struct host_port *into,
		       const struct core_container_list *list, bool is_init)
{
	for (uint32_t i = 0; i < list->len; i++) {
		/* Ports of an init container are free again when the others start, unless it stays as a sidecar. */
		if (is_init && !str_is(list->at[i].restart_policy, "Always"))
			continue;
		for (uint32_t j = 0; j < list->at[i].ports.len; j++) {
			const struct core_container_port *port = &list->at[i].ports.at[j];

			if (port->host_port <= 0)
				continue;
			into[info->port_count++] = (struct host_port){
				port->host_ip.len > 0 ? port->host_ip : STR("0.0.0.0"),
				port->protocol.len > 0 ? port->protocol : STR("TCP"), port->host_port
			};
		}
	}
}

static void find_ports(struct pod_info *info)
{
	const struct core_pod_spec *spec = info->pod->spec;
	uint32_t most = count_ports(&spec->containers) + count_ports(&spec->init_containers);
	struct host_port *ports;

	if (most == 0)
		return;
	ports = arena_array(info->arena, struct host_port, most);
	read_ports(info, ports, &spec->containers, false);
	read_ports(info, ports, &spec->init_containers, true);
	info->ports = ports;
}

static void read_terms(struct pod_info *info)
{
	const struct core_affinity *affinity = info->pod->spec->affinity;
	struct str namespace = info->pod->metadata->namespace;

	if (affinity != NULL && affinity->pod_affinity != NULL) {
		const struct core_pod_affinity *near = affinity->pod_affinity;

		info->affinity =
		    pod_term_list(&near->required_during_scheduling_ignored_during_execution,
				  namespace, info->arena);
		info->likes = pod_term_weighted_list(
		    &near->preferred_during_scheduling_ignored_during_execution, namespace,
		    info->arena);
	}
	if (affinity != NULL && affinity->pod_anti_affinity != NULL) {
		const struct core_pod_anti_affinity *away = affinity->pod_anti_affinity;

		info->anti_affinity =
		    pod_term_list(&away->required_during_scheduling_ignored_during_execution,
				  namespace, info->arena);
		info->dislikes = pod_term_weighted_list(
		    &away->preferred_during_scheduling_ignored_during_execution, namespace,
		    info->arena);
	}
}

bool pod_info_is_in(const struct pod_info *info, enum pod_list list)
{
	if (list == POD_LIST_ANTI)
		return info->anti_affinity.len > 0;
	return list == POD_LIST_ALL ||
	       info->affinity.len + info->anti_affinity.len + info->likes.len + info->dislikes.len >
		   0;
}

struct str pod_info_key(const struct object *object, struct arena *arena)
{
	struct str namespace = object_namespace(object), name = object_name(object);
	char *key = arena_alloc(arena, (size_t) namespace.len + name.len + 2);

	memcpy(key, namespace.at, namespace.len);
	key[namespace.len] = '/';
	memcpy(key + namespace.len + 1, name.at, name.len);
	key[namespace.len + 1 + name.len] = 0;
	return str_of(key, (size_t) namespace.len + 1 + name.len);
}

/* It is kept as long as the pod is there: what was needed to sum up takes twice as much as all the rest, and goes. */
static void sum_up(struct pod_info *info, enum resources_view view)
{
	struct arena *arena = arena_new(0);
	struct resources *request = &info->request;

	*request = resources_of_pod(info->pod, view, arena);
	info->at_least = resources_at_least(info->pod, view, arena);
	request->scalars = request->scalar_count > 0
			       ? arena_copy(info->arena, request->scalars,
					    request->scalar_count * sizeof request->scalars[0])
			       : NULL;
	arena_free(arena);
}

struct pod_info *pod_info_new(const struct object *object, enum resources_view view)
{
	struct arena *arena = arena_new(0);
	struct pod_info *info = arena_new_of(arena, struct pod_info);

	info->arena = arena;
	info->references = 1;
	info->object = object_ref(object);
	info->pod = object->record;
	info->key = pod_info_key(object, arena);
	info->priority = info->pod->spec->priority;
	sum_up(info, view);
	info->label_bits = pod_term_label_bits(info->pod->metadata->labels);
	find_ports(info);
	read_terms(info);
	return info;
}

struct pod_info *pod_info_ref(struct pod_info *info)
{
	info->references++;
	return info;
}

void pod_info_unref(struct pod_info *info)
{
	if (info == NULL || --info->references > 0)
		return;
	assert(info->node == NULL);
	object_unref(info->object);
	arena_free(info->arena);
}

const struct meta_object_meta *pod_info_meta(const struct pod_info *info)
{
	return info->pod->metadata;
}
