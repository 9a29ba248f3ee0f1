/*
 * Looking for a key in an array whose entries begin with a struct str and stand in the order of those.
 *
 * Pure, and inline so that the size of an entry is a constant where it is known. O(log n).
 */
#ifndef RUNTIME_BASE_COLLECTION_SORTED_H
#define RUNTIME_BASE_COLLECTION_SORTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

/* Where the key stands, or would. `stride`: bytes from one entry to the next. */
static inline uint32_t sorted_place(const void *entries, uint32_t len, size_t stride,
				    struct str key, bool *is_there)
{
	uint32_t low = 0, high = len;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order =
		    str_cmp(*(const struct str *)((const char *)entries + middle * stride), key);

		if (order == 0) {
			*is_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*is_there = false;
	return low;
}

/* The entry with that key; NULL: there is none. */
static inline const void *sorted_find(const void *entries, uint32_t len, size_t stride,
				      struct str key)
{
	bool is_there;
	uint32_t at = sorted_place(entries, len, stride, key, &is_there);

	return is_there ? (const char *)entries + at * stride : NULL;
}

#endif
