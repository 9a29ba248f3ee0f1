#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"

static struct str make(struct rig *rig)
{
	struct rig_answer answer = rig_post(
	    rig, MAPS,
	    "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}},\"data\":{\"k\":\"v\"}}");

	CHECK_CODE(answer, 201);
	return answer.body;
}

TEST(a_merge_patch_changes_what_it_names)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig);
	struct rig_answer answer = rig_patch(
	    rig, "merge", MAPS "/a",
	    "{\"metadata\":{\"labels\":{\"x\":null,\"z\":\"1\"}},\"data\":{\"l\":\"w\"}}");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "data", "{\"k\":\"v\",\"l\":\"w\"}");
	CHECK_AT(answer.body, "metadata.labels", "{\"z\":\"1\"}");
	CHECK(rig_version(answer.body) > rig_version(old));
	CHECK_AT(rig_get(rig, MAPS "/a").body, "data.l", "w");
	rig_close(rig);
}

TEST(a_json_patch_is_a_list_of_operations)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig);
	answer = rig_patch(rig, "json", MAPS "/a",
			   "[{\"op\":\"test\",\"path\":\"/data/k\",\"value\":\"v\"},"
			   "{\"op\":\"add\",\"path\":\"/data/l\",\"value\":\"w\"},"
			   "{\"op\":\"remove\",\"path\":\"/data/k\"}]");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "data", "{\"l\":\"w\"}");
	answer = rig_patch(rig, "json", MAPS "/a",
			   "[{\"op\":\"test\",\"path\":\"/data/l\",\"value\":\"other\"}]");
	CHECK_FAILURE(answer, 422, "Invalid",
		      "the server rejected our request due to an error in our request");
	CHECK_AT(answer.body, "details", "{}");
	answer = rig_patch(rig, "json", MAPS "/a", "{\"op\":\"test\"}");
	CHECK_CODE(answer, 400);
	rig_close(rig);
}

TEST(a_strategic_patch_merges_lists_by_their_keys)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(
	    rig_post(
		rig, DEPLOYMENTS,
		"{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{"
		"\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{"
		"\"containers\":[{\"name\":\"c\",\"image\":\"i\"},{\"name\":\"e\",\"image\":"
		"\"j\"}]}}}}"),
	    201);
	answer =
	    rig_patch(rig, "strategic", DEPLOYMENTS "/d",
		      "{\"spec\":{\"replicas\":3,\"template\":{\"spec\":{\"containers\":[{\"name\":"
		      "\"e\",\"image\":\"new\"}]}}}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "spec.replicas", "3");
	CHECK_EQ(rig_count(answer.body, "spec.template.spec.containers"), 2);
	CHECK_AT(answer.body, "spec.template.spec.containers[0].image", "i");
	CHECK_AT(answer.body, "spec.template.spec.containers[1].image", "new");
	CHECK_AT(answer.body, "metadata.generation", "2");
	rig_close(rig);
}

TEST(a_patch_without_a_change_writes_nothing)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = rig_version(make(rig));

	CHECK_EQ(rig_version(rig_patch(rig, "merge", MAPS "/a", "{\"data\":{\"k\":\"v\"}}").body),
		 version);
	CHECK_EQ(rig_version(rig_patch(rig, "strategic", MAPS "/a", "{}").body), version);
	rig_close(rig);
}

TEST(a_patch_of_what_is_not_there_is_not_found)
{
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(rig_patch(rig, "merge", MAPS "/nope", "{}"), 404, "NotFound",
		      "configmaps \"nope\" not found");
	rig_close(rig);
}

TEST(a_patch_of_a_form_nobody_knows_is_unsupported)
{
	struct rig *rig = rig_open(NULL);

	make(rig);
	/* compared with kube-apiserver v1.37.2 */
	CHECK_FAILURE(rig_ask_of(rig, .method = "PATCH", .path = MAPS "/a", .body = "{}",
				 .type = "application/json"),
		      415, "UnsupportedMediaType", "415: Unsupported Media Type");
	CHECK_FAILURE(rig_ask_of(rig, .method = "PATCH", .path = MAPS "/a?fieldManager=me",
				 .body = "{}", .type = "application/apply-patch+cbor"),
		      415, "UnsupportedMediaType", "415: Unsupported Media Type");
	CHECK_CODE(rig_ask_of(rig, .method = "PATCH", .path = MAPS "/a", .body = "{}",
			      .type = "application/merge-patch+json; charset=utf-8"),
		   200);
	rig_close(rig);
}

TEST(a_patch_that_is_no_json_is_refused)
{
	static const char *const forms[] = { "json", "merge", "strategic" };
	struct rig *rig = rig_open(NULL);

	make(rig);
	for (int i = 0; i < 3; i++) {
		struct rig_answer answer = rig_patch(rig, forms[i], MAPS "/a", "{\"a\":");

		CHECK_CODE(answer, 400);
		CHECK_AT(answer.body, "reason", "BadRequest");
	}
	rig_close(rig);
}

TEST(a_patch_with_a_value_of_the_wrong_type_is_invalid)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig);
	answer = rig_patch(rig, "merge", MAPS "/a", "{\"data\":{\"k\":5}}");
	CHECK_CODE(answer, 422);
	CHECK_AT(answer.body, "details.causes[0].field", "patch");
	CHECK(str_starts(rig_at(answer.body, "message"),
			 STR(" \"\" is invalid: patch: Invalid value: ")));
	answer = rig_patch(rig, "strategic", MAPS "/a", "{\"data\":{\"k\":5}}");
	CHECK_CODE(answer, 422);
	CHECK_AT(answer.body, "details.causes[0].field", "patch");
	rig_close(rig);
}

TEST(unknown_fields_of_a_patch_are_warned_about_or_refused)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig);
	answer = rig_patch(rig, "merge", MAPS "/a", "{\"datta\":{\"k\":\"5\"}}");
	CHECK_CODE(answer, 200);
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0], "unknown field \"datta\"");
	answer = rig_patch(rig, "merge", MAPS "/a?fieldValidation=Strict", "{\"datta\":{}}");
	CHECK_CODE(answer, 422);
	CHECK_AT(answer.body, "details.causes[0].field", "patch");
	CHECK(str_find(rig_at(answer.body, "message"),
		       STR("strict decoding error: unknown field \"datta\"")) > 0);
	answer = rig_patch(rig, "merge", MAPS "/a?fieldValidation=Ignore", "{\"datta\":{}}");
	CHECK_CODE(answer, 200);
	CHECK_EQ(answer.warning_count, 0);
	rig_close(rig);
}

TEST(a_patch_that_names_a_version_is_a_lock)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = rig_version(make(rig));
	struct rig_answer answer;
	struct str body =
	    rig_printf("{\"metadata\":{\"resourceVersion\":\"%ju\"},\"data\":{\"n\":\"1\"}}",
		       (uintmax_t)version);

	CHECK_CODE(rig_patch(rig, "merge", MAPS "/a", body.at), 200);
	answer = rig_patch(rig, "merge", MAPS "/a", body.at);
	CHECK_FAILURE(answer, 409, "Conflict",
		      "Operation cannot be fulfilled on configmaps \"a\": the object has been "
		      "modified; please apply your changes to the latest version and try again");
	rig_close(rig);
}

TEST(a_patch_cannot_rename_or_move)
{
	struct rig *rig = rig_open(NULL);

	make(rig);
	CHECK_FAILURE(rig_patch(rig, "merge", MAPS "/a", "{\"metadata\":{\"name\":\"b\"}}"), 400,
		      "BadRequest",
		      "the name of the object (b) does not match the name on the URL (a)");
	CHECK_FAILURE(rig_patch(rig, "merge", MAPS "/a", "{\"metadata\":{\"namespace\":\"b\"}}"),
		      400, "BadRequest",
		      "the namespace of the provided object does not match the namespace sent on "
		      "the request");
	CHECK_FAILURE(rig_patch(rig, "merge", MAPS "/a", "{\"metadata\":{\"uid\":\"b\"}}"), 422,
		      "Invalid",
		      "ConfigMap \"a\" is invalid: metadata.uid: Invalid value: \"b\": field is "
		      "immutable");
	rig_close(rig);
}

TEST(patches_at_once_are_all_applied)
{
	struct rig *rig = rig_open(NULL);
	uint32_t numbers[12];
	struct str body;

	make(rig);
	for (int i = 0; i < 12; i++)
		numbers[i] =
		    rig_begin(rig, &(struct rig_request){
				       .method = "PATCH",
				       .path = MAPS "/a",
				       .type = "application/merge-patch+json",
				       .body = rig_printf("{\"data\":{\"n%d\":\"1\"}}", i).at });
	for (int i = 0; i < 12; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), 200);
	body = rig_get(rig, MAPS "/a").body;
	CHECK_EQ(rig_count(body, "data"), 13);
	rig_close(rig);
}

TEST(options_of_a_patch_are_judged)
{
	struct rig *rig = rig_open(NULL);

	make(rig);
	CHECK_FAILURE(rig_patch(rig, "merge", MAPS "/a?force=true", "{}"), 422, "Invalid",
		      "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be "
		      "specified for non-apply patch");
	CHECK_CODE(rig_patch(rig, "merge", MAPS "/a?dryRun=All", "{\"data\":{\"z\":\"1\"}}"), 200);
	CHECK(rig_at(rig_get(rig, MAPS "/a").body, "data.z").at == NULL);
	rig_close(rig);
}
