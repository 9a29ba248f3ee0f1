#include "deploy/main/host/desk.h"

#include "deploy/main/command/ask.h"
#include "deploy/main/host/asked-page.h"

struct desk {
	const struct desk_args *args;
};

/* Whoever the door sent here has one of the places. */
static struct act_ref whom(struct act *act, const struct desk_args *args, struct str path)
{
	uint32_t i = 0;

	while (i + 1 < args->place_count && !str_starts(path, str_from(args->places[i].prefix)))
		i++;
	return process_actor(act, args->process, args->places[i].handler,
			     process_host_name(PROCESS_CORE));
}

static void refuse(struct http_exchange *exchange, enum status status)
{
	struct asked_page page = { .arena = http_arena(exchange) };
	bool is_away = status == UNAVAILABLE || status == GONE || status == NOT_FOUND;

	asked_page_refuse(&page, is_away ? UNAVAILABLE : status,
			  is_away ? ASK_AWAY ", and is being started again; "
					     "ask again in a moment"
				  : "the core host of this node does not answer");
	http_respond(exchange, page.code, (struct http_headers){ NULL, 0 }, HTTP_BYTES(page.text));
}

static void ask_task(struct act *act, void *state, void *arg)
{
	struct http_exchange *exchange = *(struct http_exchange **)arg;
	const struct desk *desk = state;
	struct page_ask ask = { .method = http_method(exchange),
				.path = http_path(exchange),
				.query = http_query(exchange),
				.body = http_body(exchange),
				.door = asked_page_door(exchange) };
	const struct act_msg *msg;
	const struct page_told *told;
	struct http_header type;
	enum status status =
	    act_ask(act, whom(act, desk->args, ask.path), &page_ask_type, &ask, DESK_ASK_MS, &msg);

	if (status != OK) {
		refuse(exchange, status);
	} else {
		/* The message may go before everything has left. */
		told = msg->body;
		type = (struct http_header){ STR("content-type"),
					     arena_str(http_arena(exchange), told->type) };
		http_respond(exchange, told->code, (struct http_headers){ &type, 1 },
			     HTTP_BYTES(arena_str(http_arena(exchange), told->text)));
	}
	http_done(exchange);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct http_exchange *exchange;

	(void)state;
	if (!ACT_IS(msg, http_asked))
		return ACT_IS(msg, http_gone) || ACT_IS(msg, http_listening) ? ACT_OK
									     : ACT_UNHANDLED;
	exchange = ACT_AS(msg, http_asked)->exchange;
	if (!http_is_done(exchange) && act_task(act, ask_task, &exchange) != OK)
		asked_page_busy(exchange);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct desk *)state)->args = args;
	return OK;
}

const struct act_class desk_class = {
	.name = "desk", .state_size = sizeof(struct desk), .init = init, .receive = receive
};
