#include "datastore/object/json.h"
#include "datastore/object/openapi/descriptions.h"
#include "datastore/object/openapi/openapi-private.h"
#include "datastore/object/record.h"
#include "datastore/schema/meta.h"
#include "transport/wire/json.h"

/*
 * Schemas: a walk over the tables of the types that paths refer to, and of those that these refer to.
 */

#define REFERENCE "#/components/schemas/"
#define REFERENCE_V2 "#/definitions/"

/* A schema to be written: of a type, of a kind of value, or of a custom resource. */
struct wanted {
	const struct type *type;
	const struct value_schema *value;
	const struct openapi_resource *custom;
	bool is_list; /* of the custom resource */
};

/* Values that are no messages here but have a schema of their own in upstream's documents. */
static const struct value_schema {
	enum kind kind;
	const char *name, *json, *description;
	const char *json_v2; /* NULL: the same */
} value_schemas[] = {
	{ KIND_TIME, "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
	  "\"type\":\"string\",\"format\":\"date-time\"", "A moment as RFC 3339, in seconds.",
	  NULL },
	{ KIND_MICRO_TIME, "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
	  "\"type\":\"string\",\"format\":\"date-time\"", "A moment as RFC 3339, in microseconds.",
	  NULL },
	{ KIND_DURATION, "io.k8s.apimachinery.pkg.apis.meta.v1.Duration", "\"type\":\"string\"",
	  "A length of time such as 1h30m or 10s.", NULL },
	{ KIND_QUANTITY, "io.k8s.apimachinery.pkg.api.resource.Quantity",
	  "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]",
	  "An amount: a number with an optional suffix such as m, k, M, G, Ki, Mi or Gi.",
	  "\"type\":\"string\"" },
	{ KIND_INT_OR_STRING, "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
	  "\"format\":\"int-or-string\",\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]",
	  "A whole number, or a text such as a percentage or a name.",
	  "\"type\":\"string\",\"format\":\"int-or-string\"" },
	{ KIND_RAW, "io.k8s.apimachinery.pkg.runtime.RawExtension", "\"type\":\"object\"",
	  "Any object.", NULL },
	{ KIND_FIELDS_V1, "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "\"type\":\"object\"",
	  "A set of fields, as a tree of their names.", NULL },
	{ KIND_JSON, "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", NULL,
	  "Any JSON value.", NULL },
};

static const struct value_schema *value_schema_of(enum kind kind)
{
	for (size_t i = 0; i < sizeof value_schemas / sizeof value_schemas[0]; i++)
		if (value_schemas[i].kind == kind)
			return &value_schemas[i];
	return NULL;
}

/* ---- references ------------------------------------------------------------------------------------------------ */

/* The member `$ref`. */
static void refer(struct openapi *o, struct str name, struct wanted wanted)
{
	if (!map_has(&o->schemas, name))
		map_put(&o->schemas, name, arena_copy(o->arena, &wanted, sizeof wanted));
	openapi_member(o, "$ref");
	text_printf(o->out, "\"%s" STR_FMT "\"", o->is_v2 ? REFERENCE_V2 : REFERENCE, STR_ARG(name));
}

void openapi_refer(struct openapi *o, const struct type *type)
{
	refer(o, type_openapi(type), (struct wanted){ .type = type });
}

void openapi_reference(struct openapi *o, const struct type *type)
{
	text_add_char(o->out, '{');
	openapi_refer(o, type);
	text_add_char(o->out, '}');
}

/* com.example.v1.Foo: the group's words backwards, as upstream names them. */
struct str openapi_custom_name(struct arena *arena, const struct resource_row *row, bool is_list)
{
	struct str left = row->group;
	struct text out = text_in(arena, OPENAPI_BYTES_MAX);

	while (left.len > 0) {
		int64_t dot = str_find_last(left, '.');

		text_add(&out, str_slice(left, (uint32_t)(dot + 1), left.len));
		text_add_char(&out, '.');
		left = str_slice(left, 0, dot < 0 ? 0 : (uint32_t)dot);
	}
	text_printf(&out, STR_FMT "." STR_FMT "%s", STR_ARG(row->version), STR_ARG(row->kind),
		    is_list ? "List" : "");
	return text_str(&out);
}

void openapi_reference_custom(struct openapi *o, const struct openapi_resource *resource,
			      bool is_list)
{
	text_add_char(o->out, '{');
	refer(o, openapi_custom_name(o->arena, resource->row, is_list),
	      (struct wanted){ .custom = resource, .is_list = is_list });
	text_add_char(o->out, '}');
}

/* ---- one value ---------------------------------------------------------------------------------------------------- */

/* Members `type` and `format` of what JSON has a form for. */
static const char *plain_schema(enum kind kind)
{
	switch (kind) {
	case KIND_BOOL: return "\"type\":\"boolean\"";
	case KIND_INT32:
	case KIND_UINT32: return "\"type\":\"integer\",\"format\":\"int32\"";
	case KIND_INT64:
	case KIND_UINT64: return "\"type\":\"integer\",\"format\":\"int64\"";
	case KIND_DOUBLE: return "\"type\":\"number\",\"format\":\"double\"";
	case KIND_STRING: return "\"type\":\"string\"";
	case KIND_BYTES: return "\"type\":\"string\",\"format\":\"byte\"";
	default: return NULL;
	}
}

const char *openapi_query_type(const struct field *field)
{
	if (field->kind == KIND_BOOL)
		return "boolean";
	return field->kind == KIND_INT32 || field->kind == KIND_INT64 ? "integer" : "string";
}

/* The next of them by its letters, as upstream orders them; `after` nothing: the first. */
static struct str next_value(const struct known_values *values, struct str after)
{
	struct str least = STR_NONE;

	for (uint32_t i = 0; i < values->len; i++) {
		struct str text = known_value_text(&known_values_at(values)[i]);

		if ((after.at == NULL || str_cmp(text, after) > 0) &&
		    (least.at == NULL || str_cmp(text, least) < 0))
			least = text;
	}
	return least;
}

static void write_enum(struct openapi *o, const struct field *field)
{
	const struct known_values *values =
	    field_rules(field) == NULL ? NULL : rules_values(field_rules(field));

	if (o->is_v2 || values == NULL || !values->is_closed)
		return;
	openapi_member(o, "enum");
	text_add_char(o->out, '[');
	for (struct str text = STR_NONE; (text = next_value(values, text)).at != NULL;) {
		openapi_next(o);
		json_write_string(o->out, text);
	}
	text_add_char(o->out, ']');
}

static void write_list_body(struct openapi *o, const struct field *field);

/* The members that say what one value looks like: the field's, an element's, or that of a map's value. */
static void write_value_body(struct openapi *o, const struct field *field)
{
	const char *plain = plain_schema(field->kind);
	const struct value_schema *value = value_schema_of(field->kind);

	if (field->kind == KIND_MESSAGE && field_type(field)->form == FORM_BARE) {
		write_list_body(o, &type_fields(field_type(field))[0]);
	} else if (field->kind == KIND_MESSAGE) {
		refer(o, type_openapi(field_type(field)),
		      (struct wanted){ .type = field_type(field) });
	} else if (plain != NULL) {
		openapi_next(o);
		text_add(o->out, str_from(plain));
		write_enum(o, field);
	} else if (value != NULL) {
		refer(o, str_from(value->name), (struct wanted){ .value = value });
	}
}

static void write_list_body(struct openapi *o, const struct field *field)
{
	openapi_string(o, "type", field->shape == SHAPE_MAP ? STR("object") : STR("array"));
	openapi_member(o, field->shape == SHAPE_MAP ? "additionalProperties" : "items");
	text_add_char(o->out, '{');
	write_value_body(o, field);
	text_add_char(o->out, '}');
}

static bool is_reference(const struct field *field)
{
	return field->kind == KIND_MESSAGE ? field_type(field)->form != FORM_BARE
					   : value_schema_of(field->kind) != NULL;
}

static void write_one_body(struct openapi *o, const struct field *field)
{
	if (field->kind == KIND_ANY) {
		openapi_next(o);
		text_lit(o->out, "\"x-kubernetes-preserve-unknown-fields\":true");
	} else if (is_reference(field) && !o->is_v2) {
		/* A reference has no members beside it; those of the field go around it. */
		openapi_member(o, "allOf");
		text_lit(o->out, "[{");
		write_value_body(o, field);
		text_lit(o->out, "}]");
	} else {
		write_value_body(o, field);
	}
}

/* ---- what the field says about it ----------------------------------------------------------------------------------- */

/* What Go's encoder writes for a value that nobody set, or what the server fills in. */
static void write_default(struct openapi *o, const struct field *field)
{
	struct str json =
	    field_rules(field) == NULL ? STR_NONE : rules_default_json(field_rules(field));
	bool is_written = (field->flags & FIELD_ALWAYS) && !(field->flags & FIELD_PTR);

	if (o->is_v2 || field->shape != SHAPE_ONE)
		return;
	if (field->kind == KIND_MESSAGE)
		json = record_is_by_value(field) && field_type(field)->form == FORM_OBJECT
			   ? STR("{}")
			   : STR_NONE;
	else if (json.at == NULL && is_written && field->kind == KIND_BOOL)
		json = STR("false");
	else if (json.at == NULL && is_written && field->kind <= KIND_DOUBLE)
		json = STR("0");
	else if (json.at == NULL && is_written && field->kind == KIND_STRING)
		json = STR("\"\"");
	if (json.at == NULL)
		return;
	openapi_member(o, "default");
	text_add(o->out, json);
}

static void write_list_kind(struct openapi *o, const struct field *field)
{
	const char *kind = field->flags & FIELD_ATOMIC ? "atomic"
			   : field->flags & FIELD_SET  ? "set"
			   : field->flags & FIELD_MAP  ? "map"
						       : NULL;

	/* Bytes are a list in Go. */
	if (field->shape != SHAPE_LIST && field->kind != KIND_BYTES) {
		if (field->flags & (FIELD_ATOMIC | FIELD_GRANULAR))
			openapi_string(o, "x-kubernetes-map-type",
				       field->flags & FIELD_ATOMIC ? STR("atomic")
								   : STR("granular"));
		return;
	}
	if (kind == NULL)
		return;
	if (field->flags & FIELD_MAP) {
		openapi_member(o, "x-kubernetes-list-map-keys");
		text_add_char(o->out, '[');
		for (uint32_t i = 0; i < field_rules(field)->key_count; i++) {
			openapi_next(o);
			json_write_string(o->out, rules_key(field_rules(field), i));
		}
		text_add_char(o->out, ']');
	}
	openapi_string(o, "x-kubernetes-list-type", str_from(kind));
}

static void write_patch(struct openapi *o, const struct field *field)
{
	bool merges = field->flags & FIELD_MERGE, retains = field->flags & FIELD_RETAIN_KEYS;
	const char *strategy = merges && retains              ? "merge,retainKeys"
			       : merges                       ? "merge"
			       : retains                      ? "retainKeys"
			       : field->flags & FIELD_REPLACE ? "replace"
							      : NULL;

	if (field_rules(field) != NULL && rules_merge_key(field_rules(field)).at != NULL)
		openapi_string(o, "x-kubernetes-patch-merge-key",
			       rules_merge_key(field_rules(field)));
	if (strategy != NULL)
		openapi_string(o, "x-kubernetes-patch-strategy", str_from(strategy));
}

static void write_field(struct openapi *o, const struct type *type, const struct field *field)
{
	openapi_next(o);
	json_write_string(o->out, field_name(field));
	text_lit(o->out, ":{");
	openapi_describe(o, descriptions_field(o->descriptions, type, field_name(field)));
	if (field->shape == SHAPE_ONE)
		write_one_body(o, field);
	else
		write_list_body(o, field);
	write_default(o, field);
	write_list_kind(o, field);
	write_patch(o, field);
	text_add_char(o->out, '}');
}

/* ---- a type ---------------------------------------------------------------------------------------------------------------- */

static void write_fields(struct openapi *o, const struct type *type)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		if (type_fields(type)[i].flags & FIELD_INLINE)
			write_fields(o, field_type(&type_fields(type)[i]));
		else
			write_field(o, type, &type_fields(type)[i]);
	}
}

static void write_required(struct openapi *o, const struct type *type)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];

		if (field->flags & FIELD_INLINE) {
			write_required(o, field_type(field));
		} else if (field->flags & FIELD_REQUIRED) {
			openapi_next(o);
			json_write_string(o->out, field_name(field));
		}
	}
}

static bool has_required(const struct type *type)
{
	for (uint32_t i = 0; i < type->field_count; i++)
		if ((type_fields(type)[i].flags & FIELD_REQUIRED) ||
		    ((type_fields(type)[i].flags & FIELD_INLINE) &&
		     has_required(field_type(&type_fields(type)[i]))))
			return true;
	return false;
}

void openapi_write_kind_members(struct openapi *o)
{
	text_lit(
	    o->out,
	    "\"apiVersion\":{\"description\":\"APIVersion defines the group and version in which "
	    "the object is written.\",\"type\":\"string\"},\"kind\":{\"description\":\"What kind "
	    "of object "
	    "it is.\",\"type\":\"string\"}");
}

void openapi_write_one_kind(struct openapi *o, struct str group, struct str kind, struct str version)
{
	openapi_next(o);
	text_add_char(o->out, '{');
	openapi_string(o, "group", group);
	openapi_string(o, "kind", kind);
	openapi_string(o, "version", version);
	text_add_char(o->out, '}');
}

/* Kinds of meta.k8s.io belong to every group; they say the one that they are read in too. Of the document of all groups only
   what every group reads says them all. */
static void write_own_kind(struct openapi *o, const struct type *type)
{
	bool is_meta = str_is(type_prefix(type), "meta");
	bool has_groups = is_meta && (!o->is_v2 || type == &meta_delete_options_type);

	openapi_member(o, "x-kubernetes-group-version-kind");
	text_add_char(o->out, '[');
	openapi_write_one_kind(o, is_meta ? STR("") : type_group(type), type_kind(type),
			       is_meta ? STR("v1") : type_version(type));
	for (uint32_t i = 0; has_groups && i < o->group_count; i++)
		if (o->groups[i].group.len > 0)
			openapi_write_one_kind(o, o->groups[i].group, type_kind(type),
					       o->groups[i].version);
	text_add_char(o->out, ']');
}

/* Types that upstream gives no shape: a schema in a schema, and what is one of several things. */
static bool is_shapeless(const struct type *type)
{
	return type->form != FORM_OBJECT;
}

static void write_type(struct openapi *o, const struct type *type)
{
	text_add_char(o->out, '{');
	openapi_describe(o, descriptions_type(o->descriptions, type));
	if (!is_shapeless(type)) {
		openapi_string(o, "type", STR("object"));
		if (type->field_count > 0 || (type->flags & TYPE_KIND)) {
			openapi_member(o, "properties");
			text_add_char(o->out, '{');
			if (type->flags & TYPE_KIND)
				openapi_write_kind_members(o);
			write_fields(o, type);
			text_add_char(o->out, '}');
		}
		if (has_required(type)) {
			openapi_member(o, "required");
			text_add_char(o->out, '[');
			write_required(o, type);
			text_add_char(o->out, ']');
		}
	}
	if (type->flags & TYPE_ATOMIC)
		openapi_string(o, "x-kubernetes-map-type", STR("atomic"));
	if (type->flags & TYPE_KIND)
		write_own_kind(o, type);
	text_add_char(o->out, '}');
}

static void write_value(struct openapi *o, const struct value_schema *value)
{
	text_add_char(o->out, '{');
	openapi_describe(o, str_from(value->description));
	if (o->is_v2 && value->json_v2 != NULL) {
		openapi_next(o);
		text_add(o->out, str_from(value->json_v2));
	} else if (value->json != NULL) {
		openapi_next(o);
		text_add(o->out, str_from(value->json));
	}
	text_add_char(o->out, '}');
}

/* ---- all of them -------------------------------------------------------------------------------------------------------------------- */

static void add_wanted(struct openapi *o, const struct type *type)
{
	struct openapi_types *wanted = &o->wanted;

	if (wanted->at == NULL)
		wanted->at = arena_array(o->arena, const struct type *, o->schemas.len);
	wanted->at[wanted->len++] = type;
}

void openapi_write_customs(struct openapi *o)
{
	struct str name;
	void *found;

	/* Writing one may want others, which are put at the map's end; it may not grow while it is walked. */
	while (o->written < o->schemas.len) {
		uint32_t at = o->written++;

		map_next(&o->schemas, &at, &name, &found);
		const struct wanted *wanted = found;

		if (wanted->custom == NULL)
			continue;
		openapi_next(o);
		json_write_string(o->out, name);
		text_add_char(o->out, ':');
		openapi_write_custom(o, wanted->custom, wanted->is_list);
	}
	o->wanted = (struct openapi_types){ 0 };
	for (uint32_t at = 0; map_next(&o->schemas, &at, &name, &found);)
		if (((const struct wanted *)found)->type != NULL)
			add_wanted(o, ((const struct wanted *)found)->type);
}

static void write_one(struct openapi *o, struct str name, const struct wanted *wanted)
{
	openapi_next(o);
	json_write_string(o->out, name);
	text_add_char(o->out, ':');
	if (wanted->type != NULL)
		write_type(o, wanted->type);
	else
		write_value(o, wanted->value);
}

/* Of a schema that stands elsewhere: only what it refers to. */
static void pass_over(struct openapi *o, struct str name, const struct wanted *wanted)
{
	struct text *out = o->out, nowhere = text_in(o->arena, OPENAPI_BYTES_MAX);

	o->out = &nowhere;
	write_one(o, name, wanted);
	o->out = out;
}

void openapi_write_schemas(struct openapi *o, const struct openapi_types *types)
{
	struct str name;
	void *found;

	for (uint32_t i = 0; i < types->len; i++) {
		const struct wanted wanted = { .type = types->at[i] };

		if (!map_has(&o->schemas, type_openapi(wanted.type)))
			map_put(&o->schemas, type_openapi(wanted.type),
				arena_copy(o->arena, &wanted, sizeof wanted));
	}
	while (o->written < o->schemas.len) {
		uint32_t at = o->written++;

		map_next(&o->schemas, &at, &name, &found);
		if (o->is_v2 && ((const struct wanted *)found)->type == &meta_delete_options_type)
			pass_over(o, name, found);
		else
			write_one(o, name, found);
	}
}

void openapi_write_schema(struct openapi *o, const struct type *type)
{
	write_one(o, type_openapi(type), &(struct wanted){ .type = type });
}
