#include <stdio.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"
#include "tests/unit/transport/http/station.h"

/* ---- the handler: what it does is told by the path ---------------------------------------------------------- */

struct handler *station_handler;

static const struct http_header text_type = { { "content-type", 12 }, { "text/plain", 10 } };
static const struct http_headers text_headers = { &text_type, 1 };

void station_respond(struct http_exchange *exchange, int code, struct str body)
{
	http_respond(exchange, code, text_headers, HTTP_BYTES(body));
	http_done(exchange);
}

static void respond_echo(struct http_exchange *exchange)
{
	station_respond(exchange, 200,
			arena_printf(http_arena(exchange),
				     STR_FMT " " STR_FMT "?" STR_FMT " " STR_FMT,
				     STR_ARG(http_method(exchange)), STR_ARG(http_path(exchange)),
				     STR_ARG(http_query(exchange)), STR_ARG(http_body(exchange))));
}

static void respond_who(struct http_exchange *exchange)
{
	const struct certificate_info *info = http_peer_certificate(exchange);
	struct str name = info != NULL ? info->common_name : STR("nobody");
	struct str group =
	    info != NULL && info->organizations_count > 0 ? info->organizations[0] : STR("none");
	station_respond(exchange, 200,
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
	station_respond(exchange, 200, str_of(arena_zalloc(http_arena(exchange), bytes), bytes));
}

static void respond_parts(struct http_exchange *exchange)
{
	uint64_t count = 0;
	CHECK_STATUS(str_to_u64(http_query(exchange), &count), OK);
	struct str *parts = arena_array(http_arena(exchange), struct str, count);
	for (uint32_t i = 0; i < count; i++)
		parts[i] = arena_printf(http_arena(exchange), "%u\n", i);
	const struct http_parts all = { parts, (uint32_t)count };
	if (str_is(http_path(exchange), "/parts")) {
		http_respond_parts(exchange, 200, text_headers, all);
	} else {
		http_begin(exchange, 200, text_headers);
		(void)http_write_copy(exchange, STR("first\n"));
		(void)http_write_parts(exchange, all);
		http_end(exchange);
	}
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
		station_respond(exchange, 301, STR(""));
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
	} else if (str_is(path, "/parts") || str_is(path, "/written-parts")) {
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
		station_respond(exchange, 404, STR("no such path"));
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
		station_respond(exchange, 200,
				arena_printf(http_arena(exchange), "%zu bytes", total));
	}
}

static enum status handler_init(struct act *act, void *state, const void *args)
{
	(void)act;
	(void)args;
	station_handler = state;
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

const struct act_class station_handler_class = {
	.name = "handler",
	.state_size = sizeof(struct handler),
	.init = handler_init,
	.receive = handler_receive,
};
