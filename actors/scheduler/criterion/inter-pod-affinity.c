#include "actors/scheduler/criterion.h"
#include "actors/scheduler/criterion/topology.h"
#include "actors/scheduler/queue/news.h"
#include "actors/scheduler/snapshot/node-info.h"
#include "actors/scheduler/snapshot/pod-term.h"
#include "actors/scheduler/snapshot/snapshot.h"

/*
 * Affinity between pods: near those that the pod wants to be near, away from those it or they want apart. The score adds what it and
 * the pods already placed prefer; a required affinity of a placed pod counts as a preference of weight 1.
 */

#define REQUIRED_WEIGHT 1 /* upstream's hardPodAffinityWeight */

struct affinity_state {
	/* Pods placed, by the places of the terms' keys: those that all affinity terms mean, that an anti-affinity term means,
	 * and that themselves want this pod away. */
	struct topology near, away, unwelcome;
	int64_t near_pods; /* how many the affinity terms mean at all */
	struct topology scores;
};

/* Adds to the place of a node, if it has the key. */
static void add(struct topology *topology, const struct node_info *node, struct str key,
		int64_t count)
{
	struct str value = node_info_label(node, key);

	if (value.at != NULL)
		topology_row(topology, key, value)->count += count;
}

static int64_t count_at(const struct topology *topology, const struct node_info *node,
			struct str key)
{
	struct str value = node_info_label(node, key);
	const struct topology_row *row = value.at ? topology_find(topology, key, value) : NULL;

	return row ? row->count : 0;
}

/* ---- filter ----------------------------------------------------------------------------------------------- */

static void count_placed(struct cycle *cycle, struct affinity_state *state,
			 const struct node_info *node, const struct pod_info *placed, int32_t sign)
{
	const struct pod_info *pod = cycle->pod;

	if (pod->affinity.len > 0 && pod_terms_match_all(pod->affinity, placed, cycle->world)) {
		state->near_pods += sign;
		for (uint32_t i = 0; i < pod->affinity.len; i++)
			add(&state->near, node, pod->affinity.at[i].topology_key, sign);
	}
	for (uint32_t i = 0; i < pod->anti_affinity.len; i++)
		if (pod_term_matches(&pod->anti_affinity.at[i], placed, cycle->world))
			add(&state->away, node, pod->anti_affinity.at[i].topology_key, sign);
	for (uint32_t i = 0; i < placed->anti_affinity.len; i++)
		if (pod_term_matches(&placed->anti_affinity.at[i], pod, cycle->world))
			add(&state->unwelcome, node, placed->anti_affinity.at[i].topology_key, sign);
}

static void count_pod(struct cycle *cycle, const struct node_info *node,
		      const struct pod_info *placed, int32_t sign)
{
	count_placed(cycle, cycle->state[CRITERION_INTER_POD_AFFINITY], node, placed, sign);
}

static void count_node(struct cycle *cycle, struct affinity_state *state,
		       const struct node_info *node, enum pod_list list)
{
	for (uint32_t i = 0; i < node->lists[list].len; i++)
		count_placed(cycle, state, node, node->lists[list].at[i], 1);
}

static enum fit pre_filter(struct cycle *cycle)
{
	bool has_terms = cycle->pod->affinity.len + cycle->pod->anti_affinity.len > 0;
	struct affinity_state *state;

	if (!has_terms && !snapshot_has(cycle->snapshot, POD_LIST_ANTI))
		return FIT_SKIP;
	state = arena_new_of(cycle->arena, struct affinity_state);
	cycle->state[CRITERION_INTER_POD_AFFINITY] = state;
	topology_init(&state->near, cycle->arena);
	topology_init(&state->away, cycle->arena);
	topology_init(&state->unwelcome, cycle->arena);
	for (uint32_t i = 0; i < cycle->nodes.len; i++)
		count_node(cycle, state, cycle->nodes.at[i],
			   has_terms ? POD_LIST_ALL : POD_LIST_ANTI);
	return has_terms || state->unwelcome.len > 0 ? FIT_YES : FIT_SKIP;
}

static bool is_near(struct cycle *cycle, const struct affinity_state *state,
		    const struct node_info *node)
{
	struct pod_terms terms = cycle->pod->affinity;
	bool is_there = true;

	for (uint32_t i = 0; i < terms.len; i++) {
		if (node_info_label(node, terms.at[i].topology_key).at == NULL)
			return false;
		if (count_at(&state->near, node, terms.at[i].topology_key) <= 0)
			is_there = false;
	}
	/* The first of a series that wants to be near itself may go anywhere. */
	return is_there ||
	       (state->near_pods == 0 && pod_terms_match_all(terms, cycle->pod, cycle->world));
}

static bool is_away(struct cycle *cycle, const struct affinity_state *state,
		    const struct node_info *node)
{
	struct pod_terms terms = cycle->pod->anti_affinity;

	for (uint32_t i = 0; i < terms.len; i++)
		if (count_at(&state->away, node, terms.at[i].topology_key) > 0)
			return false;
	return true;
}

static bool is_welcome(const struct affinity_state *state, const struct node_info *node)
{
	for (uint32_t i = 0; i < state->unwelcome.keys.len; i++)
		if (count_at(&state->unwelcome, node, state->unwelcome.keys.at[i]) > 0)
			return false;
	return true;
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	const struct affinity_state *state = cycle->state[CRITERION_INTER_POD_AFFINITY];

	if (cycle->pod->affinity.len > 0 && !is_near(cycle, state, node)) {
		cycle_because(cycle, STR("node(s) didn't match pod affinity rules"));
		return FIT_NEVER;
	}
	if (!is_away(cycle, state, node)) {
		cycle_because(cycle, STR("node(s) didn't match pod anti-affinity rules"));
		return FIT_NO;
	}
	if (!is_welcome(state, node)) {
		cycle_because(cycle,
			      STR("node(s) didn't satisfy existing pods anti-affinity rules"));
		return FIT_NO;
	}
	return FIT_YES;
}

/* ---- score --------------------------------------------------------------------------------------------------- */

static void weigh(struct cycle *cycle, struct topology *scores, const struct node_info *node,
		  struct pod_terms terms, const struct pod_info *meant, int64_t sign)
{
	for (uint32_t i = 0; i < terms.len; i++)
		if (pod_term_matches(&terms.at[i], meant, cycle->world))
			add(scores, node, terms.at[i].topology_key, sign * terms.at[i].weight);
}

static void weigh_placed(struct cycle *cycle, struct topology *scores, const struct node_info *node,
			 const struct pod_info *placed)
{
	const struct pod_info *pod = cycle->pod;

	weigh(cycle, scores, node, pod->likes, placed, 1);
	weigh(cycle, scores, node, pod->dislikes, placed, -1);
	for (uint32_t i = 0; i < placed->affinity.len; i++)
		if (pod_term_matches(&placed->affinity.at[i], pod, cycle->world))
			add(scores, node, placed->affinity.at[i].topology_key, REQUIRED_WEIGHT);
	weigh(cycle, scores, node, placed->likes, pod, 1);
	weigh(cycle, scores, node, placed->dislikes, pod, -1);
}

static bool pre_score(struct cycle *cycle)
{
	bool has_terms = cycle->pod->likes.len + cycle->pod->dislikes.len > 0;
	enum pod_list list = has_terms ? POD_LIST_ALL : POD_LIST_AFFINITY;
	struct affinity_state *state = cycle->state[CRITERION_INTER_POD_AFFINITY];

	if (!snapshot_has(cycle->snapshot, list))
		return false;
	if (state == NULL)
		state = arena_new_of(cycle->arena, struct affinity_state);
	cycle->state[CRITERION_INTER_POD_AFFINITY] = state;
	topology_init(&state->scores, cycle->arena);
	for (uint32_t i = 0; i < cycle->nodes.len; i++) {
		const struct node_info *node = cycle->nodes.at[i];

		for (uint32_t j = 0; j < node->lists[list].len; j++)
			weigh_placed(cycle, &state->scores, node, node->lists[list].at[j]);
	}
	return state->scores.len > 0;
}

static int64_t score(struct cycle *cycle, const struct node_info *node)
{
	const struct affinity_state *state = cycle->state[CRITERION_INTER_POD_AFFINITY];
	int64_t sum = 0;

	for (uint32_t i = 0; i < state->scores.keys.len; i++)
		sum += count_at(&state->scores, node, state->scores.keys.at[i]);
	return sum;
}

static void normalize(struct cycle *cycle, int64_t *scores, uint32_t count)
{
	int64_t least = INT64_MAX, most = INT64_MIN;

	(void)cycle;
	for (uint32_t i = 0; i < count; i++) {
		least = scores[i] < least ? scores[i] : least;
		most = scores[i] > most ? scores[i] : most;
	}
	for (uint32_t i = 0; i < count; i++)
		scores[i] = most > least
				? (int64_t)(CRITERION_SCORE_MAX *
					    ((double)(scores[i] - least) / (double)(most - least)))
				: 0;
}

/* ---- what could help ------------------------------------------------------------------------------------------ */

/* The labels of namespaces are not known here: terms that choose by them are helped by the flush alone, as upstream. */
static bool pod_helps(const struct pod_info *pod, const struct news *news)
{
	const struct pod_info *now = news->pod;

	if (news->kinds & NEWS_POD_GONE)
		return pod_terms_match_any(pod->anti_affinity, now, NULL) ||
		       pod_terms_match_any(news->pod->anti_affinity, pod, NULL);
	if (news->kinds & NEWS_POD_ADDED)
		return pod_terms_match_all(pod->affinity, now, NULL);
	return (pod_terms_match_all(pod->affinity, now, NULL) &&
		!pod_terms_match_all(pod->affinity, news->old_pod, NULL)) ||
	       (pod_terms_match_any(pod->anti_affinity, news->old_pod, NULL) &&
		!pod_terms_match_any(pod->anti_affinity, now, NULL));
}

static struct str old_label(const struct news *news, struct str key)
{
	return news->old_node ? str_map_get(news->old_node->metadata->labels, key) : STR_NONE;
}

static bool node_helps(const struct pod_info *pod, const struct news *news)
{
	for (uint32_t i = 0; i < pod->affinity.len; i++) {
		struct str key = pod->affinity.at[i].topology_key;
		struct str now = node_info_label(news->node, key);

		if (now.at != NULL &&
		    (old_label(news, key).at == NULL || !str_eq(now, old_label(news, key))))
			return true;
	}
	for (uint32_t i = 0; i < pod->anti_affinity.len; i++) {
		struct str key = pod->anti_affinity.at[i].topology_key;
		struct str now = node_info_label(news->node, key), old = old_label(news, key);

		if (news->old_node == NULL ||
		    (old.at != NULL && (now.at == NULL || !str_eq(now, old))))
			return true;
	}
	return false;
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	if (news->kinds & NEWS_SELF)
		return (news_of_pod(news->pod, news->old_pod) & NEWS_POD_LABELS) != 0;
	if (news->kinds & (NEWS_NODE_ADDED | NEWS_NODE_LABELS))
		return node_helps(pod, news);
	return pod_helps(pod, news);
}

const struct criterion criterion_inter_pod_affinity = {
	.name = "InterPodAffinity",
	.weight = 2,
	.pre_filter = pre_filter,
	.filter = filter,
	.count_pod = count_pod,
	.pre_score = pre_score,
	.score = score,
	.normalize = normalize,
	.wakes = NEWS_NODE_ADDED | NEWS_NODE_LABELS | NEWS_POD_ADDED | NEWS_POD_GONE |
		 NEWS_POD_LABELS | NEWS_SELF,
	.helps = helps,
};
