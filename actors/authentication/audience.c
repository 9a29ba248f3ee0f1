#include "actors/authentication/audience.h"

static bool has(const struct str *at, uint32_t len, struct str audience)
{
	for (uint32_t i = 0; i < len; i++)
		if (str_eq(at[i], audience))
			return true;
	return false;
}

bool audience_match(struct authentication *a, struct str_list own, struct str_list named)
{
	struct str *matched = arena_array(a->check.arena, struct str, named.len + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < named.len; i++)
		if (a->audience_count > 0 ? has(a->audiences, a->audience_count, named.at[i])
					  : has(own.at, own.len, named.at[i]))
			matched[count++] = named.at[i];
	a->out_audiences = matched;
	a->out_audience_count = count;
	return count > 0;
}
