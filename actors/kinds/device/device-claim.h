/*
 * Claims: what somebody asks of devices, alone or as a template.
 *
 * For the rules of ResourceClaim and ResourceClaimTemplate. Nothing of it changes once it is stored, so all is judged as new.
 */
#ifndef ACTORS_KINDS_DEVICE_DEVICE_CLAIM_H
#define ACTORS_KINDS_DEVICE_DEVICE_CLAIM_H

#include "actors/kinds/kind.h"
#include "actors/kinds/path.h"
#include "actors/kinds/seen.h"
#include "datastore/schema/resource.h"

#define DEVICE_REFERENCES_MAX 32U

/* The names by which other parts of a claim speak of its requests: `request` and `request/subrequest`. */
struct seen device_names_of(const struct resource_device_claim *claim, struct arena *arena);
void device_check_reference(const struct path *at, struct str name, const struct seen *names);
void device_check_references(const struct path *at, struct str_list list, const struct seen *names);

void device_check_claim(const struct path *at, const struct resource_device_claim *claim);
/* Whoever asks for devices that others use has to be in a namespace that was marked for it. */
void device_check_admin(struct kind_change *change, const struct resource_device_claim *claim);
void device_check_admin_at(struct kind_change *change, const struct path *at);

#endif
