#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/family.h"

TEST(each_strategy_restarts_those_it_names_stopping_the_youngest_first)
{
	static const struct {
		enum act_strategy strategy;
		const char *story;
	} cases[] = {
		{ ACT_ONE_FOR_ONE, "abcd"
				   "b"
				   "DCBA" },
		{ ACT_ONE_FOR_ALL, "abcd"
				   "DCA"
				   "abcd"
				   "DCBA" },
		{ ACT_REST_FOR_ONE, "abcd"
				    "DC"
				    "bcd"
				    "DCBA" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct family family = { 0 };

		family_open(&family, cases[i].strategy, ACT_PERMANENT);
		family_poke(&family, "b1");
		manual_close(&family.manual);
		CHECK_STR(str_from(family.story.text), cases[i].story);
	}
}

TEST(a_childs_kind_decides_whether_it_comes_back)
{
	static const struct {
		enum act_restart restart;
		const char *poke, *story;
	} cases[] = {
		{ ACT_PERMANENT, "b2", "abcdBb" }, { ACT_PERMANENT, "b1", "abcdb" },
		{ ACT_TRANSIENT, "b2", "abcdB" },  { ACT_TRANSIENT, "b1", "abcdb" },
		{ ACT_TEMPORARY, "b2", "abcdB" },  { ACT_TEMPORARY, "b1", "abcd" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct family family = { 0 };

		family_open(&family, ACT_ONE_FOR_ONE, cases[i].restart);
		family_poke(&family, cases[i].poke);
		CHECK_STR(str_from(family.story.text), cases[i].story);
		manual_close(&family.manual);
	}
}

TEST(too_many_restarts_within_the_time_crash_the_supervisor_and_the_host_ends_as_failed)
{
	struct family family = { .spec = { .max_restarts = 3, .within_ms = 1000 } };

	family_open(&family, ACT_ONE_FOR_ONE, ACT_PERMANENT);
	for (int i = 0; i < 3; i++)
		family_poke(&family, "a1");
	/* Old restarts do not count. */
	manual_run(&family.manual, 2000);
	for (int i = 0; i < 3; i++)
		family_poke(&family, "a1");
	CHECK(!act_host_is_done(family.manual.host));
	family_poke(&family, "a1");
	CHECK(act_host_is_done(family.manual.host));
	CHECK_EQ(act_host_reason(family.manual.host), ACT_CRASHED);
	manual_close(&family.manual);
}

TEST(failing_inits_are_tried_again_with_growing_delays)
{
	struct family family = { .spec = { .max_restarts = 100,
					   .within_ms = 60000,
					   .backoff_min_ms = 100,
					   .backoff_max_ms = 1000 } };

	family_open(&family, ACT_REST_FOR_ONE, ACT_PERMANENT);
	family.story.fails = 2;
	family_poke(&family, "b1");
	CHECK_STR(str_from(family.story.text), "abcdDC");
	manual_run(&family.manual, 49);
	CHECK_STR(str_from(family.story.text), "abcdDC");
	manual_run(&family.manual, 52);
	CHECK_STR(str_from(family.story.text), "abcdDCbc");
	manual_run(&family.manual, 2000);
	CHECK_STR(str_from(family.story.text), "abcdDCbcccd");
	manual_close(&family.manual);
}

TEST(a_child_that_fails_at_the_start_is_the_outcome_of_opening_the_host)
{
	struct family family = { .story = { .fails = 1 } };
	struct act_ref ref;
	(void)ref;
	static const char *const ids[] = { "a", "b", "c" };
	struct manual outer;

	log_configure(&(struct log_config){ .level = LOG_ERROR });
	for (int i = 0; i < 3; i++) {
		family.args[i] = (struct family_args){ &family.story, ids[i][0], false };
		family.children[i] = (struct act_child){ .id = ids[i],
							 .class = &family_child_class,
							 .args = &family.args[i] };
	}
	family.spec.children = family.children;
	family.spec.child_count = 3;
	manual_open(&outer, NULL);
	const struct act_host_config config = {
		.name = "failing", .node = 9, .host = 1, .epoch = 1, .root = &family.spec
	};
	struct act_host *host = NULL;
	CHECK_STATUS(act_host_open(&config, act_host_seams(outer.host), &host), INTERNAL);
	CHECK(!host);
	CHECK_STR(str_from(family.story.text), "abcBA");
	manual_close(&outer);
}

static void add_child(struct act *act, void *state, void *arg)
{
	struct family *family = arg;
	static struct family_args args;
	static struct act_child child = { .id = "e", .class = &family_child_class, .args = &args };

	(void)state;
	args = (struct family_args){ &family->story, 'e', false };
	struct act_ref supervisor = ACT_NIL;
	CHECK_STATUS(
	    act_supervise(act, &(struct act_supervisor){ .child_count = 0 }, "sup", &supervisor),
	    OK);
	CHECK_STATUS(act_supervisor_add(act, supervisor, &child), OK);
	CHECK_STATUS(act_supervisor_add(act, supervisor, &child), EXISTS);
	CHECK_STATUS(act_supervisor_add(act, act_self(act), &child), NOT_FOUND);
}

#define PATHS_BYTES 1024

static void count_actor(void *arg, const struct act_info *info)
{
	char *end = (char *)arg + strlen(arg);

	snprintf(end, PATHS_BYTES - (size_t)(end - (char *)arg), "%s ", info->path);
}

TEST(children_can_be_added_and_the_tree_shows_everybody)
{
	struct family family = { 0 };
	char paths[PATHS_BYTES] = "";

	family_open(&family, ACT_ONE_FOR_ONE, ACT_PERMANENT);
	manual_enter(&family.manual, add_child, &family);
	family_poke(&family, "e1");
	CHECK_STR(str_from(family.story.text), "abcdee");
	act_host_each(family.manual.host, count_actor, paths);
	CHECK_STR(str_from(paths),
		  "/host#0 /host#0/supervisor#1 /host#0/supervisor#1/a /host#0/supervisor#1/b "
		  "/host#0/supervisor#1/c /host#0/supervisor#1/d /host#0/sup /host#0/sup/e ");
	manual_close(&family.manual);
}

static void count_state(void *arg, const struct act_info *info)
{
	char *end = (char *)arg + strlen(arg);

	if (strcmp(info->class_name, "child") == 0)
		snprintf(end, PATHS_BYTES - (size_t)(end - (char *)arg), "%s:%s:%u ", info->path,
			 info->state, info->restarts);
}

TEST(the_tree_shows_children_that_wait_to_be_started_again)
{
	struct family family = { .spec = { .max_restarts = 100,
					   .within_ms = 60000,
					   .backoff_min_ms = 100,
					   .backoff_max_ms = 1000 } };
	char states[PATHS_BYTES] = "";

	family_open(&family, ACT_ONE_FOR_ONE, ACT_PERMANENT);
	family_poke(&family, "b1");
	act_host_each(family.manual.host, count_state, states);
	CHECK_STR(str_from(states),
		  "/host#0/supervisor#1/b:waiting:0 /host#0/supervisor#1/a:idle:0 "
		  "/host#0/supervisor#1/c:idle:0 /host#0/supervisor#1/d:idle:0 ");
	manual_run(&family.manual, 101);
	states[0] = '\0';
	act_host_each(family.manual.host, count_state, states);
	CHECK_STR(str_from(states), "/host#0/supervisor#1/a:idle:0 /host#0/supervisor#1/b:idle:1 "
				    "/host#0/supervisor#1/c:idle:0 /host#0/supervisor#1/d:idle:0 ");
	manual_close(&family.manual);
}

/* "b" is forgotten while "c" and "d" wait for their back-off, so that both move up by one. */
TEST(who_is_forgotten_while_those_behind_wait_does_not_keep_them_from_coming_back)
{
	struct family family = { 0 };

	family.spec.backoff_min_ms = 100;
	family.spec.backoff_max_ms = 100;
	family_plan(&family, ACT_REST_FOR_ONE, ACT_PERMANENT);
	family.children[1].restart = ACT_TEMPORARY;
	manual_open(&family.manual, &family.spec);
	family_poke(&family, "c1");
	CHECK_STR(str_from(family.story.text), "abcdD");
	family_poke(&family, "b2");
	manual_run(&family.manual, 200);
	CHECK_STR(str_from(family.story.text), "abcdDBcd");
	manual_close(&family.manual);
}

/* ---- one that is gone and still in the run queue ---------------------------------------------------------- */

struct let_go {
	uint32_t nothing;
};
static ACT_TYPE(let_go);

/* Has told itself something when it ends, so that its turn comes once more. */
static enum act_verdict twig_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state, (void)msg;
	CHECK_STATUS(act_tell(act, act_self(act), let_go, 0), OK);
	return ACT_STOP;
}

static const struct act_class twig_class = { .name = "twig", .receive = twig_receive };

static void crash_and_let_go(struct act *act, void *state, void *arg)
{
	(void)state, (void)arg;
	act_kill(act, act_named(act, "c"));
	CHECK_STATUS(act_tell(act, act_named(act, "d"), let_go, 0), OK);
}

/* "d" ends between the end of "c" and its restart, and is still in the run queue then: "c" takes its place by who is alive. */
TEST(who_comes_back_is_not_put_beside_one_that_is_gone)
{
	struct family family = { 0 };
	char paths[PATHS_BYTES] = "";

	family_plan(&family, ACT_ONE_FOR_ONE, ACT_TEMPORARY);
	family.children[2].restart = ACT_PERMANENT;
	family.children[3].class = &twig_class;
	manual_open(&family.manual, &family.spec);
	manual_enter(&family.manual, crash_and_let_go, NULL);
	manual_run(&family.manual, 0);
	CHECK_STR(str_from(family.story.text), "abcc");
	act_host_each(family.manual.host, count_actor, paths);
	CHECK_STR(str_from(paths), "/host#0 /host#0/supervisor#1 /host#0/supervisor#1/a "
				   "/host#0/supervisor#1/b /host#0/supervisor#1/c ");
	manual_close(&family.manual);
}
