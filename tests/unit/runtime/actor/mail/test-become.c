#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

struct knock {
	char unused;
};
struct unlock {
	char unused;
};
struct slam { /* and breaks it */
	char unused;
};
static ACT_TYPE(knock);
static ACT_TYPE(unlock);
static ACT_TYPE(slam);

/* A door that begins closed: who answers a knock. */
struct door {
	char answers[16];
	struct act_ref who;
};

struct door_state {
	struct door *door;
};

static void answer(struct door_state *state, char with)
{
	state->door->answers[strlen(state->door->answers)] = with;
}

static enum act_verdict is_open(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, slam))
		act_fail(act, "off its hinges");
	answer(state, 'o');
	return ACT_OK;
}

static enum act_verdict is_closed(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, unlock))
		act_become(act, is_open);
	answer(state, ACT_IS(msg, unlock) ? 'u' : 'c');
	return ACT_OK;
}

static enum status door_init(struct act *act, void *state, const void *args)
{
	struct door_state *self = state;

	self->door = *(struct door *const *)args;
	self->door->who = act_self(act);
	return OK;
}

TEST(what_an_actor_becomes_counts_from_the_next_message_on_and_ends_with_its_life)
{
	static const struct act_class class = { .name = "door",
						.state_size = sizeof(struct door_state),
						.init = door_init,
						.receive = is_closed };
	struct door door = { 0 }, *at = &door;
	const struct act_child child = { .id = "door", .class = &class, .args = &at };
	const struct act_supervisor root = { .children = &child, .child_count = 1 };
	struct manual manual;

	manual_open(&manual, &root);
	manual_tell(&manual, door.who, knock, 0);
	manual_tell(&manual, door.who, unlock, 0);
	manual_tell(&manual, door.who, knock, 0);
	manual_run(&manual, 0);
	CHECK_STR(str_from(door.answers), "cuo");
	manual_tell(&manual, door.who, slam, 0);
	manual_run(&manual, 0);
	manual_tell(&manual, door.who, knock, 0); /* the next one's */
	manual_run(&manual, 0);
	CHECK_STR(str_from(door.answers), "cuoc");
	manual_close(&manual);
}
