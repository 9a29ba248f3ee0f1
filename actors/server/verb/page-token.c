#include "actors/server/verb/page-token.h"

#include "datastore/object/json.h"
#include "transport/wire/base64.h"
#include "transport/wire/json.h"

#define TOKEN_BYTES_MAX (8U * KIB) /* a key, twice escaped */

struct str page_token_print(struct arena *arena, const struct page_token *token)
{
	struct text json = text_in(arena, TOKEN_BYTES_MAX);
	struct text out = text_in(arena, TOKEN_BYTES_MAX);

	text_lit(&json, "{\"v\":\"meta.k8s.io/v1\",\"rv\":");
	text_add_i64(&json, token->revision);
	text_lit(&json, ",\"start\":");
	json_write_string(&json, token->start);
	if (token->is_past)
		text_lit(&json, ",\"past\":true");
	text_add_char(&json, '}');
	base64_encode(BASE64_URL, text_str(&json), &out);
	return text_str(&out);
}

static bool read_bool(struct json *in, bool *out)
{
	*out = json_peek(in) == JSON_TRUE;
	return json_literal(in);
}

static bool read_members(struct arena *arena, struct str text, struct str *version,
			 struct page_token *out)
{
	struct json in = json_of(text);
	struct str name, number = STR("0");

	if (json_peek(&in) != JSON_OBJECT)
		return false;
	for (json_enter(&in); json_member(&in, arena, &name);) {
		bool is_read;

		json_peek(&in);
		if (str_is(name, "v"))
			is_read = json_string(&in, arena, version);
		else if (str_is(name, "start"))
			is_read = json_string(&in, arena, &out->start);
		else if (str_is(name, "rv"))
			is_read = json_number(&in, &number);
		else if (str_is(name, "past"))
			is_read = read_bool(&in, &out->is_past);
		else
			is_read = json_skip(&in, NULL);
		if (!is_read)
			return false;
	}
	return json_end(&in, NULL) == OK && str_to_i64(number, &out->revision) == OK;
}

/* A key may not leave its collection. */
static bool is_clean(struct str start)
{
	struct str rest = start;

	if (start.at[0] == '/')
		return false;
	while (rest.at != NULL) {
		struct str part = str_cut(&rest, '/');

		if (str_is(part, "..") || str_is(part, ".") || (part.len == 0 && rest.at != NULL))
			return false;
	}
	return true;
}

static enum status not_json(struct str json, struct fault *why)
{
	struct fault words = { 0 };
	enum json_sort sort;

	if (json_sort_of(json, &sort, &words) != OK)
		return fault_set(why, BAD_REQUEST, "", "continue key is not valid: %s", words.text);
	return fault_set(why, BAD_REQUEST, "", "continue key is not valid");
}

enum status page_token_parse(struct arena *arena, struct str text, struct page_token *out,
			     struct fault *why)
{
	struct page_token token = { 0 };
	struct str json, version = STR("");
	uint32_t error_at;

	if (base64_decode(BASE64_URL, text, arena, &json, &error_at) != OK)
		return fault_set(why, BAD_REQUEST, "",
				 "continue key is not valid: illegal base64 data at input byte %u",
				 error_at);
	if (!read_members(arena, json, &version, &token))
		return not_json(json, why);
	if (!str_is(version, "meta.k8s.io/v1"))
		return fault_set(why, BAD_REQUEST, "",
				 "continue key is not valid: server does not recognize this "
				 "encoded version " STR_FMT,
				 STR_ARG(version));
	if (token.revision == 0)
		return fault_set(why, BAD_REQUEST, "",
				 "continue key is not valid: incorrect encoded start "
				 "resourceVersion (version meta.k8s.io/v1)");
	if (token.start.len == 0)
		return fault_set(why, BAD_REQUEST, "",
				 "continue key is not valid: encoded start key empty (version "
				 "meta.k8s.io/v1)");
	if (!is_clean(token.start))
		return fault_set(why, BAD_REQUEST, "", "continue key is not valid: " STR_FMT,
				 STR_ARG(token.start));
	*out = token;
	return OK;
}
