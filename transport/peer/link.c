/*
 * The session with one peer.
 *
 *   IDLE ── send, or its hello ──> CONNECTING ── our pipe stands and its hello knows it ─> OPEN
 *     ^                             │     ^                                              │
 *     │ nobody wants it             │     └───── a pipe broke, it began anew, newer life ┤
 *     └──────────────── AWAY <──────┘ deadline                                           │
 *                        │ ^                                                             │
 *                        │ └──────────────── silent for dead_ms ─────────────────────────┘
 *                        └── our pipe stands and its hello knows it ─> OPEN
 *
 * A session is two pipes: each side dials one and sends by it. Each dialed pipe has a new number. Its first frame is a hello with
 * that number and the number of the pipe that came the other way, if one has; whoever learns the other's number says hello once
 * more, with both. A side whose number was said back knows that both mean the same two pipes, and opens. A session ends when a
 * pipe breaks or the peer is silent: whoever notices closes both pipes and dials again, and so the other notices too. Frames name
 * both numbers: what was meant for another session is recognised and dropped.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/base.h"
#include "transport/peer/peer-private.h"

/* Between two tries, of which half is chance: a process that starts again listens within 20 ms and is to be found within 100. */
#define REDIAL_MIN_MS 10
#define REDIAL_MAX_MS 80
#define REJECTED_MIN_MS 20 /* the same for a peer that is there and does not want us */
#define REJECTED_MAX_MS 1280

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

/* Epochs count up and wrap. 0 is one that is not known: it is newer than none, and any other is newer than it. */
static bool is_newer(uint16_t epoch, uint16_t than)
{
	if (epoch == 0 || than == 0)
		return epoch != 0;
	return (int16_t)(uint16_t)(epoch - than) > 0;
}

static struct seams_peer life(const struct link *link, uint16_t epoch)
{
	return (struct seams_peer){ link->key.node, link->key.host, epoch };
}

/* ---- our pipe ---- */

/* When to look after it; a pipe that is busy says itself when it is ready. */
static struct mono detour_at(const struct link *link)
{
	bool is_next_ours = link->out != NULL && (link->detour.is_torn || pipe_is_ready(link->out));

	return is_next_ours ? detour_due(&link->detour) : TIME_FAR;
}

/* is_first: nothing has left in this turn. */
static void pump_after(struct link *link, bool is_first)
{
	struct text head, body;

	if (link->out == NULL)
		return;
	while (pipe_is_ready(link->out) && detour_next(&link->detour, &link->outbox, link->key,
						       &link->hub->clock, &head, &body))
		pipe_send(link->out, head, body, is_first && !outbox_is_waiting(&link->outbox));
	peer_wake_by(link->hub, detour_at(link));
	if (outbox_is_waiting(&link->outbox) || detour_is_holding(&link->detour))
		pipe_hurry(link->out);
}

static void pump(struct link *link)
{
	pump_after(link, false);
}

void link_flush(struct link *link)
{
	pump(link);
}

/* What a turn sends leaves together, unless that is more than a frame holds. */
static void pump_soon(struct link *link)
{
	bool is_first = list_is_empty(&link->due);
	bool has_turns = peer_flush_soon(link->hub, link);

	if (!has_turns || link->outbox.waiting_bytes >= LIMIT_FRAME_BYTES)
		pump_after(link, has_turns && is_first);
}

/* After a doubling pause of which half is chance: all of a lost node's peers do not dial at once. */
static void dial_later(struct link *link, int64_t min_ms, int64_t max_ms, uint32_t doublings)
{
	const struct seams_random *random = &link->hub->random;
	int64_t pause_ms = min_ms << (doublings < 8 ? doublings : 8);
	int64_t half;
	uint32_t chance;

	half = (pause_ms < max_ms ? pause_ms : max_ms) * TIME_MS / 2;
	random->fill(random->self, &chance, sizeof chance);
	link->redial.ns = peer_now(link->hub).ns + half + chance % half;
	peer_wake_by(link->hub, link->redial);
}

static void hang_up(struct link *link)
{
	if (link->out != NULL)
		pipe_close(link->out);
	link->out = NULL;
	detour_clear(&link->detour);
}

/* Tells the peer both numbers as far as we know them. */
static void greet(struct link *link)
{
	if (link->out == NULL || pipe_state(link->out) != PIPE_OPEN)
		return;
	outbox_greet(&link->outbox, link->session, link->peer_session);
	pump(link);
}

static void out_opened(void *self, struct pipe *pipe)
{
	struct link *link = self;

	assert(link->out == pipe);
	link->tries = 0;
	greet(link);
}

/* Peers say nothing on pipes that they accepted. */
static void out_received(void *self, struct pipe *pipe, struct str frame)
{
	struct link *link = self;

	(void)frame;
	link->hub->stats.bad_frames++;
	pipe_break(pipe);
}

static void out_sent(void *self, struct pipe *pipe)
{
	(void)pipe;
	pump(self);
}

static void out_closed(void *self, struct pipe *pipe)
{
	struct link *link = self;

	assert(link->out == pipe);
	link->out = NULL;
	detour_clear(&link->detour);
	if (link->state == PEER_OPEN)
		link_end(link, PEER_CONNECTING);
	else if (pipe_was_connected(pipe)) /* it does not want us */
		dial_later(link, REJECTED_MIN_MS, REJECTED_MAX_MS, link->rejections++);
	else
		dial_later(link, REDIAL_MIN_MS, REDIAL_MAX_MS, link->tries++);
}

static bool is_local(const struct link *link)
{
	return link->key.node == link->hub->self.node;
}

static int64_t patience(const struct link *link)
{
	return is_local(link) ? PEER_LOCAL_PATIENCE : 1;
}

static bool can_dial(const struct link *link)
{
	return is_local(link) || (link->hub->client != NULL && link->address.len > 0);
}

static bool dial(struct link *link)
{
	struct peer *hub = link->hub;
	struct pipe_user user = { link, out_opened, out_received, out_sent, out_closed };
	char path[512], name[512];
	struct conn_address to = { is_local(link), link->address };

	if (link->out != NULL)
		return true;
	if (!can_dial(link))
		return false;
	snprintf(name, sizeof name, STR_FMT PEER_DOMAIN, STR_ARG(link->node_name));
	snprintf(path, sizeof path, STR_FMT "/%u.ipc", STR_ARG(hub->run_folder), link->key.host);
	if (to.is_local)
		to.text = str_from(path);
	link->session = ++hub->next_session;
	link->out = pipe_dial(&hub->pipes, &to, to.is_local ? NULL : hub->client, str_from(name),
			      &user, peer_now(hub));
	if (link->out == NULL)
		return false;
	peer_wake_by(hub, pipe_deadline(link->out));
	return true;
}

/* What was dialed may be an earlier life or an earlier address. */
static void dial_anew(struct link *link)
{
	if (link->out == NULL)
		return;
	hang_up(link);
	dial(link);
}

/* Dials if it is time to; when to look again. */
static struct mono redial(struct link *link, struct mono now)
{
	struct mono deadline;

	if (link->state == PEER_IDLE || !can_dial(link))
		return TIME_FAR;
	if (link->out == NULL && now.ns >= link->redial.ns && !dial(link))
		dial_later(link, REDIAL_MIN_MS, REDIAL_MAX_MS, link->tries++);
	if (link->out == NULL)
		return link->redial;
	deadline = pipe_deadline(link->out);
	return deadline.ns != 0 ? deadline : TIME_FAR;
}

/* ---- life ---- */

struct link *link_new(struct peer *hub, const struct seams_place *entry)
{
	struct link *link = mem_new(struct link);

	link->hub = hub;
	list_init(&link->due);
	list_init(&link->bucket);
	link->key = (struct seams_peer){ entry->node, entry->host, 0 };
	link->epoch = entry->epoch;
	outbox_init(&link->outbox, hub->self, link->key, str_of(hub->hello, hub->hello_bytes));
	detour_init(&link->detour, hub->faulty);
	link_rename(link, entry);
	return link;
}

void link_move(struct link *link, struct str address)
{
	if (str_eq(address, link->address))
		return;
	change(&link->address, address);
	if (link->state != PEER_OPEN)
		dial_anew(link);
}

void link_rename(struct link *link, const struct seams_place *entry)
{
	change(&link->node_name, entry->node_name);
	if (entry->host_name.len > 0)
		change(&link->host_name, entry->host_name);
	if (entry->address.len > 0)
		link_move(link, entry->address);
}

static void drop_in(struct link *link)
{
	if (link->in != NULL)
		pipe_close(link->in);
	link->in = NULL;
	link->peer_session = link->echo = 0;
}

void link_free(struct link *link)
{
	list_remove(&link->due);
	list_remove(&link->bucket);
	hang_up(link);
	drop_in(link);
	outbox_fini(&link->outbox);
	drop(&link->node_name);
	drop(&link->host_name);
	drop(&link->address);
	mem_free(link);
}

/* ---- beginning and end of a session ---- */

/* Those of all links, and of all hosts of a machine, in the same moment: it is woken once for all. */
static void beat_later(struct link *link, struct mono now)
{
	int64_t period_ns = link->hub->heartbeat_ms * patience(link) * TIME_MS;

	link->next_beat.ns = (now.ns / period_ns + 1) * period_ns;
}

static void connect(struct link *link, struct mono now)
{
	link->state = PEER_CONNECTING;
	link->deadline.ns = now.ns + link->hub->connect_ms * TIME_MS;
	peer_wake_by(link->hub, link->deadline);
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

	while (outbox_drop_other(&link->outbox, link->epoch, &other))
		announce(link, other);
}

static void open_if_ready(struct link *link)
{
	if (link->state == PEER_OPEN || link->out == NULL || pipe_state(link->out) != PIPE_OPEN ||
	    link->echo != link->session)
		return;
	pipe_clear_deadline(link->out);
	pipe_clear_deadline(link->in);
	drop_others(link);
	link->state = PEER_OPEN;
	link->sequence = 0;
	link->sessions++;
	link->last_heard = peer_now(link->hub);
	outbox_open(&link->outbox, link->epoch, link->peer_session);
	beat_later(link, link->last_heard);
	peer_wake_by(link->hub, link->next_beat);
}

/* Everything that waits is lost, also what waits for a first contact; each life that something waits for is told of once. */
static void announce_waiting(struct link *link)
{
	uint16_t epoch, other;

	while (outbox_drop_other(&link->outbox, 0, &other))
		announce(link, other);
	if (outbox_first_epoch(&link->outbox, &epoch))
		announce(link, link->epoch);
}

/* Back to before the first hello. */
static void begin_anew(struct link *link)
{
	hang_up(link);
	drop_in(link);
	outbox_clear(&link->outbox);
	if (link->rejections > 0)
		dial_later(link, REJECTED_MIN_MS, REJECTED_MAX_MS, link->rejections);
	else if (!dial(link))
		dial_later(link, REDIAL_MIN_MS, REDIAL_MAX_MS, 0);
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
		outbox_clear(&link->outbox);
	}
}

/* As link_end, and nothing begins anew. */
void link_stop(struct link *link)
{
	if (link->state == PEER_OPEN)
		announce(link, link->epoch);
	else
		announce_waiting(link);
}

/* ---- events ---- */

enum status link_send(struct link *link, uint16_t epoch, struct str header, struct text *body)
{
	link->is_wanted = true;
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
		connect(link, peer_now(link->hub));
	}
	TRY(outbox_add(&link->outbox, epoch, header, body));
	pump_soon(link);
	return OK;
}

void link_in_closed(struct link *link)
{
	link->in = NULL;
	link->peer_session = link->echo = 0;
	if (link->state == PEER_OPEN)
		link_end(link, PEER_CONNECTING);
}

void link_betrayed(struct link *link)
{
	link->rejections++;
	drop_in(link);
	if (link->state == PEER_OPEN)
		link_end(link, PEER_AWAY);
}

static void take_echo(struct link *link, const struct frame *frame)
{
	link->echo = frame->to_session;
	open_if_ready(link);
	pump(link);
}

bool link_hello(struct link *link, const struct frame *frame, struct pipe *pipe)
{
	if (link->epoch != 0 && is_newer(link->epoch, frame->from.epoch))
		return false;
	if (link->state == PEER_OPEN) /* it began anew and we have not noticed yet */
		link_end(link, PEER_CONNECTING);
	drop_in(link);
	link->epoch = frame->from.epoch;
	link->in = pipe;
	link->peer_session = frame->from_session;
	link->is_wanted = true;
	link->last_heard = peer_now(link->hub);
	if (link->state == PEER_IDLE)
		connect(link, link->last_heard);
	dial(link); /* the other half */
	greet(link);
	take_echo(link, frame);
	return true;
}

enum status link_hello_again(struct link *link, const struct frame *frame)
{
	if (frame->from_session != link->peer_session)
		return INVALID;
	take_echo(link, frame);
	return OK;
}

static enum status deliver(struct link *link, const struct frame *frame, struct str body)
{
	struct peer *hub = link->hub;
	struct seams_peer from = life(link, link->epoch);
	uint32_t frame_bytes = FRAME_BYTES + frame->body_bytes;
	struct str message;

	while (body.len > 0) {
		TRY(frame_message_next(&body, &message));
		hub->stats.messages_received++;
		hub->owner.receive(hub->owner.self, from, message);
	}
	link->received_bytes += frame_bytes;
	outbox_consumed(&link->outbox, frame_bytes);
	return OK;
}

enum status link_frame(struct link *link, const struct frame *frame, struct str body)
{
	enum status status = OK;

	if (link->state != PEER_OPEN || frame->to_session != link->session ||
	    frame->from_session != link->peer_session) {
		link->hub->stats.old_sessions++;
		return OK;
	}
	link->last_heard = peer_now(link->hub);
	TRY(outbox_credit(&link->outbox, frame->consumed));
	if (frame->kind == FRAME_DATA) {
		if (frame->sequence != link->sequence + 1)
			return INVALID;
		link->sequence = frame->sequence;
		status = deliver(link, frame, body);
	}
	pump(link);
	return status;
}

void link_learn_epoch(struct link *link, uint16_t epoch)
{
	if (!is_newer(epoch, link->epoch))
		return;
	if (link->state == PEER_OPEN)
		link_end(link, PEER_CONNECTING);
	else if (link->epoch != 0)
		dial_anew(link);
	link->epoch = epoch;
	drop_others(link);
}

static void fall_idle(struct link *link)
{
	hang_up(link);
	drop_in(link);
	link->state = PEER_IDLE;
}

/* AWAY: when it falls idle unless somebody wants it. */
static struct mono give_up_at(const struct link *link)
{
	return (struct mono){ link->last_wanted.ns + AWAY_IDLE_NS };
}

static struct mono beat(struct link *link, struct mono now)
{
	if (now.ns - link->last_heard.ns > link->hub->dead_ms * patience(link) * TIME_MS) {
		link_end(link, PEER_AWAY);
		return give_up_at(link);
	}
	if (now.ns >= link->next_beat.ns) {
		link->rejections = 0;
		pipe_rest(link->out);
		pipe_rest(link->in);
		outbox_beat(&link->outbox);
		pump(link);
		beat_later(link, now);
	}
	return link->next_beat;
}

/* What is held goes on; a torn connection is broken here, for nobody is to hear of a loss from within his own send. */
static void follow_detour(struct link *link, struct mono now)
{
	if (detour_at(link).ns > now.ns)
		return;
	if (link->detour.is_torn)
		pipe_break(link->out);
	else
		pump(link);
}

static struct mono earlier(struct mono a, struct mono b)
{
	return a.ns < b.ns ? a : b;
}

struct mono link_turn(struct link *link, struct mono now)
{
	struct mono next = TIME_FAR;

	if (link->is_wanted)
		link->last_wanted = now;
	link->is_wanted = false;
	follow_detour(link, now);
	switch (link->state) {
	case PEER_IDLE: break;
	case PEER_CONNECTING:
		if (now.ns >= link->deadline.ns)
			link_end(link, PEER_AWAY);
		next = link->state == PEER_CONNECTING ? link->deadline : give_up_at(link);
		break;
	case PEER_OPEN: next = beat(link, now); break;
	case PEER_AWAY:
		if (now.ns >= give_up_at(link).ns)
			fall_idle(link);
		else
			next = give_up_at(link);
		break;
	}
	next = earlier(next, redial(link, now));
	return earlier(next, detour_at(link));
}
