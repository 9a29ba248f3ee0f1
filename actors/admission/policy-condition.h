/*
 * Match conditions: whether a policy or webhook that matches a request is really asked.
 *
 * For plug-ins. Any condition that is false decides, whatever goes wrong with the others.
 */
#ifndef ACTORS_ADMISSION_POLICY_CONDITION_H
#define ACTORS_ADMISSION_POLICY_CONDITION_H

#include "actors/admission/plugin.h"
#include "datastore/schema/admissionregistration.h"

enum policy_condition {
	POLICY_CONDITION_MET,
	POLICY_CONDITION_UNMET,
	POLICY_CONDITION_UNKNOWN, /* none is false, but not all are true: `words` say why */
};

/* Conditions that see the request and nothing else: those of webhooks. */
enum policy_condition
policy_condition_ask(const struct admission *admission,
		     struct admissionregistration_match_condition_list conditions,
		     struct str *words);

#endif
