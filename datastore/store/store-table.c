#include <assert.h>

#include "datastore/store/store-private.h"

/* ---- what the index tells ---- */

void store_on_change(void *arg, struct change *change)
{
	struct store *store = arg;
	history_add(&store->history, change);
}

void store_on_leased(void *arg, uint64_t id, uint32_t ttl_s)
{
	struct store *store = arg;
	vec_push(&store->lease_changes, (struct table_lease){ id, ttl_s });
	struct lease *lease = ttl_s ? leases_find(index_leases(store->index), id) : NULL;
	if (lease)
		lease->ends.ns = act_now(store->act).ns + (int64_t)ttl_s * TIME_S;
}

struct blob *store_blob_of_row(const struct table_row *row)
{
	return row->value.at ? blob_new(row->value) : NULL;
}

static void take_value(void *arg, const struct table_row *row)
{
	*(struct blob **)arg = store_blob_of_row(row);
}

/* A value that left memory is in the table. One row by its id: a few microseconds when the page is in memory. */
struct blob *store_load(void *arg, uint64_t id)
{
	struct store *store = arg;
	struct blob *value = NULL;
	enum status status = table_get(store->load_view, id, take_value, &value);
	if (status != OK && status != NOT_FOUND)
		act_fail(store->act, "the table cannot be read: %s", status_text(status));
	return value;
}

/* ---- groups ---- */

static void flush_free(void *arg)
{
	struct store_flush *flush = arg;
	arena_free(flush->arena);
	mem_free(flush);
}

static void run_flush(void *arg)
{
	struct store_flush *flush = arg;
	const struct seams_files *files = &flush->store->seams->files;
	struct seams_stat stat = { 0 };
	flush->status = table_write(flush->store->table, &flush->group, &flush->why);
	flush->log_bytes = table_log_bytes(flush->store->table);
	if (files->stat(files->self, flush->store->table_path, &stat) == OK)
		flush->database_bytes = stat.size_bytes;
}

static void fill_row(struct table_row *row, const struct change *change)
{
	*row = (struct table_row){ .id = change->id,
				   .key = change_key(change),
				   .value = blob_str(change->value),
				   .create_revision = change->create_revision,
				   .version = change->version,
				   .lease = change->lease,
				   .request = change->request,
				   .is_delete = change->is_delete,
				   .is_failure_branch = change->is_failure_branch };
}

/* Everything applied so far. The changes stay in the history until they are written, so rows borrow from them. */
static struct store_flush *make_flush(struct store *store)
{
	struct store_flush *flush = mem_new(struct store_flush);
	struct history *history = &store->history;
	flush->store = store;
	flush->arena = arena_new(0);
	flush->history_end = history_end(history);
	uint64_t count = flush->history_end - history->written;
	struct table_row *rows = arena_array(flush->arena, struct table_row, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct change *change = history_at(history, history->written + i);
		fill_row(&rows[i], change);
	}
	struct index_mark mark = index_mark(store->index);
	flush->group = (struct table_group){
		.rows = rows,
		.row_count = (uint32_t)count,
		.leases = arena_copy(flush->arena, store->lease_changes.at,
				     store->lease_changes.len * sizeof(struct table_lease)),
		.lease_count = store->lease_changes.len,
		.mark = { .revision = mark.revision,
			  .compact_revision = mark.compact_revision,
			  .chain = mark.chain,
			  .applied_index = store->applied_index,
			  .applied_term = store->applied_term,
			  .members_index = store->members.index,
			  .members = arena_str(flush->arena, text_str(&store->members.bytes)) },
		.now_s = act_wall(store->act).ns / TIME_S,
	};
	if (!store->members.index)
		flush->group.mark.members = STR_NONE;
	if (mark.revision > LIMIT_STORE_REQUESTS)
		flush->group.forget_requests = mark.revision - LIMIT_STORE_REQUESTS;
	return flush;
}

static void start_sweep(struct store *store);
static void checkpoint_if_due(struct store *store);

void store_table_flush(struct store *store)
{
	if (store->flush_timer)
		act_cancel(store->act, store->flush_timer);
	store->flush_timer = 0;
	if (store->state != STORE_RUNNING || !store->is_dirty || store->is_writing)
		return;
	store->is_writing = true;
	store->is_dirty = false;
	store_job(store, store->table_lane, run_flush, make_flush(store), flush_free,
		  TAG_TABLE_WRITTEN);
}

static void flush_later(struct store *store, uint64_t delay_ms)
{
	if (!store->flush_timer)
		store->flush_timer = act_after(store->act, delay_ms, &store_flush_table_type,
					       &(struct store_flush_table){ 0 });
}

void store_table_dirty(struct store *store)
{
	store->is_dirty = true;
	if (store->is_writing || store->is_table_full)
		return;
	if (history_end(&store->history) - store->history.written >= STORE_FLUSH_CHANGES ||
	    store->history.unwritten_bytes >= STORE_FLUSH_BYTES)
		store_table_flush(store);
	else
		flush_later(store, STORE_FLUSH_MS);
}

/* The table's own log is so long now; where it has begun anew, nothing of it was moved. */
static void note_log(struct store *store, uint64_t log_bytes)
{
	if (log_bytes < store->checked_bytes)
		store->checked_bytes = 0;
	store->log_bytes = log_bytes;
	if (!store->is_unchecked)
		store->unchecked_since = act_now(store->act);
	store->is_unchecked = true;
}

static void take_written(struct store *store, const struct store_flush *flush)
{
	const struct table_mark *mark = &flush->group.mark;
	history_written(&store->history, flush->history_end);
	index_written(store->index, mark->revision);
	/* An array that never had an element has no address, not even for moving nothing. */
	if (flush->group.lease_count > 0)
		memmove(store->lease_changes.at, store->lease_changes.at + flush->group.lease_count,
			(store->lease_changes.len - flush->group.lease_count) *
			    sizeof(struct table_lease));
	store->lease_changes.len -= flush->group.lease_count;
	store->written_revision = mark->revision;
	/* Not before the table knows of it: a step that came earlier would find nothing to do. */
	if (mark->compact_revision > store->written_compact) {
		store->written_compact = mark->compact_revision;
		store->needs_sweep = true;
	}
	store->database_bytes = flush->database_bytes;
	store->written_state.index = mark->applied_index;
	store->written_state.term = mark->applied_term;
	if (store->written_state.members_index != mark->members_index) {
		store->written_state.members_index = mark->members_index;
		text_clear(&store->written_members);
		text_add(&store->written_members, mark->members);
	}
	store->written_at = act_now(store->act);
	note_log(store, flush->log_bytes);
}

static bool is_retried(enum status status)
{
	return status == FULL || status == BUSY;
}

/* Commands that the table was too far behind for. */
static void submit_waiting(struct store *store)
{
	if (store->state != STORE_RUNNING || !store_is_leader(store) || !store->gathering.len)
		return;
	store_submit(store);
	store_settle(store);
}

void store_on_table_written(struct store *store, struct store_flush *flush)
{
	enum status status = flush->status;
	store->is_writing = false;
	if (status != OK && !is_retried(status)) {
		struct fault why = flush->why;
		flush_free(flush);
		act_fail(store->act, "the table cannot be written: %s", why.text);
	}
	bool was_full = store->is_table_full;
	store->is_table_full = is_retried(status);
	if (status == OK)
		take_written(store, flush);
	flush_free(flush);
	if (store->is_table_full) {
		if (!was_full)
			log_warn("store", "the table has no room; the log keeps what is written",
				 LOG_STATUS(status));
		store->is_dirty = true;
		flush_later(store, STORE_RETRY_MS);
		submit_waiting(store);
		return;
	}
	if (store->state != STORE_RUNNING)
		return;
	store_reads_advance(store);
	store_watch_pump(store);
	if (store->is_dirty)
		store_table_dirty(store);
	start_sweep(store);
	checkpoint_if_due(store);
	submit_waiting(store);
}

/* ---- sweeping what was compacted, a little at a time ---- */

static void table_job_free(void *arg)
{
	struct store_table_job *job = arg;
	if (job->arena)
		arena_free(job->arena);
	mem_free(job);
}

/* Unless it went well, or may go better next time, the actor ends. */
static void fail_job(struct store *store, struct store_table_job *job, const char *what)
{
	struct fault why = job->why;

	if (job->status == OK || is_retried(job->status))
		return;
	table_job_free(job);
	act_fail(store->act, "the table cannot be %s: %s", what, why.text);
}

static void run_sweep(void *arg)
{
	struct store_table_job *job = arg;
	job->status = table_sweep(job->store->table, &job->keep, LIMIT_COMPACT_ROWS, &job->is_done,
				  &job->why);
	job->log_bytes = table_log_bytes(job->store->table);
}

/* The lane takes jobs in turn, so a group waits for one step at most. */
static void start_sweep(struct store *store)
{
	if (!store->needs_sweep || store->is_sweeping || store->state != STORE_RUNNING)
		return;
	struct store_table_job *job = mem_new(struct store_table_job);
	job->store = store;
	job->keep = store_past_keep(store);
	store->is_sweeping = true;
	store->needs_sweep = false;
	store_job(store, store->table_lane, run_sweep, job, table_job_free, TAG_TABLE_SWEPT);
}

void store_on_table_swept(struct store *store, struct store_table_job *job)
{
	enum status status = job->status;
	store->is_sweeping = false;
	fail_job(store, job, "swept");
	bool is_done = job->is_done;
	if (status == OK)
		note_log(store, job->log_bytes);
	table_job_free(job);
	if (status != OK || !is_done)
		store->needs_sweep = true;
	if (status == OK && !is_done)
		start_sweep(store);
	checkpoint_if_due(store);
}

/* ---- checkpoints: from here on the log may forget ---- */

/*
 * On the lane of the groups, which gather meanwhile: beside them it would not catch up, and memory holds what it has not. A reader of an old
 * state may keep the log from being emptied.
 */
static void run_checkpoint(void *arg)
{
	struct store_table_job *job = arg;
	job->status = table_empty_log(job->store->table, &job->is_done, &job->why);
	job->log_bytes = table_log_bytes(job->store->table);
}

static void start_checkpoint(struct store *store)
{
	struct store_table_job *job = mem_new(struct store_table_job);
	job->store = store;
	job->arena = arena_new(0);
	job->state = store->written_state;
	if (job->state.members_index)
		job->state.members = arena_str(job->arena, text_str(&store->written_members));
	store->is_checkpointing = true;
	store->is_unchecked = false;
	store_job(store, store->table_lane, run_checkpoint, job, table_job_free, TAG_CHECKPOINTED);
}

void store_on_checkpointed(struct store *store, struct store_table_job *job)
{
	store->is_checkpointing = false;
	fail_job(store, job, "made durable");
	store->log_bytes = store->checked_bytes = job->log_bytes;
	if (job->status != OK || !job->is_done) {
		/* Somebody reads an old state, or there is no room: it is tried again. */
		store->is_unchecked = true;
		store->checked_bytes -= store->checked_bytes < STORE_CHECKPOINT_BYTES / 2
					    ? store->checked_bytes
					    : STORE_CHECKPOINT_BYTES / 2;
	} else if (store->state == STORE_RUNNING) {
		store->is_checked = true;
		replica_state_durable(store->replica, &job->state, act_now(store->act), &store->out);
		store_settle(store);
	}
	table_job_free(job);
}

/* ---- giving back what is not used ---- */

static uint64_t table_bytes(struct store *store)
{
	const struct seams_files *files = &store->seams->files;
	struct seams_stat stat = { 0 };
	return files->stat(files->self, store->table_path, &stat) == OK ? stat.size_bytes : 0;
}

static void run_defragment(void *arg)
{
	struct store_defragmenting *job = arg;
	job->before_bytes = table_bytes(job->store);
	job->status = job->before_bytes > STORE_DEFRAGMENT_BYTES
			  ? TOO_LARGE
			  : table_vacuum(job->store->table, &job->why);
	job->after_bytes = table_bytes(job->store);
}

void store_on_defragment(struct store *store, const struct act_msg *msg)
{
	if (msg->kind != ACT_REQUEST)
		return;
	if (store->is_defragmenting) {
		act_reply_of(store->act, msg, store_defragment_answer, .status = BUSY);
		return;
	}
	struct store_defragmenting *job = mem_new(struct store_defragmenting);
	job->store = store;
	job->ticket = act_ticket(msg);
	store->is_defragmenting = true;
	store_job(store, store->table_lane, run_defragment, job, mem_free, TAG_DEFRAGMENTED);
}

/* What cannot be done for want of room leaves the table as it was; anything else ends the actor, as in other jobs. */
void store_on_defragmented(struct store *store, struct store_defragmenting *job)
{
	struct store_defragmenting done = *job;
	mem_free(job);
	store->is_defragmenting = false;
	if (done.status != OK && done.status != TOO_LARGE && !is_retried(done.status))
		act_fail(store->act, "the table cannot be defragmented: %s", done.why.text);
	if (done.status == OK)
		store->database_bytes = done.after_bytes;
	act_answer(store->act, done.ticket, &store_defragment_answer_type,
		   &(struct store_defragment_answer){ .status = done.status,
						      .before_bytes = done.before_bytes,
						      .after_bytes = done.after_bytes });
}

static bool checkpoint_is_due(const struct store *store)
{
	uint64_t bytes = store->log_bytes - store->checked_bytes;
	if (!store->is_unchecked || store->is_checkpointing || store->copy.is_making ||
	    store->state != STORE_RUNNING)
		return false;
	uint32_t due_ms = store->config->checkpoint_ms ? store->config->checkpoint_ms
			  : store->is_checked          ? STORE_CHECKPOINT_MS
						       : STORE_FIRST_CHECKPOINT_MS;
	struct mono now = act_now(store->act);
	int64_t age_ms = (now.ns - store->unchecked_since.ns) / TIME_MS;
	int64_t rest_ms = (now.ns - store->written_at.ns) / TIME_MS;
	return bytes >= STORE_CHECKPOINT_BYTES || age_ms >= due_ms ||
	       (bytes >= STORE_REST_BYTES && rest_ms >= STORE_REST_MS);
}

static void checkpoint_if_due(struct store *store)
{
	if (checkpoint_is_due(store))
		start_checkpoint(store);
}

void store_table_second(struct store *store)
{
	checkpoint_if_due(store);
	if (store_past_second(store))
		store->needs_sweep = true;
	start_sweep(store);
}
