/*
 * gRPC over HTTP/2: messages in bodies, statuses in trailers, deadlines in a header.
 *
 * For handlers of an http server whose listener agrees on "h2". What a message means is not known here. A call is one
 * exchange: grpc_check, then its messages (grpc_only of a collected body, or a struct grpc_reader over http_read), then any
 * number of grpc_send and one grpc_end; http_done is still the handler's. The wire form is that of gRPC's "PROTOCOL-HTTP2":
 * five bytes (compressed or not, length) before each message, `grpc-status` and a percent-encoded `grpc-message` at the end. The other end is an
 * http client's call, whose answer grpc_answer reads.
 *
 * Bounds: a message has the reader's maximum (grpc-go's servers: 4 MiB, etcd's: 2 MiB); what is larger ends the call with
 * RESOURCE_EXHAUSTED before it is taken into memory. Compressed messages are refused with UNIMPLEMENTED, as the protocol asks.
 */
#ifndef TRANSPORT_HTTP_GRPC_H
#define TRANSPORT_HTTP_GRPC_H

#include "runtime/base/text.h"
#include "transport/http/client.h"
#include "transport/http/server.h"

/* The numbers are gRPC's. */
enum grpc_code {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_NOT_FOUND = 5,
	GRPC_ALREADY_EXISTS = 6,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_FAILED_PRECONDITION = 9,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS = 15,
	GRPC_UNAUTHENTICATED = 16,
};

#define GRPC_PREFIX_BYTES 5U

/* How a call ends that is not OK; words are constant or in the call's arena. */
struct grpc_fault {
	enum grpc_code code;
	struct str words;
};

/* ---- what comes ---------------------------------------------------------------------------------------- */

/* Whether the request is a gRPC call. If not, it is answered with an HTTP code that says what is wrong, and only http_done is left. */
bool grpc_check(struct http_exchange *exchange);

/* What grpc-timeout leaves from the request's first byte on, in ms; 0: the caller waits for ever, or its header cannot be read. */
uint64_t grpc_timeout_ms(const struct http_exchange *exchange);
/* The header's value: up to eight digits and a unit (H M S m u n); 0 for anything else, 1 at least for what can be read. */
uint64_t grpc_timeout_read(struct str value);

/* The one message of a collected body. False: `why` says how the call ends. */
bool grpc_only(struct str body, uint32_t message_max_bytes, struct str *out, struct grpc_fault *why);

/* Messages out of a streamed body. */
struct grpc_reader {
	struct text bytes; /* of the message that is not whole yet, and what follows it */
	uint32_t taken;    /* of them, by messages that were given */
	uint32_t message_max_bytes;
	struct grpc_fault fault; /* code OK: none */
};

struct grpc_reader grpc_reader_new(uint32_t message_max_bytes);
void grpc_reader_fini(struct grpc_reader *reader);
/* The next whole message, good until the reader is fed again. False: there is none, or there is a fault. */
bool grpc_reader_next(struct grpc_reader *reader, struct str *out);
/* More bytes, once grpc_reader_next has given false. */
void grpc_reader_feed(struct grpc_reader *reader, struct str bytes);
/* The body has ended: false when it did so within a message. */
bool grpc_reader_is_whole(const struct grpc_reader *reader);

/* ---- what goes ------------------------------------------------------------------------------------------ */

/* Goes in front of a message of this length. */
void grpc_prefix(uint8_t out[GRPC_PREFIX_BYTES], uint32_t len);

/* One message, its prefix included. Begins the answer if that was not done. As http_write: false when the peer is slow. */
bool grpc_send(struct http_exchange *exchange, struct http_bytes prefixed);
/* The same of one that begins with what is copied, its prefix included, and ends with what others may have, too. */
bool grpc_send_headed(struct http_exchange *exchange, struct str prefixed, struct http_bytes rest);
/* The same of a message in parts (http_write_parts); the first begins with the prefix. */
bool grpc_send_parts(struct http_exchange *exchange, struct http_parts prefixed);
/* The status; the answer is over. */
void grpc_end(struct http_exchange *exchange, struct grpc_fault status);

/* ---- the other end ------------------------------------------------------------------------------------- */

/*
 * The one message of a call's answer, good until the call is closed. OK, whatever `status` says; there is a message only if that says
 * GRPC_OK. UNAVAILABLE with words: who answered does not speak gRPC.
 */
MUST_USE enum status grpc_answer(const struct http_call *call, uint32_t message_max_bytes,
				 struct str *out, struct grpc_fault *status, struct fault *why);

/* Printable ASCII but `%` and spaces at either end as it is, the rest as %XX. */
struct str grpc_message_encode(struct str words, struct arena *arena);

#endif
