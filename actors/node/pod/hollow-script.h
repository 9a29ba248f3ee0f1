/*
 * What a container of the hollow runtime plays: when it runs, is ready, ends, and with which code. Pure.
 *
 * By default containers start at once, are ready at once, stop at once when asked, and run for ever if their pod always
 * restarts them. Those that are to end (init containers, pods that are not always restarted) do what their command seems to say:
 * `sleep N` lasts so long, `exit N` and `false` give the code, loops and the image pause never end; if it says nothing they end
 * well, init containers at once and others after a second. Annotations of the pod count before all this; each may name one container
 * at its end (troupe.internal/hollow-exit.app), which counts more than without. Durations are Go's (1.5s), or `never`.
 *
 *     troupe.internal/hollow-start      from the order to start a container until it runs
 *     troupe.internal/hollow-ready      from then until it is ready
 *     troupe.internal/hollow-exit       from when it runs until it ends by itself
 *     troupe.internal/hollow-exit-code  with this code
 *     troupe.internal/hollow-stop       from the order to stop until it ends, at most the time of grace
 *     troupe.internal/hollow-fail       any text: containers cannot be started, and this is why
 *
 * What cannot be read is as if it were not there: a pod's annotations are not ours to refuse.
 */
#ifndef ACTORS_NODE_POD_HOLLOW_SCRIPT_H
#define ACTORS_NODE_POD_HOLLOW_SCRIPT_H

#include "datastore/schema/core.h"
#include "runtime/base/base.h"

#define HOLLOW_SCRIPT_ANNOTATION "troupe.internal/hollow-"
#define HOLLOW_SCRIPT_NEVER (-1)

struct hollow_script {
	int64_t start_ms, ready_ms, exit_ms,
	    stop_ms; /* HOLLOW_SCRIPT_NEVER: it does not come to that */
	int32_t exit_code;
	struct str failure; /* empty: it can be started */
};

struct hollow_script hollow_script_of(const struct core_pod *pod, uint32_t place);

#endif
