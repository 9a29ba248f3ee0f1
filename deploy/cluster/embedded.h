/*
 * Files that are part of the program, put into it by embed.py when it is built.
 */
#ifndef DEPLOY_CLUSTER_EMBEDDED_H
#define DEPLOY_CLUSTER_EMBEDDED_H

#include "runtime/base/base.h"

/* objects.tsv: a path and an object, separated by a tab, a line each. It is packed, and a twentieth of what it gives. */
struct str embedded_objects(struct arena *arena);
/* features.tsv: upstream's feature gates: name, stage (nothing: GA), 1 or 0, and perhaps `locked`. */
struct str embedded_features(struct arena *arena);
extern const char cluster_demo[]; /* tests/fixtures/ten-objects.yaml, for `troupe demo` */
extern const unsigned cluster_demo_len;
extern const char ui_tree[]; /* deploy/ui/tree.html, packed */
extern const unsigned ui_tree_len;

#endif
