#include "runtime/base/collection/common.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/base/hash.h"
#include "runtime/base/mem.h"

#define WORTH_BYTES 64U /* beside a reference, and what the heap takes for a block of its own */
#define SWEEP_MIN 256U

struct common {
	atomic_uint refs; /* one is the table's */
	uint32_t len;
	char bytes[];
};

static struct common *ref(struct common *common)
{
	atomic_fetch_add_explicit(&common->refs, 1, memory_order_relaxed);
	return common;
}

void common_unref(struct common *common)
{
	if (common != NULL && atomic_fetch_sub_explicit(&common->refs, 1, memory_order_acq_rel) == 1)
		mem_free(common);
}

struct str common_bytes(const struct common *common)
{
	return str_of(common->bytes, common->len);
}

void commons_fini(struct commons *commons)
{
	struct str hash;
	void *common;

	for (uint32_t at = 0; map_next(&commons->by_hash, &at, &hash, &common);)
		common_unref(common);
	map_fini(&commons->by_hash);
}

uint32_t commons_len(const struct commons *commons)
{
	return commons->by_hash.len;
}

bool commons_wants(const struct commons *commons, struct str bytes)
{
	return commons != NULL && bytes.len >= WORTH_BYTES;
}

/* A reference that is the table's alone stays so: only the table's thread makes others out of it. */
static void sweep(struct commons *commons)
{
	struct str hash;
	void *value;

	if (commons->by_hash.len < commons->sweep_at)
		return;
	for (uint32_t at = 0; map_next(&commons->by_hash, &at, &hash, &value);) {
		struct common *common = value;

		if (atomic_load_explicit(&common->refs, memory_order_acquire) > 1)
			continue;
		map_remove(&commons->by_hash, hash);
		common_unref(common);
	}
	commons->sweep_at = 2 * commons->by_hash.len;
	if (commons->sweep_at < SWEEP_MIN)
		commons->sweep_at = SWEEP_MIN;
}

static struct common *make(struct str bytes)
{
	struct common *common = mem_alloc(sizeof *common + bytes.len);

	atomic_init(&common->refs, 1);
	common->len = bytes.len;
	memcpy(common->bytes, bytes.at, bytes.len);
	return common;
}

struct common *commons_take(struct commons *commons, struct str bytes)
{
	uint64_t hash = hash_str(bytes);
	struct str key = str_of((const char *)&hash, sizeof hash);
	struct common *common = map_get(&commons->by_hash, key);

	if (common == NULL || !str_eq(common_bytes(common), bytes)) {
		sweep(commons);
		common = make(bytes);
		common_unref(map_put(&commons->by_hash, key, common));
	}
	return ref(common);
}
