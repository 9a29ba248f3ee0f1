/*
 * The machine's files, as the seam wants them: blocking calls, all or an error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/loop/loop-private.h"

struct seams_file {
	int fd;
	bool is_direct, is_through;
	bool has_changed; /* through: in a way that is not durable by itself */
};

static enum status outcome(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR: return NOT_FOUND;
	case EEXIST:
	case ENOTEMPTY: return EXISTS;
	case EACCES:
	case EPERM:
	case EROFS: return FORBIDDEN;
	case ENOSPC:
	case EDQUOT: return FULL;
	case EWOULDBLOCK:
	case ETXTBSY:
	case EMFILE:
	case ENFILE: return BUSY;
	default: return IO;
	}
}

static int open_flags(uint32_t flags)
{
	int out = O_CLOEXEC;

	out |= (flags & SEAMS_WRITE) ? ((flags & SEAMS_READ) ? O_RDWR : O_WRONLY) : O_RDONLY;
	out |= (flags & SEAMS_CREATE) ? O_CREAT : 0;
	out |= (flags & SEAMS_EXCLUSIVE) ? O_EXCL : 0;
	out |= (flags & SEAMS_TRUNCATE) ? O_TRUNC : 0;
	out |= (flags & SEAMS_DIRECT) ? O_DIRECT : 0;
	out |= (flags & SEAMS_THROUGH) ? O_DSYNC : 0;
	return out;
}

static enum status file_open(void *self, const char *path, uint32_t flags, uint32_t mode,
			     struct seams_file **out)
{
	struct seams_file *file;
	int fd = open(path, open_flags(flags), (mode_t)mode);

	(void)self;
	if (fd < 0 && errno == EINVAL && (flags & SEAMS_DIRECT) != 0) /* as in memory */
		fd = open(path, open_flags(flags & ~(uint32_t)SEAMS_DIRECT), (mode_t)mode);
	if (fd < 0)
		return outcome(errno);
	if ((flags & SEAMS_LOCK) != 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum status status = outcome(errno);

		close(fd);
		return status;
	}
	file = mem_new(struct seams_file);
	file->fd = fd;
	file->is_direct = (flags & SEAMS_DIRECT) != 0;
	file->is_through = (flags & SEAMS_THROUGH) != 0;
	*out = file;
	return OK;
}

static void file_close(void *self, struct seams_file *file)
{
	(void)self;
	close(file->fd);
	mem_free(file);
}

static enum status file_read(void *self, struct seams_file *file, void *at, size_t len,
			     uint64_t offset, size_t *out_len)
{
	size_t done = 0;

	(void)self;
	while (done < len) {
		ssize_t got = pread(file->fd, (char *)at + done, len - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EINVAL && file->is_direct)
			return INVALID;
		if (got < 0)
			return outcome(errno);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*out_len = done;
	return OK;
}

static enum status file_write(void *self, struct seams_file *file, const void *at, size_t len,
			      uint64_t offset)
{
	(void)self;
	for (size_t done = 0; done < len;) {
		ssize_t put =
		    pwrite(file->fd, (const char *)at + done, len - done, (off_t)(offset + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EINVAL && file->is_direct)
			return INVALID;
		if (put < 0)
			return outcome(errno);
		done += (size_t)put;
	}
	return OK;
}

static enum status file_sync(void *self, struct seams_file *file)
{
	(void)self;
	if (file->is_through && !file->has_changed)
		return OK;
	if (fdatasync(file->fd) != 0)
		return outcome(errno);
	file->has_changed = false;
	return OK;
}

/* A file system that cannot do so is synced all the same, later. */
static void file_begin_sync(void *self, struct seams_file *file)
{
	(void)self;
	(void)!sync_file_range(file->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static enum status file_truncate(void *self, struct seams_file *file, uint64_t size_bytes)
{
	(void)self;
	file->has_changed = true;
	return ftruncate(file->fd, (off_t)size_bytes) == 0 ? OK : outcome(errno);
}

static enum status file_reserve(void *self, struct seams_file *file, uint64_t size_bytes)
{
	int error = posix_fallocate(file->fd, 0, (off_t)size_bytes);

	(void)self;
	file->has_changed = true;
	return error == 0 ? OK : outcome(error);
}

static enum status file_size(void *self, struct seams_file *file, uint64_t *out_bytes)
{
	struct stat st;

	(void)self;
	if (fstat(file->fd, &st) != 0)
		return outcome(errno);
	*out_bytes = (uint64_t)st.st_size;
	return OK;
}

static enum status path_rename(void *self, const char *from, const char *to)
{
	(void)self;
	return rename(from, to) == 0 ? OK : outcome(errno);
}

static enum status path_unlink(void *self, const char *path)
{
	(void)self;
	if (unlink(path) == 0 || ((errno == EISDIR || errno == EPERM) && rmdir(path) == 0))
		return OK;
	return outcome(errno);
}

static enum status path_mkdir(void *self, const char *path, uint32_t mode)
{
	(void)self;
	return mkdir(path, (mode_t)mode) == 0 ? OK : outcome(errno);
}

static enum status path_sync_folder(void *self, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status status;

	(void)self;
	if (fd < 0)
		return outcome(errno);
	status = fsync(fd) == 0 ? OK : outcome(errno);
	close(fd);
	return status;
}

static enum status path_stat(void *self, const char *path, struct seams_stat *out)
{
	struct stat st;

	(void)self;
	if (stat(path, &st) != 0)
		return outcome(errno);
	*out = (struct seams_stat){ .size_bytes = (uint64_t)st.st_size,
				    .modified_ns = st.st_mtim.tv_sec * TIME_S + st.st_mtim.tv_nsec,
				    .mode = st.st_mode & 07777,
				    .is_folder = S_ISDIR(st.st_mode) };
	return OK;
}

static int by_bytes(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static enum status path_list(void *self, const char *path, void (*each)(void *arg, struct str name),
			     void *arg)
{
	struct arena *arena = arena_new(0);
	VEC(const char *) names = { 0 };
	DIR *folder = opendir(path);
	enum status status = OK;

	(void)self;
	if (folder == NULL)
		status = outcome(errno);
	for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			vec_push(&names, arena_cstr(arena, str_from(entry->d_name)));
	if (folder != NULL)
		closedir(folder);
	if (names.len > 0)
		qsort(names.at, names.len, sizeof *names.at, by_bytes);
	for (uint32_t i = 0; i < names.len; i++)
		each(arg, str_from(names.at[i]));
	vec_fini(&names);
	arena_free(arena);
	return status;
}

static enum status path_free_bytes(void *self, const char *path, uint64_t *out_bytes)
{
	struct statvfs st;

	(void)self;
	if (statvfs(path, &st) != 0)
		return outcome(errno);
	*out_bytes = (uint64_t)st.f_bavail * st.f_frsize;
	return OK;
}

static const struct seams_files machine_files = {
	.open = file_open,
	.close = file_close,
	.read = file_read,
	.write = file_write,
	.sync = file_sync,
	.begin_sync = file_begin_sync,
	.truncate = file_truncate,
	.reserve = file_reserve,
	.size = file_size,
	.rename = path_rename,
	.unlink = path_unlink,
	.mkdir = path_mkdir,
	.sync_folder = path_sync_folder,
	.stat = path_stat,
	.list = path_list,
	.free_bytes = path_free_bytes,
};

const struct seams_files *loop_files(void)
{
	return &machine_files;
}
