#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/http/server-private.h"

static struct connection *connection_of(struct wire *wire)
{
	return list_item(wire, struct connection, wire);
}

static struct http_exchange *exchange_of(struct http_stream *stream)
{
	return list_item(stream, struct http_exchange, stream);
}

/* ---- what the engine tells ---------------------------------------------------------------------------------- */

static struct http_stream *on_opened(void *owner)
{
	struct connection *connection = owner;
	struct server *server = connection->server;
	server->stats.requests_total++;
	return &exchange_new(connection)->stream;
}

static void on_head(void *owner, struct http_stream *stream)
{
	struct connection *connection = owner;
	struct server *server = connection->server;
	struct http_exchange *exchange = exchange_of(stream);
	const struct http_server_config *config = &server->site->config;
	int64_t length = stream->in.content_length;
	exchange->body = text_in(stream->arena, config->body_max_bytes);
	if (url_split(stream->in.target, &exchange->target) != OK) {
		server->stats.refused_total++;
		exchange_refuse(exchange, 400, "the URL cannot be understood");
		return;
	}
	if (config->is_streamed != NULL && config->is_streamed(config->arg, exchange)) {
		exchange->is_streamed = true;
		server_ask(server, exchange);
	} else if (length > (int64_t)config->body_max_bytes) {
		server->stats.refused_total++;
		exchange_refuse(exchange, 413, "the body is larger than the limit");
	}
}

static void collect(struct server *server, struct http_exchange *exchange, struct str bytes)
{
	struct http_site *site = server->site;
	int code = 0;
	if (exchange->body.len + (uint64_t)bytes.len > site->config.body_max_bytes)
		code = 413;
	else if (site->bodies_bytes + bytes.len > LIMIT_BODIES_BYTES)
		code = 503;
	if (code != 0) {
		server->stats.refused_total++;
		exchange_refuse(exchange, code,
				code == 413 ? "the body is larger than the limit"
					    : "too many bodies are being received");
		return;
	}
	/* What is announced is reserved at once, but not more than a little on a stranger's word alone. */
	if (exchange->body.len == 0 && exchange->stream.in.content_length > 0) {
		uint64_t length = (uint64_t)exchange->stream.in.content_length;
		text_reserve(&exchange->body, length < 64 * KIB ? (uint32_t)length : 64 * KIB);
	}
	site->bodies_bytes += bytes.len;
	text_add(&exchange->body, bytes);
}

static void tell_readable(struct server *server, struct http_exchange *exchange)
{
	if (exchange->is_readable_told || exchange->is_done)
		return;
	exchange->is_readable_told = true;
	server_tell(server, exchange, OWES_READABLE);
}

static void on_body(void *owner, struct http_stream *stream, struct str bytes)
{
	struct connection *connection = owner;
	struct http_exchange *exchange = exchange_of(stream);
	exchange->moved_at = act_now(connection->server->act);
	if (exchange->is_streamed && !exchange->is_done) {
		http_queue_copy(&exchange->in, bytes);
		tell_readable(connection->server, exchange);
		return;
	}
	if (exchange->state == EXCHANGE_COLLECTING)
		collect(connection->server, exchange, bytes);
	http_stream_consume(stream, bytes.len);
}

static void on_ended(void *owner, struct http_stream *stream)
{
	struct connection *connection = owner;
	struct http_exchange *exchange = exchange_of(stream);
	if (exchange->is_streamed)
		tell_readable(connection->server, exchange);
	else if (exchange->state == EXCHANGE_COLLECTING)
		server_ask(connection->server, exchange);
}

static void on_moved(void *owner, struct http_stream *stream)
{
	struct connection *connection = owner;
	struct http_exchange *exchange = exchange_of(stream);
	uint32_t mark = exchange->site->config.stream_buffer_bytes / 4;
	if (!exchange->wants_writable || stream->out.bytes > mark)
		return;
	exchange->wants_writable = false;
	if (!exchange->is_done)
		server_tell(connection->server, exchange, OWES_WRITABLE);
}

static void on_closed(void *owner, struct http_stream *stream, enum status why)
{
	struct connection *connection = owner;
	struct server *server = connection->server;
	struct http_exchange *exchange = exchange_of(stream);
	list_remove(&exchange->link);
	exchange->connection = NULL;
	exchange->is_gone = why != OK;
	connection->idle_since = act_now(server->act);
	bool is_owed = exchange->state == EXCHANGE_ASKED && !exchange->is_done &&
		       !exchange->is_aborted && (why != OK || !stream->is_out_ended) &&
		       !(stream->is_out_ended && !exchange->is_streamed);
	if (is_owed) {
		exchange->gone_why = server->is_stopping ? UNAVAILABLE
				     : why == OK         ? CANCELLED
							 : why;
		server_tell(server, exchange, OWES_GONE);
	}
	exchange_unref(exchange);
}

static struct str on_refused(void *owner, int code, const char *why, struct str *out_type)
{
	struct connection *connection = owner;
	struct server *server = connection->server;
	const struct http_server_config *config = &server->site->config;
	server->stats.refused_total++;
	*out_type = STR("text/plain");
	if (config->refusal == NULL)
		return str_from(why);
	return config->refusal(config->arg, connection->origin->arena, code, why, out_type);
}

static const struct http_events engine_events = {
	.opened = on_opened,
	.head = on_head,
	.body = on_body,
	.ended = on_ended,
	.moved = on_moved,
	.closed = on_closed,
	.refused = on_refused,
};

/* ---- what the wire tells ---------------------------------------------------------------------------------------- */

static void read_certificate(struct connection *connection)
{
	struct origin *origin = connection->origin;
	if (connection->wire.tls == NULL)
		return;
	enum status status =
	    tls_session_peer(connection->wire.tls, origin->arena, &origin->certificate, NULL);
	origin->has_certificate = status == OK;
	origin->has_bad_certificate = status == UNAUTHORIZED;
}

static struct http_engine *on_ready(struct wire *wire, struct str alpn)
{
	struct connection *connection = connection_of(wire);
	struct server *server = connection->server;
	read_certificate(connection);
	struct http_engine *engine =
	    str_is(alpn, "h2") ? http2_new_in(&server->site->memory, &engine_events, connection)
			       : http1_new(true, &engine_events, connection);
	engine->date = &server->date;
	connection->idle_since = act_now(server->act);
	if (server->is_draining)
		http_engine_drain(engine);
	return engine;
}

static void connection_free(struct connection *connection)
{
	assert(list_is_empty(&connection->exchanges));
	list_remove(&connection->link);
	connection->server->connection_count--;
	struct origin *origin = connection->origin;
	if (--origin->refs == 0)
		arena_free(origin->arena);
	mem_free(connection);
}

static void on_wire_closed(struct wire *wire, enum status why)
{
	(void)why;
	struct connection *connection = connection_of(wire);
	struct server *server = connection->server;
	connection_free(connection);
	server_connection_closed(server);
}

static bool on_wire_may_wait(struct wire *wire)
{
	struct server *server = connection_of(wire)->server;
	server_hurry_soon(server);
	return !server->is_draining;
}

const struct wire_events connection_events = { .ready = on_ready,
					       .closed = on_wire_closed,
					       .may_wait = on_wire_may_wait };

void connection_open(struct server *server, struct slot *slot, struct stream *stream)
{
	struct connection *connection = mem_new(struct connection);
	struct arena *arena = arena_new(0);
	struct origin *origin = arena_new_of(arena, struct origin);
	origin->refs = 1;
	origin->arena = arena;
	origin->listener = slot->index;
	origin->remote = arena_str(arena, str_from(stream_peer(stream)));
	connection->server = server;
	connection->origin = origin;
	connection->opened_at = connection->idle_since = act_now(server->act);
	list_init(&connection->exchanges);
	list_push(&server->connections, &connection->link);
	server->connection_count++;
	server->stats.connections_total++;
	struct tls_session *tls = slot->tls != NULL ? tls_session_new(slot->tls, STR_NONE) : NULL;
	wire_open(&connection->wire, server->site->hub, &connection_events, stream, tls);
}

void connection_abandon(struct connection *connection)
{
	wire_abandon(&connection->wire);
	connection_free(connection);
}
