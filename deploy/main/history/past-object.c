#include "deploy/main/history/past-object.h"

static const char *const made_by_server[] = { "managedFields",
					      "generation",
					      "uid",
					      "resourceVersion",
					      "creationTimestamp",
					      "deletionTimestamp",
					      "deletionGracePeriodSeconds",
					      "selfLink" };

static bool is_left_out(struct str name)
{
	for (size_t i = 0; i < sizeof made_by_server / sizeof made_by_server[0]; i++)
		if (str_is(name, made_by_server[i]))
			return true;
	return false;
}

static struct value text_value(struct str text)
{
	return (struct value){ .kind = VALUE_STRING, .text = text };
}

static void add(struct value *map, struct str name, struct value value)
{
	map->members[map->len++] = (struct value_member){ name, value };
}

/* The order of names does not matter to whoever reads it. */
static struct value metadata_of(const struct value *past, const struct value *now,
				struct arena *arena)
{
	static const char *const kept[] = { "metadata.uid", "metadata.resourceVersion" };
	const struct value *old = value_member(past, STR("metadata"));
	struct value map = { .kind = VALUE_MAP };

	map.members = arena_array(arena, struct value_member, old->len + 2U);
	for (uint32_t i = 0; i < old->len; i++)
		if (!is_left_out(old->members[i].name))
			add(&map, old->members[i].name, old->members[i].value);
	for (size_t i = 0; now != NULL && i < sizeof kept / sizeof kept[0]; i++) {
		const struct value *value = value_at(now, str_from(kept[i]));
		struct str name = str_from(kept[i]);

		str_cut(&name, '.');
		if (value != NULL)
			add(&map, name, *value);
	}
	return map;
}

enum status past_object(const struct value *past, const struct value *now, struct str api_version,
			struct str kind, struct arena *arena, struct text *out, struct fault *why)
{
	const struct value *metadata = value_member(past, STR("metadata"));
	struct value map = { .kind = VALUE_MAP };

	if (metadata == NULL || metadata->kind != VALUE_MAP)
		return fault_set(why, CONFLICT, "", "that version has no metadata");
	if (now != NULL && value_at(now, STR("metadata.deletionTimestamp")) != NULL)
		return fault_set(why, CONFLICT, "",
				 "it is being deleted; when it is gone it can be made again");
	map.members = arena_array(arena, struct value_member, past->len + 2U);
	add(&map, STR("apiVersion"), text_value(api_version));
	add(&map, STR("kind"), text_value(kind));
	for (uint32_t i = 0; i < past->len; i++) {
		struct str name = past->members[i].name;

		if (str_is(name, "metadata"))
			add(&map, name, metadata_of(past, now, arena));
		else if (!str_is(name, "status") && !str_is(name, "apiVersion") &&
			 !str_is(name, "kind"))
			add(&map, name, past->members[i].value);
	}
	value_write(&map, out);
	return out->is_cut ? fault_set(why, TOO_LARGE, "", "it is too large to be written again")
			   : OK;
}
