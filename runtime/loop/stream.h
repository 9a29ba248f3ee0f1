/*
 * Streams: TCP and Unix connections, as callbacks inside the actor that owns them.
 *
 * Every callback runs as an activation of the owner: act_ calls are legal and act_fail unwinds rightly. None is called
 * from within a call of this header. A stream or listener is closed with its owner. Reading is off until stream_read_start.
 * Writes are bounded: while more than the high-water mark waits stream_write says BUSY, and `on_drain` tells when what waits has
 * fallen from above that mark to the low one.
 * Nothing is encrypted here (transport/tls).
 */
#ifndef RUNTIME_LOOP_STREAM_H
#define RUNTIME_LOOP_STREAM_H

#include "runtime/actor/act.h"
#include "runtime/base/fault.h"

#pragma GCC visibility push(default)

struct stream;
struct stream_listener;

/* The user's data hangs on `arg` of stream_set_arg. NULL members are not called. */
struct stream_events {
	/* Bytes, borrowed for the call. At the end of what the peer sends: status GONE once, without bytes; a broken connection: IO. */
	void (*on_read)(struct act *act, struct stream *stream, struct str bytes,
			enum status status);
	void (*on_drain)(struct act *act, struct stream *stream);
};

#define STREAM_ADDRESS_MAX 112 /* "[v6]:port", "v4:port" or "unix:path" */

struct stream_listen_options {
	const char *address; /* "127.0.0.1", "::", or "unix:/path" (mode 0600, replaces a stale socket) */
	uint16_t port;       /* 0: any, see stream_listener_port */
	bool is_shared_port; /* SO_REUSEPORT: several hosts listen */
	int inherited_fd; /* 0: none; else a bound socket to listen on instead, of which a copy is taken (stream_listen_ahead) */
};

/*
 * Accepts connections. accepted(act, stream, arg) runs in the owner of the listener; the stream is its own. Above LIMIT_CONNECTIONS per loop new ones wait in the kernel's backlog.
 */
MUST_USE enum status stream_listen(struct act *act, const struct stream_listen_options *options,
				   void (*accepted)(struct act *act, struct stream *stream,
						    void *arg),
				   void *arg, struct stream_listener **out, struct fault *why);
uint16_t stream_listener_port(const struct stream_listener *listener);
void stream_listener_pause(struct stream_listener *listener, bool is_paused);
void stream_listener_close(TAKE struct stream_listener *listener);
/* Closes it for all who have the socket: from now on callers are refused, until somebody listens on it again. */
void stream_listener_shut(TAKE struct stream_listener *listener);

/*
 * A listening socket for a process that is still to come, as that one's `inherited_fd`: who calls before it is there, or while it is started
 * again, waits in the kernel and is not refused. The caller closes it.
 */
MUST_USE enum status stream_listen_ahead(const struct stream_listen_options *options, int *out_fd,
					 struct fault *why);

/*
 * Connects to "address" (numeric, or "unix:/path"): connected(act, stream, status, arg) once; if not OK the stream is already gone.
 * Names are resolved by stream_resolve first. TIMEOUT after timeout_ms.
 */
MUST_USE enum status stream_connect(struct act *act, const char *address, uint16_t port,
				    uint32_t timeout_ms,
				    void (*connected)(struct act *act, struct stream *stream,
						      enum status status, void *arg),
				    void *arg);

/* The system's resolver: found(act, addresses, count, status, arg), numeric texts borrowed for the call. */
MUST_USE enum status stream_resolve(struct act *act, const char *name,
				    void (*found)(struct act *act, const char *const *addresses,
						  uint32_t count, enum status status, void *arg),
				    void *arg);

/* Takes over a connected socket or pipe (an inherited one, a child's end). */
MUST_USE enum status stream_open_fd(struct act *act, int fd, struct stream **out);

void stream_set_events(struct stream *stream, const struct stream_events *events, void *arg);
void *stream_arg(const struct stream *stream);
void stream_read_start(struct stream *stream);
void stream_read_stop(struct stream *stream); /* no on_read afterwards; the kernel's buffer fills */

/*
 * Sends all parts in order. The bytes are copied unless done is given: then they are borrowed until done(act, stream, status, arg), which is
 * called exactly once, also on close (CANCELLED) but not if the owner has ended (its arena outlives the write). BUSY: more than
 * the high-water mark is waiting, nothing was taken; GONE: closed or broken.
 */
MUST_USE enum status stream_write(struct stream *stream, const struct str *parts, uint32_t count,
				  void (*done)(struct act *act, struct stream *stream,
					       enum status status, void *arg),
				  void *arg);
/* What the kernel takes at once, in *out_taken, from none to all; nothing is kept. GONE: closed or broken. */
MUST_USE enum status stream_write_some(struct stream *stream, const struct str *parts,
				       uint32_t count, size_t *out_taken);
size_t stream_queued(const struct stream *stream); /* bytes written and not yet with the kernel */
void stream_set_marks(struct stream *stream, size_t high_bytes,
		      size_t low_bytes); /* default 256 and 64 KiB */

/* Says that nothing more will be sent, after what is queued; reading goes on. */
void stream_shutdown(struct stream *stream);
/* Closes now; what is queued is lost. No event afterwards. The pointer is dead. */
void stream_close(TAKE struct stream *stream);
/* Closes once all that is queued has gone out, or after timeout_ms. No event but `done`s afterwards. */
void stream_close_after_writes(TAKE struct stream *stream, uint32_t timeout_ms);

const char *stream_peer(const struct stream *stream); /* its address and port as text */
/* Of a Unix socket: who is at the other end, as the kernel says. NOT_FOUND: not a Unix socket. */
MUST_USE enum status stream_peer_ids(const struct stream *stream, uint32_t *out_uid,
				     uint32_t *out_gid, int64_t *out_pid);

/* ---- outside of actors: for links between hosts ------------------------------------------------------------ */

struct loop;

/*
 * The same for a maker that is no actor: callbacks run on the loop's thread between two turns of its host and get no `act`. It
 * closes what it made before loop_close. These listeners do not wait for room: however many clients there are, links come about.
 */
MUST_USE enum status
stream_listen_outside(struct loop *loop, const struct stream_listen_options *options,
		      void (*accepted)(struct act *none, struct stream *stream, void *arg),
		      void *arg, struct stream_listener **out, struct fault *why);
MUST_USE enum status stream_connect_outside(
    struct loop *loop, const char *address, uint16_t port, uint32_t timeout_ms,
    void (*connected)(struct act *none, struct stream *stream, enum status status, void *arg),
    void *arg);

#pragma GCC visibility pop

#endif
