#include "actors/server/answer/convert.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

/* What an object of one version is in another one, as JSON. */
static struct str converted(struct arena *arena, const char *api_version, const char *kind,
			    const char *to_version, const char *json)
{
	const struct type *from = type_find_api(str_from(api_version), str_from(kind));
	const struct type *to = type_find_api(str_from(to_version), str_from(kind));
	struct text out = text_in(arena, LIMIT_RECORD_BYTES);
	void *record = NULL;

	CHECK_STATUS(
	    json_decode(from, str_from(json), arena, (struct json_options){ 0 }, &record, NULL), OK);
	json_encode(to, convert_record(from, record, to, arena), &out);
	return text_str(&out);
}

TEST(an_event_says_the_same_under_other_names)
{
	struct arena *arena = test_arena();
	static const char core[] =
	    "{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"e\"},"
	    "\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"p\"},\"reason\":\"Killed\","
	    "\"message\":\"words\",\"source\":{\"component\":\"kubelet\"},"
	    "\"firstTimestamp\":\"2026-01-02T03:04:05Z\",\"lastTimestamp\":null,\"count\":3,"
	    "\"type\":\"Normal\",\"eventTime\":null,"
	    "\"series\":{\"count\":2,\"lastObservedTime\":\"2026-01-02T03:04:05.000006Z\"},"
	    "\"related\":{\"name\":\"r\"},\"reportingComponent\":\"c\",\"reportingInstance\":"
	    "\"i\"}";
	static const char new[] =
	    "{\"kind\":\"Event\",\"apiVersion\":\"events.k8s.io/v1\",\"metadata\":{\"name\":\"e\"},"
	    "\"eventTime\":null,"
	    "\"series\":{\"count\":2,\"lastObservedTime\":\"2026-01-02T03:04:05.000006Z\"},"
	    "\"reportingController\":\"c\",\"reportingInstance\":\"i\",\"reason\":\"Killed\","
	    "\"regarding\":{\"kind\":\"Pod\",\"name\":\"p\"},\"related\":{\"name\":\"r\"},"
	    "\"note\":\"words\",\"type\":\"Normal\",\"deprecatedSource\":{\"component\":"
	    "\"kubelet\"},"
	    "\"deprecatedFirstTimestamp\":\"2026-01-02T03:04:05Z\",\"deprecatedLastTimestamp\":"
	    "null,"
	    "\"deprecatedCount\":3}";

	CHECK_STR(converted(arena, "v1", "Event", "events.k8s.io/v1", core), new);
	CHECK_STR(converted(arena, "events.k8s.io/v1", "Event", "v1", new), core);
}

TEST(an_autoscaler_of_version_1_keeps_what_only_version_2_can_say)
{
	struct arena *arena = test_arena();
	static const char two[] =
	    "{\"kind\":\"HorizontalPodAutoscaler\",\"apiVersion\":\"autoscaling/v2\","
	    "\"metadata\":{\"name\":\"h\",\"annotations\":{\"a\":\"b\"}},\"spec\":{"
	    "\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"d\",\"apiVersion\":\"apps/"
	    "v1\"},"
	    "\"minReplicas\":2,\"maxReplicas\":5,\"metrics\":[{\"type\":\"Resource\",\"resource\":{"
	    "\"name\":\"memory\",\"target\":{\"type\":\"Utilization\",\"averageUtilization\":60}}},"
	    "{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{"
	    "\"type\":\"Utilization\",\"averageUtilization\":70}}}],"
	    "\"behavior\":{\"scaleUp\":{\"stabilizationWindowSeconds\":0}}},"
	    "\"status\":{\"observedGeneration\":4,\"lastScaleTime\":\"2026-01-02T03:04:05Z\","
	    "\"currentReplicas\":2,\"desiredReplicas\":3,\"currentMetrics\":null}}";
	static const char one[] =
	    "{\"kind\":\"HorizontalPodAutoscaler\",\"apiVersion\":\"autoscaling/v1\","
	    "\"metadata\":{\"name\":\"h\",\"annotations\":{\"a\":\"b\","
	    "\"autoscaling.alpha.kubernetes.io/behavior\":"
	    "\"{\\\"scaleUp\\\":{\\\"stabilizationWindowSeconds\\\":0}}\","
	    "\"autoscaling.alpha.kubernetes.io/metrics\":"
	    "\"[{\\\"type\\\":\\\"Resource\\\",\\\"resource\\\":{\\\"name\\\":\\\"memory\\\","
	    "\\\"target\\\":{\\\"type\\\":\\\"Utilization\\\",\\\"averageUtilization\\\":60}}}]\"}}"
	    ","
	    "\"spec\":{\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"d\","
	    "\"apiVersion\":\"apps/v1\"},\"minReplicas\":2,\"maxReplicas\":5,"
	    "\"targetCPUUtilizationPercentage\":70},\"status\":{\"observedGeneration\":4,"
	    "\"lastScaleTime\":\"2026-01-02T03:04:05Z\",\"currentReplicas\":2,\"desiredReplicas\":"
	    "3}}";
	static const char kind[] = "HorizontalPodAutoscaler";

	CHECK_STR(converted(arena, "autoscaling/v2", kind, "autoscaling/v1", two), one);
	CHECK_STR(converted(arena, "autoscaling/v1", kind, "autoscaling/v2", one), two);
}
