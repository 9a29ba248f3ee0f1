#include "transport/peer/peer.h"

#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>
#include <stdlib.h>

#include "runtime/base/base.h"
#include "transport/peer/peer-private.h"

#define SILENCE_MS 100U /* how long stopping waits for the last bytes of others */

static const char *const state_names[] = {
#define X(name, text) text,
	PEER_STATE_MAP(X)
#undef X
};

const char *peer_state_name(enum peer_state state)
{
	return state_names[state];
}

struct mono peer_now(const struct peer *hub)
{
	return hub->clock.mono(hub->clock.self);
}

/* ---- finding ---- */

static struct link *find(const struct peer *hub, uint32_t node, uint16_t host)
{
	for (uint32_t i = 0; i < hub->links.len; i++)
		if (hub->links.at[i]->key.node == node && hub->links.at[i]->key.host == host)
			return hub->links.at[i];
	return NULL;
}

/* A node's name as the directory has it; absent: it was not learned. */
static struct str name_of_node(const struct peer *hub, uint32_t node)
{
	if (node == hub->self.node)
		return hub->node_name;
	for (uint32_t i = 0; i < hub->links.len; i++)
		if (hub->links.at[i]->key.node == node)
			return hub->links.at[i]->node_name;
	return STR_NONE;
}

static struct pipe *find_pipe(struct peer *hub, uint32_t id)
{
	for (uint32_t i = 0; i < hub->pipes.len; i++)
		if (hub->pipes.at[i].id == id)
			return &hub->pipes.at[i];
	return NULL;
}

static struct link *add(struct peer *hub, const struct peer_entry *entry)
{
	struct link *link;

	if (hub->links.len == LIMIT_PEERS)
		return NULL;
	link = link_new(hub, entry);
	vec_push(&hub->links, link);
	return link;
}

/* A host of a node that we know: of ours always, of others by what its hello says. */
static struct link *find_or_add(struct peer *hub, struct seams_peer key, struct str address)
{
	struct link *link = find(hub, key.node, key.host);
	struct str name = name_of_node(hub, key.node);

	if (link != NULL || name.len == 0)
		return link;
	return add(hub,
		   &(struct peer_entry){
		       .node = key.node, .node_name = name, .host = key.host, .address = address });
}

/* ---- frames ---- */

/*
 * Not to be trusted: nothing of it is read any more, and what stands on it ends. A connection from another node breaks at its next
 * byte; one within the node belongs to a process of ours that has gone wrong and is left to its supervisor.
 */
static void disconnect(struct pipe *pipe)
{
	struct link *link = pipe->link;

	pipe->link = NULL;
	pipe->is_bad = true;
	if (!pipe->is_local)
		inbox_spoil(pipe->id);
	if (link != NULL && link->in_pipe == pipe->id)
		link_end(link, PEER_AWAY);
}

/* Does the certificate carry <name>.node.troupe.internal? */
static bool is_certified(const char *names, struct str node_name)
{
	struct str rest = str_from(names), name;

	while (rest.len > 0) {
		name = str_cut(&rest, '\n');
		if (str_ends(name, STR(PEER_DOMAIN)) &&
		    str_eq_nocase(str_slice(name, 0, name.len - (sizeof PEER_DOMAIN - 1)),
				  node_name))
			return true;
	}
	return false;
}

/* The name that was claimed must be the directory's for that number and stand in the certificate; within the node only its number counts. */
static bool is_identity_true(const struct peer *hub, const struct pipe *pipe,
			     const struct frame *frame, const struct frame_hello *hello)
{
	struct str known = name_of_node(hub, frame->from.node);

	if (frame->to.node != hub->self.node || frame->to.host != hub->self.host)
		return false; /* dialed the wrong one */
	if (pipe->is_local)
		return frame->from.node == hub->self.node && frame->from.host != hub->self.host;
	return frame->from.node != hub->self.node && known.len > 0 &&
	       str_eq_nocase(known, hello->node_name) && is_certified(pipe->names, known);
}

static void take_hello(struct peer *hub, struct pipe *pipe, const struct frame *frame,
		       struct str body)
{
	struct frame_hello hello;
	struct link *link;

	if (frame_hello_decode(body, &hello) != OK) {
		hub->stats.bad_frames++;
		disconnect(pipe);
		return;
	}
	if (!is_identity_true(hub, pipe, frame, &hello)) {
		hub->stats.bad_identities++;
		disconnect(pipe);
		return;
	}
	link = find_or_add(hub, frame->from, hello.address);
	if (link == NULL)
		return;                                 /* LIMIT_PEERS: it says hello again */
	if (pipe->link != NULL && pipe->link != link) { /* two in one */
		hub->stats.bad_identities++;
		disconnect(pipe);
		return;
	}
	if (!link_hello(link, frame, pipe->id)) {
		hub->stats.old_epochs++;
		disconnect(pipe);
		return;
	}
	pipe->link = link;
}

static bool is_for_us(struct peer *hub, const struct frame *frame)
{
	return frame->to.node == hub->self.node && frame->to.host == hub->self.host &&
	       frame->to.epoch == hub->self.epoch;
}

static bool is_from(const struct link *link, const struct frame *frame)
{
	return frame->from.node == link->key.node && frame->from.host == link->key.host &&
	       frame->from.epoch == link->epoch;
}

static void take_frame(struct peer *hub, struct pipe *pipe, const struct frame *frame,
		       struct str body, uint32_t frame_bytes)
{
	if (!is_for_us(hub, frame)) { /* for an earlier life of ours */
		hub->stats.old_epochs++;
		return;
	}
	if (pipe->link == NULL || pipe->link->in_pipe != pipe->id) {
		hub->stats.old_sessions++; /* nng handed an old frame to a new pipe */
		return;
	}
	if (!is_from(pipe->link, frame)) {
		hub->stats.bad_identities++;
		disconnect(pipe);
		return;
	}
	if (link_frame(pipe->link, frame, body, frame_bytes) != OK) {
		hub->stats.bad_frames++;
		disconnect(pipe);
	}
}

static void take_bytes(struct peer *hub, uint32_t pipe_id, struct str bytes)
{
	struct pipe *pipe = find_pipe(hub, pipe_id);
	struct frame frame;
	struct str body;

	if (pipe == NULL || pipe->is_bad)
		return;
	hub->stats.frames_received++;
	hub->stats.bytes_received += bytes.len;
	if (frame_decode(bytes, &frame, &body) != OK) {
		hub->stats.bad_frames++;
		disconnect(pipe);
	} else if (frame.kind == FRAME_HELLO) {
		take_hello(hub, pipe, &frame, body);
	} else {
		take_frame(hub, pipe, &frame, body, bytes.len);
	}
}

/* ---- events ---- */

static void take_in_up(struct peer *hub, struct inbox_event *event)
{
	struct pipe pipe = { .id = event->pipe, .is_local = event->is_local, .names = event->names };

	if (event->is_refused) {
		hub->stats.bad_identities++;
		return;
	}
	event->names = NULL;
	vec_push(&hub->pipes, pipe);
}

static void take_in_down(struct peer *hub, uint32_t id)
{
	struct pipe *pipe = find_pipe(hub, id);
	struct link *link;

	if (pipe == NULL)
		return;
	link = pipe->link;
	mem_free(pipe->names);
	vec_swap_remove(&hub->pipes, (uint32_t)(pipe - hub->pipes.at));
	if (link != NULL && link->in_pipe == id)
		link_in_down(link);
}

void peer_start_tick(struct peer *hub)
{
	if (hub->is_ticking)
		return;
	hub->is_ticking = true;
	hub->last_tick = peer_now(hub);
	nng_sleep_aio((nng_duration)hub->heartbeat_ms, hub->tick);
}

static void take_tick(struct peer *hub)
{
	struct mono now = peer_now(hub);
	bool was_late = now.ns - hub->last_tick.ns > hub->dead_ms * TIME_MS / 2;
	bool is_needed = false;

	hub->is_ticking = false;
	for (uint32_t i = 0; i < hub->links.len; i++) {
		struct link *link = hub->links.at[i];

		if (was_late) /* we slept, not they: what they sent meanwhile is still to be read */
			link->last_heard = now;
		link_tick(link, now);
		is_needed = is_needed || link->state != PEER_IDLE;
	}
	if (is_needed)
		peer_start_tick(hub);
}

static void take_event(struct peer *hub, struct inbox_event *event)
{
	struct link *link = find(hub, event->key.node, event->key.host);

	if (hub->is_closing && event->kind != INBOX_IN_UP && event->kind != INBOX_IN_DOWN)
		return;
	switch (event->kind) {
	case INBOX_FRAME:
		take_bytes(hub, event->pipe,
			   str_of(nng_msg_body(event->msg), nng_msg_len(event->msg)));
		break;
	case INBOX_IN_UP: take_in_up(hub, event); break;
	case INBOX_IN_DOWN: take_in_down(hub, event->pipe); break;
	case INBOX_OUT_UP:
		if (link != NULL)
			link_out_up(link, event->pipe);
		break;
	case INBOX_OUT_DOWN:
		if (link != NULL)
			link_out_down(link, event->pipe);
		break;
	case INBOX_TICK: take_tick(hub); break;
	}
}

void peer_drain(void *arg)
{
	struct peer *hub = arg;
	struct inbox_event *event, *next;

	for (event = inbox_take(hub); event != NULL; event = next) {
		next = event->next;
		take_event(hub, event);
		inbox_event_free(event);
	}
}

/* ---- the seam ---- */

static enum status seam_send(void *self, struct seams_peer to, struct str header, struct text *body)
{
	struct peer *hub = self;
	struct link *link;

	assert(header.len == ENVELOPE_BYTES && text_str(body).len <= LIMIT_MESSAGE_BYTES);
	if (to.node == hub->self.node && to.host == hub->self.host)
		return to.epoch != hub->self.epoch && to.epoch != 0 ? GONE : UNAVAILABLE;
	link = find_or_add(hub, to, STR_NONE);
	return link != NULL ? link_send(link, to.epoch, header, text_str(body)) : UNAVAILABLE;
}

static bool is_host_called(const struct link *link, struct str host)
{
	uint64_t number;

	if (host.at == NULL)
		return true;
	if (link->host_name.len > 0 && str_eq(link->host_name, host))
		return true;
	return str_to_u64(host, &number) == OK && number == link->key.host;
}

static enum status seam_resolve(void *self, struct str name, struct seams_peer *out)
{
	struct peer *hub = self;
	struct str host = name, node = str_cut(&host, '/');
	const struct link *best = NULL;

	for (uint32_t i = 0; i < hub->links.len; i++) {
		const struct link *link = hub->links.at[i];

		/* A node's main host is the one with the lowest number. */
		if (str_eq_nocase(link->node_name, node) && is_host_called(link, host) &&
		    (best == NULL || link->key.host < best->key.host))
			best = link;
	}
	if (best == NULL)
		return NOT_FOUND;
	*out = (struct seams_peer){ best->key.node, best->key.host, best->epoch };
	return OK;
}

struct seams_link peer_seam(struct peer *peer)
{
	return (struct seams_link){ .self = peer, .send = seam_send, .resolve = seam_resolve };
}

/* ---- life ---- */

static struct str keep(struct str text)
{
	return text.len > 0 ? str_of(mem_copy(text.at, text.len), text.len) : STR_NONE;
}

static enum status check(const struct peer_config *config, struct fault *why)
{
	assert(config->self.node != 0 && config->self.epoch != 0);
	if (config->node_name.len == 0 || config->node_name.len > FRAME_TEXT_MAX ||
	    config->listen.len > FRAME_TEXT_MAX - 8 || config->advertise.len > FRAME_TEXT_MAX - 8)
		return fault_set(why, INVALID, "",
				 "a node's name or address is missing or too long");
	if (config->run_folder.len == 0 || config->run_folder.len > 90)
		return fault_set(why, INVALID, "",
				 "\"" STR_FMT "\" is too long for the path of a Unix socket",
				 STR_ARG(config->run_folder));
	if (config->listen.len > 0 && (config->client == NULL || config->server == NULL))
		return fault_set(why, INVALID, "", "links to other nodes need certificates");
	return OK;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value != 0 ? value : otherwise;
}

static struct peer *hub_new(const struct peer_config *config)
{
	struct peer *hub = mem_new(struct peer);

	pthread_mutex_init(&hub->lock, NULL);
	hub->owner = config->owner;
	hub->self = config->self;
	hub->clock = config->clock;
	hub->random = config->random;
	hub->node_name = keep(config->node_name);
	hub->run_folder = keep(config->run_folder);
	hub->heartbeat_ms = or_default(config->heartbeat_ms, PEER_HEARTBEAT_MS);
	hub->dead_ms = or_default(config->dead_ms, PEER_DEAD_MS);
	hub->connect_ms = or_default(config->connect_ms, PEER_CONNECT_MS);
	assert(hub->dead_ms >= 3 * hub->heartbeat_ms);
	if (config->client != NULL)
		hub->client = tls_context_ref(config->client);
	if (config->server != NULL)
		hub->server = tls_context_ref(config->server);
	/* Numbers of sessions begin anywhere, so that a life that forgot to count its epoch is told apart all the same. */
	hub->random.fill(hub->random.self, &hub->next_session, sizeof hub->next_session);
	hub->next_session = (hub->next_session & 0x3fffffff) + 1;
	return hub;
}

enum status peer_open(const struct peer_config *config, struct peer **out, struct fault *why)
{
	struct frame_hello hello;
	struct peer *hub;
	enum status status;

	TRY(check(config, why));
	hub = hub_new(config);
	status = inbox_open(hub, config, why);
	if (status != OK) {
		peer_free(hub);
		return status;
	}
	hello = (struct frame_hello){ hub->node_name, hub->address };
	hub->hello_bytes = frame_hello_encode(&hello, hub->hello);
	*out = hub;
	return OK;
}

/* Our pipes are closed first; peers then close theirs, and nothing is under way when the pull socket goes. */
static void wait_for_silence(struct peer *hub)
{
	for (uint32_t i = 0; i < hub->pipes.len; i++) {
		hub->pipes.at[i].link = NULL; /* they are gone */
		if (!hub->pipes.at[i].is_local)
			inbox_spoil(hub->pipes.at[i].id);
	}
	for (uint32_t ms = 0; ms < SILENCE_MS && hub->pipes.len > 0; ms += 5) {
		nng_msleep(5);
		peer_drain(hub);
	}
}

void peer_stop(struct peer *hub)
{
	if (hub->is_closing)
		return;
	hub->is_closing = true;
	for (uint32_t i = 0; i < hub->links.len; i++)
		link_free(hub->links.at[i]);
	vec_clear(&hub->links);
	wait_for_silence(hub);
	inbox_close(hub);
}

void peer_free(struct peer *hub)
{
	if (hub == NULL)
		return;
	assert(hub->is_stopped);
	for (uint32_t i = 0; i < hub->pipes.len; i++)
		mem_free(hub->pipes.at[i].names);
	vec_fini(&hub->pipes);
	vec_fini(&hub->links);
	mem_free((void *)(uintptr_t)hub->node_name.at);
	mem_free((void *)(uintptr_t)hub->run_folder.at);
	mem_free((void *)(uintptr_t)hub->address.at);
	tls_context_unref(hub->client);
	tls_context_unref(hub->server);
	pthread_mutex_destroy(&hub->lock);
	mem_free(hub);
}

struct str peer_address(const struct peer *peer)
{
	return peer->address;
}

/* ---- the directory ---- */

enum status peer_learn(struct peer *hub, const struct peer_entry *entry)
{
	struct link *link = find(hub, entry->node, entry->host);

	if (entry->node == 0 || entry->node_name.len == 0 ||
	    entry->node_name.len > FRAME_TEXT_MAX || entry->address.len > FRAME_TEXT_MAX)
		return INVALID;
	for (uint32_t i = 0; i < hub->links.len; i++) {
		const struct link *other = hub->links.at[i];

		if (other->key.node != entry->node &&
		    str_eq_nocase(other->node_name, entry->node_name))
			return INVALID;
	}
	if (link == NULL)
		return add(hub, entry) != NULL ? OK : BUSY;
	link_rename(link, entry);
	link_learn_epoch(link, entry->epoch);
	return OK;
}

static void forget_pipes_of(struct peer *hub, const struct link *link)
{
	for (uint32_t i = 0; i < hub->pipes.len; i++)
		if (hub->pipes.at[i].link == link)
			hub->pipes.at[i].link = NULL;
}

void peer_forget_node(struct peer *hub, uint32_t node)
{
	for (uint32_t i = hub->links.len; i-- > 0;) {
		struct link *link = hub->links.at[i];

		if (link->key.node != node)
			continue;
		link_end(link, PEER_AWAY);
		forget_pipes_of(hub, link);
		vec_remove(&hub->links, i);
		link_free(link);
	}
}

/* ---- looking in ---- */

void peer_each(struct peer *hub, void (*each)(void *arg, const struct peer_info *info), void *arg)
{
	for (uint32_t i = 0; i < hub->links.len; i++) {
		const struct link *link = hub->links.at[i];
		struct outbox_stats sent;

		outbox_stats(link->outbox, &sent);
		each(arg, &(struct peer_info){
			      .peer = { link->key.node, link->key.host, link->epoch },
			      .node_name = link->node_name,
			      .host_name = link->host_name,
			      .address = link->address,
			      .state = link->state,
			      .last_heard = link->last_heard,
			      .sent_bytes = sent.bytes,
			      .received_bytes = link->received_bytes,
			      .waiting_bytes = sent.waiting_bytes,
			      .sessions = link->sessions,
			  });
	}
}

void peer_stats(struct peer *hub, struct peer_stats *out)
{
	*out = hub->stats;
	for (uint32_t i = 0; i < hub->links.len; i++) {
		struct outbox_stats sent;

		outbox_stats(hub->links.at[i]->outbox, &sent);
		out->frames_sent += sent.frames;
		out->messages_sent += sent.messages;
		out->bytes_sent += sent.bytes;
	}
	if (hub->client != NULL)
		out->refusals += tls_context_refusals(hub->client, &out->last_refusal);
	if (hub->server != NULL) {
		struct fault last;
		uint64_t refusals = tls_context_refusals(hub->server, &last);

		out->refusals += refusals;
		if (refusals > 0)
			out->last_refusal = last;
	}
}
