/*
 * The store actor's inside: its state, and what its files do for each other.
 *
 *   store.c         life: opening, the switch over messages, reopening, the end
 *   store-drive.c   the replica: what happened goes in, its output is acted upon
 *   store-write.c   commands: gathered into entries, applied, answered
 *   store-forward   what another one leads: passed on to it, and again to whoever leads next
 *   store-read.c    ranges: read index rounds, waiting, values from the table
 *   store-watch.c   watchers: live from the history, catching up from the table
 *   store-table.c   what is written behind: groups, sweeps, checkpoints
 *   store-timed.c   what the leader does by the clock: leases that end, compaction
 *   store-past.c    what was compacted and is kept
 *   store-copy.c    snapshots to and from other members; store-incoming: what has come of one
 *   store-backup.c  copies for whoever keeps them elsewhere
 *   store-recover.c stores that nobody runs; no part of the actor
 *   store-status.c  status and membership
 *   store-role.c    why members have their roles, and what each says of itself to the leader
 *   store-message.c types of messages; store-codec.c: their bytes
 *
 * States: OPENING (a job opens table and log; requests are refused) -> RUNNING -> CLOSING (a snapshot was fetched:
 * when all jobs have ended everything is closed and opened again from it) -> OPENING. GONE: removed from the cluster. DAMAGED: files cannot
 * be believed, as opening them has shown or as the leader has, by way of CLOSING.
 */
#ifndef DATASTORE_STORE_STORE_PRIVATE_H
#define DATASTORE_STORE_STORE_PRIVATE_H

#include "datastore/log/replica.h"
#include "datastore/store/state/history.h"
#include "datastore/store/state/index.h"
#include "datastore/store/store-forward.h"
#include "datastore/store/store-incoming.h"
#include "datastore/store/store-message.h"
#include "datastore/store/store.h"
#include "datastore/table/table.h"
#include "runtime/actor/act.h"
#include "runtime/actor/seams.h"
#include "runtime/base/log.h"

#define STORE_IN_FLIGHT 2U  /* entries under way: one being written, one that others still write */
#define STORE_FLUSH_MS 100U /* how long changes gather before they are written behind */
#define STORE_FLUSH_CHANGES 1024U /* or this many, or so many bytes of them */
#define STORE_FLUSH_BYTES (512U * KIB)
#define STORE_RETRY_MS 1000U /* after a full disk, a busy watcher, a failed fetch */
/*
 * Of SQLite's own log, which is in memory: so much is moved into the database at once. Or what was written so long ago: a member that was
 * killed and finds no majority shows what its database has, since nobody can say which entries of its log were agreed upon.
 */
#define STORE_CHECKPOINT_BYTES (1U * MIB)
#define STORE_CHECKPOINT_MS 60000U
#define STORE_FIRST_CHECKPOINT_MS 1000U /* of a database that has nothing yet */
#define STORE_REST_BYTES (512U * KIB)   /* of memory that a store which rests gives back so */
#define STORE_REST_MS 3000U
#define STORE_BEHIND_CHANGES 65536U /* unwritten changes in memory: beyond, writes are refused */
#define STORE_BEHIND_BYTES \
	(8U * MIB) /* of them: beyond, writes wait for the table; a second of it at full speed */
#define STORE_WAIT_MS 10000U /* a read that waits longer is answered TIMEOUT */
#define STORE_SECOND_MS 1000U
#define STORE_READ_KEPT_S \
	60 /* values that are kept for readers who come again wait so long for them */
#define STORE_READ_CHANGES \
	4096U                 /* that a read of the past looks through; else the table is asked */
#define STORE_LEADERLESS_S 2U /* longer than electing one takes: then it may be for ever */
/* Of a snapshot that is fetched: between two waits for the disk, for a write of the log's waits for them, and between two notes of how far it is. */
#define STORE_SYNC_BYTES (256U * KIB)
#define STORE_NOTE_BYTES (8U * MIB)
#define STORE_DEFRAGMENT_BYTES (256U * MIB) /* a database that fits into memory twice */
#define STORE_HISTORY_S 300U
#define STORE_REPORT_S \
	10U /* how often a member looks at its disk, and says how it is if that has changed */
#define STORE_PRESSED_BYTES \
	(256U * MIB) /* of room: four segments of the log, and the table has to grow, too */
#define STORE_RELIEVED_BYTES (320U * MIB) /* more, so that it is not said twice a minute */
#define STORE_MEMORY_PRESSED_BYTES \
	(100U * MIB) /* available to the machine's programs: where a kubelet begins to evict pods */
#define STORE_MEMORY_RELIEVED_BYTES (140U * MIB)
#define STORE_REASON_MAX 96U
#define STORE_WITNESS_SEGMENT_BYTES \
	(256U * KIB) /* three of them are all that a witness takes of its disk */
#define STORE_WITNESS_ENTRIES 2048U
#define STORE_PAST_S 3600U /* how often an idle store looks for what has become too old to keep */
#define STORE_SUBSCRIBERS 256U
#define STORE_PATH_MAX 400U

enum store_state { STORE_OPENING, STORE_RUNNING, STORE_CLOSING, STORE_GONE, STORE_DAMAGED };

/* Tags of answers and jobs: the kind above, the number of what it belongs to below. */
enum store_tag {
	TAG_OPENED = 1,
	TAG_LOG_JOB,
	TAG_BACKGROUND_JOB,
	TAG_TABLE_WRITTEN,
	TAG_TABLE_SWEPT,
	TAG_CHECKPOINTED,
	TAG_READ,
	TAG_CAUGHT_UP,
	TAG_COPIED,
	TAG_COPY_DROPPED,
	TAG_COPY_CHUNK,
	TAG_FETCH_OPENED,
	TAG_FETCH_DATA,
	TAG_FETCH_WRITTEN,
	TAG_FETCH_VERIFIED,
	TAG_FETCH_DROPPED,
	TAG_FORWARD,
	TAG_DEFRAGMENTED,
	TAG_BACKED_UP,
	TAG_ROOM_SEEN,
	TAG_PAST,
};
/* Tokens of read index rounds: for leases with this bit, for ranges without. */
#define STORE_KEEP_ROUND (1ULL << 63)
#define STORE_TAG(kind, number) ((uint64_t)(kind) << 56 | (number))
#define STORE_TAG_KIND(tag) ((enum store_tag)((tag) >> 56))
#define STORE_TAG_NUMBER(tag) ((tag)&0xffffffffffffffULL)

/* Who waits for a command of a batch; type NULL: nobody. */
struct store_waiter {
	struct act_ticket ticket;
	const struct act_type *type; /* of the request */
	uint64_t lease;              /* of a grant: its id */
	uint32_t ttl_s;
	bool is_doubtful; /* an earlier try may be applied yet: no failure of this one says that it is not */
};

/* Commands that become one entry. */
struct store_batch {
	struct text bytes;
	VEC(struct store_waiter) waiters;
	uint64_t index, term; /* once submitted */
};

/* A range on its way. */
struct store_read {
	struct list link; /* in one of the lists of struct store_reads */
	struct act_ticket ticket;
	struct store_range range; /* strings in `arena` */
	struct arena *arena;      /* becomes the answer's */
	struct mono since;
	uint64_t round; /* the read index round it waits for */
	uint64_t number;
	bool is_again; /* a value was swept under it once already */
	/* For the job. */
	struct store *store;
	struct store_range_answer answer;
	struct index_missing *missing;
	uint32_t missing_count, row_cap;
	enum status status;
};

struct store_reads {
	struct list for_index;    /* the read index */
	struct list for_revision; /* min_revision to be applied */
	struct list for_table;    /* their revision to be written */
	struct list in_job;
	uint32_t count;
	struct mono kept_at; /* when somebody last asked who will ask again */
	uint64_t round;      /* of the one under way; */
	bool is_asking;
	uint64_t next_number;
};

struct store_watcher {
	struct act_ref who;
	uint64_t watch, monitor, number;
	struct str key, end; /* heap */
	bool wants_prev, no_puts, no_deletes, wants_progress;
	uint64_t next;     /* all below this revision was told */
	uint64_t position; /* in the history; 0: it must catch up from the table */
	uint32_t events_out;
	uint64_t bytes_out;
	uint64_t told; /* the revision the watcher knows of */
	bool is_catching_up, owes_progress, is_stuck;
};

/* Rows that a job read for a watcher. */
struct store_catch_up {
	struct store *store;
	uint64_t number; /* the watcher's */
	struct table_history history;
	struct arena *arena;
	struct store_event *events;
	uint32_t count, cap;
	uint64_t upto;
	uint64_t bytes;
	enum status status;
	bool no_puts, no_deletes;
};

struct store_subscriber {
	struct act_ref who;
	uint64_t monitor;
};

/* A group under way to the table. */
struct store_flush {
	struct store *store;
	struct arena *arena;
	struct table_group group;
	uint64_t history_end;
	uint64_t log_bytes, database_bytes;
	enum status status;
	struct fault why;
};

struct store_table_job {
	struct store *store;
	bool is_done;
	enum status status;
	struct fault why;
	uint64_t log_bytes;         /* of the table's own log */
	struct table_keep keep;     /* a sweep: what it spares */
	struct replica_state state; /* a checkpoint: what it makes durable */
	struct arena *arena;
};

struct store_defragmenting {
	struct store *store;
	struct act_ticket ticket;
	uint64_t before_bytes, after_bytes;
	enum status status;
	struct fault why;
};

struct store_copy_waiter {
	struct act_ticket ticket;
	uint64_t member, index;
};

/* The leader's copy of the table for members that need it. */
struct store_copy {
	struct store *store;
	uint64_t token; /* 0: none */
	bool is_making;
	struct table_mark mark;
	uint64_t size_bytes;
	struct arena *arena;
	enum status status;
	struct fault why;
	char path[STORE_PATH_MAX];
	VEC(struct store_copy_waiter) waiting;
};

struct store_chunk {
	struct store *store;
	struct act_ticket ticket;
	struct arena *arena;
	uint64_t offset;
	size_t len;
	char *at;
	bool is_synced, is_noted; /* one that is written: the disk is waited for; and it says so */
	struct store_incoming incoming; /* likewise: what is there before, and then with it */
	enum status status;
	char path[STORE_PATH_MAX];
};

/* A snapshot being fetched. */
struct store_fetch {
	bool is_active;
	uint64_t from, token, size_bytes, offset, index;
	uint32_t sum; /* CRC-32C of all before the offset */
	uint32_t failures;
	uint64_t number; /* answers to earlier tries are ignored */
};

/* What an earlier try or life left, read before it is gone on with. */
struct store_verifying {
	struct store *store;
	struct store_incoming incoming;
	uint64_t number; /* of the fetch */
	enum status status;
};

/* Renewals of leases. The one that was asked may have been deposed without knowing it: a round of reads says that it was not. */
struct store_keep {
	struct act_ticket ticket;
	uint64_t lease;
};

struct store_keeps {
	VEC(struct store_keep) gathering, asked;
	uint64_t round;
};

/* Which revision was the latest at a moment: what is older than the history kept may go. */
struct store_sample {
	struct mono at;
	uint64_t revision;
};

/* Who asked for the change of members that is under way; there is never more than one. */
struct store_member_wait {
	bool is_waiting;
	struct act_ticket ticket;
	uint64_t id, term; /* of the member; in which it was begun */
};

/* Why a member has its role. */
struct store_note {
	uint64_t id;
	enum store_role role;
	uint64_t changed_s;
	char reason[STORE_REASON_MAX];
};

/* How much room this member's disk and machine have, seen by a job. */
struct store_room {
	struct store *store;
	uint64_t free_bytes, memory_bytes;
	enum status status, memory_status;
};

/* What the leader was last told of us. */
struct store_reported {
	uint64_t leader, term;
	bool is_pressed;
	uint32_t sync_us;
};

struct store_members_mark {
	uint64_t index;
	struct text bytes;
};

struct store {
	struct act *act; /* of the running call */
	const struct store_config *config;
	const struct seams *seams;
	enum store_state state;
	char log_path[STORE_PATH_MAX], table_path[STORE_PATH_MAX], incoming_path[STORE_PATH_MAX];
	struct act_lane *log_lane, *table_lane, *read_lane, *copy_lane;
	uint32_t jobs; /* under way; the tables are closed only when there are none */

	struct replica *replica;
	struct replica_output out;
	struct replica_status seen; /* after the last settling */
	uint64_t tick_timer;
	struct mono tick_at;
	struct map monitors;  /* peers' names to monitors of their stores */
	uint64_t stranger_id; /* the last one that spoke and is in no list of ours */
	struct act_ref stranger;

	struct table *table;
	struct table_view *read_view, *copy_view, *load_view;
	struct index *index;
	struct history history;
	uint64_t applied_index, applied_term;
	struct store_members_mark members;
	VEC(struct table_lease) lease_changes; /* not written yet */

	/* Written behind. */
	uint64_t written_revision;
	uint64_t written_compact; /* the compaction that the table knows of; 0: since it was opened, of none */
	struct replica_state written_state; /* without the members' bytes */
	struct text written_members;
	bool is_dirty, is_writing, is_sweeping, needs_sweep, is_checkpointing;
	bool is_table_full, is_defragmenting, is_backing_up;
	uint32_t past_seconds; /* to the next look for what is too old */
	uint64_t flush_timer;
	uint64_t log_bytes,
	    checked_bytes; /* of the table's own log: all, and what a checkpoint has moved already */
	bool is_unchecked; /* something was written since the last checkpoint */
	bool is_checked;   /* there was one, in this life or an earlier */
	struct mono unchecked_since, written_at;

	/* Commands. */
	VEC(struct store_batch *) gathering, in_flight;
	uint32_t waiting; /* waiters in both */
	size_t waiting_bytes;
	bool is_flush_sent;
	struct store_forwards forwards;
	uint32_t leaderless_s; /* how many seconds in a row found no leader */

	struct store_reads reads;
	struct map watchers; /* by who and watch */
	uint64_t next_watcher;
	VEC(struct store_subscriber) subscribers;

	/* By the clock. */
	struct store_keeps keeps;
	VEC(struct store_sample) samples;

	struct store_copy copy;
	struct store_fetch fetch;
	struct store_incoming incoming; /* as the note beside the file says */
	bool has_incoming;              /* there is a file */
	uint32_t incoming_s;            /* and nothing was added to it for so long */
	uint64_t database_bytes;        /* at the last group */
	uint64_t told_status;           /* a hash of what subscribers know */
	struct store_member_wait member_wait;

	struct store_note notes[LIMIT_MEMBERS];
	uint32_t note_count;
	uint64_t missing; /* an entry that we have acknowledged and do not have; 0: none */
	bool is_pressed, is_memory_pressed,
	    is_looking;   /* at the room that its disk and its machine have */
	uint32_t seconds; /* to the next look */
	struct store_reported reported;
};

/* ---- store.c ---- */

void store_job(struct store *store, struct act_lane *lane, void (*run)(void *), void *arg,
	       void (*drop)(void *), enum store_tag kind);
/* One that is likely over sooner than a thread is woken. */
void store_job_brief(struct store *store, struct act_lane *lane, void (*run)(void *), void *arg,
		     void (*drop)(void *), enum store_tag kind);
void store_begin_closing(struct store *store);
void store_is_outdated(struct store *store,
		       uint64_t missing); /* we have acknowledged an entry that is not in our log */
bool store_is_leader(const struct store *store);

/* ---- store-drive.c ---- */

void store_settle(struct store *store); /* after every call into the replica */
void store_on_tick(struct store *store);
void store_on_raft(struct store *store, const struct act_msg *msg);
void store_on_log_job(struct store *store, struct replica_job *job);
struct act_ref store_peer(struct store *store, uint64_t id);               /* nil: not a member */
bool store_on_peer_down(struct store *store, const struct act_down *down); /* false: not a peer's */
void store_on_peer_gone(struct store *store, uint64_t monitor);
void store_watch_peers(struct store *store); /* those that are not watched */
void store_drive_fini(struct store *store);

/* ---- store-write.c ---- */

void store_on_command(struct store *store, const struct act_msg *msg);
/* A command of the leader's own; nobody waits for it. */
void store_propose(struct store *store, const struct command *command);
void store_on_flush_commands(struct store *store);
void store_submit(struct store *store); /* what gathered, as far as entries may be under way */
/* The same before a lead is handed over, which ends the taking: whatever the disk does, what has gathered goes with it. */
void store_submit_rest(struct store *store);
void store_apply(struct store *store, const struct entry *entry);
void store_write_fini(struct store *store);
void store_fail_gathering(struct store *store);
void store_fail_in_flight(struct store *store);
void store_write_second(struct store *store);
/* A command that was passed on before, now that we lead. OK: it is answered as those that came to us; else nothing happened. */
MUST_USE enum status store_take_again(struct store *store, const struct store_forward *forward);
void store_answer_failure(struct store *store, struct act_ticket ticket,
			  const struct act_type *request, enum status status);

/* ---- store-read.c ---- */

void store_reads_init(struct store *store);
void store_on_range(struct store *store, const struct act_msg *msg);
void store_on_read_index(struct store *store, const struct replica_read *read);
void store_reads_begin(struct store *store); /* the next round, if somebody waits for one */
void store_on_read_job(struct store *store, struct store_read *read);
void store_reads_advance(struct store *store); /* after applying or writing */
void store_reads_second(struct store *store);
void store_reads_fini(struct store *store);
void store_fail_reads(struct store *store, enum status status);
void store_reads_leaderless(struct store *store); /* nobody will lead soon */

/* ---- store-watch.c ---- */

void store_on_watch(struct store *store, const struct act_msg *msg);
void store_on_credit(struct store *store, const struct act_msg *msg);
void store_on_cancel(struct store *store, const struct act_msg *msg);
void store_on_progress(struct store *store, const struct act_msg *msg);
void store_on_caught_up(struct store *store, struct store_catch_up *catch_up);
bool store_on_watcher_down(struct store *store, const struct act_down *down);
void store_watch_pump(struct store *store);
void store_watch_second(struct store *store);
void store_watch_reopen(struct store *store); /* positions are of another history now */
void store_watch_end(struct store *store, enum status status); /* all of them are told */
void store_watch_fini(struct store *store);

/* ---- store-table.c ---- */

GIVE struct blob *store_load(void *store, uint64_t id); /* the index's hook */
void store_on_change(void *store, TAKE struct change *change);
void store_on_leased(void *store, uint64_t id, uint32_t ttl_s);
void store_table_dirty(struct store *store);
void store_table_flush(struct store *store); /* now, unless one is under way */
void store_on_table_written(struct store *store, struct store_flush *flush);
void store_on_table_swept(struct store *store, struct store_table_job *job);
void store_on_checkpointed(struct store *store, struct store_table_job *job);
void store_on_defragment(struct store *store, const struct act_msg *msg);
void store_on_defragmented(struct store *store, struct store_defragmenting *job);
void store_table_second(struct store *store);
struct blob *store_blob_of_row(const struct table_row *row);

/* ---- store-timed.c ---- */

void store_became_leader(struct store *store);
void store_timed_second(struct store *store);
void store_on_lease_keep(struct store *store, const struct act_msg *msg);
void store_keeps_begin(struct store *store); /* as store_reads_begin */
void store_on_kept(struct store *store, enum status status);
void store_fail_keeps(struct store *store);
void store_members_settle(struct store *store); /* answers once a change is committed, or lost */
void store_fail_members(struct store *store);
void store_keeps_fini(struct store *store);
void store_on_lease_show(struct store *store, const struct act_msg *msg);

/* ---- store-copy.c ---- */

void store_on_offer(struct store *store, const struct core_offer *offer);
void store_on_copy_open(struct store *store, const struct act_msg *msg);
void store_on_copy_read(struct store *store, const struct act_msg *msg);
void store_on_copied(struct store *store);
void store_on_copy_dropped(struct store *store);
void store_on_copy_chunk(struct store *store, struct store_chunk *chunk);
void store_on_fetch_opened(struct store *store, const struct act_msg *msg);
void store_on_fetch_data(struct store *store, const struct act_msg *msg);
void store_on_fetch_written(struct store *store, struct store_chunk *chunk);
void store_on_fetch_verified(struct store *store, struct store_verifying *verifying);
void store_on_fetch_again(struct store *store, uint64_t number);
void store_copy_second(struct store *store);
void store_copy_fini(struct store *store);

/* ---- store-backup.c ---- */

struct store_backing;
void store_on_backup(struct store *store, const struct act_msg *msg);
void store_on_backed_up(struct store *store, struct store_backing *backing);

/* ---- store-past.c ---- */

struct store_past_job;
void store_on_past(struct store *store, const struct act_msg *msg);
void store_on_past_read(struct store *store, struct store_past_job *job);
/* What a sweep spares now. */
struct table_keep store_past_keep(const struct store *store);
bool store_past_second(struct store *store); /* true: a sweep is due */

/* ---- store-status.c ---- */

void store_on_ask_status(struct store *store, const struct act_msg *msg);
void store_on_status_watch(struct store *store, const struct act_msg *msg);
bool store_on_subscriber_down(struct store *store, const struct act_down *down);
void store_tell_status(struct store *store);
void store_on_member_request(struct store *store, const struct act_msg *msg);
enum store_role store_role_of(enum member_role role);

/* ---- store-role.c ---- */

/* Leader: a role was given, and everybody is to know why. */
void store_note_role(struct store *store, uint64_t id, enum store_role role, const char *reason);
/* Leader: the member has asked to go; whoever leads next is to know. Before anything that makes another one lead. */
void store_note_leave(struct store *store, uint64_t id, bool is_for_a_while);
void store_on_role_note(struct store *store, const struct act_msg *msg);
/* Of the role that it has now; NULL: nobody knows. */
const struct store_note *store_note_of(const struct store *store, uint64_t id, enum store_role role);
void store_on_report(struct store *store, const struct act_msg *msg);
void store_role_second(struct store *store);
void store_on_room_seen(struct store *store, struct store_room *room);

#endif
