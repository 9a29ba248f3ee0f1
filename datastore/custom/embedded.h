/*
 * Embedded resources: objects within objects (x-kubernetes-embedded-resource) have a legal apiVersion and kind.
 */
#ifndef DATASTORE_CUSTOM_EMBEDDED_H
#define DATASTORE_CUSTOM_EMBEDDED_H

#include "datastore/custom/value.h"
#include "datastore/schema/apiextensions.h"
#include "runtime/base/fault.h"

/* All below, the root excepted. */
void embedded_check(const struct apiextensions_json_schema_props *schema, const struct value *value,
		    struct faults *faults);

#endif
