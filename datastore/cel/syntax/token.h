/*
 * Tokens of an expression: what the parser reads.
 *
 * For the parser alone. Nothing is copied; a token that is none has kind TOKEN_BAD and covers the bytes that begin none.
 */
#ifndef DATASTORE_CEL_SYNTAX_TOKEN_H
#define DATASTORE_CEL_SYNTAX_TOKEN_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

enum token_kind {
	TOKEN_END,
	TOKEN_BAD,
	TOKEN_NAME,
	TOKEN_QUOTED_NAME, /* `in backticks` */
	TOKEN_INT,
	TOKEN_UINT,
	TOKEN_DOUBLE,
	TOKEN_STRING,
	TOKEN_BYTES,
	TOKEN_SIGN /* operators and brackets; also `in`, true, false, null */
};

struct token {
	enum token_kind kind;
	struct str text; /* as it stands in the source */
};

/* The token that begins at `*at` or behind white space and comments; moves `*at` behind it. */
struct token token_next(struct str source, uint32_t *at);
bool token_is(struct token token, const char *sign);
/* What a string or bytes literal says. False: an escape says what cannot be; `why` has the words. */
bool token_unquote(struct token token, struct arena *arena, struct str *out, const char **why);

#endif
