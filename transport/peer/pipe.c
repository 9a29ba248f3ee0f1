#include "transport/peer/pipe.h"

#include <nng/nng.h>
#include <nng/transport/ipc/ipc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transport/peer/frame.h"
#include "transport/tls/session.h"

#define BUFFER_FIRST_BYTES (4U * KIB) /* half of all pipes never receive anything */
#define CIPHER_BYTES (64U * KIB)      /* one read of what is encrypted, at most */
#define SEAL_BYTES (128U * KIB)       /* encrypted ahead of the network */
#define SEAL_KEPT_BYTES (16U * KIB)   /* of that, by a quiet pipe */
#define PIPE_LENIENT_MS 250           /* to do what could not be done while we slept */

/* What nng reads into. */
struct buffer {
	char *at;
	uint32_t len, cap;
};

struct pipe {
	struct list link;
	struct pipes *pipes;
	struct pipe_user user;
	enum pipe_state state;
	bool was_connected;
	struct mono deadline; /* 0: none */

	nng_stream_dialer *dialer;
	nng_stream *stream;
	struct tls_session *tls; /* NULL: within the node */
	struct operation dial, receive, send;

	struct buffer in;     /* frames and the beginning of one */
	struct buffer cipher; /* TLS: as it came */

	struct text out[2]; /* the frame that is being sent */
	uint32_t out_bytes; /* of it that are away: written or sealed */
	bool is_sending;
	struct text sealing, sealed; /* TLS: to be written next, being written */
	uint32_t sealed_bytes;       /* of `sealed` that are written */
};

static void buffer_grow(struct buffer *buffer, uint32_t cap)
{
	buffer->at = mem_resize(buffer->at, cap);
	buffer->cap = cap;
}

/* A full buffer doubles: whoever sends much is read in large pieces, and memory follows what really came. */
static void buffer_make_room(struct buffer *buffer, uint32_t max_bytes)
{
	uint32_t doubled = buffer->cap < max_bytes / 2 ? buffer->cap * 2 : max_bytes;

	if (buffer->cap == 0)
		buffer_grow(buffer, BUFFER_FIRST_BYTES);
	else if (buffer->len == buffer->cap)
		buffer_grow(buffer, doubled);
	assert(buffer->len < buffer->cap);
}

static void buffer_drop_front(struct buffer *buffer, uint32_t bytes)
{
	memmove(buffer->at, buffer->at + bytes, buffer->len - bytes);
	buffer->len -= bytes;
	if (buffer->len == 0 && buffer->cap > PIPE_READ_BYTES) {
		mem_free(buffer->at);
		*buffer = (struct buffer){ 0 };
	}
}

/* ---- closing ---- */

static void pipe_free(struct pipe *pipe)
{
	list_remove(&pipe->link);
	pipe->pipes->count--;
	operation_fini(&pipe->dial);
	operation_fini(&pipe->receive);
	operation_fini(&pipe->send);
	nng_stream_dialer_free(pipe->dialer);
	nng_stream_free(pipe->stream);
	tls_session_free(pipe->tls);
	mem_free(pipe->in.at);
	mem_free(pipe->cipher.at);
	text_fini(&pipe->out[0]);
	text_fini(&pipe->out[1]);
	text_fini(&pipe->sealing);
	text_fini(&pipe->sealed);
	mem_free(pipe);
}

/* The last that the end of any operation does: nng holds nothing of a closed pipe any more. */
static void settle(struct pipe *pipe)
{
	if (pipe->state == PIPE_CLOSED && !pipe->dial.is_under_way && !pipe->receive.is_under_way &&
	    !pipe->send.is_under_way)
		pipe_free(pipe);
}

void pipe_close(struct pipe *pipe)
{
	if (pipe->state == PIPE_CLOSED)
		return;
	pipe->state = PIPE_CLOSED;
	if (pipe->stream != NULL)
		nng_stream_close(pipe->stream);
	else
		nng_stream_dialer_close(pipe->dialer);
}

void pipe_break(struct pipe *pipe)
{
	struct pipe_user user = pipe->user;

	if (pipe->state == PIPE_CLOSED)
		return;
	pipe_close(pipe);
	user.closed(user.self, pipe);
}

void pipe_set_user(struct pipe *pipe, const struct pipe_user *user)
{
	pipe->user = *user;
}

/* ---- sending ---- */

static struct str rest_of(const struct pipe *pipe, uint32_t part)
{
	uint32_t before = part == 0 ? 0 : pipe->out[0].len;
	uint32_t done = pipe->out_bytes > before ? pipe->out_bytes - before : 0;
	struct str all = text_str(&pipe->out[part]);

	return str_slice(all, done, all.len);
}

/* Encrypts what there is room for, but for one record: TLS itself may have to answer. */
static enum status seal(struct pipe *pipe)
{
	enum status status = OK;

	for (uint32_t part = 0; status == OK && part < 2; part++) {
		struct str rest = rest_of(pipe, part);

		while (status == OK && rest.len > 0 &&
		       pipe->sealing.max - pipe->sealing.len >= 2 * TLS_RECORD_BYTES) {
			struct str piece = str_slice(rest, 0, TLS_RECORD_BYTES - KIB);
			uint32_t before = piece.len;

			status = tls_session_write(pipe->tls, &piece, &pipe->sealing, NULL);
			assert(status != OK || piece.len < before);
			pipe->out_bytes += before - piece.len;
			rest = str_slice(rest, before - piece.len, rest.len);
		}
	}
	return status;
}

/* Nobody waits for the end of what is all that there is to send, until there is more: pipe_hurry. */
static void write_iov(struct pipe *pipe, struct str first, struct str second)
{
	nng_iov iov[2] = { { (void *)(uintptr_t)first.at, first.len },
			   { (void *)(uintptr_t)second.at, second.len } };
	bool is_all = pipe->tls == NULL || (rest_of(pipe, 0).len == 0 &&
					    rest_of(pipe, 1).len == 0 && pipe->sealing.len == 0);

	operation_begin_quiet(&pipe->send, is_all ? first.len + second.len : 0);
	nng_aio_set_iov(pipe->send.aio, second.len > 0 ? 2 : 1, iov);
	nng_stream_send(pipe->stream, pipe->send.aio);
}

static void write_sealed(struct pipe *pipe)
{
	struct str all = text_str(&pipe->sealed);

	write_iov(pipe, str_slice(all, pipe->sealed_bytes, all.len), STR_NONE);
}

/* Starts the next write if there is something to write. */
static void pump_sealed(struct pipe *pipe)
{
	struct text empty = pipe->sealed;

	if (seal(pipe) != OK) {
		pipe_break(pipe);
		return;
	}
	if (pipe->sealing.len == 0)
		return;
	text_clear(&empty);
	pipe->sealed = pipe->sealing;
	pipe->sealing = empty;
	pipe->sealed_bytes = 0;
	write_sealed(pipe);
}

static void pump_plain(struct pipe *pipe)
{
	struct str head = rest_of(pipe, 0), body = rest_of(pipe, 1);

	if (head.len > 0)
		write_iov(pipe, head, body);
	else if (body.len > 0)
		write_iov(pipe, body, STR_NONE);
}

static void pump(struct pipe *pipe)
{
	if (pipe->state == PIPE_CLOSED)
		return;
	if (pipe->send.is_under_way) {
		if (pipe->sealing.len > 0) /* TLS itself has something to say */
			pipe_hurry(pipe);
		return;
	}
	if (pipe->tls != NULL)
		pump_sealed(pipe);
	else
		pump_plain(pipe);
}

static void written(struct pipe *pipe, uint32_t bytes)
{
	if (pipe->tls == NULL) {
		pipe->out_bytes += bytes;
		pump(pipe);
		return;
	}
	pipe->sealed_bytes += bytes;
	if (pipe->sealed_bytes < pipe->sealed.len)
		write_sealed(pipe);
	else
		pump(pipe);
}

static void send_ended(void *arg, int result)
{
	struct pipe *pipe = arg;

	if (pipe->state != PIPE_CLOSED && result != 0)
		pipe_break(pipe);
	else if (pipe->state != PIPE_CLOSED)
		written(pipe, (uint32_t)nng_aio_count(pipe->send.aio));
	if (pipe->state != PIPE_CLOSED && pipe->is_sending && !pipe->send.is_under_way) {
		text_fini(&pipe->out[0]);
		text_fini(&pipe->out[1]);
		pipe->out_bytes = 0;
		pipe->is_sending = false;
		if (pipe->sealed.cap > SEAL_KEPT_BYTES)
			text_fini(&pipe->sealed);
		pipe->user.sent(pipe->user.self, pipe);
	}
	settle(pipe);
}

bool pipe_is_ready(const struct pipe *pipe)
{
	return pipe->state == PIPE_OPEN && !pipe->is_sending;
}

void pipe_hurry(struct pipe *pipe)
{
	if (pipe->state != PIPE_CLOSED && pipe->send.is_under_way)
		operation_hurry(&pipe->send);
}

void pipe_send(struct pipe *pipe, struct text head, struct text body)
{
	assert(pipe_is_ready(pipe) && head.len > 0);
	pipe->out[0] = head;
	pipe->out[1] = body;
	pipe->is_sending = true;
	pump(pipe);
}

/* ---- receiving ---- */

/* Length of the frame at `at`; what cannot be one is as long as a header, for the user to judge. */
static uint32_t next_bytes(const char *at)
{
	uint32_t bytes;

	return frame_length(at, &bytes) == OK ? bytes : FRAME_BYTES;
}

static void take_frames(struct pipe *pipe)
{
	struct buffer *in = &pipe->in;
	uint32_t taken = 0;

	while (pipe->state == PIPE_OPEN && in->len - taken >= FRAME_BYTES) {
		uint32_t bytes = next_bytes(in->at + taken);

		if (in->len - taken < bytes)
			break;
		pipe->user.received(pipe->user.self, pipe, str_of(in->at + taken, bytes));
		taken += bytes;
	}
	if (taken > 0)
		buffer_drop_front(in, taken);
}

static void make_room(struct pipe *pipe)
{
	struct buffer *in = &pipe->in;
	uint32_t max_bytes = PIPE_READ_BYTES;

	if (in->len >= FRAME_BYTES && next_bytes(in->at) > max_bytes)
		max_bytes = next_bytes(in->at);
	buffer_make_room(in, max_bytes);
}

static void receive_more(struct pipe *pipe)
{
	struct buffer *into = pipe->tls != NULL ? &pipe->cipher : &pipe->in;
	nng_iov iov;

	if (pipe->state == PIPE_CLOSED)
		return;
	if (pipe->tls != NULL)
		buffer_make_room(into, CIPHER_BYTES);
	else
		make_room(pipe);
	iov = (nng_iov){ into->at + into->len, into->cap - into->len };
	operation_begin(&pipe->receive);
	nng_aio_set_iov(pipe->receive.aio, 1, &iov);
	nng_stream_recv(pipe->stream, pipe->receive.aio);
}

static void open_now(struct pipe *pipe)
{
	pipe->state = PIPE_OPEN;
	if (pipe->user.opened != NULL)
		pipe->user.opened(pipe->user.self, pipe);
}

/* What is said last is why: written at once, it is on its way before the stream closes. */
static void refuse(struct pipe *pipe)
{
	if (!pipe->send.is_under_way && pipe->sealing.len > 0) {
		text_fini(&pipe->sealed);
		pipe->sealed = pipe->sealing;
		pipe->sealing = text_new(SEAL_BYTES);
		pipe->sealed_bytes = 0;
		write_sealed(pipe);
	}
	pipe_break(pipe);
}

/* All of `cipher`: it ends empty, or the pipe closed. */
static void decrypt(struct pipe *pipe)
{
	struct str rest = str_of(pipe->cipher.at, pipe->cipher.len);
	enum status status;
	size_t got;

	do {
		make_room(pipe);
		status = tls_session_read(pipe->tls, &rest, pipe->in.at + pipe->in.len,
					  pipe->in.cap - pipe->in.len, &got, &pipe->sealing, NULL);
		if (status != OK)
			break;
		pipe->in.len += (uint32_t)got;
		if (pipe->state == PIPE_GREETING && tls_session_state(pipe->tls) == TLS_OPEN)
			open_now(pipe);
		take_frames(pipe);
	} while (got > 0 && pipe->state != PIPE_CLOSED);
	pipe->cipher.len = 0;
	if (pipe->state == PIPE_CLOSED)
		return;
	if (status != OK || rest.len > 0 || tls_session_state(pipe->tls) == TLS_ENDED)
		refuse(pipe); /* broken, ended, or it makes us answer without end */
	else
		pump(pipe);
}

static void received(struct pipe *pipe, uint32_t bytes)
{
	if (pipe->tls == NULL) {
		pipe->in.len += bytes;
		take_frames(pipe);
		return;
	}
	if (bytes == pipe->cipher.cap && pipe->cipher.cap < CIPHER_BYTES)
		buffer_grow(&pipe->cipher, 2 * pipe->cipher.cap);
	pipe->cipher.len = bytes;
	decrypt(pipe);
}

static void receive_ended(void *arg, int result)
{
	struct pipe *pipe = arg;

	if (result != 0)
		pipe_break(pipe);
	else if (pipe->state != PIPE_CLOSED)
		received(pipe, (uint32_t)nng_aio_count(pipe->receive.aio));
	receive_more(pipe);
	settle(pipe);
}

/* ---- beginning ---- */

static bool is_our_user(nng_stream *stream)
{
	uint64_t user;

	return nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_UID, &user) == 0 && user == geteuid();
}

static void connected(struct pipe *pipe)
{
	pipe->was_connected = true;
	pipe->state = PIPE_GREETING;
	pipe->deadline.ns += pipe->pipes->greet_ms * TIME_MS;
	if (pipe->tls == NULL && !is_our_user(pipe->stream)) {
		pipe_break(pipe);
		return;
	}
	if (pipe->tls == NULL)
		open_now(pipe);
	else if (tls_session_start(pipe->tls, &pipe->sealing, NULL) != OK)
		pipe_break(pipe);
	else
		pump(pipe);
	receive_more(pipe);
}

/* A dial that succeeds while it is given up leaves a stream behind. */
static void take_stream(struct pipe *pipe, int result)
{
	if (result != 0)
		return;
	pipe->stream = nng_aio_get_output(pipe->dial.aio, 0);
	if (pipe->state == PIPE_CLOSED)
		nng_stream_close(pipe->stream);
}

static void dial_ended(void *arg, int result)
{
	struct pipe *pipe = arg;

	take_stream(pipe, result);
	if (result != 0)
		pipe_break(pipe);
	else if (pipe->state != PIPE_CLOSED)
		connected(pipe);
	settle(pipe);
}

static struct pipe *pipe_new(struct pipes *pipes, const struct pipe_user *user,
			     struct tls_context *tls, struct str server_name)
{
	struct pipe *pipe = mem_new(struct pipe);

	pipe->pipes = pipes;
	pipe->user = *user;
	list_push(&pipes->all, &pipe->link);
	pipes->count++;
	if (tls != NULL)
		pipe->tls = tls_session_new(tls, server_name);
	for (uint32_t i = 0; i < 2; i++)
		pipe->out[i] = text_new(0);
	pipe->sealing = text_new(SEAL_BYTES);
	pipe->sealed = text_new(SEAL_BYTES);
	operation_init(&pipe->dial, pipes->operations, dial_ended, pipe);
	operation_init(&pipe->receive, pipes->operations, receive_ended, pipe);
	operation_init(&pipe->send, pipes->operations, send_ended, pipe);
	return pipe;
}

struct pipe *pipe_dial(struct pipes *pipes, const char *url, struct tls_context *client,
		       struct str server_name, const struct pipe_user *user, struct mono now)
{
	nng_stream_dialer *dialer;
	struct pipe *pipe;

	if (nng_stream_dialer_alloc(&dialer, url) != 0)
		return NULL;
	if (client != NULL) /* frames are whole messages already: no waiting for more */
		nng_stream_dialer_set_bool(dialer, NNG_OPT_TCP_NODELAY, true);
	pipe = pipe_new(pipes, user, client, server_name);
	pipe->dialer = dialer;
	pipe->deadline.ns = now.ns + PIPE_DIAL_MS * TIME_MS;
	operation_begin(&pipe->dial);
	nng_stream_dialer_dial(dialer, pipe->dial.aio);
	return pipe;
}

struct pipe *pipe_accepted(struct pipes *pipes, nng_stream *stream, struct tls_context *server,
			   const struct pipe_user *user, struct mono now)
{
	struct pipe *pipe = pipe_new(pipes, user, server, STR_NONE);

	pipe->stream = stream;
	pipe->was_connected = true;
	pipe->state = server != NULL ? PIPE_GREETING : PIPE_OPEN;
	pipe->deadline.ns = now.ns + pipe->pipes->greet_ms * TIME_MS;
	receive_more(pipe);
	return pipe;
}

/* ---- looking in ---- */

enum pipe_state pipe_state(const struct pipe *pipe)
{
	return pipe->state;
}

bool pipe_is_local(const struct pipe *pipe)
{
	return pipe->tls == NULL;
}

bool pipe_was_connected(const struct pipe *pipe)
{
	return pipe->was_connected;
}

bool pipe_is_certified(const struct pipe *pipe, struct str name)
{
	struct arena *arena = arena_new(0);
	struct certificate_info info;
	bool is_found = false;

	if (tls_session_peer(pipe->tls, arena, &info, NULL) == OK)
		for (uint32_t i = 0; i < info.dns_names_count; i++)
			is_found = is_found || str_eq_nocase(info.dns_names[i], name);
	arena_free(arena);
	return is_found;
}

/* ---- time ---- */

void pipe_clear_deadline(struct pipe *pipe)
{
	pipe->deadline.ns = 0;
}

struct mono pipe_deadline(const struct pipe *pipe)
{
	return pipe->deadline;
}

/* ---- all of them ---- */

void pipes_init(struct pipes *pipes, struct operations *operations, uint32_t greet_ms)
{
	*pipes = (struct pipes){ .operations = operations, .greet_ms = greet_ms };
	list_init(&pipes->all);
}

struct mono pipes_turn(struct pipes *pipes, struct mono now, bool is_lenient)
{
	struct mono next = { INT64_MAX };

	list_each (&pipes->all, link) {
		struct pipe *pipe = list_item(link, struct pipe, link);

		if (pipe->state == PIPE_CLOSED || pipe->deadline.ns == 0)
			continue;
		if (is_lenient && pipe->deadline.ns < now.ns + PIPE_LENIENT_MS * TIME_MS)
			pipe->deadline.ns = now.ns + PIPE_LENIENT_MS * TIME_MS;
		if (now.ns >= pipe->deadline.ns)
			pipe_break(pipe);
		else if (pipe->deadline.ns < next.ns)
			next = pipe->deadline;
	}
	return next;
}

void pipes_finish(struct pipes *pipes)
{
	list_each (&pipes->all, link) {
		struct pipe *pipe = list_item(link, struct pipe, link);

		pipe_close(pipe);
		if (pipe->dial.is_under_way) {
			operation_finish(&pipe->dial);
			take_stream(pipe, nng_aio_result(pipe->dial.aio));
		}
		operation_finish(&pipe->receive);
		operation_finish(&pipe->send);
	}
}

void pipes_fini(struct pipes *pipes)
{
	list_each (&pipes->all, link)
		pipe_free(list_item(link, struct pipe, link));
	assert(pipes->count == 0);
}
