/*
 * The directory: keeps the links of the core host told where the other nodes are.
 *
 * At first from what this node was told when it joined, then from the datastore's list of members, which is agreed upon, and for nodes that
 * are none from the node records in the datastore, which the actor reads and watches. A node whose record is gone has left: it is
 * not let in any more.
 */
#ifndef DEPLOY_MAIN_HOST_DIRECTORY_H
#define DEPLOY_MAIN_HOST_DIRECTORY_H

#include "deploy/main/host/process.h"

/* The other hosts of this node, and the peers in its identity. */
void directory_learn_own(struct act *act, const struct process *process);

/* `NAME@IP:PORT,...` of the other members as last heard, across starts (members-file.h); blocks for a small file. */
struct str directory_members(struct act *act, const struct process *process, struct arena *arena);

/* Tells the links of one other node; `place` is IP:PORT of its links. */
void directory_learn(struct act *act, struct str node, struct str place);

/* Lets go of the links to it, until it is learned again. */
void directory_forget(struct act *act, struct str node);

/* The actor that follows the records; args are the struct process. */
extern const struct act_class directory_class;

/* Parses `NAME@IP:PORT,...` of an identity: each entry in turn; false at the end. Borrowed from the text. */
struct directory_peer {
	struct str name, address;
};
bool directory_next_peer(struct str *rest, struct directory_peer *out);

#endif
