#include <assert.h>

#include "datastore/store/store-private.h"

void store_reads_init(struct store *store)
{
	list_init(&store->reads.for_index);
	list_init(&store->reads.for_revision);
	list_init(&store->reads.for_table);
	list_init(&store->reads.in_job);
}

static void read_free(void *arg)
{
	struct store_read *read = arg;
	arena_free(read->arena);
	mem_free(read);
}

/* Answers and ends the read; its arena goes with the answer. */
static void finish(struct store *store, struct store_read *read, enum status status)
{
	list_remove(&read->link);
	store->reads.count--;
	read->answer.latest = index_revision(store->index);
	read->answer.status = status;
	read->answer.arena = read->arena;
	if (act_answer(store->act, read->ticket, &store_range_answer_type, &read->answer) != OK)
		arena_free(read->arena);
	mem_free(read);
}

/* ---- the table: old revisions, and values that are not in memory ---- */

static void hold(struct arena *arena, struct store_row *row, const struct table_row *from)
{
	struct blob *value = store_blob_of_row(from);
	row->blob = blob_hold(arena, value);
	row->value = blob_str(value);
	blob_unref(value);
}

static void take_missing(void *arg, uint32_t tag, struct str bytes)
{
	struct store_read *read = arg;
	struct store_row *row = &read->answer.rows[tag];
	struct blob *value = bytes.at ? blob_new(bytes) : NULL;
	row->blob = blob_hold(read->arena, value);
	row->value = blob_str(value);
	blob_unref(value);
}

static void run_fetch(void *arg)
{
	struct store_read *read = arg;
	struct table_want *wanted = arena_array(read->arena, struct table_want, read->missing_count);
	for (uint32_t i = 0; i < read->missing_count; i++)
		wanted[i] = (struct table_want){ read->missing[i].id, read->missing[i].row };
	read->status =
	    table_gather(read->store->read_view, wanted, read->missing_count, take_missing, read);
}

static void take_old(void *arg, const struct table_row *from)
{
	struct store_read *read = arg;
	struct store_range_answer *answer = &read->answer;
	if (answer->row_count == read->row_cap) {
		uint32_t cap = read->row_cap ? 2 * read->row_cap : 8;
		answer->rows =
		    arena_grow(read->arena, answer->rows, read->row_cap * sizeof *answer->rows,
			       cap * sizeof *answer->rows);
		read->row_cap = cap;
	}
	struct store_row *row = &answer->rows[answer->row_count++];
	*row = (struct store_row){ .key = arena_str(read->arena, from->key),
				   .create_revision = from->create_revision,
				   .mod_revision = change_revision(from->id),
				   .version = from->version,
				   .lease = from->lease };
	if (!read->range.is_keys_only)
		hold(read->arena, row, from);
}

static void ignore_row(void *arg, const struct table_row *row)
{
	(void)arg;
	(void)row;
}

static void run_old(void *arg)
{
	struct store_read *read = arg;
	const struct store_range *range = &read->range;
	struct table_range what = { .from = range->key,
				    .end = range->end,
				    .revision = range->revision,
				    .limit = range->limit,
				    .max_bytes = LIMIT_LIST_PAGE_BYTES,
				    .is_keys_only = range->is_keys_only || range->is_count_only,
				    .is_past = range->is_past };
	read->answer.revision = range->revision;
	read->status =
	    table_range(read->store->read_view, &what, range->is_count_only ? ignore_row : take_old,
			read, &read->answer.more, &read->answer.count);
	if (range->is_count_only)
		read->answer.more = false;
}

static void start_job(struct store *store, struct store_read *read, void (*run)(void *))
{
	list_remove(&read->link);
	list_push(&store->reads.in_job, &read->link);
	store_job(store, store->read_lane, run, read, read_free, TAG_READ);
}

/* ---- serving ---- */

/* Whoever reads on at a revision while others write elsewhere finds what the index has to be what it was. */
static bool is_unchanged_since(const struct store *store, const struct store_range *range)
{
	const struct history *history = &store->history;
	uint64_t number = history_find(history, range->revision + 1);
	uint64_t end = history_end(history);
	if (!number || end - number > STORE_READ_CHANGES)
		return false;
	for (; number < end; number++)
		if (index_is_within(change_key(history_at(history, number)), range->key, range->end))
			return false;
	return true;
}

static void serve_latest(struct store *store, struct store_read *read)
{
	struct index_page page;
	const struct index_range range = { .key = read->range.key,
					   .end = read->range.end,
					   .limit = read->range.limit,
					   .is_count_only = read->range.is_count_only,
					   .is_keys_only = read->range.is_keys_only,
					   .is_kept = read->range.is_kept };
	if (range.is_kept)
		store->reads.kept_at = act_now(store->act);
	index_range(store->index, &range, read->arena, &page);
	read->answer.revision =
	    read->range.revision ? read->range.revision : index_revision(store->index);
	read->answer.rows = page.rows;
	read->answer.row_count = page.row_count;
	read->answer.more = page.more;
	read->answer.count = page.count;
	read->missing = page.missing;
	read->missing_count = page.missing_count;
	if (page.missing_count)
		start_job(store, read, run_fetch);
	else
		finish(store, read, OK);
}

static bool is_compacted(const struct store *store, const struct store_read *read)
{
	return read->range.revision && !read->range.is_past &&
	       read->range.revision < index_compact_revision(store->index);
}

static void serve(struct store *store, struct store_read *read)
{
	uint64_t revision = read->range.revision;
	if (is_compacted(store, read)) {
		read->answer.revision = index_compact_revision(store->index);
		finish(store, read, EXPIRED);
	} else if (revision > index_revision(store->index)) {
		finish(store, read, BAD_REQUEST);
	} else if (!revision || revision == index_revision(store->index) ||
		   is_unchanged_since(store, &read->range)) {
		serve_latest(store, read);
	} else if (revision > store->written_revision) {
		list_remove(&read->link);
		list_push(&store->reads.for_table, &read->link);
		store_table_flush(store);
	} else {
		start_job(store, read, run_old);
	}
}

/* Values that came from the table stay in memory for the next one who asks, as far as the budget goes. */
static void cache_values(struct store *store, const struct store_read *read)
{
	for (uint32_t i = 0; i < read->missing_count; i++) {
		const struct index_missing *missing = &read->missing[i];
		const struct store_row *row = &read->answer.rows[missing->row];
		if (row->blob)
			index_cache(store->index, row->key, missing->id, row->blob,
				    read->range.is_kept);
	}
}

void store_on_read_job(struct store *store, struct store_read *read)
{
	if (store->state != STORE_RUNNING) {
		finish(store, read, UNAVAILABLE);
	} else if (read->status == NOT_FOUND && !read->is_again) {
		/* A key changed and was swept while we read: now its new row is there. */
		read->is_again = true;
		read->answer = (struct store_range_answer){ 0 };
		serve(store, read);
	} else if (is_compacted(store, read) || read->status == EXPIRED) {
		read->answer =
		    (struct store_range_answer){ .revision = index_compact_revision(store->index) };
		finish(store, read, EXPIRED);
	} else {
		if (read->status == OK && (!read->range.revision || read->range.is_kept))
			cache_values(store, read);
		finish(store, read, read->status);
	}
}

/* ---- waiting ---- */

static void wait_for_revision(struct store *store, struct store_read *read)
{
	if (read->range.min_revision <= index_revision(store->index)) {
		serve(store, read);
		return;
	}
	list_remove(&read->link);
	list_push(&store->reads.for_revision, &read->link);
}

/* One round serves all who asked before it began. */
void store_reads_begin(struct store *store)
{
	struct store_reads *reads = &store->reads;
	if (reads->is_asking || list_is_empty(&reads->for_index) || !store->seen.leader)
		return;
	enum status status =
	    replica_read_index(store->replica, reads->round + 1, act_now(store->act), &store->out);
	if (status != OK) {
		list_each (&reads->for_index, link) {
			finish(store, list_item(link, struct store_read, link), status);
		}
		return;
	}
	reads->round++;
	reads->is_asking = true;
	list_each (&reads->for_index, link) {
		list_item(link, struct store_read, link)->round = reads->round;
	}
}

/* As long as electing the next leader takes. */
static bool may_wait(const struct store *store)
{
	return store->leaderless_s < STORE_LEADERLESS_S;
}

void store_on_read_index(struct store *store, const struct replica_read *read)
{
	struct store_reads *reads = &store->reads;
	if (!reads->is_asking || read->token != reads->round)
		return;
	reads->is_asking = false;
	list_each (&reads->for_index, link) {
		struct store_read *one = list_item(link, struct store_read, link);
		if (one->round != reads->round)
			continue;
		if (read->status == OK)
			wait_for_revision(store, one);
		else if (may_wait(store))
			one->round = 0; /* in the next one, of whoever leads then */
		else
			finish(store, one, UNAVAILABLE);
	}
}

static struct store_read *read_new(struct store *store, const struct act_msg *msg)
{
	struct store_read *read = mem_new(struct store_read);
	const struct store_range *range = ACT_AS(msg, store_range);
	read->store = store;
	read->ticket = act_ticket(msg);
	read->range = *range;
	read->arena = arena_new(0);
	read->range.key = arena_str(read->arena, range->key);
	read->range.end = arena_str(read->arena, range->end);
	read->since = act_now(store->act);
	list_init(&read->link);
	store->reads.count++;
	return read;
}

ACT_BRANCH(seems_read_out, 10, "the store refuses a read as if too many were under way");

void store_on_range(struct store *store, const struct act_msg *msg)
{
	const struct store_range *range = ACT_AS(msg, store_range);
	if (msg->kind != ACT_REQUEST)
		return;
	if (store->reads.count >= LIMIT_STORE_READS || act_buggify(store->act, &seems_read_out)) {
		act_refuse(store->act, msg, BUSY);
		return;
	}
	if (range->key.len > LIMIT_KEY_BYTES || range->end.len > LIMIT_KEY_BYTES) {
		act_refuse(store->act, msg, TOO_LARGE);
		return;
	}
	struct store_read *read = read_new(store, msg);
	if (range->is_serializable) {
		wait_for_revision(store, read);
		return;
	}
	if (!store->seen.leader && !may_wait(store)) {
		finish(store, read, UNAVAILABLE);
		return;
	}
	list_push(&store->reads.for_index, &read->link);
	store_reads_begin(store);
	store_settle(store);
}

static void end_late(struct store *store, struct list *list)
{
	int64_t now = act_now(store->act).ns;
	list_each (list, link) {
		struct store_read *read = list_item(link, struct store_read, link);
		if (now - read->since.ns > STORE_WAIT_MS * TIME_MS)
			finish(store, read, TIMEOUT);
	}
}

void store_reads_advance(struct store *store)
{
	struct store_reads *reads = &store->reads;
	if (!reads->count)
		return;
	list_each (&reads->for_revision, link) {
		struct store_read *read = list_item(link, struct store_read, link);
		if (read->range.min_revision <= index_revision(store->index))
			serve(store, read);
	}
	list_each (&reads->for_table, link) {
		struct store_read *read = list_item(link, struct store_read, link);
		if (read->range.revision <= store->written_revision)
			start_job(store, read, run_old);
	}
	if (!list_is_empty(&reads->for_table))
		store_table_flush(store);
	end_late(store, &reads->for_index);
	end_late(store, &reads->for_revision);
	end_late(store, &reads->for_table);
}

void store_reads_second(struct store *store)
{
	if (act_now(store->act).ns - store->reads.kept_at.ns > STORE_READ_KEPT_S * TIME_S)
		index_forget_read(store->index);
	store_reads_advance(store);
}

static void fail_list(struct store *store, struct list *list, enum status status)
{
	list_each (list, link) {
		finish(store, list_item(link, struct store_read, link), status);
	}
}

void store_reads_leaderless(struct store *store)
{
	fail_list(store, &store->reads.for_index, UNAVAILABLE);
	store->reads.is_asking = false;
}

/* Those in a job end when it does. */
void store_fail_reads(struct store *store, enum status status)
{
	fail_list(store, &store->reads.for_index, status);
	fail_list(store, &store->reads.for_revision, status);
	fail_list(store, &store->reads.for_table, status);
	store->reads.is_asking = false;
}

void store_reads_fini(struct store *store)
{
	struct store_reads *reads = &store->reads;
	struct list *const lists[] = { &reads->for_index, &reads->for_revision, &reads->for_table };
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		list_each (lists[i], link)
			read_free(list_item(link, struct store_read, link));
		list_init(lists[i]);
	}
}
