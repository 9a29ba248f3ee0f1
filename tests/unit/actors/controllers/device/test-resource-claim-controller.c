#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/resource.h"
#include "tests/unit/actors/controllers/scene.h"

#define CLAIMS &resource_claim_controller
#define CLAIM(meta, status)                                                      \
	"{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, metadata: {" meta \
	"}, spec: {}, status: {" status "}}"
#define OF_POD                                                                                  \
	"ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: Pod-p, controller: true, " \
	"blockOwnerDeletion: true}]"
#define ALLOCATED "allocation: {allocationTimestamp: '2026-01-02T03:00:00Z'}"
#define FOR_POD "reservedFor: [{resource: pods, name: p, uid: Pod-p}]"
#define KEPT "finalizers: [resource.kubernetes.io/delete-protection]"
#define GOING "deletionTimestamp: '2026-01-02T03:04:00Z'"

static void add_pod(struct scene *scene, const char *meta, const char *spec, const char *status)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: p%s}, spec: {containers: []%s}, "
		  "status: {%s}}",
		  meta, spec, status);
}

static void add_template(struct scene *scene)
{
	scene_add(scene, "{apiVersion: resource.k8s.io/v1, kind: ResourceClaimTemplate, metadata: "
			 "{name: t}, spec: {metadata: {labels: {a: b}, annotations: {c: d}}, spec: "
			 "{devices: {requests: [{name: r, exactly: {deviceClassName: gpu}}]}}}}");
}

#define WANTS ", resourceClaims: [{name: gpu, resourceClaimTemplateName: t}]"
#define SHARES ", resourceClaims: [{name: gpu, resourceClaimName: c}]"

#define POD_LETS_GO                                     \
	"  status.reservedFor[0].resource: pods -> -\n" \
	"  status.reservedFor[0].name: p -> -\n"        \
	"  status.reservedFor[0].uid: Pod-p -> -\n"

TEST(a_template_becomes_a_claim_whose_name_the_pod_is_told)
{
	struct scene scene = scene_open();

	add_template(&scene);
	add_pod(&scene, "", WANTS, "phase: Pending");
	scene.show = "metadata.generateName metadata.labels metadata.annotations "
		     "metadata.ownerReferences spec.devices.requests[0].name";
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p",
		   "create resource.k8s.io/v1 ResourceClaim default/p-gpu-*\n"
		   "  metadata.generateName: p-gpu-\n"
		   "  metadata.labels.a: b\n"
		   "  metadata.annotations.c: d\n"
		   "  metadata.annotations[resource.kubernetes.io/pod-claim-name]: gpu\n"
		   "  metadata.ownerReferences[0].apiVersion: v1\n"
		   "  metadata.ownerReferences[0].kind: Pod\n"
		   "  metadata.ownerReferences[0].name: p\n"
		   "  metadata.ownerReferences[0].uid: Pod-p\n"
		   "  metadata.ownerReferences[0].controller: true\n"
		   "  spec.devices.requests[0].name: r\n");
	scene_apply(&scene, scene_reconcile(&scene, CLAIMS, "default/pod:p"));
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p",
		   "update status of v1 Pod default/p\n"
		   "  status.resourceClaimStatuses[0].name: - -> gpu\n"
		   "  status.resourceClaimStatuses[0].resourceClaimName: - -> p-gpu-00001\n");
	scene_apply(&scene, scene_reconcile(&scene, CLAIMS, "default/pod:p"));
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p", "");
	/* One that went is made again, and known by its new name. */
	scene_remove(&scene, &resource_resource_claim_type, "default/p-gpu-00001");
	scene.show = "";
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p",
		   "create resource.k8s.io/v1 ResourceClaim default/p-gpu-*\n");
	CHECK_EQ(scene.refused, 0);
}

TEST(long_names_of_pod_and_claim_are_both_cut)
{
	struct scene scene = scene_open();

	add_template(&scene);
	scene_add(&scene, "{apiVersion: v1, kind: Pod, metadata: {name: "
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}, spec: "
			  "{containers: [], resourceClaims: [{name: "
			  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, "
			  "resourceClaimTemplateName: t}]}}");
	scene.show = "metadata.generateName";
	CHECK_PLAN(&scene, CLAIMS,
		   "default/pod:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		   "create resource.k8s.io/v1 ResourceClaim "
		   "default/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbbb*\n"
		   "  metadata.generateName: "
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbbb\n");
}

TEST(what_keeps_a_claim_from_being_made_is_told)
{
	struct scene scene = scene_open();
	struct world_failure failure = { .type = &resource_resource_claim_type,
					 .is_create = true,
					 .status = FORBIDDEN,
					 .message = STR("words") };

	add_pod(&scene, "", WANTS, "");
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p",
		   "event Warning FailedResourceClaimCreation Pod p: PodResourceClaim gpu: "
		   "resource claim template \"t\": resourceclaimtemplate.resource.k8s.io \"t\" not "
		   "found\nagain 5000 ms\n");
	add_template(&scene);
	CHECK_STR(scene_wakes(&scene, CLAIMS, &resource_resource_claim_template_type, "default/t"),
		  "default/pod:p ");
	scene.failure = &failure;
	scene.show = "";
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p",
		   "create resource.k8s.io/v1 ResourceClaim default/p-gpu-*\n"
		   "event Warning FailedResourceClaimCreation Pod p: PodResourceClaim gpu: create "
		   "ResourceClaim : words\n");
}

TEST(a_pod_that_goes_or_needs_no_claim_gets_none)
{
	struct scene scene = scene_open();

	add_template(&scene);
	add_pod(&scene, ", finalizers: [a/b], " GOING, WANTS, "");
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p", "");
	add_pod(&scene, "", WANTS, "resourceClaimStatuses: [{name: gpu}]");
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p", "");
	add_pod(&scene, "", SHARES, "");
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p", "");
	CHECK_PLAN(&scene, CLAIMS, "default/pod:none", "");
	CHECK_PLAN(&scene, CLAIMS, "default/claim:none", "");
}

TEST(a_pod_that_was_put_on_a_node_by_hand_has_its_claim_reserved)
{
	struct scene scene = scene_open();

	scene_add(&scene, CLAIM("name: c", ALLOCATED));
	add_pod(&scene, "", SHARES, "");
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p", "");
	add_pod(&scene, "", SHARES ", nodeName: n1", "");
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p",
		   "update status of resource.k8s.io/v1 ResourceClaim default/c\n"
		   "  status.reservedFor[0].resource: - -> pods\n"
		   "  status.reservedFor[0].name: - -> p\n"
		   "  status.reservedFor[0].uid: - -> Pod-p\n");
	scene_apply(&scene, scene_reconcile(&scene, CLAIMS, "default/pod:p"));
	CHECK_PLAN(&scene, CLAIMS, "default/pod:p", "");
	CHECK_STR(scene_wakes(&scene, CLAIMS, &resource_resource_claim_type, "default/c"),
		  "default/claim:c default/pod:p ");
	CHECK_STR(scene_wakes(&scene, CLAIMS, &core_pod_type, "default/p"),
		  "default/pod:p default/claim:c ");
}

TEST(a_claim_is_given_back_when_its_last_pod_is_done)
{
	struct scene scene = scene_open();

	scene_add(&scene, CLAIM("name: c, " KEPT, ALLOCATED ", " FOR_POD));
	add_pod(&scene, "", SHARES ", nodeName: n1", "phase: Running");
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c", "");
	add_pod(&scene, "", SHARES ", nodeName: n1", "phase: Succeeded");
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c",
		   "update status of resource.k8s.io/v1 ResourceClaim default/c\n"
		   "  status.allocation.allocationTimestamp: now-245s -> -\n" POD_LETS_GO
		   "update resource.k8s.io/v1 ResourceClaim default/c\n"
		   "  metadata.finalizers[0]: resource.kubernetes.io/delete-protection -> -\n");
	scene_apply(&scene, scene_reconcile(&scene, CLAIMS, "default/claim:c"));
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c", "");
	CHECK_EQ(scene.refused, 0);
}

TEST(a_reservation_stays_until_the_pods_are_known_up_to_it)
{
	struct scene scene = scene_open();

	scene_add(&scene, CLAIM("name: c", FOR_POD));
	scene.lag = 1;
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c", "await Pod 101\n");
	scene.lag = 0;
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c",
		   "update status of resource.k8s.io/v1 ResourceClaim default/c\n" POD_LETS_GO);
}

TEST(a_claim_of_a_pod_that_is_done_goes)
{
	struct scene scene = scene_open();

	scene_add(&scene, CLAIM("name: c, " OF_POD, ""));
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c", ""); /* its pod may not be known yet */
	add_pod(&scene, "", WANTS, "phase: Failed");
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c",
		   "delete resource.k8s.io/v1 ResourceClaim default/c\n");
	add_pod(&scene, ", uid: other", WANTS, "");
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c",
		   "delete resource.k8s.io/v1 ResourceClaim default/c\n");
	add_pod(&scene, ", finalizers: [a/b], " GOING, WANTS, "");
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c",
		   "delete resource.k8s.io/v1 ResourceClaim default/c\n");
}

TEST(a_claim_that_is_deleted_unused_loses_its_device_first)
{
	struct scene scene = scene_open();

	scene_add(&scene, CLAIM("name: c, " KEPT ", " GOING, ALLOCATED));
	scene_apply(&scene, scene_reconcile(&scene, CLAIMS, "default/claim:c"));
	CHECK_EQ(scene.refused, 0);
	CHECK_EQ(scene_count(&scene, &resource_resource_claim_type), 0);
}

TEST(a_claim_that_somebody_unknown_has_is_left_alone)
{
	struct scene scene = scene_open();

	scene_add(&scene, CLAIM("name: c, " KEPT ", " GOING,
				"reservedFor: [{apiGroup: a.b, resource: c, name: d, uid: e}]"));
	CHECK_PLAN(&scene, CLAIMS, "default/claim:c", "");
}
