/*
 * Rules of webhooks and policies: which requests they are about.
 */
#ifndef ACTORS_KINDS_EXTENSION_MATCH_RULE_H
#define ACTORS_KINDS_EXTENSION_MATCH_RULE_H

#include "actors/kinds/rule.h"
#include "datastore/schema/admissionregistration.h"

void match_rule_check(const struct path *at,
		      const struct admissionregistration_rule_with_operations *rule);
/* The expressions are there, and are not compiled. */
void match_rule_check_conditions(const struct path *at,
				 struct admissionregistration_match_condition_list conditions);

#endif
