/*
 * Sets of rules: all rules of one schema (x-kubernetes-validations), compiled, and an object judged by them.
 *
 * The server judges custom resources with one, the rules of definitions judge defaults. An object has to be as its schema says. Rules that
 * compare with the old value (oldSelf) are asked where there is one that belongs to it: the same member, or the element with the same key. What
 * fails and is as it was is warned of only. All rules of an object may cost CEL_OBJECT_COST_MAX together. One thread.
 */
#ifndef DATASTORE_CUSTOM_RULE_RULE_SET_H
#define DATASTORE_CUSTOM_RULE_RULE_SET_H

#include "datastore/custom/rule/declare.h"
#include "datastore/custom/value.h"
#include "runtime/base/fault.h"

struct rule_set;

/* Borrows the schema. `is_root`: of whole objects. */
GIVE struct rule_set *rule_set_new(schema_props *schema, bool is_root);
void rule_set_free(TAKE struct rule_set *set); /* NULL is fine */

/* Nothing is ever asked. */
bool rule_set_is_empty(const struct rule_set *set);

struct rule_task {
	struct rule_set *set;
	const struct value *value, *old; /* old: NULL of a new one */
	struct str base;                 /* before the paths of faults; absent: none */
	bool is_ratcheted;               /* what fails as it was is warned of */
	struct faults *faults;
	void (*warn)(void *arg, struct str words); /* with is_ratcheted */
	void *arg;
	uint64_t *cost; /* added to; beyond CEL_OBJECT_COST_MAX nothing more is asked */
};
void rule_set_check(const struct rule_task *task);

#endif
