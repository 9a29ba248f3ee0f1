/*
 * --admission-control-config-file: an AdmissionConfiguration, in which plug-ins find what they are told.
 *
 * Of the plug-ins that upstream configures so these are told something here: PodSecurity, EventRateLimit, ImagePolicyWebhook; others are refused by name. The last
 * two cannot do without, where they are asked for; else what stands there is not looked at.
 */
#ifndef DEPLOY_MAIN_API_ADMISSION_FILE_H
#define DEPLOY_MAIN_API_ADMISSION_FILE_H

#include "actors/admission/security/security-options.h"

struct admission_setting {
	struct security_options security;
	struct event_limits *event_limits; /* NULL: there are none */
	struct image_policy *image_policy;
};

/* `path` NULL: there is none. `more_plugins`: those that are asked for, one bit for each of plugins[]. */
MUST_USE enum status admission_file_load(const char *path, uint64_t more_plugins,
					 struct arena *arena, struct admission_setting *out,
					 struct fault *why);

#endif
