/*
 * JSONPath over JSON text, as the columns of custom resources use it (`.status.conditions[?(@.type=="Ready")].status`).
 *
 * Any code may ask for the first value that a path leads to. Steps are .name (with \. for a dot in it), ['name'], [n] from either
 * end, [*], .* and [?(@.path op literal)] with == != < <= > >= or nothing, which asks whether the path leads anywhere. That is Kubernetes'
 * dialect without slices, unions and `..`, which those columns do not need. Bounded by JSON_PATH_STEPS_MAX.
 */
#ifndef DATASTORE_OBJECT_COLUMNS_JSON_PATH_H
#define DATASTORE_OBJECT_COLUMNS_JSON_PATH_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define JSON_PATH_STEPS_MAX 64U

/*
 * The JSON of the first value; absent: the path leads nowhere, is longer than that, or is none. `json` must be valid.
 * The arena is for names with escapes.
 */
struct str json_path_first(struct str json, struct str path, struct arena *arena);

#endif
