/*
 * The past: what compaction lets go stays in the table for a while, for whoever asks for it by name.
 *
 * Each replica keeps its own, within the same bounds; one that begins from a snapshot has what that had. Nothing here is agreed upon, so
 * answers of replicas differ in how far back they go and in nothing else.
 */
#include "datastore/store/store-private.h"

struct store_past_job {
	struct store *store;
	struct act_ticket ticket;
	struct store_past ask; /* its strings are the answer's arena's */
	struct arena *arena;
	struct store_past_change *changes;
	struct store_past_answer answer;
	size_t bytes;
};

/* Room on the disk is worth more than the past. */
struct table_keep store_past_keep(const struct store *store)
{
	const struct store_config *config = store->config;
	int64_t now_s = act_wall(store->act).ns / TIME_S;
	if (!config->past_bytes || !config->past_s || store->is_pressed || store->is_table_full)
		return (struct table_keep){ 0 };
	return (struct table_keep){ .max_bytes = config->past_bytes,
				    .since_s = now_s - (int64_t)config->past_s,
				    .without = config->past_without,
				    .without_count = config->past_without_count };
}

bool store_past_second(struct store *store)
{
	if (!store->config->past_bytes || store->past_seconds-- > 0)
		return false;
	store->past_seconds = STORE_PAST_S;
	return true;
}

static void take_change(void *arg, const struct table_row *from, int64_t at_s)
{
	struct store_past_job *job = arg;
	struct store_past_answer *answer = &job->answer;
	struct store_past_change *change = &job->changes[answer->count];
	/* The rest of a page that is too large is asked for with `below`. */
	job->bytes += from->value.len;
	answer->more = answer->more || (job->bytes > LIMIT_LIST_PAGE_BYTES && answer->count > 0);
	if (answer->more)
		return;
	struct blob *value = store_blob_of_row(from);
	*change = (struct store_past_change){
		.row = { .key = job->ask.key,
			 .create_revision = from->create_revision,
			 .mod_revision = change_revision(from->id),
			 .version = from->version,
			 .lease = from->lease },
		.is_delete = from->is_delete,
		.at_s = at_s > 0 ? (uint64_t)at_s : 0,
	};
	change->row.blob = blob_hold(job->arena, value);
	change->row.value = blob_str(value);
	blob_unref(value);
	answer->count++;
}

static enum status read_past(struct store_past_job *job)
{
	struct table_view *view = job->store->read_view;
	struct store_past_answer *answer = &job->answer;
	struct table_past past;
	bool more = false;
	if (job->ask.key.len)
		TRY(table_walk(view, job->ask.key, job->ask.below, job->ask.limit, take_change, job,
			       &more));
	answer->more = answer->more || more;
	if (job->ask.at_s)
		TRY(table_revision_at(view, (int64_t)job->ask.at_s, &answer->revision_at));
	TRY(table_past_look(view, job->ask.key.len ? job->ask.key : STR_NONE, STR_NONE, &past));
	answer->oldest = past.oldest;
	answer->since_s = past.since_s > 0 ? (uint64_t)past.since_s : 0;
	answer->bytes = past.bytes;
	return OK;
}

static void run_past(void *arg)
{
	struct store_past_job *job = arg;
	job->answer.status = read_past(job);
	job->answer.changes = job->changes;
}

static void past_free(void *arg)
{
	struct store_past_job *job = arg;
	arena_free(job->arena);
	mem_free(job);
}

void store_on_past(struct store *store, const struct act_msg *msg)
{
	const struct store_past *ask = ACT_AS(msg, store_past);
	if (msg->kind != ACT_REQUEST)
		return;
	if (ask->key.len > LIMIT_KEY_BYTES) {
		act_refuse(store->act, msg, TOO_LARGE);
		return;
	}
	bool is_written = store->written_revision == index_revision(store->index) &&
			  store->written_revision >= ask->min_revision;
	if (!is_written)
		store_table_flush(store);
	if (!is_written || store->reads.count >= LIMIT_STORE_READS) {
		act_refuse(store->act, msg, BUSY);
		return;
	}
	struct store_past_job *job = mem_new(struct store_past_job);
	job->store = store;
	job->ticket = act_ticket(msg);
	job->ask = *ask;
	job->arena = arena_new(0);
	job->ask.key = arena_str(job->arena, ask->key);
	if (!job->ask.limit || job->ask.limit > LIMIT_STORE_PAST)
		job->ask.limit = LIMIT_STORE_PAST;
	job->changes = arena_array(job->arena, struct store_past_change, job->ask.limit);
	store->reads.count++;
	store_job(store, store->read_lane, run_past, job, past_free, TAG_PAST);
}

void store_on_past_read(struct store *store, struct store_past_job *job)
{
	store->reads.count--;
	if (store->state != STORE_RUNNING)
		job->answer = (struct store_past_answer){ .status = UNAVAILABLE };
	job->answer.arena = job->arena;
	if (act_answer(store->act, job->ticket, &store_past_answer_type, &job->answer) != OK)
		arena_free(job->arena);
	mem_free(job);
}
