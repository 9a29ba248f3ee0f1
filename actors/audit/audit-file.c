#include "actors/audit/audit-file.h"

#include <stdio.h>

#include "runtime/base/collection/vec.h"
#include "runtime/base/time/wall.h"

#define NAME_MAX_BYTES 1024U
#define STAMP "2006-01-02T15-04-05.000"
#define STAMP_LEN (sizeof STAMP - 1)
#define OLD_MAX 100000U /* names that are looked at in one folder */
#define DAY_NS (86400LL * TIME_S)

/* ---- names ------------------------------------------------------------------------------------------------ */

/* Folder with its slash, name before and from the last dot. */
static void split(const char *path, struct str *folder, struct str *stem, struct str *ending)
{
	struct str whole = str_from(path), name;
	int64_t slash = str_find_last(whole, '/'), dot;

	*folder = str_slice(whole, 0, (uint32_t)(slash + 1));
	name = str_slice(whole, (uint32_t)(slash + 1), whole.len);
	dot = str_find_last(name, '.');
	*stem = str_slice(name, 0, dot > 0 ? (uint32_t)dot : name.len);
	*ending = str_slice(name, dot > 0 ? (uint32_t)dot : name.len, name.len);
}

/* audit-2026-01-02T03-04-05.678.log */
static void name_aside(const char *path, struct wall now, char *out, size_t size)
{
	struct str folder, stem, ending, stamp;
	char text[TIME_TEXT];

	split(path, &folder, &stem, &ending);
	stamp = str_slice(time_print_micro(now, text), 0, STAMP_LEN);
	text[13] = text[16] = '-';
	snprintf(out, size, STR_FMT STR_FMT "-" STR_FMT STR_FMT, STR_ARG(folder), STR_ARG(stem),
		 STR_ARG(stamp), STR_ARG(ending));
}

/* When the file of that name was put aside; false: it is none of ours. */
static bool stamp_of(const char *path, struct str name, struct wall *out)
{
	struct str folder, stem, ending, stamp;
	char text[STAMP_LEN + 2];

	split(path, &folder, &stem, &ending);
	if (name.len != stem.len + 1 + STAMP_LEN + ending.len || !str_starts(name, stem) ||
	    !str_ends(name, ending) || name.at[stem.len] != '-')
		return false;
	stamp = str_slice(name, stem.len + 1, stem.len + 1 + (uint32_t)STAMP_LEN);
	snprintf(text, sizeof text, STR_FMT "Z", STR_ARG(stamp));
	text[13] = text[16] = ':';
	return wall_parse(str_from(text), out) == OK;
}

/* ---- old ones ----------------------------------------------------------------------------------------------- */

struct old {
	struct wall at;
	char *name;
};

struct search {
	const char *path;
	VEC(struct old) found;
	struct arena *arena;
};

static void note(void *arg, struct str name)
{
	struct search *search = arg;
	struct wall at;

	if (search->found.len < OLD_MAX && stamp_of(search->path, name, &at))
		vec_push(&search->found, (struct old){ at, arena_cstr(search->arena, name) });
}

static void remove_old(struct audit_file *file, struct wall now)
{
	const struct audit_file_options *options = &file->options;
	struct search search = { .path = options->path, .arena = arena_new(0) };
	struct str folder, stem, ending;
	const char *place;

	split(options->path, &folder, &stem, &ending);
	place = folder.len == 1  ? "/"
		: folder.len > 1 ? arena_cstr(search.arena, str_slice(folder, 0, folder.len - 1))
				 : ".";
	(void)!file->files->list(file->files->self, place, note, &search);
	/* In byte order, which is that of time: the newest are last. */
	for (uint32_t i = 0; i < search.found.len; i++) {
		bool is_too_many = options->backups > 0 && search.found.len - i > options->backups;
		bool is_too_old = options->age_days > 0 && now.ns - search.found.at[i].at.ns >
							       (int64_t)options->age_days * DAY_NS;

		if (is_too_many || is_too_old)
			(void)!file->files->unlink(
			    file->files->self, arena_printf(search.arena, STR_FMT "%s",
							    STR_ARG(folder), search.found.at[i].name)
						   .at);
	}
	vec_fini(&search.found);
	arena_free(search.arena);
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static enum status open_file(struct audit_file *file, struct fault *why)
{
	const struct seams_files *files = file->files;
	enum status status = files->open(files->self, file->options.path,
					 SEAMS_WRITE | SEAMS_CREATE, 0600, &file->file);

	if (status == OK)
		status = files->size(files->self, file->file, &file->size);
	if (status != OK) {
		audit_file_close(file);
		return fault_set(why, status, file->options.path, "%s: %s", file->options.path,
				 status_text(status));
	}
	return OK;
}

static enum status put_aside(struct audit_file *file, struct wall now, struct fault *why)
{
	char name[NAME_MAX_BYTES];
	enum status status;

	name_aside(file->options.path, now, name, sizeof name);
	audit_file_close(file);
	status = file->files->rename(file->files->self, file->options.path, name);
	if (status != OK)
		return fault_set(why, status, name, "%s: %s", name, status_text(status));
	remove_old(file, now);
	return open_file(file, why);
}

enum status audit_file_write(struct audit_file *file, struct str lines, struct wall now,
			     struct fault *why)
{
	enum status status;

	if (file->file == NULL)
		TRY(open_file(file, why));
	if (file->options.size_max > 0 && file->size > 0 &&
	    file->size + lines.len > file->options.size_max)
		TRY(put_aside(file, now, why));
	status = file->files->write(file->files->self, file->file, lines.at, lines.len, file->size);
	if (status != OK) {
		audit_file_close(file);
		return fault_set(why, status, file->options.path, "%s: %s", file->options.path,
				 status_text(status));
	}
	file->size += lines.len;
	return OK;
}

void audit_file_close(struct audit_file *file)
{
	if (file->file != NULL)
		file->files->close(file->files->self, file->file);
	file->file = NULL;
}
