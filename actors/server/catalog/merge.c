#include "actors/server/catalog/merge.h"

#include "datastore/object/openapi/openapi.h"
#include "runtime/base/collection/map.h"
#include "transport/wire/json.h"

#define HEAD "{\"swagger\":\"2.0\",\"info\":{\"title\":\"\",\"version\":\"\"}"

/* ---- of one server ------------------------------------------------------------------------------------------- */

/* The member's value as it stands; absent: there is none, or it is no object. */
static struct str object_of(struct str document, struct arena *arena, const char *wanted)
{
	struct json in = json_of(document);
	struct str name, raw;

	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, arena, &name);) {
		bool is_object = json_peek(&in) == JSON_OBJECT;

		if (json_skip(&in, &raw) && is_object && str_is(name, wanted))
			return raw;
	}
	return STR_NONE;
}

static bool is_under(struct str path, struct str root)
{
	return str_starts(path, root) && (path.len == root.len || path.at[root.len] == '/');
}

static void add_paths(struct str paths, struct str root, struct arena *arena, struct text *out)
{
	struct json in = json_of(paths);
	struct str name, raw;
	bool is_first = true;

	(void)json_peek(&in);
	for (json_enter(&in); json_member(&in, arena, &name);) {
		if (!json_skip(&in, &raw) || !is_under(name, root))
			continue;
		json_write_name(out, name, is_first);
		json_write_compact(out, raw);
		is_first = false;
	}
}

enum status merge_read(struct str document, struct str group, struct str version, struct text *out)
{
	struct arena *arena = arena_new(0);
	struct str root =
	    arena_printf(arena, "/apis/" STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(version));
	struct str paths, definitions;
	struct text proto = text_new(OPENAPI_BYTES_MAX);
	enum status status = INVALID;

	if (json_is_valid(document)) {
		paths = object_of(document, arena, "paths");
		definitions = object_of(document, arena, "definitions");
		text_lit(out, HEAD ",\"paths\":{");
		if (paths.at != NULL)
			add_paths(paths, root, arena, out);
		text_lit(out, "},\"definitions\":");
		json_write_compact(out, definitions.at != NULL ? definitions : STR("{}"));
		text_add_char(out, '}');
		/* What cannot be said in the other form would spoil ours in that form. */
		if (!out->is_cut && openapi_proto(text_str(out), &proto, NULL) == OK)
			status = OK;
	}
	text_fini(&proto);
	arena_free(arena);
	return status;
}

/* ---- of all ---------------------------------------------------------------------------------------------------- */

/* The members of an object that are not in the map yet, each with a comma before it. */
static void add_new(struct str object, struct map *there, struct arena *arena, bool is_written,
		    struct text *out)
{
	struct json in = json_of(object);
	struct str name, raw;

	if (json_peek(&in) != JSON_OBJECT)
		return;
	for (json_enter(&in); json_member(&in, arena, &name);) {
		if (!json_skip(&in, &raw) || map_has(there, name))
			continue;
		if (is_written) {
			json_write_name(out, name, there->len == 0);
			text_add(out, raw);
		}
		map_put(there, name, there);
	}
}

static void add_object(struct str own, const char *what, const struct str *others, uint32_t count,
		       struct text *out)
{
	struct arena *arena = arena_new(0);
	struct map there = { 0 };

	text_add(out, str_slice(own, 0, own.len - 1));
	add_new(own, &there, arena, false, out);
	for (uint32_t i = 0; i < count; i++)
		add_new(object_of(others[i], arena, what), &there, arena, true, out);
	text_add_char(out, '}');
	map_fini(&there);
	arena_free(arena);
}

void merge_write(struct str own, const struct str *others, uint32_t count, struct text *out)
{
	struct arena *arena = arena_new(0);
	struct json in = json_of(own);
	struct str name, raw;
	bool is_first = true;

	(void)json_peek(&in);
	text_add_char(out, '{');
	for (json_enter(&in); json_member(&in, arena, &name); is_first = false) {
		json_write_name(out, name, is_first);
		(void)!json_skip(&in, &raw);
		if (str_is(name, "paths") || str_is(name, "definitions"))
			add_object(raw, arena_cstr(arena, name), others, count, out);
		else
			text_add(out, raw);
	}
	text_add_char(out, '}');
	arena_free(arena);
}
