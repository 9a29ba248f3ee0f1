#include "deploy/main/backup/passphrase.h"

#include "deploy/cluster/secret-file.h"
#include "runtime/loop/loop.h"

#define OTHERS 077U

enum status passphrase_read(const char *path, struct arena *arena, struct str *out,
			    struct fault *why)
{
	const struct seams_files *files = loop_files();
	struct seams_stat stat = { 0 };
	struct str text;
	enum status status;

	*out = STR_NONE;
	if (path == NULL)
		return OK;
	status = files->stat(files->self, path, &stat);
	if (status != OK)
		return fault_set(why, status, "--passphrase-file", "%s: %s", path,
				 status_text(status));
	if ((stat.mode & OTHERS) != 0)
		return fault_set(why, INVALID, "--passphrase-file",
				 "others may read or change %s: chmod 600 it, or use another", path);
	TRY(secret_file_read(files, path, arena, &text, why));
	text = str_cut(&text, '\n');
	if (text.len == 0)
		return fault_set(why, INVALID, "--passphrase-file",
				 "the first line of %s is empty, it should be the passphrase", path);
	*out = text;
	return OK;
}
