/*
 * Reading a document of OpenAPI, of either version, in a test.
 */
#ifndef TESTS_UNIT_DATASTORE_OBJECT_OPENAPI_READING_H
#define TESTS_UNIT_DATASTORE_OBJECT_OPENAPI_READING_H

#include "runtime/base/str.h"

/* The value of a member as JSON; absent: there is none. */
struct str reading_member(struct str json, const char *name);
struct str reading_operation(struct str json, const char *path, const char *method);
bool reading_has(struct str json, const char *part);

#endif
