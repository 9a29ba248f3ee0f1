/*
 * How requests come in, and who is let in at once. Only for actors/server.
 */
#ifndef ACTORS_SERVER_DOOR_DOOR_H
#define ACTORS_SERVER_DOOR_DOOR_H

#include "actors/client/api.h"
#include "actors/server/request.h"

/* What /version and /metrics say. */
#define API_VERSION_MAJOR "1"
#define API_VERSION_MINOR "37"
#define API_VERSION_GIT API_RELEASE "+troupe"

extern const struct door http_door;
extern const struct door message_door;
bool http_door_receive(struct server *server, const struct act_msg *msg);
bool message_door_receive(struct server *server, const struct act_msg *msg);

/* ---- pages ------------------------------------------------------------------------------------------------- */

/* Paths that are no resource: health, version, metrics, discovery, OpenAPI. NULL: 404. */
typedef enum next page_fn(struct request *r);
page_fn *pages_find(struct str path, struct str method);
enum next pages_given(struct request *r); /* those of the configuration; 404 for all others */
enum next
pages_not_found(struct request *r); /* of paths that upstream's API does not know: no Status */
enum next health_page(struct request *r);  /* health.c */
enum next metrics_page(struct request *r); /* metrics-page.c */
enum next metrics_page_slis(struct request *r);

/* Of its warnings: at most so many as there are, into `out`; gives how many. */
uint32_t warning_headers(struct request *r, struct http_header *out); /* warning-headers.c */

/* ---- how many at once ---------------------------------------------------------------------------------------- */

/* flight.c: NEXT with a place that the request gives back, WAIT for one, or DONE. */
enum next flight_enter(struct request *r);
void flight_leave(struct request *r);
uint32_t flight_count(const struct server *server, bool is_mutating);

#endif
