/*
 * The HTTP client: an actor that owns connections to one place and makes calls over them.
 *
 * HTTP/1.1 and, when ALPN agrees, HTTP/2; TCP with TLS or without, or a Unix socket. Start it with act_spawn (or under
 * a supervisor) with `http_client_class` and a struct http_client_config; then any actor of the same host opens calls on it by
 * http_call and gets their progress as messages. Connections are kept and used again, dialed when needed, and given up
 * when they break; a call that provably did not reach the server is sent once more on a new connection.
 *
 * Bounds: LIMIT_CLIENT_CONNECTIONS (HTTP/1.1: calls at once; further ones wait), LIMIT_CLIENT_CALLS, the response's head as
 * the server's, its body by the call's own limit, its time by the call's own deadline.
 */
#ifndef TRANSPORT_HTTP_CLIENT_H
#define TRANSPORT_HTTP_CLIENT_H

#include "runtime/actor/act.h"
#include "runtime/base/fault.h"
#include "transport/http/engine/http.h"
#include "transport/tls/context.h"

struct http_call;

struct http_client_config {
	const char *
	    url; /* "https://10.0.0.1:6443", "http://127.0.0.1:8080", "unix:/run/x.sock"; a path in it is ignored */
	struct tls_context *tls; /* for https; its alpn says which versions; a reference is taken */
	struct str server_name;  /* that the certificate must carry; absent: the URL's host */
	uint32_t connect_ms;     /* 0: LIMIT_CONNECT_MS */
	uint32_t connections_max; /* 0: LIMIT_CLIENT_CONNECTIONS */
	bool is_http2_known; /* h2 without TLS ("prior knowledge"): gRPC over Unix sockets, as CRI speaks */
};

extern const struct act_class http_client_class;

/* ---- calls ------------------------------------------------------------------------------------------- */

struct http_request {
	struct str method, path; /* path with its query, encoded */
	struct str authority;    /* absent: the URL's */
	struct http_headers headers;
	struct http_bytes body; /* copied unless it has a release hook, called when the call is closed */
	bool is_body_streamed; /* more by http_call_write, until http_call_end; `body` goes first */
	int64_t body_bytes; /* of a streamed one in all, as the server is told: no more may come, and no less; 0: not known */
	bool is_answer_streamed; /* answered at the head; the body is read by http_call_read */
	struct str upgrade; /* HTTP/1.1: asks for this protocol; on 101 both ways are raw bytes */
	uint32_t timeout_ms; /* until the answer is complete (streamed: its head); 0: LIMIT_REQUEST_MS */
	uint32_t answer_max_bytes; /* of a collected body, else TOO_LARGE; 0: LIMIT_ANSWER_BYTES */
};

/*
 * Opens a call for the running actor. OK: one ACT_ANSWER with this tag will come unless the call is closed before: http_answered, or a
 * status: UNAVAILABLE (not connected, or lost; http_call_fault has words), TIMEOUT, UNAUTHORIZED (certificate), TOO_LARGE, BAD_REQUEST
 * (not HTTP), BUSY (LIMIT_CLIENT_CALLS), GONE (the client actor ended). Strings and headers are copied. `tag` is unique among the
 * actor's open requests. Else as act_request, and there is no call.
 */
MUST_USE enum status http_call(struct act *act, struct act_ref client,
			       const struct http_request *request, uint64_t tag,
			       GIVE struct http_call **out);
/*
 * In a task: opens a call and waits for its answer. OK: *out is answered, whatever its code, and owes http_call_close.
 * Else nothing is left and `why` has the words.
 */
MUST_USE enum status http_fetch(struct act *act, struct act_ref client,
				const struct http_request *request, GIVE struct http_call **out,
				struct fault *why);
/* Owed once for each call, by the actor that opened it (its end does it too); cancels what is not finished. */
void http_call_close(TAKE struct http_call *call);

/* The answer's head, and its whole body unless streamed. The pointer in a message is good while the message is: see http_call_is_closed. */
struct http_answered {
	struct http_call *call;
};
ACT_TYPE_DECLARE(http_answered);

/* Streamed answers: http_call_read has something, or the end. */
struct http_call_readable {
	struct http_call *call;
};
ACT_TYPE_DECLARE(http_call_readable);

/* Streamed requests: what waits has fallen below a quarter of LIMIT_STREAM_BUFFER_BYTES. */
struct http_call_writable {
	struct http_call *call;
};
ACT_TYPE_DECLARE(http_call_writable);

/* A streamed answer broke off after its head. */
struct http_call_broken {
	struct http_call *call;
	enum status why;
};
ACT_TYPE_DECLARE(http_call_broken);

const struct fault *
http_call_fault(const struct http_call *call); /* words for what did not come, or broke off */

/* What the caller keeps about the call; NULL at first and after http_call_close. */
void http_call_set_user(struct http_call *call, void *user);
void *http_call_user(const struct http_call *call);
/* Then a message about it is to be ignored. */
bool http_call_is_closed(const struct http_call *call);

int http_call_code(const struct http_call *call); /* 0 before the answer */
struct http_headers http_call_headers(const struct http_call *call);
struct str http_call_header(const struct http_call *call, struct str name);
struct http_headers http_call_trailers(const struct http_call *call); /* after the end */
struct str http_call_body(const struct http_call *call);

/* Streamed answers: as http_read. */
size_t http_call_read(struct http_call *call, void *out, size_t size, bool *ended);
/* Streamed requests: as http_write. */
bool http_call_write_copy(struct http_call *call, struct str bytes);
void http_call_end(struct http_call *call);

#endif
