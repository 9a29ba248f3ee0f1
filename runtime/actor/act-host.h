/*
 * A host: one thread's actors, their mailboxes, timers, names and links. Seen from outside its actors.
 *
 * Passive: a driver (runtime/loop on the machine, runtime/sim in virtual time) calls act_host_turn when
 * there is something to do. All calls are for the driver's thread unless marked "any thread"; several hosts
 * may live in one process, each with its own thread or all in one. A host never reads anything but its seams.
 */
#ifndef RUNTIME_ACTOR_ACT_HOST_H
#define RUNTIME_ACTOR_ACT_HOST_H

#include "runtime/actor/act.h"
#include "runtime/actor/seams.h"

#pragma GCC visibility push(default)

struct act_host_config {
	const char *name;                  /* borrowed; "core", "control", ... */
	uint32_t node;                     /* not 0 */
	uint16_t host;                     /* which of the node's hosts */
	uint16_t epoch;                    /* which life of it; not 0; the root counts them */
	const struct act_supervisor *root; /* started by act_host_open; NULL: none yet */
	const struct act_type *const *types; /* those that cross borders; more by act_host_add_types */
	uint32_t type_count;
	bool is_encoding_local; /* test mode: local messages with an id pass through encode and decode */
	uint32_t run_max_ms; /* an activation that took longer is logged; 0: LIMIT_RUN_MS */
	bool is_unmeasured; /* no run times: the simulator, where they would differ from run to run */
	void *driver;       /* act_host_driver gives it back: struct loop in a real host */
};

/* Starts the root supervisor; a child's failing init is the outcome and nothing is left. `config` is copied, what it points to borrowed. */
MUST_USE enum status act_host_open(const struct act_host_config *config, const struct seams *seams,
				   struct act_host **out);
/*
 * The root supervisor of a host that was opened without one: for a driver that has something to do in between. As with act_host_open, what
 * fails in a child's init is the outcome; the host is then to be closed.
 */
MUST_USE enum status act_host_start(struct act_host *host, const struct act_supervisor *root);
/* Ends all actors in order, then frees everything. Drives itself until jobs have ended. */
void act_host_close(TAKE struct act_host *host);
/*
 * As if the process had died: nobody is told, no stop is called. Finalizers are, to free memory; what they do through the
 * seams must find those dead already. For the simulator.
 */
void act_host_abandon(TAKE struct act_host *host);

const char *act_host_name(const struct act_host *host);
void *act_host_driver(const struct act_host *host);
struct seams_peer act_host_peer(const struct act_host *host); /* who we are */
const struct seams *act_host_seams(const struct act_host *host);
/* EXISTS: another type has one of the ids. */
MUST_USE enum status act_host_add_types(struct act_host *host, const struct act_type *const *types,
					uint32_t count);
/* The link may be made after the host: set before the first message leaves. */
void act_host_set_link(struct act_host *host, const struct seams_link *link);

/* Asks the root supervisor to end; the driver sees act_host_is_done when all actors are gone. Any thread. */
void act_host_stop(struct act_host *host);
/*
 * Ends in order, but first finishes what it has: requests of other hosts that are not answered yet, and jobs. From now on those hosts' new
 * requests are refused with UNAVAILABLE and its nurseries make no more children. After timeout_ms it ends as it is.
 */
void act_host_drain(struct act_host *host, uint32_t timeout_ms);
bool act_host_is_done(const struct act_host *host);
/* Why the root ended, once done: ACT_SHUTDOWN as asked, else a failure the process should end with. */
enum act_reason act_host_reason(const struct act_host *host);
/* The root actor: the parent of config.root's supervisor. For act_host_enter, to spawn from outside. */
struct act_ref act_host_root(const struct act_host *host);

/* ---- for drivers ----------------------------------------------------------------------------------- */

/* Takes what other threads posted, fires due timers, runs some activations. True: there is more to do at once. */
bool act_host_turn(struct act_host *host);
/* When the next timer is due; ns is INT64_MAX if there is none. */
struct mono act_host_next(const struct act_host *host);
/* Before blocking: false if something was posted meanwhile. While asleep posts call seams.wake, else they do not. */
bool act_host_sleep(struct act_host *host);

/* ---- from other threads ------------------------------------------------------------------------------ */

/* Any thread: as act_send, from nobody. OK: taken; a full or stale receiver is then a dead letter. */
MUST_USE enum status act_post(struct act_host *host, struct act_ref to, const struct act_type *type,
			      const void *body);
/* Any thread: calls fn(host, arg) on the host's thread, outside of any actor, in the order of the calls of one thread. */
void act_host_call(struct act_host *host, void (*fn)(struct act_host *host, void *arg), void *arg);

/* ---- for callbacks of the loop and for links ------------------------------------------------------------------------ */

/*
 * Runs fn as an activation of that actor: act_ calls are legal inside and act_fail unwinds to here. False: it
 * is gone, fn was not called. Not from inside another activation of this host (asserted).
 */
bool act_host_enter(struct act_host *host, struct act_ref who,
		    void (*fn)(struct act *act, void *state, void *arg), void *arg);
/* Calls fn(arg) outside of any actor once that time has come; it cannot be taken back. A host that ends before does not. */
void act_host_call_at(struct act_host *host, struct mono at, void (*fn)(void *arg), void *arg);

/* ---- for links ----------------------------------------------------------------------------------------- */

/* One message, as its sender's host gave it to seams_link.send: header and body in one piece, borrowed for the call. */
void act_host_receive(struct act_host *host, struct seams_peer from, struct str bytes);
/* The session with that life of a peer ended: its monitors fire, requests to it are answered UNAVAILABLE. */
void act_host_lost(struct act_host *host, struct seams_peer peer);

/* ---- looking in ------------------------------------------------------------------------------------------ */

/* Why messages were not handled. */
#define ACT_DEAD_MAP(X)                                                                     \
	X(ACT_DEAD_STALE, "stale")             /* the receiver had ended */                 \
	X(ACT_DEAD_FULL, "full")               /* mailbox full */                           \
	X(ACT_DEAD_LINK, "link")               /* no link, or refused by it */              \
	X(ACT_DEAD_EPOCH, "epoch")             /* meant for an earlier life of this host */ \
	X(ACT_DEAD_ENDED, "ended")             /* in the mailbox of one that ended */       \
	X(ACT_DEAD_LATE, "late")               /* an answer nobody waits for */             \
	X(ACT_DEAD_UNHANDLED, "unhandled")     /* the handler did not know it */            \
	X(ACT_DEAD_UNDECODABLE, "undecodable") /* unknown type or damaged body */

enum act_dead {
#define X(name, text) name,
	ACT_DEAD_MAP(X)
#undef X
	    ACT_DEAD_COUNT
};

const char *act_dead_name(enum act_dead reason);

struct act_host_stats {
	uint64_t messages, activations, turns, posts;
	uint64_t spawned, ended, crashed, restarts;
	uint64_t sent_over_links, received_over_links;
	uint64_t dead[ACT_DEAD_COUNT];
	uint32_t actors, tasks, timers, requests, jobs;
	uint64_t longest_run_ns; /* since the last look */
	char longest_who[48];
};

void act_host_stats(struct act_host *host, struct act_host_stats *out);

/* One actor as `tree` and the API show it. Strings are borrowed for the call. */
struct act_info {
	struct act_ref ref, parent;
	const char *
	    path; /* "/root/api/watch": names, a supervisor's words for them, or class#slot, from the root down */
	const char *name, *class_name;
	/* "idle", "ready", "running", "ending"; of a supervisor's child that is no actor now (its ref is nil): "waiting", "ended" */
	const char *state;
	bool is_supervisor, is_supervised;
	uint32_t restarts;       /* of this child of its supervisor */
	const char *last_reason; /* why it was last restarted; "" if never */
	uint32_t mailbox_len, mailbox_high, tasks;
	uint64_t messages, run_ns, memory_bytes;
	uint64_t run_p99_ns; /* 99 of 100 activations took no longer; 0: its runs are not counted, for it is nobody's child that is started again */
	struct mono started;
};

/* Parents before children, children in order of birth. */
void act_host_each(struct act_host *host, void (*each)(void *arg, const struct act_info *info),
		   void *arg);

/*
 * What a host is doing right now, for a watchdog or a crash handler on another thread or in a signal: no locks, may be torn. It is kept
 * in a page of its own, away from what a bug in an actor may have overwritten, and names are read so that a bad pointer does no harm.
 */
struct act_host_now {
	const char *class_name, *name,
	    *type_name;      /* NULL: between activations; name is a cut copy */
	uint64_t activation; /* counts up; unchanged since the last look: stuck in it */
	uint32_t run_max_ms; /* its class's */
	char name_copy[48];
};

/*
 * What the actors of a class did and do. Counters also hold those that have ended, so they never go back; at most 64 classes, the rest are
 * "other". Looks at every actor: for a scrape, not for a hot path.
 */
struct act_class_info {
	const char *name;
	uint64_t messages, run_ns, ended, crashed; /* since the host began */
	uint64_t living, waiting, memory_bytes;    /* now; messages in their mailboxes */
};
void act_host_each_class(const struct act_host *host,
			 void (*each)(void *arg, const struct act_class_info *info), void *arg);

/* ---- the trace ---- */

/* One message of the last ones. Class names are for ever, type names too; NULL: not of this host, or nobody. */
struct act_trace_entry {
	uint64_t number; /* counts up */
	uint64_t parent; /* number of the one whose handling sent it; 0: a callback, a timer, another host */
	/* Of one from another host that traced, too: its number there; 0: not known. */
	uint64_t far_parent;
	uint32_t far_node;
	uint16_t far_host;
	struct act_ref from, to;
	const char *from_class, *to_class, *type_name;
	enum act_kind kind;
	bool is_out;    /* handed to a link; what becomes of it is its host's to say */
	bool is_begun;  /* it was given to its receiver; */
	bool is_done;   /* and that is through with it, or crashed */
	struct mono at; /* the turn of the loop in which it was sent */
	uint64_t waited_ns, ran_ns;
};

/* Keeps the last so many messages from now on (rounded up to a power of two, at most 65,536); 0: none, as at the start. */
void act_host_trace(struct act_host *host, uint32_t entries);
/*
 * While this host traces, what it sends to that node carries its number, too, as it does within its own node: for one that has asked for
 * it, since older releases do not know of it. Of ACT_TRACE_NODES_MAX at once.
 */
#define ACT_TRACE_NODES_MAX 16U
void act_host_trace_for(struct act_host *host, uint32_t node);
/* Those from or to an actor, or all (ACT_NIL), oldest first; borrowed for the call. */
void act_host_trace_each(const struct act_host *host, struct act_ref of,
			 void (*each)(void *arg, const struct act_trace_entry *entry), void *arg);

struct act_peek;
const struct act_peek *act_host_peek(const struct act_host *host); /* valid as long as the host */
void act_peek_read(const struct act_peek *peek, struct act_host_now *out);
/* The same for the calling thread if that is running a job: whose. False: it is not. */
bool act_job_peek(struct act_host_now *out);

#pragma GCC visibility pop

#endif
