/*
 * Engines: one connection of HTTP/1.1 (http1.c) or HTTP/2 (http2.c) as a machine of bytes, for both roles.
 *
 * Private to transport/http. An engine knows no socket, no TLS and no clock: its owner (a connection of server.c or client.c) feeds
 * it what was received, and lets it fill a buffer with what is to be sent. It reports through a table of events and works on
 * streams that the owner embeds in its exchanges and calls. Nothing it does calls an actor, so it runs the same in a fuzzer.
 *
 *   feed: bytes -> opened, head, body..., ended          a message has come
 *   http_stream_begin, queue, http_stream_end -> fill    a message goes out
 *   closed: the last that is heard of a stream; the engine has forgotten it
 */
#ifndef TRANSPORT_HTTP_ENGINE_ENGINE_H
#define TRANSPORT_HTTP_ENGINE_ENGINE_H

#include "runtime/base/arena.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/text.h"
#include "transport/http/engine/http.h"
#include "transport/http/engine/queue.h"

struct http_memory;

/*
 * At most so much leaves in one write. With its TLS records it is one segment of the loopback, whose packets have 64 KiB: a few bytes more
 * would be a second one, with an interrupt and a wake-up of its own.
 */
#define HTTP_FILL_BYTES (4U * HTTP_FRAME_BYTES)
/* HTTP/2: of a body at most, with its head; it goes into one record. */
#define HTTP_FRAME_BYTES 16320U

/* What begins a message; in a request everything but `code` counts, in a response only version, code and headers. */
struct http_head {
	enum http_version version;
	int code;
	struct str method, target, scheme, authority;
	struct http_headers headers;
	int64_t content_length; /* of the body; HTTP_LENGTH_UNKNOWN */
};
#define HTTP_LENGTH_UNKNOWN (-1)

/* One request and its response. The owner embeds it, gives it an arena, and keeps it until `closed`. */
struct http_stream {
	struct http_engine *engine; /* NULL before it is opened and after it was closed */
	struct arena *arena;        /* NULL: it has settled */
	struct list link;           /* in engine->streams */
	int32_t id;                 /* HTTP/2's; 0 in HTTP/1 */

	struct http_head in;
	struct http_headers in_trailers;
	struct text in_lines; /* name NUL value NUL ..., while a head or trailer comes in */
	uint32_t in_line_count;
	bool has_in_head, is_in_ended;
	size_t unconsumed_bytes; /* given to `body`, not yet to http_stream_consume */

	struct http_queue out;
	struct http_headers out_trailers; /* in the arena */
	bool is_out_begun;                /* the head was given */
	bool is_out_ended;                /* all of the body was given */
	bool is_out_hidden; /* a response to HEAD, or of a code without a body: counted, not sent */
	bool is_raw;        /* HTTP/1, after 101: bytes both ways */
	bool is_in_unwanted; /* raw: nobody reads any more, so our end is the end of both ways */
	bool is_waiting;     /* HTTP/2: nghttp2 was told that there is nothing to send yet */
};

/*
 * What an engine tells its owner. An event may call http_stream_begin, queue, end, consume and reset on any stream of
 * this engine (reset: `closed` follows before the feed or fill returns), and never feed, fill or free.
 */
struct http_events {
	/* Server: a request begins. Gives the stream for it, with an arena; NULL refuses it. */
	struct http_stream *(*opened)(void *owner);
	/* The head is complete, in stream->in. A server's owner that answers at once gets no body (HTTP/1: the connection ends with the answer). */
	void (*head)(void *owner, struct http_stream *stream);
	void (*body)(void *owner, struct http_stream *stream, struct str bytes);
	void (*ended)(void *owner,
		      struct http_stream *stream); /* nothing more comes on it; trailers are in */
	/* Bytes of its queue were moved out. */
	void (*moved)(void *owner, struct http_stream *stream);
	/*
	 * OK: both directions were finished. CANCELLED: the peer reset it or went away in the midst. For a client also
	 * UNAVAILABLE: never begun by the server, safe to repeat; GONE: the connection ended before an answer began; BAD_REQUEST: not HTTP.
	 */
	void (*closed)(void *owner, struct http_stream *stream, enum status why);
	/*
	 * Server, HTTP/1: what came cannot be a request (400, 413, 431, 501, 505). The owner gives the body of the refusal; the
	 * engine sends it and is done. No stream is open then.
	 */
	struct str (*refused)(void *owner, int code, const char *why, struct str *out_type);
};

struct http_engine {
	const struct http_engine_class *class;
	const struct http_events *events;
	void *owner;
	struct list streams;
	uint32_t stream_count;
	const struct str *date; /* server: the header's value, kept fresh by the owner; NULL: none */
	bool is_server;
	bool is_draining; /* takes no further requests (server) or calls (client) */
	bool is_done;     /* takes nothing more in; when fill gives nothing, close the connection */
	bool is_held; /* feed takes nothing until a stream moves on: keep the rest, stop reading */
	bool is_out_over; /* nothing more will be sent but things may still come: end our half of the connection */
	bool is_cut; /* is_done, and the peer is not to take what it got for whole: close at once, without a farewell */
	uint64_t pongs;     /* HTTP/2: answers to http_engine_ping */
	struct fault fault; /* why is_done, if it was an error */
};

/* What tells the two versions apart; `start` to `reset` stand behind the functions below with the same checks for both. */
struct http_engine_class {
	enum http_version version;
	void (*free)(struct http_engine *engine);
	void (*feed)(struct http_engine *engine, struct str *in);
	void (*feed_end)(struct http_engine *engine);
	void (*fill)(struct http_engine *engine, struct text *out);
	bool (*has_output)(const struct http_engine *engine);
	bool (*is_patient)(const struct http_engine *engine);
	void (*pong)(struct http_engine *engine);
	void (*drain)(struct http_engine *engine);
	bool (*ping)(struct http_engine *engine);
	void (*start)(struct http_stream *stream, const struct http_head *head, bool has_body);
	void (*begin)(struct http_stream *stream, const struct http_head *head, bool has_body);
	void (*poke)(struct http_stream *stream); /* its queue or its end has changed */
	void (*settle)(struct http_stream *
			   stream); /* nothing may point into its arena any more; NULL: nothing does */
	void (*consume)(struct http_stream *stream, size_t bytes);
	void (*reset)(struct http_stream *stream);
};

GIVE struct http_engine *http1_new(bool is_server, const struct http_events *events, void *owner);
GIVE struct http_engine *http2_new(bool is_server, const struct http_events *events, void *owner);
/* A server's, whose streams lie where those of others do; the memory outlives it. */
GIVE struct http_engine *http2_new_in(struct http_memory *memory, const struct http_events *events,
				      void *owner);
/* Open streams get `closed` with CANCELLED first. */
void http_engine_free(TAKE struct http_engine *engine);
/* The connection broke: a client's streams that have heard nothing are closed as GONE, as at its orderly end. */
void http_engine_lose(struct http_engine *engine);

/* Takes from the front of `*in`; what is left is kept by the owner and fed again when is_held is false, or dropped when is_done. */
void http_engine_feed(struct http_engine *engine, struct str *in);
void http_engine_feed_end(struct http_engine *engine); /* the peer sends no more */
/* Appends what is to be sent while there is room in out->max; to be called until it appends nothing. */
void http_engine_fill(struct http_engine *engine, struct text *out);
/* Whether fill would append something now. */
bool http_engine_has_output(const struct http_engine *engine);
/* Server: whether the answer to a ping waits for something to go with; has_output knows nothing of it until pong lets it go. */
bool http_engine_is_patient(const struct http_engine *engine);
void http_engine_pong(struct http_engine *engine);
/* Takes no more requests: GOAWAY, or `connection: close` with the next answer; is_done when the streams have ended. */
void http_engine_drain(struct http_engine *engine);
/* HTTP/2: asks for a sign of life; false in HTTP/1. */
bool http_engine_ping(struct http_engine *engine);

/* Client: opens a stream with a request. HTTP/1: only when there is none. The body follows through the queue; `has_body` as in begin. */
void http_engine_start(struct http_engine *engine, struct http_stream *stream,
		       const struct http_head *head, bool has_body);
/* Server: begins the response. Without a body it also ends. 1xx but 101 may come before. */
void http_stream_begin(struct http_stream *stream, const struct http_head *head, bool has_body);
/* Bytes for the peer: into stream->out; then poke. Ignored when the stream was closed (released at once). */
void http_stream_add(struct http_stream *stream, struct http_bytes bytes);
void http_stream_add_headed(struct http_stream *stream, struct str head, struct http_bytes bytes);
void http_stream_add_parts(struct http_stream *stream, struct http_parts parts);
void http_stream_copy(struct http_stream *stream, struct str bytes);
/* Moves all that waits in another queue behind it. */
void http_stream_take(struct http_stream *stream, struct http_queue *from);
void http_stream_end(struct http_stream *stream, struct http_headers trailers);
/* Server: the request has come, the answer has begun and will last: what is known of the request is forgotten, the arena is the owner's to free. */
void http_stream_settle(struct http_stream *stream);
/* What `body` gave has been dealt with: lets the peer send as much again. */
void http_stream_consume(struct http_stream *stream, size_t bytes);
/* Nobody will read what still comes on it. An answer that is to come is sent all the same; then it is over. */
void http_stream_leave(struct http_stream *stream);
/* Gives it up; `closed` is called with CANCELLED, at once or before the next feed or fill returns. HTTP/1: the connection is cut. */
void http_stream_reset(struct http_stream *stream);

/* ---- for the engines ---------------------------------------------------------------------------- */

void http_engine_init(struct http_engine *engine, const struct http_engine_class *class,
		      bool is_server, const struct http_events *events, void *owner);
/* Takes the stream into the engine, cleared but for its arena. */
void http_engine_adopt(struct http_engine *engine, struct http_stream *stream);
/* Forgets it, empties its queue and says `closed`. */
void http_engine_forget(struct http_stream *stream, enum status why);

/* Collects one header line; false past LIMIT_HEADER_BYTES or LIMIT_HEADERS. Names must be in lower case. */
bool http_stream_line(struct http_stream *stream, struct str name, struct str value);
/* The lines so far as headers in the stream's arena; begins anew. */
struct http_headers http_stream_lines(struct http_stream *stream);
/* Checks and takes over what the headers say of length; BAD_REQUEST if it is no number. */
MUST_USE enum status http_stream_read_length(struct http_stream *stream);
/* Headers that the framing owns and callers may not name: connection, transfer-encoding, content-length, ... */
bool http_header_is_framing(struct str name);

#endif
