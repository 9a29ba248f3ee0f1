#include "datastore/store/store.h"

#include <assert.h>
#include <stdio.h>

#include "datastore/store/store-private.h"

/* ---- opening: in a job, while nobody else touches the store ---- */

struct opening {
	struct store *store;
	enum status status;
	struct fault why;
	struct arena *arena;
};

static void load_lease(void *arg, const struct table_lease *lease)
{
	index_load_lease(((struct store *)arg)->index, lease->id, lease->ttl_s);
}

static void load_key(void *arg, const struct table_row *row)
{
	struct index_row item = { .key = row->key,
				  .id = row->id,
				  .create_revision = row->create_revision,
				  .version = row->version,
				  .lease = row->lease,
				  .value_len = row->value_len };
	index_load_row(((struct store *)arg)->index, &item);
}

static void load_request(void *arg, uint64_t request, uint64_t revision, bool is_failure_branch)
{
	index_load_request(((struct store *)arg)->index, request, revision, is_failure_branch);
}

static enum status load_index(struct store *store, const struct table_mark *mark, struct fault *why)
{
	const struct index_hooks hooks = { .arg = store,
					   .changed = store_on_change,
					   .leased = store_on_leased,
					   .load = store_load };
	const struct table_loader loader = {
		.arg = store, .lease = load_lease, .key = load_key, .request = load_request
	};
	uint64_t after =
	    mark->revision > LIMIT_STORE_REQUESTS ? mark->revision - LIMIT_STORE_REQUESTS : 0;
	store->index = index_new(&hooks, LIMIT_VALUE_CACHE_BYTES, LIMIT_VALUE_READ_BYTES);
	TRY(table_load(store->table, &loader, after, why));
	index_load_mark(store->index, &(struct index_mark){ mark->revision, mark->compact_revision,
							    mark->chain });
	history_init(&store->history, mark->revision);
	return OK;
}

static enum status open_table(struct store *store, struct arena *arena, struct replica_state *state,
			      struct fault *why)
{
	struct table_mark mark;
	const struct seams *seams = store->seams;
	TRY(table_open(&seams->files, &seams->random, store->table_path, arena, &store->table,
		       &mark, why));
	store->read_view = table_view_new(store->table);
	store->copy_view = table_view_new(store->table);
	store->load_view = table_view_new(store->table);
	TRY(load_index(store, &mark, why));
	*state = (struct replica_state){ .index = mark.applied_index,
					 .term = mark.applied_term,
					 .members_index = mark.members_index,
					 .members = mark.members };
	store->applied_index = mark.applied_index;
	store->applied_term = mark.applied_term;
	store->members.index = mark.members_index;
	text_clear(&store->members.bytes);
	text_add(&store->members.bytes, mark.members);
	store->written_revision = mark.revision;
	store->written_state = (struct replica_state){ .index = mark.applied_index,
						       .term = mark.applied_term,
						       .members_index = mark.members_index };
	text_clear(&store->written_members);
	text_add(&store->written_members, mark.members);
	return OK;
}

static enum status open_log(struct store *store, const struct replica_state *state,
			    struct fault *why)
{
	const struct store_config *config = store->config;
	struct member self = { .role = MEMBER_VOTER,
			       .weight = config->weight,
			       .name = config->name,
			       .address = config->address,
			       .domain = config->domain };
	struct replica_config log = { .files = &store->seams->files,
				      .clock = &store->seams->clock,
				      .random = &store->seams->random,
				      .folder = store->log_path,
				      .segment_bytes = config->segment_bytes,
				      .kept_entries = config->kept_entries,
				      .election_ms = config->election_ms,
				      .heartbeat_ms = config->heartbeat_ms,
				      .founder = config->is_first ? &self : NULL,
				      .is_witness = config->is_witness,
				      .is_managing = true };
	if (config->is_witness && log.segment_bytes == 0)
		log.segment_bytes = STORE_WITNESS_SEGMENT_BYTES;
	if (config->is_witness && log.kept_entries == 0)
		log.kept_entries = STORE_WITNESS_ENTRIES;
	TRY(replica_open(&log, state, &store->replica, why));
	if (!config->is_first || !replica_is_pristine(store->replica) || state->index)
		return OK;
	return replica_bootstrap(store->replica, &self, why);
}

static enum status make_folder(const struct seams_files *files, const char *folder)
{
	enum status status = files->mkdir(files->self, folder, 0700);
	if (status == EXISTS)
		return OK;
	if (status != OK)
		return status;
	char above[STORE_PATH_MAX];
	const char *slash = strrchr(folder, '/');
	snprintf(above, sizeof above, "%.*s", slash && slash != folder ? (int)(slash - folder) : 1,
		 slash ? folder : ".");
	return files->sync_folder(files->self, above);
}

/* A snapshot that was not yet complete when we ended may be gone on with. */
static enum status open_all(struct store *store, struct arena *arena, struct fault *why)
{
	const struct seams_files *files = &store->seams->files;
	struct replica_state state;
	enum status status = make_folder(files, store->config->folder);
	if (status == OK || status == NOT_FOUND) /* a disk whose root is no folder has none above */
		status = store_incoming_find(files, store->incoming_path, &store->incoming);
	if (status != OK)
		return fault_set(why, status, "", "the folder %s cannot be used",
				 store->config->folder);
	if (store->config->is_witness)
		return open_log(store, NULL, why);
	TRY(open_table(store, arena, &state, why));
	return open_log(store, &state, why);
}

static void run_opening(void *arg)
{
	struct opening *opening = arg;
	opening->status = open_all(opening->store, opening->arena, &opening->why);
}

static void drop_opening(void *arg)
{
	arena_free(((struct opening *)arg)->arena);
	mem_free(arg);
}

static void begin_opening(struct store *store)
{
	struct opening *opening = mem_new(struct opening);
	opening->store = store;
	opening->arena = arena_new(0);
	store->state = STORE_OPENING;
	store_job(store, store->log_lane, run_opening, opening, drop_opening, TAG_OPENED);
}

static void close_all(struct store *store);

/*
 * Opening it again would find the same, so it stays as it is and says so: a member that has lost what it acknowledged must not take part.
 * Whoever runs the node has it return from the others, if they do without it.
 */
static void be_damaged(struct store *store, const struct fault *why)
{
	log_error("store", "is damaged", LOG_FAULT(why));
	close_all(store);
	store->state = STORE_DAMAGED;
	store_tell_status(store);
}

/* The state was of no cluster until now: whoever gets a copy of it has to find the members in it. */
static void take_founder(struct store *store)
{
	const struct members *members = replica_members(store->replica);
	store->members.index = members->index;
	text_clear(&store->members.bytes);
	members_encode(members, &store->members.bytes);
	store_table_dirty(store);
}

static void on_opened(struct store *store, struct opening *opening)
{
	if (opening->status != OK) {
		struct fault why = opening->why;
		enum status status = opening->status;
		drop_opening(opening);
		if (status == CORRUPT) {
			be_damaged(store, &why);
			return;
		}
		act_fail(store->act, "cannot open the store: %s: %s", status_name(status), why.text);
	}
	drop_opening(opening);
	store->state = STORE_RUNNING;
	store->unchecked_since = act_now(store->act);
	store->is_checked = store->applied_index > 0;
	store->past_seconds = 0;
	store->has_incoming = store->incoming.token != 0;
	store->incoming_s = 0;
	if (store->config->is_witness)
		log_info("store", "opened as a witness");
	else
		log_info("store", "opened", LOG_U64("revision", index_revision(store->index)),
			 LOG_U64("applied", store->applied_index),
			 LOG_U64("keys", index_keys(store->index)));
	store_watch_reopen(store);
	replica_start(store->replica, act_now(store->act), &store->out);
	if (store->config->is_first && !store->members.index)
		store_note_role(store, replica_id(store->replica), STORE_VOTER,
				"it began the cluster");
	if (store->applied_index && !store->members.index)
		take_founder(store);
	store_settle(store);
}

/* ---- closing ---- */

static void close_all(struct store *store)
{
	table_view_free(store->read_view);
	table_view_free(store->copy_view);
	table_view_free(store->load_view);
	table_close(store->table);
	store->read_view = store->copy_view = store->load_view = NULL;
	store->table = NULL;
	if (store->replica)
		replica_close(store->replica);
	store->replica = NULL;
	if (store->index)
		index_free(store->index);
	store->index = NULL;
	history_fini(&store->history);
	vec_clear(&store->lease_changes);
}

/*
 * Puts the fetched snapshot in the table's place. The old database's own log must be gone first: beside the new database it
 * would be taken for its log. Closing the table moved everything out of it, or it is still there and we stop.
 */
static enum status put_in_place(struct store *store, struct fault *why)
{
	const struct seams_files *files = &store->seams->files;
	struct seams_stat stat;
	char wal[STORE_PATH_MAX + 8];
	snprintf(wal, sizeof wal, "%s-wal", store->table_path);
	if (files->stat(files->self, wal, &stat) == OK && stat.size_bytes)
		return fault_set(why, IO, "", "%s is still in use", wal);
	enum status status = files->sync_folder(files->self, store->config->folder);
	if (status == OK)
		status = files->rename(files->self, store->incoming_path, store->table_path);
	if (status == OK)
		status = files->sync_folder(files->self, store->config->folder);
	return status == OK ? OK : fault_set(why, status, "", "cannot put a snapshot in place");
}

static void run_reopening(void *arg)
{
	struct opening *opening = arg;
	struct store *store = opening->store;
	close_all(store);
	opening->status = put_in_place(store, &opening->why);
	if (opening->status == OK)
		run_opening(opening);
}

static void be_outdated(struct store *store)
{
	struct fault why;
	(void)!fault_set(&why, CORRUPT, "",
			 "the log ends before entry %llu, which this member has acknowledged: it "
			 "is an old copy, or the "
			 "disk lost what it had written",
			 (unsigned long long)store->missing);
	be_damaged(store, &why);
}

static void close_if_idle(struct store *store)
{
	if (store->state != STORE_CLOSING || store->jobs)
		return;
	store->is_dirty = store->needs_sweep = false;
	store->written_compact = 0;
	store->is_unchecked = false;
	store->log_bytes = store->checked_bytes = 0;
	store->seen = (struct replica_status){ 0 };
	replica_output_clear(&store->out);
	if (store->missing) {
		be_outdated(store);
		return;
	}
	struct opening *opening = mem_new(struct opening);
	opening->store = store;
	opening->arena = arena_new(0);
	store_job(store, store->log_lane, run_reopening, opening, drop_opening, TAG_OPENED);
	store->state = STORE_OPENING;
}

static void begin_closing(struct store *store)
{
	assert(store->state == STORE_RUNNING);
	store->state = STORE_CLOSING;
	store->fetch = (struct store_fetch){ .number = store->fetch.number + 1 };
	store_fail_reads(store, UNAVAILABLE);
	store_fail_keeps(store);
	store_fail_members(store);
	store_fail_gathering(store);
	store_fail_in_flight(store);
}

void store_begin_closing(struct store *store)
{
	log_info("store", "begins anew from a snapshot", LOG_U64("index", store->fetch.index));
	begin_closing(store);
	close_if_idle(store);
}

/* Called while the output is acted upon: what is closed then waits for the end of the last job, or the next second. */
void store_is_outdated(struct store *store, uint64_t missing)
{
	store->missing = missing;
	store_watch_end(store, UNAVAILABLE);
	begin_closing(store);
}

/* After everything else of the actor is gone: jobs have ended. */
static void release(void *arg)
{
	struct store *store = arg;
	store_copy_fini(store);
	store_watch_fini(store);
	store_reads_fini(store);
	store_keeps_fini(store);
	store_write_fini(store);
	close_all(store);
	store_drive_fini(store);
	replica_output_fini(&store->out);
	text_fini(&store->members.bytes);
	text_fini(&store->written_members);
	vec_fini(&store->lease_changes);
	vec_fini(&store->samples);
	vec_fini(&store->subscribers);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct store *store = state;
	const struct store_config *config = args;
	store->act = act;
	store->config = config;
	store->seams = act_seams(act);
	snprintf(store->log_path, sizeof store->log_path, "%s/log", config->folder);
	snprintf(store->table_path, sizeof store->table_path, "%s/table.db", config->folder);
	snprintf(store->incoming_path, sizeof store->incoming_path, "%s/incoming.db",
		 config->folder);
	snprintf(store->copy.path, sizeof store->copy.path, "%s/copy.db", config->folder);
	store->members.bytes = text_new(LIMIT_LOG_BATCH_BYTES);
	store->written_members = text_new(LIMIT_LOG_BATCH_BYTES);
	replica_output_init(&store->out);
	store_reads_init(store);
	act_own(act, release, store);
	store->log_lane = act_lane_open(act, "log");
	store->table_lane = act_lane_open(act, "table");
	store->read_lane = act_lane_open(act, "read");
	store->copy_lane = act_lane_open(act, "copy");
	begin_opening(store);
	act_every(act, STORE_SECOND_MS, &store_second_type, &(struct store_second){ 0 });
	return OK;
}

/* An orderly end: whoever waits is told; the log keeps what the table does not have yet. */
static void stop(struct act *act, void *state, enum act_reason why)
{
	struct store *store = state;
	(void)why;
	store->act = act;
	store_watch_end(store, UNAVAILABLE);
	store_fail_reads(store, UNAVAILABLE);
	store_fail_keeps(store);
	store_fail_members(store);
	store_fail_gathering(store);
	store_fail_in_flight(store);
}

/* ---- messages ---- */

bool store_is_leader(const struct store *store)
{
	return store->state == STORE_RUNNING && store->seen.role == CORE_LEADER;
}

void store_job(struct store *store, struct act_lane *lane, void (*run)(void *), void *arg,
	       void (*drop)(void *), enum store_tag kind)
{
	store->jobs++;
	act_job(store->act, lane, run, arg, drop, STORE_TAG(kind, 0));
}

void store_job_brief(struct store *store, struct act_lane *lane, void (*run)(void *), void *arg,
		     void (*drop)(void *), enum store_tag kind)
{
	store->jobs++;
	act_job_brief(store->act, lane, run, arg, drop, STORE_TAG(kind, 0));
}

static void on_job(struct store *store, uint64_t tag, void *arg)
{
	store->jobs--;
	switch (STORE_TAG_KIND(tag)) {
	case TAG_OPENED: on_opened(store, arg); break;
	case TAG_LOG_JOB:
	case TAG_BACKGROUND_JOB: store_on_log_job(store, arg); break;
	case TAG_TABLE_WRITTEN: store_on_table_written(store, arg); break;
	case TAG_TABLE_SWEPT: store_on_table_swept(store, arg); break;
	case TAG_CHECKPOINTED: store_on_checkpointed(store, arg); break;
	case TAG_READ: store_on_read_job(store, arg); break;
	case TAG_CAUGHT_UP: store_on_caught_up(store, arg); break;
	case TAG_COPIED: store_on_copied(store); break;
	case TAG_COPY_DROPPED: store_on_copy_dropped(store); break;
	case TAG_COPY_CHUNK: store_on_copy_chunk(store, arg); break;
	case TAG_ROOM_SEEN: store_on_room_seen(store, arg); break;
	case TAG_DEFRAGMENTED: store_on_defragmented(store, arg); break;
	case TAG_PAST: store_on_past_read(store, arg); break;
	case TAG_BACKED_UP: store_on_backed_up(store, arg); break;
	case TAG_FETCH_WRITTEN: store_on_fetch_written(store, arg); break;
	case TAG_FETCH_VERIFIED: store_on_fetch_verified(store, arg); break;
	case TAG_FETCH_DROPPED: break;
	default: assert(!"a job of no kind"); break;
	}
	close_if_idle(store);
}

static void on_answer(struct store *store, const struct act_msg *msg)
{
	switch (STORE_TAG_KIND(msg->tag)) {
	case TAG_FORWARD: store_on_forwarded(store, msg); break;
	case TAG_FETCH_OPENED: store_on_fetch_opened(store, msg); break;
	case TAG_FETCH_DATA: store_on_fetch_data(store, msg); break;
	default: break;
	}
}

static void on_second(struct store *store)
{
	close_if_idle(store);
	if (store->state != STORE_RUNNING)
		return;
	store_watch_peers(store);
	store_role_second(store);
	store_tell_status(store);
	if (store->config->is_witness)
		return;
	store_reads_second(store);
	store_watch_second(store);
	store_write_second(store);
	store_table_second(store);
	store_timed_second(store);
	store_copy_second(store);
}

static void on_down(struct store *store, const struct act_down *down)
{
	if (!store_on_peer_down(store, down) && !store_on_watcher_down(store, down))
		store_on_subscriber_down(store, down);
}

static bool is_command(const struct act_msg *msg)
{
	return ACT_IS(msg, store_write) || ACT_IS(msg, store_lease_grant) ||
	       ACT_IS(msg, store_lease_revoke) || ACT_IS(msg, store_compact);
}

static bool is_member_request(const struct act_msg *msg)
{
	return ACT_IS(msg, store_member_add) || ACT_IS(msg, store_member_remove) ||
	       ACT_IS(msg, store_member_promote) || ACT_IS(msg, store_member_leave) ||
	       ACT_IS(msg, store_transfer);
}

/* Legal in every state. */
static bool receive_always(struct store *store, const struct act_msg *msg)
{
	if (msg->kind == ACT_JOB)
		on_job(store, msg->tag, ACT_AS(msg, act_job_done)->arg);
	else if (msg->kind == ACT_ANSWER)
		on_answer(store, msg);
	else if (ACT_IS(msg, act_down))
		on_down(store, ACT_AS(msg, act_down));
	else if (ACT_IS(msg, store_peer_gone))
		store_on_peer_gone(store, ACT_AS(msg, store_peer_gone)->monitor);
	else if (ACT_IS(msg, store_second))
		on_second(store);
	else if (ACT_IS(msg, store_forward_again))
		store_on_forward_again(store);
	else if (ACT_IS(msg, store_status_watch))
		store_on_status_watch(store, msg);
	else if (ACT_IS(msg, store_ask_status))
		store_on_ask_status(store, msg);
	else if (ACT_IS(msg, store_cancel))
		store_on_cancel(store, msg);
	else if (ACT_IS(msg, store_watch_credit))
		store_on_credit(store, msg);
	else
		return false;
	return true;
}

static bool is_for_witness(const struct act_msg *msg)
{
	return is_command(msg) || is_member_request(msg) || ACT_IS(msg, store_raft) ||
	       ACT_IS(msg, store_tick) || ACT_IS(msg, store_report) || ACT_IS(msg, store_role_note);
}

static bool receive_running(struct store *store, const struct act_msg *msg)
{
	if (store->config->is_witness && !is_for_witness(msg)) {
		if (msg->kind == ACT_REQUEST)
			act_refuse(store->act, msg, NOT_IMPLEMENTED);
		return true;
	}
	if (is_command(msg))
		store_on_command(store, msg);
	else if (ACT_IS(msg, store_range))
		store_on_range(store, msg);
	else if (ACT_IS(msg, store_raft))
		store_on_raft(store, msg);
	else if (ACT_IS(msg, store_tick))
		store_on_tick(store);
	else if (ACT_IS(msg, store_flush_commands))
		store_on_flush_commands(store);
	else if (ACT_IS(msg, store_flush_table))
		store_table_flush(store);
	else if (ACT_IS(msg, store_watch))
		store_on_watch(store, msg);
	else if (ACT_IS(msg, store_progress))
		store_on_progress(store, msg);
	else if (ACT_IS(msg, store_lease_keep))
		store_on_lease_keep(store, msg);
	else if (ACT_IS(msg, store_lease_show))
		store_on_lease_show(store, msg);
	else if (ACT_IS(msg, store_defragment))
		store_on_defragment(store, msg);
	else if (ACT_IS(msg, store_past))
		store_on_past(store, msg);
	else if (ACT_IS(msg, store_backup))
		store_on_backup(store, msg);
	else if (is_member_request(msg))
		store_on_member_request(store, msg);
	else if (ACT_IS(msg, store_copy_open))
		store_on_copy_open(store, msg);
	else if (ACT_IS(msg, store_copy_read))
		store_on_copy_read(store, msg);
	else if (ACT_IS(msg, store_report))
		store_on_report(store, msg);
	else if (ACT_IS(msg, store_role_note))
		store_on_role_note(store, msg);
	else if (ACT_IS(msg, store_fetch_again))
		store_on_fetch_again(store, ACT_AS(msg, store_fetch_again)->number);
	else
		return false;
	return true;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct store *store = state;
	store->act = act;
	if (receive_always(store, msg))
		return ACT_OK;
	if (store->state == STORE_RUNNING)
		return receive_running(store, msg) ? ACT_OK : ACT_UNHANDLED;
	if (msg->kind == ACT_REQUEST)
		act_refuse(act, msg, store->state == STORE_GONE ? GONE : UNAVAILABLE);
	return ACT_OK;
}

const struct act_class store_class = {
	.name = "store",
	.state_size = sizeof(struct store),
	.init = init,
	.receive = receive,
	.stop = stop,
	.mailbox_max = 2 * LIMIT_PROPOSALS,
	.on_full = ACT_FULL_REJECT,
};
