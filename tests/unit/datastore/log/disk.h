/*
 * A disk in memory for the tests of the log: what was not synced may be lost, kept or torn by a crash.
 *
 * disk_files() gives the file seam. One folder level is enough. A crash decides from the seed, sector by
 * sector for writes and name by name for files that were created, renamed or removed without sync_folder. Faults
 * can be set: fail after so many operations, as a cut power line (everything fails until disk_crash) or once.
 */
#ifndef TESTS_UNIT_DATASTORE_LOG_DISK_H
#define TESTS_UNIT_DATASTORE_LOG_DISK_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct disk;

GIVE struct disk *disk_new(uint64_t seed);
void disk_free(TAKE struct disk *disk);
struct seams_files disk_files(struct disk *disk);
void disk_crash(struct disk *disk); /* open files are closed; fails no more */
/* After `operations` more writes, syncs, renames and so on everything fails with `status`; 0: never. */
void disk_fail_after(struct disk *disk, uint32_t operations, enum status status);
void disk_limit(struct disk *disk, uint64_t bytes); /* FULL beyond; 0: none */
uint64_t disk_syncs(const struct disk *disk);
uint64_t disk_read_bytes(const struct disk *disk);
/* For tests that damage things: the whole file, or NULL. */
struct str disk_bytes(struct disk *disk, const char *path);
char *disk_at(struct disk *disk, const char *path, uint64_t offset);

/* A small generator, for everything random in these tests. */
struct dice {
	uint64_t state;
};
uint64_t dice_next(struct dice *dice);
uint32_t dice_below(struct dice *dice, uint32_t limit);
bool dice_chance(struct dice *dice, uint32_t per_mille);
struct seams_random dice_seam(struct dice *dice);

#endif
