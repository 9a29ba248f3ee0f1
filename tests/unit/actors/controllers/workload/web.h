/*
 * A Deployment called web and its sets, in a scene.
 */
#ifndef TESTS_UNIT_ACTORS_CONTROLLERS_WORKLOAD_WEB_H
#define TESTS_UNIT_ACTORS_CONTROLLERS_WORKLOAD_WEB_H

#include "tests/unit/actors/controllers/scene.h"

#define WEB_FIRST "web-75bb8cf97"   /* the set of image a */
#define WEB_SECOND "web-6cc594956b" /* of image b */
/* Conditions of one that has come to rest, and of one whose rollout goes on. */
#define WEB_DONE                                                                              \
	"{type: Available, status: 'True', reason: MinimumReplicasAvailable, message: "       \
	"Deployment has minimum availability.}, {type: Progressing, status: 'True', reason: " \
	"NewReplicaSetAvailable, message: fine, lastUpdateTime: '2026-01-02T03:00:00Z'}"
#define WEB_ROLLING(age)                                                                      \
	"{type: Available, status: 'True', reason: MinimumReplicasAvailable, message: "       \
	"Deployment has minimum availability.}, {type: Progressing, status: 'True', reason: " \
	"ReplicaSetUpdated, message: 'ReplicaSet \"" WEB_SECOND "\" is progressing.', "       \
	"lastUpdateTime: '2026-01-02T02:" age "Z'}"

/* A Deployment of revision `revision`; `more` is further members of its spec, `status` those of its status. */
void web_add_deployment(struct scene *scene, const char *revision, const char *image,
			const char *more, const char *status);
/* A set of it: replicas it should have, those it has, and those that serve. `desired` is what it was last scaled for. */
void web_add_set(struct scene *scene, const char *name, const char *revision, const char *image,
		 int replicas, int has, int serves, int desired);
struct scene web_scene(void);

#endif
