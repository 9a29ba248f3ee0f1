/*
 * The write-ahead log on disk: segments of records, and a small file for what must not be forgotten.
 *
 * The replica is its only user. wal_open() and wal_run() block and are called from jobs of one lane, one at a
 * time; nobody else touches a wal while one runs. Layout of the folder:
 *   meta-1             two copies of: id, term, vote, what the log stands on (index, term, members)
 *   segment-<16 hex>   fixed size; a header, then records without gaps
 *   spare-<n>          ready to be a segment: zero-filled or recycled, so that writing never allocates
 * A record carries segment sequence, index, term, kind, length, where its write began, and CRC-32C seeded
 * with the log's own salt. All that waits becomes one write and one sync. A write never spans segments and
 * starts only when the one before is durable; that is what tells a torn tail (bad bytes with nothing newer
 * behind: cut) from damage (a later write is intact: CORRUPT, the member must return under a new id). An index that
 * comes again replaces what had it and all that followed. Each record also says what was committed when it was written, as nobody would
 * write only to say that: a hint, lower than what is. Both copies of `meta` are written and synced,
 * one after the other, so either may be torn or rotten.
 *
 * Any status but OK from wal_run leaves the files in doubt: the caller must end its process and not go on.
 * Bounded by segments of segment_bytes; the replica trims by LIMIT_LOG_KEPT_BYTES and _ENTRIES.
 */
#ifndef DATASTORE_LOG_WAL_WAL_H
#define DATASTORE_LOG_WAL_WAL_H

#include "datastore/log/role/member.h"
#include "datastore/log/wal/entry.h"
#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define WAL_VERSION 1
#define WAL_SPARES 2U  /* one while the next is made, one for a burst */
#define WAL_FILLING 4U /* a segment is filling once this part of it is written */
#define WAL_SEGMENT_MIN (64U * KIB)
#define WAL_MEMBERS_BYTES (56U * KIB) /* what a copy of meta has room for; LIMIT_MEMBERS fit */

struct wal;

struct wal_config {
	const struct seams_files *files;
	const struct seams_clock *clock; /* NULL: syncs are not timed */
	const struct seams_random *random;
	const char *folder;     /* made if missing */
	uint64_t segment_bytes; /* of segments made from now on; entries larger than one are refused */
};

/* What the log stands on: everything up to index is in the state. */
struct wal_base {
	uint64_t index, term;
	uint64_t members_index; /* of the entry that holds them; 0: none */
	struct str members;     /* as members_encode made it */
};

/* What was found. Entries belong to the caller after wal_take(). */
struct wal_found {
	uint64_t id;
	uint64_t term, vote;
	struct wal_base base; /* strings live as long as the wal */
	VEC(struct entry *) entries;
	uint64_t committed; /* at least up to there; 0: nothing is known of that */
	bool is_new;        /* nothing was there */
	uint64_t cut_bytes; /* of a torn tail; 0: none */
};

/*
 * Opens or makes it; what was found is durable then, whatever the process before left unsynced. CORRUPT: damaged, `why` names file and place. BUSY: another process has it. A folder
 * written by a version we do not know: NOT_IMPLEMENTED. Also what the files say: FULL, IO, FORBIDDEN.
 */
MUST_USE enum status wal_open(const struct wal_config *config, struct wal **out,
			      struct wal_found *found, struct fault *why);
void wal_close(TAKE struct wal *wal); /* NULL is fine */

/* The work of one job. Filled by the replica, which holds a reference to each entry until it is done. */
struct wal_work {
	bool has_meta;
	uint64_t term, vote;
	VEC(struct entry *) entries; /* as core_update gives them */
	uint64_t committed;          /* as far as it is known when the work begins */
	bool has_base;               /* trim: drop segments that end at or before base.index */
	bool is_reset; /* the log begins anew at base: drop all entries, then write `entries` */
	struct wal_base base; /* borrowed until done */
	VEC(uint32_t) spares; /* numbers of files that wal_make_spare made since */
	/* Results. */
	enum status status;
	struct fault why;
	uint32_t spare_count;
	bool is_filling;  /* wal_is_filling */
	uint32_t sync_us; /* of the entries' sync */
};

/* One write, short enough to take a disk no longer than any. */
bool wal_work_is_brief(const struct wal_work *work);
void wal_work_fini(struct wal_work *work);
void wal_run(struct wal *wal, struct wal_work *work);

/*
 * For tests of living clusters: flips a bit of the newest segment's oldest record, which a later write follows, so that the next opening
 * says CORRUPT. Blocks; beside whoever has the log open, who does not notice. NOT_FOUND: no record has a later write behind it.
 */
MUST_USE enum status wal_damage(const struct wal_config *config, struct fault *why);

/*
 * Makes spare-<number>, filled with zeros and durable. May run beside wal_run, on any worker, whose syncs then wait for
 * a slice of the zeros at most. FULL, IO.
 */
MUST_USE enum status wal_make_spare(const struct wal_config *config, uint32_t number);
uint32_t wal_spare_count(const struct wal *wal);
/* Of the current segment so much is written that spares are wanted: a log that hardly grows does not cost a disk them. */
bool wal_is_filling(const struct wal *wal);
/* A number for wal_make_spare, and every second one after it: the log itself never uses these. */
uint32_t wal_next_spare(const struct wal *wal);

#endif
