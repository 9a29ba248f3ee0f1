/*
 * Memory from the heap, for runtime/, transport/ and datastore/; actors use arenas.
 *
 * Small allocations never fail: when the machine has none left the process ends and its supervisor
 * starts it again. What could be big is refused by a limit (limits.h) before it is asked for here.
 */
#ifndef RUNTIME_BASE_MEM_H
#define RUNTIME_BASE_MEM_H

#include <stddef.h>

#include "runtime/base/status.h"

GIVE void *mem_alloc(size_t size_bytes);  /* not cleared */
GIVE void *mem_zalloc(size_t size_bytes); /* cleared */
/* Not cleared, and begins with a line of the processor's cache: for slabs of what is touched all the time. */
GIVE void *mem_alloc_lines(size_t size_bytes);
GIVE void *mem_resize(TAKE void *at, size_t size_bytes);
GIVE void *mem_copy(const void *at, size_t size_bytes);
void mem_free(TAKE void *at); /* NULL is fine */

#define mem_new(T) ((T *)mem_zalloc(sizeof(T)))

#endif
