/*
 * --feature-gates: upstream's gates of this release (deploy/cluster/features.tsv), what they are here, and what an operator may say of them.
 *
 * Here each is what it is by default upstream. One that is known may be said to be otherwise, as manifests for upstream's servers do; that
 * changes nothing, and the log says so. One that is not known, or locked to the other value, is refused.
 */
#ifndef DEPLOY_MAIN_API_SERVING_FEATURE_GATES_H
#define DEPLOY_MAIN_API_SERVING_FEATURE_GATES_H

#include "deploy/main/command/command.h"
#include "runtime/trace/metrics.h"

/* BAD_REQUEST with upstream's words. */
MUST_USE enum status feature_gates_check(const struct command_line *line, struct arena *arena,
					 struct fault *why);
void feature_gates_tell(const struct command_line *line);
/* For metrics_on_write(): kubernetes_feature_enabled. */
void feature_gates_write(void *arg, struct metrics *metrics, struct text *out);

#endif
