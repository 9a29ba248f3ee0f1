/*
 * A stranger who says anything to an HTTP engine: a server that is spoken to, or a client that has asked.
 *
 * Whatever comes, and however it is cut: every stream that is opened is closed once, what is released is released once, and a held
 * engine goes on when its stream is answered.
 */
#ifndef TESTS_FUZZ_TRANSPORT_STRANGER_H
#define TESTS_FUZZ_TRANSPORT_STRANGER_H

#include "transport/http/engine/engine.h"

typedef struct http_engine *stranger_make_fn(bool is_server, const struct http_events *events,
					     void *owner);

/* The first byte: bit 0 the role, bit 1 whether the owner is slow to take bodies, the others how the rest is cut. */
void stranger_talk(stranger_make_fn *make, struct str input);

#endif
