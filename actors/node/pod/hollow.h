/*
 * The hollow runtime: pods get addresses and turn Running, and nothing runs.
 *
 * For tests, demonstrations and simulated nodes; it calls itself hollow wherever people look. What a pod's containers play, by default
 * and by annotations, stands in hollow-script.h. Bounded by the agent's pods: one timer for each container that waits for
 * something.
 */
#ifndef ACTORS_NODE_POD_HOLLOW_H
#define ACTORS_NODE_POD_HOLLOW_H

#include "actors/node/pod/runtime.h"

/* Lives in the actor's arena. */
struct runtime *hollow_new(const struct runtime_config *config);

#endif
