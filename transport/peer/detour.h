/*
 * The way of a link's frames from its outbox to its pipe while a fault is ordered (runtime/faulty): lost, doubled, or held for a while.
 *
 * For link.c. Without an order frames come straight from the outbox. Order is kept: a frame that is held holds those behind it. What is
 * dropped takes the connection with it, as the loss of a segment does that nobody sends again: the detour is torn, gives nothing more
 * out, and its link has to break the pipe. Bounded by the credit of the peer, twice when frames are doubled.
 */
#ifndef TRANSPORT_PEER_DETOUR_H
#define TRANSPORT_PEER_DETOUR_H

#include "runtime/faulty/faulty.h"
#include "transport/peer/outbox.h"

struct detour {
	struct faulty *faulty; /* NULL: never */
	struct list held;
	struct mono last; /* when the newest of those that are held may go on, or when it was torn */
	bool is_torn;
};

void detour_init(struct detour *detour, struct faulty *faulty);
/* The connection is gone: what is held is, too. */
void detour_clear(struct detour *detour);

/* As outbox_next. */
bool detour_next(struct detour *detour, struct outbox *box, struct seams_peer to,
		 const struct seams_clock *clock, GIVE struct text *head, GIVE struct text *body);
bool detour_is_holding(const struct detour *detour);
/* When the next may go on, or the pipe is to be broken; ns is INT64_MAX: there is nothing. */
struct mono detour_due(const struct detour *detour);

#endif
