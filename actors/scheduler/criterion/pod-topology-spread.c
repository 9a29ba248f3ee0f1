#include <math.h>

#include "actors/scheduler/criterion.h"
#include "actors/scheduler/criterion/spread.h"
#include "actors/scheduler/criterion/topology.h"

/*
 * Spreading over zones and hosts. DoNotSchedule filters: no place may have more than maxSkew pods above the emptiest. ScheduleAnyway and the
 * cluster's defaults score: the fewer there are, the better.
 */

struct spread_state {
	struct spread hard, soft;
	struct topology *counts; /* of each hard constraint, by value */
	int64_t *least;          /* the emptiest place of each; INT64_MAX: to be found again */
	struct topology *soft_counts;
	double *weights;
	uint8_t *is_ignored; /* by the node's place in the order: not scored */
	int64_t *by_node; /* by that place: pods that the defaults count, which share one selector; NULL: not the defaults */
};

static struct spread_state *state_of(struct cycle *cycle)
{
	struct spread_state *state = cycle->state[CRITERION_POD_TOPOLOGY_SPREAD];

	if (state == NULL) {
		state = arena_new_of(cycle->arena, struct spread_state);
		cycle->state[CRITERION_POD_TOPOLOGY_SPREAD] = state;
	}
	return state;
}

static struct topology *new_counts(struct cycle *cycle, uint32_t len)
{
	struct topology *counts = arena_array(cycle->arena, struct topology, len);

	for (uint32_t i = 0; i < len; i++)
		topology_init(&counts[i], cycle->arena);
	return counts;
}

static struct str namespace_of(const struct cycle *cycle)
{
	return cycle->pod->pod->metadata->namespace;
}

/* ---- filter ------------------------------------------------------------------------------------------------- */

static void count_hard(struct cycle *cycle, struct spread_state *state, const struct node_info *node)
{
	if (!spread_includes(&state->hard, node->node))
		return;
	for (uint32_t i = 0; i < state->hard.len; i++) {
		const struct spread_constraint *constraint = &state->hard.at[i];

		if (spread_counts(constraint, cycle->pod->pod, node->node))
			topology_row(&state->counts[i], STR(""),
				     node_info_label(node, constraint->topology_key))
			    ->count += spread_count(constraint, node, namespace_of(cycle));
	}
}

static enum fit pre_filter(struct cycle *cycle)
{
	struct spread hard = spread_of_pod(cycle->pod, cycle->world, "DoNotSchedule", cycle->arena);
	struct spread_state *state;

	if (hard.len == 0)
		return FIT_SKIP;
	state = state_of(cycle);
	state->hard = hard;
	state->counts = new_counts(cycle, hard.len);
	state->least = arena_array(cycle->arena, int64_t, hard.len);
	for (uint32_t i = 0; i < hard.len; i++)
		state->least[i] = INT64_MAX;
	for (uint32_t i = 0; i < cycle->nodes.len; i++)
		count_hard(cycle, state, cycle->nodes.at[i]);
	return FIT_YES;
}

static void count_pod(struct cycle *cycle, const struct node_info *node, const struct pod_info *pod,
		      int32_t sign)
{
	struct spread_state *state = state_of(cycle);
	const struct meta_object_meta *meta = pod->pod->metadata;

	if (!str_eq(meta->namespace, namespace_of(cycle)) ||
	    !spread_includes(&state->hard, node->node))
		return;
	for (uint32_t i = 0; i < state->hard.len; i++) {
		const struct spread_constraint *constraint = &state->hard.at[i];

		if (!selector_matches_labels(&constraint->pods, meta->labels) ||
		    !spread_counts(constraint, cycle->pod->pod, node->node))
			continue;
		topology_row(&state->counts[i], STR(""),
			     node_info_label(node, constraint->topology_key))
		    ->count += sign;
		state->least[i] = INT64_MAX;
	}
}

/* How many the emptiest place has; 0 while there are fewer places than minDomains. */
static int64_t least_of(struct spread_state *state, uint32_t i)
{
	const struct topology *counts = &state->counts[i];

	if ((int64_t)counts->len < state->hard.at[i].min_domains)
		return 0;
	if (state->least[i] == INT64_MAX)
		for (uint32_t k = 0; k < counts->len; k++)
			if (counts->rows[k].count < state->least[i])
				state->least[i] = counts->rows[k].count;
	/* Upstream begins with the greatest 32-bit number: without any place every count is small. */
	return state->least[i] == INT64_MAX ? INT32_MAX : state->least[i];
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	struct spread_state *state = state_of(cycle);

	for (uint32_t i = 0; i < state->hard.len; i++) {
		const struct spread_constraint *constraint = &state->hard.at[i];
		struct str value = node_info_label(node, constraint->topology_key);
		const struct topology_row *row;
		int64_t skew;

		if (value.at == NULL) {
			cycle_because(cycle,
				      STR("node(s) didn't match pod topology spread constraints "
					  "(missing required label)"));
			return FIT_NEVER;
		}
		row = topology_find(&state->counts[i], STR(""), value);
		skew = (row ? row->count : 0) - least_of(state, i);
		if (selector_matches_labels(&constraint->pods, cycle->pod->pod->metadata->labels))
			skew++;
		if (skew > constraint->max_skew) {
			cycle_because(cycle,
				      STR("node(s) didn't match pod topology spread constraints"));
			return FIT_NO;
		}
	}
	return FIT_YES;
}

/* ---- score ----------------------------------------------------------------------------------------------------- */

/* Places are those of the nodes to be scored; the weight keeps keys with many values from drowning those with few. */
static void prepare_places(struct cycle *cycle, struct spread_state *state)
{
	uint32_t scored = 0;

	for (uint32_t i = 0; i < cycle->feasible_count; i++) {
		const struct node_info *node = cycle->feasible[i];

		if (!state->soft.is_default && !spread_includes(&state->soft, node->node)) {
			state->is_ignored[node->index] = 1;
			continue;
		}
		scored++;
		for (uint32_t j = 0; j < state->soft.len; j++)
			if (!state->soft.at[j].is_host)
				topology_row(&state->soft_counts[j], STR(""),
					     node_info_label(node, state->soft.at[j].topology_key));
	}
	for (uint32_t j = 0; j < state->soft.len; j++)
		state->weights[j] = log(
		    (double)((state->soft.at[j].is_host ? scored : state->soft_counts[j].len) + 2));
}

static int64_t soft_count(struct cycle *cycle, const struct spread_state *state,
			  const struct node_info *node, const struct spread_constraint *constraint)
{
	if (state->by_node != NULL)
		return state->by_node[node->index];
	return spread_count(constraint, node, namespace_of(cycle));
}

static void count_soft(struct cycle *cycle, struct spread_state *state, const struct node_info *node)
{
	if (state->by_node != NULL)
		state->by_node[node->index] =
		    spread_count(&state->soft.at[0], node, namespace_of(cycle));
	else if (!spread_includes(&state->soft, node->node))
		return;
	for (uint32_t i = 0; i < state->soft.len; i++) {
		const struct spread_constraint *constraint = &state->soft.at[i];
		struct topology_row *row;

		if (constraint->is_host) /* counted when it is scored */
			continue;
		row = topology_find(&state->soft_counts[i], STR(""),
				    node_info_label(node, constraint->topology_key));
		if (row != NULL && spread_counts(constraint, cycle->pod->pod, node->node))
			row->count += soft_count(cycle, state, node, constraint);
	}
}

static bool pre_score(struct cycle *cycle)
{
	struct spread soft = spread_of_pod(cycle->pod, cycle->world, "ScheduleAnyway", cycle->arena);
	struct spread_state *state;

	if (soft.len == 0)
		return false;
	state = state_of(cycle);
	state->soft = soft;
	state->soft_counts = new_counts(cycle, soft.len);
	state->weights = arena_array(cycle->arena, double, soft.len);
	state->is_ignored = arena_array(cycle->arena, uint8_t, cycle->nodes.len);
	if (soft.is_default)
		state->by_node = arena_array(cycle->arena, int64_t, cycle->nodes.len);
	prepare_places(cycle, state);
	for (uint32_t i = 0; i < cycle->nodes.len; i++)
		count_soft(cycle, state, cycle->nodes.at[i]);
	return true;
}

static int64_t score(struct cycle *cycle, const struct node_info *node)
{
	struct spread_state *state = state_of(cycle);
	double sum = 0;

	if (state->is_ignored[node->index])
		return 0;
	for (uint32_t i = 0; i < state->soft.len; i++) {
		const struct spread_constraint *constraint = &state->soft.at[i];
		struct str value = node_info_label(node, constraint->topology_key);
		int64_t count;

		if (value.at == NULL)
			continue;
		count = constraint->is_host
			    ? soft_count(cycle, state, node, constraint)
			    : topology_find(&state->soft_counts[i], STR(""), value)->count;
		sum += (double)count * state->weights[i] + (double)(constraint->max_skew - 1);
	}
	return (int64_t)round(sum);
}

static void normalize(struct cycle *cycle, int64_t *scores, uint32_t count)
{
	const struct spread_state *state = state_of(cycle);
	int64_t least = INT64_MAX, most = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (state->is_ignored[cycle->feasible[i]->index])
			continue;
		least = scores[i] < least ? scores[i] : least;
		most = scores[i] > most ? scores[i] : most;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (state->is_ignored[cycle->feasible[i]->index])
			scores[i] = 0;
		else if (most == 0)
			scores[i] = CRITERION_SCORE_MAX;
		else
			scores[i] = CRITERION_SCORE_MAX * (most + least - scores[i]) / most;
	}
}

/* ---- what could help ---------------------------------------------------------------------------------------------- */

static bool is_any(const struct spread *spread, const struct core_pod *pod)
{
	for (uint32_t i = 0; i < spread->len; i++)
		if (selector_matches_labels(&spread->at[i].pods, pod->metadata->labels))
			return true;
	return false;
}

static bool is_changed(const struct spread *spread, const struct core_pod *a,
		       const struct core_pod *b)
{
	for (uint32_t i = 0; i < spread->len; i++)
		if (selector_matches_labels(&spread->at[i].pods, a->metadata->labels) !=
		    selector_matches_labels(&spread->at[i].pods, b->metadata->labels))
			return true;
	return false;
}

static bool has_moved(const struct spread *spread, const struct core_node *a,
		      const struct core_node *b)
{
	for (uint32_t i = 0; i < spread->len; i++)
		if (!str_eq(str_map_get(a->metadata->labels, spread->at[i].topology_key),
			    str_map_get(b->metadata->labels, spread->at[i].topology_key)))
			return true;
	return false;
}

static bool node_helps(const struct spread *spread, const struct news *news)
{
	bool is_in = spread_includes(spread, news->node->node), was_in;

	if (news->old_node == NULL)
		return is_in;
	was_in = spread_includes(spread, news->old_node);
	return is_in != was_in || (is_in && ((news->kinds & NEWS_NODE_TAINTS) ||
					     has_moved(spread, news->node->node, news->old_node)));
}

static bool helped(const struct spread *spread, const struct pod_info *pod, const struct news *news)
{
	if (news->kinds & NEWS_NODE_GONE)
		return true;
	if (news->kinds & (NEWS_NODE_ADDED | NEWS_NODE_LABELS | NEWS_NODE_TAINTS))
		return node_helps(spread, news);
	if (news->kinds & NEWS_SELF) /* a toleration may let further nodes count */
		return true;
	if (!str_eq(news->pod->pod->metadata->namespace, pod->pod->metadata->namespace))
		return false;
	if (news->kinds & (NEWS_POD_ADDED | NEWS_POD_GONE))
		return is_any(spread, news->pod->pod);
	return is_changed(spread, news->pod->pod, news->old_pod->pod);
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	struct arena *arena = arena_new(0);
	struct spread spread = spread_of_pod(pod, NULL, "DoNotSchedule", arena);
	bool is_help = helped(&spread, pod, news);

	arena_free(arena);
	return is_help;
}

const struct criterion criterion_pod_topology_spread = {
	.name = "PodTopologySpread",
	.weight = 2,
	.pre_filter = pre_filter,
	.filter = filter,
	.count_pod = count_pod,
	.pre_score = pre_score,
	.score = score,
	.normalize = normalize,
	.wakes = NEWS_NODE_ADDED | NEWS_NODE_GONE | NEWS_NODE_LABELS | NEWS_NODE_TAINTS |
		 NEWS_POD_ADDED | NEWS_POD_GONE | NEWS_POD_LABELS | NEWS_SELF,
	.helps = helps,
};
