#include "transport/peer/inbox.h"

#include <stdio.h>

#include "runtime/base/base.h"
#include "transport/peer/peer-private.h"

/* ---- frames of those we know ---- */

static bool is_for_us(const struct peer *hub, const struct frame *frame)
{
	return frame->to.node == hub->self.node && frame->to.host == hub->self.host &&
	       frame->to.epoch == hub->self.epoch;
}

static bool is_from(const struct link *link, const struct frame *frame)
{
	return frame->from.node == link->key.node && frame->from.host == link->key.host &&
	       frame->from.epoch == link->epoch;
}

static void betrayed(struct link *link)
{
	link->hub->stats.bad_frames++;
	link_betrayed(link);
}

static void in_received(void *self, struct pipe *pipe, struct str bytes)
{
	struct link *link = self;
	struct peer_stats *stats = &link->hub->stats;
	struct frame frame;
	struct str body;

	assert(link->in == pipe);
	stats->frames_received++;
	stats->bytes_received += bytes.len;
	if (frame_decode(bytes, &frame, &body) != OK) {
		betrayed(link);
	} else if (!is_from(link, &frame)) {
		stats->bad_identities++;
		link_betrayed(link);
	} else if (frame.kind == FRAME_HELLO) {
		if (link_hello_again(link, &frame) != OK)
			betrayed(link);
	} else if (!is_for_us(link->hub, &frame)) { /* for an earlier life of ours */
		stats->old_epochs++;
	} else if (link_frame(link, &frame, body) != OK) {
		betrayed(link);
	}
}

static void in_closed(void *self, struct pipe *pipe)
{
	struct link *link = self;

	assert(link->in == pipe);
	link_in_closed(link);
}

/* ---- hellos ---- */

/* The name that was claimed must be the directory's for that number and stand in the certificate; within the node only its number counts. */
static bool is_identity_true(const struct peer *hub, const struct pipe *pipe,
			     const struct frame *frame, const struct frame_hello *hello)
{
	struct str known = peer_node_name(hub, frame->from.node);
	char name[512];

	if (frame->to.node != hub->self.node || frame->to.host != hub->self.host)
		return false; /* dialed the wrong one */
	if (pipe_is_local(pipe))
		return frame->from.node == hub->self.node && frame->from.host != hub->self.host;
	if (frame->from.node == hub->self.node || known.len == 0 ||
	    !str_eq_nocase(known, hello->node_name))
		return false;
	snprintf(name, sizeof name, STR_FMT PEER_DOMAIN, STR_ARG(known));
	return pipe_is_certified(pipe, str_from(name));
}

/* False: it is not to be listened to. */
static bool take_hello(struct peer *hub, struct pipe *pipe, struct str bytes)
{
	struct frame frame;
	struct frame_hello hello;
	struct pipe_user user = { .received = in_received, .closed = in_closed };
	struct link *link;
	struct str body;

	if (frame_decode(bytes, &frame, &body) != OK || frame.kind != FRAME_HELLO ||
	    frame_hello_decode(body, &hello) != OK) {
		hub->stats.bad_frames++;
		return false;
	}
	if (!is_identity_true(hub, pipe, &frame, &hello)) {
		hub->stats.bad_identities++;
		return false;
	}
	link = peer_find_or_add(hub, frame.from, hello.address);
	if (link == NULL)
		return false;
	user.self = link;
	pipe_set_user(pipe, &user);
	if (!link_hello(link, &frame, pipe)) {
		hub->stats.old_epochs++;
		return false;
	}
	/* A node that was given another address says so itself, to everybody that it can reach. */
	if (!pipe_is_local(pipe) && hello.address.len > 0)
		link_move(link, hello.address);
	return true;
}

/* ---- strangers ---- */

static void forget_stranger(struct peer *hub, const struct pipe *pipe)
{
	for (uint32_t i = 0; i < hub->strangers.len; i++)
		if (hub->strangers.at[i] == pipe) {
			vec_swap_remove(&hub->strangers, i);
			return;
		}
	assert(!"a stranger is forgotten once");
}

static void stranger_received(void *self, struct pipe *pipe, struct str bytes)
{
	struct peer *hub = self;

	hub->stats.frames_received++;
	hub->stats.bytes_received += bytes.len;
	forget_stranger(hub, pipe);
	if (!take_hello(hub, pipe, bytes))
		pipe_close(pipe);
}

static void stranger_closed(void *self, struct pipe *pipe)
{
	forget_stranger(self, pipe);
}

/* ---- listening ---- */

static void accepted(struct listener *listener, struct conn *conn)
{
	struct peer *hub = listener->hub;
	struct pipe_user user = { .self = hub,
				  .received = stranger_received,
				  .closed = stranger_closed };
	bool is_local = listener == &hub->local;
	bool is_one_of_us = !is_local || conn_is_our_users(conn);
	struct pipe *pipe;

	if (!is_one_of_us)
		hub->stats.bad_identities++;
	if (!is_one_of_us || hub->strangers.len == LIMIT_PEERS) {
		conn_finish(conn);
		conn_free(conn);
		return;
	}
	pipe = pipe_accepted(&hub->pipes, conn, is_local ? NULL : hub->server, &user, peer_now(hub));
	vec_push(&hub->strangers, pipe);
	peer_wake_by(hub, pipe_deadline(pipe));
}

static void conn_was_accepted(void *self, struct conn *conn)
{
	accepted(self, conn);
}

static void listener_is_starved(void *self)
{
	struct listener *listener = self;
	struct peer *hub = listener->hub;

	peer_wake_by(hub, (struct mono){ peer_now(hub).ns + hub->heartbeat_ms * TIME_MS });
}

static enum status listen_on(struct listener *listener, struct peer *hub,
			     const struct conn_address *at, struct fault *why)
{
	struct conn_listener_user user = { listener, conn_was_accepted, listener_is_starved };
	struct fault what = { 0 };
	enum status status;

	listener->hub = hub;
	status = conn_listen(&hub->net, at, &user, &listener->conns, &listener->port, &what);
	if (status == OK)
		return OK;
	if (at->is_local)
		return fault_set(why, status, "", "the node's own links: %s", what.text);
	return fault_set(why, status, "", "links from other nodes on " STR_FMT ": %s",
			 STR_ARG(at->text), what.text);
}

/* What we tell others; a listener on port 0 knows its port only now. */
static void set_address(struct peer *hub, const struct peer_config *config)
{
	struct str address = config->advertise.len > 0 ? config->advertise : config->listen;
	int64_t colon = str_find_last(address, ':');
	char text[512];

	if (str_ends(address, STR(":0"))) {
		snprintf(text, sizeof text, STR_FMT ":%u",
			 STR_ARG(str_slice(address, 0, (uint32_t)colon)), hub->remote.port);
		address = str_from(text);
	}
	hub->address = str_of(mem_copy(address.at, address.len), address.len);
}

enum status inbox_open(struct peer *hub, const struct peer_config *config, struct fault *why)
{
	char path[512];

	snprintf(path, sizeof path, STR_FMT "/%u.ipc", STR_ARG(hub->run_folder), hub->self.host);
	TRY(listen_on(&hub->local, hub, &(struct conn_address){ true, str_from(path) }, why));
	if (config->listen.len > 0) {
		TRY(listen_on(&hub->remote, hub, &(struct conn_address){ false, config->listen },
			      why));
		set_address(hub, config);
		conn_listener_start(hub->remote.conns);
	}
	/* Not before all is well: the owner must not be called for what is freed again. */
	conn_listener_start(hub->local.conns);
	return OK;
}

void inbox_retry(struct peer *hub)
{
	conn_listener_retry(hub->local.conns);
	if (hub->remote.conns != NULL)
		conn_listener_retry(hub->remote.conns);
}

void inbox_finish(struct peer *hub)
{
	conn_listener_finish(hub->local.conns);
	conn_listener_finish(hub->remote.conns);
}

void inbox_fini(struct peer *hub)
{
	conn_listener_free(hub->local.conns);
	conn_listener_free(hub->remote.conns);
	hub->local.conns = hub->remote.conns = NULL;
}
