/*
 * The versions of a CustomResourceDefinition: columns, subresources, selectable fields and schemas of each, or of all alike.
 *
 * For the rules of that kind only. What all versions say alike is reported at the top of the spec, as upstream does. `old` is the spec before
 * an update, else NULL: schemas that are as they were are not judged again.
 */
#ifndef ACTORS_KINDS_EXTENSION_DEFINITION_VERSION_H
#define ACTORS_KINDS_EXTENSION_DEFINITION_VERSION_H

#include "actors/kinds/path.h"
#include "datastore/custom/props.h"
#include "datastore/schema/apiextensions.h"

typedef struct apiextensions_custom_resource_definition_spec definition_spec;
typedef struct apiextensions_custom_resource_definition_version definition_version;

/* NULL: it has none. */
schema_props *definition_version_schema(const definition_version *version);
/* NULL: there is none of that name, or no spec. */
const definition_version *definition_version_named(const definition_spec *spec, struct str name);
/* `at` is spec.versions. */
void definition_version_check_all(const struct path *at, const definition_spec *spec,
				  const definition_spec *old);
/* What is the same in all; `at` is spec. */
void definition_version_check_common(const struct path *at, const definition_spec *spec,
				     const definition_spec *old);

#endif
