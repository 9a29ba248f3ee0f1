/*
 * A whole cluster of five machines, and of three, four and seven, under everything that may go wrong at once, from seeds. SIM_SEEDS in the environment asks for more than
 * the few that every run does, SIM_SEED for one alone, SIM_FIRST for where they begin; SIM_LOG=FILE writes down what the actors say.
 */
#include <stdio.h>
#include <stdlib.h>

#include "deploy/main/simulation/ordeal.h"
#include "deploy/sim/unrest.h"
#include "tests/lib/test.h"

#define SEEDS 8U
#define MACHINES 5U
#define TROUBLE_MS 24000U

/* How much went on, over all seeds. */
struct totals {
	uint64_t done, refused, open, reads, ranges, events, terms, revisions, ms;
};

static uint64_t run_layout(uint64_t seed, uint32_t machines, bool is_isolated, struct totals *totals)
{
	const struct ordeal_config config = { .seed = seed,
					      .nodes = machines,
					      .is_isolated = is_isolated,
					      .time_ms = TROUBLE_MS,
					      .kinds = ACT_SIM_ALL_FAULTS,
					      .log_path = getenv("SIM_LOG") };
	struct ordeal_result result;

	fprintf(stderr, "SIM_SEED=%llu build/debug/bin/test-sim %s\n", (unsigned long long)seed,
		is_isolated            ? "a_cluster_whose_api_is_apart"
		: machines == MACHINES ? "a_whole_cluster_survives"
				       : "a_few_machines_more_or_less");
	ordeal_run(&config, &result, NULL, NULL);
	totals->done += result.ledger.done;
	totals->refused += result.ledger.refused;
	totals->open += result.ledger.open;
	totals->reads += result.ledger.reads;
	totals->ranges += result.ledger.ranges;
	totals->events += result.ledger.events;
	totals->terms += result.terms;
	totals->revisions += result.revisions;
	totals->ms += result.virtual_ms;
	return result.hash;
}

static uint64_t run_seed(uint64_t seed, uint32_t machines, struct totals *totals)
{
	return run_layout(seed, machines, false, totals);
}

static uint64_t number_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	uint64_t number = fallback;

	return text != NULL && str_to_u64(str_from(text), &number) == OK ? number : fallback;
}

static void print(const struct totals *totals)
{
	fprintf(stderr,
		"writes done %llu, refused %llu, open %llu; reads %llu, lists %llu, events %llu; "
		"terms %llu, revisions %llu, virtual ms %llu\n",
		(unsigned long long)totals->done, (unsigned long long)totals->refused,
		(unsigned long long)totals->open, (unsigned long long)totals->reads,
		(unsigned long long)totals->ranges, (unsigned long long)totals->events,
		(unsigned long long)totals->terms, (unsigned long long)totals->revisions,
		(unsigned long long)totals->ms);
}

TEST_SLOW(a_whole_cluster_survives_whatever_happens_to_its_machines, 3600)
{
	uint64_t one = number_of("SIM_SEED", 0);
	uint64_t first = one ? one : number_of("SIM_FIRST", 1);
	uint64_t last = one ? one : first + number_of("SIM_SEEDS", SEEDS) - 1;
	struct totals totals = { 0 };

	for (uint64_t seed = first; seed <= last; seed++)
		run_seed(seed, MACHINES, &totals);
	print(&totals);
	if (getenv("SIM_SHOW"))
		test_fail(__FILE__, __LINE__, "shown");
}

/* Three, of which a damaged one leaves two; four, with one that has no vote; seven, of which five vote. */
TEST_SLOW(a_few_machines_more_or_less_survive_the_same, 3600)
{
	static const uint32_t sizes[] = { 3, 4, 7 };
	uint64_t one = number_of("SIM_SEED", 0);
	uint64_t first = one ? one : number_of("SIM_FIRST", 1);
	uint64_t last = one ? one : first + number_of("SIM_SEEDS", 6) - 1;
	struct totals totals = { 0 };

	for (uint64_t seed = first; seed <= last; seed++)
		run_seed(seed, sizes[seed % 3], &totals);
	print(&totals);
}

TEST_SLOW(a_seed_gives_the_same_whole_cluster_each_time, 120)
{
	struct totals totals = { 0 };

	for (uint64_t seed = 3; seed <= 4; seed++) {
		uint64_t first = run_seed(seed, MACHINES, &totals);

		CHECK_EQ(run_seed(seed, MACHINES, &totals), first);
		CHECK(run_seed(seed + 100, MACHINES, &totals) != first);
	}
}

/* The API server in a host of its own: it and the store are lost one without the other. */
TEST_SLOW(a_cluster_whose_api_is_apart_survives_the_same, 3600)
{
	uint64_t one = number_of("SIM_SEED", 0);
	uint64_t first = one ? one : number_of("SIM_FIRST", 1);
	uint64_t last = one ? one : first + number_of("SIM_SEEDS", 4) - 1;
	struct totals totals = { 0 };

	for (uint64_t seed = first; seed <= last; seed++)
		run_layout(seed, seed % 2 ? 3 : MACHINES, true, &totals);
	print(&totals);
}

/* Without any fault. */
TEST(five_machines_come_up_and_come_to_rest)
{
	struct country *country =
	    country_open(&(struct country_config){ .seed = 1, .machines = MACHINES });
	struct annals *annals = country_annals(country);
	uint64_t changed;

	country_run(country, 5000);
	changed = annals_changed(annals);
	country_run(country, 60000);
	CHECK_EQ(annals_changed(annals), changed);
	CHECK_EQ(annals_terms(annals), 1);
	CHECK(unrest(annals, MACHINES, test_arena()).at == NULL);
	country_close(country);
}
