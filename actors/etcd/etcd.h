/*
 * etcd's door: an actor registered as `etcd` that answers etcd's v3 gRPC calls out of the store.
 *
 * Start it under a supervisor with `etcd_class` and a struct etcd_config, beside an actor registered as `store` and an
 * http_server_class actor whose handler is "etcd", whose is_streamed is etcd_is_streamed, and whose listener demands client
 * certificates. Only who shows one with the organization system:masters is answered. All state is the store's: any number of
 * doors serve one cluster, each through its own replica, and requests that need the leader go there by the store's own hop.
 *
 * What is not etcd's here is refused in clear words with UNIMPLEMENTED: users and roles, members that are added by hand.
 *
 * Bounds: LIMIT_ETCD_CALLS calls at once (RESOURCE_EXHAUSTED beyond), LIMIT_ETCD_MESSAGE_BYTES a request,
 * LIMIT_RESPONSE_BYTES an answer, LIMIT_ETCD_STREAM_WATCHES watches a stream, LIMIT_ETCD_ASK_MS for what is not a stream.
 */
#ifndef ACTORS_ETCD_ETCD_H
#define ACTORS_ETCD_ETCD_H

#include "runtime/actor/act.h"
#include "transport/http/server.h"

/* Borrowed while the actor lives. */
struct etcd_config {
	const char *store;     /* "store" */
	struct str client_url; /* of this door, as clients reach it: https://10.0.0.1:2379 */
	uint64_t cluster;      /* the cluster's number in every header: the same on all its nodes */
};

extern const struct act_class etcd_class;

/* For http_server_config.is_streamed: calls with a stream of requests are read as they come. */
bool etcd_is_streamed(void *arg, const struct http_exchange *exchange);

#endif
