#include "datastore/table/vfs-log.h"

#include "datastore/table/vfs-log-private.h"
#include "runtime/base/slab.h"

/* Mappings of their own: a checkpoint gives them back to the machine, where the heap would keep them, and nobody else asks for as much. */
#define CHUNK_BYTES (256U * KIB)
#define KEPT_BYTES (1U * MIB) /* of the file that nobody needs until the next checkpoint */

/* ---- life ---- */

static char *beside(const char *database, const char *end)
{
	size_t len = strlen(database), end_len = strlen(end) + 1;
	char *path = mem_alloc(len + end_len);
	memcpy(path, database, len);
	memcpy(path + len, end, end_len);
	return path;
}

static void forget(struct vfs_log *log)
{
	for (uint32_t i = 0; i < log->chunks.len; i++)
		slab_give(log->chunks.at[i]);
	vec_fini(&log->chunks);
	vec_fini(&log->placed);
	if (log->spill) {
		log->files->close(log->files->self, log->spill);
		(void)log->files->unlink(log->files->self, log->spill_path);
	}
	log->spill = NULL;
	log->size = log->file_end = 0;
	log->page_bytes = log->flushed = 0;
	log->is_found = false;
	log->is_settled = true;
}

void vfs_log_close(struct vfs_log *log)
{
	if (!log)
		return;
	forget(log);
	if (log->file)
		log->files->close(log->files->self, log->file);
	if (log->database)
		log->files->close(log->files->self, log->database);
	pthread_mutex_destroy(&log->mutex);
	mem_free(log->database_path);
	mem_free(log->path);
	mem_free(log->spill_path);
	mem_free(log);
}

/* ---- what is in memory ---- */

enum status vfs_log_copy_out(struct vfs_log *log, char *at, size_t len, uint64_t offset)
{
	const struct seams_files *files = log->files;
	while (len > 0 && offset < VFS_LOG_BYTES) {
		size_t within = offset % CHUNK_BYTES;
		size_t part = CHUNK_BYTES - within < len ? CHUNK_BYTES - within : len;
		memcpy(at, log->chunks.at[offset / CHUNK_BYTES] + within, part);
		at += part;
		offset += part;
		len -= part;
	}
	size_t got = 0;
	if (len > 0)
		TRY(files->read(files->self, log->spill, at, len, offset - VFS_LOG_BYTES, &got));
	return got == len ? OK : IO;
}

static enum status spill(struct vfs_log *log, const char *at, size_t len, uint64_t offset)
{
	const struct seams_files *files = log->files;
	if (!log->spill)
		TRY(files->open(files->self, log->spill_path,
				SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE, 0600,
				&log->spill));
	return files->write(files->self, log->spill, at, len, offset - VFS_LOG_BYTES);
}

static enum status copy_in(struct vfs_log *log, const char *at, size_t len, uint64_t offset)
{
	assert(offset <= log->size); /* nothing is left out: chunks need not be cleared */
	while (len > 0 && offset < VFS_LOG_BYTES) {
		size_t within = offset % CHUNK_BYTES;
		size_t part = CHUNK_BYTES - within < len ? CHUNK_BYTES - within : len;
		while (log->chunks.len <= offset / CHUNK_BYTES)
			vec_push(&log->chunks, slab_take_alone(CHUNK_BYTES));
		memcpy(log->chunks.at[offset / CHUNK_BYTES] + within, at, part);
		at += part;
		offset += part;
		len -= part;
	}
	return len > 0 ? spill(log, at, len, offset) : OK;
}

uint64_t vfs_log_size(struct vfs_log *log)
{
	pthread_mutex_lock(&log->mutex);
	uint64_t size = log->size;
	pthread_mutex_unlock(&log->mutex);
	return size;
}

enum status vfs_log_read(struct vfs_log *log, void *at, size_t len, uint64_t offset, size_t *out_len)
{
	pthread_mutex_lock(&log->mutex);
	size_t there = offset < log->size ? (size_t)(log->size - offset) : 0;
	if (there > len)
		there = len;
	enum status status = vfs_log_copy_out(log, at, there, offset);
	pthread_mutex_unlock(&log->mutex);
	*out_len = there;
	return status;
}

/* SQLite begins it anew only when a checkpoint has moved all of it, or when it found nothing whole in it. */
static enum status note_write(struct vfs_log *log, const char *at, size_t len, uint64_t offset)
{
	if (offset == 0) {
		log->is_settled |= log->is_found;
		log->is_found = false;
		log->flushed = 0;
		assert(log->is_settled && len == LOG_HEADER);
		log->page_bytes = vfs_log_get(at + 8);
	} else if (log->is_found) {
		uint64_t before = (offset - LOG_HEADER) / (LOG_FRAME_HEADER + log->page_bytes);
		return vfs_log_go_on(log, (uint32_t)before);
	}
	return OK;
}

static enum status write_locked(struct vfs_log *log, const void *at, size_t len, uint64_t offset)
{
	TRY(copy_in(log, at, len, offset));
	if (log->size < offset + len)
		log->size = offset + len;
	return OK;
}

enum status vfs_log_write(struct vfs_log *log, const void *at, size_t len, uint64_t offset)
{
	pthread_mutex_lock(&log->mutex);
	enum status status = note_write(log, at, len, offset);
	if (status == OK)
		status = write_locked(log, at, len, offset);
	pthread_mutex_unlock(&log->mutex);
	return status;
}

enum status vfs_log_empty(struct vfs_log *log)
{
	const struct seams_files *files = log->files;
	pthread_mutex_lock(&log->mutex);
	assert(log->is_settled || log->is_found);
	forget(log);
	pthread_mutex_unlock(&log->mutex);
	if (!log->file || log->file_bytes <= KEPT_BYTES)
		return OK; /* writing it again costs less than having it anew, and what it says the database has */
	log->file_bytes = 0;
	return files->truncate(files->self, log->file, 0);
}

enum status vfs_log_remove(struct vfs_log *log)
{
	const struct seams_files *files = log->files;
	pthread_mutex_lock(&log->mutex);
	forget(log);
	pthread_mutex_unlock(&log->mutex);
	if (log->file)
		files->close(files->self, log->file);
	log->file = NULL;
	log->file_bytes = 0;
	return files->unlink(files->self, log->path);
}

/* ---- opening ---- */

static enum status load(struct vfs_log *log)
{
	const struct seams_files *files = log->files;
	char *piece;
	uint64_t size;
	enum status status =
	    files->open(files->self, log->path, SEAMS_READ | SEAMS_WRITE, 0600, &log->file);
	if (status == NOT_FOUND)
		return OK;
	if (status == OK)
		status = files->size(files->self, log->file, &size);
	if (status != OK || size == 0)
		return status;
	log->file_bytes = size;
	piece = mem_alloc(CHUNK_BYTES);
	while (status == OK && log->size < size) {
		size_t got = 0;
		status = files->read(files->self, log->file, piece, CHUNK_BYTES, log->size, &got);
		if (status == OK && got == 0)
			break;
		if (status == OK)
			status = write_locked(log, piece, got, log->size);
	}
	if (status == OK && log->size >= LOG_HEADER)
		log->page_bytes = vfs_log_get(log->chunks.at[0] + 8);
	mem_free(piece);
	log->is_found = true;
	log->is_settled = false;
	return status;
}

enum status vfs_log_open(const struct seams_files *files, const struct seams_random *random,
			 const char *database, struct vfs_log **out)
{
	struct vfs_log *log = mem_new(struct vfs_log);
	log->files = files;
	log->random = random;
	log->database_path = beside(database, "");
	log->path = beside(database, "-wal");
	log->spill_path = beside(database, "-spill");
	log->is_settled = true;
	int error = pthread_mutex_init(&log->mutex, NULL);
	assert(!error);
	(void)files->unlink(files->self, log->spill_path); /* of a process that crashed */
	enum status status = load(log);
	if (status != OK)
		vfs_log_close(log);
	else
		*out = log;
	return status;
}
