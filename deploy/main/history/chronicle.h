/*
 * The versions of one object, the latest first, as text, JSON or YAML. Pure.
 */
#ifndef DEPLOY_MAIN_HISTORY_CHRONICLE_H
#define DEPLOY_MAIN_HISTORY_CHRONICLE_H

#include "deploy/main/command/document.h"
#include "deploy/main/history/difference.h"

struct chronicle_version {
	uint64_t revision;
	uint64_t at_s; /* 0: not known */
	bool is_delete;
	bool is_first; /* it was not there before */
	bool is_blind; /* what was before it is not kept, or was not asked for: nothing is known of the change */
	struct str by;   /* programs, as managed fields name them */
	struct str user; /* who asked for it, where the audit log says so; else empty */
	struct difference difference;
};

struct chronicle {
	struct str what; /* deployments/web */
	const struct chronicle_version *versions;
	uint32_t count;
	bool more;                /* there are older ones */
	uint64_t oldest, since_s; /* what is kept */
};

void chronicle_text(const struct chronicle *chronicle, struct text *out);
void chronicle_document(const struct chronicle *chronicle, struct document *doc);
/* "spec.replicas: 2 -> 3", the fields of one difference, at most so many. */
void chronicle_fields(const struct difference *difference, uint32_t most, const char *between,
		      struct text *out);

#endif
