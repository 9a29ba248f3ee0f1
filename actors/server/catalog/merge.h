/*
 * Documents of OpenAPI v2 that other servers have, put into ours.
 *
 * As upstream does: paths are theirs that lie under their group and version; a definition or path that is here already stays ours.
 */
#ifndef ACTORS_SERVER_CATALOG_MERGE_H
#define ACTORS_SERVER_CATALOG_MERGE_H

#include "runtime/base/base.h"

/* What of a document counts for a group and version: its paths and definitions, as a document. INVALID: it is none. */
MUST_USE enum status merge_read(struct str document, struct str group, struct str version,
				struct text *out);
/* Ours, with what merge_read gave of others. */
void merge_write(struct str own, const struct str *others, uint32_t count, struct text *out);

#endif
