#include "actors/scheduler/preemption.h"

#include <stdlib.h>

#include "actors/controller/workload/pod.h"
#include "actors/scheduler/criterion.h"
#include "actors/scheduler/snapshot/nominator.h"
#include "datastore/schema/policy.h"

/* Upstream's minCandidateNodesAbsolute and minCandidateNodesPercentage. */
#define CANDIDATES_MIN 100U
#define CANDIDATES_PERCENT 10U

/* What one node would cost. */
struct candidate {
	const struct node_info *node;
	struct pod_info **victims; /* most important first */
	uint32_t count;
	uint32_t violations; /* of budgets */
};

struct search {
	struct cycle *cycle;
	struct preemption *out;
	struct records budgets;
	struct candidate *candidates;
	uint32_t count;
	struct cycle_reasons reasons; /* why nodes are no candidates */
};

/* ---- importance ----------------------------------------------------------------------------------------------- */

/* One that has not started yet is as good as started now. */
static int64_t start_of(const struct pod_info *pod)
{
	const struct core_pod_status *status = pod->pod->status;

	return status != NULL && status->has.start_time ? status->start_time.ns : INT64_MAX;
}

static int by_importance(const void *a, const void *b)
{
	const struct pod_info *x = *(struct pod_info *const *)a, *y = *(struct pod_info *const *)b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	if (start_of(x) != start_of(y))
		return start_of(x) < start_of(y) ? -1 : 1;
	return str_cmp(x->key, y->key);
}

/* ---- budgets ----------------------------------------------------------------------------------------------------- */

static bool covers(const struct policy_pod_disruption_budget *budget, const struct pod_info *pod)
{
	const struct meta_label_selector *selector = budget->spec->selector;
	const struct meta_object_meta *meta = pod_info_meta(pod);

	if (!str_eq(budget->metadata->namespace, meta->namespace) || selector == NULL ||
	    selector->match_labels.len + selector->match_expressions.len == 0)
		return false;
	for (uint32_t i = 0; i < budget->status->disrupted_pods.len; i++)
		if (str_eq(budget->status->disrupted_pods.at[i].key, meta->name))
			return false; /* counted already */
	return world_selects(selector, meta->labels);
}

/* Whether one more disruption breaks a budget; each that covers the pod is charged. */
static bool breaks_budget(struct search *search, int32_t *allowed, const struct pod_info *pod)
{
	if (pod_info_meta(pod)->labels.len == 0)
		return false;
	for (uint32_t i = 0; i < search->budgets.len; i++) {
		const struct policy_pod_disruption_budget *budget =
		    record_at(search->budgets, i, policy_pod_disruption_budget);

		if (covers(budget, pod) && --allowed[i] < 0)
			return true;
	}
	return false;
}

/* Those that break a budget come first, so that they are the first to be spared. How many do. */
static uint32_t put_protected_first(struct search *search, struct pod_info **pods, uint32_t count)
{
	struct arena *arena = search->cycle->arena;
	int32_t *allowed = arena_array(arena, int32_t, search->budgets.len);
	struct pod_info **rest = arena_array(arena, struct pod_info *, count);
	uint32_t first = 0, others = 0;

	for (uint32_t i = 0; i < search->budgets.len; i++)
		allowed[i] = record_at(search->budgets, i, policy_pod_disruption_budget)
				 ->status->disruptions_allowed;
	for (uint32_t i = 0; i < count; i++)
		if (breaks_budget(search, allowed, pods[i]))
			pods[first++] = pods[i];
		else
			rest[others++] = pods[i];
	for (uint32_t i = 0; i < others; i++)
		pods[first + i] = rest[i];
	return first;
}

/* ---- one node ---------------------------------------------------------------------------------------------------- */

static bool fits(struct search *search, struct node_info *node)
{
	search->out->cost++;
	return cycle_filter(search->cycle, node) == FIT_YES;
}

/* Spares whom it can, in order; the rest are the victims. Whoever goes is off the node when it returns. */
static void choose_victims(struct search *search, struct node_info *node, struct pod_info **pods,
			   uint32_t count, struct candidate *candidate)
{
	uint32_t first = put_protected_first(search, pods, count);

	for (uint32_t i = 0; i < count; i++) {
		cycle_count_pod(search->cycle, node, pods[i], 1);
		if (fits(search, node))
			continue;
		cycle_count_pod(search->cycle, node, pods[i], -1);
		candidate->victims[candidate->count++] = pods[i];
		candidate->violations += i < first;
	}
	for (uint32_t i = 0; i < candidate->count; i++)
		cycle_count_pod(search->cycle, node, candidate->victims[i], 1);
	qsort(candidate->victims, candidate->count, sizeof *candidate->victims, by_importance);
}

static struct pod_info **lesser_pods(struct search *search, const struct node_info *node,
				     uint32_t *count)
{
	const struct node_pods *all = node_info_pods(node);
	struct pod_info **pods = arena_array(search->cycle->arena, struct pod_info *, all->len);

	for (uint32_t i = 0; i < all->len; i++)
		if (all->at[i]->priority < search->cycle->pod->priority)
			pods[(*count)++] = all->at[i];
	qsort(pods, *count, sizeof *pods, by_importance);
	return pods;
}

static void try_node(struct search *search, struct node_info *node)
{
	struct candidate *candidate = &search->candidates[search->count];
	uint32_t count = 0;
	struct pod_info **pods = lesser_pods(search, node, &count);

	if (count == 0) {
		cycle_because(search->cycle, STR("No preemption victims found for incoming pod"));
		return;
	}
	*candidate = (struct candidate){
		.node = node, .victims = arena_array(search->cycle->arena, struct pod_info *, count)
	};
	for (uint32_t i = 0; i < count; i++)
		cycle_count_pod(search->cycle, node, pods[i], -1);
	if (fits(search, node)) {
		/* What keeps this one or that from being spared is no reason against the node. */
		struct cycle_reasons kept = search->cycle->reasons;

		choose_victims(search, node, pods, count, candidate);
		search->cycle->reasons = kept;
		search->count += candidate->count > 0;
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		cycle_count_pod(search->cycle, node, pods[i], 1);
}

/* ---- all nodes ---------------------------------------------------------------------------------------------------- */

static bool is_enough(const struct search *search, uint32_t most)
{
	for (uint32_t i = 0; i < search->count; i++)
		if (search->candidates[i].violations == 0)
			return search->count >= most;
	return false;
}

static uint32_t helpful_nodes(const struct cycle *cycle, struct node_info **nodes)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < cycle->nodes.len; i++) {
		enum fit fit = cycle->pre_fit != FIT_YES ? cycle->pre_fit : (enum fit)cycle->fits[i];

		if (fit == FIT_NO)
			nodes[count++] = cycle->nodes.at[i];
	}
	return count;
}

/* How many nodes it tried. */
static uint32_t find_candidates(struct search *search)
{
	struct cycle *cycle = search->cycle;
	struct node_info **nodes = arena_array(cycle->arena, struct node_info *, cycle->nodes.len);
	uint32_t count = helpful_nodes(cycle, nodes), most = count * CANDIDATES_PERCENT / 100;
	uint32_t tried = 0;

	if (most < CANDIDATES_MIN)
		most = CANDIDATES_MIN;
	search->candidates = arena_array(cycle->arena, struct candidate, count + 1);
	while (tried < count && !is_enough(search, most)) {
		try_node(search, nodes[(cycle->random + tried) % count]);
		tried++;
	}
	return tried;
}

/* ---- the cheapest ---------------------------------------------------------------------------------------------------- */

static int64_t sum_of_priorities(const struct candidate *candidate)
{
	int64_t sum = 0;

	/* Moved above zero, so that many unimportant pods are not cheaper than few. */
	for (uint32_t i = 0; i < candidate->count; i++)
		sum += (int64_t)candidate->victims[i]->priority + INT32_MAX + 1;
	return sum;
}

/* When the first of the most important victims started. */
static int64_t first_start(const struct candidate *candidate)
{
	int64_t first = INT64_MAX;

	for (uint32_t i = 0; i < candidate->count; i++)
		if (candidate->victims[i]->priority == candidate->victims[0]->priority &&
		    start_of(candidate->victims[i]) < first)
			first = start_of(candidate->victims[i]);
	return first;
}

/* Upstream's order of questions; below zero: a is cheaper. */
static int64_t compare(const struct candidate *a, const struct candidate *b)
{
	if (a->violations != b->violations)
		return (int64_t)a->violations - b->violations;
	if (a->victims[0]->priority != b->victims[0]->priority)
		return (int64_t)a->victims[0]->priority - b->victims[0]->priority;
	if (sum_of_priorities(a) != sum_of_priorities(b))
		return sum_of_priorities(a) - sum_of_priorities(b);
	if (a->count != b->count)
		return (int64_t)a->count - b->count;
	if (first_start(a) != first_start(b))
		return first_start(a) > first_start(b) ? -1 : 1;
	return 0;
}

static const struct candidate *cheapest(const struct search *search)
{
	const struct candidate *best = &search->candidates[0];

	for (uint32_t i = 1; i < search->count; i++)
		if (compare(&search->candidates[i], best) < 0)
			best = &search->candidates[i];
	return best;
}

/* ---- whether at all ------------------------------------------------------------------------------------------------------ */

static bool is_leaving(const struct pod_info *pod)
{
	const struct core_pod_condition *condition = pod_condition(pod->pod, "DisruptionTarget");

	return pod_info_meta(pod)->has.deletion_timestamp && condition != NULL &&
	       str_is(condition->status, "True") &&
	       str_is(condition->reason, "PreemptionByScheduler");
}

/* Pods that went for this one are still about to go: it has to wait for them. */
static bool waits_for_victims(const struct cycle *cycle)
{
	struct str name = nominator_node(snapshot_nominator(cycle->snapshot), cycle->pod->key);
	const struct node_info *node = name.at ? snapshot_node(cycle->snapshot, name) : NULL;
	const struct node_pods *pods;

	if (node == NULL)
		return false;
	if (node->index != NODE_NOWHERE &&
	    (cycle->pre_fit == FIT_NEVER || cycle->fits[node->index] == FIT_NEVER))
		return false; /* they would not help any more */
	pods = node_info_pods(node);
	for (uint32_t i = 0; i < pods->len; i++)
		if (pods->at[i]->priority < cycle->pod->priority && is_leaving(pods->at[i]))
			return true;
	return false;
}

static struct str objection(const struct cycle *cycle)
{
	if (str_is(cycle->pod->pod->spec->preemption_policy, "Never"))
		return STR("not eligible due to preemptionPolicy=Never.");
	if (waits_for_victims(cycle))
		return STR("not eligible due to a terminating pod on the nominated node.");
	return STR_NONE;
}

void preemption_run(struct cycle *cycle, struct preemption *out)
{
	struct search search = { .cycle = cycle, .out = out };
	struct cycle_reasons kept = cycle->reasons;
	uint64_t rejected_by = cycle->rejected_by;
	const struct candidate *best;
	uint32_t tried;

	*out = (struct preemption){ .word = objection(cycle) };
	if (out->word.len > 0)
		return;
	if (cycle->world != NULL)
		search.budgets = world_list(cycle->world, STR_NONE, policy_pod_disruption_budget);
	cycle->reasons = (struct cycle_reasons){ 0 };
	tried = find_candidates(&search);
	if (search.count > 0) {
		best = cheapest(&search);
		out->node = best->node;
		out->victims = best->victims;
		out->victim_count = best->count;
		out->word = arena_printf(cycle->arena,
					 "found a potential placement for pod on node " STR_FMT
					 ", preempting %u victims",
					 STR_ARG(best->node->name), best->count);
	} else {
		out->is_void = true;
		out->word = cycle_reasons_text(cycle, &cycle->reasons, cycle->nodes.len - tried,
					       STR("Preemption is not helpful for scheduling"));
	}
	cycle->reasons = kept;
	cycle->rejected_by = rejected_by;
}
