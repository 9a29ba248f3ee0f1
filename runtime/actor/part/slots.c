#include "runtime/actor/part/slots.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/mem.h"

void slots_init(struct slots *slots, size_t item_bytes, uint32_t limit)
{
	assert(item_bytes >= sizeof(struct slot));
	*slots = (struct slots){ .item_bytes = (uint32_t)((item_bytes + 15) & ~(size_t)15),
				 .limit = limit };
}

void slots_fini(struct slots *slots)
{
	for (uint32_t i = 0; i < slots->slab_count; i++)
		mem_free(slots->slabs[i]);
	mem_free(slots->slabs);
	*slots = (struct slots){ 0 };
}

static struct slot *slots_make(struct slots *slots)
{
	if (slots->made >= slots->limit)
		return NULL;
	if (slots->made == slots->slab_count * SLOTS_SLAB) {
		if (slots->slab_count == slots->slab_cap) {
			slots->slab_cap = slots->slab_cap ? slots->slab_cap * 2 : 16;
			slots->slabs =
			    mem_resize(slots->slabs, slots->slab_cap * sizeof *slots->slabs);
		}
		size_t size_bytes = (size_t)slots->item_bytes * SLOTS_SLAB;
		slots->slabs[slots->slab_count] = mem_alloc_lines(size_bytes);
		memset(slots->slabs[slots->slab_count++], 0, size_bytes);
	}
	struct slot *slot = slots_at(slots, slots->made);
	slot->index = slots->made++;
	return slot;
}

void *slots_take(struct slots *slots)
{
	struct slot *slot;

	if (slots->first_free) {
		slot = slots_at(slots, slots->first_free - 1);
		slots->first_free = slot->next_free;
	} else {
		slot = slots_make(slots);
		if (!slot)
			return NULL;
	}
	assert(!(slot->gen & 1));
	memset(slot + 1, 0, slots->item_bytes - sizeof *slot);
	slot->gen++;
	slot->next_free = 0;
	slots->used++;
	return slot;
}

void slots_give(struct slots *slots, void *item)
{
	struct slot *slot = item;

	assert((slot->gen & 1) && slots_at(slots, slot->index) == slot);
	slot->gen++;
	slot->next_free = slots->first_free;
	slots->first_free = slot->index + 1;
	slots->used--;
}
