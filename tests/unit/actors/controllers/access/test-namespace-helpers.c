/*
 * The controllers that give every namespace what it needs, and the aggregation of roles.
 */
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/rbac.h"
#include "tests/unit/actors/controllers/scene.h"

#define CA                                                                                      \
	"{apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt, namespace: %s}, " \
	"data: {%s}}"

TEST(every_living_namespace_has_a_default_account)
{
	struct scene scene = scene_open();

	scene_add(&scene,
		  "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
		  "---\n{apiVersion: v1, kind: Namespace, metadata: {name: b, deletionTimestamp: "
		  "'" SCENE_NOW "'}}");
	CHECK_PLAN(&scene, &service_account_controller, "/a",
		   "create v1 ServiceAccount a/default\n");
	CHECK_PLAN(&scene, &service_account_controller, "/b", "");
	CHECK_PLAN(&scene, &service_account_controller, "/c", "");
	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: a}}");
	CHECK_PLAN(&scene, &service_account_controller, "/a", "");
	CHECK_STR(scene_wakes(&scene, &service_account_controller, &core_service_account_type,
			      "a/default"),
		  "/a ");
}

TEST(every_namespace_has_the_root_certificate_and_gets_it_back)
{
	struct scene scene = scene_open();

	scene.show = "data";
	scene_add(&scene, "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
			  "---\n{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}");
	CHECK_PLAN(&scene, &root_ca_controller, "/a", "");
	scene_add(&scene, CA, "kube-system", "ca.crt: secret-not");
	CHECK_PLAN(&scene, &root_ca_controller, "/a",
		   "create v1 ConfigMap a/kube-root-ca.crt\n"
		   "  data[ca.crt]: secret-not\n");
	CHECK_PLAN(&scene, &root_ca_controller, "/kube-system", "");
	scene_add(&scene, CA, "a", "ca.crt: changed, more: x");
	scene.hide = "metadata.annotations";
	CHECK_PLAN(&scene, &root_ca_controller, "/a",
		   "update v1 ConfigMap a/kube-root-ca.crt\n"
		   "  data[ca.crt]: changed -> secret-not\n"
		   "  data.more: x -> -\n");
	CHECK_STR(
	    scene_wakes(&scene, &root_ca_controller, &core_config_map_type, "a/kube-root-ca.crt"),
	    "/a ");
	CHECK_STR(scene_wakes(&scene, &root_ca_controller, &core_config_map_type,
			      "kube-system/kube-root-ca.crt"),
		  "/a /kube-system ");
}

TEST(an_aggregated_role_has_each_rule_of_the_roles_it_selects_once)
{
	struct scene scene = scene_open();

	scene_add(
	    &scene,
	    "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all, "
	    "labels: {to: all}}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {to: b}}, "
	    "{matchLabels: {to: all}}]}, rules: [{verbs: [old]}]}\n"
	    "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "
	    "x, "
	    "labels: {to: all}}, rules: [{verbs: [get], resources: [pods]}, {verbs: [list]}]}\n"
	    "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "
	    "z, "
	    "labels: {to: b}}, rules: [{verbs: [list]}]}\n"
	    "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "
	    "other}, "
	    "rules: [{verbs: [delete]}]}");
	CHECK_PLAN(&scene, &cluster_role_aggregation_controller, "/all",
		   "update rbac.authorization.k8s.io/v1 ClusterRole all\n"
		   "  rules[0].verbs[0]: old -> list\n"
		   "  rules[1].verbs[0]: - -> get\n"
		   "  rules[1].resources[0]: - -> pods\n");
	CHECK_PLAN(&scene, &cluster_role_aggregation_controller, "/x", "");
	scene_apply(&scene, scene_reconcile(&scene, &cluster_role_aggregation_controller, "/all"));
	CHECK_PLAN(&scene, &cluster_role_aggregation_controller, "/all", "");
	CHECK_STR(scene_wakes(&scene, &cluster_role_aggregation_controller, &rbac_cluster_role_type,
			      "/x"),
		  "/all ");
}
