#include "transport/http/client.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "runtime/base/limits.h"
#include "runtime/base/log.h"
#include "transport/http/client-private.h"

#define SWEEP_MS 1000U
#define PAY_MS 10U

struct http_client_tick {
	enum { TICK_SWEEP, TICK_PAY, TICK_DISPATCH } what;
};
static ACT_TYPE(http_client_tick);

static void drop_open(void *body)
{
	struct http_call *call = ((struct http_call_open *)body)->call;
	call->is_open_dropped = true;
	call_unref(call);
}

static void drop_answered(void *body)
{
	call_unref(((struct http_answered *)body)->call);
}

static void drop_readable(void *body)
{
	call_unref(((struct http_call_readable *)body)->call);
}

static void drop_writable(void *body)
{
	call_unref(((struct http_call_writable *)body)->call);
}

static void drop_broken(void *body)
{
	call_unref(((struct http_call_broken *)body)->call);
}

ACT_TYPE(http_call_open, .drop = drop_open);
ACT_TYPE(http_answered, .drop = drop_answered);
ACT_TYPE(http_call_readable, .drop = drop_readable);
ACT_TYPE(http_call_writable, .drop = drop_writable);
ACT_TYPE(http_call_broken, .drop = drop_broken);

/* ---- to the caller --------------------------------------------------------------------------------------- */

void client_answer(struct client *client, struct http_call *call)
{
	struct http_answered answered = { call };
	call->state = CALL_ANSWERED;
	if (call->is_closed || client->hub->act == NULL)
		return;
	call->refs++;
	if (act_answer(client->act, call->ticket, &http_answered_type, &answered) != OK)
		call->refs--; /* it waits no more; its close is on its way */
}

/* The call stays where it is in its line or list: whoever calls this takes it out. */
void client_fail(struct client *client, struct http_call *call, enum status why, const char *words)
{
	(void)fault_set(&call->fault, why, "", "%s", words);
	call->state = CALL_ENDED;
	if (!call->is_closed && client->hub->act != NULL)
		(void)act_answer_status(client->act, call->ticket, why);
}

static enum status send_owed(struct client *client, struct http_call *call, unsigned what)
{
	struct act *act = client->act;
	switch (what) {
	case CALL_OWES_READABLE: return act_tell(act, call->caller, http_call_readable, call);
	case CALL_OWES_WRITABLE: return act_tell(act, call->caller, http_call_writable, call);
	default: return act_tell(act, call->caller, http_call_broken, call, call->broken_why);
	}
}

/* False: the caller's mailbox is full. */
static bool pay(struct client *client, struct http_call *call)
{
	static const unsigned order[] = { CALL_OWES_READABLE, CALL_OWES_WRITABLE, CALL_OWES_BROKEN };
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if ((call->owes & order[i]) == 0)
			continue;
		call->refs++;
		enum status status = send_owed(client, call, order[i]);
		if (status != OK)
			call->refs--;
		if (status == BUSY)
			return false;
		call->owes &= ~order[i];
	}
	return true;
}

static void set_timer(struct client *client, uint64_t *timer, uint64_t delay_ms, int what)
{
	struct http_client_tick tick = { .what = what };
	if (*timer == 0)
		*timer = act_after(client->act, delay_ms, &http_client_tick_type, &tick);
}

/* The client has been killed: the one thing that a caller cannot do without is said from outside of it. */
static void post_broken(struct client *client, struct http_call *call, unsigned what)
{
	struct http_call_broken broken = { call, UNAVAILABLE };
	if (what != CALL_OWES_BROKEN)
		return;
	call->refs++;
	if (act_post(client->hub->host, call->caller, &http_call_broken_type, &broken) != OK)
		call->refs--;
}

void client_tell(struct client *client, struct http_call *call, unsigned what)
{
	if (call->is_closed)
		return;
	if (client->hub->act == NULL) {
		post_broken(client, call, what);
		return;
	}
	call->owes |= what;
	if (pay(client, call))
		return;
	list_remove(&call->owing_link);
	list_push(&client->owing, &call->owing_link);
	set_timer(client, &client->pay_timer, PAY_MS, TICK_PAY);
}

static void pay_all(struct client *client)
{
	client->pay_timer = 0;
	while (!list_is_empty(&client->owing)) {
		struct http_call *call = list_item(client->owing.next, struct http_call, owing_link);
		if (!pay(client, call)) {
			set_timer(client, &client->pay_timer, PAY_MS, TICK_PAY);
			return;
		}
		list_remove(&call->owing_link);
	}
}

/* ---- which call goes where ---------------------------------------------------------------------------------- */

static struct line *free_line(struct client *client)
{
	list_each (&client->lines, link) {
		struct line *line = list_item(link, struct line, link);
		if (line_is_free(line))
			return line;
	}
	return NULL;
}

static uint32_t waiting_count(const struct client *client)
{
	uint32_t count = 0;
	for (const struct list *at = client->waiting.next; at != &client->waiting; at = at->next)
		count++;
	return count;
}

/* As many as there are calls that wait; one at a time while the protocol is not known, and for HTTP/2, which shares. */
static bool wants_dial(const struct client *client)
{
	if (client->address == NULL || client->line_count >= client->config.connections_max)
		return false;
	uint32_t most = client->is_known && !client->is_http2 ? waiting_count(client) : 1;
	return client->dialing_count < most;
}

static void resolved(struct act *act, const char *const *addresses, uint32_t count,
		     enum status status, void *arg)
{
	struct client *client = arg;
	client->hub->act = act;
	client->is_resolving = false;
	if (status == OK && count > 0) {
		snprintf(client->address_text, sizeof client->address_text, "%s", addresses[0]);
		client->address = client->address_text;
		client_dispatch(client);
	} else {
		client_fail_waiting(client, UNAVAILABLE, "the server's name is not known");
	}
	client->hub->act = NULL;
}

static void resolve(struct client *client)
{
	if (client->is_resolving || client->name == NULL)
		return;
	client->is_resolving = true;
	if (stream_resolve(client->act, client->name, resolved, client) == OK)
		return;
	client->is_resolving = false;
	client_fail_waiting(client, UNAVAILABLE, "the server's name cannot be looked up");
}

void client_dispatch_later(struct client *client)
{
	const struct http_client_tick tick = { TICK_DISPATCH };
	if (client->is_dispatch_due || client->hub->is_dead || list_is_empty(&client->waiting))
		return;
	/* Callers' functions run in their activations, not in ours. */
	if (client->hub->act != NULL)
		client->is_dispatch_due =
		    act_send(client->act, client->hub->owner, &http_client_tick_type, &tick) == OK;
	else
		client->is_dispatch_due = act_post(client->hub->host, client->hub->owner,
						   &http_client_tick_type, &tick) == OK;
}

void client_fail_waiting(struct client *client, enum status why, const char *words)
{
	while (!list_is_empty(&client->waiting)) {
		struct http_call *call = list_item(client->waiting.next, struct http_call, link);
		list_remove(&call->link);
		client_fail(client, call, why, words);
		call->client = NULL;
		client->call_count--;
		call_unref(call);
	}
}

void client_dispatch(struct client *client)
{
	if (client->address == NULL && !list_is_empty(&client->waiting))
		resolve(client);
	while (!list_is_empty(&client->waiting)) {
		struct http_call *call = list_item(client->waiting.next, struct http_call, link);
		struct line *line = free_line(client);
		if (line == NULL)
			break;
		list_remove(&call->link);
		call_start(call, line);
	}
	while (!list_is_empty(&client->waiting) && wants_dial(client))
		line_dial(client);
	if (client->line_count > 0)
		set_timer(client, &client->sweep_timer, SWEEP_MS, TICK_SWEEP);
}

static void open_call(struct client *client, const struct act_msg *msg)
{
	struct http_call *call = ACT_AS(msg, http_call_open)->call;
	if (call->is_closed)
		return;
	if (client->call_count >= LIMIT_CLIENT_CALLS) {
		(void)act_refuse(client->act, msg, BUSY);
		return;
	}
	client->call_count++;
	call->refs++;
	call->hub = wire_hub_ref(client->hub);
	call->client = client;
	call->ticket = act_ticket(msg);
	call->state = CALL_WAITING;
	list_push(&client->waiting, &call->link);
	client_dispatch(client);
}

static void sweep(struct client *client)
{
	struct mono now = act_now(client->act);
	client->sweep_timer = 0;
	list_each (&client->lines, link)
		line_sweep(list_item(link, struct line, link), now);
	client_dispatch(client);
}

/* ---- the actor ------------------------------------------------------------------------------------------------- */

static bool is_numeric(const char *host)
{
	struct in6_addr any;
	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

static void release(void *arg)
{
	struct client *client = arg;
	client->hub->act = NULL;
	client->hub->is_dead = true;
	list_each (&client->lines, link)
		line_abandon(list_item(link, struct line, link));
	while (!list_is_empty(&client->waiting)) {
		struct http_call *call = list_item(client->waiting.next, struct http_call, link);
		list_remove(&call->link);
		call->state = CALL_ENDED;
		call->client = NULL;
		call_unref(call);
	}
	while (!list_is_empty(&client->owing))
		list_remove(client->owing.next);
	tls_context_unref(client->config.tls);
	wire_hub_unref(client->hub);
}

static void read_place(struct client *client)
{
	struct arena *arena = act_arena(client->act);
	const struct url *url = &client->url;
	if (url->is_unix) {
		client->address = arena_printf(arena, "unix:" STR_FMT, STR_ARG(url->host)).at;
		client->authority = STR("localhost");
		return;
	}
	const char *host = arena_cstr(arena, url->host);
	bool is_v6 = str_find_char(url->host, ':') >= 0;
	client->authority = arena_printf(arena, is_v6 ? "[%s]:%u" : "%s:%u", host, url->port);
	if (is_numeric(host))
		client->address = host;
	else
		client->name = host;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct client *client = state;
	const struct http_client_config *config = args;
	struct fault why = { 0 };
	struct str text = arena_str(act_arena(act), str_from(config->url));
	enum status status = url_parse(text, &client->url, &why);
	if (status == OK && client->url.is_tls && config->tls == NULL)
		status = fault_set(&why, INVALID, "", "https wants a TLS context");
	if (status != OK) {
		log_error(act_name(act), "no such place", LOG_CSTR("url", config->url),
			  LOG_FAULT(&why));
		return status;
	}
	client->act = act;
	client->config = *config;
	client->config.server_name = arena_str(act_arena(act), config->server_name);
	if (config->connect_ms == 0)
		client->config.connect_ms = LIMIT_CONNECT_MS;
	if (config->connections_max == 0)
		client->config.connections_max = LIMIT_CLIENT_CONNECTIONS;
	if (config->tls != NULL)
		tls_context_ref(config->tls);
	list_init(&client->lines);
	list_init(&client->waiting);
	list_init(&client->owing);
	client->hub = wire_hub_new(act);
	act_own(act, release, client);
	read_place(client);
	return OK;
}

static enum act_verdict handle(struct client *client, const struct act_msg *msg)
{
	if (ACT_IS(msg, http_call_open) && msg->kind == ACT_REQUEST) {
		open_call(client, msg);
		return ACT_OK;
	}
	if (!ACT_IS(msg, http_client_tick))
		return ACT_UNHANDLED;
	switch (ACT_AS(msg, http_client_tick)->what) {
	case TICK_SWEEP: sweep(client); break;
	case TICK_PAY: pay_all(client); break;
	case TICK_DISPATCH:
		client->is_dispatch_due = false;
		client_dispatch(client);
		break;
	}
	return ACT_OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct client *client = state;
	client->hub->act = act;
	enum act_verdict verdict = handle(client, msg);
	client->hub->act = NULL;
	return verdict;
}

static void stop(struct act *act, void *state, enum act_reason why)
{
	(void)why;
	struct client *client = state;
	client->hub->act = act;
	list_each (&client->lines, link) {
		struct line *line = list_item(link, struct line, link);
		if (line->is_connected)
			wire_close(&line->wire, UNAVAILABLE);
	}
	client->hub->act = NULL;
}

const struct act_class http_client_class = {
	.name = "http-client",
	.state_size = sizeof(struct client),
	.init = init,
	.receive = receive,
	.stop = stop,
};
