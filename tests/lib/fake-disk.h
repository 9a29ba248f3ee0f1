/*
 * A disk in memory that forgets: the file seam for unit tests, with faults.
 *
 * What was written and not synced may be lost at fake_disk_crash, sector by sector; names that no sync_folder made durable
 * may be back as they were. One thread at a time. The simulator has its own; this one needs no host.
 */
#ifndef TESTS_LIB_FAKE_DISK_H
#define TESTS_LIB_FAKE_DISK_H

#include "runtime/actor/seams.h"

struct fake_disk;

GIVE struct fake_disk *fake_disk_new(uint64_t seed);
void fake_disk_free(TAKE struct fake_disk *disk);
const struct seams_files *fake_disk_files(struct fake_disk *disk);
const struct seams_random *
fake_disk_random(struct fake_disk *disk); /* seeded, for what else a test needs */

/* Power goes: open files are dead (their owner closes them), unsynced bytes survive by chance. */
void fake_disk_crash(struct fake_disk *disk);
/* The n-th change of the disk from now (1 is the next) and all after it fail with IO, until fake_disk_crash; 0: none. */
void fake_disk_fail_after(struct fake_disk *disk, uint64_t changes);
uint64_t fake_disk_changes(const struct fake_disk *disk); /* writes, syncs, truncates, names: so far */
void fake_disk_set_full(struct fake_disk *disk, bool is_full); /* growing files says FULL */
/* Flips a bit of a file, durably. */
void fake_disk_damage(struct fake_disk *disk, const char *path, uint64_t offset);
uint64_t fake_disk_written_bytes(const struct fake_disk *disk);

#endif
