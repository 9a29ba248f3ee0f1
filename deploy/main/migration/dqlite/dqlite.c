#include "deploy/main/migration/dqlite/dqlite.h"

#include <stdio.h>
#include <stdlib.h>

#include "deploy/main/migration/dqlite/image.h"
#include "deploy/main/migration/dqlite/lz4.h"
#include "deploy/main/migration/dqlite/segment.h"

#define PATH_BYTES 1200U
#define META ".meta"

/* A file of the folder: what the numbers of its name say. Ranges of segments; of a snapshot term, index and time. */
struct part {
	uint64_t numbers[3];
	bool is_open;
};

struct unpacking {
	const struct seams_files *files;
	const char *folder, *path;
	VEC(struct part) segments;
	VEC(struct part) snapshots;
	struct image image;
	uint64_t next; /* the index of the next entry */
	struct fault *why;
};

/* ---- names ---- */

static bool take_number(struct str *rest, uint64_t *out)
{
	uint32_t len = 0;

	while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9')
		len++;
	if (str_to_u64(str_slice(*rest, 0, len), out) != OK)
		return false;
	*rest = str_slice(*rest, len, rest->len);
	return true;
}

static bool take_word(struct str *rest, const char *word)
{
	if (!str_starts(*rest, str_from(word)))
		return false;
	*rest = str_slice(*rest, (uint32_t)strlen(word), rest->len);
	return true;
}

static bool is_snapshot(struct str name, struct part *out)
{
	*out = (struct part){ .is_open = false };
	return take_word(&name, "snapshot-") && take_number(&name, &out->numbers[0]) &&
	       take_word(&name, "-") && take_number(&name, &out->numbers[1]) &&
	       take_word(&name, "-") && take_number(&name, &out->numbers[2]) && str_is(name, META);
}

static bool is_segment(struct str name, struct part *out)
{
	*out = (struct part){ .is_open = take_word(&name, "open-") };
	if (!take_number(&name, &out->numbers[0]))
		return false;
	return name.len == 0 ? out->is_open
			     : !out->is_open && take_word(&name, "-") &&
				   take_number(&name, &out->numbers[1]) && name.len == 0;
}

static void snapshot_path(const struct unpacking *unpacking, const struct part *part,
			  char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/snapshot-%ju-%ju-%ju", unpacking->folder,
		 (uintmax_t)part->numbers[0], (uintmax_t)part->numbers[1],
		 (uintmax_t)part->numbers[2]);
}

static void segment_path(const struct unpacking *unpacking, const struct part *part,
			 char out[PATH_BYTES])
{
	if (part->is_open)
		snprintf(out, PATH_BYTES, "%s/open-%ju", unpacking->folder,
			 (uintmax_t)part->numbers[0]);
	else
		snprintf(out, PATH_BYTES, "%s/%016ju-%016ju", unpacking->folder,
			 (uintmax_t)part->numbers[0], (uintmax_t)part->numbers[1]);
}

static void take_name(void *arg, struct str name)
{
	struct unpacking *unpacking = arg;
	struct part part;

	if (is_snapshot(name, &part))
		vec_push(&unpacking->snapshots, part);
	else if (is_segment(name, &part))
		vec_push(&unpacking->segments, part);
}

static int order(const void *left, const void *right)
{
	const struct part *a = left, *b = right;

	if (a->is_open != b->is_open)
		return a->is_open ? 1 : -1;
	for (size_t i = 0; i < 3; i++)
		if (a->numbers[i] != b->numbers[i])
			return a->numbers[i] < b->numbers[i] ? -1 : 1;
	return 0;
}

static enum status look(struct unpacking *unpacking)
{
	enum status status =
	    unpacking->files->list(unpacking->files->self, unpacking->folder, take_name, unpacking);

	if (status != OK)
		return fault_set(unpacking->why, status, "", "%s", status_text(status));
	if (unpacking->segments.len > 0)
		qsort(unpacking->segments.at, unpacking->segments.len,
		      sizeof *unpacking->segments.at, order);
	if (unpacking->snapshots.len > 0)
		qsort(unpacking->snapshots.at, unpacking->snapshots.len,
		      sizeof *unpacking->snapshots.at, order);
	return OK;
}

bool dqlite_is_folder(const struct seams_files *files, const char *folder)
{
	char path[PATH_BYTES];
	struct seams_stat stat;

	snprintf(path, sizeof path, "%s/metadata1", folder);
	return files->stat(files->self, path, &stat) == OK;
}

/* ---- the snapshot ---- */

/* Beside the database, and without a name from its first moment on. */
static enum status decompress(struct unpacking *unpacking, struct seams_file **file, uint64_t *len)
{
	const struct seams_files *files = unpacking->files;
	struct seams_file *out;
	char path[PATH_BYTES];
	enum status status;

	snprintf(path, sizeof path, "%s.snapshot", unpacking->path);
	status = files->open(files->self, path,
			     SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_EXCLUSIVE, 0600, &out);
	if (status != OK)
		return fault_set(unpacking->why, status, "", "%s: %s", path, status_text(status));
	status = files->unlink(files->self, path);
	if (status == OK)
		status = lz4_decode(files, *file, out, len, unpacking->why);
	if (status != OK) {
		files->close(files->self, out);
		return status;
	}
	files->close(files->self, *file);
	*file = out;
	return OK;
}

static enum status restore(struct unpacking *unpacking, struct seams_file **file)
{
	const struct seams_files *files = unpacking->files;
	char first[4];
	uint64_t len;
	size_t got = 0;

	TRY(files->size(files->self, *file, &len));
	TRY(files->read(files->self, *file, first, sizeof first, 0, &got));
	if (lz4_is_frame(str_of(first, (uint32_t)got)))
		TRY(decompress(unpacking, file, &len));
	return image_restore(&unpacking->image, *file, len, unpacking->why);
}

static enum status read_snapshot(struct unpacking *unpacking, const struct part *part)
{
	const struct seams_files *files = unpacking->files;
	struct seams_file *file;
	char path[PATH_BYTES];
	enum status status;

	snapshot_path(unpacking, part, path);
	status = files->open(files->self, path, SEAMS_READ, 0, &file);
	if (status == OK) {
		status = restore(unpacking, &file);
		files->close(files->self, file);
	}
	unpacking->next = part->numbers[1] + 1;
	if (status != OK && unpacking->why->text[0] == '\0')
		return fault_set(unpacking->why, status, "", "%s: %s", path, status_text(status));
	return status;
}

/* One that was being written when its process ended has a .meta and no data. */
static bool is_whole(const struct unpacking *unpacking, const struct part *part)
{
	struct seams_stat stat;
	char path[PATH_BYTES];

	snapshot_path(unpacking, part, path);
	return unpacking->files->stat(unpacking->files->self, path, &stat) == OK &&
	       stat.size_bytes > 0;
}

static enum status read_latest_snapshot(struct unpacking *unpacking)
{
	unpacking->next = 1;
	for (uint32_t i = unpacking->snapshots.len; i-- > 0;)
		if (is_whole(unpacking, &unpacking->snapshots.at[i]))
			return read_snapshot(unpacking, &unpacking->snapshots.at[i]);
	return OK;
}

/* ---- the log ---- */

static enum status apply(void *arg, uint64_t index, struct str command, struct fault *why)
{
	struct unpacking *unpacking = arg;

	/* What the snapshot has already is older than it. */
	return index < unpacking->next ? OK : image_apply(&unpacking->image, command, why);
}

static enum status read_segment(struct unpacking *unpacking, const struct part *part, bool *is_torn)
{
	struct segment segment = { .index = part->is_open ? unpacking->next : part->numbers[0],
				   .is_open = part->is_open };
	struct fault inner = { 0 };
	char path[PATH_BYTES];
	uint64_t next = unpacking->next;
	enum status status;

	segment_path(unpacking, part, path);
	if (!part->is_open && part->numbers[1] < unpacking->next)
		return OK;
	if (!part->is_open && part->numbers[0] > unpacking->next)
		return fault_set(unpacking->why, CORRUPT, "", "entries %ju to %ju are missing",
				 (uintmax_t)unpacking->next, (uintmax_t)part->numbers[0] - 1);
	status = segment_read(unpacking->files, path, &segment, apply, unpacking, &next, &inner);
	if (status == OK && !part->is_open && next != part->numbers[1] + 1)
		status =
		    fault_set(&inner, CORRUPT, "", "it ends with entry %ju", (uintmax_t)next - 1);
	if (status == OK && *is_torn && next > unpacking->next)
		status = fault_set(&inner, CORRUPT, "", "the segment before it has no end");
	*is_torn = *is_torn || segment.is_torn;
	unpacking->next = next;
	return status == OK ? OK : fault_set(unpacking->why, status, "", "%s: %s", path, inner.text);
}

static enum status read_segments(struct unpacking *unpacking)
{
	bool is_torn = false;

	for (uint32_t i = 0; i < unpacking->segments.len; i++)
		TRY(read_segment(unpacking, &unpacking->segments.at[i], &is_torn));
	return OK;
}

/* ---- all of it ---- */

static enum status fill(struct unpacking *unpacking)
{
	TRY(look(unpacking));
	TRY(read_latest_snapshot(unpacking));
	TRY(read_segments(unpacking));
	return image_finish(&unpacking->image, unpacking->why);
}

static enum status unpack(struct unpacking *unpacking)
{
	const struct seams_files *files = unpacking->files;
	enum status status = files->open(files->self, unpacking->path,
					 SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_EXCLUSIVE,
					 0600, &unpacking->image.file);

	if (status != OK)
		return fault_set(unpacking->why, status, "", "%s: %s", unpacking->path,
				 status_text(status));
	status = fill(unpacking);
	files->close(files->self, unpacking->image.file);
	if (status != OK)
		(void)files->unlink(files->self, unpacking->path);
	return status;
}

enum status dqlite_unpack(const struct seams_files *files, const char *folder, const char *path,
			  struct fault *why)
{
	struct fault inner = { 0 };
	struct unpacking unpacking = { .files = files,
				       .folder = folder,
				       .path = path,
				       .image = { .files = files },
				       .why = &inner };
	enum status status = unpack(&unpacking);

	vec_fini(&unpacking.segments);
	vec_fini(&unpacking.snapshots);
	return status == OK ? OK
			    : fault_set(why, status, "", "%s",
					inner.text[0] != '\0' ? inner.text : status_text(status));
}
