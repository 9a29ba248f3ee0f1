/*
 * Which requests a policy is about: rules, selectors, scopes.
 *
 * For the plug-ins of policies. As upstream's matcher; a rule is about the version of the resource that the request names.
 */
#ifndef ACTORS_ADMISSION_POLICY_MATCH_H
#define ACTORS_ADMISSION_POLICY_MATCH_H

#include "actors/admission/plugin.h"
#include "datastore/schema/admissionregistration.h"

/* Reviews and the kinds of policies themselves are never judged by policies. */
bool policy_match_is_exempt(const struct admission *admission);
/* NULL matches everything, as a binding without its own does. */
bool policy_match(const struct admission *admission,
		  const struct admissionregistration_match_resources *match);

#endif
