/* The inside of the VFS: files (vfs.c) and what their connections share (vfs-share.c). */
#ifndef DATASTORE_TABLE_VFS_PRIVATE_H
#define DATASTORE_TABLE_VFS_PRIVATE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "datastore/table/vfs-log.h"
#include "datastore/table/vfs.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/vec.h"

#define VFS_PATH_MAX 512

/* What the connections to one database file share; counted by open main files. */
struct vfs_share {
	struct list link; /* in vfs.shares */
	char *path;
	uint32_t refs;
	/* SQLite's five lock levels on the main file. */
	uint32_t shared;
	struct vfs_file *reserved, *pending, *exclusive;
	/* The write-ahead log's index and its locks. */
	struct vfs_log *log; /* NULL: nobody has opened it, or it is kept on the disk */
	VEC(void *) regions;
	uint32_t mapped; /* files that use it */
	uint32_t slot_shared[SQLITE_SHM_NLOCK];
	struct vfs_file *slot_exclusive[SQLITE_SHM_NLOCK];
};

struct vfs {
	sqlite3_vfs base;
	char name[32];
	const struct seams_files *files;
	const struct seams_random *random;
	pthread_mutex_t mutex; /* over shares and everything in them */
	struct list shares;
	bool has_logs_in_memory;
};

struct vfs_file {
	sqlite3_file base;
	struct vfs *vfs;
	struct seams_file *file;
	struct vfs_share *share; /* of a main file; else NULL */
	struct vfs_share *
	    of; /* of a log in memory: the share that it belongs to, and there is no file; else NULL */
	int level; /* SQLITE_LOCK_ */
	bool is_mapped;
	uint32_t slots_shared; /* bits: which slots this file holds */
	bool is_new;           /* its name is not durable yet */
	bool is_gone_at_close;
	char path[VFS_PATH_MAX];
};

/* Of the database whose log that is: NULL if nobody has it open. */
struct vfs_share *vfs_share_of_log(struct vfs *vfs, const char *path);
/* As SQLite has published it: so many frames, after which the database has so many pages. BUSY: it is just doing so. */
MUST_USE enum status vfs_share_published(struct vfs *vfs, const struct vfs_share *share,
					 uint32_t *frames, uint32_t *pages);
void vfs_share_join(struct vfs_file *file);
void vfs_share_leave(struct vfs_file *file);

int vfs_lock(sqlite3_file *base, int level);
int vfs_unlock(sqlite3_file *base, int level);
int vfs_check_reserved_lock(sqlite3_file *base, int *out);
int vfs_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out);
int vfs_shm_lock(sqlite3_file *base, int offset, int count, int flags);
void vfs_shm_barrier(sqlite3_file *base);
int vfs_shm_unmap(sqlite3_file *base, int is_delete);

#endif
