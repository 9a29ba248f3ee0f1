/*
 * The loop of the machine: drives one host with libuv and gives it the real seams.
 *
 * One loop is one thread. This folder is the only user of libuv; what happens in the world arrives at actors as messages
 * or as callbacks inside the owning actor (stream.h), never elsewhere. A process may have several loops.
 */
#ifndef RUNTIME_LOOP_LOOP_H
#define RUNTIME_LOOP_LOOP_H

#include "runtime/actor/act-host.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/fault.h"

#pragma GCC visibility push(default)

struct loop;
struct blackbox;

struct loop_config {
	struct act_host_config host;   /* `driver` is set by loop_open */
	uint32_t workers;              /* shared threads for jobs without a lane; 0: 4 */
	const struct seams_link *link; /* NULL: none, or act_host_set_link later */
	bool has_watchdog; /* a thread that logs, and then ends the process, when one activation does not end */
	uint32_t stuck_ms; /* when it does; 0: LIMIT_STUCK_MS */
	/*
	 * It answers others, in steps between threads, each of which waits for a processor: on a machine that has none to spare the kernel is
	 * asked (Linux 6.12) to let this thread and those that it starts come on soon and for a moment, instead of rarely and for long.
	 */
	bool is_prompt;
	/*
	 * So long it looks whether something has come before it sleeps, while what it waited for lately came sooner than that; 0: never. On a
	 * machine with processors to spare an answer is there without a processor being woken. Of a loop that rests it costs nothing.
	 */
	uint32_t spin_us;
	/* Called before the host opens: may put something before its seams, which then has to outlive the loop. NULL: nobody does. */
	void (*on_seams)(void *arg, struct seams *seams);
	void *on_seams_arg;
	struct blackbox *
	    box; /* what the root gave (root_inherited), filled from the first init on; NULL: none */
};

/* Opens the loop and its host; the root supervisor's children are initialised when this returns OK. */
MUST_USE enum status loop_open(const struct loop_config *config, struct loop **out);
/* Until the host is done (act_host_stop) or loop_quit. */
void loop_run(struct loop *loop);
/* Runs what is due now and returns; waits up to wait_ms if nothing is. For embedding in another loop, and tests. */
void loop_step(struct loop *loop, uint32_t wait_ms);
/* True when `claim(arg)` came true within the time. For tests: no sleeping for luck. */
bool loop_run_until(struct loop *loop, bool (*claim)(void *arg), void *arg, uint32_t timeout_ms);
void loop_quit(struct loop *loop); /* any thread */
/* Ends the actors in order and frees everything. */
void loop_close(TAKE struct loop *loop);

struct act_host *loop_host(struct loop *loop);
struct loop *loop_of(struct act *act); /* NULL: not on a real loop (a simulated host) */
int loop_fd(const struct loop *loop);  /* becomes readable when loop_step has something to do */
/* The machine's files, for who has to read some before a loop stands. Constant. */
const struct seams_files *loop_files(void);
const struct seams_clock *loop_clock(void);
/* Asks until claim(arg) comes true: false when it did not within the time. Blocks; for a process that has no loop yet. */
bool loop_await(bool (*claim)(void *arg), void *arg, uint32_t timeout_ms);
/* Blocks the calling thread: never that of a loop. */
void loop_pause(uint64_t us);

/* ---- at the end of a turn ----------------------------------------------------------------------------- */

/* The asker's, in a zeroed or once used state. */
struct loop_soon {
	struct list link;
	void (*fn)(void *arg);
	void *arg;
	bool is_asked;
};

/*
 * Calls fn(arg) once, on the loop's thread and outside of any actor, when the host has had its turn and before the loop waits for
 * anything: what a turn has gathered leaves together. Asking twice is asking once. The loop's thread only.
 */
void loop_soon(struct loop *loop, struct loop_soon *soon);
void loop_soon_never(struct loop_soon *soon); /* takes it back */

/* ---- signals ----------------------------------------------------------------------------------------- */

struct loop_signal {
	int number;
};
ACT_TYPE_DECLARE(loop_signal);

/* Sends loop_signal to this actor each time the process gets the signal; ends with the actor. */
MUST_USE enum status loop_on_signal(struct act *act, int number);

/* ---- child processes ----------------------------------------------------------------------------------- */

struct loop_ended {
	int64_t pid;
	int code;   /* -1 if it was killed */
	int signal; /* 0 if it exited */
};
ACT_TYPE_DECLARE(loop_ended);

/* Starts a program (posix_spawn, never a bare fork); loop_ended arrives when it has ended. The actor's end does not end it. */
MUST_USE enum status loop_spawn(struct act *act, const struct seams_spawn *spec, int64_t *out_pid,
				struct fault *why);

#pragma GCC visibility pop

#endif
