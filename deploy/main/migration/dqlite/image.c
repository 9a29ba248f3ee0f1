#include "deploy/main/migration/dqlite/image.h"

#include "deploy/main/migration/dqlite/dqlite.h"
#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"

#define FORMAT 1U
#define COMMAND_FRAMES 2
#define PIECE_BYTES (1U * MIB)
#define PAGE_MIN 512U
#define PAGE_MAX 65536U
#define PAGES_MAX (1U << 30)
#define DATABASES_MAX 64U
#define NAME_BYTES 512U
#define WAL_HEAD_BYTES 32U
#define WAL_FRAME_BYTES 24U
#define DATABASE_HEAD_BYTES 100U
#define PAGE_SIZE_AT 16U /* in the head of a database: two bytes, the higher first; 1: 65536 */
#define PAGE_COUNT_AT 28U

static uint64_t big_endian(const char *at, uint32_t width)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < width; i++)
		value = value << 8 | (uint8_t)at[i];
	return value;
}

static enum status put(struct image *image, uint64_t at, struct str bytes, struct fault *why)
{
	enum status status =
	    image->files->write(image->files->self, image->file, bytes.at, bytes.len, at);

	return status == OK
		   ? OK
		   : fault_set(why, status, "", "what is unpacked: %s", status_text(status));
}

static enum status put_page(struct image *image, uint64_t number, struct str page, struct fault *why)
{
	bool is_size = page.len >= PAGE_MIN && page.len <= PAGE_MAX && !(page.len & (page.len - 1));

	if (image->page_bytes == 0 && is_size)
		image->page_bytes = page.len;
	if (page.len != image->page_bytes || number == 0 || number > PAGES_MAX)
		return fault_set(why, CORRUPT, "", "there can be no page %ju of %u bytes",
				 (uintmax_t)number, page.len);
	return put(image, (number - 1) * page.len, page, why);
}

/* Words are ended by a NUL and filled up with those to eight bytes. Absent: it does not end. */
static struct str read_word(struct bytes_reader *in)
{
	int64_t end = str_find_char(in->rest, '\0');
	struct str padded = end >= 0 ? bytes_read(in, ((uint32_t)end + 8) & ~7U) : STR_NONE;

	return padded.at != NULL && !in->is_short ? str_slice(padded, 0, (uint32_t)end) : STR_NONE;
}

/* ---- a command of the log ---- */

static enum status put_frames(struct image *image, struct bytes_reader *in, struct fault *why)
{
	uint32_t count = bytes_read_u32(in), len = bytes_read_u16(in);
	struct bytes_reader numbers;

	(void)bytes_read_u16(in);
	if (count > in->rest.len / 8)
		return fault_set(why, CORRUPT, "", "it has fewer pages than it says");
	numbers = (struct bytes_reader){ .rest = bytes_read(in, count * 8) };
	for (uint32_t i = 0; i < count; i++) {
		struct str page = bytes_read(in, len);

		if (in->is_short)
			return fault_set(why, CORRUPT, "", "it has fewer pages than it says");
		TRY(put_page(image, bytes_read_u64(&numbers), page, why));
	}
	return OK;
}

enum status image_apply(struct image *image, struct str command, struct fault *why)
{
	struct bytes_reader in = { .rest = command };
	uint8_t format = bytes_read_u8(&in), kind = bytes_read_u8(&in);
	struct str name;
	bool is_commit;

	(void)bytes_read(&in, 6);
	if (in.is_short || format != FORMAT)
		return fault_set(why, CORRUPT, "", "a command of format %u", format);
	if (kind != COMMAND_FRAMES)
		return OK; /* the others change nothing */
	name = read_word(&in);
	(void)bytes_read_u64(&in); /* of the transaction */
	(void)bytes_read_u32(&in);
	is_commit = bytes_read_u8(&in) != 0;
	(void)bytes_read(&in, 3);
	if (name.at == NULL || in.is_short)
		return fault_set(why, CORRUPT, "", "a command that is cut");
	if (!str_is(name, DQLITE_DATABASE))
		return OK;
	if (!is_commit)
		return fault_set(why, INVALID, "",
				 "a release of dqlite before 1.0 has written it: let a later one "
				 "start once");
	image->is_there = true;
	return put_frames(image, &in, why);
}

/* ---- a snapshot ---- */

struct restoring {
	struct image *image;
	struct seams_file *from;
	uint64_t at, len;
	struct fault *why;
};

static enum status take(struct restoring *restoring, char *at, size_t len)
{
	const struct seams_files *files = restoring->image->files;
	size_t got = 0;
	enum status status = OK;

	if (len > restoring->len - restoring->at)
		status = CORRUPT;
	if (status == OK)
		status = files->read(files->self, restoring->from, at, len, restoring->at, &got);
	if (status == OK && got < len)
		status = CORRUPT;
	if (status != OK)
		return fault_set(restoring->why, status, "", "the snapshot at byte %ju: %s",
				 (uintmax_t)restoring->at,
				 status == CORRUPT ? "it ends too early" : status_text(status));
	restoring->at += len;
	return OK;
}

static enum status restore_main(struct restoring *restoring, uint64_t len)
{
	struct image *image = restoring->image;
	char *piece = mem_alloc(PIECE_BYTES);
	enum status status = OK;

	for (uint64_t at = 0; status == OK && at < len; at += PIECE_BYTES) {
		size_t part = len - at < PIECE_BYTES ? (size_t)(len - at) : PIECE_BYTES;

		status = take(restoring, piece, part);
		if (status == OK && at == 0 && part >= DATABASE_HEAD_BYTES) {
			uint64_t size = big_endian(piece + PAGE_SIZE_AT, 2);

			image->page_bytes = size == 1 ? PAGE_MAX : (uint32_t)size;
		}
		if (status == OK)
			status = put(image, at, str_of(piece, (uint32_t)part), restoring->why);
	}
	mem_free(piece);
	return status;
}

/* Releases before 1.17 keep what is newer as SQLite's own log, of whole transactions. */
static enum status restore_log(struct restoring *restoring, uint64_t len)
{
	char head[WAL_HEAD_BYTES], frame[WAL_FRAME_BYTES];
	uint64_t end = restoring->at + len;
	enum status status = OK;
	uint32_t size;
	char *page;

	if (len < sizeof head)
		return len == 0 ? OK
				: fault_set(restoring->why, CORRUPT, "",
					    "the snapshot's log is too short");
	TRY(take(restoring, head, sizeof head));
	size = (uint32_t)big_endian(head + 8, 4);
	if (size < PAGE_MIN || size > PAGE_MAX)
		return fault_set(restoring->why, CORRUPT, "",
				 "the snapshot's log has pages of %u bytes", size);
	page = mem_alloc(size);
	while (status == OK && restoring->at < end) {
		status = take(restoring, frame, sizeof frame);
		if (status == OK)
			status = take(restoring, page, size);
		if (status == OK)
			status = put_page(restoring->image, big_endian(frame, 4),
					  str_of(page, size), restoring->why);
	}
	mem_free(page);
	return status;
}

/* A name is as long as it is; as much is read as there may be of it, and what is behind it left. */
static enum status take_name(struct restoring *restoring, char name[NAME_BYTES])
{
	uint64_t left = restoring->len - restoring->at, begin = restoring->at;
	size_t len = left < NAME_BYTES ? (size_t)left : NAME_BYTES;
	int64_t end;

	TRY(take(restoring, name, len));
	end = str_find_char(str_of(name, (uint32_t)len), '\0');
	if (end < 0)
		return fault_set(restoring->why, CORRUPT, "",
				 "the snapshot at byte %ju: no name of a database",
				 (uintmax_t)begin);
	restoring->at = begin + (((uint64_t)end + 8) & ~UINT64_C(7));
	return OK;
}

static enum status restore_database(struct restoring *restoring)
{
	char name[NAME_BYTES], sizes[16];
	uint64_t pages, log;

	TRY(take_name(restoring, name));
	TRY(take(restoring, sizes, sizeof sizes));
	pages = bytes_get(sizes, 8);
	log = bytes_get(sizes + 8, 8);
	if (pages > restoring->len - restoring->at || log > restoring->len - restoring->at - pages)
		return fault_set(restoring->why, CORRUPT, "",
				 "the snapshot is shorter than its database %s", name);
	if (!str_is(str_from(name), DQLITE_DATABASE)) {
		restoring->at += pages + log;
		return OK;
	}
	restoring->image->is_there = true;
	TRY(restore_main(restoring, pages));
	return restore_log(restoring, log);
}

enum status image_restore(struct image *image, struct seams_file *from, uint64_t len,
			  struct fault *why)
{
	struct restoring restoring = { .image = image, .from = from, .len = len, .why = why };
	char head[16];
	uint64_t count;

	TRY(take(&restoring, head, sizeof head));
	count = bytes_get(head + 8, 8);
	if (bytes_get(head, 8) != FORMAT || count > DATABASES_MAX)
		return fault_set(why, INVALID, "", "it is no snapshot of dqlite's, or too new");
	for (uint64_t i = 0; i < count; i++)
		TRY(restore_database(&restoring));
	return OK;
}

/* ---- the end ---- */

enum status image_finish(struct image *image, struct fault *why)
{
	const struct seams_files *files = image->files;
	char head[DATABASE_HEAD_BYTES];
	size_t got = 0;
	uint64_t size, there;

	if (!image->is_there)
		return fault_set(why, INVALID, "",
				 "there is no database " DQLITE_DATABASE " in it, as MicroK8s has");
	TRY(files->read(files->self, image->file, head, sizeof head, 0, &got));
	size = got == sizeof head ? big_endian(head + PAGE_COUNT_AT, 4) * image->page_bytes : 0;
	if (size == 0)
		return fault_set(why, CORRUPT, "", "the database has no first page");
	TRY(files->size(files->self, image->file, &there));
	if (there < size)
		return fault_set(why, CORRUPT, "", "the database has %ju bytes and should have %ju",
				 (uintmax_t)there, (uintmax_t)size);
	TRY(files->truncate(files->self, image->file, size));
	return files->sync(files->self, image->file);
}
