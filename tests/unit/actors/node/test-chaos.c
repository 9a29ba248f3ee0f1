/*
 * A node through bad times, from a seed: pods come and go, the agent is killed, the server refuses, conflicts or is silent. When it is
 * over everything is as it should be: who was deleted is gone, all others run, on addresses of their own, never restarted.
 */
#include "actors/node/agent.h"
#include "runtime/base/chance.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/node/node-rig.h"

#define SEEDS 30U
#define DEEDS 60U
#define PODS 24U

static const struct agent_args args = NODE_RIG_ARGS("10.244.7.0/27");

struct chaos {
	struct api_lab *lab;
	uint64_t random;
	bool is_wanted[PODS];
};

static uint64_t below(struct chaos *chaos, uint64_t n)
{
	return chance_step(&chaos->random) % n;
}

static const char *name_of(uint64_t pod)
{
	return arena_printf(test_arena(), "p%ju", (uintmax_t)pod).at;
}

static void make_pod(struct chaos *chaos, uint64_t pod)
{
	if (api_lab_pod(chaos->lab, name_of(pod)) != NULL)
		return;
	api_lab_put(
	    chaos->lab, &core_pod_type,
	    arena_printf(test_arena(),
			 "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\","
			 "\"namespace\":\"default\",\"annotations\":{"
			 "\"troupe.internal/hollow-start\":\"%jums\","
			 "\"troupe.internal/hollow-stop\":\"%jums\"}},\"spec\":{\"nodeName\":"
			 "\"n1\",\"containers\":[{\"name\":\"a\"}]}}",
			 name_of(pod), (uintmax_t)below(chaos, 500), (uintmax_t)below(chaos, 500))
		.at);
	chaos->is_wanted[pod] = true;
}

static void do_something(struct chaos *chaos)
{
	struct api_lab *lab = chaos->lab;
	uint64_t pod = below(chaos, PODS);
	bool is_there = api_lab_pod(lab, name_of(pod)) != NULL;

	switch (below(chaos, 10)) {
	case 0: api_lab_kill(lab); break;
	case 1:
		lab->fake.fail_writes = (uint32_t)below(chaos, 8);
		lab->fake.fail_code = below(chaos, 2) == 0 ? 409 : 503;
		break;
	case 2: lab->fake.is_silent = below(chaos, 4) == 0; break;
	case 3: lab->fake.delay_ms = (uint32_t)below(chaos, 200); break;
	case 4:
	case 5:
		if (is_there)
			api_lab_delete(lab, name_of(pod), (int64_t)below(chaos, 3));
		chaos->is_wanted[pod] = false;
		break;
	case 6:
		if (is_there)
			api_lab_remove(lab, name_of(pod));
		chaos->is_wanted[pod] = false;
		break;
	default: make_pod(chaos, pod); break;
	}
	api_lab_run(lab, below(chaos, 400));
}

static void check_pod(const struct core_pod *pod, struct map *addresses, uint32_t seed)
{
	if (!str_is(pod->status->phase, "Running") ||
	    pod->status->container_statuses.at[0].restart_count != 0)
		test_fail(__FILE__, __LINE__, "seed %u: " STR_FMT " is " STR_FMT, seed,
			  STR_ARG(pod->metadata->name), STR_ARG(pod->status->phase));
	CHECK(map_put(addresses, pod->status->pod_ip, addresses) == NULL);
}

static void play(uint32_t seed)
{
	struct chaos chaos = { .lab = node_rig_open(&args), .random = seed };
	struct map addresses = { 0 };

	for (uint32_t i = 0; i < DEEDS; i++)
		do_something(&chaos);
	chaos.lab->fake.is_silent = false;
	chaos.lab->fake.fail_writes = 0;
	chaos.lab->fake.delay_ms = 0;
	api_lab_run(chaos.lab, 40 * 1000);
	for (uint32_t i = 0; i < PODS; i++) {
		const struct core_pod *pod = api_lab_pod(chaos.lab, name_of(i));

		if ((pod != NULL) != chaos.is_wanted[i])
			test_fail(__FILE__, __LINE__, "seed %u: p%u", seed, i);
		if (pod != NULL)
			check_pod(pod, &addresses, seed);
	}
	map_fini(&addresses);
	api_lab_close(chaos.lab);
}

TEST(whatever_happens_to_it_a_node_ends_up_as_it_should)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++)
		play(seed);
}
