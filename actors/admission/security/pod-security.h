/*
 * PodSecurity's two halves: pods and what makes them (pod-security.c), and namespaces (security-namespace.c).
 *
 * For this folder.
 */
#ifndef ACTORS_ADMISSION_SECURITY_POD_SECURITY_H
#define ACTORS_ADMISSION_SECURITY_POD_SECURITY_H

#include "actors/admission/plugin.h"
#include "actors/admission/security/security-policy.h"

/* Those of the server, or upstream's where it has none. */
const struct security_options *pod_security_options(const struct admission *admission);

/* A namespace that is made or changed: whether its labels can be read, and which of its pods they would refuse. */
enum check pod_security_namespace(struct admission *admission);

#endif
