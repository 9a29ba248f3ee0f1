/*
 * What expressions see of a record of a built-in kind: the type table as a type of CEL, for checking beforehand.
 *
 * As upstream declares its OpenAPI definitions. Members are looked up when an expression names them, so nothing is built that is not looked at.
 */
#ifndef DATASTORE_CUSTOM_POLICY_RECORD_TYPE_H
#define DATASTORE_CUSTOM_POLICY_RECORD_TYPE_H

#include "datastore/cel/value/type.h"
#include "datastore/schema/type.h"

const struct cel_type *record_type(const struct type *type, struct arena *arena);

#endif
