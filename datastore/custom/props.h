/*
 * The schema of a part: of a member, an element or a value of a definition's schema (JSONSchemaProps).
 *
 * Pure; for whoever walks schemas. Members lie in the order of their names, as everything that was decoded does.
 */
#ifndef DATASTORE_CUSTOM_PROPS_H
#define DATASTORE_CUSTOM_PROPS_H

#include "datastore/schema/apiextensions.h"
#include "runtime/base/str.h"

typedef const struct apiextensions_json_schema_props schema_props;

/* The property of this name; NULL: there is none. */
schema_props *props_property(schema_props *schema, struct str name);
schema_props *props_items(schema_props *schema);  /* NULL: it is no list of one kind */
schema_props *props_values(schema_props *schema); /* of additionalProperties; NULL: there are none */

#endif
