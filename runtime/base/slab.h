/*
 * A slab: many items of one size that live long, close together.
 *
 * For what stays while much that is short-lived comes and goes around it: were it taken from the heap one by one, each item would
 * hold the page that it happens to lie on. Chunks of some KiB; a chunk without items goes back to the heap, but for one. One thread
 * at a time. Under the address sanitizer each item is a block of the heap, so that it sees every use after free.
 */
#ifndef RUNTIME_BASE_SLAB_H
#define RUNTIME_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/collection/list.h"
#include "runtime/base/status.h"

struct slab {
	uint32_t item_bytes;
	uint32_t stride_bytes;   /* with the word before each that says whose it is */
	uint32_t chunk_items;    /* in one chunk */
	struct list roomy, full; /* chunks; the roomy ones in the order in which they had room */
	uint32_t item_count;     /* that are out */
	uint32_t empty_count;    /* of chunks without items: 0 or 1 */
};

void slab_init(struct slab *slab, size_t item_bytes);
void slab_fini(struct slab *slab); /* all items were given back */

GIVE void *slab_take(struct slab *slab); /* 16-byte aligned, not cleared */
/* An item of any size that belongs to no slab: for who gives back what it does not know the size of. */
GIVE void *slab_take_alone(size_t item_bytes);
void slab_give(TAKE void *item); /* to where it was taken; NULL is fine */
size_t slab_item_bytes(const void *item);

#endif
