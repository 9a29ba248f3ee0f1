#include <string.h>

#include "datastore/object/openapi/openapi-proto-private.h"
#include "datastore/object/openapi/openapi.h"
#include "transport/wire/json.h"
#include "transport/wire/proto.h"

/*
 * The JSON of a document as protobuf. Its messages are tables, one file for each version.
 *
 * Protobuf is written from its end, so the members of an object are gathered first.
 */

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct pair {
	struct str name, value; /* the value's JSON */
};

struct pairs {
	struct pair *at;
	uint32_t len, cap;
};

static void add_pair(struct arena *arena, struct pairs *pairs, struct pair pair)
{
	if (pairs->len == pairs->cap) {
		uint32_t cap = pairs->cap == 0 ? 8 : pairs->cap * 2;

		pairs->at = arena_grow(arena, pairs->at, pairs->cap * sizeof *pairs->at,
				       cap * sizeof *pairs->at);
		pairs->cap = cap;
	}
	pairs->at[pairs->len++] = pair;
}

/* The members of an object, or the elements of a list without names. The text was found valid before. */
static struct pairs read_pairs(struct arena *arena, struct str text)
{
	struct json in = json_of(text);
	struct pairs pairs = { 0 };
	struct pair pair = { 0 };
	enum json_token token = json_peek(&in);

	if (token != JSON_OBJECT && token != JSON_ARRAY)
		return pairs;
	json_enter(&in);
	while (token == JSON_OBJECT ? json_member(&in, arena, &pair.name) : json_element(&in)) {
		json_skip(&in, &pair.value);
		add_pair(arena, &pairs, pair);
	}
	return pairs;
}

static struct str read_string(struct arena *arena, struct str text)
{
	struct json in = json_of(text);
	struct str out = STR("");

	if (json_peek(&in) == JSON_STRING)
		json_string(&in, arena, &out);
	return out;
}

static enum json_token token_of(struct str text)
{
	struct json in = json_of(text);

	return json_peek(&in);
}

/* ---- writing, from the end ---------------------------------------------------------------------------------------- */

struct writer {
	struct proto_out out;
	struct arena *arena;
};

static void put_message(struct writer *w, uint32_t tag, const struct openapi_proto *message,
			struct str json);

static void put_double(struct writer *w, uint32_t tag, struct str json)
{
	double value = 0;
	uint64_t bits;

	if (str_to_double(json, &value) != OK)
		value = 0;
	memcpy(&bits, &value, sizeof bits);
	proto_out_fixed64(&w->out, bits);
	proto_out_tag(&w->out, tag, PROTO_FIXED64);
}

static void put_any(struct writer *w, uint32_t tag, struct str json)
{
	uint32_t before = proto_out_len(&w->out);

	proto_out_bytes_field(&w->out, 2, json); /* yaml: JSON is some */
	proto_out_close(&w->out, tag, before);
}

static void put_additional(struct writer *w, const struct openapi_proto_member *member,
			   struct str json)
{
	uint32_t before = proto_out_len(&w->out);
	enum json_token token = token_of(json);

	if (token == JSON_OBJECT)
		put_message(w, 1, member->message, json);
	else
		proto_out_varint_field(&w->out, 2, token == JSON_TRUE);
	proto_out_close(&w->out, member->tag, before);
}

static void put_default(struct writer *w, uint32_t tag, struct str json)
{
	uint32_t before = proto_out_len(&w->out);
	enum json_token token = token_of(json);

	if (token == JSON_NUMBER)
		put_double(w, 1, json);
	else if (token == JSON_TRUE || token == JSON_FALSE)
		proto_out_varint_field(&w->out, 2, token == JSON_TRUE);
	else if (token == JSON_STRING)
		proto_out_bytes_field(&w->out, 3, read_string(w->arena, json));
	proto_out_close(&w->out, tag, before);
}

static const struct openapi_proto *parameter_of(struct writer *w, struct str json)
{
	struct pairs pairs = read_pairs(w->arena, json);
	const struct openapi_proto_place *place = openapi_proto_places;
	struct str in = STR("");

	for (uint32_t i = 0; i < pairs.len; i++)
		if (str_is(pairs.at[i].name, "in"))
			in = read_string(w->arena, pairs.at[i].value);
	while (place->in != NULL && !str_is(in, place->in))
		place++;
	return place->message;
}

static void put_list(struct writer *w, const struct openapi_proto_member *member, struct str json)
{
	struct pairs items = read_pairs(w->arena, json);

	for (uint32_t i = items.len; i > 0; i--) {
		struct str item = items.at[i - 1].value;

		if (member->form == VALUE_STRINGS)
			proto_out_bytes_field(&w->out, member->tag, read_string(w->arena, item));
		else if (member->form == VALUE_ANYS)
			put_any(w, member->tag, item);
		else if (member->form == VALUE_PARAMETERS)
			put_message(w, member->tag, parameter_of(w, item), item);
		else
			put_message(w, member->tag, member->message, item);
	}
}

static void put_int(struct writer *w, uint32_t tag, struct str json)
{
	int64_t value = 0;

	if (str_to_i64(json, &value) == OK && value != 0)
		proto_out_varint_field(&w->out, tag, (uint64_t)value);
}

static void put_boxed(struct writer *w, const struct openapi_proto_member *member, struct str json)
{
	uint32_t before = proto_out_len(&w->out);

	if (member->message != NULL)
		put_message(w, 1, member->message, json);
	else
		proto_out_bytes_field(&w->out, 1, read_string(w->arena, json));
	proto_out_close(&w->out, member->tag, before);
}

static void put_member(struct writer *w, const struct openapi_proto_member *member, struct str json)
{
	switch ((enum openapi_proto_form)member->form) {
	case VALUE_STRING:
		proto_out_bytes_field(&w->out, member->tag, read_string(w->arena, json));
		return;
	case VALUE_BOOL:
		if (token_of(json) == JSON_TRUE)
			proto_out_varint_field(&w->out, member->tag, 1);
		return;
	case VALUE_INT: put_int(w, member->tag, json); return;
	case VALUE_DOUBLE: put_double(w, member->tag, json); return;
	case VALUE_STRINGS:
	case VALUE_ANYS:
	case VALUE_PARAMETERS:
	case VALUE_MESSAGES: put_list(w, member, json); return;
	case VALUE_ANY: put_any(w, member->tag, json); return;
	case VALUE_MESSAGE: put_message(w, member->tag, member->message, json); return;
	case VALUE_BOXED: put_boxed(w, member, json); return;
	case VALUE_ADDITIONAL: put_additional(w, member, json); return;
	case VALUE_DEFAULT: put_default(w, member->tag, json); return;
	}
}

static void put_named(struct writer *w, const struct openapi_proto *message, const struct pair *pair)
{
	uint32_t before = proto_out_len(&w->out);

	put_message(w, 2, message->named, pair->value);
	proto_out_bytes_field(&w->out, 1, pair->name);
	proto_out_close(&w->out, message->named_tag, before);
}

static void put_extension(struct writer *w, const struct openapi_proto *message,
			  const struct pair *pair)
{
	uint32_t before = proto_out_len(&w->out);

	put_any(w, 2, pair->value);
	proto_out_bytes_field(&w->out, 1, pair->name);
	proto_out_close(&w->out, message->extension_tag, before);
}

static void put_pair(struct writer *w, const struct openapi_proto *message, const struct pair *pair)
{
	for (uint32_t i = 0; i < message->count; i++) {
		if (!str_is(pair->name, message->members[i].name))
			continue;
		put_member(w, &message->members[i], pair->value);
		return;
	}
	if (message->named != NULL)
		put_named(w, message, pair);
	else if (message->extension_tag != 0 && str_starts(pair->name, STR("x-")))
		put_extension(w, message, pair);
}

static void put_pairs(struct writer *w, const struct openapi_proto *message,
		      const struct pairs *pairs)
{
	for (uint32_t i = pairs->len; i > 0; i--)
		put_pair(w, message, &pairs->at[i - 1]);
}

static void put_message(struct writer *w, uint32_t tag, const struct openapi_proto *message,
			struct str json)
{
	struct pairs pairs = read_pairs(w->arena, json);
	uint32_t before = proto_out_len(&w->out);
	bool is_reference =
	    message->is_or_reference && pairs.len > 0 && str_is(pairs.at[0].name, "$ref");

	if (is_reference)
		proto_out_bytes_field(&w->out, 1, read_string(w->arena, pairs.at[0].value));
	else
		put_pairs(w, message, &pairs);
	for (const uint8_t *around = message->within; *around != 0; around++)
		proto_out_close(&w->out, is_reference ? 2 : *around, before);
	proto_out_close(&w->out, tag, before);
}

enum status openapi_proto(struct str json, struct text *out, struct fault *why)
{
	struct writer w = { .out = proto_out_new(OPENAPI_BYTES_MAX) };
	const struct openapi_proto *message;
	struct pairs pairs;

	/* Its depth is bounded with its form: what follows may recurse. */
	if (!json_is_valid(json) || token_of(json) != JSON_OBJECT) {
		proto_out_fini(&w.out);
		return fault_set(why, BAD_REQUEST, "", "not a JSON object");
	}
	w.arena = arena_new(0);
	pairs = read_pairs(w.arena, json);
	message = pairs.len > 0 && str_is(pairs.at[0].name, "swagger") ? &openapi_proto_v2
								       : &openapi_proto_v3;
	put_pairs(&w, message, &pairs);
	text_add(out, proto_out_str(&w.out));
	out->is_cut |= w.out.is_cut;
	arena_free(w.arena);
	proto_out_fini(&w.out);
	return OK;
}
