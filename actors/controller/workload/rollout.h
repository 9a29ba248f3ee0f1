/*
 * A rollout: the numbers of a Deployment and its ReplicaSets, and what to make of them. Pure arithmetic.
 *
 *     wanted = spec.replicas;  never more than wanted + surge pods;  never fewer than wanted - unavailable that serve
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_ROLLOUT_H
#define ACTORS_CONTROLLER_WORKLOAD_ROLLOUT_H

#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/apps.h"

/* Annotations of a ReplicaSet: which revision of its Deployment it is, and for which wish it was last scaled. */
#define ROLLOUT_REVISION STR("deployment.kubernetes.io/revision")
#define ROLLOUT_DESIRED STR("deployment.kubernetes.io/desired-replicas")
#define ROLLOUT_MOST STR("deployment.kubernetes.io/max-replicas")

/* What one look at the world says. All pointers are borrowed from the world. */
struct rollout {
	const struct apps_deployment *deployment;
	const struct apps_replica_set **sets; /* all it owns, oldest first */
	const struct apps_replica_set *current; /* the one whose template is the Deployment's; or NULL */
	uint32_t set_count;
	int32_t wanted, total; /* replicas: asked of us; asked by us of all sets */
	int32_t pods, ready, available, terminating; /* of all sets, as they report */
	bool has_old_pods; /* of sets that are not current, those still ending too: Recreate waits for them */
	int32_t surge, unavailable; /* how far total and available may stray from wanted */
};

/* Sets that the selector means are adopted in the plan, its own that it means no more are let go. */
void rollout_observe(struct rollout *r, const struct world *world, struct plan *plan,
		     const struct apps_deployment *deployment);

/* An annotation's number; 0 if there is none. */
int64_t rollout_number(const struct meta_object_meta *meta, struct str key);
/* How many replicas the current set should have now: it grows into the room that the surge leaves, and shrinks to what is wanted. */
int32_t rollout_grown(const struct rollout *r);
/* How many each set keeps (by index; the current one's is its own): pods that do not serve go first, then others as far as availability allows. */
void rollout_shrink(const struct rollout *r, int32_t *left);
/* How many each set should have when `wanted` changed in mid-rollout, or while nothing rolls: in proportion to their size. */
void rollout_spread(const struct rollout *r, int32_t *shares);
/* Whether the wish has changed since the sets were last scaled for it. */
bool rollout_is_scaling(const struct rollout *r);
/* An old set that nothing remains of. */
bool rollout_is_idle(const struct rollout *r, const struct apps_replica_set *set);

/* Fills the Deployment's status and asks to be called again when its deadline may have passed. rollout-report.c */
struct rollout_news {
	struct str created;       /* the set that this plan creates; absent: none */
	const char *create_error; /* why it could not be created the last time; or NULL */
};
void rollout_report(const struct rollout *r, const struct world *world, struct plan *plan,
		    struct apps_deployment_status *status, const struct rollout_news *news);

#endif
