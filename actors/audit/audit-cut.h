/*
 * An event of the audit log made small enough for who takes only so much: bodies go, and an annotation says so (upstream: truncate).
 *
 * Pure.
 */
#ifndef ACTORS_AUDIT_AUDIT_CUT_H
#define ACTORS_AUDIT_AUDIT_CUT_H

#include "runtime/base/base.h"

/* The event, a JSON object, as it is, or without requestObject and responseObject if it has more than so many bytes; absent: it still has, or is none. */
struct str audit_cut(struct str event, uint64_t bytes_max, struct arena *arena);

#endif
