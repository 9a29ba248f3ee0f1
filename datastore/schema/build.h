/*
 * Types made at run time: the same tables that generate.py makes, laid out here.
 *
 * A caller describes a type; build_type() copies it into a set and adds what follows from it: where each field
 * lies, its presence bit, the order of names and the hash table. The set is counted; objects of its types hold it.
 */
#ifndef DATASTORE_SCHEMA_BUILD_H
#define DATASTORE_SCHEMA_BUILD_H

#include "datastore/schema/type.h"

/* More fields than any schema has that a person wrote; places are 16 bits wide. */
#define BUILD_FIELDS_MAX 10000U

/*
 * The finished type. Of `like`, name, prefix, group, version, kind, openapi, item, resource and the lists of names, flags, form, rest,
 * fields and field_count are used; of each field all but offset and bit. What they point to has to live as long as the
 * set. At most BUILD_FIELDS_MAX fields, asserted.
 */
struct type *build_type(struct type_set *set, const struct type *like);

#endif
