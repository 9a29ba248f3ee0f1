/*
 * Patterns: regular expressions of schemas, in RE2's syntax, which is what Kubernetes knows.
 *
 * Any code may compile one and match with it. What another engine would take for something else, or RE2 refuses, is refused:
 * references back, looking around, possessive and atomic groups, more than 1000 repetitions. A match that takes more than
 * PATTERN_STEPS_MAX steps is given up.
 */
#ifndef DATASTORE_SCHEMA_PATTERN_H
#define DATASTORE_SCHEMA_PATTERN_H

#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

#define PATTERN_STEPS_MAX 1000000U
#define PATTERN_BYTES_MAX 8192U

struct pattern;

/* INVALID with words. */
MUST_USE enum status pattern_new(struct str text, GIVE struct pattern **out, struct fault *why);
void pattern_free(TAKE struct pattern *pattern); /* NULL is fine */
/* Whether it matches anywhere in the subject; TIMEOUT: it was given up. */
MUST_USE enum status pattern_match(const struct pattern *pattern, struct str subject, bool *out);
/*
 * The first match that begins at or behind `*at`, which is moved to where the next search begins. NOT_FOUND: there is none any more;
 * TIMEOUT: it takes more than `*steps_left`, which becomes less with each search, so that many of them are bounded together.
 */
MUST_USE enum status pattern_find(const struct pattern *pattern, struct str subject, uint32_t *at,
				  uint64_t *steps_left, struct str *out);

#endif
