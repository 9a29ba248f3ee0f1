/*
 * Conversions between versions of a kind: what is stored in one and served in another.
 *
 * Two pairs exist without flags: Event of core and of events.k8s.io, and HorizontalPodAutoscaler v1 and v2. Both ways keep
 * everything: what the other version has no place for goes where upstream puts it. Versions of a definition (strategy None) differ in
 * what they know only.
 */
#ifndef ACTORS_SERVER_ANSWER_CONVERT_H
#define ACTORS_SERVER_ANSWER_CONVERT_H

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

/* The record itself when the types are one; else a new one in the arena that may share memory with the old. */
const void *convert_record(const struct type *from, const void *record, const struct type *to,
			   struct arena *arena);

#endif
