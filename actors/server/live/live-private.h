/*
 * The server's side of live resources (live.h). Only for actors/server.
 */
#ifndef ACTORS_SERVER_LIVE_LIVE_PRIVATE_H
#define ACTORS_SERVER_LIVE_LIVE_PRIVATE_H

#include "actors/server/live/live.h"
#include "actors/server/request.h"

GIVE struct live *live_new(const struct live_source *source, const struct type *type);
void live_free(TAKE struct live *live); /* with its cache */
struct cache *live_cache(const struct live *live);
uint64_t live_revision(const struct live *live);
/* A client that has seen a newer version has it from a server with another clock: ours are higher from now on. False: absurd. */
bool live_reach(struct live *live, struct wall now, uint64_t revision);
/* Lets somebody look, once: the step runs again when he has. DONE: he does not answer. */
enum next live_refresh(struct request *r);
enum next live_delete(struct request *r); /* of r->live */
bool live_receive(struct server *server, const struct act_msg *msg);
void live_tick(struct server *server, struct mono now);

#endif
