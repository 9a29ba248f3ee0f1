#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "datastore/object/json-private.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"

#define LIST_FIRST 4U
/* Members of one object that strict reading remembers without memory of its own. */
#define SEEN_BITS 256U

static void read_message(struct json_decode *d, const struct type *type, void *record,
			 const struct json_step *step);
static void read_value(struct json_decode *d, const struct field *field, void *at,
		       const struct json_step *step);

static void *take(struct json_decode *d, uint32_t bytes)
{
	return json_may_take(d, bytes) ? arena_zalloc(d->arena, bytes) : NULL;
}

/* An element or a map's value where null stands: zero; raw JSON is written as null again. */
static void read_null(struct json_decode *d, const struct field *field, void *at)
{
	(void)json_literal(&d->in);
	if (field->kind == KIND_STRING)
		*(struct str *)at = STR("");
	else if (field->kind == KIND_QUANTITY)
		*(struct str *)at = STR("0");
}

/* One element of a list, or value of a map; a message stands in place. */
static void read_element(struct json_decode *d, const struct field *field, void *at,
			 const struct json_step *step)
{
	enum json_token token = json_peek(&d->in);

	if (token == JSON_NULL && (field->flags & FIELD_LOOSE) && field->kind != KIND_ANY)
		json_wrong(d, field, true, step);
	else if (token == JSON_NULL)
		read_null(d, field, at);
	else if (field->kind == KIND_MESSAGE)
		read_message(d, field_type(field), at, step);
	else
		json_read_scalar(d, field, at, step);
}

/* Lists and maps while they grow. */
struct growing {
	const struct field *field;
	char *at;
	uint32_t len, cap, stride;
};

static struct growing growing_of(struct json_decode *d, const struct field *field)
{
	/* An address of its own, so that an empty list is not an absent one. */
	return (struct growing){ .field = field,
				 .at = arena_alloc(d->arena, 1),
				 .stride = field_stride(field) };
}

/* Room for one more, cleared; NULL: the object is too large. */
static void *grow(struct json_decode *d, struct growing *list)
{
	if (list->len == list->cap) {
		uint32_t cap = list->cap == 0 ? LIST_FIRST : list->cap * 2;
		uint64_t old = (uint64_t)list->cap * list->stride;
		uint64_t bytes = (uint64_t)cap * list->stride;
		if (!json_may_take(d, bytes - old))
			return NULL;
		list->at = arena_grow(d->arena, old == 0 ? NULL : list->at, old, bytes);
		memset(list->at + old, 0, bytes - old);
		list->cap = cap;
	}
	return list->at + (uint64_t)list->len++ * list->stride;
}

static void read_list(struct json_decode *d, const struct field *field, struct block_list *out,
		      const struct json_step *step)
{
	struct growing list = growing_of(d, field);
	struct json_step here = { .up = step };

	for (json_enter(&d->in); json_element(&d->in); here.index++) {
		void *at = grow(d, &list);
		if (at == NULL)
			return;
		read_element(d, field, at, &here);
	}
	*out = (struct block_list){ list.at, list.len };
}

/* Keys came out of order. The last of equal ones holds, as in a Go map. */
static void sort_map(struct json_decode *d, const struct field *field, struct block_list *map,
		     const struct json_step *step)
{
	const uint32_t stride = field_stride(field);

	record_sort_map(field, map, d->arena);
	for (uint32_t i = 1; d->strict != NULL && i < map->len; i++) {
		const char *at = (const char *)map->at + (uint64_t)i * stride;
		if (str_eq(*(const struct str *)at, *(const struct str *)(at - stride)))
			json_note(d, "duplicate field", step, *(const struct str *)at);
	}
	record_unique_map(field, map);
}

/* Under a key, null is nothing where it may not stand. */
static bool drops_null(const struct field *field)
{
	return (field->flags & FIELD_LOOSE) && !(field->flags & FIELD_NULL_VALUES) &&
	       field->kind != KIND_ANY;
}

static void read_map(struct json_decode *d, const struct field *field, struct block_list *out,
		     const struct json_step *step)
{
	struct growing map = growing_of(d, field);
	struct json_step here = { .up = step };
	struct str key;
	bool is_sorted = true;

	for (json_enter(&d->in); json_member(&d->in, d->arena, &key);) {
		char *at;

		if (drops_null(field) && json_peek(&d->in) == JSON_NULL) {
			(void)json_literal(&d->in);
			continue;
		}
		at = grow(d, &map);
		if (at == NULL)
			return;
		key = json_keep(d, key);
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
static void *message_at(struct json_decode *d, const struct field *field, void **at)
{
	if (*at == NULL)
		*at = take(d, field_type(field)->size);
	return *at;
}

static void read_value(struct json_decode *d, const struct field *field, void *record,
		       const struct json_step *step)
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
			json_wrong(d, field, false, step);
		else if (field->shape == SHAPE_LIST)
			read_list(d, field, at, step);
		else
			read_map(d, field, at, step);
		return;
	}
	if (field->kind == KIND_MESSAGE) {
		void *message = message_at(d, field, at);
		if (message != NULL)
			read_message(d, field_type(field), message, step);
		return;
	}
	json_read_scalar(d, field, at, step);
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
		if (type_fields(type)[i].flags & FIELD_INLINE)
			count += places_of(field_type(&type_fields(type)[i]));
	return count;
}

static uint32_t place_of(const struct type *type, const struct field *const *path, uint32_t depth,
			 const struct field *field)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i < depth; i++) {
		place += type->field_count;
		for (const struct field *f = type_fields(type); f < path[i]; f++)
			if (f->flags & FIELD_INLINE)
				place += places_of(field_type(f));
		type = field_type(path[i]);
	}
	return place + (uint32_t)(field - type_fields(type));
}

static void seen_init(struct json_decode *d, struct seen *seen, const struct type *type)
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

/* What is remembered of an object while its members are read. */
struct reading {
	bool has_version, has_kind; /* they have been read, though there is no field for them */
	struct seen seen;
	struct growing rest; /* of types that have one: as it came, put in order at the end */
};

/* More members under the name of an earlier one go into the same object, as in Go. */
static void begin_rest(struct json_decode *d, const struct type *type, const void *record,
		       struct reading *reading)
{
	const struct field *field = &type_fields(type)[type->rest - 1];
	const struct block_list *before = field_at(field, record);

	reading->rest = growing_of(d, field);
	if (before->len == 0)
		return;
	reading->rest.at = before->at;
	reading->rest.len = reading->rest.cap = before->len;
}

static void add_rest(struct json_decode *d, struct reading *reading, struct str name, struct str raw)
{
	struct str_entry *entry = grow(d, &reading->rest);

	if (entry != NULL)
		*entry = (struct str_entry){ json_keep(d, name), json_keep(d, raw) };
}

/* Of a loose field's values the last one counts. */
static void drop_outdated(const struct type *type, const void *record, struct str_map *rest)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < rest->len; i++) {
		const struct field *field = type_field(type, rest->at[i].key);

		if (field == NULL || !field_is_set(field, record))
			rest->at[kept++] = rest->at[i];
	}
	rest->len = kept;
}

static void end_rest(struct json_decode *d, const struct type *type, void *record,
		     const struct reading *reading)
{
	const struct field *field = &type_fields(type)[type->rest - 1];
	struct block_list list = { reading->rest.at, reading->rest.len };

	if (list.len == 0)
		return;
	record_sort_map(field, &list, d->arena);
	record_unique_map(field, &list);
	*(struct block_list *)field_at(field, record) = list;
	drop_outdated(type, record, field_at(field, record));
}

/* A member that no field has. */
static void read_unknown(struct json_decode *d, const struct type *type, struct reading *reading,
			 struct str name, const struct json_step *step)
{
	bool is_version = str_is(name, "apiVersion"), is_kind = str_is(name, "kind");
	bool *is_seen = is_version ? &reading->has_version : &reading->has_kind;
	struct str raw;

	if (!json_skip(&d->in, &raw))
		return;
	if ((type->flags & TYPE_KIND) && (is_version || is_kind)) {
		if (d->strict != NULL && *is_seen)
			json_note(d, "duplicate field", step, name);
		*is_seen = true;
		return;
	}
	if (type->rest == 0 || (type->flags & TYPE_PRUNED))
		json_note(d, "unknown field", step, name);
	else
		add_rest(d, reading, name, raw);
}

/* What the field cannot hold stays as it was sent, under the field's name. */
static void read_loose(struct json_decode *d, void *record, const struct field *field,
		       struct reading *reading, const struct json_step *step)
{
	bool is_kept = json_peek(&d->in) == JSON_NULL && (field->flags & FIELD_NULLABLE);
	const char *begin = d->in.at;
	bool was_well = d->status == OK;

	read_value(d, field, record, step);
	if (was_well && d->status == BAD_REQUEST && !d->in.is_bad) {
		d->status = OK;
		is_kept = true;
	}
	if (!is_kept)
		return;
	field_clear(field, record);
	add_rest(d, reading, field_name(field), str_of(begin, (size_t)(d->in.at - begin)));
}

static void read_member(struct json_decode *d, const struct type *type, void *record,
			struct str name, struct reading *reading, const struct json_step *up)
{
	const struct field *path[TYPE_INLINE_DEPTH];
	uint32_t depth = 0;
	const struct field *field = type_member(type, name, path, &depth);
	struct json_step step = { .up = up, .name = name, .type = type, .inlined = path };

	step.inlined_count = depth;
	if (field == NULL) {
		read_unknown(d, type, reading, name, up);
		return;
	}
	if (d->strict != NULL && seen_before(&reading->seen, place_of(type, path, depth, field)))
		json_note(d, "duplicate field", up, name);
	for (uint32_t i = 0; i < depth; i++) {
		record = message_at(d, path[i], field_at(path[i], record));
		if (record == NULL)
			return;
	}
	if (field->flags & FIELD_LOOSE)
		read_loose(d, record, field, reading, &step);
	else
		read_value(d, field, record, &step);
}

static void read_object(struct json_decode *d, const struct type *type, void *record,
			const struct json_step *step)
{
	struct reading reading;
	struct str name;

	reading.has_version = reading.has_kind = false;
	if (d->strict != NULL)
		seen_init(d, &reading.seen, type);
	if (type->rest != 0)
		begin_rest(d, type, record, &reading);
	for (json_enter(&d->in); json_member(&d->in, d->arena, &name);)
		read_member(d, type, record, name, &reading, step);
	if (type->rest != 0 && !d->in.is_bad)
		end_rest(d, type, record, &reading);
}

/* Forms of their own. Upstream reads what is in them without strictness, since its own code does it there. */

static const struct field *field_of_shape(const struct type *type, enum shape shape)
{
	for (uint32_t i = 0; i < type->field_count; i++)
		if (type_fields(type)[i].shape == shape && type_fields(type)[i].kind != KIND_BOOL)
			return &type_fields(type)[i];
	assert(!"a form without its fields");
	return NULL;
}

static void read_or_bool(struct json_decode *d, const struct type *type, void *record)
{
	const struct field *allows = &type_fields(type)[0],
			   *schema = field_of_shape(type, SHAPE_ONE);
	enum json_token token = json_peek(&d->in);

	assert(allows->kind == KIND_BOOL);
	if (token == JSON_OBJECT) {
		*(bool *)field_at(allows, record) = true;
		field_set_bit(allows, record);
		read_value(d, schema, record, NULL);
	} else if (token == JSON_TRUE || token == JSON_FALSE) {
		read_value(d, allows, record, NULL);
	} else if (json_skip(&d->in, NULL)) {
		json_fail(d, "boolean or JSON schema expected");
	}
}

static void read_or_list(struct json_decode *d, const struct type *type, void *record)
{
	enum json_token token = json_peek(&d->in);

	if (token == JSON_OBJECT)
		read_value(d, field_of_shape(type, SHAPE_ONE), record, NULL);
	else if (token == JSON_ARRAY)
		read_value(d, field_of_shape(type, SHAPE_LIST), record, NULL);
	else
		(void)json_skip(&d->in, NULL);
}

static void read_message(struct json_decode *d, const struct type *type, void *record,
			 const struct json_step *step)
{
	struct json_strict *strict = d->strict;
	char name[160];

	switch ((enum form)type->form) {
	case FORM_OBJECT:
		if (json_peek(&d->in) == JSON_OBJECT) {
			read_object(d, type, record, step);
			return;
		}
		snprintf(name, sizeof name, STR_FMT "." STR_FMT, STR_ARG(type_version(type)),
			 STR_ARG(type_name(type)));
		json_skip_wrong(d, name, step);
		return;
	case FORM_BARE: read_value(d, &type_fields(type)[0], record, step); return;
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

static struct json_decode decode_of(struct str bytes, struct arena *arena, struct fault *why)
{
	return (struct json_decode){
		.in = json_of(bytes), .arena = arena, .why = why, .bytes_left = LIMIT_RECORD_BYTES
	};
}

/* A text that is no JSON counts more than a value of the wrong type. */
static enum status finish(struct json_decode *d)
{
	if (d->status == TOO_LARGE)
		return d->status;
	TRY(json_end(&d->in, d->why));
	return d->status;
}

enum status json_decode(const struct type *type, struct str bytes, struct arena *arena,
			struct json_options options, void **out_record, struct fault *why)
{
	struct json_decode d = decode_of(bytes, arena, why);
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
	struct json_decode d = decode_of(bytes, arena, why);

	field_clear(field, record);
	read_value(&d, field, record, NULL);
	return finish(&d);
}

/* null is an object that says nothing. */
static enum status no_object(struct json *in, struct fault *why)
{
	static const char *const words[] = {
		[JSON_ARRAY] = "array", [JSON_STRING] = "string", [JSON_NUMBER] = "number",
		[JSON_TRUE] = "bool",   [JSON_FALSE] = "bool",
	};
	enum json_token token = json_peek(in);

	if (!json_skip(in, NULL))
		return json_fault(in, why);
	TRY(json_end(in, why));
	if (token == JSON_NULL)
		return OK;
	return fault_set(
	    why, BAD_REQUEST, "",
	    "json: cannot unmarshal %s into Go value of type struct { APIVersion string "
	    "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
	    "\"json:\\\"kind,omitempty\\\"\" }",
	    words[token]);
}

enum status json_kind(struct str bytes, struct arena *arena, struct str *out_api_version,
		      struct str *out_kind, struct fault *why)
{
	struct json in = json_of(bytes);
	struct str name, api_version = STR_NONE, kind = STR_NONE;

	if (json_peek(&in) != JSON_OBJECT) {
		TRY(no_object(&in, why));
		*out_api_version = *out_kind = STR("");
		return OK;
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

enum status json_sort_of(struct str bytes, enum json_sort *out, struct fault *why)
{
	struct json in = json_of(bytes);
	enum json_token token = json_peek(&in);

	(void)json_skip(&in, NULL);
	TRY(json_end(&in, why));
	*out = token == JSON_NULL     ? JSON_SORT_NULL
	       : token == JSON_OBJECT ? JSON_SORT_OBJECT
				      : JSON_SORT_OTHER;
	return OK;
}
