/*
 * The session with one peer.
 *
 *   IDLE ── send, or its hello ──> CONNECTING ── our pipe stands and its hello came ──> OPEN
 *     ^                             │     ^                                              │
 *     │ nobody wants it             │     └── a pipe went, it began anew, newer life ────┤
 *     └──────────────── AWAY <──────┘ deadline                                           │
 *                        │ ^                                                             │
 *                        │ └──────────────── silent for dead_ms ─────────────────────────┘
 *                        └── our pipe stands and its hello came ──> OPEN
 *
 * A connection is two pipes: ours into its pull socket, its into ours. Each side numbers its sessions and says the number in its
 * hello, with the other's number as far as it knows it. Whoever sees a session end takes a new number and says hello again; the
 * other sees the new number, ends its session too and answers. A hello that does not know our number is answered, so both sides
 * come to know both. Frames name both numbers: whatever of an old session is still under way is recognised and dropped.
 *
 * Pipes are never closed to end a session: nng 1.5.2 forgets an operation that goes on in pieces (every receive, every large send)
 * when its pipe is closed between two of them, and then waits for it for ever, with all that is closed later.
 */
#include <nng/nng.h>

#include <nng/protocol/pipeline0/push.h>
#include <nng/supplemental/tls/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/base.h"
#include "transport/peer/peer-private.h"
#include "transport/tls/link-engine.h"

static struct str keep(struct str text)
{
	return text.len > 0 ? str_of(mem_copy(text.at, text.len), text.len) : STR_NONE;
}

static void drop(struct str *text)
{
	mem_free((void *)(uintptr_t)text->at);
	*text = STR_NONE;
}

static void change(struct str *text, struct str to)
{
	struct str copy = keep(to);

	drop(text);
	*text = copy;
}

/* Epochs count up and wrap. */
static bool is_newer(uint16_t epoch, uint16_t than)
{
	return than == 0 ? epoch != 0 : (int16_t)(uint16_t)(epoch - than) > 0;
}

static struct seams_peer life(const struct link *link, uint16_t epoch)
{
	return (struct seams_peer){ link->key.node, link->key.host, epoch };
}

/* ---- our pipe: dialing ---- */

/* On nng's threads. What is in flight is cancelled here and now: nng would hand it to the next pipe. */
static void out_changed(nng_pipe pipe, nng_pipe_ev what, void *arg)
{
	struct link *link = arg;
	struct inbox_event *event;

	if (what == NNG_PIPE_EV_REM_POST)
		outbox_down(link->outbox);
	event = mem_new(struct inbox_event);
	event->kind = what == NNG_PIPE_EV_REM_POST ? INBOX_OUT_DOWN : INBOX_OUT_UP;
	event->pipe = (uint32_t)nng_pipe_id(pipe);
	event->key = link->key;
	inbox_post(link->hub, event);
}

/* Before a pipe is used: the socket file could be another user's. */
static void out_judge(nng_pipe pipe, nng_pipe_ev what, void *arg)
{
	uint64_t user;

	(void)what, (void)arg;
	if (nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &user) == 0 && user != geteuid())
		nng_pipe_close(pipe);
}

static bool is_local(const struct link *link)
{
	return link->key.node == link->hub->self.node;
}

/* nng's dialer expects the server's name, which our engine checks against its certificate. */
static int expect_name(const struct link *link, nng_dialer dialer)
{
	nng_tls_config *config;
	char name[512];
	int result;

	snprintf(name, sizeof name, STR_FMT PEER_DOMAIN, STR_ARG(link->node_name));
	link_engine_next(link->hub->client);
	result = nng_tls_config_alloc(&config, NNG_TLS_MODE_CLIENT);
	if (result != 0)
		return result;
	result = nng_tls_config_server_name(config, name);
	if (result == 0)
		result = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config);
	nng_tls_config_free(config); /* the dialer has its own reference */
	return result;
}

static int start_dialer(struct link *link)
{
	struct peer *hub = link->hub;
	char url[512];
	nng_dialer dialer;
	int result;

	if (is_local(link))
		snprintf(url, sizeof url, "ipc://" STR_FMT "/%u.ipc", STR_ARG(hub->run_folder),
			 link->key.host);
	else
		snprintf(url, sizeof url, "tls+tcp://" STR_FMT, STR_ARG(link->address));
	result = nng_dialer_create(&dialer, link->push, url);
	if (result == 0 && !is_local(link))
		result = expect_name(link, dialer);
	if (result == 0) {
		nng_dialer_set_ms(dialer, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
		nng_dialer_set_ms(dialer, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
		result = nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
	}
	return result;
}

static bool can_dial(const struct link *link)
{
	return is_local(link) || (link->hub->client != NULL && link->address.len > 0);
}

static bool dial(struct link *link)
{
	if (link->is_dialing)
		return true;
	if (!can_dial(link) || nng_push0_open(&link->push) != 0)
		return false;
	link->is_dialing = true;
	outbox_attach(link->outbox, link->push);
	nng_pipe_notify(link->push, NNG_PIPE_EV_ADD_PRE, out_judge, link);
	nng_pipe_notify(link->push, NNG_PIPE_EV_ADD_POST, out_changed, link);
	nng_pipe_notify(link->push, NNG_PIPE_EV_REM_POST, out_changed, link);
	if (start_dialer(link) == 0)
		return true;
	outbox_detach(link->outbox);
	nng_close(link->push);
	link->is_dialing = false;
	return false;
}

/* Doubling from 20 ms to 1.28 s, of which half is chance. */
static struct mono later(struct link *link, uint32_t rejections)
{
	const struct seams_random *random = &link->hub->random;
	int64_t whole = (20 * TIME_MS) << (rejections < 6 ? rejections : 6);
	uint32_t chance;

	random->fill(random->self, &chance, sizeof chance);
	return (struct mono){ peer_now(link->hub).ns + whole / 2 + chance % (whole / 2) };
}

static void hang_up(struct link *link)
{
	if (!link->is_dialing)
		return;
	outbox_detach(link->outbox);
	nng_close(link->push);
	link->is_dialing = false;
	link->out_pipe = 0;
}

/* The dialer knows the address it was made with. */
static void redial_if_moved(struct link *link)
{
	if (!link->is_moved)
		return;
	hang_up(link);
	dial(link);
	link->is_moved = false;
}

/* ---- life ---- */

struct link *link_new(struct peer *hub, const struct peer_entry *entry)
{
	struct link *link = mem_new(struct link);

	link->hub = hub;
	link->key = (struct seams_peer){ entry->node, entry->host, 0 };
	link->epoch = entry->epoch;
	link->session = ++hub->next_session;
	link->outbox = outbox_new(hub->self, link->key, str_of(hub->hello, hub->hello_bytes));
	link_rename(link, entry);
	return link;
}

void link_rename(struct link *link, const struct peer_entry *entry)
{
	bool is_moved = entry->address.len > 0 && !str_eq(entry->address, link->address);

	change(&link->node_name, entry->node_name);
	if (entry->host_name.len > 0)
		change(&link->host_name, entry->host_name);
	if (!is_moved)
		return;
	change(&link->address, entry->address);
	link->is_moved = link->is_dialing;
	if (link->state != PEER_OPEN)
		redial_if_moved(link);
}

void link_free(struct link *link)
{
	hang_up(link);
	outbox_free(link->outbox);
	drop(&link->node_name);
	drop(&link->host_name);
	drop(&link->address);
	mem_free(link);
}

/* ---- beginning and end of a session ---- */

static void connect(struct link *link, struct mono now)
{
	link->state = PEER_CONNECTING;
	link->deadline.ns = now.ns + link->hub->connect_ms * TIME_MS;
	peer_start_tick(link->hub);
}

static void announce(struct link *link, uint16_t epoch)
{
	link->hub->stats.losses++;
	link->hub->owner.lost(link->hub->owner.self, life(link, epoch));
}

/* What waits for other lives of the peer than the one that is there can never arrive. */
static void drop_others(struct link *link)
{
	uint16_t other;

	while (outbox_drop_other(link->outbox, link->epoch, &other))
		announce(link, other);
}

static void open_if_ready(struct link *link)
{
	if (link->state == PEER_OPEN || link->out_pipe == 0 || link->in_pipe == 0)
		return;
	drop_others(link);
	link->state = PEER_OPEN;
	link->sequence = 0;
	link->rejections = 0;
	link->sessions++;
	link->last_heard = peer_now(link->hub);
	outbox_open(link->outbox, link->epoch, link->peer_session);
	peer_start_tick(link->hub);
}

/* Everything that waits is lost, also what waits for a first contact; each life that something waits for is told of once. */
static void announce_waiting(struct link *link)
{
	uint16_t epoch, other;

	while (outbox_drop_other(link->outbox, 0, &other))
		announce(link, other);
	if (outbox_first_epoch(link->outbox, &epoch))
		announce(link, link->epoch);
}

static void say_hello(struct link *link)
{
	if (link->out_pipe != 0)
		outbox_up(link->outbox, link->session, link->peer_session);
}

/* Back to before the first hello; the pipes stay as they are. */
static void begin_anew(struct link *link)
{
	link->session = ++link->hub->next_session;
	link->in_pipe = 0;
	link->peer_session = 0;
	outbox_clear(link->outbox);
	redial_if_moved(link);
	say_hello(link);
}

void link_end(struct link *link, enum peer_state then)
{
	bool was_open = link->state == PEER_OPEN;
	uint16_t epoch = link->epoch;

	link->state = then;
	if (then == PEER_CONNECTING)
		connect(link, peer_now(link->hub));
	if (was_open) {
		begin_anew(link);
		announce(link, epoch);
	} else {
		announce_waiting(link);
		outbox_clear(link->outbox);
		say_hello(link); /* if one was under way it is cancelled now */
	}
}

/* ---- events ---- */

enum status link_send(struct link *link, uint16_t epoch, struct str header, struct str body)
{
	struct mono now = peer_now(link->hub);

	link->last_wanted = now;
	if (epoch != 0 && link->epoch != 0 && epoch != link->epoch) {
		if (is_newer(link->epoch, epoch))
			return GONE;
		if (link->state == PEER_OPEN)
			return UNAVAILABLE; /* its new life has not called yet */
	}
	if (link->state == PEER_AWAY)
		return UNAVAILABLE;
	if (link->state == PEER_IDLE) {
		if (!dial(link))
			return UNAVAILABLE;
		connect(link, now);
	}
	return outbox_add(link->outbox, epoch, header, body);
}

void link_out_up(struct link *link, uint32_t pipe)
{
	link->out_pipe = pipe;
	say_hello(link);
	open_if_ready(link);
}

void link_out_down(struct link *link, uint32_t pipe)
{
	if (pipe != link->out_pipe)
		return; /* we closed it ourselves */
	link->out_pipe = 0;
	if (link->state == PEER_OPEN) {
		link_end(link, PEER_CONNECTING);
		return;
	}
	/* It took the pipe and closed it again: it does not want us. nng would be back in 10 ms, for ever. */
	hang_up(link);
	link->redial = later(link, link->rejections++);
}

void link_in_down(struct link *link)
{
	link->in_pipe = 0;
	if (link->state == PEER_OPEN)
		link_end(link, PEER_CONNECTING);
}

/* The same hello again: the peer repeats it until it has ours. */
static bool is_known(const struct link *link, const struct frame *frame, uint32_t pipe)
{
	return link->in_pipe == pipe && link->epoch == frame->from.epoch &&
	       link->peer_session == frame->from_session;
}

bool link_hello(struct link *link, const struct frame *frame, uint32_t pipe)
{
	if (link->epoch != 0 && is_newer(link->epoch, frame->from.epoch))
		return false;
	if (!is_known(link, frame, pipe)) {
		if (link->state == PEER_OPEN) /* it began anew and we have not noticed yet */
			link_end(link, PEER_CONNECTING);
		link->epoch = frame->from.epoch;
		link->in_pipe = pipe;
		link->peer_session = frame->from_session;
	}
	link->last_wanted = link->last_heard = peer_now(link->hub);
	if (link->state == PEER_IDLE)
		connect(link, link->last_heard);
	dial(link); /* the other half */
	if (frame->to_session != link->session)
		say_hello(link);
	open_if_ready(link);
	return true;
}

static enum status deliver(struct link *link, struct str body, uint32_t frame_bytes)
{
	struct peer *hub = link->hub;
	struct seams_peer from = life(link, link->epoch);
	struct str message;

	while (body.len > 0) {
		TRY(frame_message_next(&body, &message));
		hub->stats.messages_received++;
		hub->owner.receive(hub->owner.self, from, message);
	}
	link->received_bytes += frame_bytes;
	outbox_consumed(link->outbox, frame_bytes);
	return OK;
}

enum status link_frame(struct link *link, const struct frame *frame, struct str body,
		       uint32_t frame_bytes)
{
	if (link->state != PEER_OPEN || frame->to_session != link->session ||
	    frame->from_session != link->peer_session) {
		link->hub->stats.old_sessions++;
		return OK;
	}
	link->last_heard = peer_now(link->hub);
	TRY(outbox_credit(link->outbox, frame->consumed));
	if (frame->kind == FRAME_BEAT)
		return OK;
	if (frame->sequence != link->sequence + 1)
		return INVALID;
	link->sequence = frame->sequence;
	return deliver(link, body, frame_bytes);
}

void link_learn_epoch(struct link *link, uint16_t epoch)
{
	if (!is_newer(epoch, link->epoch))
		return;
	if (link->state == PEER_OPEN)
		link_end(link, PEER_CONNECTING);
	link->epoch = epoch;
	drop_others(link);
}

static void stop_dialing(struct link *link)
{
	hang_up(link);
	link->state = PEER_IDLE;
}

void link_tick(struct link *link, struct mono now)
{
	if (link->state != PEER_IDLE && !link->is_dialing && now.ns >= link->redial.ns)
		dial(link);
	switch (link->state) {
	case PEER_IDLE: break;
	case PEER_CONNECTING:
		if (now.ns >= link->deadline.ns)
			link_end(link, PEER_AWAY);
		else
			say_hello(link);
		break;
	case PEER_OPEN:
		if (now.ns - link->last_heard.ns > link->hub->dead_ms * TIME_MS)
			link_end(link, PEER_AWAY);
		else
			outbox_beat(link->outbox);
		break;
	case PEER_AWAY:
		if (now.ns - link->last_wanted.ns > AWAY_IDLE_NS)
			stop_dialing(link);
		else
			say_hello(link);
		break;
	}
}
