/*
 * Memory for what nghttp2 keeps of each stream, shared by the connections of one server: items of one size lie close together, so
 * that streams that last do not hold the pages on which requests came and went. All else that it takes comes from the heap.
 */
#ifndef TRANSPORT_HTTP_ENGINE_MEMORY_H
#define TRANSPORT_HTTP_ENGINE_MEMORY_H

#include <stddef.h>

#include "runtime/base/slab.h"

#define HTTP_MEMORY_CLASSES 8U /* of 144 to 256 bytes: a stream, and what waits to be sent on it */

struct http_memory {
	struct slab slabs[HTTP_MEMORY_CLASSES];
};

void http_memory_init(struct http_memory *memory);
void http_memory_fini(struct http_memory *memory); /* all sessions have ended */
/* As malloc and its kin; `memory` comes last and without a type, as nghttp2 gives it. */
void *http_memory_take(size_t size_bytes, void *memory);
void *http_memory_take_zeros(size_t count, size_t size_bytes, void *memory);
void *http_memory_resize(void *at, size_t size_bytes, void *memory);
void http_memory_give(void *at, void *memory);

#endif
