/*
 * The types of a CustomResourceDefinition: its OpenAPI schema as a table, so that every walker works on custom resources.
 *
 * Whoever serves a definition makes them when it is established and lets go of the set when it changes; objects that were
 * decoded before keep theirs. All members but the object's metadata are FIELD_PTR: what was written is kept, be it zero or empty. What a schema does
 * not say stays JSON as it was sent (KIND_ANY), where it may be kept at all; else it is unknown and dropped on reading. They are FIELD_LOOSE,
 * too: a value that contradicts the schema, or a null where one may stand, is kept as JSON in `rest` of its object, for validation to speak about.
 * Bounded by the depth of the schema (LIMIT_NESTING) and by BUILD_FIELDS_MAX members an object.
 */
#ifndef DATASTORE_SCHEMA_CUSTOM_H
#define DATASTORE_SCHEMA_CUSTOM_H

#include "datastore/schema/apiextensions.h"
#include "datastore/schema/type.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

struct custom_types {
	struct type_set *set; /* the caller's reference: type_set_unref() */
	const struct type *object, *list;
};

/*
 * Of one version of the definition, which has to have passed validation. NOT_FOUND: it has no such version. INVALID: the
 * schema is nested too deep or has too many members.
 */
MUST_USE enum status
custom_types_of(const struct apiextensions_custom_resource_definition_spec *spec,
		struct str version, GIVE struct custom_types *out, struct fault *why);

#endif
