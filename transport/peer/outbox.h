/*
 * An outbox: what waits for one peer, gathered into frames, one send in flight.
 *
 * The host's thread adds; nng's threads report that a send has ended or a pipe has gone. Everything in it is under one lock that is held for
 * copies only and never while nng is called. Messages are taken in any state (bounded by LIMIT_LINK_OUTBOX_BYTES)
 * and leave when the session is open and the peer has credit.
 */
#ifndef TRANSPORT_PEER_OUTBOX_H
#define TRANSPORT_PEER_OUTBOX_H

#include <nng/nng.h>

#include "transport/peer/frame.h"

struct outbox;

/* `hello` is the body of our HELLO frames, copied. */
GIVE struct outbox *outbox_new(struct seams_peer self, struct seams_peer peer, struct str hello);
/* The socket must be closed. */
void outbox_free(TAKE struct outbox *box);

/* The push socket that frames leave by; its pipes come and go. */
void outbox_attach(struct outbox *box, nng_socket push);
/* Waits for the send in flight to end; the socket may be closed then. */
void outbox_detach(struct outbox *box);

/* A pipe to the peer stands: says hello, now or again, under our session's number; the peer's is 0 if not known. */
void outbox_up(struct outbox *box, uint32_t session, uint32_t peer_session);
/* Any thread: the pipe has gone or is to go. Nothing leaves any more, what is in flight is cancelled. */
void outbox_down(struct outbox *box);
/* The peer has said hello from this life and session: data may leave. */
void outbox_open(struct outbox *box, uint16_t epoch, uint32_t peer_session);

/* The session is over: everything that waits is dropped, numbers begin anew; what is in flight is cancelled if it still can be. */
void outbox_clear(struct outbox *box);

/* Adds a message meant for that life of the peer (0: any). BUSY: the limit. */
MUST_USE enum status outbox_add(struct outbox *box, uint16_t epoch, struct str header,
				struct str body);
/* Drops what is meant for another life than `epoch`: before opening. True if there was any; *other is one of those lives. Call until false. */
bool outbox_drop_other(struct outbox *box, uint16_t epoch, uint16_t *other);
/* The life that the oldest waiting message is meant for (0: any); false if nothing waits. */
bool outbox_first_epoch(struct outbox *box, uint16_t *epoch);

/* The peer has told how many bytes of ours it took. INVALID: more than were sent, or fewer than before. */
MUST_USE enum status outbox_credit(struct outbox *box, uint64_t consumed);
/* We took this many bytes of the peer's: told with the next frame, or with one for the purpose when much has gathered. */
void outbox_consumed(struct outbox *box, uint64_t bytes);
/* Sends a BEAT unless something left since the last call. */
void outbox_beat(struct outbox *box);

struct outbox_stats {
	uint64_t frames, messages, bytes; /* left so far, over all sessions */
	uint64_t waiting_bytes;
};

void outbox_stats(struct outbox *box, struct outbox_stats *out);

#endif
