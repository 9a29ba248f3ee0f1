/*
 * Match conditions of authorization webhooks: whether a question is sent at all.
 *
 * Expressions over `request`, the spec of the SubjectAccessReview that would be sent. Any that is false decides, whatever goes wrong with the others.
 */
#ifndef ACTORS_AUTHORIZATION_WEBHOOK_CONDITION_H
#define ACTORS_AUTHORIZATION_WEBHOOK_CONDITION_H

#include "datastore/cel/cel.h"
#include "runtime/base/base.h"

#define WEBHOOK_CONDITIONS_MAX 64U /* upstream's */

struct webhook_condition {
	struct str text;
	struct cel_program *program;
};

enum webhook_condition_verdict {
	WEBHOOK_CONDITION_MET,
	WEBHOOK_CONDITION_UNMET,
	WEBHOOK_CONDITION_UNKNOWN, /* none is false, but not all are true: `words` say why */
};

/* INVALID with words on one line. All of it is the arena's. */
MUST_USE enum status webhook_condition_compile(struct str text, struct arena *arena,
					       struct webhook_condition *out, struct str *words);
/* `review` is the question as JSON. */
enum webhook_condition_verdict webhook_condition_ask(const struct webhook_condition *conditions,
						     uint32_t count, struct str review,
						     struct arena *arena, struct str *words);

#endif
