/*
 * Random trees of actors under random faults: what the runtime promises, from seeds. SIM_SEEDS in the environment asks for more than the few
 * that every run does, SIM_SEED for one alone, SIM_FIRST for where they begin.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/log.h"
#include "tests/lib/test.h"
#include "tests/sim/wood/wood.h"

#define SEEDS 100U
#define TROUBLE_MS 8000U
#define CALM_MS 25000U /* after which all must be well again */
#define FAULTS_MAX 200U

#define KINDS                                                                                      \
	(1U << ACT_SIM_CRASH | 1U << ACT_SIM_PROCESS | 1U << ACT_SIM_POWER | 1U << ACT_SIM_PAUSE | \
	 1U << ACT_SIM_PARTITION | 1U << ACT_SIM_ONE_WAY | 1U << ACT_SIM_ISOLATE |                 \
	 1U << ACT_SIM_BREAK | 1U << ACT_SIM_DELAY | 1U << ACT_SIM_SLOW_DISK |                     \
	 1U << ACT_SIM_SKEW | 1U << ACT_SIM_FAIL | 1U << ACT_SIM_KILL)

static void say_nothing(void *arg, struct str line)
{
	(void)arg, (void)line;
}

static void add(struct wood_counts *all, const struct wood_counts *one)
{
	all->lives += one->lives;
	all->messages += one->messages;
	all->requests += one->requests;
	all->downs += one->downs;
	all->exits += one->exits;
	all->jobs += one->jobs;
	all->tasks += one->tasks;
	all->releases += one->releases;
	all->crashes += one->crashes;
}

static uint64_t run_seed(uint64_t seed, struct wood_counts *counts)
{
	static const uint32_t nodes[WOOD_NODES] = { 1, 2, 3 };
	const struct act_sim_plan plan = { .kinds = KINDS,
					   .nodes = nodes,
					   .node_count = WOOD_NODES,
					   .until_ms = TROUBLE_MS,
					   .every_ms = 200,
					   .for_max_ms = 2000 };
	const struct act_sim_net net = { .delay_min_us = 100,
					 .delay_max_us = 3000,
					 .detect_ms = 500 };
	struct act_sim_fault faults[FAULTS_MAX];
	struct wood_counts one;
	struct wood *wood = wood_new(seed);
	uint64_t hash;

	act_sim_net(wood_sim(wood), &net);
	act_sim_strike(wood_sim(wood), faults, act_sim_plan(seed, &plan, faults, FAULTS_MAX), 0);
	act_sim_run(wood_sim(wood), TROUBLE_MS, NULL, NULL);
	act_sim_calm(wood_sim(wood));
	wood_be_quiet(wood);
	act_sim_run_for(wood_sim(wood), CALM_MS, NULL, NULL);
	wood_check_end(wood);
	hash = act_sim_hash(wood_sim(wood));
	one = wood_counts(wood);
	add(counts, &one);
	wood_free(wood);
	return hash;
}

static uint64_t number_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	uint64_t number = fallback;

	return text != NULL && str_to_u64(str_from(text), &number) == OK ? number : fallback;
}

TEST_SLOW(the_runtime_keeps_its_promises_in_random_trees, 3600)
{
	uint64_t one = number_of("SIM_SEED", 0);
	uint64_t first = one ? one : number_of("SIM_FIRST", 1);
	uint64_t last = one ? one : first + number_of("SIM_SEEDS", SEEDS) - 1;
	struct wood_counts counts = { 0 };

	log_configure(&(struct log_config){ .level = LOG_ERROR, .write = say_nothing });
	for (uint64_t seed = first; seed <= last; seed++) {
		fprintf(stderr, "SIM_SEED=%llu build/debug/bin/test-sim random_trees\n",
			(unsigned long long)seed);
		run_seed(seed, &counts);
	}
	fprintf(
	    stderr,
	    "lives %llu (crashed %llu), messages %llu, requests %llu, downs %llu, exits %llu, jobs "
	    "%llu, tasks %llu, releases %llu\n",
	    (unsigned long long)counts.lives, (unsigned long long)counts.crashes,
	    (unsigned long long)counts.messages, (unsigned long long)counts.requests,
	    (unsigned long long)counts.downs, (unsigned long long)counts.exits,
	    (unsigned long long)counts.jobs, (unsigned long long)counts.tasks,
	    (unsigned long long)counts.releases);
	if (getenv("SIM_SHOW"))
		test_fail(__FILE__, __LINE__, "shown");
}

TEST(a_seed_grows_the_same_wood_each_time)
{
	struct wood_counts first = { 0 }, again = { 0 }, other = { 0 };
	uint64_t hash;

	log_configure(&(struct log_config){ .level = LOG_ERROR, .write = say_nothing });
	hash = run_seed(7, &first);
	CHECK_EQ(run_seed(7, &again), hash);
	CHECK(memcmp(&first, &again, sizeof first) == 0);
	CHECK(run_seed(8, &other) != hash);
	CHECK(first.messages > 100 && first.requests > 100 && first.downs > 20 && first.exits > 2 &&
	      first.jobs > 10 && first.tasks > 10 && first.releases > first.lives);
}
