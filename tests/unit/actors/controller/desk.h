/*
 * The desk: one simulated host with an API server that only pretends, and what a test puts beside it.
 *
 * The pretended server keeps objects of any kind in memory: create, update, delete (at once), events, watches with
 * bookmarks. It can be told to refuse, to hold back answers or events, to close its watches and to forget old revisions. Conflicts
 * are real. Everything is in virtual time and from one seed. Lives until desk_close.
 */
#ifndef TESTS_UNIT_ACTORS_CONTROLLER_DESK_H
#define TESTS_UNIT_ACTORS_CONTROLLER_DESK_H

#include "actors/controller/controller.h"
#include "datastore/schema/core.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

struct desk;

#define DESK_TERM 7U

/* `children` come after the server, which is called api. */
struct desk *desk_open(uint64_t seed, const struct act_child *children, uint32_t count);
/* Beside the caches one controller, which comes back when it has crashed; `runner` is borrowed while the desk lives. */
struct desk *desk_open_runner(const struct runner_args *runner);
void desk_close(struct desk *desk);
void desk_run(struct desk *desk, uint64_t ms); /* virtual time */
struct act_host *desk_host(struct desk *desk);

/* What others do. JSON with printf's formats; creates or replaces; gives its revision. */
uint64_t desk_put(struct desk *desk, const struct type *type, const char *json, ...)
    __attribute__((format(printf, 3, 4)));
void desk_remove(struct desk *desk, const struct type *type, const char *namespace,
		 const char *name);
const struct object *desk_get(struct desk *desk, const struct type *type, const char *namespace,
			      const char *name);
uint32_t desk_count(const struct desk *desk, const struct type *type);

/* A kind that is not built in; NULL: no more. */
void desk_serve(struct desk *desk, const struct type *type);

/* The next `count` writes whose method and path begin so ("POST /api/v1/namespaces/a/secrets") get this code. */
void desk_refuse(struct desk *desk, const char *call, int32_t code, uint32_t count);
/* Answers to writes wait until let go; the writes are made when they are let go, or before. */
void desk_hold_answers(struct desk *desk, bool is_holding);
/* Events of that kind wait; NULL: all are let go. */
void desk_hold_events(struct desk *desk, const struct type *type);
/* All watches end with this code. 0: as a crash of the server would, without a word. */
void desk_end_watches(struct desk *desk, int32_t code);
/* Watches that begin at an older revision than now are refused with 410. */
void desk_forget(struct desk *desk);
/* Calls for watches get this code; 0: they are served again. */
void desk_refuse_watches(struct desk *desk, int32_t code);
/* Batches that carry nothing but a bookmark. */
void desk_bookmark(struct desk *desk);
/* What cannot be read, as an event of that kind. */
void desk_send_nonsense(struct desk *desk, const struct type *type);

struct desk_counts {
	uint32_t writes, creates, updates, patches, deletes; /* asked for, events apart */
	uint32_t events;
	uint32_t under_way, most_under_way; /* writes without an answer */
	uint32_t wrong_terms;
	uint32_t watches, lists; /* asked for; those with initial events */
	uint32_t acknowledged, progress, cancelled;
};
struct desk_counts desk_counts(const struct desk *desk);
/* How many events with that reason were written, the count of each taken; and the last one's message. */
uint32_t desk_events(const struct desk *desk, const char *reason);
struct str desk_last_event(const struct desk *desk);
uint64_t desk_revision(const struct desk *desk);

#endif
