/* What the table's files share: connections and statements. */
#ifndef DATASTORE_TABLE_TABLE_PRIVATE_H
#define DATASTORE_TABLE_TABLE_PRIVATE_H

#include <sqlite3.h>

#include "datastore/table/table.h"
#include "datastore/table/vfs.h"

#define TABLE_PAGE_BYTES 4096U /* SQLite's own choice */
/* Of a copy, between two waits for the disk: a write of the log's waits for them. */
#define TABLE_COPY_PAGES 64

/*
 * A kind of keys: what is kept of the past, and what goes first, is decided for each. Its prefix is the first two parts of its keys' path, or
 * three where the second has a dot in it, as groups have ("/registry/pods/", "/registry/example.com/widgets/"); empty: of all others.
 */
#define TABLE_KINDS_MAX 256U /* what comes later counts with the others */
struct table_kind {
	struct str prefix; /* its own memory */
	uint64_t swept_id; /* what was superseded up to here has gone */
	uint64_t bytes;    /* of what is kept, as far as it was weighed */
	bool is_changed;   /* since it was written */
};

struct table_kinds {
	VEC(struct table_kind) all;
	/*
	 * Up to `floor_id` everything that may go has gone, of all kinds; nothing before `gate_id` reads as it was, which is higher only
	 * where an older release has swept meanwhile. What may go was weighed up to `counted_id`.
	 */
	uint64_t floor_id, gate_id, counted_id;
	bool is_known; /* false: a change failed, so it is read again */
};

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
	sqlite3_stmt *sweep_bound, *sweep_rows, *sweep_keys, *sweep_deletes, *sweep_left,
	    *sweep_moments, *sweep_mark;
	sqlite3_stmt *first_moment;
	sqlite3_stmt *past_rows, *drop_row, *drop_key, *put_past, *put_kind,
	    *drop_kind; /* of table-kinds.c */
	uint64_t compact_revision, swept_id;
	struct table_kinds past;
	int64_t moment_s;   /* of the latest one */
	uint64_t log_bytes; /* of SQLite's own log, after the latest commit */
};

/*
 * When revisions were made, and what of what was compacted is kept, kind by kind. An older release knows nothing of kinds: it goes by meta's
 * swept_id, which is that of the kind of which the least is left, and `seen_id` tells that it has swept meanwhile.
 */
#define TABLE_PAST_SCHEMA                                                                      \
	"CREATE TABLE IF NOT EXISTS moment(rev INTEGER PRIMARY KEY, at INT NOT NULL);"         \
	"CREATE TABLE IF NOT EXISTS past_mark(one INTEGER PRIMARY KEY CHECK (one = 1),"        \
	" floor_id INT NOT NULL, gate_id INT NOT NULL, counted_id INT NOT NULL,"               \
	" seen_id INT NOT NULL);"                                                              \
	"CREATE TABLE IF NOT EXISTS past_kind(prefix BLOB PRIMARY KEY, swept_id INT NOT NULL," \
	" bytes INT NOT NULL) WITHOUT ROWID;"

struct table_view {
	struct table *table;
	sqlite3 *db;
	sqlite3_stmt *get, *list, *since, *values;
	sqlite3_stmt *begin, *commit, *key, *gate, *kinds, *moment,
	    *moment_after; /* of table-past.c */
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

/* table-kinds.c */
MUST_USE enum status table_kinds_prepare(struct table *table, struct fault *why);
MUST_USE enum status table_kinds_read(struct table *table, struct fault *why);
void table_kinds_forget(struct table *table);
/* The parts of a transaction: the caller ends it. All stand for the rows behind `from` up to `upto`. */
struct table_span {
	uint64_t from, upto;
};
MUST_USE enum status table_kinds_count(struct table *table, const struct table_keep *keep,
				       struct table_span span, struct fault *why);
MUST_USE enum status table_kinds_uncount(struct table *table, struct table_span span,
					 struct fault *why);
/* Of one kind alone, until no more than max_bytes of the whole past is left. */
MUST_USE enum status table_kinds_drop(struct table *table, uint32_t kind, struct table_span span,
				      uint64_t max_bytes, struct fault *why);
MUST_USE enum status table_kinds_write(struct table *table, struct fault *why);
uint64_t table_kinds_bytes(const struct table_kinds *kinds);
/* Whose turn it is to give: one that is not to be kept, or, if there is too much, the largest. -1: nobody's. */
int32_t table_kinds_next(const struct table_kinds *kinds, const struct table_keep *keep);
struct str table_kind_of(struct str key);
/* Is any of a kind's keys in [from, end)? */
bool table_kind_meets(struct str prefix, struct str from, struct str end);
/* table-sweep.c */
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
