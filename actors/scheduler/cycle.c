#include "actors/scheduler/cycle.h"

#include <stdlib.h>

#include "actors/scheduler/criterion.h"
#include "actors/scheduler/snapshot/nominator.h"

/* Upstream's: from 100 nodes on not all have to be found, of very many a twentieth. */
#define FEASIBLE_MIN 100U
#define FEASIBLE_PERCENT_MIN 5U

#define MESSAGE_MAX_BYTES (16U * KIB)

static_assert(CRITERION_COUNT <= CYCLE_CRITERIA_MAX, "a slot of state for each criterion");

void cycle_init(struct cycle *cycle, struct arena *arena, struct snapshot *snapshot,
		const struct world *world, const struct pod_info *pod, uint64_t random)
{
	*cycle = (struct cycle){ .arena = arena,
				 .snapshot = snapshot,
				 .world = world,
				 .pod = pod,
				 .random = random,
				 .nodes = snapshot_nodes(snapshot) };
	cycle->fits = arena_array(arena, uint8_t, cycle->nodes.len);
	cycle->feasible = arena_array(arena, const struct node_info *, cycle->nodes.len);
}

void cycle_because(struct cycle *cycle, struct str reason)
{
	struct cycle_reasons *reasons = &cycle->reasons;

	for (uint32_t i = 0; i < reasons->len; i++)
		if (str_eq(reasons->at[i].text, reason)) {
			reasons->at[i].count++;
			return;
		}
	if (reasons->len < CYCLE_REASONS_MAX)
		reasons->at[reasons->len++] = (struct cycle_reason){ reason, 1 };
}

/* ---- filters --------------------------------------------------------------------------------------------- */

void cycle_narrow(struct cycle *cycle, uint32_t criterion, struct str_list names)
{
	cycle->is_narrowed = true;
	cycle->only = names;
	cycle->narrowed_by |= 1ULL << criterion;
}

/* False: no node will do, and why is said. */
static bool pre_filter(struct cycle *cycle)
{
	for (uint32_t i = 0; i < CRITERION_COUNT; i++) {
		enum fit fit = criteria[i]->pre_filter ? criteria[i]->pre_filter(cycle) : FIT_YES;

		if (fit == FIT_SKIP)
			cycle->skips |= 1ULL << i;
		if (fit != FIT_NO && fit != FIT_NEVER)
			continue;
		cycle->rejected_by |= 1ULL << i;
		cycle->pre_fit = fit;
		cycle->no_node_will_do =
		    cycle->reasons.len > 0 ? cycle->reasons.at[0].text : STR("");
		return false;
	}
	return true;
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	for (uint32_t i = 0; i < CRITERION_COUNT; i++) {
		enum fit fit;

		if (criteria[i]->filter == NULL || (cycle->skips >> i & 1))
			continue;
		fit = criteria[i]->filter(cycle, node);
		if (fit == FIT_YES)
			continue;
		cycle->rejected_by |= 1ULL << i;
		return fit;
	}
	return FIT_YES;
}

void cycle_count_pod(struct cycle *cycle, struct node_info *node, struct pod_info *pod, int32_t sign)
{
	/* The reference that a node has on its pods moves along, so that nobody dies of a question. */
	if (sign > 0) {
		node_info_add(node, pod);
		pod_info_unref(pod);
	} else {
		pod_info_ref(pod);
		node_info_remove(node, pod);
	}
	for (uint32_t i = 0; i < CRITERION_COUNT; i++)
		if (criteria[i]->count_pod != NULL && !(cycle->skips >> i & 1))
			criteria[i]->count_pod(cycle, node, pod, sign);
}

/* Those to whom the node is promised and to whom this pod has to yield; on the node when it returns. */
static uint32_t add_promised(struct cycle *cycle, struct node_info *node, struct node_pods promised,
			     struct pod_info **added)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < promised.len; i++) {
		struct pod_info *other = promised.at[i];

		if (other->priority < cycle->pod->priority || str_eq(other->key, cycle->pod->key) ||
		    other->node != NULL)
			continue;
		cycle_count_pod(cycle, node, other, 1);
		added[count++] = other;
	}
	return count;
}

enum fit cycle_filter(struct cycle *cycle, struct node_info *node)
{
	const struct nominator *nominator = snapshot_nominator(cycle->snapshot);
	struct node_pods promised = { 0 };
	struct pod_info **added;
	uint32_t count;
	enum fit fit;

	if (!nominator_is_empty(nominator))
		promised = nominator_pods(nominator, node->name);
	if (promised.len == 0)
		return filter(cycle, node);
	added = arena_array(cycle->arena, struct pod_info *, promised.len);
	count = add_promised(cycle, node, promised, added);
	fit = filter(cycle, node);
	for (uint32_t i = 0; i < count; i++)
		cycle_count_pod(cycle, node, added[i], -1);
	/* They may never come: it must fit without them too, where affinity could have counted on them. */
	return fit == FIT_YES && count > 0 ? filter(cycle, node) : fit;
}

static uint32_t enough(uint32_t nodes)
{
	uint32_t percent = nodes / 125 < 50 ? 50 - nodes / 125 : 0, count;

	if (nodes < FEASIBLE_MIN)
		return nodes;
	if (percent < FEASIBLE_PERCENT_MIN)
		percent = FEASIBLE_PERCENT_MIN;
	count = (uint32_t)((uint64_t)nodes * percent / 100);
	return count < FEASIBLE_MIN ? FEASIBLE_MIN : count;
}

static void look_at(struct cycle *cycle, struct node_info *node)
{
	enum fit fit = cycle_filter(cycle, node);

	cycle->looked_at++;
	cycle->fits[node->index] = (uint8_t)fit;
	if (fit == FIT_YES)
		cycle->feasible[cycle->feasible_count++] = node;
}

static void look_at_all(struct cycle *cycle)
{
	uint32_t start = snapshot_start(cycle->snapshot), most = enough(cycle->nodes.len);

	for (uint32_t i = 0; i < cycle->nodes.len && cycle->feasible_count < most; i++)
		look_at(cycle, cycle->nodes.at[(start + i) % cycle->nodes.len]);
	snapshot_advance(cycle->snapshot, cycle->looked_at);
}

static void look_at_some(struct cycle *cycle)
{
	for (uint32_t i = 0; i < cycle->nodes.len; i++)
		cycle->fits[i] = FIT_NEVER;
	for (uint32_t i = 0; i < cycle->only.len; i++) {
		struct node_info *node = snapshot_node(cycle->snapshot, cycle->only.at[i]);

		if (node != NULL && node->object != NULL)
			look_at(cycle, node);
	}
}

/* ---- scores ------------------------------------------------------------------------------------------------ */

static void score_by(struct cycle *cycle, const struct criterion *criterion, int64_t *scores)
{
	if (criterion->pre_score != NULL && !criterion->pre_score(cycle))
		return;
	for (uint32_t i = 0; i < cycle->feasible_count; i++)
		scores[i] = criterion->score(cycle, cycle->feasible[i]);
	if (criterion->normalize != NULL)
		criterion->normalize(cycle, scores, cycle->feasible_count);
	for (uint32_t i = 0; i < cycle->feasible_count; i++)
		cycle->totals[i] += scores[i] * criterion->weight;
}

static const struct node_info *best_of(struct cycle *cycle)
{
	const struct node_info *best = NULL;
	int64_t most = INT64_MIN;
	uint64_t luck = 0;

	for (uint32_t i = 0; i < cycle->feasible_count; i++) {
		uint64_t draw = hash_mix(cycle->random, i);

		if (cycle->totals[i] < most || (cycle->totals[i] == most && draw < luck))
			continue;
		best = cycle->feasible[i];
		most = cycle->totals[i];
		luck = draw;
	}
	return best;
}

static const struct node_info *choose(struct cycle *cycle)
{
	int64_t *scores;

	if (cycle->feasible_count <= 1)
		return cycle->feasible_count ? cycle->feasible[0] : NULL;
	scores = arena_array(cycle->arena, int64_t, cycle->feasible_count);
	cycle->totals = arena_array(cycle->arena, int64_t, cycle->feasible_count);
	for (uint32_t i = 0; i < CRITERION_COUNT; i++)
		if (criteria[i]->score != NULL)
			score_by(cycle, criteria[i], scores);
	return best_of(cycle);
}

/* A node that is promised to this pod is taken if it will do, without a look at others. */
static struct node_info *promised_node(struct cycle *cycle)
{
	const struct nominator *nominator = snapshot_nominator(cycle->snapshot);
	struct cycle_reasons kept = cycle->reasons;
	struct node_info *node;
	struct str name;

	if (nominator_is_empty(nominator))
		return NULL;
	name = nominator_node(nominator, cycle->pod->key);
	node = name.at ? snapshot_node(cycle->snapshot, name) : NULL;
	if (node == NULL || node->object == NULL)
		return NULL;
	if (cycle_filter(cycle, node) == FIT_YES)
		return node;
	cycle->reasons = kept; /* it is looked at again with all the others */
	return NULL;
}

struct node_info *cycle_run(struct cycle *cycle)
{
	struct node_info *promised;

	if (cycle->nodes.len == 0) {
		cycle->rejected_by = ~0ULL; /* any node that comes may help */
		return NULL;
	}
	if (!pre_filter(cycle))
		return NULL;
	promised = promised_node(cycle);
	if (promised != NULL)
		return promised;
	if (cycle->is_narrowed) {
		cycle->rejected_by |= cycle->narrowed_by;
		look_at_some(cycle);
	} else {
		look_at_all(cycle);
	}
	return (struct node_info *)(uintptr_t)choose(cycle);
}

/* ---- words ------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* "[NodeAffinity]": who knew that only some nodes are possible. */
static struct str narrowing_criteria(const struct cycle *cycle)
{
	struct text out = text_in(cycle->arena, 4 * KIB);

	for (uint32_t i = 0; i < CRITERION_COUNT; i++)
		if (cycle->narrowed_by >> i & 1)
			text_printf(&out, "%s%s", out.len ? " " : "", criteria[i]->name);
	return text_str(&out);
}

static void add_reasons(const struct cycle *cycle, const struct cycle_reasons *reasons,
			uint32_t others, struct str their_reason, struct text *out)
{
	struct str *lines = arena_array(cycle->arena, struct str, CYCLE_REASONS_MAX + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < reasons->len; i++)
		lines[count++] = arena_printf(cycle->arena, "%u " STR_FMT, reasons->at[i].count,
					      STR_ARG(reasons->at[i].text));
	if (others > 0)
		lines[count++] =
		    arena_printf(cycle->arena, "%u " STR_FMT, others, STR_ARG(their_reason));
	qsort(lines, count, sizeof *lines, by_text);
	for (uint32_t i = 0; i < count; i++)
		text_printf(out, "%s " STR_FMT, i ? "," : "", STR_ARG(lines[i]));
	if (count > 0)
		text_add_char(out, '.');
}

struct str cycle_reasons_text(const struct cycle *cycle, const struct cycle_reasons *reasons,
			      uint32_t others, struct str their_reason)
{
	struct text out = text_in(cycle->arena, MESSAGE_MAX_BYTES);

	text_printf(&out, "0/%u nodes are available:", cycle->nodes.len);
	add_reasons(cycle, reasons, others, their_reason, &out);
	return text_str(&out);
}

struct str cycle_message(const struct cycle *cycle)
{
	struct text out = text_in(cycle->arena, 2 * MESSAGE_MAX_BYTES);
	struct str other = STR("");

	if (cycle->nodes.len == 0)
		return STR("no nodes available to schedule pods");
	if (cycle->is_narrowed)
		other = arena_printf(cycle->arena, "node(s) didn't satisfy plugin(s) [" STR_FMT "]",
				     STR_ARG(narrowing_criteria(cycle)));
	if (cycle->no_node_will_do.len > 0)
		text_printf(&out, "0/%u nodes are available: " STR_FMT ".", cycle->nodes.len,
			    STR_ARG(cycle->no_node_will_do));
	else
		text_add(&out,
			 cycle_reasons_text(
			     cycle, &cycle->reasons,
			     cycle->is_narrowed ? cycle->nodes.len - cycle->looked_at : 0, other));
	if (cycle->afterword.len > 0)
		text_printf(&out, " preemption: " STR_FMT, STR_ARG(cycle->afterword));
	return text_str(&out);
}
