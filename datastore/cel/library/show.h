/*
 * Showing: values as text, for string(), format() and the words of errors.
 *
 * For datastore/cel. Numbers look as Go prints them.
 */
#ifndef DATASTORE_CEL_LIBRARY_SHOW_H
#define DATASTORE_CEL_LIBRARY_SHOW_H

#include "datastore/cel/value/value.h"

/* As string() gives it; false: the value has no text. */
bool show_plain(struct cel_value value, struct arena *arena, struct str *out);
/* The shortest digits that read back as the same number: 1, 1.5, 1e+21. */
struct str show_double(double number, struct arena *arena);

#endif
