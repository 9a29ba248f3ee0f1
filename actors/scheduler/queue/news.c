#include "actors/scheduler/queue/news.h"

#include "datastore/object/record.h"

static bool is_same_taints(const struct core_node_spec *a, const struct core_node_spec *b)
{
	if (a->unschedulable != b->unschedulable || a->taints.len != b->taints.len)
		return false;
	for (uint32_t i = 0; i < a->taints.len; i++)
		if (!str_eq(a->taints.at[i].key, b->taints.at[i].key) ||
		    !str_eq(a->taints.at[i].value, b->taints.at[i].value) ||
		    !str_eq(a->taints.at[i].effect, b->taints.at[i].effect))
			return false;
	return true;
}

uint32_t news_of_node(const struct core_node *node, const struct core_node *old)
{
	uint32_t kinds = 0;

	if (!str_map_equal(node->status->allocatable, old->status->allocatable))
		kinds |= NEWS_NODE_ALLOCATABLE;
	if (!str_map_equal(node->metadata->labels, old->metadata->labels))
		kinds |= NEWS_NODE_LABELS;
	if (!is_same_taints(node->spec, old->spec))
		kinds |= NEWS_NODE_TAINTS;
	return kinds;
}

static bool is_less(const struct resources *a, const struct resources *b)
{
	if (a->cpu_milli < b->cpu_milli || a->memory_bytes < b->memory_bytes ||
	    a->storage_bytes < b->storage_bytes)
		return true;
	for (uint32_t i = 0; i < b->scalar_count; i++)
		if (resources_scalar(a, b->scalars[i].name) < b->scalars[i].amount)
			return true;
	return false;
}

uint32_t news_of_pod(const struct pod_info *pod, const struct pod_info *old)
{
	uint32_t kinds = 0;

	if (!str_map_equal(pod->pod->metadata->labels, old->pod->metadata->labels))
		kinds |= NEWS_POD_LABELS;
	if (is_less(&pod->request, &old->request))
		kinds |= NEWS_POD_SHRANK;
	return kinds;
}
