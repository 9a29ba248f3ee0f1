/*
 * Where the kubelet of a node is, for what only that can answer: commands in its pods, their logs, its own pages.
 *
 * For actors/server. It is called over TLS with the server's own certificate, at the first address of the node, of the types that are wanted, that is one and no name. A node whose
 * runtime only pretends has no kubelet, and nothing listens in its pods.
 */
#ifndef ACTORS_SERVER_PROXY_KUBELET_H
#define ACTORS_SERVER_PROXY_KUBELET_H

#include "actors/server/outside/places.h"
#include "actors/server/request.h"
#include "actors/server/server.h"

struct server;

bool kubelet_is_hollow(const struct server *server, struct str node);
/* NOT_FOUND: there is no such node; UNAVAILABLE with words: it has no kubelet; INVALID with words: nor an address. */
MUST_USE enum status kubelet_find(const struct server *server, struct str node,
				  struct place_spec *out, struct fault *why);
/* Hands the request on to it, by that path with its query: the step gives what this gives, and goes on as proxy.h says. */
enum next kubelet_send(struct request *r, struct str node, struct str path);

#endif
