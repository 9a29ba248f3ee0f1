#include "tests/unit/actors/server/rig.h"

#define PODS "/api/v1/namespaces/default/pods"
#define CLAIMS "/api/v1/namespaces/default/persistentvolumeclaims"
#define RANGES "/api/v1/namespaces/default/limitranges"
#define CPU(amount) "{\"cpu\":\"" amount "\"}"

static struct rig *open_with_range(const char *limits)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	CHECK_CODE(
	    rig_post(
		rig, RANGES,
		rig_printf("{\"metadata\":{\"name\":\"r\"},\"spec\":{\"limits\":[%s]}}", limits).at),
	    201);
	return rig;
}

static struct rig_answer make_pod(struct rig *rig, const char *resources)
{
	return rig_post(rig, PODS,
			rig_printf("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{"
				   "\"name\":\"c\",\"image\":\"i\",\"resources\":{%s}}]}}",
				   resources)
			    .at);
}

TEST(a_container_gets_the_defaults_of_the_range_and_a_note_of_it)
{
	struct rig *rig = open_with_range(
	    "{\"type\":\"Container\",\"default\":{\"cpu\":\"500m\",\"memory\":\"500Mi\"},"
	    "\"defaultRequest\":{\"cpu\":\"100m\",\"memory\":\"200Mi\"}}");
	struct rig_answer answer = make_pod(rig, "");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.containers[0].resources",
		 "{\"limits\":{\"cpu\":\"500m\",\"memory\":\"500Mi\"},"
		 "\"requests\":{\"cpu\":\"100m\",\"memory\":\"200Mi\"}}");
	CHECK_AT(
	    answer.body, "metadata.annotations",
	    "{\"kubernetes.io/limit-ranger\":\"LimitRanger plugin set: cpu, memory request for "
	    "container c; cpu, memory limit for container c\"}");
	CHECK_AT(answer.body, "status.qosClass", "Burstable");
	rig_close(rig);
}

TEST(what_a_container_says_itself_stays)
{
	struct rig *rig = open_with_range(
	    "{\"type\":\"Container\",\"default\":{\"cpu\":\"500m\",\"memory\":\"500Mi\"},"
	    "\"defaultRequest\":{\"cpu\":\"100m\",\"memory\":\"200Mi\"}}");
	struct rig_answer answer =
	    make_pod(rig, "\"limits\":" CPU("300m") ",\"requests\":{\"memory\":\"150Mi\"}");

	CHECK_AT(answer.body, "spec.containers[0].resources",
		 "{\"limits\":{\"cpu\":\"300m\",\"memory\":\"500Mi\"},"
		 "\"requests\":{\"cpu\":\"300m\",\"memory\":\"150Mi\"}}");
	rig_close(rig);
}

TEST(a_container_has_to_lie_between_minimum_maximum_and_ratio)
{
	static const struct {
		const char *range, *resources, *why;
	} cases[] = {
		{ "\"min\":" CPU("50m"), "\"requests\":" CPU("10m") ",\"limits\":" CPU("1"),
		  "minimum cpu usage per Container is 50m, but request is 10m" },
		{ "\"min\":" CPU("50m") ",\"max\":" CPU("1"),
		  "\"requests\":" CPU("60m") ",\"limits\":" CPU("2"),
		  "maximum cpu usage per Container is 1, but limit is 2" },
		{ "\"maxLimitRequestRatio\":" CPU("2"),
		  "\"requests\":" CPU("1") ",\"limits\":" CPU("3"),
		  "cpu max limit to request ratio per Container is 2, but provided ratio is "
		  "3.000000" },
		{ "\"maxLimitRequestRatio\":" CPU("2"), "",
		  "cpu max limit to request ratio per Container is 2, but no request is specified "
		  "or "
		  "request is 0" },
		{ "\"min\":{\"cpu\":\"50m\",\"memory\":\"1Mi\"}",
		  "\"requests\":{\"cpu\":\"10m\",\"memory\":\"1Ki\"}",
		  "[minimum cpu usage per Container is 50m, but request is 10m, minimum memory "
		  "usage per Container is 1Mi, but request is 1Ki]" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig *rig =
		    open_with_range(rig_printf("{\"type\":\"Container\",%s}", cases[i].range).at);

		CHECK_FAILURE(make_pod(rig, cases[i].resources), 403, "Forbidden",
			      rig_printf("pods \"p\" is forbidden: %s", cases[i].why).at);
		rig_close(rig);
	}
}

TEST(a_pod_as_a_whole_has_to_lie_in_its_range)
{
	struct rig *rig = open_with_range("{\"type\":\"Pod\",\"max\":" CPU("1") "}");

	CHECK_FAILURE(
	    make_pod(rig, ""), 403, "Forbidden",
	    "pods \"p\" is forbidden: maximum cpu usage per Pod is 1.  No limit is specified");
	CHECK_FAILURE(
	    make_pod(rig, "\"limits\":" CPU("1100m")), 403, "Forbidden",
	    "pods \"p\" is forbidden: maximum cpu usage per Pod is 1, but limit is 1100m");
	CHECK_CODE(make_pod(rig, "\"limits\":" CPU("1")), 201);
	rig_close(rig);
}

TEST(a_range_that_is_gone_counts_no_more)
{
	struct rig *rig = open_with_range("{\"type\":\"Pod\",\"max\":" CPU("1") "}");

	CHECK_CODE(make_pod(rig, ""), 403);
	CHECK_CODE(rig_delete(rig, RANGES "/r", NULL), 200);
	CHECK_CODE(make_pod(rig, ""), 201);
	rig_close(rig);
}

TEST(a_claim_asks_for_no_less_and_no_more_than_its_range_says)
{
	static const struct {
		const char *amount;
		int32_t code;
	} cases[] = { { "512Mi", 403 }, { "3Gi", 403 }, { "1Gi", 201 } };
	struct rig *rig =
	    open_with_range("{\"type\":\"PersistentVolumeClaim\",\"min\":{\"storage\":\"1Gi\"},"
			    "\"max\":{\"storage\":\"2Gi\"}}");

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_CODE(
		    rig_post(
			rig, CLAIMS,
			rig_printf("{\"metadata\":{\"name\":\"v\"},\"spec\":{\"accessModes\":["
				   "\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":"
				   "\"%s\"}}}}",
				   cases[i].amount)
			    .at),
		    cases[i].code);
	rig_close(rig);
}
