/*
 * Type checking of policies: what their expressions would say to the kinds that they are for, as upstream's status.typeChecking.
 *
 * The controller of their status asks. Only expressions of validations are checked, and only for kinds that the rules name one by one; what is found
 * alters nothing but the status.
 */
#ifndef DATASTORE_CUSTOM_POLICY_TYPE_CHECK_H
#define DATASTORE_CUSTOM_POLICY_TYPE_CHECK_H

#include "datastore/schema/admissionregistration.h"
#include "runtime/base/arena.h"

/* CustomResourceDefinitions that are known. */
struct type_check_definitions {
	const void *const *at;
	uint32_t len;
};

/* In the arena; what it points to, too. */
struct admissionregistration_expression_warning_list
type_check(const struct admissionregistration_validating_admission_policy_spec *spec,
	   struct type_check_definitions definitions, struct arena *arena);

#endif
