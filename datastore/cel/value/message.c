#include "datastore/cel/value/message.h"

static const struct cel_type a_string = { .kind = CEL_STRING };
static const struct cel_type a_dyn = { .kind = CEL_DYN };

#define NAME(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
static const struct cel_field patch_fields[] = { { NAME("from"), &a_string },
						 { NAME("op"), &a_string },
						 { NAME("path"), &a_string },
						 { NAME("value"), &a_dyn } };
static const struct cel_type patch_type = { .kind = CEL_OBJECT,
					    .name = NAME(CEL_MESSAGE_JSON_PATCH),
					    .fields = patch_fields,
					    .field_count =
						sizeof patch_fields / sizeof *patch_fields };

static const struct cel_type *find_any(const struct cel_type *type, struct str name,
				       struct arena *arena)
{
	(void)type, (void)name, (void)arena;
	return &a_dyn;
}

const struct cel_type *message_type(struct str name, struct arena *arena)
{
	struct cel_type *type;

	if (str_eq(name, patch_type.name))
		return &patch_type;
	if (!str_is(name, CEL_MESSAGE_OBJECT) && !str_starts(name, STR(CEL_MESSAGE_OBJECT ".")))
		return NULL;
	type = arena_new_of(arena, struct cel_type);
	*type = (struct cel_type){ .kind = CEL_OBJECT, .name = name, .find = find_any };
	return type;
}

bool message_is(const struct cel_type *type)
{
	return type == &patch_type || type->find == find_any;
}
