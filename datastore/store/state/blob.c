#include "datastore/store/state/blob.h"

#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define AHEAD 8U /* of many that are held, so many are fetched early: each lies somewhere else */

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

struct holding {
	struct blob *const *blobs;
	uint32_t count;
};

static void fetch_ahead(const struct holding *holding, uint32_t at)
{
	if (at + AHEAD < holding->count)
		__builtin_prefetch(holding->blobs[at + AHEAD], 1);
}

static void let_all_go(void *arg)
{
	const struct holding *holding = arg;
	for (uint32_t i = 0; i < holding->count; i++) {
		fetch_ahead(holding, i);
		blob_unref(holding->blobs[i]);
	}
}

void blob_hold_all(struct arena *arena, struct blob *const *blobs, uint32_t count)
{
	struct holding *holding = arena_new_of(arena, struct holding);
	*holding = (struct holding){ blobs, count };
	for (uint32_t i = 0; i < count; i++) {
		fetch_ahead(holding, i);
		blob_ref(blobs[i]);
	}
	arena_on_free(arena, let_all_go, holding);
}
