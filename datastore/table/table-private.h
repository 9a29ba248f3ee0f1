/* What the table's files share: connections and statements. */
#ifndef DATASTORE_TABLE_TABLE_PRIVATE_H
#define DATASTORE_TABLE_TABLE_PRIVATE_H

#include <sqlite3.h>

#include "datastore/table/table.h"
#include "datastore/table/vfs.h"

#define TABLE_PAGE_BYTES 4096U /* SQLite's own choice */

enum row_flag { ROW_DELETE = 1, ROW_FAILURE_BRANCH = 2 };

struct table {
	struct vfs *vfs;
	const struct seams_files *files;
	char *path;
	sqlite3 *db;
	sqlite3_stmt *begin, *commit, *rollback;
	sqlite3_stmt *put_row, *put_key, *find_key, *put_lease, *drop_lease, *put_mark;
	sqlite3_stmt *put_request, *drop_requests;
	sqlite3_stmt *put_moment;
	sqlite3_stmt *sweep_bound, *sweep_rows, *sweep_keys, *sweep_deletes, *sweep_moments,
	    *sweep_mark;
	sqlite3_stmt *weigh_rows, *weigh_deletes, *put_past, *first_moment;
	uint64_t compact_revision, swept_id;
	/* The past: what of what may be swept has been weighed, and how much of that is still there. */
	uint64_t counted_id, past_bytes;
	int64_t moment_s; /* of the latest one */
};

/* When revisions were made, and how much of what was compacted is kept; an older release knows neither and leaves both alone. */
#define TABLE_PAST_SCHEMA                                                              \
	"CREATE TABLE IF NOT EXISTS moment(rev INTEGER PRIMARY KEY, at INT NOT NULL);" \
	"CREATE TABLE IF NOT EXISTS past(one INTEGER PRIMARY KEY CHECK (one = 1),"     \
	" swept_id INT NOT NULL, counted_id INT NOT NULL, bytes INT NOT NULL);"

struct table_view {
	struct table *table;
	sqlite3 *db;
	sqlite3_stmt *get, *list, *since;
	sqlite3_stmt *begin, *commit, *key, *oldest, *moment, *moment_after,
	    *past; /* of table-past.c */
};

MUST_USE enum status table_code(sqlite3 *db, int rc, struct fault *why);
MUST_USE enum status table_connect(struct table *table, const char *path, uint32_t cache_kib,
				   sqlite3 **out, struct fault *why);
MUST_USE enum status table_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out,
				   struct fault *why);
MAY_IGNORE enum status table_run(sqlite3 *db, sqlite3_stmt *statement, struct fault *why);
/* Ends the transaction that `status` is the outcome of so far. */
MUST_USE enum status table_finish(struct table *table, enum status status, struct fault *why);
void table_bind_u64(sqlite3_stmt *statement, int at, uint64_t n);
void table_bind_str(sqlite3_stmt *statement, int at, struct str s);
struct str table_column_str(sqlite3_stmt *statement, int at);
/* Bound by table_bind_mark, run once. */
#define TABLE_PUT_MARK                                                                \
	"UPDATE meta SET rev = ?1, compact_rev = ?2, chain = ?3, applied_index = ?4," \
	" applied_term = ?5, members_index = ?6, members = ?7, cluster = ?8"
void table_bind_mark(sqlite3_stmt *put, const struct table_mark *mark);
/* Reads the one row of meta. NOT_FOUND: an empty database. */
MUST_USE enum status table_read_mark(sqlite3 *db, struct arena *arena, struct table_mark *mark,
				     uint64_t *swept_id, struct fault *why);

/* table-sweep.c */
MUST_USE enum status table_past_open(struct table *table, struct fault *why);
MUST_USE enum status table_sweep_prepare(struct table *table, struct fault *why);
/* table-past.c */
MUST_USE enum status table_past_prepare(struct table_view *view, struct fault *why);
/* table-view.c */
/* Before everything that looks: most views of a small table are never asked, so they connect at the first use. */
MUST_USE enum status table_view_connect(struct table_view *view, struct fault *why);
void table_row_of(sqlite3_stmt *read, struct table_row *row);
/* Steps `get` to the row of an id; the caller resets it. *out false: swept. */
MUST_USE enum status table_seek(struct table_view *view, uint64_t id, bool *out);

#endif
