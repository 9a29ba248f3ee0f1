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
 * /parts?n    n lines, in parts
 * /large?n    n bytes at once              /push        upgrades, says something and is done
 */
struct handler {
	struct http_exchange *held[256];
	uint32_t held_count;
	uint32_t gone, writable, asked;
	enum status gone_why;
	char gone_query[16]; /* of the last one */
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

static void respond_large(struct http_exchange *exchange)
{
	uint64_t bytes = 0;
	CHECK_STATUS(str_to_u64(http_query(exchange), &bytes), OK);
	respond(exchange, 200, str_of(arena_zalloc(http_arena(exchange), bytes), bytes));
}

static void respond_parts(struct http_exchange *exchange)
{
	uint64_t count = 0;
	CHECK_STATUS(str_to_u64(http_query(exchange), &count), OK);
	struct str *parts = arena_array(http_arena(exchange), struct str, count);
	for (uint32_t i = 0; i < count; i++)
		parts[i] = arena_printf(http_arena(exchange), "%u\n", i);
	http_respond_parts(exchange, 200, text_headers,
			   (struct http_parts){ parts, (uint32_t)count });
	http_done(exchange);
}

static void push(struct http_exchange *exchange)
{
	http_upgrade(exchange, http_upgrade_wanted(exchange), (struct http_headers){ 0 });
	(void)http_write_copy(exchange, STR("that was all"));
	http_end(exchange);
	http_done(exchange);
}

static void on_asked(struct act *act, struct handler *handler, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);
	handler->asked++;
	if (str_is(path, "/echo")) {
		respond_echo(exchange);
	} else if (str_is(path, "/none")) {
		http_respond(exchange, 204, (struct http_headers){ 0 }, HTTP_BYTES(STR("")));
		http_done(exchange);
	} else if (str_is(path, "/empty")) {
		respond(exchange, 301, STR(""));
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
	} else if (str_is(path, "/parts")) {
		respond_parts(exchange);
	} else if (str_is(path, "/large")) {
		respond_large(exchange);
	} else if (str_is(path, "/push")) {
		push(exchange);
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
		snprintf(handler->gone_query, sizeof handler->gone_query, STR_FMT,
			 STR_ARG(http_query(exchange)));
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

static void make_tls(struct stage *stage, struct str client_alpn)
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
		.alpn = client_alpn,
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
static struct stage *make_stage_alpn(bool with_tls, struct str client_alpn,
				     struct http_server_config limits)
{
	struct stage *stage = arena_new_of(test_arena(), struct stage);
	if (with_tls)
		make_tls(stage, client_alpn);
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
						     .server_name = STR("localhost") };
	as_asker(stage, spawn_client, NULL);
	return stage;
}

static struct stage *make_stage(bool with_tls, struct http_server_config limits)
{
	return make_stage_alpn(with_tls, STR("h2,http/1.1"), limits);
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
		struct stage *stage = make_stage(tls, no_limits);
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

TEST(an_answer_in_parts_arrives_whole_over_both_versions)
{
	struct text expected = text_in(test_arena(), MIB);
	for (uint32_t i = 0; i < 50000; i++)
		text_printf(&expected, "%u\n", i);
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		ask(stage, 0, get("/parts?50000"));
		ask(stage, 1, get("/parts?0"));
		ask(stage, 2,
		    (struct http_request){ .method = STR("HEAD"), .path = STR("/parts?50000") });
		wait_for(stage, all_answered);
		CHECK_EQ(stage->asker->failed, 0);
		struct http_call **calls = stage->asker->calls;
		CHECK(str_eq(http_call_body(calls[0]), text_str(&expected)));
		CHECK_EQ(http_call_code(calls[1]), 200);
		CHECK_STR(http_call_body(calls[1]), "");
		CHECK_STR(http_call_header(calls[2], STR("content-length")),
			  arena_printf(test_arena(), "%u", expected.len).at);
		CHECK_STR(http_call_body(calls[2]), "");
		for (int i = 0; i < 3; i++)
			as_asker(stage, close_one, calls[i]);
		end_stage(stage);
	}
}

static bool is_quiet(void *arg)
{
	(void)arg;
	return false;
}

/* Lets the loop run for a while in which nothing is to happen. */
static void settle(struct stage *stage, uint32_t ms)
{
	(void)loop_run_until(stage->loop, is_quiet, stage, ms);
}

static void close_all_calls(struct stage *stage)
{
	for (uint32_t i = 0; i < ANSWERS_MAX; i++)
		if (stage->asker->calls[i] != NULL)
			as_asker(stage, close_one, stage->asker->calls[i]);
	memset(stage->asker->calls, 0, sizeof stage->asker->calls);
	stage->asker->answered = stage->asker->failed = 0;
}

static void ask_stats(struct act *act, struct stage *stage, void *arg)
{
	struct http_server_stats none = { 0 };
	(void)arg;
	stage->asker->has_stats = false;
	CHECK_STATUS(
	    act_request(act, stage->server_ref, &http_server_stats_type, &none, WAIT_MS, 2), OK);
}

static bool has_stats(void *arg)
{
	return ((struct stage *)arg)->asker->has_stats;
}

static const struct http_server_stats *stats_of(struct stage *stage)
{
	as_asker(stage, ask_stats, NULL);
	wait_for(stage, has_stats);
	return &stage->asker->stats;
}

static bool is_idle(void *arg)
{
	struct stage *stage = arg;
	return stats_of(stage)->exchanges == 0;
}

/* All exchanges are forgotten: nothing leaks while the server lives. */
static void wait_idle(struct stage *stage)
{
	for (int i = 0; i < 1000 && !is_idle(stage); i++)
		settle(stage, 1);
	CHECK_EQ(stage->asker->stats.exchanges, 0);
}

TEST(an_answer_may_have_an_empty_body)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		ask(stage, 0, get("/empty"));
		wait_for(stage, all_answered);
		CHECK_EQ(stage->asker->failed, 0);
		CHECK_EQ(http_call_code(stage->asker->calls[0]), 301);
		CHECK_EQ(http_call_body(stage->asker->calls[0]).len, 0);
		as_asker(stage, close_one, stage->asker->calls[0]);
		end_stage(stage);
	}
}

TEST(many_calls_at_once_share_connections)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		for (int round = 0; round < 3; round++) {
			for (uint32_t i = 0; i < ANSWERS_MAX; i++)
				ask(stage, i, post("/echo", STR("x")));
			wait_for(stage, all_answered);
			CHECK_EQ(stage->asker->answered, ANSWERS_MAX);
			close_all_calls(stage);
		}
		wait_idle(stage);
		CHECK_EQ(stage->asker->stats.requests_total, 3 * ANSWERS_MAX);
		CHECK(stage->asker->stats.connections_total <= (tls ? 2 : LIMIT_CLIENT_CONNECTIONS));
		end_stage(stage);
	}
}

TEST(a_large_body_arrives_whole_both_ways)
{
	char *zeros = arena_zalloc(test_arena(), 3 * MIB);
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		memset(zeros, 'z', 3 * MIB);
		ask(stage, 0, post("/echo", str_of(zeros, LIMIT_BODY_BYTES)));
		ask(stage, 1, get("/big?20000000"));
		wait_for(stage, all_answered);
		CHECK_EQ(stage->asker->answered, 2);
		CHECK_EQ(http_call_body(stage->asker->calls[0]).len, LIMIT_BODY_BYTES + 12);
		CHECK_EQ(http_call_body(stage->asker->calls[1]).len, 20000000);
		CHECK(handler_now->writable > 0);
		CHECK_EQ(handler_now->released, 2000);
		close_all_calls(stage);
		wait_idle(stage);
		end_stage(stage);
	}
}

TEST(a_body_past_the_limit_gets_413_in_the_words_of_the_config)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage =
		    make_stage(tls, (struct http_server_config){ .body_max_bytes = 1000 });
		char *zeros = arena_zalloc(test_arena(), 200000);
		struct http_request streamed = post("/echo", str_of(zeros, 200000));
		streamed.is_body_streamed = true; /* of unknown length */
		ask(stage, 0, post("/echo", str_of(zeros, 1001)));
		ask(stage, 1, streamed);
		ask(stage, 2, post("/echo", str_of(zeros, 1000)));
		wait_for(stage, all_answered);
		for (int i = 0; i < 2; i++) {
			CHECK_EQ(http_call_code(stage->asker->calls[i]), 413);
			CHECK_STR(http_call_header(stage->asker->calls[i], STR("content-type")),
				  "application/json");
			CHECK(str_starts(http_call_body(stage->asker->calls[i]),
					 STR("{\"code\":413")));
		}
		CHECK_EQ(http_call_code(stage->asker->calls[2]), 200);
		close_all_calls(stage);
		wait_idle(stage);
		CHECK_EQ(stage->asker->stats.refused_total, 2);
		end_stage(stage);
	}
}

/* ---- streams ------------------------------------------------------------------------------------------------------- */

static bool is_held(void *arg)
{
	(void)arg;
	return handler_now->held_count > 0;
}

static bool is_answered(void *arg)
{
	return ((struct stage *)arg)->asker->answered > 0;
}

static struct str read_all(struct http_call *call, bool *ended)
{
	struct text text = text_in(test_arena(), MIB);
	char bytes[4096];
	size_t len;
	while ((len = http_call_read(call, bytes, sizeof bytes, ended)) > 0)
		text_add_bytes(&text, bytes, len);
	return text_str(&text);
}

/* The test stands outside of actors here; that is as good as the handler's own activation, on the same thread. */
static void send_event(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)stage;
	(void)http_write_copy(handler_now->held[0], str_from(arg));
}

static bool is_readable(void *arg)
{
	return ((struct stage *)arg)->asker->readable > 0;
}

TEST(events_reach_a_watcher_one_by_one_and_closing_the_call_tells_the_handler)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		struct http_request request = get("/watch");
		request.is_answer_streamed = true;
		bool ended = false;
		ask(stage, 0, request);
		wait_for(stage, is_held);
		wait_for(stage, is_answered);
		static const char *const events[] = { "one\n", "two\n", "three\n" };
		for (int i = 0; i < 3; i++) {
			stage->asker->readable = 0;
			as_asker(stage, send_event, (void *)(uintptr_t)events[i]);
			wait_for(stage, is_readable);
			CHECK_STR(read_all(stage->asker->calls[0], &ended), events[i]);
			CHECK(!ended);
		}
		close_all_calls(stage);
		wait_idle(stage);
		CHECK_EQ(handler_now->gone, 1);
		CHECK_STATUS(handler_now->gone_why, CANCELLED);
		end_stage(stage);
	}
}

static void write_piece(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)http_call_write_copy(stage->asker->calls[0], str_from(arg));
}

static void end_call(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	http_call_end(stage->asker->calls[0]);
}

TEST(a_streamed_body_is_read_as_it_comes)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		struct http_request request = post("/upload", STR("12345"));
		request.is_body_streamed = true;
		ask(stage, 0, request);
		as_asker(stage, write_piece, (void *)(uintptr_t) "early");
		wait_for(stage, is_held);
		as_asker(stage, write_piece, (void *)(uintptr_t) "and more");
		as_asker(stage, end_call, NULL);
		wait_for(stage, all_answered);
		CHECK_STR(http_call_body(stage->asker->calls[0]), "18 bytes");
		close_all_calls(stage);
		wait_idle(stage);
		end_stage(stage);
	}
}

TEST(an_upgraded_connection_carries_raw_bytes_both_ways)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage_alpn(tls, STR("http/1.1"), no_limits);
		struct http_request request = get("/upgrade");
		request.upgrade = STR("echo/1");
		bool ended = false;
		ask(stage, 0, request);
		wait_for(stage, is_answered);
		CHECK_EQ(http_call_code(stage->asker->calls[0]), 101);
		CHECK_STR(http_call_header(stage->asker->calls[0], STR("upgrade")), "echo/1");
		as_asker(stage, write_piece, (void *)(uintptr_t) "GET not a request\r\n\r\n");
		wait_for(stage, is_readable);
		CHECK_STR(read_all(stage->asker->calls[0], &ended), "GET not a request\r\n\r\n");
		stage->asker->readable = 0;
		as_asker(stage, end_call, NULL);
		wait_for(stage, is_readable);
		(void)read_all(stage->asker->calls[0], &ended);
		CHECK(ended);
		close_all_calls(stage);
		wait_idle(stage);
		end_stage(stage);
	}
}

static void open_watch(struct stage *stage, uint32_t at)
{
	struct http_request request =
	    get(arena_cstr(test_arena(), arena_printf(test_arena(), "/watch?%u", at)));
	request.is_answer_streamed = true;
	ask(stage, at, request);
}

static struct http_exchange *watch_held(uint32_t at)
{
	for (uint32_t i = 0; i < handler_now->held_count; i++)
		if (str_eq(http_query(handler_now->held[i]), arena_printf(test_arena(), "%u", at)))
			return handler_now->held[i];
	return NULL;
}

static void send_own_event(struct act *act, struct stage *stage, void *arg)
{
	struct http_exchange *exchange = arg;
	(void)act;
	(void)stage;
	CHECK(http_write(exchange, HTTP_BYTES(http_query(exchange))));
}

static bool has_gone(void *arg)
{
	(void)arg;
	return handler_now->gone > 0;
}

/* One call is never read: its window fills, and the others on the same connection must not feel it. */
TEST(each_of_many_watches_gets_its_event_at_once_whoever_else_does_not_read)
{
	enum { WATCHES = 100 };
	struct stage *stage = make_stage(true, no_limits);
	struct http_request unread = get("/big?100000000");
	bool ended = false;
	unread.is_answer_streamed = true;
	ask(stage, 0, unread);
	for (uint32_t i = 1; i <= WATCHES; i++)
		open_watch(stage, i);
	wait_for(stage, all_answered);
	CHECK_EQ(stage->asker->answered, WATCHES + 1);
	for (uint32_t i = WATCHES; i > 0; i--) {
		struct http_exchange *held = watch_held(i);
		stage->asker->readable = 0;
		as_asker(stage, send_own_event, held);
		wait_for(stage, is_readable);
		CHECK(str_eq(read_all(stage->asker->calls[i], &ended), http_query(held)));
		CHECK(!ended);
	}
	CHECK_EQ(stats_of(stage)->connections_total, 1);
	CHECK(handler_now->big_left > 90000000);
	as_asker(stage, close_one, stage->asker->calls[50]);
	stage->asker->calls[50] = NULL;
	wait_for(stage, has_gone);
	CHECK_EQ(handler_now->gone, 1);
	CHECK_STR(str_from(handler_now->gone_query), "50");
	close_all_calls(stage);
	wait_idle(stage);
	CHECK_EQ(handler_now->gone, WATCHES + 1);
	end_stage(stage);
}

TEST(a_place_has_a_handler_of_its_own)
{
	static const struct http_place places[] = { { "/mine/", "handler" },
						    { "/theirs/", "nobody" } };
	struct stage *stage =
	    make_stage(false, (struct http_server_config){ .places = places, .place_count = 2 });
	static const struct {
		const char *path;
		int code;
	} cases[] = { { "/mine/hello", 404 }, { "/theirs/hello", 503 }, { "/theirs", 404 } };
	for (uint32_t i = 0; i < 3; i++)
		ask(stage, i, get(cases[i].path));
	wait_for(stage, all_answered);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(http_call_code(stage->asker->calls[i]), cases[i].code);
	close_all_calls(stage);
	wait_idle(stage);
	end_stage(stage);
}

/* ---- ends ------------------------------------------------------------------------------------------------------------ */

TEST(a_handler_that_crashes_fails_its_requests_and_the_next_one_serves)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		ask(stage, 0, get("/hold"));
		wait_for(stage, is_held);
		ask(stage, 1, get("/crash"));
		wait_for(stage, all_answered);
		CHECK_EQ(http_call_code(stage->asker->calls[0]), 500);
		CHECK_EQ(http_call_code(stage->asker->calls[1]), 500);
		ask(stage, 2, get("/echo"));
		wait_for(stage, all_answered);
		CHECK_EQ(http_call_code(stage->asker->calls[2]), 200);
		close_all_calls(stage);
		wait_idle(stage);
		end_stage(stage);
	}
}

static void kill_server(struct act *act, struct stage *stage, void *arg)
{
	(void)arg;
	act_kill(act, stage->server_ref);
}

TEST(a_server_that_is_killed_tells_its_handler_and_is_started_again)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		ask(stage, 0, get("/hold"));
		wait_for(stage, is_held);
		as_asker(stage, kill_server, NULL);
		wait_for(stage, has_gone);
		CHECK_STATUS(handler_now->gone_why, UNAVAILABLE);
		wait_for(stage, all_answered);
		CHECK_EQ(stage->asker->failed, 1);
		CHECK_STATUS(stage->asker->last, UNAVAILABLE);
		close_all_calls(stage);
		end_stage(stage);
	}
}

static void drain_server(struct act *act, struct stage *stage, void *arg)
{
	struct http_drain drain = { .grace_ms = (uint32_t)(uintptr_t)arg };
	CHECK_STATUS(act_request(act, stage->server_ref, &http_drain_type, &drain, WAIT_MS, 3), OK);
}

static void respond_held(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)stage;
	(void)arg;
	respond(handler_now->held[0], 200, STR("late"));
}

static bool has_drained(void *arg)
{
	return ((struct stage *)arg)->asker->has_drained;
}

TEST(a_drained_server_finishes_what_is_open_and_takes_no_more)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		ask(stage, 0, get("/hold"));
		wait_for(stage, is_held);
		as_asker(stage, drain_server, (void *)(uintptr_t)5000);
		settle(stage, 20);
		CHECK(!stage->asker->has_drained);
		as_asker(stage, respond_held, NULL);
		wait_for(stage, has_drained);
		CHECK_STR(http_call_body(stage->asker->calls[0]), "late");
		CHECK_EQ(stage->asker->drained.cut, 0);
		ask(stage, 1, get("/echo"));
		wait_for(stage, all_answered);
		CHECK_EQ(stage->asker->failed, 1);
		CHECK_STATUS(stage->asker->last, UNAVAILABLE);
		close_all_calls(stage);
		end_stage(stage);
	}
}

TEST(draining_cuts_what_is_not_finished_in_time)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		ask(stage, 0, get("/hold"));
		wait_for(stage, is_held);
		as_asker(stage, drain_server, (void *)(uintptr_t)30);
		wait_for(stage, has_drained);
		CHECK_EQ(stage->asker->drained.cut, 1);
		wait_for(stage, has_gone);
		CHECK_STATUS(handler_now->gone_why, UNAVAILABLE);
		wait_for(stage, all_answered);
		CHECK_EQ(stage->asker->failed, 1);
		close_all_calls(stage);
		end_stage(stage);
	}
}

TEST(a_call_fails_with_words_when_there_is_no_server_or_no_answer_in_time)
{
	struct stage *stage = make_stage(false, no_limits);
	struct http_request hold = get("/hold");
	hold.timeout_ms = 50;
	ask(stage, 0, hold);
	wait_for(stage, all_answered);
	CHECK_STATUS(stage->asker->last, TIMEOUT);
	close_all_calls(stage);
	wait_for(stage, has_gone);
	stage->client.url = "http://127.0.0.1:1";
	as_asker(stage, spawn_client, NULL);
	ask(stage, 0, get("/echo"));
	wait_for(stage, all_answered);
	CHECK_STATUS(stage->asker->last, UNAVAILABLE);
	CHECK(http_call_fault(stage->asker->calls[0])->text[0] != '\0');
	close_all_calls(stage);
	end_stage(stage);
}

TEST(a_server_whose_certificate_is_for_another_name_is_not_spoken_to)
{
	struct stage *stage = make_stage(true, no_limits);
	stage->client.server_name = STR("elsewhere");
	as_asker(stage, spawn_client, NULL);
	ask(stage, 0, get("/echo"));
	wait_for(stage, all_answered);
	CHECK_STATUS(stage->asker->last, UNAUTHORIZED);
	CHECK(str_find(str_from(http_call_fault(stage->asker->calls[0])->text), STR("localhost")) >=
	      0);
	close_all_calls(stage);
	end_stage(stage);
}

TEST(an_answer_past_its_limit_is_given_up)
{
	for (int tls = 0; tls < 2; tls++) {
		struct stage *stage = make_stage(tls, no_limits);
		struct http_request request = get("/big?1000000");
		request.answer_max_bytes = 1000;
		ask(stage, 0, request);
		wait_for(stage, all_answered);
		CHECK_STATUS(stage->asker->last, TOO_LARGE);
		close_all_calls(stage);
		wait_idle(stage);
		end_stage(stage);
	}
}

TEST(calls_go_over_a_unix_socket)
{
	struct stage *stage = make_stage(false, no_limits);
	stage->client.url = stage->socket_address;
	as_asker(stage, spawn_client, NULL);
	ask(stage, 0, get("/echo"));
	wait_for(stage, all_answered);
	CHECK_EQ(http_call_code(stage->asker->calls[0]), 200);
	close_all_calls(stage);
	end_stage(stage);
}

struct fetched {
	struct stage *stage;
	enum status status;
	int code;
	struct fault why;
	bool is_done;
};

static void fetch(struct act *act, void *state, void *arg)
{
	struct fetched *fetched = arg;
	struct http_call *call = NULL;
	struct http_request request = get("/echo");
	(void)state;
	fetched->status =
	    http_fetch(act, fetched->stage->client_ref, &request, &call, &fetched->why);
	if (fetched->status == OK) {
		fetched->code = http_call_code(call);
		http_call_close(call);
	}
	fetched->is_done = true;
}

static struct fetched *fetched_now;

static bool is_fetched(void *arg)
{
	(void)arg;
	return fetched_now->is_done;
}

static void start_fetch(struct act *act, struct stage *stage, void *arg)
{
	(void)stage;
	CHECK_STATUS(act_task(act, fetch, arg), OK);
}

TEST(a_task_fetches_in_one_line)
{
	struct stage *stage = make_stage(true, no_limits);
	struct fetched good = { .stage = stage }, bad = { .stage = stage };
	fetched_now = &good;
	as_asker(stage, start_fetch, &good);
	wait_for(stage, is_fetched);
	CHECK_STATUS(good.status, OK);
	CHECK_EQ(good.code, 200);
	stage->client.url = "https://127.0.0.1:1";
	as_asker(stage, spawn_client, NULL);
	fetched_now = &bad;
	as_asker(stage, start_fetch, &bad);
	wait_for(stage, is_fetched);
	CHECK_STATUS(bad.status, UNAVAILABLE);
	CHECK_STR(str_from(bad.why.text), "the server cannot be reached");
	end_stage(stage);
}

/* ---- strangers: raw bytes over a plain connection -------------------------------------------------------------------- */

static void on_raw(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	struct asker *asker = stream_arg(stream);
	(void)act;
	if (status == OK)
		text_add(&asker->received, bytes);
	else
		asker->raw_ended = true;
}

static void on_connected(struct act *act, struct stream *stream, enum status status, void *arg)
{
	struct asker *asker = arg;
	static const struct stream_events events = { .on_read = on_raw };
	(void)act;
	CHECK_STATUS(status, OK);
	asker->raw = stream;
	stream_set_events(stream, &events, asker);
}

static void connect_raw(struct act *act, struct stage *stage, void *arg)
{
	(void)arg;
	text_clear(&stage->asker->received);
	stage->asker->raw_ended = false;
	stage->asker->raw = NULL;
	CHECK_STATUS(
	    stream_connect(act, "127.0.0.1", stage->port, WAIT_MS, on_connected, stage->asker), OK);
}

static bool is_connected(void *arg)
{
	return ((struct stage *)arg)->asker->raw != NULL;
}

static void write_raw(struct act *act, struct stage *stage, void *arg)
{
	struct str *bytes = arg;
	(void)act;
	stream_read_start(stage->asker->raw);
	CHECK_STATUS(stream_write(stage->asker->raw, bytes, 1, NULL, NULL), OK);
}

static void open_raw(struct stage *stage, const char *bytes)
{
	struct str all = str_from(bytes);
	as_asker(stage, connect_raw, NULL);
	wait_for(stage, is_connected);
	as_asker(stage, write_raw, &all);
}

static bool raw_ended(void *arg)
{
	return ((struct stage *)arg)->asker->raw_ended;
}

static void close_raw(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	stream_close(stage->asker->raw);
}

static const char *expected_now;

static bool has_received(void *arg)
{
	struct stage *stage = arg;
	return str_find(text_str(&stage->asker->received), str_from(expected_now)) >= 0;
}

TEST(a_pipeline_is_answered_in_order_over_one_connection)
{
	struct stage *stage = make_stage(false, no_limits);
	open_raw(stage, "GET /echo?1 HTTP/1.1\r\nHost: a\r\n\r\n"
			"POST /echo?2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
			"GET /echo?3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	wait_for(stage, raw_ended);
	struct str all = text_str(&stage->asker->received);
	int64_t first = str_find(all, STR("GET /echo?1 "));
	int64_t second = str_find(all, STR("POST /echo?2 hi"));
	int64_t third = str_find(all, STR("GET /echo?3 "));
	CHECK(first > 0 && second > first && third > second);
	CHECK_EQ(stats_of(stage)->connections_total, 1);
	as_asker(stage, close_raw, NULL);
	end_stage(stage);
}

TEST(what_strangers_send_gets_a_refusal_and_the_connection_ends)
{
	static const struct {
		const char *bytes, *answer;
	} cases[] = {
		{ "rubbish\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET nonsense HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 " },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\n",
		  "HTTP/1.1 417 " },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		  "Content-Length: 99999999\r\n\r\n",
		  "HTTP/1.1 413 " },
	};
	struct stage *stage = make_stage(false, no_limits);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		open_raw(stage, cases[i].bytes);
		wait_for(stage, raw_ended);
		CHECK(str_starts(text_str(&stage->asker->received), str_from(cases[i].answer)));
		CHECK(str_find(text_str(&stage->asker->received), STR("{\"code\":")) > 0);
		as_asker(stage, close_raw, NULL);
	}
	wait_idle(stage);
	end_stage(stage);
}

TEST(a_handler_that_is_done_with_raw_bytes_does_not_wait_for_the_peers_end)
{
	struct stage *stage = make_stage(false, no_limits);
	open_raw(stage, "GET /push HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
			"Upgrade: echo/1\r\n\r\nthis is read by nobody");
	wait_for(stage, raw_ended);
	CHECK(str_ends(text_str(&stage->asker->received), STR("\r\n\r\nthat was all")));
	wait_idle(stage);
	as_asker(stage, close_raw, NULL);
	end_stage(stage);
}

static void end_raw(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	stream_shutdown(stage->asker->raw);
}

static void read_raw(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	stream_read_start(stage->asker->raw);
}

static bool is_asked(void *arg)
{
	(void)arg;
	return handler_now->asked > 0;
}

TEST(who_closes_its_half_behind_a_request_still_gets_an_answer_that_is_ready)
{
	struct stage *stage = make_stage(false, no_limits);
	as_asker(stage, connect_raw, NULL);
	wait_for(stage, is_connected);
	struct str request = STR("GET /large?10000000 HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_STATUS(stream_write(stage->asker->raw, &request, 1, NULL, NULL), OK);
	stage->asker->received = text_in(test_arena(), 11000000);
	wait_for(stage, is_asked);
	as_asker(stage, end_raw, NULL);
	settle(stage, 20);
	as_asker(stage, read_raw, NULL);
	wait_for(stage, raw_ended);
	struct str all = text_str(&stage->asker->received);
	CHECK_EQ(all.len - (uint32_t)str_find(all, STR("\r\n\r\n")) - 4, 10000000);
	CHECK_EQ(handler_now->gone, 0);
	wait_idle(stage);
	as_asker(stage, close_raw, NULL);
	end_stage(stage);
}

TEST(who_waits_to_be_asked_for_a_body_is_asked)
{
	struct stage *stage = make_stage(false, no_limits);
	open_raw(stage, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
			"Content-Length: 4\r\n\r\n");
	expected_now = "HTTP/1.1 100 Continue\r\n\r\n";
	wait_for(stage, has_received);
	struct str body = STR("body");
	as_asker(stage, write_raw, &body);
	expected_now = "POST /echo? body";
	wait_for(stage, has_received);
	as_asker(stage, close_raw, NULL);
	end_stage(stage);
}

TEST(slow_heads_stalled_bodies_and_idle_connections_are_ended)
{
	static const struct {
		const char *bytes, *answer;
	} cases[] = {
		{ "GET /ec", "" },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nx", "HTTP/1.1 408 " },
		{ "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 " },
	};
	struct stage *stage = make_stage(
	    false, (struct http_server_config){ .head_ms = 10, .stall_ms = 10, .idle_ms = 10 });
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		open_raw(stage, cases[i].bytes);
		wait_for(stage, raw_ended);
		CHECK(str_starts(text_str(&stage->asker->received), str_from(cases[i].answer)));
		as_asker(stage, close_raw, NULL);
	}
	wait_idle(stage);
	end_stage(stage);
}

TEST(a_reader_that_does_not_read_holds_the_writer_and_nobody_else)
{
	struct stage *stage = make_stage(false, no_limits);
	as_asker(stage, connect_raw, NULL);
	wait_for(stage, is_connected);
	struct str request = STR("GET /big?100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_STATUS(stream_write(stage->asker->raw, &request, 1, NULL, NULL),
		     OK); /* and never reads */
	ask(stage, 0, get("/echo"));
	wait_for(stage, all_answered);
	settle(stage, 100);
	/* What the kernel took, and the mark; not the hundred megabytes. */
	CHECK(handler_now->big_left > 80000000);
	CHECK(handler_now->big_left < 100000000);
	uint32_t waiting =
	    (uint32_t)((100000000 - handler_now->big_left) / 10000) - handler_now->released;
	CHECK(waiting <= (LIMIT_STREAM_BUFFER_BYTES + 10000) / 10000);
	as_asker(stage, close_raw, NULL);
	wait_for(stage, has_gone);
	wait_idle(stage);
	CHECK_EQ((100000000 - handler_now->big_left) / 10000, handler_now->released);
	end_stage(stage);
}

TEST(connections_past_the_limit_wait_for_their_turn)
{
	struct stage *stage = make_stage(false, (struct http_server_config){ .connections_max = 1 });
	open_raw(stage, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	expected_now = "GET /echo";
	wait_for(stage, has_received);
	ask(stage, 0, get("/echo"));
	settle(stage, 50);
	CHECK_EQ(stage->asker->answered, 0);
	as_asker(stage, close_raw, NULL);
	wait_for(stage, all_answered);
	CHECK_EQ(stage->asker->answered, 1);
	close_all_calls(stage);
	end_stage(stage);
}
