/*
 * What is remembered of a key from one turn to the next: why the server refused the last one, and what the controller wished to know again
 * (plan_remember). Bound: 1,000 keys each; of further ones nothing is remembered, and nothing depends on it.
 */
#ifndef ACTORS_CONTROLLER_REMEMBERED_H
#define ACTORS_CONTROLLER_REMEMBERED_H

#include "actors/controller/run.h"
#include "actors/controller/world.h"
#include "runtime/base/collection/map.h"

/* Zeroed: nothing yet. */
struct remembered {
	struct map failures; /* key -> struct failed */
	struct map memories; /* key -> struct memory */
};

/* The run is over, well or not. */
void remembered_take(struct remembered *remembered, const struct run *run);
/* NULL: the last turn did not fail, or nobody remembers. Valid until the key's next run is taken. */
const struct world_failure *remembered_failure(const struct remembered *remembered, struct str key);
struct str remembered_memory(const struct remembered *remembered, struct str key); /* or absent */
void remembered_fini(struct remembered *remembered);

#endif
