/*
 * What the files of this folder share: an actor, a message, a host from the inside.
 *
 * Life of an actor: LIVE -> ENDING -> gone. While LIVE it may be found and sent to. ENDING begins with its last handler or
 * its crash: it is out of all names, its messages are dead letters, its tasks and timers are gone; then its children end,
 * youngest first, then its running jobs, then its resources are released and its watchers told (life.c).
 *
 * The stack of contexts: `current` is the actor whose code runs, `task` its task if it is in one, `unwind` where act_fail
 * leads. act_spawn's init, a started task and act_host_enter save them and set them back.
 */
#ifndef RUNTIME_ACTOR_ACTOR_PRIVATE_H
#define RUNTIME_ACTOR_ACTOR_PRIVATE_H

#include <assert.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/actor/act-host.h"
#include "runtime/actor/far/envelope.h"
#include "runtime/actor/mail/lane-index.h"
#include "runtime/actor/part/pool.h"
#include "runtime/actor/part/run-times.h"
#include "runtime/actor/part/slots.h"
#include "runtime/actor/part/wheel.h"
#include "runtime/base/chance.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/hash.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

/*
 * Between two looks at the loop: as many activations, which costs a hundredth of them where they are short, and not longer than
 * a time, since one may handle thousands of messages and sockets should not wait for 256 of those.
 */
#define TURN_ACTIVATIONS 256U
#define TURN_NS TIME_MS
/*
 * After so long an activation ends though the actor has messages left: what one of them costs is its handler's matter, what a full
 * mailbox of them costs together must not be. Looked at after each few, for it takes as long as a tenth of a short message.
 */
#define ACTIVATION_NS (4 * TIME_MS)
#define ACTIVATION_LOOK 4U
#define WORDS_BYTES 80U         /* why an actor ended, in act_down and act_exit */
#define SLOT_BY_NAME UINT32_MAX /* act_ref.slot of a reference by name; gen is then the hash */

/* What the entries of the wheel are part of. */
enum wheel_kind { WHEEL_MESSAGE, WHEEL_KILL, WHEEL_REQUEST, WHEEL_TASK, WHEEL_CALL };

struct task;
struct trace;
struct class_total;
struct job;
struct group;
struct supervised;

/* ---- messages (message.c) ------------------------------------------------------------------------- */

/* Bits of its flags; from 256 on they are the number of its entry in the trace. */
enum {
	MESSAGE_SYSTEM = 1,  /* for the system lane */
	MESSAGE_TASK = 2,    /* an answer for `task`, not for the handler */
	MESSAGE_JOB = 4,     /* `job` has run */
	MESSAGE_CONTROL = 8, /* for the runtime itself: stop, kill, exit (life.c) */
	MESSAGE_KEPT = 16,   /* act_keep: do not drop the body */
	MESSAGE_POSTED = 32, /* made by another thread: from the heap, not the pool */
	MESSAGE_CALL = 64,   /* act_host_call: the body is a struct message_call */
};

struct message {
	struct message *next;
	struct act_msg msg;
	union {
		struct {
			uint32_t slot,
			    gen; /* the receiver, while another thread's post is on its way */
		};
		struct task *task; /* MESSAGE_TASK */
		uint64_t key;      /* in the user lane of a class that coalesces */
	};
	union {
		struct arena *arena; /* what a body from a link was decoded into */
		struct job *job;     /* MESSAGE_JOB */
	};
	uint32_t flags;
	uint32_t body_bytes;
	_Alignas(16) char body[];
};

struct message_call {
	void (*fn)(struct act_host *host, void *arg);
	void *arg;
};

struct message *message_new(struct act_host *host, const struct act_type *type, const void *body);
/* The same from the heap, by any thread. */
struct message *message_new_posted(const struct act_type *type, const void *body);
void message_free(struct act_host *host, struct message *message); /* drops the body unless kept */
static inline struct message *message_of(const struct act_msg *msg)
{
	return list_item((struct list *)(uintptr_t)msg, struct message, msg);
}
void message_dead(struct act_host *host, enum act_dead reason, const struct act_type *type);
/* Refuses it if it is a request, frees it. */
void message_refuse(struct act_host *host, struct message *message, enum status status);
/* The same, and counts it. */
void message_bury(struct act_host *host, struct message *message, enum act_dead reason);

/* ---- an actor ---------------------------------------------------------------------------------------- */

enum {
	ACTOR_QUEUED = 1, /* in the run queue */
	ACTOR_ENDING = 2,
	ACTOR_DEAD = 4,        /* ended; the slot is given back when it leaves the run queue */
	ACTOR_ON_STACK = 8,    /* its code is running, perhaps below another's init */
	ACTOR_TRAPS = 16,      /* exits are messages */
	ACTOR_STOPPING = 32,   /* asked to end */
	ACTOR_DOOMED = 64,     /* its mailbox overflowed and its class crashes of that */
	ACTOR_HELD = 128,      /* its slot is looked at again after this activation */
	ACTOR_ANNOUNCED = 256, /* its parent gets life_ended */
	ACTOR_TIMED =
	    512, /* it has `supervised`, where its runs are counted by how long they took */
	ACTOR_DUE = 1024, /* its parent ends and waits for it: it is killed in time */
	ACTOR_KEYED =
	    2048, /* its class has keys: a look at the flags costs less than one at the class */
};

struct lane {
	struct message *head, *tail;
};

/*
 * What most actors have nothing of. Those share act_no_ties, which is constant: reading needs no question, and who adds something asks
 * actor_ties for a struct of the actor's own. So one that only has state and a mailbox is three lines of the cache.
 */
struct act_ties {
	struct list children; /* oldest first */
	struct list owned;    /* struct owned, oldest first */
	struct list watchers; /* struct watch: who wants to know of our end */
	struct list watching; /* struct watch: whose end we want to know */
	struct list asking;   /* struct request: by us */
	struct list asked;    /* struct request: to us, not yet answered */
	struct list timers;   /* struct timer */
	struct list tasks;    /* struct task */
	struct list jobs;     /* struct job: given and not yet run */
	struct list lanes;    /* struct act_lane */
	struct lane stash;
	uint32_t stash_len, task_count;
	struct lane_index keys; /* of the user lane, where the class has keys */
	VEC(struct group *) groups;
	char *words; /* while ENDING: why, or NULL; from the heap */
};

/* What every message touches comes first. */
struct act {
	struct slot slot;
	uint32_t flags;
	struct act_host *host;
	const struct act_class *class;
	act_receive *receive;
	void *state;
	struct act *run_next;
	uint64_t messages, run_cycles;
	struct lane system, user;
	uint32_t system_len, user_len, user_high, user_max;
	struct act_ties *ties; /* never NULL */
	struct act *parent;
	struct list sibling; /* in the parent's children */
	struct arena *arena;
	char *name;                    /* registered, or NULL; from the heap */
	struct supervised *supervised; /* what our supervisor keeps of us */
	struct mono started;
	enum act_reason reason; /* while ENDING */
};
_Static_assert(sizeof(struct act) <= 192, "a million of them are promised to fit (LIMIT_ACTORS)");

/* What runs now, in a page of its own: read by act_peek_read at any moment. */
struct act_peek {
	_Atomic uint64_t activation;
	_Atomic(const struct act_class *) class; /* NULL: nothing */
	_Atomic(const char *) name;              /* NULL: its class's */
	_Atomic(const struct act_type *) type;   /* NULL: no message */
};

/* ---- a host -------------------------------------------------------------------------------------------- */

struct act_host {
	/* What every message touches comes first. */
	struct act_ref here; /* of nobody here: slot and generation are 0 */
	struct act *current;
	struct task *task;
	struct message *message; /* being handled; freed if its handler crashes */
	struct act *run_head, *run_tail;
	uint32_t budget; /* activations left in this turn */
	bool is_unmeasured, is_encoding_local;
	uint64_t cycles_mark, longest_cycles;
	uint64_t turn_ends_cycles; /* no activation begins after it */
	uint64_t activation_cycles; /* ACTIVATION_NS; none lasts longer for the number of its messages */
	struct pool pool;
	struct slots actors;
	jmp_buf *unwind;
	struct mono now;
	struct act_host_config config;
	struct seams seams;
	struct slots timers, requests, watches, owned;
	struct wheel wheel;
	struct list calls; /* still to come: act_host_call_at */
	struct act *root;
	bool root_failed, is_done, is_abandoned, is_draining;
	struct mono drained_by;  /* then */
	char words[WORDS_BYTES]; /* of the last act_fail, until the crash is dealt with */
	struct map names, hashes, groups;
	struct list peers[64]; /* struct peer by node and host (remote.c) */
	struct map types;      /* by id */
	struct text scratch;   /* bodies on their way to the link */
	struct task *free_tasks;
	uint32_t free_task_count, task_count, job_count;
	struct chance chance;
	struct act_host_stats stats;
	double ns_per_cycle;
	int64_t calibrate_ns;
	uint64_t calibrate_cycles;
	/* Shared with other threads. */
	_Alignas(64) _Atomic(struct message *) posted;
	_Atomic bool is_asleep;
	uint64_t activations; /* messages, inits and callbacks: what peek->activation shows */
	struct act_peek *peek;
	struct map classes; /* by name: what those that ended have done (class.c) */
	struct class_total *class_last;
	struct trace *trace; /* NULL: off */
	uint64_t trace_next; /* where a next trace begins to number: what is in mailboxes may carry old numbers */
};

static inline uint64_t actor_host_now_ms(const struct act_host *host)
{
	return (uint64_t)host->now.ns / (uint64_t)TIME_MS;
}

/* Rounded up, so that no timer is early. */
static inline uint64_t actor_host_due_ms(const struct act_host *host, uint64_t delay_ms)
{
	if (delay_ms > UINT32_MAX * 1000ULL)
		delay_ms = UINT32_MAX * 1000ULL;
	return ((uint64_t)host->now.ns + (uint64_t)TIME_MS - 1) / (uint64_t)TIME_MS + delay_ms;
}

static inline struct act_ref actor_ref(const struct act *act)
{
	struct act_ref ref = act->host->here;
	ref.slot = act->slot.index;
	ref.gen = act->slot.gen;
	return ref;
}

/* What runs from now on, for whoever looks from outside; NULL, NULL: nothing. `type` NULL: no message. */
static inline void actor_host_peek_set(struct act_host *host, const struct act *act,
				       const struct act_type *type)
{
	struct act_peek *peek = host->peek;

	atomic_store_explicit(&peek->activation, ++host->activations, memory_order_relaxed);
	atomic_store_explicit(&peek->class, act ? act->class : NULL, memory_order_relaxed);
	atomic_store_explicit(&peek->name, act ? act->name : NULL, memory_order_relaxed);
	atomic_store_explicit(&peek->type, type, memory_order_relaxed);
}

static inline bool actor_host_is_here(const struct act_host *host, struct act_ref ref)
{
	return ref.node == host->here.node && ref.host == host->here.host;
}

/* The living actor behind a reference to this host; NULL: stale, ending, or of another life of the host. */
struct act *actor_host_find(const struct act_host *host, struct act_ref ref);

/* The same for whatever reference; NULL: not by its slot, so it has to be looked at closely. */
static inline struct act *actor_host_find_here(const struct act_host *host, struct act_ref ref)
{
	struct act *act;

	if (!actor_host_is_here(host, ref) || ref.epoch != host->here.epoch)
		return NULL;
	act = slots_get(&host->actors, ref.slot, ref.gen);
	return act && !(act->flags & ACTOR_ENDING) ? act : NULL;
}

/* A counter of the processor that costs less than a clock; 0 where there is none. */
static inline uint64_t actor_host_cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t n;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(n));
	return n;
#else
	return 0;
#endif
}

static inline uint64_t actor_host_ns(const struct act_host *host, uint64_t cycles)
{
	return (uint64_t)((double)cycles * host->ns_per_cycle);
}

/* ---- ties.c ------------------------------------------------------------------------------------------------- */

extern const struct act_ties act_no_ties;

struct act_ties *ties_make(struct act *act);
void ties_free(struct act *act); /* all its lists are empty */

/* To add something to; act->ties to look. */
static inline struct act_ties *actor_ties(struct act *act)
{
	return act->ties != &act_no_ties ? act->ties : ties_make(act);
}

/* ---- life.c ------------------------------------------------------------------------------------------------- */

/* STOP: asked to end. KILL: ends without stop, for the reason given. EXIT: a linked actor ended. */
enum control { CONTROL_STOP, CONTROL_KILL, CONTROL_EXIT };

/* A finalizer. */
struct owned {
	struct slot slot;
	struct list link;
	void (*release)(void *arg);
	void *arg;
};

struct life_control {
	enum control what;
	struct act_exit exit;
};

/* What a supervisor is told of its child: a message in its system lane. */
struct life_ended {
	struct supervised *supervised;
	struct act_ref who;
	enum act_reason why;
	char what[WORDS_BYTES];
};
ACT_TYPE_DECLARE(life_ended);

struct life_spawn {
	const struct act_class *class;
	const void *args;
	const char *name;
	struct supervised *supervised; /* NULL: not by a supervisor */
	bool is_announced;             /* the parent gets life_ended; implied by `supervised` */
};

MUST_USE enum status life_spawn(struct act_host *host, struct act *parent,
				const struct life_spawn *spawn, struct act **out);
/* Of a class with a limit, between its activations: ends it if its arena is larger. */
void life_check_memory(struct act *act);
/* Goes on with ending, if nothing has to be waited for. Called when a child has ended or a job has run. */
void life_go_on(struct act *act);
/* The running actor crashed and the stack has been unwound: ends it. `host->words` says why. */
void life_crashed(struct act_host *host);
_Noreturn void life_unwind(struct act_host *host);
void life_control_send(struct act *act, enum control what, const struct act_exit *exit);
void life_control(struct act *act, const struct life_control *control);
/* The running actor ends in order: stop is called. */
void life_leave(struct act *act, enum act_reason reason);
/* Frees memory without telling anybody: for act_host_abandon. */
void life_abandon(struct act *act);

/* ---- class.c ------------------------------------------------------------------------------------------------ */

/* It has ended and nobody looks at it any more: counted with its class, its slot is given back. */
void class_leave(struct act *act);
void class_fini(struct act_host *host);

/* ---- request.c ------------------------------------------------------------------------------------------------- */

struct request {
	struct slot slot;
	struct list asker_link;   /* in the asker's `asking`, or its peer's `asking` */
	struct list target_link;  /* in the target's `asked`, or its peer's `asked` */
	struct wheel_entry timer; /* not armed for one from another host */
	struct act_host *host;
	struct act *asker;        /* NULL: at another host */
	struct act_ref asker_ref; /* then */
	uint64_t tag;             /* the asker's: here of act_request, there of the envelope */
	struct task *task;        /* waits for it, or NULL */
	struct seams_peer target; /* node 0: here */
};

/* Ends a request without a reply; whoever asked is told. */
void request_refuse(struct request *request, enum status status);
void request_fail_all(struct list *asked, enum status status);
void request_forget(
    struct request *request); /* nobody is told here; the other host is, if it is there */
/* Makes the entry for an asker at another host. NULL: no room. */
struct request *request_from_peer(struct act_host *host, struct act_ref asker, uint64_t tag,
				  struct act *target);
void request_cancel_from_peer(struct act_host *host, struct act_ref asker, uint64_t tag);
/* An answer came over a link. Takes the message (NULL: refused with status). */
void request_answered(struct act_host *host, struct seams_peer from, uint64_t id,
		      struct message *reply, enum status status);
void request_timer(struct wheel_entry *entry);
MUST_USE enum status request_start(struct act *act, struct act_ref to, const struct act_type *type,
				   const void *body, uint32_t timeout_ms, uint64_t tag,
				   struct task *task);

/* ---- timer.c --------------------------------------------------------------------------------------- */

struct timer {
	struct slot slot;
	struct list link; /* in the actor's timers */
	struct wheel_entry entry;
	struct act *act;
	struct message *message;     /* of WHEEL_MESSAGE, unless it is periodic */
	const struct act_type *type; /* of a periodic one, with its body */
	void *body;
	uint64_t period_ms;
};

/* One of act_host_call_at. */
struct timer_call {
	struct wheel_entry entry;
	struct list link; /* in the host's calls */
	void (*fn)(void *arg);
	void *arg;
};

void timer_fire_due(struct act_host *host);
void timer_forget_calls(struct act_host *host);
void timer_free_all(struct act *act);
void timer_kill_after(struct act *act, uint32_t ms);

/* ---- watch.c --------------------------------------------------------------------------------------- */

/* One actor wants to know of another's end. At least one of the two is here. */
struct watch {
	struct slot slot;
	struct list watcher_link; /* in the watcher's `watching`, or its peer's */
	struct list target_link;  /* in the target's `watchers`, or its peer's */
	struct act_host *host;
	bool is_link;
	struct act *watcher, *target; /* NULL: at another host */
	struct act_ref watcher_ref, target_ref;
	uint64_t tag; /* of a watcher elsewhere: its name for this */
};

void watch_actor_ended(struct act *act);
void watch_peer_lost(struct list *watched, struct list *watching, uint16_t epoch);
void watch_from_peer(struct act_host *host, const struct envelope *envelope, struct act *target);
void watch_unwatch_from_peer(struct act_host *host, const struct envelope *envelope);
void watch_down_from_peer(struct act_host *host, struct seams_peer from, uint64_t id,
			  enum act_reason why, struct str words);
/* A linked actor elsewhere ended. */
void watch_exit_from_peer(struct act_host *host, struct act *act, struct act_ref who,
			  enum act_reason why, struct str words);

/* ---- registry.c ------------------------------------------------------------------------------------- */

MUST_USE enum status registry_add(struct act *act, const char *name);
void registry_remove(struct act *act); /* its name and its groups */
struct act *registry_by_hash(const struct act_host *host, uint32_t hash);
void registry_fini(struct act_host *host);

/* ---- task.c ------------------------------------------------------------------------------------------ */

/* Goes on with a task that waits; `answer` becomes its own (NULL: none). */
void task_resume(struct task *task, struct message *answer);
_Noreturn void task_fail(struct task *task);
void task_free_all(struct act *act);
void task_fini(struct act_host *host);
void task_timer(struct wheel_entry *entry);

/* ---- job.c ------------------------------------------------------------------------------------------- */

void job_start(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg,
	       struct task *task);
void job_withdraw_all(struct act *act);
void job_close_lanes(struct act *act);
void job_delivered(struct job *job); /* the handler has seen act_job_done */
void job_discard(struct job *job);   /* nobody will see it */

/* ---- trace.c ------------------------------------------------------------------------------------------ */

/* The message is put into the mailbox of that actor; only while the trace is on. */
void trace_put(struct act *to, struct message *message);

/* ---- supervisor.c ------------------------------------------------------------------------------------ */

struct supervised_view {
	const char *id;
	uint32_t restarts;
	const char *last_reason;
	uint32_t shutdown_ms;
	const struct run_times *run_times; /* in cycles */
};

void supervisor_view(const struct supervised *supervised, struct supervised_view *out);
void supervisor_ran(struct supervised *supervised, uint64_t cycles);

/* A child of which there is no actor now. */
struct supervised_absent {
	const char *id, *class_name;
	const char *last_reason;
	uint32_t restarts;
	bool is_waiting; /* it will be started again */
};
/* The one at `*at` or behind it, which begins as 0; false: no more. */
bool supervisor_next_absent(const struct act *supervisor, uint32_t *at,
			    struct supervised_absent *out);

#endif
