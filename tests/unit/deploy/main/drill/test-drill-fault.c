#include "deploy/main/drill/drill-fault.h"

#include "deploy/main/command/json-look.h"
#include "tests/lib/test.h"

TEST(a_fault_is_asked_for_of_what_the_node_has)
{
	static const struct {
		const char *name, *host, *fault, *level, *target;
	} cases[] = {
		{ "pause", "core", "Pause", "Host", "n2.core" },
		{ "pause", "control", "Pause", "Host", "n2.control" },
		{ "partition", "control", "Partition", "Node", "n2" },
		{ "delay", "core", "Delay", "Link", "n2.to.*" },
		{ "drop", "control", "Drop", "Link", "n2.control.to.core" },
		{ "slow-fsync", "core", "SlowFsync", "Disk", "n2" },
		{ "clock-skew", "core", "ClockSkew", "Host", "n2.core" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct drill_fault *fault = drill_fault_find(cases[i].name);
		struct str plan, names;

		CHECK(fault != NULL && drill_fault_is_of(fault, cases[i].host));
		plan = drill_fault_plan(fault, STR("n2"), cases[i].host, 7, test_arena());
		names = arena_printf(test_arena(), "[\"%s\"]", cases[i].target);
		CHECK_STR(json_look(test_arena(), plan, "spec.fault"), cases[i].fault);
		CHECK_STR(json_look(test_arena(), plan, "spec.target.level"), cases[i].level);
		CHECK_STR(json_look(test_arena(), plan, "spec.target.names"),
			  arena_cstr(test_arena(), names));
		CHECK_EQ(json_look_i64(test_arena(), plan, "spec.faultSeconds"), 7);
	}
}

TEST(every_word_but_kill_is_a_fault_of_a_plan)
{
	struct str words = STR(DRILL_FAULTS);
	uint32_t count = 0;

	CHECK(drill_fault_find("kill") == NULL && drill_fault_find("flood") == NULL);
	while (words.len) {
		struct str word = str_cut(&words, '|');

		count++;
		CHECK(str_is(word, "kill") ||
		      drill_fault_find(arena_cstr(test_arena(), word)) != NULL);
	}
	CHECK_EQ(count, 10);
}

TEST(controllers_have_no_disk)
{
	CHECK(!drill_fault_is_of(drill_fault_find("full-disk"), "control"));
	CHECK(!drill_fault_is_of(drill_fault_find("corrupt-segment"), "control"));
	CHECK(drill_fault_is_of(drill_fault_find("corrupt-segment"), "core"));
}

TEST(a_plan_says_what_became_of_it)
{
	struct drill_plan plan = drill_fault_read(
	    STR("{\"status\":{\"phase\":\"Completed\",\"injected\":[{\"fault\":\"Delay\","
		"\"count\":1,\"struck\":12}],\"lastInjection\":{\"fault\":\"Delay\","
		"\"target\":\"n2.to.n1\"},\"conditions\":[{\"type\":\"Enabled\",\"status\":"
		"\"True\","
		"\"message\":\"fine\"}]}}"),
	    test_arena());

	CHECK(plan.is_done && plan.is_over && !plan.is_refused && plan.why.at == NULL);
	CHECK_STR(plan.target, "n2.to.n1");
	CHECK_EQ(plan.struck, 12);
	plan = drill_fault_read(
	    STR("{\"status\":{\"phase\":\"Refused\",\"conditions\":[{\"type\":\"Enabled\","
		"\"status\":\"False\",\"message\":\"start it with --chaos\"}]}}"),
	    test_arena());
	CHECK(!plan.is_done && !plan.is_over && plan.is_refused);
	CHECK_STR(plan.why, "start it with --chaos");
	plan = drill_fault_read(STR("{\"status\":{}}"), test_arena());
	CHECK(!plan.is_done && !plan.is_over && !plan.is_refused && plan.target.at == NULL);
}
