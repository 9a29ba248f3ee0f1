/*
 * gzip (RFC 1952), for bodies and for texts that are part of the program, over zlib; the only place that includes it.
 *
 * Any code may call. Whether to compress is the caller's decision: gzip_is_accepted reads Accept-Encoding, and
 * small bodies (upstream: below 128 KiB) are not worth it. Memory: 256 KiB while compressing, bounded output.
 */
#ifndef TRANSPORT_WIRE_GZIP_H
#define TRANSPORT_WIRE_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

/* What upstream's API server uses: fast, and text shrinks by 5-10 all the same. */
#define GZIP_LEVEL 1

/* Whether an Accept-Encoding header allows gzip; q-values of zero refuse it. */
bool gzip_is_accepted(struct str accept_encoding);

/* Appends the compressed body. TOO_LARGE (and `out` of no use) when out->max is too small. */
MUST_USE enum status gzip_pack(struct text *out, struct str body);
/* Appends the body inside; CORRUPT for damaged or unfinished input, TOO_LARGE past out->max: no bomb goes off. */
MUST_USE enum status gzip_unpack(struct text *out, struct str packed);

/*
 * A body that is made piece by piece (streamed lists, watches). Each piece leaves as a whole when flushed, so
 * that a reader sees each event at once.
 */
struct gzip;

GIVE struct gzip *gzip_new(void);
void gzip_free(TAKE struct gzip *gzip);
MUST_USE enum status gzip_add(struct gzip *gzip, struct text *out, struct str piece, bool flush);
MUST_USE enum status gzip_end(struct gzip *gzip, struct text *out);

/*
 * A body of pieces that are packed once, each as if nothing stood before it, and joined in any order and as often as wanted: it begins
 * with GZIP_JOIN_HEAD, then come the pieces' bytes as they are, and what gzip_join_end gives.
 */
struct gzip_piece {
	uint32_t bytes, crc;   /* of what is in it */
	uint32_t packed_bytes; /* so many were appended */
};

#define GZIP_JOIN_HEAD "\x1f\x8b\x08\0\0\0\0\0\0\3"
#define GZIP_JOIN_END_BYTES 10U

GIVE struct gzip *gzip_new_pieces(void); /* for gzip_pack_piece alone */
/* TOO_LARGE (and `out` of no use) when out->max is too small. */
MUST_USE enum status gzip_pack_piece(struct gzip *gzip, struct text *out, struct str body,
				     struct gzip_piece *piece);

struct gzip_join {
	uint32_t bytes, crc;
}; /* zeroed: none has been joined */

void gzip_join_add(struct gzip_join *join, const struct gzip_piece *piece);
void gzip_join_end(const struct gzip_join *join, struct text *out);

#endif
