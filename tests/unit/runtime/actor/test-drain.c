#include "runtime/base/log.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

struct count {
	uint32_t n;
};

static enum status count_encode(const void *body, struct text *out)
{
	text_add_bytes(out, body, sizeof(struct count));
	return OK;
}

static enum status count_decode(struct str bytes, struct arena *arena, void *body)
{
	(void)arena;
	if (bytes.len != sizeof(struct count))
		return CORRUPT;
	memcpy(body, bytes.at, bytes.len);
	return OK;
}

static ACT_TYPE(count, .id = 78, .encode = count_encode, .decode = count_decode);
static const struct act_type *const types[] = { &count_type };

/* Answers what it was asked when it is told to. */
struct slow {
	struct act_ticket ticket;
};

static enum act_verdict slow_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct slow *slow = state;

	if (msg->kind == ACT_REQUEST)
		slow->ticket = act_ticket(msg);
	else
		(void)act_answer(act, slow->ticket, &count_type, &(struct count){ 7 });
	return ACT_OK;
}

static const struct act_class slow_class = { .name = "slow",
					     .state_size = sizeof(struct slow),
					     .receive = slow_receive };

static uint32_t answers;
static enum status last;

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state;
	answers += msg->kind == ACT_ANSWER;
	last = msg->status;
	return ACT_OK;
}

static const struct act_class asker_class = { .name = "asker", .receive = asker_receive };

struct pair {
	struct manual here, there;
	struct act_ref asker, slow;
};

static void ask(struct act *act, void *state, void *arg)
{
	(void)state;
	CHECK_STATUS(
	    act_request(act, *(struct act_ref *)arg, &count_type, &(struct count){ 1 }, 60000, 1),
	    OK);
}

static void settle(struct pair *pair)
{
	for (int i = 0; i < 4; i++) {
		manual_run(&pair->here, 0);
		manual_run(&pair->there, 0);
	}
}

static void open_pair(struct pair *pair)
{
	log_configure(&(struct log_config){ .level = LOG_ERROR + 1 });
	manual_open(&pair->here, NULL);
	manual_open(&pair->there, NULL);
	CHECK_STATUS(act_host_add_types(pair->here.host, types, 1), OK);
	CHECK_STATUS(act_host_add_types(pair->there.host, types, 1), OK);
	pair->asker = manual_spawn(&pair->here, &asker_class, NULL);
	pair->slow = manual_spawn(&pair->there, &slow_class, NULL);
	manual_join(&pair->here, &pair->there);
	CHECK(act_host_enter(pair->here.host, pair->asker, ask, &pair->slow));
	settle(pair);
}

TEST(a_host_that_drains_answers_what_it_was_asked_and_takes_nothing_new)
{
	struct pair pair;

	open_pair(&pair);
	act_host_drain(pair.there.host, 10000);
	manual_run(&pair.there, 100);
	CHECK(!act_host_is_done(pair.there.host));
	CHECK(act_host_enter(pair.here.host, pair.asker, ask, &pair.slow));
	settle(&pair);
	CHECK_EQ(answers, 1);
	CHECK_STATUS(last, UNAVAILABLE);
	manual_tell(&pair.there, pair.slow, count, 0);
	settle(&pair);
	CHECK_EQ(answers, 2);
	CHECK_STATUS(last, OK);
	manual_run(&pair.there, 10);
	CHECK(act_host_is_done(pair.there.host));
	manual_close(&pair.there);
	pair.here.peer = NULL;
	manual_close(&pair.here);
}

TEST(a_host_that_drains_ends_in_time_whatever_is_left)
{
	struct pair pair;

	open_pair(&pair);
	act_host_drain(pair.there.host, 1000);
	manual_run(&pair.there, 990);
	CHECK(!act_host_is_done(pair.there.host));
	manual_run(&pair.there, 30);
	CHECK(act_host_is_done(pair.there.host));
	settle(&pair);
	CHECK_STATUS(last, GONE);
	manual_close(&pair.there);
	pair.here.peer = NULL;
	manual_close(&pair.here);
}

TEST(a_host_that_has_nothing_to_finish_ends_at_once)
{
	struct pair pair;

	open_pair(&pair);
	act_host_drain(pair.here.host, 10000);
	manual_run(&pair.here, 0);
	CHECK(act_host_is_done(pair.here.host));
	manual_close(&pair.here);
	pair.there.peer = NULL;
	manual_close(&pair.there);
}
