#include "datastore/log/wal/wal.h"

#include <inttypes.h>
#include <stdio.h>

#include "datastore/log/wal/record.h"
#include "datastore/log/wal/wal-private.h"

#define BRIEF_BYTES (16U * KIB)
#define SPARES_KEPT 4U /* what trimming sets free beyond this goes back to the file system */
#define SLICE_BYTES \
	(1U * MIB) /* of zeros, on disk before the next: what a sync beside it waits for */

/* Never written to; not const, since then it would lie in the program's file. */
static _Alignas(SEAMS_DIRECT_BYTES) char zeros[WAL_ZEROS_BYTES];

const char *wal_zeros(void)
{
	return zeros;
}

/* ---- names and small file work ---- */

void wal_path(const struct wal_config *config, char out[WAL_PATH], const char *format,
	      uint64_t number)
{
	int len = snprintf(out, WAL_PATH, "%s/", config->folder);
	assert(len > 0 && len < WAL_PATH - 40);
	snprintf(out + len, (size_t)(WAL_PATH - len), format, number);
}

enum status wal_fault(struct fault *why, enum status status, const char *path, const char *what)
{
	return fault_set(why, status, "", "%s: %s: %s", path, what, status_text(status));
}

enum status wal_zero(const struct wal_config *config, struct seams_file *file, uint64_t from,
		     uint64_t to)
{
	const struct seams_files *files = config->files;
	uint64_t begin = from;
	while (from < to) {
		size_t len = to - from < WAL_ZEROS_BYTES ? (size_t)(to - from) : WAL_ZEROS_BYTES;
		TRY(files->write(files->self, file, zeros, len, from));
		from += len;
		if ((from - begin) % SLICE_BYTES == 0)
			TRY(files->sync(files->self, file));
	}
	return files->sync(files->self, file);
}

static enum status make_zeroed(const struct wal_config *config, struct seams_file *file,
			       uint64_t size)
{
	/* Room first, so that a full disk is found before anything is written. */
	TRY(config->files->reserve(config->files->self, file, size));
	return wal_zero(config, file, 0, size);
}

static enum status make_file(const struct wal_config *config, const char *path, uint32_t flags)
{
	const struct seams_files *files = config->files;
	struct seams_file *file;
	TRY(files->open(files->self, path,
			SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE | flags, 0600,
			&file));
	enum status status = make_zeroed(config, file, config->segment_bytes);
	files->close(files->self, file);
	return status;
}

/* Zeros past the cache cost a tenth of the processor's time, and none of the memory; a disk that cannot do so gets them in the usual way. */
enum status wal_make_spare(const struct wal_config *config, uint32_t number)
{
	const struct seams_files *files = config->files;
	bool is_even = config->segment_bytes % SEAMS_DIRECT_BYTES == 0;
	char path[WAL_PATH];
	wal_path(config, path, WAL_SPARE_NAME, number);
	enum status status = make_file(config, path, is_even ? SEAMS_DIRECT : 0);
	if (status == INVALID)
		status = make_file(config, path, 0);
	if (status == OK)
		return files->sync_folder(files->self, config->folder);
	(void)files->unlink(files->self, path); /* give back what was taken of a full disk */
	return status;
}

/* ---- meta ---- */

/* The second only when the first is durable: at any moment one of them is whole. */
static enum status write_slots(struct wal *wal, const char *slot, uint32_t len)
{
	const struct seams_files *files = wal->config.files;
	for (uint64_t i = 0; i < 2; i++) {
		TRY(files->write(files->self, wal->meta_file, slot, len, i * META_SLOT));
		TRY(files->sync(files->self, wal->meta_file));
	}
	return OK;
}

/* Whole for once, so that no later one needs room: a vote and a term have to be kept on a full disk, too. */
enum status wal_write_meta(struct wal *wal, struct fault *why)
{
	char *slot = mem_zalloc(META_SLOT);
	wal->meta.sequence++;
	uint32_t len = meta_encode(&wal->meta, slot);
	enum status status = write_slots(wal, slot, wal->has_meta_room ? len : META_SLOT);
	if (status == FULL &&
	    !wal->has_meta_room) /* an older release's: there may be room for this */
		status = write_slots(wal, slot, len);
	else if (status == OK)
		wal->has_meta_room = true;
	mem_free(slot);
	return status == OK ? OK : wal_fault(why, status, "meta", "cannot be written");
}

/* ---- segments ---- */

/* Opens an existing spare as the file to come, or makes a file: *out_written bytes of it the disk has been given before. */
static enum status open_fresh(struct wal *wal, const char *path, uint64_t need,
			      struct seams_file **out, uint64_t *out_written)
{
	const struct seams_files *files = wal->config.files;
	uint32_t flags = SEAMS_READ | SEAMS_WRITE;
	if (wal->spares.len > 0 && need <= wal->config.segment_bytes) {
		char spare[WAL_PATH];
		wal_path(&wal->config, spare, WAL_SPARE_NAME, wal->spares.at[0]);
		TRY(files->rename(files->self, spare, path));
		vec_remove(&wal->spares, 0);
		*out_written = wal->config.segment_bytes;
		return files->open(files->self, path, flags, 0600, out);
	}
	*out_written = 0;
	TRY(files->open(files->self, path, flags | SEAMS_CREATE | SEAMS_TRUNCATE, 0600, out));
	return files->reserve(files->self, *out, need);
}

static enum status write_header(struct wal *wal, struct seams_file *file, struct segment *segment)
{
	const struct seams_files *files = wal->config.files;
	char header[SEGMENT_HEADER];
	TRY(files->size(files->self, file, &segment->size_bytes));
	segment_header_encode(&(struct segment_header){ segment->sequence, segment->size_bytes },
			      wal->meta.salt, header);
	TRY(files->write(files->self, file, header, sizeof header, 0));
	TRY(files->sync(files->self, file));
	return files->sync_folder(files->self, wal->config.folder);
}

enum status wal_roll(struct wal *wal, uint64_t need, struct fault *why)
{
	char path[WAL_PATH];
	struct segment segment = { .sequence = wal->next_segment++ };
	struct seams_file *file = NULL;
	uint64_t written = 0;
	wal_append_close(wal);
	if (need < wal->config.segment_bytes)
		need = wal->config.segment_bytes;
	wal_path(&wal->config, path, WAL_SEGMENT_NAME, segment.sequence);
	enum status status = open_fresh(wal, path, need, &file, &written);
	if (status == OK)
		status = write_header(wal, file, &segment);
	if (file)
		wal->config.files->close(wal->config.files->self, file);
	if (status == OK)
		status = wal_append_open(wal, &segment, SEGMENT_HEADER, written);
	if (status != OK)
		return wal_fault(why, status, path, "a new segment cannot be made");
	vec_push(&wal->segments, segment);
	return OK;
}

enum status wal_recycle(struct wal *wal, uint64_t sequence)
{
	const struct seams_files *files = wal->config.files;
	char path[WAL_PATH], spare[WAL_PATH];
	struct seams_stat stat;
	wal_path(&wal->config, path, WAL_SEGMENT_NAME, sequence);
	TRY(files->stat(files->self, path, &stat));
	if (wal->spares.len >= SPARES_KEPT || stat.size_bytes != wal->config.segment_bytes)
		return files->unlink(files->self, path);
	wal_path(&wal->config, spare, WAL_SPARE_NAME, wal->next_spare);
	TRY(files->rename(files->self, path, spare));
	vec_push(&wal->spares, wal->next_spare);
	wal->next_spare += 2;
	return OK;
}

/* Segments before `first` are dead: meta says so first, so that a crash between leaves nothing that looks alive. */
static enum status drop_before(struct wal *wal, uint64_t first, struct fault *why)
{
	wal->meta.first_segment = first;
	TRY(wal_write_meta(wal, why));
	while (wal->segments.len > 0 && wal->segments.at[0].sequence < first) {
		enum status status = wal_recycle(wal, wal->segments.at[0].sequence);
		if (status != OK)
			return wal_fault(why, status, "segment", "cannot be recycled");
		vec_remove(&wal->segments, 0);
	}
	return OK;
}

/* ---- entries ---- */

static void encode_entry(struct wal *wal, const struct entry *entry, char *out)
{
	struct record record = { .segment = wal->segments.at[wal->segments.len - 1].sequence,
				 .index = entry->index,
				 .term = entry->term,
				 .kind = entry->kind,
				 .write_at = (uint32_t)wal->offset,
				 .committed = wal->committed,
				 .payload = entry_payload(entry) };
	record_encode(&record, wal->meta.salt, out);
}

static uint64_t room(const struct wal *wal)
{
	return wal->segments.at[wal->segments.len - 1].size_bytes - wal->offset;
}

/* How many of the entries go into one write: what fits the segment and the buffer, and how many bytes. */
static uint32_t fit(const struct wal *wal, struct entry *const *entries, uint32_t count,
		    uint64_t *out_bytes)
{
	uint32_t taken = 0;
	*out_bytes = 0;
	while (taken < count) {
		uint64_t size = record_size(entries[taken]->len);
		if (*out_bytes + size > room(wal) ||
		    (taken > 0 && *out_bytes + size > WAL_WRITE_BYTES))
			break;
		*out_bytes += size;
		taken++;
	}
	return taken;
}

static enum status write_once(struct wal *wal, struct entry *const *entries, uint32_t count,
			      uint64_t bytes)
{
	struct segment *segment = &wal->segments.at[wal->segments.len - 1];
	char *room = wal_append_room(wal, bytes);
	uint64_t at = 0;
	for (uint32_t i = 0; i < count; i++) {
		encode_entry(wal, entries[i], room + at);
		at += record_size(entries[i]->len);
		if (entries[i]->index > segment->last_index)
			segment->last_index = entries[i]->index;
	}
	assert(at == bytes);
	return wal_append(wal, bytes);
}

static enum status write_entries(struct wal *wal, struct entry *const *entries, uint32_t count,
				 struct fault *why)
{
	while (count > 0) {
		uint64_t bytes;
		uint32_t taken = fit(wal, entries, count, &bytes);
		if (taken == 0) {
			TRY(wal_roll(wal, SEGMENT_HEADER + record_size(entries[0]->len), why));
			continue;
		}
		enum status status = write_once(wal, entries, taken, bytes);
		if (status != OK)
			return wal_fault(why, status, "segment", "cannot be written");
		entries += taken;
		count -= taken;
	}
	return OK;
}

/* ---- work ---- */

static void keep_base(struct wal *wal, const struct wal_base *base)
{
	char *members = base->members.len > 0 ? mem_copy(base->members.at, base->members.len) : NULL;
	mem_free(wal->members);
	wal->members = members;
	wal->meta.base = *base;
	wal->meta.base.members.at = members;
}

static enum status do_base(struct wal *wal, const struct wal_work *work, struct fault *why)
{
	keep_base(wal, &work->base);
	if (work->is_reset) {
		TRY(wal_roll(wal, 0, why));
		return drop_before(wal, wal->segments.at[wal->segments.len - 1].sequence, why);
	}
	uint32_t dead = 0;
	while (dead + 1 < wal->segments.len && wal->segments.at[dead].last_index <= work->base.index)
		dead++;
	return drop_before(wal, wal->segments.at[dead].sequence, why);
}

static enum status work_on(struct wal *wal, struct wal_work *work)
{
	for (uint32_t i = 0; i < work->spares.len; i++)
		vec_push(&wal->spares, work->spares.at[i]);
	if (work->has_meta) {
		wal->meta.term = work->term;
		wal->meta.vote = work->vote;
	}
	/* The term before entries of it. */
	if (work->has_base)
		TRY(do_base(wal, work, &work->why));
	else if (work->has_meta)
		TRY(wal_write_meta(wal, &work->why));
	const struct seams_clock *clock = wal->config.clock;
	struct mono before = clock ? clock->mono(clock->self) : (struct mono){ 0 };
	wal->committed = work->committed;
	TRY(write_entries(wal, work->entries.at, work->entries.len, &work->why));
	if (clock && work->entries.len > 0)
		work->sync_us = (uint32_t)((clock->mono(clock->self).ns - before.ns) / TIME_US);
	return OK;
}

void wal_run(struct wal *wal, struct wal_work *work)
{
	work->status = wal->is_failed ? fault_set(&work->why, IO, "", "the log failed before")
				      : work_on(wal, work);
	if (work->status != OK)
		wal->is_failed = true; /* what is on disk is not known any more */
	work->spare_count = wal->spares.len;
	work->is_filling = wal_is_filling(wal);
}

bool wal_work_is_brief(const struct wal_work *work)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < work->entries.len; i++)
		bytes += work->entries.at[i]->len;
	return !work->has_meta && !work->has_base && work->spares.len == 0 && bytes <= BRIEF_BYTES;
}

void wal_work_fini(struct wal_work *work)
{
	vec_fini(&work->entries);
	vec_fini(&work->spares);
}

uint32_t wal_spare_count(const struct wal *wal)
{
	return wal->spares.len;
}

bool wal_is_filling(const struct wal *wal)
{
	return wal->offset > wal->config.segment_bytes / WAL_FILLING;
}

uint32_t wal_next_spare(const struct wal *wal)
{
	return wal->next_spare + 1;
}

void wal_close(struct wal *wal)
{
	if (!wal)
		return;
	const struct seams_files *files = wal->config.files;
	wal_append_close(wal);
	if (wal->meta_file)
		files->close(files->self, wal->meta_file);
	vec_fini(&wal->segments);
	vec_fini(&wal->spares);
	mem_free(wal->members);
	mem_free(wal->buffer_memory);
	mem_free(wal);
}
