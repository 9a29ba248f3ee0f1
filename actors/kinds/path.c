#include "actors/kinds/path.h"

#include "datastore/object/json.h"
#include "datastore/object/name.h"

#define SHOWN_MAX (16U * KIB) /* a value larger than that is cut; upstream shows all of it */
#define DEPTH_MAX \
	256U /* beyond the nesting of any type: schemas are types, as deep as JSON may be */

static const struct path *first_of(const struct path *at)
{
	while (at->up != NULL)
		at = at->up;
	return at;
}

struct faults *path_faults(const struct path *at)
{
	return first_of(at)->faults;
}

struct arena *path_arena(const struct path *at)
{
	return path_faults(at)->arena;
}

static void print_step(struct text *out, const struct path *at)
{
	switch (at->kind) {
	case PATH_MEMBER:
		if (out->len > 0)
			text_add_char(out, '.');
		text_add(out, at->step);
		break;
	case PATH_INDEX: text_printf(out, "[%u]", at->index); break;
	case PATH_IN_KEY: text_printf(out, "[" STR_FMT "]", STR_ARG(at->step)); break;
	}
}

struct str path_text(const struct path *at)
{
	struct text out = text_in(path_arena(at), 4 * KIB);
	const struct path *steps[DEPTH_MAX];
	uint32_t count = 0;

	for (; at != NULL; at = at->up) {
		assert(count < DEPTH_MAX);
		steps[count++] = at;
	}
	while (count > 0)
		print_step(&out, steps[--count]);
	return out.len > 0 ? text_str(&out) : STR("[]");
}

/* ---- what there is to say ---------------------------------------------------------------------------------- */

static bool say(const struct path *at, enum fault_kind kind, struct str shown, const char *words)
{
	faults_add(path_faults(at), kind, path_text(at), shown, "%s", words);
	return false;
}

bool path_required(const struct path *at, const char *words)
{
	return say(at, FAULT_REQUIRED, STR_NONE, words);
}

bool path_forbidden(const struct path *at, const char *words)
{
	return say(at, FAULT_FORBIDDEN, STR_NONE, words);
}

static struct str quoted(const struct path *at, struct str value)
{
	return name_quoted(path_arena(at), value);
}

static struct str number(const struct path *at, int64_t value)
{
	return arena_printf(path_arena(at), "%jd", (intmax_t)value);
}

bool path_invalid(const struct path *at, struct str value, const char *words)
{
	return say(at, FAULT_INVALID, quoted(at, value), words);
}

bool path_invalid_lines(const struct path *at, struct str value, struct str said, struct str words)
{
	while (words.len > 0) {
		struct str line = str_cut(&words, '\n');

		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), value), STR_FMT STR_FMT,
			   STR_ARG(said), STR_ARG(line));
	}
	return false;
}

bool path_invalid_number(const struct path *at, int64_t value, const char *words)
{
	return say(at, FAULT_INVALID, number(at, value), words);
}

bool path_duplicate(const struct path *at, struct str value)
{
	return say(at, FAULT_DUPLICATE, quoted(at, value), "");
}

bool path_not_found(const struct path *at, struct str value)
{
	return say(at, FAULT_NOT_FOUND, quoted(at, value), "");
}

bool path_too_long(const struct path *at, uint32_t max_bytes)
{
	return path_fault(at, FAULT_TOO_LONG, STR_NONE, "may not be more than %u byte%s", max_bytes,
			  max_bytes == 1 ? "" : "s");
}

bool path_too_many(const struct path *at, uint32_t len, uint32_t max)
{
	return path_fault(at, FAULT_TOO_MANY, number(at, len), "must have at most %u item%s", max,
			  max == 1 ? "" : "s");
}

bool path_not_supported(const struct path *at, struct str value, const char *quoted_values)
{
	return path_fault(at, FAULT_NOT_SUPPORTED, quoted(at, value), "supported values: %s",
			  quoted_values);
}

bool path_fault(const struct path *at, enum fault_kind kind, struct str shown, const char *format,
		...)
{
	struct str words;
	va_list args;

	va_start(args, format);
	words = arena_vprintf(path_arena(at), format, args);
	va_end(args);
	faults_add(path_faults(at), kind, path_text(at), shown, STR_FMT, STR_ARG(words));
	return false;
}

/* ---- values as JSON ---------------------------------------------------------------------------------------- */

struct str path_shown_list(const struct path *at, struct str_list list)
{
	struct text out = text_in(path_arena(at), SHOWN_MAX);

	if (list.at == NULL)
		return STR("null");
	text_add_char(&out, '[');
	for (uint32_t i = 0; i < list.len; i++)
		text_printf(&out, "%s" STR_FMT, i ? "," : "", STR_ARG(quoted(at, list.at[i])));
	text_add_char(&out, ']');
	return text_str(&out);
}

struct str path_shown_map(const struct path *at, struct str_map map)
{
	struct text out = text_in(path_arena(at), SHOWN_MAX);

	if (map.at == NULL)
		return STR("null");
	text_add_char(&out, '{');
	for (uint32_t i = 0; i < map.len; i++)
		text_printf(&out, "%s" STR_FMT ":" STR_FMT, i ? "," : "",
			    STR_ARG(quoted(at, map.at[i].key)),
			    STR_ARG(quoted(at, map.at[i].value)));
	text_add_char(&out, '}');
	return text_str(&out);
}

struct str path_shown_record(const struct path *at, const struct type *type, const void *record)
{
	struct text out = text_in(path_arena(at), SHOWN_MAX);

	if (record == NULL)
		return STR("null");
	json_encode(type, record, &out);
	return text_str(&out);
}

struct str path_shown_field(const struct path *at, const struct type *type, const char *member,
			    const void *record)
{
	const struct field *field = type_field(type, str_from(member));
	struct text out = text_in(path_arena(at), SHOWN_MAX);

	assert(field != NULL);
	if (record != NULL && field->kind == KIND_STRING && field->shape == SHAPE_ONE &&
	    (field->flags & FIELD_PTR) == 0 && !field_is_set(field, record))
		return STR("\"\""); /* what is no pointer in Go is never nil */
	if (record == NULL || !field_is_set(field, record))
		return STR("null");
	json_encode_field(field, record, &out);
	return text_str(&out);
}
