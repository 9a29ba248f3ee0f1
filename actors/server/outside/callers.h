/*
 * Calls of the server's own to webhooks: what mechanisms know as struct outside.
 *
 * For actors/server, on its actor. Each call is one POST, or the GET of a document, over a connection of places.h. Only HTTPS, no redirects, no proxies. Bounds:
 * the post's own limits of time and bytes, LIMIT_OUTSIDE_CALLS at once.
 */
#ifndef ACTORS_SERVER_OUTSIDE_CALLERS_H
#define ACTORS_SERVER_OUTSIDE_CALLERS_H

#include "actors/client/outside.h"
#include "actors/server/server.h"

struct callers;
struct server;

GIVE struct callers *callers_new(struct server *server);
void callers_free(TAKE struct callers *callers);
const struct outside *callers_face(const struct callers *callers);
bool callers_receive(struct callers *callers, const struct act_msg *msg);

#endif
