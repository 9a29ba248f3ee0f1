#include "deploy/main/admin/chaos-target.h"

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

static struct overview make_overview(uint32_t tolerance)
{
	static const struct store_member members[] = {
		{ .id = 1, .name = { "n1", 2 }, .role = STORE_VOTER },
		{ .id = 2, .name = { "n2", 2 }, .role = STORE_STANDBY },
		{ .id = 3, .name = { "n3", 2 }, .role = STORE_VOTER },
	};
	struct overview overview = { .arena = test_arena(), .tolerance = tolerance };

	overview.store.leader = 1;
	overview.store.members = members;
	overview.store.member_count = 3;
	return overview;
}

TEST(whoever_keeps_the_data_is_spared_when_no_voter_may_be_lost)
{
	static const struct {
		const char *level, *node, *host, *path, *to_node;
		uint32_t tolerance;
		bool can;
	} cases[] = {
		{ "Host", "n1", "core", "", "", 0, false },
		{ "Host", "n1", "core", "", "", 1, true },
		{ "Host", "n1", "control", "", "", 0, true },
		{ "Host", "n2", "core", "", "", 0, true },
		{ "Node", "n1", "", "", "", 0, false },
		{ "Node", "n1", "", "", "", 1, true },
		{ "Actor", "n1", "core", "store", "", 0, false },
		{ "Actor", "n1", "core", "store/log", "", 0, false },
		{ "Actor", "n1", "core", "mark", "", 0, true },
		{ "Host", "n9", "core", "", "", 0, false },
		{ "Disk", "n1", "core", "", "", 0, false },
		{ "Disk", "n1", "core", "", "", 1, true },
		{ "Disk", "n2", "core", "", "", 0, true },
		/* A link matters if a vote may have to pass. */
		{ "Link", "n1", "core", "", "n3", 0, false },
		{ "Link", "n1", "core", "", "n3", 1, true },
		{ "Link", "n1", "core", "", "n2", 0, true },
		{ "Link", "n2", "core", "", "n1", 0, true },
		{ "Link", "n1", "core", "", "n1", 0, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct overview overview = make_overview(cases[i].tolerance);
		struct chaos_target target = { .level = str_from(cases[i].level),
					       .node = str_from(cases[i].node),
					       .host = str_from(cases[i].host),
					       .path = str_from(cases[i].path),
					       .to_node = str_from(cases[i].to_node) };

		CHECK_EQ(chaos_can_bear(&overview, &target), cases[i].can);
	}
}

/* Two nodes of two hosts, one actor, one host that does not answer. */
static struct live_seen make_actors(void)
{
	static const struct {
		const char *name, *level, *node, *host, *path, *state;
	} rows[] = {
		{ "n1", "Node", "n1", "", "", "Running" },
		{ "n1.core", "Host", "n1", "core", "", "Running" },
		{ "n1.core.store", "Actor", "n1", "core", "store", "Running" },
		{ "n1.control", "Host", "n1", "control", "", "Running" },
		{ "n2", "Node", "n2", "", "", "Running" },
		{ "n2.core", "Host", "n2", "core", "", "Running" },
		{ "n2.control", "Host", "n2", "control", "", "Silent" },
	};
	struct live_seen seen = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str text = arena_printf(
		    test_arena(),
		    "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"troupe.internal/node\":\"%s\"}},"
		    "\"spec\":{\"level\":\"%s\",\"node\":\"%s\",\"host\":\"%s\",\"path\":\"%s\"},"
		    "\"status\":{\"state\":\"%s\"}}",
		    rows[i].name, rows[i].node, rows[i].level, rows[i].node, rows[i].host,
		    rows[i].path, rows[i].state);
		struct object *object = NULL;

		CHECK_STATUS(object_decode(&troupe_actor_type, FORMAT_JSON, text, &object, NULL),
			     OK);
		live_seen_add(&seen, object);
	}
	return seen;
}

TEST(targets_of_each_level_are_those_that_run_and_links_go_one_way)
{
	static const struct {
		const char *level, *names;
	} cases[] = {
		{ "Node", "n1 n2 " },
		{ "Host", "n1.core n1.control n2.core " },
		{ "Actor", "n1.core.store " },
		{ "Disk", "n1 n2 " },
		{ "Link", "n1.core.to.control n1.to.n2 n1.control.to.core n2.to.n1 " },
	};
	struct live_seen seen = make_actors();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct chaos_targets targets =
		    chaos_targets_of(&seen, str_from(cases[i].level), test_arena());
		struct text names = text_in(test_arena(), 4096);

		for (uint32_t j = 0; j < targets.len; j++) {
			CHECK_STR(targets.at[j].level, cases[i].level);
			text_printf(&names, STR_FMT " ", STR_ARG(targets.at[j].name));
		}
		CHECK_STR(text_str(&names), cases[i].names);
	}
	live_seen_type.drop(&seen);
}

TEST(a_target_is_meant_by_level_name_and_labels)
{
	struct troupe_chaos_target wanted = { .level = STR("Host") };
	struct troupe_chaos_plan_spec spec = { .target = &wanted };
	struct troupe_chaos_plan plan = { .spec = &spec };
	struct meta_label_selector selector = { 0 };
	struct chaos_target target = { .level = STR("Host"), .name = STR("n1.core") };
	struct str name = STR("n2.*");

	str_map_put(&target.labels, test_arena(), STR("troupe.internal/node"), STR("n1"));
	CHECK(chaos_means(&plan, &target, test_arena()));
	wanted.names = (struct str_list){ &name, 1 };
	CHECK(!chaos_means(&plan, &target, test_arena()));
	name = STR("n1.*");
	CHECK(chaos_means(&plan, &target, test_arena()));
	wanted.selector = &selector;
	str_map_put(&selector.match_labels, test_arena(), STR("troupe.internal/node"), STR("n1"));
	CHECK(chaos_means(&plan, &target, test_arena()));
	selector.match_labels.at[0].value = STR("n3");
	CHECK(!chaos_means(&plan, &target, test_arena()));
	wanted.selector = NULL;
	wanted.level = STR("Actor");
	CHECK(!chaos_means(&plan, &target, test_arena()));
}
