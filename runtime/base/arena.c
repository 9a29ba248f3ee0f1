#include "runtime/base/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/mem.h"
#include "runtime/base/slab.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

/* Blocks double from the first to the last; most messages and requests stay in the first two. */
#define ARENA_ALIGN 16U
#define ARENA_FIRST_BYTES ARENA_SLAB_BYTES
#define ARENA_LAST_BYTES (64U * 1024U)
/* From here on an allocation has a block of its own, which arena_grow can then resize without a copy in the arena. */
#define ARENA_LARGE_BYTES (16U * 1024U)
/* The same of a tight arena, whose blocks do not grow: what is left over in the last one is lost for as long as it is kept. */
#define ARENA_TIGHT_LARGE_BYTES 256U
#define ARENA_TIGHT_BYTES 504U
#define ARENA_TIGHT_LAST_BYTES ARENA_TIGHT_BYTES
/* What a reset keeps at most: whoever uses an arena again needs about as much as last time. */
#define ARENA_KEPT_BYTES (16U * 1024U)

struct arena_block {
	struct arena_block *next; /* the one before it */
	size_t size;              /* with this head */
};

struct arena_large {
	struct arena_large *next, *prev;
	size_t size;
	size_t unused; /* keeps what follows aligned */
};

struct arena_hook {
	struct arena_hook *next;
	void (*call)(void *arg);
	void *arg;
};

struct arena {
	char *at, *end;             /* what is free in the current block */
	struct arena_block *blocks; /* newest first, without the first block, which this struct heads */
	struct arena_large *large;
	struct arena_hook *hooks;
	size_t taken, limit;
	uint32_t next_bytes;
	uint16_t large_bytes; /* ARENA_LARGE_BYTES, or ARENA_TIGHT_LARGE_BYTES */
	bool is_of_slab;      /* its first block */
};

_Static_assert(sizeof(struct arena) % ARENA_ALIGN == 0, "allocations follow the struct");
_Static_assert(sizeof(struct arena_block) % ARENA_ALIGN == 0, "allocations follow the head");
_Static_assert(sizeof(struct arena_large) % ARENA_ALIGN == 0, "the allocation follows the head");

static size_t arena_aligned(size_t size_bytes)
{
	return (size_bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

static void arena_charge(struct arena *arena, size_t size_bytes)
{
	arena->taken += size_bytes;
	assert(arena->limit == 0 || arena->taken <= arena->limit);
}

static bool arena_is_tight(const struct arena *arena)
{
	return arena->large_bytes == ARENA_TIGHT_LARGE_BYTES;
}

/* Makes the bytes behind the struct the current block. */
static void arena_begin(struct arena *arena)
{
	arena->at = (char *)(arena + 1);
	arena->end = (char *)arena + ARENA_FIRST_BYTES;
	arena->blocks = NULL;
	arena->large = NULL;
	arena->hooks = NULL;
	arena->taken = ARENA_FIRST_BYTES;
	arena->next_bytes = arena_is_tight(arena) ? ARENA_TIGHT_BYTES : 2 * ARENA_FIRST_BYTES;
	ASAN_POISON_MEMORY_REGION(arena->at, (size_t)(arena->end - arena->at));
}

static struct arena *arena_make(struct arena *arena, size_t limit_bytes, uint16_t large_bytes)
{
	arena->limit = limit_bytes;
	arena->large_bytes = large_bytes;
	arena->is_of_slab = false;
	arena_begin(arena);
	return arena;
}

struct arena *arena_new(size_t limit_bytes)
{
	return arena_make(mem_alloc(ARENA_FIRST_BYTES), limit_bytes, ARENA_LARGE_BYTES);
}

struct arena *arena_new_tight(size_t limit_bytes)
{
	return arena_make(mem_alloc(ARENA_FIRST_BYTES), limit_bytes, ARENA_TIGHT_LARGE_BYTES);
}

struct arena *arena_new_in(struct slab *slab)
{
	struct arena *arena;

	assert(slab->item_bytes == ARENA_SLAB_BYTES);
	arena = arena_make(slab_take(slab), 0, ARENA_LARGE_BYTES);
	arena->is_of_slab = true;
	return arena;
}

/* Runs the hooks, then frees all but the first block. */
static void arena_drop(struct arena *arena)
{
	while (arena->hooks != NULL) {
		struct arena_hook *hook = arena->hooks;

		arena->hooks = hook->next;
		hook->call(hook->arg);
	}
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		ASAN_UNPOISON_MEMORY_REGION(block, block->size);
		mem_free(block);
	}
	while (arena->large != NULL) {
		struct arena_large *large = arena->large;

		arena->large = large->next;
		mem_free(large);
	}
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	arena_drop(arena);
	ASAN_UNPOISON_MEMORY_REGION(arena, ARENA_FIRST_BYTES);
	if (arena->is_of_slab)
		slab_give(arena);
	else
		mem_free(arena);
}

/* Makes a block the newest, and the one that is taken from. */
static void arena_use(struct arena *arena, struct arena_block *block)
{
	arena->taken += block->size;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->at = (char *)(block + 1);
	arena->end = (char *)block + block->size;
	ASAN_POISON_MEMORY_REGION(arena->at, (size_t)(arena->end - arena->at));
}

/* The newest block is the largest: the next user begins with it, and then most often has enough. */
void arena_reset(struct arena *arena)
{
	struct arena_block *kept = arena->blocks;

	if (kept != NULL && kept->size <= ARENA_KEPT_BYTES)
		arena->blocks = kept->next;
	else
		kept = NULL;
	arena_drop(arena);
	arena_begin(arena);
	if (kept == NULL)
		return;
	arena_use(arena, kept);
	arena->next_bytes = arena_is_tight(arena) ? ARENA_TIGHT_BYTES : (uint32_t)(2 * kept->size);
}

size_t arena_size(const struct arena *arena)
{
	return arena->taken;
}

static void arena_link_large(struct arena *arena, struct arena_large *large)
{
	large->prev = NULL;
	large->next = arena->large;
	if (large->next != NULL)
		large->next->prev = large;
	arena->large = large;
}

static void *arena_alloc_large(struct arena *arena, size_t size_bytes)
{
	struct arena_large *large;

	assert(size_bytes <= SIZE_MAX / 2);
	arena_charge(arena, sizeof *large + size_bytes);
	large = mem_alloc(sizeof *large + size_bytes);
	large->size = size_bytes;
	arena_link_large(arena, large);
	return large + 1;
}

static void *arena_grow_large(struct arena *arena, void *at, size_t new_bytes)
{
	struct arena_large *large = (struct arena_large *)at - 1;

	if (large->prev != NULL)
		large->prev->next = large->next;
	else
		arena->large = large->next;
	if (large->next != NULL)
		large->next->prev = large->prev;
	assert(new_bytes <= SIZE_MAX / 2);
	arena_charge(arena, new_bytes - large->size);
	large = mem_resize(large, sizeof *large + new_bytes);
	large->size = new_bytes;
	arena_link_large(arena, large);
	return large + 1;
}

static void arena_add_block(struct arena *arena, size_t need_bytes)
{
	size_t size = arena->next_bytes;
	struct arena_block *block;

	while (size < sizeof *block + need_bytes)
		size *= 2;
	if (arena->next_bytes < (arena_is_tight(arena) ? ARENA_TIGHT_LAST_BYTES : ARENA_LAST_BYTES))
		arena->next_bytes *= 2;
	assert(arena->limit == 0 || arena->taken + size <= arena->limit);
	block = mem_alloc(size);
	block->size = size;
	arena_use(arena, block);
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
	size_t need;
	char *at;

	if (size_bytes >= arena->large_bytes)
		return arena_alloc_large(arena, size_bytes);
	need = arena_aligned(size_bytes);
	if (need > (size_t)(arena->end - arena->at))
		arena_add_block(arena, need);
	at = arena->at;
	arena->at += need;
	ASAN_UNPOISON_MEMORY_REGION(at, size_bytes);
	return at;
}

void *arena_zalloc(struct arena *arena, size_t size_bytes)
{
	void *at = arena_alloc(arena, size_bytes);

	memset(at, 0, size_bytes);
	return at;
}

void *arena_copy(struct arena *arena, const void *at, size_t size_bytes)
{
	void *copy = arena_alloc(arena, size_bytes);

	if (size_bytes > 0)
		memcpy(copy, at, size_bytes);
	return copy;
}

/* True when `at` was the last thing made and the current block has room for its new size. */
static bool arena_extend(struct arena *arena, char *at, size_t old_bytes, size_t new_bytes)
{
	if (new_bytes >= arena->large_bytes || at + arena_aligned(old_bytes) != arena->at ||
	    arena_aligned(new_bytes) > (size_t)(arena->end - at))
		return false;
	arena->at = at + arena_aligned(new_bytes);
	ASAN_UNPOISON_MEMORY_REGION(at, new_bytes);
	return true;
}

void *arena_grow(struct arena *arena, void *at, size_t old_bytes, size_t new_bytes)
{
	void *copy;

	assert(new_bytes >= old_bytes);
	if (at == NULL)
		return arena_alloc(arena, new_bytes);
	if (old_bytes >= arena->large_bytes)
		return arena_grow_large(arena, at, new_bytes);
	if (arena_extend(arena, at, old_bytes, new_bytes))
		return at;
	copy = arena_alloc(arena, new_bytes);
	if (old_bytes > 0)
		memcpy(copy, at, old_bytes);
	return copy;
}

struct str arena_str(struct arena *arena, struct str s)
{
	char *copy;

	if (s.at == NULL)
		return STR_NONE;
	copy = arena_alloc(arena, (size_t)s.len + 1);
	memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

char *arena_cstr(struct arena *arena, struct str s)
{
	char *copy = arena_alloc(arena, (size_t)s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	return copy;
}

struct str arena_lower(struct arena *arena, struct str s)
{
	char *at = arena_cstr(arena, s);

	for (uint32_t i = 0; i < s.len; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] = (char)(at[i] - 'A' + 'a');
	return str_of(at, s.len);
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	char small[256];
	char *at;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(small, sizeof small, format, args);
	assert(len >= 0);
	at = arena_alloc(arena, (size_t)len + 1);
	if ((size_t)len < sizeof small)
		memcpy(at, small, (size_t)len + 1);
	else
		vsnprintf(at, (size_t)len + 1, format, again);
	va_end(again);
	return (struct str){ at, (uint32_t)len };
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	struct str made;
	va_list args;

	va_start(args, format);
	made = arena_vprintf(arena, format, args);
	va_end(args);
	return made;
}

void arena_on_free(struct arena *arena, void (*hook)(void *arg), void *arg)
{
	struct arena_hook *added = arena_alloc(arena, sizeof *added);

	*added = (struct arena_hook){ arena->hooks, hook, arg };
	arena->hooks = added;
}
