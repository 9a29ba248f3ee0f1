/* What the table's files share: connections and statements. */
#ifndef DATASTORE_TABLE_TABLE_PRIVATE_H
#define DATASTORE_TABLE_TABLE_PRIVATE_H

#include <sqlite3.h>

#include "datastore/table/table.h"
#include "datastore/table/vfs.h"

enum row_flag { ROW_DELETE = 1, ROW_FAILURE_BRANCH = 2 };

struct table {
	struct vfs *vfs;
	const struct seams_files *files;
	char *path;
	sqlite3 *db;
	sqlite3_stmt *begin, *commit, *rollback;
	sqlite3_stmt *put_row, *put_key, *find_key, *put_lease, *drop_lease, *put_mark;
	sqlite3_stmt *put_request, *drop_requests;
	sqlite3_stmt *sweep_bound, *sweep_rows, *sweep_keys, *sweep_deletes, *sweep_mark;
	uint64_t compact_revision, swept_id;
};

struct table_view {
	struct table *table;
	sqlite3 *db;
	sqlite3_stmt *get, *list, *since;
};

MUST_USE enum status table_code(sqlite3 *db, int rc, struct fault *why);
MUST_USE enum status table_connect(struct table *table, const char *path, uint32_t cache_kib,
				   sqlite3 **out, struct fault *why);
MUST_USE enum status table_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out,
				   struct fault *why);
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

#endif
