#include "deploy/main/migration/import.h"

#include "deploy/cluster/secret-file.h"
#include "deploy/main/backup/backup.h"
#include "transport/tls/certificate-key.h"

#define GROUP_ROWS 512U /* written at once */
#define GROUP_BYTES (4U * MIB)
#define LOG_BYTES (4U * MIB) /* of the table's own log, before it is moved into the table */

/* ---- counting ------------------------------------------------------------------------------------------------------ */

static enum status count_row(void *arg, const struct table_row *row, struct fault *why)
{
	(void)why;
	survey_add(arg, row->key, row->value);
	return OK;
}

enum status import_survey(struct source *source, struct survey *survey, struct fault *why)
{
	return source_each(source, count_row, survey, why);
}

/* ---- keys of the cluster -------------------------------------------------------------------------------------------- */

static enum status take_authorities(const struct seams_files *files, const char *folder,
				    struct arena *arena, struct pki *out, struct fault *why)
{
	struct pki old = { 0 };

	TRY(pki_load(files, folder, arena, &old, why));
	if (old.ca.key_pem.at == NULL)
		return fault_set(why, INVALID, "--ca-dir",
				 "there is no %s/ca.key, without which no node can be let in",
				 folder);
	out->ca = old.ca;
	if (old.front_proxy_ca.key_pem.at != NULL)
		out->front_proxy_ca = old.front_proxy_ca;
	if (old.service_account_key_pem.at != NULL)
		out->service_account_key_pem = old.service_account_key_pem;
	return OK;
}

static enum status take_account_key(const struct seams_files *files, const char *path,
				    struct arena *arena, struct pki *out, struct fault *why)
{
	struct certificate_key *key;
	struct fault inner = { 0 };
	struct str pem;
	enum status status = secret_file_read(files, path, arena, &pem, &inner);

	if (status == OK)
		status = certificate_key_from_pem(pem, &key, &inner);
	if (status == OK && !certificate_key_is_private(key)) {
		certificate_key_free(key);
		status = fault_set(&inner, INVALID, "", "it is no private key");
	}
	if (status != OK)
		return fault_set(why, status, "--service-account-key", "%s: %s", path,
				 inner.text[0] != '\0' ? inner.text : status_text(status));
	certificate_key_free(key);
	out->service_account_key_pem = pem;
	return OK;
}

enum status import_keys(const struct seams_files *files, const char *service_account_key,
			const char *folder, struct wall now, struct arena *arena, struct pki *out,
			struct fault *why)
{
	struct pki pki;

	TRY(pki_create(now, false, arena, &pki, why));
	if (folder != NULL)
		TRY(take_authorities(files, folder, arena, &pki, why));
	if (service_account_key != NULL)
		TRY(take_account_key(files, service_account_key, arena, &pki, why));
	*out = pki;
	return OK;
}

/* ---- the table ---------------------------------------------------------------------------------------------------------- */

struct filling {
	struct source *source;
	struct table *table;
	struct table_mark mark;
	struct arena *arena; /* of the group */
	struct table_row rows[GROUP_ROWS];
	struct table_lease leases[GROUP_ROWS];
	uint32_t row_count, lease_count;
	uint64_t bytes;
};

/* What the disk does not have yet is in memory; nobody else reads, so all of it goes there. */
static enum status empty_log(struct filling *filling, struct fault *why)
{
	bool is_complete = false;

	TRY(table_empty_log(filling->table, &is_complete, why));
	return is_complete ? OK : fault_set(why, BUSY, "", "the database is in use");
}

static enum status write_group(struct filling *filling, struct fault *why)
{
	struct table_group group = { .rows = filling->rows,
				     .row_count = filling->row_count,
				     .leases = filling->leases,
				     .lease_count = filling->lease_count,
				     .mark = filling->mark };

	TRY(table_write(filling->table, &group, why));
	arena_reset(filling->arena);
	filling->row_count = filling->lease_count = 0;
	filling->bytes = 0;
	return table_log_bytes(filling->table) < LOG_BYTES ? OK : empty_log(filling, why);
}

static enum status take_row(void *arg, const struct table_row *given, struct fault *why)
{
	struct filling *filling = arg;
	struct table_row *row = &filling->rows[filling->row_count];

	if (!survey_is_taken(given->key))
		return OK;
	*row = *given;
	row->key = arena_str(filling->arena, given->key);
	row->value = arena_str(filling->arena, given->value);
	if (row->lease != 0) {
		uint32_t ttl_s = source_lease_ttl_s(filling->source, row->lease);

		if (ttl_s == 0)
			row->lease = 0;
		else
			filling->leases[filling->lease_count++] =
			    (struct table_lease){ row->lease, ttl_s };
	}
	filling->row_count++;
	filling->bytes += row->key.len + row->value.len;
	return filling->row_count == GROUP_ROWS || filling->bytes >= GROUP_BYTES
		   ? write_group(filling, why)
		   : OK;
}

static enum status fill(const struct seams_files *files, struct source *source, const char *path,
			const struct table_mark *mark, struct arena *arena, struct fault *why)
{
	struct filling *filling = arena_new_of(arena, struct filling);
	struct table_mark before;
	enum status status;

	filling->source = source;
	filling->mark = *mark;
	/* Of a run that was cut short. */
	status = files->unlink(files->self, path);
	if (status != OK && status != NOT_FOUND)
		return fault_set(why, status, "--data-dir", "%s: %s", path, status_text(status));
	TRY(table_open(files, backup_random(), path, arena, &filling->table, &before, why));
	filling->arena = arena_new(0);
	status = source_each(source, take_row, filling, why);
	if (status == OK)
		status = write_group(filling, why);
	if (status == OK)
		status = empty_log(filling, why);
	arena_free(filling->arena);
	table_close(filling->table);
	return status;
}

enum status import_run(const struct seams_files *files, struct source *source, const struct pki *pki,
		       const char *folder, struct imported *out, struct fault *why)
{
	struct table_mark mark = restore_folder_mark(source_revision(source), 0);
	struct arena *arena = arena_new(0);
	const char *table = restore_folder_table(folder, arena);
	struct imported imported = { .revision = mark.revision };
	enum status status = restore_folder_begin(files, folder, imported.cluster, why);

	if (status == OK)
		status = fill(files, source, table, &mark, arena, why);
	/* Durable, and free of what is kept beside it. */
	if (status == OK)
		status = table_adopt(files, backup_random(), table, STR_NONE, &mark, why);
	if (status == OK)
		status = restore_folder_finish(files, folder, pki, why);
	arena_free(arena);
	if (status == OK)
		*out = imported;
	return status;
}
