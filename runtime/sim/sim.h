/*
 * The simulator: many hosts of many nodes in one thread, in virtual time, from one seed.
 *
 * For tests. It gives each host simulated seams: a clock that only events move, one random source, links that delay, lose
 * sessions and part, a disk per node that forgets what was not synced, jobs that take virtual time. The same seed and the
 * same calls give the same run, and so the same sim_hash, on every machine. Messages between hosts always pass through
 * their encoders.
 */
#ifndef RUNTIME_SIM_SIM_H
#define RUNTIME_SIM_SIM_H

#include "runtime/actor/act-host.h"

struct sim;

GIVE struct sim *sim_new(uint64_t seed);
void sim_free(TAKE struct sim *sim);

/* ---- hosts --------------------------------------------------------------------------------------------- */

/*
 * Adds a host to `node` and starts it. config: name, host number, root, types; node, epoch and driver are the simulator's. The same
 * config starts it again after sim_restart, under the next epoch, with the node's disk as the crash left it. A host whose root
 * supervisor gives up has ended as its process would, and is started again after a second.
 */
MUST_USE enum status sim_host(struct sim *sim, uint32_t node, const struct act_host_config *config);
/*
 * NULL: unknown or down. Names in references: "n<node>" and "n<node>/<host>"; but a host that has been told of others (seams_link.learn)
 * knows those alone, by the names it was told, and lets nobody else in.
 */
struct act_host *sim_host_of(struct sim *sim, uint32_t node, uint16_t host);

/* ---- running ------------------------------------------------------------------------------------------- */

enum sim_end {
	SIM_CLAIM, /* check said true */
	SIM_TIME,  /* until was reached */
	SIM_IDLE,  /* nothing is due any more */
};

/* Runs events until virtual time `until_ms` (since sim_new). `check`, unless NULL, is called after every event; true ends the run. */
enum sim_end sim_run(struct sim *sim, uint64_t until_ms, bool (*check)(void *arg), void *arg);
enum sim_end sim_run_for(struct sim *sim, uint64_t ms, bool (*check)(void *arg), void *arg);
uint64_t sim_now_ms(const struct sim *sim);
uint64_t sim_events(const struct sim *sim);
uint32_t
sim_node_running(const struct sim *sim); /* inside of sim_run; 0: none, it is the world's own event */
uint64_t sim_random(struct sim *sim);    /* for test code: part of the run */
uint64_t sim_hash(const struct sim *sim); /* of everything that happened so far */
/* Mixes a fact of the test's own into the hash. */
void sim_note(struct sim *sim, struct str fact);

/* ---- faults: nodes -------------------------------------------------------------------------------------- */

void sim_crash(struct sim *sim,
	       uint32_t node); /* all its hosts at once; links break; unsynced writes are lost or torn */
void sim_crash_host(struct sim *sim, uint32_t node,
		    uint16_t host); /* one process: its disk keeps everything written */
void sim_restart(struct sim *sim,
		 uint32_t node); /* whatever of it is down; a failing start is tried again each second */
/* It crashes and is never started again, whoever asks. */
void sim_bury(struct sim *sim, uint32_t node);
bool sim_is_up(const struct sim *sim, uint32_t node);
void sim_pause(struct sim *sim, uint32_t node,
	       bool is_paused); /* as SIGSTOP: runs nothing, loses nothing */
void sim_skew(struct sim *sim, uint32_t node, int64_t wall_ns); /* its wall clock is off by this */

/* ---- faults: links --------------------------------------------------------------------------------------- */

struct sim_net {
	uint32_t delay_min_us, delay_max_us; /* of a message; default 100 to 2,000 */
	uint32_t break_per_million; /* chance per message that its session breaks: what is under way is lost, both ends are told */
	uint32_t detect_ms; /* how long until a silent peer counts as lost; default 3,000 */
};

void sim_net(struct sim *sim, const struct sim_net *net);
/* No message passes between the two nodes until healed; both ends learn it after detect_ms. One way: only from a to b. */
void sim_partition(struct sim *sim, uint32_t a, uint32_t b);
void sim_partition_one_way(struct sim *sim, uint32_t from, uint32_t to);
void sim_isolate(struct sim *sim, uint32_t node); /* from all others */
void sim_heal(struct sim *sim);                   /* all partitions */

/* ---- faults: disks --------------------------------------------------------------------------------------- */

struct sim_disk {
	uint32_t delay_min_us, delay_max_us; /* of a job; default 50 to 3,000 */
	uint32_t io_error_per_million;       /* of reads, writes and syncs */
	uint64_t size_bytes;                 /* more is FULL; 0: no limit */
	bool is_tearing; /* at a crash unsynced writes survive partly, in sectors of 512 bytes; else wholly or not. Default true */
};

void sim_disk(struct sim *sim, uint32_t node, const struct sim_disk *disk);
const struct seams_files *
sim_files(struct sim *sim, uint32_t node); /* for test code: looks into and damages the disk */

/* ---- faults: everything ------------------------------------------------------------------------------------ */

/* From now on, at random: crashes and restarts, partitions and their healing, breaks, pauses. Rates in mean seconds between; 0: never. */
struct sim_chaos {
	uint32_t crash_s, partition_s, pause_s;
	uint32_t down_max_ms, partition_max_ms, pause_max_ms;
	uint32_t min_up;    /* never fewer nodes up than this */
	bool is_buggifying; /* act_buggify may say true */
};

void sim_chaos(struct sim *sim,
	       const struct sim_chaos *chaos); /* NULL: stop, heal and restart everything */
/* For code that has no actor: true with the given chance. */
bool sim_buggify(struct sim *sim, uint32_t per_mille);

#endif
