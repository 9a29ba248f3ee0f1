#include <stddef.h>

#include "datastore/object/openapi/openapi-proto-private.h"

/*
 * Messages of gnostic's openapi.v2.Document (github.com/google/gnostic-models, openapiv2/OpenAPIv2.proto), as far as our
 * documents use them. What no table names is left out: JSON has the whole.
 */

static const struct openapi_proto schema, schemas;

static const struct openapi_proto_member schema_members[] = {
	{ "$ref", 1, VALUE_STRING, NULL },
	{ "format", 2, VALUE_STRING, NULL },
	{ "title", 3, VALUE_STRING, NULL },
	{ "description", 4, VALUE_STRING, NULL },
	{ "default", 5, VALUE_ANY, NULL },
	{ "multipleOf", 6, VALUE_DOUBLE, NULL },
	{ "maximum", 7, VALUE_DOUBLE, NULL },
	{ "exclusiveMaximum", 8, VALUE_BOOL, NULL },
	{ "minimum", 9, VALUE_DOUBLE, NULL },
	{ "exclusiveMinimum", 10, VALUE_BOOL, NULL },
	{ "maxLength", 11, VALUE_INT, NULL },
	{ "minLength", 12, VALUE_INT, NULL },
	{ "pattern", 13, VALUE_STRING, NULL },
	{ "maxItems", 14, VALUE_INT, NULL },
	{ "minItems", 15, VALUE_INT, NULL },
	{ "uniqueItems", 16, VALUE_BOOL, NULL },
	{ "maxProperties", 17, VALUE_INT, NULL },
	{ "minProperties", 18, VALUE_INT, NULL },
	{ "required", 19, VALUE_STRINGS, NULL },
	{ "enum", 20, VALUE_ANYS, NULL },
	{ "additionalProperties", 21, VALUE_ADDITIONAL, &schema },
	{ "type", 22, VALUE_BOXED, NULL },
	{ "items", 23, VALUE_BOXED, &schema },
	{ "allOf", 24, VALUE_MESSAGES, &schema },
	{ "properties", 25, VALUE_MESSAGE, &schemas },
	{ "example", 30, VALUE_ANY, NULL },
};
static const struct openapi_proto schema = { OPENAPI_PROTO_MEMBERS(schema_members),
					     .extension_tag = 31 };
static const struct openapi_proto schemas = { .named_tag = 1, .named = &schema };

static const struct openapi_proto_member body_members[] = {
	{ "description", 1, VALUE_STRING, NULL }, { "name", 2, VALUE_STRING, NULL },
	{ "in", 3, VALUE_STRING, NULL },          { "required", 4, VALUE_BOOL, NULL },
	{ "schema", 5, VALUE_MESSAGE, &schema },
};
static const struct openapi_proto body = { OPENAPI_PROTO_MEMBERS(body_members), .extension_tag = 6,
					   .within = { 1, 1 } };

static const struct openapi_proto_member query_members[] = {
	{ "required", 1, VALUE_BOOL, NULL },      { "in", 2, VALUE_STRING, NULL },
	{ "description", 3, VALUE_STRING, NULL }, { "name", 4, VALUE_STRING, NULL },
	{ "type", 6, VALUE_STRING, NULL },        { "uniqueItems", 20, VALUE_BOOL, NULL },
};
static const struct openapi_proto query = { OPENAPI_PROTO_MEMBERS(query_members),
					    .extension_tag = 23, .within = { 3, 2, 1 } };

static const struct openapi_proto_member path_members[] = {
	{ "required", 1, VALUE_BOOL, NULL },      { "in", 2, VALUE_STRING, NULL },
	{ "description", 3, VALUE_STRING, NULL }, { "name", 4, VALUE_STRING, NULL },
	{ "type", 5, VALUE_STRING, NULL },        { "uniqueItems", 19, VALUE_BOOL, NULL },
};
static const struct openapi_proto path = { OPENAPI_PROTO_MEMBERS(path_members), .extension_tag = 22,
					   .within = { 4, 2, 1 } };

const struct openapi_proto_place openapi_proto_places[] = {
	{ "body", &body },
	{ "path", &path },
	{ NULL, &query },
};

static const struct openapi_proto_member response_members[] = {
	{ "description", 1, VALUE_STRING, NULL },
	{ "schema", 2, VALUE_BOXED, &schema },
};
static const struct openapi_proto response = { OPENAPI_PROTO_MEMBERS(response_members),
					       .extension_tag = 5, .within = { 1 } };
static const struct openapi_proto responses = { .named_tag = 1, .named = &response };

static const struct openapi_proto_member operation_members[] = {
	{ "tags", 1, VALUE_STRINGS, NULL },
	{ "description", 3, VALUE_STRING, NULL },
	{ "operationId", 5, VALUE_STRING, NULL },
	{ "produces", 6, VALUE_STRINGS, NULL },
	{ "consumes", 7, VALUE_STRINGS, NULL },
	{ "parameters", 8, VALUE_PARAMETERS, NULL },
	{ "responses", 9, VALUE_MESSAGE, &responses },
	{ "schemes", 10, VALUE_STRINGS, NULL },
	{ "deprecated", 11, VALUE_BOOL, NULL },
};
static const struct openapi_proto operation = { OPENAPI_PROTO_MEMBERS(operation_members),
						.extension_tag = 13 };

static const struct openapi_proto_member item_members[] = {
	{ "get", 2, VALUE_MESSAGE, &operation },     { "put", 3, VALUE_MESSAGE, &operation },
	{ "post", 4, VALUE_MESSAGE, &operation },    { "delete", 5, VALUE_MESSAGE, &operation },
	{ "options", 6, VALUE_MESSAGE, &operation }, { "head", 7, VALUE_MESSAGE, &operation },
	{ "patch", 8, VALUE_MESSAGE, &operation },   { "parameters", 9, VALUE_PARAMETERS, NULL },
};
static const struct openapi_proto item = { OPENAPI_PROTO_MEMBERS(item_members),
					   .extension_tag = 10 };
static const struct openapi_proto paths = { .named_tag = 2, .named = &item };

static const struct openapi_proto_member key_members[] = {
	{ "type", 1, VALUE_STRING, NULL },
	{ "name", 2, VALUE_STRING, NULL },
	{ "in", 3, VALUE_STRING, NULL },
	{ "description", 4, VALUE_STRING, NULL },
};
static const struct openapi_proto key = { OPENAPI_PROTO_MEMBERS(key_members), .extension_tag = 5,
					  .within = { 2 } };
static const struct openapi_proto keys = { .named_tag = 1, .named = &key };

/* Which scopes a key must have: ours have none. */
static const struct openapi_proto scopes = { .count = 0 };
static const struct openapi_proto requirement = { .named_tag = 1, .named = &scopes };

static const struct openapi_proto_member info_members[] = {
	{ "title", 1, VALUE_STRING, NULL },
	{ "version", 2, VALUE_STRING, NULL },
};
static const struct openapi_proto info = { OPENAPI_PROTO_MEMBERS(info_members), .extension_tag = 7 };

static const struct openapi_proto_member document_members[] = {
	{ "swagger", 1, VALUE_STRING, NULL },
	{ "info", 2, VALUE_MESSAGE, &info },
	{ "paths", 8, VALUE_MESSAGE, &paths },
	{ "definitions", 9, VALUE_MESSAGE, &schemas },
	{ "security", 12, VALUE_MESSAGES, &requirement },
	{ "securityDefinitions", 13, VALUE_MESSAGE, &keys },
};
const struct openapi_proto openapi_proto_v2 = { OPENAPI_PROTO_MEMBERS(document_members),
						.extension_tag = 16 };
