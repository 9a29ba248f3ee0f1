#include "datastore/external/external-private.h"

#include "runtime/base/limits.h"
#include "runtime/base/log.h"

/*
 *   none ──> opened: its watches are asked for ──> connected: the first answer has come
 *     ^                       │                         │
 *     └── a moment's rest ────┴──────── lost ───────────┘
 *
 * A watch outlives its stream: on the next one it goes on behind what its asker was told.
 */

#define TAG_STREAM 1U
#define HEAD_MS 5000U
#define REST_MIN_MS 50U
#define REST_MAX_MS 2000U
#define PROGRESS_MS \
	100U /* until all watches have caught up an etcd keeps silent: it is asked again */
#define READ_BYTES 16384U
/* An asker that lags is let be for longer than the store would: a first answer may have many events at once. */
#define WAITING_EVENTS (8U * LIMIT_WATCH_EVENTS)
#define WAITING_BYTES (8U * LIMIT_WATCH_BYTES)

struct external_stream_again {
	char nothing;
};
static const ACT_TYPE(external_stream_again, .id = 0);
struct external_stream_progress {
	char nothing;
};
static const ACT_TYPE(external_stream_progress, .id = 0);

static bool is_own(const struct external_watch *watch)
{
	return act_ref_is_nil(watch->who);
}

/* ---- sending --------------------------------------------------------------------------------------------------- */

static void send(struct external *external, struct proto_out question)
{
	uint8_t prefix[GRPC_PREFIX_BYTES];

	if (external->stream.call != NULL) {
		grpc_prefix(prefix, proto_out_len(&question));
		(void)http_call_write_copy(external->stream.call, str_of(prefix, sizeof prefix));
		(void)http_call_write_copy(external->stream.call, proto_out_str(&question));
	}
	proto_out_fini(&question);
}

static void ask_for(struct external *external, struct external_watch *watch)
{
	watch->id = ++external->stream.next_id;
	send(external, question_watch(watch->id, &watch->asked, watch->from));
}

static void rest(struct external *external)
{
	struct external_stream *stream = &external->stream;
	uint64_t ms = (uint64_t)REST_MIN_MS << (stream->failures < 6 ? stream->failures : 6);

	if (stream->timer != 0 || list_is_empty(&stream->watches))
		return;
	ms = ms > REST_MAX_MS ? REST_MAX_MS : ms;
	ms = ms / 2 + act_random(external->act) % ms;
	stream->failures++;
	stream->timer = act_after(external->act, ms, &external_stream_again_type,
				  &(struct external_stream_again){ 0 });
}

static void open_stream(struct external *external)
{
	struct external_stream *stream = &external->stream;
	struct http_request request = { .method = STR("POST"),
					.path = STR("/etcdserverpb.Watch/Watch"),
					.headers = external_headers,
					.is_body_streamed = true,
					.is_answer_streamed = true,
					.timeout_ms = HEAD_MS };

	if (stream->call != NULL || stream->timer != 0)
		return;
	if (http_call(external->act, external->clients[external->place], &request, TAG_STREAM,
		      &stream->call) != OK) {
		stream->call = NULL;
		rest(external);
		return;
	}
	grpc_reader_fini(&stream->reader);
	stream->reader = grpc_reader_new(LIMIT_EXTERNAL_ANSWER_BYTES);
	list_each (&stream->watches, link)
		ask_for(external, list_item(link, struct external_watch, link));
}

static void lose(struct external *external, const char *why)
{
	struct external_stream *stream = &external->stream;

	if (stream->is_connected)
		log_warn("external", "an endpoint was lost",
			 LOG_CSTR("url", external->config->places.urls[external->place]),
			 LOG_CSTR("why", why));
	if (stream->call != NULL)
		http_call_close(stream->call);
	stream->call = NULL;
	stream->is_connected = false;
	external->place = (external->place + 1) % external->config->places.count;
	rest(external);
	external_tell_status(external);
}

/* ---- life of a watch -------------------------------------------------------------------------------------------- */

static struct external_watch *add_watch(struct external *external, const struct store_watch *asked)
{
	struct arena *arena = arena_new(0);
	struct external_watch *watch = arena_new_of(arena, struct external_watch);

	watch->arena = arena;
	watch->asked = *asked;
	watch->asked.arena = NULL;
	watch->asked.key = arena_str(arena, asked->key);
	watch->asked.end = arena_str(arena, asked->end);
	watch->from = asked->from;
	list_push(&external->stream.watches, &watch->link);
	external->stream.watch_count++;
	return watch;
}

static void begin_watch(struct external *external, struct external_watch *watch)
{
	if (external->stream.call != NULL)
		ask_for(external, watch);
	else
		open_stream(external);
}

static void drop_watch(struct external *external, struct external_watch *watch, bool is_asked)
{
	if (is_asked)
		send(external, question_watch_cancel(watch->id));
	if (watch->monitor != 0)
		act_demonitor(external->act, watch->monitor);
	list_remove(&watch->link);
	external->stream.watch_count--;
	arena_free(watch->arena);
}

static struct external_watch *watch_of(struct external *external, struct act_ref who,
				       uint64_t number)
{
	list_each (&external->stream.watches, link) {
		struct external_watch *watch = list_item(link, struct external_watch, link);

		if (watch->asked.watch == number && act_ref_eq(watch->who, who))
			return watch;
	}
	return NULL;
}

static struct external_watch *watch_by_id(struct external *external, uint64_t id)
{
	list_each (&external->stream.watches, link) {
		struct external_watch *watch = list_item(link, struct external_watch, link);

		if (watch->id == id)
			return watch;
	}
	return NULL;
}

void stream_watch_own(struct external *external, uint64_t from)
{
	struct store_watch asked = { .key = EXTERNAL_ROOM, .end = EXTERNAL_ROOM_END, .from = from };
	struct external_watch *watch = watch_of(external, ACT_NIL, 0);

	if (watch != NULL)
		drop_watch(external, watch, true);
	watch = add_watch(external, &asked);
	watch->is_told = true;
	begin_watch(external, watch);
}

void stream_on_watch(struct external *external, const struct act_msg *msg)
{
	const struct store_watch *asked = msg->body;
	struct external_watch *watch;

	if (external->stream.watch_count >= LIMIT_STORE_WATCHES ||
	    watch_of(external, msg->from, asked->watch) != NULL) {
		act_refuse(external->act, msg,
			   external->stream.watch_count >= LIMIT_STORE_WATCHES ? BUSY : EXISTS);
		return;
	}
	watch = add_watch(external, asked);
	watch->who = msg->from;
	watch->ticket = act_ticket(msg);
	watch->monitor = act_monitor(external->act, msg->from);
	begin_watch(external, watch);
}

void stream_on_cancel(struct external *external, const struct act_msg *msg)
{
	struct external_watch *watch =
	    watch_of(external, msg->from, ACT_AS(msg, store_cancel)->watch);

	if (watch != NULL)
		drop_watch(external, watch, true);
}

void stream_on_credit(struct external *external, const struct act_msg *msg)
{
	const struct store_watch_credit *credit = msg->body;
	struct external_watch *watch = watch_of(external, msg->from, credit->watch);

	if (watch == NULL)
		return;
	watch->waiting -= credit->events < watch->waiting ? credit->events : watch->waiting;
	watch->waiting_bytes -=
	    credit->bytes < watch->waiting_bytes ? credit->bytes : watch->waiting_bytes;
}

bool stream_on_down(struct external *external, const struct act_down *down)
{
	list_each (&external->stream.watches, link) {
		struct external_watch *watch = list_item(link, struct external_watch, link);

		if (watch->monitor != down->monitor)
			continue;
		watch->monitor = 0;
		drop_watch(external, watch, true);
		return true;
	}
	return false;
}

/* ---- progress ----------------------------------------------------------------------------------------------------- */

static void ask_progress(struct external *external)
{
	struct external_stream *stream = &external->stream;

	if (stream->progress != 0)
		return;
	send(external, question_watch_progress());
	stream->progress = act_after(external->act, PROGRESS_MS, &external_stream_progress_type,
				     &(struct external_stream_progress){ 0 });
}

static void progress_again(struct external *external)
{
	external->stream.progress = 0;
	list_each (&external->stream.watches, link) {
		if (!list_item(link, struct external_watch, link)->owes_progress)
			continue;
		ask_progress(external);
		return;
	}
}

void stream_on_progress(struct external *external, const struct act_msg *msg)
{
	uint64_t number = ACT_AS(msg, store_progress)->watch;
	bool is_owed = false;

	list_each (&external->stream.watches, link) {
		struct external_watch *watch = list_item(link, struct external_watch, link);

		if (!act_ref_eq(watch->who, msg->from) ||
		    (number != 0 && watch->asked.watch != number))
			continue;
		watch->owes_progress = true;
		is_owed = true;
	}
	if (is_owed)
		ask_progress(external);
}

/* ---- what comes -------------------------------------------------------------------------------------------------- */

static void tell_events(struct external *external, struct external_watch *watch,
			struct store_events *events)
{
	events->watch = watch->asked.watch;
	watch->waiting += events->count;
	watch->waiting_bytes += events->bytes;
	if (act_send(external->act, watch->who, &store_events_type, events) == OK)
		return;
	/* Its mailbox is full: what it misses it would never know of. */
	arena_free(events->arena);
	events->arena = NULL;
	watch->waiting = WAITING_EVENTS + 1;
}

static void end_watch(struct external *external, struct external_watch *watch, enum status status,
		      uint64_t revision, bool is_asked)
{
	struct store_events events = { .status = status,
				       .watch = watch->asked.watch,
				       .revision = revision };

	if (is_own(watch))
		rank_events(external, NULL);
	else if (watch->is_told)
		act_cast(external->act, watch->who, &store_events_type, &events);
	else if (status == EXPIRED)
		act_answer(
		    external->act, watch->ticket, &store_watch_answer_type,
		    &(struct store_watch_answer){ EXPIRED, watch->asked.watch, revision + 1 });
	else
		act_answer_status(external->act, watch->ticket, status);
	drop_watch(external, watch, is_asked);
}

static void created(struct external *external, struct external_watch *watch, uint64_t revision)
{
	if (watch->from == 0)
		watch->from = revision + 1;
	if (watch->is_told)
		return;
	watch->is_told = true;
	act_answer(external->act, watch->ticket, &store_watch_answer_type,
		   &(struct store_watch_answer){ OK, watch->asked.watch, revision });
}

static void all_are_at(struct external *external, uint64_t revision)
{
	act_cancel(external->act, external->stream.progress);
	external->stream.progress = 0;
	list_each (&external->stream.watches, link) {
		struct external_watch *watch = list_item(link, struct external_watch, link);
		struct store_events events = { .status = OK, .revision = revision };

		watch->owes_progress = false;
		if (!watch->is_told)
			continue;
		watch->from = revision + 1 > watch->from ? revision + 1 : watch->from;
		if (!is_own(watch))
			tell_events(external, watch, &events);
	}
}

/* Takes the arena. */
static void take_events(struct external *external, struct external_watch *watch,
			const struct answer_watch *answer, struct arena *arena)
{
	struct store_events events = { .status = OK,
				       .arena = arena,
				       .revision = answer->revision,
				       .events = answer->events,
				       .count = answer->count,
				       .bytes = answer->bytes };

	if (answer->count > 0)
		events.revision = answer->events[answer->count - 1].row.mod_revision;
	watch->from = events.revision + 1;
	if (is_own(watch)) {
		rank_events(external, answer);
		arena_free(arena);
		return;
	}
	tell_events(external, watch, &events);
	if (watch->waiting > WAITING_EVENTS || watch->waiting_bytes > WAITING_BYTES)
		end_watch(external, watch, BUSY, events.revision, true);
}

/* False: what came cannot be. */
static bool take(struct external *external, struct str message)
{
	struct arena *arena = arena_new(0);
	struct external_watch *watch;
	struct answer_watch answer;

	if (answer_watch(message, arena, &answer) != OK) {
		arena_free(arena);
		return false;
	}
	external_saw(external, answer.revision);
	watch = watch_by_id(external, answer.id);
	if (answer.id == ANSWER_ALL && !answer.is_created) {
		all_are_at(external, answer.revision);
	} else if (watch == NULL) {
		; /* it was cancelled meanwhile */
	} else if (answer.is_cancelled) {
		log_debug("external", "a watch was ended", LOG_STR("why", answer.reason),
			  LOG_U64("compacted", answer.compact_revision));
		end_watch(external, watch, answer.compact_revision != 0 ? EXPIRED : UNAVAILABLE,
			  answer.compact_revision != 0 ? answer.compact_revision - 1
						       : answer.revision,
			  false);
	} else if (answer.is_created) {
		created(external, watch, answer.revision);
	} else {
		take_events(external, watch, &answer, arena);
		return true;
	}
	arena_free(arena);
	return true;
}

static void read_all(struct external *external)
{
	struct external_stream *stream = &external->stream;
	char bytes[READ_BYTES];
	struct str message;
	bool is_ended = false;
	size_t got;

	while (stream->call != NULL) {
		while (grpc_reader_next(&stream->reader, &message)) {
			if (take(external, message))
				continue;
			lose(external, "what it says is no answer to a watch");
			return;
		}
		if (stream->reader.fault.code != GRPC_OK) {
			lose(external, "what it says is not gRPC");
			return;
		}
		got = http_call_read(stream->call, bytes, sizeof bytes, &is_ended);
		if (got == 0)
			break;
		grpc_reader_feed(&stream->reader, str_of(bytes, got));
	}
	if (is_ended)
		lose(external, "it has ended the watches");
}

static void opened(struct external *external, const struct act_msg *msg)
{
	struct external_stream *stream = &external->stream;
	const struct fault *why;

	if (stream->call == NULL)
		return;
	why = http_call_fault(stream->call);
	if (msg->status != OK) {
		log_debug("external", "no watch", LOG_STATUS(msg->status), LOG_FAULT(why));
		lose(external, "it does not answer");
		return;
	}
	if (http_call_code(stream->call) != 200 ||
	    http_call_header(stream->call, STR("grpc-status")).at != NULL) {
		lose(external, "it refuses watches");
		return;
	}
	stream->is_connected = true;
	stream->failures = 0;
	external_tell_status(external);
	read_all(external);
}

bool stream_receive(struct external *external, const struct act_msg *msg)
{
	struct external_stream *stream = &external->stream;

	if (msg->kind == ACT_ANSWER && msg->tag == TAG_STREAM) {
		opened(external, msg);
	} else if (ACT_IS(msg, http_call_readable)) {
		if (ACT_AS(msg, http_call_readable)->call == stream->call)
			read_all(external);
	} else if (ACT_IS(msg, http_call_broken)) {
		if (ACT_AS(msg, http_call_broken)->call == stream->call)
			lose(external, "the connection broke");
	} else if (ACT_IS(msg, http_call_writable)) {
		; /* what is asked is small */
	} else if (ACT_IS(msg, external_stream_again)) {
		stream->timer = 0;
		if (!list_is_empty(&stream->watches))
			open_stream(external);
	} else if (ACT_IS(msg, external_stream_progress)) {
		progress_again(external);
	} else {
		return false;
	}
	return true;
}

void stream_init(struct external *external)
{
	list_init(&external->stream.watches);
	external->stream.reader = grpc_reader_new(LIMIT_EXTERNAL_ANSWER_BYTES);
}

/* The call is closed by the end of the actor, monitors end with it. */
void stream_fini(struct external *external)
{
	list_each (&external->stream.watches, link)
		arena_free(list_item(link, struct external_watch, link)->arena);
	grpc_reader_fini(&external->stream.reader);
}
