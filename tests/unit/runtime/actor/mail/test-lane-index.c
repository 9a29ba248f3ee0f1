#include "runtime/base/limits.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

/* ---- an actor with one message for each key, and a model of its lane ------------------------------------ */

struct fact {
	uint64_t key, value;
};
static ACT_TYPE(fact);
/* Another type with the same keys. */
struct rumour {
	uint64_t key, value;
};
static ACT_TYPE(rumour);

struct said {
	const struct act_type *type;
	struct fact fact;
};

struct log {
	struct said said[LIMIT_MAILBOX];
	uint32_t len;
};

static enum status keeper_init(struct act *act, void *state, const void *args)
{
	(void)act;
	*(struct log **)state = (void *)(uintptr_t)args;
	return OK;
}

static enum act_verdict keeper_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct log *log = *(struct log **)state;

	(void)act;
	log->said[log->len++] = (struct said){ msg->type, *(struct fact *)msg->body };
	return ACT_OK;
}

static uint64_t keeper_key(const struct act_type *type, const void *body)
{
	(void)type;
	return ((const struct fact *)body)->key;
}

static const struct act_class keeper = { .name = "keeper",
					 .state_size = sizeof(struct log *),
					 .init = keeper_init,
					 .receive = keeper_receive,
					 .key = keeper_key };

static void model_say(struct log *log, uint32_t max, struct said said)
{
	for (uint32_t i = 0; i < log->len && said.fact.key; i++) {
		if (log->said[i].fact.key == said.fact.key && log->said[i].type == said.type) {
			log->said[i] = said;
			return;
		}
	}
	if (log->len == max)
		memmove(log->said, log->said + 1, --log->len * sizeof *log->said);
	log->said[log->len++] = said;
}

static void check_same(const struct log *got, const struct log *model)
{
	CHECK_EQ(got->len, model->len);
	for (uint32_t i = 0; i < got->len; i++) {
		CHECK(got->said[i].type == model->said[i].type);
		CHECK_EQ(got->said[i].fact.key, model->said[i].fact.key);
		CHECK_EQ(got->said[i].fact.value, model->said[i].fact.value);
	}
}

/* The next of a sequence that looks random and is always the same. */
static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

TEST(a_lane_with_keys_does_what_a_search_through_it_would_do)
{
	static struct log got, model;
	struct act_class class = keeper;
	struct manual manual;
	uint64_t random = 1;

	class.mailbox_max = 64;
	class.on_full = ACT_FULL_DROP_OLD;
	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &class, &got);
	for (uint32_t round = 0; round < 300; round++) {
		/* Few keys replace each other, many drop the oldest; 0 is no key. */
		const uint64_t keys = round % 3 == 0 ? 10 : 200;
		got.len = model.len = 0;
		for (uint64_t left = next_random(&random) % 500; left > 0; left--) {
			const struct fact fact = { next_random(&random) % keys, left };
			const struct act_type *type =
			    next_random(&random) % 4 ? &fact_type : &rumour_type;
			manual_send(&manual, ref, type, &fact);
			model_say(&model, 64, (struct said){ type, fact });
		}
		manual_run(&manual, 0);
		check_same(&got, &model);
	}
	manual_close(&manual);
}

TEST(a_full_lane_of_keys_takes_the_newest_of_each)
{
	static struct log got;
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &keeper, &got);
	for (uint64_t round = 0; round < 3; round++)
		for (uint64_t key = 1; key <= LIMIT_MAILBOX; key++)
			manual_tell(&manual, ref, fact, key, key + round);
	manual_run(&manual, 0);
	CHECK_EQ(got.len, LIMIT_MAILBOX);
	for (uint32_t i = 0; i < got.len; i++) {
		CHECK_EQ(got.said[i].fact.key, i + 1);
		CHECK_EQ(got.said[i].fact.value, i + 3);
	}
	manual_close(&manual);
}

/* ---- what was put aside ------------------------------------------------------------------------------ */

struct open_up {
	uint32_t unused;
};
static ACT_TYPE(open_up);

struct shy {
	struct log *log;
	bool is_open;
};

static enum status shy_init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct shy *)state)->log = (void *)(uintptr_t)args;
	return OK;
}

static enum act_verdict shy_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct shy *self = state;

	if (ACT_IS(msg, open_up)) {
		self->is_open = true;
		act_unstash(act);
	} else if (!self->is_open) {
		CHECK_STATUS(act_stash(act, msg), OK);
	} else {
		self->log->said[self->log->len++] =
		    (struct said){ msg->type, *(struct fact *)msg->body };
	}
	return ACT_OK;
}

static uint64_t shy_key(const struct act_type *type, const void *body)
{
	return type == &fact_type ? ((const struct fact *)body)->key : 0;
}

TEST(what_was_put_aside_comes_before_what_has_the_same_key_and_is_newer)
{
	static const struct act_class shy = { .name = "shy",
					      .state_size = sizeof(struct shy),
					      .init = shy_init,
					      .receive = shy_receive,
					      .key = shy_key };
	static const uint64_t expected[][2] = { { 1, 10 }, { 2, 20 }, { 1, 12 }, { 3, 31 } };
	static struct log got;
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &shy, &got);
	manual_tell(&manual, ref, fact, 1, 10);
	manual_tell(&manual, ref, fact, 2, 20);
	manual_run(&manual, 0);
	manual_tell(&manual, ref, open_up, 0);
	manual_tell(&manual, ref, fact, 1, 11);
	manual_tell(&manual, ref, fact, 3, 30);
	manual_tell(&manual, ref, fact, 1, 12);
	manual_tell(&manual, ref, fact, 3, 31);
	manual_run(&manual, 0);
	CHECK_EQ(got.len, 4);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_EQ(got.said[i].fact.key, expected[i][0]);
		CHECK_EQ(got.said[i].fact.value, expected[i][1]);
	}
	manual_close(&manual);
}

static void kill_it(struct act *act, void *state, void *arg)
{
	(void)state;
	act_kill(act, *(struct act_ref *)arg);
}

TEST(who_ends_with_keys_in_its_lane_leaves_dead_letters)
{
	static struct log got;
	struct act_host_stats stats;
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &keeper, &got);
	for (uint64_t key = 1; key <= 100; key++)
		manual_tell(&manual, ref, fact, key, key);
	manual_enter(&manual, kill_it, &ref);
	manual_run(&manual, 0);
	act_host_stats(manual.host, &stats);
	CHECK_EQ(stats.dead[ACT_DEAD_ENDED], 100);
	CHECK_EQ(got.len, 0);
	manual_close(&manual);
}
