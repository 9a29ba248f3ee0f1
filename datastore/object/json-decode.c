#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datastore/object/json.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/base64.h"
#include "transport/wire/json.h"

#define LIST_FIRST 4U
/* Members of one object that strict reading remembers without memory of its own. */
#define SEEN_BITS 256U
/* Longest path in a message; what is longer loses its beginning. */
#define PATH_BYTES 512U

/* The way to the value that is being read: a chain of frames on the stack, innermost first. */
struct step {
	const struct step *up;
	struct str name;         /* of a member or key; absent: an element */
	uint32_t index;          /* of an element */
	const struct type *type; /* that has the member; NULL: a key of a map */
};

struct decode {
	struct json in;
	struct arena *arena;
	struct json_strict *strict; /* NULL: unknown and duplicate members are ignored */
	struct fault *why;
	uint64_t bytes_left;
	enum status
	    status; /* the first value of a wrong type or form; reading goes on, since a syntax fault counts more */
	bool borrow;
};

static void read_message(struct decode *d, const struct type *type, void *record,
			 const struct step *step);
static void read_value(struct decode *d, const struct field *field, void *at,
		       const struct step *step);

/* Faults. */

/* Writes the path in front of what is at `end`; upstream's error of a wrong type names members only, the strict ones all. */
static char *path_before(const struct step *step, bool members_only, char *begin, char *end)
{
	char part[192];

	for (; step != NULL; step = step->up) {
		bool is_element = step->name.at == NULL;
		if (members_only && step->type == NULL)
			continue;
		int len = is_element
			      ? snprintf(part, sizeof part, "[%u]", step->index)
			      : snprintf(part, sizeof part, "." STR_FMT, STR_ARG(step->name));
		len = len < (int)sizeof part ? len : (int)sizeof part - 1;
		if (end - begin < len)
			break;
		end -= len;
		memcpy(end, part, (size_t)len);
	}
	return end < begin + PATH_BYTES && *end == '.' ? end + 1 : end;
}

static struct str path_text(const struct step *step, bool members_only, char out[PATH_BYTES + 1])
{
	char *at = path_before(step, members_only, out, out + PATH_BYTES);

	return str_of(at, (size_t)(out + PATH_BYTES - at));
}

static void fail(struct decode *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Keeps the first. */
static void fail(struct decode *d, const char *format, ...)
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

/* The type as Go names it: v1.PodSpec, []v1.Container, map[string]string, v1.PullPolicy. */
static void go_type(const struct field *field, bool is_element, const struct step *step, char *out,
		    size_t size)
{
	const char *prefix = is_element || field->shape == SHAPE_ONE ? ""
			     : field->shape == SHAPE_LIST            ? "[]"
								     : "map[string]";

	if (field->kind == KIND_MESSAGE)
		snprintf(out, size, "%s" STR_FMT "." STR_FMT, prefix, STR_ARG(field->type->version),
			 STR_ARG(field->type->name));
	else if (field->kind == KIND_STRING && field->rules != NULL && field->rules->values != NULL)
		snprintf(
		    out, size, "%s" STR_FMT "." STR_FMT, prefix,
		    STR_ARG(step != NULL && step->type != NULL ? step->type->version : STR("v1")),
		    STR_ARG(field->rules->values->name));
	else
		snprintf(out, size, "%s%s", prefix, go_kind(field));
}

/* `json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool` */
static void fail_type(struct decode *d, const char *what, const char *type, const struct step *step)
{
	char path[PATH_BYTES + 1];
	const struct step *member = step;

	while (member != NULL && member->type == NULL)
		member = member->up;
	if (member == NULL)
		fail(d, "json: cannot unmarshal %s into Go value of type %s", what, type);
	else
		fail(d,
		     "json: cannot unmarshal %s into Go struct field " STR_FMT "." STR_FMT
		     " of type %s",
		     what, STR_ARG(member->type->name), STR_ARG(path_text(step, true, path)), type);
}

/* Passes over a value that has the wrong type, whose first character says what it is. */
static void skip_wrong(struct decode *d, const char *type, const struct step *step)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object", [JSON_ARRAY] = "array", [JSON_STRING] = "string",
		[JSON_NUMBER] = "number", [JSON_TRUE] = "bool",   [JSON_FALSE] = "bool",
		[JSON_NULL] = "null"
	};
	enum json_token token = json_peek(&d->in);

	if (json_skip(&d->in, NULL))
		fail_type(d, names[token], type, step);
}

static void wrong(struct decode *d, const struct field *field, bool is_element,
		  const struct step *step)
{
	char type[256];

	go_type(field, is_element, step, type, sizeof type);
	skip_wrong(d, type, step);
}

/* Remembers a strict fault once, up to as many as upstream reports. */
static void note(struct decode *d, const char *what, const struct step *up, struct str name)
{
	char path[PATH_BYTES + 1];
	struct step step = { .up = up, .name = name };
	struct str at = path_text(&step, false, path);

	if (d->strict == NULL || d->strict->len == JSON_STRICT_MAX)
		return;
	struct text quoted = text_in(d->arena, 2 * PATH_BYTES * 6);
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

/* Memory, within what one object may take. */

static bool may_take(struct decode *d, uint64_t bytes)
{
	if (bytes <= d->bytes_left) {
		d->bytes_left -= bytes;
		return true;
	}
	if (d->status == OK)
		d->status = fault_set(d->why, TOO_LARGE, "", "the object takes more than %u bytes",
				      LIMIT_RECORD_BYTES);
	d->in.is_bad = true;
	return false;
}

static void *take(struct decode *d, uint32_t bytes)
{
	return may_take(d, bytes) ? arena_zalloc(d->arena, bytes) : NULL;
}

/* Values. */

static struct str keep(struct decode *d, struct str s)
{
	bool is_in_input = s.at >= d->in.begin && s.at < d->in.end;

	return is_in_input && !d->borrow ? arena_str(d->arena, s) : s;
}

static bool read_string(struct decode *d, struct str *out)
{
	if (!json_string(&d->in, d->arena, out))
		return false;
	*out = keep(d, *out);
	return true;
}

static void read_integer(struct decode *d, const struct field *field, void *at,
			 const struct step *step)
{
	char type[256], what[64];
	struct str number;
	int64_t value = 0;
	uint64_t whole = 0;
	bool is_unsigned = field->kind == KIND_UINT32 || field->kind == KIND_UINT64;

	if (!json_number(&d->in, &number))
		return;
	bool fits =
	    is_unsigned ? str_to_u64(number, &whole) == OK : str_to_i64(number, &value) == OK;
	if (field->kind == KIND_INT32)
		fits = fits && value >= INT32_MIN && value <= INT32_MAX;
	if (field->kind == KIND_UINT32)
		fits = fits && whole <= UINT32_MAX;
	if (!fits) {
		go_type(field, true, step, type, sizeof type);
		snprintf(what, sizeof what, "number " STR_FMT, STR_ARG(str_slice(number, 0, 48)));
		fail_type(d, what, type, step);
		return;
	}
	switch (field->kind) {
	case KIND_INT32: *(int32_t *)at = (int32_t)value; break;
	case KIND_INT64: *(int64_t *)at = value; break;
	case KIND_UINT32: *(uint32_t *)at = (uint32_t)whole; break;
	default: *(uint64_t *)at = whole; break;
	}
}

static void read_double(struct decode *d, double *at, const struct step *step)
{
	struct str number;

	if (!json_number(&d->in, &number))
		return;
	if (str_to_double(number, at) != OK)
		fail_type(d, "number", "float64", step);
}

static void read_bytes(struct decode *d, struct str *at)
{
	struct str text;
	uint32_t error_at;

	if (!json_string(&d->in, d->arena, &text))
		return;
	if (base64_decode(BASE64_STANDARD, text, d->arena, at, &error_at) != OK)
		fail(d, "illegal base64 data at input byte %u", error_at);
}

/* Quantities may be strings or numbers; upstream looks at the text between the quotes as it stands. */
static void read_quantity(struct decode *d, struct str *at)
{
	struct fault why;
	struct str raw;

	if (!json_skip(&d->in, &raw))
		return;
	if (raw.at[0] == '"')
		raw = str_trim(str_slice(raw, 1, raw.len - 1));
	if (quantity_canonical(raw, d->arena, at, &why) != OK)
		fail(d, "%s", why.text);
}

static void read_time(struct decode *d, const struct field *field, struct wall *at)
{
	int64_t unit = field->kind == KIND_TIME ? TIME_S : TIME_US;
	struct wall time;
	struct str text;

	if (!json_string(&d->in, d->arena, &text))
		return;
	if (time_parse(text, &time) != OK) {
		fail(d,
		     "parsing time \"" STR_FMT "\" as \"%s\": cannot parse \"" STR_FMT
		     "\" as \"2006\"",
		     STR_ARG(str_slice(text, 0, 64)),
		     field->kind == KIND_TIME ? "2006-01-02T15:04:05Z07:00"
					      : "2006-01-02T15:04:05.000000Z07:00",
		     STR_ARG(str_slice(text, 0, 64)));
		return;
	}
	/* Both ways of rounding go down, before 1970 too. */
	int64_t rest = time.ns % unit;
	at->ns = time.ns - (rest < 0 ? rest + unit : rest);
}

static void read_duration(struct decode *d, int64_t *at)
{
	struct str text;

	if (!json_string(&d->in, d->arena, &text))
		return;
	if (time_parse_duration(text, at) != OK)
		fail(d, "time: invalid duration \"" STR_FMT "\"", STR_ARG(str_slice(text, 0, 64)));
}

static void read_int_or_string(struct decode *d, struct int_or_string *at)
{
	static const struct field number = { .kind = KIND_INT32 };

	*at = (struct int_or_string){ 0 };
	if (json_peek(&d->in) == JSON_STRING)
		at->is_string = read_string(d, &at->string);
	else if (json_peek(&d->in) == JSON_NUMBER)
		read_integer(d, &number, &at->number, NULL);
	else
		skip_wrong(d, "int32", NULL);
}

static void read_raw(struct decode *d, struct str *at)
{
	struct str raw;

	if (json_skip(&d->in, &raw))
		*at = keep(d, raw);
}

/* What a value of each kind has to begin with, if not all will do. */
static bool token_fits(enum kind kind, enum json_token token)
{
	switch (kind) {
	case KIND_BOOL: return token == JSON_TRUE || token == JSON_FALSE;
	case KIND_INT32:
	case KIND_INT64:
	case KIND_UINT32:
	case KIND_UINT64:
	case KIND_DOUBLE: return token == JSON_NUMBER;
	case KIND_TIME:
	case KIND_MICRO_TIME:
	case KIND_DURATION:
	case KIND_STRING:
	case KIND_BYTES: return token == JSON_STRING;
	default: return true;
	}
}

static void read_scalar(struct decode *d, const struct field *field, void *at,
			const struct step *step)
{
	enum json_token token = json_peek(&d->in);

	if (!token_fits(field->kind, token)) {
		if (field->kind >= KIND_TIME && field->kind <= KIND_DURATION)
			skip_wrong(d, "string", NULL);
		else
			wrong(d, field, true, step);
		return;
	}
	switch ((enum kind)field->kind) {
	case KIND_BOOL: *(bool *)at = json_literal(&d->in) && token == JSON_TRUE; return;
	case KIND_INT32:
	case KIND_INT64:
	case KIND_UINT32:
	case KIND_UINT64: read_integer(d, field, at, step); return;
	case KIND_DOUBLE: read_double(d, at, step); return;
	case KIND_TIME:
	case KIND_MICRO_TIME: read_time(d, field, at); return;
	case KIND_DURATION: read_duration(d, at); return;
	case KIND_INT_OR_STRING: read_int_or_string(d, at); return;
	case KIND_STRING: (void)read_string(d, at); return;
	case KIND_BYTES: read_bytes(d, at); return;
	case KIND_QUANTITY: read_quantity(d, at); return;
	case KIND_RAW:
	case KIND_JSON:
	case KIND_FIELDS_V1:
	case KIND_ANY: read_raw(d, at); return;
	case KIND_MESSAGE: break;
	}
	assert(!"a message is no scalar");
}

/* An element or a map's value where null stands: zero; raw JSON is written as null again. */
static void read_null(struct decode *d, const struct field *field, void *at)
{
	(void)json_literal(&d->in);
	if (field->kind == KIND_STRING)
		*(struct str *)at = STR("");
	else if (field->kind == KIND_QUANTITY)
		*(struct str *)at = STR("0");
}

/* One element of a list, or value of a map; a message stands in place. */
static void read_element(struct decode *d, const struct field *field, void *at,
			 const struct step *step)
{
	enum json_token token = json_peek(&d->in);

	if (token == JSON_NULL)
		read_null(d, field, at);
	else if (field->kind == KIND_MESSAGE)
		read_message(d, field->type, at, step);
	else
		read_scalar(d, field, at, step);
}

/* Lists and maps while they grow. */
struct growing {
	const struct field *field;
	char *at;
	uint32_t len, cap, stride;
};

static struct growing growing_of(struct decode *d, const struct field *field)
{
	/* An address of its own, so that an empty list is not an absent one. */
	return (struct growing){ .field = field,
				 .at = arena_alloc(d->arena, 1),
				 .stride = field_stride(field) };
}

/* Room for one more, cleared; NULL: the object is too large. */
static void *grow(struct decode *d, struct growing *list)
{
	if (list->len == list->cap) {
		uint32_t cap = list->cap == 0 ? LIST_FIRST : list->cap * 2;
		uint64_t old = (uint64_t)list->cap * list->stride;
		uint64_t bytes = (uint64_t)cap * list->stride;
		if (!may_take(d, bytes - old))
			return NULL;
		list->at = arena_grow(d->arena, old == 0 ? NULL : list->at, old, bytes);
		memset(list->at + old, 0, bytes - old);
		list->cap = cap;
	}
	return list->at + (uint64_t)list->len++ * list->stride;
}

static void read_list(struct decode *d, const struct field *field, struct block_list *out,
		      const struct step *step)
{
	struct growing list = growing_of(d, field);
	struct step here = { .up = step };

	for (json_enter(&d->in); json_element(&d->in); here.index++) {
		void *at = grow(d, &list);
		if (at == NULL)
			return;
		read_element(d, field, at, &here);
	}
	*out = (struct block_list){ list.at, list.len };
}

/* Keys came out of order. The last of equal ones holds, as in a Go map. */
static void sort_map(struct decode *d, const struct field *field, struct block_list *map,
		     const struct step *step)
{
	const uint32_t stride = field_stride(field);

	record_sort_map(field, map, d->arena);
	for (uint32_t i = 1; d->strict != NULL && i < map->len; i++) {
		const char *at = (const char *)map->at + (uint64_t)i * stride;
		if (str_eq(*(const struct str *)at, *(const struct str *)(at - stride)))
			note(d, "duplicate field", step, *(const struct str *)at);
	}
	record_unique_map(field, map);
}

static void read_map(struct decode *d, const struct field *field, struct block_list *out,
		     const struct step *step)
{
	struct growing map = growing_of(d, field);
	struct step here = { .up = step };
	struct str key;
	bool is_sorted = true;

	for (json_enter(&d->in); json_member(&d->in, d->arena, &key);) {
		char *at = grow(d, &map);
		if (at == NULL)
			return;
		key = keep(d, key);
		if (map.len > 1)
			is_sorted &= str_cmp(*(struct str *)(at - map.stride), key) < 0;
		*(struct str *)at = here.name = key;
		read_element(d, field, at + FIELD_ENTRY_VALUE, &here);
	}
	*out = (struct block_list){ map.at, map.len };
	if (!is_sorted && !d->in.is_bad)
		sort_map(d, field, out, step);
}

/* A message behind a pointer; a second one of the same name goes into the first, as in Go. */
static void *message_at(struct decode *d, const struct field *field, void **at)
{
	if (*at == NULL)
		*at = take(d, field->type->size);
	return *at;
}

static void read_value(struct decode *d, const struct field *field, void *record,
		       const struct step *step)
{
	void *at = field_at(field, record);
	enum json_token token = json_peek(&d->in);

	if (token == JSON_NULL) {
		if (json_literal(&d->in))
			field_clear(field, record);
		return;
	}
	if (field->shape != SHAPE_ONE) {
		if (token != (field->shape == SHAPE_LIST ? JSON_ARRAY : JSON_OBJECT))
			wrong(d, field, false, step);
		else if (field->shape == SHAPE_LIST)
			read_list(d, field, at, step);
		else
			read_map(d, field, at, step);
		return;
	}
	if (field->kind == KIND_MESSAGE) {
		void *message = message_at(d, field, at);
		if (message != NULL)
			read_message(d, field->type, message, step);
		return;
	}
	read_scalar(d, field, at, step);
	field_set_bit(field, record);
}

/* Members. */

/* Which members of an object were seen, by their place among those of its type and of what is inlined in it. */
struct seen {
	uint64_t *bits;
	uint64_t some[SEEN_BITS / 64];
};

/* Places that a type and what is inlined in it take. */
static uint32_t places_of(const struct type *type)
{
	uint32_t count = type->field_count;

	for (uint32_t i = 0; (type->flags & TYPE_HAS_INLINE) && i < type->field_count; i++)
		if (type->fields[i].flags & FIELD_INLINE)
			count += places_of(type->fields[i].type);
	return count;
}

static uint32_t place_of(const struct type *type, const struct field *const *path, uint32_t depth,
			 const struct field *field)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i < depth; i++) {
		place += type->field_count;
		for (const struct field *f = type->fields; f < path[i]; f++)
			if (f->flags & FIELD_INLINE)
				place += places_of(f->type);
		type = path[i]->type;
	}
	return place + (uint32_t)(field - type->fields);
}

static void seen_init(struct decode *d, struct seen *seen, const struct type *type)
{
	uint32_t places = places_of(type);

	memset(seen->some, 0, sizeof seen->some);
	seen->bits =
	    places <= SEEN_BITS ? seen->some : arena_array(d->arena, uint64_t, (places + 63) / 64);
}

static bool seen_before(struct seen *seen, uint32_t place)
{
	uint64_t bit = 1ULL << (place & 63);
	bool before = (seen->bits[place >> 6] & bit) != 0;

	seen->bits[place >> 6] |= bit;
	return before;
}

/* A member that no field has. */
static void read_unknown(struct decode *d, const struct type *type, void *record, struct str name,
			 const struct step *step)
{
	struct str raw;
	bool is_kind =
	    (type->flags & TYPE_KIND) && (str_is(name, "apiVersion") || str_is(name, "kind"));

	if (!json_skip(&d->in, &raw) || is_kind)
		return;
	if (type->rest == 0) {
		note(d, "unknown field", step, name);
		return;
	}
	struct str_map *rest = field_at(&type->fields[type->rest - 1], record);
	str_map_put(rest, d->arena, keep(d, name), keep(d, raw));
}

static void read_member(struct decode *d, const struct type *type, void *record, struct str name,
			struct seen *seen, const struct step *up)
{
	const struct field *path[TYPE_INLINE_DEPTH];
	uint32_t depth = 0;
	const struct field *field = type_member(type, name, path, &depth);
	struct step step = { .up = up, .name = name, .type = type };

	if (field == NULL) {
		read_unknown(d, type, record, name, up);
		return;
	}
	if (d->strict != NULL && seen_before(seen, place_of(type, path, depth, field)))
		note(d, "duplicate field", up, name);
	for (uint32_t i = 0; i < depth; i++) {
		record = message_at(d, path[i], field_at(path[i], record));
		if (record == NULL)
			return;
	}
	read_value(d, field, record, &step);
}

static void read_object(struct decode *d, const struct type *type, void *record,
			const struct step *step)
{
	struct seen seen;
	struct str name;

	if (d->strict != NULL)
		seen_init(d, &seen, type);
	for (json_enter(&d->in); json_member(&d->in, d->arena, &name);)
		read_member(d, type, record, name, &seen, step);
}

/* Forms of their own. Upstream reads what is in them without strictness, since its own code does it there. */

static const struct field *field_of_shape(const struct type *type, enum shape shape)
{
	for (uint32_t i = 0; i < type->field_count; i++)
		if (type->fields[i].shape == shape && type->fields[i].kind != KIND_BOOL)
			return &type->fields[i];
	assert(!"a form without its fields");
	return NULL;
}

static void read_or_bool(struct decode *d, const struct type *type, void *record)
{
	const struct field *allows = &type->fields[0], *schema = field_of_shape(type, SHAPE_ONE);
	enum json_token token = json_peek(&d->in);

	assert(allows->kind == KIND_BOOL);
	if (token == JSON_OBJECT) {
		*(bool *)field_at(allows, record) = true;
		field_set_bit(allows, record);
		read_value(d, schema, record, NULL);
	} else if (token == JSON_TRUE || token == JSON_FALSE) {
		read_value(d, allows, record, NULL);
	} else if (json_skip(&d->in, NULL)) {
		fail(d, "boolean or JSON schema expected");
	}
}

static void read_or_list(struct decode *d, const struct type *type, void *record)
{
	enum json_token token = json_peek(&d->in);

	if (token == JSON_OBJECT)
		read_value(d, field_of_shape(type, SHAPE_ONE), record, NULL);
	else if (token == JSON_ARRAY)
		read_value(d, field_of_shape(type, SHAPE_LIST), record, NULL);
	else
		(void)json_skip(&d->in, NULL);
}

static void read_message(struct decode *d, const struct type *type, void *record,
			 const struct step *step)
{
	struct json_strict *strict = d->strict;
	char name[160];

	switch ((enum form)type->form) {
	case FORM_OBJECT:
		if (json_peek(&d->in) == JSON_OBJECT) {
			read_object(d, type, record, step);
			return;
		}
		snprintf(name, sizeof name, STR_FMT "." STR_FMT, STR_ARG(type->version),
			 STR_ARG(type->name));
		skip_wrong(d, name, step);
		return;
	case FORM_BARE: read_value(d, &type->fields[0], record, step); return;
	case FORM_OR_BOOL:
	case FORM_OR_ARRAY:
	case FORM_OR_STRINGS:
		d->strict = NULL;
		if (type->form == FORM_OR_BOOL)
			read_or_bool(d, type, record);
		else
			read_or_list(d, type, record);
		d->strict = strict;
		return;
	}
}

static struct decode decode_of(struct str bytes, struct arena *arena, struct fault *why)
{
	return (struct decode){
		.in = json_of(bytes), .arena = arena, .why = why, .bytes_left = LIMIT_RECORD_BYTES
	};
}

/* A text that is no JSON counts more than a value of the wrong type. */
static enum status finish(struct decode *d)
{
	if (d->status == TOO_LARGE)
		return d->status;
	TRY(json_end(&d->in, d->why));
	return d->status;
}

enum status json_decode(const struct type *type, struct str bytes, struct arena *arena,
			struct json_options options, void **out_record, struct fault *why)
{
	struct decode d = decode_of(bytes, arena, why);
	void *record = record_new(type, arena);

	d.strict = options.strict;
	d.borrow = options.borrow;
	if (json_peek(&d.in) == JSON_NULL)
		(void)json_literal(&d.in);
	else
		read_message(&d, type, record, NULL);
	TRY(finish(&d));
	*out_record = record;
	return OK;
}

enum status json_decode_field(const struct field *field, struct str bytes, struct arena *arena,
			      void *record, struct fault *why)
{
	struct decode d = decode_of(bytes, arena, why);

	field_clear(field, record);
	read_value(&d, field, record, NULL);
	return finish(&d);
}

enum status json_kind(struct str bytes, struct arena *arena, struct str *out_api_version,
		      struct str *out_kind, struct fault *why)
{
	struct json in = json_of(bytes);
	struct str name, api_version = STR_NONE, kind = STR_NONE;

	if (json_peek(&in) != JSON_OBJECT) {
		if (json_skip(&in, NULL))
			return fault_set(why, BAD_REQUEST, "",
					 "couldn't get version/kind; json parse error: the text is "
					 "no object");
		return json_fault(&in, why);
	}
	for (json_enter(&in); json_member(&in, arena, &name);) {
		bool is_wanted = str_is(name, "apiVersion") || str_is(name, "kind");
		struct str *out = str_is(name, "kind") ? &kind : &api_version;
		if (is_wanted && json_peek(&in) == JSON_STRING)
			(void)json_string(&in, arena, out);
		else
			(void)json_skip(&in, NULL);
	}
	TRY(json_end(&in, why));
	*out_api_version = arena_str(arena, api_version);
	*out_kind = arena_str(arena, kind);
	return OK;
}

struct str json_strict_text(const struct json_strict *strict, struct arena *arena)
{
	struct text out = text_in(arena, JSON_STRICT_MAX * 2 * PATH_BYTES);

	text_lit(&out, "strict decoding error: ");
	for (uint32_t i = 0; i < strict->len; i++) {
		if (i > 0)
			text_lit(&out, ", ");
		text_add(&out, strict->at[i]);
	}
	return text_str(&out);
}
