#include "actors/scheduler/criterion.h"

/* Ports of the node itself: no two pods may take the same one of the same protocol, on the same address or on all. */

#define ANY_ADDRESS STR("0.0.0.0")

static bool collides(const struct host_port *a, const struct host_port *b)
{
	return a->port == b->port && str_eq(a->protocol, b->protocol) &&
	       (str_eq(a->ip, b->ip) || str_eq(a->ip, ANY_ADDRESS) || str_eq(b->ip, ANY_ADDRESS));
}

static bool pods_collide(const struct pod_info *a, const struct pod_info *b)
{
	for (uint32_t i = 0; i < a->port_count; i++)
		for (uint32_t j = 0; j < b->port_count; j++)
			if (collides(&a->ports[i], &b->ports[j]))
				return true;
	return false;
}

static enum fit pre_filter(struct cycle *cycle)
{
	return cycle->pod->port_count > 0 ? FIT_YES : FIT_SKIP;
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	const struct node_pods *pods = node_info_pods(node);

	for (uint32_t i = 0; i < pods->len; i++) {
		if (pods->at[i]->port_count == 0 || !pods_collide(cycle->pod, pods->at[i]))
			continue;
		cycle_because(cycle,
			      STR("node(s) didn't have free ports for the requested pod ports"));
		return FIT_NO;
	}
	return FIT_YES;
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	return (news->kinds & NEWS_NODE_ADDED) || pods_collide(pod, news->pod);
}

const struct criterion criterion_node_ports = { .name = "NodePorts",
						.pre_filter = pre_filter,
						.filter = filter,
						.wakes = NEWS_NODE_ADDED | NEWS_POD_GONE,
						.helps = helps };
