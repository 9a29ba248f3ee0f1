/*
 * What waits to be sent on one stream: pieces in order, borrowed by reference; small copied ones are joined.
 *
 * Used by this folder only, inside the loop of its owner. A release hook is called as soon as its piece has been moved or the
 * queue is cleared; hooks must not call back into the stream. Unbounded by itself: http_write reports the mark.
 */
#ifndef TRANSPORT_HTTP_ENGINE_QUEUE_H
#define TRANSPORT_HTTP_ENGINE_QUEUE_H

#include <stddef.h>

#include "runtime/base/text.h"
#include "transport/http/engine/http.h"

struct http_piece;

/* All zero is an empty queue. */
struct http_queue {
	struct http_piece *first, *last;
	uint32_t part,
	    moved;    /* of the first piece: its parts that have left, and bytes of the next one */
	size_t bytes; /* not moved yet */
};

void http_queue_add(struct http_queue *queue, struct http_bytes bytes);
/* The same behind a head that is copied; none of both empty. */
void http_queue_add_headed(struct http_queue *queue, struct str head, struct http_bytes bytes);
/* The array is borrowed like what it points to, until all of it has left or the queue is cleared. */
void http_queue_add_parts(struct http_queue *queue, struct http_parts parts);
void http_queue_copy(struct http_queue *queue, struct str bytes);
/* Appends up to `max` bytes to `out` and returns how many; `out` must have that room. */
size_t http_queue_move(struct http_queue *queue, struct text *out, size_t max);
size_t http_queue_take(struct http_queue *queue, void *out, size_t max);
/* Moves all pieces of `from`, of which nothing has been taken yet. */
void http_queue_append(struct http_queue *queue, struct http_queue *from);
void http_queue_clear(struct http_queue *queue);

#endif
