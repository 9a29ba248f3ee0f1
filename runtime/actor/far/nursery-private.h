/*
 * What a nursery and a far child say to each other. Only for this folder.
 */
#ifndef RUNTIME_ACTOR_FAR_NURSERY_PRIVATE_H
#define RUNTIME_ACTOR_FAR_NURSERY_PRIVATE_H

#include "runtime/actor/actor-private.h"
#include "runtime/actor/far/nursery.h"

/* A request by a far child: make this, after what you made for this id before. */
struct nursery_spawn {
	char id[NURSERY_NAME_MAX], class[NURSERY_NAME_MAX], name[NURSERY_NAME_MAX];
	uint32_t shutdown_ms;
	uint32_t args_type; /* its id; 0: none */
	uint32_t args_bytes;
	char *args; /* encoded; from the heap, the message's */
};
ACT_TYPE_DECLARE(nursery_spawn);

/* The answer. */
struct nursery_spawned {
	enum status status;
	struct act_ref child;
	char words[WORDS_BYTES];
};
ACT_TYPE_DECLARE(nursery_spawned);

#endif
