#include "actors/scheduler/snapshot/node-info.h"

struct node_info *node_info_new(struct str name)
{
	struct node_info *node = mem_new(struct node_info);

	node->name = str_of(mem_copy(name.at, name.len), name.len);
	node->index = NODE_NOWHERE;
	return node;
}

void node_info_free(struct node_info *node)
{
	const struct node_pods *pods = node_info_pods(node);

	while (pods->len > 0)
		node_info_remove(node, pods->at[pods->len - 1]);
	for (uint32_t i = 0; i < POD_LISTS; i++)
		vec_fini(&node->lists[i]);
	object_unref(node->object);
	arena_free(node->arena);
	mem_free((void *)(uintptr_t)node->name.at);
	mem_free(node);
}

void node_info_set(struct node_info *node, const struct object *object)
{
	const struct object *old = node->object;

	arena_free(node->arena);
	node->arena = NULL;
	node->node = NULL;
	node->allocatable = (struct resources){ 0 };
	node->object = object ? object_ref(object) : NULL;
	if (object != NULL) {
		node->arena = arena_new(0);
		node->node = object->record;
		node->allocatable = resources_of_list(node->node->status->allocatable, node->arena);
	}
	object_unref(old);
}

void node_info_add(struct node_info *node, struct pod_info *pod)
{
	assert(pod->node == NULL);
	pod_info_ref(pod);
	pod->node = node;
	for (uint32_t i = 0; i < POD_LISTS; i++) {
		pod->slots[i] = node->lists[i].len;
		if (pod_info_is_in(pod, (enum pod_list)i))
			vec_push(&node->lists[i], pod);
	}
	resources_add(&node->requested, &pod->request);
	resources_add(&node->at_least, &pod->at_least);
}

static void take_out(struct node_pods *list, uint32_t which, const struct pod_info *pod)
{
	uint32_t slot = pod->slots[which];

	assert(list->at[slot] == pod);
	vec_swap_remove(list, slot);
	if (slot < list->len)
		list->at[slot]->slots[which] = slot;
}

void node_info_remove(struct node_info *node, struct pod_info *pod)
{
	assert(pod->node == node);
	for (uint32_t i = 0; i < POD_LISTS; i++)
		if (pod_info_is_in(pod, (enum pod_list)i))
			take_out(&node->lists[i], i, pod);
	resources_take(&node->requested, &pod->request);
	resources_take(&node->at_least, &pod->at_least);
	pod->node = NULL;
	pod_info_unref(pod);
}

int64_t node_info_requested_scalar(const struct node_info *node, struct str name)
{
	const struct node_pods *pods = node_info_pods(node);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < pods->len; i++)
		sum += (uint64_t)resources_scalar(&pods->at[i]->request, name);
	return (int64_t)sum;
}

struct str node_info_label(const struct node_info *node, struct str key)
{
	return str_map_get(node->node->metadata->labels, key);
}

static struct str label_of(struct str_map labels, struct str key, struct str old_key)
{
	struct str value = str_map_get(labels, key);

	return value.len > 0 ? value : str_map_get(labels, old_key);
}

struct str node_info_zone(const struct core_node *node, struct arena *arena)
{
	struct str_map labels = node->metadata->labels;
	struct str region = label_of(labels, STR("topology.kubernetes.io/region"),
				     STR("failure-domain.beta.kubernetes.io/region"));
	struct str zone = label_of(labels, STR("topology.kubernetes.io/zone"),
				   STR("failure-domain.beta.kubernetes.io/zone"));

	if (region.len == 0 && zone.len == 0)
		return STR("");
	return arena_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(region), STR_ARG(zone));
}
