/*
 * Node IPAM: each node gets a range of pod addresses of its own, the lowest that is free.
 *
 * What a node has is never changed (the API forbids it), so two nodes must never get the same: there is one worker, and it
 * goes on only when the caches have its last write.
 */
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define CLUSTER_BASE 0x0af40000U /* 10.244.0.0/16 */
#define CLUSTER_BITS 16U
#define NODE_BITS 24U /* upstream's --node-cidr-mask-size-ipv4 */
#define RANGES (1U << (NODE_BITS - CLUSTER_BITS))
#define FULL_AGAIN_MS 30000 /* a range becomes free when a node goes, which wakes nobody */

struct ranges {
	bool is_taken[RANGES];
};

/* "10.244.3.0/24" to its base and how many addresses it has; false: no IPv4 range. */
static bool parse(struct str text, uint32_t *base, uint64_t *len)
{
	struct str rest = text, network = str_cut(&rest, '/');
	uint64_t part, bits;
	uint32_t address = 0;

	for (int i = 0; i < 4; i++) {
		if (network.at == NULL || str_to_u64(str_cut(&network, '.'), &part) != OK ||
		    part > 255)
			return false;
		address = address << 8 | (uint32_t)part;
	}
	if (network.at != NULL || rest.at == NULL || str_to_u64(rest, &bits) != OK || bits > 32)
		return false;
	*base = address;
	*len = 1ULL << (32 - bits);
	return true;
}

/* Also those that somebody else assigned, wider or narrower than ours: from the one with its first address to that with its last. */
static void take(struct ranges *ranges, struct str range)
{
	const uint64_t size = 1ULL << (32 - NODE_BITS), ours_end = CLUSTER_BASE + RANGES * size;
	uint64_t begin, end, len;
	uint32_t base;

	if (!parse(range, &base, &len) || base >= ours_end || base + len <= CLUSTER_BASE)
		return;
	begin = base > CLUSTER_BASE ? base : CLUSTER_BASE;
	end = base + len < ours_end ? base + len : ours_end;
	for (uint64_t i = (begin - CLUSTER_BASE) / size; i <= (end - 1 - CLUSTER_BASE) / size; i++)
		ranges->is_taken[i] = true;
}

static void take_all(const struct world *world, struct ranges *ranges)
{
	struct records nodes = world_list(world, STR_NONE, core_node);

	for (uint32_t n = 0; n < nodes.len; n++) {
		const struct core_node_spec *spec = record_at(nodes, n, core_node)->spec;

		if (spec->pod_cidrs.len == 0 || !str_eq(spec->pod_cidr, spec->pod_cidrs.at[0]))
			take(ranges, spec->pod_cidr);
		for (uint32_t i = 0; i < spec->pod_cidrs.len; i++)
			take(ranges, spec->pod_cidrs.at[i]);
	}
}

static void assign(struct plan *plan, const struct core_node *node, uint32_t number)
{
	struct core_node_spec *spec = plan_edit(plan, node, core_node)->spec;
	uint32_t base = CLUSTER_BASE + (number << (32 - NODE_BITS));

	spec->pod_cidr = arena_printf(plan_arena(plan), "%u.%u.%u.%u/%u", base >> 24,
				      base >> 16 & 255, base >> 8 & 255, base & 255, NODE_BITS);
	spec->pod_cidrs = (struct str_list){ arena_array(plan_arena(plan), struct str, 1), 1 };
	spec->pod_cidrs.at[0] = spec->pod_cidr;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_node *node = world_get(world, key, core_node);
	struct ranges ranges = { .is_taken = { false } };

	if (node == NULL || node->metadata->has.deletion_timestamp ||
	    node->spec->pod_cidr.len > 0 || node->spec->pod_cidrs.len > 0)
		return OK;
	take_all(world, &ranges);
	for (uint32_t i = 0; i < RANGES; i++) {
		if (ranges.is_taken[i])
			continue;
		assign(plan, node, i);
		return OK;
	}
	plan_event(plan, &core_node_type, node->metadata, false, "CIDRNotAvailable",
		   "Node " STR_FMT " status is now: CIDRNotAvailable",
		   STR_ARG(node->metadata->name));
	plan_again(plan, FULL_AGAIN_MS);
	return OK;
}

const struct controller node_ipam_controller = {
	.name = "node-ipam",
	.account = "node-controller",
	.reconciles = &core_node_type,
	.workers = 1,
	.reconcile = reconcile,
};
