/*
 * What a review has to say to be answered: one subject, one thing that it would do, selectors that are some.
 *
 * For reviews.c. Faults have upstream's paths and words (apis/authorization/validation).
 */
#ifndef ACTORS_SERVER_ACCESS_REVIEW_RULE_H
#define ACTORS_SERVER_ACCESS_REVIEW_RULE_H

#include "datastore/schema/authorization.h"
#include "datastore/schema/meta.h"
#include "runtime/base/fault.h"

void review_rule_self(struct faults *faults,
		      const struct authorization_self_subject_access_review_spec *spec);
void review_rule_subject(struct faults *faults,
			 const struct authorization_subject_access_review_spec *spec);
void review_rule_metadata(struct faults *faults, const struct meta_object_meta *meta, bool is_local);
void review_rule_local(struct faults *faults,
		       const struct authorization_local_subject_access_review *review);

#endif
