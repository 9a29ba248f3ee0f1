/*
 * Whom a fault of a ChaosPlan may hit, and whether the cluster goes on without that one. Pure.
 *
 * Actors, hosts and nodes are those of the API. A disk is a node's data directory, written by its process `core`, and is called as the
 * node. A link goes one way, from who sends, which is where it is hurt: between the processes `core` of two nodes (n1.to.n2), or
 * between two processes of a node (n1.core.to.control).
 */
#ifndef DEPLOY_MAIN_ADMIN_CHAOS_TARGET_H
#define DEPLOY_MAIN_ADMIN_CHAOS_TARGET_H

#include "actors/server/live/live.h"
#include "datastore/schema/troupe.h"
#include "deploy/main/admin/overview.h"

struct chaos_target {
	struct str level, name;
	struct str node, host;       /* where it is done; host is empty: in all of the node */
	struct str path;             /* of an actor, below its host */
	struct str to_node, to_host; /* of a link; else absent */
	struct str_map labels;
};

struct chaos_targets {
	struct chaos_target *at;
	uint32_t len;
};

/* All of that level that run. Texts are of the objects or the arena. */
struct chaos_targets chaos_targets_of(const struct live_seen *actors, struct str level,
				      struct arena *arena);
/* * is any text, ? any letter. */
bool chaos_matches(struct str pattern, struct str name);
/* Whether the plan means this one, which is of its level: by one of its names, and its labels. */
bool chaos_means(const struct troupe_chaos_plan *plan, const struct chaos_target *target,
		 struct arena *arena);
/* Whether a voter may be away, or lost, after it: what the cluster does without only if a majority of the others is there. */
bool chaos_needs_others(const struct overview *overview, const struct chaos_target *target);
/* Whether the cluster goes on without the one that is hit, or both ends of a link, whatever the plan allows. */
bool chaos_can_bear(const struct overview *overview, const struct chaos_target *target);

#endif
