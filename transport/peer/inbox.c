#include "transport/peer/inbox.h"

#include <nng/nng.h>
#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/base.h"
#include "transport/peer/peer-private.h"

static enum status nng_fault(struct fault *why, int result, const char *what)
{
	enum status status = result == NNG_EADDRINUSE   ? BUSY
			     : result == NNG_EADDRINVAL ? INVALID
			     : result == NNG_EPERM      ? FORBIDDEN
							: IO;

	return fault_set(why, status, "", "%s: %s", what, nng_strerror(result));
}

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
	if (link_hello(link, &frame, pipe))
		return true;
	hub->stats.old_epochs++;
	return false;
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

static bool is_our_user(nng_stream *stream)
{
	uint64_t user;

	return nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_UID, &user) == 0 && user == geteuid();
}

static void take_stream(struct listener *listener, nng_stream *stream)
{
	struct peer *hub = listener->hub;
	struct pipe_user user = { .self = hub,
				  .received = stranger_received,
				  .closed = stranger_closed };
	bool is_one_of_us = !listener->is_local || is_our_user(stream);
	struct pipe *pipe;

	if (!is_one_of_us)
		hub->stats.bad_identities++;
	if (!is_one_of_us || hub->strangers.len == LIMIT_PEERS) {
		nng_stream_free(stream);
		return;
	}
	pipe = pipe_accepted(&hub->pipes, stream, listener->is_local ? NULL : hub->server, &user,
			     peer_now(hub));
	vec_push(&hub->strangers, pipe);
	peer_wake_by(hub, pipe_deadline(pipe));
}

static void accept_next(struct listener *listener)
{
	listener->is_waiting = false;
	operation_begin(&listener->accept);
	nng_stream_listener_accept(listener->nng, listener->accept.aio);
}

static void accepted(void *arg, int result)
{
	struct listener *listener = arg;
	struct peer *hub = listener->hub;
	struct mono again;

	if (result == 0) {
		take_stream(listener, nng_aio_get_output(listener->accept.aio, 0));
		accept_next(listener);
	} else {
		listener->is_waiting = true;
		again.ns = peer_now(hub).ns + hub->heartbeat_ms * TIME_MS;
		peer_wake_by(hub, again);
	}
}

static int listen_on(struct listener *listener, struct peer *hub, const char *url, bool is_local)
{
	int result = nng_stream_listener_alloc(&listener->nng, url);

	if (result != 0)
		return result;
	listener->hub = hub;
	listener->is_local = is_local;
	if (is_local)
		nng_stream_listener_set_int(listener->nng, NNG_OPT_IPC_PERMISSIONS, 0600);
	else
		nng_stream_listener_set_bool(listener->nng, NNG_OPT_TCP_NODELAY, true);
	result = nng_stream_listener_listen(listener->nng);
	if (result != 0) {
		nng_stream_listener_free(listener->nng);
		listener->nng = NULL;
		return result;
	}
	operation_init(&listener->accept, &hub->operations, accepted, listener);
	return 0;
}

/* What we tell others; a listener on port 0 knows its port only now. */
static void set_address(struct peer *hub, const struct peer_config *config)
{
	struct str address = config->advertise.len > 0 ? config->advertise : config->listen;
	int64_t colon = str_find_last(address, ':');
	char text[512];
	int port = 0;

	if (str_ends(address, STR(":0")) &&
	    nng_stream_listener_get_int(hub->remote.nng, NNG_OPT_TCP_BOUND_PORT, &port) == 0) {
		snprintf(text, sizeof text, STR_FMT ":%d",
			 STR_ARG(str_slice(address, 0, (uint32_t)colon)), port);
		address = str_from(text);
	}
	hub->address = str_of(mem_copy(address.at, address.len), address.len);
}

enum status inbox_open(struct peer *hub, const struct peer_config *config, struct fault *why)
{
	char url[512], what[512];
	int result;

	snprintf(url, sizeof url, "ipc://" STR_FMT "/%u.ipc", STR_ARG(hub->run_folder),
		 hub->self.host);
	result = listen_on(&hub->local, hub, url, true);
	if (result != 0)
		return nng_fault(why, result, "the node's own links");
	if (config->listen.len == 0) {
		accept_next(&hub->local);
		return OK;
	}
	snprintf(url, sizeof url, "tcp://" STR_FMT, STR_ARG(config->listen));
	result = listen_on(&hub->remote, hub, url, false);
	if (result != 0) {
		snprintf(what, sizeof what, "links from other nodes on " STR_FMT,
			 STR_ARG(config->listen));
		return nng_fault(why, result, what);
	}
	set_address(hub, config);
	accept_next(
	    &hub->local); /* not before all is well: the owner must not be called for what is freed again */
	accept_next(&hub->remote);
	return OK;
}

void inbox_retry(struct peer *hub)
{
	if (hub->local.is_waiting)
		accept_next(&hub->local);
	if (hub->remote.is_waiting)
		accept_next(&hub->remote);
}

static void finish(struct listener *listener)
{
	bool was_accepting = listener->accept.is_under_way;

	if (listener->nng == NULL)
		return;
	nng_stream_listener_close(listener->nng);
	operation_finish(&listener->accept);
	if (was_accepting && nng_aio_result(listener->accept.aio) == 0)
		nng_stream_free(nng_aio_get_output(listener->accept.aio, 0));
}

void inbox_finish(struct peer *hub)
{
	finish(&hub->local);
	finish(&hub->remote);
}

static void fini(struct listener *listener)
{
	if (listener->nng == NULL)
		return;
	operation_fini(&listener->accept);
	nng_stream_listener_free(listener->nng);
}

void inbox_fini(struct peer *hub)
{
	fini(&hub->local);
	fini(&hub->remote);
}
