/*
 * The three controllers that tell where a Service's pods are.
 */
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/discovery.h"
#include "tests/unit/actors/controllers/scene.h"

#define SLICES (&endpoint_slice_controller)
#define ENDPOINTS (&endpoints_controller)
#define MIRROR (&endpoint_slice_mirroring_controller)
#define PORT "ports: [{name: http, port: 80, targetPort: 8080}]"
#define READY "conditions: [{type: Ready, status: 'True'}]"

static void add_service(struct scene *scene, const char *spec)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Service, metadata: {name: web, labels: {team: x}}, spec: "
		  "{clusterIP: 10.96.0.1, selector: {app: web}, %s}}",
		  spec);
}

static void add_pod(struct scene *scene, const char *name, const char *meta, const char *spec,
		    const char *status)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: web}, %s}, spec: "
		  "{containers: [{name: c, image: a, %s}]}, status: {%s}}",
		  name, meta, spec, status);
}

static void add_pods(struct scene *scene, int from, int to)
{
	for (int i = from; i < to; i++)
		add_pod(
		    scene, arena_printf(scene->arena, "p%03d", i).at, "", "",
		    arena_printf(scene->arena, "podIP: 10.0.%d.%d, " READY, i / 250, i % 250).at);
}

/* ---- slices ------------------------------------------------------------------------------------------------- */

TEST(an_endpoint_says_what_is_known_of_its_pod)
{
	struct scene scene = scene_open();

	scene.show = "metadata.labels metadata.ownerReferences[0].uid addressType ports endpoints";
	add_service(&scene, PORT);
	scene_add(&scene,
		  "{apiVersion: v1, kind: Node, metadata: {name: n1, labels: "
		  "{topology.kubernetes.io/zone: z1}}}\n"
		  "---\n{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: web}}, spec: "
		  "{nodeName: n1, hostname: h, subdomain: web, containers: []}, status: {podIP: "
		  "10.0.0.1, " READY "}}");
	CHECK_PLAN(&scene, SLICES, "default/web",
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  metadata.labels[endpointslice.kubernetes.io/managed-by]: "
		   "endpointslice-controller.k8s.io\n"
		   "  metadata.labels[kubernetes.io/service-name]: web\n"
		   "  metadata.labels.team: x\n"
		   "  metadata.ownerReferences[0].uid: Service-web\n"
		   "  addressType: IPv4\n"
		   "  endpoints[0].addresses[0]: 10.0.0.1\n"
		   "  endpoints[0].conditions.ready: true\n"
		   "  endpoints[0].conditions.serving: true\n"
		   "  endpoints[0].conditions.terminating: false\n"
		   "  endpoints[0].hostname: h\n"
		   "  endpoints[0].targetRef.kind: Pod\n"
		   "  endpoints[0].targetRef.namespace: default\n"
		   "  endpoints[0].targetRef.name: p\n"
		   "  endpoints[0].targetRef.uid: Pod-p\n"
		   "  endpoints[0].nodeName: n1\n"
		   "  endpoints[0].zone: z1\n"
		   "  ports[0].name: http\n"
		   "  ports[0].protocol: TCP\n"
		   "  ports[0].port: 8080\n");
}

/* ready, serving, terminating of one pod; "" when it is no endpoint. */
TEST(readiness_and_ending_are_told_apart)
{
	static const struct {
		const char *service, *meta, *status, *conditions;
	} cases[] = {
		{ PORT, "", "podIP: 10.0.0.1, " READY, "true true false" },
		{ PORT, "", "podIP: 10.0.0.1", "false false false" },
		{ PORT, "deletionTimestamp: '" SCENE_NOW "'", "podIP: 10.0.0.1, " READY,
		  "false true true" },
		{ PORT, "deletionTimestamp: '" SCENE_NOW "'", "podIP: 10.0.0.1",
		  "false false true" },
		{ PORT ", publishNotReadyAddresses: true", "", "podIP: 10.0.0.1",
		  "true false false" },
		{ PORT ", publishNotReadyAddresses: true", "deletionTimestamp: '" SCENE_NOW "'",
		  "podIP: 10.0.0.1", "true false true" },
		{ PORT, "", "phase: Pending", "" },
		{ PORT, "", "podIP: 10.0.0.1, phase: Succeeded", "" },
		{ PORT, "", "podIP: 10.0.0.1, phase: Failed", "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		const struct discovery_endpoint_slice *slice;
		const struct discovery_endpoint_conditions *c;

		add_service(&scene, cases[i].service);
		add_pod(&scene, "p", cases[i].meta, "", cases[i].status);
		slice = scene_reconcile(&scene, SLICES, "default/web")->writes[0].record;
		if (cases[i].conditions[0] == '\0') {
			CHECK_EQ(slice->endpoints.len, 0);
			continue;
		}
		c = slice->endpoints.at[0].conditions;
		CHECK_STR(arena_printf(scene.arena, "%s %s %s", c->ready ? "true" : "false",
				       c->serving ? "true" : "false",
				       c->terminating ? "true" : "false"),
			  cases[i].conditions);
	}
}

TEST(a_service_without_pods_has_one_empty_slice)
{
	struct scene scene = scene_open();

	scene.show = "ports endpoints addressType";
	add_service(&scene, PORT);
	CHECK_PLAN(&scene, SLICES, "default/web",
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  addressType: IPv4\n");
	scene_apply(&scene, scene_reconcile(&scene, SLICES, "default/web"));
	CHECK_PLAN(&scene, SLICES, "default/web", "");
	add_pods(&scene, 0, 1);
	scene_apply(&scene, scene_reconcile(&scene, SLICES, "default/web"));
	CHECK_PLAN(&scene, SLICES, "default/web", "");
	CHECK_EQ(scene_count(&scene, &discovery_endpoint_slice_type), 1);
	scene_remove(&scene, &core_pod_type, "default/p000");
	scene_apply(&scene, scene_reconcile(&scene, SLICES, "default/web"));
	CHECK_PLAN(&scene, SLICES, "default/web", "");
	CHECK_EQ(scene_count(&scene, &discovery_endpoint_slice_type), 1);
}

static uint32_t count_endpoints(const struct scene *scene)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < scene->len; i++) {
		const struct discovery_endpoint_slice *slice = scene->objects[i]->record;

		if (!str_is(type_kind(scene->objects[i]->type), "EndpointSlice"))
			continue;
		CHECK(slice->endpoints.len <= 100);
		count += slice->endpoints.len;
	}
	return count;
}

TEST(a_slice_has_at_most_a_hundred_endpoints_and_they_stay_where_they_are)
{
	struct scene scene = scene_open();
	struct plan *plan;

	add_service(&scene, PORT);
	add_pods(&scene, 0, 230);
	plan = scene_reconcile(&scene, SLICES, "default/web");
	CHECK_EQ(plan->write_count, 3);
	scene_apply(&scene, plan);
	CHECK_EQ(count_endpoints(&scene), 230);
	/* Two go from the first slice, one comes: it takes their room, and only that slice is written. */
	scene_remove(&scene, &core_pod_type, "default/p003");
	scene_remove(&scene, &core_pod_type, "default/p004");
	add_pods(&scene, 230, 231);
	plan = scene_reconcile(&scene, SLICES, "default/web");
	CHECK_EQ(plan->write_count, 1);
	scene_apply(&scene, plan);
	CHECK_EQ(count_endpoints(&scene), 229);
	/* All that stood in the last one go: it goes too. */
	for (int i = 200; i < 230; i++)
		scene_remove(&scene, &core_pod_type,
			     arena_printf(scene.arena, "default/p%03d", i).at);
	scene_apply(&scene, scene_reconcile(&scene, SLICES, "default/web"));
	CHECK_EQ(count_endpoints(&scene), 199);
	CHECK_PLAN(&scene, SLICES, "default/web", "");
}

TEST(pods_with_other_numbers_for_a_named_port_have_slices_of_their_own)
{
	struct scene scene = scene_open();

	scene.show = "ports endpoints[0].targetRef.name endpoints[1].targetRef.name";
	add_service(&scene, "ports: [{name: a, port: 80, targetPort: http}, {name: b, port: 90}]");
	add_pod(&scene, "p", "", "ports: [{name: http, containerPort: 8080}]", "podIP: 10.0.0.1");
	add_pod(&scene, "q", "", "ports: [{name: http, containerPort: 9090}]", "podIP: 10.0.0.2");
	add_pod(&scene, "r", "", "ports: [{name: other, containerPort: 1}]", "podIP: 10.0.0.3");
	CHECK_PLAN(&scene, SLICES, "default/web",
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  endpoints[0].targetRef.name: p\n"
		   "  ports[0].name: a\n"
		   "  ports[0].protocol: TCP\n"
		   "  ports[0].port: 8080\n"
		   "  ports[1].name: b\n"
		   "  ports[1].protocol: TCP\n"
		   "  ports[1].port: 90\n"
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  endpoints[0].targetRef.name: q\n"
		   "  ports[0].name: a\n"
		   "  ports[0].protocol: TCP\n"
		   "  ports[0].port: 9090\n"
		   "  ports[1].name: b\n"
		   "  ports[1].protocol: TCP\n"
		   "  ports[1].port: 90\n"
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  endpoints[0].targetRef.name: r\n"
		   "  ports[0].name: b\n"
		   "  ports[0].protocol: TCP\n"
		   "  ports[0].port: 90\n");
}

TEST(each_family_of_addresses_has_slices_and_loses_them)
{
	struct scene scene = scene_open();

	scene.show = "addressType endpoints[0].addresses";
	add_service(&scene, "ipFamilies: [IPv4, IPv6], " PORT);
	add_pod(&scene, "p", "", "",
		"podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}], " READY);
	CHECK_PLAN(&scene, SLICES, "default/web",
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  addressType: IPv4\n"
		   "  endpoints[0].addresses[0]: 10.0.0.1\n"
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  addressType: IPv6\n"
		   "  endpoints[0].addresses[0]: fd00::1\n");
	scene_apply(&scene, scene_reconcile(&scene, SLICES, "default/web"));
	add_service(&scene, "ipFamilies: [IPv4], " PORT);
	CHECK_PLAN(&scene, SLICES, "default/web",
		   "delete discovery.k8s.io/v1 EndpointSlice default/web-00002\n");
}

TEST(headless_services_say_so_and_need_no_ports)
{
	struct scene scene = scene_open();

	scene.show = "ports metadata.labels endpoints[0].targetRef.name";
	scene_add(&scene,
		  "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: "
		  "None, selector: {app: web}}}");
	add_pods(&scene, 0, 1);
	CHECK_PLAN(&scene, SLICES, "default/web",
		   "create discovery.k8s.io/v1 EndpointSlice default/web-*\n"
		   "  metadata.labels[endpointslice.kubernetes.io/managed-by]: "
		   "endpointslice-controller.k8s.io\n"
		   "  metadata.labels[kubernetes.io/service-name]: web\n"
		   "  metadata.labels[service.kubernetes.io/headless]: \n"
		   "  endpoints[0].targetRef.name: p000\n");
}

TEST(services_without_a_selector_or_with_another_name_have_no_slices_of_ours)
{
	struct scene scene = scene_open();

	scene_add(&scene,
		  "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: "
		  "1}]}}");
	CHECK_PLAN(&scene, SLICES, "default/web", "");
	CHECK_PLAN(&scene, ENDPOINTS, "default/web", "");
	scene_add(&scene, "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: "
			  "ExternalName, externalName: a.b, selector: {app: web}}}");
	CHECK_PLAN(&scene, SLICES, "default/web", "");
	CHECK_PLAN(&scene, ENDPOINTS, "default/web", "");
}

TEST(a_pod_wakes_the_services_that_select_it_if_they_can_tell)
{
	struct scene scene = scene_open();

	add_service(&scene, PORT);
	scene_add(&scene,
		  "{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {selector: "
		  "{app: other}}}");
	add_pods(&scene, 0, 1);
	CHECK_STR(scene_wakes(&scene, SLICES, &core_pod_type, "default/p000"), "default/web ");
}

/* ---- endpoints ------------------------------------------------------------------------------------------------- */

TEST(endpoints_have_a_subset_for_each_set_of_numbers)
{
	struct scene scene = scene_open();

	scene.show = "subsets metadata.labels";
	add_service(&scene, "ports: [{name: a, port: 80, targetPort: http}]");
	add_pod(&scene, "p", "", "ports: [{name: http, containerPort: 8080}]",
		"podIP: 10.0.0.2, " READY);
	add_pod(&scene, "q", "", "ports: [{name: http, containerPort: 8080}]", "podIP: 10.0.0.1");
	add_pod(&scene, "r", "", "ports: [{name: http, containerPort: 9}]",
		"podIP: 10.0.0.3, " READY);
	add_pod(&scene, "ending", "deletionTimestamp: '" SCENE_NOW "'", "",
		"podIP: 10.0.0.4, " READY);
	add_pod(&scene, "portless", "", "", "podIP: 10.0.0.5, " READY);
	CHECK_PLAN(&scene, ENDPOINTS, "default/web",
		   "create v1 Endpoints default/web\n"
		   "  metadata.labels[endpoints.kubernetes.io/managed-by]: endpoint-controller\n"
		   "  metadata.labels.team: x\n"
		   "  subsets[0].addresses[0].ip: 10.0.0.2\n"
		   "  subsets[0].addresses[0].targetRef.kind: Pod\n"
		   "  subsets[0].addresses[0].targetRef.namespace: default\n"
		   "  subsets[0].addresses[0].targetRef.name: p\n"
		   "  subsets[0].addresses[0].targetRef.uid: Pod-p\n"
		   "  subsets[0].notReadyAddresses[0].ip: 10.0.0.1\n"
		   "  subsets[0].notReadyAddresses[0].targetRef.kind: Pod\n"
		   "  subsets[0].notReadyAddresses[0].targetRef.namespace: default\n"
		   "  subsets[0].notReadyAddresses[0].targetRef.name: q\n"
		   "  subsets[0].notReadyAddresses[0].targetRef.uid: Pod-q\n"
		   "  subsets[0].ports[0].name: a\n"
		   "  subsets[0].ports[0].port: 8080\n"
		   "  subsets[0].ports[0].protocol: TCP\n"
		   "  subsets[1].addresses[0].ip: 10.0.0.3\n"
		   "  subsets[1].addresses[0].targetRef.kind: Pod\n"
		   "  subsets[1].addresses[0].targetRef.namespace: default\n"
		   "  subsets[1].addresses[0].targetRef.name: r\n"
		   "  subsets[1].addresses[0].targetRef.uid: Pod-r\n"
		   "  subsets[1].ports[0].name: a\n"
		   "  subsets[1].ports[0].port: 9\n"
		   "  subsets[1].ports[0].protocol: TCP\n");
	scene_apply(&scene, scene_reconcile(&scene, ENDPOINTS, "default/web"));
	CHECK_PLAN(&scene, ENDPOINTS, "default/web", "");
	scene_remove(&scene, &core_service_type, "default/web");
	CHECK_PLAN(&scene, ENDPOINTS, "default/web", "delete v1 Endpoints default/web\n");
}

TEST(endpoints_are_cut_at_a_thousand_and_say_so)
{
	struct scene scene = scene_open();
	const struct core_endpoints *made;

	scene.show = "metadata.annotations";
	add_service(&scene, PORT);
	add_pods(&scene, 0, 990);
	for (int i = 0; i < 20; i++)
		add_pod(&scene, arena_printf(scene.arena, "sick%d", i).at, "", "",
			arena_printf(scene.arena, "podIP: 10.0.0.%d", i).at);
	made = scene_reconcile(&scene, ENDPOINTS, "default/web")->writes[0].record;
	CHECK_EQ(made->subsets.at[0].addresses.len, 990);
	CHECK_EQ(made->subsets.at[0].not_ready_addresses.len, 10);
	CHECK_PLAN(&scene, ENDPOINTS, "default/web",
		   "create v1 Endpoints default/web\n"
		   "  metadata.annotations[endpoints.kubernetes.io/over-capacity]: truncated\n");
}

/* ---- mirroring ---------------------------------------------------------------------------------------------------- */

#define BY_HAND                                                                                    \
	"{apiVersion: v1, kind: Endpoints, metadata: {name: db, labels: {a: b}, annotations: {c: " \
	"d, "                                                                                      \
	"kubectl.kubernetes.io/last-applied-configuration: x}}, subsets: [{addresses: [{ip: "      \
	"10.1.1.1}, {ip: 'fd00::2'}], notReadyAddresses: [{ip: 10.1.1.2, nodeName: n1}], ports: "  \
	"[{name: sql, port: 5432}]}]}"

TEST(endpoints_by_hand_are_mirrored)
{
	struct scene scene = scene_open();

	scene.show = "metadata.labels metadata.annotations addressType endpoints ports";
	scene_add(&scene, BY_HAND);
	CHECK_PLAN(&scene, MIRROR, "default/db", "");
	scene_add(&scene,
		  "{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {ports: [{port: "
		  "5432}]}}");
	CHECK_STR(scene_wakes(&scene, MIRROR, &core_service_type, "default/db"), "default/db ");
	CHECK_PLAN(&scene, MIRROR, "default/db",
		   "create discovery.k8s.io/v1 EndpointSlice default/db-*\n"
		   "  metadata.labels.a: b\n"
		   "  metadata.labels[endpointslice.kubernetes.io/managed-by]: "
		   "endpointslicemirroring-controller.k8s.io\n"
		   "  metadata.labels[kubernetes.io/service-name]: db\n"
		   "  metadata.annotations.c: d\n"
		   "  addressType: IPv4\n"
		   "  endpoints[0].addresses[0]: 10.1.1.1\n"
		   "  endpoints[0].conditions.ready: true\n"
		   "  endpoints[1].addresses[0]: 10.1.1.2\n"
		   "  endpoints[1].conditions.ready: false\n"
		   "  endpoints[1].nodeName: n1\n"
		   "  ports[0].name: sql\n"
		   "  ports[0].protocol: TCP\n"
		   "  ports[0].port: 5432\n"
		   "create discovery.k8s.io/v1 EndpointSlice default/db-*\n"
		   "  metadata.labels.a: b\n"
		   "  metadata.labels[endpointslice.kubernetes.io/managed-by]: "
		   "endpointslicemirroring-controller.k8s.io\n"
		   "  metadata.labels[kubernetes.io/service-name]: db\n"
		   "  metadata.annotations.c: d\n"
		   "  addressType: IPv6\n"
		   "  endpoints[0].addresses[0]: fd00::2\n"
		   "  endpoints[0].conditions.ready: true\n"
		   "  ports[0].name: sql\n"
		   "  ports[0].protocol: TCP\n"
		   "  ports[0].port: 5432\n");
	scene_apply(&scene, scene_reconcile(&scene, MIRROR, "default/db"));
	CHECK_PLAN(&scene, MIRROR, "default/db", "");
	/* Now pods are found by a selector, and another controller writes. */
	scene_add(&scene,
		  "{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {selector: {a: "
		  "b}, ports: [{port: 5432}]}}");
	CHECK_PLAN(&scene, MIRROR, "default/db",
		   "delete discovery.k8s.io/v1 EndpointSlice default/db-00001\n"
		   "delete discovery.k8s.io/v1 EndpointSlice default/db-00002\n");
}

TEST(endpoints_that_ask_for_it_are_not_mirrored)
{
	struct scene scene = scene_open();

	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {ports: [{port: 1}]}}\n"
	    "---\n{apiVersion: v1, kind: Endpoints, metadata: {name: db, labels: "
	    "{endpointslice.kubernetes.io/skip-mirror: 'true'}}, subsets: [{addresses: [{ip: "
	    "10.1.1.1}]}]}");
	CHECK_PLAN(&scene, MIRROR, "default/db", "");
}
