#include "datastore/object/openapi/descriptions.h"

#include <assert.h>
#include <stdio.h>

#include "datastore/object/openapi/descriptions-packed.h"
#include "runtime/base/base.h"
#include "transport/wire/gzip.h"

#define NAME_BYTES_MAX 128 /* prefix and name of a type; the longest has 77 */

struct descriptions {
	const struct description *at;
};

static struct str next_text(struct str *rest)
{
	return str_cut(rest, '\0');
}

struct descriptions *descriptions_open(struct arena *arena)
{
	struct descriptions *descriptions = arena_new_of(arena, struct descriptions);
	struct description *rows = arena_array(arena, struct description, descriptions_packed_count);
	struct text plain = text_in(arena, MIB);
	enum status status =
	    gzip_unpack(&plain, str_of(descriptions_packed, descriptions_packed_len));
	struct str rest = text_str(&plain);

	assert(status == OK); /* it is part of the program */
	for (uint32_t i = 0; i < descriptions_packed_count; i++) {
		rows[i].type = next_text(&rest);
		if (rows[i].type.len == 0)
			rows[i].type = rows[i - 1].type;
		rows[i].field = next_text(&rest);
		rows[i].sentence = next_text(&rest);
	}
	descriptions->at = rows;
	return descriptions;
}

const struct description *descriptions_at(const struct descriptions *descriptions, uint32_t i)
{
	return i < descriptions_packed_count ? &descriptions->at[i] : NULL;
}

/* The first row that is not before the type's and field's. */
static uint32_t first_of(const struct descriptions *descriptions, struct str type, struct str field)
{
	uint32_t low = 0, high = descriptions_packed_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = str_cmp(descriptions->at[middle].type, type);

		if (order == 0)
			order = str_cmp(descriptions->at[middle].field, field);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct str find(const struct descriptions *descriptions, struct str type, struct str field)
{
	uint32_t at = first_of(descriptions, type, field);
	const struct description *row = descriptions_at(descriptions, at);

	return row != NULL && str_eq(row->type, type) && str_eq(row->field, field) ? row->sentence
										   : STR_NONE;
}

struct str descriptions_type(const struct descriptions *descriptions, const struct type *type)
{
	return descriptions_field(descriptions, type, STR(""));
}

struct str descriptions_field(const struct descriptions *descriptions, const struct type *type,
			      struct str name)
{
	char full[NAME_BYTES_MAX];
	struct str own;

	snprintf(full, sizeof full, STR_FMT "." STR_FMT, STR_ARG(type_prefix(type)),
		 STR_ARG(type_name(type)));
	own = find(descriptions, str_from(full), name);
	return own.at != NULL || name.len == 0 ? own : find(descriptions, STR("*"), name);
}
