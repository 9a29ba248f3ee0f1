/*
 * What arrives at a host: connections, the hellos by which they say whose they are, and frames.
 *
 * Listens on the node's own socket and, if there is to be one, on an address for other nodes. A connection is a stranger until
 * its hello was believed; then it is its link's. Bounded by LIMIT_PEERS strangers, each with greet_ms to say hello.
 */
#ifndef TRANSPORT_PEER_INBOX_H
#define TRANSPORT_PEER_INBOX_H

#include "transport/peer/peer.h"

/* Listens from now on and sets the hub's address. */
MUST_USE enum status inbox_open(struct peer *hub, const struct peer_config *config,
				struct fault *why);
/* Listeners that ran out of descriptors try again. */
void inbox_retry(struct peer *hub);
/* Closes the listeners and waits for nng; fine if they were never opened. */
void inbox_finish(struct peer *hub);
void inbox_fini(struct peer *hub); /* after operations_stop */

#endif
