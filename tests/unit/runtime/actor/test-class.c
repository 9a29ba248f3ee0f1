#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

struct nudge {
	uint32_t is_fatal;
};
static ACT_TYPE(nudge);

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_AS(msg, nudge)->is_fatal)
		act_fail(act, "nudged");
	return ACT_OK;
}

struct wanted {
	const char *name;
	struct act_class_info found;
	uint32_t count, all;
};

static void find(void *arg, const struct act_class_info *info)
{
	struct wanted *wanted = arg;

	wanted->all++;
	if (strcmp(info->name, wanted->name) == 0) {
		wanted->found = *info;
		wanted->count++;
	}
}

static struct wanted look(const struct manual *manual, const char *name)
{
	struct wanted wanted = { .name = name };

	act_host_each_class(manual->host, find, &wanted);
	return wanted;
}

TEST(what_actors_of_a_class_did_is_counted_beyond_their_end)
{
	static const struct act_class ant = { .name = "ant", .receive = receive };
	struct manual manual;
	struct act_ref ants[3];
	struct wanted seen;

	log_configure(&(struct log_config){ .level = LOG_ERROR + 1 });
	manual_open(&manual, NULL);
	for (int i = 0; i < 3; i++)
		ants[i] = manual_spawn(&manual, &ant, NULL);
	manual_tell(&manual, ants[0], nudge, false);
	manual_tell(&manual, ants[0], nudge, true);
	manual_tell(&manual, ants[1], nudge, false);
	manual_run(&manual, 0);
	seen = look(&manual, "ant");
	CHECK_EQ(seen.count, 1);
	CHECK_EQ(seen.found.living, 2);
	CHECK_EQ(seen.found.messages, 3);
	CHECK_EQ(seen.found.ended, 1);
	CHECK_EQ(seen.found.crashed, 1);
	CHECK(seen.found.memory_bytes > 0);
	manual_close(&manual);
}

TEST(classes_beyond_the_bound_are_counted_together)
{
	struct act_class *classes = arena_array(test_arena(), struct act_class, 200);
	struct manual manual;
	struct wanted seen;

	log_configure(&(struct log_config){ .level = LOG_ERROR + 1 });
	manual_open(&manual, NULL);
	for (uint32_t i = 0; i < 200; i++) {
		classes[i] = (struct act_class){ .receive = receive };
		classes[i].name = arena_printf(test_arena(), "kind-%u", i).at;
		struct act_ref ref = manual_spawn(&manual, &classes[i], NULL);
		if (i % 2)
			manual_tell(&manual, ref, nudge, true);
	}
	manual_run(&manual, 0);
	seen = look(&manual, "other");
	CHECK_EQ(seen.count, 1);
	CHECK(seen.all <= 65);
	CHECK(seen.found.living > 0 && seen.found.ended > 0);
	manual_close(&manual);
}
