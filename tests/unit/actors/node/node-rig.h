/*
 * One node in a lab: an agent on a machine of the test's own, before a server that only pretends (api-fake.h).
 */
#ifndef TESTS_UNIT_ACTORS_NODE_NODE_RIG_H
#define TESTS_UNIT_ACTORS_NODE_NODE_RIG_H

#include "actors/node/agent.h"
#include "tests/unit/actors/node/api-fake.h"

/* Four processors, 8 GiB of memory. */
extern const struct facts node_rig_facts;

/* A node n1 on that machine: `static const struct agent_args args = NODE_RIG_ARGS("10.244.7.0/24");` */
#define NODE_RIG_ARGS(range, ...)                                                       \
	{                                                                               \
		.node = "n1", .address = "192.0.2.9", .api = "api", .pod_range = range, \
		.facts = &node_rig_facts, __VA_ARGS__                                   \
	}
/* In the test's arena, a second after the start. `args` as long as the lab. */
struct api_lab *node_rig_open(const struct agent_args *args);

#endif
