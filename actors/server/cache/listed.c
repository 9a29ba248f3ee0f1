#include "actors/server/cache/listed.h"

#include <assert.h>

struct listed *listed_new(struct str namespace)
{
	struct arena *arena = arena_new(0);
	struct listed *listed = arena_new_of(arena, struct listed);

	listed->refs = 1;
	listed->arena = arena;
	listed->namespace = arena_str(arena, namespace);
	return listed;
}

struct listed *listed_ref(struct listed *listed)
{
	assert(listed->refs > 0);
	listed->refs++;
	return listed;
}

void listed_unref(struct listed *listed)
{
	if (listed != NULL && --listed->refs == 0)
		arena_free(listed->arena); /* it lies in there itself */
}
