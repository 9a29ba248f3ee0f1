#include "actors/scheduler/criterion.h"

/* Balance: nodes on which the pod brings the shares of cpu and memory that are taken closer together. Only what is really asked for counts. */

static bool pre_score(struct cycle *cycle)
{
	const struct resources *wanted = &cycle->pod->request;

	/* A pod that asks for nothing would always go to the node with the best balance. */
	return wanted->cpu_milli > 0 || wanted->memory_bytes > 0;
}

static double share(int64_t taken, int64_t wanted, int64_t all)
{
	double part = (double)(int64_t)((uint64_t)taken + (uint64_t)wanted) / (double)all;

	return part > 1 ? 1 : part;
}

/* 100 less the standard deviation of the two shares, in hundredths; rounded down as upstream does. */
static int64_t balance(const struct node_info *node, int64_t cpu_milli, int64_t memory_bytes)
{
	const struct resources *all = &node->allocatable, *taken = &node->requested;
	double difference;

	if (all->cpu_milli == 0 || all->memory_bytes == 0)
		return CRITERION_SCORE_MAX;
	difference = share(taken->cpu_milli, cpu_milli, all->cpu_milli) -
		     share(taken->memory_bytes, memory_bytes, all->memory_bytes);
	if (difference < 0)
		difference = -difference;
	return (int64_t)((1 - difference / 2) * CRITERION_SCORE_MAX);
}

static int64_t score(struct cycle *cycle, const struct node_info *node)
{
	const struct resources *wanted = &cycle->pod->request;
	int64_t with = balance(node, wanted->cpu_milli, wanted->memory_bytes);
	int64_t without = balance(node, 0, 0);

	return CRITERION_SCORE_MAX / 2 + (CRITERION_SCORE_MAX / 2 + with - without) / 2;
}

const struct criterion criterion_node_resources_balanced_allocation = {
	.name = "NodeResourcesBalancedAllocation", .weight = 1, .pre_score = pre_score, .score = score
};
