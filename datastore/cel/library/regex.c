#include "datastore/cel/library/function.h"
#include "datastore/schema/pattern.h"

/*
 * Patterns. Those that are constant in an expression are compiled once and kept with it, the others for the call alone.
 */

#define KEPT_MAX 64U
#define STEPS_PER_BYTE 256ULL /* of a search for all: more than a plain pattern takes */

static const struct pattern *take(struct cel_call *call, struct str text, struct pattern **own,
				  struct cel_value *wrong)
{
	struct pattern *pattern = call->patterns != NULL ? map_get(call->patterns, text) : NULL;
	struct fault why;

	*own = NULL;
	if (pattern != NULL)
		return pattern;
	if (pattern_new(text, &pattern, &why) != OK) {
		*wrong = cel_value_error(call->arena, "error parsing regexp: %s", why.text);
		return NULL;
	}
	if (call->patterns != NULL && call->may_keep && call->patterns->len < KEPT_MAX)
		map_put(call->patterns, text, pattern);
	else
		*own = pattern;
	return pattern;
}

static struct cel_value gave_up(struct cel_call *call)
{
	return cel_value_error(call->arena,
			       "operation cancelled: the pattern takes too many steps");
}

static struct cel_value matches(struct cel_call *call, const struct cel_value *args)
{
	struct pattern *own;
	struct cel_value wrong;
	const struct pattern *pattern = take(call, args[1].text, &own, &wrong);
	bool is_match = false;
	enum status status;

	if (pattern == NULL)
		return wrong;
	status = pattern_match(pattern, args[0].text, &is_match);
	pattern_free(own);
	return status == OK ? cel_bool(is_match) : gave_up(call);
}

static struct cel_value illegal(struct cel_call *call, struct cel_value wrong)
{
	return cel_value_error(call->arena, "Illegal regex: " STR_FMT, STR_ARG(wrong.text));
}

static struct cel_value find(struct cel_call *call, const struct cel_value *args)
{
	struct pattern *own;
	struct cel_value wrong;
	const struct pattern *pattern = take(call, args[1].text, &own, &wrong);
	struct str found = STR("");
	uint64_t steps = PATTERN_STEPS_MAX;
	uint32_t at = 0;
	enum status status;

	if (pattern == NULL)
		return illegal(call, wrong);
	status = pattern_find(pattern, args[0].text, &at, &steps, &found);
	pattern_free(own);
	return status == OK || status == NOT_FOUND ? cel_string(found) : gave_up(call);
}

static struct cel_value find_all(struct cel_call *call, const struct cel_value *args)
{
	int64_t left = call->count == 3 && args[2].integer >= 0 ? args[2].integer : INT64_MAX;
	struct pattern *own;
	struct cel_value wrong, list = cel_list_make(call->arena, NULL, 0);
	const struct pattern *pattern = take(call, args[1].text, &own, &wrong);
	uint64_t steps = PATTERN_STEPS_MAX + STEPS_PER_BYTE * args[0].text.len;
	enum status status = OK;
	struct str found;

	if (pattern == NULL)
		return illegal(call, wrong);
	for (uint32_t at = 0; left > 0 && list.kind == CEL_LIST; left--) {
		status = pattern_find(pattern, args[0].text, &at, &steps, &found);
		if (status != OK)
			break;
		if (cel_call_room(call, sizeof list, &wrong))
			list = cel_list_append(list.list, cel_string(found), call->arena);
		else
			list = wrong;
	}
	pattern_free(own);
	return status == OK || status == NOT_FOUND ? list : gave_up(call);
}

static const struct cel_function rows[] = {
	{ "matches", "(string,string)bool", matches, PRICE_MATCHES },
	{ "matches", ".(string,string)bool", matches, PRICE_MATCHES },
	{ "find", ".(string,string)string", find, PRICE_FIND },
	{ "findAll", ".(string,string)list(string)", find_all, PRICE_FIND },
	{ "findAll", ".(string,string,int)list(string)", find_all, PRICE_FIND },
};
CEL_FUNCTION_TABLE(cel_functions_regex, rows);
