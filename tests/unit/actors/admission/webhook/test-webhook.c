#include "actors/admission/plugins.h"
#include "tests/unit/actors/admission/webhook/hook-lab.h"

#define MAP \
	"{'metadata':{'name':'x','namespace':'default','labels':{'app':'web'}},'data':{'a':'b'}}"
#define CALLING "500 Internal error occurred: failed calling webhook \"a.example.com\": "

TEST(without_webhooks_nothing_is_asked)
{
	struct hook_lab *lab = hook_lab();

	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_PASS);
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_PASS);
	CHECK_EQ(lab->post_count, 0);
	hook_lab_close(lab);
}

TEST(those_that_change_objects_are_asked_one_after_the_other_and_see_what_was_changed)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "");
	hook_lab_mutating(lab, "b", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	CHECK_STR(hook_lab_asked(lab), "a");
	CHECK_AT(lab->posts[0].body, "request.object.data.a", "b");
	CHECK_AT(lab->posts[0].body, "request.operation", "CREATE");
	CHECK_AT(lab->posts[0].body, "request.dryRun", "false");
	hook_lab_patch(lab, 0, "[{'op':'add','path':'/data/c','value':'d'}]");
	CHECK_EQ(hook_lab_resume(lab), CHECK_WAIT);
	CHECK_STR(hook_lab_asked(lab), "a b");
	CHECK_AT(lab->posts[1].body, "request.object.data.c", "d");
	hook_lab_answer(lab, 1, "'allowed':true,'warnings':['w']");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK_AT(hook_lab_object(lab), "data.c", "d");
	CHECK(lab->admission.wants_again);
	CHECK_EQ(lab->admission.warning_count, 1);
	hook_lab_close(lab);
}

TEST(warnings_without_end_are_passed_over)
{
	struct hook_lab *lab = hook_lab();
	struct text response = text_in(test_arena(), 64U * KIB);

	text_lit(&response, "'allowed':true,'warnings':['w'");
	for (uint32_t i = 0; i < 2 * WARNINGS_MAX; i++)
		text_printf(&response, ",'%u','w'", i);
	text_lit(&response, "]");
	hook_lab_mutating(lab, "a", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 0, arena_cstr(test_arena(), text_str(&response)));
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK_EQ(lab->admission.warning_count, WARNINGS_MAX);
	CHECK_STR(lab->admission.warnings[WARNINGS_MAX - 1], "510");
	hook_lab_close(lab);
}

TEST(a_patch_cannot_move_a_new_object_into_another_namespace)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_patch(lab, 0, "[{'op':'replace','path':'/metadata/namespace','value':'other'}]");
	CHECK_EQ(hook_lab_resume(lab), CHECK_DENY);
	CHECK_STR(hook_lab_words(lab),
		  "400 the namespace of the provided object does not match the "
		  "namespace sent on the request");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_patch(lab, 1, "[{'op':'remove','path':'/metadata/namespace'}]");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK_AT(hook_lab_object(lab), "metadata.namespace", "default");
	hook_lab_close(lab);
}

TEST(the_audit_log_is_told_who_was_asked_and_what_they_want_it_to_know)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "");
	hook_lab_mutating(lab, "b", "'failurePolicy':'Ignore'");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 0, "'allowed':true,'auditAnnotations':{'k':'v'}");
	CHECK_EQ(hook_lab_resume(lab), CHECK_WAIT);
	hook_lab_fail(lab, 1, TIMEOUT, "late");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK_STR(str_map_get(lab->admission.annotations, STR("a.example.com/k")), "v");
	CHECK_STR(str_map_get(lab->admission.annotations,
			      STR("mutation.webhook.admission.k8s.io/round_0_index_0")),
		  "{\"configuration\":\"a\",\"webhook\":\"a.example.com\",\"mutated\":false}");
	CHECK_STR(str_map_get(lab->admission.annotations,
			      STR("failed-open.mutation.webhook.admission.k8s.io/round_0_index_1")),
		  "b.example.com");
	hook_lab_close(lab);
}

TEST(a_patch_that_changes_nothing_is_no_change)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "'reinvocationPolicy':'IfNeeded'");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_patch(lab, 0, "[{'op':'replace','path':'/data/a','value':'b'}]");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK(!lab->admission.wants_again);
	hook_lab_close(lab);
}

TEST(who_wants_it_is_asked_again_after_a_later_change_and_nobody_else)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "'reinvocationPolicy':'IfNeeded'");
	hook_lab_mutating(lab, "b", "");
	hook_lab_mutating(lab, "c", "'reinvocationPolicy':'IfNeeded'");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 0, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_WAIT);
	hook_lab_patch(lab, 1, "[{'op':'add','path':'/data/c','value':'d'}]");
	CHECK_EQ(hook_lab_resume(lab), CHECK_WAIT);
	hook_lab_answer(lab, 2, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	/* c was asked after the last change. */
	CHECK_EQ(hook_lab_again(lab), CHECK_WAIT);
	hook_lab_answer(lab, 3, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK_STR(hook_lab_asked(lab), "a b c a");
	hook_lab_close(lab);
}

TEST(a_change_by_somebody_else_in_the_second_round_asks_all_who_want_it)
{
	struct hook_lab *lab = hook_lab();
	const char *changed = "{'metadata':{'name':'x','namespace':'default'},'data':{'z':'z'}}";

	hook_lab_mutating(lab, "a", "'reinvocationPolicy':'IfNeeded'");
	hook_lab_mutating(lab, "b", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 0, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_WAIT);
	hook_lab_answer(lab, 1, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	lab->admission.object = kind_lab_record(lab->admission.type, changed);
	CHECK_EQ(hook_lab_again(lab), CHECK_WAIT);
	hook_lab_answer(lab, 2, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK_STR(hook_lab_asked(lab), "a b a");
	hook_lab_close(lab);
}

TEST(those_that_judge_are_asked_at_once_and_the_first_that_denies_decides)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_validating(lab, "a", "");
	hook_lab_validating(lab, "b", "");
	hook_lab_validating(lab, "c", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	CHECK_STR(hook_lab_asked(lab), "a b c");
	hook_lab_answer(lab, 2, "'allowed':false,'status':{'message':'c says no'}");
	hook_lab_answer(lab, 1, "'allowed':false,'status':{'code':418,'reason':'Tea'}");
	CHECK_EQ(lab->resumed, 0);
	hook_lab_answer(lab, 0, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_DENY);
	CHECK_STR(hook_lab_words(lab),
		  "418 admission webhook \"b.example.com\" denied the request: Tea");
	hook_lab_close(lab);
}

TEST(a_request_that_ends_drops_what_it_has_asked)
{
	struct hook_lab *lab = hook_lab();
	struct waiter *waiter = &lab->kinds->waiter;

	hook_lab_validating(lab, "a", "");
	hook_lab_validating(lab, "b", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 0, "'allowed':true");
	waiter->on_cancel(waiter->arg);
	CHECK(!lab->posts[0].is_dropped);
	CHECK(lab->posts[1].is_dropped);
	hook_lab_mutating(lab, "a", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	waiter->on_cancel(waiter->arg);
	CHECK(lab->posts[2].is_dropped);
	hook_lab_close(lab);
}

TEST(no_webhook_gets_more_time_than_the_request_has)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_validating(lab, "a", "'timeoutSeconds':7");
	hook_lab_validating(lab, "b", "");
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	CHECK_EQ(lab->posts[0].timeout_ms, 7000);
	CHECK_EQ(lab->posts[1].timeout_ms, 10000);
	lab->kinds->check.left_ms = 1500;
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	CHECK_EQ(lab->posts[2].timeout_ms, 1500);
	hook_lab_close(lab);
}

/* ---- failures --------------------------------------------------------------------------------------------- */

static const struct {
	enum status status;
	const char *words, *response, *said;
} failures[] = {
	{ TIMEOUT, "Post \"https://a/\": context deadline exceeded", NULL,
	  CALLING "failed to call webhook: Post \"https://a/\": context deadline exceeded" },
	{ INVALID, "no certificate", NULL, CALLING "could not get REST client: no certificate" },
	{ OK, NULL, "'uid':'other','allowed':true",
	  CALLING "received invalid webhook response: expected response.uid=" },
	{ OK, NULL, "'allowed':1", CALLING "received invalid webhook response: " },
	{ OK, NULL, "'allowed':true,'patch':'W10='", CALLING "received invalid webhook response: " },
};

TEST(what_cannot_be_asked_or_answers_nonsense_is_what_its_failure_policy_says)
{
	static const struct plugin *const both[] = { &admission_mutating_webhook,
						     &admission_validating_webhook };

	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		for (uint32_t which = 0; which < 4; which++) {
			struct hook_lab *lab = hook_lab();
			const char *policy = which & 1 ? "'failurePolicy':'Ignore'" : "";

			hook_lab_mutating(lab, "a", policy);
			hook_lab_validating(lab, "a", policy);
			CHECK_EQ(hook_lab_ask(lab, both[which / 2], MAP), CHECK_WAIT);
			if (failures[i].response != NULL)
				hook_lab_answer(lab, 0, failures[i].response);
			else
				hook_lab_fail(lab, 0, failures[i].status, failures[i].words);
			CHECK_EQ(hook_lab_resume(lab), which & 1 ? CHECK_PASS : CHECK_DENY);
			if (!(which & 1) &&
			    !str_starts(hook_lab_words(lab), str_from(failures[i].said)))
				CHECK_STR(hook_lab_words(lab), failures[i].said);
			hook_lab_close(lab);
		}
	}
}

static void check_counted(struct hook_lab *lab, const char *line)
{
	struct text page = text_new(256U * KIB);

	metrics_write(lab->metrics, &page);
	CHECK(str_find(text_str(&page), rig_printf("\n%s\n", line)) > 0);
	text_fini(&page);
}

TEST(what_comes_of_questions_to_webhooks_is_counted)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_validating(lab, "a", "");
	hook_lab_validating(lab, "b", "'failurePolicy':'Ignore'");
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 0, "'allowed':true");
	hook_lab_fail(lab, 1, UNAVAILABLE, "nobody there");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	check_counted(lab,
		      "apiserver_admission_webhook_request_total{code=\"200\",name=\"a.example.com"
		      "\",operation=\"CREATE\",rejected=\"false\",type=\"validating\"} 1");
	check_counted(lab,
		      "apiserver_admission_webhook_fail_open_count{name=\"b.example.com\",type="
		      "\"validating\"} 1");
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 2, "'allowed':false,'status':{'code':402,'message':'pay'}");
	hook_lab_answer(lab, 3, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_DENY);
	check_counted(lab,
		      "apiserver_admission_webhook_rejection_count{error_type=\"no_error\",name="
		      "\"a.example.com\",operation=\"CREATE\",rejection_code=\"402\",type="
		      "\"validating\"} 1");
	check_counted(lab,
		      "apiserver_admission_webhook_admission_duration_seconds_count{name=\"a."
		      "example.com\",operation=\"CREATE\",rejected=\"true\",type=\"validating\"}"
		      " 1");
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	hook_lab_fail(lab, 4, UNAVAILABLE, "nobody there");
	hook_lab_answer(lab, 5, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_DENY);
	check_counted(lab,
		      "apiserver_admission_webhook_rejection_count{error_type=\"calling_webhook_"
		      "error\",name=\"a.example.com\",operation=\"CREATE\",rejection_code=\"500\","
		      "type=\"validating\"} 1");
	hook_lab_close(lab);
}

TEST(versions_that_nobody_knows_are_a_failure_too)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "'admissionReviewVersions':['v3']");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_DENY);
	CHECK_STR(hook_lab_words(lab),
		  CALLING "could not create admission objects: webhook does not accept known "
			  "AdmissionReview versions (v1, v1beta1)");
	hook_lab_close(lab);
}

TEST(the_older_version_is_asked_in_its_own_words_and_believed_more)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "'admissionReviewVersions':['v2','v1beta1','v1']");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	CHECK_AT(lab->posts[0].body, "apiVersion", "admission.k8s.io/v1beta1");
	/* [{"op":"remove","path":"/data/a"}] without a type, by another uid. */
	hook_lab_answer(lab, 0,
			"'uid':'?','allowed':true,'patch':"
			"'W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL2RhdGEvYSJ9XQ=='");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	CHECK_STR(rig_at(hook_lab_object(lab), "data.a"), "");
	hook_lab_close(lab);
}

TEST(a_dry_run_is_refused_for_who_has_side_effects_whatever_the_policy)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", "'sideEffects':'Some','failurePolicy':'Ignore'");
	CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_WAIT);
	hook_lab_answer(lab, 0, "'allowed':true");
	CHECK_EQ(hook_lab_resume(lab), CHECK_PASS);
	lab->admission.is_dry_run = true;
	CHECK_EQ(hook_lab_again(lab), CHECK_PASS); /* not asked again, so not refused */
	lab->admission.is_again = false;
	CHECK_EQ((lab->admission.memory = NULL, hook_lab_again(lab)), CHECK_PASS);
	lab->admission.is_again = false;
	hook_lab_validating(lab, "b", "'sideEffects':'Unknown','failurePolicy':'Ignore'");
	lab->plugin = &admission_validating_webhook;
	CHECK_EQ(hook_lab_again(lab), CHECK_DENY);
	CHECK_STR(hook_lab_words(lab),
		  "400 admission webhook \"b.example.com\" does not support dry run");
	hook_lab_close(lab);
}

/* ---- who is asked ------------------------------------------------------------------------------------------- */

static const struct {
	const char *more;
	bool is_asked;
} matches[] = {
	{ "", true },
	{ "'namespaceSelector':{'matchLabels':{'team':'a'}}", true },
	{ "'namespaceSelector':{'matchLabels':{'team':'b'}}", false },
	{ "'objectSelector':{'matchLabels':{'app':'web'}}", true },
	{ "'objectSelector':{'matchLabels':{'app':'db'}}", false },
	{ "'matchConditions':[{'name':'a','expression':'object.metadata.name == \\u0027x\\u0027'}]",
	  true },
	{ "'matchConditions':[{'name':'a','expression':'request.operation == "
	  "\\u0027UPDATE\\u0027'}]",
	  false },
	/* One that is false decides whatever the others do. */
	{ "'matchConditions':[{'name':'a','expression':'object.no == 1'},{'name':'b','expression':"
	  "'false'}]",
	  false },
	{ "'failurePolicy':'Ignore','matchConditions':[{'name':'a','expression':'object.no == 1'}]",
	  false },
};

TEST(only_who_matches_is_asked)
{
	for (size_t i = 0; i < sizeof matches / sizeof matches[0]; i++) {
		struct hook_lab *lab = hook_lab();

		hook_lab_validating(lab, "a", matches[i].more);
		CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP),
			 matches[i].is_asked ? CHECK_WAIT : CHECK_PASS);
		CHECK_EQ(lab->post_count, matches[i].is_asked);
		hook_lab_close(lab);
	}
}

TEST(conditions_that_cannot_be_told_are_refused_with_all_their_words)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_validating(lab, "a",
			    "'matchConditions':[{'name':'a','expression':'object.no == 1'},{'name':"
			    "'b','expression':'object.none == 1'}]");
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_DENY);
	CHECK_STR(
	    hook_lab_words(lab),
	    "403 configmaps \"x\" is forbidden: [expression 'object.no == 1' resulted in error: "
	    "no such key: no, expression 'object.none == 1' resulted in error: no such key: "
	    "none]");
	hook_lab_close(lab);
}

#define EXPRESSION(text) "'matchConditions':[{'name':'c','expression':'" text "'}]"

TEST(each_webhook_of_a_configuration_has_conditions_of_its_own)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_validating(
	    lab, "a",
	    EXPRESSION(
		"object.metadata.name == \\\"y\\\"") "},{'name':'b.example.com','clientConfig':{'"
						     "url':'https://b/'},"
						     "'sideEffects':'None','"
						     "admissionReviewVersions':['v1'],'rules':[{"
						     "'apiGroups':[''],'apiVersions':['v1'],'"
						     "operations':['*'],'resources':["
						     "'configmaps']}]," EXPRESSION(
							 "object.metadata.name == \\\"x\\\""));
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_WAIT);
	CHECK_STR(hook_lab_asked(lab), "b");
	hook_lab_close(lab);
}

TEST(conditions_are_compiled_once_for_all_requests)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_mutating(lab, "a", EXPRESSION("object.metadata.name == \\\"y\\\""));
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(hook_lab_ask(lab, &admission_mutating_webhook, MAP), CHECK_PASS);
	CHECK_EQ(lab->policies.compiled, 1);
	hook_lab_close(lab);
}

/* Their configuration was refused, so it is another release's. */
TEST(conditions_that_do_not_compile_are_refused_with_why)
{
	struct hook_lab *lab = hook_lab();

	hook_lab_validating(lab, "a", EXPRESSION("1"));
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_DENY);
	CHECK_STR(hook_lab_words(lab), "403 configmaps \"x\" is forbidden: compilation error: must "
				       "evaluate to bool but got int");
	hook_lab_close(lab);
}

TEST(conditions_that_cost_too_much_are_refused_or_passed_over)
{
	const char *one =
	    "{'name':'%c','expression':'[1,2,3,4,5,6,7,8].all(a,[1,2,3,4,5,6,7,8].all(b,"
	    "[1,2,3,4,5,6,7,8].all(c,[1,2,3,4,5,6,7,8].all(d,[1,2,3,4,5,6,7,8].all(e,[1,2,3"
	    "].all(f,a+b+c+d+e+f>0))))))'}";
	struct text text = text_in(test_arena(), 8U * KIB);
	const char *dear;
	struct hook_lab *lab = hook_lab();

	text_lit(&text, "'matchConditions':[");
	for (int name = 'a'; name <= 'd'; name++) {
		text_printf(&text, one, name);
		text_add(&text, name == 'd' ? STR("]") : STR(","));
	}
	dear = arena_str(test_arena(), text_str(&text)).at;
	hook_lab_validating(lab, "a", dear);
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_DENY);
	CHECK_STR(hook_lab_words(lab),
		  "403 configmaps \"x\" is forbidden: validation failed due to "
		  "running out of cost budget, no further validation rules will "
		  "be run");
	hook_lab_close(lab);
	lab = hook_lab();
	hook_lab_validating(lab, "a",
			    arena_printf(test_arena(), "'failurePolicy':'Ignore',%s", dear).at);
	CHECK_EQ(hook_lab_ask(lab, &admission_validating_webhook, MAP), CHECK_PASS);
	hook_lab_close(lab);
}
