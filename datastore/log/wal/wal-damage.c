/*
 * Damage on purpose: what a disk does that forgets a sector long after it was written.
 */
#include "datastore/log/wal/wal-private.h"

#define LOOK_BYTES (4U * MIB) /* from the segment's beginning: two of the longest writes fit */

struct looking {
	const char *bytes;
	uint32_t first_write, records;
	uint64_t at; /* of the first record's first byte; 0: none was found */
	bool has_later_write;
};

static enum status look_at(void *arg, const struct record *record)
{
	struct looking *looking = arg;
	if (looking->at == 0) {
		looking->at = (uint64_t)(record->payload.at - looking->bytes) - RECORD_HEADER;
		looking->first_write = record->write_at;
	}
	/* The log writes its last block as a whole, and would mend it there. */
	looking->has_later_write |=
	    record->write_at != looking->first_write && record->write_at >= SEAMS_DIRECT_BYTES;
	return OK;
}

static void note_segment(void *arg, struct str name)
{
	uint64_t *newest = arg, number;
	if (wal_number_in(name, "segment-", 16, &number) && number > *newest)
		*newest = number;
}

/* The log's own salt, of whichever copy of meta is whole at this moment. */
static enum status read_salt(const struct wal_config *config, uint32_t *out)
{
	const struct seams_files *files = config->files;
	char path[WAL_PATH];
	struct seams_file *file;
	struct meta meta;
	size_t len;
	wal_path(config, path, WAL_META_NAME, WAL_VERSION);
	TRY(files->open(files->self, path, SEAMS_READ, 0, &file));
	char *slots = mem_zalloc(2 * META_SLOT);
	enum status status = files->read(files->self, file, slots, 2 * META_SLOT, 0, &len);
	files->close(files->self, file);
	if (status == OK && meta_decode(slots, &meta) != OK)
		status = meta_decode(slots + META_SLOT, &meta);
	if (status == OK)
		*out = meta.salt;
	mem_free(slots);
	return status;
}

static enum status flip_bit(const struct seams_files *files, struct seams_file *file, uint64_t at)
{
	char byte;
	size_t len;
	TRY(files->read(files->self, file, &byte, 1, at, &len));
	byte ^= 1;
	TRY(files->write(files->self, file, &byte, 1, at));
	return files->sync(files->self, file);
}

static enum status damage(const struct wal_config *config, struct seams_file *file,
			  uint64_t segment, uint32_t salt)
{
	const struct seams_files *files = config->files;
	char *bytes = mem_alloc(LOOK_BYTES);
	struct looking looking = { .bytes = bytes };
	size_t len = 0;
	uint64_t end;
	bool is_dirty;
	enum status status = files->read(files->self, file, bytes, LOOK_BYTES, 0, &len);
	/* What the walk says of its end does not matter: that is where the log goes on just now. */
	if (status == OK)
		(void)!segment_walk(str_of(bytes, (uint32_t)len), segment, salt, look_at, &looking,
				    &end, &is_dirty);
	if (status == OK)
		status = looking.has_later_write
			     ? flip_bit(files, file, looking.at + RECORD_HEADER - 8)
			     : NOT_FOUND;
	mem_free(bytes);
	return status;
}

enum status wal_damage(const struct wal_config *config, struct fault *why)
{
	const struct seams_files *files = config->files;
	char path[WAL_PATH];
	struct seams_file *file;
	uint64_t newest = 0;
	uint32_t salt = 0;
	enum status status = files->list(files->self, config->folder, note_segment, &newest);
	if (status == OK)
		status = read_salt(config, &salt);
	wal_path(config, path, WAL_SEGMENT_NAME, newest);
	if (status == OK)
		status = files->open(files->self, path, SEAMS_READ | SEAMS_WRITE, 0, &file);
	if (status != OK)
		return wal_fault(why, status, path, "cannot be damaged");
	status = damage(config, file, newest, salt);
	files->close(files->self, file);
	if (status == NOT_FOUND)
		return fault_set(why, NOT_FOUND, "",
				 "%s: too little is in it: what is damaged must have a later write "
				 "behind it, else it would be taken for a torn tail",
				 path);
	return status == OK ? OK : wal_fault(why, status, path, "cannot be damaged");
}
