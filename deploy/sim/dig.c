#include "deploy/sim/dig.h"

#include "transport/wire/json.h"

static struct str member_of(struct arena *arena, struct str json, struct str wanted)
{
	struct json in = json_of(json);
	struct str name, value;

	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, arena, &name);) {
		if (!json_skip(&in, &value))
			return STR_NONE;
		if (str_eq(name, wanted))
			return value;
	}
	return STR_NONE;
}

static struct str raw_at(struct arena *arena, struct str json, const char *path)
{
	struct str rest = str_from(path);

	while (rest.at != NULL && json.at != NULL)
		json = member_of(arena, json, str_cut(&rest, '.'));
	return json;
}

struct str dig(struct arena *arena, struct str json, const char *path)
{
	struct str raw = raw_at(arena, json, path), text;
	struct json in;

	if (raw.at == NULL)
		return STR("");
	in = json_of(raw);
	if (json_peek(&in) != JSON_STRING)
		return raw;
	return json_string(&in, arena, &text) ? text : STR("");
}

uint64_t dig_number(struct arena *arena, struct str json, const char *path)
{
	uint64_t number;

	return str_to_u64(dig(arena, json, path), &number) == OK ? number : 0;
}

uint32_t dig_each(struct arena *arena, struct str json, const char *path,
		  void (*each)(void *arg, struct str element), void *arg)
{
	struct json in = json_of(raw_at(arena, json, path));
	struct str element;
	uint32_t count = 0;

	if (json_peek(&in) != JSON_ARRAY)
		return 0;
	for (json_enter(&in); json_element(&in); count++) {
		if (!json_skip(&in, &element))
			break;
		if (each != NULL)
			each(arg, element);
	}
	return count;
}
