/*
 * The inbox of a host: its pull socket, and the queue between nng's threads and the host's.
 *
 * nng's threads judge who may connect, take frames and queue; everything else happens on the host's thread, in the order in
 * which it is queued. The owner is asked once to call peer_drain for any number of events. Bounded by
 * LIMIT_LINK_INBOX_BYTES: past that nothing is received until the host has caught up.
 */
#ifndef TRANSPORT_PEER_INBOX_H
#define TRANSPORT_PEER_INBOX_H

#include <nng/nng.h>

#include "transport/peer/peer.h"

/* What nng's threads report, in order. */
enum inbox_event_kind {
	INBOX_FRAME,
	INBOX_IN_UP,
	INBOX_IN_DOWN,
	INBOX_OUT_UP,
	INBOX_OUT_DOWN,
	INBOX_TICK,
};

struct inbox_event {
	struct inbox_event *next;
	enum inbox_event_kind kind;
	uint32_t pipe;
	struct seams_peer key; /* of the link of an OUT event */
	nng_msg *msg;          /* of a FRAME */
	bool is_refused;       /* IN_UP: not one of us, it is being closed */
	bool is_local;         /* IN_UP: within the node */
	char *names; /* IN_UP from another node: DNS names of its certificate, with newlines */
};

void inbox_event_free(TAKE struct inbox_event *event);

/* Listens and receives from now on. */
MUST_USE enum status inbox_open(struct peer *hub, const struct peer_config *config,
				struct fault *why);
/* Nothing is posted any more; what was is freed. */
void inbox_close(struct peer *hub);

/* A pipe from another node breaks at its next byte. */
void inbox_spoil(uint32_t pipe);

/* Any thread. */
void inbox_post(struct peer *hub, TAKE struct inbox_event *event);
/* All that is queued, oldest first; NULL: nothing. Receiving goes on if it was paused. */
GIVE struct inbox_event *inbox_take(struct peer *hub);

#endif
