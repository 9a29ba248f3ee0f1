#include <string.h>

#include "datastore/object/openapi.h"
#include "transport/wire/json.h"
#include "transport/wire/proto.h"

/*
 * The JSON of a document as gnostic's openapi.v3.Document (github.com/google/gnostic-models, openapiv3/OpenAPIv3.proto).
 *
 * Tables below are that file's messages, as far as our documents use them. Protobuf is written from its end, so the members
 * of an object are gathered first. What no table names is left out: JSON has the whole.
 */

enum value_form {
	VALUE_STRING,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_DOUBLE,
	VALUE_STRINGS,    /* a list of them */
	VALUE_ANYS,       /* a list of any values */
	VALUE_ANY,        /* any value, as text */
	VALUE_MESSAGE,    /* of `message` */
	VALUE_MESSAGES,   /* a list of them */
	VALUE_ITEMS,      /* a schema in a message of its own */
	VALUE_ADDITIONAL, /* a schema or a boolean */
	VALUE_DEFAULT,    /* a number, a boolean or a string; of all else only that it is there */
};

struct member {
	const char *name;
	uint8_t tag, form; /* enum value_form */
	const struct message *message;
};

struct message {
	const struct member *members;
	uint32_t count;
	uint8_t extension_tag; /* of members `x-...`; 0: none */
	uint8_t named_tag; /* of members that the table does not name: pairs of name and value; 0: none */
	const struct message *named;
	bool is_or_reference; /* its place is taken by a reference, or it stands in a message beside one */
};

static const struct message schema, schemas;

#define MEMBERS(list) .members = (list), .count = sizeof(list) / sizeof(list)[0]

static const struct member media_type_members[] = { { "schema", 1, VALUE_MESSAGE, &schema } };
static const struct message media_type = { MEMBERS(media_type_members), .extension_tag = 5 };
static const struct message media_types = { .named_tag = 1, .named = &media_type };

static const struct member schema_members[] = {
	{ "nullable", 1, VALUE_BOOL, NULL },
	{ "readOnly", 3, VALUE_BOOL, NULL },
	{ "writeOnly", 4, VALUE_BOOL, NULL },
	{ "example", 7, VALUE_ANY, NULL },
	{ "deprecated", 8, VALUE_BOOL, NULL },
	{ "title", 9, VALUE_STRING, NULL },
	{ "multipleOf", 10, VALUE_DOUBLE, NULL },
	{ "maximum", 11, VALUE_DOUBLE, NULL },
	{ "exclusiveMaximum", 12, VALUE_BOOL, NULL },
	{ "minimum", 13, VALUE_DOUBLE, NULL },
	{ "exclusiveMinimum", 14, VALUE_BOOL, NULL },
	{ "maxLength", 15, VALUE_INT, NULL },
	{ "minLength", 16, VALUE_INT, NULL },
	{ "pattern", 17, VALUE_STRING, NULL },
	{ "maxItems", 18, VALUE_INT, NULL },
	{ "minItems", 19, VALUE_INT, NULL },
	{ "uniqueItems", 20, VALUE_BOOL, NULL },
	{ "maxProperties", 21, VALUE_INT, NULL },
	{ "minProperties", 22, VALUE_INT, NULL },
	{ "required", 23, VALUE_STRINGS, NULL },
	{ "enum", 24, VALUE_ANYS, NULL },
	{ "type", 25, VALUE_STRING, NULL },
	{ "allOf", 26, VALUE_MESSAGES, &schema },
	{ "oneOf", 27, VALUE_MESSAGES, &schema },
	{ "anyOf", 28, VALUE_MESSAGES, &schema },
	{ "items", 30, VALUE_ITEMS, NULL },
	{ "properties", 31, VALUE_MESSAGE, &schemas },
	{ "additionalProperties", 32, VALUE_ADDITIONAL, NULL },
	{ "default", 33, VALUE_DEFAULT, NULL },
	{ "description", 34, VALUE_STRING, NULL },
	{ "format", 35, VALUE_STRING, NULL },
};
static const struct message schema = { MEMBERS(schema_members), .extension_tag = 36,
				       .is_or_reference = true };
static const struct message schemas = { .named_tag = 1, .named = &schema };

static const struct member parameter_members[] = {
	{ "name", 1, VALUE_STRING, NULL },        { "in", 2, VALUE_STRING, NULL },
	{ "description", 3, VALUE_STRING, NULL }, { "required", 4, VALUE_BOOL, NULL },
	{ "schema", 10, VALUE_MESSAGE, &schema },
};
static const struct message parameter = { MEMBERS(parameter_members), .extension_tag = 14,
					  .is_or_reference = true };

static const struct member body_members[] = {
	{ "description", 1, VALUE_STRING, NULL },
	{ "content", 2, VALUE_MESSAGE, &media_types },
	{ "required", 3, VALUE_BOOL, NULL },
};
static const struct message body = { MEMBERS(body_members), .extension_tag = 4,
				     .is_or_reference = true };

static const struct member response_members[] = {
	{ "description", 1, VALUE_STRING, NULL },
	{ "content", 3, VALUE_MESSAGE, &media_types },
};
static const struct message response = { MEMBERS(response_members), .extension_tag = 5,
					 .is_or_reference = true };
static const struct message responses = { .named_tag = 2, .named = &response };

static const struct member operation_members[] = {
	{ "tags", 1, VALUE_STRINGS, NULL },         { "description", 3, VALUE_STRING, NULL },
	{ "operationId", 5, VALUE_STRING, NULL },   { "parameters", 6, VALUE_MESSAGES, &parameter },
	{ "requestBody", 7, VALUE_MESSAGE, &body }, { "responses", 8, VALUE_MESSAGE, &responses },
	{ "deprecated", 10, VALUE_BOOL, NULL },
};
static const struct message operation = { MEMBERS(operation_members), .extension_tag = 13 };

static const struct member path_members[] = {
	{ "get", 4, VALUE_MESSAGE, &operation },
	{ "put", 5, VALUE_MESSAGE, &operation },
	{ "post", 6, VALUE_MESSAGE, &operation },
	{ "delete", 7, VALUE_MESSAGE, &operation },
	{ "options", 8, VALUE_MESSAGE, &operation },
	{ "head", 9, VALUE_MESSAGE, &operation },
	{ "patch", 10, VALUE_MESSAGE, &operation },
	{ "parameters", 13, VALUE_MESSAGES, &parameter },
};
static const struct message path_item = { MEMBERS(path_members), .extension_tag = 14 };
static const struct message paths = { .named_tag = 1, .named = &path_item };

static const struct member security_members[] = {
	{ "type", 1, VALUE_STRING, NULL },
	{ "description", 2, VALUE_STRING, NULL },
	{ "name", 3, VALUE_STRING, NULL },
	{ "in", 4, VALUE_STRING, NULL },
};
static const struct message security = { MEMBERS(security_members), .extension_tag = 9,
					 .is_or_reference = true };
static const struct message securities = { .named_tag = 1, .named = &security };

static const struct member components_members[] = {
	{ "schemas", 1, VALUE_MESSAGE, &schemas },
	{ "securitySchemes", 7, VALUE_MESSAGE, &securities },
};
static const struct message components = { MEMBERS(components_members), .extension_tag = 10 };

static const struct member info_members[] = {
	{ "title", 1, VALUE_STRING, NULL },
	{ "version", 6, VALUE_STRING, NULL },
};
static const struct message info = { MEMBERS(info_members), .extension_tag = 7 };

static const struct member document_members[] = {
	{ "openapi", 1, VALUE_STRING, NULL },
	{ "info", 2, VALUE_MESSAGE, &info },
	{ "paths", 4, VALUE_MESSAGE, &paths },
	{ "components", 5, VALUE_MESSAGE, &components },
};
static const struct message document = { MEMBERS(document_members), .extension_tag = 9 };

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

static void put_message(struct writer *w, uint32_t tag, const struct message *message,
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

static void put_additional(struct writer *w, uint32_t tag, struct str json)
{
	uint32_t before = proto_out_len(&w->out);
	enum json_token token = token_of(json);

	if (token == JSON_OBJECT)
		put_message(w, 1, &schema, json);
	else
		proto_out_varint_field(&w->out, 2, token == JSON_TRUE);
	proto_out_close(&w->out, tag, before);
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

static void put_list(struct writer *w, const struct member *member, struct str json)
{
	struct pairs items = read_pairs(w->arena, json);

	for (uint32_t i = items.len; i > 0; i--) {
		struct str item = items.at[i - 1].value;

		if (member->form == VALUE_STRINGS)
			proto_out_bytes_field(&w->out, member->tag, read_string(w->arena, item));
		else if (member->form == VALUE_ANYS)
			put_any(w, member->tag, item);
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

static void put_items(struct writer *w, uint32_t tag, struct str json)
{
	uint32_t before = proto_out_len(&w->out);

	put_message(w, 1, &schema, json);
	proto_out_close(&w->out, tag, before);
}

static void put_member(struct writer *w, const struct member *member, struct str json)
{
	switch ((enum value_form)member->form) {
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
	case VALUE_MESSAGES: put_list(w, member, json); return;
	case VALUE_ANY: put_any(w, member->tag, json); return;
	case VALUE_MESSAGE: put_message(w, member->tag, member->message, json); return;
	case VALUE_ITEMS: put_items(w, member->tag, json); return;
	case VALUE_ADDITIONAL: put_additional(w, member->tag, json); return;
	case VALUE_DEFAULT: put_default(w, member->tag, json); return;
	}
}

static void put_named(struct writer *w, const struct message *message, const struct pair *pair)
{
	uint32_t before = proto_out_len(&w->out);

	put_message(w, 2, message->named, pair->value);
	proto_out_bytes_field(&w->out, 1, pair->name);
	proto_out_close(&w->out, message->named_tag, before);
}

static void put_extension(struct writer *w, const struct message *message, const struct pair *pair)
{
	uint32_t before = proto_out_len(&w->out);

	put_any(w, 2, pair->value);
	proto_out_bytes_field(&w->out, 1, pair->name);
	proto_out_close(&w->out, message->extension_tag, before);
}

static void put_pair(struct writer *w, const struct message *message, const struct pair *pair)
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

static void put_pairs(struct writer *w, const struct message *message, const struct pairs *pairs)
{
	for (uint32_t i = pairs->len; i > 0; i--)
		put_pair(w, message, &pairs->at[i - 1]);
}

static void put_message(struct writer *w, uint32_t tag, const struct message *message,
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
	if (message->is_or_reference)
		proto_out_close(&w->out, is_reference ? 2 : 1, before);
	proto_out_close(&w->out, tag, before);
}

enum status openapi_proto(struct str json, struct text *out, struct fault *why)
{
	struct writer w = { .out = proto_out_new(OPENAPI_BYTES_MAX) };
	struct pairs pairs;

	/* Its depth is bounded with its form: what follows may recurse. */
	if (!json_is_valid(json) || token_of(json) != JSON_OBJECT) {
		proto_out_fini(&w.out);
		return fault_set(why, BAD_REQUEST, "", "not a JSON object");
	}
	w.arena = arena_new(0);
	pairs = read_pairs(w.arena, json);
	put_pairs(&w, &document, &pairs);
	text_add(out, proto_out_str(&w.out));
	out->is_cut |= w.out.is_cut;
	arena_free(w.arena);
	proto_out_fini(&w.out);
	return OK;
}
