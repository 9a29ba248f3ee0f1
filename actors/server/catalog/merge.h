/*
 * Documents of OpenAPI v2 that other servers have, put into ours.
 *
 * As upstream does: paths are theirs that lie under their group and version; a definition or path that is here already stays ours.
 */
#ifndef ACTORS_SERVER_CATALOG_MERGE_H
#define ACTORS_SERVER_CATALOG_MERGE_H

#include "runtime/base/base.h"
#include "runtime/base/collection/map.h"

/* What of a document counts for a group and version: its paths and definitions, as a document. INVALID: it is none. */
MUST_USE enum status merge_read(struct str document, struct str group, struct str version,
				struct text *out);
/* Of what merge_read gave the members of `what` whose names are not there yet, which they are then. Behind others in `out`. */
void merge_write(struct str document, const char *what, struct map *there, struct text *out);
/* Puts the names of members, as they stand in an object, into the map. */
void merge_names(struct str members, struct map *names);

#endif
