/*
 * Names of fields as expressions write them: `__` for what no identifier has, `__in__` for words of the language.
 *
 * For whoever shows records to expressions. Kubernetes' rules (apiserver's pkg/cel/escaping.go); a name with other characters, or with a digit in front,
 * cannot be written.
 */
#ifndef DATASTORE_CEL_VALUE_ESCAPE_H
#define DATASTORE_CEL_VALUE_ESCAPE_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

/* A word of the language, which behind a dot may also stand as it is. */
bool escape_is_reserved(struct str name);
/* false: it cannot be written. */
bool escape_name(struct str name, struct arena *arena, struct str *out);
/* false: an escape is none. */
bool escape_undo(struct str escaped, struct arena *arena, struct str *out);

#endif
