#include "deploy/main/migration/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/etcd/file/database-reader.h"
#include "datastore/external/external.h"
#include "datastore/table/table-kine.h"
#include "deploy/main/backup/backup.h"
#include "deploy/main/migration/dqlite/dqlite.h"
#include "runtime/base/mem.h"
#include "transport/tls/crypto.h"

#define FIRST_BYTES 16U
#define PIECE_BYTES (256U * KIB)
#define SECTOR_BYTES \
	512U /* etcd's databases are whole sectors; what is more is the digest of a snapshot */

struct source {
	const struct seams_files *files;
	struct seams_file *file; /* of etcd's */
	struct database_reader *etcd;
	struct table_kine *kine;
	struct remote *remote;
	VEC(struct table_lease) leases; /* of etcd's, by id */
};

/* ---- etcd's ------------------------------------------------------------------------------------------------------- */

static enum status read_file(void *arg, void *at, size_t len, uint64_t offset, struct fault *why)
{
	struct source *source = arg;
	size_t got = 0;
	enum status status =
	    source->files->read(source->files->self, source->file, at, len, offset, &got);

	if (status == OK && got < len)
		return fault_set(why, CORRUPT, "", "it ends at byte %ju while it is read",
				 (uintmax_t)(offset + got));
	return status == OK ? OK
			    : fault_set(why, status, "", "byte %ju: %s", (uintmax_t)offset,
					status_text(status));
}

static enum status add_pieces(struct source *source, struct crypto_sha256 *digest, uint64_t size,
			      struct fault *why)
{
	char *piece = mem_alloc(PIECE_BYTES);
	enum status status = OK;

	for (uint64_t at = 0; status == OK && at < size; at += PIECE_BYTES) {
		size_t len = size - at < PIECE_BYTES ? (size_t)(size - at) : PIECE_BYTES;

		status = read_file(source, piece, len, at, why);
		if (status == OK)
			crypto_sha256_add(digest, str_of(piece, len));
	}
	mem_free(piece);
	return status;
}

/* A snapshot ends with the digest of all before it; a member's own database does not. */
static enum status check_digest(struct source *source, uint64_t size, struct fault *why)
{
	uint8_t made[CRYPTO_SHA256_BYTES], kept[CRYPTO_SHA256_BYTES];
	struct crypto_sha256 *digest;
	enum status status;

	if (size % SECTOR_BYTES != sizeof kept)
		return OK;
	digest = crypto_sha256_begin();
	status = add_pieces(source, digest, size - sizeof kept, why);
	crypto_sha256_end(digest, made);
	if (status == OK)
		status = read_file(source, kept, sizeof kept, size - sizeof kept, why);
	if (status == OK && memcmp(made, kept, sizeof kept) != 0)
		return fault_set(why, CORRUPT, "",
				 "it is not what was saved: the SHA-256 at its end does not fit");
	return status;
}

static enum status keep_lease(void *arg, uint64_t id, uint64_t ttl_s, struct fault *why)
{
	struct source *source = arg;

	(void)why;
	if (ttl_s > 0 && ttl_s <= UINT32_MAX)
		vec_push(&source->leases, (struct table_lease){ id, (uint32_t)ttl_s });
	return OK;
}

static enum status open_etcd(struct source *source, const char *path, struct fault *why)
{
	struct bolt_bytes bytes = { .arg = source, .read = read_file };
	enum status status =
	    source->files->open(source->files->self, path, SEAMS_READ, 0, &source->file);

	if (status == OK)
		status = source->files->size(source->files->self, source->file, &bytes.size_bytes);
	if (status != OK)
		return fault_set(why, status, "", "%s", status_text(status));
	TRY(database_reader_open(&bytes, &source->etcd, why));
	TRY(check_digest(source, bytes.size_bytes, why));
	return database_reader_leases(source->etcd, keep_lease, source, why);
}

/* ---- which one ------------------------------------------------------------------------------------------------------ */

static enum status first_bytes(const struct seams_files *files, const char *path,
			       char out[FIRST_BYTES], struct fault *why)
{
	struct seams_file *file;
	struct seams_stat stat = { .is_folder = false };
	size_t got = 0;
	enum status status = files->stat(files->self, path, &stat);

	memset(out, 0, FIRST_BYTES);
	if (status == OK && stat.is_folder)
		return fault_set(why, INVALID, "",
				 "it is a folder, and not one of dqlite's, which MicroK8s has in "
				 "var/kubernetes/backend");
	if (status == OK)
		status = files->open(files->self, path, SEAMS_READ, 0, &file);
	if (status == OK) {
		status = files->read(files->self, file, out, FIRST_BYTES, 0, &got);
		files->close(files->self, file);
	}
	return status == OK ? OK : fault_set(why, status, "", "%s", status_text(status));
}

/* What is made of it has no name any more when it is open. */
static enum status open_dqlite(struct source *source, const char *folder, struct fault *why)
{
	const char *scratch = getenv("TMPDIR");
	char path[1200];
	uint64_t number;

	backup_random()->fill(NULL, &number, sizeof number);
	snprintf(path, sizeof path, "%s/troupe-import-%016jx",
		 scratch != NULL && scratch[0] == '/' ? scratch : "/tmp", (uintmax_t)number);
	TRY(dqlite_unpack(source->files, folder, path, why));
	enum status status =
	    table_kine_open(source->files, backup_random(), path, &source->kine, why);
	(void)source->files->unlink(source->files->self, path);
	return status;
}

static enum status open_any(struct source *source, const char *path, const struct remote_keys *keys,
			    struct fault *why)
{
	static const struct remote_keys none = { .authority = NULL };
	char first[FIRST_BYTES];

	if (str_starts(str_from(path), EXTERNAL_PREFIX))
		return remote_open(source->files, str_from(path), keys != NULL ? keys : &none,
				   &source->remote, why);

	if (dqlite_is_folder(source->files, path))
		return open_dqlite(source, path, why);
	TRY(first_bytes(source->files, path, first, why));
	if (memcmp(first, "TROUPEBK", 8) == 0)
		return fault_set(why, INVALID, "", "it is a backup of Troupe's: use troupe restore");
	if (memcmp(first, "SQLite format 3", FIRST_BYTES) == 0)
		return table_kine_open(source->files, backup_random(), path, &source->kine, why);
	return open_etcd(source, path, why);
}

enum status source_open(const struct seams_files *files, const char *path,
			const struct remote_keys *keys, struct source **out, struct fault *why)
{
	struct source *source = mem_new(struct source);
	struct fault inner = { 0 };
	enum status status;

	source->files = files;
	status = open_any(source, path, keys, &inner);
	if (status == OK)
		*out = source;
	else
		source_close(source);
	return status == OK ? OK : fault_set(why, status, "", "%s: %s", path, inner.text);
}

void source_close(struct source *source)
{
	if (source == NULL)
		return;
	database_reader_close(source->etcd);
	table_kine_close(source->kine);
	remote_close(source->remote);
	if (source->file != NULL)
		source->files->close(source->files->self, source->file);
	vec_fini(&source->leases);
	mem_free(source);
}

/* ---- what is in it ---------------------------------------------------------------------------------------------------- */

const char *source_what(const struct source *source)
{
	if (source->remote != NULL)
		return "an etcd";
	return source->kine != NULL ? "a database of kine's" : "a database of etcd's";
}

uint64_t source_revision(const struct source *source)
{
	if (source->remote != NULL)
		return remote_revision(source->remote);
	return source->kine != NULL ? table_kine_revision(source->kine)
				    : database_reader_revision(source->etcd);
}

struct giving {
	source_row *each;
	void *arg;
};

static enum status give_row(void *arg, const struct database_row *row, struct fault *why)
{
	const struct giving *giving = arg;
	struct table_row out = { .id = row->revision << TABLE_PLACE_BITS | row->place,
				 .key = row->key,
				 .value = row->value,
				 .create_revision = row->create_revision,
				 .version = row->version,
				 .lease = row->lease,
				 .value_len = row->value.len };

	return giving->each(giving->arg, &out, why);
}

enum status source_each(struct source *source, source_row *each, void *arg, struct fault *why)
{
	struct giving giving = { each, arg };

	if (source->remote != NULL)
		return remote_each(source->remote, each, arg, why);
	if (source->kine != NULL)
		return table_kine_each(source->kine, each, arg, why);
	return database_reader_each(source->etcd, give_row, &giving, why);
}

/* kine's leases have their length for a number. */
uint32_t source_lease_ttl_s(const struct source *source, uint64_t lease)
{
	uint32_t from = 0, to = source->leases.len;

	if (source->remote != NULL)
		return remote_lease_ttl_s(source->remote, lease);
	if (source->kine != NULL)
		return lease <= UINT32_MAX ? (uint32_t)lease : 0;
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (source->leases.at[middle].id < lease)
			from = middle + 1;
		else
			to = middle;
	}
	return from < source->leases.len && source->leases.at[from].id == lease
		   ? source->leases.at[from].ttl_s
		   : 0;
}
