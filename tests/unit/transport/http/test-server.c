#include <stdio.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/authority.h"
#include "tests/lib/test.h"
#include "transport/http/client.h"
#include "transport/http/server.h"

#define WAIT_MS 8000U

/* ---- the handler: what it does is told by the path ---------------------------------------------------------- */

/*
 * /echo       method, query, body          /none        204
 * /hold       answers when told to         /big?n       n bytes, by http_write with back-pressure
 * /watch      begins, events when told to  /crash       the handler fails
 * /upload     streamed: counts the bytes   /upgrade     echoes raw bytes
 * /who        the peer's certificate       /drop        done without an answer
 */
struct handler {
	struct http_exchange *held[64];
	uint32_t held_count;
	uint32_t gone, writable, starts;
	enum status gone_why;
	uint64_t big_left;
	uint32_t released;
};

static struct handler *handler_now; /* the test's window into the actor of its one loop */

static const struct http_header text_type = { { "content-type", 12 }, { "text/plain", 10 } };
static const struct http_headers text_headers = { &text_type, 1 };

static void respond(struct http_exchange *exchange, int code, struct str body)
{
	http_respond(exchange, code, text_headers, HTTP_BYTES(body));
	http_done(exchange);
}

static void respond_echo(struct http_exchange *exchange)
{
	respond(exchange, 200,
		arena_printf(http_arena(exchange), STR_FMT " " STR_FMT "?" STR_FMT " " STR_FMT,
			     STR_ARG(http_method(exchange)), STR_ARG(http_path(exchange)),
			     STR_ARG(http_query(exchange)), STR_ARG(http_body(exchange))));
}

static void respond_who(struct http_exchange *exchange)
{
	const struct certificate_info *info = http_peer_certificate(exchange);
	struct str name = info != NULL ? info->common_name : STR("nobody");
	struct str group =
	    info != NULL && info->organizations_count > 0 ? info->organizations[0] : STR("none");
	respond(exchange, 200,
		arena_printf(http_arena(exchange), STR_FMT " of " STR_FMT " by HTTP/%d",
			     STR_ARG(name), STR_ARG(group),
			     http_version(exchange) == HTTP_2 ? 2 : 1));
}

static void release_piece(void *arg)
{
	((struct handler *)arg)->released++;
}

static void write_big(struct handler *handler, struct http_exchange *exchange)
{
	static char piece[10000];
	bool goes_on = true;
	while (goes_on && handler->big_left > 0) {
		uint32_t len =
		    handler->big_left < sizeof piece ? (uint32_t)handler->big_left : sizeof piece;
		goes_on = http_write(
		    exchange, (struct http_bytes){ str_of(piece, len), release_piece, handler });
		handler->big_left -= len;
	}
	if (handler->big_left > 0)
		return;
	http_end(exchange);
	http_done(exchange);
}

static void on_asked(struct act *act, struct handler *handler, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	if (str_is(path, "/echo")) {
		respond_echo(exchange);
	} else if (str_is(path, "/none")) {
		http_respond(exchange, 204, (struct http_headers){ 0 }, HTTP_BYTES(STR("")));
		http_done(exchange);
	} else if (str_is(path, "/who")) {
		respond_who(exchange);
	} else if (str_is(path, "/hold") || str_is(path, "/upload")) {
		handler->held[handler->held_count++] = exchange;
	} else if (str_is(path, "/watch")) {
		http_begin(exchange, 200, text_headers);
		handler->held[handler->held_count++] = exchange;
	} else if (str_is(path, "/big")) {
		CHECK_STATUS(str_to_u64(http_query(exchange), &handler->big_left), OK);
		http_begin(exchange, 200, text_headers);
		write_big(handler, exchange);
	} else if (str_is(path, "/upgrade")) {
		http_upgrade(exchange, http_upgrade_wanted(exchange), (struct http_headers){ 0 });
		handler->held[handler->held_count++] = exchange;
	} else if (str_is(path, "/crash")) {
		act_fail(act, "as asked");
	} else if (str_is(path, "/drop")) {
		http_done(exchange);
	} else {
		respond(exchange, 404, STR("no such path"));
	}
}

static void on_readable(struct handler *handler, struct http_exchange *exchange)
{
	char bytes[1000];
	bool ended = false;
	size_t len, total = (size_t)(uintptr_t)http_user(exchange);
	bool is_raw = str_is(http_path(exchange), "/upgrade");
	(void)handler;
	while ((len = http_read(exchange, bytes, sizeof bytes, &ended)) > 0) {
		total += len;
		if (is_raw)
			(void)http_write_copy(exchange, str_of(bytes, len));
	}
	http_set_user(exchange, (void *)(uintptr_t)total);
	if (!ended)
		return;
	if (is_raw) {
		http_end(exchange);
		http_done(exchange);
	} else {
		respond(exchange, 200, arena_printf(http_arena(exchange), "%zu bytes", total));
	}
}

static enum status handler_init(struct act *act, void *state, const void *args)
{
	(void)act;
	(void)args;
	handler_now = state;
	return OK;
}

static enum act_verdict handler_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct handler *handler = state;
	if (ACT_IS(msg, http_asked)) {
		on_asked(act, handler, ACT_AS(msg, http_asked)->exchange);
	} else if (ACT_IS(msg, http_writable)) {
		handler->writable++;
		if (!http_is_done(ACT_AS(msg, http_writable)->exchange))
			write_big(handler, ACT_AS(msg, http_writable)->exchange);
	} else if (ACT_IS(msg, http_readable)) {
		if (!http_is_done(ACT_AS(msg, http_readable)->exchange))
			on_readable(handler, ACT_AS(msg, http_readable)->exchange);
	} else if (ACT_IS(msg, http_gone)) {
		struct http_exchange *exchange = ACT_AS(msg, http_gone)->exchange;
		handler->gone++;
		handler->gone_why = ACT_AS(msg, http_gone)->why;
		if (!http_is_done(exchange))
			http_done(exchange);
	} else if (!ACT_IS(msg, http_listening)) {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static const struct act_class handler_class = {
	.name = "handler",
	.state_size = sizeof(struct handler),
	.init = handler_init,
	.receive = handler_receive,
};

/* ---- the stage: a loop with a handler, a server, and an actor that asks -------------------------------------- */

struct stage {
	struct loop *loop;
	struct http_server_config server;
	struct http_listener listeners[2];
	struct http_client_config client;
	struct act_child children[4];
	struct act_supervisor root;
	struct tls_context *server_tls, *client_tls;
	uint16_t port;
	const char *socket_path;
	struct act_ref server_ref, client_ref, asker_ref;
	struct asker *asker;
	char url[64], socket_address[128];
};

#define ANSWERS_MAX 256U

/* The actor of the test itself. */
struct asker {
	struct stage *stage;
	uint32_t answered, failed, broken, readable;
	enum status last;
	struct http_call *calls[ANSWERS_MAX];
	struct http_server_stats stats;
	struct http_drained drained;
	bool has_stats, has_listening, has_drained;
	struct text received; /* of a raw stream */
	bool raw_ended;
	struct stream *raw;
};

static enum status asker_init(struct act *act, void *state, const void *args)
{
	struct asker *asker = state;
	asker->stage = *(struct stage *const *)args;
	asker->stage->asker = asker;
	asker->stage->asker_ref = act_self(act);
	asker->received = text_in(test_arena(), 4 * MIB);
	return OK;
}

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct asker *asker = state;
	(void)act;
	if (msg->kind == ACT_ANSWER && msg->status != OK) {
		asker->failed++;
		asker->last = msg->status;
	} else if (ACT_IS(msg, http_answered)) {
		asker->answered++;
	} else if (ACT_IS(msg, http_call_broken)) {
		asker->broken++;
		asker->last = ACT_AS(msg, http_call_broken)->why;
	} else if (ACT_IS(msg, http_call_readable)) {
		asker->readable++;
	} else if (ACT_IS(msg, http_server_stats)) {
		asker->stats = *ACT_AS(msg, http_server_stats);
		asker->has_stats = true;
	} else if (ACT_IS(msg, http_drained)) {
		asker->drained = *ACT_AS(msg, http_drained);
		asker->has_drained = true;
	} else if (ACT_IS(msg, http_listening)) {
		asker->stage->port = ACT_AS(msg, http_listening)->ports[0];
		asker->has_listening = true;
	} else if (!ACT_IS(msg, http_call_writable)) {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static const struct act_class asker_class = {
	.name = "asker",
	.state_size = sizeof(struct asker),
	.init = asker_init,
	.receive = asker_receive,
};

struct inside {
	struct stage *stage;
	void (*fn)(struct act *act, struct stage *stage, void *arg);
	void *arg;
};

static void enter(struct act *act, void *state, void *arg)
{
	struct inside *inside = arg;
	(void)state;
	inside->fn(act, inside->stage, inside->arg);
}

/* Runs fn as the asker. */
static void as_asker(struct stage *stage, void (*fn)(struct act *, struct stage *, void *),
		     void *arg)
{
	struct inside inside = { stage, fn, arg };
	CHECK(act_host_enter(loop_host(stage->loop), stage->asker_ref, enter, &inside));
}

static void wait_for(struct stage *stage, bool (*claim)(void *arg))
{
	CHECK(loop_run_until(stage->loop, claim, stage, WAIT_MS));
}

static void make_tls(struct stage *stage)
{
	struct authority_pair authority = authority_new("test CA");
	struct authority_pair server = authority_issue(&authority, "server", NULL, "localhost");
	struct authority_pair client = authority_issue(&authority, "alice", "admins", NULL);
	struct fault why = { 0 };
	const struct tls_config server_config = {
		.is_server = true,
		.clients = TLS_CLIENTS_MAY_SHOW,
		.certificate_pem = server.certificate_pem,
		.key_pem = server.key_pem,
		.authorities_pem = authority.certificate_pem,
		.alpn = STR("h2,http/1.1"),
		.now = authority_now,
	};
	const struct tls_config client_config = {
		.certificate_pem = client.certificate_pem,
		.key_pem = client.key_pem,
		.authorities_pem = authority.certificate_pem,
		.alpn = STR("h2,http/1.1"),
		.now = authority_now,
	};
	CHECK_STATUS(tls_context_new(&server_config, &stage->server_tls, &why), OK);
	CHECK_STATUS(tls_context_new(&client_config, &stage->client_tls, &why), OK);
}

static bool is_streamed(void *arg, const struct http_exchange *exchange)
{
	(void)arg;
	return str_is(http_path(exchange), "/upload");
}

static struct str refusal(void *arg, struct arena *arena, int code, const char *why,
			  struct str *out_type)
{
	(void)arg;
	*out_type = STR("application/json");
	return arena_printf(arena, "{\"code\":%d,\"message\":\"%s\"}", code, why);
}

static void ask_listening(struct act *act, struct stage *stage, void *arg)
{
	struct http_listening none = { 0 };
	(void)arg;
	stage->server_ref = act_whereis(act, "http");
	CHECK_STATUS(act_request(act, stage->server_ref, &http_listening_type, &none, WAIT_MS, 1),
		     OK);
}

static bool has_listening(void *arg)
{
	return ((struct stage *)arg)->asker->has_listening;
}

static void spawn_client(struct act *act, struct stage *stage, void *arg)
{
	(void)arg;
	CHECK_STATUS(act_spawn(act, &http_client_class, &stage->client, NULL, &stage->client_ref),
		     OK);
}

/* `limits` are the fields of the config that the test wants to be small. */
static struct stage *make_stage(bool with_tls, bool with_http2, struct http_server_config limits)
{
	struct stage *stage = arena_new_of(test_arena(), struct stage);
	if (with_tls)
		make_tls(stage);
	snprintf(stage->socket_address, sizeof stage->socket_address, "unix:%s/s", test_folder());
	stage->listeners[0] = (struct http_listener){ "127.0.0.1:0", stage->server_tls, false };
	stage->listeners[1] = (struct http_listener){ stage->socket_address, NULL, false };
	stage->server = limits;
	stage->server.listeners = stage->listeners;
	stage->server.listener_count = 2;
	stage->server.handler = "handler";
	stage->server.is_streamed = is_streamed;
	stage->server.refusal = refusal;
	struct stage **self = arena_new_of(test_arena(), struct stage *);
	*self = stage;
	stage->children[0] = (struct act_child){ .id = "handler", .class = &handler_class };
	stage->children[1] =
	    (struct act_child){ .id = "http", .class = &http_server_class, .args = &stage->server };
	stage->children[2] =
	    (struct act_child){ .id = "asker", .class = &asker_class, .args = self };
	stage->root = (struct act_supervisor){ .children = stage->children, .child_count = 3 };
	struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &stage->root }
	};
	CHECK_STATUS(loop_open(&config, &stage->loop), OK);
	as_asker(stage, ask_listening, NULL);
	wait_for(stage, has_listening);
	snprintf(stage->url, sizeof stage->url, "%s://127.0.0.1:%u", with_tls ? "https" : "http",
		 stage->port);
	stage->client = (struct http_client_config){ .url = stage->url,
						     .tls = stage->client_tls,
						     .server_name = STR("localhost"),
						     .is_http2_known = false };
	(void)with_http2;
	as_asker(stage, spawn_client, NULL);
	return stage;
}

static void end_stage(struct stage *stage)
{
	loop_close(stage->loop);
	tls_context_unref(stage->server_tls);
	tls_context_unref(stage->client_tls);
}

static const struct http_server_config no_limits = { 0 };

struct call_wish {
	struct http_request request;
	uint32_t at;
};

static void open_one(struct act *act, struct stage *stage, void *arg)
{
	struct call_wish *wish = arg;
	CHECK_STATUS(http_call(act, stage->client_ref, &wish->request, 100 + wish->at,
			       &stage->asker->calls[wish->at]),
		     OK);
}

static struct http_call **ask(struct stage *stage, uint32_t at, struct http_request request)
{
	struct call_wish wish = { request, at };
	as_asker(stage, open_one, &wish);
	return &stage->asker->calls[at];
}

static void close_one(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)stage;
	http_call_close(arg);
}

static bool all_answered(void *arg)
{
	struct stage *stage = arg;
	uint32_t open = 0;
	for (uint32_t i = 0; i < ANSWERS_MAX; i++)
		open += stage->asker->calls[i] != NULL;
	return stage->asker->answered + stage->asker->failed >= open;
}

static struct http_request get(const char *path)
{
	return (struct http_request){ .method = STR("GET"), .path = str_from(path) };
}

static struct http_request post(const char *path, struct str body)
{
	return (struct http_request){ .method = STR("POST"),
				      .path = str_from(path),
				      .body = HTTP_BYTES(body) };
}

/* ---- calls and answers ----------------------------------------------------------------------------------------- */

TEST(requests_are_answered_over_both_versions)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, tls, no_limits);
		ask(stage, 0, get("/echo?a=1"));
		ask(stage, 1, post("/echo", STR("hello")));
		ask(stage, 2, get("/none"));
		ask(stage, 3, get("/missing"));
		ask(stage, 4, get("/who"));
		ask(stage, 5, (struct http_request){ .method = STR("HEAD"), .path = STR("/echo") });
		ask(stage, 6, get("/drop"));
		wait_for(stage, all_answered);
		CHECK_EQ(stage->asker->failed, 0);
		struct http_call **calls = stage->asker->calls;
		CHECK_STR(http_call_body(calls[0]), "GET /echo?a=1 ");
		CHECK_STR(http_call_header(calls[0], STR("content-type")), "text/plain");
		CHECK(http_call_header(calls[0], STR("date")).len == 29);
		CHECK_EQ(http_call_version(calls[0]), tls ? HTTP_2 : HTTP_1_1);
		CHECK_STR(http_call_body(calls[1]), "POST /echo? hello");
		CHECK_EQ(http_call_code(calls[2]), 204);
		CHECK_EQ(http_call_code(calls[3]), 404);
		CHECK_STR(http_call_body(calls[4]),
			  tls ? "alice of admins by HTTP/2" : "nobody of none by HTTP/1");
		CHECK_STR(http_call_header(calls[5], STR("content-length")), "12");
		CHECK_STR(http_call_body(calls[5]), "");
		CHECK_EQ(http_call_code(calls[6]), 500);
		for (int i = 0; i < 7; i++)
			as_asker(stage, close_one, calls[i]);
		end_stage(stage);
	}
}
