/*
 * Columns: what a table shows of an object, for people (`kubectl get`).
 *
 * Which columns a kind has and where most cells come from is data (datastore/schema/columns.tsv); what a path cannot say is a
 * function in one of columns-*.c, named in the list of columns.c. Any code may ask. Cells are JSON values as upstream gives
 * them: strings, numbers, booleans. All columns are always given, the wide ones too, so nothing is cut to a width. A record that
 * lacks what a table expects has empty cells, never a fault.
 */
#ifndef DATASTORE_OBJECT_COLUMNS_COLUMNS_H
#define DATASTORE_OBJECT_COLUMNS_COLUMNS_H

#include "datastore/schema/apiextensions.h"
#include "datastore/schema/column-row.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "runtime/base/time/time.h"

#define COLUMNS_MAX 16U /* of a built-in kind; the longest has 11 */

struct cell;
typedef void column_fn(struct cell *cell, const void *record);

struct columns {
	/* The type that records have to be of. It is another version of the one asked for where that one has no columns of its own. */
	const struct type *type;
	const struct column_row *rows;
	column_fn *computed[COLUMNS_MAX]; /* by row; NULL: its form says how */
	uint32_t len;
};

/* What cells are told beside the record. */
struct columns_view {
	struct wall now;   /* ages are counted from */
	struct str chosen; /* the name of the StorageClass that is the default one, in a list */
};

void columns_of(const struct type *type, struct columns *out);
/*
 * Of a custom resource: the columns that its definition names for this version, after the name; without any the age. What is made
 * lives in the arena, the rest in the definition.
 */
void columns_of_custom(const struct type *type,
		       const struct apiextensions_custom_resource_definition_version *version,
		       struct arena *arena, struct columns *out);

/* [{"name":...,"type":...,"format":...,"description":...,"priority":...},...] */
void columns_write_definitions(const struct columns *columns, struct text *out);
/* The cells of one row: [...]. The arena is for what is made on the way. */
void columns_write_cells(const struct columns *columns, const void *record,
			 const struct columns_view *view, struct arena *scratch, struct text *out);
/* What the row says beside its cells, as a JSON list; false: nothing. A pod that ended says so: kubectl may hide it. */
bool columns_write_conditions(const struct columns *columns, const void *record, struct text *out);

/*
 * For a list: notes in the view what only the whole of it says, and puts `order`, which holds 0 to count - 1, into the
 * order in which the records are shown. Most kinds are shown as they came.
 */
void columns_arrange(const struct columns *columns, const void *const *records, uint32_t count,
		     uint32_t *order, struct columns_view *view);

#endif
