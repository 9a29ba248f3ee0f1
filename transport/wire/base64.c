#include "transport/wire/base64.h"

static const char alphabets[][65] = {
	[BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	[BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static void encode_group(enum base64_kind kind, const uint8_t *in, uint32_t len, char out[4])
{
	const char *alphabet = alphabets[kind];
	uint32_t bits =
	    (uint32_t)in[0] << 16 | (uint32_t)(len > 1 ? in[1] : 0) << 8 | (len > 2 ? in[2] : 0);

	for (uint32_t i = 0; i < 4; i++)
		out[i] = i <= len ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
}

void base64_encode(enum base64_kind kind, struct str bytes, struct text *out)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	uint32_t left = bytes.len;
	char group[4];

	text_reserve(out, left / 3 * 4 + 4);
	for (; left >= 3; at += 3, left -= 3) {
		encode_group(kind, at, 3, group);
		text_add_bytes(out, group, 4);
	}
	if (left > 0) {
		encode_group(kind, at, left, group);
		text_add_bytes(out, group, kind == BASE64_URL ? left + 1 : 4);
	}
}

/* 0 to 63, or -1. */
static int value_of(enum base64_kind kind, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabets[kind][62])
		return 62;
	return c == alphabets[kind][63] ? 63 : -1;
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

struct groups {
	uint8_t *out;
	uint32_t len, bits, count; /* `count` digits wait in `bits` */
};

static void add_digit(struct groups *groups, uint32_t digit)
{
	groups->bits = groups->bits << 6 | digit;
	if (++groups->count == 4) {
		groups->out[groups->len++] = (uint8_t)(groups->bits >> 16);
		groups->out[groups->len++] = (uint8_t)(groups->bits >> 8);
		groups->out[groups->len++] = (uint8_t)groups->bits;
		groups->count = groups->bits = 0;
	}
}

/* The last group has 2 or 3 digits for 1 or 2 bytes. */
static bool add_rest(struct groups *groups)
{
	if (groups->count == 1)
		return false;
	if (groups->count >= 2)
		groups->out[groups->len++] =
		    (uint8_t)(groups->bits >> (groups->count == 2 ? 4 : 10));
	if (groups->count == 3)
		groups->out[groups->len++] = (uint8_t)(groups->bits >> 2);
	return true;
}

/* Whether only the padding that is due follows. */
static bool padding_is_right(struct str text, uint32_t at, uint32_t count, uint32_t *error_at)
{
	uint32_t due = count == 0 ? 0 : 4 - count, begin = at;

	for (; at < text.len; at++) {
		if (is_line_end(text.at[at]))
			continue;
		if (text.at[at] != '=' || due == 0)
			break;
		due--;
	}
	/* What ends without padding is wrong where its last group begins: Go's words are read by people. */
	*error_at = at == begin && at == text.len && due > 0 ? begin - count : at;
	return at == text.len && due == 0;
}

enum status base64_decode(enum base64_kind kind, struct str text, struct arena *arena,
			  struct str *out, uint32_t *error_at)
{
	struct groups groups = { .out = arena_alloc(arena, text.len / 4 * 3 + 4) };
	uint32_t at = 0, unused;

	if (error_at == NULL)
		error_at = &unused;
	for (; at < text.len; at++) {
		if (kind == BASE64_STANDARD && is_line_end(text.at[at]))
			continue;
		int digit = value_of(kind, text.at[at]);
		if (digit < 0)
			break;
		add_digit(&groups, (uint32_t)digit);
	}
	*error_at = at;
	if (kind == BASE64_URL ? at < text.len : !padding_is_right(text, at, groups.count, error_at))
		return INVALID;
	if (!add_rest(&groups)) {
		*error_at = at - groups.count;
		return INVALID;
	}
	*out = str_of(groups.out, groups.len);
	return OK;
}
