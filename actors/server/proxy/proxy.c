#include "actors/server/proxy/proxy.h"

#include "actors/server/aggregate/front-proxy.h"
#include "actors/server/audit/audit.h"
#include "actors/server/proxy/rewrite.h"
#include "actors/server/server-private.h"
#include "transport/http/client.h"
#include "transport/http/server.h"

#define PIECE_BYTES (16U * KIB)

struct proxied {
	struct proxy_target target;
	struct place *place; /* NULL: nothing is called any more */
	struct http_call *call;
	bool is_begun;    /* the head of the answer has left */
	bool is_upgraded; /* both ways are open */
	bool is_streamed; /* so is the one there, until the body is whole */
	bool is_broken;
	bool is_stalled; /* the peer takes no more now */
	bool has_ended;  /* the asker says no more */
	bool is_rewritten;
};

static struct http_exchange *exchange_of(const struct request *r)
{
	return r->door == &http_door ? r->peer : NULL;
}

static void hang_up(struct request *r, struct proxied *p)
{
	if (p->place == NULL)
		return;
	http_call_close(p->call);
	place_leave(p->place, act_now(r->server->act));
	p->place = NULL;
	p->call = NULL;
	if (p->target.is_long)
		r->server->proxied_count--;
}

void proxy_drop(struct request *r)
{
	struct proxied *p = r->proxied;

	if (p == NULL)
		return;
	hang_up(r, p);
	if (!p->is_begun || r->is_answered)
		return;
	audit_end(r);
	if (exchange_of(r) != NULL)
		http_abort(exchange_of(r));
}

/* ---- bodies that are streamed ------------------------------------------------------------------------------------- */

#define COLLECTED_BYTES \
	(64 * (int64_t)KIB) /* smaller ones are no burden, and may be sent once more */

bool proxy_is_streamed(const struct proxy_head *head)
{
	struct route route;
	struct arena *arena;
	bool is_one;

	if (head->is_upgrade || str_find(head->path, STR("/proxy")) < 0 ||
	    str_is_among(head->method, "GET|HEAD", '|') ||
	    (head->length > 0 ? head->length <= COLLECTED_BYTES : !head->may_follow))
		return false;
	arena = arena_new(0);
	is_one = route_parse(arena, head->method, head->path, false, &route, NULL) == OK &&
		 route.is_resource && route.group.len == 0 && str_is(route.subresource, "proxy");
	arena_free(arena);
	return is_one;
}

static int64_t length_of(const struct http_exchange *exchange)
{
	int64_t length = 0;
	bool is_said =
	    str_to_i64(http_request_header(exchange, STR("content-length")), &length) == OK;

	return is_said && length > 0 ? length : 0;
}

bool server_is_streamed(void *arg, const struct http_exchange *exchange)
{
	struct proxy_head head = {
		.method = http_method(exchange),
		.path = http_path(exchange),
		.length = length_of(exchange),
		.may_follow = http_request_header(exchange, STR("transfer-encoding")).len > 0 ||
			      (http_version(exchange) == HTTP_2 &&
			       http_request_header(exchange, STR("content-length")).at == NULL),
		.is_upgrade = http_upgrade_wanted(exchange).at != NULL,
	};

	(void)arg;
	return proxy_is_streamed(&head);
}

/* ---- what the asker says ---------------------------------------------------------------------------------------- */

/*
 * On an upgraded connection, or of a body that is streamed: as fast as the other side takes it. A body that breaks off is not ended, or half
 * of it would pass for all; the end of the asker ends the call.
 */
static void pump_up(struct request *r, struct proxied *p)
{
	char piece[PIECE_BYTES];
	bool has_room = true;

	while ((p->is_upgraded || p->is_streamed) && !p->has_ended && has_room) {
		size_t len = http_read(exchange_of(r), piece, sizeof piece, &p->has_ended);

		if (len > 0)
			has_room = http_call_write_copy(p->call, str_of(piece, len));
		if (p->has_ended && (p->is_upgraded || http_is_whole(exchange_of(r))))
			http_call_end(p->call);
		if (len == 0)
			return;
	}
}

/* ---- asking --------------------------------------------------------------------------------------------------- */

/* Those by which front proxies speak to us, however they are called here, are ours to judge and not to hand on. */
static struct http_headers without_proxies(const struct request *r, struct http_headers in)
{
	const struct request_headers *config = r->server->config->request_headers;
	struct http_header *at;
	uint32_t count = 0;

	if (config == NULL)
		return in;
	at = arena_array(r->arena, struct http_header, in.count + 1);
	for (uint32_t i = 0; i < in.count; i++)
		if (!request_header_is_one(config, in.at[i].name))
			at[count++] = in.at[i];
	return (struct http_headers){ at, count };
}

struct http_headers proxy_headers(const struct request *r)
{
	static const struct http_header json[] = { { STR("accept"), STR("application/json") },
						   { STR("content-type"),
						     STR("application/json") } };
	struct http_header *at;
	uint32_t count = 0;

	if (exchange_of(r) != NULL)
		return without_proxies(r, http_request_headers(exchange_of(r)));
	/* Of a message only these are known. */
	at = arena_array(r->arena, struct http_header, 3);
	at[count++] = r->asked.accept.len > 0
			  ? (struct http_header){ STR("accept"), r->asked.accept }
			  : json[0];
	if (r->asked.body.len > 0)
		at[count++] =
		    r->asked.content_type.len > 0
			? (struct http_header){ STR("content-type"), r->asked.content_type }
			: json[1];
	at[count++] = (struct http_header){ STR("user-agent"), r->asked.agent };
	return (struct http_headers){ at, count };
}

struct str proxy_remote(const struct request *r)
{
	struct str remote = exchange_of(r) != NULL ? http_remote(exchange_of(r)) : STR("");
	int64_t colon = str_find_last(remote, ':');

	return colon > 0 ? str_slice(remote, 0, (uint32_t)colon) : STR("");
}

struct str proxy_authority(const struct request *r)
{
	return exchange_of(r) != NULL ? http_authority(exchange_of(r)) : STR_NONE;
}

struct str proxy_upgrade(const struct request *r)
{
	return exchange_of(r) != NULL ? http_upgrade_wanted(exchange_of(r)) : STR_NONE;
}

struct str proxy_path(struct request *r, struct str path)
{
	if (r->asked.query.at == NULL)
		return path;
	return request_printf(r, STR_FMT "?" STR_FMT, STR_ARG(path), STR_ARG(r->asked.query));
}

static uint32_t left_ms(const struct request *r, const struct proxied *p)
{
	int64_t left = (r->deadline.ns - act_now(r->server->act).ns) / TIME_MS;

	if (p->target.is_long)
		return LIMIT_PROXIED_HEAD_MS;
	return left < 1 ? 1 : left > LIMIT_REQUEST_MS ? LIMIT_REQUEST_MS : (uint32_t)left;
}

static enum status call(struct request *r, struct proxied *p, struct fault *why)
{
	struct http_request request = {
		.method = r->asked.method,
		.path = p->target.path,
		.authority = p->target.authority,
		.headers = p->target.headers,
		.body = HTTP_BYTES(r->asked.body),
		.is_body_streamed = p->is_streamed,
		.body_bytes = p->is_streamed ? length_of(exchange_of(r)) : 0,
		.is_answer_streamed = exchange_of(r) != NULL,
		.upgrade = proxy_upgrade(r),
		.timeout_ms = left_ms(r, p),
		.answer_max_bytes = LIMIT_ANSWER_BYTES,
	};
	enum status status = BUSY;

	for (int tries = 0; tries < 2; tries++) {
		TRY(places_enter(r->server->places, r->server->act, &p->target.place, &p->place,
				 why));
		status =
		    http_call(r->server->act, place_client(p->place), &request, r->tag, &p->call);
		if (status == OK)
			break;
		if (status == NOT_FOUND)
			places_forget(r->server->places, p->place);
		place_leave(p->place, act_now(r->server->act));
		p->place = NULL;
	}
	if (status != OK)
		return fault_set(why, status, "", "%s", status_text(status));
	http_call_set_user(p->call, r);
	return OK;
}

enum next proxy_send(struct request *r, const struct proxy_target *target)
{
	struct proxied *p = arena_new_of(r->arena, struct proxied);
	struct fault why = { 0 };

	p->target = *target;
	p->is_streamed = exchange_of(r) != NULL && http_is_streamed(exchange_of(r));
	if (target->is_long && r->server->proxied_count >= LIMIT_PROXIED)
		return request_fail(
		    r, failure_too_many(r->arena, 1, "too many requests are handed on already"));
	if (call(r, p, &why) != OK)
		return target->failed(r, why.status, arena_str(r->arena, str_from(why.text)));
	r->proxied = p;
	pump_up(r, p);
	if (!target->is_long)
		return WAIT;
	flight_leave(r);
	r->server->proxied_count++;
	r->deadline.ns = INT64_MAX;
	return WAIT;
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

static enum next over(struct request *r, struct proxied *p, bool is_whole)
{
	struct http_exchange *exchange = exchange_of(r);

	hang_up(r, p);
	if (is_whole)
		http_end(exchange);
	else
		http_abort(exchange);
	r->look_at.ns = 0;
	r->is_answered = true;
	return DONE;
}

/* What comes, with its links made ours. False: it cannot be gone on with. */
static bool pass(struct request *r, struct proxied *p, struct str piece, bool is_last)
{
	struct text out;
	bool is_well;

	if (!p->is_rewritten) {
		p->is_stalled = piece.len > 0 && !http_write_copy(exchange_of(r), piece);
		return true;
	}
	out = text_new(LIMIT_ANSWER_BYTES);
	is_well = rewrite_add(p->target.rewrite, piece, is_last, &out) == OK;
	if (is_well && out.len > 0)
		p->is_stalled = !http_write_copy(exchange_of(r), text_str(&out));
	text_fini(&out);
	return is_well;
}

static enum next pump(struct request *r, struct proxied *p)
{
	char piece[PIECE_BYTES];
	bool has_ended = false;

	pump_up(r, p);
	while (!p->is_stalled && !has_ended) {
		size_t len = http_call_read(p->call, piece, sizeof piece, &has_ended);

		if (len == 0 && !has_ended)
			break;
		if (!pass(r, p, str_of(piece, len), has_ended))
			return over(r, p, false);
	}
	if (has_ended)
		return over(r, p, !p->is_broken);
	if (p->is_broken)
		return over(r, p, false);
	return WAIT;
}

static enum next begin(struct request *r, struct proxied *p)
{
	struct http_exchange *exchange = exchange_of(r);
	struct http_headers headers = front_proxy_answer(r->arena, http_call_headers(p->call));
	int code = http_call_code(p->call);

	if (proxy_upgrade(r).at != NULL && code != 101 && code < 400) {
		hang_up(r, p);
		return request_fail(
		    r, failure_plain(
			   r->arena, 500,
			   request_printf(r, "invalid upgrade response: status code %d", code)));
	}
	if (p->target.rewrite != NULL)
		p->is_rewritten = rewrite_begin(p->target.rewrite, &headers) && code != 101;
	p->is_begun = true;
	r->answer.code = code;
	if (p->target.is_long) {
		measure_stands(r);
		audit_start(r);
	} else {
		/* Its own end of time: what has begun cannot be answered otherwise. */
		r->look_at = r->deadline;
		r->deadline.ns = INT64_MAX;
	}
	if (code == 101) {
		p->is_upgraded = true;
		http_upgrade(exchange, http_upgrade_wanted(exchange), headers);
	} else {
		http_begin(exchange, code, headers);
	}
	return pump(r, p);
}

static enum next answer_whole(struct request *r, struct proxied *p)
{
	struct str type = arena_str(r->arena, http_call_header(p->call, STR("content-type")));
	struct str body = arena_str(r->arena, http_call_body(p->call));
	int code = http_call_code(p->call);

	hang_up(r, p);
	return request_answer_body(r, code, type, body);
}

static enum next answered(struct request *r, struct proxied *p)
{
	enum status status = r->store_answer->status;
	const char *words = http_call_fault(p->call)->text;
	struct str said;

	r->store_answer = NULL;
	if (status == OK)
		return exchange_of(r) != NULL ? begin(r, p) : answer_whole(r, p);
	said = status == TIMEOUT ? STR("context deadline exceeded")
				 : request_printf(r, "%s", words[0] ? words : status_text(status));
	hang_up(r, p);
	return p->target.failed(r, status, said);
}

enum next proxy_go_on(struct request *r)
{
	struct proxied *p = r->proxied;

	if (r->store_answer != NULL)
		return answered(r, p);
	if (!p->is_begun)
		return WAIT;
	if (r->look_at.ns != 0 && act_now(r->server->act).ns >= r->look_at.ns)
		return over(r, p, false);
	return pump(r, p);
}

/* ---- what comes meanwhile ------------------------------------------------------------------------------------------ */

static struct request *request_of(struct http_call *call)
{
	return http_call_is_closed(call) ? NULL : http_call_user(call);
}

static void go_on(struct request *r)
{
	struct proxied *p = r != NULL ? r->proxied : NULL;

	if (p != NULL && p->is_begun && r->is_waiting)
		request_run(r);
	else if (p != NULL && p->place != NULL)
		pump_up(r, p);
}

bool proxy_receive(struct server *server, const struct act_msg *msg)
{
	struct request *r;

	(void)server;
	if (ACT_IS(msg, http_call_readable)) {
		go_on(request_of(ACT_AS(msg, http_call_readable)->call));
	} else if (ACT_IS(msg, http_call_writable)) {
		go_on(request_of(ACT_AS(msg, http_call_writable)->call));
	} else if (ACT_IS(msg, http_call_broken)) {
		r = request_of(ACT_AS(msg, http_call_broken)->call);
		if (r != NULL)
			r->proxied->is_broken = true;
		go_on(r);
	} else {
		return false;
	}
	return true;
}

void proxy_moved(struct request *r)
{
	struct proxied *p = r->proxied;

	if (p == NULL)
		return;
	p->is_stalled = false;
	go_on(r);
}
