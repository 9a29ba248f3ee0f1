/*
 * Objects and what a table shows of them, in a test.
 */
#ifndef TESTS_UNIT_DATASTORE_OBJECT_COLUMNS_CELLS_H
#define TESTS_UNIT_DATASTORE_OBJECT_COLUMNS_CELLS_H

#include "datastore/object/columns/columns.h"
#include "runtime/base/time/time.h"

#define CELLS_NOW "2026-03-01T12:00:00Z"
/* The metadata of an object that is five minutes old. */
#define CELLS_META(name) \
	"\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"2026-03-01T11:55:00Z\"}"

/* An object as its author or controllers would leave it, and what `kubectl get -o wide` shows of it. */
struct cells_example {
	const char *api_version, *kind;
	const char *json;
	const char *cells;
};

void cells_check_all(const struct cells_example *examples, size_t count);
#define CELLS_CHECK_ALL(examples) cells_check_all(examples, sizeof(examples) / sizeof(examples)[0])

struct wall cells_now(void);
const struct type *cells_type(const char *api_version, const char *kind);
void *cells_read(const struct type *type, const char *json);
/* With < and > as people write them: our JSON escapes them, as Go does. */
struct str cells_plain(struct str json);
/* Its row as JSON, < and > as people write them. */
struct str cells_of(const struct type *type, const void *record, const struct columns_view *view);

#endif
