#include <assert.h>
#include <string.h>

#include "datastore/table/vfs-private.h"
#include "runtime/base/mem.h"

static struct vfs_file *file_of(sqlite3_file *base)
{
	return (struct vfs_file *)(void *)base;
}

void vfs_share_join(struct vfs_file *file)
{
	struct vfs *vfs = file->vfs;
	pthread_mutex_lock(&vfs->mutex);
	list_each (&vfs->shares, link) {
		struct vfs_share *share = list_item(link, struct vfs_share, link);
		if (strcmp(share->path, file->path) == 0)
			file->share = share;
	}
	if (!file->share) {
		file->share = mem_new(struct vfs_share);
		file->share->path = mem_copy(file->path, strlen(file->path) + 1);
		list_push(&vfs->shares, &file->share->link);
	}
	file->share->refs++;
	pthread_mutex_unlock(&vfs->mutex);
}

static void free_regions(struct vfs_share *share)
{
	for (uint32_t i = 0; i < share->regions.len; i++)
		mem_free(share->regions.at[i]);
	vec_fini(&share->regions);
}

void vfs_share_leave(struct vfs_file *file)
{
	struct vfs *vfs = file->vfs;
	struct vfs_share *share = file->share;
	pthread_mutex_lock(&vfs->mutex);
	if (--share->refs == 0) {
		vfs_log_close(share->log);
		free_regions(share);
		list_remove(&share->link);
		mem_free(share->path);
		mem_free(share);
	}
	pthread_mutex_unlock(&vfs->mutex);
	file->share = NULL;
}

#define LOG_END "-wal"

struct vfs_share *vfs_share_of_log(struct vfs *vfs, const char *path)
{
	struct vfs_share *found = NULL;
	struct str name = str_from(path);
	if (!vfs->has_logs_in_memory || !str_ends(name, STR(LOG_END)))
		return NULL;
	name.len -= sizeof LOG_END - 1;
	pthread_mutex_lock(&vfs->mutex);
	list_each (&vfs->shares, link) {
		struct vfs_share *share = list_item(link, struct vfs_share, link);
		if (str_eq(str_from(share->path), name))
			found = share;
	}
	pthread_mutex_unlock(&vfs->mutex);
	return found;
}

/* The head of the index is there twice (SQLite's WAL-mode file format, 2.1): mxFrame and nPage are its fifth and sixth words. */
enum status vfs_share_published(struct vfs *vfs, const struct vfs_share *share, uint32_t *frames,
				uint32_t *pages)
{
	uint32_t heads[2][12] = { { 0 } };
	pthread_mutex_lock(&vfs->mutex);
	if (share->regions.len > 0)
		memcpy(heads, share->regions.at[0], sizeof heads);
	pthread_mutex_unlock(&vfs->mutex);
	if (memcmp(heads[0], heads[1], sizeof heads[0]) != 0)
		return BUSY;
	*frames = heads[0][4];
	*pages = heads[0][5];
	return OK;
}

/* ---- the main file: none, shared, reserved, pending, exclusive ---- */

static int raise_level(struct vfs_file *file, int level)
{
	struct vfs_share *share = file->share;
	if (file->level >= level)
		return SQLITE_OK;
	if (level == SQLITE_LOCK_SHARED) {
		if (share->pending || share->exclusive)
			return SQLITE_BUSY;
		share->shared++;
	} else if (level == SQLITE_LOCK_RESERVED) {
		if (share->reserved)
			return SQLITE_BUSY;
		share->reserved = file;
	} else {
		if ((share->pending && share->pending != file) ||
		    (share->reserved && share->reserved != file))
			return SQLITE_BUSY;
		share->pending = file;
		if (share->shared > 1) {
			file->level = SQLITE_LOCK_PENDING;
			return SQLITE_BUSY;
		}
		share->exclusive = file;
	}
	file->level = level;
	return SQLITE_OK;
}

int vfs_lock(sqlite3_file *base, int level)
{
	struct vfs_file *file = file_of(base);
	assert(file->share);
	pthread_mutex_lock(&file->vfs->mutex);
	int rc = raise_level(file, level);
	pthread_mutex_unlock(&file->vfs->mutex);
	return rc;
}

int vfs_unlock(sqlite3_file *base, int level)
{
	struct vfs_file *file = file_of(base);
	struct vfs_share *share = file->share;
	pthread_mutex_lock(&file->vfs->mutex);
	if (share->exclusive == file)
		share->exclusive = NULL;
	if (share->pending == file)
		share->pending = NULL;
	if (share->reserved == file)
		share->reserved = NULL;
	if (level == SQLITE_LOCK_NONE && file->level >= SQLITE_LOCK_SHARED)
		share->shared--;
	file->level = file->level < level ? file->level : level;
	pthread_mutex_unlock(&file->vfs->mutex);
	return SQLITE_OK;
}

int vfs_check_reserved_lock(sqlite3_file *base, int *out)
{
	struct vfs_file *file = file_of(base);
	pthread_mutex_lock(&file->vfs->mutex);
	*out = file->share->reserved != NULL;
	pthread_mutex_unlock(&file->vfs->mutex);
	return SQLITE_OK;
}

/* ---- the index of the write-ahead log ---- */

int vfs_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
	struct vfs_file *file = file_of(base);
	struct vfs_share *share = file->share;
	pthread_mutex_lock(&file->vfs->mutex);
	if (!file->is_mapped) {
		file->is_mapped = true;
		share->mapped++;
	}
	while (extend && share->regions.len <= (uint32_t)region)
		vec_push(&share->regions, mem_zalloc((size_t)size));
	*out = share->regions.len > (uint32_t)region ? share->regions.at[region] : NULL;
	pthread_mutex_unlock(&file->vfs->mutex);
	return SQLITE_OK;
}

static bool slot_is_free(const struct vfs_file *file, int slot, bool is_exclusive)
{
	const struct vfs_share *share = file->share;
	uint32_t own = file->slots_shared >> slot & 1;
	if (share->slot_exclusive[slot] && share->slot_exclusive[slot] != file)
		return false;
	return !is_exclusive || share->slot_shared[slot] == own;
}

static void take_slot(struct vfs_file *file, int slot, bool is_exclusive)
{
	if (is_exclusive) {
		file->share->slot_exclusive[slot] = file;
	} else if (!(file->slots_shared >> slot & 1)) {
		file->slots_shared |= 1U << slot;
		file->share->slot_shared[slot]++;
	}
}

static void drop_slot(struct vfs_file *file, int slot)
{
	if (file->share->slot_exclusive[slot] == file)
		file->share->slot_exclusive[slot] = NULL;
	if (file->slots_shared >> slot & 1) {
		file->slots_shared &= ~(1U << slot);
		file->share->slot_shared[slot]--;
	}
}

int vfs_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
	struct vfs_file *file = file_of(base);
	bool is_exclusive = flags & SQLITE_SHM_EXCLUSIVE;
	int rc = SQLITE_OK;
	assert(offset >= 0 && offset + count <= SQLITE_SHM_NLOCK);
	pthread_mutex_lock(&file->vfs->mutex);
	if (flags & SQLITE_SHM_UNLOCK) {
		for (int slot = offset; slot < offset + count; slot++)
			drop_slot(file, slot);
	} else {
		for (int slot = offset; slot < offset + count; slot++) {
			if (!slot_is_free(file, slot, is_exclusive))
				rc = SQLITE_BUSY;
		}
		for (int slot = offset; rc == SQLITE_OK && slot < offset + count; slot++)
			take_slot(file, slot, is_exclusive);
	}
	pthread_mutex_unlock(&file->vfs->mutex);
	return rc;
}

void vfs_shm_barrier(sqlite3_file *base)
{
	struct vfs_file *file = file_of(base);
	/* A mutex orders memory for all who take it, and says so to the thread sanitizer. */
	pthread_mutex_lock(&file->vfs->mutex);
	pthread_mutex_unlock(&file->vfs->mutex);
	__sync_synchronize(); /* SQLite's own choice, and one that -fsanitize=thread compiles */
}

int vfs_shm_unmap(sqlite3_file *base, int is_delete)
{
	struct vfs_file *file = file_of(base);
	(void)is_delete; /* it is memory: gone with its last user in any case */
	pthread_mutex_lock(&file->vfs->mutex);
	for (int slot = 0; slot < SQLITE_SHM_NLOCK; slot++)
		drop_slot(file, slot);
	if (file->is_mapped) {
		file->is_mapped = false;
		if (--file->share->mapped == 0)
			free_regions(file->share);
	}
	pthread_mutex_unlock(&file->vfs->mutex);
	return SQLITE_OK;
}
