#include "datastore/object/record.h"

#include "datastore/object/json.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/autoscaling_v2.h"
#include "datastore/schema/batch.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

static void *make(const struct type *type, const char *json)
{
	struct fault why;
	void *record = NULL;

	if (json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	return record;
}

static struct str show(const struct type *type, const void *record)
{
	struct text out = text_in(test_arena(), MIB);

	json_encode(type, record, &out);
	return text_str(&out);
}

static const char pod_json[] =
    "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\",\"y\":\"2\"},\"finalizers\":[\"f\"]},"
    "\"spec\":{\"containers\":[{\"name\":\"c\","
    "\"image\":\"nginx\",\"ports\":[{\"containerPort\":80}],\"resources\":{\"limits\":{\"cpu\":"
    "\"1\"}}}],\"volumes\":[{\"name\":\"v\"}]},"
    "\"status\":{\"podIPs\":[{\"ip\":\"10.0.0.1\"}]}}";

TEST(a_clone_is_equal_and_shares_nothing)
{
	struct arena *arena = arena_new(0);
	struct core_pod *pod = make(&core_pod_type, pod_json);
	struct str before = show(&core_pod_type, pod);
	struct core_pod *copy = record_clone(&core_pod_type, pod, arena);

	CHECK(record_equal(&core_pod_type, pod, copy));
	CHECK(copy->metadata->name.at != pod->metadata->name.at);
	copy->spec->containers.at[0].name = STR("other");
	copy->metadata->labels.at[0].value = STR("other");
	copy->metadata->finalizers.at[0] = STR("other");
	CHECK(!record_equal(&core_pod_type, pod, copy));
	arena_free(arena);
	CHECK(str_eq(show(&core_pod_type, pod), before));
	CHECK(record_clone(&core_pod_type, NULL, test_arena()) == NULL);
}

TEST(equal_means_what_upstream_means_by_it)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} cases[] = {
		{ "{}",
		  "{\"containers\":[],\"nodeSelector\":{},\"hostNetwork\":false,\"nodeName\":\"\"}",
		  true },
		{ "{}", "{\"priority\":0}", false },
		{ "{}", "{\"securityContext\":{}}", false },
		{ "{\"overhead\":{\"cpu\":\"1\"}}", "{\"overhead\":{\"cpu\":\"1000m\"}}", true },
		{ "{\"overhead\":{\"cpu\":\"1\"}}", "{\"overhead\":{\"cpu\":\"2\"}}", false },
		{ "{\"nodeSelector\":{\"a\":\"1\"}}", "{\"nodeSelector\":{\"a\":\"2\"}}", false },
		{ "{\"nodeSelector\":{\"a\":\"1\"}}", "{\"nodeSelector\":{\"b\":\"1\"}}", false },
		{ "{\"containers\":[{},{}]}", "{\"containers\":[{}]}", false },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		void *a = make(&core_pod_spec_type, cases[i].a);
		void *b = make(&core_pod_spec_type, cases[i].b);
		CHECK(record_equal(&core_pod_spec_type, a, b) == cases[i].is_equal);
		CHECK(record_equal(&core_pod_spec_type, b, a) == cases[i].is_equal);
	}
}

TEST(a_pruned_record_is_written_as_before_and_equal)
{
	struct core_pod *pod = make(&core_pod_type, pod_json);
	struct core_pod *filled = record_clone(&core_pod_type, pod, test_arena());

	record_fill(&core_pod_type, filled, test_arena());
	CHECK(filled->spec->containers.at[0].resources != NULL);
	CHECK(str_eq(show(&core_pod_type, filled), show(&core_pod_type, pod)));
	record_prune(&core_pod_type, filled);
	CHECK(filled->spec->volumes.at[0].volume_source == NULL);
	CHECK(record_equal(&core_pod_type, filled, pod));
	CHECK(str_eq(show(&core_pod_type, filled), show(&core_pod_type, pod)));
}

TEST(paths_reach_values_through_lists_maps_and_inlined_messages)
{
	static const struct {
		const char *path, *value; /* NULL: absent */
	} cases[] = {
		{ "metadata.name", "a" },
		{ ".metadata.name", "a" },
		{ "metadata.labels[y]", "2" },
		{ ".metadata.labels['y']", "2" },
		{ "metadata.labels[z]", NULL },
		{ "metadata.labels", "{\"x\":\"1\",\"y\":\"2\"}" },
		{ "metadata.finalizers[0]", "f" },
		{ "metadata.finalizers[1]", NULL },
		{ "spec.containers[0].ports[0].containerPort", "80" },
		{ "spec.containers[0].resources.limits[cpu]", "1" },
		{ "spec.containers[9].image", NULL },
		{ "spec.nodeName", NULL },
		{ "status.podIPs[0].ip", "10.0.0.1" },
		{ "spec.volumes[0].emptyDir", NULL },
		{ "spec.volumes[0].emptyDir.medium", NULL },
	};
	void *pod = make(&core_pod_type, pod_json);
	struct record_place place;

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_STATUS(record_field(&core_pod_type, pod, str_from(cases[i].path), &place), OK);
		struct str value =
		    record_value(&core_pod_type, pod, str_from(cases[i].path), test_arena());
		if (cases[i].value == NULL)
			CHECK(value.at == NULL);
		else
			CHECK_STR(value, cases[i].value);
	}
	static const char *const wrong[] = {
		"",        "spec.nothing",           "metadata.name.x",
		"spec[0]", "metadata.finalizers[x]", "metadata.labels[",
		"spec.",   "metadata.name[0]"
	};
	for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK_STATUS(record_field(&core_pod_type, pod, str_from(wrong[i]), &place),
			     NOT_FOUND);
}

TEST(defaults_make_what_upstream_makes)
{
	static const struct {
		const struct type *type;
		const char *in, *path, *value;
	} cases[] = {
		{ &apps_deployment_type, "{}", "spec.replicas", "1" },
		{ &apps_deployment_type, "{\"spec\":{\"replicas\":0}}", "spec.replicas", "0" },
		{ &apps_deployment_type, "{}", "spec.strategy.rollingUpdate.maxSurge", "25%" },
		{ &apps_deployment_type, "{\"spec\":{\"strategy\":{\"type\":\"Recreate\"}}}",
		  "spec.strategy.rollingUpdate", NULL },
		{ &apps_deployment_type, "{}", "spec.template.spec.dnsPolicy", "ClusterFirst" },
		{ &apps_stateful_set_type, "{}", "spec.updateStrategy.rollingUpdate.partition",
		  "0" },
		{ &apps_stateful_set_type,
		  "{\"spec\":{\"updateStrategy\":{\"type\":\"RollingUpdate\"}}}",
		  "spec.updateStrategy.rollingUpdate", NULL },
		{ &core_pod_type, pod_json, "spec.containers[0].imagePullPolicy", "Always" },
		{ &core_pod_type, pod_json, "spec.containers[0].resources.requests[cpu]", "1" },
		{ &core_pod_type, pod_json, "spec.volumes[0].emptyDir", "{}" },
		{ &core_pod_type, pod_json, "status.podIP", "10.0.0.1" },
		{ &core_pod_type, "{}", "spec.enableServiceLinks", "true" },
		{ &core_pod_template_type, "{}", "template.spec.enableServiceLinks", NULL },
		{ &core_service_type, "{\"spec\":{\"ports\":[{\"port\":80}]}}",
		  "spec.ports[0].targetPort", "80" },
		{ &core_service_type, "{\"spec\":{\"sessionAffinity\":\"ClientIP\"}}",
		  "spec.sessionAffinityConfig.clientIP.timeoutSeconds", "10800" },
		{ &core_namespace_type, "{\"metadata\":{\"name\":\"n\"}}",
		  "metadata.labels[kubernetes.io/metadata.name]", "n" },
		{ &batch_job_type, "{}", "spec.backoffLimit", "6" },
		{ &batch_cron_job_type, "{}", "spec.jobTemplate.spec.backoffLimit", NULL },
		{ &autoscaling_v2_horizontal_pod_autoscaler_type,
		  "{\"spec\":{\"behavior\":{\"scaleUp\":{}}}}",
		  "spec.behavior.scaleUp.policies[1].type", "Percent" },
		{ &core_resource_quota_type, "{\"spec\":{\"hard\":{\"cpu\":\"0.0001\"}}}",
		  "spec.hard[cpu]", "1m" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		void *record = make(cases[i].type, cases[i].in);
		record_default(cases[i].type, record, test_arena(), (struct wall){ 0 });
		struct str value =
		    record_value(cases[i].type, record, str_from(cases[i].path), test_arena());
		if (cases[i].value == NULL)
			CHECK(value.at == NULL);
		else
			CHECK_STR(value, cases[i].value);
	}
}

TEST(pull_policy_follows_the_image)
{
	static const struct {
		const char *image, *policy;
	} cases[] = {
		{ "nginx", "Always" },
		{ "nginx:latest", "Always" },
		{ "nginx:1.2", "IfNotPresent" },
		{ "host:5000/nginx", "Always" },
		{ "host:5000/a/b:1", "IfNotPresent" },
		{ "nginx@sha256:00", "IfNotPresent" },
		{ "nginx:latest@sha256:00", "Always" },
		{ "", "IfNotPresent" },
		{ "NoName", "IfNotPresent" },
		{ "HOST/a--b__c", "Always" },
		{ "a/../b", "IfNotPresent" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct core_container container = { .image = str_from(cases[i].image) };
		record_default(&core_container_type, &container, test_arena(), (struct wall){ 0 });
		CHECK_STR(container.image_pull_policy, cases[i].policy);
	}
}

TEST(every_default_of_the_schema_can_be_read)
{
	uint32_t count;
	const struct type *types = type_all(&count);

	for (uint32_t i = 0; i < count; i++) {
		void *record = record_new(&types[i], test_arena());
		for (uint32_t j = 0; j < types[i].field_count; j++) {
			const struct field *field = &type_fields(&types[i])[j];
			if (field_rules(field) != NULL &&
			    rules_default_json(field_rules(field)).at != NULL)
				CHECK_STATUS(
				    json_decode_field(field, rules_default_json(field_rules(field)),
						      test_arena(), record, NULL),
				    OK);
		}
		if (types[i].flags & TYPE_KIND)
			record_default(&types[i], record, test_arena(), (struct wall){ 0 });
	}
}
