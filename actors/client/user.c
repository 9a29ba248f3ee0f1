#include "actors/client/user.h"

#include "datastore/object/record.h"
#include "datastore/schema/authentication.h"
#include "datastore/schema/type.h"

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

static struct str_list list_of(const struct str *at, uint32_t count)
{
	return (struct str_list){ count ? (struct str *)(uintptr_t)at : NULL, count };
}

struct authentication_user_info *user_record(struct arena *arena, const struct user *user)
{
	struct authentication_user_info *out = arena_new_of(arena, struct authentication_user_info);

	out->username = user->name;
	out->uid = user->uid;
	out->groups = list_of(user->groups, user->group_count);
	if (user->extra_count == 0)
		return out;
	out->extra.at =
	    arena_array(arena, struct authentication_extra_value_entry, user->extra_count);
	for (uint32_t i = 0; i < user->extra_count; i++) {
		struct authentication_extra_value_entry *entry = &out->extra.at[out->extra.len++];

		entry->key = user->extra[i].key;
		entry->value.items = list_of(user->extra[i].values, user->extra[i].value_count);
	}
	record_sort_map(type_field(&authentication_user_info_type, STR("extra")),
			(struct block_list *)(void *)&out->extra, arena);
	return out;
}

static const struct str *copy_strings(struct arena *arena, const struct str *at, uint32_t count)
{
	struct str *copy = arena_array(arena, struct str, count);

	for (uint32_t i = 0; i < count; i++)
		copy[i] = arena_str(arena, at[i]);
	return copy;
}

struct user user_copy(struct arena *arena, const struct user *user)
{
	struct user_extra *extra = arena_array(arena, struct user_extra, user->extra_count);

	for (uint32_t i = 0; i < user->extra_count; i++) {
		extra[i] = user->extra[i];
		extra[i].key = arena_str(arena, extra[i].key);
		extra[i].values = copy_strings(arena, extra[i].values, extra[i].value_count);
	}
	return (struct user){ .name = arena_str(arena, user->name),
			      .uid = arena_str(arena, user->uid),
			      .groups = copy_strings(arena, user->groups, user->group_count),
			      .group_count = user->group_count,
			      .extra = extra,
			      .extra_count = user->extra_count };
}

void user_extra_add(struct user_extra *list, uint32_t *count, struct str key, struct str value,
		    uint32_t most, struct arena *arena)
{
	struct user_extra *extra = list;

	while (extra < list + *count && !str_eq(extra->key, key))
		extra++;
	if (extra == list + *count) {
		*extra = (struct user_extra){ .key = key,
					      .values = arena_array(arena, struct str, most) };
		++*count;
	}
	((struct str *)(uintptr_t)extra->values)[extra->value_count++] = value;
}
