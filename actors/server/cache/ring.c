#include "actors/server/cache/ring.h"

#include "datastore/object/proto.h"
#include "datastore/object/record.h"

#define SLOTS_FIRST 64U      /* most resources never need more */
#define PACK_AGE_MS 2000U    /* whoever watches has gone past it, but for those that stand still */
#define PACKED_AT_ONCE 2048U /* a few ms */

/* An object as its bytes; two events may share it. */
struct packed {
	uint32_t refs;
	uint32_t len;
	const struct type *type; /* whose set it refers to */
	int64_t revision;
	enum format format;
	char bytes[];
};

/* Of each of the event's objects either itself or its bytes is there. */
struct ring_slot {
	struct cache_event event;
	struct packed *object, *old;
};

static struct ring_slot *slot_of(const struct ring *ring, uint64_t number)
{
	return &ring->slots[number % ring->cap];
}

/* ---- packed objects ------------------------------------------------------------------------------------------ */

static struct packed *pack(const struct object *object)
{
	enum format format = proto_has(object->type) ? FORMAT_PROTO : FORMAT_JSON;
	struct arena *arena = arena_new(0);
	struct str bytes = object_bytes_once(object, format, arena);
	struct packed *packed = mem_alloc(sizeof *packed + bytes.len);

	*packed = (struct packed){ .refs = 1,
				   .len = bytes.len,
				   .type = object->type,
				   .revision = object->revision,
				   .format = format };
	memcpy(packed->bytes, bytes.at, bytes.len);
	type_set_ref(object->type->set);
	arena_free(arena);
	return packed;
}

static void packed_unref(struct packed *packed)
{
	if (packed == NULL || --packed->refs > 0)
		return;
	type_set_unref(packed->type->set);
	mem_free(packed);
}

static const struct object *unpack(struct packed **place)
{
	struct packed *packed = *place;
	struct object *object;
	enum status status = object_decode(packed->type, packed->format,
					   str_of(packed->bytes, packed->len), &object, NULL);

	assert(status == OK); /* we wrote it */
	object_freeze(object, packed->revision);
	packed_unref(packed);
	*place = NULL;
	return object;
}

/* The event that brought this object, if it is still there: events stand in the order of revisions. */
static struct ring_slot *origin_of(const struct ring *ring, const struct object *object)
{
	uint64_t number;

	if (!ring_find(ring, (uint64_t)object->revision - 1, &number) || number == ring->next ||
	    slot_of(ring, number)->event.object != object)
		return NULL;
	return slot_of(ring, number);
}

static void pack_into(const struct object **place, struct packed *packed, struct packed **out)
{
	object_unref(*place);
	*place = NULL;
	*out = packed;
	packed->refs++;
}

/* What this event replaced; of a deletion also what it shows, which shares the strings of what was. */
static void pack_slot(struct ring *ring, struct ring_slot *slot)
{
	const struct object *old = slot->event.old;
	struct ring_slot *origin;
	struct packed *packed;

	if (old == NULL || old->origin != NULL)
		return;
	packed = pack(old);
	origin = origin_of(ring, old);
	if (origin != NULL)
		pack_into(&origin->event.object, packed, &origin->object);
	pack_into(&slot->event.old, packed, &slot->old);
	packed_unref(packed);
	if (slot->event.change != CACHE_DELETED || slot->event.object == NULL)
		return;
	packed = pack(slot->event.object);
	pack_into(&slot->event.object, packed, &slot->object);
	packed_unref(packed);
}

void ring_pack(struct ring *ring, struct mono now)
{
	for (uint32_t i = 0; ring->packed < ring->next && i < PACKED_AT_ONCE; i++) {
		struct ring_slot *slot = slot_of(ring, ring->packed);

		if (now.ns - slot->event.at.ns < PACK_AGE_MS * TIME_MS)
			return;
		pack_slot(ring, slot);
		ring->packed++;
	}
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

static void drop_event(struct ring *ring)
{
	struct ring_slot *slot = slot_of(ring, ring->oldest);

	ring->forgotten = slot->event.revision;
	object_unref(slot->event.object);
	object_unref(slot->event.old);
	packed_unref(slot->object);
	packed_unref(slot->old);
	if (ring->packed == ring->oldest++)
		ring->packed++;
}

static void drop_all(struct ring *ring)
{
	while (ring->oldest < ring->next)
		drop_event(ring);
}

void ring_clear(struct ring *ring, uint64_t revision)
{
	drop_all(ring);
	/* Whoever watches from before must list again: one number is skipped, so that nobody stands at `next`. */
	ring->oldest = ring->packed = ++ring->next;
	ring->forgotten = revision;
}

void ring_fini(struct ring *ring)
{
	drop_all(ring);
	mem_free(ring->slots);
}

static void grow(struct ring *ring)
{
	uint32_t cap = ring->cap ? ring->cap * 2 : SLOTS_FIRST;
	struct ring_slot *slots = mem_alloc(cap * sizeof *slots);

	for (uint64_t n = ring->oldest; n < ring->next; n++)
		slots[n % cap] = ring->slots[n % ring->cap];
	mem_free(ring->slots);
	ring->slots = slots;
	ring->cap = cap;
}

static bool is_old(const struct ring *ring, struct mono now)
{
	return now.ns - slot_of(ring, ring->oldest)->event.at.ns >
	       LIMIT_CACHE_EVENT_AGE_MS * TIME_MS;
}

void ring_push(struct ring *ring, struct cache_event event)
{
	while (ring->next - ring->oldest > SLOTS_FIRST / 2 && is_old(ring, event.at))
		drop_event(ring);
	if (ring->next - ring->oldest == ring->cap) {
		if (ring->cap < LIMIT_CACHE_EVENTS)
			grow(ring);
		else
			drop_event(ring);
	}
	*slot_of(ring, ring->next++) = (struct ring_slot){ .event = event };
}

const struct cache_event *ring_event(struct ring *ring, uint64_t number)
{
	struct ring_slot *slot;

	assert(number < ring->next);
	if (number < ring->oldest)
		return NULL;
	slot = slot_of(ring, number);
	if (slot->object != NULL)
		slot->event.object = unpack(&slot->object);
	if (slot->old != NULL)
		slot->event.old = unpack(&slot->old);
	return &slot->event;
}

bool ring_find(const struct ring *ring, uint64_t revision, uint64_t *out_number)
{
	uint64_t low = ring->oldest, high = ring->next;

	if (revision < ring->forgotten)
		return false;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (slot_of(ring, middle)->event.revision > revision)
			high = middle;
		else
			low = middle + 1;
	}
	*out_number = low;
	return true;
}

void ring_drop_bytes(struct ring *ring)
{
	for (uint64_t n = ring->oldest; n < ring->next; n++) {
		const struct cache_event *event = &slot_of(ring, n)->event;

		if (event->old != NULL)
			object_drop_bytes(event->old);
		if (event->change == CACHE_DELETED && event->object != NULL)
			object_drop_bytes(event->object);
	}
}
