/*
 * An arena: memory that is freed as a whole.
 *
 * One thread uses it at a time. Each message, request and actor has one; everything that it points to
 * lives exactly as long. Grows in blocks that double up to 64 KiB; 16 KiB and more get a block of their own.
 * It never fails: past `limit_bytes` it is a bug to ask (assert), since inputs are limited before.
 */
#ifndef RUNTIME_BASE_ARENA_H
#define RUNTIME_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"

#pragma GCC visibility push(default)

struct arena;
struct slab;

#define ARENA_SLAB_BYTES 512U

GIVE struct arena *arena_new(size_t limit_bytes); /* 0: no limit of its own */
/*
 * The same for what is kept long: it grows in steps of 512 bytes, and from 256 on an allocation has a block of its own, so
 * that it takes little more than it is asked for; in many more pieces.
 */
GIVE struct arena *arena_new_tight(size_t limit_bytes);
/* As arena_new, with the first block from a slab of ARENA_SLAB_BYTES: for many that last and stay small. */
GIVE struct arena *arena_new_in(struct slab *slab);
void arena_free(TAKE struct arena *arena); /* NULL is fine; runs the hooks, newest first */
/* As arena_free, but it can be used again; keeps the first block and the newest one, up to 16 KiB. */
void arena_reset(struct arena *arena);
size_t arena_size(const struct arena *arena); /* bytes taken from the heap */

void *arena_alloc(struct arena *arena, size_t size_bytes);  /* 16-byte aligned, not cleared */
void *arena_zalloc(struct arena *arena, size_t size_bytes); /* cleared */
void *arena_copy(struct arena *arena, const void *at, size_t size_bytes);
/* Grows an array inside the arena: in place when it was the last thing made, else by copying. */
void *arena_grow(struct arena *arena, void *at, size_t old_bytes, size_t new_bytes);
struct str arena_str(struct arena *arena, struct str s); /* copy, ends in NUL; absent stays absent */
char *arena_cstr(struct arena *arena, struct str s); /* the same as a C string; absent gives "" */
/* The same in lower case, of ASCII alone; ends in NUL, absent gives "". */
struct str arena_lower(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *arena, const char *format, va_list args);

/* Calls `hook(arg)` when the arena is freed or reset: how a reference is tied to an arena. */
void arena_on_free(struct arena *arena, void (*hook)(void *arg), void *arg);

#define arena_new_of(arena, T) ((T *)arena_zalloc((arena), sizeof(T)))
#define arena_array(arena, T, n) ((T *)arena_zalloc((arena), sizeof(T) * (size_t)(n)))

#pragma GCC visibility pop

#endif
