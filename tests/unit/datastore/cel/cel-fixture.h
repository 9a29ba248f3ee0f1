/*
 * What the tests of expressions share: an object with a schema, an expression over it, and what comes of that as text.
 */
#ifndef TESTS_UNIT_DATASTORE_CEL_CEL_FIXTURE_H
#define TESTS_UNIT_DATASTORE_CEL_CEL_FIXTURE_H

#include "datastore/cel/cel.h"
#include "runtime/base/base.h"

/* The cost while it ran and the estimate of the most it could be; FIXTURE_NO_COST: it did not compile. */
#define FIXTURE_NO_COST UINT64_MAX
struct fixture_result {
	struct str text; /* `int 3`; `error words`; of what does not compile the words */
	uint64_t cost, max_cost;
};

/* `self` and `oldSelf` are the object of cel-fixture.c. */
struct fixture_result fixture_evaluate(const char *expression);
/* The same over `json`, which is as `schema` says. */
struct fixture_result fixture_evaluate_over(const char *schema, const char *json,
					    struct str expression);

struct fixture_case {
	const char *expression, *text;
	uint64_t cost, max_cost;
};
void fixture_check(const struct fixture_case *cases, uint32_t count);
#define FIXTURE_CHECK(cases) fixture_check(cases, sizeof(cases) / sizeof *(cases))

#endif
