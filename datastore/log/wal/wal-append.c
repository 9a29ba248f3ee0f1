/*
 * The end of the log: how what is encoded gets onto the disk.
 *
 * Past the machine's cache of files, in whole blocks, by a write that is durable as it returns: one call, and nothing is copied. The last
 * block is not full as a rule; its beginning is kept and written again with what follows it. That is what the cache would do,
 * too, and the bytes are the same, so a block that is torn holds them in either state. What is behind the end of the block is zeros.
 *
 * A file system keeps of room that was only reserved that nobody has written there, and each first write changes that: several more
 * writes to the disk for one of ours. So zeros go ahead of the records, many at once, where no spare was there to begin with.
 */
#include <assert.h>

#include "datastore/log/wal/wal-private.h"

#define BLOCK ((uint64_t)SEAMS_DIRECT_BYTES)

static uint64_t blocks_of(uint64_t bytes)
{
	return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

/* Of the last block, which is not full. */
static uint64_t kept(const struct wal *wal)
{
	return wal->is_direct ? wal->offset % BLOCK : 0;
}

char *wal_append_room(struct wal *wal, uint64_t bytes)
{
	uint64_t need = blocks_of(kept(wal) + bytes);
	if (need > wal->buffer_cap) {
		char *memory = mem_alloc(need + BLOCK);
		char *buffer = memory + (BLOCK - (uintptr_t)memory % BLOCK);
		if (wal->buffer)
			memcpy(buffer, wal->buffer, kept(wal));
		mem_free(wal->buffer_memory);
		wal->buffer_memory = memory;
		wal->buffer = buffer;
		wal->buffer_cap = need;
	}
	return wal->buffer + kept(wal);
}

void wal_append_close(struct wal *wal)
{
	if (wal->current)
		wal->config.files->close(wal->config.files->self, wal->current);
	wal->current = NULL;
}

static enum status open_current(struct wal *wal, const char *path, uint32_t flags)
{
	const struct seams_files *files = wal->config.files;
	wal_append_close(wal);
	return files->open(files->self, path, SEAMS_READ | SEAMS_WRITE | SEAMS_THROUGH | flags,
			   0600, &wal->current);
}

/* The last block as it is on the disk. Written again as it was found: a disk for which our blocks are too small says so now. */
static enum status take_last_block(struct wal *wal)
{
	const struct seams_files *files = wal->config.files;
	uint64_t at = wal->offset - kept(wal);
	size_t len;
	char *block = wal_append_room(wal, BLOCK - kept(wal)) - kept(wal);
	TRY(files->read(files->self, wal->current, block, BLOCK, at, &len));
	if (len != BLOCK)
		return at + len == wal->offset ? OK : IO; /* the segment is full to its end */
	TRY(files->write(files->self, wal->current, block, BLOCK, at));
	return files->sync(files->self, wal->current);
}

enum status wal_append_open(struct wal *wal, const struct segment *segment, uint64_t offset,
			    uint64_t written)
{
	char path[WAL_PATH];
	wal_path(&wal->config, path, WAL_SEGMENT_NAME, segment->sequence);
	wal->offset = offset;
	wal->written = written > blocks_of(offset) ? written : blocks_of(offset);
	wal->is_direct = segment->size_bytes % BLOCK == 0;
	if (wal->is_direct) {
		enum status status = open_current(wal, path, SEAMS_DIRECT);
		if (status == OK)
			status = take_last_block(wal);
		if (status != INVALID)
			return status;
		wal->is_direct = false;
	}
	return open_current(wal, path, 0);
}

/* For blocks up to `end`, which are less than the zeros. */
static enum status write_zeros(struct wal *wal, uint64_t end)
{
	const struct seams_files *files = wal->config.files;
	uint64_t room = wal->segments.at[wal->segments.len - 1].size_bytes - wal->written;
	if (end <= wal->written)
		return OK;
	uint64_t len = room < WAL_ZEROS_BYTES ? room : WAL_ZEROS_BYTES;
	TRY(files->write(files->self, wal->current, wal_zeros(), len, wal->written));
	wal->written += len;
	return OK;
}

static enum status append_blocks(struct wal *wal, uint64_t bytes)
{
	const struct seams_files *files = wal->config.files;
	uint64_t end = kept(wal) + bytes, len = blocks_of(end), at = wal->offset - kept(wal);
	memset(wal->buffer + end, 0, len - end);
	if (len < WAL_ZEROS_BYTES)
		TRY(write_zeros(wal, at + len));
	TRY(files->write(files->self, wal->current, wal->buffer, len, at));
	if (wal->written < at + len)
		wal->written = at + len;
	wal->offset += bytes;
	memmove(wal->buffer, wal->buffer + (end - kept(wal)), kept(wal));
	return OK;
}

enum status wal_append(struct wal *wal, uint64_t bytes)
{
	const struct seams_files *files = wal->config.files;
	if (wal->is_direct) {
		TRY(append_blocks(wal, bytes));
	} else {
		TRY(files->write(files->self, wal->current, wal->buffer, bytes, wal->offset));
		wal->offset += bytes;
	}
	return files->sync(files->self, wal->current);
}
