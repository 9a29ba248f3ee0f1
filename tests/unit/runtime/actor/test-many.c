#include "runtime/base/limits.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

#define MANY 100000U
#define IDLE_BYTES_MAX 512U /* of one with 64 bytes of state */

_Static_assert(LIMIT_ACTORS >= 1000000, "a host may have a million actors");

struct idle {
	char bytes[64];
};

static enum act_verdict idle_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_OK;
}

static const struct act_class idle = { .name = "idle",
				       .state_size = sizeof(struct idle),
				       .receive = idle_receive };

static void spawn_many(struct act *act, void *state, void *arg)
{
	(void)state, (void)arg;
	for (uint32_t i = 0; i < MANY; i++)
		CHECK_STATUS(act_spawn(act, &idle, NULL, NULL, NULL), OK);
}

static void check_one(void *arg, const struct act_info *info)
{
	if (!str_eq(str_from(info->class_name), STR("idle")))
		return;
	CHECK(info->memory_bytes <= IDLE_BYTES_MAX);
	++*(uint32_t *)arg;
}

TEST(an_idle_actor_is_small_and_there_may_be_many)
{
	struct manual manual;
	uint32_t seen = 0;

	manual_open(&manual, NULL);
	manual_enter(&manual, spawn_many, NULL);
	act_host_each(manual.host, check_one, &seen);
	CHECK_EQ(seen, MANY);
	manual_close(&manual);
}

/* ---- what most actors have nothing of --------------------------------------------------------------- */

struct tick {
	uint32_t unused;
};
static ACT_TYPE(tick);

static void bind_and_let_go(struct act *act, void *state, void *arg)
{
	const struct act_ref *other = arg;

	(void)state;
	act_demonitor(act, act_monitor(act, *other));
	act_cancel(act, act_after(act, 1000, &tick_type, &(struct tick){ 0 }));
	CHECK_STATUS(act_join(act, "all"), OK);
	act_leave(act, "all");
}

static void look_at_bytes(void *arg, const struct act_info *info)
{
	struct act_info *wanted = arg;

	if (act_ref_eq(info->ref, wanted->ref))
		wanted->memory_bytes = info->memory_bytes;
}

static uint64_t bytes_of(const struct manual *manual, struct act_ref ref)
{
	struct act_info info = { .ref = ref };

	act_host_each(manual->host, look_at_bytes, &info);
	return info.memory_bytes;
}

TEST(only_who_has_timers_or_watches_pays_for_them)
{
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref one = manual_spawn(&manual, &idle, NULL);
	struct act_ref other = manual_spawn(&manual, &idle, NULL);
	uint64_t before = bytes_of(&manual, one);
	CHECK(act_host_enter(manual.host, one, bind_and_let_go, &other));
	CHECK(bytes_of(&manual, one) > before);
	/* Whoever was watched has something of its own, too; a third has not. */
	CHECK_EQ(bytes_of(&manual, other), bytes_of(&manual, one));
	CHECK_EQ(bytes_of(&manual, manual_spawn(&manual, &idle, NULL)), before);
	manual_close(&manual);
}
