/*
 * URLs as requests carry them: the path, the query and percent-encoding (RFC 3986, and HTML's form rules in queries).
 *
 * Pure functions; any code may call them. They never fail half-way: what cannot be decoded is refused as a
 * whole. Nothing is allocated unless something had to be decoded, then in the caller's arena.
 */
#ifndef TRANSPORT_HTTP_URL_H
#define TRANSPORT_HTTP_URL_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

/*
 * A request target taken apart; all parts point into it and are still encoded. Origin form (`/a?b`), absolute
 * form (`https://host/a?b`: scheme and authority are dropped) and `*`. BAD_REQUEST if it is none of these, has a
 * fragment, a control character, a space or a byte above 0x7e.
 */
struct url_target {
	struct str path;  /* `/a/b`, or `*` */
	struct str query; /* without `?`; absent when there is none */
};

MUST_USE enum status url_split(struct str target, struct url_target *out);

/* Decodes %XX; BAD_REQUEST for a broken escape or an encoded NUL. Gives `s` itself when nothing is encoded. */
MUST_USE enum status url_decode(struct arena *arena, struct str s, struct str *out);
/* The same inside a query, where `+` is a space. */
MUST_USE enum status url_decode_query(struct arena *arena, struct str s, struct str *out);

/* Encodes every byte but RFC 3986's unreserved ones; `/` stays when `keep_slash` (whole paths). */
void url_encode(struct text *text, struct str s, bool keep_slash);

/*
 * A walk over `a=1&b&c=2`, decoded, in order; a name without `=` has the empty value, empty pairs are skipped.
 * Stops at the end or at a pair that cannot be decoded or holds a `;` (as Go's parser refuses): then
 * walk->status is BAD_REQUEST.
 */
struct url_walk {
	struct arena *arena;
	struct str rest;
	enum status status;
};

struct url_walk url_walk(struct arena *arena, struct str query);
bool url_walk_next(struct url_walk *walk, struct str *name, struct str *value);

/* The first value of `name`: absent when there is none, empty when it has none. Undecodable pairs are passed over. */
struct str url_query_get(struct arena *arena, struct str query, struct str name);

/*
 * A whole URL, for clients: `https://host:port/path?query`, `http://...`, or `unix:/file` (then `host` is the
 * file). Parts point into `text`; `path` is "/" when there is none. INVALID with words in `why`.
 */
struct url {
	bool is_tls;
	bool is_unix;
	struct str host; /* without brackets */
	uint16_t port;   /* the scheme's own when none is given */
	struct str path; /* path and query as they go into a request */
};

MUST_USE enum status url_parse(struct str text, struct url *out, struct fault *why);

#endif
