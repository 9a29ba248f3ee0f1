/*
 * The place: keeps what the list of members says of this node true: where its links are, what it shares its fate with, how much it
 * is wanted as a voter.
 *
 * An actor of each core host. The address is the process's own; failure domain and weight are labels of the node's Node,
 * topology.kubernetes.io/zone and troupe.internal/weight (0 to 1000, lower is preferred), and stay as they are while there is no
 * such Node. What differs is changed by asking the store, and while that knows no leader (whoever leads may still look for us at our
 * old address) the stores of all other members in turn. Nothing is done while all is as it should be.
 */
#ifndef DEPLOY_MAIN_NODE_PLACE_H
#define DEPLOY_MAIN_NODE_PLACE_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define PLACE_WEIGHT_MAX 1000U

struct place_args {
	const char *api, *store; /* names of actors of this host */
	const char *node;
	struct str address; /* IP:PORT of its links */
};

extern const struct act_class place_class;

#endif
