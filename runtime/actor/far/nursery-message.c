/*
 * The messages of nurseries as bytes, little endian: version, then texts and bytes behind their lengths, numbers as wide as they are.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/actor/far/nursery-private.h"
#include "runtime/base/bytes.h"

#define VERSION 1U

static void put_number(struct text *out, uint64_t value, uint32_t width)
{
	char bytes[8];

	bytes_put(bytes, value, width);
	text_add_bytes(out, bytes, width);
}

static void put_bytes(struct text *out, const void *at, uint32_t len)
{
	put_number(out, len, 4);
	text_add_bytes(out, at, len);
}

static void put_name(struct text *out, const char *name)
{
	put_bytes(out, name, (uint32_t)strlen(name));
}

static struct str read_bytes(struct bytes_reader *reader)
{
	return bytes_read(reader, bytes_read_u32(reader));
}

/* False: it does not fit, or has an end within. */
static bool read_name(struct bytes_reader *reader, char *out, uint32_t size)
{
	struct str name = read_bytes(reader);

	if (name.len >= size || (name.len > 0 && memchr(name.at, '\0', name.len)))
		return false;
	if (name.len > 0)
		memcpy(out, name.at, name.len);
	out[name.len] = '\0';
	return true;
}

static enum status spawn_encode(const void *body, struct text *out)
{
	const struct nursery_spawn *spawn = body;

	put_number(out, VERSION, 1);
	put_name(out, spawn->id);
	put_name(out, spawn->class);
	put_name(out, spawn->name);
	put_number(out, spawn->shutdown_ms, 4);
	put_number(out, spawn->args_type, 4);
	put_bytes(out, spawn->args, spawn->args_bytes);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status spawn_decode(struct str bytes, struct arena *arena, void *body)
{
	struct bytes_reader reader = { .rest = bytes };
	struct nursery_spawn *spawn = body;
	struct str args;

	(void)arena;
	if (bytes_read_u8(&reader) != VERSION || !read_name(&reader, spawn->id, sizeof spawn->id) ||
	    !read_name(&reader, spawn->class, sizeof spawn->class) ||
	    !read_name(&reader, spawn->name, sizeof spawn->name))
		return CORRUPT;
	spawn->shutdown_ms = bytes_read_u32(&reader);
	spawn->args_type = bytes_read_u32(&reader);
	args = read_bytes(&reader);
	if (reader.is_short || reader.rest.len > 0)
		return CORRUPT;
	spawn->args_bytes = args.len;
	if (args.len > 0)
		spawn->args = mem_copy(args.at, args.len);
	return OK;
}

static void spawn_drop(void *body)
{
	mem_free(((struct nursery_spawn *)body)->args);
}

static enum status spawned_encode(const void *body, struct text *out)
{
	const struct nursery_spawned *spawned = body;
	struct act_ref child = spawned->child;

	put_number(out, VERSION, 1);
	put_number(out, spawned->status, 4);
	put_number(out, child.node, 4);
	put_number(out, child.host, 2);
	put_number(out, child.epoch, 2);
	put_number(out, child.slot, 4);
	put_number(out, child.gen, 4);
	put_name(out, spawned->words);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status spawned_decode(struct str bytes, struct arena *arena, void *body)
{
	struct bytes_reader reader = { .rest = bytes };
	struct nursery_spawned *spawned = body;
	uint32_t status;

	(void)arena;
	if (bytes_read_u8(&reader) != VERSION)
		return CORRUPT;
	status = bytes_read_u32(&reader);
	spawned->status = status < STATUS_COUNT ? (enum status)status : INTERNAL;
	spawned->child.node = bytes_read_u32(&reader);
	spawned->child.host = bytes_read_u16(&reader);
	spawned->child.epoch = bytes_read_u16(&reader);
	spawned->child.slot = bytes_read_u32(&reader);
	spawned->child.gen = bytes_read_u32(&reader);
	if (!read_name(&reader, spawned->words, sizeof spawned->words) || reader.is_short ||
	    reader.rest.len > 0)
		return CORRUPT;
	return OK;
}

ACT_TYPE(nursery_spawn, .id = 101, .drop = spawn_drop, .encode = spawn_encode,
	 .decode = spawn_decode);
ACT_TYPE(nursery_spawned, .id = 102, .encode = spawned_encode, .decode = spawned_decode);

const struct act_type *const act_nursery_types[] = { &nursery_spawn_type, &nursery_spawned_type };
const uint32_t act_nursery_type_count = sizeof act_nursery_types / sizeof act_nursery_types[0];
