/*
 * Continue tokens: where a list that was cut goes on, as upstream writes them: base64url of {"v","rv","start"}.
 *
 * Keys are relative to the collection: "ns/name", or "name" within a namespace. Of a list at an exact revision the token has one member
 * more, "past": its rest may be read as long as that revision is kept, beyond compaction.
 */
#ifndef ACTORS_SERVER_VERB_PAGE_TOKEN_H
#define ACTORS_SERVER_VERB_PAGE_TOKEN_H

#include "runtime/base/base.h"

struct page_token {
	int64_t revision; /* -1: at whatever is newest */
	struct str start; /* the first key of the rest */
	bool is_past;
};

struct str page_token_print(struct arena *arena, const struct page_token *token);
/* BAD_REQUEST with upstream's words. */
MUST_USE enum status page_token_parse(struct arena *arena, struct str text, struct page_token *out,
				      struct fault *why);

#endif
