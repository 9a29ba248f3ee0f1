/*
 * What the root and its hosts agree upon, and what the files of the root share. Only for this folder.
 */
#ifndef RUNTIME_LOOP_ROOT_PRIVATE_H
#define RUNTIME_LOOP_ROOT_PRIVATE_H

#include "runtime/base/base.h"
#include "runtime/loop/blackbox.h"
#include "runtime/loop/loop-private.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/root.h"
#include "runtime/loop/stream.h"

#define ROOT_LIFE_FD 3      /* the socket of a host's life */
#define ROOT_BOX_FD 4       /* its black box */
#define ROOT_HELD_FD 5      /* root_spec.held_fd */
#define ROOT_LISTENING_FD 6 /* the first of root_spec.listening */
#define ROOT_BEAT_MS 2500U
#define ROOT_LATE_MS (2U * ROOT_BEAT_MS)
#define ROOT_SILENCE_MS \
	15000U /* a host whose loop stood for so long is ended; its watchdog names the actor before */
#define ROOT_LAST_WORDS_MS 1000U /* for a silent host to fill its black box, before SIGKILL */
#define ROOT_WORK_BYTES 4096U    /* a spare's order: its new command line */

#define ROOT_HOSTS_MAX 16U
#define ROOT_EXILES_MAX 4U
#define ROOT_BLAMES_MAX 32U
#define ROOT_WITHOUT_BYTES 256U
#define ROOT_WATCHERS_MAX 16U
#define ROOT_RESTARTS_MAX 64U /* of the ring that intensity is counted in */

/*
 *   IDLE ──> STARTING ──R──> READY ──> STOPPING ──> IDLE
 *    ^          └──────────────┴──(ended, silent)──> WAITING (back-off)
 *    └────────────────────────────────────────────────┘
 */
enum hosted_life { HOSTED_IDLE, HOSTED_STARTING, HOSTED_READY, HOSTED_STOPPING, HOSTED_WAITING };

/* A process, whether it has work already or is a spare. */
struct root_process {
	int64_t pid; /* 0: none */
	struct stream *stream;
	struct blackbox *box;
	int box_fd;
};

struct hosted {
	const struct root_host *spec;
	struct root *root;
	enum hosted_life life;
	struct root_process process;
	uint16_t epoch, next_epoch;  /* of this life; written down for the next, 0: not yet */
	uint32_t restarts, failures; /* in all; in a row */
	char last_reason[BLACKBOX_REASON];
	struct mono since, heard, due; /* of this state; last beat; when WAITING ends */
	struct patience patience;   /* since it was found late, ROOT_LATE_MS after its last beat */
	bool is_aborted, is_killed; /* SIGABRT, SIGKILL was sent */
	bool is_finished;           /* it ended for good */
	bool is_exile;
	char without[ROOT_WITHOUT_BYTES];  /* actors that have left it: a,b */
	const char *words[ROOT_WORDS_MAX]; /* its command line, with those left out */
	struct mono ring[ROOT_RESTARTS_MAX];
	uint32_t ring_at;
};

/* Who ran when a host died (root-exile.c). */
struct blame {
	const struct hosted *host; /* NULL: none */
	char actor[48];
	struct mono at;
};

/* What an actor's own host is started with. */
struct exile {
	char actor[48], name[32];
	struct root_host spec;
	const char *words[ROOT_WORDS_MAX];
};

/* A host without work (root-spare.c). */
struct spare {
	struct root *root;
	struct root_process process;
	bool is_warm;
};

struct root {
	const struct root_spec *spec;
	struct act *act;
	struct hosted hosts[ROOT_HOSTS_MAX];
	uint32_t host_count;
	struct exile exiles[ROOT_EXILES_MAX];
	uint32_t exile_count;
	struct blame blames[ROOT_BLAMES_MAX];
	uint32_t blame_at;
	struct spare spares[ROOT_SPARES_MAX];
	uint32_t spare_failures; /* in a row that never got warm */
	uint32_t next;           /* to be started when the one before it is ready */
	struct act_ref watchers[ROOT_WATCHERS_MAX];
	uint32_t watcher_count;
	struct mono ring[ROOT_RESTARTS_MAX];
	uint32_t ring_at;
	bool is_stopping, is_given_up;
};

/* ---- root-process.c --------------------------------------------------------------------------------------- */

/* For that host, or without work yet (NULL); what it says goes to `events`. Crashes the root if the machine has no room. */
void root_process_start(struct root *root, struct root_process *process, const char *const *argv,
			const struct hosted *host, const struct stream_events *events, void *arg);
/* Which host it is, in which life: written where it looks for that (root_inherited). */
void root_process_name(struct root_process *process, const struct hosted *host);
void root_process_signal(struct root *root, const struct root_process *process, int number);
/* It has ended, or has become another's. */
void root_process_close(struct root_process *process);

/* ---- root-exile.c ----------------------------------------------------------------------------------------- */

/* Writes the command line of the host anew, without those who have left it. */
void root_exile_plan(struct hosted *host);
/* `actor` ran when the host died: perhaps it gets a host of its own, behind the others. */
void root_exile_judge(struct hosted *host, const char *actor);

/* ---- root-spare.c ------------------------------------------------------------------------------------------ */

/* Sees to it that there are as many as the spec says; called when all hosts are ready, and at each tick. */
void root_spare_fill(struct root *root);
/* Gives the host's work in its next life to a warm one, whose process is then the host's. False: there is none. */
bool root_spare_take(struct root *root, struct hosted *host);
/* One ended; false: it was none of them. */
bool root_spare_ended(struct root *root, int64_t pid);
void root_spare_end_all(struct root *root);
bool root_spare_are_gone(const struct root *root);

#endif
