/*
 * Flow: API priority and fairness (KEP-1040). Each request that comes is one of a flow, and waits for a seat of its priority level.
 *
 * FlowSchemas say which flow a request is of and PriorityLevelConfigurations how many are served at once and who waits (level.h). A
 * request that waits is at the step authorize, and is run again when it is its turn (flow_pump) or when it has waited for a quarter of
 * its time: then it is refused. Those that come by the message door are the cluster's own: they wait as others do, but are not refused
 * since a lane is full. Only for actors/server, on its actor. Bounds: 10,000 requests and 64 MiB of their
 * bodies wait, whatever the levels allow.
 */
#ifndef ACTORS_SERVER_FLOW_FLOW_H
#define ACTORS_SERVER_FLOW_FLOW_H

#include "actors/server/request.h"

struct act_msg;
struct flow;
struct flow_ticket;
struct resource_row;

GIVE struct flow *flow_new(struct server *server);
void flow_free(TAKE struct flow *flow); /* NULL is fine */

/* NEXT: it has its seats, or needs none. WAIT: it will be run again. DONE: it is refused. May be called again. */
enum next flow_enter(struct request *r);
void flow_leave(struct request *r);
uint32_t flow_retry_after(const struct request *r); /* seconds, of one that is refused */
/* What the answer names; false: it was not classified. */
bool flow_uids(const struct request *r, struct str *out_schema, struct str *out_level);
/* The seats outlive the request, until flow_end; NULL: it has none. */
struct flow_ticket *flow_take(struct request *r);
void flow_end(struct server *server, struct flow_ticket *ticket); /* NULL is fine */

/* Runs those whose turn has come; at the end of each message. */
void flow_pump(struct server *server);
bool flow_receive(struct server *server, const struct act_msg *msg);
void flow_tick(struct server *server, struct mono now);

/* ---- flow-width.c: watches, which writes are the dearer for --------------------------------------------------- */

struct flow_watch {
	uint64_t resource, place; /* 0: it is not counted */
};
struct flow_watch flow_watch_begin(struct server *server, const struct request *r);
void flow_watch_end(struct server *server, struct flow_watch watch);

/* ---- flow-page.c, flow-measure.c ---------------------------------------------------------------------------------- */

enum next flow_page(struct request *r);
/* Adds what /metrics says of it. */
void flow_measure(const struct server *server, struct text *out);

#endif
