/*
 * Listening, connecting and resolving: how streams come about.
 */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/loop/stream-private.h"

#define BACKLOG 1024
#define ADDRESSES_MAX 16U

struct stream_listener {
	struct list link; /* in the loop's, while it holds a connection back */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct loop *loop;
	struct stream_owner owner;
	void (*accepted)(struct act *act, struct stream *stream, void *arg);
	void *arg;
	uint32_t held; /* connections that libuv has for us, waiting for room */
	uint16_t port;
	bool is_pipe, is_paused;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* ---- accepting ------------------------------------------------------------------------------------------ */

struct arrival {
	struct stream_listener *listener;
	struct stream *stream;
	bool is_taken;
};

static void tell_accepted(struct act *act, void *state, void *arg)
{
	struct arrival *arrival = arg;

	(void)state;
	arrival->is_taken = true;
	stream_adopt(arrival->stream, act);
	arrival->listener->accepted(act, arrival->stream, arrival->listener->arg);
}

static void accept_one(struct stream_listener *listener)
{
	struct arrival arrival = { listener, stream_new(listener->loop, listener->is_pipe), false };

	if (uv_accept(&listener->uv.stream, &arrival.stream->uv.stream) != 0) {
		stream_discard(arrival.stream);
		return;
	}
	if (listener->owner.act != NULL) {
		arrival.stream->is_accepted = true;
		listener->loop->connections++;
	}
	if (!stream_owner_enter(&listener->owner, tell_accepted, &arrival) && !arrival.is_taken)
		stream_discard(arrival.stream);
}

static bool must_wait(const struct stream_listener *listener)
{
	bool has_limit = listener->owner.act != NULL;

	return listener->is_paused ||
	       (has_limit && listener->loop->connections >= LIMIT_CONNECTIONS);
}

/* libuv stops accepting while one connection is not taken from it: that is the back-pressure. */
static void hold_back(struct stream_listener *listener)
{
	listener->held++;
	list_remove(&listener->link);
	list_push(&listener->loop->listeners, &listener->link);
}

static void came(uv_stream_t *uv, int status)
{
	struct stream_listener *listener = uv->data;

	if (status != 0)
		return;
	if (must_wait(listener))
		hold_back(listener);
	else
		accept_one(listener);
}

static void resume(struct stream_listener *listener)
{
	while (listener->held > 0 && !must_wait(listener)) {
		listener->held--;
		accept_one(listener);
	}
	if (listener->held == 0)
		list_remove(&listener->link);
}

void stream_listeners_resume(struct loop *loop)
{
	list_each (&loop->listeners, link)
		resume(list_item(link, struct stream_listener, link));
}

/* ---- listening -------------------------------------------------------------------------------------------- */

static void freed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void release(void *arg)
{
	struct stream_listener *listener = arg;

	listener->owner.ref = ACT_NIL;
	list_remove(&listener->link);
	if (!uv_is_closing(&listener->uv.handle))
		uv_close(&listener->uv.handle, freed);
	if (listener->path[0] != '\0')
		unlink(listener->path);
}

static struct stream_listener *listener_new(struct loop *loop, bool is_pipe)
{
	struct stream_listener *listener = mem_new(struct stream_listener);
	int error = is_pipe ? uv_pipe_init(&loop->uv, &listener->uv.pipe, 0)
			    : uv_tcp_init(&loop->uv, &listener->uv.tcp);

	assert(error == 0);
	listener->uv.handle.data = listener;
	listener->loop = loop;
	listener->is_pipe = is_pipe;
	list_init(&listener->link);
	return listener;
}

/* A socket file that nobody listens on is left over from a crash; one that answers belongs to somebody. */
static enum status clear_path(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), taken;

	if (fd < 0)
		return BUSY;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	taken = connect(fd, (struct sockaddr *)&at, sizeof at);
	close(fd);
	if (taken == 0)
		return BUSY;
	unlink(path);
	return OK;
}

static enum status bind_unix(struct stream_listener *listener, const char *path, struct fault *why)
{
	mode_t mask;
	int error;

	if (strlen(path) >= sizeof listener->path)
		return fault_set(why, INVALID, "", "the path %s is too long for a socket", path);
	if (clear_path(path) != OK)
		return fault_set(why, BUSY, "", "another process listens on %s", path);
	mask = umask(0177);
	error = uv_pipe_bind(&listener->uv.pipe, path);
	umask(mask);
	if (error != 0)
		return fault_set(why, loop_status(error), "", "cannot listen on %s: %s", path,
				 uv_strerror(error));
	snprintf(listener->path, sizeof listener->path, "%s", path);
	return OK;
}

static enum status bind_tcp(struct stream_listener *listener,
			    const struct stream_listen_options *options, struct fault *why)
{
	struct sockaddr_storage at;
	int error, fd, on = 1;

	if (stream_sockaddr(options->address, options->port, &at) != OK)
		return fault_set(why, INVALID, "", "%s is no IP address", options->address);
	/* The descriptor exists only once the family is known. */
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || uv_tcp_open(&listener->uv.tcp, fd) != 0)
		return fault_set(why, IO, "", "cannot make a socket");
	if (options->is_shared_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	error = uv_tcp_bind(&listener->uv.tcp, (struct sockaddr *)&at, 0);
	if (error == 0)
		return OK;
	return fault_set(why, loop_status(error), "", "cannot listen on %s:%u: %s",
			 options->address, options->port, uv_strerror(error));
}

static enum status bind_any(struct stream_listener *listener,
			    const struct stream_listen_options *options, struct fault *why)
{
	const char *path = options->address ? stream_unix_path(options->address) : NULL;
	int error;

	if (options->inherited_fd != 0) {
		error = listener->is_pipe ? uv_pipe_open(&listener->uv.pipe, options->inherited_fd)
					  : uv_tcp_open(&listener->uv.tcp, options->inherited_fd);
		return error == 0 ? OK
				  : loop_fault(why, error, "cannot take over the listening socket");
	}
	return path ? bind_unix(listener, path, why) : bind_tcp(listener, options, why);
}

static void read_port(struct stream_listener *listener)
{
	struct sockaddr_storage at;
	int len = sizeof at;

	if (listener->is_pipe ||
	    uv_tcp_getsockname(&listener->uv.tcp, (struct sockaddr *)&at, &len) != 0)
		return;
	listener->port = ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
						       : ((struct sockaddr_in6 *)&at)->sin6_port);
}

static enum status listen_for(struct loop *loop, struct act *act,
			      const struct stream_listen_options *options,
			      void (*accepted)(struct act *act, struct stream *stream, void *arg),
			      void *arg, struct stream_listener **out, struct fault *why)
{
	bool is_pipe = options->address != NULL && stream_unix_path(options->address) != NULL;
	struct stream_listener *listener = listener_new(loop, is_pipe);
	enum status status = bind_any(listener, options, why);
	int error = 0;

	listener->accepted = accepted;
	listener->arg = arg;
	if (status == OK && (error = uv_listen(&listener->uv.stream, BACKLOG, came)) != 0)
		status = fault_set(why, loop_status(error), "", "cannot listen on %s:%u: %s",
				   options->address ? options->address : "the inherited socket",
				   options->port, uv_strerror(error));
	if (status != OK) {
		release(listener);
		return status;
	}
	read_port(listener);
	listener->owner = stream_owner_of(loop, act, release, listener);
	*out = listener;
	return OK;
}

enum status stream_listen(struct act *act, const struct stream_listen_options *options,
			  void (*accepted)(struct act *act, struct stream *stream, void *arg),
			  void *arg, struct stream_listener **out, struct fault *why)
{
	return listen_for(loop_of(act), act, options, accepted, arg, out, why);
}

enum status stream_listen_outside(struct loop *loop, const struct stream_listen_options *options,
				  void (*accepted)(struct act *none, struct stream *stream,
						   void *arg),
				  void *arg, struct stream_listener **out, struct fault *why)
{
	return listen_for(loop, NULL, options, accepted, arg, out, why);
}

uint16_t stream_listener_port(const struct stream_listener *listener)
{
	return listener->port;
}

void stream_listener_pause(struct stream_listener *listener, bool is_paused)
{
	listener->is_paused = is_paused;
	/* What was held back is taken from the loop, not from within this call. */
	if (!is_paused && listener->held > 0)
		listener->loop->seams.wake(listener->loop);
}

void stream_listener_close(struct stream_listener *listener)
{
	stream_owner_leave(&listener->owner);
	release(listener);
}

/* ---- connecting ---------------------------------------------------------------------------------------------- */

struct connecting {
	struct list link; /* in the loop's */
	uv_connect_t request;
	uv_timer_t timer;
	uint32_t parts;        /* the request and the timer: what libuv still knows */
	struct stream *stream; /* NULL: handed over, or given up */
	struct stream_owner owner;
	void (*connected)(struct act *act, struct stream *stream, enum status status, void *arg);
	void *arg;
	enum status outcome;
	bool is_told;
};

static void tell_connected(struct act *act, void *state, void *arg)
{
	struct connecting *c = arg;
	struct stream *stream = c->stream;

	(void)state;
	stream_owner_leave(&c->owner);
	if (c->outcome == OK) {
		stream_adopt(stream, act);
		c->stream = NULL;
	}
	c->connected(act, c->outcome == OK ? stream : NULL, c->outcome, c->arg);
}

static void part_ended(struct connecting *c)
{
	if (--c->parts > 0)
		return;
	list_remove(&c->link);
	mem_free(c);
}

static void timer_closed(uv_handle_t *handle)
{
	part_ended(handle->data);
}

static void close_timer(struct connecting *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->timer))
		uv_close((uv_handle_t *)&c->timer, timer_closed);
}

static void conclude(struct connecting *c, enum status outcome)
{
	if (c->is_told)
		return;
	c->is_told = true;
	c->outcome = outcome;
	stream_owner_enter(&c->owner, tell_connected, c);
	if (c->stream != NULL)
		stream_discard(c->stream);
	c->stream = NULL;
}

/* The owner has ended: the attempt ends too, and nobody is told. */
static void give_up(void *arg)
{
	struct connecting *c = arg;

	c->is_told = true;
	stream_discard(c->stream);
	c->stream = NULL;
}

static void has_connected(uv_connect_t *request, int status)
{
	struct connecting *c = request->data;

	conclude(c, status == 0 ? OK : loop_status(status));
	close_timer(c);
	part_ended(c);
}

/* Discarding the stream cancels the request: has_connected follows and frees. */
static void is_late(uv_timer_t *timer)
{
	conclude(timer->data, TIMEOUT);
}

/* Those of actors were given up with them. */
void stream_connects_end(struct loop *loop)
{
	list_each (&loop->connects, link) {
		struct connecting *c = list_item(link, struct connecting, link);

		conclude(c, CANCELLED);
		close_timer(c);
	}
}

static enum status connect_for(struct loop *loop, struct act *act, const char *address,
			       uint16_t port, uint32_t timeout_ms,
			       void (*connected)(struct act *act, struct stream *stream,
						 enum status status, void *arg),
			       void *arg)
{
	const char *path = stream_unix_path(address);
	struct sockaddr_storage at;
	struct connecting *c;
	int error;

	if (path == NULL)
		TRY(stream_sockaddr(address, port, &at));
	c = mem_new(struct connecting);
	c->stream = stream_new(loop, path != NULL);
	c->owner = stream_owner_of(loop, act, give_up, c);
	c->connected = connected;
	c->arg = arg;
	c->request.data = c;
	c->parts = 2;
	list_push(&loop->connects, &c->link);
	error = uv_timer_init(&loop->uv, &c->timer);
	assert(error == 0);
	c->timer.data = c;
	if (path != NULL)
		uv_pipe_connect(&c->request, &c->stream->uv.pipe, path, has_connected);
	else
		error = uv_tcp_connect(&c->request, &c->stream->uv.tcp, (struct sockaddr *)&at,
				       has_connected);
	if (error != 0) {
		stream_owner_leave(&c->owner);
		stream_discard(c->stream);
		close_timer(c);
		part_ended(c);
		return loop_status(error);
	}
	uv_timer_start(&c->timer, is_late, timeout_ms, 0);
	return OK;
}

enum status stream_connect(struct act *act, const char *address, uint16_t port, uint32_t timeout_ms,
			   void (*connected)(struct act *act, struct stream *stream,
					     enum status status, void *arg),
			   void *arg)
{
	return connect_for(loop_of(act), act, address, port, timeout_ms, connected, arg);
}

enum status stream_connect_outside(struct loop *loop, const char *address, uint16_t port,
				   uint32_t timeout_ms,
				   void (*connected)(struct act *none, struct stream *stream,
						     enum status status, void *arg),
				   void *arg)
{
	return connect_for(loop, NULL, address, port, timeout_ms, connected, arg);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

struct resolving {
	uv_getaddrinfo_t request;
	struct loop *loop;
	struct act_ref owner; /* nil: it has ended */
	uint64_t owned;
	void (*found)(struct act *act, const char *const *addresses, uint32_t count,
		      enum status status, void *arg);
	void *arg;
	enum status outcome;
	char text[ADDRESSES_MAX][INET6_ADDRSTRLEN];
	const char *at[ADDRESSES_MAX];
	uint32_t count;
};

static void tell_found(struct act *act, void *state, void *arg)
{
	const struct resolving *r = arg;

	(void)state;
	act_disown(act, r->owned);
	r->found(act, r->at, r->count, r->outcome, r->arg);
}

static void add_address(struct resolving *r, const struct addrinfo *info)
{
	char *text = r->text[r->count];
	int error;

	if (r->count == ADDRESSES_MAX || (info->ai_family != AF_INET && info->ai_family != AF_INET6))
		return;
	error =
	    info->ai_family == AF_INET
		? uv_ip4_name((const struct sockaddr_in *)info->ai_addr, text, INET6_ADDRSTRLEN)
		: uv_ip6_name((const struct sockaddr_in6 *)info->ai_addr, text, INET6_ADDRSTRLEN);
	if (error == 0)
		r->at[r->count++] = text;
}

static void has_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
	struct resolving *r = request->data;

	for (const struct addrinfo *info = list; status == 0 && info != NULL; info = info->ai_next)
		add_address(r, info);
	uv_freeaddrinfo(list);
	r->outcome = r->count > 0 ? OK : NOT_FOUND;
	if (!act_ref_is_nil(r->owner))
		act_host_enter(r->loop->host, r->owner, tell_found, r);
	mem_free(r);
}

static void stop_asking(void *arg)
{
	struct resolving *r = arg;

	r->owner = ACT_NIL;
	uv_cancel((uv_req_t *)&r->request); /* one that runs already ends by itself */
}

enum status stream_resolve(struct act *act, const char *name,
			   void (*found)(struct act *act, const char *const *addresses,
					 uint32_t count, enum status status, void *arg),
			   void *arg)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct resolving *r = mem_new(struct resolving);
	int error;

	r->loop = loop_of(act);
	r->owner = act_self(act);
	r->found = found;
	r->arg = arg;
	r->request.data = r;
	error = uv_getaddrinfo(&r->loop->uv, &r->request, has_resolved, name, NULL, &hints);
	if (error != 0) {
		mem_free(r);
		return loop_status(error);
	}
	r->owned = act_own(act, stop_asking, r);
	return OK;
}
