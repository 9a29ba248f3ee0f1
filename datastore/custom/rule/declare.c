#include "datastore/custom/rule/declare.h"

#include <stdlib.h>

#include "datastore/cel/value/escape.h"
#include "datastore/custom/props.h"
#include "datastore/custom/value.h"
#include "runtime/base/limits.h"

#define DURATION_BYTES 32
#define DATE_BYTES 12
#define DATE_TIME_BYTES 32
#define DEPTH_MAX (2 * LIMIT_NESTING)

struct declaring {
	struct arena *arena;
	uint32_t depth;
};

static const struct cel_type *declare(struct declaring *d, schema_props *schema, bool is_root,
				      struct str name, int64_t *min_bytes);

static int64_t not_negative(int64_t n)
{
	return n < 0 ? 0 : n;
}

/* ---- scalars ------------------------------------------------------------------------------------------------------- */

static const struct cel_type *sized(struct declaring *d, enum cel_kind kind, int64_t max)
{
	struct cel_type *type = arena_new_of(d->arena, struct cel_type);

	type->kind = kind;
	type->max_size = (uint64_t)max;
	return type;
}

/* A character has up to four bytes, and requests are counted in bytes. */
static int64_t max_characters(schema_props *schema)
{
	return schema->has.max_length ? not_negative(schema->max_length) * 4
				      : DECLARE_REQUEST_BYTES - 2;
}

static int64_t max_enumerated(struct declaring *d, schema_props *schema)
{
	struct value value;
	int64_t max = 0;

	for (uint32_t i = 0; i < schema->enum_.len; i++)
		if (value_parse(schema->enum_.at[i], d->arena, &value) == OK &&
		    value.kind == VALUE_STRING && value.text.len > max)
			max = value.text.len;
	return max;
}

static const struct cel_type *declare_string(struct declaring *d, schema_props *schema,
					     int64_t *min_bytes)
{
	struct str format = schema->format;

	*min_bytes = 2;
	if (str_is(format, "byte"))
		return sized(d, CEL_BYTES,
			     schema->has.max_length ? not_negative(schema->max_length)
						    : DECLARE_REQUEST_BYTES - 2);
	if (str_is(format, "duration")) {
		*min_bytes = 3;
		return sized(d, CEL_DURATION, DURATION_BYTES);
	}
	if (str_is(format, "date")) {
		*min_bytes = DATE_BYTES;
		return sized(d, CEL_TIMESTAMP, DATE_BYTES);
	}
	if (str_is(format, "date-time")) {
		*min_bytes = 21;
		return sized(d, CEL_TIMESTAMP, DATE_TIME_BYTES);
	}
	if (!schema->has.max_length && schema->enum_.len > 0)
		return sized(d, CEL_STRING, max_enumerated(d, schema));
	return sized(d, CEL_STRING, max_characters(schema));
}

/* ---- lists, maps, objects --------------------------------------------------------------------------------------------- */

static const struct cel_type *declare_list(struct declaring *d, schema_props *schema,
					   struct str name, int64_t *min_bytes)
{
	schema_props *items = props_items(schema);
	const struct cel_type *item;
	struct cel_type *type;
	int64_t item_bytes = 0;

	if (items == NULL)
		return NULL;
	item = declare(d, items, items->x_kubernetes_embedded_resource,
		       arena_printf(d->arena, STR_FMT ".@idx", STR_ARG(name)), &item_bytes);
	if (item == NULL)
		return NULL;
	type = (struct cel_type *)(uintptr_t)cel_type_list(d->arena, item);
	type->max_size =
	    (uint64_t)(schema->has.max_items ? not_negative(schema->max_items)
					     : (DECLARE_REQUEST_BYTES - 2) / (item_bytes + 1));
	*min_bytes = 2;
	return type;
}

static const struct cel_type *declare_map(struct declaring *d, schema_props *schema,
					  struct str name, int64_t *min_bytes)
{
	schema_props *values = props_values(schema);
	const struct cel_type *value;
	struct cel_type *type;
	int64_t value_bytes = 0;

	value = declare(d, values, values->x_kubernetes_embedded_resource,
			arena_printf(d->arena, STR_FMT ".@elem", STR_ARG(name)), &value_bytes);
	if (value == NULL)
		return NULL;
	/* Upstream knows no size of the keys: as scalars they have none. */
	type = (struct cel_type *)(uintptr_t)cel_type_map(d->arena, cel_type_of(CEL_STRING), value);
	type->max_size = (uint64_t)(schema->has.max_properties
					? not_negative(schema->max_properties)
					: (DECLARE_REQUEST_BYTES - 2) / (value_bytes + 6));
	*min_bytes = 2;
	return type;
}

static bool is_required(schema_props *schema, struct str name)
{
	for (uint32_t i = 0; i < schema->required.len; i++)
		if (str_eq(schema->required.at[i], name))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct cel_field *)a)->name, ((const struct cel_field *)b)->name);
}

struct fields {
	struct cel_field *at;
	uint32_t len;
};

static void add_field(struct declaring *d, struct fields *fields, struct str name,
		      const struct cel_type *type)
{
	struct str escaped;

	if (type != NULL && escape_name(name, d->arena, &escaped))
		fields->at[fields->len++] = (struct cel_field){ escaped, type };
}

/* What every object has that stands for itself. */
static const struct cel_type *declare_metadata(struct declaring *d, struct str name)
{
	struct cel_type *type = arena_new_of(d->arena, struct cel_type);
	struct cel_field *fields = arena_array(d->arena, struct cel_field, 2);
	const struct cel_type *text = sized(d, CEL_STRING, DECLARE_REQUEST_BYTES - 2);

	fields[0] = (struct cel_field){ STR("generateName"), text };
	fields[1] = (struct cel_field){ STR("name"), text };
	*type =
	    (struct cel_type){ .kind = CEL_OBJECT,
			       .name = arena_printf(d->arena, STR_FMT ".metadata", STR_ARG(name)),
			       .fields = fields,
			       .field_count = 2 };
	return type;
}

static bool is_text(schema_props *schema)
{
	return schema != NULL && str_is(schema->type, "string");
}

/* Whether the schema says itself what objects of their own have. */
static bool has_own_metadata(schema_props *schema)
{
	schema_props *metadata = props_property(schema, STR("metadata"));

	return is_text(props_property(schema, STR("kind"))) &&
	       is_text(props_property(schema, STR("apiVersion"))) && metadata != NULL &&
	       str_is(metadata->type, "object") && is_text(props_property(metadata, STR("name"))) &&
	       is_text(props_property(metadata, STR("generateName")));
}

static bool is_meta(struct str name)
{
	return str_is(name, "kind") || str_is(name, "apiVersion") || str_is(name, "metadata");
}

static const struct cel_type *declare_object(struct declaring *d, schema_props *schema,
					     bool is_root, struct str name, int64_t *min_bytes)
{
	struct cel_type *type = arena_new_of(d->arena, struct cel_type);
	struct fields fields = { arena_array(d->arena, struct cel_field, schema->properties.len + 3),
				 0 };
	bool adds_meta = is_root && !has_own_metadata(schema);

	*min_bytes = 2;
	for (uint32_t i = 0; i < schema->properties.len; i++) {
		struct str key = schema->properties.at[i].key;
		schema_props *inner = &schema->properties.at[i].value;
		const struct cel_type *field;
		int64_t bytes = 0;

		if (adds_meta && is_meta(key))
			continue;
		field =
		    declare(d, inner, inner->x_kubernetes_embedded_resource,
			    arena_printf(d->arena, STR_FMT "." STR_FMT, STR_ARG(name), STR_ARG(key)),
			    &bytes);
		add_field(d, &fields, key, field);
		if (field != NULL && is_required(schema, key) && inner->default_.at == NULL)
			*min_bytes += key.len + bytes + 4;
	}
	if (adds_meta) {
		const struct cel_type *text = sized(d, CEL_STRING, DECLARE_REQUEST_BYTES - 2);

		add_field(d, &fields, STR("apiVersion"), text);
		add_field(d, &fields, STR("kind"), text);
		add_field(d, &fields, STR("metadata"), declare_metadata(d, name));
		*min_bytes += is_required(schema, STR("kind")) ? 4 + 2 + 4 : 0;
		*min_bytes += is_required(schema, STR("apiVersion")) ? 10 + 2 + 4 : 0;
		*min_bytes += is_required(schema, STR("metadata")) ? 8 + 2 + 4 : 0;
	}
	if (fields.len > 1)
		qsort(fields.at, fields.len, sizeof *fields.at, by_name);
	*type = (struct cel_type){
		.kind = CEL_OBJECT, .name = name, .fields = fields.at, .field_count = fields.len
	};
	return type;
}

static const struct cel_type *declare(struct declaring *d, schema_props *schema, bool is_root,
				      struct str name, int64_t *min_bytes)
{
	const struct cel_type *out = NULL;

	if (d->depth >= DEPTH_MAX)
		return NULL;
	d->depth++;
	*min_bytes = 1;
	if (schema->x_kubernetes_int_or_string) {
		out = sized(d, CEL_DYN, max_characters(schema));
	} else if (str_is(schema->type, "array")) {
		out = declare_list(d, schema, name, min_bytes);
	} else if (str_is(schema->type, "object") && props_values(schema) != NULL) {
		out = declare_map(d, schema, name, min_bytes);
	} else if (str_is(schema->type, "object")) {
		out = declare_object(d, schema, is_root, name, min_bytes);
	} else if (str_is(schema->type, "string")) {
		out = declare_string(d, schema, min_bytes);
	} else if (str_is(schema->type, "boolean")) {
		*min_bytes = 4;
		out = sized(d, CEL_BOOL, 0);
	} else if (str_is(schema->type, "number")) {
		out = sized(d, CEL_DOUBLE, 0);
	} else if (str_is(schema->type, "integer")) {
		out = sized(d, CEL_INT, 0);
	}
	d->depth--;
	return out;
}

const struct cel_type *declare_type(schema_props *schema, bool is_root, struct arena *arena,
				    int64_t *min_bytes)
{
	struct declaring d = { .arena = arena };

	return declare(&d, schema, is_root, STR("selfType"), min_bytes);
}
