#include "actors/controllers/controllers.h"
#include "datastore/schema/autoscaling.h"
#include "datastore/schema/autoscaling_v2.h"
#include "datastore/schema/core.h"
#include "datastore/schema/custom_metrics.h"
#include "datastore/schema/external_metrics.h"
#include "datastore/schema/metrics.h"
#include "tests/unit/actors/controllers/scene.h"

#define HPA &horizontal_pod_autoscaler_controller
#define SCALE "/apis/apps/v1/namespaces/default/deployments/web/scale"
#define USED "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb"
#define CUSTOM "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/"
#define OUTSIDE "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/"
#define CPU                                                                                       \
	"{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: " \
	"50}}}"

/* What is shown of a turn: events and what is said of the replicas, but no metrics. */
static struct scene make_scene(const char *spec)
{
	struct scene scene = scene_open();

	scene_add(&scene,
		  "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h, "
		  "generation: 1}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, "
		  "name: web}, maxReplicas: 10, %s}, status: {currentReplicas: 2, desiredReplicas: "
		  "2, observedGeneration: 1}}",
		  spec);
	scene.hide = "status.conditions status.currentMetrics";
	return scene;
}

static void set_scale(struct scene *scene, int replicas)
{
	scene_answer(
	    scene, SCALE, &autoscaling_scale_type, OK,
	    arena_printf(scene->arena,
			 "{apiVersion: autoscaling/v1, kind: Scale, metadata: {name: web, "
			 "namespace: default, resourceVersion: '7'}, spec: {replicas: %d}, "
			 "status: {replicas: %d, selector: app=web}}",
			 replicas, replicas)
		.at);
}

/* Running since long; "more" is of its status. */
static void add_pod(struct scene *scene, const char *name, const char *more)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: web}}, spec: "
		  "{nodeName: n1, containers: [{name: c, image: i, resources: {requests: {cpu: 1, "
		  "memory: 1Gi}}}]}, status: {%s}}",
		  name, more);
}

#define RUNS                                                                             \
	"phase: Running, startTime: '2026-01-02T01:00:00Z', conditions: [{type: Ready, " \
	"status: 'True', lastTransitionTime: '2026-01-02T01:00:10Z'}]"

static void set_used(struct scene *scene, const char *a, const char *b)
{
	struct text out = text_in(scene->arena, 4 * KIB);

	text_lit(&out, "{apiVersion: metrics.k8s.io/v1beta1, kind: PodMetricsList, items: [");
	for (int i = 0; i < 2; i++)
		if ((i == 0 ? a : b) != NULL)
			text_printf(&out,
				    "{metadata: {name: %s}, timestamp: '2026-01-02T03:04:00Z', "
				    "window: 30s, containers: [{name: c, usage: {cpu: %s}}]}, ",
				    i == 0 ? "a" : "b", i == 0 ? a : b);
	text_lit(&out, "]}");
	scene_answer(scene, USED, &metrics_pod_metrics_list_type, OK,
		     arena_str(scene->arena, text_str(&out)).at);
}

/* The size that the next turn asks for, and why; 0: it leaves the target alone. */
static struct str turn(struct scene *scene)
{
	struct plan *plan = scene_reconcile(scene, HPA, "default/h");
	struct text out = text_in(scene->arena, 4 * KIB);

	for (uint32_t i = 0; i < plan->event_count; i++)
		text_printf(&out, "%s: " STR_FMT "\n", plan->events[i].reason,
			    STR_ARG(plan->events[i].message));
	scene_apply(scene, plan);
	return text_str(&out);
}

static struct str condition(const struct scene *scene, const char *type)
{
	const struct autoscaling_v2_horizontal_pod_autoscaler *hpa =
	    scene_get(scene, "default/h", autoscaling_v2_horizontal_pod_autoscaler);

	for (uint32_t i = 0; i < hpa->status->conditions.len; i++)
		if (str_is(hpa->status->conditions.at[i].type, type))
			return arena_printf(scene->arena, STR_FMT " " STR_FMT ": " STR_FMT,
					    STR_ARG(hpa->status->conditions.at[i].status),
					    STR_ARG(hpa->status->conditions.at[i].reason),
					    STR_ARG(hpa->status->conditions.at[i].message));
	return STR("none");
}

TEST(replicas_follow_what_pods_use_of_what_they_asked_for)
{
	struct scene scene = make_scene("metrics: [" CPU "]");
	struct plan *plan;

	set_scale(&scene, 2);
	add_pod(&scene, "a", RUNS);
	add_pod(&scene, "b", RUNS);
	set_used(&scene, "900m", "700m");
	plan = scene_reconcile(&scene, HPA, "default/h");
	CHECK_EQ(plan->write_count, 2);
	CHECK_STR(plan->writes[0].path, SCALE);
	CHECK(str_find(plan->writes[0].body, STR("\"spec\":{\"replicas\":4}")) > 0);
	CHECK(str_find(plan->writes[0].body, STR("\"resourceVersion\":\"7\"")) > 0);
	CHECK_EQ(plan->again_ms, 15000);
	CHECK_STR(turn(&scene), "SuccessfulRescale: New size: 4; reason: cpu resource utilization "
				"(percentage of request) above target\n");
	CHECK_STR(condition(&scene, "AbleToScale"),
		  "True SucceededRescale: the HPA controller was able to update the target scale "
		  "to 4");
	CHECK_STR(condition(&scene, "ScalingActive"),
		  "True ValidMetricFound: the HPA was able to successfully calculate a replica "
		  "count from cpu resource utilization (percentage of request)");
	CHECK_STR(condition(&scene, "ScalingLimited"),
		  "False DesiredWithinRange: the desired count is within the acceptable range");
	/* Before its time it waits; a change of what is wanted does not. */
	CHECK_PLAN(&scene, HPA, "default/h", "again 15000 ms\n");
	/* Near enough is left as it is. */
	set_used(&scene, "540m", "460m");
	scene_pass(&scene, 400);
	CHECK_STR(turn(&scene), "");
	CHECK_STR(condition(&scene, "AbleToScale"),
		  "True ReadyForNewScale: recommended size matches current size");
}

TEST(a_target_that_cannot_be_read_is_told)
{
	struct scene scene = make_scene("metrics: [" CPU "]");

	CHECK_STR(turn(&scene),
		  "FailedGetScale: the server could not find the requested resource (get "
		  "deployments)\n");
	scene_answer(&scene, SCALE, NULL, NOT_FOUND, "deployments.apps \"web\" not found");
	scene_pass(&scene, 15);
	CHECK_STR(turn(&scene), "FailedGetScale: deployments.apps \"web\" not found\n");
	CHECK_STR(condition(&scene, "AbleToScale"),
		  "False FailedGetScale: the HPA controller was unable to get the target's current "
		  "scale: deployments.apps \"web\" not found");
	scene_add(&scene, "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: "
			  "{name: h, generation: 2}, spec: {scaleTargetRef: {apiVersion: a.b/v1, "
			  "kind: Thing, name: web}, maxReplicas: 10}}");
	CHECK_STR(turn(&scene), "FailedGetScale: no matches for kind \"Thing\" in group \"a.b\"\n");
}

TEST(metrics_that_are_not_there_are_told)
{
	struct scene scene = make_scene("metrics: [" CPU "]");

	set_scale(&scene, 2);
	add_pod(&scene, "a", RUNS);
	CHECK_STR(turn(&scene),
		  "FailedGetResourceMetric: failed to get cpu utilization: unable to get metrics "
		  "for resource cpu: unable to fetch metrics from resource metrics API: the server "
		  "could not find the requested resource (get pods.metrics.k8s.io)\n"
		  "FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error "
		  "is: failed to get cpu resource metric value: failed to get cpu utilization: "
		  "unable to get metrics for resource cpu: unable to fetch metrics from resource "
		  "metrics API: the server could not find the requested resource (get "
		  "pods.metrics.k8s.io)\n");
	CHECK_STR(condition(&scene, "ScalingActive"),
		  "False FailedGetResourceMetric: the HPA was unable to compute the replica count: "
		  "failed to get cpu utilization: unable to get metrics for resource cpu: unable "
		  "to fetch metrics from resource metrics API: the server could not find the "
		  "requested resource (get pods.metrics.k8s.io)");
	set_used(&scene, NULL, NULL);
	scene_pass(&scene, 15);
	CHECK(str_find(turn(&scene), STR("no metrics returned from resource metrics API")) > 0);
}

TEST(pods_that_begin_or_are_silent_make_no_change_larger)
{
	static const struct {
		const char *pod, *a, *b, *says;
	} cases[] = {
		/* b says nothing: it counts as idle when more are wanted, as busy when fewer are. */
		{ RUNS, "1", NULL, "" },
		{ RUNS, "1500m", NULL, "SuccessfulRescale: New size: 3" },
		{ RUNS, "10m", NULL, "" },
		{ RUNS, "10m", "10m", "SuccessfulRescale: New size: 1" },
		/* b has not run long enough for its figure to count. */
		{ "phase: Running, startTime: '2026-01-02T03:03:00Z', conditions: [{type: Ready, "
		  "status: 'False', lastTransitionTime: '2026-01-02T03:03:00Z'}]",
		  "2", "9", "SuccessfulRescale: New size: 4" },
		{ "phase: Pending", "2", NULL, "SuccessfulRescale: New size: 4" },
		{ "phase: Failed", "1", "9", "" }, /* twice what is wanted of one that counts */
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene =
		    make_scene("metrics: [" CPU "], behavior: {scaleDown: "
			       "{stabilizationWindowSeconds: 0, policies: [{type: Pods, value: 9, "
			       "periodSeconds: 60}]}}");

		set_scale(&scene, 2);
		add_pod(&scene, "a", RUNS);
		add_pod(&scene, "b", cases[i].pod);
		set_used(&scene, cases[i].a, cases[i].b);
		CHECK_STR(
		    str_slice(turn(&scene), 0, (uint32_t)strlen("SuccessfulRescale: New size: 1")),
		    cases[i].says);
	}
}

TEST(what_a_pod_does_not_ask_for_is_told)
{
	struct scene scene = make_scene(
	    "metrics: [{type: ContainerResource, containerResource: {name: cpu, container: other, "
	    "target: {type: Utilization, averageUtilization: 50}}}]");

	set_scale(&scene, 1);
	add_pod(&scene, "a", RUNS);
	scene_answer(
	    &scene, USED, &metrics_pod_metrics_list_type, OK,
	    "{apiVersion: metrics.k8s.io/v1beta1, kind: PodMetricsList, items: [{metadata: "
	    "{name: a}, timestamp: '2026-01-02T03:04:00Z', window: 30s, containers: "
	    "[{name: other, usage: {cpu: 1}}]}]}");
	CHECK(str_starts(turn(&scene),
			 STR("FailedGetContainerResourceMetric: failed to get cpu utilization: "
			     "container other not found in Pod a\n")));
}

#define VALUES(kind, items) "{apiVersion: x/v1, kind: " kind ", items: [" items "]}"
#define VALUE(name, value) \
	"{describedObject: {name: " name "}, timestamp: '2026-01-02T03:04:00Z', value: " value "}"

TEST(metrics_of_pods_objects_and_the_outside_count_as_resources_do)
{
	static const struct {
		const char *metric, *path, *answer, *says;
	} cases[] = {
		{ "{type: Pods, pods: {metric: {name: qps, selector: {matchLabels: {x: z}}}, "
		  "target: "
		  "{type: AverageValue, averageValue: 10}}}",
		  CUSTOM "pods/%2A/qps?labelSelector=app%3Dweb&metricLabelSelector=x%3Dz",
		  VALUES("MetricValueList", VALUE("a", "30") ", " VALUE("b", "10")),
		  "SuccessfulRescale: New size: 4; reason: pods metric qps above target\n" },
		{ "{type: Object, object: {describedObject: {apiVersion: apps/v1, kind: "
		  "Deployment, "
		  "name: web}, metric: {name: qps}, target: {type: Value, value: 10}}}",
		  CUSTOM "deployments.apps/web/qps", VALUES("MetricValueList", VALUE("web", "15")),
		  "SuccessfulRescale: New size: 3; reason: Deployment metric qps above target\n" },
		{ "{type: Object, object: {describedObject: {apiVersion: v1, kind: Namespace, "
		  "name: "
		  "default}, metric: {name: qps}, target: {type: AverageValue, averageValue: 5}}}",
		  CUSTOM "metrics/qps", VALUES("MetricValueList", VALUE("default", "15")),
		  "SuccessfulRescale: New size: 3; reason: external metric qps above target\n" },
		{ "{type: External, external: {metric: {name: queue, selector: {matchExpressions: "
		  "[{key: k, operator: In, values: [a, b]}]}}, target: {type: Value, value: 10}}}",
		  OUTSIDE "queue?labelSelector=k%20in%20%28a%2Cb%29",
		  VALUES("ExternalMetricValueList", "{value: 12}, {value: 8}"),
		  "SuccessfulRescale: New size: 4; reason: external metric "
		  "queue(&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]"
		  "LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[a "
		  "b],},},}) above target\n" },
		{ "{type: External, external: {metric: {name: queue}, target: {type: AverageValue, "
		  "averageValue: 4}}}",
		  OUTSIDE "queue", VALUES("ExternalMetricValueList", "{value: 20}"),
		  "SuccessfulRescale: New size: 4; reason: external metric queue(nil) above "
		  "target\n" },
		{ "{type: External, external: {metric: {name: queue}, target: {type: AverageValue, "
		  "averageValue: 4}}}",
		  OUTSIDE "none", VALUES("ExternalMetricValueList", ""),
		  "FailedGetExternalMetric: unable to get external metric default/queue/nil: "
		  "unable "
		  "to fetch metrics from external metrics API: the server could not find the "
		  "requested resource (get queue.external.metrics.k8s.io)\n"
		  "FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error "
		  "is: failed to get queue external metric value: unable to get external metric "
		  "default/queue/nil: unable to fetch metrics from external metrics API: the "
		  "server "
		  "could not find the requested resource (get queue.external.metrics.k8s.io)\n" },
		{ "{type: Pods, pods: {metric: {name: qps}, target: {type: AverageValue, "
		  "averageValue: 10}}}",
		  CUSTOM "none", VALUES("MetricValueList", ""),
		  "FailedGetPodsMetric: unable to get metric qps: unable to fetch metrics from "
		  "custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered\n"
		  "FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error "
		  "is: failed to get pods metric value: unable to get metric qps: unable to fetch "
		  "metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) "
		  "registered\n" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene =
		    make_scene(arena_printf(test_arena(), "metrics: [%s]", cases[i].metric).at);

		set_scale(&scene, 2);
		add_pod(&scene, "a", RUNS);
		add_pod(&scene, "b", RUNS);
		scene_answer(&scene, cases[i].path,
			     cases[i].path[11] == 's' ? &custom_metrics_metric_value_list_type
			     : strncmp(cases[i].path, OUTSIDE, 12) == 0
				 ? &external_metrics_external_metric_value_list_type
				 : &custom_metrics_metric_value_list_type,
			     OK, cases[i].answer);
		CHECK_STR(turn(&scene), cases[i].says);
	}
}

TEST(limits_are_kept_and_told)
{
	struct scene scene = make_scene("minReplicas: 2, metrics: [" CPU "]");

	set_scale(&scene, 11);
	CHECK_STR(turn(&scene), "SuccessfulRescale: New size: 10; reason: Current number of "
				"replicas above Spec.MaxReplicas\n");
	set_scale(&scene, 1);
	scene_pass(&scene, 15);
	CHECK_STR(turn(&scene), "SuccessfulRescale: New size: 2; reason: Current number of "
				"replicas below Spec.MinReplicas\n");
	set_scale(&scene, 0);
	scene_pass(&scene, 15);
	CHECK_STR(turn(&scene), "");
	CHECK_STR(condition(&scene, "ScalingActive"),
		  "False ScalingDisabled: scaling is disabled since the replica count of the "
		  "target is zero");
	/* No more than twice as many at once, nor than there may be. */
	set_scale(&scene, 3);
	add_pod(&scene, "a", RUNS);
	set_used(&scene, "9", NULL);
	scene_pass(&scene, 15);
	CHECK_STR(str_slice(turn(&scene), 0, 30), "SuccessfulRescale: New size: 6");
	CHECK_STR(condition(&scene, "ScalingLimited"),
		  "True ScaleUpLimit: the desired replica count is increasing faster than the "
		  "maximum scale rate");
	set_scale(&scene, 6);
	scene_pass(&scene, 15);
	CHECK_STR(str_slice(turn(&scene), 0, 31), "SuccessfulRescale: New size: 10");
	CHECK_STR(condition(&scene, "ScalingLimited"),
		  "True TooManyReplicas: the desired replica count is more than the maximum "
		  "replica count");
	/* Down only to the most that was asked for in five minutes. */
	set_scale(&scene, 10);
	set_used(&scene, "1m", NULL);
	scene_pass(&scene, 15);
	CHECK_STR(turn(&scene), "");
	CHECK(str_starts(condition(&scene, "AbleToScale"), STR("True ScaleDownStabilized: ")));
	scene_pass(&scene, 301);
	CHECK_STR(turn(&scene),
		  "SuccessfulRescale: New size: 2; reason: All metrics below target\n");
	CHECK(str_starts(condition(&scene, "ScalingLimited"), STR("True TooFewReplicas: ")));
}

TEST(a_behavior_says_how_fast)
{
	struct scene scene = make_scene(
	    "metrics: [" CPU "], behavior: {scaleUp: {stabilizationWindowSeconds: 0, selectPolicy: "
	    "Min, policies: [{type: Pods, value: 2, periodSeconds: 60}, {type: Percent, value: "
	    "200, periodSeconds: 60}]}, scaleDown: {stabilizationWindowSeconds: 0, policies: "
	    "[{type: Percent, value: 50, periodSeconds: 60}], tolerance: 0.5}}");

	add_pod(&scene, "a", RUNS);
	set_used(&scene, "9", NULL);
	set_scale(&scene, 2);
	CHECK_STR(str_slice(turn(&scene), 0, 30), "SuccessfulRescale: New size: 4");
	CHECK(str_starts(condition(&scene, "ScalingLimited"), STR("True ScaleUpLimit: ")));
	/* Two in a minute have been added: no more until it is over. */
	set_scale(&scene, 4);
	scene_pass(&scene, 15);
	CHECK_STR(turn(&scene), "");
	scene_pass(&scene, 60);
	CHECK_STR(str_slice(turn(&scene), 0, 30), "SuccessfulRescale: New size: 6");
	/* Three quarters of what is wanted are near enough downwards; less are not. */
	set_scale(&scene, 6);
	set_used(&scene, "300m", NULL);
	scene_pass(&scene, 15);
	CHECK_STR(turn(&scene), "");
	set_used(&scene, "1m", NULL);
	scene_pass(&scene, 100);
	CHECK_STR(str_slice(turn(&scene), 0, 30), "SuccessfulRescale: New size: 3");
	CHECK(str_starts(condition(&scene, "ScalingLimited"), STR("True ScaleDownLimit: ")));
}

TEST(a_scale_that_is_refused_is_told_and_tried_again)
{
	struct scene scene = make_scene("metrics: [" CPU "]");
	struct world_failure failure = { .status = FORBIDDEN, .message = STR("words") };

	set_scale(&scene, 11);
	scene.failure = &failure;
	CHECK_STR(turn(&scene), "FailedRescale: New size: 10; reason: Current number of replicas "
				"above Spec.MaxReplicas; error: words\n");
	CHECK_STR(condition(&scene, "AbleToScale"),
		  "False FailedUpdateScale: the HPA controller was unable to update the target "
		  "scale: words");
	scene.failure = NULL;
	scene_pass(&scene, 15);
	CHECK_STR(str_slice(turn(&scene), 0, 31), "SuccessfulRescale: New size: 10");
}

TEST(pods_that_cannot_be_told_are_nobody_s)
{
	struct scene scene = make_scene("metrics: [" CPU "]");

	scene_answer(&scene, SCALE, &autoscaling_scale_type, OK,
		     "{apiVersion: autoscaling/v1, kind: Scale, metadata: {name: web}, spec: "
		     "{replicas: 2}, status: {replicas: 2}}");
	CHECK_STR(turn(&scene), "SelectorRequired: selector is required\n"
				"FailedComputeMetricsReplicas: selector is required\n");
	set_scale(&scene, 2);
	scene_add(&scene, "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: "
			  "{name: other}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: "
			  "Deployment, name: web}, maxReplicas: 3}}");
	scene_pass(&scene, 15);
	CHECK(str_starts(turn(&scene), STR("AmbiguousSelector: pods by selector app=web are "
					   "controlled by more than one HPA")));
	CHECK(str_starts(condition(&scene, "ScalingActive"), STR("False AmbiguousSelector: ")));
}
