/*
 * Opening a log: which files are there, what they hold, and whether that can be true.
 */
#include <stdio.h>

#include "datastore/log/wal/wal-private.h"

#define READ_BYTES (1U * MIB)
/* Of the longest write, twice: all that a torn one can have left, or a damaged record and an intact one of the write behind it. */
#define BEHIND_BYTES \
	(2U * (LIMIT_ENTRY_BYTES > WAL_WRITE_BYTES ? LIMIT_ENTRY_BYTES : WAL_WRITE_BYTES))

struct opening {
	struct wal *wal;
	struct wal_found *found;
	struct fault *why;
	uint64_t last;      /* index of the log so far */
	uint64_t committed; /* the highest hint */
	uint64_t segment;   /* being walked */
	uint64_t highest;   /* index in it */
};

static enum status damaged(struct opening *opening, const char *format, uint64_t a, uint64_t b)
{
	char text[200];
	snprintf(text, sizeof text, format, a, b);
	return fault_set(opening->why, CORRUPT, "",
			 "%s/segment-%016" PRIx64
			 ": %s; this member must return under a new id, with an empty folder",
			 opening->wal->config.folder, opening->segment, text);
}

/* ---- files ---- */

bool wal_number_in(struct str name, const char *prefix, uint32_t base, uint64_t *out)
{
	struct str start = str_from(prefix);
	uint64_t number = 0;

	if (!str_starts(name, start) || name.len == start.len)
		return false;
	for (uint32_t i = start.len; i < name.len; i++) {
		char c = name.at[i];
		uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
				 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
							: UINT32_MAX;

		if (digit >= base || number > (UINT64_MAX - digit) / base)
			return false;
		number = number * base + digit;
	}
	*out = number;
	return true;
}

static void note_name(void *arg, struct str name)
{
	struct wal *wal = arg;
	uint64_t number;
	if (wal_number_in(name, "segment-", 16, &number)) {
		vec_push(&wal->segments, (struct segment){ .sequence = number });
		if (number >= wal->next_segment)
			wal->next_segment = number + 1;
	} else if (wal_number_in(name, "spare-", 10, &number)) {
		vec_push(&wal->spares, (uint32_t)number);
		if (number >= wal->next_spare)
			wal->next_spare = ((uint32_t)number | 1) + 1; /* even, wal.h */
	}
}

/* One of another size is of another setting, or was not finished. */
static enum status check_spares(struct wal *wal)
{
	const struct seams_files *files = wal->config.files;
	for (uint32_t i = 0; i < wal->spares.len;) {
		char path[WAL_PATH];
		struct seams_stat stat;
		wal_path(&wal->config, path, WAL_SPARE_NAME, wal->spares.at[i]);
		TRY(files->stat(files->self, path, &stat));
		if (stat.size_bytes == wal->config.segment_bytes) {
			i++;
			continue;
		}
		TRY(files->unlink(files->self, path));
		vec_remove(&wal->spares, i);
	}
	return OK;
}

static enum status make_folder(const struct wal_config *config)
{
	const struct seams_files *files = config->files;
	enum status status = files->mkdir(files->self, config->folder, 0700);
	if (status == EXISTS)
		return OK;
	TRY(status);
	/* Its name is in the folder above. */
	struct str folder = str_from(config->folder);
	int64_t slash = str_find_last(folder, '/');
	char above[WAL_PATH];
	snprintf(above, sizeof above, "%.*s", slash > 0 ? (int)slash : 1,
		 slash >= 0 ? folder.at : ".");
	return files->sync_folder(files->self, above);
}

/* ---- meta ---- */

static enum status new_meta(struct wal *wal, struct wal_found *found, struct fault *why)
{
	const struct seams_random *random = wal->config.random;
	uint64_t id = 0;
	uint32_t salt;
	while (id == 0) {
		random->fill(random->self, &id, sizeof id);
		id >>= 2; /* positive in any language, and far from every edge */
	}
	random->fill(random->self, &salt, sizeof salt);
	wal->meta = (struct meta){ .id = id, .first_segment = 1, .salt = salt };
	found->is_new = true;
	TRY(wal_write_meta(wal, why));
	return wal->config.files->sync_folder(wal->config.files->self, wal->config.folder);
}

static enum status read_slot(struct wal *wal, uint64_t number, char slot[META_SLOT],
			     struct meta *out, enum status *outcome)
{
	const struct seams_files *files = wal->config.files;
	size_t len;
	memset(slot, 0, META_SLOT);
	TRY(files->read(files->self, wal->meta_file, slot, META_SLOT, number * META_SLOT, &len));
	*outcome = meta_decode(slot, out);
	return OK;
}

static enum status adopt_meta(struct wal *wal, const struct meta *meta)
{
	struct str members = meta->base.members;
	wal->meta = *meta;
	wal->members = members.len > 0 ? mem_copy(members.at, members.len) : NULL;
	wal->meta.base.members.at = wal->members;
	if (wal->meta.first_segment > wal->next_segment)
		wal->next_segment = wal->meta.first_segment;
	return OK;
}

static enum status read_meta(struct wal *wal, struct wal_found *found, struct fault *why)
{
	struct meta meta[2];
	enum status outcome[2];
	char *slots = mem_alloc(2 * META_SLOT);
	enum status status = OK;
	uint64_t size = 0;
	status = wal->config.files->size(wal->config.files->self, wal->meta_file, &size);
	wal->has_meta_room = size >= 2 * (uint64_t)META_SLOT;
	for (uint64_t i = 0; i < 2 && status == OK; i++)
		status = read_slot(wal, i, slots + i * META_SLOT, &meta[i], &outcome[i]);
	if (status != OK)
		status = wal_fault(why, status, "meta", "cannot be read");
	else if (outcome[0] == NOT_IMPLEMENTED || outcome[1] == NOT_IMPLEMENTED)
		status = fault_set(why, NOT_IMPLEMENTED, "",
				   "%s/meta-1 was written by a newer version", wal->config.folder);
	else if (outcome[0] == OK && (outcome[1] != OK || meta[0].sequence >= meta[1].sequence))
		status = adopt_meta(wal, &meta[0]);
	else if (outcome[1] == OK)
		status = adopt_meta(wal, &meta[1]);
	else if (wal->segments.len == 0) /* not finished: nobody was ever told this id */
		status = new_meta(wal, found, why);
	else
		status = fault_set(why, CORRUPT, "", "%s/meta-1: both copies are damaged",
				   wal->config.folder);
	mem_free(slots);
	return status;
}

/* ---- segments ---- */

static void forget_from(struct wal_found *found, uint64_t index)
{
	while (found->entries.len > 0 && found->entries.at[found->entries.len - 1]->index >= index)
		entry_unref(vec_pop(&found->entries));
}

static enum status take_record(void *arg, const struct record *record)
{
	struct opening *opening = arg;
	struct wal_found *found = opening->found;
	uint64_t base = opening->wal->meta.base.index;
	if (record->index > opening->highest)
		opening->highest = record->index;
	if (record->committed > opening->committed)
		opening->committed = record->committed;
	if (record->index > opening->last + 1)
		return damaged(opening, "entry %" PRIu64 " follows entry %" PRIu64, record->index,
			       opening->last);
	forget_from(found, record->index);
	if (record->index <= base) {
		opening->last = base;
		return OK;
	}
	/* What follows the base directly is looked at in the end: it may be replaced by a later record. */
	uint32_t kept = found->entries.len;
	uint64_t last_term = kept > 0 ? found->entries.at[kept - 1]->term : 0;
	if (record->term < last_term)
		return damaged(opening, "entry of term %" PRIu64 " follows one of term %" PRIu64,
			       record->term, last_term);
	vec_push(&found->entries,
		 entry_new(record->index, record->term, record->kind, record->payload));
	opening->last = record->index;
	return OK;
}

static bool is_zero(const char *bytes, size_t len)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/*
 * One piece. What is behind the records is mostly zeros, as `bytes` are: those are looked at in one place (`scratch`, of READ_BYTES)
 * and not kept, since memory that nobody has touched costs nothing.
 */
static enum status read_piece(const struct opening *opening, struct seams_file *file, char *bytes,
			      uint64_t offset, size_t piece, char *scratch)
{
	const struct seams_files *files = opening->wal->config.files;
	char *to = scratch != NULL ? scratch : bytes + offset;
	size_t len;

	TRY(files->read(files->self, file, to, piece, offset, &len));
	if (len != piece)
		return IO;
	if (scratch != NULL && !is_zero(scratch, piece))
		memcpy(bytes + offset, scratch, piece);
	return OK;
}

/* Not all of it: a new segment is 64 MiB of which little is written. `bytes` are zero. */
static enum status read_records(struct opening *opening, const struct segment *segment,
				struct seams_file *file, char *bytes, size_t *out_len)
{
	char *scratch = mem_alloc(READ_BYTES);
	uint64_t have = 0, reach = 1, wanted = READ_BYTES;
	enum status status = OK;
	while (status == OK && have < segment->size_bytes && have < wanted) {
		size_t piece = segment->size_bytes - have < READ_BYTES
				   ? (size_t)(segment->size_bytes - have)
				   : READ_BYTES;
		status =
		    read_piece(opening, file, bytes, have, piece, have < reach ? NULL : scratch);
		have += piece;
		reach = segment_reach(str_of(bytes, (size_t)have), segment->sequence);
		wanted = reach + BEHIND_BYTES;
	}
	mem_free(scratch);
	*out_len = (size_t)have;
	return status;
}

static enum status walk(struct opening *opening, struct segment *segment, struct seams_file *file,
			bool is_last)
{
	struct wal *wal = opening->wal;
	const struct seams_files *files = wal->config.files;
	struct segment_header header = { 0 };
	size_t len = 0;
	uint64_t end;
	bool is_dirty;
	TRY(files->size(files->self, file, &segment->size_bytes));
	if (is_last && segment->size_bytes < SEGMENT_HEADER) {
		wal->offset = 0; /* begun and no further: drop_begun */
		return OK;
	}
	if (segment->size_bytes < SEGMENT_HEADER || segment->size_bytes > UINT32_MAX)
		return damaged(opening, "has %" PRIu64 " bytes", segment->size_bytes, 0);
	char *bytes = mem_zalloc(segment->size_bytes);
	opening->segment = segment->sequence;
	opening->highest = 0;
	enum status status = read_records(opening, segment, file, bytes, &len);
	if (status == OK)
		status = segment_walk(str_of(bytes, len), segment->sequence, wal->meta.salt,
				      take_record, opening, &end, &is_dirty);
	if (status == CORRUPT && (!opening->why || opening->why->status != CORRUPT))
		status = damaged(opening, "damaged at byte %" PRIu64 " of %" PRIu64, end, len);
	bool has_header = status == OK && segment_header_decode(bytes, wal->meta.salt, &header) &&
			  header.segment == segment->sequence;
	mem_free(bytes);
	TRY(status);
	segment->last_index = opening->highest;
	/* The header is durable before any record, so a segment without one holds nothing, or is damaged. */
	if (!has_header && (!is_last || end > SEGMENT_HEADER || is_dirty))
		return damaged(opening, "has no header", 0, 0);
	if (!is_last)
		return OK;
	wal->offset = has_header ? end : 0;
	if (!is_dirty)
		return OK;
	/* Of a write that was cut off: nothing of it may be met again behind what is written now. */
	opening->found->cut_bytes = segment->size_bytes - end;
	return wal_zero(&wal->config, file, end, segment->size_bytes);
}

static enum status open_segment(struct opening *opening, uint32_t at)
{
	struct wal *wal = opening->wal;
	const struct seams_files *files = wal->config.files;
	struct segment *segment = &wal->segments.at[at];
	bool is_last = at == wal->segments.len - 1;
	char path[WAL_PATH];
	struct seams_file *file;
	opening->segment = segment->sequence;
	if (segment->sequence != (at > 0 ? segment[-1].sequence + 1 : wal->meta.first_segment))
		return damaged(opening, "a segment is missing before it", 0, 0);
	wal_path(&wal->config, path, WAL_SEGMENT_NAME, segment->sequence);
	TRY(files->open(files->self, path, SEAMS_READ | SEAMS_WRITE, 0600, &file));
	enum status status = walk(opening, segment, file, is_last);
	/*
	 * A process that ended between a write and its sync left it in the system's memory, where we found it. Whoever opens the log may
	 * count on it from now on, and a write is begun only when the one before is durable.
	 */
	if (status == OK && is_last)
		status = files->sync(files->self, file);
	files->close(files->self, file);
	if (status == OK && is_last && wal->offset > 0)
		status = wal_append_open(wal, segment, wal->offset, segment->size_bytes);
	return status;
}

static enum status drop_dead(struct wal *wal)
{
	while (wal->segments.len > 0 && wal->segments.at[0].sequence < wal->meta.first_segment) {
		TRY(wal_recycle(wal, wal->segments.at[0].sequence));
		vec_remove(&wal->segments, 0);
	}
	return OK;
}

/* A segment that was begun and has no header yet is made again, under its own number. */
static enum status drop_begun(struct wal *wal)
{
	if (wal->current || wal->segments.len == 0)
		return OK;
	wal->next_segment = wal->segments.at[wal->segments.len - 1].sequence;
	TRY(wal_recycle(wal, wal->next_segment));
	(void)vec_pop(&wal->segments);
	return OK;
}

static enum status open_segments(struct wal *wal, struct wal_found *found, struct fault *why)
{
	struct opening opening = {
		.wal = wal, .found = found, .why = why, .last = wal->meta.base.index
	};
	TRY(drop_dead(wal));
	for (uint32_t i = 0; i < wal->segments.len; i++)
		TRY(open_segment(&opening, i));
	if (found->entries.len > 0 && found->entries.at[0]->term < wal->meta.base.term)
		return damaged(&opening, "term %" PRIu64 " follows term %" PRIu64,
			       found->entries.at[0]->term, wal->meta.base.term);
	/* What a torn write has not left cannot be given out. */
	found->committed = opening.committed < opening.last ? opening.committed : opening.last;
	TRY(drop_begun(wal));
	return wal->current ? OK : wal_roll(wal, 0, why);
}

/* As the newest segment: open_segment. */
static enum status make_durable(struct wal *wal)
{
	const struct seams_files *files = wal->config.files;
	TRY(files->sync(files->self, wal->meta_file));
	return files->sync_folder(files->self, wal->config.folder);
}

/* ---- all of it ---- */

static enum status open_all(struct wal *wal, struct wal_found *found, struct fault *why)
{
	const struct seams_files *files = wal->config.files;
	char path[WAL_PATH];
	TRY(make_folder(&wal->config));
	wal_path(&wal->config, path, WAL_META_NAME, WAL_VERSION);
	TRY(files->open(files->self, path, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_LOCK,
			0600, &wal->meta_file));
	TRY(files->list(files->self, wal->config.folder, note_name, wal));
	TRY(read_meta(wal, found, why));
	TRY(check_spares(wal));
	TRY(open_segments(wal, found, why));
	TRY(make_durable(wal));
	found->id = wal->meta.id;
	found->term = wal->meta.term;
	found->vote = wal->meta.vote;
	found->base = wal->meta.base;
	return OK;
}

enum status wal_open(const struct wal_config *config, struct wal **out, struct wal_found *found,
		     struct fault *why)
{
	struct fault local = { .status = OK };
	struct wal *wal = mem_new(struct wal);
	assert(config->segment_bytes >= WAL_SEGMENT_MIN);
	wal->config = *config;
	wal->next_segment = 1;
	wal->next_spare = 2;
	*found = (struct wal_found){ 0 };
	enum status status = open_all(wal, found, &local);
	if (status == OK) {
		*out = wal;
		return OK;
	}
	forget_from(found, 0);
	vec_fini(&found->entries);
	wal_close(wal);
	return fault_set(why, status, "", "%s",
			 local.status != OK ? local.text : status_text(status));
}
