/*
 * A growing buffer of bytes that is made with its maximum, for encoders and messages.
 *
 * Appending past the maximum keeps what fits, sets `is_cut` and goes on quietly, so that a writer of
 * many small pieces checks once at its end. Either on the heap (text_new/text_fini) or in an arena.
 */
#ifndef RUNTIME_BASE_TEXT_H
#define RUNTIME_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#pragma GCC visibility push(default)

struct text {
	char *at; /* NULL until the first byte */
	uint32_t len, cap, max;
	bool is_cut;
	struct arena *arena; /* NULL: the heap */
};

struct text text_new(uint32_t max_bytes); /* on the heap */
struct text text_in(struct arena *arena,
		    uint32_t max_bytes); /* in an arena: text_fini is not needed */
void text_fini(struct text *text);
void text_clear(struct text *text); /* keeps the memory */
void text_reserve(struct text *text, uint32_t more_bytes);
void text_add(struct text *text, struct str s);
void text_add_bytes(struct text *text, const void *at, size_t len);
void text_add_char(struct text *text, char c);
void text_add_u64(struct text *text, uint64_t n);
void text_add_i64(struct text *text, int64_t n);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str text_str(const struct text *text); /* borrowed until the next change; never absent */

#define text_lit(text, literal) text_add_bytes((text), "" literal, sizeof(literal) - 1)

#pragma GCC visibility pop

#endif
