#include "datastore/table/vfs.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "datastore/table/vfs-private.h"
#include "runtime/base/mem.h"

#define SECTOR_BYTES 4096

static struct vfs_file *file_of(sqlite3_file *base)
{
	return (struct vfs_file *)(void *)base;
}

static int code_of(enum status status, int otherwise)
{
	switch (status) {
	case OK: return SQLITE_OK;
	case FULL: return SQLITE_FULL;
	case BUSY: return SQLITE_BUSY;
	case FORBIDDEN: return SQLITE_PERM;
	default: return otherwise;
	}
}

/* The folder of a path, for making names durable. */
static enum status sync_folder_of(struct vfs *vfs, const char *path)
{
	char folder[VFS_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash && slash != path ? (size_t)(slash - path) : 1;
	memcpy(folder, slash ? path : ".", len);
	folder[len] = 0;
	return vfs->files->sync_folder(vfs->files->self, folder);
}

/* ---- files ---- */

static int file_close(sqlite3_file *base)
{
	struct vfs_file *file = file_of(base);
	struct vfs *vfs = file->vfs;
	if (file->share)
		vfs_share_leave(file);
	if (file->file)
		vfs->files->close(vfs->files->self, file->file);
	if (file->is_gone_at_close)
		(void)vfs->files->unlink(vfs->files->self, file->path);
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *at, int len, sqlite3_int64 offset)
{
	struct vfs_file *file = file_of(base);
	const struct seams_files *files = file->vfs->files;
	size_t got = 0;
	enum status status =
	    file->of
		? vfs_log_read(file->of->log, at, (size_t)len, (uint64_t)offset, &got)
		: files->read(files->self, file->file, at, (size_t)len, (uint64_t)offset, &got);
	if (status != OK)
		return SQLITE_IOERR_READ;
	if (got == (size_t)len)
		return SQLITE_OK;
	memset((char *)at + got, 0, (size_t)len - got);
	return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *at, int len, sqlite3_int64 offset)
{
	struct vfs_file *file = file_of(base);
	const struct seams_files *files = file->vfs->files;
	enum status status = OK;
	if (file->of)
		status = vfs_log_write(file->of->log, at, (size_t)len, (uint64_t)offset);
	else if (!file->share || !file->share->log ||
		 !vfs_log_has_placed(file->share->log, (uint64_t)offset, (size_t)len))
		status = files->write(files->self, file->file, at, (size_t)len, (uint64_t)offset);
	return code_of(status, SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct vfs_file *file = file_of(base);
	if (file->of) {
		assert(size == 0); /* nothing sets a limit to how long it may stay */
		return code_of(vfs_log_empty(file->of->log), SQLITE_IOERR_TRUNCATE);
	}
	return code_of(
	    file->vfs->files->truncate(file->vfs->files->self, file->file, (uint64_t)size),
	    SQLITE_IOERR_TRUNCATE);
}

/* It is asked for where a checkpoint begins, and where a log begins anew, with no frame yet. */
static int sync_log(struct vfs_file *file)
{
	uint32_t frames = 0, pages = 0;
	enum status status = vfs_share_published(file->vfs, file->of, &frames, &pages);
	if (status == OK)
		status = vfs_log_sync(file->of->log, frames, pages);
	return code_of(status, SQLITE_IOERR_FSYNC);
}

static int file_sync(sqlite3_file *base, int flags)
{
	struct vfs_file *file = file_of(base);
	(void)flags;
	if (file->of)
		return sync_log(file);
	enum status status = file->vfs->files->sync(file->vfs->files->self, file->file);
	if (status != OK)
		return code_of(status, SQLITE_IOERR_FSYNC);
	if (file->share && file->share->log)
		vfs_log_settle(file->share->log);
	if (file->is_new) {
		status = sync_folder_of(file->vfs, file->path);
		file->is_new = status != OK;
	}
	return code_of(status, SQLITE_IOERR_DIR_FSYNC);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
	struct vfs_file *file = file_of(base);
	uint64_t size;
	if (file->of) {
		*out = (sqlite3_int64)vfs_log_size(file->of->log);
		return SQLITE_OK;
	}
	enum status status = file->vfs->files->size(file->vfs->files->self, file->file, &size);
	if (status == OK)
		*out = (sqlite3_int64)size;
	return code_of(status, SQLITE_IOERR_FSTAT);
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
	(void)base;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
	(void)base;
	return SECTOR_BYTES;
}

/* A crash harms only bytes that were being written. */
static int device_characteristics(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = vfs_lock,
	.xUnlock = vfs_unlock,
	.xCheckReservedLock = vfs_check_reserved_lock,
	.xFileControl = file_control,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = device_characteristics,
	.xShmMap = vfs_shm_map,
	.xShmLock = vfs_shm_lock,
	.xShmBarrier = vfs_shm_barrier,
	.xShmUnmap = vfs_shm_unmap,
};

/* ---- the VFS ---- */

static struct vfs *vfs_of(sqlite3_vfs *base)
{
	return (struct vfs *)(void *)base;
}

static uint32_t seam_flags(int flags)
{
	return SEAMS_READ | (flags & SQLITE_OPEN_READWRITE ? SEAMS_WRITE : 0) |
	       (flags & SQLITE_OPEN_CREATE ? SEAMS_CREATE : 0) |
	       (flags & SQLITE_OPEN_EXCLUSIVE ? SEAMS_EXCLUSIVE : 0);
}

/* The first of its connections reads what a crash left of it. */
static enum status open_log(struct vfs_file *file, struct vfs_share *share)
{
	struct vfs *vfs = file->vfs;
	enum status status = OK;
	pthread_mutex_lock(&vfs->mutex);
	if (!share->log)
		status = vfs_log_open(vfs->files, vfs->random, share->path, &share->log);
	pthread_mutex_unlock(&vfs->mutex);
	file->of = share;
	return status;
}

static int vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *out, int flags,
		    int *out_flags)
{
	struct vfs *vfs = vfs_of(base);
	struct vfs_file *file = file_of(out);
	memset(file, 0, sizeof *file);
	/* Without a name it is a temporary file: temp_store keeps those in memory, so there is none. */
	if (!path || strlen(path) >= sizeof file->path)
		return SQLITE_CANTOPEN;
	struct seams_stat stat;
	bool is_there = vfs->files->stat(vfs->files->self, path, &stat) == OK;
	struct vfs_share *logs = flags & SQLITE_OPEN_WAL ? vfs_share_of_log(vfs, path) : NULL;
	file->vfs = vfs;
	enum status status =
	    logs ? open_log(file, logs)
		 : vfs->files->open(vfs->files->self, path, seam_flags(flags), 0600, &file->file);
	if (status != OK)
		return code_of(status, SQLITE_CANTOPEN);
	memcpy(file->path, path, strlen(path) + 1);
	file->is_new = !is_there;
	file->is_gone_at_close = flags & SQLITE_OPEN_DELETEONCLOSE;
	if (flags & SQLITE_OPEN_MAIN_DB)
		vfs_share_join(file);
	if (out_flags)
		*out_flags = flags;
	file->base.pMethods = &file_methods;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *path, int is_synced)
{
	struct vfs *vfs = vfs_of(base);
	struct vfs_share *share = vfs_share_of_log(vfs, path);
	enum status status = share && share->log ? vfs_log_remove(share->log)
						 : vfs->files->unlink(vfs->files->self, path);
	if (status == NOT_FOUND)
		return SQLITE_IOERR_DELETE_NOENT;
	if (status == OK && is_synced)
		status = sync_folder_of(vfs, path);
	return code_of(status, SQLITE_IOERR_DELETE);
}

static int vfs_access(sqlite3_vfs *base, const char *path, int flags, int *out)
{
	struct vfs *vfs = vfs_of(base);
	struct seams_stat stat;
	struct vfs_share *share = vfs_share_of_log(vfs, path);
	if (share && share->log && vfs_log_size(share->log) > 0) {
		*out = 1;
		return SQLITE_OK;
	}
	enum status status = vfs->files->stat(vfs->files->self, path, &stat);
	/* As SQLite's own: an empty file counts as none when it asks whether there is a journal. */
	*out = status == OK && (flags != SQLITE_ACCESS_EXISTS || stat.size_bytes > 0);
	return status == OK || status == NOT_FOUND ? SQLITE_OK : SQLITE_IOERR_ACCESS;
}

static int vfs_full_path(sqlite3_vfs *base, const char *path, int len, char *out)
{
	(void)base;
	if (strlen(path) >= (size_t)len)
		return SQLITE_CANTOPEN;
	memcpy(out, path, strlen(path) + 1);
	return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *base, int len, char *out)
{
	struct vfs *vfs = vfs_of(base);
	vfs->random->fill(vfs->random->self, out, (size_t)len);
	return len;
}

static int vfs_sleep(sqlite3_vfs *base, int us)
{
	(void)base;
	return us; /* lanes never wait for a lock: one that is held says BUSY to its asker */
}

static int vfs_time(sqlite3_vfs *base, double *out)
{
	(void)base;
	*out = 2440587.5; /* 1970: no statement of ours asks for the time */
	return SQLITE_OK;
}

struct vfs *vfs_new(const struct seams_files *files, const struct seams_random *random)
{
	struct vfs *vfs = mem_new(struct vfs);
	snprintf(vfs->name, sizeof vfs->name, "table-%p", (void *)vfs);
	vfs->files = files;
	vfs->random = random;
	list_init(&vfs->shares);
	int error = pthread_mutex_init(&vfs->mutex, NULL);
	assert(!error);
	vfs->base = (sqlite3_vfs){ .iVersion = 1,
				   .szOsFile = sizeof(struct vfs_file),
				   .mxPathname = VFS_PATH_MAX - 1,
				   .zName = vfs->name,
				   .xOpen = vfs_open,
				   .xDelete = vfs_delete,
				   .xAccess = vfs_access,
				   .xFullPathname = vfs_full_path,
				   .xRandomness = vfs_random,
				   .xSleep = vfs_sleep,
				   .xCurrentTime = vfs_time };
	int rc = sqlite3_vfs_register(&vfs->base, 0);
	assert(rc == SQLITE_OK);
	return vfs;
}

void vfs_keep_logs_in_memory(struct vfs *vfs)
{
	vfs->has_logs_in_memory = true;
}

void vfs_free(struct vfs *vfs)
{
	assert(list_is_empty(&vfs->shares));
	sqlite3_vfs_unregister(&vfs->base);
	pthread_mutex_destroy(&vfs->mutex);
	mem_free(vfs);
}

const char *vfs_name(const struct vfs *vfs)
{
	return vfs->name;
}
