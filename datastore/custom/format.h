/*
 * Formats: what a string of a schema with `format` has to look like.
 *
 * Pure functions over names of formats, whose dashes do not count ("date-time" is "datetime"). Those that are not known here
 * ask for nothing. What a pattern says is given as one, so that the caller compiles it once.
 */
#ifndef DATASTORE_CUSTOM_FORMAT_H
#define DATASTORE_CUSTOM_FORMAT_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

bool format_is_known(struct str format);
/* Besides the pattern; the arena is for what has to be turned round. */
bool format_matches(struct str format, struct str text, struct arena *arena);
/* Absent: the format has none. */
struct str format_pattern(struct str format);

#endif
