#include "actors/authentication/audience.h"

bool audience_match(struct authentication *a, struct str_list own, struct str_list named)
{
	struct str_list asked = a->audiences.len > 0 ? a->audiences : own;
	struct str_list matched = { arena_array(a->check.arena, struct str, named.len + 1), 0 };

	for (uint32_t i = 0; i < named.len; i++)
		if (str_list_has(asked, named.at[i]))
			matched.at[matched.len++] = arena_str(a->check.arena, named.at[i]);
	a->out_audiences = matched;
	return matched.len > 0;
}
