/*
 * SQLite's own log in memory; on the disk is what a checkpoint needs, and no more.
 *
 * The table is written behind the log of the members: what it loses with its process comes again from there. So SQLite's log has no need of a
 * disk until a checkpoint moves pages from it into the database. Then (vfs_log_sync):
 *   1. Pages that the database on the disk does not have, or does not use, are written to their places, once for all: who comes after a
 *      crash does not look there. The disk has them before the next step.
 *   2. The others are overwritten by the checkpoint, so their latest versions go into a file first, in SQLite's own format, with
 *      one commit. The disk has it before the checkpoint goes on.
 * After a crash SQLite, of whatever release, finds that file, or none that is whole: the state of this checkpoint or of the one before. It
 * is written anew from its beginning only when the database has all that it says (`is_settled`); before, it is written on.
 *
 * Belongs to vfs.c, one for each database. Any thread; the sync of one checkpoint at a time. Bounded: what is beyond VFS_LOG_BYTES lies in a
 * file beside the database that nobody reads after a crash.
 */
#ifndef DATASTORE_TABLE_VFS_LOG_H
#define DATASTORE_TABLE_VFS_LOG_H

#include "runtime/actor/seams.h"
#include "runtime/base/status.h"

#define VFS_LOG_BYTES (8U * MIB)

struct vfs_log;

/* Reads what a crash left beside the database. */
MUST_USE enum status vfs_log_open(const struct seams_files *files, const struct seams_random *random,
				  const char *database, struct vfs_log **out);
void vfs_log_close(TAKE struct vfs_log *log); /* NULL is fine */

uint64_t vfs_log_size(struct vfs_log *log);
/* As the seam's: fewer only at the end. */
MUST_USE enum status vfs_log_read(struct vfs_log *log, void *at, size_t len, uint64_t offset,
				  size_t *out_len);
MUST_USE enum status vfs_log_write(struct vfs_log *log, const void *at, size_t len, uint64_t offset);
/* To nothing: the database has it all. */
MUST_USE enum status vfs_log_empty(struct vfs_log *log);
/* The file, too. */
MUST_USE enum status vfs_log_remove(struct vfs_log *log);

/* A checkpoint begins: SQLite has published so many frames, after which the database has so many pages. */
MUST_USE enum status vfs_log_sync(struct vfs_log *log, uint32_t frames, uint32_t pages);
/* The checkpoint writes these bytes to the database: true if they, or newer ones, are there already. */
bool vfs_log_has_placed(struct vfs_log *log, uint64_t offset, size_t len);
/* A checkpoint that moved everything has ended, and the disk has the database. */
void vfs_log_settle(struct vfs_log *log);

#endif
