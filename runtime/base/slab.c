#include "runtime/base/slab.h"

#include <assert.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "runtime/base/mem.h"

#define SLAB_ALIGN 16U
/* Large beside a page: where a chunk begins and ends, it shares one with strangers. What was never used of it takes no memory. */
#define CHUNK_BYTES (32U * 1024U)
/* An item that belongs to no slab and is as large as this has pages of its own, of which those that are never touched take none. */
#define MAPPED_BYTES (16U * 1024U)

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_IS_HEAP 1
#else
#define SLAB_IS_HEAP 0
#endif

struct slab_item {
	struct slab_chunk *chunk;
	union {
		struct slab_item *next; /* while it is free */
		char payload[1];
	};
};

struct slab_chunk {
	struct list link; /* in roomy or full */
	struct slab *slab;
	struct slab_item *free;
	uint32_t used;
	uint32_t made; /* items that were ever taken: those behind are free and not yet linked */
};

_Static_assert(sizeof(struct slab_chunk) % SLAB_ALIGN == 8, "payloads are aligned");
_Static_assert(offsetof(struct slab_item, payload) == 8, "a word before each");

void slab_init(struct slab *slab, size_t item_bytes)
{
	size_t stride = (item_bytes + offsetof(struct slab_item, payload) + SLAB_ALIGN - 1) &
			~(size_t)(SLAB_ALIGN - 1);
	size_t room = CHUNK_BYTES - sizeof(struct slab_chunk);

	assert(item_bytes > 0 && stride <= room);
	*slab = (struct slab){ .item_bytes = (uint32_t)item_bytes,
			       .stride_bytes = (uint32_t)stride,
			       .chunk_items = SLAB_IS_HEAP ? 1 : (uint32_t)(room / stride) };
	list_init(&slab->roomy);
	list_init(&slab->full);
}

/* One that belongs to no slab, whose word is NULL. */
struct slab_alone {
	size_t item_bytes;
	struct slab_item item;
};

static struct slab_item *item_at(struct slab_chunk *chunk, uint32_t index)
{
	char *first = (char *)(chunk + 1);

	return (struct slab_item *)(void *)(first + (size_t)index * chunk->slab->stride_bytes);
}

static struct slab_chunk *chunk_new(struct slab *slab)
{
	struct slab_chunk *chunk =
	    mem_alloc(sizeof *chunk + (size_t)slab->chunk_items * slab->stride_bytes);

	*chunk = (struct slab_chunk){ .slab = slab };
	list_push(&slab->roomy, &chunk->link);
	slab->empty_count++;
	return chunk;
}

static void chunk_free(struct slab_chunk *chunk)
{
	list_remove(&chunk->link);
	chunk->slab->empty_count--;
	mem_free(chunk);
}

void slab_fini(struct slab *slab)
{
	assert(slab->item_count == 0);
	while (!list_is_empty(&slab->roomy))
		chunk_free(list_item(slab->roomy.next, struct slab_chunk, link));
}

void *slab_take(struct slab *slab)
{
	struct slab_chunk *chunk = list_is_empty(&slab->roomy)
				       ? chunk_new(slab)
				       : list_item(slab->roomy.next, struct slab_chunk, link);
	struct slab_item *item = chunk->free;

	if (item != NULL)
		chunk->free = item->next;
	else
		item = item_at(chunk, chunk->made++);
	item->chunk = chunk;
	slab->item_count++;
	if (chunk->used++ == 0)
		slab->empty_count--;
	if (chunk->used == slab->chunk_items) {
		list_remove(&chunk->link);
		list_push(&slab->full, &chunk->link);
	}
	return item->payload;
}

static struct slab_item *item_of(const void *at)
{
	return list_item((uintptr_t)at, struct slab_item, payload);
}

static bool is_mapped(size_t item_bytes)
{
	return !SLAB_IS_HEAP && item_bytes >= MAPPED_BYTES;
}

static void *map_pages(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert(at != MAP_FAILED); /* as any small allocation */
	return at;
}

static void alone_free(struct slab_alone *alone)
{
	if (is_mapped(alone->item_bytes))
		munmap(alone, offsetof(struct slab_alone, item.payload) + alone->item_bytes);
	else
		mem_free(alone);
}

static struct slab_alone *alone_of(struct slab_item *item)
{
	return list_item(item, struct slab_alone, item);
}

void *slab_take_alone(size_t item_bytes)
{
	size_t bytes = offsetof(struct slab_alone, item.payload) + item_bytes;
	struct slab_alone *alone = is_mapped(item_bytes) ? map_pages(bytes) : mem_alloc(bytes);

	alone->item_bytes = item_bytes;
	alone->item.chunk = NULL;
	return alone->item.payload;
}

size_t slab_item_bytes(const void *at)
{
	struct slab_item *item = item_of(at);

	return item->chunk != NULL ? item->chunk->slab->item_bytes : alone_of(item)->item_bytes;
}

void slab_give(void *at)
{
	struct slab_item *item;
	struct slab_chunk *chunk;
	struct slab *slab;

	if (at == NULL)
		return;
	item = item_of(at);
	chunk = item->chunk;
	if (chunk == NULL) {
		alone_free(alone_of(item));
		return;
	}
	slab = chunk->slab;
	assert(chunk->used > 0 && slab->item_count > 0);
	item->next = chunk->free;
	chunk->free = item;
	slab->item_count--;
	if (chunk->used == slab->chunk_items) {
		list_remove(&chunk->link);
		list_push(&slab->roomy, &chunk->link);
	}
	if (--chunk->used > 0)
		return;
	slab->empty_count++;
	if (SLAB_IS_HEAP || slab->empty_count > 1)
		chunk_free(chunk);
}
