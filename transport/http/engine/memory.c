#include "transport/http/engine/memory.h"

#include <string.h>

#define CLASS_STEP 16U
#define CLASSES_FROM 128U /* up to that, and above the last class, it is of the heap */
#define CLASSES_TO (CLASSES_FROM + CLASS_STEP * HTTP_MEMORY_CLASSES)

void http_memory_init(struct http_memory *memory)
{
	for (uint32_t i = 0; i < HTTP_MEMORY_CLASSES; i++)
		slab_init(&memory->slabs[i], CLASSES_FROM + CLASS_STEP * (i + 1));
}

void http_memory_fini(struct http_memory *memory)
{
	for (uint32_t i = 0; i < HTTP_MEMORY_CLASSES; i++)
		slab_fini(&memory->slabs[i]);
}

void *http_memory_take(size_t size_bytes, void *arg)
{
	struct http_memory *memory = arg;

	if (size_bytes <= CLASSES_FROM || size_bytes > CLASSES_TO)
		return slab_take_alone(size_bytes);
	return slab_take(&memory->slabs[(size_bytes - CLASSES_FROM - 1) / CLASS_STEP]);
}

void http_memory_give(void *at, void *memory)
{
	(void)memory;
	slab_give(at);
}

void *http_memory_take_zeros(size_t count, size_t size_bytes, void *memory)
{
	void *at = http_memory_take(count * size_bytes, memory);

	return memset(at, 0, count * size_bytes);
}

void *http_memory_resize(void *at, size_t size_bytes, void *memory)
{
	size_t kept = at != NULL ? slab_item_bytes(at) : 0;
	void *grown = http_memory_take(size_bytes, memory);

	if (kept > 0)
		memcpy(grown, at, kept < size_bytes ? kept : size_bytes);
	slab_give(at);
	return grown;
}
