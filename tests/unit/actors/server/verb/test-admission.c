#include "tests/unit/actors/server/rig.h"

#define PODS "/api/v1/namespaces/default/pods"
#define CLASSES "/apis/scheduling.k8s.io/v1/priorityclasses"
#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"

static struct rig *open_with_account(void)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, ACCOUNTS, "{\"metadata\":{\"name\":\"default\"}}"), 201);
	return rig;
}

static struct rig_answer make_pod(struct rig *rig, const char *spec)
{
	return rig_post(rig, PODS,
			rig_printf("{\"metadata\":{\"name\":\"p\"},\"spec\":{%s\"containers\":[{"
				   "\"name\":\"c\",\"image\":\"i\"}]}}",
				   spec)
			    .at);
}

TEST(a_pod_gets_the_account_and_a_token_of_its_own)
{
	struct rig *rig = open_with_account();
	struct rig_answer answer = make_pod(rig, "");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.serviceAccountName", "default");
	CHECK_AT(answer.body, "spec.serviceAccount", "default");
	CHECK(str_starts(rig_at(answer.body, "spec.volumes[0].name"), STR("kube-api-access-")));
	CHECK_AT(answer.body, "spec.volumes[0].projected.sources[0].serviceAccountToken",
		 "{\"expirationSeconds\":3607,\"path\":\"token\"}");
	CHECK_AT(answer.body, "spec.containers[0].volumeMounts[0].mountPath",
		 "/var/run/secrets/kubernetes.io/serviceaccount");
	CHECK_AT(answer.body, "spec.containers[0].volumeMounts[0].readOnly", "true");
	rig_close(rig);
}

TEST(a_pod_may_do_without_a_token)
{
	struct rig *rig = open_with_account();
	struct rig_answer answer = make_pod(rig, "\"automountServiceAccountToken\":false,");

	CHECK_CODE(answer, 201);
	CHECK_EQ(rig_count(answer.body, "spec.volumes"), 0);
	rig_close(rig);
}

TEST(a_pod_of_an_account_that_is_not_there_is_forbidden)
{
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(make_pod(rig, ""), 403, "Forbidden",
		      "pods \"p\" is forbidden: error looking up service account default/default: "
		      "serviceaccount \"default\" not found");
	rig_close(rig);
}

TEST(a_pod_tolerates_nodes_that_went_away_for_five_minutes)
{
	struct rig *rig = open_with_account();
	struct rig_answer answer = make_pod(rig, "");

	CHECK_EQ(rig_count(answer.body, "spec.tolerations"), 2);
	CHECK_AT(answer.body, "spec.tolerations[0]",
		 "{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":"
		 "\"NoExecute\",\"tolerationSeconds\":300}");
	CHECK_CODE(rig_delete(rig, PODS "/p?gracePeriodSeconds=0", NULL), 200);
	answer = make_pod(rig, "\"tolerations\":[{\"operator\":\"Exists\"}],");
	CHECK_EQ(rig_count(answer.body, "spec.tolerations"), 1);
	rig_close(rig);
}

TEST(a_priority_class_becomes_a_number)
{
	struct rig *rig = open_with_account();
	struct rig_answer answer;

	CHECK_AT(make_pod(rig, "").body, "spec.priority", "0");
	CHECK_CODE(rig_delete(rig, PODS "/p?gracePeriodSeconds=0", NULL), 200);
	CHECK_FAILURE(make_pod(rig, "\"priorityClassName\":\"high\","), 403, "Forbidden",
		      "pods \"p\" is forbidden: no PriorityClass with name high was found");
	CHECK_CODE(
	    rig_post(rig, CLASSES,
		     "{\"metadata\":{\"name\":\"high\"},\"value\":1000,\"globalDefault\":true,"
		     "\"preemptionPolicy\":\"Never\"}"),
	    201);
	answer = make_pod(rig, "");
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.priority", "1000");
	CHECK_AT(answer.body, "spec.priorityClassName", "high");
	CHECK_AT(answer.body, "spec.preemptionPolicy", "Never");
	CHECK_CODE(rig_delete(rig, PODS "/p?gracePeriodSeconds=0", NULL), 200);
	CHECK_CODE(make_pod(rig, "\"priority\":5,"), 403);
	CHECK_CODE(
	    rig_post(rig, CLASSES,
		     "{\"metadata\":{\"name\":\"other\"},\"value\":1,\"globalDefault\":true}"),
	    403);
	rig_close(rig);
}

/* ---- accounts that hold their pods to their own secrets -------------------------------------------------------- */

static struct rig_answer try_pod(struct rig *rig, const char *metadata, const char *spec)
{
	return rig_post(
	    rig, "/api/v1/namespaces/default/pods?dryRun=All",
	    rig_printf("{\"metadata\":{\"name\":\"p\"%s},\"spec\":{%s}}", metadata, spec).at);
}

#define ONE(rest) "\"containers\":[{\"name\":\"c\",\"image\":\"i\"" rest "}]"

TEST(an_account_may_hold_its_pods_to_its_own_secrets)
{
	static const struct {
		const char *spec, *words; /* NULL: it is let in */
	} cases[] = {
		{ ONE(""), NULL },
		{ "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"mine\"}}]," ONE(""),
		  NULL },
		{ "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"other\"}}]," ONE(""),
		  "volume with secret.secretName=\"other\" is not allowed because service account "
		  "default does not reference that secret" },
		{ ONE(",\"env\":[{\"name\":\"E\",\"valueFrom\":{\"secretKeyRef\":{\"name\":"
		      "\"other\","
		      "\"key\":\"k\"}}}]"),
		  "container c with envVar E referencing secret.secretName=\"other\" is not "
		  "allowed "
		  "because service account default does not reference that secret" },
		{ "\"initContainers\":[{\"name\":\"i\",\"image\":\"i\",\"envFrom\":[{\"secretRef\":"
		  "{"
		  "\"name\":\"other\"}}]}]," ONE(""),
		  "init container i with envFrom referencing secret.secretName=\"other\" is not "
		  "allowed because service account default does not reference that secret" },
		{ "\"imagePullSecrets\":[{\"name\":\"other\"}]," ONE(""),
		  "imagePullSecrets[0].name=\"other\" is not allowed because service account "
		  "default "
		  "does not reference that imagePullSecret" },
	};
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
		     "{\"metadata\":{\"name\":\"default\",\"annotations\":{\"kubernetes.io/"
		     "enforce-mountable-secrets\":\"true\"}},\"secrets\":[{\"name\":\"mine\"}]}"),
	    201);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_answer answer = try_pod(rig, "", cases[i].spec);

		if (cases[i].words == NULL)
			CHECK_CODE(answer, 201);
		else
			CHECK_FAILURE(answer, 403, "Forbidden",
				      rig_printf("pods \"p\" is forbidden: %s", cases[i].words).at);
	}
	rig_close(rig);
}

TEST(a_mirror_pod_uses_no_account_no_secret_and_no_token)
{
	static const char mirror[] = ",\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}";
	static const struct {
		const char *spec, *words;
	} cases[] = {
		{ "\"serviceAccountName\":\"default\"," ONE(""),
		  "a mirror pod may not reference service accounts" },
		{ ONE(",\"envFrom\":[{\"secretRef\":{\"name\":\"s\"}}]"),
		  "a mirror pod may not reference secrets" },
		{ "\"volumes\":[{\"name\":\"v\",\"projected\":{\"sources\":[{"
		  "\"serviceAccountToken\":{"
		  "\"path\":\"t\"}}]}}]," ONE(""),
		  "a mirror pod may not use ServiceAccountToken volume projections" },
	};
	struct rig *rig = rig_open(NULL);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_FAILURE(try_pod(rig, mirror, cases[i].spec), 403, "Forbidden",
			      rig_printf("pods \"p\" is forbidden: %s", cases[i].words).at);
	rig_close(rig);
}
