#include <stdio.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/authority.h"
#include "tests/lib/test.h"
#include "tests/unit/transport/http/station.h"

/* ---- the station: a loop with a handler, a server, and an actor that asks -------------------------------------- */

static enum status asker_init(struct act *act, void *state, const void *args)
{
	struct asker *asker = state;
	asker->station = *(struct station *const *)args;
	asker->station->asker = asker;
	asker->station->asker_ref = act_self(act);
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
		asker->station->port = ACT_AS(msg, http_listening)->ports[0];
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
	struct station *station;
	void (*fn)(struct act *act, struct station *station, void *arg);
	void *arg;
};

static void enter(struct act *act, void *state, void *arg)
{
	struct inside *inside = arg;
	(void)state;
	inside->fn(act, inside->station, inside->arg);
}

void station_enter(struct station *station, void (*fn)(struct act *, struct station *, void *),
		   void *arg)
{
	struct inside inside = { station, fn, arg };
	CHECK(act_host_enter(loop_host(station->loop), station->asker_ref, enter, &inside));
}

void station_wait(struct station *station, bool (*claim)(void *arg))
{
	CHECK(loop_run_until(station->loop, claim, station, STATION_WAIT_MS));
}

static void make_tls(struct station *station, struct str client_alpn)
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
	CHECK_STATUS(tls_context_new(&server_config, &station->server_tls, &why), OK);
	CHECK_STATUS(tls_context_new(&client_config, &station->client_tls, &why), OK);
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

static void ask_listening(struct act *act, struct station *station, void *arg)
{
	struct http_listening none = { 0 };
	(void)arg;
	station->server_ref = act_whereis(act, "http");
	CHECK_STATUS(
	    act_request(act, station->server_ref, &http_listening_type, &none, STATION_WAIT_MS, 1),
	    OK);
}

static bool has_listening(void *arg)
{
	return ((struct station *)arg)->asker->has_listening;
}

void station_spawn_client(struct act *act, struct station *station, void *arg)
{
	(void)arg;
	CHECK_STATUS(
	    act_spawn(act, &http_client_class, &station->client, NULL, &station->client_ref), OK);
}

static struct station *open_with(bool with_tls, struct str client_alpn,
				 struct http_server_config limits, int inherited_fd)
{
	struct station *station = arena_new_of(test_arena(), struct station);
	if (with_tls)
		make_tls(station, client_alpn);
	snprintf(station->socket_address, sizeof station->socket_address, "unix:%s/s",
		 test_folder());
	station->listeners[0] = (struct http_listener){ .address = "127.0.0.1:0",
							.tls = station->server_tls,
							.inherited_fd = inherited_fd };
	station->listeners[1] = (struct http_listener){ .address = station->socket_address };
	station->server = limits;
	station->server.listeners = station->listeners;
	station->server.listener_count = 2;
	station->server.handler = "handler";
	station->server.is_streamed = is_streamed;
	station->server.refusal = refusal;
	struct station **self = arena_new_of(test_arena(), struct station *);
	*self = station;
	station->children[0] =
	    (struct act_child){ .id = "handler", .class = &station_handler_class };
	station->children[1] = (struct act_child){ .id = "http",
						   .class = &http_server_class,
						   .args = &station->server };
	station->children[2] =
	    (struct act_child){ .id = "asker", .class = &asker_class, .args = self };
	station->root = (struct act_supervisor){ .children = station->children, .child_count = 3 };
	struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &station->root }
	};
	CHECK_STATUS(loop_open(&config, &station->loop), OK);
	station_enter(station, ask_listening, NULL);
	station_wait(station, has_listening);
	snprintf(station->url, sizeof station->url, "%s://127.0.0.1:%u",
		 with_tls ? "https" : "http", station->port);
	station->client = (struct http_client_config){ .url = station->url,
						       .tls = station->client_tls,
						       .server_name = STR("localhost") };
	station_enter(station, station_spawn_client, NULL);
	return station;
}

struct station *station_open_alpn(bool with_tls, struct str client_alpn,
				  struct http_server_config limits)
{
	return open_with(with_tls, client_alpn, limits, 0);
}

struct station *station_open_on(bool with_tls, int fd)
{
	return open_with(with_tls, STR("h2,http/1.1"), station_no_limits, fd);
}

struct station *station_open(bool with_tls, struct http_server_config limits)
{
	return station_open_alpn(with_tls, STR("h2,http/1.1"), limits);
}

void station_close(struct station *station)
{
	loop_close(station->loop);
	tls_context_unref(station->server_tls);
	tls_context_unref(station->client_tls);
}

const struct http_server_config station_no_limits = { 0 };

struct call_wish {
	struct http_request request;
	uint32_t at;
};

static void open_one(struct act *act, struct station *station, void *arg)
{
	struct call_wish *wish = arg;
	CHECK_STATUS(http_call(act, station->client_ref, &wish->request, 100 + wish->at,
			       &station->asker->calls[wish->at]),
		     OK);
}

struct http_call **station_ask(struct station *station, uint32_t at, struct http_request request)
{
	struct call_wish wish = { request, at };
	station_enter(station, open_one, &wish);
	return &station->asker->calls[at];
}

void station_close_call(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)station;
	http_call_close(arg);
}

bool station_all_answered(void *arg)
{
	struct station *station = arg;
	uint32_t open = 0;
	for (uint32_t i = 0; i < STATION_ANSWERS_MAX; i++)
		open += station->asker->calls[i] != NULL;
	return station->asker->answered + station->asker->failed >= open;
}

struct http_request station_get(const char *path)
{
	return (struct http_request){ .method = STR("GET"), .path = str_from(path) };
}

struct http_request station_post(const char *path, struct str body)
{
	return (struct http_request){ .method = STR("POST"),
				      .path = str_from(path),
				      .body = HTTP_BYTES(body) };
}

/* ---- what there is to wait for -------------------------------------------------------------------------------- */

static bool is_quiet(void *arg)
{
	(void)arg;
	return false;
}

void station_settle(struct station *station, uint32_t ms)
{
	(void)loop_run_until(station->loop, is_quiet, station, ms);
}

void station_close_calls(struct station *station)
{
	for (uint32_t i = 0; i < STATION_ANSWERS_MAX; i++)
		if (station->asker->calls[i] != NULL)
			station_enter(station, station_close_call, station->asker->calls[i]);
	memset(station->asker->calls, 0, sizeof station->asker->calls);
	station->asker->answered = station->asker->failed = 0;
}

static void ask_stats(struct act *act, struct station *station, void *arg)
{
	struct http_server_stats none = { 0 };
	(void)arg;
	station->asker->has_stats = false;
	CHECK_STATUS(act_request(act, station->server_ref, &http_server_stats_type, &none,
				 STATION_WAIT_MS, 2),
		     OK);
}

static bool has_stats(void *arg)
{
	return ((struct station *)arg)->asker->has_stats;
}

const struct http_server_stats *station_stats(struct station *station)
{
	station_enter(station, ask_stats, NULL);
	station_wait(station, has_stats);
	return &station->asker->stats;
}

static bool is_idle(void *arg)
{
	struct station *station = arg;
	return station_stats(station)->exchanges == 0;
}

void station_wait_idle(struct station *station)
{
	for (int i = 0; i < 1000 && !is_idle(station); i++)
		station_settle(station, 1);
	CHECK_EQ(station->asker->stats.exchanges, 0);
}

bool station_is_held(void *arg)
{
	(void)arg;
	return station_handler->held_count > 0;
}

bool station_is_answered(void *arg)
{
	return ((struct station *)arg)->asker->answered > 0;
}

bool station_has_gone(void *arg)
{
	(void)arg;
	return station_handler->gone > 0;
}
