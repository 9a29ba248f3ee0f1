#include <string.h>

#include "datastore/object/openapi/openapi-private.h"
#include "datastore/object/openapi/openapi-proto-private.h"
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

/* ---- pieces ---------------------------------------------------------------------------------------------------- */

static const struct openapi_proto *message_of(enum openapi_version version)
{
	return version == OPENAPI_V2 ? &openapi_proto_v2 : &openapi_proto_v3;
}

static const struct openapi_proto_member *member_of(const struct openapi_proto *message,
						    const char *name)
{
	uint32_t i = 0;

	while (i < message->count && strcmp(message->members[i].name, name) != 0)
		i++;
	return i < message->count ? &message->members[i] : NULL;
}

/* What holds the schemas: in v3 they lie one deeper. */
static const struct openapi_proto_member *schemas_of(const struct openapi_proto *message,
						     const struct openapi_proto_member **around)
{
	*around = member_of(message, "components");
	return *around != NULL ? member_of((*around)->message, "schemas")
			       : member_of(message, "definitions");
}

void openapi_proto_members(enum openapi_version version, bool is_schemas, struct str members,
			   struct text *out)
{
	const struct openapi_proto_member *around,
	    *member = schemas_of(message_of(version), &around);
	struct writer w = { .out = proto_out_new(OPENAPI_BYTES_MAX), .arena = arena_new(0) };
	struct text object = text_in(w.arena, OPENAPI_BYTES_MAX);
	struct pairs pairs;

	if (!is_schemas)
		member = member_of(message_of(version), "paths");
	text_reserve(&object, members.len + 2);
	text_add_char(&object, '{');
	text_add(&object, members);
	text_add_char(&object, '}');
	pairs = read_pairs(w.arena, text_str(&object));
	put_pairs(&w, member->message, &pairs);
	text_add(out, proto_out_str(&w.out));
	out->is_cut |= w.out.is_cut || object.is_cut;
	arena_free(w.arena);
	proto_out_fini(&w.out);
}

/* The pairs before one of that name, or behind it. */
static void put_chosen(struct writer *w, const struct openapi_proto *message, struct str json,
		       const char *last, bool is_before)
{
	struct pairs pairs = read_pairs(w->arena, json);
	uint32_t at = 0;

	while (at < pairs.len && !str_is(pairs.at[at].name, last))
		at++;
	if (is_before) {
		pairs.len = at;
	} else {
		at = at < pairs.len ? at + 1 : at;
		pairs.at += at;
		pairs.len -= at;
	}
	put_pairs(w, message, &pairs);
}

/* The piece that has been written, and begins anew. */
static struct str cut(struct writer *w, struct arena *arena)
{
	struct str piece = arena_str(arena, proto_out_str(&w->out));

	proto_out_clear(&w->out);
	return piece;
}

static void open_message(struct writer *w, uint32_t tag, uint32_t bytes)
{
	proto_out_varint(&w->out, bytes);
	proto_out_tag(&w->out, tag, PROTO_BYTES);
}

void openapi_proto_frame(enum openapi_version version, struct str json, uint32_t paths_bytes,
			 uint32_t schemas_bytes, struct arena *arena, struct openapi_frame *out)
{
	const struct openapi_proto *message = message_of(version);
	const struct openapi_proto_member *around, *schemas = schemas_of(message, &around);
	struct writer w = { .out = proto_out_new(OPENAPI_BYTES_MAX), .arena = arena };
	struct pairs pairs = read_pairs(arena, json);

	if (around == NULL)
		put_chosen(&w, message, json, schemas->name, false);
	else
		put_chosen(&w, around->message, pairs.at[pairs.len - 1].value, schemas->name, false);
	out->end = cut(&w, arena);
	open_message(&w, schemas->tag, schemas_bytes);
	if (around != NULL)
		open_message(&w, around->tag, proto_out_len(&w.out) + schemas_bytes + out->end.len);
	out->middle = cut(&w, arena);
	open_message(&w, member_of(message, "paths")->tag, paths_bytes);
	put_chosen(&w, message, json, "paths", true);
	out->begin = cut(&w, arena);
	proto_out_fini(&w.out);
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
