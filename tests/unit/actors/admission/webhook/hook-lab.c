#include "tests/unit/actors/admission/webhook/hook-lab.h"

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/admissionregistration.h"
#include "datastore/schema/core.h"
#include "transport/wire/base64.h"

static struct outside_call *post(void *self, struct arena *arena, const struct outside_post *in)
{
	struct hook_lab *lab = self;
	struct hook_post *post = &lab->posts[lab->post_count++];

	CHECK(lab->post_count <= HOOK_POSTS);
	*post = (struct hook_post){ .url = arena_str(arena, in->place.url),
				    .body = arena_str(arena, in->body),
				    .timeout_ms = in->timeout_ms,
				    .done = in->done,
				    .arg = in->arg };
	return &post->call;
}

static void drop(void *self, struct outside_call *call)
{
	struct hook_lab *lab = self;

	for (uint32_t i = 0; i < lab->post_count; i++)
		if (&lab->posts[i].call == call)
			lab->posts[i].is_dropped = true;
}

static struct hook_lab *lab_of_waiter(struct waiter *waiter)
{
	struct kind_lab *owner = list_item(waiter, struct kind_lab, waiter);

	return (struct hook_lab *)(void *)(uintptr_t)owner->user.extra;
}

static void resume(struct waiter *waiter)
{
	lab_of_waiter(waiter)->resumed++;
}

struct hook_lab *hook_lab(void)
{
	struct hook_lab *lab = arena_new_of(test_arena(), struct hook_lab);

	lab->rig = rig_open(NULL);
	lab->kinds = kind_lab(&core_config_map_type);
	lab->outside = (struct outside){ lab, post, drop };
	lab->kinds->waiter.resume = resume;
	lab->kinds->user.extra = (const struct user_extra *)(const void *)lab;
	lab->kinds->check.outside = &lab->outside;
	lab->kinds->check.left_ms = 30000;
	policy_cache_init(&lab->policies);
	lab->metrics = metrics_new();
	lab->user = (struct user){ .name = STR("admin") };
	kind_lab_add(lab->kinds, &core_namespace_type,
		     "{'metadata':{'name':'default','labels':{'team':'a'}}}");
	return lab;
}

void hook_lab_close(struct hook_lab *lab)
{
	policy_cache_fini(&lab->policies);
	metrics_free(lab->metrics);
	rig_close(lab->rig);
}

static void add(struct hook_lab *lab, const struct type *type, const char *name, const char *more)
{
	struct str json = arena_printf(
	    test_arena(),
	    "{'metadata':{'name':'%s','uid':'%s'},'webhooks':[{'name':'%s.example.com','"
	    "clientConfig':{'url':"
	    "'https://%s/'},'sideEffects':'None','admissionReviewVersions':['v1'],'rules':[{"
	    "'apiGroups':[''],'apiVersions':['v1'],'operations':['*'],'resources':['configmaps']}]%"
	    "s"
	    "%s}]}",
	    name, name, name, name, more[0] != '\0' ? "," : "", more);

	kind_lab_add(lab->kinds, type, json.at);
}

void hook_lab_mutating(struct hook_lab *lab, const char *name, const char *more)
{
	add(lab, &admissionregistration_mutating_webhook_configuration_type, name, more);
}

void hook_lab_validating(struct hook_lab *lab, const char *name, const char *more)
{
	add(lab, &admissionregistration_validating_webhook_configuration_type, name, more);
}

/* ---- asking ------------------------------------------------------------------------------------------------ */

static void ask(struct act *act, void *arg)
{
	struct hook_lab *lab = arg;
	struct admission *a = &lab->admission;
	void *state = a->check.state;

	a->check = lab->kinds->check;
	a->check.act = act;
	a->check.state = state;
	lab->check = lab->plugin->mutate != NULL ? lab->plugin->mutate(a) : lab->plugin->validate(a);
	if (lab->check != CHECK_WAIT)
		a->check.state = NULL;
}

enum check hook_lab_ask(struct hook_lab *lab, const struct plugin *plugin, const char *object)
{
	lab->plugin = plugin;
	lab->admission = (struct admission){
		.operation = ADMISSION_CREATE,
		.version = STR("v1"),
		.resource = STR("configmaps"),
		.namespace = STR("default"),
		.name = STR("x"),
		.type = &core_config_map_type,
		.object = kind_lab_record(&core_config_map_type, object),
		.user = &lab->user,
		.policies = &lab->policies,
		.metrics = lab->metrics,
	};
	rig_enter(lab->rig, ask, lab);
	return lab->check;
}

enum check hook_lab_resume(struct hook_lab *lab)
{
	CHECK_EQ(lab->resumed, 1);
	lab->resumed = 0;
	rig_enter(lab->rig, ask, lab);
	return lab->check;
}

enum check hook_lab_again(struct hook_lab *lab)
{
	lab->admission.is_again = true;
	rig_enter(lab->rig, ask, lab);
	return lab->check;
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static void answered(struct hook_lab *lab, uint32_t at)
{
	CHECK(at < lab->post_count);
	lab->posts[at].call.is_done = true;
	lab->posts[at].done(lab->posts[at].arg);
}

void hook_lab_fail(struct hook_lab *lab, uint32_t at, enum status status, const char *words)
{
	lab->posts[at].call.status = status;
	lab->posts[at].call.words = str_from(words);
	answered(lab, at);
}

void hook_lab_answer(struct hook_lab *lab, uint32_t at, const char *response)
{
	struct str uid = rig_at(lab->posts[at].body, "request.uid");
	struct str json =
	    arena_printf(test_arena(),
			 "{'apiVersion':'admission.k8s.io/v1','kind':'AdmissionReview',"
			 "'response':{'uid':'" STR_FMT "',%s}}",
			 STR_ARG(uid), response);

	for (uint32_t i = 0; i < json.len; i++)
		if (json.at[i] == '\'')
			((char *)(uintptr_t)json.at)[i] = '"';
	lab->posts[at].call.body = json;
	answered(lab, at);
}

void hook_lab_patch(struct hook_lab *lab, uint32_t at, const char *patch)
{
	struct str json = arena_str(test_arena(), str_from(patch));
	struct text coded = text_in(test_arena(), 4096);

	for (uint32_t i = 0; i < json.len; i++)
		if (json.at[i] == '\'')
			((char *)(uintptr_t)json.at)[i] = '"';
	base64_encode(BASE64_STANDARD, json, &coded);
	hook_lab_answer(lab, at,
			arena_printf(test_arena(),
				     "'allowed':true,'patchType':'JSONPatch','patch':'" STR_FMT "'",
				     STR_ARG(text_str(&coded)))
			    .at);
}

/* ---- looking --------------------------------------------------------------------------------------------------- */

struct str hook_lab_asked(const struct hook_lab *lab)
{
	struct text out = text_in(test_arena(), 4096);

	for (uint32_t i = 0; i < lab->post_count; i++) {
		struct str url = lab->posts[i].url;

		text_printf(&out, "%s" STR_FMT, i > 0 ? " " : "",
			    STR_ARG(str_slice(url, sizeof "https://" - 1, url.len - 1)));
	}
	return text_str(&out);
}

struct str hook_lab_object(const struct hook_lab *lab)
{
	struct text out = text_in(test_arena(), 1U << 20);

	json_encode(&core_config_map_type, lab->admission.object, &out);
	return text_str(&out);
}

struct str hook_lab_words(const struct hook_lab *lab)
{
	const struct failure *failure = lab->admission.failure;

	if (lab->check != CHECK_DENY)
		return STR("");
	return arena_printf(test_arena(), "%d " STR_FMT, failure->code, STR_ARG(failure->message));
}
