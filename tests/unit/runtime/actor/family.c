#include "tests/unit/runtime/actor/family.h"

#include "runtime/base/log.h"
#include "tests/lib/test.h"

struct poke {
	uint32_t how;
};
static ACT_TYPE(poke);

struct child {
	struct story *story;
	char id;
};

static void story_add(struct story *story, char letter)
{
	size_t len = strlen(story->text);
	CHECK(len + 1 < sizeof story->text);
	story->text[len] = letter;
}

static enum status child_init(struct act *act, void *state, const void *args)
{
	const struct family_args *given = args;
	struct child *child = state;

	child->story = given->story;
	child->id = given->id;
	act_trap_exits(act, given->is_stubborn);
	story_add(child->story, child->id);
	if (child->id == 'c' && child->story->fails) {
		child->story->fails--;
		act_fail(act, "not yet");
	}
	return OK;
}

static enum act_verdict child_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (!ACT_IS(msg, poke))
		return ACT_OK;
	if (ACT_AS(msg, poke)->how == FAMILY_CRASH)
		act_fail(act, "poked");
	return ACT_AS(msg, poke)->how == FAMILY_END ? ACT_STOP : ACT_OK;
}

static void child_stop(struct act *act, void *state, enum act_reason why)
{
	struct child *child = state;
	(void)act, (void)why;
	story_add(child->story, (char)(child->id - 'a' + 'A'));
}

const struct act_class family_child_class = { .name = "child",
					      .state_size = sizeof(struct child),
					      .init = child_init,
					      .receive = child_receive,
					      .stop = child_stop };

void family_plan(struct family *family, enum act_strategy strategy, enum act_restart restart)
{
	static const char *const ids[] = { "a", "b", "c", "d" };

	log_configure(&(struct log_config){ .level = LOG_ERROR });
	for (int i = 0; i < 4; i++) {
		family->args[i] = (struct family_args){ &family->story, ids[i][0], false };
		family->children[i] = (struct act_child){ .id = ids[i],
							  .class = &family_child_class,
							  .args = &family->args[i],
							  .restart = restart };
	}
	family->spec.strategy = strategy;
	family->spec.children = family->children;
	family->spec.child_count = FAMILY_MAX;
}

void family_open(struct family *family, enum act_strategy strategy, enum act_restart restart)
{
	family_plan(family, strategy, restart);
	manual_open(&family->manual, &family->spec);
}

static void family_poke_in(struct act *act, void *state, void *arg)
{
	const char *what = arg;
	char name[2] = { what[0], 0 };

	(void)state;
	if (what[1] - '0' == FAMILY_KILL)
		act_kill(act, act_named(act, name));
	else if (what[1] - '0' == FAMILY_STOP)
		act_stop(act, act_named(act, name));
	else
		CHECK_STATUS(act_tell(act, act_named(act, name), poke, (uint32_t)(what[1] - '0')),
			     OK);
}

void family_poke(struct family *family, const char *what)
{
	char copy[3] = { what[0], what[1], 0 };
	manual_enter(&family->manual, family_poke_in, copy);
	manual_run(&family->manual, 0);
}
