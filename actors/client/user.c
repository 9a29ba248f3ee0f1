#include "actors/client/user.h"

#define NODE_PREFIX "system:node:"

bool user_is_in(const struct user *user, struct str group)
{
	for (uint32_t i = 0; i < user->group_count; i++)
		if (str_eq(user->groups[i], group))
			return true;
	return false;
}

struct str user_node(const struct user *user)
{
	if (!user_is_in(user, STR("system:nodes")) || !str_starts(user->name, STR(NODE_PREFIX)))
		return STR_NONE;
	return str_slice(user->name, sizeof NODE_PREFIX - 1, user->name.len);
}
