/*
 * The endpoint slices of one object as its controller finds them: which are its own, which have been used again, and what a slice is made of.
 *
 * For the controllers of this folder. Everything lives in the world's or the plan's arena.
 */
#ifndef ACTORS_CONTROLLERS_NETWORK_SLICES_H
#define ACTORS_CONTROLLERS_NETWORK_SLICES_H

#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/discovery.h"

struct slices {
	struct records at;
	bool *is_used;
	struct str manager; /* who writes them: others have slices of the same owner, too */
};

struct slices slices_of(const struct world *world, struct records owned, struct str manager);
const struct discovery_endpoint_slice *slices_at(const struct slices *slices, uint32_t i);
/* Of this manager and this family of addresses, and not yet used. */
bool slices_is_free(const struct slices *slices, uint32_t i, struct str family);
/* The same, with just these ports. */
bool slices_fits(const struct slices *slices, uint32_t i, struct str family,
		 struct discovery_endpoint_port_list ports);
/* Those of this manager that were not used. */
void slices_delete_rest(const struct slices *slices, struct plan *plan);

/* IPv4, IPv6. */
bool slices_is_family(struct str address, struct str family);
/* Labels by which the slices of a service are found. */
void slices_label(const struct slices *slices, struct arena *arena, struct str service,
		  struct meta_object_meta *meta);
/* With a copy of the address and no condition. */
struct discovery_endpoint slices_endpoint(struct arena *arena, struct str address);
/* With copies; a name that is absent becomes empty. */
struct discovery_endpoint_port slices_port(struct arena *arena, struct str name, struct str protocol,
					   struct str app_protocol, int32_t number);

#endif
