#include "deploy/main/migration/dqlite/lz4.h"

#include <string.h>

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"

#define MAGIC 0x184D2204U
#define WINDOW (64U * KIB)
#define BLOCK_MAX (4U * MIB)
#define MATCH_MIN 4U
#define STORED 0x80000000U /* a block as it is */

enum flag { FLAG_DICTIONARY = 1, FLAG_CONTENT_SUM = 4, FLAG_CONTENT_SIZE = 8, FLAG_BLOCK_SUM = 16 };

bool lz4_is_frame(struct str first)
{
	return first.len >= 4 && (uint32_t)bytes_get(first.at, 4) == MAGIC;
}

/* ---- blocks ---- */

/* A length that did not fit into its four bits goes on in bytes, of which one less than 255 is the last. */
static bool read_length(struct str *in, size_t *len)
{
	uint8_t byte;

	if (*len != 15)
		return true;
	do {
		if (in->len == 0 || *len > BLOCK_MAX)
			return false;
		byte = (uint8_t)in->at[0];
		*in = str_slice(*in, 1, in->len);
		*len += byte;
	} while (byte == 255);
	return true;
}

/* What is copied may overlap what it becomes: byte by byte, it repeats itself. */
static void copy_match(char *to, size_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = to[i - offset];
}

/* Behind `at` lie `room` bytes, before it `history` ones that the block may refer to. CORRUPT: it does not fit. */
static enum status decode_bytes(struct str block, char *at, size_t history, size_t room,
				size_t *out_len)
{
	size_t out = 0;

	while (block.len > 0) {
		uint8_t token = (uint8_t)block.at[0];
		size_t literals = token >> 4, match = token & 15, offset;

		block = str_slice(block, 1, block.len);
		if (!read_length(&block, &literals) || literals > block.len || literals > room - out)
			return CORRUPT;
		memcpy(at + out, block.at, literals);
		out += literals;
		block = str_slice(block, (uint32_t)literals, block.len);
		if (block.len == 0)
			break; /* the last one has no match */
		if (block.len < 2)
			return CORRUPT;
		offset = (uint8_t)block.at[0] | (size_t)(uint8_t)block.at[1] << 8;
		block = str_slice(block, 2, block.len);
		if (!read_length(&block, &match) || offset == 0 || offset > history + out ||
		    match + MATCH_MIN > room - out)
			return CORRUPT;
		copy_match(at + out, offset, match + MATCH_MIN);
		out += match + MATCH_MIN;
	}
	*out_len = out;
	return OK;
}

/* ---- frames ---- */

struct decoding {
	const struct seams_files *files;
	struct seams_file *from, *to;
	uint64_t at, written;
	char *block, *out; /* in front of what is decoded lies the window */
	size_t history;
	struct fault *why;
};

static enum status broken(struct decoding *decoding, const char *what)
{
	return fault_set(decoding->why, CORRUPT, "", "LZ4: %s before byte %ju", what,
			 (uintmax_t)decoding->at);
}

/* BAD_REQUEST: it ends here. */
static enum status take(struct decoding *decoding, void *at, size_t len)
{
	size_t got = 0;
	enum status status = decoding->files->read(decoding->files->self, decoding->from, at, len,
						   decoding->at, &got);

	if (status != OK)
		return fault_set(decoding->why, status, "", "%s", status_text(status));
	if (got == 0 && len > 0)
		return BAD_REQUEST;
	if (got < len)
		return broken(decoding, "the end is missing");
	decoding->at += len;
	return OK;
}

static enum status take_all(struct decoding *decoding, void *at, size_t len)
{
	enum status status = take(decoding, at, len);

	return status == BAD_REQUEST ? broken(decoding, "the end is missing") : status;
}

static enum status give(struct decoding *decoding, size_t len)
{
	enum status status = decoding->files->write(decoding->files->self, decoding->to,
						    decoding->out + WINDOW, len, decoding->written);
	size_t kept = decoding->history + len < WINDOW ? decoding->history + len : WINDOW;

	if (status != OK)
		return fault_set(decoding->why, status, "", "what is unpacked: %s",
				 status_text(status));
	decoding->written += len;
	memmove(decoding->out + WINDOW - kept, decoding->out + WINDOW + len - kept, kept);
	decoding->history = kept;
	return OK;
}

static enum status decode_block(struct decoding *decoding, uint32_t size)
{
	size_t len = size & ~STORED;

	if (len > BLOCK_MAX)
		return broken(decoding, "a block is too long");
	TRY(take_all(decoding, size & STORED ? decoding->out + WINDOW : decoding->block, len));
	if (!(size & STORED) &&
	    decode_bytes(str_of(decoding->block, (uint32_t)len), decoding->out + WINDOW,
			 decoding->history, BLOCK_MAX, &len) != OK)
		return broken(decoding, "a block is damaged");
	return give(decoding, len);
}

static enum status decode_head(struct decoding *decoding, uint8_t *out_flags)
{
	char head[4 + 2], rest[8 + 1];

	TRY(take(decoding, head, sizeof head));
	*out_flags = (uint8_t)head[4];
	if (!lz4_is_frame(str_of(head, 4)) || *out_flags >> 6 != 1 || *out_flags & FLAG_DICTIONARY)
		return broken(decoding, "no frame that is known here begins");
	return take_all(decoding, rest, (*out_flags & FLAG_CONTENT_SIZE ? 8U : 0U) + 1U);
}

static enum status decode_frame(struct decoding *decoding)
{
	uint8_t flags;
	char bytes[4];

	TRY(decode_head(decoding, &flags));
	decoding->history = 0;
	for (;;) {
		uint32_t size;

		TRY(take_all(decoding, bytes, sizeof bytes));
		size = (uint32_t)bytes_get(bytes, 4);
		if (size == 0)
			break;
		TRY(decode_block(decoding, size));
		if (flags & FLAG_BLOCK_SUM)
			TRY(take_all(decoding, bytes, sizeof bytes));
	}
	return flags & FLAG_CONTENT_SUM ? take_all(decoding, bytes, sizeof bytes) : OK;
}

enum status lz4_decode(const struct seams_files *files, struct seams_file *from,
		       struct seams_file *to, uint64_t *out_bytes, struct fault *why)
{
	struct decoding decoding = { .files = files, .from = from, .to = to, .why = why };
	enum status status;

	decoding.block = mem_alloc(BLOCK_MAX);
	decoding.out = mem_alloc(WINDOW + BLOCK_MAX);
	do
		status = decode_frame(&decoding);
	while (status == OK);
	mem_free(decoding.block);
	mem_free(decoding.out);
	if (status == BAD_REQUEST)
		status = decoding.at > 0 ? OK : broken(&decoding, "there is nothing");
	*out_bytes = decoding.written;
	return status;
}
