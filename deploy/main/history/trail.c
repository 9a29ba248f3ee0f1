#include "deploy/main/history/trail.h"

#include "datastore/custom/value.h"
#include "runtime/base/mem.h"

#define PIECE_BYTES (1U * MIB) /* events that are longer, with their objects, are passed over */

static struct str text_of(const struct value *event, const char *path)
{
	const struct value *value = value_at(event, str_from(path));

	return value != NULL && value->kind == VALUE_STRING ? value->text : STR("");
}

/* What is of no namespace has none there, but for namespaces themselves. */
static bool is_about(const struct value *event, const struct target *target)
{
	struct str namespace = text_of(event, "objectRef.namespace");

	return str_eq(text_of(event, "objectRef.name"), target->name) &&
	       (namespace.len == 0 || str_eq(namespace, target->namespace) ||
		str_eq(namespace, target->name)) &&
	       str_eq(text_of(event, "objectRef.resource"), target->plural) &&
	       str_eq(text_of(event, "objectRef.apiGroup"),
		      target->group.at != NULL ? target->group : STR(""));
}

static struct str user_of(const struct value *event, struct arena *arena)
{
	struct str user = text_of(event, "user.username");
	struct str wanted = text_of(event, "impersonatedUser.username");

	return wanted.len > 0
		   ? arena_printf(arena, STR_FMT " (" STR_FMT ")", STR_ARG(wanted), STR_ARG(user))
		   : arena_str(arena, user);
}

static bool is_change(struct str verb)
{
	return str_is(verb, "create") || str_is(verb, "update") || str_is(verb, "patch") ||
	       str_is(verb, "delete");
}

static void take_event(const struct trail *trail, const struct value *event)
{
	const struct value *code = value_at(event, STR("responseStatus.code"));
	uint64_t revision;

	if (!str_is(text_of(event, "stage"), "ResponseComplete") ||
	    !is_change(text_of(event, "verb")) || !is_about(event, trail->target) ||
	    str_to_u64(text_of(event, "objectRef.resourceVersion"), &revision) != OK ||
	    code == NULL || code->kind != VALUE_INTEGER || code->integer >= 300)
		return;
	for (uint32_t i = 0; i < trail->count; i++)
		if (trail->versions[i].revision == revision)
			trail->versions[i].user = user_of(event, trail->arena);
}

void trail_line(const struct trail *trail, struct str line)
{
	struct arena *arena;
	struct value event;

	/* Most lines are about something else: they are not parsed. */
	if (str_find(line, trail->target->name) < 0)
		return;
	arena = arena_new(0);
	if (value_parse(line, arena, &event) == OK && event.kind == VALUE_MAP)
		take_event(trail, &event);
	arena_free(arena);
}

/* Gives out the whole lines; what is left of the last one. A line that fills the piece is passed over. */
static size_t take_lines(const struct trail *trail, char *at, size_t len)
{
	struct str rest = str_of(at, (uint32_t)len);
	int64_t end;

	while ((end = str_find_char(rest, '\n')) >= 0) {
		trail_line(trail, str_slice(rest, 0, (uint32_t)end));
		rest = str_slice(rest, (uint32_t)end + 1, rest.len);
	}
	if (rest.len == PIECE_BYTES)
		return 0;
	memmove(at, rest.at, rest.len);
	return rest.len;
}

static void read_lines(const struct trail *trail, const struct seams_files *files,
		       struct seams_file *file, uint64_t from)
{
	char *piece = mem_alloc(PIECE_BYTES);
	size_t left = 0, got = 0;

	/* One that was cut at the front is no event. */
	while (files->read(files->self, file, piece + left, PIECE_BYTES - left, from, &got) == OK &&
	       got > 0) {
		from += got;
		left = take_lines(trail, piece, left + got);
	}
	mem_free(piece);
}

void trail_read(const struct trail *trail, const struct seams_files *files, const char *path)
{
	struct seams_file *file;
	uint64_t size = 0;

	if (files->open(files->self, path, SEAMS_READ, 0, &file) != OK)
		return;
	if (files->size(files->self, file, &size) == OK)
		read_lines(trail, files, file, size > TRAIL_BYTES_MAX ? size - TRAIL_BYTES_MAX : 0);
	files->close(files->self, file);
}
