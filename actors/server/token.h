/*
 * Continue tokens: where a list that was cut goes on, as upstream writes them: base64url of {"v","rv","start"}.
 *
 * Keys are relative to the collection: "ns/name", or "name" within a namespace.
 */
#ifndef ACTORS_SERVER_TOKEN_H
#define ACTORS_SERVER_TOKEN_H

#include "runtime/base/base.h"

struct token {
	int64_t revision; /* -1: at whatever is newest */
	struct str start; /* the first key of the rest */
};

struct str token_print(struct arena *arena, const struct token *token);
/* BAD_REQUEST with upstream's words. */
MUST_USE enum status token_parse(struct arena *arena, struct str text, struct token *out,
				 struct fault *why);

#endif
