/*
 * A server of transport/http for the clients of others: tests/wire/api/test-http.py runs curl, h2load and sockets against it.
 *
 *     wire-http CERTIFICATE KEY      prints "PLAIN-PORT TLS-PORT" and serves until SIGTERM
 *
 *   /echo      method and body            /bytes?n   n bytes, written with back-pressure
 *   /length    how long the body was      /upload    the same of a body that is read as it comes
 *   /watch     lines, as they are posted  /event     its body to every watcher; answers how many
 *   /stats     connections, exchanges, watchers, gone, buffered bytes
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "runtime/base/base.h"
#include "runtime/loop/loop.h"
#include "tests/wire/serve.h"
#include "transport/http/server.h"

#define WATCHERS_MAX 20000U
#define PEM_BYTES_MAX 65536U

struct handler {
	struct http_exchange *watchers[WATCHERS_MAX];
	uint32_t watcher_count, gone;
	struct http_exchange *asking; /* for the server's own numbers */
};

/* One answer of /bytes, in the exchange's arena. */
struct flow {
	uint64_t left;
};

static void answer(struct http_exchange *exchange, int code, struct str body)
{
	static const struct http_header type = { { "content-type", 12 }, { "text/plain", 10 } };

	http_respond(exchange, code, (struct http_headers){ &type, 1 }, HTTP_BYTES(body));
	http_done(exchange);
}

static void answer_number(struct http_exchange *exchange, uint64_t n)
{
	answer(exchange, 200, arena_printf(http_arena(exchange), "%ju\n", (uintmax_t)n));
}

static void flow_on(struct http_exchange *exchange)
{
	static const char piece[10000];
	struct flow *flow = http_user(exchange);
	bool has_room = true;

	while (has_room && flow->left > 0) {
		uint32_t len = flow->left < sizeof piece ? (uint32_t)flow->left : sizeof piece;

		has_room = http_write(exchange, HTTP_BYTES(str_of(piece, len)));
		flow->left -= len;
	}
	if (flow->left > 0)
		return;
	http_end(exchange);
	http_done(exchange);
}

static void flow_begin(struct http_exchange *exchange)
{
	struct flow *flow = arena_new_of(http_arena(exchange), struct flow);

	if (str_to_u64(http_query(exchange), &flow->left) != OK) {
		answer(exchange, 400, STR("how many?\n"));
		return;
	}
	http_set_user(exchange, flow);
	http_begin(exchange, 200, (struct http_headers){ 0 });
	flow_on(exchange);
}

static void watch(struct handler *handler, struct http_exchange *exchange)
{
	if (handler->watcher_count == WATCHERS_MAX) {
		answer(exchange, 429, STR("too many\n"));
		return;
	}
	http_begin(exchange, 200, (struct http_headers){ 0 });
	handler->watchers[handler->watcher_count++] = exchange;
}

static void publish(struct handler *handler, struct http_exchange *exchange)
{
	for (uint32_t i = 0; i < handler->watcher_count; i++)
		(void)http_write_copy(handler->watchers[i], http_body(exchange));
	answer_number(exchange, handler->watcher_count);
}

static void ask_stats(struct act *act, struct handler *handler, struct http_exchange *exchange)
{
	const struct http_server_stats none = { 0 };

	if (handler->asking != NULL ||
	    act_request(act, act_named(act, "http"), &http_server_stats_type, &none, 1000, 1) != OK)
		answer(exchange, 503, STR("not now\n"));
	else
		handler->asking = exchange;
}

static void tell_stats(struct handler *handler, const struct http_server_stats *stats)
{
	size_t buffered = 0;

	for (uint32_t i = 0; i < handler->watcher_count; i++)
		buffered += http_buffered(handler->watchers[i]);
	answer(handler->asking, 200,
	       arena_printf(http_arena(handler->asking),
			    "{\"connections\":%u,\"exchanges\":%u,\"requests\":%ju,\"watchers\":%u,"
			    "\"gone\":%u,\"buffered\":%zu}\n",
			    stats->connections, stats->exchanges, (uintmax_t)stats->requests_total,
			    handler->watcher_count, handler->gone, buffered));
	handler->asking = NULL;
}

static void asked(struct act *act, struct handler *handler, struct http_exchange *exchange)
{
	struct str path = http_path(exchange);

	if (str_is(path, "/echo"))
		answer(exchange, 200,
		       arena_printf(http_arena(exchange), STR_FMT " " STR_FMT,
				    STR_ARG(http_method(exchange)), STR_ARG(http_body(exchange))));
	else if (str_is(path, "/length"))
		answer_number(exchange, http_body(exchange).len);
	else if (str_is(path, "/bytes"))
		flow_begin(exchange);
	else if (str_is(path, "/watch"))
		watch(handler, exchange);
	else if (str_is(path, "/event"))
		publish(handler, exchange);
	else if (str_is(path, "/stats"))
		ask_stats(act, handler, exchange);
	else if (str_is(path, "/upload"))
		http_set_user(exchange, arena_new_of(http_arena(exchange), struct flow));
	else
		answer(exchange, 404, STR("there is no such path\n"));
}

static void readable(struct http_exchange *exchange)
{
	struct flow *flow = http_user(exchange);
	char bytes[16384];
	bool ended = false;
	size_t len;

	while ((len = http_read(exchange, bytes, sizeof bytes, &ended)) > 0)
		flow->left += len;
	if (ended)
		answer_number(exchange, flow->left);
}

static void gone(struct handler *handler, struct http_exchange *exchange)
{
	handler->gone++;
	for (uint32_t i = 0; i < handler->watcher_count; i++)
		if (handler->watchers[i] == exchange)
			handler->watchers[i--] = handler->watchers[--handler->watcher_count];
	http_done(exchange);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct handler *handler = state;

	if (ACT_IS(msg, loop_signal)) {
		act_host_stop(act_host_of(act));
	} else if (ACT_IS(msg, http_asked)) {
		asked(act, handler, ACT_AS(msg, http_asked)->exchange);
	} else if (ACT_IS(msg, http_writable)) {
		if (!http_is_done(ACT_AS(msg, http_writable)->exchange) &&
		    http_user(ACT_AS(msg, http_writable)->exchange) != NULL)
			flow_on(ACT_AS(msg, http_writable)->exchange);
	} else if (ACT_IS(msg, http_readable)) {
		if (!http_is_done(ACT_AS(msg, http_readable)->exchange))
			readable(ACT_AS(msg, http_readable)->exchange);
	} else if (ACT_IS(msg, http_gone)) {
		if (!http_is_done(ACT_AS(msg, http_gone)->exchange))
			gone(handler, ACT_AS(msg, http_gone)->exchange);
	} else if (ACT_IS(msg, http_server_stats)) {
		tell_stats(handler, ACT_AS(msg, http_server_stats));
	} else if (ACT_IS(msg, http_listening)) {
		printf("%u %u\n", ACT_AS(msg, http_listening)->ports[0],
		       ACT_AS(msg, http_listening)->ports[1]);
		fflush(stdout);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)state;
	(void)args;
	return loop_on_signal(act, SIGTERM);
}

static const struct act_class handler_class = {
	.name = "handler",
	.state_size = sizeof(struct handler),
	.init = init,
	.receive = receive,
};

static bool is_streamed(void *arg, const struct http_exchange *exchange)
{
	(void)arg;
	return str_is(http_path(exchange), "/upload");
}

static struct str read_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "r");
	char *at = arena_alloc(arena, PEM_BYTES_MAX);
	size_t len = file != NULL ? fread(at, 1, PEM_BYTES_MAX, file) : 0;

	if (file != NULL)
		fclose(file);
	return str_of(at, len);
}

static struct wall now(void *arg)
{
	struct timespec at;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &at);
	return (struct wall){ at.tv_sec * TIME_S + at.tv_nsec };
}

static enum status serve(const char *certificate, const char *key, struct arena *arena,
			 struct fault *why)
{
	const struct tls_config tls_config = {
		.is_server = true,
		.clients = TLS_CLIENTS_MAY_SHOW,
		.certificate_pem = read_file(arena, certificate),
		.key_pem = read_file(arena, key),
		.alpn = STR("h2,http/1.1"),
		.now = now,
	};
	struct http_listener listeners[] = { { .address = "127.0.0.1:0" },
					     { .address = "127.0.0.1:0" } };
	const struct http_server_config server = { .listeners = listeners,
						   .listener_count = 2,
						   .handler = "handler",
						   .is_streamed = is_streamed };
	const struct act_child children[] = {
		{ .id = "handler", .class = &handler_class },
		{ .id = "http", .class = &http_server_class, .args = &server },
	};
	enum status status;

	TRY(tls_context_new(&tls_config, &listeners[1].tls, why));
	status = serve_actors(children, 2, why);
	tls_context_unref(listeners[1].tls);
	return status;
}

int main(int argc, char **argv)
{
	return serve_main(argc, argv, "wire-http CERTIFICATE KEY", serve);
}
