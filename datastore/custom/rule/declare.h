/*
 * Declaring: the type that expressions see of what a schema describes, and how large it may be.
 *
 * For rules. As upstream's SchemaDeclType: what a schema leaves open is not seen. Sizes count for estimates only: characters of strings, elements of lists and
 * maps; without a limit in the schema, as many as a request holds.
 */
#ifndef DATASTORE_CUSTOM_RULE_DECLARE_H
#define DATASTORE_CUSTOM_RULE_DECLARE_H

#include "datastore/cel/value/type.h"
#include "datastore/custom/props.h"

#define DECLARE_REQUEST_BYTES (3LL * 1024 * 1024)

/* NULL: it is not seen. `is_root` and embedded resources have apiVersion, kind and a name. `*min_bytes`: how short it can be as JSON. */
const struct cel_type *declare_type(schema_props *schema, bool is_root, struct arena *arena,
				    int64_t *min_bytes);

#endif
