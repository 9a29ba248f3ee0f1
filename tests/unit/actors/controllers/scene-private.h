/*
 * What the files of the scene share.
 */
#ifndef TESTS_UNIT_ACTORS_CONTROLLERS_SCENE_PRIVATE_H
#define TESTS_UNIT_ACTORS_CONTROLLERS_SCENE_PRIVATE_H

#include "actors/controller/world-private.h"
#include "tests/unit/actors/controllers/scene.h"

struct world scene_world(struct scene *scene);
/* Adds or replaces it, with the next revision. Takes the object over. */
void scene_put(struct scene *scene, TAKE struct object *object);
void scene_drop(struct scene *scene, const struct object **at);
const struct object **scene_find(const struct scene *scene, const struct type *type,
				 struct str namespace, struct str name);

#endif
