#include "deploy/main/host/members-file.h"

#include <stdio.h>

#define PATH_MAX_BYTES 4200U /* of a folder's path and a name */

static void path_of(const char *folder, const char *name, char out[PATH_MAX_BYTES])
{
	snprintf(out, PATH_MAX_BYTES, "%s/%s", folder, name);
}

struct str members_file_read(const struct seams_files *files, const char *folder,
			     struct arena *arena)
{
	char path[PATH_MAX_BYTES], *text = arena_array(arena, char, MEMBERS_FILE_MAX);
	struct seams_file *file;
	size_t len = 0;

	path_of(folder, "members", path);
	if (files->open(files->self, path, SEAMS_READ, 0, &file) != OK)
		return STR("");
	if (files->read(files->self, file, text, MEMBERS_FILE_MAX, 0, &len) != OK)
		len = 0;
	files->close(files->self, file);
	return str_trim(str_of(text, (uint32_t)len));
}

static enum status write_fresh(const struct seams_files *files, const char *path, struct str members)
{
	struct seams_file *file;
	enum status status;

	TRY(files->open(files->self, path, SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE, 0600,
			&file));
	status = files->write(files->self, file, members.at, members.len, 0);
	if (status == OK)
		status = files->sync(files->self, file);
	files->close(files->self, file);
	return status;
}

enum status members_file_write(const struct seams_files *files, const char *folder,
			       struct str members)
{
	char path[PATH_MAX_BYTES], fresh[PATH_MAX_BYTES];

	assert(members.len > 0 && members.len <= MEMBERS_FILE_MAX);
	path_of(folder, "members", path);
	path_of(folder, "members.new", fresh);
	TRY(write_fresh(files, fresh, members));
	TRY(files->rename(files->self, fresh, path));
	return files->sync_folder(files->self, folder);
}
