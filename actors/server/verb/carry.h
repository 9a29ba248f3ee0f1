/*
 * Carrying: what a request asks of a store in another host is carried to its end, though that host ends meanwhile and is started again.
 *
 *     ASKED ──answer──> over
 *       │ ^
 *       │ └── the store is back, or 20 ms later
 *       └── lost, or not taken ──> WAITS ──the request's deadline──> over
 *
 * A question that changes nothing is asked again. A write of which nobody knows what became of it is in doubt, and is sent again with its
 * number (store_write.request) and the revision that was known before the first try: a store that applied the first answers as it would have
 * then, whatever happened to the key since; one that did not applies this one. Where the store cannot tell (TIMEOUT: too much was written since,
 * or it is an etcd, which knows no numbers), its key is looked at instead, linearizably:
 *
 *     LOOKS   it holds what we wrote, or what was to be deleted is gone ──> over, it is done
 *       │     it is as the write expects ──> ASKED again; if that is refused, the first try may have come in between: LOOKS
 *       v     else somebody else was there before us or after us:
 *     PAST    one of its changes since is ours ──> over, it is done; none is ──> over, refused; not known any more ──> TIMEOUT
 *
 * That is exact because a write names the revision that its key must have, so at most one of the tries happens, and because bytes that are equal
 * say the same. A create expects no revision: one that is refused since another's object stands there is told so (409), though its
 * first try, if that is still on its way to a leader of the same term, would happen should that object be deleted before it arrives.
 * Whoever is answered TIMEOUT, or waits until his deadline, does not know, and is told so (504).
 */
#ifndef ACTORS_SERVER_VERB_CARRY_H
#define ACTORS_SERVER_VERB_CARRY_H

#include "actors/server/request.h"

struct server;

/* As request_ask, of a server whose store is apart. */
enum next carry_ask(struct request *r, const struct act_type *type, const void *body);

/* The answer that a request gets in place of the store's own. */
struct carried {
	struct act_msg msg;
	struct store_write_answer answer;
};
/* An answer to the request's tag: false, it is not over yet. Else *msg is what the request is told, made in `room` if need be. */
bool carry_answered(struct request *r, const struct act_msg **msg, struct carried *room);
/* The request ends. */
void carry_leave(struct request *r);

/* The store has said that it is there: who waits asks again. */
void carry_wake(struct server *server);
bool carry_receive(struct server *server, const struct act_msg *msg);

#endif
