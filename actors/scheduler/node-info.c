#include "actors/scheduler/node-info.h"

struct node_info *node_info_new(struct str name)
{
	struct node_info *node = mem_new(struct node_info);

	node->name = str_of(mem_copy(name.at, name.len), name.len);
	node->index = NODE_NOWHERE;
	return node;
}

void node_info_free(struct node_info *node)
{
	while (node->pods.len > 0)
		node_info_remove(node, node->pods.at[node->pods.len - 1]);
	vec_fini(&node->pods);
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
	pod->node = node;
	pod->slot = node->pods.len;
	vec_push(&node->pods, pod_info_ref(pod));
	resources_add(&node->requested, &pod->request);
	resources_add(&node->at_least, &pod->at_least);
}

void node_info_remove(struct node_info *node, struct pod_info *pod)
{
	uint32_t slot = pod->slot;

	assert(pod->node == node && node->pods.at[slot] == pod);
	vec_swap_remove(&node->pods, slot);
	if (slot < node->pods.len)
		node->pods.at[slot]->slot = slot;
	resources_take(&node->requested, &pod->request);
	resources_take(&node->at_least, &pod->at_least);
	pod->node = NULL;
	pod_info_unref(pod);
}

int64_t node_info_requested_scalar(const struct node_info *node, struct str name)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < node->pods.len; i++)
		sum += (uint64_t)resources_scalar(&node->pods.at[i]->request, name);
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
