/*
 * What one host of a cluster may say to another: the bodies of all messages that cross a border. The first two bytes are the number of the type.
 * A body that was read is its own, for its bytes are gone before it is used; and what it encodes to decodes to the same.
 */
#include "deploy/main/node/layout.h"
#include "runtime/base/base.h"

#define NUMBER_BYTES 2U
#define BODY_MAX (16U * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

struct heard {
	const struct act_type *type;
	struct arena *arena;
	void *body;
};

static const struct act_type *type_of(uint32_t id, struct arena *arena)
{
	uint32_t count;
	const struct act_type *const *types = layout_types(arena, &count);

	for (uint32_t i = 0; i < count; i++)
		if (types[i]->id == id && types[i]->decode != NULL)
			return types[i];
	return NULL;
}

/* As far/remote.c does it. */
static bool hear(struct heard *heard, const struct act_type *type, struct str bytes)
{
	void *copy = mem_copy(bytes.at, bytes.len);
	enum status status;

	*heard = (struct heard){ type, arena_new(0), mem_alloc(type->size) };
	memset(heard->body, 0, type->size);
	status = type->decode(str_of(copy, bytes.len), heard->arena, heard->body);
	mem_free(copy);
	if (status == OK)
		return true;
	mem_free(heard->body);
	arena_free(heard->arena);
	return false;
}

static void forget(struct heard *heard)
{
	if (heard->type->drop != NULL)
		heard->type->drop(heard->body);
	mem_free(heard->body);
	arena_free(heard->arena);
}

static void check_again(const struct act_type *type, struct str once)
{
	struct text twice = text_new(BODY_MAX);
	struct heard heard;
	bool is_heard = hear(&heard, type, once);

	assert(is_heard);
	assert(type->encode(heard.body, &twice) == OK);
	assert(str_eq(once, text_str(&twice)));
	forget(&heard);
	text_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	const struct act_type *type =
	    len >= NUMBER_BYTES ? type_of((uint32_t)at[0] << 8 | at[1], arena) : NULL;
	struct text once = text_new(BODY_MAX);
	struct heard heard;

	if (type != NULL &&
	    hear(&heard, type, str_of(at + NUMBER_BYTES, (uint32_t)(len - NUMBER_BYTES)))) {
		if (type->encode(heard.body, &once) == OK)
			check_again(type, text_str(&once));
		forget(&heard);
	}
	text_fini(&once);
	arena_free(arena);
	return 0;
}
