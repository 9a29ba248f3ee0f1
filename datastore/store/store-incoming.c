#include "datastore/store/store-incoming.h"

#include <stdio.h>

#include "datastore/store/state/fixed.h"
#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"
#include "runtime/base/mem.h"

#define NOTE_END ".note"
#define NOTE_PATH 408U
#define NOTE_BYTES 44U          /* version, four numbers, two checksums */
#define READ_BYTES (256U * KIB) /* at once */

static void note_path(const char *path, char out[NOTE_PATH])
{
	snprintf(out, NOTE_PATH, "%s" NOTE_END, path);
}

/* ---- the note's bytes ---- */

static void encode(const struct store_incoming *incoming, struct text *out)
{
	fixed_put_u32(out, STORE_INCOMING_VERSION);
	fixed_put_u64(out, incoming->token);
	fixed_put_u64(out, incoming->index);
	fixed_put_u64(out, incoming->size_bytes);
	fixed_put_u64(out, incoming->offset);
	fixed_put_u32(out, incoming->sum);
	fixed_put_u32(out, hash_crc32c(0, out->at, out->len));
}

static bool decode(struct str bytes, struct store_incoming *out)
{
	struct fixed in = fixed_of(bytes);
	uint32_t version = fixed_get_u32(&in);
	*out = (struct store_incoming){ .token = fixed_get_u64(&in) };
	out->index = fixed_get_u64(&in);
	out->size_bytes = fixed_get_u64(&in);
	out->offset = fixed_get_u64(&in);
	out->sum = fixed_get_u32(&in);
	uint32_t sum = fixed_get_u32(&in);
	return fixed_is_done(&in) && version == STORE_INCOMING_VERSION &&
	       sum == hash_crc32c(0, bytes.at, bytes.len - sizeof sum) && out->token &&
	       out->offset && out->offset <= out->size_bytes;
}

/* ---- files ---- */

enum status store_incoming_note(const struct seams_files *files, const char *path,
				const struct store_incoming *incoming)
{
	char beside[NOTE_PATH];
	struct seams_file *file;
	struct text bytes = text_new(NOTE_BYTES);
	note_path(path, beside);
	encode(incoming, &bytes);
	enum status status =
	    files->open(files->self, beside, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file);
	if (status == OK) {
		status = files->write(files->self, file, bytes.at, bytes.len, 0);
		if (status == OK)
			status = files->sync(files->self, file);
		files->close(files->self, file);
	}
	text_fini(&bytes);
	return status;
}

static bool read_note(const struct seams_files *files, const char *path, struct store_incoming *out)
{
	char beside[NOTE_PATH], bytes[NOTE_BYTES];
	struct seams_file *file;
	size_t len = 0;
	note_path(path, beside);
	if (files->open(files->self, beside, SEAMS_READ, 0600, &file) != OK)
		return false;
	enum status status = files->read(files->self, file, bytes, sizeof bytes, 0, &len);
	files->close(files->self, file);
	return status == OK && decode(str_of(bytes, len), out);
}

void store_incoming_unnote(const struct seams_files *files, const char *path)
{
	char beside[NOTE_PATH];
	note_path(path, beside);
	(void)files->unlink(files->self, beside); /* one that stays is found not to be true */
}

enum status store_incoming_drop(const struct seams_files *files, const char *path)
{
	store_incoming_unnote(files, path);
	enum status status = files->unlink(files->self, path);
	return status == NOT_FOUND ? OK : status;
}

enum status store_incoming_find(const struct seams_files *files, const char *path,
				struct store_incoming *out)
{
	struct store_incoming found;
	struct seams_stat stat;
	*out = (struct store_incoming){ 0 };
	if (!read_note(files, path, &found) || files->stat(files->self, path, &stat) != OK ||
	    stat.size_bytes < found.offset)
		return store_incoming_drop(files, path);
	*out = found;
	return OK;
}

static enum status sum_of(const struct seams_files *files, struct seams_file *file, uint64_t bytes,
			  uint32_t *out)
{
	char *piece = mem_alloc(READ_BYTES);
	enum status status = OK;
	uint32_t sum = 0;
	for (uint64_t at = 0; status == OK && at < bytes;) {
		size_t want = bytes - at < READ_BYTES ? (size_t)(bytes - at) : READ_BYTES, got = 0;
		status = files->read(files->self, file, piece, want, at, &got);
		if (status == OK && got < want)
			status = CORRUPT;
		sum = hash_crc32c(sum, piece, got);
		at += got;
	}
	mem_free(piece);
	if (status == OK)
		*out = sum;
	return status;
}

enum status store_incoming_verify(const struct seams_files *files, const char *path,
				  const struct store_incoming *incoming)
{
	struct seams_file *file;
	uint32_t sum = 0;
	TRY(files->open(files->self, path, SEAMS_READ | SEAMS_WRITE, 0600, &file));
	enum status status = sum_of(files, file, incoming->offset, &sum);
	if (status == OK && sum != incoming->sum)
		status = CORRUPT;
	if (status == OK)
		status = files->truncate(files->self, file, incoming->offset);
	files->close(files->self, file);
	return status;
}
