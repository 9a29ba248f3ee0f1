/*
 * The list of all built-in types, generated; type.c searches it. Private to this folder.
 */
#ifndef DATASTORE_SCHEMA_REGISTRY_H
#define DATASTORE_SCHEMA_REGISTRY_H

#include "datastore/schema/type.h"

extern const struct type *const registry_types[]; /* by file, then in its order */
extern const uint32_t registry_type_count;
extern const struct type *const registry_kinds[]; /* by name, then group, then version */
extern const uint32_t registry_kind_count;

/* Whether the compiler lays presence bits as the tables say: bit n is 1 << n % 8 of byte n / 8. */
bool registry_bits_hold(void);

#endif
