/*
 * Owners: who controls an object, and the taking and letting go of what a selector means.
 *
 *     matches, controlled by nobody -> adopted      controlled, matches no longer -> let go
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_OWNER_H
#define ACTORS_CONTROLLER_WORKLOAD_OWNER_H

#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/meta.h"
#include "runtime/base/base.h"

/* The reference to the owner that controls it, or NULL. */
const struct meta_owner_reference *owner_of(const struct meta_object_meta *meta);

/* Who claims what. */
struct owner_claim {
	const struct type *owner_type;
	const struct meta_object_meta *owner;
	const struct meta_label_selector *selector;
	const struct type *type; /* of what is claimed */
	bool (*is_worth)(
	    const void *record); /* others are neither taken nor let go, nor in the result; NULL: all are */
};
/*
 * What is the owner's now: controlled by it and matching, or adopted in this plan. An owner that is being deleted neither
 * takes nor lets go. Adopting and letting go are updates of the plan.
 */
struct records owner_claim(const struct world *world, struct plan *plan,
			   const struct owner_claim *claim);
/* A trigger's work: the owners of a kind in the object's namespace that would adopt it, were it controlled by nobody. */
void owner_wake_adopters(const struct world *world, const struct meta_object_meta *orphan,
			 const struct type *owner_type,
			 const struct meta_label_selector *(*selector_of)(const void *owner),
			 struct wake *to);

#endif
