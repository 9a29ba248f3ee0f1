/*
 * Which datastore a node uses: its own, or an etcd that `--datastore etcd://...` names.
 *
 * Part of the node's identity: what is said once holds for every later start, the endpoints and keys may be said anew, and a node
 * never changes from the one kind to the other. Only the root process and the start of the core host call it; it blocks.
 */
#ifndef DEPLOY_MAIN_NODE_DATASTORE_H
#define DEPLOY_MAIN_NODE_DATASTORE_H

#include "datastore/external/external.h"
#include "deploy/main/command/command.h"
#include "deploy/main/command/data-dir.h"
#include "deploy/main/host/process.h"

/* For the table of commands. */
#define DATASTORE_OPTIONS                                                                       \
	TEXT_OPTION("datastore", "etcd://HOST:PORT,...",                                        \
		    "keeps the cluster's data in that etcd in place of a datastore of its own", \
		    .group = "Data in an etcd"),                                                \
	    TEXT_OPTION("datastore-ca", "FILE",                                                 \
			"the etcd's authority; with none of the three it is spoken to without " \
			"TLS"),                                                                 \
	    TEXT_OPTION("datastore-cert", "FILE", "the certificate that is shown to it"),       \
	    TEXT_OPTION("datastore-key", "FILE", "and its key")

static inline bool datastore_is_external(const struct node_identity *identity)
{
	return identity->datastore.url[0] != '\0';
}

/* Takes what the command line says into `id`. BAD_REQUEST, INVALID with words; *out_is_changed: the identity is to be written. */
MUST_USE enum status datastore_wish(const struct command_line *line, bool is_new,
				    struct node_identity *id, bool *out_is_changed,
				    struct fault *why);

/* That an etcd answers, and serves this cluster or none. */
MUST_USE enum status datastore_prove(const struct node_identity *id, bool is_joining,
				     struct arena *arena, struct fault *why);

/* For the store's actor; borrowed of `process`. */
MUST_USE enum status datastore_configure(struct process *process, struct external_config *out,
					 struct fault *why);

#endif
