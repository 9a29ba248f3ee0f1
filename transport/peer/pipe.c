#include "transport/peer/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "transport/peer/frame.h"
#include "transport/tls/session.h"

#define FRAME_AHEAD_BYTES (128U * KIB) /* of a frame of which only the header has come */
#define PLAIN_BYTES (32U * KIB)        /* two records */
#define SEAL_BYTES (128U * KIB)        /* encrypted ahead of the network */
#define EAGER_BYTES (24U * KIB)        /* of a frame that is waited for: two records */
#define PIPE_LENIENT_MS 250            /* to do what could not be done while we slept */

struct pipe {
	struct list link;
	struct pipes *pipes;
	struct pipe_user user;
	enum pipe_state state;
	bool was_connected;
	struct mono deadline; /* 0: none */

	struct conn *conn;
	struct tls_session *tls; /* NULL: within the node */

	struct text in; /* the beginning of a frame */

	struct text out[2];  /* the frame that is being sent */
	uint32_t out_bytes;  /* TLS: of it that are sealed */
	uint32_t seal_bytes; /* TLS: as soon as there is so much it is written */
	bool is_sending, is_writing;
	bool is_used;                /* since the last pipe_rest */
	struct text sealing, sealed; /* TLS: to be written next, being written */
};

/* ---- closing ---- */

static void pipe_free(struct pipe *pipe)
{
	list_remove(&pipe->link);
	pipe->pipes->count--;
	tls_session_free(pipe->tls);
	text_fini(&pipe->in);
	text_fini(&pipe->out[0]);
	text_fini(&pipe->out[1]);
	text_fini(&pipe->sealing);
	text_fini(&pipe->sealed);
	mem_free(pipe);
}

void pipe_close(struct pipe *pipe)
{
	if (pipe->state == PIPE_CLOSED)
		return;
	pipe->state = PIPE_CLOSED;
	conn_close(pipe->conn);
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

static bool is_sealed(const struct pipe *pipe)
{
	return pipe->out_bytes == pipe->out[0].len + pipe->out[1].len;
}

/* Encrypts what there is room for, or is written at once, but for one record: TLS itself may have to answer. */
static enum status seal(struct pipe *pipe)
{
	enum status status = OK;

	for (uint32_t part = 0; status == OK && part < 2; part++) {
		struct str rest = rest_of(pipe, part);

		while (status == OK && rest.len > 0 && pipe->sealing.len < pipe->seal_bytes &&
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

static void write_now(struct pipe *pipe, struct str first, struct str second)
{
	pipe->is_writing = conn_write(pipe->conn, first, second) == CONN_UNDER_WAY;
}

static void write_sealed(struct pipe *pipe)
{
	struct text empty = pipe->sealed;

	text_clear(&empty);
	pipe->sealed = pipe->sealing;
	pipe->sealing = empty;
	write_now(pipe, text_str(&pipe->sealed), STR_NONE);
}

/* All that can be written at once. Whoever closes for it is told later: a send is no place for it. */
static void pump(struct pipe *pipe)
{
	while (pipe->tls != NULL && pipe->state != PIPE_CLOSED && !pipe->is_writing) {
		if (seal(pipe) != OK) {
			conn_break(pipe->conn);
			pipe->is_writing = true;
		} else if (pipe->sealing.len > 0) {
			write_sealed(pipe);
		} else {
			return;
		}
	}
	/* The rest of a large frame, or TLS itself has something to say. */
	if (pipe->tls != NULL && pipe->state != PIPE_CLOSED &&
	    (pipe->sealing.len > 0 || !is_sealed(pipe)))
		conn_hurry(pipe->conn);
}

static bool is_away(const struct pipe *pipe)
{
	return !pipe->is_writing &&
	       (pipe->tls == NULL || (is_sealed(pipe) && pipe->sealing.len == 0));
}

static void forget_frame(struct pipe *pipe)
{
	text_fini(&pipe->out[0]);
	text_fini(&pipe->out[1]);
	pipe->out_bytes = 0;
	pipe->is_sending = false;
	pipe->is_used = true;
}

static void conn_has_written(void *self)
{
	struct pipe *pipe = self;

	pipe->is_writing = false;
	pump(pipe);
	if (!pipe->is_sending || !is_away(pipe))
		return;
	forget_frame(pipe);
	pipe->user.sent(pipe->user.self, pipe);
}

bool pipe_is_ready(const struct pipe *pipe)
{
	return pipe->state == PIPE_OPEN && !pipe->is_sending;
}

void pipe_hurry(struct pipe *pipe)
{
	if (pipe->state != PIPE_CLOSED && pipe->is_writing)
		conn_hurry(pipe->conn);
}

void pipe_send(struct pipe *pipe, struct text head, struct text body, bool is_alone)
{
	assert(pipe_is_ready(pipe) && head.len > 0);
	pipe->out[0] = head;
	pipe->out[1] = body;
	pipe->seal_bytes = is_alone ? EAGER_BYTES : SEAL_BYTES;
	pipe->is_sending = true;
	if (pipe->tls != NULL)
		pump(pipe);
	else
		write_now(pipe, text_str(&head), text_str(&body));
	if (is_away(pipe))
		forget_frame(pipe);
}

void pipe_rest(struct pipe *pipe)
{
	bool is_busy = pipe->is_used || pipe->is_sending || pipe->is_writing || pipe->in.len > 0 ||
		       pipe->sealing.len > 0;

	pipe->is_used = false;
	if (is_busy || pipe->state != PIPE_OPEN)
		return;
	text_fini(&pipe->in);
	text_fini(&pipe->sealing);
	text_fini(&pipe->sealed);
}

/* ---- receiving ---- */

/* Length of the frame at `at`; what cannot be one is as long as a header, for the user to judge. */
static uint32_t next_bytes(const char *at)
{
	uint32_t bytes;

	return frame_length(at, &bytes) == OK ? bytes : FRAME_BYTES;
}

/* Whole frames are not copied. What is left of `bytes`: the beginning of one, or nothing. */
static struct str take_whole(struct pipe *pipe, struct str bytes)
{
	while (pipe->state == PIPE_OPEN && bytes.len >= FRAME_BYTES) {
		uint32_t frame_bytes = next_bytes(bytes.at);

		if (bytes.len < frame_bytes)
			break;
		pipe->user.received(pipe->user.self, pipe, str_slice(bytes, 0, frame_bytes));
		bytes = str_slice(bytes, frame_bytes, bytes.len);
	}
	return bytes;
}

/* If the frame that has begun is whole now. */
static void deliver_whole(struct pipe *pipe)
{
	struct text *in = &pipe->in;

	if (in->len < FRAME_BYTES || in->len < next_bytes(in->at))
		return;
	pipe->user.received(pipe->user.self, pipe, text_str(in));
	text_clear(in);
	pipe->is_used = true;
}

/* As much of `bytes` as the frame that has begun still wants: its header first, which says how much more. */
static struct str complete(struct pipe *pipe, struct str bytes)
{
	struct text *in = &pipe->in;
	uint32_t whole = in->len < FRAME_BYTES ? FRAME_BYTES : next_bytes(in->at);
	struct str part = str_slice(bytes, 0, whole - in->len);

	if (whole <= FRAME_AHEAD_BYTES)
		text_reserve(in, whole - in->len);
	text_add(in, part);
	deliver_whole(pipe);
	return str_slice(bytes, part.len, bytes.len);
}

static void feed(struct pipe *pipe, struct str bytes)
{
	while (bytes.len > 0 && pipe->state == PIPE_OPEN) {
		if (pipe->in.len == 0)
			bytes = take_whole(pipe, bytes);
		if (bytes.len > 0 && pipe->state == PIPE_OPEN)
			bytes = complete(pipe, bytes);
	}
}

static void open_now(struct pipe *pipe)
{
	pipe->state = PIPE_OPEN;
	if (pipe->user.opened != NULL)
		pipe->user.opened(pipe->user.self, pipe);
}

/* What is said last is why: written at once, it is on its way before the connection closes. */
static void refuse(struct pipe *pipe)
{
	if (!pipe->is_writing && pipe->sealing.len > 0)
		write_sealed(pipe);
	pipe_break(pipe);
}

/* How much of a frame of which the header is here still has to come. */
static uint32_t missing(const struct pipe *pipe)
{
	return pipe->in.len >= FRAME_BYTES ? next_bytes(pipe->in.at) - pipe->in.len : 0;
}

/* Of a frame that has begun: into its place. */
static enum status decrypt_rest(struct pipe *pipe, struct str *bytes, size_t *got)
{
	uint32_t wanted = missing(pipe) < PLAIN_BYTES ? missing(pipe) : PLAIN_BYTES;
	struct text *in = &pipe->in;

	text_reserve(in, wanted);
	assert(in->cap - in->len >= wanted);
	TRY(tls_session_read(pipe->tls, bytes, in->at + in->len, wanted, got, &pipe->sealing, NULL));
	in->len += (uint32_t)*got;
	deliver_whole(pipe);
	return OK;
}

static enum status decrypt_some(struct pipe *pipe, struct str *bytes, size_t *got)
{
	if (missing(pipe) > 0)
		return decrypt_rest(pipe, bytes, got);
	TRY(tls_session_read(pipe->tls, bytes, pipe->pipes->plain, PLAIN_BYTES, got, &pipe->sealing,
			     NULL));
	if (pipe->state == PIPE_GREETING && tls_session_state(pipe->tls) == TLS_OPEN)
		open_now(pipe);
	feed(pipe, str_of(pipe->pipes->plain, (uint32_t)*got));
	return OK;
}

static void decrypt(struct pipe *pipe, struct str bytes)
{
	enum status status;
	size_t got;

	if (pipe->pipes->plain == NULL)
		pipe->pipes->plain = mem_alloc(PLAIN_BYTES);
	do
		status = decrypt_some(pipe, &bytes, &got);
	while (status == OK && got > 0 && pipe->state != PIPE_CLOSED &&
	       (bytes.len > 0 || !tls_session_is_drained(pipe->tls)));
	if (pipe->state == PIPE_CLOSED)
		return;
	if (status != OK || bytes.len > 0 || tls_session_state(pipe->tls) == TLS_ENDED)
		refuse(pipe); /* broken, ended, or it makes us answer without end */
	else
		pump(pipe);
}

static void conn_has_read(void *self, struct str bytes)
{
	struct pipe *pipe = self;

	if (pipe->tls != NULL)
		decrypt(pipe, bytes);
	else
		feed(pipe, bytes);
}

/* ---- beginning and end ---- */

static void greet(struct pipe *pipe)
{
	pipe->was_connected = true;
	pipe->state = PIPE_GREETING;
	pipe->deadline.ns += pipe->pipes->greet_ms * TIME_MS;
	if (pipe->tls == NULL && !conn_is_our_users(pipe->conn)) {
		pipe_break(pipe);
		return;
	}
	conn_start(pipe->conn);
	if (pipe->tls == NULL)
		open_now(pipe);
	else if (tls_session_start(pipe->tls, &pipe->sealing, NULL) != OK)
		pipe_break(pipe);
	else
		pump(pipe);
}

static void conn_has_connected(void *self, bool is_connected)
{
	struct pipe *pipe = self;

	if (is_connected)
		greet(pipe);
	else
		pipe_break(pipe);
}

static void conn_has_ended(void *self)
{
	pipe_break(self);
}

static void conn_is_released(void *self)
{
	pipe_free(self);
}

static struct conn_user user_of(struct pipe *pipe)
{
	return (struct conn_user){ pipe,           conn_has_connected,
				   conn_has_read,  conn_has_written,
				   conn_has_ended, conn_is_released };
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
	pipe->in = text_new(FRAME_MAX);
	for (uint32_t i = 0; i < 2; i++)
		pipe->out[i] = text_new(0);
	pipe->sealing = text_new(SEAL_BYTES);
	pipe->sealed = text_new(SEAL_BYTES);
	return pipe;
}

struct pipe *pipe_dial(struct pipes *pipes, const struct conn_address *to,
		       struct tls_context *client, struct str server_name,
		       const struct pipe_user *user, struct mono now)
{
	struct pipe *pipe = pipe_new(pipes, user, client, server_name);
	struct conn_user conn_user = user_of(pipe);

	pipe->conn = conn_dial(pipes->net, to, 2 * PIPE_DIAL_MS, &conn_user);
	if (pipe->conn == NULL) {
		pipe_free(pipe);
		return NULL;
	}
	pipe->deadline.ns = now.ns + PIPE_DIAL_MS * TIME_MS;
	return pipe;
}

struct pipe *pipe_accepted(struct pipes *pipes, struct conn *conn, struct tls_context *server,
			   const struct pipe_user *user, struct mono now)
{
	struct pipe *pipe = pipe_new(pipes, user, server, STR_NONE);
	struct conn_user conn_user = user_of(pipe);

	pipe->conn = conn;
	pipe->was_connected = true;
	pipe->state = server != NULL ? PIPE_GREETING : PIPE_OPEN;
	pipe->deadline.ns = now.ns + pipe->pipes->greet_ms * TIME_MS;
	conn_set_user(conn, &conn_user);
	conn_start(conn);
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

void pipes_init(struct pipes *pipes, const struct conn_net *net, uint32_t greet_ms)
{
	*pipes = (struct pipes){ .net = net, .greet_ms = greet_ms };
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

		pipe->state = PIPE_CLOSED;
		conn_finish(pipe->conn);
	}
}

void pipes_fini(struct pipes *pipes)
{
	list_each (&pipes->all, link) {
		struct pipe *pipe = list_item(link, struct pipe, link);

		conn_free(pipe->conn);
		pipe_free(pipe);
	}
	assert(pipes->count == 0);
	mem_free(pipes->plain);
}
