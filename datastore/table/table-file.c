/*
 * Databases that nobody has open: copies are looked at, and made into the state of another cluster.
 *
 * They are opened with an exclusive lock, so that SQLite keeps no memory to share with others beside the file.
 */
#include <assert.h>
#include <stdio.h>

#include "datastore/table/table-private.h"

#define LOST_WORDS_MAX 4096U

/* A file of a database, on its own. */
struct lone {
	struct vfs *vfs;
	sqlite3 *db;
};

static void lone_close(struct lone *lone)
{
	sqlite3_close(lone->db);
	vfs_free(lone->vfs);
}

static enum status lone_open(const struct seams_files *files, const struct seams_random *random,
			     const char *path, struct lone *out, struct fault *why)
{
	struct lone lone = { .vfs = NULL };
	struct seams_stat stat;
	enum status status = files->stat(files->self, path, &stat);
	if (status != OK)
		return fault_set(why, status, "", "%s: %s", path, status_text(status));
	lone.vfs = vfs_new(files, random);
	int rc = sqlite3_open_v2(path, &lone.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 vfs_name(lone.vfs));
	status = table_code(lone.db, rc, why);
	if (status == OK)
		status = table_code(lone.db,
				    sqlite3_exec(lone.db,
						 "PRAGMA locking_mode=EXCLUSIVE;"
						 "PRAGMA synchronous=FULL;"
						 "PRAGMA temp_store=MEMORY",
						 NULL, NULL, NULL),
				    why);
	if (status != OK)
		lone_close(&lone);
	else
		*out = lone;
	return status;
}

/* ---- looking ---- */

static enum status ask_number(sqlite3 *db, const char *sql, uint64_t *out, struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(db, sql, &read, why));
	int rc = sqlite3_step(read);
	enum status status = table_code(db, rc, why);
	if (status == OK)
		*out = (uint64_t)sqlite3_column_int64(read, 0);
	sqlite3_finalize(read);
	return status;
}

/* Its first complaint is enough. */
static enum status check_pages(sqlite3 *db, struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(db, "PRAGMA integrity_check(1)", &read, why));
	int rc = sqlite3_step(read);
	enum status status = table_code(db, rc, why);
	struct str word = status == OK ? table_column_str(read, 0) : STR_NONE;
	if (status == OK && !str_is(word, "ok"))
		status = fault_set(why, CORRUPT, "", "the database: " STR_FMT, STR_ARG(word));
	sqlite3_finalize(read);
	return status;
}

static enum status check_rows(sqlite3 *db, uint64_t revision, struct fault *why)
{
	uint64_t lost = 0, newest = 0;
	TRY(ask_number(db,
		       "SELECT count(*) FROM cur LEFT JOIN hist ON hist.id = cur.id"
		       " WHERE hist.key IS NOT cur.key",
		       &lost, why));
	TRY(ask_number(db, "SELECT coalesce(max(id), 0) FROM hist", &newest, why));
	if (lost)
		return fault_set(why, CORRUPT, "", "the database has no value for %llu of its keys",
				 (unsigned long long)lost);
	if (newest >> TABLE_PLACE_BITS > revision)
		return fault_set(
		    why, CORRUPT, "",
		    "the database has changes of revision %llu and says it ends at %llu",
		    (unsigned long long)(newest >> TABLE_PLACE_BITS), (unsigned long long)revision);
	return OK;
}

static enum status examine(sqlite3 *db, struct arena *arena, struct table_contents *out,
			   struct fault *why)
{
	struct table_contents contents = { .keys = 0 };
	uint64_t swept;
	TRY(check_pages(db, why));
	TRY(table_read_mark(db, arena, &contents.mark, &swept, why));
	TRY(check_rows(db, contents.mark.revision, why));
	TRY(ask_number(db, "SELECT count(*) FROM cur WHERE NOT flags & 1", &contents.keys, why));
	TRY(ask_number(db, "SELECT count(*) FROM hist", &contents.rows, why));
	*out = contents;
	return OK;
}

enum status table_examine(const struct seams_files *files, const struct seams_random *random,
			  const char *path, struct arena *arena, struct table_contents *out,
			  struct fault *why)
{
	struct lone lone;
	TRY(lone_open(files, random, path, &lone, why));
	enum status status = examine(lone.db, arena, out, why);
	lone_close(&lone);
	return status;
}

/* ---- taking back ---- */

static enum status find_point(sqlite3 *db, const struct table_point *point, uint64_t *out,
			      struct fault *why)
{
	uint64_t oldest = 0, others = 0, latest = 0, after = 0, first = 0;
	char sql[128];

	/* Where an older release has swept last, nothing is known of kinds. */
	TRY(ask_number(db,
		       "SELECT coalesce(p.gate_id, m.swept_id) >> 20 FROM meta m"
		       " LEFT JOIN past_mark p ON p.seen_id = m.swept_id",
		       &oldest, why));
	/* What counts with the others has no name to be told by. */
	TRY(ask_number(
	    db,
	    "SELECT max(0, coalesce((SELECT swept_id FROM past_kind WHERE prefix = x''), 0))"
	    " >> 20",
	    &others, why));
	if (others > oldest)
		oldest = others;
	TRY(ask_number(db, "SELECT rev FROM meta", &latest, why));
	TRY(ask_number(db, "SELECT coalesce(min(rev), 0) FROM moment", &first, why));
	snprintf(sql, sizeof sql, "SELECT coalesce(min(rev), 0) FROM moment WHERE at > %lld",
		 (long long)point->at_s);
	TRY(ask_number(db, sql, &after, why));
	*out = point->revision ? point->revision : after ? after - 1 : latest;
	if (*out > latest)
		return fault_set(why, BAD_REQUEST, "", "it ends at revision %llu",
				 (unsigned long long)latest);
	if (!*out || *out < oldest || (!point->revision && after && after == first))
		return fault_set(why, EXPIRED, "",
				 "what is kept of the past begins at revision %llu",
				 (unsigned long long)(oldest ? oldest : 1));
	return OK;
}
_Static_assert(TABLE_PLACE_BITS == 20, "statements here shift by it");

/* Of which nothing is kept so far back, as words. */
static enum status find_lost(sqlite3 *db, unsigned long long end, struct arena *arena,
			     struct str *out, struct fault *why)
{
	struct text words = text_in(arena, LOST_WORDS_MAX);
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(db, "SELECT prefix FROM past_kind WHERE swept_id >= ?1", &read, why));
	table_bind_u64(read, 1, end);
	int rc;
	while ((rc = sqlite3_step(read)) == SQLITE_ROW) {
		text_add(&words, words.len ? STR(", ") : STR(""));
		text_add(&words, table_column_str(read, 0));
	}
	enum status status = table_code(db, rc, why);
	sqlite3_finalize(read);
	*out = text_str(&words);
	return status;
}

/* %1$: the first id after the revision, %2$: the revision, %3$: the last id up to it. */
#define END "%1$llu"
#define REVISION "%2$llu"
#define LAST "%3$llu"

/*
 * Those that changed since are, among all keys, few: each is looked up once. Of a kind of which nothing is kept so far back, what was there
 * then stays as it is now, as changes of that revision; what was deleted since cannot come back.
 */
static const char take_back_sql[] =
    "BEGIN; CREATE TEMP TABLE held(place INTEGER PRIMARY KEY, id INT NOT NULL, key BLOB);"
    "CREATE TEMP TABLE back(key BLOB PRIMARY KEY, id INT NOT NULL);"
    "INSERT INTO back SELECT key, max(id) FROM hist WHERE id < " END " AND key IN"
    " (SELECT key FROM cur WHERE id >= " END ") GROUP BY key;"
    "INSERT INTO held(id, key) SELECT c.id, c.key FROM past_kind k JOIN cur c"
    " ON substr(c.key, 1, length(k.prefix)) = k.prefix WHERE k.swept_id >= " END " AND c.id >= " END
    " AND NOT c.flags & 1 AND c.create_rev <= " REVISION
    " AND c.key NOT IN (SELECT key FROM back) ORDER BY c.id;"
    "UPDATE hist SET prev = 0, id = " LAST " + (SELECT place FROM held WHERE held.id = hist.id)"
    " WHERE id IN (SELECT id FROM held);"
    "INSERT INTO back SELECT key, " LAST " + place FROM held;"
    "DELETE FROM cur WHERE id >= " END ";"
    "INSERT INTO cur SELECT h.key, h.id, h.create_rev, h.version,"
    " CASE WHEN h.lease IN (SELECT id FROM lease) THEN h.lease ELSE 0 END,"
    " coalesce(length(h.value), 0), h.flags FROM back b JOIN hist h ON h.id = b.id;"
    "DELETE FROM hist WHERE id >= " END "; DELETE FROM request WHERE rev > " REVISION ";"
    "DELETE FROM moment WHERE rev > " REVISION ";"
    "UPDATE past_kind SET bytes = 0, swept_id = min(swept_id, " LAST ");"
    "UPDATE past_mark SET counted_id = floor_id, seen_id = min(seen_id, " LAST ");"
    "UPDATE meta SET rev = " REVISION ", compact_rev = min(compact_rev, " REVISION "),"
    " swept_id = min(swept_id, " LAST "); COMMIT";

static enum status take_back(sqlite3 *db, uint64_t revision, struct arena *arena, struct str *lost,
			     struct fault *why)
{
	unsigned long long end = (revision + 1) << TABLE_PLACE_BITS;
	char sql[sizeof take_back_sql + 512];
	uint64_t last;

	TRY(find_lost(db, end, arena, lost, why));
	snprintf(sql, sizeof sql, "SELECT coalesce(max(id), 0) FROM hist WHERE id < %llu", end);
	TRY(ask_number(db, sql, &last, why));
	int len = snprintf(sql, sizeof sql, take_back_sql, end, (unsigned long long)revision,
			   (unsigned long long)last);
	assert(len > 0 && (size_t)len < sizeof sql);
	return table_code(db, sqlite3_exec(db, sql, NULL, NULL, NULL), why);
}

enum status table_rewind(const struct seams_files *files, const struct seams_random *random,
			 const char *path, const struct table_point *point, struct arena *arena,
			 struct table_rewound *out, struct fault *why)
{
	struct lone lone;
	struct table_rewound rewound = { .revision = 0 };

	TRY(lone_open(files, random, path, &lone, why));
	/* A copy that an older release made says nothing of times. */
	enum status status =
	    table_code(lone.db, sqlite3_exec(lone.db, TABLE_PAST_SCHEMA, NULL, NULL, NULL), why);
	if (status == OK)
		status = find_point(lone.db, point, &rewound.revision, why);
	if (status == OK)
		status = take_back(lone.db, rewound.revision, arena, &rewound.lost, why);
	if (status == OK)
		*out = rewound;
	lone_close(&lone);
	return status;
}

/* ---- another cluster's ---- */

static enum status set_mark(sqlite3 *db, const struct table_mark *mark, struct fault *why)
{
	sqlite3_stmt *put = NULL;
	TRY(table_prepare(db, TABLE_PUT_MARK, &put, why));
	table_bind_mark(put, mark);
	int rc = sqlite3_step(put);
	enum status status = table_code(db, rc, why);
	sqlite3_finalize(put);
	return status;
}

/* Of keys that begin with the prefix, and all that they were. */
static enum status forget_keys(sqlite3 *db, const char *sql, struct str prefix, struct fault *why)
{
	sqlite3_stmt *forget = NULL;
	TRY(table_prepare(db, sql, &forget, why));
	table_bind_str(forget, 1, prefix);
	sqlite3_bind_int64(forget, 2, prefix.len);
	int rc = sqlite3_step(forget);
	enum status status = table_code(db, rc, why);
	sqlite3_finalize(forget);
	return status;
}

static enum status forget(sqlite3 *db, struct str prefix, struct fault *why)
{
	if (!prefix.len)
		return OK;
	TRY(forget_keys(db, "DELETE FROM hist WHERE substr(key, 1, ?2) = ?1", prefix, why));
	return forget_keys(db, "DELETE FROM cur WHERE substr(key, 1, ?2) = ?1", prefix, why);
}

enum status table_adopt(const struct seams_files *files, const struct seams_random *random,
			const char *path, struct str forgotten, const struct table_mark *mark,
			struct fault *why)
{
	struct lone lone;
	TRY(lone_open(files, random, path, &lone, why));
	enum status status = table_code(
	    lone.db, sqlite3_exec(lone.db, "BEGIN; DELETE FROM request", NULL, NULL, NULL), why);
	if (status == OK)
		status = forget(lone.db, forgotten, why);
	if (status == OK)
		status = set_mark(lone.db, mark, why);
	if (status == OK)
		status = table_code(lone.db, sqlite3_exec(lone.db, "COMMIT", NULL, NULL, NULL), why);
	lone_close(&lone);
	return status;
}
