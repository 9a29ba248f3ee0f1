#include "actors/server/outside/callers.h"

#include "actors/client/failure.h"
#include "actors/server/outside/endpoint.h"
#include "actors/server/outside/places.h"
#include "actors/server/server-private.h"
#include "datastore/object/name.h"
#include "runtime/base/mem.h"
#include "transport/http/client.h"
#include "transport/http/url.h"

#define BODY_SHOWN 1024U /* of an answer that is no success */
#define RETRIES 4U       /* upstream's five questions in all */

struct callers_again {
	uint64_t tag;
};
static const ACT_TYPE(callers_again, .id = 0);

struct callers {
	struct outside face;
	struct server *server;
	struct map by_tag; /* 8 bytes of tag -> struct call * */
};

struct call {
	struct outside_call shown; /* first: what the asker keeps */
	struct arena *arena;
	uint64_t tag;
	struct place *place;
	struct http_call *http;
	struct str url; /* as words name it */
	bool is_get;
	uint32_t retries, retry_ms; /* that are left, and when the next one is */
	const struct place_spec *spec;
	struct http_request request;
	void (*done)(void *arg);
	void *arg;
};

static struct str tag_key(const struct call *call)
{
	return str_of(&call->tag, sizeof call->tag);
}

/* ---- what came of it -------------------------------------------------------------------------------------- */

static void failed(struct call *call, enum status status, struct str words)
{
	call->shown.status = status;
	call->shown.words =
	    status == INVALID
		? words
		: arena_printf(call->arena, "%s \"" STR_FMT "\": " STR_FMT,
			       call->is_get ? "Get" : "Post", STR_ARG(call->url), STR_ARG(words));
}

static struct str transport_words(const struct call *call, enum status status)
{
	const char *words = http_call_fault(call->http)->text;

	if (status == TIMEOUT)
		return STR("context deadline exceeded");
	if (words[0] == '\0')
		words = status_text(status);
	if (status == UNAUTHORIZED)
		return arena_printf(call->arena, "tls: failed to verify certificate: %s", words);
	return arena_str(call->arena, str_from(words));
}

/* What upstream's client says of an answer that is no success; of a Status its own message. */
static struct str code_words(struct arena *arena, int code, struct str body)
{
	struct failure failure;
	struct str said;

	if (failure_decode(body, FORMAT_JSON, arena, &failure) == OK && failure.message.len > 0)
		return failure.message;
	switch (code) {
	case 400: return STR("the server rejected our request for an unknown reason");
	case 401: return STR("the server has asked for the client to provide credentials");
	case 403: return STR("unknown");
	case 404: return STR("the server could not find the requested resource");
	case 405: return STR("the server does not allow this method on the requested resource");
	case 406:
		return STR("the server was unable to respond with a content type that the client "
			   "supports");
	case 409: return STR("the server reported a conflict");
	case 415: return STR("the server rejected our request due to an error in our request");
	case 422: return STR("the server rejected our request due to an error in our request");
	case 429:
		return STR("the server has received too many requests and has asked us to try "
			   "again later");
	case 503: return STR("the server is currently unable to handle the request");
	case 504:
		return STR("the server was unable to return a response in the time allotted, but "
			   "may still be processing the request");
	default: break;
	}
	if (code >= 500) {
		said = name_quoted(arena,
				   body.len > 0 ? str_slice(body, 0, BODY_SHOWN) : STR("unknown"));
		return arena_printf(arena,
				    "an error on the server (" STR_FMT
				    ") has prevented the request from succeeding",
				    STR_ARG(said));
	}
	return arena_printf(
	    arena,
	    "the server responded with the status code %d but did not return more information",
	    code);
}

static void answered(struct call *call)
{
	int code = http_call_code(call->http);
	struct str body = http_call_body(call->http);

	if (code < 200 || code > 206) {
		/* Upstream's client names no URL where the server has answered. */
		call->shown.status = BAD_REQUEST;
		call->shown.words = arena_str(call->arena, code_words(call->arena, code, body));
		return;
	}
	if (body.len == 0) {
		call->shown.status = BAD_REQUEST;
		call->shown.words = arena_printf(
		    call->arena, "0-length response with status code: %d and content type: " STR_FMT,
		    code, STR_ARG(http_call_header(call->http, STR("content-type"))));
		return;
	}
	call->shown.status = OK;
	call->shown.body = arena_str(call->arena, body);
}

/* The connection is free for others; nothing comes for it any more. */
static void leave(struct callers *callers, struct call *call)
{
	(void)map_remove(&callers->by_tag, tag_key(call));
	if (call->http == NULL)
		return;
	http_call_close(call->http);
	place_leave(call->place, act_now(callers->server->act));
	call->http = NULL;
}

static void end(struct call *call)
{
	call->shown.is_done = true;
	call->done(call->arg);
}

/* ---- asking again ------------------------------------------------------------------------------------------ */

static bool is_passing(int code)
{
	return code == 429 || code == 500 || code == 504;
}

static void ask_later(struct callers *callers, struct call *call)
{
	struct callers_again again;

	leave(callers, call);
	call->tag = again.tag = server_tag(callers->server);
	(void)map_put(&callers->by_tag, tag_key(call), call);
	act_after(callers->server->act, call->retry_ms, &callers_again_type, &again);
	call->retries--;
	call->retry_ms += call->retry_ms / 2;
}

static enum status send(struct callers *callers, struct call *call, struct fault *why);

static void ask_again(struct callers *callers, struct call *call)
{
	struct fault why = { 0 };
	enum status status = send(callers, call, &why);

	if (status == OK)
		return;
	leave(callers, call);
	failed(call, status, arena_str(call->arena, str_from(why.text)));
	end(call);
}

bool callers_receive(struct callers *callers, const struct act_msg *msg)
{
	bool is_again = ACT_IS(msg, callers_again);
	uint64_t tag = is_again ? ACT_AS(msg, callers_again)->tag : msg->tag;
	struct call *call;

	if (msg->kind != ACT_ANSWER && !is_again)
		return false;
	call = map_get(&callers->by_tag, str_of(&tag, sizeof tag));
	if (call == NULL)
		return is_again;
	if (is_again) {
		ask_again(callers, call);
		return true;
	}
	if (msg->status == OK && call->retries > 0 && is_passing(http_call_code(call->http))) {
		ask_later(callers, call);
		return true;
	}
	if (msg->status == OK)
		answered(call);
	else
		failed(call, msg->status, transport_words(call, msg->status));
	if (msg->status == GONE)
		places_forget(callers->server->places, call->place);
	leave(callers, call);
	end(call);
	return true;
}

static void drop_call(void *self, struct outside_call *shown)
{
	struct call *call = (struct call *)(void *)shown;

	if (call->shown.is_done)
		return;
	call->shown.is_done = true;
	leave(self, call);
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

/* Where it is, and how the request names it. */
struct way {
	struct place_spec spec;
	struct str authority, path;
};

/*
 * As upstream's client makes it, which joins the parts of every path: one slash at the beginning and between names, none at the end, and
 * neither `.` nor `..`. Test environments put two slashes before the path, which servers in Go answer by leading elsewhere.
 */
static struct str cleaned(struct str path, struct arena *arena)
{
	char *at = arena_alloc(arena, (size_t)path.len + 1);
	uint32_t len = 0;

	while (path.len > 0) {
		struct str name = str_cut(&path, '/');

		if (str_is(name, "..")) {
			while (len > 0 && at[--len] != '/')
				;
		} else if (name.len > 0 && !str_is(name, ".")) {
			at[len++] = '/';
			memcpy(at + len, name.at, name.len);
			len += name.len;
		}
	}
	return len > 0 ? str_of(at, len) : STR("/");
}

static enum status way_of_service(struct callers *callers, struct arena *arena,
				  const struct outside_place *place, struct way *out,
				  struct fault *why)
{
	struct server *server = callers->server;
	struct endpoint endpoint = { .port = 0 };

	out->spec.server_name = arena_printf(arena, STR_FMT "." STR_FMT ".svc",
					     STR_ARG(place->service), STR_ARG(place->namespace));
	out->authority =
	    arena_printf(arena, STR_FMT ":%d", STR_ARG(out->spec.server_name), place->port);
	out->path = place->path;
	TRY(endpoint_find(&server->reader, server->act, arena, place->namespace, place->service,
			  place->port, &endpoint, why));
	out->spec.host = endpoint.host;
	out->spec.port = endpoint.port;
	return OK;
}

static enum status way_of_url(struct arena *arena, const struct outside_place *place,
			      struct way *out, struct fault *why)
{
	struct url url;
	struct str rest = arena_str(arena, place->url);

	TRY(url_parse(rest, &url, why));
	if (!url.is_tls)
		return fault_set(why, INVALID, "", "only https is called");
	out->spec.host = url.host;
	out->spec.port = url.port;
	out->path = url.path;
	rest = str_slice(rest, sizeof "https://" - 1, rest.len);
	out->authority = str_cut(&rest, '/');
	return OK;
}

static struct str path_of(const struct call *call, const struct way *way,
			  const struct outside_post *post)
{
	struct str path = way->path;

	/* A document is where its address says, to the letter. */
	if (call->is_get)
		return path;
	path = cleaned(path, call->arena);
	return arena_printf(call->arena, STR_FMT "?timeout=%us", STR_ARG(path),
			    (post->timeout_ms + 999) / 1000);
}

/* What is fetched says nothing of its own form, so the last header is left out. */
static struct http_request request_of(const struct call *call, const struct way *way,
				      const struct outside_post *post)
{
	const struct http_header headers[] = {
		{ STR("accept"), STR("application/json, */*") },
		{ STR("user-agent"),
		  call->is_get ? STR("kube-apiserver") : STR("kube-apiserver-admission") },
		{ STR("content-type"), STR("application/json") },
	};
	uint32_t count = sizeof headers / sizeof headers[0];

	return (struct http_request){
		.method = call->is_get ? STR("GET") : STR("POST"),
		.path = path_of(call, way, post),
		.authority = way->authority,
		.headers = { arena_copy(call->arena, headers, sizeof headers),
			     call->is_get ? count - 1 : count },
		.body = HTTP_BYTES(post->body),
		.timeout_ms = post->timeout_ms,
		.answer_max_bytes = post->answer_max_bytes,
	};
}

static enum status send(struct callers *callers, struct call *call, struct fault *why)
{
	enum status status = OK;

	/* One whose client has ended meanwhile is made anew, once. */
	for (int tries = 0; tries < 2; tries++) {
		TRY(places_enter(callers->server->places, callers->server->act, call->spec,
				 &call->place, why));
		status = http_call(callers->server->act, place_client(call->place), &call->request,
				   call->tag, &call->http);
		if (status == OK)
			return OK;
		if (status == NOT_FOUND)
			places_forget(callers->server->places, call->place);
		place_leave(call->place, act_now(callers->server->act));
	}
	return fault_set(why, status, "", "%s", status_text(status));
}

static struct outside_call *post_it(void *self, struct arena *arena, const struct outside_post *post)
{
	struct callers *callers = self;
	struct call *call = arena_new_of(arena, struct call);
	struct fault why = { 0 };
	enum status status;
	struct way way = { .spec.authorities = post->place.authorities };

	*call = (struct call){
		.arena = arena,
		.is_get = post->is_get,
		.retries = post->retry_ms > 0 ? RETRIES : 0,
		.retry_ms = post->retry_ms,
		.done = post->done,
		.arg = post->arg,
	};
	call->tag = server_tag(callers->server);
	status = post->place.url.at != NULL
		     ? way_of_url(arena, &post->place, &way, &why)
		     : way_of_service(callers, arena, &post->place, &way, &why);
	call->request = request_of(call, &way, post);
	call->spec = arena_copy(arena, &way.spec, sizeof way.spec);
	call->url = arena_printf(arena, "https://" STR_FMT STR_FMT, STR_ARG(way.authority),
				 STR_ARG(call->request.path));
	if (status == OK && callers->by_tag.len >= LIMIT_OUTSIDE_CALLS)
		status = fault_set(&why, BUSY, "", "too many calls are under way");
	if (status == OK)
		status = send(callers, call, &why);
	if (status != OK) {
		failed(call, status, arena_str(arena, str_from(why.text)));
		call->shown.is_done = true;
		return &call->shown;
	}
	(void)map_put(&callers->by_tag, tag_key(call), call);
	return &call->shown;
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

struct callers *callers_new(struct server *server)
{
	struct callers *callers = mem_new(struct callers);

	callers->face = (struct outside){ callers, post_it, drop_call };
	callers->server = server;
	return callers;
}

void callers_free(struct callers *callers)
{
	map_fini(&callers->by_tag);
	mem_free(callers);
}

const struct outside *callers_face(const struct callers *callers)
{
	return &callers->face;
}
