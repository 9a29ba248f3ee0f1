#include "deploy/sim/citizens.h"
#include "deploy/sim/claim.h"

#define AGAIN_MS 50U

enum witness_tag { TAG_WATCH = 1 };

struct witness_again {
	uint64_t watch; /* unless another has been begun since */
};
static ACT_TYPE(witness_again);

struct observer {
	struct witness *witness;
	uint64_t monitor, watch;
};

static struct act_ref own_store(struct act *act)
{
	return act_named(act, "store");
}

static void look_again(struct act *act, struct observer *observer)
{
	observer->witness->status = (struct store_status){ 0 };
	act_demonitor(act, observer->monitor);
	observer->watch++;
	act_after(act, AGAIN_MS, &witness_again_type, &(struct witness_again){ observer->watch });
}

/* Everything that the store has, from where this machine's annals end. */
static void look(struct act *act, struct observer *observer)
{
	struct store_watch ask = { .watch = observer->watch,
				   .key = STR("\x01"),
				   .end = STORE_NO_END,
				   .wants_progress = true };

	ask.from = annals_told(observer->witness->annals, observer->witness->machine) + 1;
	observer->monitor = act_monitor(act, own_store(act));
	if (act_tell(act, own_store(act), store_status_watch, .is_end = false) != OK ||
	    act_request(act, own_store(act), &store_watch_type, &ask, 5000, TAG_WATCH) != OK)
		look_again(act, observer);
}

static void take_answer(struct act *act, struct observer *observer, const struct act_msg *msg)
{
	const struct store_watch_answer *answer = msg->status == OK ? msg->body : NULL;

	if (answer && answer->watch != observer->watch)
		return;
	if (answer && answer->status == EXPIRED)
		annals_skip(observer->witness->annals, observer->witness->machine, answer->revision);
	if (!answer || answer->status != OK)
		look_again(act, observer);
}

static void tell(struct witness *witness, const struct store_events *events, int64_t now_ns)
{
	uint64_t told = annals_told(witness->annals, witness->machine);

	if (witness->ledger && !witness->has_stream)
		witness->stream = ledger_stream(witness->ledger, told);
	witness->has_stream = true;
	annals_tell(witness->annals, witness->machine, events);
	if (witness->ledger)
		ledger_events(witness->ledger, witness->stream, events, now_ns);
}

static void take_events(struct act *act, struct observer *observer,
			const struct store_events *events)
{
	if (events->watch != observer->watch)
		return;
	if (events->status != OK) {
		look_again(act, observer);
		return;
	}
	tell(observer->witness, events, act_now(act).ns);
	(void)!act_tell(act, own_store(act), store_watch_credit, events->watch, events->count,
			events->bytes);
}

static uint32_t voters_of(const struct store_status *status)
{
	uint32_t voters = 0;
	uint64_t machine;

	for (uint32_t i = 0; i < status->member_count; i++) {
		struct str name = status->members[i].name;

		if (status->members[i].role == STORE_VOTER && name.len > 1 &&
		    str_to_u64(str_slice(name, 1, name.len), &machine) == OK && machine < 32)
			voters |= 1U << machine;
	}
	return voters;
}

static void take_status(struct observer *observer, const struct store_status *status)
{
	struct witness *witness = observer->witness;

	witness->status = *status;
	if (status->id != 0)
		witness->id = status->id;
	witness->voters = voters_of(status);
	witness->status.arena = NULL;
	witness->status.name = witness->status.leader_name = STR_NONE;
	witness->status.members = NULL;
	if (status->is_leader)
		annals_lead(witness->annals, witness->machine, status->term);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct observer *observer = state;

	if (ACT_IS(msg, store_status))
		take_status(observer, msg->body);
	else if (ACT_IS(msg, store_events))
		take_events(act, observer, msg->body);
	else if (msg->kind == ACT_ANSWER && msg->tag == TAG_WATCH)
		take_answer(act, observer, msg);
	else if (ACT_IS(msg, witness_again) && ACT_AS(msg, witness_again)->watch == observer->watch)
		look(act, observer);
	else if (ACT_IS(msg, act_down) && ACT_AS(msg, act_down)->monitor == observer->monitor)
		look_again(act, observer);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct observer *observer = state;

	observer->witness = (struct witness *)(uintptr_t)args;
	observer->watch = act_random(act) >> 16; /* no number of an earlier life */
	observer->monitor = 0;
	look_again(act, observer);
	return OK;
}

const struct act_class witness_class = {
	.name = "witness", .state_size = sizeof(struct observer), .init = init, .receive = receive
};
