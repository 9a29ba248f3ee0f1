/*
 * Frames: what hosts send each other over a link. The format alone, without a socket.
 *
 * A frame is a fixed header, which also says how long it is, and a body: the words of a HELLO, or messages one after another, each
 * with its length in front. All numbers are little endian. Whatever comes from a peer is untrusted: decoding refuses (INVALID) what is
 * not exactly a frame of this version. Bounded by LIMIT_FRAME_BYTES, or by one message of LIMIT_MESSAGE_BYTES.
 */
#ifndef TRANSPORT_PEER_FRAME_H
#define TRANSPORT_PEER_FRAME_H

#include <stdint.h>

#include "runtime/actor/far/envelope.h"
#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define FRAME_VERSION 1U
#define FRAME_BYTES 48U /* of the header */
#define FRAME_MESSAGE_MAX (LIMIT_MESSAGE_BYTES + ENVELOPE_BYTES)
#define FRAME_LENGTH_BYTES 4U /* in front of each message */
#define FRAME_MAX (FRAME_BYTES + FRAME_LENGTH_BYTES + FRAME_MESSAGE_MAX)
#define FRAME_TEXT_MAX 255U /* of each of a HELLO's texts */
#define FRAME_HELLO_BODY_MAX (2U * (1U + FRAME_TEXT_MAX))

enum frame_kind {
	FRAME_HELLO = 1, /* the first on a connection: who I am, where I am reached */
	FRAME_DATA,
	FRAME_BEAT, /* no body: I live, and have taken so many bytes */
};

struct frame {
	enum frame_kind kind;
	struct seams_peer from, to; /* to.epoch is 0 in a HELLO, which may be the first contact */
	uint32_t from_session;      /* which of the sender's connections to this peer */
	uint32_t to_session; /* the receiver's, as its HELLO said; 0 in a HELLO that came first */
	uint64_t sequence;   /* of DATA: 1, 2, ... in a session; else 0 */
	uint64_t consumed; /* bytes of DATA frames that the sender has taken from the receiver in this session */
	uint32_t body_bytes;
};

struct frame_hello {
	struct str node_name;
	struct str address; /* IP:PORT for links from other nodes; empty: none */
};

void frame_encode(const struct frame *frame, char out[FRAME_BYTES]);
MUST_USE enum status frame_decode(struct str bytes, struct frame *out, struct str *body);
/* Of the frame that begins with these FRAME_BYTES, header included. INVALID: no frame of ours begins so. */
MUST_USE enum status frame_length(const char *header, uint32_t *out_bytes);

/* Texts over FRAME_TEXT_MAX are a bug of the caller. Returns the number of bytes written. */
uint32_t frame_hello_encode(const struct frame_hello *hello, char out[FRAME_HELLO_BODY_MAX]);
MUST_USE enum status frame_hello_decode(struct str body, struct frame_hello *out);

/* The length in front of a message in a DATA frame, and the next message: loop while body->len > 0. */
void frame_message_encode(uint32_t message_bytes, char out[FRAME_LENGTH_BYTES]);
MUST_USE enum status frame_message_next(struct str *body, struct str *out);

#endif
