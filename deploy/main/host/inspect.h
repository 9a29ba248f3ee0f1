/*
 * Inspection: what the actors of a host are doing, for `troupe tree`, `troupe status` and kubectl get actors.
 *
 * Each host has an actor `inspector` that answers for its own host, and `admin` (admin.h) answers the same question for all hosts
 * of its node. The inspector also does what `troupe kill` says (enum inspect_level).
 */
#ifndef DEPLOY_MAIN_HOST_INSPECT_H
#define DEPLOY_MAIN_HOST_INSPECT_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"
#include "runtime/faulty/faulty.h"

#define INSPECT_ROWS_MAX 5000U /* of one host; a person looks at them */

/* How often a host counts its actors' messages, for their rate: it is that of the last one or two of these times. */
#define INSPECT_SAMPLE_MS 5000U

struct inspect_row {
	struct str path, class_name, last_reason;
	struct str state; /* act_host_each's words; of a host that does not answer "silent", and nothing else is known of it */
	uint64_t restarts, mailbox, mailbox_high, messages, run_us, memory_bytes, age_ms;
	uint64_t pid; /* of a row that stands for a host; else 0 */
	bool is_supervisor;
	double rate; /* messages a second, of late */
	uint64_t run_p99_ns;
	int64_t started_s; /* of the epoch; the same as long as it lives */
	uint64_t life;     /* another one for each life; 0: it has none now */
};
/* Whether the row is a host's: its path has no slash. */
bool inspect_is_host(const struct inspect_row *row);

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

enum inspect_level {
	INSPECT_ACTOR, /* L1: it ends as by a crash of its own, and its supervisor is told */
	INSPECT_HOST,  /* L2: SIGKILL of the process; the root starts another */
	INSPECT_STOP,  /* SIGSTOP of the process: the root has to notice that it is silent */
};

/* Whether the actor at that path of its host is what an answer about it passes, or what looks for it. */
bool inspect_is_on_the_way(struct str path);

/*
 * A request; answered with inspect_killed before it is done if that is on the way of the answer, else afterwards. An empty path is the
 * host itself; `admin` takes HOST/PATH. At the levels of a host the path of an actor means its host.
 */
struct inspect_kill {
	char path[160];
	enum inspect_level level;
};
ACT_TYPE_DECLARE(inspect_kill);
struct inspect_killed {
	enum status status; /* NOT_FOUND: no such actor; CONFLICT: it is not running now */
	bool comes_back;    /* somebody will start it again */
};
ACT_TYPE_DECLARE(inspect_killed);

/* A request of the admin of the same node: that process stands still for so long. Answered with inspect_killed before it does. */
struct inspect_pause {
	uint64_t pid; /* of another host of the node */
	uint32_t for_ms;
};
ACT_TYPE_DECLARE(inspect_pause);
/* For the inspector: false, the message was not about this. */
bool inspect_pause_receive(struct act *act, const struct act_msg *msg);

/*
 * A request: that fault is done to this host for a while, or taken back. Answered with inspect_faulted; FORBIDDEN: it was not started
 * with --chaos.
 */
struct inspect_fault {
	struct faulty_order order;
	bool is_question; /* only how often that kind has struck so far */
};
ACT_TYPE_DECLARE(inspect_fault);
struct inspect_faulted {
	enum status status;
	char words[200];
	uint64_t struck; /* since the host began */
};
ACT_TYPE_DECLARE(inspect_faulted);
struct process;
/* For the inspector: false, the message was not about this. */
bool inspect_fault_receive(struct act *act, const struct process *process,
			   const struct act_msg *msg);

extern const struct act_type *const inspect_types[];
extern const uint32_t inspect_type_count;

extern const struct act_class inspector_class;

#endif
