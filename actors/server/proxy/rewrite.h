/*
 * Links in what is behind a proxy, made to lead through the proxy again (upstream: k8s.io/apimachinery/pkg/util/proxy's Transport).
 *
 * Pure. A link that is absolute on the target's own host gets the prefix of the proxy's path: in the header Location, else in the
 * attributes of HTML that hold links. HTML is read as it comes, and everything but such a value goes on byte by byte. Bounds:
 * REWRITE_LINK_MAX of a link (longer ones stay as they are), LIMIT_REWRITTEN_BYTES of a page that is packed (so does a larger one).
 */
#ifndef ACTORS_SERVER_PROXY_REWRITE_H
#define ACTORS_SERVER_PROXY_REWRITE_H

#include "runtime/base/arena.h"
#include "runtime/base/text.h"
#include "transport/http/engine/http.h"

#define REWRITE_LINK_MAX 4096U

struct rewrite;

/* `prefix`: the path up to the target's own; `host`: by which the asker called; `target`: address and port of who answers. */
struct rewrite *rewrite_new(struct arena *arena, struct str prefix, struct str host,
			    struct str target);
/* Of an answer: those that let pages of other places read it go, Location is made ours. Whether its body has links. */
bool rewrite_begin(struct rewrite *rewrite, struct http_headers *headers);
/* Appends the next piece of the body. TOO_LARGE: `out` is full. */
MUST_USE enum status rewrite_add(struct rewrite *rewrite, struct str piece, bool is_last,
				 struct text *out);

/* Without double slashes, `.` and `..`, as Go's path.Clean, but for a slash at the end, which stays. It begins with a slash. */
struct str rewrite_clean(struct arena *arena, struct str path);

#endif
