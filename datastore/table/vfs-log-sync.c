/*
 * A checkpoint begins: what the disk has to have before pages are overwritten.
 */
#include <stdlib.h>

#include "datastore/table/vfs-log-private.h"
#include "runtime/base/bytes.h"

/* The database's header (SQLite's file format, 1.3) and its list of unused pages (1.5). */
#define AT_CHANGES 24U
#define AT_PAGES 28U
#define AT_TRUNK 32U
#define AT_VALID_FOR 92U
#define MAGIC 0x377f0682U /* its last bit: is_big */
#define VERSION 3007000U

struct frame {
	uint32_t page, number;
};

struct syncing {
	struct vfs_log *log;
	uint32_t frames, pages;   /* how far it goes */
	VEC(struct frame) latest; /* of each page, in their order */
	uint32_t known; /* pages up to this one are in the state that a crash goes back to */
	char *unused;   /* a bit for each of them: not used there. NULL: not known */
	char *buffer;   /* a frame */
};

/* ---- what there is to do ---- */

static int compare(const void *one, const void *other)
{
	const struct frame *a = one, *b = other;
	if (a->page != b->page)
		return a->page < b->page ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static enum status copy_frame(const struct syncing *syncing, char *at, size_t len, uint32_t number)
{
	struct vfs_log *log = syncing->log;
	pthread_mutex_lock(&log->mutex);
	enum status status = vfs_log_copy_out(log, at, len, vfs_log_frame_at(log, number));
	pthread_mutex_unlock(&log->mutex);
	return status;
}

static enum status list_latest(struct syncing *syncing)
{
	uint32_t kept = 0;
	for (uint32_t i = syncing->log->flushed + 1; i <= syncing->frames; i++) {
		char page[4];
		TRY(copy_frame(syncing, page, sizeof page, i));
		/* Some are of pages that a later commit has cut off. */
		if (vfs_log_get(page) <= syncing->pages)
			vec_push(&syncing->latest, (struct frame){ vfs_log_get(page), i });
	}
	struct frame *all = syncing->latest.at;
	if (syncing->latest.len > 0)
		qsort(all, syncing->latest.len, sizeof *all, compare);
	for (uint32_t i = 0; i < syncing->latest.len; i++)
		if (i + 1 == syncing->latest.len || all[i + 1].page != all[i].page)
			all[kept++] = all[i];
	syncing->latest.len = kept;
	return OK;
}

static enum status read_page(const struct syncing *syncing, uint32_t page, char *at)
{
	const struct vfs_log *log = syncing->log;
	size_t got = 0;
	TRY(log->files->read(log->files->self, log->database, at, log->page_bytes,
			     (uint64_t)(page - 1) * log->page_bytes, &got));
	return got == log->page_bytes ? OK : NOT_FOUND;
}

/* What looks wrong here SQLite will find, and say. Until then a page counts as used. */
static enum status mark_unused(struct syncing *syncing, uint32_t trunk, char *page)
{
	uint32_t most = syncing->log->page_bytes / 4 - 2;
	for (uint32_t left = syncing->known; left > 0 && trunk > 0 && trunk <= syncing->known;
	     left--) {
		enum status status = read_page(syncing, trunk, page);
		if (status != OK)
			return status == NOT_FOUND ? OK : status;
		uint32_t count = vfs_log_get(page + 4) < most ? vfs_log_get(page + 4) : most;
		for (uint32_t i = 0; i < count; i++) {
			uint32_t leaf = vfs_log_get(page + 8 + (size_t)4 * i);
			if (leaf > 0 && leaf <= syncing->known)
				syncing->unused[leaf / 8] |= (char)(1 << leaf % 8);
		}
		trunk = vfs_log_get(page);
	}
	return OK;
}

/*
 * Of a database that is whole without the log. Where it does not say itself how many pages it has, its file's length says so, which then
 * must not change before the log is there.
 */
static enum status look_at_database(struct syncing *syncing)
{
	const struct vfs_log *log = syncing->log;
	char *page = mem_alloc(log->page_bytes);
	enum status status = read_page(syncing, 1, page);
	bool is_told = status == OK && vfs_log_get(page + AT_PAGES) > 0 &&
		       memcmp(page + AT_CHANGES, page + AT_VALID_FOR, 4) == 0;
	if (is_told) {
		syncing->known = vfs_log_get(page + AT_PAGES);
		syncing->unused = mem_zalloc(syncing->known / 8 + 1);
		status = mark_unused(syncing, vfs_log_get(page + AT_TRUNK), page);
	} else if (status == OK || status == NOT_FOUND) {
		syncing->known = UINT32_MAX;
		status = OK;
	}
	mem_free(page);
	return status;
}

static bool is_placed(const struct syncing *syncing, uint32_t page)
{
	if (page > syncing->known)
		return true;
	return syncing->unused && syncing->unused[page / 8] >> page % 8 & 1;
}

/* ---- pages that nobody looks at ---- */

static int compare_pages(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
	return a < b ? -1 : a > b;
}

static enum status place_pages(struct syncing *syncing)
{
	struct vfs_log *log = syncing->log;
	const struct seams_files *files = log->files;
	uint32_t before = log->placed.len;
	for (uint32_t i = 0; i < syncing->latest.len; i++) {
		struct frame frame = syncing->latest.at[i];
		if (!is_placed(syncing, frame.page))
			continue;
		TRY(copy_frame(syncing, syncing->buffer, LOG_FRAME_HEADER + log->page_bytes,
			       frame.number));
		TRY(files->write(files->self, log->database, syncing->buffer + LOG_FRAME_HEADER,
				 log->page_bytes, (uint64_t)(frame.page - 1) * log->page_bytes));
		vec_push(&log->placed, frame.page);
	}
	if (log->placed.len == before)
		return OK;
	if (before > 0)
		qsort(log->placed.at, log->placed.len, sizeof *log->placed.at, compare_pages);
	return files->sync(files->self, log->database);
}

static uint32_t *find_placed(struct vfs_log *log, uint32_t page)
{
	if (log->placed.len == 0)
		return NULL;
	return bsearch(&page, log->placed.at, log->placed.len, sizeof page, compare_pages);
}

bool vfs_log_has_placed(struct vfs_log *log, uint64_t offset, size_t len)
{
	return len == log->page_bytes && offset % len == 0 &&
	       find_placed(log, (uint32_t)(offset / len) + 1) != NULL;
}

/* From now on newer ones come from the log. More than one: of tries that failed. */
static void forget_placed(struct vfs_log *log, uint32_t page)
{
	uint32_t *at;
	while ((at = find_placed(log, page)))
		vec_remove(&log->placed, at - log->placed.at);
}

/* ---- the file ---- */

/* SQLite's checksum: two sums over words, each into the other. */
static void add_up(uint32_t sums[2], bool is_big, const char *at, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint32_t one = is_big ? vfs_log_get(at + i) : (uint32_t)bytes_get(at + i, 4);
		uint32_t two = is_big ? vfs_log_get(at + i + 4) : (uint32_t)bytes_get(at + i + 4, 4);
		sums[0] += one + sums[1];
		sums[1] += two + sums[0];
	}
}

/* From here on nothing that the file said before is taken for whole. */
static enum status begin_file(struct vfs_log *log)
{
	const struct seams_files *files = log->files;
	char header[LOG_HEADER];
	if (!log->file) {
		TRY(files->open(files->self, log->path, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE,
				0600, &log->file));
		log->is_new = true;
	}
	log->random->fill(log->random->self, log->salts, sizeof log->salts);
	char *at = vfs_log_put(header, MAGIC);
	at = vfs_log_put(at, VERSION);
	at = vfs_log_put(at, log->page_bytes);
	at = vfs_log_put(at, 0);
	memcpy(at, log->salts, sizeof log->salts);
	log->is_big = false;
	log->sums[0] = log->sums[1] = 0;
	add_up(log->sums, false, header, LOG_HEADER - 8);
	vfs_log_put(vfs_log_put(at + sizeof log->salts, log->sums[0]), log->sums[1]);
	TRY(files->write(files->self, log->file, header, sizeof header, 0));
	log->file_end = LOG_HEADER;
	return files->sync(files->self, log->file);
}

enum status vfs_log_go_on(struct vfs_log *log, uint32_t frames)
{
	char header[LOG_HEADER], frame[LOG_FRAME_HEADER];
	assert(log->is_found && frames > 0);
	TRY(vfs_log_copy_out(log, header, sizeof header, 0));
	TRY(vfs_log_copy_out(log, frame, sizeof frame, vfs_log_frame_at(log, frames)));
	log->is_big = vfs_log_get(header) & 1;
	memcpy(log->salts, header + 16, sizeof log->salts);
	log->sums[0] = vfs_log_get(frame + 16);
	log->sums[1] = vfs_log_get(frame + 20);
	log->flushed = frames;
	log->flushed_pages = vfs_log_get(frame + 4);
	log->file_end = vfs_log_frame_at(log, frames + 1);
	log->is_found = false;
	return OK;
}

/* `pages` not 0: it ends a commit, after which there are so many. */
static enum status add_frame(struct syncing *syncing, const struct frame *frame, uint32_t pages,
			     uint32_t sums[2], uint64_t *end)
{
	struct vfs_log *log = syncing->log;
	size_t len = LOG_FRAME_HEADER + log->page_bytes;
	TRY(copy_frame(syncing, syncing->buffer, len, frame->number));
	char *at = vfs_log_put(syncing->buffer, frame->page);
	at = vfs_log_put(at, pages);
	add_up(sums, log->is_big, syncing->buffer, 8);
	add_up(sums, log->is_big, syncing->buffer + LOG_FRAME_HEADER, log->page_bytes);
	memcpy(at, log->salts, sizeof log->salts);
	vfs_log_put(vfs_log_put(at + sizeof log->salts, sums[0]), sums[1]);
	TRY(log->files->write(log->files->self, log->file, syncing->buffer, len, *end));
	*end += len;
	return OK;
}

static enum status sync_name(struct vfs_log *log)
{
	if (!log->is_new)
		return OK;
	char *slash = strrchr(log->path, '/');
	char *folder = mem_copy(log->path, strlen(log->path) + 1);
	folder[slash && slash != log->path ? slash - log->path : 1] = '\0';
	enum status status = log->files->sync_folder(log->files->self, folder);
	mem_free(folder);
	log->is_new = status != OK;
	return status;
}

/* What fails half-way has no commit: the next try writes over it. */
static enum status add_frames(struct syncing *syncing)
{
	struct vfs_log *log = syncing->log;
	uint64_t end = log->file_end;
	uint32_t sums[2] = { log->sums[0], log->sums[1] };
	int64_t last = (int64_t)syncing->latest.len - 1;
	while (last > 0 && is_placed(syncing, syncing->latest.at[last].page))
		last--;
	for (int64_t i = 0; i <= last; i++) {
		const struct frame *frame = &syncing->latest.at[i];
		if (i < last && is_placed(syncing, frame->page))
			continue;
		TRY(add_frame(syncing, frame, i == last ? syncing->pages : 0, sums, &end));
		if (!is_placed(syncing, frame->page))
			forget_placed(log, frame->page);
	}
	TRY(log->files->sync(log->files->self, log->file));
	TRY(sync_name(log));
	memcpy(log->sums, sums, sizeof sums);
	log->file_end = end;
	if (log->file_bytes < end)
		log->file_bytes = end;
	return OK;
}

/* ---- the checkpoint ---- */

static enum status flush(struct syncing *syncing)
{
	struct vfs_log *log = syncing->log;
	const struct seams_files *files = log->files;
	TRY(list_latest(syncing));
	if (!log->database)
		TRY(files->open(files->self, log->database_path, SEAMS_READ | SEAMS_WRITE, 0600,
				&log->database));
	if (log->is_settled) {
		vec_clear(&log->placed);
		TRY(look_at_database(syncing));
		TRY(begin_file(log));
	} else {
		syncing->known = log->flushed_pages;
	}
	TRY(place_pages(syncing));
	return add_frames(syncing);
}

enum status vfs_log_sync(struct vfs_log *log, uint32_t frames, uint32_t pages)
{
	struct syncing syncing = { .log = log, .frames = frames, .pages = pages };
	enum status status = OK;
	pthread_mutex_lock(&log->mutex);
	if (log->is_found && frames > 0)
		status = vfs_log_go_on(log, frames); /* nothing was added to it */
	pthread_mutex_unlock(&log->mutex);
	if (status != OK || (frames <= log->flushed && log->is_settled))
		return status;
	if (frames <= log->flushed) /* it is not known whether the disk has it */
		return log->files->sync(log->files->self, log->file);
	syncing.buffer = mem_alloc(LOG_FRAME_HEADER + log->page_bytes);
	status = flush(&syncing);
	if (status == OK) {
		log->flushed = frames;
		log->flushed_pages = pages;
		log->is_settled = false;
	}
	vec_fini(&syncing.latest);
	mem_free(syncing.unused);
	mem_free(syncing.buffer);
	return status;
}

void vfs_log_settle(struct vfs_log *log)
{
	if (log->is_settled || log->is_found)
		return;
	log->is_settled = true;
	vec_clear(&log->placed);
}
