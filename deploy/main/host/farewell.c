#include "deploy/main/host/farewell.h"

#include "actors/server/server.h"
#include "runtime/base/log.h"
#include "runtime/loop/root.h"
#include "transport/http/server.h"

#define MORE_MS 1000U /* beyond the grace: the drain ends by itself */

enum { TAG_HTTP = 1, TAG_NEXT = 2 };

struct farewell {
	const struct farewell_args *args;
	struct act_ticket ticket;
	uint32_t open; /* answers that are waited for */
	bool is_begun;
};

struct farewell_due {
	char unused;
};
static ACT_TYPE(farewell_due);

uint32_t farewell_most_ms(const struct farewell_args *args)
{
	return args->delay_ms + args->grace_ms + 2 * MORE_MS;
}

static void say(struct act *act, const struct farewell *farewell, bool ends_watches)
{
	act_cast(act, act_named(act, farewell->args->server), &server_farewell_type,
		 &(struct server_farewell){ ends_watches });
}

static void answer_when_over(struct act *act, struct farewell *farewell)
{
	if (farewell->open == 0)
		(void)act_answer(act, farewell->ticket, &root_ending_type,
				 &(struct root_ending){ 0 });
}

static void drain(struct act *act, struct farewell *farewell)
{
	const struct farewell_args *args = farewell->args;
	uint32_t timeout_ms = args->grace_ms + MORE_MS;
	struct http_drain wish = { args->grace_ms };

	say(act, farewell, true);
	farewell->open += act_request(act, act_named(act, args->http), &http_drain_type, &wish,
				      timeout_ms, TAG_HTTP) == OK;
	farewell->open += act_request(act, act_named(act, args->next), &root_ending_type,
				      &(struct root_ending){ 0 }, timeout_ms, TAG_NEXT) == OK;
	answer_when_over(act, farewell);
}

static void ending_asked(struct act *act, struct farewell *farewell, const struct act_msg *msg)
{
	if (farewell->is_begun) {
		act_refuse(act, msg, BUSY);
		return;
	}
	farewell->is_begun = true;
	farewell->ticket = act_ticket(msg);
	say(act, farewell, false);
	if (farewell->args->delay_ms > 0)
		act_after(act, farewell->args->delay_ms, &farewell_due_type,
			  &(struct farewell_due){ 0 });
	else
		drain(act, farewell);
}

static void answered(struct act *act, struct farewell *farewell, const struct act_msg *msg)
{
	if (msg->tag == TAG_HTTP && msg->status == OK && ACT_AS(msg, http_drained)->cut > 0)
		log_warn("farewell", "requests were cut off",
			 LOG_U64("count", ACT_AS(msg, http_drained)->cut));
	farewell->open--;
	answer_when_over(act, farewell);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct farewell *farewell = state;

	if (msg->kind == ACT_ANSWER)
		answered(act, farewell, msg);
	else if (ACT_IS(msg, root_ending))
		ending_asked(act, farewell, msg);
	else if (ACT_IS(msg, farewell_due))
		drain(act, farewell);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct farewell *)state)->args = args;
	return OK;
}

const struct act_class farewell_class = {
	.name = "farewell", .state_size = sizeof(struct farewell), .init = init, .receive = receive
};
