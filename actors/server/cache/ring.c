#include "actors/server/cache/ring.h"

#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "runtime/base/collection/common.h"

#define SLOTS_FIRST 64U      /* most resources never need more */
#define PACK_AGE_MS 2000U    /* whoever watches has gone past it, but for those that stand still */
#define PACKED_AT_ONCE 2048U /* a few ms */

/* An object as its bytes, which follow; two events may share it. */
struct packed {
	uint32_t refs;
	uint32_t len;
	const struct type *type; /* whose set it refers to */
	int64_t revision;
	enum format format;
	uint32_t owner_count;
	struct common *owned[]; /* what each owner has written, where that is not in the bytes */
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

static char *bytes_of(const struct packed *packed)
{
	return (char *)(uintptr_t)(packed->owned + packed->owner_count);
}

/* How many owners there are, if anything that one has written is worth having in common. */
static uint32_t owners_in_common(const struct object *object, const struct commons *commons)
{
	const struct meta_object_meta *meta = object_meta(object);

	for (uint32_t i = 0; meta != NULL && i < meta->managed_fields.len; i++)
		if (commons_wants(commons, meta->managed_fields.at[i].fields_v1))
			return meta->managed_fields.len;
	return 0;
}

/* The record without that, and with references to it. */
static const void *without_owned(const struct object *object, struct arena *arena,
				 struct commons *commons, struct common **owned)
{
	const struct field *field = type_field(object->type, STR("metadata"));
	const struct meta_managed_fields_entry_list *fields = &object_meta(object)->managed_fields;
	struct meta_managed_fields_entry *own =
	    arena_copy(arena, fields->at, fields->len * sizeof *own);
	struct meta_object_meta *meta = arena_copy(arena, object_meta(object), sizeof *meta);
	void *record = arena_copy(arena, object->record, object->type->size);

	for (uint32_t i = 0; i < fields->len; i++) {
		owned[i] = NULL;
		if (!commons_wants(commons, own[i].fields_v1))
			continue;
		owned[i] = commons_take(commons, own[i].fields_v1);
		own[i].fields_v1 = STR_NONE;
	}
	meta->managed_fields.at = own;
	*(void **)field_at(field, record) = meta;
	return record;
}

static struct str encode(const struct type *type, enum format format, const void *record,
			 struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_RESPONSE_BYTES);

	if (format == FORMAT_PROTO)
		proto_envelope_encode(type, record, &out);
	else
		json_encode(type, record, &out);
	assert(!out.is_cut);
	return text_str(&out);
}

static struct packed *pack(const struct object *object, struct commons *commons)
{
	enum format format = proto_has(object->type) ? FORMAT_PROTO : FORMAT_JSON;
	uint32_t owners = owners_in_common(object, commons);
	struct arena *arena = arena_new(0);
	struct common **owned = arena_array(arena, struct common *, owners + 1);
	struct str bytes =
	    owners == 0
		? object_bytes_once(object, format, arena)
		: encode(object->type, format, without_owned(object, arena, commons, owned), arena);
	struct packed *packed =
	    mem_alloc(sizeof *packed + owners * sizeof packed->owned[0] + bytes.len);

	*packed = (struct packed){ .refs = 1,
				   .len = bytes.len,
				   .type = object->type,
				   .revision = object->revision,
				   .format = format,
				   .owner_count = owners };
	memcpy(packed->owned, owned, owners * sizeof owned[0]);
	memcpy(bytes_of(packed), bytes.at, bytes.len);
	type_set_ref(object->type->set);
	arena_free(arena);
	return packed;
}

static void packed_unref(struct packed *packed)
{
	if (packed == NULL || --packed->refs > 0)
		return;
	for (uint32_t i = 0; i < packed->owner_count; i++)
		common_unref(packed->owned[i]);
	type_set_unref(packed->type->set);
	mem_free(packed);
}

static const struct object *unpack(struct packed **place)
{
	struct packed *packed = *place;
	struct object *object;
	const struct object *settled;
	enum status status = object_decode_brief(
	    packed->type, packed->format, str_of(bytes_of(packed), packed->len), &object, NULL);

	assert(status == OK); /* we wrote it */
	for (uint32_t i = 0; i < packed->owner_count; i++)
		if (packed->owned[i] != NULL)
			object_meta(object)->managed_fields.at[i].fields_v1 =
			    common_bytes(packed->owned[i]);
	settled = object_settle(object, packed->revision, NULL);
	packed_unref(packed);
	*place = NULL;
	return settled;
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
static void pack_slot(struct ring *ring, struct ring_slot *slot, struct commons *commons)
{
	const struct object *old = slot->event.old;
	struct ring_slot *origin;
	struct packed *packed;

	if (old == NULL || old->origin != NULL)
		return;
	packed = pack(old, commons);
	origin = origin_of(ring, old);
	if (origin != NULL)
		pack_into(&origin->event.object, packed, &origin->object);
	pack_into(&slot->event.old, packed, &slot->old);
	packed_unref(packed);
	if (slot->event.change != CACHE_DELETED || slot->event.object == NULL)
		return;
	packed = pack(slot->event.object, commons);
	pack_into(&slot->event.object, packed, &slot->object);
	packed_unref(packed);
}

void ring_pack(struct ring *ring, struct commons *commons, struct mono now)
{
	for (uint32_t i = 0; ring->packed < ring->next && i < PACKED_AT_ONCE; i++) {
		struct ring_slot *slot = slot_of(ring, ring->packed);

		if (now.ns - slot->event.at.ns < PACK_AGE_MS * TIME_MS)
			return;
		pack_slot(ring, slot, commons);
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
