/*
 * Plug-ins about objects of one kind each: what they leave behind.
 */
#include "actors/admission/plugin.h"
#include "tests/unit/actors/server/rig.h"

#define CLAIMS "/api/v1/namespaces/default/persistentvolumeclaims"
#define VOLUMES "/api/v1/persistentvolumes"
#define STORAGE_CLASSES "/apis/storage.k8s.io/v1/storageclasses"
#define ATTRIBUTES_CLASSES "/apis/storage.k8s.io/v1/volumeattributesclasses"
#define INGRESS_CLASSES "/apis/networking.k8s.io/v1/ingressclasses"
#define INGRESSES "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
#define PODS "/api/v1/namespaces/default/pods"
#define NODES "/api/v1/nodes"

static void make_storage_class(struct rig *rig, const char *name, const char *annotation,
			       const char *fields)
{
	CHECK_CODE(rig_post(rig, STORAGE_CLASSES,
			    rig_printf("{\"metadata\":{\"name\":\"%s\",\"annotations\":{%s}},"
				       "\"provisioner\":\"example.com/p\"%s}",
				       name, annotation, fields)
				.at),
		   201);
}

static struct rig_answer make_claim(struct rig *rig, const char *name, const char *annotations,
				    const char *spec)
{
	return rig_post(rig, CLAIMS,
			rig_printf("{\"metadata\":{\"name\":\"%s\",\"annotations\":{%s}},\"spec\":{"
				   "%s\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{"
				   "\"requests\":{\"storage\":\"1Gi\"}}}}",
				   name, annotations, spec)
			    .at);
}

TEST(a_claim_that_names_no_class_gets_the_newest_of_the_default_ones)
{
	static const char is_default[] = "\"storageclass.kubernetes.io/is-default-class\":\"true\"";
	static const char was_default[] =
	    "\"storageclass.beta.kubernetes.io/is-default-class\":\"true\"";
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_storage_class(rig, "plain", "", "");
	answer = make_claim(rig, "a", "", "");
	CHECK_CODE(answer, 201);
	CHECK(rig_at(answer.body, "spec.storageClassName").at == NULL);
	make_storage_class(rig, "z-old", was_default, "");
	CHECK_AT(make_claim(rig, "b", "", "").body, "spec.storageClassName", "z-old");
	rig_run(rig, 2000);
	make_storage_class(rig, "y-new", is_default, "");
	make_storage_class(rig, "x-new", is_default, "");
	CHECK_AT(make_claim(rig, "c", "", "").body, "spec.storageClassName", "x-new");
	CHECK_AT(make_claim(rig, "d", "", "\"storageClassName\":\"plain\",").body,
		 "spec.storageClassName", "plain");
	CHECK_AT(make_claim(rig, "e", "", "\"storageClassName\":\"\",").body,
		 "spec.storageClassName", "");
	answer = make_claim(rig, "f", "\"volume.beta.kubernetes.io/storage-class\":\"plain\"", "");
	CHECK_CODE(answer, 201);
	CHECK(rig_at(answer.body, "spec.storageClassName").at == NULL);
	rig_close(rig);
}

TEST(an_ingress_that_names_no_class_gets_the_default_one)
{
	static const char ingress[] =
	    "{\"metadata\":{\"name\":\"%s\"%s},\"spec\":{%s\"defaultBackend\":{\"service\":{"
	    "\"name\":\"s\",\"port\":{\"number\":80}}}}}";
	static const struct {
		const char *name, *metadata, *spec, *expected;
	} cases[] = {
		{ "a", "", "", "k" },
		{ "b", "", "\"ingressClassName\":\"other\",", "other" },
		{ "c", ",\"annotations\":{\"kubernetes.io/ingress.class\":\"old\"}", "", NULL },
	};
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, INGRESS_CLASSES,
			    "{\"metadata\":{\"name\":\"k\",\"annotations\":{\"ingressclass."
			    "kubernetes.io/is-default-class\":\"true\"}},\"spec\":{\"controller\":"
			    "\"example.com/c\"}}"),
		   201);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_answer answer = rig_post(
		    rig, INGRESSES,
		    rig_printf(ingress, cases[i].name, cases[i].metadata, cases[i].spec).at);
		struct str class = rig_at(answer.body, "spec.ingressClassName");

		CHECK_CODE(answer, 201);
		CHECK_EQ(class.at != NULL, cases[i].expected != NULL);
		if (class.at != NULL)
			CHECK_STR(class, cases[i].expected);
	}
	rig_close(rig);
}

TEST(storage_objects_are_made_with_the_finalizer_that_keeps_them_while_they_are_used)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = make_claim(rig, "a", "", "");

	CHECK_AT(answer.body, "metadata.finalizers", "[\"kubernetes.io/pvc-protection\"]");
	answer = rig_post(rig, VOLUMES,
			  "{\"metadata\":{\"name\":\"v\",\"finalizers\":[\"example.com/f\"]},"
			  "\"spec\":{\"capacity\":{\"storage\":\"1Gi\"},\"accessModes\":["
			  "\"ReadWriteOnce\"],\"hostPath\":{\"path\":\"/x\"}}}");
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "metadata.finalizers",
		 "[\"example.com/f\",\"kubernetes.io/pv-protection\"]");
	answer = rig_post(rig, ATTRIBUTES_CLASSES,
			  "{\"metadata\":{\"name\":\"c\",\"finalizers\":[\"kubernetes.io/"
			  "vac-protection\"]},\"driverName\":\"example.com\",\"parameters\":{"
			  "\"a\":\"b\"}}");
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "metadata.finalizers", "[\"kubernetes.io/vac-protection\"]");
	rig_close(rig);
}

static struct rig_answer resize(struct rig *rig, const char *name, const char *size)
{
	return rig_patch(
	    rig, "merge", rig_printf(CLAIMS "/%s", name).at,
	    rig_printf("{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}", size).at);
}

static void bind_claim(struct rig *rig, const char *name)
{
	CHECK_CODE(
	    rig_patch(rig, "merge", rig_printf(CLAIMS "/%s/status", name).at,
		      "{\"status\":{\"phase\":\"Bound\",\"capacity\":{\"storage\":\"1Gi\"}}}"),
	    200);
}

TEST(a_claim_grows_only_where_its_class_says_so)
{
	static const char forbidden[] =
	    "persistentvolumeclaims \"%s\" is forbidden: only dynamically provisioned pvc can be "
	    "resized and the storageclass that provisions the pvc must support resize";
	struct rig *rig = rig_open(NULL);

	make_storage_class(rig, "fixed", "", "");
	make_storage_class(rig, "grows", "", ",\"allowVolumeExpansion\":true");
	CHECK_CODE(make_claim(rig, "a", "", "\"storageClassName\":\"fixed\","), 201);
	CHECK_CODE(make_claim(rig, "b", "", "\"storageClassName\":\"grows\","), 201);
	CHECK_CODE(make_claim(rig, "c", "", "\"storageClassName\":\"\","), 201);
	bind_claim(rig, "a");
	bind_claim(rig, "b");
	bind_claim(rig, "c");
	CHECK_FAILURE(resize(rig, "a", "2Gi"), 403, "Forbidden", rig_printf(forbidden, "a").at);
	CHECK_FAILURE(resize(rig, "c", "2Gi"), 403, "Forbidden", rig_printf(forbidden, "c").at);
	CHECK_CODE(resize(rig, "b", "2Gi"), 200);
	rig_close(rig);
}

TEST(a_new_node_is_tainted_until_it_says_that_it_is_ready)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(rig, NODES, "{\"metadata\":{\"name\":\"n\"}}");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.taints",
		 "[{\"key\":\"node.kubernetes.io/not-ready\",\"effect\":\"NoSchedule\"}]");
	answer = rig_post(rig, NODES,
			  "{\"metadata\":{\"name\":\"m\"},\"spec\":{\"taints\":[{\"key\":\"node."
			  "kubernetes.io/not-ready\",\"effect\":\"NoSchedule\"},{\"key\":\"a\","
			  "\"effect\":\"NoExecute\"}]}}");
	CHECK_CODE(answer, 201);
	CHECK_EQ(rig_count(answer.body, "spec.taints"), 2);
	rig_close(rig);
}

TEST(a_pod_has_the_labels_that_say_where_its_node_is)
{
	static const char pod[] = "{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s\"containers\":[{"
				  "\"name\":\"c\",\"image\":\"i\"}]}}";
	static const char binding[] =
	    "{\"metadata\":{\"name\":\"b\",\"labels\":{\"topology.kubernetes.io/region\":\"x\"}},"
	    "\"target\":{\"kind\":\"Node\",\"name\":\"n\"}}";
	static const char expected[] =
	    "{\"topology.kubernetes.io/region\":\"r\",\"topology.kubernetes.io/zone\":\"z\"}";
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	CHECK_CODE(rig_post(rig, NODES,
			    "{\"metadata\":{\"name\":\"n\",\"labels\":{\"topology.kubernetes.io/"
			    "zone\":\"z\",\"topology.kubernetes.io/region\":\"r\",\"a\":\"b\"}}}"),
		   201);
	answer = rig_post(rig, PODS, rig_printf(pod, "a", "\"nodeName\":\"n\",").at);
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "metadata.labels", expected);
	answer = rig_post(rig, PODS, rig_printf(pod, "b", "").at);
	CHECK_CODE(answer, 201);
	CHECK(rig_at(answer.body, "metadata.labels").at == NULL);
	CHECK_CODE(rig_post(rig, PODS "/b/binding", binding), 201);
	CHECK_AT(rig_get(rig, PODS "/b").body, "metadata.labels", expected);
	rig_close(rig);
}

/* ---- those that are off unless they are asked for ---------------------------------------------------------------- */

#define SERVICES "/api/v1/namespaces/default/services"
#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"

static const char account[] = "{\"metadata\":{\"name\":\"default\"}}";

/* But the last one, which denies everything. */
static struct rig *with_all_plugins(void)
{
	static struct server_config config;

	config = (struct server_config){ .more_plugins = (1ULL << (plugin_count - 1)) - 1 };
	return rig_open(&config);
}

static const char pod[] = "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"initContainers\":[{\"name\":"
			  "\"i\",\"image\":\"a\",\"imagePullPolicy\":\"Never\"}],\"containers\":[{"
			  "\"name\":\"c\",\"image\":\"b\",\"imagePullPolicy\":\"IfNotPresent\"}]}}";
static const char service[] = "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}],"
			      "\"externalIPs\":[\"192.0.2.1\"]}}";

TEST(images_are_always_pulled_where_that_is_asked_for)
{
	struct rig *rig = with_all_plugins();
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, ACCOUNTS, account), 201);
	answer = rig_post(rig, PODS, pod);
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.initContainers[0].imagePullPolicy", "Always");
	CHECK_AT(answer.body, "spec.containers[0].imagePullPolicy", "Always");
	rig_close(rig);
	rig = rig_open(NULL);
	CHECK_CODE(rig_post(rig, ACCOUNTS, account), 201);
	CHECK_AT(rig_post(rig, PODS, pod).body, "spec.containers[0].imagePullPolicy",
		 "IfNotPresent");
	rig_close(rig);
}

TEST(no_service_gets_an_external_address_where_that_is_asked_for)
{
	struct rig *rig = with_all_plugins();
	struct rig_answer answer = rig_post(rig, SERVICES, service);

	CHECK_CODE(answer, 403);
	CHECK_AT(
	    answer.body, "message",
	    "services \"s\" is forbidden: Use of external IPs is denied by admission control.");
	rig_close(rig);
	rig = rig_open(NULL);
	CHECK_CODE(rig_post(rig, SERVICES, service), 201);
	rig_close(rig);
}
