#include "runtime/base/collection/vec.h"

#include <assert.h>

#include "runtime/base/mem.h"

void vec_grow_(void **at, uint32_t *cap, uint32_t len, size_t item_bytes)
{
	if (len < *cap)
		return;
	assert(*cap <= UINT32_MAX / 2);
	*cap = *cap == 0 ? 8 : *cap * 2;
	*at = mem_resize(*at, *cap * item_bytes);
}

void vec_free_(void *at)
{
	mem_free(at);
}
