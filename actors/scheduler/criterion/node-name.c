#include "actors/scheduler/criterion.h"

/* A pod that names its node in the spec is for that one only. Those are never queued here; another's copy of the rule is. */
static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	struct str wanted = cycle->pod->pod->spec->node_name;

	if (wanted.len == 0 || str_eq(wanted, node->name))
		return FIT_YES;
	cycle_because(cycle, STR("node(s) didn't match the requested node name"));
	return FIT_NEVER;
}

const struct criterion criterion_node_name = { .name = "NodeName",
					       .filter = filter,
					       .wakes = NEWS_NODE_ADDED };
