#include "runtime/loop/stream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/loop/stream-private.h"

#define HIGH_BYTES (256U * KIB)
#define LOW_BYTES (64U * KIB)
#define KEEPALIVE_S 15U /* as Go's dialer and listener */
#define PARTS_MAX 64U   /* more are copied into one */

/* One stream_write: the copied bytes follow it unless they are borrowed. */
struct write {
	uv_write_t request;
	struct stream *stream;
	void (*done)(struct act *act, struct stream *stream, enum status status, void *arg);
	void *arg;
	enum status outcome;
	char bytes[];
};

/* ---- owners ---------------------------------------------------------------------------------------------- */

struct stream_owner stream_owner_of(struct loop *loop, struct act *act, void (*release)(void *arg),
				    void *arg)
{
	struct stream_owner owner = { .loop = loop, .act = act };

	if (act == NULL)
		return owner;
	owner.ref = act_self(act);
	owner.claim = act_own(act, release, arg);
	return owner;
}

void stream_owner_leave(struct stream_owner *owner)
{
	if (owner->claim != 0)
		act_disown(owner->act, owner->claim);
	owner->claim = 0;
}

static bool stream_owner_has_ended(const struct stream_owner *owner)
{
	return owner->act != NULL && act_ref_is_nil(owner->ref);
}

bool stream_owner_enter(const struct stream_owner *owner,
			void (*fn)(struct act *act, void *state, void *arg), void *arg)
{
	if (owner->act != NULL)
		return act_host_enter(owner->loop->host, owner->ref, fn, arg);
	fn(NULL, NULL, arg);
	return true;
}

/* ---- addresses ------------------------------------------------------------------------------------------ */

const char *stream_unix_path(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

enum status stream_sockaddr(const char *address, uint16_t port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (uv_ip4_addr(address, port, (struct sockaddr_in *)out) == 0 ||
	    uv_ip6_addr(address, port, (struct sockaddr_in6 *)out) == 0)
		return OK;
	return INVALID;
}

static void print_address(const struct sockaddr_storage *from, char out[STREAM_ADDRESS_MAX])
{
	char text[INET6_ADDRSTRLEN] = "";

	if (from->ss_family == AF_INET) {
		uv_ip4_name((const struct sockaddr_in *)from, text, sizeof text);
		snprintf(out, STREAM_ADDRESS_MAX, "%s:%u", text,
			 ntohs(((const struct sockaddr_in *)from)->sin_port));
	} else {
		uv_ip6_name((const struct sockaddr_in6 *)from, text, sizeof text);
		snprintf(out, STREAM_ADDRESS_MAX, "[%s]:%u", text,
			 ntohs(((const struct sockaddr_in6 *)from)->sin6_port));
	}
}

static void read_address(struct stream *stream)
{
	struct sockaddr_storage at;
	int len = sizeof at;

	if (stream->is_pipe)
		snprintf(stream->peer, sizeof stream->peer, "unix");
	else if (uv_tcp_getpeername(&stream->uv.tcp, (struct sockaddr *)&at, &len) == 0)
		print_address(&at, stream->peer);
}

/* ---- life ----------------------------------------------------------------------------------------------- */

static void freed(uv_handle_t *handle)
{
	struct stream *stream = handle->data;

	if (stream->is_accepted) {
		stream->loop->connections--;
		stream_listeners_resume(stream->loop);
	}
	mem_free(stream);
}

static void linger_freed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void end(struct stream *stream)
{
	stream_owner_leave(&stream->owner);
	if (stream->linger != NULL)
		uv_close((uv_handle_t *)stream->linger, linger_freed);
	stream->linger = NULL;
	if (!uv_is_closing(&stream->uv.handle))
		uv_close(&stream->uv.handle, freed);
}

/* The owner has ended: nobody is told any more. */
static void release(void *arg)
{
	struct stream *stream = arg;

	stream->is_closing = true;
	stream->owner.claim = 0;
	stream->events = (struct stream_events){ 0 };
	stream->owner.ref = ACT_NIL;
	end(stream);
}

struct stream *stream_new(struct loop *loop, bool is_pipe)
{
	struct stream *stream = mem_new(struct stream);
	int error = is_pipe ? uv_pipe_init(&loop->uv, &stream->uv.pipe, 0)
			    : uv_tcp_init(&loop->uv, &stream->uv.tcp);

	assert(error == 0);
	stream->uv.handle.data = stream;
	stream->loop = loop;
	stream->is_pipe = is_pipe;
	stream->high = HIGH_BYTES;
	stream->low = LOW_BYTES;
	return stream;
}

void stream_adopt(struct stream *stream, struct act *act)
{
	stream->owner = stream_owner_of(stream->loop, act, release, stream);
	read_address(stream);
	if (stream->is_pipe)
		return;
	uv_tcp_nodelay(&stream->uv.tcp, 1);
	/* Who waits for a peer that has vanished without a word would wait for ever. */
	uv_tcp_keepalive(&stream->uv.tcp, 1, KEEPALIVE_S);
}

void stream_discard(struct stream *stream)
{
	stream->is_closing = true;
	end(stream);
}

enum status stream_open_fd(struct act *act, int fd, struct stream **out)
{
	int domain = 0, error;
	socklen_t len = sizeof domain;
	struct stream *stream;
	bool is_pipe;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0)
		domain = AF_UNIX;
	is_pipe = domain == AF_UNIX;
	stream = stream_new(loop_of(act), is_pipe);
	error = is_pipe ? uv_pipe_open(&stream->uv.pipe, fd) : uv_tcp_open(&stream->uv.tcp, fd);
	if (error != 0) {
		stream_discard(stream);
		return loop_status(error);
	}
	stream_adopt(stream, act);
	*out = stream;
	return OK;
}

void stream_set_events(struct stream *stream, const struct stream_events *events, void *arg)
{
	stream->events = *events;
	stream->arg = arg;
}

void *stream_arg(const struct stream *stream)
{
	return stream->arg;
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

/* What a callback of libuv hands to the owner's activation. */
struct reading {
	struct stream *stream;
	struct str bytes;
	enum status status;
};

static void tell_read(struct act *act, void *state, void *arg)
{
	const struct reading *r = arg;

	(void)state;
	if (!r->stream->is_closing && r->stream->events.on_read != NULL)
		r->stream->events.on_read(act, r->stream, r->bytes, r->status);
}

static void lend_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct stream *stream = handle->data;

	(void)wanted;
	*out = uv_buf_init(stream->loop->read_buffer,
			   stream->is_pipe ? LOOP_READ_BYTES : LOOP_READ_TCP_BYTES);
}

static void was_read(uv_stream_t *uv, ssize_t len, const uv_buf_t *buffer)
{
	struct stream *stream = uv->data;
	struct reading reading = { .stream = stream, .status = OK };

	if (len == 0 || stream->is_closing)
		return;
	if (len > 0) {
		reading.bytes = str_of(buffer->base, (size_t)len);
	} else {
		uv_read_stop(uv);
		stream->is_ended = true;
		reading.status = len == UV_EOF ? GONE : IO;
	}
	stream_owner_enter(&stream->owner, tell_read, &reading);
}

void stream_read_start(struct stream *stream)
{
	int error;

	if (stream->is_closing || stream->is_ended)
		return;
	error = uv_read_start(&stream->uv.stream, lend_buffer, was_read);
	assert(error == 0 || error == UV_EALREADY || error == UV_ENOTCONN);
}

void stream_read_stop(struct stream *stream)
{
	uv_read_stop(&stream->uv.stream);
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

static void tell_written(struct act *act, void *state, void *arg)
{
	struct write *write = arg;
	struct stream *stream = write->stream;

	(void)state;
	if (write->done != NULL)
		write->done(act, stream, write->outcome, write->arg);
	if (stream->is_full && !stream->is_closing && stream_queued(stream) <= stream->low) {
		stream->is_full = false;
		if (stream->events.on_drain != NULL)
			stream->events.on_drain(act, stream);
	}
}

static void written(uv_write_t *request, int status)
{
	struct write *write = request->data;
	struct stream *stream = write->stream;

	write->outcome = status == 0 ? OK : loop_status(status);
	if (!stream_owner_has_ended(&stream->owner) && (write->done != NULL || stream->is_full))
		stream_owner_enter(&stream->owner, tell_written, write);
	mem_free(write);
	if (stream->linger != NULL && stream_queued(stream) == 0)
		end(stream);
}

static size_t total(const struct str *parts, uint32_t count)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		bytes += parts[i].len;
	return bytes;
}

static uv_buf_t copy_parts(struct write *write, const struct str *parts, uint32_t count,
			   size_t skipped)
{
	char *at = write->bytes;

	for (uint32_t i = 0; i < count; i++) {
		size_t skip = skipped < parts[i].len ? skipped : parts[i].len;

		skipped -= skip;
		if (parts[i].len > skip)
			memcpy(at, parts[i].at + skip, parts[i].len - skip);
		at += parts[i].len - skip;
	}
	return uv_buf_init(write->bytes, (unsigned)(at - write->bytes));
}

/* What the kernel takes at once need not be copied: most writes are done here. Gives how much that was, or an error of libuv. */
static ssize_t try_write(struct stream *stream, const uv_buf_t *buffers, uint32_t count)
{
	ssize_t written_now;

	if (stream_queued(stream) > 0)
		return 0;
	written_now = uv_try_write(&stream->uv.stream, buffers, count);
	return written_now == UV_EAGAIN ? 0 : written_now;
}

static enum status queue_write(struct stream *stream, struct write *write, const uv_buf_t *buffers,
			       uint32_t count)
{
	if (uv_write(&write->request, &stream->uv.stream, buffers, count, written) != 0) {
		mem_free(write);
		return GONE;
	}
	if (stream_queued(stream) > stream->high)
		stream->is_full = true;
	return OK;
}

enum status stream_write(struct stream *stream, const struct str *parts, uint32_t count,
			 void (*done)(struct act *act, struct stream *stream, enum status status,
				      void *arg),
			 void *arg)
{
	size_t bytes = total(parts, count);
	bool is_short = count <= PARTS_MAX;
	uv_buf_t buffers[PARTS_MAX];
	struct write *write;
	ssize_t at_once = 0;

	if (stream->is_closing)
		return GONE;
	if (stream_queued(stream) > stream->high) {
		stream->is_full = true;
		return BUSY;
	}
	for (uint32_t i = 0; is_short && i < count; i++)
		buffers[i] = uv_buf_init((char *)(uintptr_t)parts[i].at, parts[i].len);
	if (done == NULL && is_short && bytes > 0)
		at_once = try_write(stream, buffers, count);
	if (at_once < 0)
		return GONE;
	if (bytes > 0 && (size_t)at_once == bytes)
		return OK;
	bytes -= (size_t)at_once;
	write = mem_alloc(sizeof *write + (done != NULL && is_short ? 0 : bytes));
	*write = (struct write){ .stream = stream, .done = done, .arg = arg };
	write->request.data = write;
	if (done == NULL || !is_short) {
		buffers[0] = copy_parts(write, parts, count, (size_t)at_once);
		count = 1;
	}
	return queue_write(stream, write, buffers, count);
}

enum status stream_write_some(struct stream *stream, const struct str *parts, uint32_t count,
			      size_t *out_taken)
{
	uv_buf_t buffers[PARTS_MAX];
	ssize_t taken;

	assert(count <= PARTS_MAX);
	if (stream->is_closing)
		return GONE;
	for (uint32_t i = 0; i < count; i++)
		buffers[i] = uv_buf_init((char *)(uintptr_t)parts[i].at, parts[i].len);
	taken = try_write(stream, buffers, count);
	if (taken < 0)
		return GONE;
	*out_taken = (size_t)taken;
	return OK;
}

size_t stream_queued(const struct stream *stream)
{
	return uv_stream_get_write_queue_size(&stream->uv.stream);
}

void stream_set_marks(struct stream *stream, size_t high_bytes, size_t low_bytes)
{
	assert(low_bytes <= high_bytes);
	stream->high = high_bytes;
	stream->low = low_bytes;
}

/* ---- ending --------------------------------------------------------------------------------------------------- */

static void shut(uv_shutdown_t *request, int status)
{
	(void)status;
	mem_free(request);
}

void stream_shutdown(struct stream *stream)
{
	uv_shutdown_t *request;

	if (stream->is_closing)
		return;
	request = mem_new(uv_shutdown_t);
	if (uv_shutdown(request, &stream->uv.stream, shut) != 0)
		mem_free(request);
}

void stream_close(struct stream *stream)
{
	if (stream->is_closing)
		return;
	stream->is_closing = true;
	end(stream);
}

static void lingered(uv_timer_t *timer)
{
	end(timer->data);
}

void stream_close_after_writes(struct stream *stream, uint32_t timeout_ms)
{
	int error;

	if (stream->is_closing)
		return;
	if (stream_queued(stream) == 0) {
		stream_close(stream);
		return;
	}
	stream->is_closing = true;
	uv_read_stop(&stream->uv.stream);
	stream->linger = mem_new(uv_timer_t);
	error = uv_timer_init(&stream->loop->uv, stream->linger);
	assert(error == 0);
	stream->linger->data = stream;
	uv_timer_start(stream->linger, lingered, timeout_ms, 0);
}

const char *stream_peer(const struct stream *stream)
{
	return stream->peer;
}

enum status stream_peer_ids(const struct stream *stream, uint32_t *out_uid, uint32_t *out_gid,
			    int64_t *out_pid)
{
	struct ucred ids;
	socklen_t len = sizeof ids;
	uv_os_fd_t fd;

	if (!stream->is_pipe || uv_fileno(&stream->uv.handle, &fd) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ids, &len) != 0)
		return NOT_FOUND;
	*out_uid = ids.uid;
	*out_gid = ids.gid;
	*out_pid = ids.pid;
	return OK;
}
