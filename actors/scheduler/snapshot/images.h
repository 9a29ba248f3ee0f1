/*
 * Images: which nodes have which container image, by any name that nodes report it under. Part of the snapshot.
 */
#ifndef ACTORS_SCHEDULER_SNAPSHOT_IMAGES_H
#define ACTORS_SCHEDULER_SNAPSHOT_IMAGES_H

#include "actors/scheduler/snapshot/node-info.h"
#include "runtime/base/base.h"

struct image_place {
	const struct node_info *node;
	int64_t size_bytes;
};

struct image {
	VEC(struct image_place) places; /* at least one; a node once */
};

struct images;

GIVE struct images *images_new(void);
void images_free(TAKE struct images *images);
/* The node is about to be `next`, or to go (NULL): what its old object says is taken out, what the new one says put in. */
void images_move(struct images *images, const struct node_info *node, const struct core_node *next);
const struct image *images_find(const struct images *images, struct str name); /* NULL: nowhere */
bool images_are_none(const struct images *images);

#endif
