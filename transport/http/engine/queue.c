#include "transport/http/engine/queue.h"

#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define JOIN_BYTES (4U * KIB) /* room of a piece that joins copies: some events of a watch */
/* Parts of a long list lie here and there: each is fetched while those before it are copied, the first KiB of it. */
#define FETCH_AHEAD 4U
#define FETCH_BYTES 1024U
#define LINE_BYTES 64U

struct http_piece {
	struct http_piece *next;
	struct http_parts parts; /* of most pieces: the bytes */
	struct http_bytes bytes;
	uint32_t cap; /* of own[]; 0 when the bytes are borrowed */
	_Alignas(struct str) char own[];
};

static void append(struct http_queue *queue, struct http_piece *piece)
{
	piece->next = NULL;
	if (queue->last == NULL)
		queue->first = piece;
	else
		queue->last->next = piece;
	queue->last = piece;
}

static void append_bytes(struct http_queue *queue, struct http_piece *piece)
{
	piece->parts = (struct http_parts){ &piece->bytes.data, 1 };
	queue->bytes += piece->bytes.data.len;
	append(queue, piece);
}

void http_queue_add(struct http_queue *queue, struct http_bytes bytes)
{
	if (bytes.data.len == 0) {
		if (bytes.release != NULL)
			bytes.release(bytes.arg);
		return;
	}
	struct http_piece *piece = mem_alloc(sizeof *piece);
	piece->bytes = bytes;
	piece->cap = 0;
	append_bytes(queue, piece);
}

void http_queue_add_headed(struct http_queue *queue, struct str head, struct http_bytes bytes)
{
	struct http_piece *piece = mem_alloc(sizeof *piece + 2 * sizeof(struct str) + head.len);
	struct str *parts = (struct str *)(void *)piece->own;
	char *copy = (char *)(parts + 2);
	assert(head.len > 0 && bytes.data.len > 0);
	memcpy(copy, head.at, head.len);
	parts[0] = str_of(copy, head.len);
	parts[1] = bytes.data;
	piece->parts = (struct http_parts){ parts, 2 };
	piece->bytes = bytes;
	piece->cap = 0;
	queue->bytes += head.len + bytes.data.len;
	append(queue, piece);
}

void http_queue_add_parts(struct http_queue *queue, struct http_parts parts)
{
	if (parts.count == 0)
		return;
	struct http_piece *piece = mem_new(struct http_piece);
	piece->parts = parts;
	queue->bytes += http_parts_bytes(parts);
	append(queue, piece);
}

void http_queue_copy(struct http_queue *queue, struct str bytes)
{
	struct http_piece *last = queue->last;
	if (last != NULL && last->cap - last->bytes.data.len >= bytes.len && last->cap > 0) {
		memcpy(last->own + last->bytes.data.len, bytes.at, bytes.len);
		last->bytes.data.len += bytes.len;
		queue->bytes += bytes.len;
		return;
	}
	if (bytes.len == 0)
		return;
	/* The first copy gets what it needs, as most answers have one; a second one says that there will be more. */
	uint32_t cap = last == NULL || bytes.len > JOIN_BYTES ? bytes.len : JOIN_BYTES;
	struct http_piece *piece = mem_alloc(sizeof *piece + cap);
	memcpy(piece->own, bytes.at, bytes.len);
	piece->bytes = (struct http_bytes){ .data = str_of(piece->own, bytes.len) };
	piece->cap = cap;
	append_bytes(queue, piece);
}

static void drop_first(struct http_queue *queue)
{
	struct http_piece *piece = queue->first;
	queue->first = piece->next;
	queue->part = queue->moved = 0;
	if (queue->first == NULL)
		queue->last = NULL;
	if (piece->bytes.release != NULL)
		piece->bytes.release(piece->bytes.arg);
	mem_free(piece);
}

static void fetch_ahead(const struct http_queue *queue)
{
	const struct http_parts *parts = &queue->first->parts;
	if (queue->moved > 0 || queue->part + FETCH_AHEAD >= parts->count)
		return;
	struct str part = parts->at[queue->part + FETCH_AHEAD];
	for (uint32_t at = 0; at < part.len && at < FETCH_BYTES; at += LINE_BYTES)
		__builtin_prefetch(part.at + at);
}

/* The next stretch of at most `max` bytes; what it points to is good until advance. */
static struct str stretch(const struct http_queue *queue, size_t max)
{
	const struct str *data = &queue->first->parts.at[queue->part];
	size_t len = data->len - queue->moved;
	assert(len > 0);
	return str_of(data->at + queue->moved, len < max ? len : max);
}

static void advance(struct http_queue *queue, uint32_t len)
{
	assert(len <= queue->bytes);
	queue->moved += len;
	queue->bytes -= len;
	if (queue->moved < queue->first->parts.at[queue->part].len)
		return;
	queue->moved = 0;
	if (++queue->part == queue->first->parts.count)
		drop_first(queue);
}

size_t http_queue_move(struct http_queue *queue, struct text *out, size_t max)
{
	size_t moved = 0;
	while (moved < max && queue->first != NULL) {
		struct str part = stretch(queue, max - moved);
		fetch_ahead(queue);
		text_add(out, part);
		moved += part.len;
		advance(queue, part.len);
	}
	assert(!out->is_cut);
	return moved;
}

size_t http_queue_take(struct http_queue *queue, void *out, size_t max)
{
	size_t taken = 0;
	while (taken < max && queue->first != NULL) {
		struct str part = stretch(queue, max - taken);
		memcpy((char *)out + taken, part.at, part.len);
		taken += part.len;
		advance(queue, part.len);
	}
	return taken;
}

void http_queue_append(struct http_queue *queue, struct http_queue *from)
{
	assert(from->part == 0 && from->moved == 0);
	if (from->first == NULL)
		return;
	if (queue->last == NULL)
		queue->first = from->first;
	else
		queue->last->next = from->first;
	queue->last = from->last;
	queue->bytes += from->bytes;
	*from = (struct http_queue){ 0 };
}

void http_queue_clear(struct http_queue *queue)
{
	queue->bytes = 0;
	while (queue->first != NULL)
		drop_first(queue);
}
