/*
 * The HTTP server: an actor that owns listeners and connections and hands requests to a handler actor.
 *
 * Speaks HTTP/1.1 (1.0 too) and, when ALPN agreed on it, HTTP/2; with TLS or without. It knows nothing of what requests
 * mean. Start it under a supervisor with `http_server_class` and a struct http_server_config; the handler is an actor of the
 * same host, known by name, so that either may be restarted alone. For each request the handler gets `http_asked`
 * with a struct http_exchange, answers by the calls below at any time and in any order, and ends with http_done.
 *
 * Calls on an exchange are plain functions, legal in the handler's activations and tasks. They never block and never fail for the
 * peer's sake: when it has gone, `http_gone` says so and further answers are released unsent. What is answered within one
 * turn of the loop leaves as one TLS record or socket write a connection.
 *
 * Bounds: LIMIT_CONNECTIONS, LIMIT_STREAMS, LIMIT_HEADER_BYTES, LIMIT_HEADERS, LIMIT_BODY_BYTES, LIMIT_BODIES_BYTES,
 * LIMIT_STREAM_BUFFER_BYTES, LIMIT_HTTP_IDLE_MS, LIMIT_HTTP_HEAD_MS, LIMIT_HTTP_STALL_MS. What breaks one is refused with a code
 * (413, 431, 503, ...) whose body the config may word.
 */
#ifndef TRANSPORT_HTTP_SERVER_H
#define TRANSPORT_HTTP_SERVER_H

#include "runtime/actor/act.h"
#include "transport/http/engine/http.h"
#include "transport/tls/certificate.h"
#include "transport/tls/context.h"

struct http_exchange;

/* ---- the server ---------------------------------------------------------------------------------- */

#define HTTP_LISTENERS_MAX 8U
#define HTTP_PLACES_MAX 4U

/* Requests whose path begins so go to another handler. */
struct http_place {
	const char *prefix;  /* "/troupe/" */
	const char *handler; /* a registered name, as in the config */
};

struct http_listener {
	/* "127.0.0.1:6443", "[::]:6443", port 0 for any free one, or "unix:/run/x.sock" (made with mode 0600). */
	const char *address;
	struct tls_context *tls; /* NULL: plain; a reference is taken */
	bool is_shared;          /* SO_REUSEPORT: other processes listen on the same port */
	int inherited_fd; /* that address, bound already (http_listen_ahead); 0: not yet. Draining closes it for all who have it */
};

struct http_server_config {
	const struct http_listener *listeners;
	uint32_t listener_count;
	const char *handler; /* the registered name of the actor that gets the requests */
	const struct http_place *places; /* but for these; the first that fits */
	uint32_t place_count;

	/* 0 for the limits of limits.h; smaller ones are for tests. */
	uint32_t body_max_bytes;
	uint32_t connections_max;
	uint32_t stream_buffer_bytes;
	uint32_t idle_ms, head_ms, stall_ms;

	/*
	 * Asked when a head is complete: true has the request delivered at once and its body by http_read as it comes, with no
	 * limit on the whole (gRPC, uploads). NULL: never; bodies are collected.
	 */
	bool (*is_streamed)(void *arg, const struct http_exchange *exchange);
	/*
	 * The body of a refusal that the server makes itself: `code` is 400, 408, 413, 417, 431, 500 or 503. Made in `arena`; sets
	 * *out_type to its content-type. NULL: `why` as text/plain.
	 */
	struct str (*refusal)(void *arg, struct arena *arena, int code, const char *why,
			      struct str *out_type);
	void *arg;
};

/* Its args are a struct http_server_config, borrowed while it lives. init fails with words in the log when it cannot listen. */
extern const struct act_class http_server_class;

/* The address as an http_listener of a process that is still to come may inherit it; see stream_listen_ahead. */
MUST_USE enum status http_listen_ahead(const char *address, int *out_fd, struct fault *why);

/*
 * To the handler, if it is there, once all listeners stand; `ports` in their order (0 for Unix sockets). Sent to the server as a request, it
 * is answered with the same.
 */
struct http_listening {
	struct act_ref server;
	uint32_t count;
	uint16_t ports[HTTP_LISTENERS_MAX];
};
ACT_TYPE_DECLARE(http_listening);

/*
 * To the server: take no new connections, say GOAWAY (HTTP/1.1: `connection: close`), finish what is under way, close all after
 * `grace_ms` at the latest. Answered with http_drained when sent as a request. Stopping the actor closes without grace.
 */
struct http_drain {
	uint32_t grace_ms;
};
ACT_TYPE_DECLARE(http_drain);
struct http_drained {
	uint32_t cut; /* exchanges that were not finished in time */
};
ACT_TYPE_DECLARE(http_drained);

/* To the server, as a request, answered with the same type filled. */
struct http_server_stats {
	uint64_t connections_total, requests_total, refused_total;
	uint64_t received_bytes, sent_bytes; /* on the wire */
	uint32_t connections, exchanges;
};
ACT_TYPE_DECLARE(http_server_stats);

/* ---- messages to the handler ----------------------------------------------------------------------- */

/*
 * The pointer in a message stays good while the message does, also if http_done was called when it was on its way: then
 * http_is_done(exchange), and the message is to be ignored.
 */

/* A request: its head, and all of its body unless it is streamed. */
struct http_asked {
	struct http_exchange *exchange;
};
ACT_TYPE_DECLARE(http_asked);

/* What is buffered for the peer has fallen below a quarter of the mark that http_write reported. */
struct http_writable {
	struct http_exchange *exchange;
};
ACT_TYPE_DECLARE(http_writable);

/* Streamed or upgraded: http_read has something, or the end. */
struct http_readable {
	struct http_exchange *exchange;
};
ACT_TYPE_DECLARE(http_readable);

/*
 * The peer has reset the stream or closed the connection, or the server had to, before the answer was handed over in
 * full. Nothing more will be said about this exchange; it stays readable until http_done, which is still owed.
 */
struct http_gone {
	struct http_exchange *exchange;
	enum status why; /* CANCELLED: the peer; TIMEOUT: a limit of time; UNAVAILABLE: the server stops */
};
ACT_TYPE_DECLARE(http_gone);

/* ---- the request --------------------------------------------------------------------------------------- */

/* All of it lives in the exchange's arena. */
struct arena *http_arena(struct http_exchange *exchange);

struct str http_method(const struct http_exchange *exchange);
struct str http_path(const struct http_exchange *exchange); /* still percent-encoded: url_decode */
struct str
http_authority(const struct http_exchange *exchange); /* host and port as the asker names us */
struct str http_query(const struct http_exchange *exchange); /* without `?`; absent when none */
struct http_headers http_request_headers(const struct http_exchange *exchange);
struct str http_request_header(const struct http_exchange *exchange, struct str name);
struct str http_body(const struct http_exchange *exchange); /* empty when none or streamed */
enum http_version http_version(const struct http_exchange *exchange);

/* The peer's verified certificate, NULL when it showed none that is good. Shared by the connection's exchanges. */
const struct certificate_info *http_peer_certificate(const struct http_exchange *exchange);
/* What the peer has shown, as PEM, believed or not; absent: nothing, or its connection has ended. Made anew each time. */
struct str http_peer_pem(struct http_exchange *exchange);
/* It showed one that is not to be believed: a credential, but nobody's. */
bool http_peer_is_doubtful(const struct http_exchange *exchange);
struct str http_remote(const struct http_exchange *exchange); /* "10.0.0.7:51312"; "unix" */
uint32_t http_listener_index(const struct http_exchange *exchange);

/* What the handler keeps about the exchange; NULL at first and after http_done. */
void http_set_user(struct http_exchange *exchange, void *user);
void *http_user(const struct http_exchange *exchange);

/* ---- the answer ------------------------------------------------------------------------------------------ */

/*
 * Answers with a whole body (content-length is added; also `date`, and what the version needs for framing, which `headers` must not
 * name). Header names in lower case. Headers are read within the call; the body is borrowed until it is sent: data without a
 * release hook must lie in the exchange's arena or be constant. For HEAD the body is counted and not sent.
 */
void http_respond(struct http_exchange *exchange, int code, struct http_headers headers,
		  struct http_bytes body);
/* The same with a body in parts; they and their array lie in the exchange's arena, or are kept by it. */
void http_respond_parts(struct http_exchange *exchange, int code, struct http_headers headers,
			struct http_parts body);

/* Or in pieces: begin, any number of writes, end. */
void http_begin(struct http_exchange *exchange, int code, struct http_headers headers);
/*
 * Borrowed as above. Gives false when more than LIMIT_STREAM_BUFFER_BYTES are waiting: go on after http_writable. A
 * handler that goes on all the same is only bounded by itself.
 */
bool http_write(struct http_exchange *exchange, struct http_bytes bytes);
/* The same behind some bytes that are copied; none of both empty. */
bool http_write_headed(struct http_exchange *exchange, struct str head, struct http_bytes bytes);
/* As many pieces at once, none of them empty; they and their array are borrowed as above. */
bool http_write_parts(struct http_exchange *exchange, struct http_parts parts);
bool http_write_copy(struct http_exchange *exchange, struct str bytes); /* small pieces are joined */
/*
 * An answer in pieces that will last: all that is known of the request goes, and the exchange's arena with it, whatever else lies
 * there. From then on what is written is copied or has a release hook, there are no trailers, and the calls below "the request" are
 * over but for http_user and http_set_user. False: nothing has happened, for the answer has not begun or the request is not whole.
 */
bool http_settle(struct http_exchange *exchange);
bool http_is_settled(const struct http_exchange *exchange);
void http_end(struct http_exchange *exchange);
/* End with trailer fields (gRPC); HTTP/1.1 sends them when the body is chunked. */
void http_end_trailers(struct http_exchange *exchange, struct http_headers trailers);
size_t http_buffered(const struct http_exchange *exchange);
/* The answer cannot be finished: the peer sees a reset (HTTP/2) or the connection close. */
void http_abort(struct http_exchange *exchange);

bool http_is_begun(const struct http_exchange *exchange); /* a code was sent, it cannot be changed */
bool http_is_done(const struct http_exchange *exchange);

/* Its connection takes no more requests: GOAWAY, or `connection: close` where the answer has not begun; what is under way is finished. */
void http_leave(struct http_exchange *exchange);

/* The handler will not touch it again. Owed once for each http_asked. Unanswered: 500, half answered: as http_abort. */
void http_done(struct http_exchange *exchange);

/* ---- bodies that are streamed, and upgraded connections ----------------------------------------------------- */

/*
 * Takes up to `size` bytes of what came; 0 when there is nothing now: http_readable will come, unless *ended. The peer
 * is slowed down by what is not taken.
 */
size_t http_read(struct http_exchange *exchange, void *out, size_t size, bool *ended);

bool http_is_streamed(const struct http_exchange *exchange);
/* All of the body has come: else an end that http_read tells of is that of the connection. */
bool http_is_whole(const struct http_exchange *exchange);

/* What the request wants to upgrade to (`SPDY/3.1`, `websocket`); absent: none, or not HTTP/1.1. */
struct str http_upgrade_wanted(const struct http_exchange *exchange);
/* Answers 101 with `upgrade` and `connection` added; from then on http_read and http_write are the raw bytes both ways. */
void http_upgrade(struct http_exchange *exchange, struct str protocol, struct http_headers headers);

#endif
