/*
 * What the files of this folder share: the loop from the inside.
 */
#ifndef RUNTIME_LOOP_LOOP_PRIVATE_H
#define RUNTIME_LOOP_LOOP_PRIVATE_H

#include <stdatomic.h>
#include <uv.h>

#include "runtime/base/base.h"
#include "runtime/loop/calm/calm.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/spin/brief.h"
#include "runtime/loop/spin/spin.h"

struct workers;

/* The one job that the loop may do itself, should it have nothing else to do soon. */
struct kept_job {
	struct seams_job *job; /* NULL: none */
	struct seams_worker *worker;
	int64_t since_ns;
	bool has_run;       /* one, since the machine was asked last */
	struct brief trust; /* that the next one will be short */
};

struct loop {
	uv_loop_t uv;
	uv_poll_t wake;
	int wake_fd;          /* an eventfd */
	atomic_bool is_woken; /* it was written to, and that has not been seen */
	uv_timer_t timer;     /* the host's next one */
	uv_timer_t look;      /* the next one at what the process keeps in memory */
	struct calm calm;
	struct spin spin;
	struct act_host *host;
	struct seams seams;
	struct workers *workers;
	struct kept_job kept;
	struct list processes; /* struct process: children not yet reaped */
	char *read_buffer;     /* of all streams: a callback has done with it when it returns */
	uint32_t connections;  /* streams that were accepted and are open */
	struct list listeners; /* struct stream_listener: waiting while there are too many connections */
	struct list connects; /* struct connecting: connections that are being made */
	struct list soon;     /* struct loop_soon: to be called when the turn is over */
	struct watchdog *watchdog;
	volatile int quits;    /* loop_quit was called; any thread */
	uint32_t open_handles; /* of ours, until their close callbacks */
};

/* A Unix socket holds about as much; what is read of TCP is usually decrypted next, and should still be near. */
#define LOOP_READ_BYTES (256U * KIB)
#define LOOP_READ_TCP_BYTES (64U * KIB)

/* A libuv outcome as ours; negative numbers only. */
MAY_IGNORE enum status loop_status(int error);

void clock_seams(struct seams *seams);
void process_seams(struct seams *seams, struct loop *loop);
void process_forget_all(struct loop *loop);
void jobs_seams(struct seams *seams, struct loop *loop);

struct workers *workers_new(struct loop *loop, uint32_t count);
/* What was kept goes on waiting, or after a while to its worker; is run here and now. Outside of any actor; nothing if none was kept. */
void jobs_postpone_kept(struct loop *loop);
void jobs_run_kept(struct loop *loop);
/* Runs what is finished; on the loop's thread, outside of any actor. */
void workers_finish(struct workers *workers);
/* Joins all threads; nothing may be waiting any more. */
void workers_free(TAKE struct workers *workers);

/* For the loop of the calling thread. */
GIVE struct watchdog *watchdog_new(struct act_host *host, uint32_t stuck_ms);
void watchdog_free(TAKE struct watchdog *watchdog);

/*
 * How patient one is with a thread: time in which it was ready to run and others had the processors does not count. The kernel says how long that
 * was in a file, /proc/PID/schedstat or that of a task of it; where it does not, all time counts. Any thread.
 */
struct patience {
	int64_t since_ms;    /* by any clock that goes on evenly; 0: it has not begun */
	uint64_t starved_ms; /* as the kernel said then */
};
struct patience patience_from(const struct seams_files *files, const char *schedstat,
			      int64_t now_ms);
/* How much of it is spent. */
int64_t patience_spent_ms(const struct patience *from, const struct seams_files *files,
			  const char *schedstat, int64_t now_ms);

#endif
