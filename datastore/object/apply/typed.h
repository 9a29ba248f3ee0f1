/*
 * What is wrong with the types of a configuration, in the words of upstream's typed values.
 *
 * For who could not decode it and wants to say why: the text is gone through by the table, up to the first fault. It is valid JSON and
 * no deeper than LIMIT_NESTING.
 */
#ifndef DATASTORE_OBJECT_APPLY_TYPED_H
#define DATASTORE_OBJECT_APPLY_TYPED_H

#include "datastore/object/json.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

/* `.spec.replicas: expected numeric (int or float), got string`; absent: nothing is. */
struct str typed_fault(const struct type *type, struct str json, struct arena *arena);
/* Of what strict decoding found: `.spec.x: field not declared in schema`, the first, as upstream looks no further; absent: none. */
struct str typed_undeclared(const struct json_strict *strict, struct arena *arena);

#endif
