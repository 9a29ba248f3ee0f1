/*
 * The simulator: many hosts of many nodes in one thread, in virtual time, from one seed.
 *
 * For tests, ours and those of programs that embed the runtime. It gives each host simulated seams: a clock that only events move,
 * one random source, links that delay, lose sessions and part, a disk per node that forgets what was not synced, jobs that take
 * virtual time. The same seed and the same calls give the same run, and so the same act_sim_hash, on every machine. Messages between
 * hosts always pass through their encoders. Not thread-safe; several simulations may exist side by side.
 *
 * A test opens hosts with its own actors, has faults strike, runs, and looks at what must always hold after each event:
 *
 *     struct act_sim *sim = act_sim_new(seed);
 *     for (uint32_t node = 1; node <= 3; node++)
 *             status = act_sim_host(sim, node, &config);
 *     count = act_sim_plan(seed, &(struct act_sim_plan){ .kinds = ACT_SIM_ALL_FAULTS, .nodes = nodes, .node_count = 3,
 *                                                         .until_ms = 60000 }, faults, MAX);
 *     act_sim_strike(sim, faults, count, 2);
 *     end = act_sim_run(sim, 60000, is_broken, &world);   (ACT_SIM_CLAIM: it is)
 *     act_sim_calm(sim);
 *     ... and all must be well after a while
 *
 * If it fails, act_sim_shrink makes the list of faults as short as it can be.
 */
#ifndef RUNTIME_SIM_SIM_H
#define RUNTIME_SIM_SIM_H

#include "runtime/actor/act-host.h"
#include "runtime/base/fault.h"

struct act_sim;

#pragma GCC visibility push(default)

GIVE struct act_sim *act_sim_new(uint64_t seed);
void act_sim_free(TAKE struct act_sim *sim);

/* ---- hosts --------------------------------------------------------------------------------------------- */

/*
 * Adds a host to `node` and starts it. config: name, host number, root, types; node, epoch and driver are the simulator's. The same
 * config starts it again after act_sim_restart, under the next epoch, with the node's disk as the crash left it. A host whose root
 * supervisor gives up has ended as its process would, and is started again after a second.
 */
MUST_USE enum status act_sim_host(struct act_sim *sim, uint32_t node,
				  const struct act_host_config *config);
/*
 * NULL: unknown or down. Names in references: "n<node>" and "n<node>/<host>"; but a host that has been told of others (seams_link.learn)
 * knows those alone, by the names it was told, and lets nobody else in.
 */
struct act_host *act_sim_host_of(struct act_sim *sim, uint32_t node, uint16_t host);

/* ---- running ------------------------------------------------------------------------------------------- */

enum act_sim_end {
	ACT_SIM_CLAIM, /* check said true */
	ACT_SIM_TIME,  /* until was reached */
	ACT_SIM_IDLE,  /* nothing is due any more */
};

/* Runs events until virtual time `until_ms` (since act_sim_new). `check`, unless NULL, is called after every event; true ends the run. */
enum act_sim_end act_sim_run(struct act_sim *sim, uint64_t until_ms, bool (*check)(void *arg),
			     void *arg);
enum act_sim_end act_sim_run_for(struct act_sim *sim, uint64_t ms, bool (*check)(void *arg),
				 void *arg);
uint64_t act_sim_now_ms(const struct act_sim *sim);
uint64_t act_sim_events(const struct act_sim *sim);
uint32_t act_sim_node_running(
    const struct act_sim *sim); /* inside of act_sim_run; 0: none, it is the world's own event */
uint64_t act_sim_random(struct act_sim *sim);     /* for test code: part of the run */
uint64_t act_sim_hash(const struct act_sim *sim); /* of everything that happened so far */
/* Mixes a fact of the test's own into the hash. */
void act_sim_note(struct act_sim *sim, struct str fact);

/* ---- faults: nodes -------------------------------------------------------------------------------------- */

void act_sim_crash(
    struct act_sim *sim,
    uint32_t node); /* all its hosts at once; links break; unsynced writes are lost or torn */
void act_sim_crash_host(struct act_sim *sim, uint32_t node,
			uint16_t host); /* one process: its disk keeps everything written */
void act_sim_restart(
    struct act_sim *sim,
    uint32_t node); /* whatever of it is down; a failing start is tried again each second */
/* It crashes and is never started again, whoever asks. */
void act_sim_bury(struct act_sim *sim, uint32_t node);
bool act_sim_is_buried(const struct act_sim *sim, uint32_t node);
bool act_sim_is_up(const struct act_sim *sim, uint32_t node);
void act_sim_pause(struct act_sim *sim, uint32_t node,
		   bool is_paused); /* as SIGSTOP: runs nothing, loses nothing */
void act_sim_skew(struct act_sim *sim, uint32_t node,
		  int64_t wall_ns); /* its wall clock is off by this */

/* ---- faults: links --------------------------------------------------------------------------------------- */

struct act_sim_net {
	uint32_t delay_min_us, delay_max_us; /* of a message; default 100 to 2,000 */
	uint32_t break_per_million; /* chance per message that its session breaks: what is under way is lost, both ends are told */
	uint32_t detect_ms; /* how long until a silent peer counts as lost; default 3,000 */
};

void act_sim_net(struct act_sim *sim, const struct act_sim_net *net);
/* No message passes between the two nodes until healed; both ends learn it after detect_ms. One way: only from a to b. */
void act_sim_partition(struct act_sim *sim, uint32_t a, uint32_t b);
void act_sim_partition_one_way(struct act_sim *sim, uint32_t from, uint32_t to);
void act_sim_isolate(struct act_sim *sim, uint32_t node); /* from all others */
void act_sim_heal(struct act_sim *sim);                   /* all partitions */

/* ---- faults: disks --------------------------------------------------------------------------------------- */

struct act_sim_disk {
	uint32_t delay_min_us, delay_max_us; /* of a job; default 50 to 3,000 */
	uint32_t io_error_per_million;       /* of reads, writes and syncs */
	uint64_t size_bytes;                 /* more is FULL; 0: no limit */
	bool is_tearing; /* at a crash unsynced writes survive partly, in sectors of 512 bytes; else wholly or not. Default true */
};

void act_sim_disk(struct act_sim *sim, uint32_t node, const struct act_sim_disk *disk);
const struct seams_files *
act_sim_files(struct act_sim *sim,
	      uint32_t node); /* for test code: looks into and damages the disk */

/* Who knows what is on the disks: without it ACT_SIM_CORRUPT is left out. */
struct act_sim_rot {
	void *arg;
	/*
	 * Damages what is durable on that node's disk, and ends whoever has it open, who would not notice (act_sim_crash_host). False:
	 * nothing was done, as there is nothing yet, or what is lost could not be had from others.
	 */
	bool (*corrupt)(void *arg, uint32_t node);
	/* Whether everything that was damaged is whole again: no node is buried before. */
	bool (*is_whole)(void *arg);
};

void act_sim_rot(struct act_sim *sim, const struct act_sim_rot *rot);

/* ---- faults: actors -------------------------------------------------------------------------------------- */

/* One actor of the node, the `pick`th of those that live there (modulo their number): it crashes as by act_fail, or is killed. */
void act_sim_fail_actor(struct act_sim *sim, uint32_t node, uint64_t pick);
void act_sim_kill_actor(struct act_sim *sim, uint32_t node, uint64_t pick);
/* From now on act_buggify may say true. */
void act_sim_buggify(struct act_sim *sim, bool is_buggifying);

/* A branch of this program (ACT_BRANCH), or of any that was asked about; in no order that means anything, but always the same. */
struct act_sim_branch {
	const char *what;
	uint64_t asked, taken; /* in this simulation */
};

void act_sim_branches(const struct act_sim *sim,
		      void (*each)(void *arg, const struct act_sim_branch *branch), void *arg);

/* ---- faults: as a list, drawn from a seed ------------------------------------------------------------------ */

/* What may happen; `value` of struct act_sim_fault is in the last column, with what act_sim_plan draws for it. */
#define ACT_SIM_FAULT_MAP(X)                                                                         \
	X(ACT_SIM_CRASH, "crash") /* a node loses its power */                                       \
	X(ACT_SIM_BURY,                                                                              \
	  "bury") /* one does and never comes back; at most one of a simulation, of three or more */ \
	X(ACT_SIM_PROCESS, "process")     /* one host of a node dies: which */                       \
	X(ACT_SIM_POWER, "power")         /* all nodes at once */                                    \
	X(ACT_SIM_PAUSE, "pause")         /* a node runs nothing */                                  \
	X(ACT_SIM_PARTITION, "partition") /* nothing passes between two nodes */                     \
	X(ACT_SIM_ONE_WAY, "one-way")     /* nothing passes from one to the other */                 \
	X(ACT_SIM_ISOLATE, "isolate")     /* nothing passes between a node and all others */         \
	X(ACT_SIM_BREAK, "break")         /* sessions break: per million messages, to 3,000 */       \
	X(ACT_SIM_DELAY, "delay")         /* messages take longer: us at most, to 30,000 */          \
	X(ACT_SIM_SLOW_DISK, "slow-disk") /* jobs take longer: us at most, to 300,000 */             \
	X(ACT_SIM_IO_ERROR, "io-error")   /* a disk fails: per million operations, to 1,000 */       \
	X(ACT_SIM_FULL_DISK, "full-disk") /* a disk is full: bytes that it holds, 1 to 5 MiB */      \
	X(ACT_SIM_SKEW, "skew")           /* a wall clock is off: ms, to an hour either way */       \
	X(ACT_SIM_FAIL, "fail")           /* an actor crashes: which */                              \
	X(ACT_SIM_KILL, "kill")           /* an actor is killed: which */                            \
	X(ACT_SIM_BRANCH, "branch")       /* act_buggify may say true */                             \
	X(ACT_SIM_CORRUPT, "corrupt")     /* a node's disk forgets what was durable */

enum act_sim_fault_kind {
#define X(name, text) name,
	ACT_SIM_FAULT_MAP(X)
#undef X
	    ACT_SIM_FAULTS
};

#define ACT_SIM_ALL_FAULTS ((1U << ACT_SIM_FAULTS) - 1)

/* Strikes at a time and is over, and made good, after another: what crashed is started again. FAIL, KILL and BURY are never over, and
 * what CORRUPT took is for those that are left to bring back. */
struct act_sim_fault {
	enum act_sim_fault_kind kind;
	uint64_t at_ms; /* since act_sim_new */
	uint32_t for_ms;
	uint32_t node, other;
	int64_t value;
};

struct act_sim_plan {
	uint32_t kinds; /* 1 << ACT_SIM_CRASH | ... */
	const uint32_t *nodes;
	uint32_t node_count;
	uint64_t from_ms, until_ms; /* when they may strike */
	uint32_t every_ms;          /* between two, in the mean; 0: 1,000 */
	uint32_t for_max_ms;        /* 0: 5,000 */
};

/* Draws a list, in order of time; how many there are, at most `max`. Pure: the same seed gives the same faults. */
uint32_t act_sim_plan(uint64_t seed, const struct act_sim_plan *plan, struct act_sim_fault *out,
		      uint32_t max);
/*
 * Has them strike, those of the past at once; the list is copied. Where a fault would leave fewer nodes running than min_up it is left out
 * (and counted so). Any part of a list is a list: what the rest of a run does does not depend on how faults were drawn.
 */
void act_sim_strike(struct act_sim *sim, const struct act_sim_fault *faults, uint32_t count,
		    uint32_t min_up);
/* No fault of a list strikes any more, all are made good, partitions heal, no branch is taken, everybody runs who is not buried. */
void act_sim_calm(struct act_sim *sim);

struct act_sim_tally {
	uint64_t struck[ACT_SIM_FAULTS], left_out[ACT_SIM_FAULTS];
};

void act_sim_tally(const struct act_sim *sim, struct act_sim_tally *out);

const char *act_sim_fault_name(enum act_sim_fault_kind kind); /* "crash" */
/* "crash,partition" or "all". INVALID: an unknown name, which `why` says. */
MUST_USE enum status act_sim_fault_kinds(struct str names, uint32_t *out_kinds, struct fault *why);
/* "12400 ms crash n3 for 2100 ms" */
void act_sim_fault_print(const struct act_sim_fault *fault, struct text *out);

/*
 * Makes a list that fails as short as it can be: afterwards it still fails, and no longer does when any single one is left out (delta
 * debugging, Zeller and Hildebrandt 2002). `fails` runs the whole simulation anew under the same seed with the faults it is
 * given; it is called tries_max times at most, after which the list is the shortest seen to fail. Returns how many are left; they come first in `faults`.
 */
uint32_t act_sim_shrink(struct act_sim_fault *faults, uint32_t count, uint32_t tries_max,
			bool (*fails)(void *arg, const struct act_sim_fault *faults, uint32_t count),
			void *arg);

#pragma GCC visibility pop

#endif
