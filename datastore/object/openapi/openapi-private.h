/*
 * What the writers of an OpenAPI document share: openapi.c (the document), openapi-path.c (paths), openapi-schema.c (schemas).
 */
#ifndef DATASTORE_OBJECT_OPENAPI_OPENAPI_PRIVATE_H
#define DATASTORE_OBJECT_OPENAPI_OPENAPI_PRIVATE_H

#include "datastore/object/openapi/openapi.h"
#include "runtime/base/collection/map.h"

struct openapi {
	struct str group, version; /* that is being written */
	bool is_v2;                /* one document of every group, in the words of OpenAPI 2.0 */
	struct arena *arena;
	struct text *out;
	/* Schemas that something refers to: by name, in the order in which they are written. */
	struct map schemas;
	uint32_t written; /* of them */
	struct descriptions *descriptions;
	const struct openapi_resource *resources; /* of all groups that the document is about */
	uint32_t count;
};

/* The comma before the next member or element, if one is due: anything but a bracket stands before it. */
void openapi_next(struct openapi *o);
/* `"name":` of the next member; the second with a string for a value. */
void openapi_member(struct openapi *o, const char *name);
void openapi_string(struct openapi *o, const char *name, struct str value);
/* A member `description`, unless it is absent. */
void openapi_describe(struct openapi *o, struct str sentence);
/* A member `x-kubernetes-group-version-kind` with one object. */
void openapi_kind(struct openapi *o, struct str group, struct str version, struct str kind);

/* {"$ref": ...}, which makes sure that the schema will be there. The second: of a resource without a type. */
void openapi_reference(struct openapi *o, const struct type *type);
void openapi_reference_custom(struct openapi *o, const struct openapi_resource *resource,
			      bool is_list);
/* The schema of a custom resource in the words of OpenAPI v2, without what kubectl up to 1.28 cannot read: upstream's
   ToStructuralOpenAPIV2(). What is left shares memory with the schema. */
const struct apiextensions_json_schema_props *
openapi_lower(struct arena *arena, const struct apiextensions_json_schema_props *schema);
/* Whether what a query says as the field's value is a number, a boolean or text. */
const char *openapi_query_type(const struct field *field);

/* How many resources from this one on are of its group and version. */
uint32_t openapi_group_len(const struct openapi *o, uint32_t first);
/* The members of `paths` of the group and version that is being written, whose resources stand side by side. They come before
   the schemas: they say which are needed. */
void openapi_write_paths(struct openapi *o, uint32_t first, uint32_t count);
/* The members of the object that holds the schemas. */
void openapi_write_schemas(struct openapi *o);

#endif
