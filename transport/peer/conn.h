/*
 * Connections: bytes both ways between two hosts, carried by the host's own loop or by nng.
 *
 * What carries is a matter of speed alone and unknown above: a loop that reads and writes by itself is woken once for what
 * arrives, where nng wakes three threads one after the other; nng needs no loop of ours. Host's thread only; no callback from within a call
 * of this header. One write is under way at a time. What a connection holds is bounded: nng's by one read of CONN_READ_BYTES.
 */
#ifndef TRANSPORT_PEER_CONN_H
#define TRANSPORT_PEER_CONN_H

#include "runtime/base/base.h"
#include "runtime/loop/loop.h"
#include "transport/peer/operation.h"

#define CONN_READ_BYTES (64U * KIB)

struct conn;
struct conn_listener;

struct conn_user {
	void *self;
	void (*connected)(void *self, bool is_connected); /* once, of what was dialed */
	void (*read)(void *self, struct str bytes);       /* borrowed for the call */
	void (*written)(void *self);                      /* what was under way is away */
	void (*ended)(void *self); /* once: by the peer, broken, or as conn_break wishes */
	void (*released)(
	    void *self); /* after conn_close, the last: nothing lent is looked at any more */
};

/* By what a host's connections are carried. */
struct conn_net {
	struct loop *loop; /* NULL: nng carries all */
	struct operations *operations;
};

/* A path of a socket within the node, or IP:PORT. */
struct conn_address {
	bool is_local;
	struct str text;
};

/* NULL: no such address. `connected` comes within timeout_ms or not much later, or after conn_close never. */
struct conn *conn_dial(const struct conn_net *net, const struct conn_address *to,
		       uint32_t timeout_ms, const struct conn_user *user);

/* Once of a dialed one that is connected, or of an accepted one that has a user: reads from now on. */
void conn_start(struct conn *conn);
void conn_set_user(struct conn *conn, const struct conn_user *user);

/* Within the node: is the process at the other end our own user's? */
bool conn_is_our_users(const struct conn *conn);

enum conn_wrote { CONN_DONE, CONN_UNDER_WAY };

/* Both in order, the second may be empty. UNDER_WAY: they stay where they are until `written`, `ended` or `released`. */
enum conn_wrote conn_write(struct conn *conn, struct str first, struct str second);
/* Somebody waits for `written`; else it comes when the host is awake anyway. */
void conn_hurry(struct conn *conn);
/* It is not to be used any more: `ended` comes soon. */
void conn_break(struct conn *conn);
/* Nothing but `released` comes any more. The pointer is dead. */
void conn_close(struct conn *conn);
/*
 * Instead, for a host that ends or one that was not started: `released` does not come either, nothing lent is looked at any more.
 * Then, of a host that ends after operations_stop, conn_free.
 */
void conn_finish(struct conn *conn);
void conn_free(TAKE struct conn *conn);

struct conn_listener_user {
	void *self;
	void (*accepted)(
	    void *self,
	    GIVE struct conn *conn); /* give it a user and start it, or finish and free it */
	void (*starved)(void *self); /* out of descriptors: call conn_listener_retry later */
};

/* BUSY: the address is taken. *out_port: of an IP address, the one that port 0 became. Nothing is accepted before conn_listener_start. */
MUST_USE enum status conn_listen(const struct conn_net *net, const struct conn_address *at,
				 const struct conn_listener_user *user, struct conn_listener **out,
				 uint16_t *out_port, struct fault *why);
void conn_listener_start(struct conn_listener *listener);
void conn_listener_retry(struct conn_listener *listener);
/* Nothing is accepted any more; after operations_stop nothing is left of it. NULL is fine. */
void conn_listener_finish(struct conn_listener *listener);
void conn_listener_free(TAKE struct conn_listener *listener);

#endif
