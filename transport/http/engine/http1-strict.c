#include "transport/http/engine/http1-strict.h"

#define DIGITS_MAX 15U      /* a chunk is smaller than 2^60 */
#define EXTENSION_MAX 1024U /* nobody sends any */

void http1_strict_chunks(struct http1_strict *strict)
{
	strict->state = STRICT_HEAD_LF;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- a head ---------------------------------------------------------------------------------------------- */

/* Line by line: all bytes between are the parser's affair. */
static const char *look_at_head(struct http1_strict *strict, struct str bytes)
{
	const char *at = bytes.at, *end = bytes.at + bytes.len;

	while (strict->state == STRICT_BEFORE && at < end && (*at == '\r' || *at == '\n'))
		at++;
	if (at == end)
		return NULL;
	if (strict->state == STRICT_BEFORE)
		strict->state = STRICT_HEAD;
	while (at < end && strict->state != STRICT_OVER) {
		if (strict->state == STRICT_LINE) {
			if (is_blank(*at))
				return "a header that goes on in the next line";
			strict->state = *at == '\r' || *at == '\n' ? STRICT_OVER : STRICT_HEAD;
			continue;
		}
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL)
			return NULL;
		at++;
		strict->state = STRICT_LINE;
	}
	return NULL;
}

/* ---- chunks ------------------------------------------------------------------------------------------------- */

static bool take_digit(struct http1_strict *strict, char c)
{
	char lower = (char)(c | 0x20);
	uint32_t digit = c >= '0' && c <= '9'           ? (uint32_t)(c - '0')
			 : lower >= 'a' && lower <= 'f' ? (uint32_t)(lower - 'a' + 10)
							: 16;

	if (digit == 16 || strict->count == DIGITS_MAX)
		return false;
	strict->left = strict->left * 16 + digit;
	strict->count++;
	return true;
}

static bool take_size(struct http1_strict *strict, char c)
{
	if (take_digit(strict, c))
		return true;
	if (strict->count == 0 || !(c == '\r' || c == ';' || is_blank(c)))
		return false;
	strict->count = 0;
	strict->state = c == '\r' ? STRICT_SIZE_LF : STRICT_EXTENSION;
	return true;
}

static bool take_extension(struct http1_strict *strict, char c)
{
	if (c == '\r')
		strict->state = STRICT_SIZE_LF;
	return c != '\n' && ++strict->count <= EXTENSION_MAX;
}

static bool take_exactly(struct http1_strict *strict, char c, char wanted, int next)
{
	strict->state = next;
	return c == wanted;
}

static bool take_trailer(struct http1_strict *strict, char c)
{
	if (strict->state == STRICT_TRAILERS && is_blank(c))
		return false;
	strict->state = c == '\n'                                       ? STRICT_TRAILERS
			: c == '\r' && strict->state == STRICT_TRAILERS ? STRICT_LAST_LF
									: STRICT_TRAILER;
	return true;
}

/* One byte that is no data; false: it must not be there. */
static bool take(struct http1_strict *strict, char c)
{
	switch (strict->state) {
	case STRICT_HEAD_LF:
		strict->left = strict->count = 0;
		return take_exactly(strict, c, '\n', STRICT_SIZE);
	case STRICT_SIZE: return take_size(strict, c);
	case STRICT_EXTENSION: return take_extension(strict, c);
	case STRICT_SIZE_LF:
		return take_exactly(strict, c, '\n',
				    strict->left == 0 ? STRICT_TRAILERS : STRICT_DATA);
	case STRICT_CR: return take_exactly(strict, c, '\r', STRICT_LF);
	case STRICT_LF:
		strict->left = strict->count = 0;
		return take_exactly(strict, c, '\n', STRICT_SIZE);
	case STRICT_TRAILERS:
	case STRICT_TRAILER: return take_trailer(strict, c);
	case STRICT_LAST_LF: return take_exactly(strict, c, '\n', STRICT_END);
	default: return true;
	}
}

static const char *look_at_chunks(struct http1_strict *strict, struct str bytes)
{
	for (uint32_t at = 0; at < bytes.len && strict->state != STRICT_END;) {
		uint32_t rest = bytes.len - at;

		if (strict->state != STRICT_DATA) {
			if (!take(strict, bytes.at[at++]))
				return "a chunk that does not end where it says";
			continue;
		}
		rest = strict->left < rest ? (uint32_t)strict->left : rest;
		strict->left -= rest;
		at += rest;
		if (strict->left == 0)
			strict->state = STRICT_CR;
	}
	return NULL;
}

const char *http1_strict_look(struct http1_strict *strict, struct str bytes)
{
	if (strict->state < STRICT_OVER)
		return look_at_head(strict, bytes);
	return strict->state > STRICT_OVER ? look_at_chunks(strict, bytes) : NULL;
}
