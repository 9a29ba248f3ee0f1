#include "deploy/main/migration/export.h"

#include <stdlib.h>

#include "actors/etcd/file/database.h"
#include "datastore/table/table.h"
#include "deploy/main/backup/backup.h"
#include "deploy/main/migration/source.h"
#include "deploy/main/migration/survey.h"
#include "transport/tls/crypto.h"

#define PIECE_BYTES (256U * KIB)

struct exporting {
	struct arena *arena;
	struct table *table;
	struct table_view *view;
	struct table_mark mark;
	VEC(struct database_row) rows; /* without values */
	VEC(struct database_kept_lease) leases;
	struct text value;  /* of the row that was asked for last */
	enum status status; /* of reading values */
};

/* ---- what is in the table ---------------------------------------------------------------------------------------------- */

static void keep_lease(void *arg, const struct table_lease *lease)
{
	struct exporting *exporting = arg;

	vec_push(&exporting->leases, (struct database_kept_lease){ lease->id, lease->ttl_s });
}

static void keep_key(void *arg, const struct table_row *row)
{
	struct exporting *exporting = arg;

	if (row->is_delete || !survey_is_taken(row->key))
		return;
	vec_push(&exporting->rows, (struct database_row){
				       .key = arena_str(exporting->arena, row->key),
				       .value = { NULL, row->value_len },
				       .revision = row->id >> TABLE_PLACE_BITS,
				       .place = (uint32_t)(row->id & ((1U << TABLE_PLACE_BITS) - 1)),
				       .create_revision = row->create_revision,
				       .version = row->version,
				       .lease = row->lease });
}

static void ignore_request(void *arg, uint64_t request, uint64_t revision, bool is_failure_branch)
{
	(void)arg;
	(void)request;
	(void)revision;
	(void)is_failure_branch;
}

static int order(const void *left, const void *right)
{
	const struct database_row *a = left, *b = right;

	if (a->revision != b->revision)
		return a->revision < b->revision ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static int order_leases(const void *left, const void *right)
{
	const struct database_kept_lease *a = left, *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

static enum status load(struct exporting *exporting, struct fault *why)
{
	const struct table_loader loader = {
		.arg = exporting, .lease = keep_lease, .key = keep_key, .request = ignore_request
	};

	TRY(table_load(exporting->table, &loader, UINT64_MAX >> 1, why));
	if (exporting->rows.len > 0)
		qsort(exporting->rows.at, exporting->rows.len, sizeof *exporting->rows.at, order);
	if (exporting->leases.len > 0)
		qsort(exporting->leases.at, exporting->leases.len, sizeof *exporting->leases.at,
		      order_leases);
	exporting->view = table_view_new(exporting->table);
	return OK;
}

static void take_value(void *arg, const struct table_row *row)
{
	struct exporting *exporting = arg;

	text_clear(&exporting->value);
	text_add(&exporting->value, row->value);
}

/* A value that cannot be read is remembered, and the file thrown away; until then it has to be as long as was said. */
static struct database_row row_at(void *arg, uint32_t at, bool wants_value)
{
	struct exporting *exporting = arg;
	struct database_row row = exporting->rows.at[at];
	uint64_t id = row.revision << TABLE_PLACE_BITS | row.place;
	enum status status;

	if (!wants_value)
		return row;
	status = table_get(exporting->view, id, take_value, exporting);
	if (status == OK && exporting->value.len != row.value.len)
		status = CORRUPT;
	if (status != OK && exporting->status == OK)
		exporting->status = status == NOT_FOUND ? CORRUPT : status;
	if (status != OK) {
		text_clear(&exporting->value);
		while (exporting->value.len < row.value.len)
			text_add_char(&exporting->value, '\0');
	}
	row.value = text_str(&exporting->value);
	return row;
}

/* ---- the file ----------------------------------------------------------------------------------------------------------- */

struct writing {
	const struct seams_files *files;
	struct seams_file *file;
	struct crypto_sha256 *digest;
	uint64_t at;
};

static enum status write_piece(struct writing *writing, struct str piece, struct fault *why)
{
	enum status status = writing->files->write(writing->files->self, writing->file, piece.at,
						   piece.len, writing->at);

	writing->at += piece.len;
	return status == OK ? OK : fault_set(why, status, "", "%s", status_text(status));
}

static enum status write_pages(struct writing *writing, struct bolt *bolt, struct fault *why)
{
	struct text piece = text_new(2 * LIMIT_ETCD_MESSAGE_BYTES + PIECE_BYTES);
	enum status status = OK;

	while (status == OK && bolt_write(bolt, PIECE_BYTES, &piece)) {
		crypto_sha256_add(writing->digest, text_str(&piece));
		status = write_piece(writing, text_str(&piece), why);
		text_clear(&piece);
	}
	text_fini(&piece);
	return status;
}

static enum status write_all(struct writing *writing, struct bolt *bolt, struct fault *why)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	enum status status;

	writing->digest = crypto_sha256_begin();
	status = write_pages(writing, bolt, why);
	crypto_sha256_end(writing->digest, digest);
	if (status == OK)
		status = write_piece(writing, str_of(digest, sizeof digest), why);
	if (status == OK) {
		status = writing->files->sync(writing->files->self, writing->file);
		if (status != OK)
			fault_set(why, status, "", "%s", status_text(status));
	}
	return status;
}

static enum status write_file(const struct seams_files *files, struct exporting *exporting,
			      const char *path, struct fault *why)
{
	const struct database_contents contents = {
		.arg = exporting,
		.row = row_at,
		.row_count = exporting->rows.len,
		.leases = exporting->leases.at,
		.lease_count = exporting->leases.len,
		.revision = exporting->mark.revision,
		.applied_index = exporting->mark.applied_index,
		.term = exporting->mark.applied_term,
	};
	struct writing writing = { .files = files };
	enum status status = files->open(
	    files->self, path, SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE, 0600, &writing.file);

	if (status != OK)
		return fault_set(why, status, "", "%s", status_text(status));
	status = write_all(&writing, database_plan(&contents, exporting->arena), why);
	files->close(files->self, writing.file);
	if (status == OK && exporting->status != OK)
		return fault_set(why, exporting->status, "", "a value of the table: %s",
				 status_text(exporting->status));
	return status;
}

/* ---- trying it --------------------------------------------------------------------------------------------------------- */

struct trying {
	const struct exporting *exporting;
	uint32_t at;
	uint64_t bytes;
};

static enum status try_row(void *arg, const struct table_row *row, struct fault *why)
{
	struct trying *trying = arg;
	const struct database_row *expected;

	if (trying->at == trying->exporting->rows.len)
		return fault_set(why, CORRUPT, "", "it has more keys than were written");
	expected = &trying->exporting->rows.at[trying->at++];
	trying->bytes += row->key.len + row->value.len;
	if (!str_eq(row->key, expected->key) || row->value.len != expected->value.len ||
	    row->id >> TABLE_PLACE_BITS != expected->revision)
		return fault_set(why, CORRUPT, "", STR_FMT " was not written as it is",
				 STR_ARG(expected->key));
	return OK;
}

static enum status try_file(const struct seams_files *files, const struct exporting *exporting,
			    const char *path, uint64_t *out_bytes, struct fault *why)
{
	struct trying trying = { .exporting = exporting };
	struct source *source;
	enum status status;

	TRY(source_open(files, path, NULL, &source, why));
	status = source_each(source, try_row, &trying, why);
	source_close(source);
	if (status == OK && trying.at < exporting->rows.len)
		return fault_set(why, CORRUPT, "", "it has fewer keys than were written");
	*out_bytes = trying.bytes;
	return status;
}

/* The name is durable, too: the folder of the path. */
static enum status put_in_place(const struct seams_files *files, const char *from, const char *path,
				struct arena *arena, struct fault *why)
{
	int64_t slash = str_find_last(str_from(path), '/');
	const char *folder = slash > 0
				 ? arena_cstr(arena, str_slice(str_from(path), 0, (uint32_t)slash))
				 : (slash == 0 ? "/" : ".");
	enum status status = files->rename(files->self, from, path);

	if (status == OK)
		status = files->sync_folder(files->self, folder);
	return status == OK ? OK : fault_set(why, status, "", "%s", status_text(status));
}

static enum status run(const struct seams_files *files, struct exporting *exporting,
		       const char *table, const char *path, struct exported *exported,
		       struct fault *why)
{
	const char *beside = arena_printf(exporting->arena, "%s.new", path).at;
	enum status status;

	TRY(table_open(files, backup_random(), table, exporting->arena, &exporting->table,
		       &exporting->mark, why));
	TRY(load(exporting, why));
	status = write_file(files, exporting, beside, why);
	if (status == OK)
		status = try_file(files, exporting, beside, &exported->bytes, why);
	if (status == OK)
		status = put_in_place(files, beside, path, exporting->arena, why);
	if (status != OK)
		(void)files->unlink(files->self, beside);
	exported->revision = exporting->mark.revision;
	exported->keys = exporting->rows.len;
	return status;
}

enum status export_write(const struct seams_files *files, const char *table, const char *path,
			 struct exported *out, struct fault *why)
{
	struct exporting exporting = { .arena = arena_new(0),
				       .value = text_new(LIMIT_ETCD_MESSAGE_BYTES) };
	struct exported exported = { .keys = 0 };
	enum status status = run(files, &exporting, table, path, &exported, why);

	table_view_free(exporting.view);
	table_close(exporting.table);
	vec_fini(&exporting.rows);
	vec_fini(&exporting.leases);
	text_fini(&exporting.value);
	arena_free(exporting.arena);
	if (status == OK)
		*out = exported;
	return status;
}
