/*
 * All descriptions, generated; descriptions.c opens them. Private to this folder.
 */
#ifndef DATASTORE_OBJECT_OPENAPI_DESCRIPTIONS_PACKED_H
#define DATASTORE_OBJECT_OPENAPI_DESCRIPTIONS_PACKED_H

#include <stdint.h>

/*
 * By gzip: type, field and sentence of each, a NUL behind each of the three. In byte order of types, then of fields: the type's own
 * sentence, whose field is empty, comes first. An empty type is that of the one before.
 */
extern const char descriptions_packed[];
extern const uint32_t descriptions_packed_len, descriptions_packed_count;

#endif
