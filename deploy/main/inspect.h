/*
 * Inspection: what the actors of a host are doing, for `troupe tree`, `troupe status` and kubectl get actors.
 *
 * Each host has an actor `inspector` that answers for its own host, and `admin` (admin.h) answers the same question for all hosts
 * of its node. The inspector also does what `troupe kill` says: kills an actor of its host (L1) or ends the whole process (L2).
 */
#ifndef DEPLOY_MAIN_INSPECT_H
#define DEPLOY_MAIN_INSPECT_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define INSPECT_ROWS_MAX 5000U /* of one host; a person looks at them */

struct inspect_row {
	struct str path, class_name, state, last_reason;
	uint64_t restarts, mailbox, mailbox_high, messages, run_us, memory_bytes, age_ms;
	uint64_t pid; /* of a row that stands for a host; else 0 */
	bool is_supervisor;
};

/* A request; answered with inspect_rows. */
struct inspect_ask {
	char nothing;
};
ACT_TYPE_DECLARE(inspect_ask);

/* The first row is the host itself: its name as path, its resident share of memory (PSS) and its process. Others follow under it. */
struct inspect_rows {
	struct arena *arena; /* NULL when it came over a link */
	struct inspect_row *at;
	uint32_t len;
};
/* A copy of a row in another arena. */
struct inspect_row inspect_row_copy(const struct inspect_row *row, struct arena *arena);
ACT_TYPE_DECLARE(inspect_rows);

/* A request; answered with inspect_killed. An empty path is the host itself; `admin` takes HOST/PATH. */
struct inspect_kill {
	char path[160];
};
ACT_TYPE_DECLARE(inspect_kill);
struct inspect_killed {
	enum status status; /* NOT_FOUND: no such actor */
};
ACT_TYPE_DECLARE(inspect_killed);

extern const struct act_type *const inspect_types[];
extern const uint32_t inspect_type_count;

extern const struct act_class inspector_class;

#endif
