/*
 * A file in memory, as it is and as it was at its last sync.
 *
 * For volume.c. Pages are 4 KiB, shared between both views until one changes, and missing where nothing was written: a big
 * preallocated file costs what was written to it. Every page is counted in the volume's *used_bytes.
 */
#ifndef RUNTIME_SIM_INODE_H
#define RUNTIME_SIM_INODE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/collection/list.h"
#include "runtime/base/collection/vec.h"
#include "runtime/sim/volume.h"

struct inode_page;

/* Page i now and at the last sync; NULL is zeros. */
struct inode_pair {
	struct inode_page *now, *synced;
	bool is_dirty;
};

struct inode {
	struct list link; /* in the volume's inodes */
	uint64_t *used_bytes;
	VEC(struct inode_pair) pages;
	VEC(uint32_t) dirty; /* indexes, each once */
	uint64_t size, synced_size, reserved;
	uint32_t mode, locks, opens;
	bool is_folder;
};

GIVE struct inode *inode_new(uint32_t mode, bool is_folder, uint64_t *used_bytes);
void inode_free(TAKE struct inode *inode); /* takes it out of its list */

void inode_read(const struct inode *inode, char *at, size_t len, uint64_t offset);
void inode_write(struct inode *inode, const char *at, size_t len, uint64_t offset);
void inode_cut(struct inode *inode, uint64_t size); /* bytes behind it are zero if it grows again */
void inode_sync(struct inode *inode);
/* What was not synced is lost wholly, not at all, or if it tears sector by sector. */
void inode_lose_power(struct inode *inode, const struct volume_chance *chance, bool is_tearing);

#endif
