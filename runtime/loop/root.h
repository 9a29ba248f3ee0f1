/*
 * The root: a small process that starts host processes and starts them again.
 *
 * Used by the main program of a node. Each host is this same binary, started with vfork and exec; it says ready and then beats
 * over an inherited socket. A host that ends, or stops beating, is started again with back-off under the next epoch; too
 * often and the root gives up on it and ends (the service manager is next). What killed it is read from its black box (blackbox.h).
 */
#ifndef RUNTIME_LOOP_ROOT_H
#define RUNTIME_LOOP_ROOT_H

#include "runtime/actor/act.h"
#include "runtime/base/fault.h"

#define ROOT_SPARES_MAX 4U
#define ROOT_WORDS_MAX \
	320U /* of a host's command line, with those that the root adds and the NULL behind them */
#define ROOT_WORDS_ADDED 2U
#define ROOT_LISTENING_MAX 4U

#pragma GCC visibility push(default)

struct root_host {
	const char *name;
	const char *const *
	    argv; /* argv[0] is the path of the binary; ends in NULL; leaves room for ROOT_WORDS_ADDED */
	uint16_t host; /* its number on the node */
	enum act_restart restart;
	uint32_t ready_ms;    /* to say ready in; 0: LIMIT_HOST_READY_MS */
	uint32_t shutdown_ms; /* from SIGTERM to SIGKILL; 0: LIMIT_SHUTDOWN_MS */
	/* Of this host alone; 0, 0: only that of all together counts. */
	uint32_t max_restarts, within_ms;
	/*
	 * Names of its actors, NULL at the end, that may live in a host of their own. One that ran at two deaths of this host is moved: this
	 * one then starts with `without_option` and the names of those that left ("a,b"), and a host NAME+ACTOR starts with the same words,
	 * `only_option` and that name. NULL: none.
	 */
	const char *const *movable;
	const char *without_option, *only_option;
};

struct root_spec {
	enum act_strategy strategy;
	/* More failures than that, and the root gives up; SIGKILL from outside is none, nor is what a moved actor does in its own host. */
	uint32_t max_restarts, within_ms;
	uint32_t backoff_min_ms, backoff_max_ms;
	const struct root_host *hosts; /* started in order: the next when the one before is ready */
	uint32_t host_count;
	/*
	 * Started, warmed up and waiting for the work of a host that ends (root_spare_wait); at most ROOT_SPARES_MAX. A host is never kept from
	 * starting for want of one. `spare_argv` NULL: none.
	 */
	uint32_t spares;
	uint16_t exile_first; /* number of the first host that an actor has of its own; the next ones follow */
	const char *const *spare_argv;
	int held_fd; /* open in every host until it ends, so that a lock on it is free when all have; -1: none */
	/*
	 * Sockets on which hosts listen (stream_listen_ahead), open in all of them: who calls while one is started again is not refused. The
	 * root's as long as it lives; -1: none.
	 */
	int listening[ROOT_LISTENING_MAX];
	uint32_t listening_count;
	const char *state_folder; /* epochs and the last black boxes are kept here */
};

/* The actor that does it: args are a struct root_spec. It ends normally when it was stopped and all hosts have ended. */
extern const struct act_class root_class;

/* Sent to `root_watch`ers (in the same process) when a host's state changes. */
enum root_state { ROOT_STARTING, ROOT_READY, ROOT_ENDED, ROOT_GIVEN_UP };
struct root_change {
	char name[32];
	enum root_state state;
	int64_t pid;
	uint16_t epoch;
	uint32_t restarts;
	char what[96]; /* why it ended */
};
ACT_TYPE_DECLARE(root_change);
struct root_watch {
	uint32_t is_watching;
};
ACT_TYPE_DECLARE(root_watch);

/* ---- in the host process ------------------------------------------------------------------------------- */

/* What the root gave this process; NOT_FOUND: it was not started by one. Also opens the black box. */
struct blackbox;
struct root_life {
	uint16_t host, epoch; /* its number on the node; which life of it */
	uint32_t restarts; /* how often the root has started it again, and why the last time; "" if never */
	char last_reason[80];
	int fd;
	int listening[ROOT_LISTENING_MAX]; /* root_spec.listening in its order; 0: none */
	struct blackbox *box;
	/* Before the host ends in order this actor is asked (root_ending), and answered or late, it ends. NULL: nobody. */
	const char *before_end;
	uint32_t before_end_ms; /* how long it may take; 0: half of LIMIT_SHUTDOWN_MS */
};
struct root_ending {
	char nothing;
};
ACT_TYPE_DECLARE(root_ending);

MUST_USE enum status root_inherited(struct root_life *out);
/*
 * In a spare, before any loop or thread that counts on what it does: says that it is warm and waits for work, for ever. OK: the words of
 * the host to be, in the arena; what root_inherited gives is then that host's, and the process is listed under them in the room of `argv`.
 * GONE: the root ended.
 */
MUST_USE enum status root_spare_wait(struct arena *arena, char **argv, int *out_argc,
				     char ***out_argv);

/* An actor of the host that says ready once its init has run, beats, and stops the host when the root goes away. Last child of the host's root supervisor; args: struct root_life. */
extern const struct act_class root_heart_class;

#pragma GCC visibility pop

#endif
