#include "tests/unit/runtime/actor/recorder.h"

#include "tests/lib/test.h"

ACT_TYPE(note);

static void parcel_drop(void *body)
{
	(*((struct parcel *)body)->dropped)++;
}

ACT_TYPE(parcel, .drop = parcel_drop);
ACT_TYPE(question);

static enum status recorder_init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct recorder *)state)->record = (void *)(uintptr_t)args;
	return OK;
}

static enum act_verdict recorder_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct record *record = ((struct recorder *)state)->record;
	int64_t n = -1;

	if (msg->kind == ACT_ANSWER && msg->status != OK)
		n = -2;
	else if (ACT_IS(msg, note))
		n = ACT_AS(msg, note)->n;
	else if (ACT_IS(msg, act_down))
		record->down = *ACT_AS(msg, act_down);
	CHECK(record->count < 64);
	record->status[record->count] = msg->status;
	record->seen[record->count++] = n;
	record->tag = msg->tag;
	if (msg->kind == ACT_REQUEST) {
		record->ticket = act_ticket(msg);
		if (record->is_answering)
			CHECK_STATUS(act_reply_of(act, msg, note, ACT_AS(msg, question)->n + 1), OK);
	}
	return record->verdict;
}

static void recorder_stop(struct act *act, void *state, enum act_reason why)
{
	(void)act, (void)why;
	((struct recorder *)state)->record->is_stopped = true;
}

const struct act_class recorder = { .name = "recorder",
				    .state_size = sizeof(struct recorder),
				    .init = recorder_init,
				    .receive = recorder_receive,
				    .stop = recorder_stop };

void recorder_ask(struct act *act, void *state, void *arg)
{
	struct asking *asking = arg;

	(void)state;
	asking->status = act_request(act, asking->to, &question_type, &(struct question){ 41 },
				     asking->timeout_ms, asking->tag);
}
