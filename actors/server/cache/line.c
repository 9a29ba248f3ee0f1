#include "actors/server/cache/line.h"

#include "datastore/object/proto.h"
#include "datastore/schema/meta.h"

#define FRAME_BYTES 64U /* what framing adds to an object, at most */

static const char *const change_names[] = {
	[CACHE_ADDED] = "ADDED",
	[CACHE_MODIFIED] = "MODIFIED",
	[CACHE_DELETED] = "DELETED",
};

static void frame_proto(struct text *out, struct str type, struct str object)
{
	struct meta_watch_event event = { .type = type, .object = object };
	uint32_t begin, len;

	text_add_bytes(out, "\0\0\0\0", 4);
	begin = out->len;
	proto_encode(&meta_watch_event_type, &event, out);
	len = out->len - begin;
	for (uint32_t i = 0; i < 4; i++)
		out->at[begin - 4 + i] = (char)(len >> (24 - 8 * i));
}

static void frame_json(struct text *out, struct str type, struct str object)
{
	text_lit(out, "{\"type\":\"");
	text_add(out, type);
	text_lit(out, "\",\"object\":");
	text_add(out, object);
	text_lit(out, "}\n");
}

struct text line_text(enum format format, struct str type, struct str object)
{
	struct text out = text_new(object.len + FRAME_BYTES);

	text_reserve(&out, object.len + FRAME_BYTES);
	if (format == FORMAT_PROTO)
		frame_proto(&out, type, object);
	else
		frame_json(&out, type, object);
	assert(!out.is_cut);
	return out;
}

/* The line is what is kept of the object's bytes: they hang on the object only if somebody asks for it. */
static struct line *make(enum cache_change change, enum format format, const struct object *object)
{
	struct line *line = mem_new(struct line);
	struct arena *arena = arena_new(0);
	struct str bytes = object_bytes_once(object, format, arena);
	struct text out = line_text(format, str_from(change_names[change]), bytes);

	arena_free(arena);
	line->refs = 1;
	line->change = change;
	line->format = format;
	line->object = object_ref(object);
	line->bytes = out.at;
	line->len = out.len;
	return line;
}

void line_unref(void *arg)
{
	struct line *line = arg;

	if (line == NULL || --line->refs > 0)
		return;
	object_unref(line->object);
	mem_free(line->bytes);
	mem_free(line);
}

struct line *line_get(struct lines *lines, enum cache_change change, enum format format,
		      const struct object *object)
{
	uint64_t hash = hash_mix((uintptr_t)object, (uint64_t)change * 2 + (uint64_t)format);
	struct line **slot = &lines->at[hash % LINES_KEPT];
	struct line *line = *slot;

	if (line == NULL || line->object != object || line->change != change ||
	    line->format != format) {
		line_unref(line);
		line = *slot = make(change, format, object);
	}
	line->refs++;
	return line;
}

void line_forget(struct lines *lines)
{
	for (uint32_t i = 0; i < LINES_KEPT; i++) {
		line_unref(lines->at[i]);
		lines->at[i] = NULL;
	}
}
