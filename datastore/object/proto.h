/*
 * Protobuf to records and back, walking the type's table; without the envelope (proto-envelope.h).
 *
 * Writes what upstream's generated code writes, byte for byte: ascending tags, values that Go does not hold by pointer
 * always, maps in order of their keys, lists of numbers unpacked. Reads whatever is legal, packed lists and unknown
 * fields too, which are dropped. All input is bounds checked; nesting is bounded by LIMIT_NESTING.
 */
#ifndef DATASTORE_OBJECT_PROTO_H
#define DATASTORE_OBJECT_PROTO_H

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

struct proto_options {
	bool borrow;  /* string bytes may point into the input, which must outlive the record */
	bool is_lean; /* who owns which fields is not read: managedFields */
};

/* BAD_REQUEST: no such message. */
MUST_USE enum status proto_decode(const struct type *type, struct str bytes, struct arena *arena,
				  struct proto_options options, void **out_record,
				  struct fault *why);
/* NULL is an empty record. The type must have a protobuf form (not TYPE_JSON_ONLY, no run-time type but one of TYPE_METADATA_ONLY). */
void proto_encode(const struct type *type, const void *record, struct text *out);
bool proto_has(const struct type *type);

#endif
