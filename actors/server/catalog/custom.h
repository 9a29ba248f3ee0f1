/*
 * Custom resources: kinds that a CustomResourceDefinition describes, as the server serves them.
 *
 * Whoever configures a server makes them of definitions and lets go of them after it. A kind is served in the version that is
 * stored. Its types are those of datastore/schema/custom.h, so that codecs, patches, tables and OpenAPI take them for any other's.
 */
#ifndef ACTORS_SERVER_CATALOG_CUSTOM_H
#define ACTORS_SERVER_CATALOG_CUSTOM_H

#include "datastore/schema/apiextensions.h"
#include "datastore/schema/custom.h"
#include "datastore/schema/resource-row.h"
#include "runtime/base/base.h"

struct custom_resource {
	struct resource_row row;
	struct custom_types types;
	const struct apiextensions_custom_resource_definition_version *version;
};

/*
 * Borrows the definition, which has its defaults, and the arena. INVALID with words: what a CustomResourceDefinition must have is missing or
 * its group is Kubernetes' own.
 */
MUST_USE enum status
custom_resource_of(const struct apiextensions_custom_resource_definition *definition,
		   struct arena *arena, GIVE struct custom_resource *out, struct fault *why);
void custom_resource_fini(struct custom_resource *custom);

#endif
