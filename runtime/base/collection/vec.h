/*
 * A growing array of one type on the heap: `VEC(struct thing) things;`, zeroed at the start.
 *
 * The owner frees it with vec_fini. It has no limit of its own: the owner checks `len` against a limit
 * of limits.h before it pushes.
 */
#ifndef RUNTIME_BASE_COLLECTION_VEC_H
#define RUNTIME_BASE_COLLECTION_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VEC(T)                     \
	struct {                   \
		T *at;             \
		uint32_t len, cap; \
	}

/* Appends a copy of an item. */
#define vec_push(v, ...)                                                     \
	(vec_grow_((void **)&(v)->at, &(v)->cap, (v)->len, sizeof *(v)->at), \
	 (v)->at[(v)->len++] = (__VA_ARGS__))
/* Appends a cleared item and gives its address. */
#define vec_add(v)                                                           \
	(vec_grow_((void **)&(v)->at, &(v)->cap, (v)->len, sizeof *(v)->at), \
	 (void)memset(&(v)->at[(v)->len], 0, sizeof *(v)->at), &(v)->at[(v)->len++])
#define vec_pop(v) ((v)->at[--(v)->len])
/* Removes item i, keeping the order. */
#define vec_remove(v, i) \
	(memmove(&(v)->at[i], &(v)->at[(i) + 1], ((v)->len - (i)-1) * sizeof *(v)->at), (v)->len--)
/* Removes item i by putting the last in its place. */
#define vec_swap_remove(v, i) ((v)->at[i] = (v)->at[(v)->len - 1], (v)->len--)
#define vec_clear(v) ((void)((v)->len = 0))
#define vec_fini(v) (vec_free_((v)->at), (v)->at = NULL, (v)->len = (v)->cap = 0)

void vec_grow_(void **at, uint32_t *cap, uint32_t len, size_t item_bytes);
void vec_free_(void *at);

#endif
