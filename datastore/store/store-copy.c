/*
 * Snapshots: a member that the log cannot help any more gets a copy of the table, then the log.
 *
 * The leader cuts one copy at a time beside its work and serves it in chunks to whoever needs one; the member writes
 * them into a file of its own and goes on where it was after a break, also of its process, as long as the leader still has that copy. When it is
 * whole the member's store closes everything, puts the file in the table's place and opens again (store.c).
 */
#include <assert.h>
#include <stdio.h>

#include "datastore/store/store-private.h"
#include "runtime/base/hash.h"

#define COPY_IDLE_S \
	15 /* a member that does not ask for a chunk for so long does without this copy */
#define FETCH_FAILURES 20U /* in a row; then it begins anew with the next offer */
#define OPEN_MS 60000U     /* making a copy of a large table takes seconds */
#define READ_MS 10000U
#define INCOMING_KEPT_S \
	60U /* what has come of a snapshot that nobody offers again: no leader has its copy by then */

/* ---- the leader's side: making ---- */

static void run_copy(void *arg)
{
	struct store_copy *copy = arg;
	struct store *store = copy->store;
	const struct seams_files *files = &store->seams->files;
	struct seams_stat stat = { 0 };
	copy->status =
	    table_copy(store->copy_view, copy->path, copy->arena, &copy->mark, &copy->why);
	if (copy->status == OK)
		copy->status = files->stat(files->self, copy->path, &stat);
	else
		(void)files->unlink(files->self,
				    copy->path); /* a part of it takes room for nothing */
	copy->size_bytes = stat.size_bytes;
}

/* Whoever asks for a copy anew does not go on with an old one. */
static bool is_waiting(const struct store_copy *copy, uint64_t member)
{
	for (uint32_t i = 0; i < copy->waiting.len; i++)
		if (copy->waiting.at[i].member == member)
			return true;
	return false;
}

static bool is_being_sent(const struct store_copy *copy, struct store *store)
{
	const struct transfers *transfers = replica_transfers(store->replica);
	int64_t now = act_now(store->act).ns;
	for (uint32_t i = 0; copy->token && i < transfers->len; i++) {
		const struct transfer *transfer = &transfers->at[i];
		if (transfer->token == copy->token && !is_waiting(copy, transfer->member) &&
		    now - transfer->moved.ns < COPY_IDLE_S * TIME_S)
			return true;
	}
	return false;
}

static void make_copy(struct store *store)
{
	struct store_copy *copy = &store->copy;
	if (copy->is_making || store->is_checkpointing)
		return;
	copy->store = store;
	copy->is_making = true;
	copy->token = 0;
	if (copy->arena)
		arena_free(copy->arena);
	copy->arena = arena_new(0);
	store_job(store, store->copy_lane, run_copy, copy, NULL, TAG_COPIED);
}

static void answer_opened(struct store *store, const struct store_copy_waiter *waiter,
			  enum status status)
{
	struct store_copy *copy = &store->copy;
	struct store_copy_opened opened = { .status = status };
	if (status == OK)
		status = transfers_begin(replica_transfers(store->replica), waiter->member,
					 copy->token, copy->mark.applied_index, copy->size_bytes,
					 act_now(store->act));
	if (status == OK)
		opened = (struct store_copy_opened){ .status = OK,
						     .token = copy->token,
						     .index = copy->mark.applied_index,
						     .size_bytes = copy->size_bytes };
	opened.status = status;
	act_answer(store->act, waiter->ticket, &store_copy_opened_type, &opened);
}

/* What is in the table must reach what the member was offered: it is written first. */
static void advance(struct store *store)
{
	struct store_copy *copy = &store->copy;
	uint64_t wanted = 0;
	for (uint32_t i = 0; i < copy->waiting.len; i++)
		wanted = wanted < copy->waiting.at[i].index ? copy->waiting.at[i].index : wanted;
	if (!copy->waiting.len || copy->is_making)
		return;
	bool is_good = copy->token && copy->mark.applied_index >= wanted;
	if (is_good) {
		for (uint32_t i = 0; i < copy->waiting.len; i++)
			answer_opened(store, &copy->waiting.at[i], OK);
		vec_clear(&copy->waiting);
	} else if (is_being_sent(copy, store)) {
		for (uint32_t i = 0; i < copy->waiting.len; i++)
			answer_opened(store, &copy->waiting.at[i], BUSY);
		vec_clear(&copy->waiting);
	} else if (store->written_state.index >= wanted) {
		make_copy(store);
	} else {
		store->is_dirty = true; /* even if nothing but the applied index changed */
		store_table_flush(store);
	}
}

void store_on_copied(struct store *store)
{
	struct store_copy *copy = &store->copy;
	copy->is_making = false;
	if (copy->status != OK) {
		log_warn("store", "cannot make a copy of the table", LOG_STATUS(copy->status),
			 LOG_FAULT(&copy->why));
		for (uint32_t i = 0; i < copy->waiting.len; i++)
			answer_opened(store, &copy->waiting.at[i], UNAVAILABLE);
		vec_clear(&copy->waiting);
		return;
	}
	while (!copy->token)
		copy->token = act_random(store->act);
	if (store->state == STORE_RUNNING)
		advance(store);
}

void store_on_copy_open(struct store *store, const struct act_msg *msg)
{
	const struct store_copy_open *open = ACT_AS(msg, store_copy_open);
	if (msg->kind != ACT_REQUEST)
		return;
	if (!store_is_leader(store) || store->copy.waiting.len >= LIMIT_MEMBERS ||
	    open->index > store->applied_index) {
		act_reply(store->act, msg, &store_copy_opened_type,
			  &(struct store_copy_opened){ .status = UNAVAILABLE });
		return;
	}
	vec_push(&store->copy.waiting,
		 (struct store_copy_waiter){ act_ticket(msg), open->member, open->index });
	advance(store);
}

/* ---- the leader's side: sending ---- */

static void chunk_free(void *arg)
{
	struct store_chunk *chunk = arg;
	arena_free(chunk->arena);
	mem_free(chunk);
}

static void run_read_chunk(void *arg)
{
	struct store_chunk *chunk = arg;
	const struct seams_files *files = &chunk->store->seams->files;
	struct seams_file *file;
	chunk->status = files->open(files->self, chunk->path, SEAMS_READ, 0600, &file);
	if (chunk->status != OK)
		return;
	chunk->status =
	    files->read(files->self, file, chunk->at, chunk->len, chunk->offset, &chunk->len);
	files->close(files->self, file);
}

static struct store_chunk *chunk_new(struct store *store, const char *path, uint64_t offset,
				     size_t len)
{
	struct store_chunk *chunk = mem_new(struct store_chunk);
	chunk->store = store;
	chunk->arena = arena_new(0);
	chunk->offset = offset;
	chunk->len = len;
	snprintf(chunk->path, sizeof chunk->path, "%s", path);
	return chunk;
}

void store_on_copy_read(struct store *store, const struct act_msg *msg)
{
	const struct store_copy_read *read = ACT_AS(msg, store_copy_read);
	struct store_copy *copy = &store->copy;
	if (msg->kind != ACT_REQUEST)
		return;
	enum status status = copy->token && copy->token == read->token ? OK : NOT_FOUND;
	uint32_t len = 0;
	if (status == OK)
		status = transfers_move(replica_transfers(store->replica), read->member,
					read->token, read->offset, act_now(store->act), &len);
	if (status != OK) {
		act_reply(store->act, msg, &store_copy_data_type,
			  &(struct store_copy_data){ .status = status });
		return;
	}
	struct store_chunk *chunk = chunk_new(store, copy->path, read->offset, len);
	chunk->ticket = act_ticket(msg);
	chunk->at = arena_alloc(chunk->arena, len);
	/* The last one may be asked for again, and the log is needed from there on: the transfer ends by itself when it is idle. */
	store_job(store, store->copy_lane, run_read_chunk, chunk, chunk_free, TAG_COPY_CHUNK);
}

void store_on_copy_chunk(struct store *store, struct store_chunk *chunk)
{
	struct store_copy_data data = { .status = chunk->status, .arena = chunk->arena };
	if (chunk->status == OK)
		data.bytes = str_of(chunk->at, chunk->len);
	if (act_answer(store->act, chunk->ticket, &store_copy_data_type, &data) != OK)
		arena_free(chunk->arena);
	mem_free(chunk);
}

static void run_drop_copy(void *arg)
{
	struct store_copy *copy = arg;
	const struct seams_files *files = &copy->store->seams->files;
	(void)files->unlink(files->self, copy->path); /* a next copy would replace it anyway */
}

void store_on_copy_dropped(struct store *store)
{
	store->copy.is_making = false;
	if (store->state == STORE_RUNNING)
		advance(store);
}

/* ---- the member's side ---- */

static void ask_for_chunk(struct store *store);

static void again_later(struct store *store)
{
	struct store_fetch *fetch = &store->fetch;
	if (++fetch->failures > FETCH_FAILURES) {
		*fetch = (struct store_fetch){ .number = fetch->number + 1 };
		return;
	}
	act_after(store->act, STORE_RETRY_MS / 2, &store_fetch_again_type,
		  &(struct store_fetch_again){ fetch->number });
}

static void ask_to_open(struct store *store)
{
	struct store_fetch *fetch = &store->fetch;
	struct store_copy_open open = { .member = replica_id(store->replica),
					.index = fetch->index };
	fetch->token = 0;
	fetch->offset = 0;
	fetch->sum = 0;
	fetch->number++;
	enum status status =
	    act_request(store->act, store_peer(store, fetch->from), &store_copy_open_type, &open,
			OPEN_MS, STORE_TAG(TAG_FETCH_OPENED, fetch->number));
	if (status != OK)
		again_later(store);
}

static void ask_for_chunk(struct store *store)
{
	struct store_fetch *fetch = &store->fetch;
	struct store_copy_read read = { .member = replica_id(store->replica),
					.token = fetch->token,
					.offset = fetch->offset };
	fetch->number++;
	enum status status =
	    act_request(store->act, store_peer(store, fetch->from), &store_copy_read_type, &read,
			READ_MS, STORE_TAG(TAG_FETCH_DATA, fetch->number));
	if (status != OK)
		again_later(store);
}

void store_on_fetch_again(struct store *store, uint64_t number)
{
	struct store_fetch *fetch = &store->fetch;
	if (!fetch->is_active || fetch->number != number)
		return;
	if (fetch->token)
		ask_for_chunk(store);
	else
		ask_to_open(store);
}

void store_on_offer(struct store *store, const struct core_offer *offer)
{
	struct store_fetch *fetch = &store->fetch;
	if (fetch->is_active && fetch->from == offer->from)
		return;
	log_info("store", "fetches a snapshot", LOG_U64("from", offer->from),
		 LOG_U64("index", offer->index));
	*fetch = (struct store_fetch){ .is_active = true,
				       .from = offer->from,
				       .index = offer->index,
				       .number = fetch->number + 1 };
	ask_to_open(store);
}

/* ---- going on with what is there ---- */

static void run_verify(void *arg)
{
	struct store_verifying *verifying = arg;
	struct store *store = verifying->store;
	verifying->status =
	    store_incoming_verify(&store->seams->files, store->incoming_path, &verifying->incoming);
}

static bool is_of_ours(const struct store_incoming *incoming, const struct store_fetch *fetch)
{
	return incoming->token && incoming->token == fetch->token &&
	       incoming->index == fetch->index && incoming->size_bytes == fetch->size_bytes;
}

static void verify(struct store *store)
{
	struct store_verifying *verifying = mem_new(struct store_verifying);
	*verifying = (struct store_verifying){ .store = store,
					       .incoming = store->incoming,
					       .number = store->fetch.number };
	store_job(store, store->copy_lane, run_verify, verifying, mem_free, TAG_FETCH_VERIFIED);
}

/* All that was asked for has come, or the next piece is asked for. */
static void go_on(struct store *store)
{
	struct store_fetch *fetch = &store->fetch;
	if (fetch->offset < fetch->size_bytes)
		ask_for_chunk(store);
	else if (fetch->index <= store->applied_index || store_is_leader(store))
		*fetch =
		    (struct store_fetch){ .number = fetch->number + 1 }; /* not needed any more */
	else
		store_begin_closing(store);
}

void store_on_fetch_verified(struct store *store, struct store_verifying *verifying)
{
	struct store_verifying done = *verifying;
	struct store_fetch *fetch = &store->fetch;
	mem_free(verifying);
	if (store->state != STORE_RUNNING || !fetch->is_active || fetch->number != done.number)
		return;
	if (done.status == OK) {
		fetch->offset = done.incoming.offset;
		fetch->sum = done.incoming.sum;
		log_info("store", "goes on with a snapshot", LOG_U64("bytes", fetch->offset),
			 LOG_U64("of", fetch->size_bytes));
	} else {
		store->incoming = (struct store_incoming){ 0 };
		log_warn("store", "what came of a snapshot is not what it was",
			 LOG_STATUS(done.status));
	}
	go_on(store);
}

static void run_drop_incoming(void *arg)
{
	struct store *store = arg;
	/* What stays is looked at again at the next start. */
	(void)!store_incoming_drop(&store->seams->files, store->incoming_path);
}

static void incoming_second(struct store *store)
{
	if (!store->has_incoming || store->fetch.is_active)
		store->incoming_s = 0;
	else if (++store->incoming_s >= INCOMING_KEPT_S) {
		store->has_incoming = false;
		store->incoming = (struct store_incoming){ 0 };
		store_job(store, store->copy_lane, run_drop_incoming, store, NULL,
			  TAG_FETCH_DROPPED);
	}
}

/* ---- taking ---- */

static bool is_current(const struct store *store, const struct act_msg *msg)
{
	return store->state == STORE_RUNNING && store->fetch.is_active &&
	       store->fetch.number == STORE_TAG_NUMBER(msg->tag);
}

void store_on_fetch_opened(struct store *store, const struct act_msg *msg)
{
	if (!is_current(store, msg))
		return;
	const struct store_copy_opened *opened =
	    msg->status == OK ? ACT_AS(msg, store_copy_opened) : NULL;
	struct store_fetch *fetch = &store->fetch;
	if (!opened || opened->status != OK || opened->index < fetch->index || !opened->size_bytes) {
		again_later(store);
		return;
	}
	fetch->token = opened->token;
	fetch->index = opened->index;
	fetch->size_bytes = opened->size_bytes;
	fetch->failures = 0;
	if (is_of_ours(&store->incoming, fetch))
		verify(store);
	else
		ask_for_chunk(store);
}

/* Else it would be written until the disk is full, again and again, and the log, which is on that disk, could not go on. */
static bool has_room(const struct store_chunk *chunk)
{
	const struct seams_files *files = &chunk->store->seams->files;
	uint64_t free_bytes;
	return chunk->offset ||
	       files->free_bytes(files->self, chunk->store->config->folder, &free_bytes) != OK ||
	       free_bytes >= chunk->incoming.size_bytes;
}

static enum status write_chunk(struct store_chunk *chunk, struct seams_file *file)
{
	const struct seams_files *files = &chunk->store->seams->files;
	struct store_incoming *incoming = &chunk->incoming;
	if (!has_room(chunk))
		return FULL;
	TRY(files->write(files->self, file, chunk->at, chunk->len, chunk->offset));
	incoming->offset = chunk->offset + chunk->len;
	incoming->sum = hash_crc32c(incoming->sum, chunk->at, chunk->len);
	if (chunk->is_synced)
		TRY(files->sync(files->self, file));
	if (!chunk->is_noted)
		return OK;
	TRY(store_incoming_note(files, chunk->path, incoming));
	return files->sync_folder(files->self, chunk->store->config->folder);
}

/*
 * The last chunk is made durable with all before it; on the way there now and then, so that it is not all at once: the disk is that of the
 * log, too. If that is full what was taken goes at once.
 */
static void run_write_chunk(void *arg)
{
	struct store_chunk *chunk = arg;
	const struct seams_files *files = &chunk->store->seams->files;
	struct seams_file *file;
	uint32_t flags =
	    SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | (chunk->offset ? 0 : SEAMS_TRUNCATE);
	if (!chunk->offset)
		store_incoming_unnote(files, chunk->path);
	chunk->status = files->open(files->self, chunk->path, flags, 0600, &file);
	if (chunk->status != OK)
		return;
	chunk->status = write_chunk(chunk, file);
	files->close(files->self, file);
	if (chunk->status == FULL)
		(void)!store_incoming_drop(files, chunk->path);
}

/* With so many bytes more. */
static bool ends_part(const struct store_fetch *fetch, uint64_t bytes, uint64_t part_bytes)
{
	uint64_t end = fetch->offset + bytes;
	return end == fetch->size_bytes || end / part_bytes != fetch->offset / part_bytes;
}

void store_on_fetch_data(struct store *store, const struct act_msg *msg)
{
	if (!is_current(store, msg))
		return;
	struct store_fetch *fetch = &store->fetch;
	const struct store_copy_data *data = msg->status == OK ? ACT_AS(msg, store_copy_data) : NULL;
	if (data && data->status == NOT_FOUND) { /* the leader has no such copy any more */
		fetch->token = 0;
		again_later(store);
		return;
	}
	uint64_t left = fetch->size_bytes - fetch->offset;
	if (!data || data->status != OK || !data->bytes.len || data->bytes.len > left) {
		again_later(store);
		return;
	}
	struct store_chunk *chunk =
	    chunk_new(store, store->incoming_path, fetch->offset, data->bytes.len);
	chunk->at = arena_copy(chunk->arena, data->bytes.at, data->bytes.len);
	chunk->incoming = (struct store_incoming){ .token = fetch->token,
						   .index = fetch->index,
						   .size_bytes = fetch->size_bytes,
						   .sum = fetch->sum };
	store->has_incoming = true;
	if (!fetch->offset)
		store->incoming = (struct store_incoming){ 0 };
	chunk->is_synced = ends_part(fetch, data->bytes.len, STORE_SYNC_BYTES);
	chunk->is_noted = ends_part(fetch, data->bytes.len, STORE_NOTE_BYTES);
	store_job(store, store->copy_lane, run_write_chunk, chunk, chunk_free, TAG_FETCH_WRITTEN);
}

static void note_full(struct store *store)
{
	struct store_fetch *fetch = &store->fetch;
	if (fetch->offset || !fetch->failures)
		log_warn("store", "there is no room for a snapshot",
			 LOG_U64("bytes", fetch->size_bytes));
	fetch->offset = 0;
	fetch->sum = 0;
	store->has_incoming = false;
	store->incoming = (struct store_incoming){ 0 };
}

void store_on_fetch_written(struct store *store, struct store_chunk *chunk)
{
	struct store_fetch *fetch = &store->fetch;
	enum status status = chunk->status;
	struct store_incoming incoming = chunk->incoming;
	bool is_noted = chunk->is_noted;
	bool is_ours = store->state == STORE_RUNNING && fetch->is_active &&
		       fetch->offset == chunk->offset && fetch->token == incoming.token;
	chunk_free(chunk);
	if (!is_ours)
		return;
	if (status == FULL)
		note_full(store);
	if (status != OK) {
		again_later(store);
		return;
	}
	if (is_noted)
		store->incoming = incoming;
	fetch->offset = incoming.offset;
	fetch->sum = incoming.sum;
	fetch->failures = 0;
	go_on(store);
}

/* ---- both ---- */

void store_copy_second(struct store *store)
{
	struct store_copy *copy = &store->copy;
	advance(store);
	incoming_second(store);
	if (copy->token && !copy->is_making && !is_being_sent(copy, store)) {
		copy->token = 0;
		copy->is_making = true;
		store_job(store, store->copy_lane, run_drop_copy, copy, NULL, TAG_COPY_DROPPED);
	}
}

void store_copy_fini(struct store *store)
{
	if (store->copy.arena)
		arena_free(store->copy.arena);
	store->copy.arena = NULL;
	vec_fini(&store->copy.waiting);
}
