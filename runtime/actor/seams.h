/*
 * The seams: everything through which chance, time and the world reach actors.
 *
 * A host is given one of each when it is opened; runtime/loop implements them on the machine, runtime/sim
 * from one seed. What is done through them is all that may differ between two runs, so nobody above reads a clock, draws a random
 * number, opens a file or starts a process in another way. Functions take `self` first. Unless it says otherwise a
 * function is called on the host's thread and returns at once.
 */
#ifndef RUNTIME_ACTOR_SEAMS_H
#define RUNTIME_ACTOR_SEAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "runtime/base/time/time.h"

struct act_branch;
struct act_host;

/* ---- clock and chance ------------------------------------------------------------------------------ */

struct seams_clock {
	void *self;
	struct mono (*mono)(void *self); /* any thread */
	struct wall (*wall)(void *self); /* any thread */
};

struct seams_random {
	void *self;
	void (*fill)(void *self, void *at, size_t len); /* any thread; good enough for keys */
	/* Whether a rarely taken path is taken now; NULL outside of simulations. */
	bool (*buggify)(void *self, const struct act_branch *branch);
};

/* ---- links ----------------------------------------------------------------------------------------- */

/* A host of the cluster in one of its lives. */
struct seams_peer {
	uint32_t node;
	uint16_t host;
	uint16_t epoch; /* 0: whichever lives now */
};

/* Where a host is found. */
struct seams_place {
	uint32_t node;
	struct str node_name;
	uint16_t host;
	struct str host_name; /* may be absent */
	struct str address;   /* IP:PORT; absent: not reached from other nodes, or on this node */
	uint16_t epoch;       /* 0: not known */
};

/*
 * Carries messages to other hosts. The contract, upwards (act-host.h: act_host_receive, act_host_lost, on the host's thread):
 *   - at most once; in order between two hosts within one session; a session is a pair of epochs;
 *   - nothing of an old session is delivered in a new one;
 *   - the end of a session is announced by act_host_lost before anything of the next one is delivered. It means: whatever
 *     was handed over and has not been answered may be lost. It is also called if no session comes about for what was accepted;
 *   - a peer that does not answer within the heartbeat limit is lost even if its connection stands.
 * Messages are opaque: `header` is ENVELOPE_BYTES long, `body` at most LIMIT_MESSAGE_BYTES. The other end hands both back
 * as one piece of bytes. Batching, credits and dialing are the link's own business.
 */
struct seams_link {
	void *self;
	/*
	 * OK: accepted, to be sent or announced as lost. Copies the body, or takes the memory of a big one by leaving *body
	 * as text_new() gives it. BUSY: LIMIT_LINK_OUTBOX_BYTES; UNAVAILABLE: unknown peer, or known to be away; GONE: that
	 * epoch is over. Never calls back into the host from within.
	 */
	enum status (*send)(void *self, struct seams_peer to, struct str header, struct text *body);
	/* "node" (its main host) or "node/host"; epoch may be 0. NOT_FOUND: unknown. */
	enum status (*resolve)(void *self, struct str name, struct seams_peer *out);
	/*
	 * Adds or changes one host. A node must be learned before its hosts are let in; hosts of it that are not listed are
	 * then found by their own hello. A newer epoch ends the session with the older one. BUSY: LIMIT_PEERS. INVALID: a
	 * text is too long or the name is another node's.
	 */
	enum status (*learn)(void *self, const struct seams_place *place);
	/* A node that left: its links end (announced as lost) and it is not let in again. */
	void (*forget)(void *self, uint32_t node);
};

/* ---- files ------------------------------------------------------------------------------------------ */

struct seams_file;

#define SEAMS_DIRECT_BYTES 4096U

enum {
	SEAMS_READ = 1,
	SEAMS_WRITE = 2,
	SEAMS_CREATE = 4,    /* if it is not there */
	SEAMS_EXCLUSIVE = 8, /* with CREATE: EXISTS if it is there */
	SEAMS_TRUNCATE = 16,
	SEAMS_LOCK = 32, /* BUSY if another process holds it; until close */
	/*
	 * Past the machine's cache of files, if the file system can: for much that nobody reads soon. Addresses, lengths and offsets
	 * are multiples of SEAMS_DIRECT_BYTES. To a disk that wants larger ones each is INVALID, and nothing was done.
	 */
	SEAMS_DIRECT = 64,
	/*
	 * Each write may be durable as it returns, where that costs less than a sync of its own. Only `sync` promises it, as ever, and
	 * then has nothing left to do.
	 */
	SEAMS_THROUGH = 128,
};

struct seams_stat {
	uint64_t size_bytes;
	int64_t modified_ns; /* wall time */
	uint32_t mode;       /* permission bits */
	bool is_folder;
};

/*
 * Synchronous and blocking: called from jobs (act_job), by any thread, one thread at a time per file. Paths are as the process
 * sees them. Outcomes: NOT_FOUND, EXISTS, FORBIDDEN, BUSY, FULL (no space), IO (anything else: the file's state is then unknown and
 * an honest owner ends its process). Durable is only what `sync` (contents) or `sync_folder` (names: created, renamed, unlinked)
 * returned OK for; the simulator loses or tears the rest at a crash.
 */
struct seams_files {
	void *self;
	enum status (*open)(void *self, const char *path, uint32_t flags, uint32_t mode,
			    struct seams_file **out);
	void (*close)(void *self, struct seams_file *file); /* does not sync */
	/* Reads up to len bytes; fewer only at the end of the file. */
	enum status (*read)(void *self, struct seams_file *file, void *at, size_t len,
			    uint64_t offset, size_t *out_len);
	enum status (*write)(void *self, struct seams_file *file, const void *at, size_t len,
			     uint64_t offset);                    /* all or an error */
	enum status (*sync)(void *self, struct seams_file *file); /* fdatasync */
	/* What was written is on its way to the disk: of several files the first sync then waits for all, the others hardly. */
	void (*begin_sync)(void *self, struct seams_file *file);
	enum status (*truncate)(void *self, struct seams_file *file, uint64_t size_bytes);
	/* Makes room so that writes below size_bytes cannot run out of space; new bytes are zero; grows the size. */
	enum status (*reserve)(void *self, struct seams_file *file, uint64_t size_bytes);
	enum status (*size)(void *self, struct seams_file *file, uint64_t *out_bytes);
	enum status (*rename)(void *self, const char *from, const char *to); /* replaces */
	enum status (*unlink)(void *self, const char *path); /* a file or an empty folder */
	enum status (*mkdir)(void *self, const char *path, uint32_t mode); /* EXISTS is not OK */
	enum status (*sync_folder)(void *self, const char *path);
	enum status (*stat)(void *self, const char *path, struct seams_stat *out);
	/* Calls each(arg, name) in byte order of the names, without . and .. */
	enum status (*list)(void *self, const char *path, void (*each)(void *arg, struct str name),
			    void *arg);
	enum status (*free_bytes)(void *self, const char *path, uint64_t *out_bytes);
};

/* ---- processes --------------------------------------------------------------------------------------- */

struct seams_spawn {
	const char *const *argv; /* argv[0] is the path; ends in NULL */
	const char *const *env;  /* ends in NULL; NULL: as ours */
	const char *folder;      /* NULL: as ours */
	const int *fds;          /* what the child's 0, 1, 2, ... are; -1: /dev/null */
	uint32_t fd_count;
	bool is_group_leader; /* of a new session */
	bool dies_with_us;    /* SIGKILL when our process ends */
};

#define SEAMS_SELF (-1) /* the process itself, where a pid is asked for */

struct seams_process {
	void *self;
	/* ended(arg, pid, exit code or -1, signal or 0) is called once, on the host's thread, outside of any actor. */
	enum status (*spawn)(void *self, const struct seams_spawn *spec,
			     void (*ended)(void *arg, int64_t pid, int code, int signal), void *arg,
			     int64_t *out_pid);
	/* Ourselves or our own children. NOT_FOUND: it has ended already. */
	enum status (*kill)(void *self, int64_t pid, int signal);
};

/* ---- work off the loop --------------------------------------------------------------------------------- */

/* One piece of blocking work; embedded in what the runtime keeps of it. */
struct seams_job {
	struct seams_job *next;
	bool is_brief; /* short where the disk is quick: the host's thread may do it, when it would sleep */
	int64_t ran_ns;                      /* the worker's own */
	void (*run)(struct seams_job *job);  /* on a worker */
	void (*done)(struct seams_job *job); /* then on the host's thread, outside of any actor */
};

struct seams_worker;

struct seams_jobs {
	void *self;
	struct seams_worker *(*open)(void *self, const char *name); /* an ordered worker */
	void (*close)(void *self, struct seams_worker *worker);     /* it has nothing to do */
	void (*submit)(void *self, struct seams_worker *worker,
		       struct seams_job *job); /* NULL: any worker, any order */
	/* Takes back a job that has not begun: true, and neither run nor done will be called. */
	bool (*withdraw)(void *self, struct seams_worker *worker, struct seams_job *job);
	/* Waits a moment and calls `done` of those that have run: for a host that ends without its driver. NULL: they end in a turn. */
	void (*finish)(void *self);
};

/* ---- all of them ---------------------------------------------------------------------------------------- */

struct seams {
	struct seams_clock clock;
	struct seams_random random;
	struct seams_link link; /* all NULL: a host without peers, sends across say UNAVAILABLE */
	struct seams_files files;
	struct seams_process process;
	struct seams_jobs jobs;
	/* Any thread: makes the driver call act_host_turn soon, though it sleeps. */
	void *wake_self;
	void (*wake)(void *wake_self);
};

#endif
