/*
 * A composition: an OpenAPI document in one form, of pieces that are packed each for itself and joined.
 *
 * A worker makes it (composition_make) of inputs that do not change meanwhile; from then on nobody changes it, and the server's actor alone counts
 * who has it. Pieces that the one before had of the same are taken over, so that of a thousand custom resources of which one changed only that one is
 * written, and packed, again. Of much that is new several workers make slices before (composition_slice). Bounded by OPENAPI_BYTES_MAX for a section of
 * a document, and by whoever keeps compositions.
 */
#ifndef ACTORS_SERVER_CATALOG_COMPOSITION_H
#define ACTORS_SERVER_CATALOG_COMPOSITION_H

#include "datastore/object/object.h"
#include "datastore/object/openapi/openapi.h"
#include "runtime/base/base.h"
#include "transport/http/engine/http.h"

#define COMPOSITION_HASH_BYTES 33U /* 128 bits in hex, and a NUL */

struct piece;

struct composition {
	uint32_t refs;
	struct http_parts packed; /* the body, gzipped */
	char hash[COMPOSITION_HASH_BYTES];
	uint32_t bytes; /* that it takes, with its pieces */
	uint32_t made;  /* pieces that neither the one before nor a slice had */
	struct piece **pieces;
	uint32_t piece_count;
	struct arena *arena;
};

/* Resources of one group and version that make one piece. The same key, the same piece. */
struct composing_part {
	const struct openapi_resource *at;
	uint32_t count;
	bool has_root; /* they are the first of their group and version */
	uint64_t key;
};

/* What another server says of its own group and version (merge.h). */
struct composing_other {
	struct openapi_group group;
	struct str document;
};

struct composing {
	enum openapi_version version;
	enum format format;
	struct composing_part *parts; /* at least one; of v3 all of one group and version */
	uint32_t part_count;
	const struct composing_other *others; /* of v2 */
	uint32_t other_count;
	const struct composition *before;  /* NULL: none */
	struct composition *const *slices; /* taken; where it is NULL, there is none */
	uint32_t slice_count;
};

/* Without a hash in `hash` it gets one of its contents. TOO_LARGE: more than a document may have. */
MUST_USE enum status composition_make(const struct composing *what, const char *hash,
				      GIVE struct composition **out);
/*
 * Some of the parts that the one before has not: each `count`th of the parts, from the one numbered `slice` on. It is pieces alone, nothing to be sent: with
 * all slices of a document at hand composition_make only joins them.
 */
MUST_USE enum status composition_slice(const struct composing *what, uint32_t slice, uint32_t count,
				       GIVE struct composition **out);
/* How many of the parts the one before has not. */
uint32_t composition_missing(const struct composing *what);
/* The hash alone, which costs no packing. */
MUST_USE enum status composition_hash(const struct composing *what,
				      char hash[COMPOSITION_HASH_BYTES]);
/* The body as it is. */
MUST_USE enum status composition_unpack(const struct composition *composition, struct text *out);

/* One that a worker has made is nobody's yet: whoever gets it takes it, or throws it away. */
struct composition *composition_take(struct composition *made);
void composition_throw(struct composition *made); /* NULL is fine */
struct composition *composition_ref(struct composition *composition);
void composition_unref(TAKE struct composition *composition); /* NULL is fine */

#endif
