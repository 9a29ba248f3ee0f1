#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/http/server-private.h"

/* ---- life ------------------------------------------------------------------------------------------------ */

static uint32_t or_limit(uint32_t value, uint32_t limit)
{
	return value != 0 ? value : limit;
}

struct http_site *http_site_new(struct wire_hub *hub, const struct http_server_config *config)
{
	struct http_site *site = mem_new(struct http_site);
	site->hub = wire_hub_ref(hub);
	site->refs = 1;
	list_init(&site->claims);
	slab_init(&site->exchanges, sizeof(struct http_exchange));
	http_memory_init(&site->memory);
	site->config = *config;
	struct http_server_config *own = &site->config;
	own->body_max_bytes = or_limit(own->body_max_bytes, LIMIT_BODY_BYTES);
	own->connections_max = or_limit(own->connections_max, LIMIT_CONNECTIONS);
	own->stream_buffer_bytes = or_limit(own->stream_buffer_bytes, LIMIT_STREAM_BUFFER_BYTES);
	own->idle_ms = or_limit(own->idle_ms, LIMIT_HTTP_IDLE_MS);
	own->head_ms = or_limit(own->head_ms, LIMIT_HTTP_HEAD_MS);
	own->stall_ms = or_limit(own->stall_ms, LIMIT_HTTP_STALL_MS);
	return site;
}

void http_site_rest(struct http_site *site)
{
	while (site->arena_count > 0)
		arena_free(site->arenas[--site->arena_count]);
}

void http_site_unref(struct http_site *site)
{
	if (--site->refs > 0)
		return;
	http_site_rest(site);
	slab_fini(&site->exchanges);
	http_memory_fini(&site->memory);
	wire_hub_unref(site->hub);
	mem_free(site);
}

static struct arena *take_arena(struct http_site *site)
{
	return site->arena_count > 0 ? site->arenas[--site->arena_count] : arena_new(0);
}

static void give_arena(struct http_site *site, struct arena *arena)
{
	if (site->arena_count == ARENAS_KEPT || site->hub->is_dead) {
		arena_free(arena);
		return;
	}
	arena_reset(arena);
	site->arenas[site->arena_count++] = arena;
}

struct http_exchange *exchange_new(struct connection *connection)
{
	struct http_site *site = connection->server->site;
	struct http_exchange *exchange = slab_take(&site->exchanges);
	*exchange = (struct http_exchange){ .stream.arena = take_arena(site) };
	exchange->site = site;
	site->refs++;
	site->exchange_count++;
	exchange->origin = connection->origin;
	exchange->origin->refs++;
	exchange->connection = connection;
	exchange->refs = 1;
	exchange->asked_at = exchange->moved_at = act_now(connection->server->act);
	list_init(&exchange->owing_link);
	list_init(&exchange->claim_link);
	list_push(&connection->exchanges, &exchange->link);
	return exchange;
}

static void origin_unref(struct origin *origin)
{
	if (--origin->refs == 0)
		arena_free(origin->arena); /* it lies in there itself */
}

static void forget_body(struct http_exchange *exchange)
{
	exchange->site->bodies_bytes -= exchange->body.len;
	exchange->body = (struct text){ 0 };
}

void exchange_unref(struct http_exchange *exchange)
{
	assert(exchange->refs > 0);
	if (--exchange->refs > 0)
		return;
	assert(exchange->connection == NULL);
	struct http_site *site = exchange->site;
	list_remove(&exchange->owing_link);
	http_queue_clear(&exchange->in);
	origin_unref(exchange->origin);
	forget_body(exchange);
	site->exchange_count--;
	if (exchange->stream.arena != NULL)
		give_arena(site, exchange->stream.arena);
	slab_give(exchange);
	http_site_unref(site);
}

static void touch(struct http_exchange *exchange)
{
	if (exchange->connection != NULL)
		wire_touch(&exchange->connection->wire);
}

static struct str refusal_of(struct http_exchange *exchange, int code, const char *why,
			     struct str *out_type)
{
	const struct http_server_config *config = &exchange->site->config;
	*out_type = STR("text/plain");
	if (config->refusal == NULL)
		return str_from(why);
	return config->refusal(config->arg, exchange->stream.arena, code, why, out_type);
}

static void answer_refusal(struct http_exchange *exchange, int code, const char *why)
{
	struct str type;
	struct str body = refusal_of(exchange, code, why, &type);
	const struct http_header headers[] = { { STR("content-type"), type },
					       { STR("retry-after"), STR("1") } };
	bool is_temporary = code == 429 || code == 503;
	struct http_bytes bytes = { .data = arena_str(exchange->stream.arena, body) };
	http_respond(exchange, code, (struct http_headers){ headers, is_temporary ? 2 : 1 }, bytes);
}

void exchange_refuse(struct http_exchange *exchange, int code, const char *why)
{
	exchange->state = EXCHANGE_REFUSED;
	answer_refusal(exchange, code, why);
}

void exchange_drop_handler(struct http_exchange *exchange)
{
	assert(exchange->state == EXCHANGE_ASKED && !exchange->is_done);
	if (exchange->connection != NULL && !exchange->stream.is_out_begun)
		answer_refusal(exchange, 500, "the request was given up");
	else if (exchange->connection != NULL && !exchange->stream.is_out_ended)
		http_abort(exchange);
	exchange->is_done = true;
	exchange->user = NULL;
	exchange->owes = 0;
	list_remove(&exchange->owing_link);
	list_remove(&exchange->claim_link);
	/* What it did not read of a stream is nobody's now; the peer may send its rest into the void. */
	if (exchange->in.bytes > 0)
		http_stream_consume(&exchange->stream, exchange->in.bytes);
	http_queue_clear(&exchange->in);
	http_stream_leave(&exchange->stream);
	touch(exchange);
	exchange_unref(exchange);
}

/* ---- the request ------------------------------------------------------------------------------------------ */

struct arena *http_arena(struct http_exchange *exchange)
{
	assert(!http_is_settled(exchange));
	return exchange->stream.arena;
}

struct str http_method(const struct http_exchange *exchange)
{
	return exchange->stream.in.method;
}

struct str http_path(const struct http_exchange *exchange)
{
	return exchange->target.path;
}

struct str http_query(const struct http_exchange *exchange)
{
	return exchange->target.query;
}
struct http_headers http_request_headers(const struct http_exchange *exchange)
{
	return exchange->stream.in.headers;
}

struct str http_request_header(const struct http_exchange *exchange, struct str name)
{
	return http_header_get(exchange->stream.in.headers, name);
}

struct str http_authority(const struct http_exchange *exchange)
{
	return exchange->stream.in.authority;
}

struct str http_body(const struct http_exchange *exchange)
{
	return text_str(&exchange->body);
}

enum http_version http_version(const struct http_exchange *exchange)
{
	return exchange->stream.in.version;
}

const struct certificate_info *http_peer_certificate(const struct http_exchange *exchange)
{
	return exchange->origin->has_certificate ? &exchange->origin->certificate : NULL;
}

struct str http_peer_pem(struct http_exchange *exchange)
{
	const struct connection *connection = exchange->connection;

	if (connection == NULL || connection->wire.tls == NULL)
		return STR_NONE;
	return tls_session_peer_pem(connection->wire.tls, http_arena(exchange));
}

bool http_peer_is_doubtful(const struct http_exchange *exchange)
{
	return exchange->origin->has_bad_certificate;
}

struct str http_remote(const struct http_exchange *exchange)
{
	return exchange->origin->remote;
}
uint32_t http_listener_index(const struct http_exchange *exchange)
{
	return exchange->origin->listener;
}
void http_set_user(struct http_exchange *exchange, void *user)
{
	exchange->user = user;
}

void *http_user(const struct http_exchange *exchange)
{
	return exchange->user;
}

void http_leave(struct http_exchange *exchange)
{
	if (exchange->connection == NULL || exchange->connection->wire.engine == NULL)
		return;
	http_engine_drain(exchange->connection->wire.engine);
	touch(exchange);
}

/* ---- the answer ---------------------------------------------------------------------------------------------- */

bool http_is_begun(const struct http_exchange *exchange)
{
	return exchange->stream.is_out_begun;
}
bool http_is_done(const struct http_exchange *exchange)
{
	return exchange->is_done;
}

size_t http_buffered(const struct http_exchange *exchange)
{
	return exchange->stream.out.bytes;
}

static void begin_whole(struct http_exchange *exchange, int code, struct http_headers headers,
			int64_t length)
{
	struct http_head head = { .code = code, .headers = headers, .content_length = length };
	http_stream_begin(&exchange->stream, &head, length > 0);
}

static void end_whole(struct http_exchange *exchange)
{
	http_stream_end(&exchange->stream, (struct http_headers){ 0 });
	touch(exchange);
}

void http_respond(struct http_exchange *exchange, int code, struct http_headers headers,
		  struct http_bytes body)
{
	begin_whole(exchange, code, headers, body.data.len);
	/* An empty body has ended with its head: nothing may be added to it. */
	if (body.data.len > 0)
		http_stream_add(&exchange->stream, body);
	else if (body.release != NULL)
		body.release(body.arg);
	end_whole(exchange);
}

void http_respond_parts(struct http_exchange *exchange, int code, struct http_headers headers,
			struct http_parts body)
{
	begin_whole(exchange, code, headers, (int64_t)http_parts_bytes(body));
	if (body.count > 0)
		http_stream_add_parts(&exchange->stream, body);
	end_whole(exchange);
}

void http_begin(struct http_exchange *exchange, int code, struct http_headers headers)
{
	struct http_head head = { .code = code,
				  .headers = headers,
				  .content_length = HTTP_LENGTH_UNKNOWN };
	http_stream_begin(&exchange->stream, &head, true);
	touch(exchange);
}

/* What nobody will read is not held against the writer. */
static bool is_below_mark(struct http_exchange *exchange)
{
	touch(exchange);
	if (exchange->stream.out.bytes <= exchange->site->config.stream_buffer_bytes)
		return true;
	exchange->wants_writable = true;
	return false;
}

bool http_write(struct http_exchange *exchange, struct http_bytes bytes)
{
	http_stream_add(&exchange->stream, bytes);
	return is_below_mark(exchange);
}

bool http_write_headed(struct http_exchange *exchange, struct str head, struct http_bytes bytes)
{
	http_stream_add_headed(&exchange->stream, head, bytes);
	return is_below_mark(exchange);
}

bool http_write_parts(struct http_exchange *exchange, struct http_parts parts)
{
	http_stream_add_parts(&exchange->stream, parts);
	return is_below_mark(exchange);
}

bool http_write_copy(struct http_exchange *exchange, struct str bytes)
{
	http_stream_copy(&exchange->stream, bytes);
	return is_below_mark(exchange);
}

bool http_settle(struct http_exchange *exchange)
{
	struct http_stream *stream = &exchange->stream;
	struct arena *arena = stream->arena;
	if (http_is_settled(exchange))
		return true;
	if (!stream->is_out_begun || !stream->is_in_ended || exchange->is_streamed)
		return false;
	http_stream_settle(stream);
	forget_body(exchange);
	exchange->target = (struct url_target){ 0 };
	give_arena(exchange->site, arena);
	return true;
}

bool http_is_settled(const struct http_exchange *exchange)
{
	return exchange->stream.arena == NULL;
}

void http_end_trailers(struct http_exchange *exchange, struct http_headers trailers)
{
	http_stream_end(&exchange->stream, trailers);
	touch(exchange);
}

void http_end(struct http_exchange *exchange)
{
	http_end_trailers(exchange, (struct http_headers){ 0 });
}

void http_abort(struct http_exchange *exchange)
{
	if (exchange->connection == NULL)
		return;
	struct wire *wire = &exchange->connection->wire;
	exchange->is_aborted = true;
	http_stream_reset(&exchange->stream);
	wire_touch(wire);
}

void http_done(struct http_exchange *exchange)
{
	exchange_drop_handler(exchange);
}

/* ---- streams and upgrades -------------------------------------------------------------------------------------- */

size_t http_read(struct http_exchange *exchange, void *out, size_t size, bool *ended)
{
	size_t taken = http_queue_take(&exchange->in, out, size);
	if (taken > 0) {
		http_stream_consume(&exchange->stream, taken);
		touch(exchange);
	}
	if (exchange->in.bytes == 0)
		exchange->is_readable_told = false; /* the next bytes are told again */
	*ended = exchange->in.bytes == 0 && (exchange->stream.is_in_ended || exchange->is_gone);
	return taken;
}

bool http_is_streamed(const struct http_exchange *exchange)
{
	return exchange->is_streamed;
}

bool http_is_whole(const struct http_exchange *exchange)
{
	return exchange->stream.is_in_ended;
}

struct str http_upgrade_wanted(const struct http_exchange *exchange)
{
	const struct http_head *in = &exchange->stream.in;
	if (in->version != HTTP_1_1 ||
	    !http_header_has_token(http_header_get(in->headers, STR("connection")), STR("upgrade")))
		return STR_NONE;
	return http_header_get(in->headers, STR("upgrade"));
}

void http_upgrade(struct http_exchange *exchange, struct str protocol, struct http_headers headers)
{
	assert(http_upgrade_wanted(exchange).at != NULL && !exchange->is_streamed);
	struct arena *arena = exchange->stream.arena;
	struct http_header *all = arena_array(arena, struct http_header, headers.count + 1);
	all[0] = (struct http_header){ STR("upgrade"), protocol };
	for (uint32_t i = 0; i < headers.count; i++)
		all[i + 1] = headers.at[i];
	struct http_head head = { .code = 101, .headers = { all, headers.count + 1 } };
	exchange->is_streamed = true;
	http_stream_begin(&exchange->stream, &head, true);
	touch(exchange);
}
