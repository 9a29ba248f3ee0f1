/*
 * What http-parser lets through and others may read differently: lines that go on in the next one, chunks that do not end where they
 * say (RFC 9112, 5.2 and 7.1). Where two readers of one connection differ, a request can hide in another.
 *
 * For http1.c, which shows each piece before the parser gets it. Pure; nothing is kept of what passes.
 */
#ifndef TRANSPORT_HTTP_ENGINE_HTTP1_STRICT_H
#define TRANSPORT_HTTP_ENGINE_HTTP1_STRICT_H

#include "runtime/base/base.h"

/* All zero: before a head. */
struct http1_strict {
	enum {
		STRICT_BEFORE, /* empty lines before a head are passed over */
		STRICT_HEAD,
		STRICT_LINE,    /* a line of the head has ended */
		STRICT_OVER,    /* the head has: until http1_strict_chunks all is a body */
		STRICT_HEAD_LF, /* the head's last byte, which the parser has left */
		STRICT_SIZE,
		STRICT_EXTENSION,
		STRICT_SIZE_LF,
		STRICT_DATA,
		STRICT_CR,
		STRICT_LF,
		STRICT_TRAILERS, /* the beginning of a line */
		STRICT_TRAILER,
		STRICT_LAST_LF,
		STRICT_END, /* what follows is the next message's */
	} state;
	uint64_t left;  /* of the chunk */
	uint32_t count; /* of digits, or of bytes of an extension */
};

/* The head is over, and a body in chunks follows. */
void http1_strict_chunks(struct http1_strict *strict);
/* NULL: nothing to complain of; else what, for the answer of 400. */
const char *http1_strict_look(struct http1_strict *strict, struct str bytes);

#endif
