#include "tests/unit/actors/server/rig.h"

#define GROUP "/apis/admissionregistration.k8s.io/v1"
#define POLICIES GROUP "/mutatingadmissionpolicies"
#define BINDINGS GROUP "/mutatingadmissionpolicybindings"
#define MAPS "/api/v1/namespaces/default/configmaps"

/* Of config maps; `more` are members of the spec. */
static void make_policy(struct rig *rig, const char *name, const char *more, const char *mutations)
{
	CHECK_CODE(
	    rig_post(rig, POLICIES,
		     rig_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s"
				"\"matchConstraints\":{\"resourceRules\":[{\"operations\":["
				"\"CREATE\",\"UPDATE\"],\"apiGroups\":[\"\"],\"apiVersions\":["
				"\"v1\"],\"resources\":[\"configmaps\"]}]},\"mutations\":[%s]}}",
				name, more, mutations)
			 .at),
	    201);
}

static void bind(struct rig *rig, const char *name, const char *more)
{
	CHECK_CODE(rig_post(rig, BINDINGS,
			    rig_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"policyName\":"
				       "\"%s\"%s}}",
				       name, name, more)
				.at),
		   201);
}

#define NEVER "\"reinvocationPolicy\":\"Never\","
#define IF_NEEDED "\"reinvocationPolicy\":\"IfNeeded\","
#define APPLY(text)                                                                            \
	"{\"patchType\":\"ApplyConfiguration\",\"applyConfiguration\":{\"expression\":\"" text \
	"\"}}"
#define PATCH(text) "{\"patchType\":\"JSONPatch\",\"jsonPatch\":{\"expression\":\"" text "\"}}"
#define MAP(name) "{\"metadata\":{\"name\":\"" name "\"},\"data\":{\"n\":\"1\"}}"

TEST(a_bound_policy_changes_what_comes)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_policy(rig, "p", NEVER,
		    APPLY("Object{data: {'by': request.userInfo.username}}") "," PATCH(
			"[JSONPatch{op: 'add', path: '/data/seen', value: object.data.by}]"));
	answer = rig_post(rig, MAPS, MAP("unbound"));
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "data", "{\"n\":\"1\"}");
	bind(rig, "p", "");
	answer = rig_post(rig, MAPS, MAP("a"));
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "data", "{\"by\":\"admin\",\"n\":\"1\",\"seen\":\"admin\"}");
	/* What a policy sets is nobody's. */
	CHECK(rig_at(answer.body, "metadata.managedFields[0].fieldsV1.f:data.f:n").at != NULL);
	CHECK(rig_at(answer.body, "metadata.managedFields[0].fieldsV1.f:data.f:by").at == NULL);
	answer = rig_patch(rig, "merge", MAPS "/a", "{\"data\":{\"by\":null}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "data.by", "admin");
	CHECK_AT(rig_get(rig, MAPS "/a").body, "data.seen", "admin");
	rig_close(rig);
}

TEST(a_policy_that_was_changed_makes_what_it_says_now)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_policy(rig, "p", NEVER, APPLY("Object{data: {'v': 'one'}}"));
	bind(rig, "p", "");
	CHECK_AT(rig_post(rig, MAPS, MAP("a")).body, "data.v", "one");
	answer = rig_patch(rig, "merge", POLICIES "/p",
			   "{\"spec\":{\"mutations\":[" APPLY("Object{data: {'v': 'two'}}") "]}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(rig_post(rig, MAPS, MAP("b")).body, "data.v", "two");
	CHECK_CODE(rig_delete(rig, POLICIES "/p", NULL), 200);
	CHECK(rig_at(rig_post(rig, MAPS, MAP("c")).body, "data.v").at == NULL);
	make_policy(rig, "p", NEVER, APPLY("Object{data: {'v': 'three'}}"));
	CHECK_AT(rig_post(rig, MAPS, MAP("d")).body, "data.v", "three");
	rig_close(rig);
}

/* `a` runs before `b` has said anything: only a second round lets it see that, and only if it wishes one. */
TEST(a_policy_may_be_asked_again_when_something_has_changed)
{
	static const char count[] =
	    APPLY("Object{data: {'round': string(int(object.data.?round.orValue('0')) + 1), "
		  "'saw': string(object.data.?b.orValue('nothing'))}}");
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_policy(rig, "a", IF_NEEDED, count);
	make_policy(rig, "b", NEVER,
		    APPLY("Object{data: {'b': string(int(object.data.?b.orValue('0')) + 1)}}"));
	bind(rig, "a", "");
	bind(rig, "b", "");
	answer = rig_post(rig, MAPS, MAP("a"));
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "data", "{\"b\":\"1\",\"n\":\"1\",\"round\":\"2\",\"saw\":\"1\"}");
	CHECK_CODE(
	    rig_patch(rig, "merge", POLICIES "/a", "{\"spec\":{\"reinvocationPolicy\":\"Never\"}}"),
	    200);
	answer = rig_post(rig, MAPS, MAP("b"));
	CHECK_AT(answer.body, "data",
		 "{\"b\":\"1\",\"n\":\"1\",\"round\":\"1\",\"saw\":\"nothing\"}");
	rig_close(rig);
}

TEST(conditions_and_parameters_say_for_whom)
{
	struct rig *rig = rig_open(NULL);

	make_policy(rig, "p",
		    NEVER "\"paramKind\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"},"
			  "\"matchConditions\":[{\"name\":\"one\",\"expression\":"
			  "\"object.data.n == '1' && !object.metadata.name.startsWith('x')\"}],"
			  "\"variables\":[{\"name\":\"v\",\"expression\":"
			  "\"params.metadata.name + params.data.v\"}],",
		    APPLY("Object{data: {params.metadata.name: variables.v}}"));
	bind(rig, "p",
	     ",\"paramRef\":{\"selector\":{\"matchLabels\":{\"of\":\"p\"}},"
	     "\"parameterNotFoundAction\":\"Deny\"}");
	CHECK_FAILURE(rig_post(rig, MAPS, MAP("a")), 403, "Forbidden",
		      "policy 'p' with binding 'p' denied request: failed to configure binding: no "
		      "params found for policy binding with `Deny` parameterNotFoundAction");
	CHECK_CODE(rig_delete(rig, BINDINGS "/p", NULL), 200);
	CHECK_CODE(rig_post(rig, MAPS,
			    "{\"metadata\":{\"name\":\"x\",\"labels\":{\"of\":\"p\"}},\"data\":{"
			    "\"v\":\"1\"}}"),
		   201);
	CHECK_CODE(rig_post(rig, MAPS,
			    "{\"metadata\":{\"name\":\"y\",\"labels\":{\"of\":\"p\"}},\"data\":{"
			    "\"v\":\"2\"}}"),
		   201);
	bind(rig, "p",
	     ",\"paramRef\":{\"selector\":{\"matchLabels\":{\"of\":\"p\"}},"
	     "\"parameterNotFoundAction\":\"Deny\"}");
	CHECK_AT(rig_post(rig, MAPS, MAP("a")).body, "data",
		 "{\"n\":\"1\",\"x\":\"x1\",\"y\":\"y2\"}");
	CHECK_AT(rig_post(rig, MAPS, MAP("xa")).body, "data", "{\"n\":\"1\"}");
	rig_close(rig);
}

TEST(what_cannot_be_made_is_refused_unless_failures_are_ignored)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_policy(rig, "p", NEVER, APPLY("Object{data: {'x': object.data.none}}"));
	make_policy(rig, "q", NEVER, APPLY("Object{size: 1}"));
	make_policy(rig, "r", NEVER "\"failurePolicy\":\"Ignore\",",
		    APPLY("Object{size: 2}") "," APPLY("Object{data: {'r': 'r'}}"));
	bind(rig, "p", "");
	bind(rig, "q", "");
	bind(rig, "r", "");
	answer = rig_post(rig, MAPS, MAP("a"));
	CHECK_FAILURE(answer, 403, "Invalid",
		      "policy 'p' with binding 'p' denied request: expression 'Object{data: {'x': "
		      "object.data.none}}' resulted in error: no such key: none");
	CHECK_EQ(rig_count(answer.body, "details.causes"), 2);
	CHECK_AT(answer.body, "details.causes[1].message",
		 "policy 'q' with binding 'q' denied request: error applying patch: failed to "
		 "convert patch object to typed object: .size: field not declared in schema");
	CHECK_CODE(rig_delete(rig, BINDINGS "/p", NULL), 200);
	CHECK_CODE(rig_delete(rig, BINDINGS "/q", NULL), 200);
	answer = rig_post(rig, MAPS, MAP("a"));
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "data.r", "r");
	rig_close(rig);
}

/* What is made is no object of its kind, or another object: that is nothing a policy may ignore. */
TEST(a_patch_may_not_make_something_else_of_an_object)
{
	struct rig *rig = rig_open(NULL);

	make_policy(rig, "p", NEVER "\"failurePolicy\":\"Ignore\",",
		    PATCH("[JSONPatch{op: 'add', path: '/size', value: 1}]"));
	bind(rig, "p", "");
	CHECK_FAILURE(rig_post(rig, MAPS, MAP("a")), 500, "InternalError",
		      "Internal error occurred: strict decoding error: unknown field \"size\"");
	CHECK_CODE(rig_patch(rig, "merge", POLICIES "/p",
			     "{\"spec\":{\"mutations\":[" PATCH(
				 "[JSONPatch{op: 'add', path: '/metadata/namespace', value: "
				 "'kube-system'}]") "]}}"),
		   200);
	CHECK_FAILURE(rig_post(rig, MAPS, MAP("a")), 400, "BadRequest",
		      "the namespace of the provided object does not match the namespace sent on "
		      "the request");
	rig_close(rig);
}

/* In the order of upstream's plug-ins: who validates sees what was made. */
TEST(what_was_made_is_validated)
{
	struct rig *rig = rig_open(NULL);

	make_policy(rig, "p", NEVER, APPLY("Object{data: {'n': '2'}}"));
	bind(rig, "p", "");
	CHECK_CODE(rig_post(rig, GROUP "/validatingadmissionpolicies",
			    "{\"metadata\":{\"name\":\"v\"},\"spec\":{\"matchConstraints\":{"
			    "\"resourceRules\":[{\"operations\":[\"CREATE\"],\"apiGroups\":[\"\"],"
			    "\"apiVersions\":[\"v1\"],\"resources\":[\"configmaps\"]}]},"
			    "\"validations\":[{\"expression\":\"object.data.n == '1'\",\"message\":"
			    "\"not one\"}]}}"),
		   201);
	CHECK_CODE(rig_post(rig, GROUP "/validatingadmissionpolicybindings",
			    "{\"metadata\":{\"name\":\"v\"},\"spec\":{\"policyName\":\"v\","
			    "\"validationActions\":[\"Deny\"]}}"),
		   201);
	CHECK_FAILURE(rig_post(rig, MAPS, MAP("a")), 422, "Invalid",
		      "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'v' with binding "
		      "'v' denied request: not one");
	rig_close(rig);
}
