#include "transport/wire/gzip.h"

#include <assert.h>
#include <zlib.h>

#include "runtime/base/mem.h"

#define GZIP_WINDOW (15 + 16) /* zlib's way to say: 32 KiB, with a gzip header */
#define GZIP_RAW_WINDOW (-15) /* 32 KiB, without a header */
#define GZIP_STEP_BYTES (16U * 1024U)

struct gzip {
	z_stream stream;
	bool is_ended;
};

/* One entry of Accept-Encoding: does it name gzip (or everything), and is its weight above zero? */
static bool entry_accepts(struct str entry, bool *names_gzip)
{
	struct str rest = entry;
	struct str coding = str_trim(str_cut(&rest, ';'));
	*names_gzip = str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip"));
	if (!*names_gzip && !str_is(coding, "*"))
		return false;
	while (rest.at != NULL) {
		struct str weight = str_trim(str_cut(&rest, ';'));
		if (!str_starts(weight, STR("q=")))
			continue;
		for (uint32_t i = 2; i < weight.len; i++)
			if (weight.at[i] >= '1' && weight.at[i] <= '9')
				return true;
		return false;
	}
	return true;
}

bool gzip_is_accepted(struct str accept_encoding)
{
	bool accepted = false;
	struct str rest = accept_encoding;
	while (rest.at != NULL) {
		bool names_gzip = false;
		bool accepts = entry_accepts(str_cut(&rest, ','), &names_gzip);
		if (names_gzip)
			return accepts; /* what is said of gzip outweighs what is said of `*` */
		accepted = accepted || accepts;
	}
	return accepted;
}

static struct gzip *new_of(int window)
{
	struct gzip *gzip = mem_new(struct gzip);
	int code =
	    deflateInit2(&gzip->stream, GZIP_LEVEL, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
	assert(code == Z_OK); /* anything else is no memory, or a wrong constant above */
	return gzip;
}

struct gzip *gzip_new(void)
{
	return new_of(GZIP_WINDOW);
}

void gzip_free(struct gzip *gzip)
{
	if (gzip == NULL)
		return;
	deflateEnd(&gzip->stream);
	mem_free(gzip);
}

/* Runs the machine until it wants no more room; every way of flushing ends like that. */
static enum status deflate_all(struct gzip *gzip, struct text *out, struct str piece, int how)
{
	assert(!gzip->is_ended);
	z_stream *stream = &gzip->stream;
	stream->next_in = (Bytef *)(uintptr_t)piece.at;
	stream->avail_in = piece.len;
	do {
		uint8_t step[GZIP_STEP_BYTES];
		stream->next_out = step;
		stream->avail_out = sizeof step;
		int code = deflate(stream, how);
		assert(code != Z_STREAM_ERROR);
		text_add_bytes(out, step, sizeof step - stream->avail_out);
		if (out->is_cut)
			return TOO_LARGE;
	} while (stream->avail_out == 0);
	assert(stream->avail_in == 0);
	return OK;
}

enum status gzip_add(struct gzip *gzip, struct text *out, struct str piece, bool flush)
{
	return deflate_all(gzip, out, piece, flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
}

enum status gzip_end(struct gzip *gzip, struct text *out)
{
	TRY(deflate_all(gzip, out, STR(""), Z_FINISH));
	gzip->is_ended = true;
	return OK;
}

enum status gzip_pack(struct text *out, struct str body)
{
	struct gzip *gzip = gzip_new();
	enum status status = deflate_all(gzip, out, body, Z_FINISH);
	gzip_free(gzip);
	return status;
}

/* ---- pieces ---------------------------------------------------------------------------------------------------- */

struct gzip *gzip_new_pieces(void)
{
	return new_of(GZIP_RAW_WINDOW);
}

/* A flush ends on a byte and leaves the stream open for what comes next. */
enum status gzip_pack_piece(struct gzip *gzip, struct text *out, struct str body,
			    struct gzip_piece *piece)
{
	uint32_t before = out->len;
	int code = deflateReset(&gzip->stream);
	assert(code == Z_OK);
	if (body.len > 0)
		TRY(deflate_all(gzip, out, body, Z_SYNC_FLUSH));
	*piece = (struct gzip_piece){
		.bytes = body.len,
		.crc = (uint32_t)crc32_z(0, (const Bytef *)body.at, body.len),
		.packed_bytes = out->len - before,
	};
	return OK;
}

void gzip_join_add(struct gzip_join *join, const struct gzip_piece *piece)
{
	join->crc = (uint32_t)crc32_combine(join->crc, piece->crc, (z_off_t)piece->bytes);
	join->bytes += piece->bytes;
}

static void add_u32(struct text *out, uint32_t value)
{
	for (uint32_t i = 0; i < 4; i++)
		text_add_char(out, (char)(value >> 8 * i & 0xff));
}

/* An empty block says that it is the last (RFC 1951, 3.2.6); then what RFC 1952 wants behind the stream. */
void gzip_join_end(const struct gzip_join *join, struct text *out)
{
	text_lit(out, "\3\0");
	add_u32(out, join->crc);
	add_u32(out, join->bytes);
}

/* ---- unpacking ------------------------------------------------------------------------------------------------- */

static enum status inflate_all(z_stream *stream, struct text *out)
{
	for (;;) {
		uint8_t step[GZIP_STEP_BYTES];
		stream->next_out = step;
		stream->avail_out = sizeof step;
		int code = inflate(stream, Z_NO_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END)
			return CORRUPT; /* Z_BUF_ERROR among them: the input ended too early */
		text_add_bytes(out, step, sizeof step - stream->avail_out);
		if (out->is_cut)
			return TOO_LARGE;
		if (code == Z_OK)
			continue;
		if (stream->avail_in == 0)
			return OK;
		if (inflateReset(stream) != Z_OK) /* RFC 1952, 2.2: members may follow one another */
			return CORRUPT;
	}
}

enum status gzip_unpack(struct text *out, struct str packed)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)packed.at, .avail_in = packed.len };
	int code = inflateInit2(&stream, GZIP_WINDOW);
	assert(code == Z_OK);
	enum status status = inflate_all(&stream, out);
	inflateEnd(&stream);
	return status;
}
