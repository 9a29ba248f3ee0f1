#include "deploy/main/admin/chaos-plan.h"

#include "tests/lib/test.h"

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

TEST(a_fault_of_a_hosts_own_is_an_order_with_what_the_plan_says_or_what_is_usual)
{
	static const struct {
		const char *fault;
		int32_t per_million, delay_ms, skew_ms; /* 0: it does not say */
		enum faulty_kind kind;
		uint32_t rate;
		int64_t value;
	} cases[] = {
		{ "Drop", 0, 0, 0, FAULTY_DROP, 10000, 0 },
		{ "Duplicate", 7, 0, 0, FAULTY_DUPLICATE, 7, 0 },
		{ "Delay", 0, 0, 0, FAULTY_DELAY, 1000000, 50000 },
		{ "SlowFsync", 0, 3, 0, FAULTY_SLOW_DISK, 1000000, 3000 },
		{ "FullDisk", 0, 0, 0, FAULTY_FULL_DISK, 1000000, 0 },
		{ "ClockSkew", 0, 0, 0, FAULTY_SKEW, 1000000, 3600000 },
		{ "ClockSkew", 0, 0, -5, FAULTY_SKEW, 1000000, -5 },
	};
	const struct chaos_target link = { .host = STR("core"),
					   .to_node = STR("n2"),
					   .to_host = STR("core") };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct troupe_chaos_plan *plan = make_plan((struct troupe_chaos_plan_spec){ 0 });
		struct admin_fault fault;

		plan->spec->fault = str_from(cases[i].fault);
		SET(plan->spec, fault_seconds, 9);
		if (cases[i].per_million != 0)
			SET(plan->spec, per_million, cases[i].per_million);
		if (cases[i].delay_ms != 0)
			SET(plan->spec, delay_milliseconds, cases[i].delay_ms);
		if (cases[i].skew_ms != 0)
			SET(plan->spec, skew_milliseconds, cases[i].skew_ms);
		fault = chaos_fault(plan, &link);
		CHECK_EQ(fault.kind, ADMIN_ORDER);
		CHECK_STR(str_from(fault.path), "core");
		CHECK_STR(str_from(fault.to_node), "n2");
		CHECK_STR(str_from(fault.to_host), "core");
		CHECK_EQ(fault.order.kind, cases[i].kind);
		CHECK_EQ(fault.order.per_million, cases[i].rate);
		CHECK_EQ(fault.order.value, cases[i].value);
		CHECK_EQ(fault.order.for_ms, 9000);
	}
}

TEST(a_fault_lasts_as_long_as_the_plan_says_whoever_leads)
{
	struct troupe_chaos_plan *plan = make_plan((struct troupe_chaos_plan_spec){
	    .has = { .fault_seconds = true }, .fault_seconds = 9 });

	CHECK_EQ(chaos_last_until(plan).ns, INT64_MIN);
	chaos_note_injection(plan, test_arena(), STR("n1"), at_s(100));
	CHECK_EQ(chaos_last_until(plan).ns, at_s(100).ns); /* a kill is over at once */
	plan->spec->fault = STR("FullDisk");
	CHECK_EQ(chaos_lasts_ms(plan), 9000);
	CHECK_EQ(chaos_last_until(plan).ns, at_s(109).ns);
	chaos_note_struck(plan, test_arena(), 4);
	chaos_note_struck(plan, test_arena(), 3);
	CHECK_EQ(plan->status->injected.at[0].struck, 7);
}
