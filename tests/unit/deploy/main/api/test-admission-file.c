/*
 * The file of admission: which plug-ins are told something there, and what is said of a file that is wrong.
 */
#include "deploy/main/api/admission-file.h"

#include <stdio.h>

#include "actors/admission/pod/image-policy.h"
#include "deploy/main/api/plugin-options.h"
#include "tests/lib/test.h"

static const char *write_file(const char *name, const char *text)
{
	const char *path = arena_printf(test_arena(), "%s/%s", test_folder(), name).at;
	FILE *file = fopen(path, "we");

	CHECK(file != NULL);
	fputs(text, file);
	fclose(file);
	return path;
}

static enum status load(const char *plugins, const char *enabled, struct admission_setting *out,
			struct fault *why)
{
	const char *path = NULL;
	uint64_t more, idle;

	if (plugins != NULL)
		path = write_file("admission.yaml",
				  arena_printf(test_arena(),
					       "apiVersion: apiserver.config.k8s.io/v1\nkind: "
					       "AdmissionConfiguration\nplugins:\n%s",
					       plugins)
				      .at);
	CHECK_STATUS(plugin_options_load(enabled, NULL, &more, &idle, why), OK);
	return admission_file_load(path, more, test_arena(), out, why);
}

#define EVENTS                                                                             \
	"- name: EventRateLimit\n  configuration:\n    apiVersion: "                       \
	"eventratelimit.admission.k8s.io/v1alpha1\n    kind: Configuration\n    limits:\n" \
	"    - {type: Server, qps: 5, burst: %d}\n"
#define IMAGES "- name: ImagePolicyWebhook\n  path: images.json\n"

TEST(plug_ins_find_what_they_are_told_where_they_are_asked_for)
{
	struct admission_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load(NULL, NULL, &setting, &why), OK);
	CHECK(setting.event_limits == NULL && setting.image_policy == NULL);
	CHECK_STATUS(
	    load(arena_printf(test_arena(), EVENTS, 10).at, "EventRateLimit", &setting, &why), OK);
	CHECK(setting.event_limits != NULL);
	/* Not looked at, as upstream does. */
	CHECK_STATUS(load(arena_printf(test_arena(), EVENTS, 0).at, NULL, &setting, &why), OK);
	CHECK(setting.event_limits == NULL);
	write_file("kubeconfig",
		   "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
		   "clusters: [{name: c, cluster: {server: 'https://hook.example.com/review'}}]\n");
	write_file("images.json",
		   arena_printf(test_arena(),
				"{\"imagePolicy\":{\"kubeConfigFile\":\"%s/"
				"kubeconfig\",\"allowTTL\":50,\"defaultAllow\":true}}",
				test_folder())
		       .at);
	CHECK_STATUS(load(IMAGES, "ImagePolicyWebhook", &setting, &why), OK);
	CHECK_STR(setting.image_policy->review.place.url, "https://hook.example.com/review");
	CHECK_EQ(setting.image_policy->allow_ttl_ms, 50000);
	CHECK(setting.image_policy->allows_when_away);
}

TEST(what_is_wrong_or_missing_is_said)
{
	static const struct {
		const char *plugins, *enabled, *said;
	} cases[] = {
		{ NULL, "EventRateLimit", "EventRateLimit: limits: Invalid value: null" },
		{ NULL, "ImagePolicyWebhook", "ImagePolicyWebhook: no config specified" },
		{ "- name: PodSecurity\n", "EventRateLimit", "pod-security" },
		{ "- name: EventRateLimit\n", "EventRateLimit", "wants apiVersion: eventratelimit" },
		{ "- name: EventRateLimit\n  configuration: {apiVersion: "
		  "eventratelimit.admission.k8s.io/v1alpha1, kind: Configuration, limit: []}\n",
		  "EventRateLimit", "unknown field \"limit\"" },
		{ "- name: ImagePolicyWebhook\n  configuration: {imagePolicy: {allowTTL: 1}}\n",
		  "ImagePolicyWebhook", "kubeConfigFile: Required value" },
		{ "- name: ImagePolicyWebhook\n  configuration: {imagePolicy: {denyTTL: 3000}}\n",
		  "ImagePolicyWebhook", "valid value is between 1s and 30m0s, got 50m0s" },
		{ "- name: ImagePolicyWebhook\n  configuration: {imagePolicy: {kubeConfigFile: "
		  "/nowhere/at/all}}\n",
		  "ImagePolicyWebhook", "/nowhere/at/all" },
		{ "- name: ResourceQuota\n", NULL,
		  "plugins[0].name: only PodSecurity, EventRateLimit and ImagePolicyWebhook" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct admission_setting setting;
		struct fault why = { 0 };

		CHECK(load(cases[i].plugins, cases[i].enabled, &setting, &why) != OK);
		CHECK_STR(strstr(why.text, cases[i].said) ? STR("") : str_from(why.text), "");
	}
}
