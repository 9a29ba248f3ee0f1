#include "actors/etcd/etcd-private.h"
#include "actors/etcd/event.h"

#include <stdio.h>

/*
 * Watch: a stream that holds any number of watches, each of them one of the store's.
 *
 * Events go out as they come. When the peer reads slowly, what was sent is not worked off towards the store, so that the
 * store's window for each watch fills, and its events wait in the history, not here; one that falls behind what is kept is
 * cancelled as compacted, and its client lists again. A stream with many such watches ends at LIMIT_ETCD_STREAM_BYTES.
 *
 * A progress request is answered once, for all watches of the stream, when each of them has told how far it is.
 */
#define NO_WATCH ((uint64_t)-1) /* the id of answers that belong to none */
#define WATCH_KEY_BYTES 8U

struct watching {
	struct list watches;
	uint32_t count;
	uint64_t next_id;
	/* The one being created: its answer is awaited before anything else is read. */
	struct etcd_watch asked;
	struct arena *scratch; /* of its key and end */
	uint64_t asked_number;
	bool is_creating;
	/* Progress that was asked for. */
	bool owes_progress;
	uint64_t progress_from; /* what had been heard of then */
};

struct watch {
	struct list link;
	struct etcd_call *call;
	uint64_t number, id;
	bool wants_progress, wants_prev, wants_fragments;
	bool owes_progress;
	uint64_t told; /* everything up to this revision was told */
	/* Sent, but not yet worked off: the peer is slow. */
	uint32_t held_events;
	uint64_t held_bytes;
};

static struct str key_of(const uint64_t *number)
{
	return str_of(number, WATCH_KEY_BYTES);
}

/* ---- answers -------------------------------------------------------------------------------------------------- */

struct watch_reply {
	uint64_t id, revision, compact_revision;
	bool is_created, is_cancelled, is_fragment;
	struct str reason;
	const struct store_event *events;
	uint32_t count;
	bool wants_prev;
};

/* All that stands before the events. */
static void put_front(const struct etcd_call *call, const struct watch_reply *reply,
		      struct proto_out *out)
{
	struct etcd_header header = etcd_header(call->etcd, reply->revision);

	etcd_reply_bool(out, 7, reply->is_fragment);
	etcd_reply_str(out, 6, reply->reason);
	etcd_reply_int(out, 5, reply->compact_revision);
	etcd_reply_bool(out, 4, reply->is_cancelled);
	etcd_reply_bool(out, 3, reply->is_created);
	etcd_reply_int(out, 2, reply->id);
	etcd_reply_header(out, &header);
}

static void send(struct etcd_call *call, const struct watch_reply *reply)
{
	struct proto_out out;
	uint64_t bytes = reply->reason.len;

	for (uint32_t i = 0; i < reply->count; i++)
		bytes += etcd_event_bytes(&reply->events[i], reply->wants_prev);
	out = etcd_reply_for(reply->count, bytes);
	for (uint32_t i = reply->count; i > 0; i--)
		etcd_event_put(&out, &reply->events[i - 1], reply->wants_prev);
	put_front(call, reply, &out);
	etcd_call_send(call, &out);
}

/* Most often all watches of a prefix are told of one change, one after the other. */
static void send_shared(struct etcd_call *call, const struct watch_reply *reply)
{
	struct etcd *etcd = call->etcd;
	struct proto_out *front = &etcd->front;

	if (!etcd_event_is(etcd->last, reply->events, reply->wants_prev)) {
		etcd_event_unref(etcd->last);
		etcd->last = etcd_event_new(reply->events, reply->wants_prev);
	}
	proto_out_clear(front);
	put_front(call, reply, front);
	etcd_call_send_headed(call, front, etcd_event_ref(etcd->last));
}

/* Events of one revision in pieces that fit a message, for those who asked for that. */
static void send_events(struct watch *watch, const struct store_events *events)
{
	struct watch_reply reply = { .id = watch->id,
				     .revision = events->revision,
				     .wants_prev = watch->wants_prev };
	uint32_t from = 0;
	uint64_t bytes = 0;

	if (events->count == 1) {
		reply.events = events->events;
		send_shared(watch->call, &reply);
		return;
	}
	for (uint32_t i = 0; watch->wants_fragments && i < events->count; i++) {
		uint64_t more = etcd_event_bytes(&events->events[i], watch->wants_prev);

		if (i > from && bytes + more > LIMIT_OBJECT_BYTES) {
			reply.events = events->events + from;
			reply.count = i - from;
			reply.is_fragment = true;
			send(watch->call, &reply);
			from = i;
			bytes = 0;
		}
		bytes += more;
	}
	reply.events = events->events + from;
	reply.count = events->count - from;
	reply.is_fragment = false;
	send(watch->call, &reply);
}

/* ---- life of a watch -------------------------------------------------------------------------------------------- */

static struct watching *watching_of(struct etcd_call *call)
{
	return call->state;
}

static struct watch *find_watch(struct watching *watching, uint64_t id)
{
	list_each (&watching->watches, link) {
		struct watch *watch = list_item(link, struct watch, link);

		if (watch->id == id)
			return watch;
	}
	return NULL;
}

static void add_watch(struct etcd_call *call)
{
	struct watching *watching = watching_of(call);
	struct watch *watch = mem_new(struct watch);
	const struct etcd_watch *asked = &watching->asked;

	*watch = (struct watch){ .call = call,
				 .number = watching->asked_number,
				 .id = (uint64_t)asked->id,
				 .wants_progress = asked->wants_progress,
				 .wants_prev = asked->wants_prev,
				 .wants_fragments = asked->wants_fragments };
	list_push(&watching->watches, &watch->link);
	watching->count++;
	map_put(&call->etcd->watches, key_of(&watch->number), watch);
}

static void progress_advance(struct etcd_call *call);

static void remove_watch(struct watch *watch)
{
	struct etcd_call *call = watch->call;

	list_remove(&watch->link);
	watching_of(call)->count--;
	map_remove(&call->etcd->watches, key_of(&watch->number));
	mem_free(watch);
}

static void tell_store_to_stop(struct etcd *etcd, uint64_t number)
{
	act_cast(etcd->act, etcd->store, &store_cancel_type, &(struct store_cancel){ number });
}

/* ---- create -------------------------------------------------------------------------------------------------------- */

static void refuse_watch(struct etcd_call *call, struct str reason)
{
	send(call, &(struct watch_reply){ .id = NO_WATCH,
					  .revision = call->etcd->revision,
					  .is_created = true,
					  .is_cancelled = true,
					  .reason = reason });
}

static uint64_t choose_id(struct watching *watching)
{
	while (find_watch(watching, watching->next_id) != NULL)
		watching->next_id++;
	return watching->next_id++;
}

static void create(struct etcd_call *call, struct etcd_watch *asked)
{
	struct watching *watching = watching_of(call);

	if (asked->key.len == 0)
		asked->key = str_of("", 1); /* the smallest */
	if (asked->end.len == 0)
		asked->end = STR_NONE;
	if (asked->from < 0) {
		refuse_watch(call, etcd_fault(ETCD_COMPACTED).words);
		return;
	}
	if (asked->end.at != NULL && !str_eq(asked->end, STORE_NO_END) &&
	    str_cmp(asked->key, asked->end) >= 0) {
		refuse_watch(call, STR("mvcc: watcher range is empty"));
		return;
	}
	if (asked->id != 0 && find_watch(watching, (uint64_t)asked->id) != NULL) {
		refuse_watch(call, STR("mvcc: duplicate watch ID provided on the WatchStream"));
		return;
	}
	if (asked->key.len > LIMIT_KEY_BYTES || asked->end.len > LIMIT_KEY_BYTES) {
		refuse_watch(call, etcd_fault(ETCD_KEY_TOO_LONG).words);
		return;
	}
	if (watching->count >= LIMIT_ETCD_STREAM_WATCHES) {
		refuse_watch(call, etcd_fault(ETCD_TOO_MANY_REQUESTS).words);
		return;
	}
	if (asked->id == 0)
		asked->id = (int64_t)choose_id(watching);
	watching->asked = *asked;
	/* What was read may be gone before there is an answer. */
	arena_reset(watching->scratch);
	watching->asked.key = arena_str(watching->scratch, asked->key);
	watching->asked.end = arena_str(watching->scratch, asked->end);
	watching->is_creating = true;
	etcd_watch_ask(call);
}

void etcd_watch_ask(struct etcd_call *call)
{
	struct watching *watching = watching_of(call);
	const struct etcd_watch *asked = &watching->asked;
	struct arena *arena = arena_new(0);
	struct store_watch watch = { .arena = arena,
				     .key = arena_str(arena, asked->key),
				     .end = arena_str(arena, asked->end),
				     .from = (uint64_t)asked->from,
				     .wants_prev = asked->wants_prev,
				     .no_puts = (asked->filters & 1) != 0,
				     .no_deletes = (asked->filters & 2) != 0,
				     .wants_progress = asked->wants_progress };

	watching->asked_number = watch.watch = ++call->etcd->next_watch;
	etcd_call_ask(call, &store_watch_type, &watch, arena);
}

void etcd_watch_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct watching *watching = watching_of(call);
	const struct store_watch_answer *answer = msg->body;
	struct watch_reply reply = { .id = (uint64_t)watching->asked.id, .is_created = true };

	watching->is_creating = false;
	if (status == OK) {
		etcd_saw_revision(call->etcd, answer->revision);
		add_watch(call);
		reply.revision = answer->revision;
		send(call, &reply);
	} else if (status == EXPIRED) {
		/* etcd finds out after it has said yes. */
		reply.revision = call->etcd->revision;
		send(call, &reply);
		reply.is_created = false;
		reply.is_cancelled = true;
		reply.compact_revision = answer->revision;
		send(call, &reply);
	} else if (status == BUSY) {
		refuse_watch(call, etcd_fault(ETCD_TOO_MANY_REQUESTS).words);
	} else {
		/* It may be there all the same: then nobody wants it. */
		tell_store_to_stop(call->etcd, watching->asked_number);
		etcd_call_fail_status(call, status);
		return;
	}
	etcd_call_read(call);
}

/* ---- cancel ---------------------------------------------------------------------------------------------------------- */

static void cancel(struct etcd_call *call, uint64_t id)
{
	struct watch *watch = find_watch(watching_of(call), id);

	if (watch == NULL)
		return; /* etcd is silent, too */
	tell_store_to_stop(call->etcd, watch->number);
	remove_watch(watch);
	send(call, &(struct watch_reply){
		       .id = id, .revision = call->etcd->revision, .is_cancelled = true });
	progress_advance(call);
}

/* ---- progress --------------------------------------------------------------------------------------------------------- */

/* When all watches have told how far they are: what all of them have passed. */
static void progress_advance(struct etcd_call *call)
{
	struct watching *watching = watching_of(call);
	uint64_t revision = UINT64_MAX;

	if (!watching->owes_progress)
		return;
	list_each (&watching->watches, link) {
		struct watch *watch = list_item(link, struct watch, link);

		if (watch->owes_progress)
			return;
		revision = watch->told < revision ? watch->told : revision;
	}
	watching->owes_progress = false;
	if (watching->count > 0)
		send(call, &(struct watch_reply){ .id = NO_WATCH, .revision = revision });
}

static void ask_progress(struct etcd_call *call)
{
	struct watching *watching = watching_of(call);

	watching->owes_progress = watching->count > 0;
	watching->progress_from = call->etcd->revision;
	list_each (&watching->watches, link) {
		struct watch *watch = list_item(link, struct watch, link);

		watch->owes_progress = true;
		act_cast(call->etcd->act, call->etcd->store, &store_progress_type,
			 &(struct store_progress){ watch->number });
	}
}

/* ---- events ------------------------------------------------------------------------------------------------------------- */

/* A message to the store for each event would cost about as much as the event: an eighth of the window is told of at once. */
static void work_off(struct watch *watch)
{
	struct etcd *etcd = watch->call->etcd;

	if (watch->held_events < LIMIT_WATCH_EVENTS / 8 && watch->held_bytes < LIMIT_WATCH_BYTES / 8)
		return;
	act_cast(etcd->act, etcd->store, &store_watch_credit_type,
		 &(struct store_watch_credit){ .watch = watch->number,
					       .events = watch->held_events,
					       .bytes = watch->held_bytes });
	watch->held_events = 0;
	watch->held_bytes = 0;
}

/* The store has ended it: its client is told why, or, when the store stops, finds another door. */
static void end_watch(struct watch *watch, const struct store_events *events)
{
	struct etcd_call *call = watch->call;
	uint64_t id = watch->id;

	if (events->status == UNAVAILABLE) {
		etcd_call_fail(call, ETCD_STOPPED);
		return;
	}
	remove_watch(watch);
	send(call, &(struct watch_reply){ .id = id,
					  .revision = call->etcd->revision,
					  .compact_revision = events->revision + 1,
					  .is_cancelled = true });
	progress_advance(call);
}

static void take_events(struct watch *watch, const struct store_events *events)
{
	struct etcd_call *call = watch->call;
	const struct watching *watching = watching_of(call);

	if (http_buffered(call->exchange) > LIMIT_ETCD_STREAM_BYTES) {
		etcd_call_fail(call, ETCD_TOO_SLOW);
		return;
	}
	watch->told = events->revision;
	watch->held_events += events->count;
	watch->held_bytes += events->bytes;
	if (events->count > 0)
		send_events(watch, events);
	else if (watch->wants_progress && !watch->owes_progress)
		send_events(watch, events);
	/* A batch that was under way when progress was asked for does not answer it. */
	if (events->count == 0 || events->revision >= watching->progress_from)
		watch->owes_progress = false;
	if (!call->is_full)
		work_off(watch);
	progress_advance(call);
}

void etcd_watch_events(struct etcd *etcd, const struct store_events *events)
{
	struct watch *watch = map_get(&etcd->watches, key_of(&events->watch));

	etcd_saw_revision(etcd, events->revision);
	if (watch == NULL)
		return; /* it was cancelled meanwhile */
	if (events->status == OK)
		take_events(watch, events);
	else
		end_watch(watch, events);
}

/* ---- the stream ------------------------------------------------------------------------------------------------------------ */

static void free_arena(void *arena)
{
	arena_free(arena);
}

static void watch_open(struct etcd_call *call)
{
	struct watching *watching = arena_new_of(call->arena, struct watching);

	list_init(&watching->watches);
	watching->scratch = arena_new(0);
	arena_on_free(call->arena, free_arena, watching->scratch);
	call->state = watching;
}

static void watch_came(struct etcd_call *call, struct str message)
{
	enum etcd_watch_kind kind;
	struct etcd_watch asked;

	if (!etcd_message_watch(message, call->arena, &kind, &asked)) {
		etcd_call_fail(call, ETCD_MALFORMED);
		return;
	}
	switch (kind) {
	case ETCD_WATCH_NOTHING: break; /* of a later API: etcd goes on as well */
	case ETCD_WATCH_CREATE: create(call, &asked); break;
	case ETCD_WATCH_CANCEL: cancel(call, (uint64_t)asked.id); break;
	case ETCD_WATCH_PROGRESS: ask_progress(call); break;
	}
}

/* etcd ends the stream when the client has no more requests. */
static void watch_ended(struct etcd_call *call)
{
	etcd_call_end(call, (struct grpc_fault){ GRPC_OK, STR_NONE });
}

static void watch_writable(struct etcd_call *call)
{
	list_each (&watching_of(call)->watches, link)
		work_off(list_item(link, struct watch, link));
}

static void watch_close(struct etcd_call *call)
{
	struct watching *watching = watching_of(call);

	if (watching->is_creating)
		tell_store_to_stop(call->etcd, watching->asked_number);
	list_each (&watching->watches, link) {
		struct watch *watch = list_item(link, struct watch, link);

		tell_store_to_stop(call->etcd, watch->number);
		remove_watch(watch);
	}
}

const struct etcd_stream etcd_watch_stream = {
	.open = watch_open,
	.came = watch_came,
	.ended = watch_ended,
	.writable = watch_writable,
	.close = watch_close,
};
