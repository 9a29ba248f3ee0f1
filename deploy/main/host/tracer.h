/*
 * The tracer: what messages an actor gets and sends for a while, for `troupe trace`.
 *
 * Each host has one. It turns the host's trace on, waits, and answers with what was in it of that actor; one at a time, since there is
 * one trace. The node's other hosts and those of other nodes that are members trace along, so that what comes from them has its parents' numbers. What it answers is ready to be printed: an operator asks, and nothing else reads it but as JSON or YAML.
 */
#ifndef DEPLOY_MAIN_HOST_TRACER_H
#define DEPLOY_MAIN_HOST_TRACER_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define TRACER_FOR_MAX_MS 10000U
#define TRACER_ENTRIES 8192U /* of the host, of all its actors; the youngest are kept */
#define TRACER_NODES_BYTES 512U
#define TRACER_ROWS_MAX 1000U /* of the actor */

/* A request; answered with tracer_told after for_ms. `path` is the actor's below its host; `admin` takes HOST/PATH. */
struct tracer_ask {
	char path[160];
	char form[8]; /* "text", "json", "yaml" */
	uint32_t for_ms;
	char nodes[TRACER_NODES_BYTES]; /* names of others, "n2,n3", by which they are then called; as many as fit */
};
ACT_TYPE_DECLARE(tracer_ask);

/* BUSY: somebody else is tracing here; NOT_FOUND: no such actor. */
struct tracer_told {
	enum status status;
	struct arena *arena; /* NULL when it came over a link */
	struct str text;
};
ACT_TYPE_DECLARE(tracer_told);

/*
 * To the tracers of the node's other hosts, and of other nodes: trace along for so long. What goes to the asker's node then carries its
 * number. Not answered.
 */
struct tracer_along {
	uint32_t for_ms;
};
ACT_TYPE_DECLARE(tracer_along);

extern const struct act_class tracer_class;

extern const struct act_type *const tracer_types[];
extern const uint32_t tracer_type_count;

#endif
