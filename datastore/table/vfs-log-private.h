/* What vfs-log.c (what is in memory) and vfs-log-sync.c (what goes to the disk) share. */
#ifndef DATASTORE_TABLE_VFS_LOG_PRIVATE_H
#define DATASTORE_TABLE_VFS_LOG_PRIVATE_H

#include <pthread.h>

#include "datastore/table/vfs-log.h"
#include "runtime/base/base.h"

/* SQLite's file format, section 4: its numbers have their highest byte first. */
#define LOG_HEADER 32U
#define LOG_FRAME_HEADER 24U

struct vfs_log {
	const struct seams_files *files;
	const struct seams_random *random;
	char *database_path, *path, *spill_path;

	/* What SQLite wrote and reads, as it sees it. */
	pthread_mutex_t mutex;
	VEC(char *) chunks;
	uint64_t size;
	struct seams_file *spill; /* what is beyond VFS_LOG_BYTES; NULL: nothing was yet */
	uint32_t page_bytes;      /* 0: it has no header */

	/*
	 * What is on the disk. `flushed` frames of those above are. is_found: the file is one that a crash left, and how much of it is whole
	 * SQLite has yet to show.
	 */
	bool is_settled, is_found;
	uint32_t flushed, flushed_pages;
	struct seams_file *file, *database; /* opened when they are needed */
	bool is_new;                        /* its name is not durable yet */
	uint64_t file_end;                  /* where the next frame goes */
	uint64_t file_bytes;                /* how long it has been */
	char salts[8];
	uint32_t sums[2];     /* of all before file_end */
	bool is_big;          /* the words that are summed have their highest byte first */
	VEC(uint32_t) placed; /* pages, in order */
};

static inline uint32_t vfs_log_get(const char *at)
{
	return (uint32_t)(uint8_t)at[0] << 24 | (uint32_t)(uint8_t)at[1] << 16 |
	       (uint32_t)(uint8_t)at[2] << 8 | (uint8_t)at[3];
}

static inline char *vfs_log_put(char *at, uint32_t value)
{
	for (uint32_t i = 0; i < 4; i++)
		*at++ = (char)(value >> (24 - 8 * i));
	return at;
}

/* Frames count from 1. */
static inline uint64_t vfs_log_frame_at(const struct vfs_log *log, uint32_t number)
{
	return LOG_HEADER + (uint64_t)(number - 1) * (LOG_FRAME_HEADER + log->page_bytes);
}

/* The file goes on behind the first `frames` of what was found. */
MUST_USE enum status vfs_log_go_on(struct vfs_log *log, uint32_t frames);
/* With the mutex held. */
MUST_USE enum status vfs_log_copy_out(struct vfs_log *log, char *at, size_t len, uint64_t offset);

#endif
