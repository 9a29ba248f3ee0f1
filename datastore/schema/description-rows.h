/*
 * All descriptions, generated; description.c searches them. Private to this folder.
 */
#ifndef DATASTORE_SCHEMA_DESCRIPTION_ROWS_H
#define DATASTORE_SCHEMA_DESCRIPTION_ROWS_H

#include <stdint.h>

extern const char description_bytes[]; /* texts, a NUL behind each; no text twice */

/* Where they begin. In byte order of types, then of fields: the type's own sentence, whose field is empty, comes first. */
struct description_row {
	uint32_t type, field, sentence;
};
extern const struct description_row description_rows[];
extern const uint32_t description_row_count;

#endif
