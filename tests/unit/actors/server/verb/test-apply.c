#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"
#define MAP(rest) "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"" rest
#define DATA(data) MAP("},\"data\":" data "}")

/* ` manager operation[/subresource] set` of each owner, one a line. */
static struct str owners(struct str object)
{
	struct text out = text_in(test_arena(), MIB);
	uint32_t count = rig_count(object, "metadata.managedFields");

	for (uint32_t i = 0; i < count; i++) {
		struct str at = rig_printf("metadata.managedFields[%u]", i);
		struct str part = rig_at(object, rig_printf(STR_FMT ".subresource", STR_ARG(at)).at);

		if (i > 0)
			text_add_char(&out, '\n');
		text_add(&out, rig_at(object, rig_printf(STR_FMT ".manager", STR_ARG(at)).at));
		text_add_char(&out, ' ');
		text_add(&out, rig_at(object, rig_printf(STR_FMT ".operation", STR_ARG(at)).at));
		if (part.len > 0)
			text_printf(&out, "/" STR_FMT, STR_ARG(part));
		text_add_char(&out, ' ');
		text_add(&out, rig_at(object, rig_printf(STR_FMT ".fieldsV1", STR_ARG(at)).at));
	}
	return arena_str(test_arena(), text_str(&out));
}

TEST(each_write_is_known_by_its_manager)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(rig, MAPS "?fieldManager=me", DATA("{\"x\":\"1\"}"));

	CHECK_CODE(answer, 201);
	CHECK_STR(owners(answer.body), "me Update {\"f:data\":{\".\":{},\"f:x\":{}}}");
	CHECK_AT(answer.body, "metadata.managedFields[0].apiVersion", "v1");
	CHECK_AT(answer.body, "metadata.managedFields[0].fieldsType", "FieldsV1");
	CHECK(rig_at(answer.body, "metadata.managedFields[0].time").len > 0);
	answer = rig_ask_of(rig, .method = "PUT", .path = MAPS "/m",
			    .body = DATA("{\"x\":\"1\",\"y\":\"1\"}"),
			    .agent = "kubectl/v1.32.0 (linux/amd64) kubernetes/abc");
	CHECK_CODE(answer, 200);
	CHECK_STR(owners(answer.body), "kubectl Update {\"f:data\":{\"f:y\":{}}}\n"
				       "me Update {\"f:data\":{\".\":{},\"f:x\":{}}}");
	answer = rig_patch(rig, "merge", MAPS "/m?fieldManager=third", "{\"data\":{\"x\":\"2\"}}");
	CHECK_STR(owners(answer.body), "kubectl Update {\"f:data\":{\"f:y\":{}}}\n"
				       "me Update {\"f:data\":{}}\n"
				       "third Update {\"f:data\":{\"f:x\":{}}}");
	rig_close(rig);
}

TEST(a_write_that_changes_nothing_leaves_the_owners_and_the_version)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer first = rig_post(rig, MAPS "?fieldManager=me", DATA("{\"x\":\"1\"}"));
	struct rig_answer answer;

	rig_run(rig, 5000);
	answer = rig_put(rig, MAPS "/m?fieldManager=other", DATA("{\"x\":\"1\"}"));
	CHECK_CODE(answer, 200);
	CHECK_EQ(rig_version(answer.body), rig_version(first.body));
	CHECK_STR(owners(answer.body), owners(first.body).at);
	/* nor does applying the same again */
	answer = rig_patch(rig, "apply", MAPS "/m?fieldManager=a", DATA("{\"y\":\"1\"}"));
	rig_run(rig, 5000);
	first = rig_patch(rig, "apply", MAPS "/m?fieldManager=a", DATA("{\"y\":\"1\"}"));
	CHECK_CODE(first, 200);
	CHECK_EQ(rig_version(answer.body), rig_version(first.body));
	rig_close(rig);
}

TEST(what_is_applied_to_nothing_is_created)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer =
	    rig_patch(rig, "apply", MAPS "/m?fieldManager=a&dryRun=All", DATA("{\"x\":\"1\"}"));

	CHECK_CODE(answer, 201);
	CHECK_CODE(rig_get(rig, MAPS "/m"), 404);
	answer =
	    rig_patch(rig, "apply", MAPS "/m?fieldManager=a",
		      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  x: '1'\n");
	CHECK_CODE(answer, 201);
	CHECK(rig_at(answer.body, "metadata.uid").len > 0);
	CHECK_STR(owners(answer.body), "a Apply {\"f:data\":{\"f:x\":{}}}");
	CHECK_CODE(rig_patch(rig, "apply", MAPS "/m?fieldManager=a", DATA("{\"x\":\"1\"}")), 200);
	rig_close(rig);
}

TEST(a_conflict_names_the_field_and_its_owner)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	rig_post(rig, MAPS "?fieldManager=me", DATA("{\"x\":\"1\"}"));
	answer = rig_patch(rig, "apply", MAPS "/m?fieldManager=a", DATA("{\"x\":\"2\"}"));
	CHECK_FAILURE(answer, 409, "Conflict",
		      "Apply failed with 1 conflict: conflict with \"me\" using v1: .data.x");
	CHECK_AT(answer.body, "details.causes[0].reason", "FieldManagerConflict");
	CHECK_AT(answer.body, "details.causes[0].message", "conflict with \"me\" using v1");
	CHECK_AT(answer.body, "details.causes[0].field", ".data.x");
	CHECK_AT(rig_get(rig, MAPS "/m").body, "data.x", "1");
	answer = rig_patch(rig, "apply", MAPS "/m?fieldManager=a&force=true", DATA("{\"x\":\"2\"}"));
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "data.x", "2");
	CHECK_STR(owners(answer.body), "a Apply {\"f:data\":{\"f:x\":{}}}\n"
				       "me Update {\"f:data\":{}}");
	rig_close(rig);
}

/* Codes and words were compared with kube-apiserver v1.37.2. */
static const struct {
	const char *path, *body;
	int32_t code;
	const char *reason, *message;
} refusals[] = {
	{ "/m", DATA("{}"), 422, "Invalid",
	  "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
	  "apply patch" },
	{ "/m?fieldManager=a", "{", 400, "BadRequest", NULL },
	{ "/m?fieldManager=a", "[]", 400, "BadRequest",
	  "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot "
	  "unmarshal "
	  "array into Go value of type map[string]interface {}" },
	{ "/m?fieldManager=a", "", 400, "BadRequest", "invalid object type: /, Kind=" },
	{ "/m?fieldManager=a", "{\"kind\":\"Secret\",\"apiVersion\":\"v1\"}", 400, "BadRequest",
	  "invalid object type: /v1, Kind=Secret" },
	{ "/m?fieldManager=a", MAP(",\"managedFields\":[]}}"), 400, "BadRequest",
	  "metadata.managedFields must be nil" },
	{ "/m?fieldManager=a", MAP("},\"foo\":1}"), 500, NULL,
	  "failed to create typed patch object (/m; /v1, Kind=ConfigMap): .foo: field not declared "
	  "in "
	  "schema" },
	{ "/n?fieldManager=a", DATA("{}"), 400, "BadRequest",
	  "the name of the object (m) does not match the name on the URL (n)" },
	{ "/m?fieldManager=a", MAP(",\"uid\":\"1-2\"}}"), 409, "Conflict",
	  "Operation cannot be fulfilled on configmaps \"m\": uid mismatch: the provided object "
	  "specified uid 1-2, and no existing object was found" },
};

TEST(configurations_that_cannot_be_applied_are_refused)
{
	struct rig *rig = rig_open(NULL);

	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct rig_answer answer = rig_patch(
		    rig, "apply", rig_printf(MAPS "%s", refusals[i].path).at, refusals[i].body);

		CHECK_CODE(answer, refusals[i].code);
		if (refusals[i].reason != NULL)
			CHECK_AT(answer.body, "reason", refusals[i].reason);
		if (refusals[i].message != NULL)
			CHECK_AT(answer.body, "message", refusals[i].message);
		CHECK_CODE(rig_get(rig, MAPS "/m"), 404);
	}
	rig_close(rig);
}

TEST(a_member_that_is_there_twice_is_told_with_its_line)
{
	static const char body[] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n"
				   "  x: \"1\"\n  x: \"2\"\n";
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_FAILURE(
	    rig_patch(rig, "apply", MAPS "/a?fieldManager=me&fieldValidation=Strict", body), 400,
	    "BadRequest",
	    "error strict decoding patch: error converting YAML to JSON: yaml: unmarshal "
	    "errors:\n  line 7: key \"x\" already set in map");
	answer = rig_patch(rig, "apply", MAPS "/a?fieldManager=me", body);
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "data.x", "2");
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0], "line 7: key \"x\" already set in map");
	rig_close(rig);
}

TEST(owners_can_be_set_by_hand_and_taken_away)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	rig_post(rig, MAPS "?fieldManager=me", DATA("{\"x\":\"1\"}"));
	answer = rig_patch(rig, "json", MAPS "/m?fieldManager=me",
			   "[{\"op\":\"replace\",\"path\":\"/metadata/managedFields/0/operation\","
			   "\"value\":\"Apply\"}]");
	CHECK_CODE(answer, 200);
	CHECK_STR(owners(answer.body), "me Apply {\"f:data\":{\".\":{},\"f:x\":{}}}");
	/* what cannot be read is as if it had not been said */
	answer =
	    rig_patch(rig, "merge", MAPS "/m?fieldManager=me",
		      "{\"metadata\":{\"managedFields\":[{\"manager\":\"x\",\"operation\":\"No\","
		      "\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\"}]}}");
	CHECK_CODE(answer, 200);
	CHECK_STR(owners(answer.body), "me Apply {\"f:data\":{\".\":{},\"f:x\":{}}}");
	answer = rig_patch(rig, "merge", MAPS "/m", "{\"metadata\":{\"managedFields\":[{}]}}");
	CHECK_CODE(answer, 200);
	CHECK_STR(owners(answer.body), "");
	/* then nobody is remembered, until somebody applies */
	answer = rig_patch(rig, "merge", MAPS "/m", "{\"data\":{\"y\":\"1\"}}");
	CHECK_STR(owners(answer.body), "");
	answer = rig_patch(rig, "apply", MAPS "/m?fieldManager=a", DATA("{\"z\":\"1\"}"));
	CHECK_STR(owners(answer.body),
		  "a Apply {\"f:data\":{\"f:z\":{}}}\n"
		  "before-first-apply Update {\"f:data\":{\".\":{},\"f:x\":{},\"f:y\":{}}}");
	rig_close(rig);
}

TEST(of_too_many_updaters_the_oldest_become_one)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	rig_post(rig, MAPS "?fieldManager=first", DATA("{\"x\":\"1\"}"));
	for (int i = 0; i < 12; i++) {
		rig_run(rig, 1000);
		answer = rig_patch(rig, "merge", rig_printf(MAPS "/m?fieldManager=m%02d", i).at,
				   rig_printf("{\"data\":{\"k%d\":\"1\"}}", i).at);
		CHECK_CODE(answer, 200);
	}
	CHECK_EQ(rig_count(answer.body, "metadata.managedFields"), 10);
	CHECK_AT(answer.body, "metadata.managedFields[0].manager", "ancient-changes");
	CHECK_AT(answer.body, "metadata.managedFields[0].fieldsV1",
		 "{\"f:data\":{\".\":{},\"f:k0\":{},\"f:k1\":{},\"f:k2\":{},\"f:x\":{}}}");
	rig_close(rig);
}

#define DEPLOYMENT(name, rest)                                                             \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\"" \
	"}," rest "}"

TEST(a_part_of_the_object_has_owners_of_its_own)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	answer = rig_patch(
	    rig, "apply", DEPLOYMENTS "/d?fieldManager=a",
	    DEPLOYMENT("d", "\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
			    "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{"
			    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}},"
			    "\"status\":{\"replicas\":7}"));
	CHECK_CODE(answer, 201);
	CHECK(str_find(owners(answer.body), STR("f:status")) < 0);
	answer =
	    rig_patch(rig, "apply", DEPLOYMENTS "/d/status?fieldManager=a",
		      DEPLOYMENT("d", "\"spec\":{\"replicas\":3},\"status\":{\"replicas\":1}"));
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "spec.replicas", "2");
	CHECK_AT(answer.body, "status.replicas", "1");
	CHECK_EQ(rig_count(answer.body, "metadata.managedFields"), 2);
	CHECK_AT(answer.body, "metadata.managedFields[1].subresource", "status");
	CHECK_AT(answer.body, "metadata.managedFields[1].fieldsV1",
		 "{\"f:status\":{\"f:replicas\":{}}}");
	rig_close(rig);
}

/* What comes out was compared with kube-apiserver v1.37.2, to the missing time of who came by way of the scale. */
TEST(the_scale_of_a_workload_is_applied_as_well)
{
#define SCALE(n)                                                                        \
	"{\"apiVersion\":\"autoscaling/v1\",\"kind\":\"Scale\",\"metadata\":{\"name\":" \
	"\"d\"},\"spec\":{\"replicas\":" n "}}"
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_patch(
	    rig, "apply", DEPLOYMENTS "/d?fieldManager=a",
	    DEPLOYMENT("d", "\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
			    "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{"
			    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}"));

	CHECK_CODE(answer, 201);
	answer = rig_patch(rig, "apply", DEPLOYMENTS "/d/scale?fieldManager=b", SCALE("3"));
	CHECK_FAILURE(answer, 409, "Conflict",
		      "Apply failed with 1 conflict: conflict with \"a\": .spec.replicas");
	answer =
	    rig_patch(rig, "apply", DEPLOYMENTS "/d/scale?fieldManager=b&force=true", SCALE("3"));
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "Scale");
	answer = rig_get(rig, DEPLOYMENTS "/d");
	CHECK_AT(answer.body, "spec.replicas", "3");
	CHECK_AT(answer.body, "metadata.managedFields[0].manager", "b");
	CHECK_AT(answer.body, "metadata.managedFields[0].subresource", "scale");
	CHECK_AT(answer.body, "metadata.managedFields[0].apiVersion", "apps/v1");
	CHECK_AT(answer.body, "metadata.managedFields[0].fieldsV1",
		 "{\"f:spec\":{\"f:replicas\":{}}}");
	CHECK(str_find(rig_at(answer.body, "metadata.managedFields[1].fieldsV1"),
		       STR("f:replicas")) < 0);
	answer = rig_put(rig, DEPLOYMENTS "/d/scale?fieldManager=c", SCALE("4"));
	CHECK_CODE(answer, 200);
	answer = rig_get(rig, DEPLOYMENTS "/d");
	CHECK_AT(answer.body, "metadata.managedFields[1].manager", "c");
	CHECK_AT(answer.body, "metadata.managedFields[1].operation", "Update");
	rig_close(rig);
}
