/*
 * A rollout: the numbers of a Deployment and its ReplicaSets, and what to make of them. Pure arithmetic.
 *
 *     wanted = spec.replicas;  never more than wanted + surge pods;  never fewer than wanted - unavailable that serve
 */
#ifndef ACTORS_CONTROLLER_ROLLOUT_H
#define ACTORS_CONTROLLER_ROLLOUT_H

#include "actors/controller/world.h"
#include "datastore/schema/apps.h"

/* What one look at the world says. All pointers are borrowed from the world. */
struct rollout {
	const struct apps_deployment *deployment;
	const struct apps_replica_set **sets; /* all it owns, oldest first */
	const struct apps_replica_set *current; /* the one whose template is the Deployment's; or NULL */
	uint32_t set_count;
	int32_t wanted, total;          /* replicas: asked of us; asked by us of all sets */
	int32_t pods, ready, available; /* of all sets, as they report */
	int32_t old_pods; /* of sets that are not current; those still ending count for Recreate */
	int32_t surge, unavailable; /* how far total and available may stray from wanted */
};

void rollout_observe(struct rollout *r, const struct world *world,
		     const struct apps_deployment *deployment);

/* How many replicas the current set should have now: it grows into the room that the surge leaves, and shrinks to what is wanted. */
int32_t rollout_grown(const struct rollout *r);
/* How many each set keeps (by index; the current one's is its own): pods that do not serve go first, then others as far as availability allows. */
void rollout_shrink(const struct rollout *r, int32_t *left);
/* How many each set should have when `wanted` changed in mid-rollout: in proportion to their size. */
void rollout_spread(const struct rollout *r, int32_t *shares);
/* An old set that nothing remains of. */
bool rollout_is_idle(const struct rollout *r, const struct apps_replica_set *set);

#endif
