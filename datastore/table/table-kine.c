#include "datastore/table/table-kine.h"

#include <ctype.h>
#include <stdio.h>

#include "datastore/table/table-private.h"
#include "runtime/base/mem.h"

#define URI_BYTES (3 * 1100U + 64) /* of a path, each byte as %XX */
#define REVISION_MAX (UINT64_C(1) << (63 - TABLE_PLACE_BITS))

struct table_kine {
	struct vfs *vfs;
	sqlite3 *db;
	uint64_t revision;
};

void table_kine_close(struct table_kine *kine)
{
	if (!kine)
		return;
	sqlite3_close(kine->db);
	if (kine->vfs)
		vfs_free(kine->vfs);
	mem_free(kine);
}

uint64_t table_kine_revision(const struct table_kine *kine)
{
	return kine->revision;
}

/* ---- opening ---- */

static bool has_beside(const struct seams_files *files, const char *path, const char *suffix)
{
	char name[1200];
	struct seams_stat stat;
	snprintf(name, sizeof name, "%s%s", path, suffix);
	return files->stat(files->self, name, &stat) == OK && stat.size_bytes > 0;
}

/* Without a write-ahead log nothing beside the file is looked at, or SQLite would make one. */
static void make_uri(const char *path, bool has_log, char out[URI_BYTES])
{
	size_t at = (size_t)snprintf(out, URI_BYTES, "file:");
	for (; *path && at < URI_BYTES - 32; path++) {
		if (isalnum((unsigned char)*path) || *path == '/' || *path == '.')
			out[at++] = *path;
		else
			at += (size_t)snprintf(out + at, 4, "%%%02X", (unsigned char)*path);
	}
	snprintf(out + at, URI_BYTES - at, "%s", has_log ? "" : "?immutable=1");
}

static enum status connect(struct table_kine *kine, const struct seams_files *files,
			   const char *path, struct fault *why)
{
	char uri[URI_BYTES];
	struct seams_stat stat;
	enum status status = files->stat(files->self, path, &stat);
	if (status != OK)
		return fault_set(why, status, "", "%s: %s", path, status_text(status));
	if (has_beside(files, path, "-journal"))
		return fault_set(why, CORRUPT, "",
				 "whoever wrote the database has not ended as it should "
				 "(%s-journal is there): start and stop it once more",
				 path);
	make_uri(path, has_beside(files, path, "-wal"), uri);
	int rc = sqlite3_open_v2(uri, &kine->db,
				 SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
				 vfs_name(kine->vfs));
	TRY(table_code(kine->db, rc, why));
	sqlite3_db_config(kine->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return table_code(
	    kine->db, sqlite3_exec(kine->db, "PRAGMA temp_store=MEMORY", NULL, NULL, NULL), why);
}

#define WORD_BYTES \
	200U /* longer ones are of a database that is not whole, and the first ones say so */

/* One value of one row, as a word and as a number. */
static enum status ask(sqlite3 *db, const char *sql, char out_word[WORD_BYTES], int64_t *out,
		       struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(db, sql, &read, why));
	enum status status = table_code(db, sqlite3_step(read), why);
	if (status == OK) {
		struct str word = table_column_str(read, 0);
		*out = sqlite3_column_int64(read, 0);
		snprintf(out_word, WORD_BYTES, STR_FMT, STR_ARG(word));
	}
	sqlite3_finalize(read);
	return status;
}

static enum status examine(struct table_kine *kine, struct fault *why)
{
	char word[WORD_BYTES];
	int64_t number;
	TRY(ask(kine->db, "PRAGMA quick_check(1)", word, &number, why));
	if (!str_is(str_from(word), "ok"))
		return fault_set(why, CORRUPT, "", "the database: %s", word);
	TRY(ask(kine->db,
		"SELECT count(*) FROM pragma_table_info('kine') WHERE name IN ('id', 'name',"
		" 'created', 'deleted', 'create_revision', 'lease', 'value')",
		word, &number, why));
	if (number != 7)
		return fault_set(why, INVALID, "",
				 "it is a database of SQLite's and has no table of kine's");
	TRY(ask(kine->db, "SELECT coalesce(max(id), 0) FROM kine", word, &number, why));
	if (number < 0 || (uint64_t)number >= REVISION_MAX)
		return fault_set(why, CORRUPT, "", "its latest revision is %jd", (intmax_t)number);
	kine->revision = (uint64_t)number;
	return OK;
}

enum status table_kine_open(const struct seams_files *files, const struct seams_random *random,
			    const char *path, struct table_kine **out, struct fault *why)
{
	struct table_kine *kine = mem_new(struct table_kine);
	kine->vfs = vfs_new(files, random);
	enum status status = connect(kine, files, path, why);
	if (status == OK)
		status = examine(kine, why);
	if (status == OK)
		*out = kine;
	else
		table_kine_close(kine);
	return status;
}

/* ---- reading ---- */

/* Of a key's first change kine writes no create_revision: it is the change's own. Old releases write text, not bytes. */
static enum status read_row(sqlite3_stmt *read, struct table_row *row, struct fault *why)
{
	int64_t id = sqlite3_column_int64(read, 0), created = sqlite3_column_int64(read, 3);
	int64_t lease = sqlite3_column_int64(read, 4);
	*row = (struct table_row){ .id = (uint64_t)id << TABLE_PLACE_BITS,
				   .key = table_column_str(read, 1),
				   .create_revision =
				       (uint64_t)(sqlite3_column_int(read, 2) ? id : created),
				   .version = 1,
				   .lease = lease > 0 ? (uint64_t)lease : 0,
				   .value = table_column_str(read, 5) };
	if (!row->value.at)
		row->value = STR("");
	row->value_len = row->value.len;
	if (id <= 0 || !row->key.len || created < 0 || created > id)
		return fault_set(why, CORRUPT, "", "the row %jd of the table is no change",
				 (intmax_t)id);
	return OK;
}

enum status table_kine_each(struct table_kine *kine, table_kine_row *each, void *arg,
			    struct fault *why)
{
	sqlite3_stmt *read = NULL;
	TRY(table_prepare(kine->db,
			  "SELECT id, name, created, create_revision, lease, value FROM kine WHERE"
			  " deleted = 0 AND id IN (SELECT max(id) FROM kine GROUP BY name)"
			  " ORDER BY id",
			  &read, why));
	enum status status = OK;
	int rc = SQLITE_DONE;
	while (status == OK && (rc = sqlite3_step(read)) == SQLITE_ROW) {
		struct table_row row;
		status = read_row(read, &row, why);
		if (status == OK)
			status = each(arg, &row, why);
	}
	if (status == OK)
		status = table_code(kine->db, rc, why);
	sqlite3_finalize(read);
	return status;
}
