/*
 * OpenAPI documents: of v3 one for each group and version, of v2 one of them all, out of the tables of types and resources.
 *
 * Any code may ask. What kubectl and other clients read in them is there: paths with parameters and media types, schemas with
 * references, formats, defaults, enums, required members, list and map types, patch strategies, and which kind a schema or an
 * operation is about (x-kubernetes-group-version-kind). Names and operation ids are upstream's, so that generated clients
 * fit; sentences are ours (descriptions.h). A document of core/v1 is about 1.2 MB: whoever serves them keeps
 * them packed. As protobuf it is gnostic's openapi.v3.Document or openapi.v2.Document, made from the JSON.
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

/* The document of one group and version, whose resources these are. `is_cut` in `out`: it is larger than the buffer may be. */
void openapi_write(struct str group, struct str version, const struct openapi_resource *resources,
		   uint32_t count, struct text *out);

/* The document of all of them, in OpenAPI 2.0. Those of a group and version stand side by side. */
void openapi_write_v2(const struct openapi_resource *resources, uint32_t count, struct text *out);

/* Either document as protobuf: which it is, it says itself. BAD_REQUEST: it is neither. */
MUST_USE enum status openapi_proto(struct str json, struct text *out, struct fault *why);

#endif
