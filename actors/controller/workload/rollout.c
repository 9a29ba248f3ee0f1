#include "actors/controller/workload/rollout.h"

#include <stdlib.h>

#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/template.h"
#include "datastore/schema/core.h"

/* ---- looking ---------------------------------------------------------------------------------------------- */

static int by_age(const void *left, const void *right)
{
	const struct apps_replica_set *a = *(const struct apps_replica_set *const *)left;
	const struct apps_replica_set *b = *(const struct apps_replica_set *const *)right;
	int64_t first = a->metadata->creation_timestamp.ns,
		second = b->metadata->creation_timestamp.ns;

	return first != second ? (first > second) - (first < second)
			       : str_cmp(a->metadata->name, b->metadata->name);
}

static void set_pace(struct rollout *r)
{
	const struct apps_deployment_strategy *strategy = r->deployment->spec->strategy;
	const struct apps_rolling_update_deployment *pace =
	    strategy ? strategy->rolling_update : NULL;

	if (pace == NULL || str_is(strategy->type, "Recreate"))
		return;
	r->surge = template_scaled(pace->max_surge, r->wanted, true);
	r->unavailable = template_scaled(pace->max_unavailable, r->wanted, false);
	if (r->surge == 0 && r->unavailable == 0)
		r->unavailable = 1; /* or the rollout could never take its first step */
	r->unavailable = template_least(r->unavailable, r->wanted);
}

/* Pods that are still ending are no replicas any more, but Recreate waits for them. */
static bool has_living_pods(const struct world *world, const struct apps_replica_set *set)
{
	struct records pods = world_owned(world, set, core_pod);

	for (uint32_t i = 0; i < pods.len; i++)
		if (!pod_is_finished(record_at(pods, i, core_pod)))
			return true;
	return set->status->replicas > 0;
}

static void add_set(struct rollout *r, const struct world *world, const struct apps_replica_set *set)
{
	r->total += set->spec->replicas;
	r->pods += set->status->replicas;
	r->ready += set->status->ready_replicas;
	r->available += set->status->available_replicas;
	r->terminating += set->status->terminating_replicas;
	if (r->current == NULL && template_same(set->spec->template, r->deployment->spec->template))
		r->current = set;
	else
		r->has_old_pods = r->has_old_pods || has_living_pods(world, set);
}

void rollout_observe(struct rollout *r, const struct world *world, struct plan *plan,
		     const struct apps_deployment *deployment)
{
	struct owner_claim claim = { .owner_type = &apps_deployment_type,
				     .owner = deployment->metadata,
				     .selector = deployment->spec->selector,
				     .type = &apps_replica_set_type };
	struct records sets = owner_claim(world, plan, &claim);

	*r = (struct rollout){ .deployment = deployment, .wanted = deployment->spec->replicas };
	r->sets = arena_array(world_arena(world), const struct apps_replica_set *, sets.len + 1);
	for (uint32_t i = 0; i < sets.len; i++)
		r->sets[r->set_count++] = record_at(sets, i, apps_replica_set);
	qsort(r->sets, r->set_count, sizeof *r->sets, by_age);
	set_pace(r);
	for (uint32_t i = 0; i < r->set_count; i++)
		add_set(r, world, r->sets[i]);
}

int64_t rollout_number(const struct meta_object_meta *meta, struct str key)
{
	int64_t number = 0;

	(void)!str_to_i64(str_map_get(meta->annotations, key), &number);
	return number;
}

bool rollout_is_scaling(const struct rollout *r)
{
	for (uint32_t i = 0; i < r->set_count; i++) {
		int64_t desired;

		if (r->sets[i]->spec->replicas > 0 &&
		    str_to_i64(str_map_get(r->sets[i]->metadata->annotations, ROLLOUT_DESIRED),
			       &desired) == OK &&
		    desired != r->wanted)
			return true;
	}
	return false;
}

bool rollout_is_idle(const struct rollout *r, const struct apps_replica_set *set)
{
	return set != r->current && set->spec->replicas == 0 && set->status->replicas == 0 &&
	       !set->metadata->has.deletion_timestamp &&
	       set->status->observed_generation >= set->metadata->generation;
}

/* ---- rolling ------------------------------------------------------------------------------------------------ */

int32_t rollout_grown(const struct rollout *r)
{
	int32_t has = r->current->spec->replicas, room = r->wanted + r->surge - r->total;

	if (has >= r->wanted)
		return r->wanted;
	return room <= 0 ? has : template_least(r->wanted, has + room);
}

static int32_t sick_pods(const struct apps_replica_set *set)
{
	return template_most(0, set->spec->replicas - set->status->available_replicas);
}

void rollout_shrink(const struct rollout *r, int32_t *left)
{
	int32_t least = r->wanted - r->unavailable;
	/* What may go in all: the current set's pods that do not serve yet must not be made up for by old ones. */
	int32_t may_go = r->total - least - sick_pods(r->current);
	int32_t spare = r->available - least;

	for (uint32_t i = 0; i < r->set_count; i++)
		left[i] = r->sets[i]->spec->replicas;
	for (uint32_t i = 0; i < r->set_count && may_go > 0; i++) {
		int32_t cut = template_least(may_go, sick_pods(r->sets[i]));

		if (r->sets[i] == r->current)
			continue;
		left[i] -= cut;
		may_go -= cut;
	}
	for (uint32_t i = 0; i < r->set_count && spare > 0 && may_go > 0; i++) {
		int32_t cut = template_least(template_least(spare, may_go), left[i]);

		if (r->sets[i] == r->current)
			continue;
		left[i] -= cut;
		spare -= cut;
		may_go -= cut;
	}
}

/* ---- scaling -------------------------------------------------------------------------------------------------- */

/* The only set with replicas, or if none has any the current or else the newest; UINT32_MAX: there are several, or no sets. */
static uint32_t only_active(const struct rollout *r)
{
	uint32_t found = UINT32_MAX, count = 0;

	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i]->spec->replicas > 0) {
			found = i;
			count++;
		}
	if (count > 0)
		return count == 1 ? found : UINT32_MAX;
	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->current == NULL || r->sets[i] == r->current)
			found = i;
	return found;
}

/* The current set has all its pods, and they serve: the old ones are of no use any more. */
static bool is_saturated(const struct rollout *r)
{
	return r->current != NULL && r->current->spec->replicas == r->wanted &&
	       rollout_number(r->current->metadata, ROLLOUT_DESIRED) == r->wanted &&
	       r->current->status->available_replicas == r->wanted;
}

/* Half away from zero, as Go's rounding. */
static int64_t rounded(int64_t dividend, int64_t divisor)
{
	return (2 * dividend + divisor) / (2 * divisor);
}

/* What a set grows by (or shrinks) if it keeps its share of what the Deployment was last scaled to. */
static int32_t fraction(const struct rollout *r, const struct apps_replica_set *set)
{
	int64_t before = rollout_number(set->metadata, ROLLOUT_MOST), has = set->spec->replicas;

	if (r->wanted == 0)
		return -set->spec->replicas;
	if (before <= 0)
		before = r->deployment->status->replicas;
	if (before == 0)
		return 0;
	return (int32_t)(rounded(has * (r->wanted + r->surge), before) - has);
}

struct share {
	const struct apps_replica_set *set;
	uint32_t index;
	bool is_growing;
};

/* Larger ones first; of equal ones the newer grows first and the older shrinks first. */
static int by_size(const void *left, const void *right)
{
	const struct share *a = left, *b = right;
	int order = (a->set->spec->replicas < b->set->spec->replicas) -
		    (a->set->spec->replicas > b->set->spec->replicas);

	if (order == 0)
		order = by_age(&a->set, &b->set) * (a->is_growing ? -1 : 1);
	return order;
}

static void spread_in_proportion(const struct rollout *r, struct share *active, uint32_t count,
				 int32_t extra, int32_t *shares)
{
	int32_t given = 0;

	qsort(active, count, sizeof *active, by_size);
	for (uint32_t i = 0; i < count; i++) {
		int32_t share = fraction(r, active[i].set), allowed = extra - given;

		share = extra > 0 ? template_least(share, allowed) : template_most(share, allowed);
		shares[active[i].index] += share;
		given += share;
	}
	/* What rounding left over goes to the largest. */
	shares[active[0].index] = template_most(0, shares[active[0].index] + extra - given);
}

void rollout_spread(const struct rollout *r, int32_t *shares)
{
	int32_t allowed = r->wanted > 0 ? r->wanted + r->surge : 0, extra = allowed - r->total;
	bool is_rolling = str_is(r->deployment->spec->strategy->type, "RollingUpdate");
	uint32_t only = only_active(r), count = 0;
	struct arena *arena = arena_new(0);
	struct share *active = arena_array(arena, struct share, r->set_count + 1);

	for (uint32_t i = 0; i < r->set_count; i++) {
		shares[i] = r->sets[i]->spec->replicas;
		if (shares[i] > 0)
			active[count++] = (struct share){ r->sets[i], i, extra > 0 };
	}
	if (only != UINT32_MAX) {
		shares[only] = r->wanted;
	} else if (is_saturated(r)) {
		for (uint32_t i = 0; i < r->set_count; i++)
			shares[i] = r->sets[i] == r->current ? shares[i] : 0;
	} else if (is_rolling && extra != 0 && count > 0) {
		spread_in_proportion(r, active, count, extra, shares);
	}
	arena_free(arena);
}
