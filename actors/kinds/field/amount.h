/*
 * Amounts: names of resources and how much of them: cpu, memory, hugepages-2Mi, example.com/gpu.
 *
 * The classes of names are upstream's (pkg/apis/core/helper). A native name has no slash, or one behind kubernetes.io/; an extended
 * one belongs to somebody's domain, is counted in whole numbers and cannot be promised twice.
 */
#ifndef ACTORS_KINDS_FIELD_AMOUNT_H
#define ACTORS_KINDS_FIELD_AMOUNT_H

#include "actors/kinds/kind.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"

bool amount_is_native(struct str name);
bool amount_is_huge_page(struct str name);
bool amount_is_quota(struct str name);       /* without a slash, and a quota may count it */
bool amount_may_overcommit(struct str name); /* less may be requested than the limit */
bool amount_is_even(struct str name, struct str value); /* a whole number of huge pages */
int amount_cmp(struct str a, struct str b);

bool amount_check_name(const struct path *at, struct str name);
bool amount_check_container_name(const struct path *at, struct str name);
bool amount_check_quota_name(const struct path *at, struct str name);
/* Not negative, and whole where halves make no sense. */
bool amount_check(const struct path *at, struct str name, struct str value);
/* Half a byte is legal, and odd. */
void amount_warn_of_fraction(struct kind_change *change, const struct path *at,
			     struct str_map amounts, const char *name);

/* Requests and limits of a container, or of the pod. `claims` are the names that its claims may have. */
void amount_check_requirements(const struct path *at, const struct core_resource_requirements *sent,
			       const struct seen *claims, struct str claim_names, bool is_of_pod,
			       bool allows_odd_pages);

#endif
