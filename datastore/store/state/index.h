/*
 * The index: the store's latest state in memory; it decides writes and assigns revisions.
 *
 * A deterministic machine: the same commands at the same terms give the same state and the same changes on every replica.
 * It asks no clock, no disk and no other actor. Each key has an item; the latest values stay in memory
 * within a budget, the others are in the table under the item's change id. index_hash lets replicas compare.
 *
 * Owned by the store actor (or a test). Holds what the cluster holds: its owner bounds that.
 */
#ifndef DATASTORE_STORE_STATE_INDEX_H
#define DATASTORE_STORE_STATE_INDEX_H

#include "datastore/store/state/change.h"
#include "datastore/store/state/command.h"
#include "datastore/store/state/lease.h"

struct index;

struct index_hooks {
	void *arg;
	/* One key changed; in order. The index keeps no reference of its own. */
	void (*changed)(void *arg, TAKE struct change *change);
	/* A lease came (ttl) or went (0). Its keys' deletions were told before. */
	void (*leased)(void *arg, uint64_t id, uint32_t ttl_s);
	/*
	 * A value that is not in memory, by change id; NULL: the table no longer has it. It is asked for only when a
	 * write needs it to decide or to answer. It must be what the id was written with, whatever is in flight.
	 */
	GIVE struct blob *(*load)(void *arg, uint64_t id);
};

/* `read_budget_bytes` more for those who will ask for the same again (index_range.is_kept). */
GIVE struct index *index_new(const struct index_hooks *hooks, size_t value_budget_bytes,
			     size_t read_budget_bytes);
void index_free(TAKE struct index *index);

/* ---- from the table, at start: rows in any order, then leases' owners are found by the rows ---- */

struct index_row {
	struct str key;
	uint64_t id, create_revision, version, lease;
	uint32_t value_len;
};

struct index_mark {
	uint64_t revision, compact_revision, chain;
};

void index_load_lease(struct index *index, uint64_t id, uint32_t ttl_s); /* before the rows */
void index_load_row(struct index *index, const struct index_row *row);
void index_load_request(struct index *index, uint64_t request, uint64_t revision,
			bool is_failure_branch); /* ascending */
void index_load_mark(struct index *index, const struct index_mark *mark);

/* ---- commands ---- */

/*
 * Applies one command of an entry of `term`. With an arena, fills the answer, its rows made in the arena; on replicas where
 * nobody waits arena and answer are NULL. Only the answer differs then, never the state.
 */
struct index_answer {
	enum status status;
	uint64_t revision;
	struct store_write_answer write; /* COMMAND_WRITE */
};

void index_apply(struct index *index, const struct command *command, uint64_t term,
		 struct arena *arena, struct index_answer *out);

/* ---- reading ---- */

struct index_mark index_mark(const struct index *index);
uint64_t index_revision(const struct index *index);
uint64_t index_compact_revision(const struct index *index);
uint64_t index_keys(const struct index *index);
size_t index_size(const struct index *index); /* bytes of heap, values included */
struct leases *index_leases(struct index *index);
uint64_t index_hash(const struct index *index);

/* A row whose value must be fetched from the table: the row's place in the page, and the id. */
struct index_missing {
	uint32_t row;
	uint64_t id;
};

struct index_page {
	struct store_row *rows;
	uint32_t row_count;
	bool more;
	uint64_t count;
	struct index_missing *missing;
	uint32_t missing_count;
};

struct index_range {
	struct str key, end;
	uint32_t limit; /* 0: as many as fit into LIMIT_LIST_PAGE_BYTES */
	bool is_count_only, is_keys_only;
	bool is_kept; /* what memory has of it stays there for the next one who asks */
};

void index_range(struct index *index, const struct index_range *range, struct arena *arena,
		 struct index_page *out);

/* Everything up to this revision is in the table: those values may leave memory. */
void index_written(struct index *index, uint64_t revision);
/*
 * A value came back from the table: kept if the key is still at that id. One that is read for readers who come again takes the place of
 * no other of them but now and then: who goes through more than there is room for finds a part of it here, not nothing.
 */
void index_cache(struct index *index, struct str key, uint64_t id, struct blob *value, bool is_read);
/* Nobody came again: what was kept for readers goes as far as the budget without them demands it. */
void index_forget_read(struct index *index);

/* True if `key` is the one, or lies in [from, end) when there is an end. */
bool index_is_within(struct str key, struct str from, struct str end);

#endif
