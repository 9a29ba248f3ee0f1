#include "actors/controllers/controllers.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/apiregistration.h"
#include "tests/unit/actors/controllers/scene.h"

#define GROUP "example.com"

static const struct controller *const all[] = { &api_service_controller, NULL };

static void add(struct scene *scene, const char *plural, const char *versions)
{
	scene_add(scene,
		  "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: "
		  "{name: %s." GROUP "}, spec: {group: " GROUP ", scope: Namespaced, names: "
		  "{plural: %s, kind: A}, versions: [%s]}}",
		  plural, plural, versions);
}

static void add_service(struct scene *scene, const char *labels, const char *more)
{
	scene_add(scene,
		  "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: "
		  "v1." GROUP ", labels: {%s}}, spec: {group: " GROUP ", version: v1, "
		  "groupPriorityMinimum: 1000, versionPriority: 100%s}}",
		  labels, more);
}

#define OURS "kube-aggregator.kubernetes.io/automanaged: 'true'"

TEST(each_group_and_version_that_is_served_has_one)
{
	struct scene scene = scene_open();
	const struct apiregistration_api_service *service;

	add(&scene, "as", "{name: v1, served: true}, {name: v2, served: false}");
	add(&scene, "bs", "{name: v1, served: true}, {name: v3, served: true}");
	CHECK_STR(scene_wakes(&scene, &api_service_controller,
			      &apiextensions_custom_resource_definition_type, "/bs." GROUP),
		  "/v1." GROUP " /v3." GROUP " ");
	scene_apply(&scene, scene_reconcile(&scene, &api_service_controller, "/v1." GROUP));
	scene_apply(&scene, scene_reconcile(&scene, &api_service_controller, "/v2." GROUP));
	scene_apply(&scene, scene_reconcile(&scene, &api_service_controller, "/v3." GROUP));
	CHECK_EQ(scene_count(&scene, &apiregistration_api_service_type), 2);
	service = scene_get(&scene, "/v3." GROUP, apiregistration_api_service);
	CHECK_STR(service->spec->group, GROUP);
	CHECK_STR(service->spec->version, "v3");
	CHECK_EQ(service->spec->group_priority_minimum, 1000);
	CHECK_EQ(service->spec->version_priority, 100);
	CHECK_STR(str_map_get(service->metadata->labels,
			      STR("kube-aggregator.kubernetes.io/automanaged")),
		  "true");
}

TEST(it_goes_with_the_last_that_serves_its_version)
{
	struct scene scene = scene_open();

	add(&scene, "as", "{name: v1, served: true}");
	add(&scene, "bs", "{name: v1, served: true}");
	add_service(&scene, OURS, "");
	scene_remove(&scene, &apiextensions_custom_resource_definition_type, "/as." GROUP);
	scene_settle(&scene, all);
	CHECK_EQ(scene_count(&scene, &apiregistration_api_service_type), 1);
	scene_remove(&scene, &apiextensions_custom_resource_definition_type, "/bs." GROUP);
	scene_settle(&scene, all);
	CHECK_EQ(scene_count(&scene, &apiregistration_api_service_type), 0);
}

TEST(what_others_made_of_ours_is_made_good)
{
	struct scene scene = scene_open();

	add(&scene, "as", "{name: v1, served: true}");
	add_service(&scene, OURS, ", service: {name: other, namespace: default}");
	scene_settle(&scene, all);
	CHECK(scene_get(&scene, "/v1." GROUP, apiregistration_api_service)->spec->service == NULL);
}

TEST(those_of_others_are_left_alone)
{
	struct scene scene = scene_open();

	add(&scene, "as", "{name: v1, served: true}");
	add_service(&scene, "", ", service: {name: other, namespace: default}");
	scene_settle(&scene, all);
	CHECK(scene_get(&scene, "/v1." GROUP, apiregistration_api_service)->spec->service != NULL);
	scene_remove(&scene, &apiextensions_custom_resource_definition_type, "/as." GROUP);
	scene_settle(&scene, all);
	CHECK_EQ(scene_count(&scene, &apiregistration_api_service_type), 1);
}

TEST(those_of_built_in_groups_are_left_alone)
{
	struct scene scene = scene_open();

	add_service(&scene, "kube-aggregator.kubernetes.io/automanaged: onstart", "");
	scene_settle(&scene, all);
	CHECK_EQ(scene_count(&scene, &apiregistration_api_service_type), 1);
}
