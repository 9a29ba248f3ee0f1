#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define JOBS "/apis/batch/v1/namespaces/default/jobs"

static struct str make(struct rig *rig, const char *meta)
{
	struct rig_answer answer =
	    rig_post(rig, MAPS, rig_printf("{\"metadata\":{\"name\":\"a\"%s}}", meta).at);

	CHECK_CODE(answer, 201);
	return answer.body;
}

TEST(a_deleted_object_is_gone_and_the_answer_says_which)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "");
	struct rig_answer answer = rig_delete(rig, MAPS "/a", NULL);

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "Status");
	CHECK_AT(answer.body, "status", "Success");
	CHECK(rig_at(answer.body, "code").at == NULL);
	CHECK_STR(rig_at(answer.body, "details"),
		  rig_printf("{\"name\":\"a\",\"kind\":\"configmaps\",\"uid\":\"" STR_FMT "\"}",
			     STR_ARG(rig_at(old, "metadata.uid")))
		      .at);
	CHECK_CODE(rig_get(rig, MAPS "/a"), 404);
	CHECK_FAILURE(rig_delete(rig, MAPS "/a", NULL), 404, "NotFound",
		      "configmaps \"a\" not found");
	rig_close(rig);
}

TEST(a_kind_that_returns_what_it_deletes_does_so)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"s\"}}"),
		   201);
	answer = rig_delete(rig, "/api/v1/namespaces/default/serviceaccounts/s", NULL);
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "ServiceAccount");
	CHECK_AT(answer.body, "metadata.name", "s");
	rig_close(rig);
}

TEST(an_object_with_finalizers_stays_until_they_are_off)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig, ",\"finalizers\":[\"x.y/z\"]");
	answer = rig_delete(rig, MAPS "/a", NULL);
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "ConfigMap");
	CHECK_AT(answer.body, "metadata.deletionTimestamp", "2026-01-01T00:00:01Z");
	CHECK_AT(answer.body, "metadata.deletionGracePeriodSeconds", "0");
	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200);
	CHECK_FAILURE(
	    rig_patch(rig, "merge", MAPS "/a",
		      "{\"metadata\":{\"finalizers\":[\"x.y/z\",\"a.b/c\"]}}"),
	    422, "Invalid",
	    "ConfigMap \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be "
	    "added if the object is being deleted, found new finalizers []string{\"a.b/c\"}");
	answer = rig_patch(rig, "merge", MAPS "/a", "{\"metadata\":{\"finalizers\":null}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "ConfigMap");
	CHECK_CODE(rig_get(rig, MAPS "/a"), 404);
	rig_close(rig);
}

TEST(preconditions_of_a_delete_are_kept)
{
	struct rig *rig = rig_open(NULL);
	struct str old = make(rig, "");
	struct str uid = rig_at(old, "metadata.uid");

	CHECK_FAILURE(rig_delete(rig, MAPS "/a", "{\"preconditions\":{\"uid\":\"other\"}}"), 409,
		      "Conflict",
		      rig_printf("Operation cannot be fulfilled on ConfigMap \"a\": the UID in the "
				 "precondition (other) does not match the UID in record (" STR_FMT
				 "). The object might have been deleted and then recreated",
				 STR_ARG(uid))
			  .at);
	CHECK_FAILURE(
	    rig_delete(rig, MAPS "/a", "{\"preconditions\":{\"resourceVersion\":\"1\"}}"), 409,
	    "Conflict",
	    rig_printf("Operation cannot be fulfilled on ConfigMap \"a\": the ResourceVersion in "
		       "the precondition (1) does not match the ResourceVersion in record (%ju). "
		       "The object might have been modified",
		       (uintmax_t)rig_version(old))
		.at);
	CHECK_CODE(rig_delete(rig, MAPS "/a",
			      rig_printf("{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
					 "\"preconditions\":{\"uid\":\"" STR_FMT
					 "\",\"resourceVersion\":\"%ju\"}}",
					 STR_ARG(uid), (uintmax_t)rig_version(old))
				  .at),
		   200);
	rig_close(rig);
}

TEST(propagation_puts_a_finalizer_on_the_object)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig, "");
	answer = rig_delete(rig, MAPS "/a?propagationPolicy=Foreground", NULL);
	CHECK_AT(answer.body, "metadata.finalizers", "[\"foregroundDeletion\"]");
	CHECK_CODE(answer, 200);
	answer = rig_delete(rig, MAPS "/a", "{\"propagationPolicy\":\"Orphan\"}");
	CHECK_AT(answer.body, "metadata.finalizers", "[\"orphan\"]");
	answer = rig_delete(rig, MAPS "/a", "{\"orphanDependents\":true}");
	CHECK_AT(answer.body, "metadata.finalizers", "[\"orphan\"]");
	answer = rig_delete(rig, MAPS "/a", "{\"propagationPolicy\":\"Background\"}");
	CHECK_AT(answer.body, "kind", "Status");
	CHECK_CODE(rig_get(rig, MAPS "/a"), 404);
	make(rig, ",\"finalizers\":[\"x.y/z\"]");
	answer = rig_delete(rig, MAPS "/a", "{\"orphanDependents\":false}");
	CHECK_CODE(answer, 202);
	rig_close(rig);
}

TEST(options_of_a_delete_are_judged)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "");
	CHECK_FAILURE(rig_delete(rig, MAPS "/a?propagationPolicy=Sideways", NULL), 422, "Invalid",
		      "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported "
		      "value: \"Sideways\": supported values: \"Foreground\", \"Background\", "
		      "\"Orphan\", \"nil\"");
	CHECK_FAILURE(
	    rig_delete(rig, MAPS "/a",
		       "{\"propagationPolicy\":\"Orphan\",\"orphanDependents\":true}"),
	    422, "Invalid",
	    "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: "
	    "\"Orphan\": orphanDependents and deletionPropagation cannot be both set");
	CHECK_CODE(rig_delete(rig, MAPS "/a", "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}"), 400);
	CHECK_CODE(rig_delete(rig, MAPS "/a", "{"), 400);
	CHECK_CODE(rig_get(rig, MAPS "/a"), 200);
	rig_close(rig);
}

TEST(a_dry_delete_deletes_nothing)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig, "");
	answer = rig_delete(rig, MAPS "/a?dryRun=All", NULL);
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "status", "Success");
	CHECK_CODE(rig_get(rig, MAPS "/a"), 200);
	answer =
	    rig_delete(rig, MAPS "/a", "{\"dryRun\":[\"All\"],\"propagationPolicy\":\"Orphan\"}");
	CHECK_AT(answer.body, "metadata.finalizers", "[\"orphan\"]");
	CHECK(rig_at(rig_get(rig, MAPS "/a").body, "metadata.finalizers").at == NULL);
	rig_close(rig);
}

TEST(jobs_orphan_their_pods_unless_told_otherwise)
{
	static const char body[] =
	    "{\"metadata\":{\"name\":\"j\"},\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":"
	    "\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, JOBS, body), 201);
	CHECK_AT(rig_delete(rig, JOBS "/j", NULL).body, "metadata.finalizers", "[\"orphan\"]");
	CHECK_AT(rig_delete(rig, JOBS "/j?propagationPolicy=Background", NULL).body, "status",
		 "Success");
	rig_close(rig);
}

TEST(a_namespace_goes_when_it_is_said_to_be_empty)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	answer = rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"n\"}}");
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.finalizers", "[\"kubernetes\"]");
	CHECK_AT(answer.body, "status.phase", "Active");
	CHECK_AT(answer.body, "metadata.labels", "{\"kubernetes.io/metadata.name\":\"n\"}");
	answer = rig_delete(rig, "/api/v1/namespaces/n", NULL);
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "Namespace");
	CHECK_AT(answer.body, "status.phase", "Terminating");
	CHECK(rig_at(answer.body, "metadata.deletionGracePeriodSeconds").at == NULL);
	CHECK_FAILURE(
	    rig_post(rig, "/api/v1/namespaces/n/configmaps", "{\"metadata\":{\"name\":\"a\"}}"),
	    403, "Forbidden",
	    "configmaps \"a\" is forbidden: unable to create new content in namespace n because it "
	    "is being terminated");
	CHECK_CODE(rig_delete(rig, "/api/v1/namespaces/n", NULL), 200);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/n"), 200);
	answer = rig_put(rig, "/api/v1/namespaces/n/finalize",
			 "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"finalizers\":[]}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "Namespace");
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/n"), 404);
	rig_close(rig);
}

TEST(three_namespaces_stay_for_ever)
{
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(rig_delete(rig, "/api/v1/namespaces/default", NULL), 403, "Forbidden",
		      "namespaces \"default\" is forbidden: this namespace may not be deleted");
	rig_close(rig);
}

/* ---- collections ----------------------------------------------------------------------------------------- */

static void make_three(struct rig *rig)
{
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\"}}}"),
		   201);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"b\",\"labels\":{\"x\":\"2\"}}}"),
		   201);
	CHECK_CODE(rig_post(rig, MAPS,
			    "{\"metadata\":{\"name\":\"c\",\"labels\":{\"x\":\"1\"},\"finalizers\":"
			    "[\"x.y/z\"]}}"),
		   201);
}

TEST(a_collection_is_deleted_object_by_object)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_three(rig);
	answer = rig_delete(rig, MAPS "?labelSelector=x%3D1", NULL);
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "ConfigMapList");
	CHECK_STR(rig_names(answer.body), "a c");
	answer = rig_get(rig, MAPS);
	CHECK_STR(rig_names(answer.body), "b c");
	CHECK(rig_at(answer.body, "items[1].metadata.deletionTimestamp").at != NULL);
	answer = rig_delete(rig, MAPS, NULL);
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "c");
	CHECK_CODE(rig_delete(rig, "/api/v1/configmaps", NULL), 405);
	rig_close(rig);
}

TEST(a_collection_is_deleted_as_its_options_say)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;
	struct str more;

	make_three(rig);
	CHECK_CODE(rig_delete(rig, MAPS "?dryRun=All", NULL), 200);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "a b c");
	answer = rig_delete(rig, MAPS "?dryRun=All&limit=2", NULL);
	CHECK_STR(rig_names(answer.body), "a b");
	more = rig_at(answer.body, "metadata.continue");
	answer = rig_delete(
	    rig, rig_printf(MAPS "?dryRun=All&limit=2&continue=" STR_FMT, STR_ARG(more)).at, NULL);
	CHECK_STR(rig_names(answer.body), "c");
	CHECK(rig_at(answer.body, "metadata.continue").at == NULL);
	CHECK_FAILURE(rig_delete(rig, MAPS "?continue=x", NULL), 400, "BadRequest",
		      "invalid continue token: continue key is not valid: illegal base64 data at "
		      "input byte 0");
	CHECK_FAILURE(rig_delete(rig, MAPS "?resourceVersion=x", NULL), 400, "BadRequest",
		      "invalid resource version: resourceVersion: Invalid value: \"x\": "
		      "strconv.ParseUint: parsing \"x\": invalid syntax");
	CHECK_STR(rig_names(rig_delete(rig, MAPS "?limit=1", NULL).body), "a");
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "b c");
	CHECK_CODE(rig_delete(rig, MAPS, "{\"propagationPolicy\":\"Foreground\"}"), 200);
	CHECK_AT(rig_get(rig, MAPS "/b").body, "metadata.finalizers", "[\"foregroundDeletion\"]");
	CHECK_CODE(rig_delete(rig, MAPS "?fieldSelector=data.x%3D1", NULL), 400);
	rig_close(rig);
}

TEST(a_page_of_a_collection_is_deleted_as_it_was_at_the_revision_of_the_first)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;
	struct str more;

	make_three(rig);
	answer = rig_delete(rig, MAPS "?limit=1", NULL);
	CHECK_STR(rig_names(answer.body), "a");
	CHECK_AT(answer.body, "metadata.remainingItemCount", "2");
	more = rig_at(answer.body, "metadata.continue");
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"bb\"}}"), 201);
	CHECK_CODE(rig_delete(rig, MAPS "/b", NULL), 200);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"b\"}}"), 201);
	answer = rig_delete(rig, rig_printf(MAPS "?continue=" STR_FMT, STR_ARG(more)).at, NULL);
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "b c");
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "b bb c");
	CHECK_AT(rig_get(rig, MAPS "/c").body, "metadata.finalizers", "[\"x.y/z\"]");
	CHECK(rig_at(rig_get(rig, MAPS "/c").body, "metadata.deletionTimestamp").at != NULL);
	rig_close(rig);
}

TEST(a_collection_is_deleted_as_it_was_at_the_version_that_is_named)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;
	uint64_t version;

	make_three(rig);
	version = rig_version(rig_get(rig, MAPS).body);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"d\"}}"), 201);
	answer = rig_delete(
	    rig,
	    rig_printf(MAPS "?resourceVersion=%ju&resourceVersionMatch=Exact", (uintmax_t)version).at,
	    NULL);
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "a b c");
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "c d");
	rig_close(rig);
}
