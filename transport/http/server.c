#include "transport/http/server.h"

#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/log.h"
#include "runtime/base/mem.h"
#include "transport/http/server-private.h"

#define SWEEP_MS 1000U
#define PAY_MS 10U      /* until the next try when the handler's mailbox was full */
#define HURRY_MS 40U    /* an answer to a ping waits so long for another to go with */
#define LINGER_MS 2000U /* for the peer to read the last answer and close */
#define LEAVE_MS 5000U  /* for an idle peer to follow a GOAWAY */
#define BODY_STALLS 4U  /* a collected body may take that many stall_ms in all */

struct http_tick {
	enum { TICK_SWEEP, TICK_PAY, TICK_GRACE, TICK_HURRY } what;
};
static ACT_TYPE(http_tick);

static void drop_asked(void *body)
{
	exchange_unref(((struct http_asked *)body)->exchange);
}

static void drop_writable(void *body)
{
	exchange_unref(((struct http_writable *)body)->exchange);
}

static void drop_readable(void *body)
{
	exchange_unref(((struct http_readable *)body)->exchange);
}

static void drop_gone(void *body)
{
	exchange_unref(((struct http_gone *)body)->exchange);
}

ACT_TYPE(http_asked, .drop = drop_asked);
ACT_TYPE(http_writable, .drop = drop_writable);
ACT_TYPE(http_readable, .drop = drop_readable);
ACT_TYPE(http_gone, .drop = drop_gone);
ACT_TYPE(http_listening);
ACT_TYPE(http_drain);
ACT_TYPE(http_drained);
ACT_TYPE(http_server_stats);

/* ---- the handler ------------------------------------------------------------------------------------------ */

static void set_timer(struct server *server, uint64_t *timer, uint64_t delay_ms, int what)
{
	struct http_tick tick = { .what = what };
	if (*timer == 0)
		*timer = act_after(server->act, delay_ms, &http_tick_type, &tick);
}

/* Which of the handlers a path belongs to. */
static uint32_t place_of(const struct server *server, struct str path)
{
	const struct http_server_config *config = &server->site->config;
	uint32_t i = 0;
	while (i < config->place_count && !str_starts(path, str_from(config->places[i].prefix)))
		i++;
	return i;
}

static bool find_handler(struct server *server, uint32_t place)
{
	const struct http_server_config *config = &server->site->config;
	struct act_ref found =
	    act_whereis(server->act, place < config->place_count ? config->places[place].handler
								 : config->handler);
	if (act_ref_is_nil(found))
		return false;
	if (!act_ref_eq(found, server->handlers[place])) {
		server->handlers[place] = found;
		act_monitor(server->act, found);
	}
	return true;
}

static enum status send_asked(struct server *server, struct http_exchange *exchange, uint32_t place)
{
	struct http_asked asked = { exchange };
	exchange->refs++;
	enum status status =
	    act_send(server->act, server->handlers[place], &http_asked_type, &asked);
	if (status != OK)
		exchange->refs--;
	return status;
}

void server_ask(struct server *server, struct http_exchange *exchange)
{
	uint32_t place = place_of(server, http_path(exchange));
	enum status status = NOT_FOUND;
	if (!act_ref_is_nil(server->handlers[place]))
		status = send_asked(server, exchange, place);
	if (status == NOT_FOUND && find_handler(server, place)) /* it was started again */
		status = send_asked(server, exchange, place);
	if (status == OK) {
		exchange->state = EXCHANGE_ASKED;
		exchange->handler = server->handlers[place];
		exchange->refs++;
		list_push(&server->site->claims, &exchange->claim_link);
		return;
	}
	server->stats.refused_total++;
	exchange->is_streamed = false;
	if (status == BUSY)
		exchange_refuse(exchange, 429, "too many requests are waiting");
	else
		exchange_refuse(exchange, 503, "nobody is there to answer");
}

static enum status send_owed(struct server *server, struct http_exchange *exchange, unsigned what)
{
	struct act *act = server->act;
	switch (what) {
	case OWES_READABLE: return act_tell(act, exchange->handler, http_readable, exchange);
	case OWES_WRITABLE: return act_tell(act, exchange->handler, http_writable, exchange);
	default: return act_tell(act, exchange->handler, http_gone, exchange, exchange->gone_why);
	}
}

/* Sends what is owed, in this order; keeps what the mailbox does not take. False: it is full. */
static bool pay(struct server *server, struct http_exchange *exchange)
{
	static const unsigned order[] = { OWES_READABLE, OWES_WRITABLE, OWES_GONE };
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if ((exchange->owes & order[i]) == 0)
			continue;
		exchange->refs++;
		enum status status = send_owed(server, exchange, order[i]);
		if (status != OK)
			exchange->refs--;
		if (status == BUSY)
			return false;
		exchange->owes &= ~order[i]; /* or it has ended, then its act_down says all */
	}
	return true;
}

/* The server has been killed: the one thing that a handler cannot do without is said from outside of it. */
static void post_gone(struct server *server, struct http_exchange *exchange, unsigned what)
{
	struct http_gone gone = { exchange, UNAVAILABLE };
	if (what != OWES_GONE)
		return;
	exchange->refs++;
	if (act_post(server->site->hub->host, exchange->handler, &http_gone_type, &gone) != OK)
		exchange->refs--;
}

void server_tell(struct server *server, struct http_exchange *exchange, unsigned what)
{
	if (server->site->hub->act == NULL) {
		post_gone(server, exchange, what);
		return;
	}
	exchange->owes |= what;
	if (pay(server, exchange))
		return;
	list_remove(&exchange->owing_link);
	list_push(&server->owing, &exchange->owing_link);
	set_timer(server, &server->pay_timer, PAY_MS, TICK_PAY);
}

static void pay_all(struct server *server)
{
	server->pay_timer = 0;
	while (!list_is_empty(&server->owing)) {
		struct http_exchange *exchange =
		    list_item(server->owing.next, struct http_exchange, owing_link);
		if (!pay(server, exchange)) {
			set_timer(server, &server->pay_timer, PAY_MS, TICK_PAY);
			return;
		}
		list_remove(&exchange->owing_link);
	}
}

/* The handler has ended: what it was asked is answered for it, what it held is released. */
static void on_handler_down(struct server *server, const struct act_down *down)
{
	for (uint32_t i = 0; i <= HTTP_PLACES_MAX; i++)
		if (act_ref_eq(down->who, server->handlers[i]))
			server->handlers[i] = ACT_NIL;
	list_each (&server->site->claims, link) {
		struct http_exchange *exchange = list_item(link, struct http_exchange, claim_link);
		if (act_ref_eq(exchange->handler, down->who))
			exchange_drop_handler(exchange);
	}
}

/* ---- limits of time ------------------------------------------------------------------------------------------ */

static uint64_t ms_since(struct mono now, struct mono then)
{
	return now.ns <= then.ns ? 0 : (uint64_t)((now.ns - then.ns) / TIME_MS);
}

static void sweep_exchange(struct http_exchange *exchange, struct mono now)
{
	const struct http_server_config *config = &exchange->site->config;
	if (exchange->state != EXCHANGE_COLLECTING)
		return;
	uint64_t age = ms_since(now, exchange->asked_at);
	if (!exchange->stream.has_in_head) {
		if (age > config->head_ms)
			http_abort(exchange);
	} else if (ms_since(now, exchange->moved_at) > config->stall_ms ||
		   age > (uint64_t)config->stall_ms * BODY_STALLS) {
		exchange_refuse(exchange, 408, "the body did not come in time");
	}
}

static bool is_dead_quiet(struct connection *connection, struct mono now)
{
	struct wire *wire = &connection->wire;
	enum silence_verdict verdict = silence_judge(&connection->silence, wire->read_at, now);
	if (verdict == SILENCE_PING && http_engine_ping(wire->engine))
		wire_touch(wire);
	return verdict == SILENCE_LOST && wire->engine->class->version == HTTP_2;
}

/* Whether the connection has broken a limit of time and is to be closed. */
static bool is_overdue(struct connection *connection, struct mono now)
{
	struct wire *wire = &connection->wire;
	const struct http_server_config *config = &connection->server->site->config;
	if (wire->engine == NULL)
		return ms_since(now, connection->opened_at) > config->head_ms;
	size_t queued = wire_queued(wire);
	if (queued != connection->queued_seen)
		wire->wrote_at = now; /* it takes something, slowly as it may be */
	connection->queued_seen = queued;
	if (queued > 0)
		return ms_since(now, wire->wrote_at) > config->stall_ms;
	if (wire->is_lingering)
		return ms_since(now, wire->wrote_at) > LINGER_MS;
	if (!list_is_empty(&connection->exchanges))
		return is_dead_quiet(connection, now);
	uint64_t idle_ms = ms_since(now, connection->idle_since);
	if (idle_ms > config->idle_ms) {
		http_engine_drain(wire->engine);
		wire_touch(wire);
	}
	return idle_ms > (uint64_t)config->idle_ms + LEAVE_MS;
}

static void sweep(struct server *server)
{
	struct mono now = act_now(server->act);
	server->sweep_timer = 0;
	list_each (&server->connections, link) {
		struct connection *connection = list_item(link, struct connection, link);
		list_each (&connection->exchanges, one)
			sweep_exchange(list_item(one, struct http_exchange, link), now);
		if (is_overdue(connection, now))
			wire_close(&connection->wire, TIMEOUT);
	}
	if (server->swept_requests == server->stats.requests_total)
		http_site_rest(server->site);
	server->swept_requests = server->stats.requests_total;
	if (server->connection_count > 0)
		set_timer(server, &server->sweep_timer, SWEEP_MS, TICK_SWEEP);
}

/* ---- connections ------------------------------------------------------------------------------------------------ */

static void refresh_date(struct server *server)
{
	struct wall now = act_wall(server->act);
	if (now.ns / TIME_S == server->date_s)
		return;
	server->date_s = now.ns / TIME_S;
	server->date = http_print_date(now, server->date_text);
}

void server_hurry_soon(struct server *server)
{
	set_timer(server, &server->hurry_timer, HURRY_MS, TICK_HURRY);
}

static void pause(struct server *server, bool is_paused)
{
	server->is_paused = is_paused;
	for (uint32_t i = 0; i < server->slot_count; i++)
		if (server->slots[i].listener != NULL)
			stream_listener_pause(server->slots[i].listener, is_paused);
}

static void accepted(struct act *act, struct stream *stream, void *arg)
{
	struct slot *slot = arg;
	struct server *server = slot->server;
	server->site->hub->act = act;
	refresh_date(server);
	connection_open(server, slot, stream);
	set_timer(server, &server->sweep_timer, SWEEP_MS, TICK_SWEEP);
	if (server->connection_count >= server->site->config.connections_max)
		pause(server, true); /* the others wait in the kernel's backlog */
	server->site->hub->act = NULL;
}

static void finish_drain(struct server *server)
{
	if (!server->has_ticket)
		return;
	struct http_drained drained = { .cut = server->cut };
	server->has_ticket = false;
	(void)act_answer(server->act, server->ticket, &http_drained_type, &drained);
}

void server_connection_closed(struct server *server)
{
	if (server->is_draining && server->connection_count == 0)
		finish_drain(server);
	if (server->is_paused && !server->is_draining &&
	    server->connection_count < server->site->config.connections_max)
		pause(server, false);
}

/* `is_for_good`: those that others have, too, are closed for all; nobody shall wait there for who does not come back. */
static void close_listeners(struct server *server, bool is_for_good)
{
	for (uint32_t i = 0; i < server->slot_count; i++) {
		struct slot *slot = &server->slots[i];
		if (slot->listener != NULL && slot->is_inherited && is_for_good)
			stream_listener_shut(slot->listener);
		else if (slot->listener != NULL)
			stream_listener_close(slot->listener);
		slot->listener = NULL;
	}
}

static void close_all(struct server *server)
{
	list_each (&server->connections, link)
		wire_close(&list_item(link, struct connection, link)->wire, UNAVAILABLE);
}

static void drain(struct server *server, const struct act_msg *msg)
{
	const struct http_drain *wish = ACT_AS(msg, http_drain);
	close_listeners(server, true);
	server->is_draining = true;
	if (msg->kind == ACT_REQUEST) {
		finish_drain(server); /* who asked before is answered now */
		server->ticket = act_ticket(msg);
		server->has_ticket = true;
	}
	list_each (&server->connections, link) {
		struct wire *wire = &list_item(link, struct connection, link)->wire;
		if (wire->engine != NULL)
			http_engine_drain(wire->engine);
		wire_touch(wire);
	}
	if (server->connection_count == 0)
		finish_drain(server);
	else
		set_timer(server, &server->grace_timer, wish->grace_ms, TICK_GRACE);
}

static void end_grace(struct server *server)
{
	server->is_stopping = true;
	list_each (&server->connections, link) {
		struct connection *connection = list_item(link, struct connection, link);
		list_each (&connection->exchanges, one)
			server->cut++;
	}
	close_all(server);
}

/* ---- the actor ---------------------------------------------------------------------------------------------------- */

/* "1.2.3.4:80", "[::1]:80", "unix:/x". */
static enum status read_address(struct arena *arena, const char *text,
				struct stream_listen_options *out, struct fault *why)
{
	struct str address = str_from(text);
	if (str_starts(address, STR("unix:"))) {
		out->address = text;
		return OK;
	}
	int64_t colon = str_find_last(address, ':');
	uint64_t port = 0;
	if (colon <= 0 ||
	    str_to_u64(str_slice(address, (uint32_t)colon + 1, address.len), &port) != OK ||
	    port > UINT16_MAX)
		return fault_set(why, INVALID, "", "%s is not ADDRESS:PORT or unix:PATH", text);
	struct str host = str_slice(address, 0, (uint32_t)colon);
	if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
		host = str_slice(host, 1, host.len - 1);
	out->address = arena_cstr(arena, host);
	out->port = (uint16_t)port;
	return OK;
}

enum status http_listen_ahead(const char *address, int *out_fd, struct fault *why)
{
	struct stream_listen_options options = { .port = 0 };
	struct arena *arena = arena_new(0);
	enum status status = read_address(arena, address, &options, why);

	if (status == OK)
		status = stream_listen_ahead(&options, out_fd, why);
	arena_free(arena);
	return status;
}

static enum status listen_at(struct server *server, const struct http_listener *wish,
			     struct fault *why)
{
	struct slot *slot = &server->slots[server->slot_count];
	struct stream_listen_options options = { .is_shared_port = wish->is_shared,
						 .inherited_fd = wish->inherited_fd };
	TRY(read_address(act_arena(server->act), wish->address, &options, why));
	slot->server = server;
	slot->index = server->slot_count;
	slot->tls = wish->tls;
	slot->is_inherited = wish->inherited_fd != 0;
	TRY(stream_listen(server->act, &options, accepted, slot, &slot->listener, why));
	if (wish->tls != NULL)
		tls_context_ref(wish->tls);
	server->slot_count++;
	log_info(act_name(server->act), "listening", LOG_CSTR("address", wish->address),
		 LOG_U64("port", stream_listener_port(slot->listener)));
	return OK;
}

/* The streams and listeners have been closed by now; what hangs on them is freed here, however the actor ended. */
static void release(void *arg)
{
	struct server *server = arg;
	server->site->hub->act = NULL;
	server->site->hub->is_dead = true;
	list_each (&server->connections, link)
		connection_abandon(list_item(link, struct connection, link));
	while (!list_is_empty(&server->owing))
		list_remove(server->owing.next);
	for (uint32_t i = 0; i < server->slot_count; i++)
		tls_context_unref(server->slots[i].tls);
	wire_hub_unref(server->site->hub);
	http_site_unref(server->site);
}

static struct http_listening listening_of(const struct server *server)
{
	struct http_listening listening = { .server = act_self(server->act),
					    .count = server->slot_count };
	for (uint32_t i = 0; i < server->slot_count; i++)
		if (server->slots[i].listener != NULL)
			listening.ports[i] = stream_listener_port(server->slots[i].listener);
	return listening;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct server *server = state;
	const struct http_server_config *config = args;
	assert(config->listener_count <= HTTP_LISTENERS_MAX);
	server->act = act;
	list_init(&server->connections);
	list_init(&server->owing);
	assert(config->place_count <= HTTP_PLACES_MAX);
	struct wire_hub *hub = wire_hub_new(act);
	server->site = http_site_new(hub, config);
	act_own(act, release, server);
	struct fault why = { 0 };
	for (uint32_t i = 0; i < config->listener_count; i++) {
		enum status status = listen_at(server, &config->listeners[i], &why);
		if (status != OK) {
			log_error(act_name(act), "cannot listen",
				  LOG_CSTR("address", config->listeners[i].address),
				  LOG_FAULT(&why));
			return status;
		}
	}
	struct http_listening listening = listening_of(server);
	for (uint32_t i = 0; i <= config->place_count; i++)
		if (find_handler(server, i))
			act_cast(act, server->handlers[i], &http_listening_type, &listening);
	return OK;
}

static void on_tick(struct server *server, const struct http_tick *tick)
{
	switch (tick->what) {
	case TICK_SWEEP: sweep(server); break;
	case TICK_PAY: pay_all(server); break;
	case TICK_GRACE: end_grace(server); break;
	case TICK_HURRY:
		server->hurry_timer = 0;
		if (wire_hub_hurry(server->site->hub))
			server_hurry_soon(server);
		break;
	}
}

static void reply_stats(struct server *server, const struct act_msg *msg)
{
	struct http_server_stats stats = server->stats;
	stats.connections = server->connection_count;
	stats.exchanges = server->site->exchange_count;
	stats.received_bytes = server->site->hub->received_bytes;
	stats.sent_bytes = server->site->hub->sent_bytes;
	(void)act_reply(server->act, msg, &http_server_stats_type, &stats);
}

static enum act_verdict handle(struct server *server, const struct act_msg *msg)
{
	if (ACT_IS(msg, http_tick)) {
		on_tick(server, ACT_AS(msg, http_tick));
	} else if (ACT_IS(msg, act_down)) {
		on_handler_down(server, ACT_AS(msg, act_down));
	} else if (ACT_IS(msg, http_drain)) {
		drain(server, msg);
	} else if (ACT_IS(msg, http_server_stats)) {
		reply_stats(server, msg);
	} else if (ACT_IS(msg, http_listening)) {
		struct http_listening listening = listening_of(server);
		(void)act_reply(server->act, msg, &http_listening_type, &listening);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct server *server = state;
	server->site->hub->act = act;
	refresh_date(server);
	enum act_verdict verdict = handle(server, msg);
	server->site->hub->act = NULL;
	return verdict;
}

static void stop(struct act *act, void *state, enum act_reason why)
{
	(void)why;
	struct server *server = state;
	server->site->hub->act = act;
	server->is_stopping = server->is_draining = true;
	close_listeners(server, false);
	close_all(server);
	server->site->hub->act = NULL;
}

const struct act_class http_server_class = {
	.name = "http-server",
	.state_size = sizeof(struct server),
	.init = init,
	.receive = receive,
	.stop = stop,
};
