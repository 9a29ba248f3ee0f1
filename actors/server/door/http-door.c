#include "actors/client/uid.h"
#include "actors/server/door/cors.h"
#include "actors/server/door/packing.h"
#include "actors/server/door/websocket-door.h"
#include "actors/server/flow/flow.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/server-private.h"
#include "transport/http/server.h"

/*
 * The HTTP door: exchanges become requests, answers become responses.
 *
 * Headers are upstream's: Audit-Id, Cache-Control, Warning, Retry-After. Watch events are borrowed lines, so a thousand
 * watchers send the same bytes.
 */

#define HEADERS_MAX 24U /* beside warnings */
#define AUDIT_ID_MAX 64U

static struct http_exchange *exchange_of(const struct request *r)
{
	return r->peer;
}

/* ---- in ------------------------------------------------------------------------------------------------ */

/* Who says that it has judged somebody else shows what it is believed by. */
static void take_proxy(const struct request_headers *config, struct http_exchange *exchange,
		       struct asked *asked)
{
	struct http_headers headers = http_request_headers(exchange);

	if (config == NULL || !request_header_is_shown(config, headers))
		return;
	asked->headers = headers;
	asked->shown_pem = http_peer_pem(exchange);
}

/* 127.0.0.1:4711, [::1]:4711; those beside us on this machine have none. */
static struct str address_of(struct str peer)
{
	int64_t colon = str_find_last(peer, ':');
	struct str address = str_slice(peer, 0, colon < 0 ? 0 : (uint32_t)colon);

	if (str_starts(address, STR("[")) && address.len > 2)
		address = str_slice(address, 1, address.len - 1);
	return address;
}

static void take_head(struct server *server, struct http_exchange *exchange, struct asked *asked)
{
	asked->method = http_method(exchange);
	asked->path = http_path(exchange);
	asked->query = http_query(exchange);
	asked->accept = http_request_header(exchange, STR("accept"));
	asked->content_type = http_request_header(exchange, STR("content-type"));
	asked->accept_encoding = http_request_header(exchange, STR("accept-encoding"));
	asked->agent = http_request_header(exchange, STR("user-agent"));
	asked->if_none_match = http_request_header(exchange, STR("if-none-match"));
	asked->authorization = http_request_header(exchange, STR("authorization"));
	asked->forwarded = http_request_header(exchange, STR("x-forwarded-for"));
	asked->address = address_of(http_remote(exchange));
	asked->audit_id = http_request_header(exchange, STR("audit-id"));
	if (asked->audit_id.len == 0 || asked->audit_id.len > AUDIT_ID_MAX)
		asked->audit_id = uid_new(server->act, http_arena(exchange));
	asked->body = http_body(exchange);
	asked->certificate = http_peer_certificate(exchange);
	asked->has_bad_certificate = http_peer_is_doubtful(exchange);
	take_proxy(server->config->request_headers, exchange, asked);
	/* What cannot be read must not be passed over: it then asks for a user that nobody may be. */
	if (impersonate_read(http_request_headers(exchange), http_arena(exchange),
			     &asked->impersonated) != OK)
		asked->impersonated = (struct user){ .uid = STR("undecodable") };
}

static void came(struct server *server, struct http_exchange *exchange)
{
	struct str origin =
	    http_is_done(exchange) ? STR_NONE : cors_origin(server->config->cors, exchange);
	struct request *r;

	if (http_is_done(exchange) || cors_answer(origin, exchange))
		return;
	r = server_request_new(server, http_arena(exchange));
	r->door = &http_door;
	r->peer = exchange;
	take_head(server, exchange, &r->asked);
	r->asked.origin = origin;
	http_set_user(exchange, r);
	request_run(r);
}

/* Behind an exchange that has settled stands a watch, behind any other a request. */
static void gone(struct http_exchange *exchange)
{
	if (http_is_done(exchange) || http_user(exchange) == NULL)
		return;
	if (http_is_settled(exchange))
		watch_cancel(http_user(exchange));
	else
		request_cancel(http_user(exchange));
}

/* Of an upgraded connection: nothing else is streamed to us. */
static void readable(struct http_exchange *exchange)
{
	struct request *r = http_is_done(exchange) ? NULL : http_user(exchange);

	if (r != NULL && r->door == &websocket_door)
		websocket_door_readable(r);
	else if (r != NULL)
		proxy_moved(r);
}

static void moved(struct http_exchange *exchange)
{
	void *user = http_is_done(exchange) ? NULL : http_user(exchange);

	if (user == NULL)
		return;
	if (http_is_settled(exchange))
		watch_writable(user);
	else if (request_watch(user) != NULL)
		watch_writable(request_watch(user));
	else
		proxy_moved(user);
}

bool http_door_receive(struct server *server, const struct act_msg *msg)
{
	if (ACT_IS(msg, http_asked)) {
		came(server, ACT_AS(msg, http_asked)->exchange);
	} else if (ACT_IS(msg, http_gone)) {
		gone(ACT_AS(msg, http_gone)->exchange);
	} else if (ACT_IS(msg, http_writable)) {
		moved(ACT_AS(msg, http_writable)->exchange);
	} else if (ACT_IS(msg, http_readable)) {
		readable(ACT_AS(msg, http_readable)->exchange);
	} else {
		return ACT_IS(msg, http_listening);
	}
	return true;
}

/* ---- out ------------------------------------------------------------------------------------------------- */

struct heading {
	struct http_header *at;
	uint32_t count, cap;
};

static void add(struct heading *heading, const char *name, struct str value)
{
	if (heading->count < heading->cap && value.at != NULL)
		heading->at[heading->count++] = (struct http_header){ str_from(name), value };
}

/* Their names are nobody's business but the operators'; the strings may go before they are sent. */
static void add_flow(struct heading *heading, struct request *r)
{
	struct str schema, level;

	if (!flow_uids(r, &schema, &level))
		return;
	add(heading, "x-kubernetes-pf-flowschema-uid", arena_str(r->arena, schema));
	add(heading, "x-kubernetes-pf-prioritylevel-uid", arena_str(r->arena, level));
}

static struct heading heading_of(struct request *r)
{
	struct heading heading = { .cap = HEADERS_MAX + CORS_HEADERS + r->warning_count };
	const struct answer *answer = &r->answer;

	heading.at = arena_alloc(r->arena, heading.cap * sizeof *heading.at);

	add(&heading, "audit-id", r->asked.audit_id);
	add(&heading, "cache-control",
	    answer->cache_control.at ? answer->cache_control : STR("no-cache, private"));
	if (!answer->is_empty)
		add(&heading, "content-type", answer->content_type);
	add(&heading, "etag", answer->etag);
	if (answer->etag.at != NULL)
		add(&heading, "vary", STR("Accept"));
	add_flow(&heading, r);
	add(&heading, "allow", answer->allow);
	add(&heading, "location", answer->location);
	if (request_retry_after(r) > 0)
		add(&heading, "retry-after", request_printf(r, "%d", request_retry_after(r)));
	if (answer->policy.at != NULL) {
		add(&heading, "content-security-policy", answer->policy);
		add(&heading, "referrer-policy", STR("no-referrer"));
		add(&heading, "x-frame-options", STR("DENY"));
	}
	if (answer->code == 403 || answer->policy.at != NULL ||
	    str_starts(answer->content_type, STR("text/plain")))
		add(&heading, "x-content-type-options", STR("nosniff"));
	add(&heading, "strict-transport-security", r->server->config->strict_transport);
	if (r->asked.origin.at != NULL) {
		cors_add(r->asked.origin, heading.at + heading.count);
		heading.count += CORS_HEADERS;
	}
	heading.count += warning_headers(r, heading.at + heading.count);
	return heading;
}

static struct http_headers headers_of(const struct heading *heading)
{
	return (struct http_headers){ heading->at, heading->count };
}

/* The request lies in the exchange's arena, and so does what this points to. */
static struct http_parts body_of(const struct request *r)
{
	const struct answer *answer = &r->answer;

	if (answer->is_empty || (answer->parts.count == 0 && answer->body.len == 0))
		return (struct http_parts){ NULL, 0 };
	return answer->parts.count > 0 ? answer->parts : (struct http_parts){ &answer->body, 1 };
}

/* By chance, so that clients spread over servers; and whoever is nobody in particular does not keep a connection of many streams. */
static bool is_sent_away(const struct request *r)
{
	double chance = r->server->config->goaway_chance;

	if (http_version(exchange_of(r)) != HTTP_2)
		return false;
	return r->answer.code == 401 || str_eq(r->user.name, USER_ANONYMOUS) ||
	       (chance > 0 && (double)(act_random(r->server->act) >> 11) * 0x1p-53 < chance);
}

static void http_answer(struct request *r)
{
	struct heading heading = heading_of(r);
	struct http_parts body = body_of(r);

	if (is_sent_away(r))
		http_leave(exchange_of(r));

	if (packing_take(r, exchange_of(r), headers_of(&heading), body))
		return;
	if (r->answer.encoding.at != NULL) {
		add(&heading, "content-encoding", r->answer.encoding);
		add(&heading, "vary", STR("Accept-Encoding"));
	}
	http_respond_parts(exchange_of(r), r->answer.code, headers_of(&heading), body);
}

static void http_release(struct request *r)
{
	struct http_exchange *exchange = exchange_of(r);

	http_set_user(exchange, NULL);
	if (r->is_packing)
		return;      /* packing.c goes on with it */
	http_done(exchange); /* the arena, and the request in it, go with this */
}

/* The HTTP server hears that its handler has ended, and ends the exchange. */
static void http_abandon(struct request *r)
{
	(void)r;
}

/* ---- watches --------------------------------------------------------------------------------------------------- */

static void http_watch_begin(struct request *r)
{
	struct heading heading;

	if (websocket_door_begin(r, exchange_of(r)))
		return;
	heading = heading_of(r);
	http_begin(exchange_of(r), 200, headers_of(&heading));
}

static bool http_watch_event(const struct outlet *to, enum cache_change change,
			     const struct object *object)
{
	struct line *line = line_get(&to->server->lines, change, to->format, object);

	measure_event(to, line->len);
	return http_write(to->peer, (struct http_bytes){ .data = { line->bytes, line->len },
							 .release = line_unref,
							 .arg = line });
}

static bool http_watch_bytes(const struct outlet *to, const char *kind, struct str bytes,
			     uint64_t revision, bool is_initial_end)
{
	struct text out = line_text(to->format, str_from(kind), bytes);
	bool has_room = http_write_copy(to->peer, text_str(&out));

	measure_event(to, out.len);
	(void)revision;
	(void)is_initial_end;
	text_fini(&out);
	return has_room;
}

static bool http_text(const struct outlet *to, struct str text)
{
	return http_write_copy(to->peer, text);
}

static bool http_watch_flush(const struct outlet *to)
{
	(void)to; /* the HTTP server writes at the end of each turn */
	return true;
}

static void http_watch_end(const struct outlet *to, int32_t code)
{
	(void)code;
	http_end(to->peer);
}

static void *http_watch_settle(struct request *r, struct watch *watch, struct arena *arena)
{
	struct http_exchange *exchange = exchange_of(r);

	(void)arena;
	http_set_user(exchange, watch);
	http_settle(exchange); /* the request goes with its arena */
	return exchange;
}

static void http_watch_leave(const struct outlet *to)
{
	http_set_user(to->peer, NULL);
	http_done(to->peer);
}

/* As http_abandon. */
static void http_watch_lose(const struct outlet *to)
{
	(void)to;
}

const struct door http_door = {
	.name = "http",
	.answer = http_answer,
	.begin = http_watch_begin,
	.event = http_watch_event,
	.event_bytes = http_watch_bytes,
	.text = http_text,
	.flush = http_watch_flush,
	.end = http_watch_end,
	.abandon = http_abandon,
	.release = http_release,
	.settle = http_watch_settle,
	.leave = http_watch_leave,
	.lose = http_watch_lose,
};
