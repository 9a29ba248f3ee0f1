#include <stddef.h>

#include "datastore/object/openapi/openapi-proto-private.h"

/*
 * Messages of gnostic's openapi.v3.Document (github.com/google/gnostic-models, openapiv3/OpenAPIv3.proto), as far as our
 * documents use them. What no table names is left out: JSON has the whole.
 */

static const struct openapi_proto schema, schemas;

static const struct openapi_proto_member media_type_members[] = { { "schema", 1, VALUE_MESSAGE,
								    &schema } };
static const struct openapi_proto media_type = { OPENAPI_PROTO_MEMBERS(media_type_members),
						 .extension_tag = 5 };
static const struct openapi_proto media_types = { .named_tag = 1, .named = &media_type };

static const struct openapi_proto_member schema_members[] = {
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
	{ "items", 30, VALUE_BOXED, &schema },
	{ "properties", 31, VALUE_MESSAGE, &schemas },
	{ "additionalProperties", 32, VALUE_ADDITIONAL, &schema },
	{ "default", 33, VALUE_DEFAULT, NULL },
	{ "description", 34, VALUE_STRING, NULL },
	{ "format", 35, VALUE_STRING, NULL },
};
static const struct openapi_proto schema = { OPENAPI_PROTO_MEMBERS(schema_members),
					     .extension_tag = 36, .within = { 1 },
					     .is_or_reference = true };
static const struct openapi_proto schemas = { .named_tag = 1, .named = &schema };

static const struct openapi_proto_member parameter_members[] = {
	{ "name", 1, VALUE_STRING, NULL },        { "in", 2, VALUE_STRING, NULL },
	{ "description", 3, VALUE_STRING, NULL }, { "required", 4, VALUE_BOOL, NULL },
	{ "schema", 10, VALUE_MESSAGE, &schema },
};
static const struct openapi_proto parameter = { OPENAPI_PROTO_MEMBERS(parameter_members),
						.extension_tag = 14, .within = { 1 },
						.is_or_reference = true };

static const struct openapi_proto_member body_members[] = {
	{ "description", 1, VALUE_STRING, NULL },
	{ "content", 2, VALUE_MESSAGE, &media_types },
	{ "required", 3, VALUE_BOOL, NULL },
};
static const struct openapi_proto body = { OPENAPI_PROTO_MEMBERS(body_members), .extension_tag = 4,
					   .within = { 1 }, .is_or_reference = true };

static const struct openapi_proto_member response_members[] = {
	{ "description", 1, VALUE_STRING, NULL },
	{ "content", 3, VALUE_MESSAGE, &media_types },
};
static const struct openapi_proto response = { OPENAPI_PROTO_MEMBERS(response_members),
					       .extension_tag = 5, .within = { 1 },
					       .is_or_reference = true };
static const struct openapi_proto responses = { .named_tag = 2, .named = &response };

static const struct openapi_proto_member operation_members[] = {
	{ "tags", 1, VALUE_STRINGS, NULL },         { "description", 3, VALUE_STRING, NULL },
	{ "operationId", 5, VALUE_STRING, NULL },   { "parameters", 6, VALUE_MESSAGES, &parameter },
	{ "requestBody", 7, VALUE_MESSAGE, &body }, { "responses", 8, VALUE_MESSAGE, &responses },
	{ "deprecated", 10, VALUE_BOOL, NULL },
};
static const struct openapi_proto operation = { OPENAPI_PROTO_MEMBERS(operation_members),
						.extension_tag = 13 };

static const struct openapi_proto_member path_members[] = {
	{ "get", 4, VALUE_MESSAGE, &operation },
	{ "put", 5, VALUE_MESSAGE, &operation },
	{ "post", 6, VALUE_MESSAGE, &operation },
	{ "delete", 7, VALUE_MESSAGE, &operation },
	{ "options", 8, VALUE_MESSAGE, &operation },
	{ "head", 9, VALUE_MESSAGE, &operation },
	{ "patch", 10, VALUE_MESSAGE, &operation },
	{ "parameters", 13, VALUE_MESSAGES, &parameter },
};
static const struct openapi_proto path_item = { OPENAPI_PROTO_MEMBERS(path_members),
						.extension_tag = 14 };
static const struct openapi_proto paths = { .named_tag = 1, .named = &path_item };

static const struct openapi_proto_member security_members[] = {
	{ "type", 1, VALUE_STRING, NULL },
	{ "description", 2, VALUE_STRING, NULL },
	{ "name", 3, VALUE_STRING, NULL },
	{ "in", 4, VALUE_STRING, NULL },
};
static const struct openapi_proto security = { OPENAPI_PROTO_MEMBERS(security_members),
					       .extension_tag = 9, .within = { 1 },
					       .is_or_reference = true };
static const struct openapi_proto securities = { .named_tag = 1, .named = &security };

static const struct openapi_proto_member components_members[] = {
	{ "schemas", 1, VALUE_MESSAGE, &schemas },
	{ "securitySchemes", 7, VALUE_MESSAGE, &securities },
};
static const struct openapi_proto components = { OPENAPI_PROTO_MEMBERS(components_members),
						 .extension_tag = 10 };

static const struct openapi_proto_member info_members[] = {
	{ "title", 1, VALUE_STRING, NULL },
	{ "version", 6, VALUE_STRING, NULL },
};
static const struct openapi_proto info = { OPENAPI_PROTO_MEMBERS(info_members), .extension_tag = 7 };

static const struct openapi_proto_member document_members[] = {
	{ "openapi", 1, VALUE_STRING, NULL },
	{ "info", 2, VALUE_MESSAGE, &info },
	{ "paths", 4, VALUE_MESSAGE, &paths },
	{ "components", 5, VALUE_MESSAGE, &components },
};
const struct openapi_proto openapi_proto_v3 = { OPENAPI_PROTO_MEMBERS(document_members),
						.extension_tag = 9 };
