/*
 * What the audit log is told of requests, by a server whose log is a tape.
 */
#include "actors/audit/audit-log.h"
#include "actors/server/audit/audit-event.h"
#include "datastore/object/json.h"
#include "tests/unit/actors/kinds/kind-lab.h"
#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

/* Lines as they came. */
static struct str lines[64];
static uint32_t line_count;
static enum status tape_says; /* to who waits */

static enum act_verdict tape(struct act *act, void *state, const struct act_msg *msg)
{
	struct audit_line *line = msg->body;
	struct audit_kept kept = { 0 };

	(void)state;
	if (!ACT_IS(msg, audit_line))
		return ACT_UNHANDLED;
	if (line_count < sizeof lines / sizeof lines[0])
		lines[line_count++] = arena_str(test_arena(), line->text);
	if (msg->kind == ACT_REQUEST && tape_says == OK)
		act_reply(act, msg, &audit_kept_type, &kept);
	else if (msg->kind == ACT_REQUEST)
		act_refuse(act, msg, tape_says);
	return ACT_OK;
}
static const struct act_class tape_class = { .name = "tape", .receive = tape };

static struct audit_options options;

static struct rig *open_rig(const char *policy, int mode)
{
	static const struct act_child children[] = { { .id = "tape", .class = &tape_class } };
	static struct server_config config;

	line_count = 0;
	tape_says = OK;
	options = (struct audit_options){ .policy = kind_lab_record(&audit_policy_type, policy),
					  .sink_count = 1 };
	options.sinks[0].actor = "tape";
	options.sinks[0].mode = mode;
	config = (struct server_config){ .audit = &options };
	return rig_open_with(&config, children, 1);
}

static void forget(struct rig *rig)
{
	rig_run(rig, 10);
	line_count = 0;
}

TEST(a_request_is_told_of_when_it_came_and_when_it_was_answered)
{
	struct rig *rig = open_rig("{'rules':[{'level':'Metadata','resources':[{'group':'',"
				   "'resources':['configmaps']}]}]}",
				   AUDIT_BLOCKING);

	forget(rig);
	CHECK_CODE(rig_ask_of(rig, .method = "POST", .path = MAPS "?fieldManager=x", .user = "boss",
			      .group = "g", .agent = "me/1",
			      .body = "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}"),
		   201);
	CHECK_EQ(line_count, 2);
	CHECK_AT(lines[0], "kind", "Event");
	CHECK_AT(lines[0], "apiVersion", "audit.k8s.io/v1");
	CHECK_AT(lines[0], "level", "Metadata");
	CHECK_AT(lines[0], "stage", "RequestReceived");
	CHECK_AT(lines[0], "requestURI", MAPS "?fieldManager=x");
	CHECK_AT(lines[0], "verb", "create");
	CHECK_AT(lines[0], "user.username", "boss");
	CHECK_AT(lines[0], "user.groups[0]", "g");
	CHECK_AT(lines[0], "userAgent", "me/1");
	CHECK_AT(lines[0], "objectRef.resource", "configmaps");
	CHECK_AT(lines[0], "objectRef.namespace", "default");
	CHECK(rig_at(lines[0], "responseStatus").at == NULL);
	CHECK_AT(lines[1], "stage", "ResponseComplete");
	CHECK_AT(lines[1], "objectRef.name", "a");
	CHECK_AT(lines[1], "responseStatus.code", "201");
	CHECK(rig_at(lines[1], "requestObject").at == NULL);
	CHECK(rig_at(lines[1], "responseObject").at == NULL);
	CHECK_STR(rig_at(lines[0], "auditID"),
		  arena_cstr(test_arena(), rig_at(lines[1], "auditID")));
	/* What no rule is about is not told of. */
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default/secrets"), 200);
	CHECK_EQ(line_count, 2);
	rig_close(rig);
}

TEST(levels_say_whether_bodies_are_told_of)
{
	static const char body[] = "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}";
	struct rig *rig = open_rig("{'omitStages':['RequestReceived'],'omitManagedFields':true,"
				   "'rules':[{'level':'Request','verbs':['create']},"
				   "{'level':'RequestResponse'}]}",
				   AUDIT_BLOCKING);

	forget(rig);
	CHECK_CODE(rig_post(rig, MAPS, body), 201);
	CHECK_EQ(line_count, 1);
	CHECK_AT(lines[0], "requestObject.data", "{\"k\":\"v\"}");
	CHECK(rig_at(lines[0], "responseObject").at == NULL);
	forget(rig);
	CHECK_CODE(rig_patch(rig, "merge", MAPS "/a", "{\"data\":{\"k\":\"w\"}}"), 200);
	CHECK_EQ(line_count, 1);
	CHECK_AT(lines[0], "requestObject", "{\"data\":{\"k\":\"w\"}}");
	CHECK_AT(lines[0], "responseObject.data", "{\"k\":\"w\"}");
	CHECK(rig_at(lines[0], "responseObject.metadata.managedFields").at == NULL);
	CHECK_AT(lines[0], "responseObject.metadata.name", "a");
	forget(rig);
	CHECK_CODE(rig_get(rig, MAPS "/no"), 404);
	CHECK_AT(lines[0], "responseStatus.status", "Failure");
	CHECK_AT(lines[0], "responseStatus.reason", "NotFound");
	CHECK_AT(lines[0], "responseStatus.code", "404");
	rig_close(rig);
}

/* A level that warns is told of where nobody is warned: in the log. */
TEST(plug_ins_and_authorizers_have_their_say)
{
	struct rig *rig = open_rig(
	    "{'omitStages':['RequestReceived'],'rules':[{'level':'Metadata'}]}", AUDIT_BATCH);

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	CHECK_CODE(rig_patch(rig, "merge", "/api/v1/namespaces/default",
			     "{\"metadata\":{\"labels\":{\"pod-security.kubernetes.io/audit\":"
			     "\"baseline\"}}}"),
		   200);
	forget(rig);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/default/pods",
		     "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"hostPID\":true,\"containers\":["
		     "{\"name\":\"c\",\"image\":\"i\"}]}}"),
	    201);
	rig_run(rig, 10);
	CHECK_EQ(line_count, 1);
	CHECK(str_find(lines[0], STR("\"authorization.k8s.io/decision\":\"allow\"")) > 0);
	CHECK(str_find(
		  lines[0],
		  STR("\"pod-security.kubernetes.io/audit-violations\":\"would violate PodSecurity "
		      "\\\"baseline:latest\\\": host namespaces (hostPID=true)\"")) > 0);
	rig_close(rig);
}

/* What a policy fails and what it notes: each binding that wants it in the log has it there. */
TEST(policies_say_in_the_log_what_they_found)
{
	static const char policies[] = "/apis/admissionregistration.k8s.io/v1/";
	struct rig *rig = open_rig(
	    "{'omitStages':['RequestReceived'],'rules':[{'level':'Metadata'}]}", AUDIT_BLOCKING);

	CHECK_CODE(
	    rig_post(
		rig, rig_printf("%svalidatingadmissionpolicies", policies).at,
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"matchConstraints\":{"
		"\"resourceRules\":[{\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],"
		"\"operations\":[\"CREATE\"],\"resources\":[\"configmaps\"]}]},\"validations\":[{"
		"\"expression\":\"true\"},{\"expression\":\"false\",\"message\":\"never\"}],"
		"\"auditAnnotations\":[{\"key\":\"k\",\"valueExpression\":"
		"\"'made ' + object.metadata.name\"},{\"key\":\"n\",\"valueExpression\":"
		"\"null\"}]}}"),
	    201);
	CHECK_CODE(rig_post(rig, rig_printf("%svalidatingadmissionpolicybindings", policies).at,
			    "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"policyName\":\"p\","
			    "\"validationActions\":[\"Audit\",\"Warn\"]}}"),
		   201);
	forget(rig);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	CHECK_EQ(line_count, 1);
	CHECK(str_find(lines[0], STR("\"p/k\":\"made a\"")) > 0);
	CHECK(str_find(lines[0], STR("\"p/n\"")) < 0);
	CHECK(str_find(lines[0],
		       STR("\"validation.policy.admission.k8s.io/validation_failure\":\"[{"
			   "\\\"message\\\":\\\"never\\\",\\\"policy\\\":\\\"p\\\",\\\"binding\\\":"
			   "\\\"b\\\",\\\"expressionIndex\\\":1,\\\"validationActions\\\":["
			   "\\\"Audit\\\",\\\"Warn\\\"]}]\"")) > 0);
	rig_close(rig);
}

TEST(a_watch_is_told_of_when_it_stands_and_when_it_ends)
{
	struct rig *rig =
	    open_rig("{'rules':[{'level':'Metadata','verbs':['watch']}]}", AUDIT_BLOCKING);

	forget(rig);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1&timeoutSeconds=2", 1), 200);
	CHECK_EQ(line_count, 2);
	CHECK_AT(lines[0], "stage", "RequestReceived");
	CHECK_AT(lines[1], "stage", "ResponseStarted");
	rig_run(rig, 4000);
	CHECK_EQ(line_count, 3);
	CHECK_AT(lines[2], "stage", "ResponseComplete");
	rig_close(rig);
}

TEST(a_log_that_fails_stops_nobody_unless_it_is_strict)
{
	static const char policy[] = "{'rules':[{'level':'Metadata','verbs':['create']}]}";
	static const char body[] = "{\"metadata\":{\"name\":\"a\"}}";
	struct rig *rig = open_rig(policy, AUDIT_BLOCKING);

	tape_says = IO;
	CHECK_CODE(rig_post(rig, MAPS, body), 201);
	rig_close(rig);
	rig = open_rig(policy, AUDIT_STRICT);
	tape_says = IO;
	CHECK_CODE(rig_post(rig, MAPS, body), 500);
	CHECK_CODE(rig_get(rig, MAPS "/a"), 404);
	tape_says = OK;
	CHECK_CODE(rig_post(rig, MAPS, body), 201);
	rig_close(rig);
}

TEST(managed_fields_are_left_out_of_objects_and_lists_and_nothing_else_is)
{
	static const char *const cases[][2] = {
		{ "{\"metadata\":{\"name\":\"a\",\"managedFields\":[{}]},\"managedFields\":1}",
		  "{\"metadata\":{\"name\":\"a\"},\"managedFields\":1}" },
		{ "{\"metadata\":{},\"items\":[{\"metadata\":{\"managedFields\":[1]},\"x\":{"
		  "\"metadata\":"
		  "{\"managedFields\":2}}},3]}",
		  "{\"metadata\":{},\"items\":[{\"metadata\":{},\"x\":{\"metadata\":{"
		  "\"managedFields\":2}"
		  "}},3]}" },
		{ "[1]", "[1]" },
		{ "{\"metadata\":null}", "{\"metadata\":null}" },
		{ "{\"metadata\":", "{\"metadata\":" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(audit_event_without_managers(str_from(cases[i][0]), test_arena()),
			  cases[i][1]);
}
