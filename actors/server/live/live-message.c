#include "actors/server/live/live.h"

#include <stdio.h>

#include "actors/server/answer/stored.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"
#include "transport/wire/msgpack.h"

/*
 * What a server and who sees a live resource say to each other. Within a host objects go by pointer; to another one in the form in which
 * others lie in the store, each behind the name of its type.
 */

void live_seen_add(struct live_seen *seen, struct object *object)
{
	if (seen->len == LIMIT_LIVE_OBJECTS) {
		object_unref(object);
		return;
	}
	if (seen->len == seen->cap) {
		seen->cap = seen->cap ? seen->cap * 2 : 64;
		seen->objects = mem_resize(seen->objects, seen->cap * sizeof(struct object *));
	}
	seen->objects[seen->len++] = object;
}

static void drop_seen(void *body)
{
	struct live_seen *seen = body;

	for (uint32_t i = 0; i < seen->len; i++)
		object_unref(seen->objects[i]);
	mem_free(seen->objects);
}

static void drop_delete(void *body)
{
	object_unref(((struct live_delete *)body)->object);
}

/* ---- types and objects ------------------------------------------------------------------------------------ */

static void pack_type(struct text *out, const struct type *type)
{
	pack_str(out, type_prefix(type));
	pack_str(out, type_name(type));
}

static const struct type *unpack_type(struct unpack *in)
{
	struct str prefix = unpack_str(in), name = unpack_str(in);

	return prefix.at != NULL && name.at != NULL ? type_named(prefix, name) : NULL;
}

static void pack_object(struct text *out, const struct object *object)
{
	struct text bytes = text_new(LIMIT_BODY_BYTES);

	stored_encode(object->type, object->record, &bytes);
	pack_type(out, object->type);
	pack_bytes(out, text_str(&bytes));
	text_fini(&bytes);
}

/* Whoever gets one asks for its name first. */
static struct object *with_name(struct object *object)
{
	if (object_meta(object) != NULL && object_meta(object)->name.len > 0)
		return object;
	object_unref(object);
	return NULL;
}

/* NULL: it cannot be read. What it says is its own: the message goes before it. */
static struct object *unpack_object(struct unpack *in)
{
	const struct type *type = unpack_type(in);
	struct str bytes = unpack_bytes(in);
	const struct object *settled;
	struct object *object;

	if (type == NULL || bytes.at == NULL || stored_decode(type, bytes, &object, NULL) != OK)
		return NULL;
	settled = object_settle(object, 0, NULL);
	object = object_edit(settled);
	object_unref(settled);
	return with_name(object);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static enum status encode_ask(const void *body, struct text *out)
{
	pack_begin(out, 2);
	pack_type(out, ((const struct live_ask *)body)->type);
	return OK;
}

static enum status decode_ask(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct live_ask *ask = body;

	(void)arena;
	unpack_begin(&in);
	ask->type = unpack_type(&in);
	unpack_end(&in);
	return ask->type != NULL ? unpack_status(&in) : CORRUPT;
}

static enum status encode_seen(const void *body, struct text *out)
{
	const struct live_seen *seen = body;

	pack_begin(out, 1);
	pack_list(out, seen->len);
	for (uint32_t i = 0; i < seen->len; i++) {
		pack_begin(out, 3);
		pack_object(out, seen->objects[i]);
	}
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status decode_seen(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct live_seen *seen = body;
	struct object *object = NULL;
	uint32_t len;

	(void)arena;
	unpack_begin(&in);
	len = unpack_list(&in);
	for (uint32_t i = 0; i < len; i++) {
		unpack_begin(&in);
		object = unpack_object(&in);
		unpack_end(&in);
		if (object == NULL)
			break;
		live_seen_add(seen, object);
	}
	unpack_end(&in);
	unpack_end(&in);
	if ((len == 0 || object != NULL) && unpack_status(&in) == OK)
		return OK;
	drop_seen(seen);
	return CORRUPT;
}

static enum status encode_delete(const void *body, struct text *out)
{
	pack_begin(out, 3);
	pack_object(out, ((const struct live_delete *)body)->object);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status decode_delete(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct object *object;

	(void)arena;
	unpack_begin(&in);
	object = unpack_object(&in);
	unpack_end(&in);
	if (object == NULL)
		return CORRUPT;
	object_freeze(object, 0);
	((struct live_delete *)body)->object = object;
	return OK;
}

static enum status encode_deleted(const void *body, struct text *out)
{
	const struct live_deleted *deleted = body;

	pack_begin(out, 3);
	pack_u64(out, deleted->status);
	pack_bool(out, deleted->ends_us);
	pack_str(out, str_from(deleted->words));
	return OK;
}

static enum status decode_deleted(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct live_deleted *deleted = body;
	uint32_t status;
	struct str words;

	(void)arena;
	unpack_begin(&in);
	status = unpack_u32(&in);
	deleted->ends_us = unpack_bool(&in);
	words = unpack_str(&in);
	unpack_end(&in);
	if (status >= STATUS_COUNT || words.len >= sizeof deleted->words)
		return CORRUPT;
	deleted->status = (enum status)status;
	snprintf(deleted->words, sizeof deleted->words, STR_FMT, STR_ARG(words));
	return unpack_status(&in);
}

ACT_TYPE(live_ask, .id = 221, .encode = encode_ask, .decode = decode_ask);
ACT_TYPE(live_seen, .id = 222, .drop = drop_seen, .encode = encode_seen, .decode = decode_seen);
ACT_TYPE(live_delete, .id = 223, .drop = drop_delete, .encode = encode_delete,
	 .decode = decode_delete);
ACT_TYPE(live_deleted, .id = 224, .encode = encode_deleted, .decode = decode_deleted);

const struct act_type *const live_types[] = { &live_ask_type, &live_seen_type, &live_delete_type,
					      &live_deleted_type };
const uint32_t live_type_count = sizeof live_types / sizeof live_types[0];
