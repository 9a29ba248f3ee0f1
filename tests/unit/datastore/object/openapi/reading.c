#include "tests/unit/datastore/object/openapi/reading.h"

#include "tests/lib/test.h"
#include "transport/wire/json.h"

struct str reading_member(struct str json, const char *name)
{
	struct json in = json_of(json);
	struct str at, raw;

	if (json.at == NULL || json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, test_arena(), &at);) {
		json_skip(&in, &raw);
		if (str_is(at, name))
			return raw;
	}
	return STR_NONE;
}

struct str reading_operation(struct str json, const char *path, const char *method)
{
	return reading_member(reading_member(reading_member(json, "paths"), path), method);
}

bool reading_has(struct str json, const char *part)
{
	return str_find(json, str_from(part)) >= 0;
}
