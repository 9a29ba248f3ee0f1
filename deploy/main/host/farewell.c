#include "deploy/main/host/farewell.h"

#include "actors/server/server.h"
#include "runtime/base/log.h"
#include "runtime/loop/root.h"
#include "transport/http/server.h"
#include "transport/wire/msgpack.h"

#define MORE_MS 1000U /* beyond the grace: the drain ends by itself */

#define SAME_TIME_MS 300U /* hosts that are told to end at once hear of it within that time */
#define WAITERS_MAX 4U

enum { TAG_HTTP = 1, TAG_NEXT, TAG_FIRST };

struct farewell {
	const struct farewell_args *args;
	struct act_ticket ticket;
	struct act_ticket waiters[WAITERS_MAX]; /* of other hosts */
	uint32_t waiter_count;
	uint32_t open; /* answers that are waited for */
	bool is_begun;
};

struct farewell_due {
	char unused;
};
static ACT_TYPE(farewell_due);
struct farewell_late {
	char unused;
};
static ACT_TYPE(farewell_late);
ACT_TYPE(farewell_ask, .id = 952, .encode = pack_nothing, .decode = unpack_nothing);
const struct act_type *const farewell_types[] = { &farewell_ask_type };
const uint32_t farewell_type_count = 1;

uint32_t farewell_most_ms(const struct farewell_args *args)
{
	return args->delay_ms + args->grace_ms + 2 * MORE_MS +
	       (args->first != NULL ? args->grace_ms + MORE_MS : 0);
}

static void say(struct act *act, const struct farewell *farewell, bool ends_watches)
{
	act_cast(act, act_named(act, farewell->args->server), &server_farewell_type,
		 &(struct server_farewell){ ends_watches });
}

static void tell_waiters(struct act *act, struct farewell *farewell)
{
	while (farewell->waiter_count > 0)
		(void)act_answer(act, farewell->waiters[--farewell->waiter_count],
				 &farewell_ask_type, &(struct farewell_ask){ 0 });
}

static void answer_when_over(struct act *act, struct farewell *farewell)
{
	if (farewell->open > 0)
		return;
	tell_waiters(act, farewell);
	(void)act_answer(act, farewell->ticket, &root_ending_type, &(struct root_ending){ 0 });
}

static void drain(struct act *act, struct farewell *farewell)
{
	const struct farewell_args *args = farewell->args;
	uint32_t timeout_ms = args->grace_ms + MORE_MS;
	struct http_drain wish = { args->grace_ms };

	if (args->server != NULL)
		say(act, farewell, true);
	if (args->http != NULL)
		farewell->open += act_request(act, act_named(act, args->http), &http_drain_type,
					      &wish, timeout_ms, TAG_HTTP) == OK;
	if (args->next != NULL)
		farewell->open +=
		    act_request(act, act_named(act, args->next), &root_ending_type,
				&(struct root_ending){ 0 }, timeout_ms, TAG_NEXT) == OK;
	answer_when_over(act, farewell);
}

/* Whatever comes of it, we end then. */
static void wait_for_first(struct act *act, struct farewell *farewell)
{
	const struct farewell_args *args = farewell->args;

	if (act_request(act, act_named(act, args->first), &farewell_ask_type,
			&(struct farewell_ask){ 0 }, args->delay_ms + args->grace_ms + MORE_MS,
			TAG_FIRST) != OK)
		drain(act, farewell);
}

/* By another host that ends: whether it has to wait for us is known when we would have heard, too. */
static void first_asked(struct act *act, struct farewell *farewell, const struct act_msg *msg)
{
	if (farewell->waiter_count == WAITERS_MAX) {
		act_refuse(act, msg, BUSY);
		return;
	}
	farewell->waiters[farewell->waiter_count++] = act_ticket(msg);
	act_after(act, SAME_TIME_MS, &farewell_late_type, &(struct farewell_late){ 0 });
}

static void ending_asked(struct act *act, struct farewell *farewell, const struct act_msg *msg)
{
	if (farewell->is_begun) {
		act_refuse(act, msg, BUSY);
		return;
	}
	farewell->is_begun = true;
	farewell->ticket = act_ticket(msg);
	if (farewell->args->first != NULL) {
		wait_for_first(act, farewell);
		return;
	}
	say(act, farewell, false);
	if (farewell->args->delay_ms > 0)
		act_after(act, farewell->args->delay_ms, &farewell_due_type,
			  &(struct farewell_due){ 0 });
	else
		drain(act, farewell);
}

static void answered(struct act *act, struct farewell *farewell, const struct act_msg *msg)
{
	if (msg->tag == TAG_FIRST) {
		drain(act, farewell);
		return;
	}
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
	else if (ACT_IS(msg, farewell_ask))
		first_asked(act, farewell, msg);
	else if (ACT_IS(msg, farewell_late) && !farewell->is_begun)
		tell_waiters(act, farewell);
	else if (!ACT_IS(msg, farewell_late))
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
