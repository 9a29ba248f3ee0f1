/*
 * Reading a document of OpenAPI, of either version, in a test.
 */
#ifndef TESTS_UNIT_DATASTORE_OBJECT_OPENAPI_READING_H
#define TESTS_UNIT_DATASTORE_OBJECT_OPENAPI_READING_H

#include "datastore/object/openapi/openapi.h"

/* The value of a member as JSON; absent: there is none. */
struct str reading_member(struct str json, const char *name);
struct str reading_operation(struct str json, const char *path, const char *method);
bool reading_has(struct str json, const char *part);

/* A whole document of its pieces, each resource being a part of its own: of one group and version, or of all of them. */
void reading_write(struct str group, struct str version, const struct openapi_resource *resources,
		   uint32_t count, struct text *out);
void reading_write_v2(const struct openapi_resource *resources, uint32_t count, struct text *out);
/* The same as protobuf, from the pieces' protobuf. */
void reading_write_proto(enum openapi_version version, struct openapi_group group,
			 const struct openapi_resource *resources, uint32_t count, struct text *out);

#endif
