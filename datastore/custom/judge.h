/*
 * Judging: whether a value is what a schema asks for, in upstream's words and paths.
 *
 * The server judges custom resources with it, the rules of definitions judge defaults. All faults are collected, at most LIMIT_FAULTS.
 * With an old value it ratchets: what is wrong with a part that is as it was is passed over. Correlated are members of objects and maps, and elements
 * of lists that are maps by key. Rules (x-kubernetes-validations) are asked afterwards: rule/rule-set.h.
 */
#ifndef DATASTORE_CUSTOM_JUDGE_H
#define DATASTORE_CUSTOM_JUDGE_H

#include "datastore/custom/value.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/pattern.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/fault.h"

/* The patterns of one schema, compiled when they are first met. One thread; all zero has none. */
struct judge_patterns {
	struct map by_text;
};
void judge_patterns_fini(struct judge_patterns *patterns);

struct judge_task {
	const struct apiextensions_json_schema_props *schema; /* NULL: nothing is asked */
	const struct value *value, *old;                      /* old: NULL of a new one */
	struct str base;                 /* before the paths of faults: "status"; absent: none */
	struct judge_patterns *patterns; /* NULL: compiled for this once */
	struct arena *arena;
};
void judge_check(const struct judge_task *task, struct faults *faults);

#endif
