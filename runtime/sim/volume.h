/*
 * A disk in memory that knows what would survive a power cut.
 *
 * Each file has its pages as they are and as they were at its last sync; names have a journal since the last sync of a
 * folder. volume_cut_power keeps what was synced and of the rest a part that the given random source chooses. Pages are 4 KiB and shared between both views, so a big preallocated file costs what was written.
 */
#ifndef RUNTIME_SIM_VOLUME_H
#define RUNTIME_SIM_VOLUME_H

#include "runtime/actor/seams.h"

struct volume;
struct volume_view;

/* What decides faults; each call draws. */
struct volume_chance {
	void *self;
	uint64_t (*below)(void *self, uint64_t n);
};

struct volume_faults {
	uint32_t io_error_per_million;
	uint64_t size_bytes; /* 0: no limit */
	bool is_tearing;
};

GIVE struct volume *volume_new(const struct volume_chance *chance);
void volume_free(TAKE struct volume *volume); /* its views are closed */
void volume_set_faults(struct volume *volume, const struct volume_faults *faults);
/* Of no power: what was not synced is lost, in part. Views are dead by then. */
void volume_cut_power(struct volume *volume);

/* One process's way to the disk. */
GIVE struct volume_view *volume_view_new(struct volume *volume);
const struct seams_files *volume_view_files(struct volume_view *view);
/* The process is gone: its files are closed, its locks free, and whatever still comes through this view says IO. */
void volume_view_kill(struct volume_view *view);
void volume_view_free(TAKE struct volume_view *view); /* with the files that nobody closed */

#endif
