/*
 * Issues: what is wrong with an expression, where, in upstream's words and form.
 *
 * Parser and checker add to them; whoever compiles shows them. At most ISSUES_MAX are kept.
 */
#ifndef DATASTORE_CEL_SYNTAX_ISSUE_H
#define DATASTORE_CEL_SYNTAX_ISSUE_H

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define ISSUES_MAX 100U

struct issue {
	uint32_t at; /* byte in the source; ISSUE_NOWHERE: it concerns the whole */
	struct str words;
};
#define ISSUE_NOWHERE UINT32_MAX

struct issues {
	struct arena *arena;
	struct issue *at;
	uint32_t len;
};

void issues_add(struct issues *issues, uint32_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* All of them by place, as lines: `ERROR: <input>:1:5: words`, the line of the source, and a mark below it. */
struct str issues_shown(const struct issues *issues, struct str source);

#endif
