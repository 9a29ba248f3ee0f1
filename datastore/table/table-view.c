#include <assert.h>
#include <stdlib.h>

#include "datastore/table/table-private.h"

#define ROW_BYTES 64 /* what a row weighs in a page besides its key and value */
#define STEPS_MAX 4U /* rows stepped over before one is sought */

static const char no_end[] = "";

static bool is_no_end(struct str end)
{
	return end.len == 1 && end.at[0] == no_end[0];
}

struct table_view *table_view_new(struct table *table)
{
	struct table_view *view = mem_new(struct table_view);
	view->table = table;
	return view;
}

static void disconnect(struct table_view *view)
{
	sqlite3_stmt *statement;
	while ((statement = sqlite3_next_stmt(view->db, NULL)))
		sqlite3_finalize(statement);
	sqlite3_close(view->db);
	view->db = NULL;
}

void table_view_free(struct table_view *view)
{
	if (!view)
		return;
	if (view->db)
		disconnect(view);
	mem_free(view);
}

/* What failed is tried again at the next use. */
enum status table_view_connect(struct table_view *view, struct fault *why)
{
	if (view->db)
		return OK;
	const struct {
		sqlite3_stmt **out;
		const char *sql;
	} statements[] = {
		{ &view->get, "SELECT id, key, create_rev, version, lease, flags,"
			      " value, prev FROM hist WHERE id = ?1" },
		{ &view->list, "SELECT id, key, create_rev, version, lease, flags, NULL,"
			       " 0, size FROM cur WHERE key >= ?1 AND"
			       " (?2 IS NULL OR key < ?2) ORDER BY key" },
		{ &view->since, "SELECT id, key, create_rev, version, lease, flags,"
				" value, prev FROM hist WHERE id >= ?1 AND id < ?2 ORDER BY id" },
		{ &view->values, "SELECT id, value FROM hist WHERE id >= ?1 ORDER BY id" },
	};
	TRY(table_connect(view->table, view->table->path, TABLE_VIEW_CACHE_KIB, &view->db, why));
	enum status status = OK;
	for (size_t i = 0; status == OK && i < sizeof statements / sizeof *statements; i++)
		status = table_prepare(view->db, statements[i].sql, statements[i].out, why);
	if (status == OK)
		status = table_past_prepare(view, why);
	if (status != OK)
		disconnect(view);
	return status;
}

enum status table_view_hold(struct table_view *view)
{
	TRY(table_view_connect(view, NULL));
	return table_code(view->db, sqlite3_exec(view->db, "BEGIN", NULL, NULL, NULL), NULL);
}

void table_view_let_go(struct table_view *view)
{
	/* Nothing was written: there is nothing that could fail. */
	(void)sqlite3_exec(view->db, "COMMIT", NULL, NULL, NULL);
}

void table_row_of(sqlite3_stmt *read, struct table_row *row)
{
	int flags = sqlite3_column_int(read, 5);
	*row = (struct table_row){ .id = (uint64_t)sqlite3_column_int64(read, 0),
				   .key = table_column_str(read, 1),
				   .create_revision = (uint64_t)sqlite3_column_int64(read, 2),
				   .version = (uint64_t)sqlite3_column_int64(read, 3),
				   .lease = (uint64_t)sqlite3_column_int64(read, 4),
				   .value = table_column_str(read, 6),
				   .is_delete = flags & ROW_DELETE,
				   .is_failure_branch = flags & ROW_FAILURE_BRANCH };
	row->value_len = row->value.len;
}

enum status table_seek(struct table_view *view, uint64_t id, bool *out)
{
	sqlite3_reset(view->get);
	sqlite3_bind_int64(view->get, 1, (sqlite3_int64)id);
	int rc = sqlite3_step(view->get);
	*out = rc == SQLITE_ROW;
	return table_code(view->db, rc, NULL);
}

enum status table_get(struct table_view *view, uint64_t id, table_each *each, void *arg)
{
	bool is_there;
	TRY(table_view_connect(view, NULL));
	enum status status = table_seek(view, id, &is_there);
	if (status == OK && is_there) {
		struct table_row row;
		table_row_of(view->get, &row);
		each(arg, &row);
	}
	sqlite3_reset(view->get);
	return status == OK && !is_there ? NOT_FOUND : status;
}

/* ---- many values ---- */

static int by_id(const void *left, const void *right)
{
	const struct table_want *a = left, *b = right;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* Where the next one lies close behind, as in what was written together, to step there costs less than to seek it from the root. */
static enum status step_to(struct table_view *view, uint64_t id)
{
	sqlite3_stmt *values = view->values;
	uint64_t at = 0;
	int rc = SQLITE_OK;
	for (uint32_t i = 0; at < id && i < STEPS_MAX && sqlite3_stmt_busy(values); i++) {
		rc = sqlite3_step(values);
		at = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(values, 0) : UINT64_MAX;
	}
	if (at < id) {
		sqlite3_reset(values);
		sqlite3_bind_int64(values, 1, (sqlite3_int64)id);
		rc = sqlite3_step(values);
		at = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(values, 0) : UINT64_MAX;
	}
	TRY(table_code(view->db, rc, NULL));
	return at == id ? OK : NOT_FOUND;
}

enum status table_gather(struct table_view *view, struct table_want *wanted, uint32_t count,
			 table_each_value *each, void *arg)
{
	enum status status = OK;
	TRY(table_view_hold(view));
	qsort(wanted, count, sizeof *wanted, by_id);
	for (uint32_t i = 0; status == OK && i < count; i++) {
		status = step_to(view, wanted[i].id);
		if (status == OK)
			each(arg, wanted[i].tag, table_column_str(view->values, 1));
	}
	sqlite3_reset(view->values);
	table_view_let_go(view);
	return status;
}

/* ---- ranges at a revision ---- */

struct ranging {
	struct table_view *view;
	const struct table_range *range;
	table_each *each;
	void *arg;
	uint64_t id_end; /* rows with lower ids are old enough */
	uint32_t rows;
	size_t bytes;
};

/* Goes back from a key's latest row to the one that was the latest at the revision. */
static enum status go_back(struct ranging *ranging, struct table_row *row, bool *is_there)
{
	struct table_view *view = ranging->view;
	*is_there = true;
	while (row->id >= ranging->id_end) {
		TRY(table_seek(view, row->id, is_there));
		uint64_t before = *is_there ? (uint64_t)sqlite3_column_int64(view->get, 7) : 0;
		*is_there = before != 0;
		if (!before)
			return OK;
		TRY(table_seek(view, before, is_there));
		if (!*is_there)
			return OK; /* a delete that was swept */
		table_row_of(view->get, row);
	}
	return OK;
}

static enum status emit(struct ranging *ranging, struct table_row *row)
{
	struct table_view *view = ranging->view;
	if (!ranging->range->is_keys_only && !row->value.at) {
		bool is_there;
		TRY(table_seek(view, row->id, &is_there));
		if (!is_there)
			return CORRUPT;
		table_row_of(view->get, row);
	}
	if (ranging->range->is_keys_only)
		row->value = STR_NONE;
	ranging->each(ranging->arg, row);
	ranging->rows++;
	ranging->bytes += ROW_BYTES + row->key.len + row->value.len;
	return OK;
}

static bool is_full(const struct ranging *ranging)
{
	const struct table_range *range = ranging->range;
	return (range->limit && ranging->rows == range->limit) || ranging->bytes >= range->max_bytes;
}

static enum status list_rows(struct ranging *ranging, bool *more, uint64_t *count)
{
	sqlite3_stmt *list = ranging->view->list;
	const struct table_range *range = ranging->range;
	int rc;
	while ((rc = sqlite3_step(list)) == SQLITE_ROW) {
		struct table_row row;
		bool is_there;
		table_row_of(list, &row);
		row.value_len = (uint32_t)sqlite3_column_int64(list, 8);
		if (!range->end.at && !str_eq(row.key, range->from))
			break;
		TRY(go_back(ranging, &row, &is_there));
		if (!is_there || row.is_delete)
			continue;
		++*count;
		if (is_full(ranging)) {
			*more = true;
			continue; /* the rest is only counted */
		}
		TRY(emit(ranging, &row));
	}
	return table_code(ranging->view->db, rc, NULL);
}

static enum status range(struct table_view *view, const struct table_range *range, table_each *each,
			 void *arg, bool *more, uint64_t *count)
{
	struct ranging ranging = { .view = view,
				   .range = range,
				   .each = each,
				   .arg = arg,
				   .id_end = (range->revision + 1) << TABLE_PLACE_BITS };
	TRY(table_view_connect(view, NULL));
	table_bind_str(view->list, 1, range->from);
	table_bind_str(view->list, 2, is_no_end(range->end) ? STR_NONE : range->end);
	*more = false;
	*count = 0;
	enum status status = list_rows(&ranging, more, count);
	sqlite3_reset(view->get);
	sqlite3_reset(view->list);
	return status;
}

/* One transaction, so that nothing is swept between the look and the last row. */
static enum status range_past(struct table_view *view, const struct table_range *what,
			      table_each *each, void *arg, bool *more, uint64_t *count)
{
	struct table_past past;
	TRY(table_view_connect(view, NULL));
	TRY(table_run(view->db, view->begin, NULL));
	enum status status = table_past_look(view, what->from, what->end, &past);
	if (status == OK && what->revision < past.oldest)
		status = EXPIRED;
	if (status == OK)
		status = range(view, what, each, arg, more, count);
	enum status ended = table_run(view->db, view->commit, NULL);
	return status == OK ? ended : status;
}

enum status table_range(struct table_view *view, const struct table_range *what, table_each *each,
			void *arg, bool *more, uint64_t *count)
{
	return what->is_past ? range_past(view, what, each, arg, more, count)
			     : range(view, what, each, arg, more, count);
}

/* ---- history ---- */

static bool is_within(struct str key, struct str from, struct str end)
{
	if (!end.at)
		return str_eq(key, from);
	return str_cmp(key, from) >= 0 && (is_no_end(end) || str_cmp(key, end) < 0);
}

static enum status tell_before(struct table_view *view, uint64_t id, table_each *before, void *arg)
{
	bool is_there;
	TRY(table_seek(view, id, &is_there));
	struct table_row row;
	if (!is_there)
		return NOT_FOUND;
	table_row_of(view->get, &row);
	if (!row.is_delete)
		before(arg, &row);
	sqlite3_reset(view->get);
	return OK;
}

static enum status read_history(struct table_view *view, const struct table_history *history,
				table_each *each, table_each *before, void *arg, uint64_t *upto)
{
	uint32_t rows = 0;
	size_t bytes = 0;
	uint64_t revision = history->after_revision;
	int rc;
	while ((rc = sqlite3_step(view->since)) == SQLITE_ROW) {
		struct table_row row;
		table_row_of(view->since, &row);
		uint64_t of_row = row.id >> TABLE_PLACE_BITS;
		if (of_row != revision &&
		    (rows >= history->max_rows || bytes >= history->max_bytes)) {
			*upto = revision;
			return OK;
		}
		revision = of_row;
		if (!is_within(row.key, history->from, history->end))
			continue;
		each(arg, &row);
		rows++;
		bytes += ROW_BYTES + row.key.len + row.value.len;
		uint64_t prev = (uint64_t)sqlite3_column_int64(view->since, 7);
		if (history->wants_before && prev)
			TRY(tell_before(view, prev, before, arg));
	}
	*upto = history->upto_revision;
	return table_code(view->db, rc, NULL);
}

enum status table_history(struct table_view *view, const struct table_history *history,
			  table_each *each, table_each *before, void *arg, uint64_t *upto)
{
	TRY(table_view_connect(view, NULL));
	sqlite3_bind_int64(view->since, 1,
			   (sqlite3_int64)((history->after_revision + 1) << TABLE_PLACE_BITS));
	sqlite3_bind_int64(view->since, 2,
			   (sqlite3_int64)((history->upto_revision + 1) << TABLE_PLACE_BITS));
	enum status status = read_history(view, history, each, before, arg, upto);
	sqlite3_reset(view->since);
	sqlite3_reset(view->get);
	return status;
}

/* ---- durability ---- */

enum status table_checkpoint(struct table_view *view, bool *is_complete, uint64_t *log_bytes,
			     struct fault *why)
{
	int frames = 0, moved = 0;
	*is_complete = false;
	enum status status = table_view_connect(view, why);
	if (status != OK)
		return status == BUSY ? OK : status;
	int rc =
	    sqlite3_wal_checkpoint_v2(view->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
	*is_complete = rc == SQLITE_OK && frames == moved;
	*log_bytes = frames > 0 ? (uint64_t)frames * TABLE_PAGE_BYTES : 0;
	return rc == SQLITE_BUSY ? OK : table_code(view->db, rc, why);
}

/*
 * The disk is that of the log, too: what was copied is made durable on the way, for a gigabyte that is at the end keeps every write waiting until
 * it is done. A read transaction around it all keeps it one state.
 */
static enum status copy_steps(sqlite3_backup *backup, sqlite3 *copy, struct fault *why)
{
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(copy, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	while (rc == SQLITE_OK) {
		rc = sqlite3_backup_step(backup, TABLE_COPY_PAGES);
		if (rc == SQLITE_OK && file->pMethods)
			rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
	}
	return rc == SQLITE_DONE ? OK : table_code(copy, rc, why);
}

static enum status copy_pages(struct table_view *view, sqlite3 *copy, struct fault *why)
{
	sqlite3_backup *backup = sqlite3_backup_init(copy, "main", view->db, "main");
	if (!backup)
		return table_code(copy, sqlite3_errcode(copy), why);
	enum status status = table_code(
	    view->db, sqlite3_exec(view->db, "BEGIN; SELECT 1 FROM meta", NULL, NULL, NULL), why);
	if (status == OK)
		status = copy_steps(backup, copy, why);
	int rc = sqlite3_backup_finish(backup);
	sqlite3_exec(view->db, "ROLLBACK", NULL, NULL, NULL);
	return status == OK ? table_code(copy, rc, why) : status;
}

/* The copy is made without a log of its own, so that it is one file; its cache holds a step (TABLE_COPY_PAGES), so that what is copied is what is synced. */
static enum status copy_to(struct table_view *view, const char *path, struct fault *why)
{
	sqlite3 *copy = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path, &copy, flags, vfs_name(view->table->vfs));
	enum status status = table_code(copy, rc, why);
	if (status == OK)
		status = table_code(copy,
				    sqlite3_exec(copy,
						 "PRAGMA journal_mode=OFF;"
						 "PRAGMA cache_size=64;"
						 "PRAGMA synchronous=FULL",
						 NULL, NULL, NULL),
				    why);
	if (status == OK)
		status = copy_pages(view, copy, why);
	sqlite3_close(copy);
	return status;
}

static enum status read_copy(struct table_view *view, const char *path, struct arena *arena,
			     struct table_mark *mark, struct fault *why)
{
	sqlite3 *copy = NULL;
	uint64_t swept;
	int rc = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 vfs_name(view->table->vfs));
	enum status status = table_code(copy, rc, why);
	if (status == OK)
		status = table_code(
		    copy, sqlite3_exec(copy, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL),
		    why);
	if (status == OK)
		status = table_read_mark(copy, arena, mark, &swept, why);
	sqlite3_close(copy);
	return status;
}

enum status table_copy(struct table_view *view, const char *path, struct arena *arena,
		       struct table_mark *mark, struct fault *why)
{
	const struct seams_files *files = view->table->files;
	enum status status = files->unlink(files->self, path);
	if (status != OK && status != NOT_FOUND)
		return fault_set(why, status, "", "cannot remove %s", path);
	TRY(table_view_connect(view, why));
	TRY(copy_to(view, path, why));
	return read_copy(view, path, arena, mark, why);
}
