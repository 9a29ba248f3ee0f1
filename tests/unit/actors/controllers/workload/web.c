#include "tests/unit/actors/controllers/workload/web.h"

void web_add_deployment(struct scene *scene, const char *revision, const char *image,
			const char *more, const char *status)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: "
	    "{deployment.kubernetes.io/revision: '%s'}}, spec: {selector: {matchLabels: {app: "
	    "web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, "
	    "image: %s}]}}, %s}, status: {observedGeneration: 1, terminatingReplicas: 0, %s}}",
	    revision, image, more, status);
}

void web_add_set(struct scene *scene, const char *name, const char *revision, const char *image,
		 int replicas, int has, int serves, int desired)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: %s, creationTimestamp: "
	    "'2026-01-0%sT00:00:00Z', labels: {app: web}, annotations: "
	    "{deployment.kubernetes.io/revision: '%s', deployment.kubernetes.io/desired-replicas: "
	    "'%d', deployment.kubernetes.io/max-replicas: '%d'}, ownerReferences: [{apiVersion: "
	    "apps/v1, kind: Deployment, name: web, uid: Deployment-web, controller: true}]}, spec: "
	    "{replicas: %d, selector: {matchLabels: {app: web, pod-template-hash: x}}, template: "
	    "{metadata: {labels: {app: web, pod-template-hash: x}}, spec: {containers: [{name: c, "
	    "image: %s}]}}}, status: {observedGeneration: 1, replicas: %d, readyReplicas: %d, "
	    "availableReplicas: %d}}",
	    name, revision, revision, desired, desired + (desired + 3) / 4, replicas, image, has,
	    serves, serves);
}

struct scene web_scene(void)
{
	struct scene scene = scene_open();

	scene.hide = "status again";
	return scene;
}
