/*
 * What the writers of an OpenAPI document share: openapi.c (the document), openapi-path.c (paths), openapi-schema.c (schemas).
 */
#ifndef DATASTORE_OBJECT_OPENAPI_OPENAPI_PRIVATE_H
#define DATASTORE_OBJECT_OPENAPI_OPENAPI_PRIVATE_H

#include "datastore/object/openapi/openapi.h"
#include "runtime/base/collection/map.h"

#define OPENAPI_OPTIONS_MAX 16U /* types of options, twice where a collection has others */

/* Parameters that many operations have: they are written once, being most of what paths say. */
struct openapi_options {
	const struct type *type;
	bool is_collection;
	struct str parameters;
};

struct openapi {
	struct str group, version; /* that is being written */
	bool is_v2;                /* one document of every group, in the words of OpenAPI 2.0 */
	struct arena *arena;
	struct text *out;
	/* Schemas that something refers to: by name, in the order in which they are written. */
	struct map schemas;
	uint32_t written; /* of them */
	struct descriptions *descriptions;
	struct arena *kept;                 /* of what lasts from one piece to the next */
	const struct openapi_group *groups; /* that kinds which belong to every group name */
	uint32_t group_count;
	struct openapi_types wanted;
	struct openapi_options options[OPENAPI_OPTIONS_MAX];
	uint32_t options_count;
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
/* The member `$ref` alone. */
void openapi_refer(struct openapi *o, const struct type *type);
/* What all kinds have among their properties, and an element of x-kubernetes-group-version-kind. */
void openapi_write_kind_members(struct openapi *o);
void openapi_write_one_kind(struct openapi *o, struct str group, struct str kind,
			    struct str version);
/* Of a resource without a type (openapi-custom.c). */
void openapi_write_custom(struct openapi *o, const struct openapi_resource *custom, bool is_list);
/* The schema of a custom resource in the words of OpenAPI v2, without what kubectl up to 1.28 cannot read: upstream's
   ToStructuralOpenAPIV2(). What is left shares memory with the schema. */
const struct apiextensions_json_schema_props *
openapi_lower(struct arena *arena, const struct apiextensions_json_schema_props *schema);
/* Whether what a query says as the field's value is a number, a boolean or text. */
const char *openapi_query_type(const struct field *field);

/* A member of `paths` for the group and version that is being written, and those of a resource. */
void openapi_write_root(struct openapi *o);
void openapi_write_resource(struct openapi *o, const struct openapi_resource *resource);
/* The schemas of custom resources that have been referred to; of all others is told who they are. */
void openapi_write_customs(struct openapi *o);
/* The schemas of types, and of what they refer to. */
void openapi_write_schemas(struct openapi *o, const struct openapi_types *types);
/* That of DeleteOptions alone. */
void openapi_write_schema(struct openapi *o, const struct type *type);

/* Of the JSON of a document without members: what stands around so many bytes of them. */
void openapi_proto_frame(enum openapi_version version, struct str json, uint32_t paths_bytes,
			 uint32_t schemas_bytes, struct arena *arena, struct openapi_frame *out);

#endif
