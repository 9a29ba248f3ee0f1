#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 64U

/* Nothing may allocate on this path, so the words go out by a bare write. */
static void *mem_must(void *at)
{
	static const char words[] = "out of memory: a small allocation failed; ending\n";

	if (at == NULL) {
		if (write(STDERR_FILENO, words, sizeof words - 1) < 0)
			abort();
		abort();
	}
	return at;
}

/* malloc(0) may give NULL, which would look like a failure: nothing here is smaller than a byte. */
static size_t mem_at_least_one(size_t size_bytes)
{
	return size_bytes == 0 ? 1 : size_bytes;
}

void *mem_alloc(size_t size_bytes)
{
	return mem_must(malloc(mem_at_least_one(size_bytes)));
}

void *mem_alloc_lines(size_t size_bytes)
{
	return mem_must(
	    aligned_alloc(LINE_BYTES, (size_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES));
}

void *mem_zalloc(size_t size_bytes)
{
	return mem_must(calloc(1, mem_at_least_one(size_bytes)));
}

void *mem_resize(void *at, size_t size_bytes)
{
	return mem_must(realloc(at, mem_at_least_one(size_bytes)));
}

void *mem_copy(const void *at, size_t size_bytes)
{
	void *copy = mem_alloc(size_bytes);

	if (size_bytes > 0)
		memcpy(copy, at, size_bytes);
	return copy;
}

void mem_free(void *at)
{
	free(at);
}
