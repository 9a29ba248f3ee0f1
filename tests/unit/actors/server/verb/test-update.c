#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/default/leases"

static struct str make(struct rig *rig, const char *body)
{
	struct rig_answer answer = rig_post(rig, MAPS, body);

	CHECK_CODE(answer, 201);
	return answer.body;
}

TEST(an_update_replaces_the_whole_object)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}},"
				   "\"data\":{\"k\":\"v\",\"l\":\"w\"}}");
	struct rig_answer answer =
	    rig_put(rig, MAPS "/a", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"new\"}}");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "data", "{\"k\":\"new\"}");
	CHECK(rig_at(answer.body, "metadata.labels").at == NULL);
	CHECK(str_eq(rig_at(answer.body, "metadata.uid"), rig_at(old, "metadata.uid")));
	CHECK(str_eq(rig_at(answer.body, "metadata.creationTimestamp"),
		     rig_at(old, "metadata.creationTimestamp")));
	CHECK(rig_version(answer.body) > rig_version(old));
	CHECK_AT(rig_get(rig, MAPS "/a").body, "data.k", "new");
	rig_close(rig);
}

TEST(an_update_without_a_change_writes_nothing)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");
	struct rig_answer answer =
	    rig_put(rig, MAPS "/a", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");

	CHECK_CODE(answer, 200);
	CHECK_EQ(rig_version(answer.body), rig_version(old));
	rig_close(rig);
}

TEST(an_update_of_an_older_version_conflicts)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "{\"metadata\":{\"name\":\"a\"}}");
	struct rig_answer answer;
	struct str body = rig_printf("{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"%ju\"},"
				     "\"data\":{\"k\":\"v\"}}",
				     (uintmax_t)rig_version(old));

	CHECK_CODE(rig_put(rig, MAPS "/a", body.at), 200);
	answer = rig_put(rig, MAPS "/a", body.at);
	CHECK_FAILURE(answer, 409, "Conflict",
		      "Operation cannot be fulfilled on configmaps \"a\": the object has been "
		      "modified; please apply your changes to the latest version and try again");
	CHECK_AT(answer.body, "details", "{\"name\":\"a\",\"kind\":\"configmaps\"}");
	answer =
	    rig_put(rig, MAPS "/a", "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"x\"}}");
	CHECK_CODE(answer, 500);
	CHECK_AT(answer.body, "message", "strconv.ParseUint: parsing \"x\": invalid syntax");
	rig_close(rig);
}

TEST(an_update_of_another_uid_conflicts)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "{\"metadata\":{\"name\":\"a\"}}");
	struct str uid = rig_at(old, "metadata.uid");

	CHECK_FAILURE(
	    rig_put(rig, MAPS "/a", "{\"metadata\":{\"name\":\"a\",\"uid\":\"other\"}}"), 409,
	    "Conflict",
	    rig_printf(
		"Operation cannot be fulfilled on configmaps \"a\": StorageError: invalid "
		"object, Code: 4, Key: /configmaps/default/a, ResourceVersion: 0, "
		"AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in "
		"object meta: " STR_FMT,
		STR_ARG(uid))
		.at);
	rig_close(rig);
}

TEST(the_name_in_the_body_is_that_of_the_path)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "{\"metadata\":{\"name\":\"a\"}}");
	CHECK_FAILURE(rig_put(rig, MAPS "/a", "{\"metadata\":{\"name\":\"b\"}}"), 400, "BadRequest",
		      "the name of the object (b) does not match the name on the URL (a)");
	CHECK_FAILURE(rig_put(rig, MAPS "/a", "{\"data\":{}}"), 400, "BadRequest",
		      "the name of the object (a based on URL) was undeterminable: name must be "
		      "provided");
	CHECK_FAILURE(
	    rig_put(rig, MAPS "/a", "{\"metadata\":{\"name\":\"a\",\"namespace\":\"other\"}}"), 400,
	    "BadRequest",
	    "the namespace of the provided object does not match the namespace sent on the "
	    "request");
	rig_close(rig);
}

TEST(an_update_of_what_is_not_there_is_not_found_or_creates)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_FAILURE(rig_put(rig, MAPS "/nope", "{\"metadata\":{\"name\":\"nope\"}}"), 404,
		      "NotFound", "configmaps \"nope\" not found");
	answer = rig_put(rig, LEASES "/l",
			 "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"me\"}}");
	CHECK_CODE(answer, 201);
	CHECK_EQ(rig_at(answer.body, "metadata.uid").len, 36);
	answer = rig_put(
	    rig, LEASES "/m",
	    "{\"metadata\":{\"name\":\"m\",\"uid\":\"u\"},\"spec\":{\"holderIdentity\":\"me\"}}");
	CHECK_CODE(answer, 409);
	rig_close(rig);
}

TEST(a_kind_that_needs_a_version_says_so)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, LEASES, "{\"metadata\":{\"name\":\"l\"}}"), 201);
	answer = rig_put(rig, LEASES "/l",
			 "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"me\"}}");
	CHECK_FAILURE(answer, 422, "Invalid",
		      "leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: "
		      "Invalid value: 0: must be specified for an update");
	CHECK_AT(answer.body, "details.kind", "leases");
	rig_close(rig);
}

TEST(a_generation_counts_the_changes_of_the_spec)
{
	static const char body[] =
	    "{\"metadata\":{\"name\":\"d\",\"labels\":{\"v\":\"%s\"},\"generation\":77},\"spec\":{"
	    "\"replicas\":%d,\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{"
	    "\"metadata\":"
	    "{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]"
	    "}"
	    "}}}";
	const char *path = "/apis/apps/v1/namespaces/default/deployments";
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	answer = rig_post(rig, path, rig_printf(body, "1", 1).at);
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "metadata.generation", "1");
	path = "/apis/apps/v1/namespaces/default/deployments/d";
	answer = rig_put(rig, path, rig_printf(body, "2", 1).at);
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "metadata.generation", "1");
	answer = rig_put(rig, path, rig_printf(body, "2", 2).at);
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "metadata.generation", "2");
	rig_close(rig);
}

TEST(what_cannot_change_is_invalid_or_kept)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "{\"metadata\":{\"name\":\"a\"}}");
	struct rig_answer answer = rig_put(rig, MAPS "/a",
					   "{\"metadata\":{\"name\":\"a\",\"creationTimestamp\":"
					   "\"2001-01-01T00:00:00Z\"},\"data\":{\"a\":\"b\"}}");

	CHECK_CODE(answer, 200);
	CHECK(str_eq(rig_at(answer.body, "metadata.creationTimestamp"),
		     rig_at(old, "metadata.creationTimestamp")));
	answer = rig_put(rig, MAPS "/a",
			 "{\"metadata\":{\"name\":\"a\",\"deletionTimestamp\":"
			 "\"2001-01-01T00:00:00Z\"}}");
	CHECK_CODE(answer, 422);
	CHECK_AT(answer.body, "details.causes[0].field", "metadata.deletionTimestamp");
	rig_close(rig);
}

TEST(a_dry_update_changes_nothing)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "{\"metadata\":{\"name\":\"a\"}}");
	struct rig_answer answer = rig_put(
	    rig, MAPS "/a?dryRun=All", "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "data.k", "v");
	CHECK_EQ(rig_version(answer.body), rig_version(old));
	CHECK(rig_at(rig_get(rig, MAPS "/a").body, "data").at == NULL);
	rig_close(rig);
}

TEST(writers_without_a_version_all_get_through)
{
	struct rig *rig = rig_open(NULL);
	uint32_t numbers[8];

	make(rig, "{\"metadata\":{\"name\":\"a\"}}");
	for (int i = 0; i < 8; i++)
		numbers[i] = rig_begin(
		    rig,
		    &(struct rig_request){
			.method = "PUT",
			.path = MAPS "/a",
			.body =
			    rig_printf("{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"%d\"}}", i)
				.at });
	for (int i = 0; i < 8; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), 200);
	rig_close(rig);
}

TEST(of_writers_with_one_version_one_wins)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = rig_version(make(rig, "{\"metadata\":{\"name\":\"a\"}}"));
	uint32_t numbers[4], won = 0, lost = 0;

	for (int i = 0; i < 4; i++)
		numbers[i] = rig_begin(
		    rig, &(struct rig_request){
			     .method = "PUT",
			     .path = MAPS "/a",
			     .body = rig_printf("{\"metadata\":{\"name\":\"a\",\"resourceVersion\":"
						"\"%ju\"},\"data\":{\"k\":\"%d\"}}",
						(uintmax_t)version, i)
					 .at });
	for (int i = 0; i < 4; i++) {
		int32_t code = rig_finish(rig, numbers[i]).code;

		won += code == 200;
		lost += code == 409;
	}
	CHECK_EQ(won, 1);
	CHECK_EQ(lost, 3);
	rig_close(rig);
}
