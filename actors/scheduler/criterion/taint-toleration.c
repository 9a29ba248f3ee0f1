#include "actors/controller/taint.h"
#include "actors/scheduler/criterion.h"

/* Taints: NoSchedule and NoExecute keep a pod away that does not tolerate them; each PreferNoSchedule that it does not makes a node worse. */

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	if (taint_allows(&node->node->spec->taints, &cycle->pod->pod->spec->tolerations))
		return FIT_YES;
	cycle_because(cycle, STR("node(s) had untolerated taint(s)"));
	return FIT_NEVER;
}

static int64_t score(struct cycle *cycle, const struct node_info *node)
{
	const struct core_taint_list *taints = &node->node->spec->taints;
	int64_t count = 0;

	for (uint32_t i = 0; i < taints->len; i++)
		if (str_is(taints->at[i].effect, "PreferNoSchedule") &&
		    !taint_is_tolerated(&taints->at[i], &cycle->pod->pod->spec->tolerations))
			count++;
	return count;
}

static void normalize(struct cycle *cycle, int64_t *scores, uint32_t count)
{
	(void)cycle;
	criterion_normalize(scores, count, true);
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	const struct core_toleration_list *tolerations = &pod->pod->spec->tolerations;

	if (news->kinds & NEWS_SELF)
		return true;
	return taint_allows(&news->node->node->spec->taints, tolerations) &&
	       (news->old_node == NULL || !taint_allows(&news->old_node->spec->taints, tolerations));
}

const struct criterion criterion_taint_toleration = {
	.name = "TaintToleration",
	.weight = 3,
	.filter = filter,
	.score = score,
	.normalize = normalize,
	.wakes = NEWS_NODE_ADDED | NEWS_NODE_TAINTS | NEWS_SELF,
	.helps = helps,
};
