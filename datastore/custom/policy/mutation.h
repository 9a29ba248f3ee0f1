/*
 * Mutations: what an expression of a MutatingAdmissionPolicy gave, made of a record.
 *
 * Admission calls it with the value that the program of a policy came to (POLICY_CONFIGURATION, POLICY_PATCH). The record stays as it is; the new one lies in
 * the arena, has its defaults and shares what it can with the old one. Bounded by MUTATION_VALUES_MAX and what a record may be.
 */
#ifndef DATASTORE_CUSTOM_POLICY_MUTATION_H
#define DATASTORE_CUSTOM_POLICY_MUTATION_H

#include "datastore/cel/value/value.h"
#include "datastore/schema/type.h"
#include "runtime/base/status.h"
#include "runtime/base/time/time.h"

/* Values in what an expression gave, those that are shared counted each time: it may double what it holds at each step. */
#define MUTATION_VALUES_MAX 500000U

struct mutation {
	const struct type *type;
	const void *record;
	struct arena *arena;
	struct wall now; /* of the defaults that are a time */
};

/*
 * INVALID: it cannot be done, in upstream's words; the policy says what comes of that. INTERNAL: the request ends with them, since what was made is no
 * object of the kind any more. Of a patch whose test fails comes the same record.
 */
MUST_USE enum status mutation_configure(const struct mutation *mutation, struct cel_value object,
					void **out, struct str *words);
MUST_USE enum status mutation_patch(const struct mutation *mutation, struct cel_value operations,
				    void **out, struct str *words);

#endif
