#include "datastore/cel/library/function.h"

/*
 * What expressions that make patches have besides: names as steps of a JSON pointer (RFC 6901, section 3).
 */

static struct cel_value escape_key(struct cel_call *call, const struct cel_value *args)
{
	struct str key = args[0].text;
	struct text out = text_in(call->arena, 2U * key.len + 1);
	struct cel_value refused;

	if (!cel_call_room(call, 2U * key.len + 1, &refused))
		return refused;
	for (uint32_t i = 0; i < key.len; i++) {
		if (key.at[i] == '~')
			text_lit(&out, "~0");
		else if (key.at[i] == '/')
			text_lit(&out, "~1");
		else
			text_add_char(&out, key.at[i]);
	}
	return cel_string(text_str(&out));
}

static const struct cel_function rows[] = {
	{ "jsonpatch.escapeKey", "(string)string", escape_key, PRICE_SCAN_SAME },
};
CEL_FUNCTION_TABLE(cel_functions_json_patch, rows);
