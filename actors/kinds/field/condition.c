#include "actors/kinds/field/condition.h"

#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"

void condition_check_types(struct kind_change *change)
{
	const struct field *status = type_field(change->type, STR("status"));
	const struct field *conditions = type_field(field_type(status), STR("conditions"));
	const struct field *type = type_field(field_type(conditions), STR("type"));
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "conditions");
	struct record_walk walk =
	    record_walk_of(conditions, *(void *const *)field_at(status, change->object));
	struct seen types = seen_in(change->arena);
	const void *condition;

	for (uint32_t i = 0; (condition = record_walk_next(&walk)) != NULL; i++) {
		struct str name = *(const struct str *)field_at(type, condition);

		if (!seen_add(&types, name))
			path_duplicate(PATH(PATH_AT(at, i), "type"), name);
		rule_needed(PATH(PATH_AT(at, i), "type"), name, "");
	}
}
