#include "actors/controller/rollout.h"

#include <stdlib.h>

#include "actors/controller/pod.h"
#include "actors/controller/template.h"
#include "datastore/schema/core.h"

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
static int32_t living_pods(const struct world *world, const struct apps_replica_set *set)
{
	struct records pods = world_owned(world, set, core_pod);
	int32_t count = 0;

	for (uint32_t i = 0; i < pods.len; i++)
		count += !pod_is_finished(record_at(pods, i, core_pod));
	return count;
}

void rollout_observe(struct rollout *r, const struct world *world,
		     const struct apps_deployment *deployment)
{
	struct records sets = world_owned(world, deployment, apps_replica_set);

	*r = (struct rollout){ .deployment = deployment, .wanted = deployment->spec->replicas };
	r->sets = arena_array(world_arena(world), const struct apps_replica_set *, sets.len + 1);
	for (uint32_t i = 0; i < sets.len; i++)
		r->sets[r->set_count++] = record_at(sets, i, apps_replica_set);
	qsort(r->sets, r->set_count, sizeof *r->sets, by_age);
	set_pace(r);
	for (uint32_t i = 0; i < r->set_count; i++) {
		const struct apps_replica_set *set = r->sets[i];

		r->total += set->spec->replicas;
		r->pods += set->status->replicas;
		r->ready += set->status->ready_replicas;
		r->available += set->status->available_replicas;
		if (r->current == NULL &&
		    template_same(set->spec->template, deployment->spec->template))
			r->current = set;
		else
			r->old_pods += template_most(set->status->replicas, living_pods(world, set));
	}
}

int32_t rollout_grown(const struct rollout *r)
{
	int32_t has = r->current->spec->replicas, room = r->wanted + r->surge - r->total;

	if (has >= r->wanted)
		return r->wanted;
	return room <= 0 ? has : template_least(r->wanted, has + room);
}

void rollout_shrink(const struct rollout *r, int32_t *left)
{
	int32_t least = r->wanted - r->unavailable;
	int32_t current_sick = r->current->spec->replicas - r->current->status->available_replicas;
	/* What may go in all: the current set's pods that do not serve yet must not be made up for by old ones. */
	int32_t may_go = r->total - least - template_most(current_sick, 0);
	int32_t spare = r->available - least;

	for (uint32_t i = 0; i < r->set_count; i++)
		left[i] = r->sets[i]->spec->replicas;
	for (uint32_t i = 0; i < r->set_count && may_go > 0; i++) {
		int32_t sick = r->sets[i]->spec->replicas - r->sets[i]->status->available_replicas;
		int32_t cut = template_least(may_go, template_most(sick, 0));

		if (r->sets[i] == r->current)
			continue;
		left[i] -= cut;
		may_go -= cut;
	}
	for (uint32_t i = 0; i < r->set_count && spare > 0; i++) {
		int32_t healthy = template_least(left[i], r->sets[i]->status->available_replicas);
		int32_t cut = template_least(spare, healthy);

		if (r->sets[i] == r->current)
			continue;
		left[i] -= cut;
		spare -= cut;
	}
}

static uint32_t active_sets(const struct rollout *r, uint32_t *last)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i]->spec->replicas > 0) {
			*last = i;
			count++;
		}
	return count;
}

void rollout_spread(const struct rollout *r, int32_t *shares)
{
	int32_t allowed = r->wanted > 0 ? r->wanted + r->surge : 0, extra = allowed - r->total,
		given = 0;
	uint32_t last = 0, active = active_sets(r, &last);

	for (uint32_t i = 0; i < r->set_count; i++)
		shares[i] = r->sets[i]->spec->replicas;
	if (active <= 1) {
		for (uint32_t i = 0; i < r->set_count; i++)
			if (active == 1 ? i == last : r->sets[i] == r->current)
				shares[i] = r->wanted;
		return;
	}
	for (uint32_t i = 0; i < r->set_count; i++) {
		int32_t share = r->total > 0 ? (int32_t)((int64_t)extra * shares[i] / r->total) : 0;

		shares[i] = template_most(0, shares[i] + share);
		given += share;
	}
	/* What rounding left over goes to the newest. */
	shares[last] = template_most(0, shares[last] + extra - given);
}

bool rollout_is_idle(const struct rollout *r, const struct apps_replica_set *set)
{
	return set != r->current && set->spec->replicas == 0 && set->status->replicas == 0 &&
	       !set->metadata->has.deletion_timestamp &&
	       set->status->observed_generation >= set->metadata->generation;
}
