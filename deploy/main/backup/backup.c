#include "deploy/main/backup/backup.h"

#include <stdio.h>

#include "datastore/table/table.h"
#include "deploy/main/backup/bundle.h"
#include "transport/tls/certificate-key.h"
#include "transport/tls/crypto.h"

#define CONTENTS "backup"
#define TABLE "table.db"
#define FORMAT "troupe-backup 1"
#define PART_BYTES (256U * KIB)
#define KEY_FILE_MAX (64U * KIB)
#define CONTENTS_MAX (4U * KIB)

static void fill_random(void *self, void *at, size_t len)
{
	(void)self;
	crypto_random(at, len);
}

const struct seams_random *backup_random(void)
{
	static const struct seams_random random = { .fill = fill_random };

	return &random;
}

/* The cluster's own keys: what of the nodes' is made of them is made anew. */
struct key_file {
	const char *name;
	struct str *text;
};
#define KEY_FILES 5U

static void key_files(struct pki *pki, struct key_file out[KEY_FILES])
{
	const struct key_file all[KEY_FILES] = {
		{ "pki/ca.crt", &pki->ca.certificate_pem },
		{ "pki/ca.key", &pki->ca.key_pem },
		{ "pki/front-proxy-ca.crt", &pki->front_proxy_ca.certificate_pem },
		{ "pki/front-proxy-ca.key", &pki->front_proxy_ca.key_pem },
		{ "pki/sa.key", &pki->service_account_key_pem },
	};

	memcpy(out, all, sizeof all);
}

/* ---- writing ---- */

static enum status add_whole(struct bundle_writer *writer, const char *name, struct str bytes,
			     struct fault *why)
{
	TRY(bundle_begin(writer, str_from(name), bytes.len, why));
	return bundle_add(writer, bytes, why);
}

static enum status add_contents(struct bundle_writer *writer,
				const struct backup_contents *contents, struct fault *why)
{
	struct text text = text_new(CONTENTS_MAX);
	char made[TIME_TEXT];
	enum status status;

	text_printf(&text, FORMAT "\ncluster %s\nnode %s\nmade " STR_FMT "\n", contents->cluster,
		    contents->node, STR_ARG(time_print(contents->made, made)));
	text_printf(&text, "revision %ju\nkeys %ju\n", (uintmax_t)contents->revision,
		    (uintmax_t)contents->keys);
	status = add_whole(writer, CONTENTS, text_str(&text), why);
	text_fini(&text);
	return status;
}

static enum status add_keys(struct bundle_writer *writer, const struct pki *pki, struct fault *why)
{
	struct pki keys = *pki;
	struct key_file all[KEY_FILES];

	key_files(&keys, all);
	for (size_t i = 0; i < KEY_FILES; i++) {
		if (all[i].text->at != NULL)
			TRY(add_whole(writer, all[i].name, *all[i].text, why));
	}
	return OK;
}

static enum status add_parts(struct bundle_writer *writer, const struct seams_files *files,
			     struct seams_file *file, const char *path, struct fault *why)
{
	char *part = mem_alloc(PART_BYTES);
	uint64_t size = 0, at = 0;
	size_t len = 0;
	enum status status = files->size(files->self, file, &size);

	if (status == OK)
		status = bundle_begin(writer, STR(TABLE), size, why);
	while (status == OK && at < size) {
		uint64_t left = size - at;

		status = files->read(files->self, file, part,
				     left < PART_BYTES ? (size_t)left : PART_BYTES, at, &len);
		if (status != OK || len == 0) {
			status = fault_set(why, status == OK ? IO : status, "",
					   "%s cannot be read: %s", path, status_text(status));
			break;
		}
		at += len;
		status = bundle_add(writer, str_of(part, len), why);
	}
	mem_free(part);
	return status;
}

static enum status add_table(struct bundle_writer *writer, const struct seams_files *files,
			     const char *path, struct fault *why)
{
	struct seams_file *file;
	enum status status = files->open(files->self, path, SEAMS_READ, 0, &file);

	if (status != OK)
		return fault_set(why, status, "", "%s cannot be read: %s", path,
				 status_text(status));
	status = add_parts(writer, files, file, path, why);
	files->close(files->self, file);
	return status;
}

static enum status pack(const struct seams_files *files, const char *path, struct str passphrase,
			const char *table_path, const struct pki *pki,
			const struct backup_contents *contents, struct fault *why)
{
	struct bundle_writer *writer;
	enum status status = bundle_create(files, path, passphrase, &writer, why);

	if (status != OK)
		return status;
	status = add_contents(writer, contents, why);
	if (status == OK)
		status = add_keys(writer, pki, why);
	if (status == OK)
		status = add_table(writer, files, table_path, why);
	if (status == OK)
		return bundle_finish(writer, why);
	bundle_drop(writer);
	return status;
}

/* Of what was written another one is read: a disk that says yes and keeps nothing is found out here. */
static enum status prove(const struct seams_files *files, const char *path, struct str passphrase,
			 const char *scratch, const struct backup_contents *wanted,
			 struct fault *why)
{
	struct backup_contents found;

	TRY(backup_try(files, path, passphrase, scratch, &found, why));
	if (found.revision != wanted->revision || found.keys != wanted->keys)
		return fault_set(why, CORRUPT, "", "%s is not what was written", path);
	return OK;
}

static enum status put_in_place(const struct seams_files *files, const char *from, const char *to,
				struct fault *why)
{
	char folder[BACKUP_PATH_MAX + 8];
	int64_t slash = str_find_last(str_from(to), '/');
	enum status status = files->rename(files->self, from, to);

	snprintf(folder, sizeof folder, "%.*s", slash > 0 ? (int)slash : 1, slash >= 0 ? to : ".");
	if (status == OK)
		status = files->sync_folder(files->self, folder);
	return status == OK ? OK
			    : fault_set(why, status, "", "%s cannot be put in place: %s", to,
					status_text(status));
}

enum status backup_write(const struct seams_files *files, const char *path, struct str passphrase,
			 const char *table_path, const struct pki *pki,
			 const struct backup_contents *contents, struct fault *why)
{
	char beside[BACKUP_PATH_MAX + 8], scratch[BACKUP_PATH_MAX + 8];
	enum status status;

	if (strlen(path) >= BACKUP_PATH_MAX)
		return fault_set(why, BAD_REQUEST, "", "the path of the backup is too long");
	snprintf(beside, sizeof beside, "%s.new", path);
	snprintf(scratch, sizeof scratch, "%s.trial", path);
	status = pack(files, beside, passphrase, table_path, pki, contents, why);
	if (status == OK)
		status = prove(files, beside, passphrase, scratch, contents, why);
	if (status == OK)
		status = put_in_place(files, beside, path, why);
	if (status != OK)
		(void)files->unlink(files->self, beside);
	return status;
}

/* ---- reading ---- */

struct unpacking {
	const struct seams_files *files;
	struct bundle_reader *reader;
	const char *path, *table_path;
	struct arena *arena;
	struct pki *pki;
	struct backup_contents contents;
	bool has_contents, has_table;
};

static enum status read_whole(struct unpacking *in, uint64_t size, uint32_t max, struct str *out,
			      struct fault *why)
{
	char *at;
	size_t len = 1, done = 0;

	if (size > max)
		return fault_set(why, CORRUPT, "", "%s is damaged: a file in it is too long",
				 in->path);
	at = arena_alloc(in->arena, (size_t)size + 1);
	while (done < size && len > 0) {
		TRY(bundle_read(in->reader, at + done, (size_t)size - done, &len, why));
		done += len;
	}
	*out = str_of(at, done);
	return OK;
}

static enum status take_contents_line(struct backup_contents *out, struct str key, struct str value)
{
	if (str_is(key, "cluster"))
		snprintf(out->cluster, sizeof out->cluster, STR_FMT, STR_ARG(value));
	else if (str_is(key, "node"))
		snprintf(out->node, sizeof out->node, STR_FMT, STR_ARG(value));
	else if (str_is(key, "made"))
		return time_parse(value, &out->made);
	else if (str_is(key, "revision"))
		return str_to_u64(value, &out->revision);
	else if (str_is(key, "keys"))
		return str_to_u64(value, &out->keys);
	return OK;
}

static enum status take_contents(struct unpacking *in, uint64_t size, struct fault *why)
{
	struct str text, line;

	TRY(read_whole(in, size, CONTENTS_MAX, &text, why));
	line = str_cut(&text, '\n');
	if (!str_is(line, FORMAT))
		return fault_set(why, NOT_IMPLEMENTED, "",
				 "%s is of a newer release, which is needed to read it", in->path);
	while (text.at != NULL && text.len > 0) {
		struct str value = str_cut(&text, '\n'), key = str_cut(&value, ' ');

		if (take_contents_line(&in->contents, key, value.at != NULL ? value : STR("")) != OK)
			return fault_set(why, CORRUPT, "",
					 "%s is damaged: what it says of itself makes no sense",
					 in->path);
	}
	in->has_contents = true;
	return OK;
}

static enum status copy_parts(struct unpacking *in, struct seams_file *file, struct fault *why)
{
	char *part = mem_alloc(PART_BYTES);
	uint64_t at = 0;
	size_t len = 1;
	enum status status = OK;

	while (status == OK && len > 0) {
		status = bundle_read(in->reader, part, PART_BYTES, &len, why);
		if (status != OK || len == 0)
			break;
		status = in->files->write(in->files->self, file, part, len, at);
		if (status != OK)
			fault_set(why, status, "", "%s cannot be written: %s", in->table_path,
				  status_text(status));
		at += len;
	}
	mem_free(part);
	if (status == OK) {
		status = in->files->sync(in->files->self, file);
		if (status != OK)
			fault_set(why, status, "", "%s cannot be written: %s", in->table_path,
				  status_text(status));
	}
	return status;
}

/* SQLite would take what it left beside an earlier file of this name, when it was cut short, for a part of this one. */
static enum status remove_leftovers(const struct seams_files *files, const char *table_path,
				    struct fault *why)
{
	static const char *const kinds[] = { "-wal", "-journal" };
	char path[BACKUP_PATH_MAX + 32];

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		enum status status;

		snprintf(path, sizeof path, "%s%s", table_path, kinds[i]);
		status = files->unlink(files->self, path);
		if (status != OK && status != NOT_FOUND)
			return fault_set(why, status, "", "%s cannot be removed: %s", path,
					 status_text(status));
	}
	return OK;
}

static enum status take_table(struct unpacking *in, struct fault *why)
{
	struct seams_file *file;
	enum status status;

	TRY(remove_leftovers(in->files, in->table_path, why));
	status =
	    in->files->open(in->files->self, in->table_path,
			    SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE, 0600, &file);

	if (status != OK)
		return fault_set(why, status, "", "%s cannot be made: %s", in->table_path,
				 status_text(status));
	in->has_table = true;
	status = copy_parts(in, file, why);
	in->files->close(in->files->self, file);
	return status;
}

static enum status take_file(struct unpacking *in, const char *name, uint64_t size,
			     struct fault *why)
{
	struct key_file all[KEY_FILES];

	if (strcmp(name, CONTENTS) == 0)
		return take_contents(in, size, why);
	if (strcmp(name, TABLE) == 0)
		return take_table(in, why);
	key_files(in->pki, all);
	for (size_t i = 0; i < KEY_FILES; i++)
		if (strcmp(name, all[i].name) == 0)
			return read_whole(in, size, KEY_FILE_MAX, all[i].text, why);
	return OK;
}

static enum status take_all(struct unpacking *in, struct fault *why)
{
	char name[BUNDLE_NAME_MAX + 1];
	uint64_t size;
	enum status status;

	while ((status = bundle_next(in->reader, name, &size, why)) == OK)
		TRY(take_file(in, name, size, why));
	if (status != NOT_FOUND)
		return status;
	if (!in->has_contents || !in->has_table)
		return fault_set(why, CORRUPT, "", "%s has no %s in it", in->path,
				 in->has_contents ? TABLE : CONTENTS);
	return OK;
}

static enum status check_key(struct str pem, const char *what, const char *path, struct fault *why)
{
	struct certificate_key *key;
	struct fault inner = { 0 };

	if (pem.at == NULL)
		return fault_set(why, CORRUPT, "", "%s has no key of the %s in it", path, what);
	if (certificate_key_from_pem(pem, &key, &inner) != OK)
		return fault_set(why, CORRUPT, "", "%s: the key of the %s: %s", path, what,
				 inner.text);
	certificate_key_free(key);
	return OK;
}

static enum status check_table(const struct unpacking *in, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct table_contents found = { .keys = 0 };
	enum status status =
	    table_examine(in->files, backup_random(), in->table_path, arena, &found, why);

	if (status == OK &&
	    (found.mark.revision != in->contents.revision || found.keys != in->contents.keys))
		status = fault_set(
		    why, CORRUPT, "", "%s says it has %ju keys at revision %ju, and has %ju at %ju",
		    in->path, (uintmax_t)in->contents.keys, (uintmax_t)in->contents.revision,
		    (uintmax_t)found.keys, (uintmax_t)found.mark.revision);
	arena_free(arena);
	return status;
}

static enum status check(const struct unpacking *in, struct fault *why)
{
	struct certificate_info authority;

	if (in->pki->ca.certificate_pem.at == NULL)
		return fault_set(why, CORRUPT, "", "%s has no authority in it", in->path);
	TRY(certificate_read(in->pki->ca.certificate_pem, in->arena, &authority, why));
	TRY(check_key(in->pki->ca.key_pem, "authority", in->path, why));
	TRY(check_key(in->pki->service_account_key_pem, "service accounts' tokens", in->path, why));
	return check_table(in, why);
}

enum status backup_unpack(const struct seams_files *files, const char *path, struct str passphrase,
			  const char *table_path, struct arena *arena, struct pki *pki,
			  struct backup_contents *out, struct fault *why)
{
	struct unpacking in = {
		.files = files, .path = path, .table_path = table_path, .arena = arena, .pki = pki
	};
	enum status status = bundle_open(files, path, passphrase, &in.reader, why);

	if (status != OK)
		return status;
	*pki = (struct pki){ .service_account_key_pem = STR_NONE };
	status = take_all(&in, why);
	bundle_close(in.reader);
	if (status == OK)
		status = check(&in, why);
	if (status == OK)
		*out = in.contents;
	else if (in.has_table)
		(void)files->unlink(files->self, table_path);
	return status;
}

enum status backup_try(const struct seams_files *files, const char *path, struct str passphrase,
		       const char *scratch, struct backup_contents *out, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct pki pki;
	enum status status = backup_unpack(files, path, passphrase, scratch, arena, &pki, out, why);

	if (status == OK)
		(void)files->unlink(files->self, scratch);
	arena_free(arena);
	return status;
}
