/*
 * Files that are part of the program, put into it by embed.py when it is built.
 */
#ifndef DEPLOY_CLUSTER_EMBEDDED_H
#define DEPLOY_CLUSTER_EMBEDDED_H

extern const char
    cluster_objects[]; /* objects.tsv: a path and an object, separated by a tab, a line each */
extern const unsigned cluster_objects_len;
extern const char cluster_demo[]; /* tests/fixtures/ten-objects.yaml, for `troupe demo` */
extern const unsigned cluster_demo_len;
extern const char ui_tree[]; /* deploy/ui/tree.html */
extern const unsigned ui_tree_len;

#endif
