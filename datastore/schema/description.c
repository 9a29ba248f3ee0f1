#include "datastore/schema/description.h"

#include <stdio.h>

#include "datastore/schema/description-rows.h"

#define NAME_BYTES_MAX 128 /* prefix and name of a type; the longest has 77 */

static struct str text_at(uint32_t place)
{
	return str_from(description_bytes + place);
}

uint32_t description_count(void)
{
	return description_row_count;
}

struct description description_at(uint32_t i)
{
	const struct description_row *row = &description_rows[i];

	return (struct description){ text_at(row->type), text_at(row->field),
				     text_at(row->sentence) };
}

static struct str find(struct str type, struct str field)
{
	uint32_t low = 0, high = description_row_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		struct description at = description_at(middle);
		int order = str_cmp(at.type, type);

		if (order == 0)
			order = str_cmp(at.field, field);
		if (order == 0)
			return at.sentence;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return STR_NONE;
}

static struct str find_of(const struct type *type, struct str field)
{
	char name[NAME_BYTES_MAX];

	snprintf(name, sizeof name, STR_FMT "." STR_FMT, STR_ARG(type_prefix(type)),
		 STR_ARG(type_name(type)));
	return find(str_from(name), field);
}

struct str description_type(const struct type *type)
{
	return find_of(type, STR(""));
}

struct str description_field(const struct type *type, struct str name)
{
	struct str own = find_of(type, name);

	return own.at != NULL ? own : find(STR("*"), name);
}
