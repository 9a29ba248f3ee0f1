#include "datastore/object/object.h"

#include <assert.h>
#include <stdatomic.h>

#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"
#include "datastore/object/record-pack.h"
#include "datastore/object/record.h"
#include "runtime/base/collection/common.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

/* What hangs on an object beside its whole in each format: its metadata alone, as PartialObjectMetadata in JSON. */
#define KEPT_METADATA FORMAT_COUNT
#define KEPT_COUNT (FORMAT_COUNT + 1)
#define COMMONS_MAX UINT16_MAX /* of one object; one that has more has all for itself */

/* Encoded bytes with their own count, so that they can go while someone still sends them. */
struct encoding {
	atomic_uint refs;
	uint32_t len;
	uint32_t raw_at, raw_len; /* of PROTO: what the envelope holds */
	atomic_bool is_used;      /* since the last look */
	char bytes[];
};

struct object_private {
	struct arena *arena; /* holds the object too; NULL: it is in one piece (struct settled) */
	atomic_uint refs;
	uint16_t common_count; /* of an object in one piece: references behind it */
	atomic_bool is_frozen;
	atomic_flag lock; /* of `encodings`, for a few instructions */
	struct encoding *encodings[KEPT_COUNT];
};

/* What object_settle makes; the record follows. */
struct settled {
	struct object object;
	struct object_private private;
	struct common *commons[];
};

static void begin(struct object *object, const struct type *type, struct object_private *private)
{
	type_set_ref(type->set);
	object->type = type;
	object->private = private;
	atomic_init(&private->refs, 1);
	atomic_flag_clear(&private->lock);
}

static struct object *new_in(const struct type *type, struct arena *arena)
{
	struct object *object = arena_new_of(arena, struct object);

	begin(object, type, arena_new_of(arena, struct object_private));
	object->record = record_new(type, arena);
	object->private->arena = arena;
	return object;
}

struct object *object_new(const struct type *type)
{
	return new_in(type, arena_new_tight(0));
}

struct arena *object_arena(struct object *object)
{
	assert(!object_is_frozen(object));
	return object->private->arena;
}

void object_set_origin(struct object *object, const struct object *origin)
{
	object->origin = object_hold(object_arena(object), origin);
}

void object_freeze(struct object *object, int64_t revision)
{
	assert(!object_is_frozen(object));
	object->revision = revision;
	atomic_store_explicit(&object->private->is_frozen, true, memory_order_release);
}

bool object_is_frozen(const struct object *object)
{
	return atomic_load_explicit(&object->private->is_frozen, memory_order_acquire);
}

const struct object *object_ref(const struct object *object)
{
	atomic_fetch_add_explicit(&object->private->refs, 1, memory_order_relaxed);
	return object;
}

static void encoding_unref(void *arg)
{
	struct encoding *encoding = arg;

	if (encoding != NULL &&
	    atomic_fetch_sub_explicit(&encoding->refs, 1, memory_order_acq_rel) == 1)
		mem_free(encoding);
}

void object_unref(const struct object *object)
{
	if (object == NULL ||
	    atomic_fetch_sub_explicit(&object->private->refs, 1, memory_order_acq_rel) != 1)
		return;
	struct object_private *private = object->private;
	struct type_set *set = object->type->set;
	for (uint32_t i = 0; i < KEPT_COUNT; i++)
		encoding_unref(private->encodings[i]);
	for (uint32_t i = 0; i < private->common_count; i++)
		common_unref(((const struct settled *)object)->commons[i]);
	if (private->arena != NULL)
		arena_free(private->arena);
	else
		mem_free((void *)(uintptr_t)object);
	type_set_unref(set);
}

static const struct object *settle(const struct type *type, const void *record, int64_t revision,
				   struct commons *commons)
{
	struct record_pack pack = { .commons = commons };
	struct settled *settled;
	uint64_t head;

	record_pack_measure(&pack, type, record);
	if (pack.taken_count > COMMONS_MAX) {
		pack.commons = NULL;
		record_pack_measure(&pack, type, record);
	}
	head = sizeof *settled + pack.taken_count * sizeof settled->commons[0];
	settled = mem_alloc(head + pack.block_bytes + pack.text_bytes);
	memset(settled, 0, sizeof *settled);
	begin(&settled->object, type, &settled->private);
	settled->object.record =
	    record_pack_copy(&pack, type, record, (char *)settled + head, settled->commons);
	settled->object.revision = revision;
	settled->private.common_count = (uint16_t)pack.taken_count;
	atomic_store_explicit(&settled->private.is_frozen, true, memory_order_release);
	return &settled->object;
}

const struct object *object_settle(struct object *object, int64_t revision, struct commons *commons)
{
	const struct object *settled;

	object_freeze(object, revision);
	if (object->origin != NULL)
		return object;
	settled = settle(object->type, object->record, revision, commons);
	object_unref(object);
	return settled;
}

const struct object *object_settled(const struct type *type, const void *record, int64_t revision)
{
	return settle(type, record, revision, NULL);
}

static void unref_hook(void *arg)
{
	object_unref(arg);
}

const struct object *object_hold(struct arena *arena, const struct object *object)
{
	arena_on_free(arena, unref_hook, (void *)(uintptr_t)object_ref(object));
	return object;
}

struct object *object_edit(const struct object *object)
{
	struct object *copy = object_new(object->type);

	/* The strings are shared, so the new one keeps the old one. */
	object_hold(copy->private->arena, object);
	copy->record = record_clone_shallow(object->type, object->record, copy->private->arena);
	copy->revision = object->revision;
	return copy;
}

/* How an object is read: where its strings are, and whether it has its owners. */
enum decode_form {
	DECODE_KEPT,  /* in a copy of the bytes */
	DECODE_BRIEF, /* in the bytes as they came */
	DECODE_LEAN,  /* the same, and nothing of who owns what */
};

static enum status decode_proto(struct object *object, struct str bytes, enum decode_form form,
				struct fault *why)
{
	struct arena *arena = object->private->arena;
	struct proto_options options = { .borrow = true, .is_lean = form == DECODE_LEAN };
	struct proto_envelope envelope;

	TRY(proto_envelope_open(bytes, &envelope, why));
	if (form == DECODE_KEPT)
		envelope.raw.at = arena_copy(arena, envelope.raw.at, envelope.raw.len);
	return proto_decode(object->type, envelope.raw, arena, options, &object->record, why);
}

static enum status decode(const struct type *type, enum format format, struct str bytes,
			  enum decode_form form, struct object **out, struct fault *why)
{
	struct object *object =
	    new_in(type, form == DECODE_KEPT ? arena_new_tight(0) : arena_new(0));
	enum status status = format == FORMAT_PROTO
				 ? decode_proto(object, bytes, form, why)
				 : json_decode(type, bytes, object->private->arena,
					       (struct json_options){ 0 }, &object->record, why);

	if (status == OK)
		*out = object;
	else
		object_unref(object);
	return status;
}

enum status object_decode(const struct type *type, enum format format, struct str bytes,
			  struct object **out, struct fault *why)
{
	return decode(type, format, bytes, DECODE_KEPT, out, why);
}

enum status object_decode_brief(const struct type *type, enum format format, struct str bytes,
				struct object **out, struct fault *why)
{
	return decode(type, format, bytes, DECODE_BRIEF, out, why);
}

enum status object_decode_lean(const struct type *type, enum format format, struct str bytes,
			       struct object **out, struct fault *why)
{
	enum status status = decode(type, format, bytes, DECODE_LEAN, out, why);
	struct meta_object_meta *meta = status == OK ? record_meta(type, (*out)->record) : NULL;

	if (meta != NULL)
		meta->managed_fields = (struct meta_managed_fields_entry_list){ 0 };
	return status;
}

/* One memory access leads to the next: each of the three has a few steps to come. */
#define FETCH_OBJECT 12U
#define FETCH_PRIVATE 8U
#define FETCH_ENCODING 4U
#define FETCH_METADATA_BYTES 384U /* of most objects */

void object_fetch_bytes(const struct object *const *objects, uint32_t count, uint32_t at,
			enum format format)
{
	if (at + FETCH_OBJECT >= count)
		return;
	__builtin_prefetch(objects[at + FETCH_OBJECT]);
	__builtin_prefetch(objects[at + FETCH_PRIVATE]->private);
	__builtin_prefetch(objects[at + FETCH_ENCODING]->private->encodings[format]);
}

void object_fetch_metadata(const struct object *far, const struct object *near)
{
	if (far != NULL)
		__builtin_prefetch(far->private);
	if (near != NULL) {
		const char *encoding = (const char *)near->private->encodings[KEPT_METADATA];

		for (uint32_t at = 0; encoding != NULL && at < FETCH_METADATA_BYTES; at += 64)
			__builtin_prefetch(encoding + at);
	}
}

static void encode_metadata(const struct object *object, struct text *out)
{
	struct meta_partial_object_metadata partial = {
		.metadata = record_meta(object->type, object->record),
	};

	json_encode(&meta_partial_object_metadata_type, &partial, out);
}

static void find_raw(struct encoding *encoding)
{
	struct proto_envelope envelope;

	if (proto_envelope_open(str_of(encoding->bytes, encoding->len), &envelope, NULL) != OK)
		assert(!"we wrote it");
	encoding->raw_at = (uint32_t)(envelope.raw.at - encoding->bytes);
	encoding->raw_len = envelope.raw.len;
}

static struct encoding *encode(const struct object *object, uint32_t kind)
{
	struct text bytes = text_new(LIMIT_RESPONSE_BYTES);

	if (kind == FORMAT_PROTO)
		proto_envelope_encode(object->type, object->record, &bytes);
	else if (kind == KEPT_METADATA)
		encode_metadata(object, &bytes);
	else
		json_encode(object->type, object->record, &bytes);
	assert(!bytes.is_cut);
	struct encoding *encoding = mem_alloc(sizeof *encoding + bytes.len);
	atomic_init(&encoding->refs, 1);
	atomic_init(&encoding->is_used, true);
	encoding->len = bytes.len;
	encoding->raw_at = encoding->raw_len = 0;
	memcpy(encoding->bytes, bytes.at, bytes.len);
	if (kind == FORMAT_PROTO)
		find_raw(encoding);
	text_fini(&bytes);
	return encoding;
}

/* Puts an encoding in its place, or takes what is there; gives what was there before. */
static struct encoding *swap(struct object_private *private, uint32_t kind,
			     struct encoding *encoding, bool only_if_none)
{
	while (atomic_flag_test_and_set_explicit(&private->lock, memory_order_acquire))
		;
	struct encoding *before = private->encodings[kind];
	if (!only_if_none || before == NULL)
	private->encodings[kind] = encoding;
	else atomic_fetch_add_explicit(&before->refs, 1, memory_order_relaxed);
	atomic_flag_clear_explicit(&private->lock, memory_order_release);
	return before;
}

/* A reference to what hangs there, or comes to hang there now. */
static struct encoding *kept_encoding(const struct object *object, uint32_t kind, uint64_t *kept)
{
	assert(object_is_frozen(object));
	struct encoding *encoding = swap(object->private, kind, NULL, true);
	if (encoding == NULL) {
		struct encoding *fresh = encode(object, kind);
		atomic_fetch_add_explicit(&fresh->refs, 1, memory_order_relaxed);
		encoding = swap(object->private, kind, fresh, true);
		if (encoding == NULL) {
			encoding = fresh;
			*kept += fresh->len;
		} else {
			encoding_unref(fresh);
			encoding_unref(fresh);
		}
	}
	atomic_store_explicit(&encoding->is_used, true, memory_order_relaxed);
	return encoding;
}

struct str object_bytes_counted(const struct object *object, enum format format, struct arena *hold,
				uint64_t *kept)
{
	if (format == FORMAT_PROTO && !proto_has(object->type))
		return STR_NONE;
	struct encoding *encoding = kept_encoding(object, format, kept);
	arena_on_free(hold, encoding_unref, encoding);
	return str_of(encoding->bytes, encoding->len);
}

struct str object_raw_counted(const struct object *object, struct arena *hold, uint64_t *kept)
{
	if (!proto_has(object->type))
		return STR_NONE;
	struct encoding *encoding = kept_encoding(object, FORMAT_PROTO, kept);
	arena_on_free(hold, encoding_unref, encoding);
	return str_of(encoding->bytes + encoding->raw_at, encoding->raw_len);
}

void object_add_metadata(const struct object *object, struct text *out, uint64_t *kept)
{
	struct encoding *encoding = kept_encoding(object, KEPT_METADATA, kept);
	text_add(out, str_of(encoding->bytes, encoding->len));
	encoding_unref(encoding);
}

struct str object_bytes_once(const struct object *object, enum format format, struct arena *hold)
{
	assert(object_is_frozen(object));
	if (format == FORMAT_PROTO && !proto_has(object->type))
		return STR_NONE;
	struct encoding *encoding = swap(object->private, format, NULL, true);
	if (encoding == NULL)
		encoding = encode(object, format);
	arena_on_free(hold, encoding_unref, encoding);
	return str_of(encoding->bytes, encoding->len);
}

struct str object_bytes(const struct object *object, enum format format, struct arena *hold)
{
	uint64_t nobodys = 0;

	return object_bytes_counted(object, format, hold, &nobodys);
}

static uint32_t drop(const struct object *object, uint32_t kind)
{
	struct encoding *encoding = swap(object->private, kind, NULL, false);
	uint32_t len = encoding == NULL ? 0 : encoding->len;

	encoding_unref(encoding);
	return len;
}

uint32_t object_drop_bytes(const struct object *object)
{
	uint32_t dropped = 0;

	for (uint32_t kind = 0; kind < KEPT_COUNT; kind++)
		dropped += drop(object, kind);
	return dropped;
}

uint32_t object_age_bytes(const struct object *object)
{
	uint32_t left = 0;

	for (uint32_t kind = 0; kind < KEPT_COUNT; kind++) {
		struct encoding *encoding = swap(object->private, kind, NULL, true);

		if (encoding == NULL)
			continue;
		if (atomic_exchange_explicit(&encoding->is_used, false, memory_order_relaxed))
			left += encoding->len;
		else
			drop(object, kind);
		encoding_unref(encoding);
	}
	return left;
}

uint32_t object_kept(const struct object *object, enum format format)
{
	struct encoding *encoding = swap(object->private, format, NULL, true);
	uint32_t len = encoding == NULL ? 0 : encoding->len;

	encoding_unref(encoding);
	return len;
}

struct meta_object_meta *record_meta(const struct type *type, const void *record)
{
	const struct field *field = type_field(type, STR("metadata"));

	/* Lists have another kind of metadata. */
	if (field == NULL || field->kind != KIND_MESSAGE ||
	    !str_is(type_name(field_type(field)), "ObjectMeta"))
		return NULL;
	return *(struct meta_object_meta **)field_at(field, record);
}

struct meta_object_meta *object_meta(const struct object *object)
{
	struct meta_object_meta *meta = record_meta(object->type, object->record);
	const struct field *field = type_field(object->type, STR("metadata"));

	if (meta != NULL || field == NULL || object_is_frozen(object) ||
	    !str_is(type_name(field_type(field)), "ObjectMeta"))
		return meta;
	meta = arena_new_of(object->private->arena, struct meta_object_meta);
	*(struct meta_object_meta **)field_at(field, object->record) = meta;
	return meta;
}

void object_fetch_labels(const struct object *const *objects, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		__builtin_prefetch(objects[i]);
	for (uint32_t i = 0; i < count; i++)
		__builtin_prefetch(objects[i]->record);
	for (uint32_t i = 0; i < count; i++) {
		const struct meta_object_meta *meta =
		    record_meta(objects[i]->type, objects[i]->record);

		if (meta != NULL)
			__builtin_prefetch(&meta->labels);
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct meta_object_meta *meta =
		    record_meta(objects[i]->type, objects[i]->record);

		if (meta != NULL && meta->labels.len > 0)
			__builtin_prefetch(meta->labels.at);
	}
}

struct str object_name(const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);

	return meta == NULL ? STR_NONE : meta->name;
}

struct str object_namespace(const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);

	return meta == NULL ? STR_NONE : meta->namespace;
}

struct str object_uid(const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);

	return meta == NULL ? STR_NONE : meta->uid;
}
