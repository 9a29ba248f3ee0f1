/*
 * What the two halves of HTTP/2 share: http2-receive.c is what nghttp2 calls when frames have come, http2.c is the engine around it.
 *
 * Private to them.
 */
#ifndef TRANSPORT_HTTP_ENGINE_HTTP2_PRIVATE_H
#define TRANSPORT_HTTP_ENGINE_HTTP2_PRIVATE_H

#include <assert.h>
#include <nghttp2/nghttp2.h>

#include "transport/http/engine/engine.h"

struct http2 {
	struct http_engine engine;
	nghttp2_session *session;
	struct text *out; /* while it is being filled */
	bool is_leaving;  /* GOAWAY with the last stream's number was submitted */
	bool has_ping;    /* of the peer's, whose answer waits */
	uint8_t ping[8];
};

/* NULL: nobody's any more. */
static inline struct http_stream *http2_stream(struct http2 *http2, int32_t id)
{
	return nghttp2_session_get_stream_user_data(http2->session, id);
}

/* nghttp2 fails in these calls only for want of memory or for a stream that has just been closed. */
static inline void http2_check(int code)
{
	assert(code != NGHTTP2_ERR_NOMEM);
}

/* The stream is given up, `why` is told its owner, and what the peer sent on it counts as read. */
void http2_forget(struct http2 *http2, struct http_stream *stream, enum status why);

/* Gives the answer that waits to be sent; false: there are too many that the peer does not read. */
bool http2_pong(struct http2 *http2);

/* Sets what is called when frames have come. */
void http2_receive(nghttp2_session_callbacks *callbacks);

#endif
