#include "actors/server/aggregate/proxy.h"

#include "actors/server/aggregate/aggregates.h"
#include "actors/server/aggregate/front-proxy.h"
#include "actors/server/outside/places.h"
#include "actors/server/server-private.h"
#include "transport/http/client.h"
#include "transport/http/server.h"

#define PIECE_BYTES (16U * KIB)
#define PIECES_AT_ONCE 16U /* of one request in one turn; the rest comes in the next */

struct proxied {
	struct str group, version;
	struct place *place; /* NULL: nothing is called, or no more */
	struct http_call *call;
	bool is_begun;    /* the head of the answer has left */
	bool is_upgraded; /* both ways are open */
	bool is_long;     /* a watch, or upgraded: it takes no place among the requests under way */
	bool is_broken;
	bool is_stalled; /* the peer takes no more now */
	bool has_ended;  /* the peer says no more, on an upgraded connection */
};

static struct proxied *proxied_of(const struct request *r)
{
	return r->steps == &proxy_steps ? r->work : NULL;
}

static struct http_exchange *exchange_of(const struct request *r)
{
	return r->door == &http_door ? r->peer : NULL;
}

bool proxy_takes(struct request *r, struct str group, struct str version)
{
	struct proxied *p;

	if (aggregate_of(r->server, group, version) == NULL)
		return false;
	p = r->work = arena_new_of(r->arena, struct proxied);
	p->group = group;
	p->version = version;
	r->steps = &proxy_steps;
	return true;
}

static void hang_up(struct request *r, struct proxied *p)
{
	if (p->place == NULL)
		return;
	http_call_close(p->call);
	place_leave(p->place, act_now(r->server->act));
	p->place = NULL;
	p->call = NULL;
	if (p->is_long && p->is_begun)
		r->server->proxied_count--;
}

void proxy_drop(struct request *r)
{
	struct proxied *p = proxied_of(r);

	if (p == NULL)
		return;
	hang_up(r, p);
	if (p->is_begun && exchange_of(r) != NULL && !r->is_answered)
		http_abort(exchange_of(r));
}

/* ---- asking --------------------------------------------------------------------------------------------------- */

/* Upstream's aggregator says so in plain words. */
static enum next unavailable(struct request *r, struct str words)
{
	return request_answer_body(r, 503, STR("text/plain; charset=utf-8"),
				   request_printf(r, STR_FMT "\n", STR_ARG(words)));
}

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

static struct http_headers headers_in(const struct request *r)
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

static struct str remote_of(const struct request *r)
{
	struct str remote = exchange_of(r) != NULL ? http_remote(exchange_of(r)) : STR("");
	int64_t colon = str_find_last(remote, ':');

	return colon > 0 ? str_slice(remote, 0, (uint32_t)colon) : STR("");
}

static uint32_t left_ms(const struct request *r)
{
	int64_t left = (r->deadline.ns - act_now(r->server->act).ns) / TIME_MS;

	return left < 1 ? 1 : left > LIMIT_REQUEST_MS ? LIMIT_REQUEST_MS : (uint32_t)left;
}

static enum status call(struct request *r, struct proxied *p, const struct place_spec *spec,
			struct http_request *request, struct fault *why)
{
	enum status status = BUSY;

	for (int tries = 0; tries < 2; tries++) {
		TRY(places_enter(r->server->places, r->server->act, spec, &p->place, why));
		status =
		    http_call(r->server->act, place_client(p->place), request, r->tag, &p->call);
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

static enum next ask(struct request *r, struct proxied *p)
{
	const struct apiregistration_api_service *service =
	    aggregate_of(r->server, p->group, p->version);
	struct http_exchange *exchange = exchange_of(r);
	struct str query = r->asked.query;
	struct fault why = { 0 };
	struct place_spec spec;
	struct http_request request = {
		.method = r->asked.method,
		.path = query.at != NULL ? request_printf(r, STR_FMT "?" STR_FMT,
							  STR_ARG(r->asked.path), STR_ARG(query))
					 : r->asked.path,
		.body = HTTP_BYTES(r->asked.body),
		.is_answer_streamed = exchange != NULL,
		.upgrade = exchange != NULL ? http_upgrade_wanted(exchange) : STR_NONE,
		.timeout_ms = left_ms(r),
		.answer_max_bytes = LIMIT_ANSWER_BYTES,
	};

	if (service == NULL)
		return pages_not_found(r);
	if (!aggregate_is_available(service) ||
	    aggregate_place(r->server, service, r->arena, &spec, &why) != OK)
		return unavailable(r, STR("service unavailable"));
	p->is_long = r->route.verb == VERB_WATCH || request.upgrade.at != NULL;
	if (p->is_long && r->server->proxied_count >= LIMIT_PROXIED)
		return request_fail(
		    r, failure_too_many(r->arena, 1, "too many watches of other servers"));
	if (p->is_long && exchange == NULL)
		return request_fail(
		    r, failure_not_implemented(r->arena,
					       "watches of other servers are not for messages"));
	if (front_proxy_headers(r->arena, headers_in(r), &r->user, remote_of(r),
				&request.headers) != OK)
		return request_fail(r, failure_internal(r->arena, "the user cannot be told of"));
	request.authority = request_printf(r, STR_FMT, STR_ARG(spec.server_name));
	if (call(r, p, &spec, &request, &why) == OK)
		return WAIT;
	if (why.status == INVALID)
		return request_answer_body(r, 500, STR("text/plain; charset=utf-8"),
					   request_printf(r, "%s\n", why.text));
	return unavailable(r, request_printf(r, "error trying to reach service: %s", why.text));
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

/* What the peer says on an upgraded connection. False: the other side is gone. */
static void pump_up(struct request *r, struct proxied *p)
{
	char piece[PIECE_BYTES];
	bool has_room = true;

	while (!p->has_ended && has_room) {
		size_t len = http_read(exchange_of(r), piece, sizeof piece, &p->has_ended);

		if (len > 0)
			has_room = http_call_write_copy(p->call, str_of(piece, len));
		if (p->has_ended)
			http_call_end(p->call);
		if (len == 0)
			return;
	}
}

static enum next pump(struct request *r, struct proxied *p)
{
	char piece[PIECE_BYTES];
	bool has_ended = false;

	if (p->is_upgraded)
		pump_up(r, p);
	while (!p->is_stalled && !has_ended) {
		size_t len = http_call_read(p->call, piece, sizeof piece, &has_ended);

		if (len > 0)
			p->is_stalled = !http_write_copy(exchange_of(r), str_of(piece, len));
		else if (!has_ended)
			break;
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

	p->is_begun = true;
	r->answer.code = code;
	if (p->is_long) {
		flight_leave(r);
		r->server->proxied_count++;
		r->deadline.ns = INT64_MAX;
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
	said = status == TIMEOUT ? STR("error trying to reach service: context deadline exceeded")
				 : request_printf(r, "error trying to reach service: %s",
						  words[0] != '\0' ? words : status_text(status));
	hang_up(r, p);
	aggregates_doubt(r->server->aggregates, p->group, p->version);
	return unavailable(r, said);
}

static enum next proxy_read(struct request *r)
{
	struct proxied *p = r->work;

	if (p->place == NULL)
		return ask(r, p);
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
	struct proxied *p = r != NULL ? proxied_of(r) : NULL;

	if (p != NULL && p->is_begun && r->is_waiting)
		request_run(r);
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
			proxied_of(r)->is_broken = true;
		go_on(r);
	} else {
		return false;
	}
	return true;
}

void proxy_moved(struct request *r)
{
	struct proxied *p = proxied_of(r);

	if (p == NULL)
		return;
	p->is_stalled = false;
	go_on(r);
}

const struct verb_steps proxy_steps = { .name = "proxy", .read = proxy_read };
