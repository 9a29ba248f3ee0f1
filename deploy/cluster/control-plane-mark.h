/*
 * The mark of a control-plane node: the label node-role.kubernetes.io/control-plane on its Node object.
 *
 * A node must not say of itself what it is for (the plug-in NodeRestriction), so the host that serves the API says it, as the node
 * controller. Puts the label back whenever the object comes without it; one small watch, and a write once in a node's life.
 */
#ifndef DEPLOY_CLUSTER_CONTROL_PLANE_MARK_H
#define DEPLOY_CLUSTER_CONTROL_PLANE_MARK_H

#include "runtime/actor/act.h"

struct control_plane_mark_args {
	const char *api;  /* the API server's registered name */
	const char *node; /* whose object */
};

extern const struct act_class control_plane_mark_class;

#endif
