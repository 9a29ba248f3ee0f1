/*
 * Connecting and resolving: how streams come about that we have asked for.
 */
#include <netdb.h>
#include <stdio.h>

#include "runtime/loop/stream-private.h"

#define ADDRESSES_MAX 16U

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
