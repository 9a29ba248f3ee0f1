/*
 * --admission-control-config-file: an AdmissionConfiguration, in which plug-ins find what they are told.
 *
 * Of the plug-ins that upstream configures so only PodSecurity is told anything here; others are refused by name.
 */
#ifndef DEPLOY_MAIN_API_ADMISSION_FILE_H
#define DEPLOY_MAIN_API_ADMISSION_FILE_H

#include "actors/admission/security/security-options.h"

/* `path` NULL: *out stays as it is. */
MUST_USE enum status admission_file_load(const char *path, struct arena *arena,
					 struct security_options *out, struct fault *why);

#endif
