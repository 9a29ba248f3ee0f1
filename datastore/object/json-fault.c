#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "datastore/object/json-private.h"
#include "runtime/base/text.h"

/* One step as it is printed; gives its length. */
static int print_step(const struct json_step *step, bool members_only, char *out, size_t size)
{
	int len = 0;

	if (step->name.at == NULL)
		return snprintf(out, size, "[%u]", step->index);
	for (uint32_t i = 0; members_only && i < step->inlined_count && len < (int)size; i++)
		len += snprintf(out + len, size - (size_t)len, "." STR_FMT,
				STR_ARG(type_name(field_type(step->inlined[i]))));
	if (len < (int)size)
		len += snprintf(out + len, size - (size_t)len, "." STR_FMT, STR_ARG(step->name));
	return len;
}

/* Writes the path in front of what is at `end`; upstream's error of a wrong type names members only, the strict ones all. */
static char *path_before(const struct json_step *step, bool members_only, char *begin, char *end)
{
	char part[192];

	for (; step != NULL; step = step->up) {
		if (members_only && step->type == NULL)
			continue;
		int len = print_step(step, members_only, part, sizeof part);
		len = len < (int)sizeof part ? len : (int)sizeof part - 1;
		if (end - begin < len)
			break;
		end -= len;
		memcpy(end, part, (size_t)len);
	}
	return end < begin + JSON_PATH_BYTES && *end == '.' ? end + 1 : end;
}

static struct str path_text(const struct json_step *step, bool members_only,
			    char out[JSON_PATH_BYTES + 1])
{
	char *at = path_before(step, members_only, out, out + JSON_PATH_BYTES);

	return str_of(at, (size_t)(out + JSON_PATH_BYTES - at));
}

void json_fail(struct json_decode *d, const char *format, ...)
{
	char text[sizeof d->why->text];
	va_list args;

	if (d->status != OK)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	d->status = fault_set(d->why, BAD_REQUEST, "", "%s", text);
}

static const char *go_kind(const struct field *field)
{
	static const char *const names[KIND_COUNT] = {
		[KIND_BOOL] = "bool",     [KIND_INT32] = "int32",   [KIND_INT64] = "int64",
		[KIND_UINT32] = "uint32", [KIND_UINT64] = "uint64", [KIND_DOUBLE] = "float64",
		[KIND_STRING] = "string", [KIND_BYTES] = "[]uint8", [KIND_TIME] = "v1.Time",
	};

	return names[field->kind] != NULL ? names[field->kind] : "string";
}

/* Keys that have a type of their own in Go. */
static const char *map_prefix(const struct field *field)
{
	struct str name = field->kind == KIND_MESSAGE ? type_name(field_type(field)) : STR("");

	if (str_is(name, "DeviceAttribute") || str_is(name, "DeviceCapacity"))
		return "map[v1.QualifiedName]";
	return "map[string]";
}

void json_go_type(const struct field *field, bool is_element, const struct json_step *step,
		  char *out, size_t size)
{
	const char *prefix = is_element || field->shape == SHAPE_ONE ? ""
			     : field->shape == SHAPE_LIST            ? "[]"
								     : map_prefix(field);

	if (field->kind == KIND_MESSAGE)
		snprintf(out, size, "%s" STR_FMT "." STR_FMT, prefix,
			 STR_ARG(type_version(field_type(field))),
			 STR_ARG(type_name(field_type(field))));
	else if (field->kind == KIND_STRING && field_rules(field) != NULL &&
		 rules_values(field_rules(field)) != NULL)
		snprintf(out, size, "%s" STR_FMT "." STR_FMT, prefix,
			 STR_ARG(step != NULL && step->type != NULL ? type_version(step->type)
								    : STR("v1")),
			 STR_ARG(known_values_name(rules_values(field_rules(field)))));
	else if (field->kind == KIND_QUANTITY && field->shape == SHAPE_MAP && !is_element)
		snprintf(out, size, "v1.ResourceList");
	else
		snprintf(out, size, "%s%s", prefix, go_kind(field));
}

static bool is_custom(const struct json_step *step)
{
	while (step->up != NULL)
		step = step->up;
	return step->type != NULL && step->type->set != NULL;
}

void json_fail_type(struct json_decode *d, const char *what, const char *type,
		    const struct json_step *step)
{
	char buffer[JSON_PATH_BYTES + 1];
	struct str path = path_text(step, true, buffer);
	const struct json_step *member = step;

	while (member != NULL && member->type == NULL)
		member = member->up;
	/* Of objects of a definition upstream reads the metadata by themselves. */
	if (member != NULL && is_custom(member)) {
		if (member->up == NULL && str_is(path, "metadata"))
			member = NULL;
		else if (str_starts(path, STR("metadata.")))
			path = str_slice(path, 9, path.len);
	}
	if (member == NULL)
		json_fail(d, "json: cannot unmarshal %s into Go value of type %s", what, type);
	else
		json_fail(d,
			  "json: cannot unmarshal %s into Go struct field " STR_FMT "." STR_FMT
			  " of type %s",
			  what, STR_ARG(type_name(member->type)), STR_ARG(path), type);
}

void json_skip_wrong(struct json_decode *d, const char *type, const struct json_step *step)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object", [JSON_ARRAY] = "array", [JSON_STRING] = "string",
		[JSON_NUMBER] = "number", [JSON_TRUE] = "bool",   [JSON_FALSE] = "bool",
		[JSON_NULL] = "null"
	};
	enum json_token token = json_peek(&d->in);

	if (json_skip(&d->in, NULL))
		json_fail_type(d, names[token], type, step);
}

void json_wrong(struct json_decode *d, const struct field *field, bool is_element,
		const struct json_step *step)
{
	char type[256];

	json_go_type(field, is_element, step, type, sizeof type);
	json_skip_wrong(d, type, step);
}

void json_note(struct json_decode *d, const char *what, const struct json_step *up, struct str name)
{
	char path[JSON_PATH_BYTES + 1];
	struct json_step step = { .up = up, .name = name };
	struct str at = path_text(&step, false, path);

	if (d->strict == NULL || d->strict->len == JSON_STRICT_MAX)
		return;
	struct text quoted = text_in(d->arena, 2 * JSON_PATH_BYTES * 6);
	text_printf(&quoted, "%s ", what);
	text_add_char(&quoted, '"');
	for (uint32_t i = 0; i < at.len; i++) {
		if (at.at[i] == '"' || at.at[i] == '\\')
			text_add_char(&quoted, '\\');
		text_add_char(&quoted, at.at[i]);
	}
	text_add_char(&quoted, '"');
	for (uint32_t i = 0; i < d->strict->len; i++)
		if (str_eq(d->strict->at[i], text_str(&quoted)))
			return;
	if (d->strict->at == NULL)
		d->strict->at = arena_array(d->arena, struct str, JSON_STRICT_MAX);
	d->strict->at[d->strict->len++] = text_str(&quoted);
}

struct str json_strict_text(const struct json_strict *strict, struct arena *arena)
{
	struct text out = text_in(arena, JSON_STRICT_MAX * 2 * JSON_PATH_BYTES);

	text_lit(&out, "strict decoding error: ");
	for (uint32_t i = 0; i < strict->len; i++) {
		if (i > 0)
			text_lit(&out, ", ");
		text_add(&out, strict->at[i]);
	}
	return text_str(&out);
}
