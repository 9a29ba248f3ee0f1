/*
 * A wood: random trees of actors that do everything which the runtime offers, on several simulated hosts, under faults; and a book that knows
 * what must have been told to whom. Whatever contradicts it fails the test at once:
 *   - an actor's children have ended, and what it owned is released in reverse order, before anybody is told that it has;
 *   - a message reaches the life it was sent to, once at most, in the order of its pair (and key), and no other;
 *   - a request is answered exactly once and in time, unless its asker ends; a second answer finds nobody;
 *   - a monitor tells once, the truth, and nothing after it was taken back; a job is done or dropped, never both;
 * and once the faults are over and the actors quiet:
 *   - whatever is to run runs again; each monitor that has not told watches somebody who lives; no request, job or task is left over;
 *   - nothing is left in memory when the world is gone (a build with the address sanitizer sees that).
 * Only tests/ may include this.
 */
#ifndef TESTS_SIM_WOOD_WOOD_H
#define TESTS_SIM_WOOD_WOOD_H

#include "runtime/sim/sim.h"

#define WOOD_NODES 3U
#define WOOD_HOSTS 2U /* of each */

struct wood;

struct wood *wood_new(uint64_t seed);
void wood_free(struct wood *wood);
struct act_sim *wood_sim(struct wood *wood);
/* Actors stop harming themselves and others. */
void wood_be_quiet(struct wood *wood);
/* All that can be checked only when faults are over and all is quiet. */
void wood_check_end(struct wood *wood);

struct wood_counts {
	uint64_t lives, messages, requests, downs, exits, jobs, tasks, releases, crashes;
};

struct wood_counts wood_counts(const struct wood *wood);

#endif
