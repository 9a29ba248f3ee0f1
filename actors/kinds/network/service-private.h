/*
 * What the files of the Service share: what its type needs, and the allocation of addresses and ports. Only for service*.c.
 *
 * An address is reserved by an IPAddress object, a node port by a key, each written together with the Service on the condition that it
 * is not there yet: two servers never hand out the same, and what a failed request wanted is not reserved.
 */
#ifndef ACTORS_KINDS_NETWORK_SERVICE_PRIVATE_H
#define ACTORS_KINDS_NETWORK_SERVICE_PRIVATE_H

#include "actors/kinds/kind.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

/* The server's, or upstream's. */
const struct service_setting *service_setting_of(const struct kind_change *change);

bool service_is_balancer(const struct core_service_spec *spec);
bool service_is_headless(const struct core_service_spec *spec); /* clusterIPs is exactly [None] */
bool service_needs_address(const struct core_service_spec *spec);
bool service_needs_node_ports(const struct core_service_spec *spec);
bool service_needs_health_port(const struct core_service_spec *spec);
bool service_is_reachable(const struct core_service_spec *spec); /* from outside the cluster */
bool service_has_same_addresses(const struct core_service_spec *a,
				const struct core_service_spec *b);
bool service_has_same_families(const struct core_service_spec *a, const struct core_service_spec *b);

/* service-family.c: ipFamilies and ipFamilyPolicy as the cluster allows them; `old` may be NULL. Faults say what is wrong. */
void service_set_families(struct kind_change *change, struct core_service_spec *spec,
			  const struct core_service_spec *old);
/* The update changes nothing about families and addresses of a service that takes two where there are two. */
bool service_keeps_families(const struct core_service_spec *spec,
			    const struct core_service_spec *old);
/* What readers of old objects expect: fields that were not there when it was written. */
void service_complete(struct kind_change *change, struct core_service_spec *spec);
void service_check_addresses(const struct path *at, const struct core_service_spec *spec,
			     const struct core_service_spec *old);

/* service-address.c */
void service_reserve_addresses(struct kind_change *change, struct core_service_spec *spec,
			       const struct core_service_spec *old);
void service_release_addresses(struct kind_change *change, const struct core_service_spec *old);
/* The families that the cluster has, the first one first: 1 or 2. */
uint32_t service_cluster_families(const struct kind_change *change, struct str out[2]);

/* service-port.c */
void service_reserve_ports(struct kind_change *change, struct core_service_spec *spec,
			   const struct core_service_spec *old);
void service_release_ports(struct kind_change *change, const struct core_service_spec *old);

/* service-check.c, service-warning.c */
void service_check(struct kind_change *change);
void service_check_change(struct kind_change *change); /* against what is stored */
void service_warn(struct kind_change *change);

void service_list_add(struct kind_change *change, struct str_list *list, struct str value);

#endif
