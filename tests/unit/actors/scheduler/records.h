/*
 * Records for tests of the scheduler's parts, from JSON with printf's formats. They live until the test ends.
 */
#ifndef TESTS_UNIT_ACTORS_SCHEDULER_RECORDS_H
#define TESTS_UNIT_ACTORS_SCHEDULER_RECORDS_H

#include "actors/scheduler/snapshot/pod-info.h"
#include "runtime/base/base.h"

/* Defaults are applied; a name, namespace default and a uid are put in where they are missing. */
const struct object *records_object(const struct type *type, const char *json, va_list args);
struct pod_info *records_pod(const char *json, ...) __attribute__((format(printf, 1, 2)));

#endif
