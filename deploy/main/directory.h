/*
 * The directory: keeps the links told where the other nodes are.
 *
 * At first from what this node was told when it joined, then from the datastore's list of members, which the actor
 * follows. A member that is no longer listed is not let in any more.
 */
#ifndef DEPLOY_MAIN_DIRECTORY_H
#define DEPLOY_MAIN_DIRECTORY_H

#include "deploy/main/process.h"

/* The other hosts of this node, and the peers in its identity. */
void directory_learn_own(struct process *process);

/* The actor that follows the members; args are the struct process. */
extern const struct act_class directory_class;

/* Parses `NUMBER=NAME@IP:PORT,...` of an identity: each entry in turn; false at the end. Borrowed from the text. */
struct directory_peer {
	struct str name, address;
};
bool directory_next_peer(struct str *rest, struct directory_peer *out);

#endif
