/*
 * A stream from the inside, for the files that make streams. Only for this folder.
 */
#ifndef RUNTIME_LOOP_STREAM_PRIVATE_H
#define RUNTIME_LOOP_STREAM_PRIVATE_H

#include "runtime/loop/loop-private.h"
#include "runtime/loop/stream.h"

/* Whom callbacks are for: an actor that may end meanwhile, or somebody outside of all of them. */
struct stream_owner {
	struct loop *loop;
	struct act *act;    /* the context in which the owner was made or given; NULL: outside */
	struct act_ref ref; /* nil: outside, or it has ended */
	uint64_t claim;     /* act_own; 0: none */
};

struct stream {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct loop *loop;
	struct stream_owner owner;
	struct stream_events events;
	void *arg;
	size_t high, low;
	bool is_pipe, is_full, is_closing, is_accepted, is_ended, wants_to_read;
	uv_timer_t *linger; /* of stream_close_after_writes */
	char peer[STREAM_ADDRESS_MAX];
};

/* A stream without a connection: for accept, connect and inherited descriptors. */
GIVE struct stream *stream_new(struct loop *loop, bool is_pipe);
/* It has a connection now: makes `act` (NULL: nobody) its owner and reads whose it is. */
void stream_adopt(struct stream *stream, struct act *act);

/* `release(arg)` is called when the actor ends. */
struct stream_owner stream_owner_of(struct loop *loop, struct act *act, void (*release)(void *arg),
				    void *arg);
void stream_owner_leave(struct stream_owner *owner); /* no more `release` */
/* As act_host_enter; outside of actors a plain call with nothing. */
bool stream_owner_enter(const struct stream_owner *owner,
			void (*fn)(struct act *act, void *state, void *arg), void *arg);
/* Gives up one that never had an owner. */
void stream_discard(TAKE struct stream *stream);
/* Nobody waits for a connection any more: the loop ends. */
void stream_connects_end(struct loop *loop);
/* Listeners that wait for room may go on. */
void stream_listeners_resume(struct loop *loop);
/* "unix:/path": the path; else NULL. */
const char *stream_unix_path(const char *address);
MUST_USE enum status stream_sockaddr(const char *address, uint16_t port,
				     struct sockaddr_storage *out);

#endif
