#include "deploy/main/admin/chaos-plan.h"

#include "runtime/base/hash.h"
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

/* ---- whose turn it is --------------------------------------------------------------------------------------------- */

#define PLANS 4U

static struct mono mono_at(int64_t ms)
{
	return (struct mono){ (1 + ms) * TIME_MS };
}

static uint64_t drawn(uint64_t *seed, uint64_t below)
{
	*seed = hash_mix(*seed, 1);
	return *seed % below;
}

/* The plan that is first of those that are due; 0: none is. */
static uint64_t first_due(struct chaos_turns *turns, uint64_t plans, int64_t now_ms)
{
	struct chaos_turn *first = NULL;

	for (uint64_t plan = 1; plan <= plans; plan++) {
		struct chaos_turn *turn = chaos_turn_of(turns, plan, CHAOS_NEW);

		if (turn->due.ns <= mono_at(now_ms).ns &&
		    (first == NULL || chaos_turn_is_before(turn, CHAOS_INJECT, first, CHAOS_INJECT)))
			first = turn;
	}
	return first != NULL ? first->plan : 0;
}

TEST(of_plans_that_are_always_due_none_is_more_than_a_turn_ahead)
{
	struct chaos_turns turns = { 0 };
	uint32_t counts[PLANS + 1] = { 0 };
	uint64_t seed = 1;

	for (uint64_t plan = 1; plan <= PLANS; plan++)
		CHECK(chaos_turn_of(&turns, plan, CHAOS_NEW) != NULL);
	for (uint32_t i = 0; i < 100; i++) {
		uint64_t plan = first_due(&turns, PLANS, 5000 + i);
		struct chaos_turn *turn = chaos_turn_of(&turns, plan, CHAOS_NEW);
		uint32_t least = UINT32_MAX, most = 0;

		counts[plan]++;
		chaos_turn_had(&turns, turn);
		turn->due = mono_at((int64_t)drawn(&seed, 5000));
		for (uint64_t k = 1; k <= PLANS; k++) {
			least = counts[k] < least ? counts[k] : least;
			most = counts[k] > most ? counts[k] : most;
		}
		CHECK(most - least <= 1);
	}
}

TEST(what_is_no_turn_comes_first)
{
	struct chaos_turn few = { .plan = 1, .due = mono_at(1) };
	struct chaos_turn many = { .plan = 2, .had = 9, .due = mono_at(2) };

	CHECK(chaos_turn_is_before(&few, CHAOS_INJECT, &many, CHAOS_INJECT));
	CHECK(!chaos_turn_is_before(&few, CHAOS_INJECT, &many, CHAOS_COMPLETE));
	CHECK(chaos_turn_is_before(&many, CHAOS_BEGIN, &few, CHAOS_INJECT));
	CHECK(chaos_turn_is_before(&few, CHAOS_BEGIN, &many, CHAOS_BEGIN));
	/* What a deposed leader's fault cost is taken to be the time until it is measured. */
	CHECK(chaos_turn_is_before(&many, CHAOS_MEASURE, &few, CHAOS_INJECT));
	CHECK(chaos_turn_is_before(&many, CHAOS_MEASURE, &few, CHAOS_COMPLETE));
}

TEST(who_is_new_or_had_nobody_to_strike_for_long_does_not_keep_the_others_waiting)
{
	struct chaos_turns turns = { 0 };
	struct chaos_turn *old = chaos_turn_of(&turns, 1, CHAOS_NEW),
			  *idle = chaos_turn_of(&turns, 2, CHAOS_NEW), *new;
	uint32_t in_a_row = 0;

	for (uint32_t i = 0; i < 50; i++)
		chaos_turn_had(&turns, old);
	for (int64_t i = 0; i < 5; i++) {
		int64_t wait_ms = i < 3 ? 250 << i : 2000;

		chaos_turn_missed(idle, mono_at(0));
		CHECK_EQ(idle->due.ns, mono_at(wait_ms).ns);
	}
	while (chaos_turn_is_before(idle, CHAOS_INJECT, old, CHAOS_INJECT)) {
		chaos_turn_had(&turns, idle);
		in_a_row++;
	}
	CHECK_EQ(in_a_row, CHAOS_CREDIT);
	new = chaos_turn_of(&turns, 3, CHAOS_NEW);
	CHECK_EQ(new->had, 50);
	chaos_turn_forget(&turns, 3);
	for (uint64_t plan = 3; plan <= CHAOS_PLANS; plan++)
		CHECK(chaos_turn_of(&turns, plan, CHAOS_NEW) != NULL);
	CHECK(chaos_turn_of(&turns, 99, CHAOS_NEW) == NULL);
}

TEST(the_next_leader_goes_on_with_the_turns_that_plans_had)
{
	struct troupe_chaos_plan_status status = { .phase = STR("Running") };
	struct troupe_chaos_count count = { .count = 3 };
	struct troupe_chaos_plan plan = { .status = NULL };
	struct chaos_turns turns = { 0 };

	CHECK_EQ(chaos_had(&plan), CHAOS_NEW);
	plan.status = &status;
	CHECK_EQ(chaos_had(&plan), CHAOS_NEW);
	SET(&status, start_time, at_s(5));
	CHECK_EQ(chaos_had(&plan), 0);
	status.injected.at = &count;
	status.injected.len = 1;
	CHECK_EQ(chaos_had(&plan), 3);

	CHECK_EQ(chaos_turn_of(&turns, 1, 3)->had, 3);
	CHECK_EQ(chaos_turn_of(&turns, 2, 0)->had, 0); /* it is its turn first */
	CHECK_EQ(chaos_turn_of(&turns, 2, 9)->had, 0);
	CHECK_EQ(chaos_turn_of(&turns, 3, 1)->had, 1);
	chaos_turn_forget(&turns, 2);
	CHECK_EQ(chaos_turn_of(&turns, 4, CHAOS_NEW)->had, 1);
}

/*
 * Four plans with the same actor to kill, which after each time is away for twice as long as before: whoever is due meanwhile has nobody to strike.
 * A turn takes a second and more, as measuring does.
 */
static void sixteen_seconds(uint64_t seed, uint32_t counts[PLANS + 1])
{
	struct chaos_turns turns = { 0 };
	int64_t now_ms = 0, back_ms = 0, away_ms = 10;

	for (uint64_t plan = 1; plan <= PLANS; plan++)
		chaos_turn_of(&turns, plan, CHAOS_NEW)->due = mono_at((int64_t)drawn(&seed, 2000));
	for (; now_ms < 16000; now_ms += 250) {
		uint64_t plan = first_due(&turns, PLANS, now_ms);
		struct chaos_turn *turn = plan ? chaos_turn_of(&turns, plan, CHAOS_NEW) : NULL;

		if (turn == NULL)
			continue;
		chaos_turn_missed(turn, mono_at(now_ms));
		now_ms += (int64_t)drawn(&seed, 200); /* looking around */
		if (now_ms < back_ms)
			continue;
		away_ms = away_ms < 2500 ? away_ms * 2 : 5000;
		back_ms = now_ms + away_ms / 2 + (int64_t)drawn(&seed, (uint64_t)away_ms / 2);
		now_ms += 1100 + (int64_t)drawn(&seed, 400);
		counts[plan]++;
		chaos_turn_had(&turns, turn);
		turn->due = mono_at(now_ms + (int64_t)drawn(&seed, 2000));
	}
}

TEST(a_plan_that_had_nobody_to_strike_gets_its_turns_back)
{
	for (uint64_t seed = 1; seed <= 500; seed++) {
		uint32_t counts[PLANS + 1] = { 0 }, least = UINT32_MAX, most = 0;

		sixteen_seconds(seed, counts);
		for (uint64_t plan = 1; plan <= PLANS; plan++) {
			least = counts[plan] < least ? counts[plan] : least;
			most = counts[plan] > most ? counts[plan] : most;
		}
		CHECK(least >= 1 && most - least <= 2);
	}
}
