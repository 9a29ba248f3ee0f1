#include "datastore/custom/policy/record-type.h"

#include "datastore/cel/value/escape.h"

static const struct cel_type *member_type(const struct field *field, struct str name,
					  struct arena *arena);

static bool has_kind(const struct type *type, struct str name)
{
	return (type->flags & TYPE_KIND) != 0 &&
	       (str_is(name, "apiVersion") || str_is(name, "kind"));
}

static const struct cel_type *find_member(const struct cel_type *type, struct str name,
					  struct arena *arena)
{
	const struct field *path[TYPE_INLINE_DEPTH], *field;
	uint32_t depth = 0;
	struct str plain;

	if (!escape_undo(name, arena, &plain))
		return NULL;
	field = type_member(type->source, plain, path, &depth);
	if (field != NULL && (field->flags & FIELD_NOT_JSON) == 0)
		return member_type(
		    field,
		    arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(type->name), STR_ARG(plain)),
		    arena);
	return has_kind(type->source, plain) ? cel_type_of(CEL_STRING) : NULL;
}

/* With no members when there is no table. */
static const struct cel_type *object_type(const struct type *table, struct str name,
					  struct arena *arena)
{
	struct cel_type *type = arena_new_of(arena, struct cel_type);

	*type = (struct cel_type){ .kind = CEL_OBJECT,
				   .name = name,
				   .find = table != NULL ? find_member : NULL,
				   .source = table };
	return type;
}

static const struct cel_type *message_type(const struct type *type, struct str name,
					   struct arena *arena)
{
	if (type->form == FORM_OBJECT)
		return object_type(type, name, arena);
	if (type->form == FORM_BARE)
		return member_type(type_fields(type), name, arena);
	return cel_type_of(CEL_DYN);
}

/* Quantities are dyn, since they are strings or numbers. */
static const struct cel_type *value_type(const struct field *field, struct str name,
					 struct arena *arena)
{
	switch ((enum kind)field->kind) {
	case KIND_BOOL: return cel_type_of(CEL_BOOL);
	case KIND_INT32:
	case KIND_INT64:
	case KIND_UINT32:
	case KIND_UINT64: return cel_type_of(CEL_INT);
	case KIND_DOUBLE: return cel_type_of(CEL_DOUBLE);
	case KIND_TIME:
	case KIND_MICRO_TIME: return cel_type_of(CEL_TIMESTAMP);
	case KIND_DURATION:
	case KIND_STRING: return cel_type_of(CEL_STRING);
	case KIND_BYTES: return cel_type_of(CEL_BYTES);
	case KIND_INT_OR_STRING:
	case KIND_QUANTITY:
	case KIND_JSON:
	case KIND_ANY: return cel_type_of(CEL_DYN);
	case KIND_RAW:
	case KIND_FIELDS_V1: return object_type(NULL, name, arena);
	case KIND_MESSAGE: return message_type(field_type(field), name, arena);
	}
	return cel_type_of(CEL_DYN);
}

static const struct cel_type *member_type(const struct field *field, struct str name,
					  struct arena *arena)
{
	switch ((enum shape)field->shape) {
	case SHAPE_ONE: return value_type(field, name, arena);
	case SHAPE_LIST:
		name = arena_printf(arena, STR_FMT ".@idx", STR_ARG(name));
		return cel_type_list(arena, value_type(field, name, arena));
	case SHAPE_MAP:
		name = arena_printf(arena, STR_FMT ".@elem", STR_ARG(name));
		return cel_type_map(arena, cel_type_of(CEL_STRING), value_type(field, name, arena));
	}
	return cel_type_of(CEL_DYN);
}

const struct cel_type *record_type(const struct type *type, struct arena *arena)
{
	return object_type(type, type_kind(type), arena);
}
