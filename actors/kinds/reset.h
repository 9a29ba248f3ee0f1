/*
 * What a kind sets back in a write, whoever wants it otherwise: nobody comes to own it by that write.
 *
 * For who keeps metadata.managedFields. The rule is that a write of the object sets back its status, where that is a subresource, and
 * one of the status the spec; the table in reset.c has the kinds that set back more or less.
 */
#ifndef ACTORS_KINDS_RESET_H
#define ACTORS_KINDS_RESET_H

#include "datastore/object/apply/fields.h"
#include "datastore/schema/type.h"

/* `subresource` is "" for the object itself. */
struct fields kind_resets(const struct type *type, struct str subresource, bool has_status,
			  struct arena *arena);

#endif
