/*
 * The layouts: which actors run in which host of a node, and what they are told.
 *
 *     core      datastore replica, API server, administration, and who knows the other nodes
 *     api       in the isolated layout only: the API server, which clients then stay connected to while core is started again
 *     control   controllers and scheduler, active where the datastore's leader is
 *     node      the node agent
 *
 * Planned from who the node is, so that it is the same in a process of a machine and in a simulated one. What only a process has (HTTP,
 * its keys, links, heart) its own files add: hosts.c, process.c. Pure.
 */
#ifndef DEPLOY_MAIN_NODE_LAYOUT_H
#define DEPLOY_MAIN_NODE_LAYOUT_H

#include "actors/node/agent.h"
#include "actors/server/server.h"
#include "datastore/external/external.h"
#include "datastore/store/store.h"
#include "deploy/cluster/control-plane-mark.h"
#include "deploy/main/host/process.h"
#include "deploy/main/node/place.h"

#define LAYOUT_CHILDREN_MAX 64U
#define LAYOUT_LIVES_MAX 8U

#define LAYOUT_ISSUER STR("https://kubernetes.default.svc.cluster.local") /* of own tokens */

struct layout {
	struct act_child children[LAYOUT_CHILDREN_MAX]; /* in the order in which they start */
	uint32_t count;
	/* What they are told; may be changed until they start. */
	struct store_config store;
	struct external_config external; /* of a node whose data is in an etcd, in its place */
	struct server_config server;
	struct server_page pages[2];
	struct live_source lives[LAYOUT_LIVES_MAX];
	struct authorizer authorizers[3]; /* the last is for who is told of one */
	struct agent_args agent;
	struct control_plane_mark_args mark;
	struct place_args place;
};

/* Of the host that `process` is; its identity and directory are known. Both are borrowed as long as the actors live. */
void layout_plan(struct layout *layout, struct process *process);
/* One more, after the others. */
void layout_add(struct layout *layout, const char *id, const struct act_class *class,
		const void *args);
/* All types that cross the border of any host of a node, in one list. */
const struct act_type *const *layout_types(struct arena *arena, uint32_t *out_count);

#endif
