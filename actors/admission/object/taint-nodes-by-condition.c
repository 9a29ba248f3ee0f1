/*
 * TaintNodesByCondition: a new node is not ready before it says so, and gets no pods until then (upstream: plugin/pkg/admission/nodetaint).
 * The taint goes when its Ready condition comes: node-lifecycle-controller.c.
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/schema/core.h"

static enum check mutate(struct admission *admission)
{
	struct core_node *node = admission->object;
	struct core_taint_list *list;
	struct core_taint *grown,
	    not_ready = { .key = STR("node.kubernetes.io/not-ready"), .effect = STR("NoSchedule") };

	if (admission->group.len > 0 || !str_is(admission->resource, "nodes") ||
	    admission->subresource.len > 0)
		return CHECK_PASS;
	list = &MAKE(node->spec, admission->check.arena)->taints;
	for (uint32_t i = 0; i < list->len; i++)
		if (str_eq(list->at[i].key, not_ready.key) &&
		    str_eq(list->at[i].effect, not_ready.effect))
			return CHECK_PASS;
	grown = arena_array(admission->check.arena, struct core_taint, list->len + 1);
	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	grown[list->len++] = not_ready;
	list->at = grown;
	return CHECK_PASS;
}

const struct plugin admission_taint_nodes_by_condition = {
	.name = "TaintNodesByCondition",
	.operations = ADMISSION_CREATE,
	.mutate = mutate,
};
