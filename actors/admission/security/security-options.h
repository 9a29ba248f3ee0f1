/*
 * What an operator tells PodSecurity: a PodSecurityConfiguration, judged as upstream judges it.
 */
#ifndef ACTORS_ADMISSION_SECURITY_SECURITY_OPTIONS_H
#define ACTORS_ADMISSION_SECURITY_SECURITY_OPTIONS_H

#include "actors/admission/security/security-policy.h"
#include "datastore/schema/podsecurity.h"

/* BAD_REQUEST with all that is wrong; `where` names the file. The record is borrowed. */
MUST_USE enum status security_options_of(const struct podsecurity_pod_security_configuration *from,
					 const char *where, struct arena *arena,
					 struct security_options *out, struct fault *why);

#endif
