/*
 * PodSecurity by a server: who is refused, who is warned, what a namespace's new labels say of its pods.
 */
#include "actors/admission/security/security-policy.h"
#include "tests/unit/actors/server/rig.h"

#define P "pod-security.kubernetes.io/"
#define NAMESPACE "/api/v1/namespaces/default"
#define PODS NAMESPACE "/pods"
#define BAD "\"hostNetwork\":true,"

static struct rig *open_rig(const struct server_config *config, const char *labels)
{
	struct rig *rig = rig_open(config);

	CHECK_CODE(
	    rig_post(rig, NAMESPACE "/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}"),
	    201);
	CHECK_CODE(rig_patch(rig, "merge", NAMESPACE,
			     rig_printf("{\"metadata\":{\"labels\":{%s}}}", labels).at),
		   200);
	return rig;
}

static struct rig_answer make_pod(struct rig *rig, const char *name, const char *spec)
{
	return rig_post(rig, PODS,
			rig_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s\"containers\":[{"
				   "\"name\":\"c\",\"image\":\"i\"}]}}",
				   name, spec)
			    .at);
}

TEST(pods_are_refused_or_warned_of_as_their_namespace_says)
{
	static const char words[] =
	    "PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)";
	struct rig *rig = open_rig(NULL, "\"" P "enforce\":\"baseline\"");
	struct rig_answer answer = make_pod(rig, "a", BAD);

	CHECK_FAILURE(answer, 403, "Forbidden",
		      rig_printf("pods \"a\" is forbidden: violates %s", words).at);
	CHECK_EQ(answer.warning_count, 0);
	CHECK_CODE(make_pod(rig, "a", ""), 201);
	CHECK_CODE(rig_patch(rig, "merge", NAMESPACE,
			     "{\"metadata\":{\"labels\":{\"" P "enforce\":null,\"" P
			     "warn\":\"baseline\"}}}"),
		   200);
	answer = make_pod(rig, "b", BAD);
	CHECK_CODE(answer, 201);
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0], rig_printf("would violate %s", words).at);
	rig_close(rig);
}

/* Its status, its labels: what was let in stays. A new image is looked at again. */
TEST(a_pod_that_is_there_may_change_in_what_does_not_matter)
{
	struct rig *rig = open_rig(NULL, "");

	CHECK_CODE(make_pod(rig, "a", BAD), 201);
	CHECK_CODE(rig_patch(rig, "merge", NAMESPACE,
			     "{\"metadata\":{\"labels\":{\"" P "enforce\":\"baseline\"}}}"),
		   200);
	CHECK_CODE(rig_patch(rig, "merge", PODS "/a", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"),
		   200);
	CHECK_CODE(
	    rig_patch(rig, "merge", PODS "/a/status", "{\"status\":{\"phase\":\"Running\"}}"), 200);
	CHECK_CODE(rig_patch(rig, "strategic", PODS "/a",
			     "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"j\"}]}}"),
		   403);
	CHECK_CODE(
	    rig_patch(rig, "strategic", PODS "/a/ephemeralcontainers",
		      "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"j\"}]}}"),
	    403);
	rig_close(rig);
}

TEST(what_makes_pods_is_warned_of_and_made)
{
	static const char deployment[] =
	    "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
	    "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"hostPID\":true,"
	    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";
	static const char cron_job[] =
	    "{\"metadata\":{\"name\":\"j\"},\"spec\":{\"schedule\":\"* * * * *\",\"jobTemplate\":{"
	    "\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":\"Never\",\"hostPID\":true,"
	    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}}}";
	static const char words[] =
	    "would violate PodSecurity \"baseline:latest\": host namespaces (hostPID=true)";
	struct rig *rig = open_rig(NULL, "\"" P "enforce\":\"baseline\"");
	struct rig_answer answer =
	    rig_post(rig, "/apis/apps/v1/namespaces/default/deployments", deployment);

	CHECK_CODE(answer, 201);
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0], words);
	answer = rig_post(rig, "/apis/batch/v1/namespaces/default/cronjobs", cron_job);
	CHECK_CODE(answer, 201);
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0], words);
	rig_close(rig);
}

TEST(labels_that_cannot_be_read_are_refused_unless_they_were_there)
{
	static const char invalid[] =
	    "Namespace \"n\" is invalid: metadata.labels[" P
	    "enforce]: Invalid value: \"x\": must be one of privileged, baseline, restricted";
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(rig_post(rig, "/api/v1/namespaces",
			       "{\"metadata\":{\"name\":\"n\",\"labels\":{\"" P
			       "enforce\":\"x\"}}}"),
		      422, "Invalid", invalid);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"n\"}}"), 201);
	CHECK_FAILURE(rig_patch(rig, "merge", "/api/v1/namespaces/n",
				"{\"metadata\":{\"labels\":{\"" P "enforce\":\"x\"}}}"),
		      422, "Invalid", invalid);
	rig_close(rig);
}

TEST(a_stricter_level_warns_of_the_pods_that_it_would_refuse)
{
	struct rig *rig = open_rig(NULL, "");
	struct rig_answer answer;

	CHECK_CODE(make_pod(rig, "b", BAD), 201);
	CHECK_CODE(make_pod(rig, "a", BAD), 201);
	CHECK_CODE(make_pod(rig, "d", BAD), 201);
	CHECK_CODE(make_pod(rig, "c", "\"hostPID\":true,"), 201);
	CHECK_CODE(make_pod(rig, "e", ""), 201);
	answer = rig_patch(rig, "merge", NAMESPACE,
			   "{\"metadata\":{\"labels\":{\"" P "enforce\":\"baseline\"}}}");
	CHECK_CODE(answer, 200);
	CHECK_EQ(answer.warning_count, 2);
	CHECK_STR(answer.warnings[0], "existing pods in namespace \"default\" violate the new "
				      "PodSecurity enforce level \"baseline:latest\"");
	CHECK_STR(answer.warnings[1], "a (and 3 other pods): host namespaces");
	/* A laxer one, and the same again, do not. */
	answer = rig_patch(rig, "merge", NAMESPACE,
			   "{\"metadata\":{\"labels\":{\"" P "enforce\":\"privileged\"}}}");
	CHECK_CODE(answer, 200);
	CHECK_EQ(answer.warning_count, 0);
	rig_close(rig);
}

TEST(whom_the_configuration_exempts_is_not_judged)
{
	static struct str users[] = { { "boss", 4 } }, namespaces[] = { { "default", 7 } },
			  classes[] = { { "k", 1 } };
	static const struct {
		struct security_options options;
		const char *user;
		int32_t code;
	} cases[] = {
		{ { .users = { users, 1 } }, "boss", 201 },
		{ { .users = { users, 1 } }, "other", 403 },
		{ { .namespaces = { namespaces, 1 } }, "other", 201 },
		{ { .classes = { classes, 1 } }, "other", 403 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct server_config config = { .security = &cases[i].options };
		struct rig *rig = open_rig(&config, "");
		struct rig_answer answer =
		    rig_patch(rig, "merge", NAMESPACE,
			      "{\"metadata\":{\"labels\":{\"" P "enforce\":\"baseline\"}}}");

		CHECK_CODE(answer, 200);
		CHECK_EQ(answer.warning_count, i == 2 ? 1 : 0);
		if (i == 2)
			CHECK_STR(
			    answer.warnings[0],
			    "namespace \"default\" is exempt from Pod Security, and the policy "
			    "(enforce=baseline:v1.0) will be ignored");
		CHECK_CODE(rig_ask_of(rig, .method = "POST", .path = PODS, .user = cases[i].user,
				      .body =
					  "{\"metadata\":{\"name\":\"p\"},\"spec\":{" BAD
					  "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"),
			   cases[i].code);
		rig_close(rig);
	}
}
