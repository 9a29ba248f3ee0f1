/*
 * How long a node may keep what it has read of Secrets and ConfigMaps before it asks again: the more nodes there are, the longer (upstream: ttl).
 *
 * A node's step moves when the count leaves the step's bounds, which overlap: what it says now tells which step it is at. A node is looked at when it
 * changes, as each does every few minutes, and not when others come or go.
 */
#include "actors/controller/controller.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

#define ANNOTATION "node.alpha.kubernetes.io/ttl"

static const struct {
	uint32_t min, max; /* nodes */
	const char *seconds;
} steps[] = {
	{ 0, 100, "0" },     { 90, 500, "15" },           { 450, 1000, "30" },
	{ 900, 2000, "60" }, { 1800, UINT32_MAX, "300" },
};
#define STEPS (sizeof steps / sizeof steps[0])

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_node *node = world_get(world, key, core_node);
	uint32_t count = world_list(world, STR_NONE, core_node).len, step = 0;
	struct str said;

	if (node == NULL)
		return OK;
	said = str_map_get(node->metadata->annotations, STR(ANNOTATION));
	for (uint32_t i = 0; i < STEPS; i++)
		if (str_is(said, steps[i].seconds))
			step = i;
	while (count < steps[step].min)
		step--;
	while (count > steps[step].max)
		step++;
	/* Only this is said, whatever else changes of a node meanwhile. */
	if (said.at == NULL || !str_is(said, steps[step].seconds))
		plan_request(
		    plan, "PATCH",
		    arena_printf(plan_arena(plan), "/api/v1/nodes/" STR_FMT, STR_ARG(key.name)),
		    STR("application/merge-patch+json"),
		    arena_printf(plan_arena(plan),
				 "{\"metadata\":{\"annotations\":{\"" ANNOTATION "\":\"%s\"}}}",
				 steps[step].seconds));
	return OK;
}

const struct controller ttl_controller = {
	.name = "ttl",
	.account = "ttl-controller",
	.reconciles = &core_node_type,
	.reconcile = reconcile,
};
