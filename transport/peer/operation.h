/*
 * Operations of nng whose ends are handled on the host's thread.
 *
 * nng's threads do one thing: they queue an operation that has ended and, if that was not done yet, ask the owner to call
 * operations_drain. So everything else in this folder knows only one thread. Three rules keep nng 1.5.2 safe, whose own sockets
 * (push, pull) break them inside and then hang or crash when a connection ends:
 *   - an operation belongs to one dialer, listener or stream for all its life;
 *   - it is never cancelled: what it works on is closed, and that ends it;
 *   - none is begun on what was closed, for such a one never ends.
 * Bounded by its users: each has a fixed number of operations.
 */
#ifndef TRANSPORT_PEER_OPERATION_H
#define TRANSPORT_PEER_OPERATION_H

#include <nng/nng.h>
#include <pthread.h>

#include "transport/peer/peer.h"

/* The ended operations of a host. */
struct operations {
	struct peer_owner owner;
	bool is_stopped, is_draining;
	pthread_mutex_t lock; /* over what follows */
	struct operation *first, *last;
	bool is_called; /* the owner was asked and has not come yet */
};

struct operation {
	struct operations *all;
	nng_aio *aio;
	bool is_under_way;  /* from its begin until `ended` is called */
	size_t quiet_bytes; /* see operation_begin_quiet; over it the lock */
	bool is_queued;     /* the same: has ended, `ended` was not called yet */
	void (*ended)(void *arg, int result);
	void *arg;
	struct operation *next;
};

/* Starts nng if nobody has. INTERNAL: it does not start. */
MUST_USE enum status operations_init(struct operations *all, const struct peer_owner *owner);
/* Not from within `ended`; all operations are finished (operation_finish). A drain that is still to come does nothing. */
void operations_stop(struct operations *all);
void operations_fini(struct operations *all);

void operation_init(struct operation *operation, struct operations *all,
		    void (*ended)(void *arg, int result), void *arg);
/* Says that it begins: then hand `aio` to nng. `ended` will be called with nng's result, outside of the call that began it. */
void operation_begin(struct operation *operation);
/*
 * The same for one that nobody waits for unless it fails or passes on another number of bytes: its end does not wake the owner,
 * `ended` is called with the next that does. A link that sends a message now and then is woken for it once less.
 */
void operation_begin_quiet(struct operation *operation, size_t bytes);
/* Somebody waits now. */
void operation_hurry(struct operation *operation);
/* What it works on was closed: waits for nng to let go of it. `ended` is not called any more. */
void operation_finish(struct operation *operation);
void operation_fini(struct operation *operation); /* it is not under way */

#endif
