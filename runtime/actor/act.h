/*
 * Actors: state, a mailbox and a handler that runs to completion. The face that all actors use.
 *
 * Every call takes the context of the running actor (`struct act *`) and is legal only on its host's
 * thread, inside its handler, its tasks or a callback of runtime/loop; nothing here is global. Calls for
 * whoever holds a host, from any thread or from outside, are in act-host.h; seams.h has the vtables a host stands on.
 *
 * Promises. A handler never runs twice at once and never on two threads. Messages between two actors stay
 * in order. A send never blocks and is delivered at most once; what is lost is counted by reason. A
 * reference to an actor that ended is stale for ever. When an actor ends, in whatever way, its jobs
 * are waited for, its children end, its owned resources are released in reverse order, its arena goes,
 * and then everybody who watches it is told.
 *
 * Bounds: LIMIT_MAILBOX, LIMIT_MESSAGE_BYTES, LIMIT_TASKS, LIMIT_ACTORS, LIMIT_TIMERS; per class see struct act_class.
 */
#ifndef RUNTIME_ACTOR_ACT_H
#define RUNTIME_ACTOR_ACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "runtime/base/time/time.h"

struct act;      /* the running actor */
struct act_host; /* a loop full of actors */
struct seams;

#pragma GCC visibility push(default)

/* ---- references ---------------------------------------------------------------------------------- */

/* Names one life of one actor in the cluster; all zero is nobody. A plain value: copy it, send it, compare it. */
struct act_ref {
	uint32_t node;
	uint16_t host, epoch; /* epoch: which life of the host; 0 only in references by name */
	uint32_t slot, gen;
};

#define ACT_NIL ((struct act_ref){ 0 })

static inline bool act_ref_is_nil(struct act_ref ref)
{
	return ref.gen == 0;
}

static inline bool act_ref_eq(struct act_ref a, struct act_ref b)
{
	return a.slot == b.slot && a.gen == b.gen && a.node == b.node && a.host == b.host &&
	       a.epoch == b.epoch;
}

/* ---- messages ------------------------------------------------------------------------------------ */

/*
 * A type of message: its body is a C struct of `size` bytes, copied shallowly when sent. What it points to is either
 * constant or owned by the message and released by `drop`. A type with an id has an encoder and decoder and may leave
 * the process (its id is then listed at every host, act_host_add_types); one without is refused at the border with NOT_IMPLEMENTED.
 */
struct act_type {
	uint32_t id; /* 0: only within a host; else the same in all releases */
	const char *name;
	uint32_t size;
	void (*drop)(void *body); /* NULL: owns nothing */
	enum status (*encode)(const void *body, struct text *out);
	/*
	 * Fills the cleared `body`; what it points to lives in `arena`, which dies with the message, or is owned by the
	 * body as after a local send. `bytes` are gone afterwards. Not OK: the message is dropped and counted.
	 */
	enum status (*decode)(struct str bytes, struct arena *arena, void *body);
};

/* In a header: ACT_TYPE_DECLARE(thing_changed); in one source file: ACT_TYPE(thing_changed, .id = 7, .drop = ...); */
#define ACT_TYPE_DECLARE(T) extern const struct act_type T##_type
#define ACT_TYPE(T, ...) \
	const struct act_type T##_type = { .name = #T, .size = sizeof(struct T), ##__VA_ARGS__ }

enum act_kind {
	ACT_PLAIN,
	ACT_REQUEST, /* somebody waits: act_reply, act_refuse or a later act_answer */
	ACT_ANSWER,  /* to our act_request: look at `status` first, then at `type` */
	ACT_TIMER,   /* from act_after or act_every; tag is what those returned */
	ACT_JOB,     /* an act_job has ended: type act_job_done, tag as given */
	ACT_SIGNAL,  /* act_down, act_exit and other messages of the runtime itself */
};

struct act_msg {
	const struct act_type *type;
	void *body; /* NULL in an answer whose status is not OK */
	struct act_ref from;
	uint64_t tag;
	enum act_kind kind;
	enum status
	    status; /* of an ANSWER: OK, TIMEOUT, GONE (it ended), UNAVAILABLE (link lost) or what act_refuse said */
};

#define ACT_IS(msg, T) ((msg)->type == &T##_type)
#define ACT_AS(msg, T) ((struct T *)(msg)->body)

/* ---- classes ------------------------------------------------------------------------------------- */

enum act_verdict {
	ACT_OK,
	ACT_STOP,      /* end normally once this handler has returned */
	ACT_UNHANDLED, /* counted as a dead letter; a request is refused with NOT_IMPLEMENTED */
};

typedef enum act_verdict act_receive(struct act *act, void *state, const struct act_msg *msg);

/* Why an actor ended. */
enum act_reason {
	ACT_NORMAL,        /* it said ACT_STOP */
	ACT_SHUTDOWN,      /* it was asked to, or its parent ended */
	ACT_KILLED,        /* it did not end in time, or act_kill */
	ACT_CRASHED,       /* act_fail, a failed init, a limit of its class */
	ACT_NO_ACTOR,      /* there was none when it was looked at */
	ACT_NO_CONNECTION, /* the link to its host was lost; it may live on */
};

const char *act_reason_name(enum act_reason reason); /* "crashed" */

/* What happens to a message for a user lane that is full. The system lane takes everything, and first. */
enum act_full {
	ACT_FULL_REJECT,   /* the sender gets BUSY */
	ACT_FULL_DROP_OLD, /* the oldest becomes a dead letter (a request is refused with BUSY) */
	ACT_FULL_CRASH, /* the receiver crashes: for those that rebuild their state when they start */
};

struct act_class {
	const char *name;
	uint32_t state_size; /* cleared before init; gone after stop or crash */
	/* Runs before act_spawn returns. Not OK: the actor ends as crashed and act_spawn returns that. NULL: nothing to do. */
	enum status (*init)(struct act *act, void *state, const void *args);
	act_receive *receive;
	/* Before an orderly end, with the arena still there; not called after a crash or kill. NULL: nothing to do. */
	void (*stop)(struct act *act, void *state, enum act_reason why);
	uint32_t mailbox_max; /* of the user lane; 0: LIMIT_MAILBOX */
	enum act_full on_full;
	/*
	 * Coalescing: a message whose key is not 0 replaces the body of one in the user lane with the same type and key
	 * (in its place in line). NULL: never. Called at each send, so keep it cheap.
	 */
	uint64_t (*key)(const struct act_type *type, const void *body);
	size_t memory_max; /* bytes of arena; more is a crash of this actor; 0: no limit of its own */
	/*
	 * One activation. One that does not end cannot be unwound, so where there is a watchdog it ends the whole process (L2) and the black box
	 * names this actor. 0: the host's, LIMIT_STUCK_MS unless the loop was told otherwise; all are reported before.
	 */
	uint32_t run_max_ms;
};

/* ---- life ---------------------------------------------------------------------------------------- */

struct act_ref act_self(const struct act *act);
struct act_host *act_host_of(const struct act *act);
const struct seams *act_seams(const struct act *act);
const char *act_name(const struct act *act); /* registered name, else the class's */

/*
 * Makes an actor, a child of this one: it ends when this one does. `args` are borrowed for the time of init. `name` is
 * registered unless NULL. `out` may be NULL. EXISTS: the name is taken; BUSY: LIMIT_ACTORS; else what init returned.
 */
MUST_USE enum status act_spawn(struct act *act, const struct act_class *class, const void *args,
			       const char *name, struct act_ref *out);

/* Asks an actor to end (ACT_SHUTDOWN, after what it has in its system lane); kill does not ask. Also across links. */
void act_stop(struct act *act, struct act_ref who);
void act_kill(struct act *act, struct act_ref who);

/* Crashes the running actor: unwinds to the loop, or ends the init. Never across frames of a library (then it is L2). */
_Noreturn void act_fail(struct act *act, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define ACT_ASSERT(act, claim) \
	((claim) ? (void)0 : act_fail((act), "%s:%d: %s", __FILE__, __LINE__, #claim))

void act_become(struct act *act, act_receive *receive); /* from the next message on */

void *act_alloc(struct act *act, size_t size_bytes); /* cleared; from the actor's arena */
struct arena *act_arena(struct act *act);

/* Calls `release(arg)` when the actor ends, in reverse order; not from act_fail's depth but from the loop. */
uint64_t act_own(struct act *act, void (*release)(void *arg), void *arg);
void act_disown(struct act *act, uint64_t id); /* released by hand: the finalizer is forgotten */

/* ---- sending ------------------------------------------------------------------------------------- */

/*
 * OK: copied, and what the body owns is the message's from now on. Else the caller still owns it: BUSY (lane or link
 * full), NOT_FOUND (stale or nobody), UNAVAILABLE (no link), NOT_IMPLEMENTED (local type across a border), TOO_LARGE. Across a
 * link the body has been encoded and dropped when this returns OK.
 */
MUST_USE enum status act_send(struct act *act, struct act_ref to, const struct act_type *type,
			      const void *body);
#define act_tell(act, to, T, ...) act_send((act), (to), &T##_type, &(struct T){ __VA_ARGS__ })

/* As act_send; whatever was not taken is dropped here and counted: for what may get lost. */
void act_cast(struct act *act, struct act_ref to, const struct act_type *type, const void *body);

/* Passes the message on unchanged, with its sender and its claim to an answer; the handler must not touch it again. */
MAY_IGNORE enum status act_forward(struct act *act, const struct act_msg *msg, struct act_ref to);

/*
 * Keeps what the body owns beyond the handler: drop is not called. Returns the arena into which a message that came
 * over a link was decoded (the caller frees it), NULL for one from this host. The body struct itself is copied by the caller.
 */
struct arena *act_keep(struct act *act, const struct act_msg *msg);

/* Puts a message aside; act_unstash puts all of them back at the head of the user lane, oldest first. BUSY: mailbox_max. */
MUST_USE enum status act_stash(struct act *act, const struct act_msg *msg);
void act_unstash(struct act *act);

/* ---- requests ------------------------------------------------------------------------------------ */

/*
 * OK: exactly one ACT_ANSWER with this tag will arrive in the system lane: the reply, or a status TIMEOUT, GONE, UNAVAILABLE
 * or what the other refused with. Else as act_send, and nothing arrives. A reply after the timeout is dropped and counted.
 */
MUST_USE enum status act_request(struct act *act, struct act_ref to, const struct act_type *type,
				 const void *body, uint32_t timeout_ms, uint64_t tag);
void act_request_cancel(struct act *act,
			uint64_t tag); /* no answer will come to any with this tag */

/* The claim to an answer, to be answered later or by another actor of this host. A value. */
struct act_ticket {
	struct act_ref from;
	uint64_t id;
};

struct act_ticket act_ticket(const struct act_msg *msg);
/* GONE: nobody waits any more (counted); the caller still owns the body. Answering twice is the same. */
MAY_IGNORE enum status act_answer(struct act *act, struct act_ticket ticket,
				  const struct act_type *type, const void *body);
MAY_IGNORE enum status act_answer_status(struct act *act, struct act_ticket ticket,
					 enum status status);
MAY_IGNORE enum status act_reply(struct act *act, const struct act_msg *msg,
				 const struct act_type *type, const void *body);
MAY_IGNORE enum status act_refuse(struct act *act, const struct act_msg *msg, enum status status);
#define act_reply_of(act, msg, T, ...) \
	act_reply((act), (msg), &T##_type, &(struct T){ __VA_ARGS__ })

/* ---- time and chance ----------------------------------------------------------------------------- */

struct mono act_now(const struct act *act); /* read once per turn of the loop */
struct wall act_wall(const struct act *act);
uint64_t act_random(struct act *act);

/*
 * Rarely taken branches, for simulations: declared at file level, asked about where they begin. True with the given chance where
 * act_sim_buggify has said so, never outside of a simulation, which also reports how often each was taken.
 *
 *     ACT_BRANCH(says_busy, 5, "the store says BUSY though it is not");
 *     ... if (act_buggify(act, &says_busy)) ...
 */
struct act_branch {
	const char *what;
	uint32_t per_mille;
};
#define ACT_BRANCH(name, per_mille, what)                              \
	static const struct act_branch name = { (what), (per_mille) }; \
	static const struct act_branch *const name##_listed            \
	    __attribute__((used, section("act_branches"))) = &name
bool act_buggify(struct act *act, const struct act_branch *branch);

/* Sends the body to this actor, in the system lane, with kind ACT_TIMER and the returned id (never 0) as tag. Gone with the actor. */
uint64_t act_after(struct act *act, uint64_t delay_ms, const struct act_type *type,
		   const void *body);
/*
 * First after one period; a period missed is not made up for. Those of whole or half seconds begin with one of the clock's,
 * so that a host at rest is woken once for all of them. The type must own nothing (no drop).
 */
uint64_t act_every(struct act *act, uint64_t period_ms, const struct act_type *type,
		   const void *body);
void act_cancel(struct act *act, uint64_t timer); /* it will not arrive; unknown ids are fine */

/* ---- watching ------------------------------------------------------------------------------------ */

/* An actor we monitor has ended or its link was lost: one per monitor. */
struct act_down {
	uint64_t monitor;
	struct act_ref who;
	enum act_reason why;
	char what[80]; /* act_fail's words, for people */
};
ACT_TYPE_DECLARE(act_down);

uint64_t act_monitor(struct act *act, struct act_ref who); /* never fails: a stale one is reported */
void act_demonitor(struct act *act, uint64_t monitor); /* no act_down of it arrives afterwards */

/* A linked actor ended: sent only to actors that trap exits; others end with it unless it ended normally. */
struct act_exit {
	struct act_ref who;
	enum act_reason why;
	char what[80];
};
ACT_TYPE_DECLARE(act_exit);

void act_link(struct act *act, struct act_ref who); /* both ways, also across hosts */
void act_unlink(struct act *act, struct act_ref who);
void act_trap_exits(struct act *act, bool is_trapping);

/* ---- names and groups ---------------------------------------------------------------------------- */

/* A name belongs to one living actor of the host. EXISTS: taken (or its hash is; choose another). */
MUST_USE enum status act_register(struct act *act, const char *name);

/* "x": the actor here that has the name now, or ACT_NIL. "x@node" or "x@node/host": as act_named there, ACT_NIL if the node is unknown. */
struct act_ref act_whereis(struct act *act, const char *name);

/* A reference by name: looked up at each arrival, so it outlives restarts. May be sent to and monitored. */
struct act_ref act_named(struct act *act, const char *name);

MUST_USE enum status act_join(struct act *act, const char *group);
void act_leave(struct act *act, const char *group);
/* To each member of the group on this host; how many took it. The type must own nothing (no drop). */
uint32_t act_publish(struct act *act, const char *group, const struct act_type *type,
		     const void *body);

/* ---- supervisors --------------------------------------------------------------------------------- */

enum act_strategy { ACT_ONE_FOR_ONE, ACT_ONE_FOR_ALL, ACT_REST_FOR_ONE };

enum act_restart {
	ACT_PERMANENT, /* always started again */
	ACT_TRANSIENT, /* unless it ended normally or by shutdown */
	ACT_TEMPORARY, /* never, and then forgotten */
};

struct act_child {
	const char *id; /* unique under its supervisor; also the registered name unless is_unnamed */
	const struct act_class *class;
	const void *args; /* borrowed as long as the supervisor lives */
	enum act_restart restart;
	uint32_t shutdown_ms; /* how long stop may take before it is killed; 0: LIMIT_SHUTDOWN_MS */
	bool is_unnamed;
	uint32_t max_restarts, within_ms; /* of this child alone; 0, 0: as its supervisor's */
};

/*
 * More than max_restarts within within_ms, of all children together, and the supervisor itself crashes, which is its own supervisor's
 * matter. A child may have a narrower bound of its own.
 */
struct act_supervisor {
	enum act_strategy strategy;
	uint32_t max_restarts, within_ms; /* 0, 0: 10 in 60 s */
	uint32_t backoff_min_ms,
	    backoff_max_ms; /* 0: at once; else jittered doubling while failures follow one another */
	const struct act_child *children;
	uint32_t child_count;
};

/* The class of supervisors, for children that are supervisors: args are a struct act_supervisor. */
extern const struct act_class act_supervisor_class;

/* Starts the children in order (stops in reverse) and returns when all have been initialised, or what the first failure was. */
MUST_USE enum status act_supervise(struct act *act, const struct act_supervisor *spec,
				   const char *name, struct act_ref *out);
/* Adds a child to a supervisor of this host, at the end; the child's strings and args are borrowed until it is removed or ends for good. */
MUST_USE enum status act_supervisor_add(struct act *act, struct act_ref supervisor,
					const struct act_child *child);

/* ---- tasks: coroutines, the only place where waiting is legal -------------------------------------- */

/* Runs until it returns; while it waits, other messages and tasks of the actor run. Its stack holds LIMIT_TASK_STACK_BYTES. */
typedef void act_task_fn(struct act *act, void *state, void *arg);

/* Starts at once, within this call, up to its first wait. BUSY: LIMIT_TASKS. Dies silently with its actor. */
MUST_USE enum status act_task(struct act *act, act_task_fn *run, void *arg);
bool act_in_task(const struct act *act);

/* act_request that waits. On OK *out is the reply, valid until this task waits again or ends (act_keep works). */
MUST_USE enum status act_ask(struct act *act, struct act_ref to, const struct act_type *type,
			     const void *body, uint32_t timeout_ms, const struct act_msg **out);
#define act_ask_of(act, to, timeout_ms, out, T, ...) \
	act_ask((act), (to), &T##_type, &(struct T){ __VA_ARGS__ }, (timeout_ms), (out))
void act_sleep(struct act *act, uint64_t delay_ms);
/* Lets other actors run: for long computations in a task. */
void act_pause(struct act *act);

/* Fan-out: several requests at once, also none. All answers are held until act_all_end, which every act_all needs. */
struct act_all;
struct act_all *act_all(struct act *act, uint32_t max);
/* Which index the answer will have; a failed send is an answer with that status (the body is then dropped). */
uint32_t act_all_ask(struct act_all *all, struct act_ref to, const struct act_type *type,
		     const void *body, uint32_t timeout_ms);
/* Waits for all of them; the worst outcome: OK only if all are. */
MUST_USE enum status act_all_wait(struct act_all *all);
const struct act_msg *act_all_answer(const struct act_all *all, uint32_t index);
void act_all_end(struct act_all *all);

/* ---- blocking work -------------------------------------------------------------------------------- */

/* An ordered worker of its own: one thread, one job at a time, in the order given. Closed with the actor. */
struct act_lane;
struct act_lane *act_lane_open(struct act *act, const char *name);

struct act_job_done {
	void *arg;
};
ACT_TYPE_DECLARE(act_job_done);

/*
 * Runs `run(arg)` on the lane's thread, or on the shared workers if lane is NULL, and then delivers act_job_done with the tag.
 * `run` must not touch the actor, only `arg`, which may lie in the actor's arena: an actor that ends waits for its running jobs. A job
 * not yet begun when its actor ends is dropped. Then, and if the actor ends before the delivery, `drop(arg)` is called unless NULL.
 */
void act_job(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg,
	     void (*drop)(void *arg), uint64_t tag);
/* The same of one that is short where the disk is quick: the host may do it itself, when it has nothing else to do. */
void act_job_brief(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg,
		   void (*drop)(void *arg), uint64_t tag);
/* The same from a task: returns when it has run. */
void act_await(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg);

#pragma GCC visibility pop

#endif
