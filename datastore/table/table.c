#include "datastore/table/table.h"

#include <assert.h>
#include <stdio.h>

#include "datastore/table/table-private.h"
#include "runtime/base/collection/map.h"

#define BESIDE ".new"
#define PATH_BYTES_MAX 1024U
#define LOOKASIDE_BYTES 256 /* each */
#define LOOKASIDE_COUNT 16

/*
 * hist: every kept row, by id; prev is the id of the row that it superseded. cur: each key's latest row, deletes too until
 * they are swept, without values so that lists and counts touch few pages. request: which revision a request made; apart from
 * hist, since it must be known whether or not that revision was compacted.
 */
static const char schema[] =
    "CREATE TABLE hist(id INTEGER PRIMARY KEY, key BLOB NOT NULL, prev INT NOT NULL,"
    " create_rev INT NOT NULL, version INT NOT NULL, lease INT NOT NULL, flags INT NOT NULL,"
    " value BLOB);"
    "CREATE TABLE cur(key BLOB PRIMARY KEY, id INT NOT NULL, create_rev INT NOT NULL,"
    " version INT NOT NULL, lease INT NOT NULL, size INT NOT NULL, flags INT NOT NULL) WITHOUT "
    "ROWID;"
    "CREATE TABLE request(rev INTEGER PRIMARY KEY, request INT NOT NULL, flags INT NOT NULL);"
    "CREATE TABLE lease(id INTEGER PRIMARY KEY, ttl INT NOT NULL);"
    "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK (one = 1), format INT NOT NULL,"
    " rev INT NOT NULL, compact_rev INT NOT NULL, swept_id INT NOT NULL, chain INT NOT NULL,"
    " applied_index INT NOT NULL, applied_term INT NOT NULL, members_index INT NOT NULL,"
    " members BLOB, cluster INT NOT NULL);"
    "INSERT INTO meta VALUES(1, 1, 1, 0, 0, 0, 0, 0, 0, NULL, 0);" TABLE_PAST_SCHEMA;
_Static_assert(TABLE_FORMAT == 1, "the schema above writes the format's number");

enum status table_code(sqlite3 *db, int rc, struct fault *why)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return OK;
	case SQLITE_FULL: return fault_set(why, FULL, "", "the database: %s", sqlite3_errmsg(db));
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return fault_set(why, BUSY, "", "the database: %s", sqlite3_errmsg(db));
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fault_set(why, CORRUPT, "", "the database: %s", sqlite3_errmsg(db));
	case SQLITE_NOMEM:
	case SQLITE_MISUSE: assert(!"SQLite was misused or had no memory"); return INTERNAL;
	default: return fault_set(why, IO, "", "the database: %s", sqlite3_errmsg(db));
	}
}

enum status table_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct fault *why)
{
	return table_code(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL),
			  why);
}

enum status table_run(sqlite3 *db, sqlite3_stmt *statement, struct fault *why)
{
	int rc;
	do
		rc = sqlite3_step(statement);
	while (rc == SQLITE_ROW);
	enum status status = table_code(db, rc, why);
	sqlite3_reset(statement);
	return status;
}

void table_bind_str(sqlite3_stmt *statement, int at, struct str s)
{
	if (s.at)
		sqlite3_bind_blob(statement, at, s.at, (int)s.len, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, at);
}

void table_bind_u64(sqlite3_stmt *statement, int at, uint64_t n)
{
	sqlite3_bind_int64(statement, at, (sqlite3_int64)n);
}

struct str table_column_str(sqlite3_stmt *statement, int at)
{
	if (sqlite3_column_type(statement, at) == SQLITE_NULL)
		return STR_NONE;
	const char *bytes = sqlite3_column_blob(statement, at);
	return (struct str){ bytes ? bytes : "", (uint32_t)sqlite3_column_bytes(statement, at) };
}

enum status table_connect(struct table *table, const char *path, uint32_t cache_kib, sqlite3 **out,
			  struct fault *why)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *db = NULL;
	enum status status =
	    table_code(db, sqlite3_open_v2(path, &db, flags, vfs_name(table->vfs)), NULL);
	char pragmas[256];
	snprintf(
	    pragmas, sizeof pragmas,
	    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0;"
	    /* Not left to how SQLite was built: a Secret that is gone is gone from free pages, too. */
	    "PRAGMA secure_delete=ON;"
	    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-%u",
	    cache_kib);
	if (status == OK) {
		/* SQLite's own 48 KB are for who prepares statements all the time; a refusal leaves it those. */
		sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_BYTES,
				  LOOKASIDE_COUNT);
		sqlite3_extended_result_codes(db, 1);
		status = table_code(db, sqlite3_exec(db, pragmas, NULL, NULL, NULL), why);
	} else {
		fault_set(why, status, "", "the database %s: %s", path, sqlite3_errmsg(db));
	}
	if (status != OK)
		sqlite3_close(db);
	else
		*out = db;
	return status;
}

enum status table_read_mark(sqlite3 *db, struct arena *arena, struct table_mark *mark,
			    uint64_t *swept_id, struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(db,
			  "SELECT format, rev, compact_rev, swept_id, chain, applied_index,"
			  " applied_term, members_index, members, cluster FROM meta",
			  &read, why));
	int rc = sqlite3_step(read);
	enum status status = table_code(db, rc, why);
	if (rc == SQLITE_DONE) {
		status = fault_set(why, CORRUPT, "", "the database has no meta row");
	} else if (status == OK && sqlite3_column_int(read, 0) != TABLE_FORMAT) {
		status =
		    fault_set(why, NOT_IMPLEMENTED, "", "the database has format %d, we know %d",
			      sqlite3_column_int(read, 0), TABLE_FORMAT);
	} else if (status == OK) {
		*mark = (struct table_mark){
			.revision = (uint64_t)sqlite3_column_int64(read, 1),
			.compact_revision = (uint64_t)sqlite3_column_int64(read, 2),
			.chain = (uint64_t)sqlite3_column_int64(read, 4),
			.applied_index = (uint64_t)sqlite3_column_int64(read, 5),
			.applied_term = (uint64_t)sqlite3_column_int64(read, 6),
			.members_index = (uint64_t)sqlite3_column_int64(read, 7),
			.members = arena_str(arena, table_column_str(read, 8)),
			.cluster = (uint64_t)sqlite3_column_int64(read, 9),
		};
		*swept_id = (uint64_t)sqlite3_column_int64(read, 3);
	}
	sqlite3_finalize(read);
	return status;
}

/* ---- opening ---- */

/* Nothing in it needs steps on the disk: whoever crashes meanwhile begins anew. */
static enum status fill_new(struct table *table, const char *path, struct fault *why)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *db = NULL;
	enum status status =
	    table_code(db, sqlite3_open_v2(path, &db, flags, vfs_name(table->vfs)), NULL);
	if (status == OK)
		status = table_code(
		    db,
		    sqlite3_exec(db, "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; BEGIN",
				 NULL, NULL, NULL),
		    why);
	else
		fault_set(why, status, "", "the database %s: %s", path, sqlite3_errmsg(db));
	if (status == OK)
		status = table_code(db, sqlite3_exec(db, schema, NULL, NULL, NULL), why);
	if (status == OK)
		status = table_code(
		    db, sqlite3_exec(db, "COMMIT; PRAGMA journal_mode=WAL", NULL, NULL, NULL), why);
	sqlite3_close(db);
	return status;
}

static enum status sync_file(const struct seams_files *files, const char *path)
{
	struct seams_file *file;
	TRY(files->open(files->self, path, SEAMS_READ | SEAMS_WRITE, 0600, &file));
	enum status status = files->sync(files->self, file);
	files->close(files->self, file);
	return status;
}

static enum status sync_folder_of(const struct seams_files *files, const char *path)
{
	struct str folder =
	    str_slice(str_from(path), 0, (uint32_t)str_find_last(str_from(path), '/'));
	char *name = mem_copy(folder.at, folder.len + 1);
	name[folder.len] = '\0';
	enum status status = files->sync_folder(files->self, folder.len > 0 ? name : "/");
	mem_free(name);
	return status;
}

/*
 * A new database is made under another name and takes its own when all of it is on the disk: two waits for the disk where SQLite
 * would have seven, to be able to take each step back.
 */
static enum status make_if_missing(struct table *table, struct fault *why)
{
	const struct seams_files *files = table->files;
	struct seams_stat stat;
	char path[PATH_BYTES_MAX];
	enum status status;
	if (files->stat(files->self, table->path, &stat) != NOT_FOUND)
		return OK; /* whatever else is wrong is said by who opens it */
	int len = snprintf(path, sizeof path, "%s" BESIDE, table->path);
	if (len < 0 || (size_t)len >= sizeof path || str_find_last(str_from(path), '/') < 0)
		return OK;
	status = files->unlink(files->self, path);
	if (status != OK && status != NOT_FOUND)
		return fault_set(why, status, "", "cannot remove %s: %s", path, status_text(status));
	TRY(fill_new(table, path, why));
	status = sync_file(files, path);
	if (status == OK)
		status = files->rename(files->self, path, table->path);
	if (status == OK)
		status = sync_folder_of(files, path);
	if (status != OK)
		fault_set(why, status, "", "cannot make %s: %s", table->path, status_text(status));
	return status;
}

/* Of a database that an earlier release began and did not finish. */
static enum status make_schema(struct table *table, struct fault *why)
{
	sqlite3_stmt *find = NULL;
	TRY(table_prepare(table->db, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'", &find, why));
	int rc = sqlite3_step(find);
	enum status status = table_code(table->db, rc, why);
	sqlite3_finalize(find);
	if (status != OK || rc == SQLITE_ROW)
		return status;
	TRY(table_run(table->db, table->begin, why));
	status = table_code(table->db, sqlite3_exec(table->db, schema, NULL, NULL, NULL), why);
	if (status == OK)
		status = table_run(table->db, table->commit, why);
	if (status != OK && !sqlite3_get_autocommit(table->db))
		(void)table_run(table->db, table->rollback, NULL);
	return status;
}

static enum status prepare_all(struct table *table, struct fault *why)
{
	const struct {
		sqlite3_stmt **out;
		const char *sql;
	} statements[] = {
		{ &table->put_row, "INSERT INTO hist VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)" },
		{ &table->put_request, "INSERT OR REPLACE INTO request VALUES(?1, ?2, ?3)" },
		{ &table->drop_requests, "DELETE FROM request WHERE rev <= ?1" },
		{ &table->put_key,
		  "INSERT OR REPLACE INTO cur VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)" },
		{ &table->find_key, "SELECT id FROM cur WHERE key = ?1" },
		{ &table->put_lease, "INSERT OR REPLACE INTO lease VALUES(?1, ?2)" },
		{ &table->drop_lease, "DELETE FROM lease WHERE id = ?1" },
		{ &table->put_mark, TABLE_PUT_MARK },
		{ &table->put_moment, "INSERT OR REPLACE INTO moment VALUES(?1, ?2)" },
	};
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		TRY(table_prepare(table->db, statements[i].sql, statements[i].out, why));
	TRY(table_sweep_prepare(table, why));
	return table_kinds_prepare(table, why);
}

static int note_log(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct table *table = arg;
	(void)db;
	(void)name;
	table->log_bytes = (uint64_t)frames * TABLE_PAGE_BYTES;
	return SQLITE_OK;
}

enum status table_open(const struct seams_files *files, const struct seams_random *random,
		       const char *path, struct arena *arena, struct table **out,
		       struct table_mark *mark, struct fault *why)
{
	struct table *table = mem_new(struct table);
	table->files = files;
	table->vfs = vfs_new(files, random);
	vfs_keep_logs_in_memory(table->vfs);
	table->path = mem_copy(path, strlen(path) + 1);
	enum status status = make_if_missing(table, why);
	if (status == OK)
		status = table_connect(table, path, TABLE_CACHE_KIB, &table->db, why);
	if (status == OK) {
		sqlite3_wal_hook(table->db, note_log, table);
		status = table_prepare(table->db, "BEGIN IMMEDIATE", &table->begin, why);
	}
	if (status == OK)
		status = table_prepare(table->db, "COMMIT", &table->commit, why);
	if (status == OK)
		status = table_prepare(table->db, "ROLLBACK", &table->rollback, why);
	if (status == OK)
		status = make_schema(table, why);
	if (status == OK)
		status = table_read_mark(table->db, arena, mark, &table->swept_id, why);
	if (status == OK)
		status = table_code(
		    table->db, sqlite3_exec(table->db, TABLE_PAST_SCHEMA, NULL, NULL, NULL), why);
	if (status == OK)
		status = prepare_all(table, why);
	if (status == OK)
		status = table_kinds_read(table, why);
	if (status != OK) {
		table_close(table);
		return status;
	}
	table->compact_revision = mark->compact_revision;
	*out = table;
	return OK;
}

static void finalize_all(sqlite3 *db)
{
	sqlite3_stmt *statement;
	while ((statement = sqlite3_next_stmt(db, NULL)))
		sqlite3_finalize(statement);
}

void table_close(struct table *table)
{
	if (!table)
		return;
	if (table->db) {
		finalize_all(table->db);
		sqlite3_close(table->db);
	}
	table_kinds_forget(table);
	vec_fini(&table->past.all);
	vfs_free(table->vfs);
	mem_free(table->path);
	mem_free(table);
}

/* ---- writing ---- */

static enum status find_before(struct table *table, struct str key, uint64_t *out, struct fault *why)
{
	*out = 0;
	table_bind_str(table->find_key, 1, key);
	int rc = sqlite3_step(table->find_key);
	if (rc == SQLITE_ROW)
		*out = (uint64_t)sqlite3_column_int64(table->find_key, 0);
	enum status status = table_code(table->db, rc, why);
	sqlite3_reset(table->find_key);
	return status;
}

/* All rows of a revision are of one request. */
static enum status write_request(struct table *table, const struct table_row *row, int flags,
				 struct fault *why)
{
	table_bind_u64(table->put_request, 1, row->id >> TABLE_PLACE_BITS);
	table_bind_u64(table->put_request, 2, row->request);
	sqlite3_bind_int(table->put_request, 3, flags & ROW_FAILURE_BRANCH);
	return table_run(table->db, table->put_request, why);
}

static int flags_of(const struct table_row *row)
{
	return (row->is_delete ? ROW_DELETE : 0) | (row->is_failure_branch ? ROW_FAILURE_BRANCH : 0);
}

/* `before` is the key's row before this one, if that is of the same group. */
static enum status write_row(struct table *table, const struct table_row *row,
			     const struct table_row *before_row, struct fault *why)
{
	uint64_t before;
	if (before_row)
		before = before_row->id;
	else
		TRY(find_before(table, row->key, &before, why));
	int flags = flags_of(row);
	sqlite3_stmt *put = table->put_row;
	table_bind_u64(put, 1, row->id);
	table_bind_str(put, 2, row->key);
	table_bind_u64(put, 3, before);
	table_bind_u64(put, 4, row->create_revision);
	table_bind_u64(put, 5, row->version);
	table_bind_u64(put, 6, row->lease);
	sqlite3_bind_int(put, 7, flags);
	table_bind_str(put, 8, row->value);
	TRY(table_run(table->db, put, why));
	return row->request ? write_request(table, row, flags, why) : OK;
}

static enum status write_key(struct table *table, const struct table_row *row, struct fault *why)
{
	sqlite3_stmt *put = table->put_key;
	table_bind_str(put, 1, row->key);
	table_bind_u64(put, 2, row->id);
	table_bind_u64(put, 3, row->create_revision);
	table_bind_u64(put, 4, row->version);
	table_bind_u64(put, 5, row->lease);
	table_bind_u64(put, 6, row->value.len);
	sqlite3_bind_int(put, 7, flags_of(row));
	return table_run(table->db, put, why);
}

/* Of what a key was within the group only the last is ever seen in cur: it is put there once. */
static enum status write_rows(struct table *table, const struct table_group *group,
			      struct map *latest, struct fault *why)
{
	struct str key;
	void *row;
	for (uint32_t i = 0; i < group->row_count; i++) {
		struct table_row *next = (struct table_row *)&group->rows[i];
		TRY(write_row(table, next, map_put(latest, next->key, next), why));
	}
	for (uint32_t at = 0; map_next(latest, &at, &key, &row);)
		TRY(write_key(table, row, why));
	return OK;
}

void table_bind_mark(sqlite3_stmt *put, const struct table_mark *mark)
{
	table_bind_u64(put, 1, mark->revision);
	table_bind_u64(put, 2, mark->compact_revision);
	table_bind_u64(put, 3, mark->chain);
	table_bind_u64(put, 4, mark->applied_index);
	table_bind_u64(put, 5, mark->applied_term);
	table_bind_u64(put, 6, mark->members_index);
	table_bind_str(put, 7, mark->members);
	table_bind_u64(put, 8, mark->cluster);
}

/* Whatever is written within the next TABLE_MOMENT_S counts as of the same moment. A clock that was set back begins a new one. */
static bool begins_moment(const struct table *table, const struct table_group *group)
{
	int64_t since = group->now_s - table->moment_s;
	return group->now_s && group->row_count && (since < 0 || since >= TABLE_MOMENT_S);
}

static enum status write_moment(struct table *table, const struct table_group *group,
				struct fault *why)
{
	if (!begins_moment(table, group))
		return OK;
	table_bind_u64(table->put_moment, 1, group->rows[0].id >> TABLE_PLACE_BITS);
	sqlite3_bind_int64(table->put_moment, 2, group->now_s);
	return table_run(table->db, table->put_moment, why);
}

static enum status write_group(struct table *table, const struct table_group *group,
			       struct fault *why)
{
	TRY(write_moment(table, group, why));
	struct map latest = { 0 };
	enum status status = write_rows(table, group, &latest, why);
	map_fini(&latest);
	TRY(status);
	for (uint32_t i = 0; i < group->lease_count; i++) {
		const struct table_lease *lease = &group->leases[i];
		sqlite3_stmt *put = lease->ttl_s ? table->put_lease : table->drop_lease;
		table_bind_u64(put, 1, lease->id);
		if (lease->ttl_s)
			table_bind_u64(put, 2, lease->ttl_s);
		TRY(table_run(table->db, put, why));
	}
	if (group->forget_requests) {
		table_bind_u64(table->drop_requests, 1, group->forget_requests);
		TRY(table_run(table->db, table->drop_requests, why));
	}
	table_bind_mark(table->put_mark, &group->mark);
	return table_run(table->db, table->put_mark, why);
}

enum status table_finish(struct table *table, enum status status, struct fault *why)
{
	if (status == OK)
		status = table_run(table->db, table->commit, why);
	if (status != OK && !sqlite3_get_autocommit(table->db))
		(void)table_run(table->db, table->rollback, NULL);
	return status;
}

enum status table_write(struct table *table, const struct table_group *group, struct fault *why)
{
	TRY(table_run(table->db, table->begin, why));
	TRY(table_finish(table, write_group(table, group, why), why));
	table->compact_revision = group->mark.compact_revision;
	if (begins_moment(table, group))
		table->moment_s = group->now_s;
	return OK;
}

enum status table_empty_log(struct table *table, bool *is_complete, struct fault *why)
{
	int frames = 0, moved = -1;
	int rc =
	    sqlite3_wal_checkpoint_v2(table->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &frames, &moved);
	if (rc == SQLITE_OK)
		table->log_bytes = 0;
	*is_complete = rc == SQLITE_OK || (rc == SQLITE_BUSY && frames > 0 && frames == moved);
	return rc == SQLITE_BUSY ? OK : table_code(table->db, rc, why);
}

uint64_t table_log_bytes(const struct table *table)
{
	return table->log_bytes;
}

enum status table_vacuum(struct table *table, struct fault *why)
{
	TRY(table_code(table->db, sqlite3_exec(table->db, "VACUUM", NULL, NULL, NULL), why));
	/* What a reader still needs stays until the next checkpoint. */
	int rc = sqlite3_wal_checkpoint_v2(table->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_BUSY ? OK : table_code(table->db, rc, why);
}

/* ---- loading ---- */

static enum status load_leases(struct table *table, const struct table_loader *loader,
			       struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(table->db, "SELECT id, ttl FROM lease ORDER BY id", &read, why));
	int rc;
	while ((rc = sqlite3_step(read)) == SQLITE_ROW)
		loader->lease(loader->arg,
			      &(struct table_lease){ (uint64_t)sqlite3_column_int64(read, 0),
						     (uint32_t)sqlite3_column_int64(read, 1) });
	enum status status = table_code(table->db, rc, why);
	sqlite3_finalize(read);
	return status;
}

static enum status load_keys(struct table *table, const struct table_loader *loader,
			     struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(table->db,
			  "SELECT key, id, create_rev, version, lease, size FROM cur"
			  " WHERE NOT flags & 1 ORDER BY key",
			  &read, why));
	int rc;
	while ((rc = sqlite3_step(read)) == SQLITE_ROW) {
		struct table_row row = { .key = table_column_str(read, 0),
					 .id = (uint64_t)sqlite3_column_int64(read, 1),
					 .create_revision = (uint64_t)sqlite3_column_int64(read, 2),
					 .version = (uint64_t)sqlite3_column_int64(read, 3),
					 .lease = (uint64_t)sqlite3_column_int64(read, 4),
					 .value_len = (uint32_t)sqlite3_column_int64(read, 5) };
		loader->key(loader->arg, &row);
	}
	enum status status = table_code(table->db, rc, why);
	sqlite3_finalize(read);
	return status;
}

static enum status load_requests(struct table *table, const struct table_loader *loader,
				 uint64_t after, struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(table->db,
			  "SELECT rev, request, flags FROM request WHERE rev > ?1 ORDER BY rev",
			  &read, why));
	table_bind_u64(read, 1, after);
	int rc;
	while ((rc = sqlite3_step(read)) == SQLITE_ROW)
		loader->request(loader->arg, (uint64_t)sqlite3_column_int64(read, 1),
				(uint64_t)sqlite3_column_int64(read, 0),
				sqlite3_column_int(read, 2) & ROW_FAILURE_BRANCH);
	enum status status = table_code(table->db, rc, why);
	sqlite3_finalize(read);
	return status;
}

enum status table_load(struct table *table, const struct table_loader *loader,
		       uint64_t requests_after, struct fault *why)
{
	TRY(load_leases(table, loader, why));
	TRY(load_keys(table, loader, why));
	return load_requests(table, loader, requests_after, why);
}
