/*
 * Connections carried by the host's loop: what arrives is read, and what is to leave is written, on the host's own thread.
 */
#include <stdio.h>
#include <unistd.h>

#include "runtime/loop/stream.h"
#include "transport/peer/conn-private.h"

struct conn_loop {
	struct conn conn;
	struct loop *loop;
	struct stream *stream; /* NULL: being dialed, or closed */
	struct loop_soon soon; /* `ended` or `released` */
	bool is_dialing, is_writing, is_closed, is_ended;
	bool is_forgotten; /* has no user any more: frees itself */
};

static struct conn_loop *self_of(const struct conn *conn)
{
	return (struct conn_loop *)(uintptr_t)conn;
}

static void release(struct conn_loop *self)
{
	struct conn_user user = self->conn.user;

	if (self->is_dialing || self->is_writing)
		return; /* libuv calls once more */
	loop_soon_never(&self->soon);
	if (!self->is_forgotten)
		user.released(user.self);
	mem_free(self);
}

static void tell_end(struct conn_loop *self)
{
	if (self->is_closed || self->is_ended)
		return;
	self->is_ended = true;
	self->conn.user.ended(self->conn.user.self);
}

static void soon(void *arg)
{
	struct conn_loop *self = arg;

	if (self->is_closed)
		release(self);
	else
		tell_end(self);
}

static void was_read(struct act *none, struct stream *stream, struct str bytes, enum status status)
{
	struct conn_loop *self = stream_arg(stream);

	(void)none;
	if (status != OK)
		tell_end(self);
	else if (!self->is_ended)
		self->conn.user.read(self->conn.user.self, bytes);
}

static void loop_start(struct conn *conn)
{
	stream_read_start(self_of(conn)->stream);
}

static bool loop_is_our_users(const struct conn *conn)
{
	uint32_t uid, gid;
	int64_t pid;

	return stream_peer_ids(self_of(conn)->stream, &uid, &gid, &pid) == OK && uid == geteuid();
}

static void written(struct act *none, struct stream *stream, enum status status, void *arg)
{
	struct conn_loop *self = arg;

	(void)none;
	(void)stream;
	self->is_writing = false;
	if (self->is_closed)
		release(self);
	else if (status != OK)
		tell_end(self);
	else if (!self->is_ended)
		self->conn.user.written(self->conn.user.self);
}

static void loop_break(struct conn *conn)
{
	loop_soon(self_of(conn)->loop, &self_of(conn)->soon);
}

/* What the kernel does not take at once is lent to libuv. */
static enum conn_wrote loop_write(struct conn *conn, struct str first, struct str second)
{
	struct conn_loop *self = self_of(conn);
	struct str parts[2] = { first, second };
	uint32_t count = second.len > 0 ? 2 : 1;
	size_t taken;

	assert(!self->is_writing);
	if (stream_write_some(self->stream, parts, count, &taken) != OK) {
		loop_break(conn);
		return CONN_UNDER_WAY;
	}
	if (taken == (size_t)first.len + second.len)
		return CONN_DONE;
	if (taken >= first.len) {
		parts[0] = str_slice(second, (uint32_t)taken - first.len, second.len);
		count = 1;
	} else {
		parts[0] = str_slice(first, (uint32_t)taken, first.len);
	}
	if (stream_write(self->stream, parts, count, written, self) == OK)
		self->is_writing = true;
	else
		loop_break(conn);
	return CONN_UNDER_WAY;
}

static void loop_hurry(struct conn *conn)
{
	(void)conn;
}

static void close_stream(struct conn_loop *self)
{
	self->is_closed = true; /* twice is fine */
	if (self->stream != NULL)
		stream_close(self->stream);
	self->stream = NULL;
}

static void loop_close_conn(struct conn *conn)
{
	struct conn_loop *self = self_of(conn);

	close_stream(self);
	loop_soon(self->loop, &self->soon);
}

static void loop_finish(struct conn *conn)
{
	close_stream(self_of(conn));
}

static void loop_free(struct conn *conn)
{
	struct conn_loop *self = self_of(conn);

	loop_soon_never(&self->soon);
	self->is_forgotten = true;
	release(self);
}

static const struct conn_kind kind = { loop_start, loop_is_our_users, loop_write,  loop_hurry,
				       loop_break, loop_close_conn,   loop_finish, loop_free };

static struct conn_loop *conn_new(struct loop *loop)
{
	struct conn_loop *self = mem_new(struct conn_loop);

	self->conn.kind = &kind;
	self->loop = loop;
	self->soon.fn = soon;
	self->soon.arg = self;
	return self;
}

static void take_stream(struct conn_loop *self, struct stream *stream)
{
	static const struct stream_events events = { .on_read = was_read };

	self->stream = stream;
	stream_set_events(stream, &events, self);
}

/* ---- dialing ---- */

/* IP:PORT or [IP]:PORT apart. */
static bool split(struct str text, char ip[STREAM_ADDRESS_MAX], uint16_t *out_port)
{
	int64_t colon = str_find_last(text, ':');
	struct str host = str_slice(text, 0, colon < 0 ? 0 : (uint32_t)colon);
	uint64_t port;

	if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = str_slice(host, 1, host.len - 1);
	if (host.len == 0 || host.len >= STREAM_ADDRESS_MAX ||
	    str_to_u64(str_slice(text, (uint32_t)colon + 1, text.len), &port) != OK ||
	    port > UINT16_MAX)
		return false;
	snprintf(ip, STREAM_ADDRESS_MAX, STR_FMT, STR_ARG(host));
	*out_port = (uint16_t)port;
	return true;
}

static bool read_address(const struct conn_address *from, char text[STREAM_ADDRESS_MAX],
			 uint16_t *out_port)
{
	*out_port = 0;
	if (!from->is_local)
		return split(from->text, text, out_port);
	snprintf(text, STREAM_ADDRESS_MAX, "unix:" STR_FMT, STR_ARG(from->text));
	return from->text.len + sizeof "unix:" <= STREAM_ADDRESS_MAX;
}

static void connected(struct act *none, struct stream *stream, enum status status, void *arg)
{
	struct conn_loop *self = arg;

	(void)none;
	self->is_dialing = false;
	if (self->is_closed) {
		if (stream != NULL)
			stream_close(stream);
		release(self);
		return;
	}
	if (status == OK)
		take_stream(self, stream);
	self->conn.user.connected(self->conn.user.self, status == OK);
}

struct conn *conn_loop_dial(struct loop *loop, const struct conn_address *to, uint32_t timeout_ms)
{
	char text[STREAM_ADDRESS_MAX];
	struct conn_loop *self;
	uint16_t port;

	if (!read_address(to, text, &port))
		return NULL;
	self = conn_new(loop);
	self->is_dialing = true;
	if (stream_connect_outside(loop, text, port, timeout_ms, connected, self) == OK)
		return &self->conn;
	mem_free(self);
	return NULL;
}

/* ---- listening ---- */

struct conn_loop_listener {
	struct conn_listener listener;
	struct loop *loop;
	struct stream_listener *stream; /* NULL: finished */
};

static void accepted(struct act *none, struct stream *stream, void *arg)
{
	struct conn_loop_listener *self = arg;
	struct conn_loop *conn = conn_new(self->loop);

	(void)none;
	take_stream(conn, stream);
	self->listener.user.accepted(self->listener.user.self, &conn->conn);
}

/* A listener of a loop listens from the first; what it hears is told in a later turn. */
static void listener_start(struct conn_listener *listener)
{
	(void)listener;
}

/* A listener of a loop looks again by itself. */
static void listener_retry(struct conn_listener *listener)
{
	(void)listener;
}

static void listener_finish(struct conn_listener *listener)
{
	struct conn_loop_listener *self = (struct conn_loop_listener *)listener;

	if (self->stream != NULL)
		stream_listener_close(self->stream);
	self->stream = NULL;
}

static void listener_free(struct conn_listener *listener)
{
	listener_finish(listener);
	mem_free(listener);
}

static const struct conn_listener_kind listener_kind = { listener_start, listener_retry,
							 listener_finish, listener_free };

enum status conn_loop_listen(struct loop *loop, const struct conn_address *at,
			     struct conn_listener **out, uint16_t *out_port, struct fault *why)
{
	struct stream_listen_options options = { 0 };
	char text[STREAM_ADDRESS_MAX];
	struct conn_loop_listener *self;
	enum status status;

	if (!read_address(at, text, &options.port))
		return fault_set(why, INVALID, "", STR_FMT ": no address to listen on",
				 STR_ARG(at->text));
	options.address = text;
	self = mem_new(struct conn_loop_listener);
	self->listener.kind = &listener_kind;
	self->loop = loop;
	status = stream_listen_outside(loop, &options, accepted, self, &self->stream, why);
	if (status != OK) {
		mem_free(self);
		return status;
	}
	*out = &self->listener;
	*out_port = stream_listener_port(self->stream);
	return OK;
}
