/*
 * The media types of OpenAPI documents: which one somebody is answered with who accepts so much.
 */
#ifndef ACTORS_SERVER_CATALOG_DOCUMENT_TYPE_H
#define ACTORS_SERVER_CATALOG_DOCUMENT_TYPE_H

#include "datastore/object/openapi/openapi.h"
#include "runtime/base/base.h"

#define DOCUMENT_TYPE_JSON "application/json"

/* Constant; absent: nothing that is accepted. */
struct str document_type(enum openapi_version version, struct str accept);
const char *document_type_proto(enum openapi_version version);

#endif
