#include "actors/controller/remembered.h"

#include <string.h>

#include "actors/controller/plan-private.h"
#include "runtime/base/fault.h"
#include "runtime/base/mem.h"

#define REMEMBERED_MAX 1000U /* keys */

/* Why a key's last turn failed. */
struct failed {
	struct world_failure failure;
	char words[sizeof((struct fault *)NULL)->text];
};

/* What a key's last turn left. */
struct memory {
	uint32_t len;
	_Alignas(8) char bytes[];
};

static void take_failure(struct remembered *remembered, const struct run *run)
{
	struct failed *failed = map_get(&remembered->failures, run->key);

	if (failed == NULL) {
		if (remembered->failures.len == REMEMBERED_MAX)
			return;
		failed = mem_new(struct failed);
		map_put(&remembered->failures, run->key, failed);
	}
	memcpy(failed->words, run->why.text, sizeof failed->words);
	failed->failure = (struct world_failure){ .type = run->refused->type,
						  .is_create = run->refused->verb == PLAN_CREATE,
						  .is_delete = run->refused->verb == PLAN_DELETE,
						  .status = run->outcome,
						  .message = str_from(failed->words) };
}

static void take_memory(struct remembered *remembered, const struct run *run)
{
	struct str bytes = run->plan.memory;
	struct memory *memory;

	mem_free(map_remove(&remembered->memories, run->key));
	if (bytes.len == 0 || remembered->memories.len == REMEMBERED_MAX)
		return;
	memory = mem_alloc(sizeof *memory + bytes.len);
	memory->len = bytes.len;
	memcpy(memory->bytes, bytes.at, bytes.len);
	map_put(&remembered->memories, run->key, memory);
}

void remembered_take(struct remembered *remembered, const struct run *run)
{
	/* What another has done is seen in the next turn; nothing else than the server's refusal can tell about these. */
	if (run->refused != NULL && run->outcome != CONFLICT)
		take_failure(remembered, run);
	else if (run->state == RUN_DONE)
		mem_free(map_remove(&remembered->failures, run->key));
	if (run->plan.has_memory && run->state == RUN_DONE)
		take_memory(remembered, run);
}

const struct world_failure *remembered_failure(const struct remembered *remembered, struct str key)
{
	const struct failed *failed = map_get(&remembered->failures, key);

	return failed != NULL ? &failed->failure : NULL;
}

struct str remembered_memory(const struct remembered *remembered, struct str key)
{
	const struct memory *memory = map_get(&remembered->memories, key);

	return memory != NULL ? str_of(memory->bytes, memory->len) : STR_NONE;
}

void remembered_fini(struct remembered *remembered)
{
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&remembered->failures, &at, &key, &value);)
		mem_free(value);
	map_fini(&remembered->failures);
	for (uint32_t at = 0; map_next(&remembered->memories, &at, &key, &value);)
		mem_free(value);
	map_fini(&remembered->memories);
}
