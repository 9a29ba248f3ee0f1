/*
 * WebSocket (RFC 6455), the server's end: the answer to a handshake, heads of frames that go out, and a reader of what comes.
 *
 * Nothing here does input or output: after http_upgrade() the owner writes heads and payloads with http_write() and feeds the reader with
 * what http_read() gives. Messages in several frames are given frame by frame.
 */
#ifndef TRANSPORT_HTTP_UPGRADE_WEBSOCKET_H
#define TRANSPORT_HTTP_UPGRADE_WEBSOCKET_H

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/text.h"
#include "transport/http/engine/http.h"

#define WEBSOCKET_PROTOCOL "websocket"

/* Section 5.2. */
enum websocket_kind {
	WEBSOCKET_MORE = 0, /* of the message before */
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

/* Section 7.4.1. */
enum websocket_code {
	WEBSOCKET_DONE = 1000,
	WEBSOCKET_BROKEN = 1002, /* the protocol */
	WEBSOCKET_LARGE = 1009,
};

/* ---- handshake -------------------------------------------------------------------------------------------------- */

/*
 * The headers of the answer to a handshake, in the arena: the accepted key, and the first protocol that was offered, if any. INVALID, with
 * words: it is of another version than 13, or its key is none.
 */
MUST_USE enum status websocket_answer(struct http_headers asked, struct arena *arena,
				      struct http_headers *out, struct fault *why);

/* ---- out -------------------------------------------------------------------------------------------------------- */

#define WEBSOCKET_HEAD_MAX 10U
/* The head of a whole message of so many bytes in one frame; gives its own length. */
uint32_t websocket_head(enum websocket_kind kind, uint64_t len, uint8_t out[WEBSOCKET_HEAD_MAX]);
/* The payload of a frame that closes. */
#define WEBSOCKET_CLOSE_BYTES 2U
void websocket_close_payload(enum websocket_code code, uint8_t out[WEBSOCKET_CLOSE_BYTES]);

/* ---- in --------------------------------------------------------------------------------------------------------- */

struct websocket_frame {
	enum websocket_kind kind;
	bool is_final;
	struct str payload; /* good until the reader is asked or fed again */
};

struct websocket_reader {
	struct text in;
	uint32_t taken; /* of it, by the frame that was given last */
	uint32_t max;
	bool is_in_message;
};

/* `max`: the payload's bytes of one frame. */
void websocket_reader_init(struct websocket_reader *reader, uint32_t max);
void websocket_reader_fini(struct websocket_reader *reader);
/* How many bytes it takes before it is asked again. */
uint32_t websocket_reader_room(const struct websocket_reader *reader);
void websocket_reader_feed(struct websocket_reader *reader, struct str bytes);
/*
 * The next frame, its payload unmasked. NOT_FOUND: it has not come whole; INVALID: the protocol is broken; TOO_LARGE. After the last two
 * the reader gives nothing any more.
 */
MUST_USE enum status websocket_reader_next(struct websocket_reader *reader,
					   struct websocket_frame *out);

#endif
