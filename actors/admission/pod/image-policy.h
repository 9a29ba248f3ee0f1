/*
 * What an operator tells ImagePolicyWebhook: which program judges the images of pods, and for how long its answers count.
 *
 * Answers that are kept are outside-review.h's; image_policy_fini gives them back. One thread.
 */
#ifndef ACTORS_ADMISSION_POD_IMAGE_POLICY_H
#define ACTORS_ADMISSION_POD_IMAGE_POLICY_H

#include "actors/client/outside-review.h"
#include "datastore/schema/imagepolicy.h"

struct image_policy {
	struct outside_review review; /* its `place` is set by whoever reads the file that is named */
	uint64_t allow_ttl_ms, deny_ttl_ms;
	bool allows_when_away;
};

/* BAD_REQUEST with what is wrong first; `where` names the file. */
MUST_USE enum status image_policy_of(const struct imagepolicy_image_policy_webhook_config *from,
				     const char *where, struct image_policy *out, struct fault *why);
void image_policy_fini(struct image_policy *policy);

#endif
