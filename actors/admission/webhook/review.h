/*
 * AdmissionReview: how a webhook is asked, and what it may answer.
 *
 * Pure functions over an admission, for hook-call.c. v1 and v1beta1 look the same; v1 has stricter answers. Upstream's webhook/request.
 */
#ifndef ACTORS_ADMISSION_WEBHOOK_REVIEW_H
#define ACTORS_ADMISSION_WEBHOOK_REVIEW_H

#include "actors/admission/plugin.h"
#include "datastore/schema/type.h"
#include "runtime/base/fault.h"

enum review_version { REVIEW_V1, REVIEW_V1BETA1 };

/* The first of the list that there is; NOT_FOUND: none. */
MUST_USE enum status review_version_of(struct str_list versions, enum review_version *out);

/* The record as others are shown it; absent: there is none. */
struct str review_object(const struct admission *view, const void *record);
struct str review_ask(const struct admission *view, enum review_version version, struct str uid);

struct review_answer {
	bool is_allowed;
	struct failure *denied; /* what a denial says, unless it says nothing */
	struct str patch;       /* JSON Patch; empty: none */
	struct str_list warnings;
	struct str_map annotations; /* for the audit log */
};

/* BAD_REQUEST with upstream's words if that is no answer to this question. */
MUST_USE enum status review_read(struct str body, struct arena *arena, enum review_version version,
				 struct str uid, bool is_mutating, struct review_answer *out,
				 struct fault *why);

#endif
