#include <stdio.h>

#include "actors/controller/controller.h"
#include "tests/unit/actors/controller/desk.h"

/* A controller that reads secrets, which are in no cache of it, and remembers what it saw; each test runs in a process of its own. */
static struct {
	uint32_t runs;
	char saw[200];    /* of the last turn */
	char memory[200]; /* that it was told of */
	bool asks_for_ever, fails;
} asker;

static const struct world_answer *ask(const struct world *world, struct plan *plan, const char *path)
{
	const struct world_answer *answer = world_answer(world, str_from(path));

	if (answer == NULL)
		plan_ask(plan, str_from(path), &core_secret_type);
	return answer;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct world_answer *one, *two = NULL;
	const struct core_secret *secret;

	(void)key;
	asker.runs++;
	plan_new(plan, STR("n"), STR("never"), core_secret); /* not of a plan that asks */
	if (asker.asks_for_ever) {
		plan_ask(plan, STR("/api/v1/namespaces/n/secrets/one"), &core_secret_type);
		return OK;
	}
	one = ask(world, plan, "/api/v1/namespaces/n/secrets/one");
	if (one != NULL) /* the second follows from the first */
		two = ask(world, plan, "/api/v1/namespaces/n/secrets/two");
	if (one == NULL || two == NULL)
		return OK;
	secret = one->record;
	snprintf(asker.memory, sizeof asker.memory, STR_FMT, STR_ARG(world_memory(world)));
	snprintf(asker.saw, sizeof asker.saw, STR_FMT " %s " STR_FMT,
		 STR_ARG(secret->metadata->name), status_name(two->status), STR_ARG(two->message));
	plan_remember(plan, str_from(asker.saw));
	return asker.fails ? INTERNAL : OK;
}

static const struct controller asker_controller = {
	.name = "asker",
	.account = "asker",
	.reconciles = &core_config_map_type,
	.reconcile = reconcile,
};

static struct desk *make_desk(void)
{
	static const struct runner_args args = { &asker_controller, "api", DESK_TERM, NULL };
	struct desk *desk = desk_open_runner(&args);

	desk_put(desk, &core_secret_type, "{\"metadata\":{\"name\":\"one\",\"namespace\":\"n\"}}");
	desk_put(desk, &core_config_map_type, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"}}");
	desk_run(desk, 100);
	return desk;
}

TEST(what_a_plan_asks_is_there_in_the_same_turn)
{
	struct desk *desk = make_desk();

	CHECK_STR(str_from(asker.saw), "one NOT_FOUND said so");
	CHECK_EQ(asker.runs, 3);
	CHECK_EQ(desk_counts(desk).creates, 1); /* of the last plan alone */
	CHECK_STR(str_from(asker.memory), "");
	desk_close(desk);
}

TEST(what_a_turn_remembers_the_next_one_is_told)
{
	struct desk *desk = make_desk();

	desk_put(desk, &core_config_map_type,
		 "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"labels\":{\"b\":\"c\"}}}");
	desk_remove(desk, &core_secret_type, "n", "never");
	desk_run(desk, 100);
	CHECK_STR(str_from(asker.memory), "one NOT_FOUND said so");
	desk_close(desk);
}

/* With this said of its plans until it has run for a while; then 5 s in which all is well. */
static struct desk *make_troubled_desk(bool *trouble, bool *out_has_made)
{
	struct desk *desk;

	*trouble = true;
	desk = make_desk();
	*out_has_made = desk_counts(desk).creates > 0;
	*trouble = false;
	desk_run(desk, 5000);
	return desk;
}

TEST(a_plan_that_asks_for_ever_fails)
{
	bool has_made;
	struct desk *desk = make_troubled_desk(&asker.asks_for_ever, &has_made);

	CHECK(asker.runs >= 9);
	CHECK(!has_made);
	CHECK_STR(str_from(asker.saw), "one NOT_FOUND said so");
	desk_close(desk);
}

TEST(a_turn_that_fails_leaves_the_memory_as_it_was)
{
	bool has_made;
	struct desk *desk = make_troubled_desk(&asker.fails, &has_made);

	CHECK_STR(str_from(asker.memory), "");
	desk_close(desk);
}
