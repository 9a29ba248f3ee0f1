#include "deploy/cluster/secret-file.h"

#include <stdio.h>

static enum status refused(struct fault *why, enum status status, const char *what, const char *path)
{
	return fault_set(why, status, "", "%s %s: %s", path, what, status_text(status));
}

enum status secret_file_read(const struct seams_files *files, const char *path, struct arena *arena,
			     struct str *out, struct fault *why)
{
	struct seams_file *file;
	uint64_t size = 0;
	size_t len = 0;
	char *at = NULL;
	enum status status = files->open(files->self, path, SEAMS_READ, 0, &file);

	if (status == NOT_FOUND)
		return NOT_FOUND;
	if (status != OK)
		return refused(why, status, "cannot be opened", path);
	status = files->size(files->self, file, &size);
	if (status == OK && size > SECRET_FILE_MAX)
		status = TOO_LARGE;
	if (status == OK) {
		at = arena_zalloc(arena, (size_t)size + 1);
		status = files->read(files->self, file, at, (size_t)size, 0, &len);
	}
	files->close(files->self, file);
	if (status != OK)
		return refused(why, status, "cannot be read", path);
	*out = str_of(at, len);
	return OK;
}

static void name_beside(const char *path, char out[SECRET_FILE_PATH_MAX + 8])
{
	snprintf(out, SECRET_FILE_PATH_MAX + 8, "%s.new", path);
}

enum status secret_file_begin(const struct seams_files *files, const char *path,
			      struct str contents, struct secret_file *out, struct fault *why)
{
	char beside[SECRET_FILE_PATH_MAX + 8];
	struct seams_file *file;
	enum status status;

	if (strlen(path) >= SECRET_FILE_PATH_MAX)
		return refused(why, INVALID, "is too long a path", path);
	name_beside(path, beside);
	status = files->open(files->self, beside, SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE, 0600,
			     &file);
	if (status != OK)
		return refused(why, status, "cannot be made", beside);
	status = files->write(files->self, file, contents.at, contents.len, 0);
	if (status != OK) {
		files->close(files->self, file);
		return refused(why, status, "cannot be written", path);
	}
	files->begin_sync(files->self, file);
	out->file = file;
	snprintf(out->path, sizeof out->path, "%s", path);
	return OK;
}

static enum status take_place(const struct seams_files *files, struct secret_file *file,
			      enum status status, struct fault *why)
{
	char beside[SECRET_FILE_PATH_MAX + 8];

	files->close(files->self, file->file);
	name_beside(file->path, beside);
	if (status == OK)
		status = files->rename(files->self, beside, file->path);
	return status == OK ? OK : refused(why, status, "cannot be written", file->path);
}

enum status secret_file_finish(const struct seams_files *files, struct secret_file *file,
			       struct fault *why)
{
	return take_place(files, file, files->sync(files->self, file->file), why);
}

void secret_file_drop(const struct seams_files *files, struct secret_file *file)
{
	files->close(files->self, file->file);
}

enum status secret_file_write(const struct seams_files *files, const char *path,
			      struct str contents, struct fault *why)
{
	struct secret_file file;

	TRY(secret_file_begin(files, path, contents, &file, why));
	return secret_file_finish(files, &file, why);
}

enum status secret_file_show(const struct seams_files *files, const char *path, struct str contents,
			     struct fault *why)
{
	struct secret_file file;

	TRY(secret_file_begin(files, path, contents, &file, why));
	return take_place(files, &file, OK, why);
}

enum status secret_file_settle(const struct seams_files *files, const char *folder,
			       struct fault *why)
{
	enum status status = files->sync_folder(files->self, folder);

	return status == OK ? OK : refused(why, status, "cannot be synced", folder);
}
