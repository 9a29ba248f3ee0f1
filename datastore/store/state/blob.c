#include "datastore/store/state/blob.h"

#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

struct blob *blob_new(struct str bytes)
{
	struct blob *blob = mem_alloc(sizeof *blob + bytes.len);
	blob->refs = 1;
	blob->len = bytes.len;
	if (bytes.len)
		memcpy(blob->at, bytes.at, bytes.len);
	return blob;
}

struct blob *blob_ref(struct blob *blob)
{
	if (blob) {
		assert(blob->refs > 0);
		blob->refs++;
	}
	return blob;
}

void blob_unref(struct blob *blob)
{
	if (!blob)
		return;
	assert(blob->refs > 0);
	if (--blob->refs == 0)
		mem_free(blob);
}

struct str blob_str(const struct blob *blob)
{
	return blob ? (struct str){ blob->at, blob->len } : STR_NONE;
}

static void let_go(void *blob)
{
	blob_unref(blob);
}

struct blob *blob_hold(struct arena *arena, struct blob *blob)
{
	if (blob)
		arena_on_free(arena, let_go, blob_ref(blob));
	return blob;
}
