/*
 * What a request looks like to expressions: its objects, itself, its namespace, as JSON.
 */
#ifndef ACTORS_ADMISSION_POLICY_SHOW_H
#define ACTORS_ADMISSION_POLICY_SHOW_H

#include "actors/admission/plugin.h"
#include "datastore/custom/policy/policy.h"

/* NULL: there is no such record. The tree is the request's arena's. */
const struct value *policy_show_record(const struct admission *admission, const struct type *type,
				       const void *record);
/* The object, or the old one, of an admission. */
const struct value *policy_show_object(const struct admission *admission, const void *record);
struct str policy_show_operation(enum admission_operation operation); /* "CREATE" */
void policy_show(const struct admission *admission, struct policy_input *out);

#endif
