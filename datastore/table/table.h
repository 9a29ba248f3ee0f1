/*
 * The table: all keys and their kept revisions in one SQLite database, behind the log.
 *
 * Rows have ids: a revision and a place within it (the store's change ids), so ids are the order of all changes. It
 * holds values and history; what is decided is decided before it comes here. A crash may take back the
 * latest groups (the log has them) but never leaves a part of one: what was applied is in the same transaction.
 *
 * All calls block and are made from jobs or before there are actors. A `struct table` is the writer: one thread at a
 * time. Readers and the checkpoint have connections of their own (struct table_view) and may run beside it. What was written since the last
 * checkpoint is in memory (vfs-log.h): it is lost with the process, as with the power.
 * Whoever opens a table makes sure that no other process does. Page caches: TABLE_CACHE_KIB and TABLE_VIEW_CACHE_KIB.
 *
 * Outcomes: FULL (nothing of the call happened, try again later), CORRUPT, IO; NOT_IMPLEMENTED for a newer format.
 */
#ifndef DATASTORE_TABLE_TABLE_H
#define DATASTORE_TABLE_TABLE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define TABLE_CACHE_KIB 1024
#define TABLE_VIEW_CACHE_KIB 256
#define TABLE_MOMENT_S 5 /* how exactly the time of a revision is known */
#define TABLE_FORMAT 1   /* of the database; a release reads its predecessor's */

struct table;
struct table_view;

/* What of the world is in the table; changes together with the rows. Ids have TABLE_PLACE_BITS of place. */
#define TABLE_PLACE_BITS 20

struct table_mark {
	uint64_t revision, compact_revision, chain;
	uint64_t applied_index, applied_term; /* of the log */
	uint64_t members_index;
	struct str members; /* encoded; absent: none yet */
	uint64_t cluster;   /* which cluster this is; 0: not known yet */
};

struct table_row {
	uint64_t id;
	struct str key, value; /* value absent: of a delete, or not asked for */
	uint64_t create_revision, version, lease;
	uint64_t request; /* when it is written: of its revision; 0: none */
	uint32_t value_len;
	bool is_delete, is_failure_branch;
};

struct table_lease {
	uint64_t id;
	uint32_t ttl_s; /* 0: it ended */
};

/* ---- the writer ---- */

/* Opens or makes the database at `path`; `mark` gets its strings from `arena`. */
MUST_USE enum status table_open(const struct seams_files *files, const struct seams_random *random,
				const char *path, struct arena *arena, struct table **out,
				struct table_mark *mark, struct fault *why);
void table_close(TAKE struct table *table); /* NULL is fine; its views are freed */

/* A group: rows in ascending order of ids, leases, and what the table then stands for. All or nothing. */
struct table_group {
	const struct table_row *rows;
	uint32_t row_count;
	const struct table_lease *leases;
	uint32_t lease_count;
	uint64_t forget_requests; /* those of this revision and before */
	struct table_mark mark;
	int64_t now_s; /* Unix seconds: when its rows were made; 0: not said */
};
MUST_USE enum status table_write(struct table *table, const struct table_group *group,
				 struct fault *why);

/*
 * Forgets what compact_revision allows: rows that were superseded at or before it, and deletes. One step looks at
 * no more than `max_rows` rows; *is_done says that nothing is left to do. `keep` spares the latest of them; NULL: none. Where there
 * is too much, the kind of keys that has most gives its oldest, so that one that changes all the time does not cost the others theirs.
 */
struct table_keep {
	uint64_t max_bytes;
	int64_t since_s;           /* what was superseded before goes in any case */
	const struct str *without; /* prefixes of kinds, "/registry/events/", of which nothing is kept */
	uint32_t without_count;
};
MUST_USE enum status table_sweep(struct table *table, const struct table_keep *keep,
				 uint32_t max_rows, bool *is_done, struct fault *why);

/*
 * Writes the database anew without the pages that nothing uses any more, and gives those back to the disk as far as no
 * reader needs them. Takes as much memory as the database has bytes in use.
 */
MUST_USE enum status table_vacuum(struct table *table, struct fault *why);

/* ---- at start: everything there is, in an order that the callee can rely on: leases, keys, requests ---- */

struct table_loader {
	void *arg;
	void (*lease)(void *arg, const struct table_lease *lease);
	void (*key)(void *arg,
		    const struct table_row *row); /* its latest; without value and request */
	void (*request)(void *arg, uint64_t request, uint64_t revision, bool is_failure_branch);
};
/* `requests_after`: only those of greater revisions. */
MUST_USE enum status table_load(struct table *table, const struct table_loader *loader,
				uint64_t requests_after, struct fault *why);

/* ---- views: one thread at a time each ---- */

/* Connects at its first use, so that a call of it may fail as opening the table may. */
GIVE struct table_view *table_view_new(struct table *table);
void table_view_free(TAKE struct table_view *view); /* NULL is fine */

/* Rows are borrowed for the call. */
typedef void table_each(void *arg, const struct table_row *row);

/* What is read from here to table_view_let_go is of one moment, and costs less than each read by itself; a checkpoint waits meanwhile. */
MUST_USE enum status table_view_hold(struct table_view *view);
void table_view_let_go(struct table_view *view);

/* The row of that id: NOT_FOUND if it was swept. */
MUST_USE enum status table_get(struct table_view *view, uint64_t id, table_each *each, void *arg);

/*
 * The values of many rows, which are told of in ascending order of their ids, whatever the order they were asked in: `wanted` is sorted.
 * A third of what as many table_get cost. All are of one moment. NOT_FOUND: one of them was swept; those before it were told.
 */
struct table_want {
	uint64_t id;
	uint32_t tag; /* the asker's own */
};
typedef void table_each_value(void *arg, uint32_t tag, struct str value);
MUST_USE enum status table_gather(struct table_view *view, struct table_want *wanted,
				  uint32_t count, table_each_value *each, void *arg);

/*
 * Keys of [from, end) (end absent: from alone; one NUL byte: no end) as they were at `revision`, in key order, until
 * `limit` rows (0: any number) or about max_bytes. *more: there are others.
 */
struct table_range {
	struct str from, end;
	uint64_t revision;
	uint32_t limit;
	size_t max_bytes;
	bool is_keys_only;
	bool is_past; /* it may have been swept: EXPIRED; else the caller knows that it was not */
};
MUST_USE enum status table_range(struct table_view *view, const struct table_range *range,
				 table_each *each, void *arg, bool *more, uint64_t *count);

/*
 * Changes of [from, end) with revisions of at least `after_revision` + 1, in order, whole revisions, until about
 * max_bytes or max_rows. *upto: every change up to this revision was looked at. `before` is called after `each` with the row that the
 * change superseded, if there was one and wants_before.
 */
struct table_history {
	struct str from, end;
	uint64_t after_revision, upto_revision;
	uint32_t max_rows;
	size_t max_bytes;
	bool wants_before;
};
MUST_USE enum status table_history(struct table_view *view, const struct table_history *history,
				   table_each *each, table_each *before, void *arg, uint64_t *upto);

/* ---- the past: what was compacted and is kept nevertheless ---- */

struct table_past {
	uint64_t oldest; /* the first revision at which all of the range still reads as it was */
	int64_t since_s; /* when that was; 0: not known */
	uint64_t bytes;  /* of all kinds; about, as far as it was weighed */
};
/* Of [from, end); `from` absent: of the kinds of which most is kept. */
MUST_USE enum status table_past_look(struct table_view *view, struct str from, struct str end,
				     struct table_past *out);

/*
 * The changes of one key before `below` (0: all), the latest first, at most `limit`; *more: there are older ones. The time
 * that goes with each is exact to TABLE_MOMENT_S; 0: not known.
 */
typedef void table_each_past(void *arg, const struct table_row *row, int64_t at_s);
MUST_USE enum status table_walk(struct table_view *view, struct str key, uint64_t below,
				uint32_t limit, table_each_past *each, void *arg, bool *more);

/* The latest revision that was there at that second; 0: before all that is known. */
MUST_USE enum status table_revision_at(struct table_view *view, int64_t at_s, uint64_t *out);

/* ---- durability ---- */

/*
 * Makes durable what was written before this call, beside a writer that goes on. *is_complete: all of it is, and the
 * log before it may go; else somebody still reads an old state, or the writer has gone on meanwhile: try again later. *log_bytes: how
 * long SQLite's own log is.
 */
MUST_USE enum status table_checkpoint(struct table_view *view, bool *is_complete,
				      uint64_t *log_bytes, struct fault *why);
/*
 * The same by the writer, which has to wait for it, and empties that log: beside a writer that never rests it would grow without end,
 * since it begins anew only where a checkpoint has caught up with it. A reader may keep it from being emptied, not from being complete.
 */
MUST_USE enum status table_empty_log(struct table *table, bool *is_complete, struct fault *why);
uint64_t table_log_bytes(const struct table *table); /* the writer's: how long that log is */

/* Writes a consistent, durable copy to `path` beside a writer that goes on; `mark` says what is in it. */
MUST_USE enum status table_copy(struct table_view *view, const char *path, struct arena *arena,
				struct table_mark *mark, struct fault *why);

/* ---- a database that nobody has open: a copy of another one ---- */

struct table_contents {
	struct table_mark mark; /* strings in the arena */
	uint64_t keys;          /* that exist */
	uint64_t rows;          /* values and deletes that are kept */
};

/*
 * Looks at all of it: SQLite's own check of every page, and that each key's latest row is there. CORRUPT with words. Never makes a
 * file: NOT_FOUND.
 */
MUST_USE enum status table_examine(const struct seams_files *files,
				   const struct seams_random *random, const char *path,
				   struct arena *arena, struct table_contents *out,
				   struct fault *why);

/* A revision, or, where that is 0, whatever was the latest at a second. */
struct table_point {
	uint64_t revision;
	int64_t at_s;
};

struct table_rewound {
	uint64_t revision;
	/* Kinds of which nothing is kept so far back, in words: what was there then is as it was last, but for what was deleted since. */
	struct str lost;
};

/*
 * Takes back every change after a point: keys are what they were then, and what happened since is gone. EXPIRED: the past that is kept
 * begins later; BAD_REQUEST: it has yet to come; both with words.
 */
MUST_USE enum status table_rewind(const struct seams_files *files,
				  const struct seams_random *random, const char *path,
				  const struct table_point *point, struct arena *arena,
				  struct table_rewound *out, struct fault *why);

/*
 * Makes it stand for `mark` and nothing of what it was copied from: its requests are forgotten, its rows, keys and leases stay, but for
 * keys that begin with `forgotten` (absent: none). Durable when it returns.
 */
MUST_USE enum status table_adopt(const struct seams_files *files, const struct seams_random *random,
				 const char *path, struct str forgotten,
				 const struct table_mark *mark, struct fault *why);

#endif
