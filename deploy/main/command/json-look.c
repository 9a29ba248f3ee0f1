#include "deploy/main/command/json-look.h"

#include "transport/wire/json.h"

/* The member `name` of an object; absent when it has none or is no object. */
static struct str member_of(struct arena *arena, struct str text, struct str name)
{
	struct json in = json_of(text);
	struct str found = STR_NONE, key;

	if (text.at == NULL || json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, arena, &key);) {
		struct str raw = STR_NONE;

		if (!json_skip(&in, &raw))
			return STR_NONE;
		if (str_eq(key, name))
			found = raw;
	}
	return found;
}

static struct str raw_at(struct arena *arena, struct str text, const char *path)
{
	struct str rest = str_from(path);

	while (rest.at != NULL && rest.len > 0)
		text = member_of(arena, text, str_cut(&rest, '.'));
	return text;
}

struct str json_look(struct arena *arena, struct str text, const char *path)
{
	struct str raw = raw_at(arena, text, path), value;
	struct json in = json_of(raw);

	if (raw.at != NULL && json_peek(&in) == JSON_STRING && json_string(&in, arena, &value))
		return value;
	return raw;
}

bool json_look_bool(struct arena *arena, struct str text, const char *path)
{
	return str_is(json_look(arena, text, path), "true");
}

int64_t json_look_i64(struct arena *arena, struct str text, const char *path)
{
	int64_t value = 0;

	(void)!str_to_i64(json_look(arena, text, path), &value);
	return value;
}

void json_look_each(struct arena *arena, struct str text, const char *path,
		    void (*each)(void *arg, struct str element), void *arg)
{
	struct str list = raw_at(arena, text, path), raw;
	struct json in = json_of(list);

	if (list.at == NULL || json_peek(&in) != JSON_ARRAY)
		return;
	for (json_enter(&in); json_element(&in);) {
		if (!json_skip(&in, &raw))
			return;
		each(arg, raw);
	}
}
