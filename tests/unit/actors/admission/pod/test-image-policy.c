/*
 * A program that judges images: what an operator may say of it, what it is asked, and what comes of its answers.
 */
#include "actors/admission/pod/image-policy.h"

#include "actors/admission/plugins.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/admission/webhook/hook-lab.h"

#define POD                                                                                     \
	"{'metadata':{'name':'x','annotations':{'a':'b','own.image-policy.k8s.io/break':'1'}}," \
	"'spec':{'containers':[{'name':'c','image':'one'}],'initContainers':[{'name':'i',"      \
	"'image':'two'}],'ephemeralContainers':[{'name':'e','image':'three'}]}}"

TEST(times_are_judged_as_upstream_judges_them)
{
	static const struct {
		const char *json, *said;
		uint64_t allow_ms, deny_ms;
		uint32_t retry_ms;
	} cases[] = {
		{ "{}", "", 300000, 30000, 500 },
		{ "{'allowTTL':-1,'denyTTL':-1,'retryBackoff':-1}", "", 0, 0, 0 },
		{ "{'allowTTL':50,'denyTTL':1800,'retryBackoff':300000}", "", 50000, 1800000,
		  300000 },
		{ "{'allowTTL':1801}", "f: valid value is between 1s and 30m0s, got 30m1s", 0, 0,
		  0 },
		{ "{'denyTTL':-2}", "f: valid value is between 1s and 30m0s, got -2s", 0, 0, 0 },
		{ "{'retryBackoff':300001}", "f: valid value is between 1ns and 5m0s, got 5m0.001s",
		  0, 0, 0 },
		{ "{'allowTTL':9223372036854775807}",
		  "f: valid value is between 1s and 30m0s, got 2562047h47m16s", 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image_policy *policy = arena_new_of(test_arena(), struct image_policy);
		struct fault why = { 0 };
		enum status status = image_policy_of(
		    kind_lab_record(&imagepolicy_image_policy_webhook_config_type, cases[i].json),
		    "f", policy, &why);

		CHECK_STR(str_from(why.text), cases[i].said);
		if (status != OK)
			continue;
		CHECK_EQ(policy->allow_ttl_ms, cases[i].allow_ms);
		CHECK_EQ(policy->deny_ttl_ms, cases[i].deny_ms);
		CHECK_EQ(policy->review.retry_ms, cases[i].retry_ms);
	}
}

static struct image_policy *make_policy(bool allows_when_away)
{
	struct image_policy *policy = arena_new_of(test_arena(), struct image_policy);

	policy->review.place.url = STR("https://hook/");
	policy->allow_ttl_ms = policy->deny_ttl_ms = 1000;
	policy->allows_when_away = allows_when_away;
	return policy;
}

static void validate(struct act *act, void *arg)
{
	struct hook_lab *lab = arg;
	struct admission *a = &lab->admission;
	void *state = a->check.state;

	a->check = lab->kinds->check;
	a->check.act = act;
	a->check.state = state;
	lab->check = admission_image_policy_webhook.validate(a);
	if (lab->check != CHECK_WAIT)
		a->check.state = NULL;
}

static enum check ask(struct hook_lab *lab, struct image_policy *policy, const char *subresource)
{
	lab->admission = (struct admission){
		.operation = ADMISSION_CREATE,
		.version = STR("v1"),
		.resource = STR("pods"),
		.subresource = str_from(subresource),
		.namespace = STR("default"),
		.name = STR("x"),
		.type = &core_pod_type,
		.object = kind_lab_record(&core_pod_type, POD),
		.user = &lab->user,
		.image_policy = policy,
	};
	rig_enter(lab->rig, validate, lab);
	return lab->check;
}

static enum check answer(struct hook_lab *lab, const char *status)
{
	uint32_t at = lab->post_count - 1;

	if (status == NULL) {
		hook_lab_fail(lab, at, UNAVAILABLE, "Post \"https://hook/\": away");
	} else {
		lab->posts[at].call.body =
		    str_from(rig_json(rig_printf("{'status':%s}", status).at));
		lab->posts[at].call.is_done = true;
		lab->posts[at].done(lab->posts[at].arg);
	}
	rig_enter(lab->rig, validate, lab);
	return lab->check;
}

TEST(a_program_is_shown_images_and_notes_that_are_for_it)
{
	struct hook_lab *lab = hook_lab();
	struct image_policy *policy = make_policy(false);
	struct str asked;

	CHECK_EQ(ask(lab, policy, ""), CHECK_WAIT);
	asked = lab->posts[0].body;
	CHECK_AT(asked, "kind", "ImageReview");
	CHECK_AT(asked, "apiVersion", "imagepolicy.k8s.io/v1alpha1");
	CHECK_AT(asked, "spec.containers[0].image", "one");
	CHECK_AT(asked, "spec.containers[1].image", "two");
	CHECK_EQ(rig_count(asked, "spec.containers"), 2);
	CHECK_EQ(rig_count(asked, "spec.annotations"), 1);
	CHECK_AT(asked, "spec.namespace", "default");
	CHECK_EQ(answer(lab, "{'allowed':true,'auditAnnotations':{'k':'v'}}"), CHECK_PASS);
	CHECK_STR(str_map_get(lab->admission.annotations,
			      STR("imagepolicywebhook.image-policy.k8s.io/k")),
		  "v");
	/* Kept, with its notes; of others another is asked. */
	CHECK_EQ(ask(lab, policy, ""), CHECK_PASS);
	CHECK_EQ(lab->admission.annotations.len, 1);
	CHECK_EQ(ask(lab, policy, "status"), CHECK_PASS);
	CHECK_EQ(lab->post_count, 1);
	CHECK_EQ(ask(lab, policy, "ephemeralcontainers"), CHECK_WAIT);
	CHECK_AT(lab->posts[1].body, "spec.containers[0].image", "three");
	CHECK_EQ(rig_count(lab->posts[1].body, "spec.containers"), 1);
	CHECK_EQ(answer(lab, "{'allowed':true}"), CHECK_PASS);
	image_policy_fini(policy);
	hook_lab_close(lab);
}

TEST(what_it_says_no_to_is_refused_in_upstreams_words)
{
	static const struct {
		const char *status, *said;
	} cases[] = {
		{ "{'allowed':false,'reason':'not these'}",
		  "image policy webhook backend denied one or more images: not these" },
		{ "{'allowed':false}", "one or more images rejected by webhook backend" },
		{ "null", "one or more images rejected by webhook backend" },
		{ NULL, "Post \"https://hook/\": away" },
	};
	struct hook_lab *lab = hook_lab();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct image_policy *policy = make_policy(false);

		CHECK_EQ(ask(lab, policy, ""), CHECK_WAIT);
		CHECK_EQ(answer(lab, cases[i].status), CHECK_DENY);
		CHECK_STR(lab->admission.failure->message,
			  rig_printf("pods \"x\" is forbidden: %s", cases[i].said).at);
		image_policy_fini(policy);
	}
	hook_lab_close(lab);
}

TEST(when_it_is_away_pods_may_be_let_in_with_a_note)
{
	static const char failed_open[] = "imagepolicywebhook.image-policy.k8s.io/failed-open";
	struct hook_lab *lab = hook_lab();
	struct image_policy *policy = make_policy(true);
	const struct core_pod *pod;

	CHECK_EQ(ask(lab, policy, ""), CHECK_WAIT);
	CHECK_EQ(answer(lab, NULL), CHECK_PASS);
	pod = lab->admission.object;
	CHECK_STR(str_map_get(lab->admission.annotations, str_from(failed_open)), "true");
	CHECK_STR(
	    str_map_get(pod->metadata->annotations, STR("alpha.image-policy.k8s.io/failed-open")),
	    "true");
	/* That is no answer to be kept. */
	CHECK_EQ(ask(lab, policy, ""), CHECK_WAIT);
	CHECK_EQ(answer(lab, "{'allowed':false}"), CHECK_DENY);
	image_policy_fini(policy);
	hook_lab_close(lab);
}
