/*
 * The order of built-in kinds, generated; type.c searches it. Private to this folder.
 */
#ifndef DATASTORE_SCHEMA_REGISTRY_H
#define DATASTORE_SCHEMA_REGISTRY_H

#include "datastore/schema/type.h"

extern const uint16_t registry_kinds[]; /* in schema_types; by name, then group, then version */
extern const uint32_t registry_kind_count;

/* Whether the compiler lays presence bits as the tables say: bit n is 1 << n % 8 of byte n / 8. */
bool registry_bits_hold(void);

#endif
