/*
 * Inspection: what the actors of a host are doing, for `troupe tree`, `troupe status` and kubectl get actors.
 *
 * Each host has an actor `inspector` that answers for its own host; whoever wants all asks each. It also does what `troupe
 * kill` says: crashes an actor of its host (L1) or ends the whole process (L2).
 */
#ifndef DEPLOY_MAIN_INSPECT_H
#define DEPLOY_MAIN_INSPECT_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define INSPECT_ROWS_MAX 5000U /* of one host; a person looks at them */

struct inspect_row {
	struct str path, class_name, state, last_reason;
	uint64_t restarts, mailbox, mailbox_high, messages, run_us, memory_bytes, age_ms;
	bool is_supervisor;
};

/* A request; answered with inspect_rows. */
struct inspect_ask {
	char nothing;
};
ACT_TYPE_DECLARE(inspect_ask);

struct inspect_rows {
	struct arena *arena; /* NULL when it came over a link */
	struct inspect_row *at;
	uint32_t len;
	uint64_t pid, rss_bytes, pss_bytes;
};
ACT_TYPE_DECLARE(inspect_rows);

/* A request; answered with inspect_killed. An empty path is the host itself. */
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
