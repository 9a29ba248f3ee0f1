#include "deploy/main/backup/bundle.h"

#include "deploy/main/backup/bundle-private.h"
#include "runtime/base/bytes.h"

static const char magic[8] = { 'T', 'R', 'O', 'U', 'P', 'E', 'B', 'K' };

/* A tenth of a second and 32 MiB: what a person does not mind once, and who guesses does each time. */
static const struct crypto_scrypt_cost usual_cost = { .log2_n = 15, .r = 8, .p = 1 };

static void put_header(const struct bundle_header *header, char out[BUNDLE_HEADER_BYTES])
{
	char *at = out;

	memset(out, 0, BUNDLE_HEADER_BYTES);
	memcpy(at, magic, sizeof magic);
	at = bytes_put_u32(at + sizeof magic, header->version);
	at = bytes_put_u32(at, header->flags);
	at = bytes_put_u32(at, header->cost.log2_n);
	at = bytes_put_u32(at, header->cost.r);
	at = bytes_put_u32(at, header->cost.p);
	memcpy(at + 4, header->salt, BUNDLE_SALT_BYTES);
}

enum status bundle_get_header(struct str bytes, const char *path, struct bundle_header *out,
			      struct fault *why)
{
	struct bytes_reader in = { .rest = bytes };
	struct str mark = bytes_read(&in, sizeof magic), salt;

	if (bytes.len < BUNDLE_HEADER_BYTES || memcmp(mark.at, magic, sizeof magic) != 0)
		return fault_set(why, INVALID, "", "%s is no backup of troupe", path);
	out->version = bytes_read_u32(&in);
	out->flags = bytes_read_u32(&in);
	out->cost.log2_n = bytes_read_u32(&in);
	out->cost.r = bytes_read_u32(&in);
	out->cost.p = bytes_read_u32(&in);
	(void)bytes_read_u32(&in);
	salt = bytes_read(&in, BUNDLE_SALT_BYTES);
	if (out->version != BUNDLE_VERSION || (out->flags & ~BUNDLE_ENCRYPTED) != 0)
		return fault_set(why, NOT_IMPLEMENTED, "",
				 "%s has version %u of the format, this release knows %d: use a "
				 "newer troupe",
				 path, out->version, BUNDLE_VERSION);
	if ((out->flags & BUNDLE_ENCRYPTED) && !crypto_scrypt_is_sane(out->cost))
		return fault_set(why, CORRUPT, "", "%s is damaged: its header makes no sense", path);
	memcpy(out->salt, salt.at, BUNDLE_SALT_BYTES);
	return OK;
}

struct str bundle_context(const char header[BUNDLE_HEADER_BYTES], uint64_t number, uint32_t word,
			  char out[BUNDLE_CONTEXT_BYTES])
{
	memcpy(out, header, BUNDLE_HEADER_BYTES);
	bytes_put_u32(bytes_put_u64(out + BUNDLE_HEADER_BYTES, number), word);
	return str_of(out, BUNDLE_CONTEXT_BYTES);
}

/* ---- writing ---- */

struct bundle_writer {
	const struct seams_files *files;
	struct seams_file *file;
	char *path;
	struct crypto_sha256 *digest;
	uint64_t offset, number; /* of the file; of the next chunk */
	uint64_t left;           /* of the file that was begun */
	uint32_t len;            /* in `plain` */
	bool is_encrypted;
	uint8_t key[CRYPTO_SEAL_KEY_BYTES];
	char header[BUNDLE_HEADER_BYTES];
	char plain[BUNDLE_CHUNK_BYTES];
	char sealed[4 + BUNDLE_CHUNK_BYTES + CRYPTO_SEAL_EXTRA_BYTES];
};

static void writer_free(struct bundle_writer *writer)
{
	if (writer->file != NULL)
		writer->files->close(writer->files->self, writer->file);
	if (writer->digest != NULL)
		crypto_sha256_end(writer->digest, NULL);
	crypto_wipe(writer->key, sizeof writer->key);
	mem_free(writer->path);
	mem_free(writer);
}

static enum status refused(const struct bundle_writer *writer, enum status status, struct fault *why)
{
	return fault_set(why, status, "", "%s cannot be written: %s", writer->path,
			 status_text(status));
}

static enum status put(struct bundle_writer *writer, struct str bytes, struct fault *why)
{
	enum status status = writer->files->write(writer->files->self, writer->file, bytes.at,
						  bytes.len, writer->offset);

	if (status != OK)
		return refused(writer, status, why);
	writer->offset += bytes.len;
	if (writer->digest != NULL)
		crypto_sha256_add(writer->digest, bytes);
	return OK;
}

enum status bundle_create(const struct seams_files *files, const char *path, struct str passphrase,
			  struct bundle_writer **out, struct fault *why)
{
	struct bundle_writer *writer = mem_new(struct bundle_writer);
	struct bundle_header header = { .version = BUNDLE_VERSION };
	enum status status =
	    files->open(files->self, path, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE,
			0600, &writer->file);

	writer->files = files;
	writer->path = mem_copy(path, strlen(path) + 1);
	if (status != OK) {
		writer->file = NULL;
		status = fault_set(why, status, "", "%s cannot be made: %s%s", path,
				   status == NOT_FOUND ? "its folder " : "", status_text(status));
		writer_free(writer);
		return status;
	}
	if (passphrase.at != NULL) {
		writer->is_encrypted = true;
		header.flags = BUNDLE_ENCRYPTED;
		header.cost = usual_cost;
		crypto_random(header.salt, sizeof header.salt);
		crypto_scrypt(passphrase, str_of(header.salt, sizeof header.salt), header.cost,
			      writer->key);
	}
	put_header(&header, writer->header);
	writer->digest = crypto_sha256_begin();
	status = put(writer, str_of(writer->header, BUNDLE_HEADER_BYTES), why);
	if (status != OK)
		writer_free(writer);
	else
		*out = writer;
	return status;
}

static enum status put_chunk(struct bundle_writer *writer, bool is_last, struct fault *why)
{
	uint32_t word = writer->len | (is_last ? BUNDLE_LAST : 0), len = writer->len;
	char context[BUNDLE_CONTEXT_BYTES];

	bytes_put_u32(writer->sealed, word);
	if (writer->is_encrypted) {
		crypto_seal(writer->key, str_of(writer->plain, writer->len),
			    bundle_context(writer->header, writer->number, word, context),
			    writer->sealed + 4);
		len += CRYPTO_SEAL_EXTRA_BYTES;
	} else {
		memcpy(writer->sealed + 4, writer->plain, writer->len);
	}
	writer->number++;
	writer->len = 0;
	return put(writer, str_of(writer->sealed, 4 + len), why);
}

static enum status add(struct bundle_writer *writer, struct str bytes, struct fault *why)
{
	while (bytes.len > 0) {
		uint32_t room = BUNDLE_CHUNK_BYTES - writer->len;
		uint32_t len = bytes.len < room ? bytes.len : room;

		memcpy(writer->plain + writer->len, bytes.at, len);
		writer->len += len;
		bytes = str_slice(bytes, len, bytes.len);
		if (writer->len == BUNDLE_CHUNK_BYTES)
			TRY(put_chunk(writer, false, why));
	}
	return OK;
}

enum status bundle_begin(struct bundle_writer *writer, struct str name, uint64_t size_bytes,
			 struct fault *why)
{
	char fixed[8];

	assert(writer->left == 0 && name.len > 0 && name.len <= BUNDLE_NAME_MAX);
	writer->left = size_bytes;
	bytes_put_u16(fixed, (uint16_t)name.len);
	TRY(add(writer, str_of(fixed, 2), why));
	TRY(add(writer, name, why));
	bytes_put_u64(fixed, size_bytes);
	return add(writer, str_of(fixed, 8), why);
}

enum status bundle_add(struct bundle_writer *writer, struct str bytes, struct fault *why)
{
	assert(bytes.len <= writer->left);
	writer->left -= bytes.len;
	return add(writer, bytes, why);
}

static enum status finish(struct bundle_writer *writer, struct fault *why)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	enum status status;

	assert(writer->left == 0);
	TRY(put_chunk(writer, true, why));
	crypto_sha256_end(writer->digest, digest);
	writer->digest = NULL;
	TRY(put(writer, str_of(digest, sizeof digest), why));
	status = writer->files->sync(writer->files->self, writer->file);
	return status == OK ? OK : refused(writer, status, why);
}

enum status bundle_finish(struct bundle_writer *writer, struct fault *why)
{
	enum status status = finish(writer, why);

	writer_free(writer);
	return status;
}

void bundle_drop(struct bundle_writer *writer)
{
	writer_free(writer);
}
