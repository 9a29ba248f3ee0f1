#include "actors/controller/taint.h"
#include "actors/scheduler/criterion.h"

/* Cordoned nodes take only pods that tolerate the taint which says the same. */

static bool is_tolerated(const struct pod_info *pod)
{
	static const struct core_taint cordoned = {
		.key = { "node.kubernetes.io/unschedulable", 32 }, .effect = { "NoSchedule", 10 }
	};

	return taint_is_tolerated(&cordoned, &pod->pod->spec->tolerations);
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	if (!node->node->spec->unschedulable || is_tolerated(cycle->pod))
		return FIT_YES;
	cycle_because(cycle, STR("node(s) were unschedulable"));
	return FIT_NEVER;
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	if (news->kinds & NEWS_SELF)
		return is_tolerated(news->pod);
	(void)pod;
	return !news->node->node->spec->unschedulable &&
	       (news->old_node == NULL || news->old_node->spec->unschedulable);
}

const struct criterion criterion_node_unschedulable = {
	.name = "NodeUnschedulable",
	.filter = filter,
	.wakes = NEWS_NODE_ADDED | NEWS_NODE_TAINTS | NEWS_SELF,
	.helps = helps,
};
