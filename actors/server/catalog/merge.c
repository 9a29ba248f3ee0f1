#include "actors/server/catalog/merge.h"

#include "datastore/object/openapi/openapi.h"
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

void merge_write(struct str document, const char *what, struct map *there, struct text *out)
{
	struct arena *arena = arena_new(0);
	struct json in = json_of(object_of(document, arena, what));
	struct str name, raw;

	if (json_peek(&in) == JSON_OBJECT)
		for (json_enter(&in); json_member(&in, arena, &name);) {
			if (!json_skip(&in, &raw) || map_has(there, name))
				continue;
			json_write_name(out, name, out->len == 0);
			text_add(out, raw);
			map_put(there, name, there);
		}
	arena_free(arena);
}

void merge_names(struct str members, struct map *names)
{
	struct arena *arena = arena_new(0);
	struct json in = json_of(arena_printf(arena, "{" STR_FMT "}", STR_ARG(members)));
	struct str name;

	(void)json_peek(&in);
	for (json_enter(&in); json_member(&in, arena, &name);) {
		(void)!json_skip(&in, NULL);
		map_put(names, name, names);
	}
	arena_free(arena);
}
