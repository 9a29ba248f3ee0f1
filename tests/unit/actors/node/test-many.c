/*
 * Many nodes in one host, as `troupe hollow` has them.
 */
#include <malloc.h>

#include "actors/node/agent.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/node/node-rig.h"

#define NODES 100U
#define IDLE_BYTES (50U * KIB)

static const struct facts facts = { .cpus = 400,
				    .memory_bytes = 8ULL * 1024 * MIB,
				    .storage_bytes = 100ULL * 1024 * MIB,
				    .machine_id = "",
				    .system_uuid = "",
				    .boot_id = "",
				    .kernel = "",
				    .os_image = "",
				    .architecture = "amd64" };
/* One that keeps the lab's place of the agent and is not counted. */
static const struct agent_args first = { .node = "first",
					 .address = "192.0.2.1",
					 .api = "api",
					 .pod_range = "10.244.0.0/24",
					 .facts = &facts };

static const struct agent_args *make_args(uint32_t i)
{
	struct agent_args *args = arena_copy(test_arena(), &first, sizeof first);

	args->node = arena_printf(test_arena(), "n%u", i).at;
	args->pod_range = arena_printf(test_arena(), "10.1.%u.0/24", i).at;
	return args;
}

static void add_nodes(struct api_lab *lab)
{
	for (uint32_t i = 0; i < NODES; i++)
		api_lab_spawn(lab, &agent_class, make_args(i));
	api_lab_run(lab, 30 * 1000);
}

TEST(an_idle_agent_takes_no_more_than_fifty_kib)
{
	struct api_lab *lab = node_rig_open(&first);
	size_t before = mallinfo2().uordblks, each;

	add_nodes(lab);
	/* The server's own copy of each node and lease is among it. */
	each = (mallinfo2().uordblks - before) / NODES;
	if (each > IDLE_BYTES)
		test_fail(__FILE__, __LINE__, "%zu bytes each", each);
	api_lab_close(lab);
}

TEST(a_thousand_pods_on_a_hundred_nodes_run_within_a_second)
{
	struct api_lab *lab = node_rig_open(&first);
	uint32_t running = 0;

	add_nodes(lab);
	for (uint32_t i = 0; i < 1000; i++)
		api_lab_put(lab, &core_pod_type,
			    arena_printf(test_arena(),
					 "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{"
					 "\"name\":\"p%u\",\"namespace\":\"default\"},\"spec\":{"
					 "\"nodeName\":\"n%u\",\"containers\":[{\"name\":\"a\"}]}}",
					 i, i % NODES)
				.at);
	api_lab_run(lab, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		running +=
		    str_is(api_lab_pod(lab, arena_printf(test_arena(), "p%u", i).at)->status->phase,
			   "Running");
	CHECK_EQ(running, 1000);
	CHECK_EQ(lab->fake.status_writes, 1000);
	api_lab_close(lab);
}
