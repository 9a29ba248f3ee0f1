/*
 * A stream from the inside, for the files that make streams. Only for this folder.
 */
#ifndef RUNTIME_LOOP_STREAM_PRIVATE_H
#define RUNTIME_LOOP_STREAM_PRIVATE_H

#include "runtime/loop/loop-private.h"
#include "runtime/loop/stream.h"

struct stream {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct loop *loop;
	struct act_ref owner;
	struct act *act; /* the owner's context, in which it was made or given */
	uint64_t owned;  /* the owner's claim: act_own */
	struct stream_events events;
	void *arg;
	size_t high, low;
	bool is_pipe, is_full, is_closing, is_accepted, is_ended, wants_to_read;
	uv_timer_t *linger; /* of stream_close_after_writes */
	char peer[STREAM_ADDRESS_MAX], local[STREAM_ADDRESS_MAX];
};

/* A stream without a connection: for accept, connect and inherited descriptors. */
GIVE struct stream *stream_new(struct loop *loop, bool is_pipe);
/* It has a connection now: makes `act` its owner and reads its addresses. */
void stream_adopt(struct stream *stream, struct act *act);
/* Gives up one that never had an owner. */
void stream_discard(TAKE struct stream *stream);
/* Listeners that wait for room may go on. */
void stream_listeners_resume(struct loop *loop);
/* "unix:/path": the path; else NULL. */
const char *stream_unix_path(const char *address);
MUST_USE enum status stream_sockaddr(const char *address, uint16_t port,
				     struct sockaddr_storage *out);

#endif
