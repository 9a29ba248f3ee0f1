/* A table on a disk that can fail, rows for it, and what it says of them as text. */
#ifndef TESTS_UNIT_DATASTORE_TABLE_TABLE_LAB_H
#define TESTS_UNIT_DATASTORE_TABLE_TABLE_LAB_H

#include "datastore/table/table.h"
#include "tests/lib/fake-disk.h"

#define PATH "/data/table.db"
#define ID(revision) ((uint64_t)(revision) << TABLE_PLACE_BITS)

struct fake_disk *table_lab_disk(uint64_t seed);
/* Fails the test if it cannot be opened. */
struct table *table_lab_open(struct fake_disk *disk, struct table_mark *mark);
/* `value` NULL: it is deleted. */
struct table_row table_lab_row(uint64_t revision, const char *key, const char *value);
MUST_USE enum status table_lab_write(struct table *table, struct table_row row,
				     struct table_mark *mark);
/* Writes what a row says into a struct text: "key=value@revision "; a delete is "key-@revision ". */
void table_lab_print(void *arg, const struct table_row *row);
struct str table_lab_range(struct table_view *view, uint64_t revision, const char *from,
			   const char *end);
/* a=1@2 b=1@3 a=2@4 (b deleted @5) c=1@6 b=2@7 */
struct table *table_lab_history(struct fake_disk *disk, struct table_mark *mark);

#endif
