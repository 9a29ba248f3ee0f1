#include "runtime/base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/mem.h"

#define TEXT_FIRST_BYTES 64U

struct text text_new(uint32_t max_bytes)
{
	return (struct text){ .max = max_bytes };
}

struct text text_in(struct arena *arena, uint32_t max_bytes)
{
	assert(arena != NULL);
	return (struct text){ .max = max_bytes, .arena = arena };
}

void text_fini(struct text *text)
{
	if (text->arena == NULL)
		mem_free(text->at);
	*text = (struct text){ .max = text->max, .arena = text->arena };
}

void text_clear(struct text *text)
{
	text->len = 0;
	text->is_cut = false;
}

static void text_resize(struct text *text, uint32_t cap)
{
	if (text->arena != NULL)
		text->at = arena_grow(text->arena, text->at, text->cap, cap);
	else
		text->at = mem_resize(text->at, cap);
	text->cap = cap;
}

void text_reserve(struct text *text, uint32_t more_bytes)
{
	uint32_t left = text->max - text->len;
	uint32_t need = text->len + (more_bytes < left ? more_bytes : left);
	uint64_t cap = text->cap == 0 ? TEXT_FIRST_BYTES : (uint64_t)text->cap * 2;

	assert(text->len <= text->max);
	if (need <= text->cap)
		return;
	if (cap < need)
		cap = need;
	text_resize(text, cap > text->max ? text->max : (uint32_t)cap);
}

void text_add_bytes(struct text *text, const void *at, size_t len)
{
	uint32_t left = text->max - text->len;

	/* Most pieces are small and find their place. */
	if (len != 0 && len <= text->cap - text->len) {
		memcpy(text->at + text->len, at, len);
		text->len += (uint32_t)len;
		return;
	}
	if (len > left) {
		text->is_cut = true;
		len = left;
	}
	if (len == 0)
		return;
	text_reserve(text, (uint32_t)len);
	memcpy(text->at + text->len, at, len);
	text->len += (uint32_t)len;
}

void text_add(struct text *text, struct str s)
{
	text_add_bytes(text, s.at, s.len);
}

void text_add_char(struct text *text, char c)
{
	if (text->len < text->cap)
		text->at[text->len++] = c;
	else
		text_add_bytes(text, &c, 1);
}

void text_add_u64(struct text *text, uint64_t n)
{
	char digits[20];
	uint32_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	text_add_bytes(text, digits + at, sizeof digits - at);
}

void text_add_i64(struct text *text, int64_t n)
{
	if (n < 0)
		text_add_char(text, '-');
	text_add_u64(text, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void text_printf(struct text *text, const char *format, ...)
{
	uint32_t left = text->max - text->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);
	if ((uint32_t)len > left)
		text->is_cut = true;
	/* vsnprintf wants room for its NUL, which is then not counted; at the very end it is not there. */
	if ((uint32_t)len < left) {
		text_reserve(text, (uint32_t)len + 1);
		va_start(args, format);
		vsnprintf(text->at + text->len, (size_t)len + 1, format, args);
		va_end(args);
		text->len += (uint32_t)len;
		return;
	}
	if (left > 0) {
		char *all = mem_alloc((size_t)len + 1);

		va_start(args, format);
		vsnprintf(all, (size_t)len + 1, format, args);
		va_end(args);
		text_add_bytes(text, all, (size_t)len < left ? (size_t)len : left);
		mem_free(all);
	}
}

struct str text_str(const struct text *text)
{
	return text->at == NULL ? STR("") : (struct str){ text->at, text->len };
}
