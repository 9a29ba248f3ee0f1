/*
 * What the two halves of HTTP/1 share: http1-parse.c takes a message in piece by piece, http1.c is the engine around it.
 *
 * Private to them. http1_settings is given to http-parser, whose `data` is the struct http1; where it stops the parser, the
 * reason stands in `refusal`, or the stream was given up by its owner.
 */
#ifndef TRANSPORT_HTTP_ENGINE_HTTP1_PRIVATE_H
#define TRANSPORT_HTTP_ENGINE_HTTP1_PRIVATE_H

#include <http_parser.h>

#include "transport/http/engine/engine.h"
#include "transport/http/engine/http1-strict.h"

struct http1 {
	struct http_engine engine;
	struct http_parser parser;
	struct http_stream *stream;
	struct http_queue control; /* heads and interim answers, before the body */
	struct text target;        /* in the stream's arena */
	enum { LINE_NONE, LINE_NAME, LINE_VALUE } line;
	uint32_t name_at; /* where the current name begins in in_lines */
	int refusal;      /* the code, when a callback stops the parser */
	const char *refusal_why;
	bool is_keeping_alive;               /* as the peer's message wants it */
	bool is_out_chunked, is_out_closing; /* of the message going out */
	bool is_out_finished;
	struct http1_strict strict; /* of a server: what comes is looked at before it is parsed */
	bool is_at_head;            /* the parser has stopped there, before a body in chunks */
};

extern const struct http_parser_settings http1_settings;

#endif
