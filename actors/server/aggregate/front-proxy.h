/*
 * The headers by which a server of another group is told who asks (upstream: transport.SetAuthProxyHeaders, the proxy's hop by hop rules).
 *
 * Pure. What a client says by the same names, or about itself, is left out.
 */
#ifndef ACTORS_SERVER_AGGREGATE_FRONT_PROXY_H
#define ACTORS_SERVER_AGGREGATE_FRONT_PROXY_H

#include "actors/client/user.h"
#include "runtime/base/arena.h"
#include "transport/http/engine/http.h"

/* `in` as far as it may be handed on, then the user (NULL: nobody is told of). BAD_REQUEST: a name of theirs cannot be a header. */
MUST_USE enum status front_proxy_headers(struct arena *arena, struct http_headers in,
					 const struct user *user, struct str remote,
					 struct http_headers *out);
/* Of an answer, on its way back. */
struct http_headers front_proxy_answer(struct arena *arena, struct http_headers in);

#endif
