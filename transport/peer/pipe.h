/*
 * A pipe: one connection with a peer, by which frames travel both ways, encrypted if it leaves the node.
 *
 *   DIALING ── connected ──> GREETING ── TLS agreed, or none ──> OPEN ──> CLOSED
 *       └───────────────────────┴── refused, broken, too late ─────────────^
 *
 * Made by dialing or of a connection that was accepted. Its user is told of each frame, when it is ready for the next one to send,
 * and once when it closes by itself; after pipe_close it hears nothing more. One frame is sent at a time; what a pipe holds is
 * bounded: one frame that comes, one that goes; that memory is kept while there is traffic. The memory goes when the connection has let go of it. Host's thread only.
 */
#ifndef TRANSPORT_PEER_PIPE_H
#define TRANSPORT_PEER_PIPE_H

#include "runtime/base/base.h"
#include "transport/peer/conn.h"
#include "transport/tls/context.h"

#define PIPE_DIAL_MS 1000U /* a machine that is off does not answer at all: ask again */

enum pipe_state { PIPE_DIALING, PIPE_GREETING, PIPE_OPEN, PIPE_CLOSED };

struct pipe;

struct pipe_user {
	void *self;
	void (*opened)(void *self, struct pipe *pipe); /* NULL: need not know */
	void (*received)(void *self, struct pipe *pipe,
			 struct str frame);          /* or what cannot be one */
	void (*sent)(void *self, struct pipe *pipe); /* ready again; NULL: never sends */
	void (*closed)(void *self, struct pipe *pipe);
};

/* The pipes of a host, and what they have in common. */
struct pipes {
	const struct conn_net *net;
	uint32_t greet_ms;
	struct list all;
	uint32_t count;
	char *plain; /* what was decrypted last, of any */
};

/* `client` NULL: without TLS, to a process of our own user only. Else `server_name` must be in the certificate. NULL: no such address. */
struct pipe *pipe_dial(struct pipes *pipes, const struct conn_address *to,
		       struct tls_context *client, struct str server_name,
		       const struct pipe_user *user, struct mono now);
/* `server` NULL: without TLS. The connection must have been checked to be our own user's then. */
struct pipe *pipe_accepted(struct pipes *pipes, TAKE struct conn *conn, struct tls_context *server,
			   const struct pipe_user *user, struct mono now);
void pipe_close(struct pipe *pipe);
/* The same, but its user is told: what came by it, or did not come, shows that nothing good will. */
void pipe_break(struct pipe *pipe);
/* Another user from now on. */
void pipe_set_user(struct pipe *pipe, const struct pipe_user *user);

enum pipe_state pipe_state(const struct pipe *pipe);
bool pipe_is_local(const struct pipe *pipe);
/* OPEN, by TLS: does the peer's certificate carry exactly this DNS name? */
bool pipe_is_certified(const struct pipe *pipe, struct str name);
/* Has it ever been connected? A pipe that closes before did not find anybody. */
bool pipe_was_connected(const struct pipe *pipe);

/* OPEN and no send is under way. */
bool pipe_is_ready(const struct pipe *pipe);
/* More waits to be sent: `sent` is to come as soon as it may. Else it comes when the host is awake anyway. */
void pipe_hurry(struct pipe *pipe);
/*
 * A frame in two parts of which the second may be empty; ready only. It may be ready again at once: ask, `sent` is not called then.
 * is_alone: none has just left and none follows; by TLS the peer begins with its first part while we encrypt the rest, at the
 * price of a system call more.
 */
void pipe_send(struct pipe *pipe, TAKE struct text head, TAKE struct text body, bool is_alone);

/* Now and then: a pipe that has carried nothing since the last time gives back what memory it keeps for more. */
void pipe_rest(struct pipe *pipe);

/* A pipe has PIPE_DIAL_MS to connect and greet_ms to become part of a session: then call this. */
void pipe_clear_deadline(struct pipe *pipe);
struct mono pipe_deadline(const struct pipe *pipe);

void pipes_init(struct pipes *pipes, const struct conn_net *net, uint32_t greet_ms);
/* Closes all and waits for nng. */
void pipes_finish(struct pipes *pipes);
void pipes_fini(struct pipes *pipes); /* after operations_stop */
/* Breaks those whose deadline is over, or all get a little longer; when to call it again, at the latest. */
struct mono pipes_turn(struct pipes *pipes, struct mono now, bool is_lenient);

#endif
