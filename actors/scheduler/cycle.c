#include "actors/scheduler/cycle.h"

#include <stdlib.h>

#include "actors/scheduler/criterion.h"

/* Upstream's: from 100 nodes on not all have to be found, of very many a twentieth. */
#define FEASIBLE_MIN 100U
#define FEASIBLE_PERCENT_MIN 5U

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
	for (uint32_t i = 0; i < cycle->reason_count; i++)
		if (str_eq(cycle->reasons[i].text, reason)) {
			cycle->reasons[i].count++;
			return;
		}
	if (cycle->reason_count < CYCLE_REASONS_MAX)
		cycle->reasons[cycle->reason_count++] = (struct cycle_reason){ reason, 1 };
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
		cycle->no_node_will_do = cycle->reason_count > 0 ? cycle->reasons[0].text : STR("");
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

static void look_at(struct cycle *cycle, const struct node_info *node)
{
	enum fit fit = filter(cycle, node);

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
		const struct node_info *node = snapshot_node(cycle->snapshot, cycle->only.at[i]);

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

struct node_info *cycle_run(struct cycle *cycle)
{
	if (cycle->nodes.len == 0) {
		cycle->rejected_by = ~0ULL; /* any node that comes may help */
		return NULL;
	}
	if (!pre_filter(cycle))
		return NULL;
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

static void add_reasons(const struct cycle *cycle, struct text *out)
{
	struct str *lines = arena_array(cycle->arena, struct str, CYCLE_REASONS_MAX + 1);
	uint32_t count = 0, left_out = cycle->nodes.len - cycle->looked_at;

	for (uint32_t i = 0; i < cycle->reason_count; i++)
		lines[count++] = arena_printf(cycle->arena, "%u " STR_FMT, cycle->reasons[i].count,
					      STR_ARG(cycle->reasons[i].text));
	if (cycle->is_narrowed && left_out > 0)
		lines[count++] =
		    arena_printf(cycle->arena, "%u node(s) didn't satisfy plugin(s) [" STR_FMT "]",
				 left_out, STR_ARG(narrowing_criteria(cycle)));
	qsort(lines, count, sizeof *lines, by_text);
	for (uint32_t i = 0; i < count; i++)
		text_printf(out, "%s " STR_FMT, i ? "," : "", STR_ARG(lines[i]));
	if (count > 0)
		text_add_char(out, '.');
}

struct str cycle_message(const struct cycle *cycle)
{
	struct text out = text_in(cycle->arena, 64 * KIB);

	if (cycle->nodes.len == 0)
		return STR("no nodes available to schedule pods");
	text_printf(&out, "0/%u nodes are available:", cycle->nodes.len);
	if (cycle->no_node_will_do.len > 0)
		text_printf(&out, " " STR_FMT ".", STR_ARG(cycle->no_node_will_do));
	else
		add_reasons(cycle, &out);
	if (cycle->afterword.len > 0)
		text_printf(&out, " " STR_FMT, STR_ARG(cycle->afterword));
	return text_str(&out);
}
