#include <assert.h>

#include "datastore/store/store-private.h"

#define EVENT_BYTES 128 /* what an event weighs besides its key and values */
#define BATCH_BYTES (512U * KIB)
#define BATCH_EVENTS 512U
#define KEY_BYTES (sizeof(struct act_ref) + sizeof(uint64_t))

/* ---- who watches ---- */

static struct str watcher_key(char out[KEY_BYTES], struct act_ref who, uint64_t watch)
{
	memcpy(out, &who, sizeof who);
	memcpy(out + sizeof who, &watch, sizeof watch);
	return (struct str){ out, KEY_BYTES };
}

static struct store_watcher *find_watcher(struct store *store, struct act_ref who, uint64_t watch)
{
	char key[KEY_BYTES];
	return map_get(&store->watchers, watcher_key(key, who, watch));
}

static struct store_watcher *find_numbered(struct store *store, uint64_t number)
{
	struct str key;
	void *watcher;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &watcher);) {
		if (((struct store_watcher *)watcher)->number == number)
			return watcher;
	}
	return NULL;
}

static void watcher_free(struct store_watcher *watcher)
{
	mem_free((char *)watcher->key.at);
	mem_free((char *)watcher->end.at);
	mem_free(watcher);
}

static void remove_watcher(struct store *store, struct store_watcher *watcher)
{
	char key[KEY_BYTES];
	act_demonitor(store->act, watcher->monitor);
	map_remove(&store->watchers, watcher_key(key, watcher->who, watcher->watch));
	watcher_free(watcher);
}

/* Tells why and forgets it. */
static void end_watcher(struct store *store, struct store_watcher *watcher, enum status status)
{
	act_cast(store->act, watcher->who, &store_events_type,
		 &(struct store_events){
		     .status = status, .watch = watcher->watch, .revision = watcher->next - 1 });
	remove_watcher(store, watcher);
}

static struct str heap_copy(struct str s)
{
	/* Empty and absent mean different things for an end. */
	return s.at ? (struct str){ mem_copy(s.len ? s.at : "", s.len ? s.len : 1), s.len }
		    : STR_NONE;
}

static void add_watcher(struct store *store, const struct act_msg *msg,
			const struct store_watch *watch)
{
	struct store_watcher *watcher = mem_new(struct store_watcher);
	*watcher = (struct store_watcher){ .who = msg->from,
					   .watch = watch->watch,
					   .number = ++store->next_watcher,
					   .key = heap_copy(watch->key),
					   .end = heap_copy(watch->end),
					   .wants_prev = watch->wants_prev,
					   .no_puts = watch->no_puts,
					   .no_deletes = watch->no_deletes,
					   .wants_progress = watch->wants_progress };
	watcher->next = watch->from ? watch->from : index_revision(store->index) + 1;
	watcher->told = watcher->next - 1;
	watcher->position = history_find(&store->history, watcher->next);
	char key[KEY_BYTES];
	map_put(&store->watchers, watcher_key(key, msg->from, watch->watch), watcher);
	watcher->monitor = act_monitor(store->act, msg->from);
}

ACT_BRANCH(seems_watched_out, 20, "the store refuses a watch as if there were too many");

static enum status check_watch(struct store *store, const struct act_msg *msg,
			       const struct store_watch *watch)
{
	if (watch->key.len > LIMIT_KEY_BYTES || watch->end.len > LIMIT_KEY_BYTES || !watch->key.at)
		return BAD_REQUEST;
	if (find_watcher(store, msg->from, watch->watch))
		return EXISTS;
	if (store->watchers.len >= LIMIT_STORE_WATCHES ||
	    act_buggify(store->act, &seems_watched_out))
		return BUSY;
	if (watch->from && watch->from <= index_compact_revision(store->index))
		return EXPIRED;
	return OK;
}

void store_on_watch(struct store *store, const struct act_msg *msg)
{
	const struct store_watch *watch = ACT_AS(msg, store_watch);
	if (msg->kind != ACT_REQUEST)
		return;
	struct store_watch_answer answer = { .watch = watch->watch };
	answer.status = check_watch(store, msg, watch);
	answer.revision = answer.status == EXPIRED ? index_compact_revision(store->index)
						   : index_revision(store->index);
	act_reply(store->act, msg, &store_watch_answer_type, &answer);
	if (answer.status != OK)
		return;
	add_watcher(store, msg, watch);
	store_watch_pump(store);
}

void store_on_cancel(struct store *store, const struct act_msg *msg)
{
	struct store_watcher *watcher =
	    find_watcher(store, msg->from, ACT_AS(msg, store_cancel)->watch);
	if (watcher)
		remove_watcher(store, watcher);
}

bool store_on_watcher_down(struct store *store, const struct act_down *down)
{
	struct str key;
	void *value;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &value);) {
		struct store_watcher *watcher = value;
		if (watcher->monitor != down->monitor)
			continue;
		remove_watcher(store, watcher);
		return true;
	}
	return false;
}

/* ---- batches ---- */

struct batch {
	struct arena *arena;
	struct store_event *events;
	uint32_t count, cap;
	uint64_t bytes;
};

static struct store_event *batch_add(struct batch *batch)
{
	if (!batch->arena)
		batch->arena = arena_new(0);
	if (batch->count == batch->cap) {
		uint32_t cap =
		    batch->cap ? 2 * batch->cap : 1; /* most often one change is told of */
		batch->events =
		    arena_grow(batch->arena, batch->events, batch->cap * sizeof *batch->events,
			       cap * sizeof *batch->events);
		batch->cap = cap;
	}
	struct store_event *event = &batch->events[batch->count++];
	*event = (struct store_event){ 0 };
	return event;
}

static void batch_drop(struct batch *batch)
{
	if (batch->arena)
		arena_free(batch->arena);
	*batch = (struct batch){ 0 };
}

ACT_BRANCH(seems_stuck, 20, "the store takes a watcher's mailbox for full");

/* False: the watcher is gone. BUSY leaves everything as it was, to be told again in a second. */
static bool tell(struct store *store, struct store_watcher *watcher, struct batch *batch,
		 uint64_t revision)
{
	struct store_events events = { .status = OK,
				       .arena = batch->arena,
				       .watch = watcher->watch,
				       .revision = revision,
				       .events = batch->events,
				       .count = batch->count,
				       .bytes = batch->bytes };
	enum status status = act_buggify(store->act, &seems_stuck)
				 ? BUSY
				 : act_send(store->act, watcher->who, &store_events_type, &events);
	watcher->is_stuck = status == BUSY;
	if (status == OK) {
		watcher->events_out += batch->count;
		watcher->bytes_out += batch->bytes;
		if (watcher->next <= revision)
			watcher->next = revision + 1;
		watcher->told = revision;
		watcher->owes_progress = false;
		return true;
	}
	batch_drop(batch);
	if (status == BUSY)
		return true;
	remove_watcher(store, watcher);
	return false;
}

static bool has_credit(const struct store_watcher *watcher)
{
	return watcher->events_out < LIMIT_WATCH_EVENTS && watcher->bytes_out < LIMIT_WATCH_BYTES;
}

static bool is_full(const struct store_watcher *watcher, const struct batch *batch)
{
	return batch->count >= BATCH_EVENTS || batch->bytes >= BATCH_BYTES ||
	       watcher->events_out + batch->count >= LIMIT_WATCH_EVENTS ||
	       watcher->bytes_out + batch->bytes >= LIMIT_WATCH_BYTES;
}

/* ---- live: from the history ---- */

static bool is_wanted(const struct store_watcher *watcher, const struct change *change)
{
	if (change->is_delete ? watcher->no_deletes : watcher->no_puts)
		return false;
	if (change_revision(change->id) < watcher->next)
		return false; /* it began in the future */
	return index_is_within(change_key(change), watcher->key, watcher->end);
}

static void fill_row(struct arena *arena, struct store_row *row, const struct change *change,
		     struct str key)
{
	*row = (struct store_row){ .key = key,
				   .blob = blob_hold(arena, change->value),
				   .value = blob_str(change->value),
				   .create_revision = change->create_revision,
				   .mod_revision = change_revision(change->id),
				   .version = change->version,
				   .lease = change->lease };
}

/* Fails only if the value before was compacted away while the watcher was behind. */
static bool fill_before(struct store *store, struct arena *arena, struct store_row *row,
			const struct change *change, struct str key)
{
	const struct change_before *before = &change->before;
	if (!before->id)
		return true;
	struct blob *value = before->value ? blob_ref(before->value) : store_load(store, before->id);
	if (!value)
		return false;
	*row = (struct store_row){ .key = key,
				   .blob = blob_hold(arena, value),
				   .value = blob_str(value),
				   .create_revision = before->create_revision,
				   .mod_revision = change_revision(before->id),
				   .version = before->version,
				   .lease = before->lease };
	blob_unref(value);
	return true;
}

static bool add_change(struct store *store, const struct store_watcher *watcher,
		       struct batch *batch, const struct change *change)
{
	struct store_event *event = batch_add(batch);
	struct str key = arena_str(batch->arena, change_key(change));
	event->is_delete = change->is_delete;
	fill_row(batch->arena, &event->row, change, key);
	batch->bytes += EVENT_BYTES + key.len + event->row.value.len;
	if (!watcher->wants_prev)
		return true;
	bool is_known = fill_before(store, batch->arena, &event->prev, change, key);
	batch->bytes += event->prev.value.len;
	return is_known;
}

/* Collects from the watcher's position to where the batch is full, or to the end; whole revisions. */
static bool collect(struct store *store, const struct store_watcher *watcher, struct batch *batch,
		    uint64_t *position, uint64_t *revision)
{
	const struct history *history = &store->history;
	uint64_t end = history_end(history);
	for (; *position < end; ++*position) {
		const struct change *change = history_at(history, *position);
		uint64_t of_change = change_revision(change->id);
		if (of_change != *revision && is_full(watcher, batch))
			return true;
		*revision = of_change;
		if (is_wanted(watcher, change) && !add_change(store, watcher, batch, change))
			return false;
	}
	*revision = index_revision(store->index);
	return true;
}

/* True: call again, there is more. */
static bool pump_live(struct store *store, struct store_watcher *watcher)
{
	struct batch batch = { 0 };
	uint64_t position = watcher->position, revision = watcher->next - 1;
	if (!collect(store, watcher, &batch, &position, &revision)) {
		batch_drop(&batch);
		end_watcher(store, watcher, EXPIRED);
		return false;
	}
	if (!batch.count && !watcher->owes_progress) {
		watcher->position = position;
		watcher->next = revision > watcher->next - 1 ? revision + 1 : watcher->next;
		return false;
	}
	if (!tell(store, watcher, &batch, revision) || watcher->is_stuck)
		return false;
	watcher->position = position;
	return has_credit(watcher) && position < history_end(&store->history);
}

/* ---- catching up: from the table ---- */

static void catch_up_free(void *arg)
{
	struct store_catch_up *catch_up = arg;
	if (catch_up->arena)
		arena_free(catch_up->arena);
	mem_free(catch_up);
}

static void hold_row(struct arena *arena, struct store_row *row, const struct table_row *from)
{
	struct blob *value = store_blob_of_row(from);
	*row = (struct store_row){ .key = arena_str(arena, from->key),
				   .blob = blob_hold(arena, value),
				   .value = blob_str(value),
				   .create_revision = from->create_revision,
				   .mod_revision = change_revision(from->id),
				   .version = from->version,
				   .lease = from->lease };
	blob_unref(value);
}

static void take_row(void *arg, const struct table_row *row)
{
	struct store_catch_up *catch_up = arg;
	struct batch batch = { catch_up->arena, catch_up->events, catch_up->count, catch_up->cap,
			       catch_up->bytes };
	struct store_event *event = batch_add(&batch);
	event->is_delete = row->is_delete;
	hold_row(batch.arena, &event->row, row);
	catch_up->events = batch.events;
	catch_up->count = batch.count;
	catch_up->cap = batch.cap;
	catch_up->bytes = batch.bytes + EVENT_BYTES + row->key.len + row->value.len;
}

static void take_before(void *arg, const struct table_row *row)
{
	struct store_catch_up *catch_up = arg;
	hold_row(catch_up->arena, &catch_up->events[catch_up->count - 1].prev, row);
	catch_up->bytes += row->value.len;
}

static void run_catch_up(void *arg)
{
	struct store_catch_up *catch_up = arg;
	catch_up->status = table_history(catch_up->store->read_view, &catch_up->history, take_row,
					 take_before, catch_up, &catch_up->upto);
}

static void start_catch_up(struct store *store, struct store_watcher *watcher)
{
	if (watcher->is_catching_up)
		return;
	/* What is in neither the history nor the table yet does not exist. */
	assert(watcher->next <= store->written_revision);
	struct store_catch_up *catch_up = mem_new(struct store_catch_up);
	catch_up->store = store;
	catch_up->number = watcher->number;
	catch_up->arena = arena_new(0);
	catch_up->history = (struct table_history){
		.from = arena_str(catch_up->arena, watcher->key),
		.end = arena_str(catch_up->arena, watcher->end),
		.after_revision = watcher->next - 1,
		.upto_revision = store->written_revision,
		.max_rows = BATCH_EVENTS,
		.max_bytes = BATCH_BYTES,
		.wants_before = watcher->wants_prev,
	};
	watcher->is_catching_up = true;
	store_job(store, store->read_lane, run_catch_up, catch_up, catch_up_free, TAG_CAUGHT_UP);
}

static void drop_unwanted(const struct store_watcher *watcher, struct batch *batch)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < batch->count; i++) {
		if (batch->events[i].is_delete ? watcher->no_deletes : watcher->no_puts)
			continue;
		batch->events[kept++] = batch->events[i];
	}
	batch->count = kept;
}

static void take_catch_up(struct store *store, struct store_watcher *watcher,
			  struct store_catch_up *catch_up)
{
	/* Compacted meanwhile: rows may have been missing. */
	if (watcher->next <= index_compact_revision(store->index) || catch_up->status == NOT_FOUND) {
		end_watcher(store, watcher, EXPIRED);
		return;
	}
	if (catch_up->status != OK) {
		enum status status = catch_up->status;
		catch_up_free(catch_up);
		act_fail(store->act, "the table cannot be read: %s", status_text(status));
	}
	struct batch batch = { catch_up->arena, catch_up->events, catch_up->count, catch_up->cap,
			       catch_up->bytes };
	drop_unwanted(watcher, &batch);
	if (batch.count || watcher->owes_progress) {
		catch_up->arena = NULL; /* the message's now, or freed */
		if (!tell(store, watcher, &batch, catch_up->upto) || watcher->is_stuck)
			return;
	} else {
		watcher->next = catch_up->upto + 1;
	}
	watcher->position = history_find(&store->history, watcher->next);
}

void store_on_caught_up(struct store *store, struct store_catch_up *catch_up)
{
	struct store_watcher *watcher = find_numbered(store, catch_up->number);
	if (watcher)
		watcher->is_catching_up = false;
	if (watcher && store->state == STORE_RUNNING)
		take_catch_up(store, watcher, catch_up);
	catch_up_free(catch_up);
	if (store->state == STORE_RUNNING)
		store_watch_pump(store);
}

/* ---- all of them ---- */

static void pump(struct store *store, struct store_watcher *watcher)
{
	while (!watcher->is_catching_up && !watcher->is_stuck && has_credit(watcher)) {
		if (watcher->position && watcher->position < store->history.first)
			watcher->position = history_find(&store->history, watcher->next);
		if (!watcher->position) {
			if (watcher->next <= index_compact_revision(store->index))
				end_watcher(store, watcher, EXPIRED);
			else
				start_catch_up(store, watcher);
			return;
		}
		if (!pump_live(store, watcher))
			return;
	}
}

void store_watch_pump(struct store *store)
{
	struct str key;
	void *watcher;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &watcher);)
		pump(store, watcher);
}

void store_on_credit(struct store *store, const struct act_msg *msg)
{
	const struct store_watch_credit *credit = ACT_AS(msg, store_watch_credit);
	struct store_watcher *watcher = find_watcher(store, msg->from, credit->watch);
	if (!watcher)
		return;
	watcher->events_out -=
	    credit->events < watcher->events_out ? credit->events : watcher->events_out;
	watcher->bytes_out -=
	    credit->bytes < watcher->bytes_out ? credit->bytes : watcher->bytes_out;
	if (store->state == STORE_RUNNING)
		pump(store, watcher);
}

void store_on_progress(struct store *store, const struct act_msg *msg)
{
	uint64_t watch = ACT_AS(msg, store_progress)->watch;
	struct str key;
	void *value;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &value);) {
		struct store_watcher *watcher = value;
		if (!act_ref_eq(watcher->who, msg->from) || (watch && watch != watcher->watch))
			continue;
		watcher->owes_progress = true;
		pump(store, watcher);
	}
}

void store_watch_second(struct store *store)
{
	struct str key;
	void *value;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &value);) {
		struct store_watcher *watcher = value;
		if (watcher->wants_progress && watcher->told + 1 < watcher->next)
			watcher->owes_progress = true;
		if (watcher->is_stuck || watcher->owes_progress) {
			watcher->is_stuck = false;
			pump(store, watcher);
		}
	}
}

void store_watch_reopen(struct store *store)
{
	struct str key;
	void *value;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &value);) {
		struct store_watcher *watcher = value;
		watcher->position = history_find(&store->history, watcher->next);
	}
	store_watch_pump(store);
}

void store_watch_end(struct store *store, enum status status)
{
	struct str key;
	void *watcher;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &watcher);)
		end_watcher(store, watcher, status);
}

void store_watch_fini(struct store *store)
{
	struct str key;
	void *watcher;
	for (uint32_t at = 0; map_next(&store->watchers, &at, &key, &watcher);)
		watcher_free(watcher);
	map_fini(&store->watchers);
}
