#include "tests/unit/actors/node/node-rig.h"

#include "tests/lib/test.h"

const struct facts node_rig_facts = { .cpus = 4,
				      .memory_bytes = 8ULL * 1024 * MIB,
				      .storage_bytes = 100ULL * 1024 * MIB,
				      .machine_id = "m1",
				      .system_uuid = "s1",
				      .boot_id = "b1",
				      .kernel = "6.1.0",
				      .os_image = "Debian GNU/Linux 12",
				      .architecture = "amd64" };

struct api_lab *node_rig_open(const struct agent_args *args)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);

	api_lab_open(lab, &agent_class, args);
	api_lab_run(lab, 1000);
	return lab;
}
