#include "datastore/cel/library/function.h"

#include <assert.h>

static const struct cel_function_table *const tables[] = {
	&cel_functions_operator,   &cel_functions_compare,     &cel_functions_convert,
	&cel_functions_string,     &cel_functions_list,        &cel_functions_set,
	&cel_functions_time,       &cel_functions_regex,       &cel_functions_optional,
	&cel_functions_address,    &cel_functions_url,         &cel_functions_quantity,
	&cel_functions_semver,     &cel_functions_name_format, &cel_functions_authorize,
	&cel_functions_json_patch, /* the last: of mutations only */
};
#define TABLE_COUNT (sizeof tables / sizeof *tables)

uint32_t cel_function_find(struct str name, bool makes_messages, const struct cel_function **out,
			   uint32_t max)
{
	uint32_t found = 0;

	for (uint32_t t = 0; t < TABLE_COUNT - !makes_messages; t++)
		for (uint32_t i = 0; i < tables[t]->len; i++)
			if (str_is(name, tables[t]->at[i].name)) {
				assert(found < max);
				out[found++] = &tables[t]->at[i];
			}
	return found;
}

bool cel_call_room(const struct cel_call *call, uint64_t more_bytes, struct cel_value *out)
{
	if (arena_size(call->arena) - call->begin_bytes + more_bytes <= call->max_bytes)
		return true;
	*out = cel_value_error(call->arena, "operation cancelled: memory limit exceeded");
	return false;
}
