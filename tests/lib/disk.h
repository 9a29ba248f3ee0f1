/*
 * A disk in memory that forgets: the file seam for unit tests, with faults.
 *
 * What was written and not synced may be lost at disk_crash, sector by sector; names that no sync_folder made durable
 * may be back as they were. One thread at a time. The simulator has its own; this one needs no host.
 */
#ifndef TESTS_LIB_DISK_H
#define TESTS_LIB_DISK_H

#include "runtime/actor/seams.h"

struct disk;

GIVE struct disk *disk_new(uint64_t seed);
void disk_free(TAKE struct disk *disk);
const struct seams_files *disk_files(struct disk *disk);
const struct seams_random *disk_random(struct disk *disk); /* seeded, for what else a test needs */

/* Power goes: open files are dead (their owner closes them), unsynced bytes survive by chance. */
void disk_crash(struct disk *disk);
/* The n-th change of the disk from now (1 is the next) and all after it fail with IO, until disk_crash; 0: none. */
void disk_fail_after(struct disk *disk, uint64_t changes);
uint64_t disk_changes(const struct disk *disk);      /* writes, syncs, truncates, names: so far */
void disk_set_full(struct disk *disk, bool is_full); /* growing files says FULL */
/* Flips a bit of a file, durably. */
void disk_damage(struct disk *disk, const char *path, uint64_t offset);
uint64_t disk_written_bytes(const struct disk *disk);

#endif
