#include "actors/client/user.h"

bool user_is_in(const struct user *user, struct str group)
{
	for (uint32_t i = 0; i < user->group_count; i++)
		if (str_eq(user->groups[i], group))
			return true;
	return false;
}
