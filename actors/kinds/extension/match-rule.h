/*
 * Rules of webhooks and policies: which requests they are about.
 */
#ifndef ACTORS_KINDS_EXTENSION_MATCH_RULE_H
#define ACTORS_KINDS_EXTENSION_MATCH_RULE_H

#include "actors/kinds/rule.h"
#include "datastore/custom/policy/policy.h"
#include "datastore/schema/admissionregistration.h"

void match_rule_check(const struct path *at,
		      const struct admissionregistration_rule_with_operations *rule);
void match_rule_check_conditions(const struct path *at,
				 struct admissionregistration_match_condition_list conditions,
				 bool has_params);
/* An expression that is there compiles, and gives what it has to. */
void match_rule_check_expression(const struct path *at, struct policy *policy, struct str text,
				 enum policy_result result, bool has_authorizer);

#endif
