/*
 * Listening: how streams come about that others have asked for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/loop/stream-private.h"

#define BACKLOG 1024
#define ACCEPTS_A_TURN 64
#define STARVED_MS 100U

/*
 * Connections are taken from the kernel here and not by libuv, which, once no descriptor can be had and the one that it keeps
 * for that case is gone, tries again and again and never comes back to the loop.
 */
struct stream_listener {
	struct list link; /* in the loop's, while it waits for room */
	uv_poll_t poll;
	uv_timer_t starved; /* no descriptors: until the next try */
	uint32_t handles;   /* of the two, that libuv still knows */
	int fd;
	struct loop *loop;
	struct stream_owner owner;
	void (*accepted)(struct act *act, struct stream *stream, void *arg);
	void *arg;
	uint16_t port;
	bool is_pipe, is_paused, is_waiting, is_closed;
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

static void take_connection(struct stream_listener *listener, int fd)
{
	struct arrival arrival = { listener, stream_new(listener->loop, listener->is_pipe), false };
	int error = listener->is_pipe ? uv_pipe_open(&arrival.stream->uv.pipe, fd)
				      : uv_tcp_open(&arrival.stream->uv.tcp, fd);

	if (error != 0) {
		close(fd);
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

static bool has_room(const struct stream_listener *listener)
{
	bool has_limit = listener->owner.act != NULL;

	return !has_limit || listener->loop->connections < LIMIT_CONNECTIONS;
}

static void came(uv_poll_t *poll, int status, int events);

static void watch(struct stream_listener *listener)
{
	int error;

	listener->is_waiting = false;
	if (listener->is_paused || listener->is_closed)
		return;
	error = uv_poll_start(&listener->poll, UV_READABLE, came);
	assert(error == 0);
}

static void has_starved(uv_timer_t *timer)
{
	watch(timer->data);
}

/* False: there is nobody more, or nobody can be taken now. */
static bool accept_one(struct stream_listener *listener)
{
	int fd;

	if (!has_room(listener)) {
		uv_poll_stop(&listener->poll);
		listener->is_waiting = true;
		list_remove(&listener->link);
		list_push(&listener->loop->listeners, &listener->link);
		return false;
	}
	fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		take_connection(listener, fd);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		uv_poll_stop(&listener->poll);
		listener->is_waiting = true;
		uv_timer_start(&listener->starved, has_starved, STARVED_MS, 0);
	}
	return errno == EINTR || errno == ECONNABORTED;
}

static void came(uv_poll_t *poll, int status, int events)
{
	struct stream_listener *listener = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++)
		if (listener->is_closed || listener->is_paused || !accept_one(listener))
			return;
}

void stream_listeners_resume(struct loop *loop)
{
	list_each (&loop->listeners, link) {
		struct stream_listener *listener = list_item(link, struct stream_listener, link);

		if (!has_room(listener))
			continue;
		list_remove(&listener->link);
		watch(listener);
	}
}

/* ---- listening -------------------------------------------------------------------------------------------- */

static void freed(uv_handle_t *handle)
{
	struct stream_listener *listener = handle->data;

	if (--listener->handles == 0)
		mem_free(listener);
}

/* Before it has a descriptor it has no handles either. */
static void discard(struct stream_listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->path[0] != '\0')
		unlink(listener->path);
	mem_free(listener);
}

static void release(void *arg)
{
	struct stream_listener *listener = arg;

	listener->owner.ref = ACT_NIL;
	listener->is_closed = true;
	list_remove(&listener->link);
	uv_close((uv_handle_t *)&listener->poll, freed);
	uv_close((uv_handle_t *)&listener->starved, freed);
	close(listener->fd);
	if (listener->path[0] != '\0')
		unlink(listener->path);
}

static void start(struct stream_listener *listener)
{
	int error = uv_poll_init(&listener->loop->uv, &listener->poll, listener->fd);

	assert(error == 0);
	error = uv_timer_init(&listener->loop->uv, &listener->starved);
	assert(error == 0);
	listener->poll.data = listener->starved.data = listener;
	listener->handles = 2;
	watch(listener);
}

/*
 * A socket file that nobody listens on is left over from a crash and goes. One that answers, or has no room for another caller, belongs to
 * somebody; whatever else lies there is not ours to remove: then bind says so.
 */
static enum status clear_path(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;
	struct stat st;

	if (fd < 0)
		return BUSY;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	error = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0 : errno;
	close(fd);
	if (error == 0 || error == EAGAIN)
		return BUSY;
	if (error == ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	return OK;
}

static enum status cannot_listen(struct fault *why, const struct stream_listen_options *options)
{
	const char *at = options->address != NULL ? options->address : "the inherited socket";

	if (options->address != NULL && stream_unix_path(options->address) != NULL)
		return fault_set(why, loop_status(-errno), "", "cannot listen on %s: %s",
				 stream_unix_path(options->address), uv_strerror(-errno));
	return fault_set(why, loop_status(-errno), "", "cannot listen on %s:%u: %s", at,
			 options->port, uv_strerror(-errno));
}

static int bind_private(int fd, const struct sockaddr_un *at)
{
	mode_t mask = umask(0177);
	int result = bind(fd, (const struct sockaddr *)at, sizeof *at);

	umask(mask);
	return result;
}

static enum status bind_unix(struct stream_listener *listener,
			     const struct stream_listen_options *options, struct fault *why)
{
	const char *path = stream_unix_path(options->address);
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof listener->path)
		return fault_set(why, INVALID, "", "the path %s is too long for a socket", path);
	if (clear_path(path) != OK)
		return fault_set(why, BUSY, "", "another process listens on %s", path);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->fd < 0 || bind_private(listener->fd, &at) != 0)
		return cannot_listen(why, options);
	snprintf(listener->path, sizeof listener->path, "%s", path);
	return OK;
}

static enum status bind_tcp(struct stream_listener *listener,
			    const struct stream_listen_options *options, struct fault *why)
{
	struct sockaddr_storage at;
	int on = 1;

	if (stream_sockaddr(options->address, options->port, &at) != OK)
		return fault_set(why, INVALID, "", "%s is no IP address", options->address);
	listener->fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->fd < 0)
		return cannot_listen(why, options);
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (options->is_shared_port)
		setsockopt(listener->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	if (bind(listener->fd, (struct sockaddr *)&at,
		 at.ss_family == AF_INET ? sizeof(struct sockaddr_in)
					 : sizeof(struct sockaddr_in6)) != 0)
		return cannot_listen(why, options);
	return OK;
}

static enum status bind_any(struct stream_listener *listener,
			    const struct stream_listen_options *options, struct fault *why)
{
	if (options->inherited_fd == 0)
		return listener->is_pipe ? bind_unix(listener, options, why)
					 : bind_tcp(listener, options, why);
	listener->fd = fcntl(options->inherited_fd, F_DUPFD_CLOEXEC, 0);
	if (listener->fd < 0 ||
	    fcntl(listener->fd, F_SETFL, fcntl(listener->fd, F_GETFL) | O_NONBLOCK) != 0)
		return fault_set(why, loop_status(-errno), "",
				 "cannot take over the listening socket: %s", uv_strerror(-errno));
	return OK;
}

static void read_port(struct stream_listener *listener)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	if (listener->is_pipe || getsockname(listener->fd, (struct sockaddr *)&at, &len) != 0)
		return;
	listener->port = ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
						       : ((struct sockaddr_in6 *)&at)->sin6_port);
}

static struct stream_listener *listener_new(struct loop *loop, bool is_pipe)
{
	struct stream_listener *listener = mem_new(struct stream_listener);

	listener->loop = loop;
	listener->is_pipe = is_pipe;
	listener->fd = -1;
	list_init(&listener->link);
	return listener;
}

static enum status listen_for(struct loop *loop, struct act *act,
			      const struct stream_listen_options *options,
			      void (*accepted)(struct act *act, struct stream *stream, void *arg),
			      void *arg, struct stream_listener **out, struct fault *why)
{
	bool is_pipe = options->address != NULL && stream_unix_path(options->address) != NULL;
	struct stream_listener *listener = listener_new(loop, is_pipe);
	enum status status = bind_any(listener, options, why);

	listener->accepted = accepted;
	listener->arg = arg;
	if (status == OK && listen(listener->fd, BACKLOG) != 0)
		status = cannot_listen(why, options);
	if (status != OK) {
		discard(listener);
		return status;
	}
	read_port(listener);
	listener->owner = stream_owner_of(loop, act, release, listener);
	start(listener);
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
	if (is_paused)
		uv_poll_stop(&listener->poll);
	else if (!listener->is_waiting)
		watch(listener);
}

void stream_listener_close(struct stream_listener *listener)
{
	stream_owner_leave(&listener->owner);
	release(listener);
}

void stream_listener_shut(struct stream_listener *listener)
{
	shutdown(listener->fd, SHUT_RD);
	stream_listener_close(listener);
}

enum status stream_listen_ahead(const struct stream_listen_options *options, int *out_fd,
				struct fault *why)
{
	struct stream_listener *listener = listener_new(NULL, false);
	enum status status = bind_tcp(listener, options, why);

	if (status == OK && listen(listener->fd, BACKLOG) != 0)
		status = cannot_listen(why, options);
	if (status == OK) {
		*out_fd = listener->fd;
		listener->fd = -1;
	}
	discard(listener);
	return status;
}
