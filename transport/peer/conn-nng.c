/*
 * Connections carried by nng's streams, by the rules of operation.h: for hosts that no loop of ours drives.
 */
#include <nng/nng.h>
#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <unistd.h>

#include "transport/peer/conn-private.h"

#define BUFFER_FIRST_BYTES (4U * KIB) /* half of all connections never receive anything */

struct conn_nng {
	struct conn conn;
	nng_stream_dialer *dialer;
	nng_stream *stream;
	struct operation dial, receive, send;
	char *buffer; /* what nng reads into */
	uint32_t buffer_bytes;
	nng_iov rest[2]; /* of what is being written */
	bool is_closed, is_ended;
};

static struct conn_nng *self_of(const struct conn *conn)
{
	return (struct conn_nng *)(uintptr_t)conn;
}

/* ---- closing ---- */

static void discard(struct conn_nng *self)
{
	operation_fini(&self->dial);
	operation_fini(&self->receive);
	operation_fini(&self->send);
	nng_stream_dialer_free(self->dialer);
	nng_stream_free(self->stream);
	mem_free(self->buffer);
	mem_free(self);
}

/* The last that the end of any operation does: nng holds nothing of a closed connection any more. */
static void settle(struct conn_nng *self)
{
	struct conn_user user = self->conn.user;

	if (!self->is_closed || self->dial.is_under_way || self->receive.is_under_way ||
	    self->send.is_under_way)
		return;
	user.released(user.self);
	discard(self);
}

static void close_stream(struct conn_nng *self)
{
	if (self->stream != NULL)
		nng_stream_close(self->stream);
	else if (self->dialer != NULL)
		nng_stream_dialer_close(self->dialer);
}

/* Closed, its receive ends, and that tells. */
static void nng_break(struct conn *conn)
{
	close_stream(self_of(conn));
}

static void nng_close_conn(struct conn *conn)
{
	if (!self_of(conn)->is_closed)
		close_stream(self_of(conn));
	self_of(conn)->is_closed = true;
}

static void tell_end(struct conn_nng *self)
{
	if (self->is_closed || self->is_ended)
		return;
	self->is_ended = true;
	self->conn.user.ended(self->conn.user.self);
}

/* A dial that succeeds while it is given up leaves a stream behind. */
static void take_stream(struct conn_nng *self, int result)
{
	if (result != 0)
		return;
	self->stream = nng_aio_get_output(self->dial.aio, 0);
	if (self->is_closed)
		nng_stream_close(self->stream);
}

static void nng_finish(struct conn *conn)
{
	struct conn_nng *self = self_of(conn);

	nng_close_conn(conn);
	if (self->dial.is_under_way) {
		operation_finish(&self->dial);
		take_stream(self, nng_aio_result(self->dial.aio));
	}
	operation_finish(&self->receive);
	operation_finish(&self->send);
}

static void nng_free_conn(struct conn *conn)
{
	discard(self_of(conn));
}

/* ---- writing ---- */

static void write_rest(struct conn_nng *self)
{
	nng_iov *iov = self->rest;
	unsigned count = iov[1].iov_len > 0 ? 2 : 1;

	/* Nobody waits for the end of what is all that there is to send, until there is more: conn_hurry. */
	operation_begin_quiet(&self->send, iov[0].iov_len + iov[1].iov_len);
	nng_aio_set_iov(self->send.aio, count, iov);
	nng_stream_send(self->stream, self->send.aio);
}

static enum conn_wrote nng_write(struct conn *conn, struct str first, struct str second)
{
	struct conn_nng *self = self_of(conn);

	self->rest[0] = (nng_iov){ (void *)(uintptr_t)first.at, first.len };
	self->rest[1] = (nng_iov){ (void *)(uintptr_t)second.at, second.len };
	write_rest(self);
	return CONN_UNDER_WAY;
}

static void nng_hurry(struct conn *conn)
{
	if (self_of(conn)->send.is_under_way)
		operation_hurry(&self_of(conn)->send);
}

/* True: there is more. */
static bool pass(nng_iov iov[2], size_t bytes)
{
	for (int i = 0; i < 2; i++) {
		size_t part = bytes < iov[i].iov_len ? bytes : iov[i].iov_len;

		iov[i].iov_buf = (char *)iov[i].iov_buf + part;
		iov[i].iov_len -= part;
		bytes -= part;
	}
	if (iov[0].iov_len == 0) {
		iov[0] = iov[1];
		iov[1].iov_len = 0;
	}
	return iov[0].iov_len > 0;
}

static void send_ended(void *arg, int result)
{
	struct conn_nng *self = arg;

	if (result != 0)
		tell_end(self);
	else if (self->is_closed)
		;
	else if (pass(self->rest, nng_aio_count(self->send.aio)))
		write_rest(self);
	else
		self->conn.user.written(self->conn.user.self);
	settle(self);
}

/* ---- reading ---- */

/* A full read doubles what the next may be: memory follows what really comes. */
static void receive(struct conn_nng *self, size_t last_bytes)
{
	uint32_t bytes = self->buffer_bytes;
	nng_iov iov;

	if (self->is_closed)
		return;
	if (bytes == 0)
		bytes = BUFFER_FIRST_BYTES;
	else if (last_bytes == bytes && bytes < CONN_READ_BYTES)
		bytes *= 2;
	if (bytes != self->buffer_bytes) {
		self->buffer = mem_resize(self->buffer, bytes);
		self->buffer_bytes = bytes;
	}
	iov = (nng_iov){ self->buffer, bytes };
	operation_begin(&self->receive);
	nng_aio_set_iov(self->receive.aio, 1, &iov);
	nng_stream_recv(self->stream, self->receive.aio);
}

static void receive_ended(void *arg, int result)
{
	struct conn_nng *self = arg;
	size_t bytes = nng_aio_count(self->receive.aio);

	if (result != 0) {
		tell_end(self);
	} else if (!self->is_closed && !self->is_ended) {
		self->conn.user.read(self->conn.user.self, str_of(self->buffer, (uint32_t)bytes));
		receive(self, bytes);
	}
	settle(self);
}

static void nng_start(struct conn *conn)
{
	receive(self_of(conn), 0);
}

static bool nng_is_our_users(const struct conn *conn)
{
	uint64_t user;

	return nng_stream_get_uint64(self_of(conn)->stream, NNG_OPT_IPC_PEER_UID, &user) == 0 &&
	       user == geteuid();
}

static const struct conn_kind kind = { nng_start, nng_is_our_users, nng_write,  nng_hurry,
				       nng_break, nng_close_conn,   nng_finish, nng_free_conn };

/* ---- dialing ---- */

static void dial_ended(void *arg, int result)
{
	struct conn_nng *self = arg;

	take_stream(self, result);
	if (!self->is_closed)
		self->conn.user.connected(self->conn.user.self, result == 0);
	settle(self);
}

static struct conn_nng *conn_new(struct operations *operations)
{
	struct conn_nng *self = mem_new(struct conn_nng);

	self->conn.kind = &kind;
	operation_init(&self->dial, operations, dial_ended, self);
	operation_init(&self->receive, operations, receive_ended, self);
	operation_init(&self->send, operations, send_ended, self);
	return self;
}

static void print_url(const struct conn_address *of, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "%s://" STR_FMT, of->is_local ? "ipc" : "tcp", STR_ARG(of->text));
}

struct conn *conn_nng_dial(struct operations *operations, const struct conn_address *to)
{
	nng_stream_dialer *dialer;
	struct conn_nng *self;
	char url[512];

	print_url(to, url, sizeof url);
	if (nng_stream_dialer_alloc(&dialer, url) != 0)
		return NULL;
	if (!to->is_local) /* frames are whole messages already: no waiting for more */
		nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true);
	self = conn_new(operations);
	self->dialer = dialer;
	operation_begin(&self->dial);
	nng_stream_dialer_dial(dialer, self->dial.aio);
	return &self->conn;
}

/* ---- listening ---- */

struct conn_nng_listener {
	struct conn_listener listener;
	struct operations *operations;
	nng_stream_listener *nng;
	struct operation accept;
	bool is_starved;
};

static void accept_next(struct conn_nng_listener *self)
{
	self->is_starved = false;
	operation_begin(&self->accept);
	nng_stream_listener_accept(self->nng, self->accept.aio);
}

static void accepted(void *arg, int result)
{
	struct conn_nng_listener *self = arg;
	struct conn_listener_user *user = &self->listener.user;
	struct conn_nng *conn;

	if (result != 0) {
		self->is_starved = true;
		user->starved(user->self);
		return;
	}
	conn = conn_new(self->operations);
	conn->stream = nng_aio_get_output(self->accept.aio, 0);
	user->accepted(user->self, &conn->conn);
	accept_next(self);
}

static void listener_start(struct conn_listener *listener)
{
	accept_next((struct conn_nng_listener *)listener);
}

static void listener_retry(struct conn_listener *listener)
{
	struct conn_nng_listener *self = (struct conn_nng_listener *)listener;

	if (self->is_starved)
		accept_next(self);
}

static void listener_finish(struct conn_listener *listener)
{
	struct conn_nng_listener *self = (struct conn_nng_listener *)listener;
	bool was_accepting = self->accept.is_under_way;

	nng_stream_listener_close(self->nng);
	operation_finish(&self->accept);
	if (was_accepting && nng_aio_result(self->accept.aio) == 0)
		nng_stream_free(nng_aio_get_output(self->accept.aio, 0));
}

static void listener_free(struct conn_listener *listener)
{
	struct conn_nng_listener *self = (struct conn_nng_listener *)listener;

	operation_fini(&self->accept);
	nng_stream_listener_free(self->nng);
	mem_free(self);
}

static const struct conn_listener_kind listener_kind = { listener_start, listener_retry,
							 listener_finish, listener_free };

static enum status nng_fault(struct fault *why, int result)
{
	enum status status = result == NNG_EADDRINUSE   ? BUSY
			     : result == NNG_EADDRINVAL ? INVALID
			     : result == NNG_EPERM      ? FORBIDDEN
							: IO;

	return fault_set(why, status, "", "%s", nng_strerror(result));
}

static int listen_on(const struct conn_address *at, nng_stream_listener **out)
{
	char url[512];
	int result;

	print_url(at, url, sizeof url);
	result = nng_stream_listener_alloc(out, url);
	if (result != 0)
		return result;
	if (at->is_local)
		nng_stream_listener_set_int(*out, NNG_OPT_IPC_PERMISSIONS, 0600);
	else
		nng_stream_listener_set_bool(*out, NNG_OPT_TCP_NODELAY, true);
	result = nng_stream_listener_listen(*out);
	if (result != 0)
		nng_stream_listener_free(*out);
	return result;
}

enum status conn_nng_listen(struct operations *operations, const struct conn_address *at,
			    struct conn_listener **out, uint16_t *out_port, struct fault *why)
{
	struct conn_nng_listener *self;
	nng_stream_listener *nng;
	int result = listen_on(at, &nng), port = 0;

	if (result != 0)
		return nng_fault(why, result);
	if (!at->is_local)
		nng_stream_listener_get_int(nng, NNG_OPT_TCP_BOUND_PORT, &port);
	self = mem_new(struct conn_nng_listener);
	self->listener.kind = &listener_kind;
	self->operations = operations;
	self->nng = nng;
	operation_init(&self->accept, operations, accepted, self);
	*out = &self->listener;
	*out_port = (uint16_t)port;
	return OK;
}
