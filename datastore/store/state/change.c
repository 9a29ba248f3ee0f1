#include "datastore/store/state/change.h"

#include "runtime/base/mem.h"

struct change *change_new(struct str key)
{
	struct change *change = mem_zalloc(sizeof *change + key.len);
	change->key_len = key.len;
	memcpy(change->key, key.at, key.len);
	return change;
}

void change_free(struct change *change)
{
	if (!change)
		return;
	blob_unref(change->value);
	blob_unref(change->before.value);
	mem_free(change);
}

uint32_t change_size(const struct change *change)
{
	return (uint32_t)sizeof *change + change->key_len +
	       (change->value ? change->value->len : 0) +
	       (change->before.value ? change->before.value->len : 0);
}
