#include "actors/scheduler/criterion.h"
#include "actors/scheduler/queue/news.h"
#include "actors/scheduler/snapshot/node-info.h"
#include "actors/scheduler/snapshot/resources.h"

/* Room: what the pod asks for must be left of what the node can give. The score prefers nodes with much left (LeastAllocated). */

/* Subtraction that wraps around, as sums of absurd requests may have. */
static int64_t left_of(int64_t all, int64_t taken)
{
	return (int64_t)((uint64_t)all - (uint64_t)taken);
}

struct need {
	enum fit fit;
	struct cycle *cycle; /* NULL: only asked whether */
};

static void check(struct need *need, struct str what, int64_t wanted, int64_t all, int64_t taken)
{
	if (wanted <= 0 || wanted <= left_of(all, taken))
		return;
	if (wanted > all)
		need->fit = FIT_NEVER;
	else if (need->fit == FIT_YES)
		need->fit = FIT_NO;
	if (need->cycle != NULL)
		cycle_because(need->cycle, what);
}

static void check_scalars(struct need *need, const struct resources *wanted,
			  const struct node_info *node, const struct resources *allocatable,
			  bool is_empty)
{
	for (uint32_t i = 0; i < wanted->scalar_count; i++) {
		const struct resource_scalar *scalar = &wanted->scalars[i];
		struct str why = STR("");

		if (scalar->amount == 0)
			continue;
		if (need->cycle != NULL)
			why = arena_printf(need->cycle->arena, "Insufficient " STR_FMT,
					   STR_ARG(scalar->name));
		check(need, why, scalar->amount, resources_scalar(allocatable, scalar->name),
		      is_empty ? 0 : node_info_requested_scalar(node, scalar->name));
	}
}

static enum fit fits(struct cycle *cycle, const struct resources *wanted,
		     const struct node_info *node, const struct resources *allocatable,
		     bool is_empty)
{
	static const struct resources nothing = { 0 };
	const struct resources *taken = is_empty ? &nothing : &node->requested;
	struct need need = { FIT_YES, cycle };

	if ((is_empty ? 0 : (int64_t)node_info_pods(node)->len) + 1 > allocatable->pods) {
		need.fit = FIT_NO;
		if (cycle != NULL)
			cycle_because(cycle, STR("Too many pods"));
	}
	if (resources_are_none(wanted))
		return need.fit;
	check(&need, STR("Insufficient cpu"), wanted->cpu_milli, allocatable->cpu_milli,
	      taken->cpu_milli);
	check(&need, STR("Insufficient memory"), wanted->memory_bytes, allocatable->memory_bytes,
	      taken->memory_bytes);
	check(&need, STR("Insufficient ephemeral-storage"), wanted->storage_bytes,
	      allocatable->storage_bytes, taken->storage_bytes);
	check_scalars(&need, wanted, node, allocatable, is_empty);
	return need.fit;
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	return fits(cycle, &cycle->pod->request, node, &node->allocatable, false);
}

static int64_t part_left(int64_t all, int64_t taken, int64_t wanted)
{
	__int128 requested = (__int128)taken + wanted;

	if (requested > all || requested < 0)
		return 0;
	return (int64_t)((all - requested) * CRITERION_SCORE_MAX / all);
}

static int64_t score(struct cycle *cycle, const struct node_info *node)
{
	const struct resources *wanted = &cycle->pod->at_least, *all = &node->allocatable;
	int64_t sum = 0, count = 0;

	if (all->cpu_milli > 0) {
		sum += part_left(all->cpu_milli, node->at_least.cpu_milli, wanted->cpu_milli);
		count++;
	}
	if (all->memory_bytes > 0) {
		sum +=
		    part_left(all->memory_bytes, node->at_least.memory_bytes, wanted->memory_bytes);
		count++;
	}
	return count ? sum / count : 0;
}

/* ---- what could help -------------------------------------------------------------------------------------- */

static bool has_grown(const struct resources *wanted, const struct resources *now,
		      const struct resources *before)
{
	if (now->pods > before->pods)
		return true;
	if ((wanted->cpu_milli > 0 && now->cpu_milli > before->cpu_milli) ||
	    (wanted->memory_bytes > 0 && now->memory_bytes > before->memory_bytes) ||
	    (wanted->storage_bytes > 0 && now->storage_bytes > before->storage_bytes))
		return true;
	for (uint32_t i = 0; i < wanted->scalar_count; i++)
		if (wanted->scalars[i].amount > 0 &&
		    resources_scalar(now, wanted->scalars[i].name) >
			resources_scalar(before, wanted->scalars[i].name))
			return true;
	return false;
}

static bool node_helps(const struct resources *wanted, const struct news *news)
{
	const struct resources *now = &news->node->allocatable;
	struct arena *arena;
	struct resources before;
	bool is_more;

	if (fits(NULL, wanted, news->node, now, true) != FIT_YES)
		return false;
	if (news->old_node == NULL)
		return true;
	arena = arena_new(0);
	before = resources_of_list(news->old_node->status->allocatable, arena);
	is_more = has_grown(wanted, now, &before);
	arena_free(arena);
	return is_more;
}

/* Upstream: only if it shrank in something that this pod asks for. */
static bool shrinking_helps(const struct resources *wanted, const struct news *news)
{
	const struct resources *now = &news->pod->request, *before = &news->old_pod->request;

	if ((wanted->cpu_milli > 0 && before->cpu_milli > now->cpu_milli) ||
	    (wanted->memory_bytes > 0 && before->memory_bytes > now->memory_bytes) ||
	    (wanted->storage_bytes > 0 && before->storage_bytes > now->storage_bytes))
		return true;
	for (uint32_t i = 0; i < wanted->scalar_count; i++)
		if (wanted->scalars[i].amount > 0 &&
		    resources_scalar(before, wanted->scalars[i].name) >
			resources_scalar(now, wanted->scalars[i].name))
			return true;
	return false;
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	if (news->kinds & (NEWS_NODE_ADDED | NEWS_NODE_ALLOCATABLE))
		return node_helps(&pod->request, news);
	if (news->kinds & NEWS_POD_SHRANK)
		return shrinking_helps(&pod->request, news);
	if (news->kinds & NEWS_SELF)
		return (news_of_pod(news->pod, news->old_pod) & NEWS_POD_SHRANK) != 0;
	return true; /* a pod is gone */
}

const struct criterion criterion_node_resources_fit = {
	.name = "NodeResourcesFit",
	.weight = 1,
	.filter = filter,
	.score = score,
	.wakes =
	    NEWS_NODE_ADDED | NEWS_NODE_ALLOCATABLE | NEWS_POD_GONE | NEWS_POD_SHRANK | NEWS_SELF,
	.helps = helps,
};
