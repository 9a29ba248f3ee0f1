#include "deploy/main/admin/chaos-plan.h"

#include "tests/lib/test.h"

TEST(a_pattern_means_names_with_stars_and_question_marks)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} cases[] = {
		{ "n1.core", "n1.core", true },
		{ "n1.core", "n1.core.store", false },
		{ "n?.core", "n2.core", true },
		{ "n?.core", "n12.core", false },
		{ "*", "", true },
		{ "*.core", "n12.core", true },
		{ "n*.*.store", "n1.core.store", true },
		{ "*a*b*c*", "xxaxxbxxcxx", true },
		{ "*a*b*c", "abcabx", false },
		{ "*aab", "aaaaaab", true },
		{ "", "a", false },
		{ "a*", "b", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_EQ(chaos_matches(str_from(cases[i].pattern), str_from(cases[i].name)),
			 cases[i].matches);
}

static struct troupe_chaos_plan *make_plan(struct troupe_chaos_plan_spec spec)
{
	struct troupe_chaos_plan *plan = arena_new_of(test_arena(), struct troupe_chaos_plan);

	*plan = (struct troupe_chaos_plan){ 0 };
	plan->metadata = arena_new_of(test_arena(), struct meta_object_meta);
	*plan->metadata = (struct meta_object_meta){ .generation = 1 };
	plan->spec = arena_new_of(test_arena(), struct troupe_chaos_plan_spec);
	*plan->spec = spec;
	plan->spec->fault = STR("Kill");
	plan->spec->target = arena_new_of(test_arena(), struct troupe_chaos_target);
	*plan->spec->target = (struct troupe_chaos_target){ .level = STR("Host") };
	return plan;
}

static struct wall at_s(int64_t s)
{
	return (struct wall){ s * TIME_S };
}

TEST(a_plan_without_a_time_between_is_done_once)
{
	struct troupe_chaos_plan *plan = make_plan((struct troupe_chaos_plan_spec){ 0 });

	CHECK_EQ(chaos_want(plan, at_s(100), true), CHAOS_BEGIN);
	chaos_note_begin(plan, test_arena(), at_s(100));
	CHECK_STR(plan->status->phase, "Running");
	CHECK_EQ(chaos_want(plan, at_s(100), false), CHAOS_NOTHING);
	CHECK_EQ(chaos_want(plan, at_s(101), true), CHAOS_INJECT);
	chaos_note_injection(plan, test_arena(), STR("n1.core"), at_s(101));
	/* Whoever leads afterwards has to say what it cost. */
	CHECK_EQ(chaos_want(plan, at_s(102), true), CHAOS_MEASURE);
	chaos_note_outage(plan, test_arena(), "Writes", 40);
	chaos_note_outage(plan, test_arena(), "Reads", 3);
	CHECK_EQ(chaos_want(plan, at_s(103), true), CHAOS_COMPLETE);
	chaos_note_end(plan, test_arena(), "Completed", at_s(103));
	CHECK(chaos_is_over(plan));
	CHECK_EQ(chaos_want(plan, at_s(104), true), CHAOS_NOTHING);
}

TEST(a_plan_goes_on_for_its_duration_and_adds_up_what_it_cost)
{
	struct troupe_chaos_plan *plan = make_plan((struct troupe_chaos_plan_spec){
	    .has = { .every_seconds = true, .duration_seconds = true },
	    .every_seconds = 1,
	    .duration_seconds = 10 });
	const struct troupe_chaos_outage *outage;

	chaos_note_begin(plan, test_arena(), at_s(100));
	for (int64_t i = 1; i <= 3; i++) {
		CHECK_EQ(chaos_want(plan, at_s(100 + i), true), CHAOS_INJECT);
		chaos_note_injection(plan, test_arena(), STR("n1.core"), at_s(100 + i));
		chaos_note_outage(plan, test_arena(), "Writes", i == 2 ? 500 : 20);
	}
	CHECK_EQ(plan->status->injected.at[0].count, 3);
	outage = &plan->status->outages.at[0];
	CHECK_EQ(outage->worst_milliseconds, 500);
	CHECK_EQ(outage->total_milliseconds, 540);
	CHECK_EQ(chaos_want(plan, at_s(110), true), CHAOS_COMPLETE);
}

static struct overview make_overview(uint32_t tolerance)
{
	static const struct store_member members[] = {
		{ .id = 1, .name = { "n1", 2 }, .role = STORE_VOTER },
		{ .id = 2, .name = { "n2", 2 }, .role = STORE_STANDBY },
	};
	struct overview overview = { .arena = test_arena(), .tolerance = tolerance };

	overview.store.leader = 1;
	overview.store.members = members;
	overview.store.member_count = 2;
	return overview;
}

TEST(whoever_keeps_the_data_is_spared_when_no_voter_may_be_lost)
{
	static const struct {
		const char *level, *node, *host, *path;
		uint32_t tolerance;
		bool can;
	} cases[] = {
		{ "Host", "n1", "core", "", 0, false },
		{ "Host", "n1", "core", "", 1, true },
		{ "Host", "n1", "control", "", 0, true },
		{ "Host", "n2", "core", "", 0, true },
		{ "Node", "n1", "", "", 0, false },
		{ "Node", "n1", "", "", 1, true },
		{ "Actor", "n1", "core", "store", 0, false },
		{ "Actor", "n1", "core", "store/log", 0, false },
		{ "Actor", "n1", "core", "mark", 0, true },
		{ "Host", "n9", "core", "", 0, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct overview overview = make_overview(cases[i].tolerance);
		struct troupe_actor_spec spec = { .level = str_from(cases[i].level),
						  .node = str_from(cases[i].node),
						  .host = str_from(cases[i].host),
						  .path = str_from(cases[i].path) };
		struct troupe_actor actor = { .spec = &spec };

		CHECK_EQ(chaos_can_bear(&overview, STR("Kill"), &actor), cases[i].can);
	}
}

static const struct object *make_actor(void)
{
	static const char text[] =
	    "{\"metadata\":{\"name\":\"n1.core\",\"labels\":{\"troupe.internal/"
	    "node\":\"n1\"}},\"spec\":{\"level\":\"Host\",\"node\":\"n1\"},"
	    "\"status\":{\"state\":\"Running\"}}";
	struct object *object = NULL;

	CHECK_STATUS(object_decode(&troupe_actor_type, FORMAT_JSON, str_from(text), &object, NULL),
		     OK);
	return object;
}

TEST(a_target_is_meant_by_level_name_and_labels)
{
	struct troupe_chaos_plan *plan = make_plan((struct troupe_chaos_plan_spec){ 0 });
	struct troupe_chaos_target *target = plan->spec->target;
	struct meta_label_selector selector = { 0 };
	const struct object *actor = make_actor();
	struct str name = STR("n2.*");

	CHECK(chaos_means(plan, actor, test_arena()));
	target->names = (struct str_list){ &name, 1 };
	CHECK(!chaos_means(plan, actor, test_arena()));
	name = STR("n1.*");
	CHECK(chaos_means(plan, actor, test_arena()));
	target->selector = &selector;
	str_map_put(&selector.match_labels, test_arena(), STR("troupe.internal/node"), STR("n1"));
	CHECK(chaos_means(plan, actor, test_arena()));
	selector.match_labels.at[0].value = STR("n3");
	CHECK(!chaos_means(plan, actor, test_arena()));
	target->selector = NULL;
	target->level = STR("Actor");
	CHECK(!chaos_means(plan, actor, test_arena()));
	object_unref(actor);
}
