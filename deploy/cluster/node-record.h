/*
 * Node records: what the cluster keeps about each of its machines, so that all others find it and let it in.
 *
 * Written by the node that admits a machine, before that machine's first link; rewritten by the machine itself when an address
 * of its changes; gone when it left. Pure; any thread.
 */
#ifndef DEPLOY_CLUSTER_NODE_RECORD_H
#define DEPLOY_CLUSTER_NODE_RECORD_H

#include "runtime/base/base.h"

#define NODE_RECORD_KEYS \
	"/troupe/nodes/" /* records lie in the datastore under this and the node's name */
#define NODE_RECORD_BYTES_MAX (4U * KIB)

struct node_record {
	struct str name, address; /* IP */
	uint16_t api_port, link_port;
	struct str role; /* auto, worker, witness */
};

struct str node_record_key(struct str name, struct arena *arena);
/* Format 1. */
struct str node_record_encode(const struct node_record *record, struct arena *arena);
/* Borrowed from the bytes. CORRUPT: no record. */
MUST_USE enum status node_record_decode(struct str bytes, struct node_record *out);
/* "IP:PORT", with brackets around an IPv6 address. */
struct str node_record_place(struct str address, uint16_t port, struct arena *arena);

#endif
