/*
 * Answers of webhooks that judge: asked once, kept for a while, and no longer.
 */
#include "actors/client/outside-review.h"
#include "tests/lib/test.h"

struct hook {
	struct outside_call call;
	struct outside_post post;
	uint32_t posts, drops, resumed;
};

static struct outside_call *post(void *self, struct arena *arena, const struct outside_post *post)
{
	struct hook *hook = self;

	(void)arena;
	hook->post = *post;
	hook->posts++;
	hook->call = (struct outside_call){ .is_done = false };
	return &hook->call;
}

static void drop(void *self, struct outside_call *call)
{
	(void)call;
	((struct hook *)self)->drops++;
}

static void resume(struct waiter *waiter)
{
	(*(uint32_t *)waiter->arg)++;
}

static void answer(struct hook *hook, struct waiter *waiter, enum status status, const char *body)
{
	hook->call = (struct outside_call){ .is_done = true,
					    .status = status,
					    .body = str_from(body),
					    .words = STR("it is away") };
	waiter->arg = &hook->resumed;
	hook->post.done(hook->post.arg);
}

TEST(a_question_is_asked_once_and_its_answer_kept_for_a_while)
{
	static struct outside_review review;
	struct hook hook = { .posts = 0 };
	struct outside outside = { &hook, post, drop };
	struct waiter waiter = { .resume = resume };
	struct check_context check = { .arena = test_arena(),
				       .waiter = &waiter,
				       .outside = &outside,
				       .left_ms = 500,
				       .now = { 1000 * TIME_S } };
	struct fault why = { 0 };
	struct str out;

	CHECK_EQ(outside_review_ask(&review, &check, STR("q"), &out, &why), CHECK_WAIT);
	CHECK_EQ(hook.post.timeout_ms, 500);
	CHECK(waiter.on_cancel != NULL);
	answer(&hook, &waiter, OK, "yes");
	CHECK_EQ(hook.resumed, 1);
	CHECK(waiter.on_cancel == NULL);
	CHECK_EQ(outside_review_ask(&review, &check, STR("q"), &out, &why), CHECK_PASS);
	CHECK_STR(out, "yes");
	outside_review_keep(&review, &check, STR("q"), out, 2000);
	CHECK_EQ(outside_review_ask(&review, &check, STR("q"), &out, &why), CHECK_PASS);
	CHECK_STR(out, "yes");
	CHECK_EQ(hook.posts, 1);
	check.now.ns += 2 * TIME_S;
	CHECK_EQ(outside_review_ask(&review, &check, STR("q"), &out, &why), CHECK_WAIT);
	/* The request goes first. */
	waiter.on_cancel(waiter.arg);
	CHECK_EQ(hook.drops, 1);
	outside_review_fini(&review);
}

TEST(who_is_away_has_no_answer_and_words)
{
	static struct outside_review review;
	struct hook hook = { .posts = 0 };
	struct outside outside = { &hook, post, drop };
	struct waiter waiter = { .resume = resume };
	struct check_context check = { .arena = test_arena(),
				       .waiter = &waiter,
				       .outside = &outside };
	struct fault why = { 0 };
	struct str out;

	CHECK_EQ(outside_review_ask(&review, &check, STR("q"), &out, &why), CHECK_WAIT);
	answer(&hook, &waiter, UNAVAILABLE, "");
	CHECK_EQ(outside_review_ask(&review, &check, STR("q"), &out, &why), CHECK_PASS);
	CHECK(out.at == NULL);
	CHECK_STR(str_from(why.text), "it is away");
	check.outside = NULL;
	CHECK_EQ(outside_review_ask(&review, &check, STR("q"), &out, &why), CHECK_PASS);
	CHECK(out.at == NULL);
}

TEST(of_many_answers_the_oldest_go_and_long_ones_are_not_kept)
{
	static struct outside_review review;
	struct check_context check = { .arena = test_arena(), .now = { TIME_S } };
	struct text big = text_in(test_arena(), 64 * KIB);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < 5000; i++)
		outside_review_keep(&review, &check, arena_printf(test_arena(), "%u", i),
				    STR("answer"), 1000);
	for (uint32_t i = 0; i < OUTSIDE_REVIEW_SETS; i++)
		for (uint32_t j = 0; j < OUTSIDE_REVIEW_WAYS; j++)
			kept += review.sets[i][j].arena != NULL;
	CHECK(kept <= OUTSIDE_REVIEW_SETS * OUTSIDE_REVIEW_WAYS);
	CHECK(kept > OUTSIDE_REVIEW_SETS * OUTSIDE_REVIEW_WAYS / 2);
	while (big.len <= OUTSIDE_REVIEW_KEPT_BYTES)
		text_add_char(&big, 'x');
	outside_review_keep(&review, &check, STR("big"), text_str(&big), 1000);
	outside_review_fini(&review);
}
