#include "deploy/main/backup/bundle-private.h"
#include "runtime/base/bytes.h"

struct bundle_reader {
	const struct seams_files *files;
	struct seams_file *file;
	char *path;
	struct crypto_sha256 *digest;
	uint64_t size, offset, number; /* of the file; read so far; of the next chunk */
	uint64_t left;                 /* of the file within that is being read */
	uint32_t at, len;              /* in `plain` */
	bool is_last;                  /* `plain` is the last chunk */
	bool is_encrypted, is_done;
	uint8_t key[CRYPTO_SEAL_KEY_BYTES];
	char header[BUNDLE_HEADER_BYTES];
	char plain[BUNDLE_CHUNK_BYTES];
	char sealed[BUNDLE_CHUNK_BYTES + CRYPTO_SEAL_EXTRA_BYTES];
};

static enum status damaged(const char *path, const char *what, struct fault *why)
{
	return fault_set(why, CORRUPT, "", "%s is damaged: %s", path, what);
}

static enum status get(struct bundle_reader *reader, void *at, uint32_t len, bool is_trailer,
		       struct fault *why)
{
	size_t got = 0;
	enum status status =
	    reader->files->read(reader->files->self, reader->file, at, len, reader->offset, &got);

	if (status != OK)
		return fault_set(why, status, "", "%s cannot be read: %s", reader->path,
				 status_text(status));
	if (got != len)
		return damaged(reader->path, "it ends too early", why);
	reader->offset += len;
	if (!is_trailer)
		crypto_sha256_add(reader->digest, str_of(at, len));
	return OK;
}

/* A wrong passphrase and a damaged chunk look the same; the checksum tells them apart. */
static enum status refuse_chunk(const struct bundle_reader *reader, struct fault *why)
{
	bool is_encrypted;

	if (reader->number > 0 ||
	    bundle_check(reader->files, reader->path, &is_encrypted, NULL) != OK)
		return damaged(reader->path, "a part of it is not what was written", why);
	return fault_set(why, FORBIDDEN, "", "this is not the passphrase that %s was written with",
			 reader->path);
}

static enum status next_chunk(struct bundle_reader *reader, struct fault *why)
{
	char word_bytes[4], context[BUNDLE_CONTEXT_BYTES];
	uint32_t word, len;

	TRY(get(reader, word_bytes, sizeof word_bytes, false, why));
	word = (uint32_t)bytes_get(word_bytes, 4);
	len = word & ~BUNDLE_LAST;
	if (len > BUNDLE_CHUNK_BYTES)
		return damaged(reader->path, "a part of it is longer than any", why);
	reader->at = 0;
	reader->len = len;
	reader->is_last = word & BUNDLE_LAST;
	if (!reader->is_encrypted) {
		reader->number++;
		return get(reader, reader->plain, len, false, why);
	}
	TRY(get(reader, reader->sealed, len + CRYPTO_SEAL_EXTRA_BYTES, false, why));
	if (crypto_open(reader->key, str_of(reader->sealed, len + CRYPTO_SEAL_EXTRA_BYTES),
			bundle_context(reader->header, reader->number, word, context),
			reader->plain) != OK)
		return refuse_chunk(reader, why);
	reader->number++;
	return OK;
}

static enum status take_key(struct bundle_reader *reader, struct str passphrase, struct fault *why)
{
	struct bundle_header header;

	TRY(get(reader, reader->header, BUNDLE_HEADER_BYTES, false, why));
	TRY(bundle_get_header(str_of(reader->header, BUNDLE_HEADER_BYTES), reader->path, &header,
			      why));
	reader->is_encrypted = header.flags & BUNDLE_ENCRYPTED;
	if (!reader->is_encrypted)
		return OK;
	if (passphrase.at == NULL)
		return fault_set(why, FORBIDDEN, "", "%s is encrypted: say --passphrase-file FILE",
				 reader->path);
	crypto_scrypt(passphrase, str_of(header.salt, sizeof header.salt), header.cost, reader->key);
	return OK;
}

static enum status reader_new(const struct seams_files *files, const char *path,
			      struct bundle_reader **out, struct fault *why)
{
	struct seams_file *file;
	struct bundle_reader *reader;
	uint64_t size = 0;
	enum status status = files->open(files->self, path, SEAMS_READ, 0, &file);

	if (status != OK)
		return fault_set(why, status, "", "%s cannot be opened: %s", path,
				 status_text(status));
	status = files->size(files->self, file, &size);
	if (status == OK && size < BUNDLE_HEADER_BYTES + 4 + CRYPTO_SHA256_BYTES)
		status = INVALID;
	if (status != OK) {
		files->close(files->self, file);
		return fault_set(why, status, "", "%s is no backup of troupe", path);
	}
	reader = mem_new(struct bundle_reader);
	reader->files = files;
	reader->file = file;
	reader->size = size;
	reader->path = mem_copy(path, strlen(path) + 1);
	reader->digest = crypto_sha256_begin();
	*out = reader;
	return OK;
}

enum status bundle_open(const struct seams_files *files, const char *path, struct str passphrase,
			struct bundle_reader **out, struct fault *why)
{
	struct bundle_reader *reader;
	enum status status = reader_new(files, path, &reader, why);

	if (status != OK)
		return status;
	status = take_key(reader, passphrase, why);
	if (status != OK)
		bundle_close(reader);
	else
		*out = reader;
	return status;
}

void bundle_close(struct bundle_reader *reader)
{
	if (reader == NULL)
		return;
	reader->files->close(reader->files->self, reader->file);
	if (reader->digest != NULL)
		crypto_sha256_end(reader->digest, NULL);
	crypto_wipe(reader->key, sizeof reader->key);
	mem_free(reader->path);
	mem_free(reader);
}

/* Behind the last chunk: nothing was changed, and nothing follows. */
static enum status check_trailer(struct bundle_reader *reader, struct fault *why)
{
	uint8_t wanted[CRYPTO_SHA256_BYTES], digest[CRYPTO_SHA256_BYTES];

	TRY(get(reader, wanted, sizeof wanted, true, why));
	crypto_sha256_end(reader->digest, digest);
	reader->digest = NULL;
	reader->is_done = true;
	if (memcmp(wanted, digest, sizeof digest) != 0)
		return damaged(reader->path, "its checksum is another", why);
	return reader->offset == reader->size
		   ? OK
		   : damaged(reader->path, "something follows its end", why);
}

/* Some bytes of the chunks; *out_len 0: there are no more. `at` NULL: they are skipped. */
static enum status pull(struct bundle_reader *reader, char *at, uint64_t len, uint32_t *out_len,
			struct fault *why)
{
	uint32_t here;

	while (reader->at == reader->len && !reader->is_last)
		TRY(next_chunk(reader, why));
	here = reader->len - reader->at;
	if (here > len)
		here = (uint32_t)len;
	if (at != NULL)
		memcpy(at, reader->plain + reader->at, here);
	reader->at += here;
	*out_len = here;
	return OK;
}

static enum status pull_all(struct bundle_reader *reader, char *at, uint64_t len, struct fault *why)
{
	while (len > 0) {
		uint32_t got;

		TRY(pull(reader, at, len, &got, why));
		if (got == 0)
			return damaged(reader->path, "a file in it is cut off", why);
		len -= got;
		if (at != NULL)
			at += got;
	}
	return OK;
}

enum status bundle_next(struct bundle_reader *reader, char name[BUNDLE_NAME_MAX + 1],
			uint64_t *out_size_bytes, struct fault *why)
{
	char fixed[8];
	uint32_t len;

	assert(!reader->is_done);
	TRY(pull_all(reader, NULL, reader->left, why));
	reader->left = 0;
	TRY(pull(reader, fixed, 1, &len, why));
	if (len == 0) {
		TRY(check_trailer(reader, why));
		return NOT_FOUND;
	}
	TRY(pull_all(reader, fixed + 1, 1, why));
	len = (uint32_t)bytes_get(fixed, 2);
	if (len == 0 || len > BUNDLE_NAME_MAX)
		return damaged(reader->path, "a file in it has no name", why);
	TRY(pull_all(reader, name, len, why));
	name[len] = '\0';
	TRY(pull_all(reader, fixed, 8, why));
	reader->left = bytes_get(fixed, 8);
	*out_size_bytes = reader->left;
	return OK;
}

enum status bundle_read(struct bundle_reader *reader, void *at, size_t len, size_t *out_len,
			struct fault *why)
{
	uint64_t wanted = len < reader->left ? len : reader->left;
	uint32_t got = 0;

	if (wanted > 0) {
		TRY(pull(reader, at, wanted, &got, why));
		if (got == 0)
			return damaged(reader->path, "a file in it is cut off", why);
	}
	reader->left -= got;
	*out_len = got;
	return OK;
}

/* ---- without the passphrase ---- */

static enum status check(struct bundle_reader *reader, bool *out_is_encrypted, struct fault *why)
{
	struct bundle_header header;

	TRY(get(reader, reader->header, BUNDLE_HEADER_BYTES, false, why));
	TRY(bundle_get_header(str_of(reader->header, BUNDLE_HEADER_BYTES), reader->path, &header,
			      why));
	*out_is_encrypted = header.flags & BUNDLE_ENCRYPTED;
	while (reader->offset < reader->size - CRYPTO_SHA256_BYTES) {
		uint64_t left = reader->size - CRYPTO_SHA256_BYTES - reader->offset;

		TRY(get(reader, reader->plain,
			(uint32_t)(left < BUNDLE_CHUNK_BYTES ? left : BUNDLE_CHUNK_BYTES), false,
			why));
	}
	return check_trailer(reader, why);
}

enum status bundle_check(const struct seams_files *files, const char *path, bool *out_is_encrypted,
			 struct fault *why)
{
	struct bundle_reader *reader;
	enum status status = reader_new(files, path, &reader, why);

	if (status != OK)
		return status;
	status = check(reader, out_is_encrypted, why);
	bundle_close(reader);
	return status;
}
