/*
 * The store: what the cluster knows, and since when. The one face of the datastore.
 *
 * An actor registered as `store` in the core host of each control-plane node. Anybody may ask it; it
 * answers by messages. The model is etcd's: one revision counts all changes, each key has the revision
 * that made it, the one that changed it last, its version and its lease; old revisions can be read and
 * watched until they are compacted away. The store knows nothing of Kubernetes: keys and values are bytes.
 *
 * Promises: a write that was answered OK is on the disks of a majority; it is never lost and never applied
 * twice. Reads are linearizable unless `is_serializable`. A watcher sees each change of its range exactly
 * once, in revision order, or is cancelled with a reason. Any replica takes any request: writes go on
 * to the leader (one hop), reads wait until this replica has applied what the leader had agreed upon.
 * Without a leader, writes and linearizable reads wait for the next one, and are answered UNAVAILABLE when there has been none for
 * longer than it takes to elect one, from then on at once; serializable reads and watches go on. A write that was under way when the majority was lost is answered
 * TIMEOUT some seconds later.
 *
 * Bounds: LIMIT_PROPOSALS writes and LIMIT_STORE_READS reads wait at once (BUSY beyond), a page of rows is at most
 * LIMIT_LIST_PAGE_BYTES, a watcher's window LIMIT_WATCH_EVENTS or LIMIT_WATCH_BYTES.
 *
 * Bytes: what a message points to belongs to its `arena` (freed with the message, NULL if there is nothing to own), so a
 * request is built in an arena made for it: arena_new, fill, act_request; if that is not OK the arena is still the
 * caller's. A row's value also names its `blob`: blob_ref it to keep the bytes without a copy (within a host).
 *
 * Outcomes: each answer begins with its status; store_outcome() joins it with the runtime's own (timeout, link lost).
 */
#ifndef DATASTORE_STORE_STORE_H
#define DATASTORE_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "datastore/store/state/blob.h"
#include "runtime/actor/act.h"
#include "runtime/base/fault.h"
#include "runtime/base/limits.h"
#include "runtime/base/str.h"

#define STORE_ANY_REVISION UINT64_MAX
/* The `end` of a range that has none: every key from `key` on (etcd writes it as one NUL byte). */
#define STORE_NO_END ((struct str){ "", 1 })

struct store_row {
	struct str key;
	struct str value;  /* absent: keys_only was asked for */
	struct blob *blob; /* holds `value`; NULL where value is absent or empty */
	uint64_t create_revision, mod_revision;
	uint64_t version; /* 1 on creation, +1 for each change */
	uint64_t lease;   /* 0: none */
};

/*
 * range: `key` alone (end absent), or [key, end). `revision` 0 reads the latest; an older one answers
 * EXPIRED if it was compacted, BAD_REQUEST if it is still to come. Rows are in key order; `more` says that the
 * page ended before the range (by `limit` or by bytes): go on with the last key + NUL, at the answer's revision.
 */
struct store_range {
	struct arena *arena;
	struct str key, end;
	uint64_t revision;
	uint32_t limit; /* 0: as many as fit into a page */
	bool is_count_only;
	bool is_keys_only;
	bool is_serializable;
	/* Wait until this replica has applied this revision; 0: none. How a reader sees its own earlier write. */
	uint64_t min_revision;
	/* Also what was compacted, as far as this replica still keeps it (store_config.past_bytes); beyond, EXPIRED as ever. */
	bool is_past;
	/* Who asks keeps nothing and will ask again: the values may stay in memory for some time. */
	bool is_kept;
};

struct store_range_answer {
	enum status status;
	struct arena *arena;
	uint64_t revision; /* at which the rows were read: the one asked for, or the latest */
	struct store_row *rows;
	uint32_t row_count;
	bool more;
	uint64_t count; /* keys in the whole range from `key` on, whatever the limit */
	uint64_t latest; /* the revision of this replica when it read; 0: an older release answered */
};

/* The numbers are on disk and on the wire. */
enum store_op_kind {
	STORE_PUT,
	STORE_DELETE,
	STORE_GET,
	STORE_TXN, /* compares and two branches of its own, in `value` as store_pack_txn made it */
};

struct store_op {
	enum store_op_kind kind;
	struct str key;
	struct str end; /* STORE_DELETE and STORE_GET of a range; else absent */
	struct str value;
	uint64_t lease;
	/*
	 * The mod revision the key must have, or the whole write is refused: STORE_ANY_REVISION for no
	 * condition, 0 for "must not exist". Refused as EXISTS (expected 0), NOT_FOUND (it is not there) or CONFLICT.
	 */
	uint64_t expected;
	uint32_t limit;  /* STORE_GET: 0 as many as fit */
	bool wants_prev; /* put and delete: the answer's rows hold what was there before */
	bool keeps_value; /* put: only the lease and revision change (etcd's ignore_value); the key must exist */
	bool keeps_lease; /* put: the lease stays (etcd's ignore_lease); the key must exist */
	bool is_count_only, is_keys_only; /* STORE_GET */
};

enum store_compare_target {
	STORE_COMPARE_VERSION,
	STORE_COMPARE_CREATE,
	STORE_COMPARE_MOD,
	STORE_COMPARE_VALUE,
	STORE_COMPARE_LEASE,
};

enum store_compare_result {
	STORE_COMPARE_EQUAL,
	STORE_COMPARE_GREATER,
	STORE_COMPARE_LESS,
	STORE_COMPARE_NOT_EQUAL,
};

/*
 * A key that does not exist, or a range without keys, compares as version, create, mod and lease 0; comparing its value is
 * false. Numbers are signed, as etcd's.
 */
struct store_compare {
	enum store_compare_target target;
	enum store_compare_result result;
	struct str key;
	struct str end; /* all keys of the range must hold; absent: one key */
	int64_t number;
	struct str value;
};

/*
 * write: if all compares hold then `success` happens, else `failure` (both atomic, at one revision). The common
 * write has no compares and one success op with `expected`. Ops of one write may not name a key twice.
 *
 * A STORE_TXN op is a write within the write. All compares, also of those within, are judged by what was there before the
 * write; then the ops of the branches that were taken happen in their order. Names of keys are held against each other within
 * a branch only: whoever nests sees to it that branches do not meet. Depth is bounded by LIMIT_TXN_OPS together with the
 * ops: each level takes as many of them as its longest list has.
 *
 * `term` is the guard of those who act for a leader: unless 0, the write happens only under a leader of
 * that very term, else GONE. `request` keeps a retry from being applied twice: a random number, the same in each try; within
 * the last LIMIT_STORE_REQUESTS revisions one that comes after a try that changed something is answered like that instead of
 * applied. A write with one that was passed on to a leader that is lost meanwhile is passed on to the next, for some seconds. 0: none,
 * and the store retries nothing on its own that may have happened.
 *
 * What changed nothing is not remembered: who gave up a try (TIMEOUT) and makes another may see that one refused and the first
 * applied later. Not after CONFLICT, GONE, or NOT_FOUND for an expected revision, since no revision and no term comes back; all other
 * refusals, and a branch that changed nothing, mean TIMEOUT to whoever has a try in doubt. The store's own further tries are safe: each
 * holds for its leader's term only.
 *
 * UNAVAILABLE: not applied, try again. TIMEOUT: it may yet be applied; only a retry with the same `request` is safe.
 */
struct store_write {
	struct arena *arena;
	const struct store_compare *compares;
	const struct store_op *success;
	const struct store_op *failure;
	uint32_t compare_count, success_count, failure_count;
	uint64_t term;
	uint64_t request;
	bool is_forwarded; /* set by stores: no second hop */
	uint64_t for_term; /* likewise: the term of the leader that it is for; another one refuses it */
	/* Of a further try: what was the revision before the first, or one before that; by it TIMEOUT is answered if the number may be forgotten. */
	uint64_t since;
};

/* What one op did; in the order of the branch that was taken, those of a STORE_TXN's branch right behind its own. */
struct store_result {
	struct store_row
	    *rows; /* STORE_GET: found; put and delete with wants_prev: what was there before */
	uint32_t row_count;
	bool more; /* STORE_GET: the page ended before the range; STORE_TXN: its compares held */
	/* STORE_GET: keys in the range; delete: keys deleted; put: 1; STORE_TXN: how many results behind it are its own. */
	uint64_t count;
};

/* The value of a STORE_TXN op: compares, success and failure of `txn`, copied into `arena`. */
struct str store_pack_txn(const struct store_write *txn, struct arena *arena);

struct store_write_answer {
	enum status status;
	struct arena *arena;
	uint64_t revision; /* of this write; of the store where nothing changed */
	bool is_success;   /* which branch was taken */
	bool is_repeat; /* the request was applied by an earlier try: only revision and is_success are filled */
	bool has_current; /* EXISTS and CONFLICT: the row that was in the way is in `current` */
	struct store_row current;
	uint32_t refused_op; /* EXISTS, CONFLICT, NOT_FOUND: which op's expectation failed */
	struct store_result *results;
	uint32_t result_count;
};

/*
 * watch: changes of [key, end) with revision >= `from` (0: from now on), to the asker, until store_cancel or until
 * the asker ends. `watch` is the asker's own number for it. The answer comes first: EXPIRED with the
 * oldest revision that can still be watched if `from` was compacted, else OK with the current revision.
 *
 * The window: at most LIMIT_WATCH_EVENTS or LIMIT_WATCH_BYTES are under way; the watcher returns credit with
 * store_watch_credit {watch, what it has worked off}. One that lets its window stay full while changes go on
 * past the history kept is cancelled alone.
 */
struct store_watch {
	struct arena *arena;
	uint64_t watch;
	struct str key, end;
	uint64_t from;
	bool wants_prev; /* events carry the row as it was before */
	bool no_puts, no_deletes;
	bool wants_progress; /* an empty store_events now and then on a quiet range: it says how far the watch is */
};

struct store_watch_answer {
	enum status status;
	uint64_t watch;
	uint64_t revision; /* OK: current; EXPIRED: the compact revision */
};

struct store_watch_credit {
	uint64_t watch;
	uint32_t events;
	uint64_t bytes; /* the sum of the batches' `bytes` */
};

struct store_event {
	bool is_delete;
	struct store_row row;  /* for a delete: key and mod_revision (that of the delete) */
	struct store_row prev; /* if asked for and there was one (else its version is 0) */
};

/* Events in revision order; one revision is never split over two batches. status other than OK: the watch is over. */
struct store_events {
	enum status status; /* OK; EXPIRED; BUSY: too slow; UNAVAILABLE: this replica stops */
	struct arena *arena;
	uint64_t watch;
	uint64_t revision; /* everything up to here was told, even with no event */
	const struct store_event *events;
	uint32_t count;
	uint64_t bytes;
};

struct store_cancel {
	uint64_t watch;
};

/* Asks for an empty store_events with the current revision, in order with the others; watch 0: all of the asker. */
struct store_progress {
	uint64_t watch;
};

/*
 * Leases. grant: `id` 0 lets the store choose. A lease lives for `ttl_s` after each keep; a new leader
 * begins anew with the whole ttl. When it ends, or is revoked, its keys are deleted at one revision.
 */
struct store_lease_grant {
	uint64_t id;
	uint32_t ttl_s;
	bool is_forwarded; /* set by stores: no second hop */
};

struct store_lease_keep {
	uint64_t id;
	bool is_forwarded; /* set by stores: no second hop */
};

struct store_lease_revoke {
	uint64_t id;
	bool is_forwarded; /* set by stores: no second hop */
};

struct store_lease_show {
	uint64_t id; /* 0: the ids of all, in `ids` */
	bool wants_keys;
	bool is_forwarded; /* set by stores: no second hop */
};

struct store_lease_answer {
	enum status status; /* grant: EXISTS; keep, revoke and show: NOT_FOUND */
	struct arena *arena;
	uint64_t revision;
	uint64_t id;
	uint32_t ttl_s;  /* granted */
	uint32_t left_s; /* keep and show */
	struct str *keys;
	uint32_t key_count;
	uint64_t *ids;
	uint32_t id_count;
};

/* compact: revisions below `revision` may be forgotten. EXPIRED: they are already; BAD_REQUEST: still to come. */
struct store_compact {
	uint64_t revision;
	bool is_forwarded; /* set by stores: no second hop */
};

struct store_compact_answer {
	enum status status;
	uint64_t revision;
	uint64_t compact_revision;
};

/*
 * past: the changes of `key`, the latest first, also of what was compacted, as far as this replica keeps it; other replicas may keep
 * more or less. BUSY: what it must have is not written yet; ask again in a moment.
 */
struct store_past {
	struct arena *arena;
	struct str key;        /* absent: none; only what is kept is asked for */
	uint64_t below;        /* changes of lower revisions only; 0: all */
	uint32_t limit;        /* LIMIT_STORE_PAST at most; 0: that */
	uint64_t at_s;         /* which revision was the latest at that second? 0: not asked */
	uint64_t min_revision; /* as that of a range */
};

struct store_past_change {
	struct store_row row; /* of a delete: key and mod_revision */
	bool is_delete;
	uint64_t at_s; /* when it was made, to some seconds; 0: not known */
};

struct store_past_answer {
	enum status status;
	struct arena *arena;
	const struct store_past_change *changes;
	uint32_t count;
	bool more;
	uint64_t oldest; /* the first revision at which the key, or if none was asked for most kinds, can be read with is_past */
	uint64_t since_s;     /* when that was; 0: not known */
	uint64_t bytes;       /* what is kept weighs about so much */
	uint64_t revision_at; /* 0: before what is known */
};

/*
 * defragment: this replica's database gives back to the disk what it does not use, beside reads and writes. Answered when it is
 * done. BUSY: it is being done; TOO_LARGE: beyond 256 MiB, since it takes as much memory.
 */
struct store_defragment {
	char nothing;
};

struct store_defragment_answer {
	enum status status;
	uint64_t before_bytes, after_bytes;
};

/*
 * backup: a consistent copy of this replica's database as one file at `path`, beside reads and writes, with everything up to
 * `min_revision` at least: whoever wants all that was acknowledged asks for a range first. BUSY: what it must have is not there yet, or
 * another copy is being made; ask again in a moment. FORBIDDEN: the asker is on another node. Else `words` say what the disk refused, and
 * no file is left.
 */
struct store_backup {
	struct arena *arena;
	struct str path; /* from the root; what is there is replaced */
	uint64_t min_revision;
};

struct store_backup_answer {
	enum status status;
	struct arena *arena;
	uint64_t revision, keys; /* what is in it, counted in the database that goes on */
	uint64_t size_bytes;
	struct str words; /* of a failure; absent */
};

enum store_role { STORE_NOT_MEMBER, STORE_SPARE, STORE_STANDBY, STORE_VOTER };

enum store_alarm {
	STORE_ALARM_NO_LEADER = 1, /* no quorum as far as this replica sees: writes are refused */
	STORE_ALARM_DISK = 2,      /* no spare log segments: the leader steps down */
	STORE_ALARM_TABLE = 4,     /* the database is too far behind the log */
	STORE_ALARM_GONE =
	    8, /* the others have told this replica that it was removed: it never takes part again */
	STORE_ALARM_DAMAGED =
	    16, /* what is on its disk is not what it acknowledged: it has to return under a new id, with an empty folder */
};

struct store_member {
	uint64_t id;
	struct str name;    /* of the node */
	struct str address; /* of its links */
	enum store_role role;
	bool is_alive;        /* as the leader sees it; on others: only itself is known */
	uint64_t lag_entries; /* known on the leader only */
};

/* status, and what each store_status_watch subscriber is sent whenever role, leader, members or alarms change. */
/*
 * More of a member, in the order of the members. Known on the leader, and empty where an older release answers; why it has its role
 * also elsewhere, since the leader tells everybody.
 */
struct store_standing {
	struct str domain;   /* failure domain; empty: not said */
	uint32_t weight;     /* lower is preferred for a vote */
	bool is_witness;     /* votes and holds no data */
	bool is_suspect;     /* silent for a while, or back from the dead not long ago */
	bool is_pressed;     /* short of room on its disk, or of memory */
	bool is_going;       /* about to stop or to leave */
	bool may_stop;       /* now: writes would go on */
	uint32_t latency_us; /* p95, from sending entries to its answer; 0: not known */
	struct str forecast; /* why it may stop, or not; absent: not known */
	struct str reason; /* why it has its role; absent: it has had it since before anybody who is here now */
	uint64_t changed_s; /* Unix time of that; 0: as above */
};

struct store_status {
	enum status status; /* always OK */
	struct arena *arena;
	uint64_t cluster;
	uint64_t id; /* this replica's */
	struct str name;
	enum store_role role;
	bool is_leader;
	uint64_t leader; /* 0: none known */
	struct str leader_name;
	uint64_t term;
	uint64_t revision, compact_revision;
	uint64_t applied_index, commit_index, last_index;
	uint32_t alarms; /* of enum store_alarm */
	uint64_t database_bytes;
	uint64_t index_bytes;
	uint64_t keys;
	const struct store_member *members;
	uint32_t member_count;
	const struct store_standing *standings;
	uint32_t standing_count; /* 0, or as many as members */
	uint32_t tolerance;      /* leader: voters that may still fail */
	uint64_t hash; /* if asked for: over all keys and their past; equal at equal revisions of equal replicas */
	uint64_t last_term; /* of the entry `last_index` */
};

struct store_ask_status {
	bool wants_hash; /* a walk over all keys: not for every second */
};
struct store_status_watch {
	bool is_end; /* no longer */
};

/* Members. Any replica passes these on to the leader; the answer is store_member_answer. */
struct store_member_add {
	struct arena *arena;
	struct str name, address;
	uint64_t id; /* which its store says of itself: store_status.id of a store that waits to be added */
	struct str domain; /* what roles are decided by; see datastore/log/role/roles.h */
	uint32_t weight;
	bool is_forwarded; /* set by stores: no second hop */
	bool is_witness;   /* of one that is new */
};

struct store_member_remove {
	uint64_t id;
	bool is_forced; /* even if it is alive (else FORBIDDEN); never the last majority (CONFLICT) */
	bool is_forwarded; /* set by stores: no second hop */
};

struct store_member_promote {
	uint64_t id;
	enum store_role role; /* STORE_VOTER, STORE_STANDBY or STORE_SPARE */
	bool is_forwarded;    /* set by stores: no second hop */
};

struct store_transfer {
	uint64_t id;       /* to whom; 0: to the best */
	bool is_forwarded; /* set by stores: no second hop */
};

/*
 * That member is about to stop: another one takes its place, and the leadership moves first if it leads. One that will be back keeps
 * its data, and its vote if nobody can take it.
 */
struct store_member_leave {
	uint64_t id;
	bool is_forwarded;   /* set by stores: no second hop */
	bool is_for_a_while; /* it will be back */
};

/*
 * Add, remove, promote: OK when the change is committed. Leave and transfer: OK when it was begun; status tells when it is made.
 * CONFLICT: another one is under way, or it would cost the majority. UNAVAILABLE: no leader, or it was deposed meanwhile, and
 * the change may have been made or not: ask again.
 */
struct store_member_answer {
	enum status status;
	uint64_t id;
};

/* The status of an answer to one of the requests above. */
static inline enum status store_outcome(const struct act_msg *answer)
{
	return answer->status == OK ? *(const enum status *)answer->body : answer->status;
}

/* How a store is started: args of store_class, borrowed as long as the actor lives. */
struct store_config {
	const char *folder;               /* of this member's data; made if missing */
	struct str name, address, domain; /* of this node, as members know it */
	uint32_t weight;
	/*
	 * It votes and has no data: the log's numbers are all that its folder holds, reads and watches are refused (NOT_IMPLEMENTED), and
	 * it never leads. Not with is_first.
	 */
	bool is_witness;
	bool is_first; /* an empty folder begins a new cluster; else it waits to be added */
	uint64_t segment_bytes; /* of the log; 0: the usual size */
	uint64_t kept_entries;  /* of the log, for members that were away; 0: the usual number */
	uint32_t checkpoint_ms; /* how old may be what only the log has durably; 0: the usual time */
	uint32_t election_ms, heartbeat_ms; /* 0: the usual ones */
	uint32_t history_s;                 /* how long old revisions can be read; 0: 300 */
	/*
	 * What compaction lets go is kept for store_past and is_past, the latest of it; 0 of either: nothing is. Not of kinds of keys with
	 * these prefixes ("/registry/secrets/"); and where there is too much, the kind that has most gives first.
	 */
	uint64_t past_bytes;
	uint32_t past_s;
	const struct str *past_without;
	uint32_t past_without_count;
};

extern const struct act_class store_class;

ACT_TYPE_DECLARE(store_range);
ACT_TYPE_DECLARE(store_range_answer);
ACT_TYPE_DECLARE(store_write);
ACT_TYPE_DECLARE(store_write_answer);
ACT_TYPE_DECLARE(store_watch);
ACT_TYPE_DECLARE(store_watch_answer);
ACT_TYPE_DECLARE(store_watch_credit);
ACT_TYPE_DECLARE(store_events);
ACT_TYPE_DECLARE(store_cancel);
ACT_TYPE_DECLARE(store_progress);
ACT_TYPE_DECLARE(store_lease_grant);
ACT_TYPE_DECLARE(store_lease_keep);
ACT_TYPE_DECLARE(store_lease_revoke);
ACT_TYPE_DECLARE(store_lease_show);
ACT_TYPE_DECLARE(store_lease_answer);
ACT_TYPE_DECLARE(store_compact);
ACT_TYPE_DECLARE(store_compact_answer);
ACT_TYPE_DECLARE(store_past);
ACT_TYPE_DECLARE(store_past_answer);
ACT_TYPE_DECLARE(store_defragment);
ACT_TYPE_DECLARE(store_defragment_answer);
ACT_TYPE_DECLARE(store_backup);
ACT_TYPE_DECLARE(store_backup_answer);
ACT_TYPE_DECLARE(store_ask_status);
ACT_TYPE_DECLARE(store_status_watch);
ACT_TYPE_DECLARE(store_status);
ACT_TYPE_DECLARE(store_member_add);
ACT_TYPE_DECLARE(store_member_remove);
ACT_TYPE_DECLARE(store_member_promote);
ACT_TYPE_DECLARE(store_transfer);
ACT_TYPE_DECLARE(store_member_leave);
ACT_TYPE_DECLARE(store_member_answer);

/* All types of the store that cross borders, for act_host_config.types of each host that talks to one. */
extern const struct act_type *const store_types[];
extern const uint32_t store_type_count;

#endif
