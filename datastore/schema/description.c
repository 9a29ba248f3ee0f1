#include "datastore/schema/description.h"

#include <stdio.h>
#include <string.h>

#include "datastore/schema/description-rows.h"

#define KEY_BYTES_MAX 256 /* the longest name of a type has 62 bytes, of a field 49 */

uint32_t description_count(void)
{
	return description_row_count;
}

struct str description_at(uint32_t i, struct str *key)
{
	*key = str_from(description_bytes + description_places[i]);
	return str_from(key->at + key->len + 1);
}

static struct str find(struct str key)
{
	uint32_t low = 0, high = description_row_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		struct str at, sentence = description_at(middle, &at);
		int order = str_cmp(at, key);

		if (order == 0)
			return sentence;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return STR_NONE;
}

struct str description_type(const struct type *type)
{
	char key[KEY_BYTES_MAX];

	snprintf(key, sizeof key, STR_FMT "." STR_FMT, STR_ARG(type_prefix(type)),
		 STR_ARG(type_name(type)));
	return find(str_from(key));
}

struct str description_field(const struct type *type, struct str name)
{
	char key[KEY_BYTES_MAX];
	struct str own;

	snprintf(key, sizeof key, STR_FMT "." STR_FMT "." STR_FMT, STR_ARG(type_prefix(type)),
		 STR_ARG(type_name(type)), STR_ARG(name));
	own = find(str_from(key));
	if (own.at != NULL)
		return own;
	snprintf(key, sizeof key, "*." STR_FMT, STR_ARG(name));
	return find(str_from(key));
}
