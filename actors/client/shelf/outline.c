#include "actors/client/shelf/outline.h"

#include <stdio.h>

#include "runtime/base/bytes.h"

#define UID_TEXT 36U /* 8-4-4-4-12 */
#define UID_BYTES 16U
#define OWNER_NUMBERS 17U /* four lengths and what its booleans are */

/* What follows; nothing of an object that has none of it. */
enum part {
	PART_UID = 1 << 0, /* its text: it is none of ours */
	PART_DELETED = 1 << 1,
	PART_OWNERS = 1 << 2,
	PART_FINALIZERS = 1 << 3,
};

enum owner_flag {
	OWNER_HAS_CONTROLLER = 1 << 0,
	OWNER_CONTROLS = 1 << 1,
	OWNER_HAS_BLOCK = 1 << 2,
	OWNER_BLOCKS = 1 << 3,
};

struct outline {
	uint64_t revision;
	uint8_t uid[UID_BYTES];
	uint8_t parts; /* enum part */
	char rest[];
};

/* ---- uids --------------------------------------------------------------------------------------------- */

static bool is_dash(uint32_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: it is not written as a uid is. */
static bool read_uid(struct str text, uint8_t out[UID_BYTES])
{
	uint32_t digits = 0;

	if (text.len != UID_TEXT)
		return false;
	memset(out, 0, UID_BYTES);
	for (uint32_t i = 0; i < UID_TEXT; i++) {
		int digit = digit_of(text.at[i]);

		if (is_dash(i) ? text.at[i] != '-' : digit < 0)
			return false;
		if (is_dash(i))
			continue;
		out[digits / 2] |= (uint8_t)(digit << (digits % 2 == 0 ? 4 : 0));
		digits++;
	}
	return true;
}

static struct str write_uid(const uint8_t uid[UID_BYTES], char out[UID_TEXT])
{
	uint32_t digits = 0;

	for (uint32_t i = 0; i < UID_TEXT; i++) {
		if (is_dash(i)) {
			out[i] = '-';
			continue;
		}
		out[i] = "0123456789abcdef"[uid[digits / 2] >> (digits % 2 == 0 ? 4 : 0) & 15];
		digits++;
	}
	return str_of(out, UID_TEXT);
}

/* ---- into bytes ------------------------------------------------------------------------------------------ */

static uint32_t parts_of(const struct meta_object_meta *meta)
{
	uint8_t uid[UID_BYTES];

	return (read_uid(meta->uid, uid) ? 0 : PART_UID) |
	       (meta->has.deletion_timestamp ? PART_DELETED : 0) |
	       (meta->owner_references.len > 0 ? PART_OWNERS : 0) |
	       (meta->finalizers.len > 0 ? PART_FINALIZERS : 0);
}

static uint32_t owner_bytes(const struct meta_owner_reference *owner)
{
	return OWNER_NUMBERS + owner->api_version.len + owner->kind.len + owner->name.len +
	       owner->uid.len;
}

uint32_t outline_bytes(const struct meta_object_meta *meta)
{
	uint32_t parts = parts_of(meta), bytes = offsetof(struct outline, rest);

	if (parts & PART_UID)
		bytes += 4 + meta->uid.len;
	if (parts & PART_DELETED)
		bytes += 8;
	if (parts & PART_OWNERS)
		bytes += 4;
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		bytes += owner_bytes(&meta->owner_references.at[i]);
	if (parts & PART_FINALIZERS)
		bytes += 4;
	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		bytes += 4 + meta->finalizers.at[i].len;
	return bytes;
}

static char *put_str(char *at, struct str text)
{
	at = bytes_put_u32(at, text.len);
	if (text.len > 0)
		memcpy(at, text.at, text.len);
	return at + text.len;
}

static char *put_owner(char *at, const struct meta_owner_reference *owner)
{
	uint8_t flags = 0;

	if (owner->has.controller)
		flags |= OWNER_HAS_CONTROLLER | (owner->controller ? OWNER_CONTROLS : 0);
	if (owner->has.block_owner_deletion)
		flags |= OWNER_HAS_BLOCK | (owner->block_owner_deletion ? OWNER_BLOCKS : 0);
	at = bytes_put_u8(at, flags);
	at = put_str(at, owner->api_version);
	at = put_str(at, owner->kind);
	at = put_str(at, owner->name);
	return put_str(at, owner->uid);
}

void outline_write(struct outline *outline, const struct meta_object_meta *meta, uint64_t revision)
{
	char *at = outline->rest;

	outline->revision = revision;
	outline->parts = (uint8_t)parts_of(meta);
	if (outline->parts & PART_UID)
		at = put_str(at, meta->uid);
	else
		(void)read_uid(meta->uid, outline->uid);
	if (outline->parts & PART_DELETED)
		at = bytes_put_u64(at, (uint64_t)meta->deletion_timestamp.ns);
	if (outline->parts & PART_OWNERS)
		at = bytes_put_u32(at, meta->owner_references.len);
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		at = put_owner(at, &meta->owner_references.at[i]);
	if (outline->parts & PART_FINALIZERS)
		at = bytes_put_u32(at, meta->finalizers.len);
	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		at = put_str(at, meta->finalizers.at[i]);
	assert((size_t)(at - (char *)outline) <= outline_bytes(meta));
}

/* ---- and back --------------------------------------------------------------------------------------------- */

static struct str get_str(const char **at)
{
	uint32_t len = (uint32_t)bytes_get(*at, 4);
	struct str text = str_of(*at + 4, len);

	*at += 4 + len;
	return text;
}

static uint32_t get_u32(const char **at)
{
	uint32_t number = (uint32_t)bytes_get(*at, 4);

	*at += 4;
	return number;
}

static void get_owner(const char **at, struct meta_owner_reference *owner)
{
	uint8_t flags = (uint8_t)bytes_get((*at)++, 1);

	if (flags & OWNER_HAS_CONTROLLER)
		SET(owner, controller, (flags & OWNER_CONTROLS) != 0);
	if (flags & OWNER_HAS_BLOCK)
		SET(owner, block_owner_deletion, (flags & OWNER_BLOCKS) != 0);
	owner->api_version = get_str(at);
	owner->kind = get_str(at);
	owner->name = get_str(at);
	owner->uid = get_str(at);
}

/* The lists, in the arena; what they say lies in the outline. */
static void get_lists(const struct outline *outline, const char *at, struct arena *arena,
		      struct meta_object_meta *meta)
{
	if (outline->parts & PART_OWNERS) {
		meta->owner_references.len = get_u32(&at);
		meta->owner_references.at =
		    arena_array(arena, struct meta_owner_reference, meta->owner_references.len);
	}
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		get_owner(&at, &meta->owner_references.at[i]);
	if (outline->parts & PART_FINALIZERS) {
		meta->finalizers.len = get_u32(&at);
		meta->finalizers.at = arena_array(arena, struct str, meta->finalizers.len);
	}
	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		meta->finalizers.at[i] = get_str(&at);
}

uint64_t outline_revision(const struct outline *outline)
{
	return outline->revision;
}

const struct object *outline_object(const struct outline *outline, const struct type *type,
				    struct str namespace, struct str name)
{
	struct meta_object_meta meta = { .namespace = namespace, .name = name };
	struct meta_partial_object_metadata partial = { &meta };
	bool has_lists = (outline->parts & (PART_OWNERS | PART_FINALIZERS)) != 0;
	struct arena *arena = has_lists ? arena_new(0) : NULL;
	char uid[UID_TEXT], number[24];
	const char *at = outline->rest;
	const struct object *object;

	assert((type->flags & TYPE_METADATA_ONLY) != 0 && type->size == sizeof partial);
	meta.uid = outline->parts & PART_UID ? get_str(&at) : write_uid(outline->uid, uid);
	if (outline->parts & PART_DELETED) {
		SET(&meta, deletion_timestamp, (struct wall){ (int64_t)bytes_get(at, 8) });
		at += 8;
	}
	if (has_lists)
		get_lists(outline, at, arena, &meta);
	meta.resource_version = str_of(
	    number, (uint32_t)snprintf(number, sizeof number, "%ju", (uintmax_t)outline->revision));
	object = object_settled(type, &partial, (int64_t)outline->revision);
	arena_free(arena);
	return object;
}
