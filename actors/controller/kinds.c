/*
 * The kinds that the controllers of everything (garbage collector, namespaces) look at.
 */
#include "actors/controller/controller.h"
#include "datastore/schema/resource-row.h"
#include "datastore/schema/type.h"
#include "runtime/base/str.h"

/* Events are many, own nothing and go by themselves; what is live is kept nowhere. */
static bool is_watched(const struct resource_row *row)
{
	uint32_t needed = RESOURCE_LIST | RESOURCE_WATCH | RESOURCE_DELETE;

	return (row->verbs & needed) == needed && !row->is_live && !str_is(row->name, "events");
}

const struct type *controller_kind_named(struct str group, struct str kind)
{
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		if (str_eq(row->kind, kind) && str_eq(row->group, group) && is_watched(row))
			return type_find(row->group, row->version, row->kind);
	}
	return NULL;
}

const struct type *controller_kind(uint32_t index)
{
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		const struct type *type;

		if (!is_watched(row) ||
		    (type = type_find(row->group, row->version, row->kind)) == NULL)
			continue;
		if (index-- == 0)
			return type;
	}
	return NULL;
}
