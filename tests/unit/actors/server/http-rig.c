#include "tests/unit/actors/server/http-rig.h"

#include <stdio.h>

#include "actors/authentication/mechanisms.h"
#include "datastore/store/store.h"
#include "runtime/loop/loop.h"
#include "tests/lib/authority.h"
#include "transport/http/server.h"

#define WAIT_MS 8000U
#define READY_MS 20U /* between two looks whether the server is ready */
#define READY_TRIES 600
#define CLIENTS_MAX 8U
#define STREAMS_MAX 16U
#define AUTHENTICATORS_MAX 8U

struct one_client {
	const char *user;
	bool is_http1;
	struct tls_context *tls;
	struct http_client_config config;
	struct act_ref ref;
};

struct stream {
	struct http_call *call;
	struct text received;
	bool has_ended;
};

struct http_rig {
	struct loop *loop;
	struct act_ref tester;
	struct authority_pair authority;
	struct tls_context *tls;
	char url[64];
	uint16_t port;
	struct one_client clients[CLIENTS_MAX];
	uint32_t client_count;
	struct stream streams[STREAMS_MAX];
	uint32_t stream_count;
	bool is_answered;
	enum status status;
	struct http_call *call;
	struct stream *waited;
	uint32_t wanted_bytes, wanted_lines;
	struct authenticator authenticators[AUTHENTICATORS_MAX];
	struct store_config store;
	struct server_config server;
	struct http_listener listener;
	struct http_server_config http;
	struct act_child children[4];
	struct act_supervisor root;
};

/* ---- the asking actor ---------------------------------------------------------------------------------- */

struct tester {
	struct http_rig *rig;
};

static void read_stream(struct http_rig *rig, struct http_call *call)
{
	char bytes[4096];
	size_t len;

	for (uint32_t i = 0; i < rig->stream_count; i++) {
		struct stream *stream = &rig->streams[i];
		bool ended = false;

		if (stream->call != call)
			continue;
		while ((len = http_call_read(call, bytes, sizeof bytes, &ended)) > 0)
			text_add_bytes(&stream->received, bytes, len);
		stream->has_ended |= ended;
	}
}

static void mark_broken(struct http_rig *rig, const struct http_call *call)
{
	for (uint32_t i = 0; i < rig->stream_count; i++)
		if (rig->streams[i].call == call)
			rig->streams[i].has_ended = true;
}

static enum status tester_init(struct act *act, void *state, const void *args)
{
	struct tester *tester = state;

	tester->rig = *(struct http_rig *const *)args;
	tester->rig->tester = act_self(act);
	return OK;
}

static enum act_verdict tester_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct http_rig *rig = ((struct tester *)state)->rig;

	(void)act;
	if (msg->kind == ACT_ANSWER && msg->status == OK && ACT_IS(msg, http_listening)) {
		rig->port = ACT_AS(msg, http_listening)->ports[0];
	} else if (msg->kind == ACT_ANSWER) {
		rig->is_answered = true;
		rig->status = msg->status;
	} else if (ACT_IS(msg, http_call_readable)) {
		read_stream(rig, ACT_AS(msg, http_call_readable)->call);
	} else if (ACT_IS(msg, http_call_broken)) {
		mark_broken(rig, ACT_AS(msg, http_call_broken)->call);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static const struct act_class tester_class = { .name = "tester",
					       .state_size = sizeof(struct tester),
					       .init = tester_init,
					       .receive = tester_receive };

struct inside {
	struct http_rig *rig;
	void (*fn)(struct act *act, struct http_rig *rig, void *arg);
	void *arg;
};

static void enter(struct act *act, void *state, void *arg)
{
	struct inside *inside = arg;

	(void)state;
	inside->fn(act, inside->rig, inside->arg);
}

static void as_tester(struct http_rig *rig,
		      void (*fn)(struct act *act, struct http_rig *rig, void *arg), void *arg)
{
	struct inside inside = { rig, fn, arg };

	CHECK(act_host_enter(loop_host(rig->loop), rig->tester, enter, &inside));
}

static void wait_for(struct http_rig *rig, bool (*claim)(void *arg))
{
	CHECK(loop_run_until(rig->loop, claim, rig, WAIT_MS));
}

/* ---- clients --------------------------------------------------------------------------------------------- */

static void make_context(struct http_rig *rig, struct one_client *client, const char *group)
{
	struct tls_config config = {
		.authorities_pem = rig->authority.certificate_pem,
		.alpn = client->is_http1 ? STR("http/1.1") : STR("h2,http/1.1"),
		.now = authority_now,
	};
	struct authority_pair pair;

	if (client->user[0] != '\0') {
		pair = authority_issue(&rig->authority, client->user, group, NULL);
		config.certificate_pem = pair.certificate_pem;
		config.key_pem = pair.key_pem;
	}
	CHECK_STATUS(tls_context_new(&config, &client->tls, NULL), OK);
}

static void spawn_client(struct act *act, struct http_rig *rig, void *arg)
{
	struct one_client *client = arg;

	(void)rig;
	CHECK_STATUS(act_spawn(act, &http_client_class, &client->config, NULL, &client->ref), OK);
}

static struct one_client *client_of(struct http_rig *rig, const struct http_rig_request *request)
{
	const char *user = request->user ? request->user : RIG_MAIN;
	const char *group = request->user ? request->group : "system:masters";
	struct one_client *client;

	for (uint32_t i = 0; i < rig->client_count; i++) {
		client = &rig->clients[i];
		if (strcmp(client->user, user) == 0 && client->is_http1 == request->is_http1)
			return client;
	}
	CHECK(rig->client_count < CLIENTS_MAX);
	client = &rig->clients[rig->client_count++];
	client->user = user;
	client->is_http1 = request->is_http1;
	make_context(rig, client, group);
	client->config = (struct http_client_config){ .url = rig->url,
						      .tls = client->tls,
						      .server_name = STR("localhost") };
	as_tester(rig, spawn_client, client);
	return client;
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

struct wish {
	struct act_ref client;
	struct http_request request;
};

static void open_call(struct act *act, struct http_rig *rig, void *arg)
{
	struct wish *wish = arg;

	CHECK_STATUS(http_call(act, wish->client, &wish->request, 1, &rig->call), OK);
}

static void close_call(struct act *act, struct http_rig *rig, void *arg)
{
	(void)act;
	(void)rig;
	http_call_close(arg);
}

static bool is_answered(void *arg)
{
	return ((struct http_rig *)arg)->is_answered;
}

static void call(struct http_rig *rig, const struct http_rig_request *request, bool is_streamed)
{
	struct http_header headers[4];
	uint32_t count = 0;
	struct wish wish = { .request = { .method =
					      str_from(request->method ? request->method : "GET"),
					  .path = str_from(request->path),
					  .body = HTTP_BYTES(request->body),
					  .is_answer_streamed = is_streamed } };

	if (request->type != NULL)
		headers[count++] =
		    (struct http_header){ STR("content-type"), str_from(request->type) };
	if (request->accept != NULL)
		headers[count++] = (struct http_header){ STR("accept"), str_from(request->accept) };
	if (request->token != NULL)
		headers[count++] = (struct http_header){ STR("authorization"),
							 rig_printf("Bearer %s", request->token) };
	if (request->name != NULL)
		headers[count++] =
		    (struct http_header){ str_from(request->name), str_from(request->value) };
	wish.request.headers = (struct http_headers){ headers, count };
	wish.client = client_of(rig, request)->ref;
	rig->is_answered = false;
	as_tester(rig, open_call, &wish);
	wait_for(rig, is_answered);
	if (rig->status != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", status_name(rig->status),
			  http_call_fault(rig->call)->text);
}

static struct http_headers copy_headers(struct http_headers from)
{
	struct http_header *at = arena_array(test_arena(), struct http_header, from.count);

	for (uint32_t i = 0; i < from.count; i++) {
		at[i].name = arena_str(test_arena(), from.at[i].name);
		at[i].value = arena_str(test_arena(), from.at[i].value);
	}
	return (struct http_headers){ at, from.count };
}

struct http_rig_answer http_rig_ask(struct http_rig *rig, const struct http_rig_request *request)
{
	struct http_rig_answer answer;

	call(rig, request, false);
	answer.code = http_call_code(rig->call);
	answer.body = arena_str(test_arena(), http_call_body(rig->call));
	answer.headers = copy_headers(http_call_headers(rig->call));
	answer.type = http_header_get(answer.headers, STR("content-type"));
	as_tester(rig, close_call, rig->call);
	return answer;
}

/* ---- streams ------------------------------------------------------------------------------------------------- */

struct http_call *http_rig_stream(struct http_rig *rig, const struct http_rig_request *request)
{
	struct stream *stream;

	call(rig, request, true);
	CHECK(rig->stream_count < STREAMS_MAX);
	stream = &rig->streams[rig->stream_count++];
	stream->call = rig->call;
	stream->received = text_in(test_arena(), 64U * MIB);
	read_stream(rig, rig->call);
	return rig->call;
}

static struct stream *stream_of(struct http_rig *rig, const struct http_call *wanted)
{
	for (uint32_t i = 0; i < rig->stream_count; i++)
		if (rig->streams[i].call == wanted)
			return &rig->streams[i];
	test_fail(__FILE__, __LINE__, "no such stream");
}

static bool has_bytes(void *arg)
{
	struct http_rig *rig = arg;

	return rig->waited->received.len >= rig->wanted_bytes;
}

struct str http_rig_read(struct http_rig *rig, struct http_call *from, uint32_t bytes)
{
	rig->waited = stream_of(rig, from);
	rig->wanted_bytes = bytes;
	wait_for(rig, has_bytes);
	return arena_str(test_arena(), text_str(&rig->waited->received));
}

static bool has_lines(void *arg)
{
	struct http_rig *rig = arg;
	struct str rest = text_str(&rig->waited->received);
	uint32_t lines = 0;

	for (uint32_t i = 0; i < rest.len; i++)
		lines += rest.at[i] == '\n';
	return lines >= rig->wanted_lines;
}

struct str http_rig_lines(struct http_rig *rig, struct http_call *from, uint32_t lines)
{
	rig->waited = stream_of(rig, from);
	rig->wanted_lines = lines;
	wait_for(rig, has_lines);
	return arena_str(test_arena(), text_str(&rig->waited->received));
}

static bool has_ended(void *arg)
{
	return ((struct http_rig *)arg)->waited->has_ended;
}

bool http_rig_has_ended(struct http_rig *rig, struct http_call *of)
{
	rig->waited = stream_of(rig, of);
	return loop_run_until(rig->loop, has_ended, rig, WAIT_MS);
}

void http_rig_hang_up(struct http_rig *rig, struct http_call *of)
{
	stream_of(rig, of)->call = NULL;
	as_tester(rig, close_call, of);
}

struct rig_answer http_rig_plain(struct http_rig_answer answer)
{
	return (struct rig_answer){ .code = answer.code, .type = answer.type, .body = answer.body };
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void make_server(struct http_rig *rig, const struct server_config *config)
{
	uint32_t count = 0;

	if (config != NULL)
		rig->server = *config;
	rig->authenticators[count++] = authentication_certificate();
	for (uint32_t i = 0; config != NULL && i < config->authenticator_count; i++)
		rig->authenticators[count++] = config->authenticators[i];
	rig->server.authenticators = rig->authenticators;
	rig->server.authenticator_count = count;
	rig->server.store = "store";
	rig->store = (struct store_config){ .folder = test_folder(),
					    .name = STR("n1"),
					    .address = STR("127.0.0.1:6444"),
					    .is_first = true,
					    .segment_bytes = 1U * MIB,
					    .election_ms = 50,
					    .heartbeat_ms = 10 };
}

static void make_listener(struct http_rig *rig)
{
	struct authority_pair pair = authority_issue(&rig->authority, "server", NULL, "localhost");
	const struct tls_config config = {
		.is_server = true,
		.clients = TLS_CLIENTS_MAY_SHOW,
		.certificate_pem = pair.certificate_pem,
		.key_pem = pair.key_pem,
		.authorities_pem = rig->authority.certificate_pem,
		.alpn = STR("h2,http/1.1"),
		.now = authority_now,
	};

	CHECK_STATUS(tls_context_new(&config, &rig->tls, NULL), OK);
	rig->listener = (struct http_listener){ .address = "127.0.0.1:0", .tls = rig->tls };
	rig->http = (struct http_server_config){ .listeners = &rig->listener,
						 .listener_count = 1,
						 .handler = "api" };
}

static void ask_listening(struct act *act, struct http_rig *rig, void *arg)
{
	struct http_listening none = { 0 };

	(void)rig;
	(void)arg;
	CHECK_STATUS(
	    act_request(act, act_whereis(act, "http"), &http_listening_type, &none, WAIT_MS, 1), OK);
}

static bool is_listening(void *arg)
{
	return ((struct http_rig *)arg)->port != 0;
}

static void open_loop(struct http_rig *rig)
{
	struct http_rig **args = arena_new_of(test_arena(), struct http_rig *);
	struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &rig->root }
	};

	*args = rig;
	rig->children[0] =
	    (struct act_child){ .id = "store", .class = &store_class, .args = &rig->store };
	rig->children[1] =
	    (struct act_child){ .id = "api", .class = &server_class, .args = &rig->server };
	rig->children[2] =
	    (struct act_child){ .id = "http", .class = &http_server_class, .args = &rig->http };
	rig->children[3] =
	    (struct act_child){ .id = "tester", .class = &tester_class, .args = args };
	rig->root = (struct act_supervisor){ .children = rig->children, .child_count = 4 };
	CHECK_STATUS(loop_open(&config, &rig->loop), OK);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void http_rig_wait_ready(struct http_rig *rig)
{
	for (int i = 0; i < READY_TRIES && http_rig_get(rig, "/readyz").code != 200; i++)
		(void)loop_run_until(rig->loop, never, NULL, READY_MS);
}

struct http_rig *http_rig_open(const struct server_config *config)
{
	struct http_rig *rig = arena_new_of(test_arena(), struct http_rig);

	rig->authority = authority_new("test CA");
	make_server(rig, config);
	make_listener(rig);
	open_loop(rig);
	as_tester(rig, ask_listening, NULL);
	wait_for(rig, is_listening);
	snprintf(rig->url, sizeof rig->url, "https://127.0.0.1:%u", rig->port);
	http_rig_wait_ready(rig);
	CHECK_HTTP(
	    http_rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"default\"}}"), 201);
	return rig;
}

static void kill_server(struct act *act, struct http_rig *rig, void *arg)
{
	(void)rig;
	(void)arg;
	act_kill(act, act_whereis(act, "api"));
}

void http_rig_kill_server(struct http_rig *rig)
{
	as_tester(rig, kill_server, NULL);
}

void http_rig_close(struct http_rig *rig)
{
	loop_close(rig->loop);
	tls_context_unref(rig->tls);
	for (uint32_t i = 0; i < rig->client_count; i++)
		tls_context_unref(rig->clients[i].tls);
}
