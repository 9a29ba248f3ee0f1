/*
 * A town: a whole cluster on one simulated machine, from one seed.
 *
 *     host core      the store, the API server with RBAC, and whoever asks for the test
 *     host control   bootstrap, caches, every controller and the scheduler, under the store's term
 *     host nodes     agents with hollow pods
 *
 * Messages between the hosts pass through their encoders. Requests are those of a master unless said otherwise; answers live
 * until the test ends. Only tests/ may include this.
 */
#ifndef TESTS_SIM_TOWN_TOWN_H
#define TESTS_SIM_TOWN_TOWN_H

#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

#define TOWN_NODES_MAX 16U

struct town;

/* Everything has been started and is quiet when this returns. */
struct town *town_open(uint64_t seed, uint32_t nodes);
void town_close(struct town *town);
struct act_sim *town_sim(struct town *town);
void town_run(struct town *town, uint64_t ms);
/* Runs until the claim holds; fails the test after so long. */
void town_until(struct town *town, uint64_t ms, bool (*claim)(struct town *town, const void *arg),
		const void *arg);

/* ---- faults ------------------------------------------------------------------------------------------- */

enum town_host { TOWN_CORE = 1, TOWN_CONTROL = 2, TOWN_NODES = 3 };
/* The process ends without a word and comes back; the control host under the term that is then. */
void town_crash(struct town *town, enum town_host host);

/* ---- asking ------------------------------------------------------------------------------------------- */

struct town_answer {
	int32_t code;
	struct str body; /* JSON */
};
struct town_answer town_ask(struct town *town, const char *method, const char *path,
			    const char *body);
/* Creates what a YAML stream describes; fails the test if any of it is refused. */
void town_create(struct town *town, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A merge patch, in JSON; fails the test if it is refused. */
void town_patch(struct town *town, const char *path, const char *json);
/* `policy` is Background, Foreground, Orphan, or NULL for the kind's own. */
void town_delete(struct town *town, const char *path, const char *policy);
/* How many items a list has. */
uint32_t town_count(struct town *town, const char *path);
bool town_exists(struct town *town, const char *path);
/* "spec.replicas" of an object, as text; "" when it is not there. */
struct str town_value(struct town *town, const char *path, const char *field);
/* Whether the value at the path is this. */
bool town_is(struct town *town, const char *path, const char *field, const char *value);

/* ---- looking -------------------------------------------------------------------------------------------- */

uint64_t town_revision(struct town *town);
/* Fails the test if anything is written within so long: a controller that does not come to rest. */
void town_check_quiet(struct town *town, uint64_t ms);
/* Requests that the API server was asked since the start, but watches. */
uint64_t town_requests(struct town *town);
/* Answers of 403 to a controller, by the server's own count. */
uint64_t town_forbidden(struct town *town);

#endif
