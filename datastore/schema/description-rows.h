/*
 * The bytes of all descriptions, generated; description.c searches them. Private to this folder.
 */
#ifndef DATASTORE_SCHEMA_DESCRIPTION_ROWS_H
#define DATASTORE_SCHEMA_DESCRIPTION_ROWS_H

#include <stdint.h>

extern const char description_bytes[]; /* key, NUL, sentence, NUL, and so on, in byte order of keys */
extern const uint32_t description_places[]; /* where each key begins */
extern const uint32_t description_row_count;

#endif
