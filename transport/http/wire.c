#include "transport/http/wire.h"

#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define CIPHER_BYTES (HTTP_FILL_BYTES + 2U * TLS_RECORD_BYTES)
#define DECRYPT_BYTES (32U * KIB)
#define HELD_BYTES MIB          /* far above one read */
#define QUEUE_BYTES (32U * KIB) /* above that the socket is left alone until it has taken it */
/* What TLS itself has to say goes behind what the socket has not taken: one write above the mark, and so much of its own. */
#define TLS_QUEUE_BYTES (QUEUE_BYTES + HTTP_FILL_BYTES + 4U * KIB)
#define RECORDS_MAX (HTTP_FILL_BYTES / HTTP_FRAME_BYTES) /* in one write */
#define FILLS_MAX 16U          /* writes of one wire in a turn: others want theirs too */
#define PATIENCE_MS 20U        /* of a ping's answer */
#define BODY_BYTES (32U * KIB) /* written at once: there is a body on its way, and no ping waits */

/* ---- the hub ------------------------------------------------------------------------------------------- */

static void on_turn_end(void *arg);

struct wire_hub *wire_hub_new(struct act *act)
{
	struct wire_hub *hub = mem_new(struct wire_hub);
	hub->host = act_host_of(act);
	hub->owner = act_self(act);
	hub->refs = 1;
	hub->soon.fn = on_turn_end;
	hub->soon.arg = hub;
	hub->plain = text_new(HTTP_FILL_BYTES);
	hub->cipher = text_new(CIPHER_BYTES);
	hub->decrypted = mem_alloc(DECRYPT_BYTES);
	list_init(&hub->dirty);
	list_init(&hub->patient);
	return hub;
}

struct wire_hub *wire_hub_ref(struct wire_hub *hub)
{
	hub->refs++;
	return hub;
}

void wire_hub_unref(struct wire_hub *hub)
{
	assert(hub->refs > 0);
	if (--hub->refs > 0)
		return;
	loop_soon_never(&hub->soon);
	text_fini(&hub->plain);
	text_fini(&hub->cipher);
	mem_free(hub->decrypted);
	mem_free(hub);
}

static void flush(struct wire *wire);

static void flush_dirty(struct act *act, void *state, void *arg)
{
	(void)state;
	struct wire_hub *hub = arg;
	/* Those touched while this runs (a wire with more to send) wait for the next turn. */
	struct list now;
	list_init(&now);
	while (!list_is_empty(&hub->dirty)) {
		struct list *link = hub->dirty.next;
		list_remove(link);
		list_push(&now, link);
	}
	hub->act = act;
	while (!list_is_empty(&now)) {
		struct wire *wire = list_item(now.next, struct wire, link);
		list_remove(&wire->link);
		flush(wire);
	}
	hub->act = NULL;
}

static void on_next_turn(struct act_host *host, void *arg)
{
	struct wire_hub *hub = arg;
	hub->is_posted = false;
	if (!hub->is_dead)
		act_host_enter(host, hub->owner, flush_dirty, hub);
	wire_hub_unref(hub);
}

static void want_next_turn(struct wire_hub *hub)
{
	if (hub->is_posted)
		return;
	hub->is_posted = true;
	act_host_call(hub->host, on_next_turn, wire_hub_ref(hub));
}

static void on_turn_end(void *arg)
{
	struct wire_hub *hub = wire_hub_ref(arg);
	hub->is_flushing = true;
	if (!hub->is_dead)
		act_host_enter(hub->host, hub->owner, flush_dirty, hub);
	hub->is_flushing = false;
	if (!list_is_empty(&hub->dirty) && !hub->is_dead)
		want_next_turn(hub);
	wire_hub_unref(hub);
}

void wire_touch(struct wire *wire)
{
	struct wire_hub *hub = wire->hub;
	if (wire->stream == NULL || hub->is_dead || wire->link.next != &wire->link)
		return;
	list_push(&hub->dirty, &wire->link);
	if (!hub->is_flushing)
		loop_soon(act_host_driver(hub->host), &hub->soon);
}

/* ---- patience ------------------------------------------------------------------------------------------- */

/*
 * Clients of gRPC send a ping with the first answer that they get after the last ping was answered, to learn how much is on the way. To take it
 * in and to answer it costs both sides as much as a small request: two records, two packets, two wake-ups. As TCP does with what it
 * acknowledges, the answer waits: 20 ms, then for an answer to a request to go with, and at most for wire_hub_hurry. So a
 * busy connection has one ping in 20 ms and not one with each answer.
 */
static bool is_due(const struct wire *wire, struct mono now)
{
	return now.ns - wire->patient_since.ns >= PATIENCE_MS * TIME_MS;
}

static void pong(struct wire *wire)
{
	list_remove(&wire->patience);
	http_engine_pong(wire->engine);
}

bool wire_hub_hurry(struct wire_hub *hub)
{
	struct mono now = act_now(hub->act);
	while (!list_is_empty(&hub->patient)) {
		struct wire *wire = list_item(hub->patient.next, struct wire, patience);
		if (!is_due(wire, now))
			return true;
		pong(wire);
		wire_touch(wire);
	}
	return false;
}

/* A ping has come, perhaps, whose answer can wait. */
static void begin_patience(struct wire *wire)
{
	if (!http_engine_is_patient(wire->engine)) {
		list_remove(&wire->patience);
		return;
	}
	if (wire->events->may_wait == NULL || wire->is_read_ended || !wire->events->may_wait(wire)) {
		pong(wire);
		return;
	}
	if (wire->patience.next != &wire->patience)
		return; /* one that came later waits no longer for it */
	wire->patient_since = act_now(wire->hub->act);
	list_push(&wire->hub->patient, &wire->patience);
}

/* ---- ends ------------------------------------------------------------------------------------------------ */

static void release(struct wire *wire)
{
	list_remove(&wire->link);
	list_remove(&wire->patience);
	tls_session_free(wire->tls);
	wire->tls = NULL;
	struct http_engine *engine = wire->engine;
	wire->engine = NULL;
	http_engine_free(engine);
	text_fini(&wire->held);
}

void wire_abandon(struct wire *wire)
{
	wire->stream = NULL;
	release(wire);
}

static void close_with(struct wire *wire, enum status why,
		       void (*close_stream)(struct stream *stream))
{
	assert(!wire->is_busy);
	if (wire->stream == NULL)
		return;
	close_stream(wire->stream);
	wire->stream = NULL;
	if (wire->engine != NULL && wire->engine->fault.text[0] != '\0' &&
	    wire->fault.text[0] == '\0')
		wire->fault = wire->engine->fault;
	release(wire);
	wire->events->closed(wire, why);
}

void wire_close(struct wire *wire, enum status why)
{
	close_with(wire, why, stream_close);
}

static void let_go(struct stream *stream)
{
	stream_close_after_writes(stream, LIMIT_HTTP_STALL_MS);
}

static void close_broken(struct wire *wire)
{
	http_engine_lose(wire->engine);
	wire_close(wire, CANCELLED);
}

/* The peer sends no more and all was said; what it has not read yet goes out without us. */
static void finish(struct wire *wire)
{
	close_with(wire, OK, let_go);
}

/* Ends our half: TLS says so too, so that the peer can tell an end from a cut. */
static void end_writing(struct wire *wire)
{
	if (wire->is_write_ended)
		return;
	wire->is_write_ended = true;
	wire->wrote_at = act_now(wire->hub->act);
	if (wire->tls != NULL) {
		text_clear(&wire->hub->cipher);
		tls_session_close(wire->tls, &wire->hub->cipher);
		struct str bytes = text_str(&wire->hub->cipher);
		if (bytes.len > 0 && stream_write(wire->stream, &bytes, 1, NULL, NULL) != OK)
			return; /* broken: the read side will say so */
	}
	stream_shutdown(wire->stream);
}

/* All is said: waits for the peer's end, because closing on unread bytes would take back what it has not read yet. */
static void linger(struct wire *wire)
{
	if (wire->is_lingering)
		return;
	wire->is_lingering = true;
	end_writing(wire);
	if (!wire->is_reading) {
		wire->is_reading = true;
		stream_read_start(wire->stream);
	}
}

/* ---- sending --------------------------------------------------------------------------------------------- */

size_t wire_queued(const struct wire *wire)
{
	return wire->stream != NULL ? stream_queued(wire->stream) : 0;
}

static enum status send_parts(struct wire *wire, const struct str *parts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		wire->hub->sent_bytes += parts[i].len;
	return stream_write(wire->stream, parts, count, NULL, NULL);
}

static enum status send_bytes(struct wire *wire, struct str bytes)
{
	return bytes.len > 0 ? send_parts(wire, &bytes, 1) : OK;
}

/*
 * The handshake, an alert, the answer to an update of keys: made while reading, whether or not the socket takes anything. Above the mark it is known
 * already that the socket is full, so to raise the mark for this write forgets no on_drain.
 */
static enum status send_answer(struct wire *wire, struct str bytes)
{
	enum status status;
	if (stream_queued(wire->stream) <= QUEUE_BYTES)
		return send_bytes(wire, bytes);
	stream_set_marks(wire->stream, TLS_QUEUE_BYTES, QUEUE_BYTES);
	status = send_bytes(wire, bytes);
	stream_set_marks(wire->stream, QUEUE_BYTES, QUEUE_BYTES);
	return status;
}

static enum status send_plain(struct wire *wire, struct str plain)
{
	if (wire->tls == NULL)
		return send_bytes(wire, plain);
	struct text *cipher = &wire->hub->cipher;
	text_clear(cipher);
	while (plain.len > 0) {
		uint32_t before = plain.len;
		TRY(tls_session_write(wire->tls, &plain, cipher, &wire->fault));
		if (plain.len == before)
			return IO; /* the handshake goes on again: nothing we take part in */
	}
	return send_bytes(wire, text_str(cipher));
}

/* Frames of HTTP/2 are gathered where they are encrypted, one or some small ones in a record. Gives the bytes of them all. */
static size_t fill_records(struct wire *wire, enum status *status)
{
	struct tls_place places[RECORDS_MAX];
	struct str records[RECORDS_MAX];
	uint32_t count = 0, sealed = 0;
	size_t bytes = 0;
	do {
		struct text *plain = tls_place_open(&places[count++], wire->tls);
		http_engine_fill(wire->engine, plain);
		if (plain->len == 0)
			break;
		bytes += plain->len;
		*status =
		    tls_session_seal(wire->tls, &places[sealed], &records[sealed], &wire->fault);
		sealed++;
	} while (*status == OK && count < RECORDS_MAX && http_engine_has_output(wire->engine));
	if (*status == OK && sealed > 0)
		*status = send_parts(wire, records, sealed);
	while (count > 0)
		tls_place_close(&places[--count]);
	return bytes;
}

static size_t fill_plain(struct wire *wire, enum status *status)
{
	struct text *plain = &wire->hub->plain;
	text_clear(plain);
	http_engine_fill(wire->engine, plain);
	*status = send_plain(wire, text_str(plain));
	return plain->len;
}

/* True when there may be more to send in this turn. */
static bool fill_once(struct wire *wire, enum status *status)
{
	bool has_records = wire->tls != NULL && wire->engine->class->version == HTTP_2;
	if (stream_queued(wire->stream) > QUEUE_BYTES)
		return false; /* on_drain goes on */
	size_t bytes = has_records ? fill_records(wire, status) : fill_plain(wire, status);
	if (bytes > BODY_BYTES)
		pong(wire);
	return *status == OK && bytes > 0;
}

static void feed_held(struct wire *wire)
{
	if (wire->held.len == 0 || wire->engine->is_held)
		return;
	struct text bytes = wire->held;
	wire->held = text_new(HELD_BYTES);
	struct str in = text_str(&bytes);
	http_engine_feed(wire->engine, &in);
	text_add(&wire->held, in);
	text_fini(&bytes);
}

static void update_reading(struct wire *wire)
{
	bool wanted = wire->held.len == 0 && !wire->is_read_ended;
	if (wanted == wire->is_reading || wire->is_lingering)
		return;
	wire->is_reading = wanted;
	if (wanted)
		stream_read_start(wire->stream);
	else
		stream_read_stop(wire->stream);
}

/* The engine has given all it had. */
static void end_if_over(struct wire *wire)
{
	const struct http_engine *engine = wire->engine;
	if (engine->is_cut)
		wire_close(wire, CANCELLED);
	else if (engine->is_done && wire->is_read_ended)
		finish(wire);
	else if (engine->is_done)
		linger(wire);
	else if (engine->is_out_over)
		end_writing(wire);
}

/* Moves everything on that can move: the one place where a wire sends, feeds again what was kept, and ends. */
static void flush(struct wire *wire)
{
	if (wire->stream == NULL || wire->engine == NULL || wire->is_lingering)
		return;
	enum status status = OK;
	uint32_t fills = 0;
	if (http_engine_is_patient(wire->engine) && is_due(wire, act_now(wire->hub->act)))
		pong(wire);
	wire->is_busy = true;
	bool is_more;
	do {
		feed_held(wire);
		if (wire->is_read_ended && wire->held.len == 0)
			http_engine_feed_end(wire->engine);
		is_more = fill_once(wire, &status);
	} while (is_more && ++fills < FILLS_MAX);
	wire->is_busy = false;
	if (stream_queued(wire->stream) == 0)
		wire->wrote_at = act_now(wire->hub->act);
	if (status == GONE) {
		close_broken(wire);
		return;
	}
	if (status != OK) {
		wire_close(wire, status);
		return;
	}
	if (is_more) {
		wire_touch(wire);
		return;
	}
	update_reading(wire);
	if (stream_queued(wire->stream) <= QUEUE_BYTES)
		end_if_over(wire);
}

static void on_drain(struct act *act, struct stream *stream)
{
	struct wire *wire = stream_arg(stream);
	struct wire_hub *hub = wire->hub;
	hub->act = act;
	wire->wrote_at = act_now(act);
	flush(wire);
	hub->act = NULL;
}

/* ---- receiving --------------------------------------------------------------------------------------------- */

static void take(struct wire *wire, struct str bytes)
{
	if (bytes.len == 0 || wire->is_lingering)
		return;
	if (wire->held.len > 0) {
		text_add(&wire->held, bytes);
		return;
	}
	http_engine_feed(wire->engine, &bytes);
	if (!wire->engine->is_done)
		text_add(&wire->held, bytes);
}

static void make_ready(struct wire *wire)
{
	struct str alpn = wire->tls != NULL ? tls_session_alpn(wire->tls) : STR_NONE;
	wire->engine = wire->events->ready(wire, alpn);
}

static enum status decrypt(struct wire *wire, struct str bytes)
{
	struct text *cipher = &wire->hub->cipher;
	text_clear(cipher);
	for (;;) {
		size_t len = 0;
		enum status status = tls_session_read(wire->tls, &bytes, wire->hub->decrypted,
						      DECRYPT_BYTES, &len, cipher, &wire->fault);
		if (cipher->len > 0) { /* handshake, or an alert that tells the peer why */
			enum status sent = send_answer(wire, text_str(cipher));
			text_clear(cipher);
			if (status == OK)
				status = sent;
		}
		if (status != OK)
			return status;
		if (wire->engine == NULL && tls_session_state(wire->tls) == TLS_OPEN)
			make_ready(wire);
		if (len == 0)
			break;
		take(wire, str_of(wire->hub->decrypted, len));
		if (bytes.len == 0 && tls_session_is_drained(wire->tls))
			break; /* to ask once more costs as much as a record */
	}
	if (tls_session_state(wire->tls) == TLS_ENDED)
		wire->is_read_ended = true;
	return OK;
}

/* The peer sends no more. Before there is an engine that is the end of everything. */
static void end_reading(struct wire *wire)
{
	wire->is_read_ended = true;
	if (wire->is_lingering)
		wire_close(wire, OK);
	else if (wire->engine == NULL)
		wire_close(wire, CANCELLED);
	else
		flush(wire);
}

/* Most requests have no answer yet when they have been read: the flush that their answer asks for is enough. */
static bool wants_flush(const struct wire *wire)
{
	const struct http_engine *engine = wire->engine;
	return wire->is_read_ended || engine->is_done || engine->is_out_over ||
	       (wire->held.len > 0 && !engine->is_held) || http_engine_has_output(engine);
}

static void receive(struct wire *wire, struct str bytes, enum status status)
{
	if (status == GONE) {
		end_reading(wire);
		return;
	}
	if (status != OK) {
		close_broken(wire);
		return;
	}
	wire->hub->received_bytes += bytes.len;
	wire->read_at = act_now(wire->hub->act);
	wire->is_busy = true;
	enum status taken = OK;
	if (wire->tls != NULL && !wire->is_lingering)
		taken = decrypt(wire, bytes);
	else
		take(wire, bytes);
	wire->is_busy = false;
	if (taken != OK) {
		wire_close(wire, taken);
		return;
	}
	if (wire->engine == NULL || wire->is_lingering)
		return;
	update_reading(wire);
	begin_patience(wire);
	if (wants_flush(wire))
		wire_touch(wire);
}

static void on_read(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	struct wire *wire = stream_arg(stream);
	struct wire_hub *hub = wire->hub;
	hub->act = act;
	receive(wire, bytes, status);
	hub->act = NULL;
}

static const struct stream_events stream_events = { .on_read = on_read, .on_drain = on_drain };

void wire_open(struct wire *wire, struct wire_hub *hub, const struct wire_events *events,
	       struct stream *stream, struct tls_session *tls)
{
	wire->hub = hub;
	wire->events = events;
	wire->stream = stream;
	wire->tls = tls;
	wire->held = text_new(HELD_BYTES);
	wire->read_at = wire->wrote_at = act_now(hub->act);
	list_init(&wire->link);
	list_init(&wire->patience);
	stream_set_events(stream, &stream_events, wire);
	stream_set_marks(stream, QUEUE_BYTES, QUEUE_BYTES);
	if (tls == NULL) {
		make_ready(wire);
	} else {
		text_clear(&hub->cipher);
		/* A failure here is told by the state, and then by the read side. */
		if (tls_session_start(tls, &hub->cipher, &wire->fault) == OK)
			(void)send_bytes(wire, text_str(&hub->cipher));
	}
	wire->is_reading = true;
	stream_read_start(stream);
	wire_touch(wire);
}
