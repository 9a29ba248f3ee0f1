/*
 * Paths of rules: where a rule says that it failed, `.spec.size` or `['a.b'].c`.
 *
 * For rules, and for whoever takes definitions. Steps lead through properties and maps, never into lists.
 */
#ifndef DATASTORE_CUSTOM_RULE_FIELD_PATH_H
#define DATASTORE_CUSTOM_RULE_FIELD_PATH_H

#include "datastore/custom/rule/declare.h"

/* false: it leads to no field of the schema. `*out`: as faults write it, without a dot in front; `out` may be NULL. */
bool field_path_read(struct str path, schema_props *schema, struct arena *arena, struct str *out);

#endif
