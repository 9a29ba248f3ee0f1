/*
 * OpenAPI documents: of v3 one for each group and version, of v2 one of them all, out of the tables of types and resources.
 *
 * Any code may ask, on any thread: all that is read is constant or the asker's. What kubectl and other clients read in them is there: paths with
 * parameters and media types, schemas with references, formats, defaults, enums, required members, list and map types, patch
 * strategies, and which kind a schema or an operation is about (x-kubernetes-group-version-kind). Names and operation ids are
 * upstream's, so that generated clients fit; sentences are ours (descriptions.h). As protobuf it is gnostic's openapi.v3.Document
 * or openapi.v2.Document, made from the JSON.
 *
 * A document is written in pieces, so that whoever serves it may keep those that did not change:
 *
 *     begin  members of `paths`, part by part  middle  members of the schemas: of the parts, then of types, in v2 of options  end
 *
 * Between members of different pieces there is a comma in JSON, and nothing in protobuf. That of core/v1 is about 1.2 MB: whoever serves them keeps them packed.
 *
 * OpenAPI v2 is what clients before 1.27 read, and kubectl until 1.28 for `apply`. It has no words for defaults, enums and
 * one of several types; like upstream's document, ours leaves them out.
 */
#ifndef DATASTORE_OBJECT_OPENAPI_OPENAPI_H
#define DATASTORE_OBJECT_OPENAPI_OPENAPI_H

#include "datastore/schema/apiextensions.h"
#include "datastore/schema/resource-row.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define OPENAPI_BYTES_MAX \
	(128U * 1024U *   \
	 1024U) /* of one document; a caller's buffer should take as much. A definition takes 30 KiB of that of all */

struct openapi_resource {
	const struct resource_row *row;
	/* What its objects look like: a built-in type, or the schema of a CustomResourceDefinition, or anything. */
	const struct type *type;
	const struct apiextensions_json_schema_props *schema;
	struct str description; /* of the kind, if neither says one */
	bool returns_deleted;   /* a deletion answers with the object and not with a Status */
};

enum openapi_version { OPENAPI_V2, OPENAPI_V3 };

/* What is written: the group and version of a document of v3 (a document of v2 is of all of them). */
struct openapi_group {
	struct str group, version;
};

/* Belongs to whoever writes one document or a few: it has all sentences unpacked, which takes 150 KB and half a millisecond. */
struct openapi;
GIVE struct openapi *openapi_open(enum openapi_version version);
void openapi_close(TAKE struct openapi *openapi);

/* Built-in types that something refers to. */
struct openapi_types {
	const struct type **at;
	uint32_t len;
};

/*
 * Members of `paths` and of the schemas for resources of one group and version, which stand side by side. Schemas are those of custom resources
 * only; `wanted`, borrowed until the next call, are the types that all of them refer to. `has_root`: with the path of the group and version itself,
 * which the first resource of a document's brings.
 */
void openapi_write_part(struct openapi *openapi, const struct openapi_resource *resources,
			uint32_t count, bool has_root, struct text *paths, struct text *schemas,
			struct openapi_types *wanted);
/* Members of the schemas: these types and all that they refer to, in v2 without DeleteOptions. `group` is for v3. */
void openapi_write_types(struct openapi *openapi, struct openapi_group group,
			 const struct openapi_types *types, struct text *out);
/* In v2 that one names every group and version. */
void openapi_write_options(struct openapi *openapi, const struct openapi_group *groups,
			   uint32_t count, struct text *out);

/* Members as protobuf: of `paths`, or of the schemas. They were written here. */
void openapi_proto_members(enum openapi_version version, bool is_schemas, struct str members,
			   struct text *out);

struct openapi_frame {
	struct str begin, middle, end;
};
/* In protobuf what stands around members says how many bytes they are. */
void openapi_frame_json(enum openapi_version version, struct openapi_frame *out);
void openapi_frame_proto(enum openapi_version version, uint32_t paths_bytes, uint32_t schemas_bytes,
			 struct arena *arena, struct openapi_frame *out);
/* The name of a custom resource's schema, or of that of its list. */
struct str openapi_custom_name(struct arena *arena, const struct resource_row *row, bool is_list);

/* Either document as protobuf: which it is, it says itself. BAD_REQUEST: it is neither. */
MUST_USE enum status openapi_proto(struct str json, struct text *out, struct fault *why);

#endif
