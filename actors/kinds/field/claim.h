/*
 * Claims of volumes: the spec of a PersistentVolumeClaim, alone or as a template.
 */
#ifndef ACTORS_KINDS_FIELD_CLAIM_H
#define ACTORS_KINDS_FIELD_CLAIM_H

#include "actors/kinds/kind.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

/* A stored one may break today's rules for selectors and groups of data sources, and go on doing so. */
void claim_check_spec(const struct path *at, const struct core_persistent_volume_claim_spec *spec,
		      bool allows_bad_selector, bool allows_bad_group);
/* What is legal and odd. */
void claim_warn(struct kind_change *change, const struct path *at,
		const struct core_persistent_volume_claim_spec *spec);

#endif
