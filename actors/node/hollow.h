/*
 * The hollow runtime: pods get addresses and turn Running, and nothing runs.
 *
 * For tests, demonstrations and simulated nodes; it calls itself hollow wherever people look. Each pod plays a script, by default: its containers
 * start at once, are ready at once, run for ever where they are always restarted and end well after a second where not,
 * and stop at once when asked. Annotations of the pod say otherwise; each may name one container at its end
 * (troupe.internal/hollow-exit.app), which counts more than without. Durations are Go's (1.5s), or `never`.
 *
 *     troupe.internal/hollow-start      from the order to start a container until it runs
 *     troupe.internal/hollow-ready      from then until it is ready
 *     troupe.internal/hollow-exit       from when it runs until it ends by itself
 *     troupe.internal/hollow-exit-code  with this code
 *     troupe.internal/hollow-stop       from the order to stop until it ends, at most the time of grace
 *     troupe.internal/hollow-fail       any text: containers cannot be started, and this is why
 *
 * Bounded by the agent's pods: one timer for each container that waits for something.
 */
#ifndef ACTORS_NODE_HOLLOW_H
#define ACTORS_NODE_HOLLOW_H

#include "actors/node/runtime.h"

#define HOLLOW_ANNOTATION "troupe.internal/hollow-"

/* Lives in the actor's arena. */
struct runtime *hollow_new(const struct runtime_config *config);

#endif
