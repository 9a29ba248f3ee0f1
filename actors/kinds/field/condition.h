/*
 * Conditions: what a status says of its object, each under a type of its own.
 *
 * For the rules of kinds.
 */
#ifndef ACTORS_KINDS_FIELD_CONDITION_H
#define ACTORS_KINDS_FIELD_CONDITION_H

#include "actors/kinds/kind.h"

/* Of status.conditions: each has a type and none is there twice. Fits kind_subresource.validate. */
void condition_check_types(struct kind_change *change);

#endif
