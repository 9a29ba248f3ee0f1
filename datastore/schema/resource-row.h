/*
 * Resources: what of the API can be asked for under which name, as rows of a constant table.
 *
 * Generated from resources.tsv. Any code above may read them. They say how a kind is reached and where it is kept;
 * what its objects look like says struct type.
 */
#ifndef DATASTORE_SCHEMA_RESOURCE_ROW_H
#define DATASTORE_SCHEMA_RESOURCE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

/* Bits: what may be done with a resource, in the words of discovery and authorization. */
enum resource_verb {
	RESOURCE_CREATE = 1 << 0,
	RESOURCE_DELETE = 1 << 1,
	RESOURCE_DELETE_COLLECTION = 1 << 2,
	RESOURCE_GET = 1 << 3,
	RESOURCE_LIST = 1 << 4,
	RESOURCE_PATCH = 1 << 5,
	RESOURCE_UPDATE = 1 << 6,
	RESOURCE_WATCH = 1 << 7,
};
#define RESOURCE_VERBS 8
extern const struct str resource_verb_names[RESOURCE_VERBS]; /* by bit, which is by name */

struct subresource_row {
	struct str name;           /* status, scale, binding */
	struct str group, version; /* of its kind */
	struct str kind;
	uint32_t verbs;
};

struct resource_row {
	struct str group; /* "" is core */
	struct str version;
	struct str name; /* deployments */
	struct str singular;
	struct str kind;
	const struct str *short_names;
	const struct str *categories;
	const struct subresource_row *subresources;
	uint32_t short_name_count, category_count, subresource_count;
	uint32_t verbs;
	struct str prefix; /* of its keys: "/registry/deployments/"; absent: it is not kept */
	struct str storage_hash;
	int32_t group_priority, version_priority; /* higher ones are listed first */
	bool is_namespaced;
	bool is_live; /* kept nowhere: shown as somebody sees it now */
};

/* By group priority, then group, then version priority, then name. */
extern const struct resource_row resource_rows[];
extern const uint32_t resource_row_count;

#endif
