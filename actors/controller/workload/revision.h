/*
 * Controller revisions: the templates that a DaemonSet or StatefulSet has had, numbered, for updates and for undoing them.
 *
 * Each holds its template as a patch of its owner, in upstream's form, so `kubectl rollout undo` can apply it. Two are the
 * same when their templates mean the same, not when their bytes agree.
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_REVISION_H
#define ACTORS_CONTROLLER_WORKLOAD_REVISION_H

#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/apps.h"

#define REVISION_HASH STR("controller-revision-hash")

/* Whose revisions; borrowed from the world. */
struct revision_owner {
	const struct type *type;
	const struct meta_object_meta *meta;
	const struct meta_label_selector *selector;
	const struct core_pod_template_spec *template;
	int32_t collisions;
	struct str hash_label; /* of the revisions themselves */
};

struct revisions {
	const struct apps_controller_revision **at; /* oldest first */
	uint32_t len;
	const struct apps_controller_revision
	    *current; /* of the owner's template; NULL: there is none yet */
	struct str current_name,
	    current_hash;  /* of the one that is there, or that was planned here */
	bool has_collided; /* the name is taken by another: the owner counts it and tries the next */
};

/* Adopts, finds the current one and gives it the highest number, or plans it; an owner that is being deleted gets none. */
void revision_look(const struct world *world, struct plan *plan, const struct revision_owner *owner,
		   struct revisions *out);
/* Removes the oldest beyond the limit, but none that `is_live` says is in use. */
void revision_forget(struct plan *plan, const struct revisions *revisions, int32_t limit,
		     bool (*is_live)(void *arg, const struct apps_controller_revision *revision),
		     void *arg); /* The template that a revision holds; NULL: it cannot be read. */
const struct core_pod_template_spec *
revision_template(const struct world *world, const struct apps_controller_revision *revision);

#endif
