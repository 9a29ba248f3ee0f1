#include "runtime/base/base.h"
#include "tests/unit/actors/server/rig.h"

/* Kinds that come, change and go while the server runs. */

#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define WIDGETS "/apis/example.com/v1/namespaces/default/widgets"

static const char schema[] =
    "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{\"size\":{"
    "\"type\":\"integer\",\"minimum\":1,\"default\":3},\"name\":{\"type\":\"string\"}}},\"status\":"
    "{"
    "\"type\":\"object\",\"properties\":{\"ready\":{\"type\":\"boolean\"}}}}}";

static struct str definition(const char *plural, const char *kind, const char *versions)
{
	return rig_printf(
	    "{\"metadata\":{\"name\":\"%s.example.com\"},\"spec\":{\"group\":\"example."
	    "com\",\"scope\":\"Namespaced\",\"names\":{\"plural\":\"%s\",\"kind\":\"%s\","
	    "\"shortNames\":[\"%c\"]},\"versions\":[%s]}}",
	    plural, plural, kind, plural[0], versions);
}

static struct str version(const char *name, bool is_stored, const char *props)
{
	return rig_printf("{\"name\":\"%s\",\"served\":true,\"storage\":%s,\"subresources\":{"
			  "\"status\":{}},\"schema\":{\"openAPIV3Schema\":%s}}",
			  name, is_stored ? "true" : "false", props);
}

/* What the controller does when nobody else has the names. */
static void establish(struct rig *rig, const char *plural)
{
	struct str path = rig_printf(CRDS "/%s.example.com", plural);
	struct str names = rig_at(rig_get(rig, path.at).body, "spec.names");
	struct str patch =
	    rig_printf("{\"status\":{\"acceptedNames\":" STR_FMT
		       ",\"conditions\":[{\"type\":\"NamesAccepted\",\"status\":\"True\","
		       "\"lastTransitionTime\":\"2024-01-01T00:00:00Z\"},{\"type\":"
		       "\"Established\",\"status\":\"True\",\"lastTransitionTime\":\"2024-01-"
		       "01T00:00:00Z\"}]}}",
		       STR_ARG(names));

	CHECK_CODE(
	    rig_patch(rig, "merge", rig_printf(STR_FMT "/status", STR_ARG(path)).at, patch.at), 200);
}

static void make_widgets(struct rig *rig)
{
	CHECK_CODE(
	    rig_post(rig, CRDS, definition("widgets", "Widget", version("v1", true, schema).at).at),
	    201);
	establish(rig, "widgets");
}

static const char widget[] =
    "{\"apiVersion\":\"example.com/"
    "v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"name\":\"x\"}}";

TEST(a_definition_is_served_as_soon_as_its_names_are_accepted)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(rig_get(rig, WIDGETS), 404);
	CHECK_CODE(
	    rig_post(rig, CRDS, definition("widgets", "Widget", version("v1", true, schema).at).at),
	    201);
	CHECK_CODE(rig_get(rig, WIDGETS), 404);
	establish(rig, "widgets");
	CHECK_CODE(rig_get(rig, WIDGETS), 200);
	answer = rig_get(rig, "/apis/example.com/v1");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "resources[0].name", "widgets");
	CHECK_AT(answer.body, "resources[1].name", "widgets/status");
	answer = rig_get(rig, "/apis/example.com");
	CHECK_AT(answer.body, "preferredVersion.groupVersion", "example.com/v1");
	answer = rig_get(rig, "/openapi/v3/apis/example.com/v1");
	CHECK_CODE(answer, 200);
	rig_close(rig);
}

/* It is written beside the loop, of what is held for as long as that takes. */
TEST(a_document_may_be_asked_for_while_its_definition_goes)
{
	static const char *const paths[] = { "/openapi/v2", "/openapi/v3/apis/example.com/v1" };
	struct rig *rig = rig_open(NULL);
	uint32_t asked[3], gone;
	struct rig_answer answer;

	make_widgets(rig);
	CHECK_CODE(rig_delete(rig, CRDS "/widgets.example.com", NULL), 200);
	for (int i = 0; i < 3; i++)
		asked[i] =
		    rig_begin(rig, &(struct rig_request){ .method = "GET", .path = paths[i > 0] });
	/* It stays for as long as nobody has done what is to be done before. */
	gone = rig_begin(rig, &(struct rig_request){ .method = "PATCH",
						     .path = CRDS "/widgets.example.com",
						     .body = "{\"metadata\":{\"finalizers\":null}}",
						     .type = "application/merge-patch+json" });
	for (int i = 0; i < 3; i++) {
		answer = rig_finish(rig, asked[i]);
		CHECK(answer.code == 200 || (i > 0 && answer.code == 404));
		if (i > 0 && answer.code == 200)
			CHECK(str_find(answer.body, STR("com.example.v1.Widget")) > 0);
	}
	CHECK_CODE(rig_finish(rig, gone), 200);
	CHECK_CODE(rig_get(rig, "/openapi/v3/apis/example.com/v1"), 404);
	CHECK(str_find(rig_get(rig, "/openapi/v2").body, STR("com.example.v1.Widget")) < 0);
	rig_close(rig);
}

TEST(a_document_shows_what_has_changed_since_it_was_asked_for_last)
{
	struct rig *rig = rig_open(NULL);
	static const char *const paths[] = { "/openapi/v2", "/openapi/v3/apis/example.com/v1" };

	make_widgets(rig);
	for (int i = 0; i < 2; i++)
		CHECK(str_find(rig_get(rig, paths[i]).body, STR("\"Gadget\"")) < 0);
	CHECK_CODE(
	    rig_post(rig, CRDS, definition("gadgets", "Gadget", version("v1", true, schema).at).at),
	    201);
	establish(rig, "gadgets");
	for (int i = 0; i < 2; i++) {
		struct str body = rig_get(rig, paths[i]).body;

		CHECK(str_find(body, STR("\"Gadget\"")) > 0);
		CHECK(str_find(body, STR("\"Widget\"")) > 0);
	}
	rig_close(rig);
}

TEST(objects_of_a_definition_are_defaulted_pruned_and_judged)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_widgets(rig);
	answer = rig_post(rig, WIDGETS, widget);
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.size", "3");
	CHECK_AT(answer.body, "metadata.generation", "1");
	answer = rig_post(rig, WIDGETS, "{\"metadata\":{\"name\":\"b\"}}");
	CHECK_FAILURE(answer, 400, "BadRequest",
		      "the object provided is unrecognized (must be of type Widget): Object 'Kind' "
		      "is missing in '{\"metadata\":{\"name\":\"b\"}}' "
		      "({\"metadata\":{\"name\":\"b\"}})");
	answer = rig_post(rig, WIDGETS,
			  "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"metadata\":{"
			  "\"name\":\"b\"},\"spec\":{\"size\":0,\"name\":7,\"odd\":1}}");
	CHECK_FAILURE(answer, 422, "Invalid",
		      "Widget.example.com \"b\" is invalid: [spec.name: Invalid value: "
		      "\"integer\": spec.name in body must be of type string: \"integer\", "
		      "spec.size: Invalid value: 0: spec.size in body should be greater than or "
		      "equal to 1]");
	answer = rig_patch(rig, "merge", WIDGETS "/a", "{\"metadata\":{\"finalizers\":[\"a\"]}}");
	CHECK_CODE(answer, 200);
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0],
		  "metadata.finalizers: \"a\": prefer a domain-qualified finalizer name to avoid "
		  "accidental conflicts with other finalizer writers");
	CHECK_AT(answer.body, "metadata.generation", "1");
	answer = rig_patch(rig, "merge", WIDGETS "/a",
			   "{\"spec\":{\"size\":9},\"status\":{\"ready\":true}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "metadata.generation", "2");
	CHECK(rig_at(answer.body, "status").at == NULL);
	answer =
	    rig_patch(rig, "merge", WIDGETS "/a/status",
		      "{\"metadata\":{\"labels\":{\"l\":\"m\"}},\"spec\":{\"size\":1},\"status\":{"
		      "\"ready\":true}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "spec.size", "9");
	CHECK_AT(answer.body, "status.ready", "true");
	CHECK_AT(answer.body, "metadata.generation", "2");
	CHECK(rig_at(answer.body, "metadata.labels").at == NULL);
	answer = rig_patch(rig, "merge", WIDGETS "/a/status", "{\"status\":{\"ready\":\"yes\"}}");
	CHECK_FAILURE(answer, 422, "Invalid",
		      "Widget.example.com \"a\" is invalid: status.ready: Invalid value: "
		      "\"string\": ready in body must be of type boolean: \"string\"");
	rig_close(rig);
}

TEST(metadata_of_such_an_object_is_read_and_judged_by_itself)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_widgets(rig);
	CHECK_CODE(rig_post(rig, WIDGETS, widget), 201);
	CHECK_FAILURE(
	    rig_post(rig, WIDGETS,
		     "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"metadata\":7}"),
	    400, "BadRequest",
	    "Widget in version \"v1\" cannot be handled as a Widget: json: cannot unmarshal "
	    "number into Go value of type v1.ObjectMeta");
	CHECK_FAILURE(
	    rig_post(rig, WIDGETS,
		     "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"metadata\":{"
		     "\"labels\":7}}"),
	    400, "BadRequest",
	    "Widget in version \"v1\" cannot be handled as a Widget: json: cannot unmarshal "
	    "number into Go struct field ObjectMeta.labels of type map[string]string");
	answer = rig_patch(rig, "merge", WIDGETS "/a", "{\"metadata\":{\"uid\":\"x\"}}");
	CHECK_CODE(answer, 422);
	CHECK_AT(answer.body, "details.causes[1].field", "metadata.uid"); /* twice */
	answer = rig_patch(rig, "merge", WIDGETS "/a", "{\"kind\":\"Other\"}");
	CHECK_CODE(answer, 422);
	CHECK_AT(answer.body, "details.kind", "Other");
	CHECK_FAILURE(rig_patch(rig, "merge", WIDGETS "/a", "[]"), 400, "BadRequest",
		      "error decoding patch: json: cannot unmarshal array into Go value of type "
		      "map[string]interface {}");
	rig_close(rig);
}

TEST(a_null_that_is_there_already_is_no_conflict)
{
	static const char has_null[] =
	    "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"b\"},"
	    "\"spec\":{\"name\":null}}";
	static const char nullable[] =
	    "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{"
	    "\"name\":{\"type\":\"string\",\"nullable\":true}}}}}";
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, CRDS,
			    definition("widgets", "Widget", version("v1", true, nullable).at).at),
		   201);
	establish(rig, "widgets");
	CHECK_CODE(rig_post(rig, WIDGETS, has_null), 201);
	CHECK_AT(rig_get(rig, WIDGETS "/b").body, "spec.name", "null");
	CHECK_CODE(rig_patch(rig, "apply", WIDGETS "/b?fieldManager=m", has_null), 200);
	rig_close(rig);
}

TEST(objects_are_kept_when_their_definition_changes_and_watches_begin_again)
{
	struct str narrow =
	    STR("{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\","
		"\"properties\":{\"name\":{\"type\":\"string\"},\"extra\":{\"type\":"
		"\"string\",\"default\":\"e\"}}}}}");
	struct rig *rig = rig_open(NULL);
	struct str body;

	make_widgets(rig);
	CHECK_CODE(rig_post(rig, WIDGETS, widget), 201);
	CHECK_CODE(rig_watch(rig, WIDGETS "?watch=true", 7), 200);
	rig_run(rig, 10);
	CHECK(rig_events(rig, 7).len > 0);
	body = rig_printf("{\"spec\":{\"versions\":[" STR_FMT "]}}",
			  STR_ARG(version("v1", true, narrow.at)));
	CHECK_CODE(rig_patch(rig, "merge", CRDS "/widgets.example.com", body.at), 200);
	rig_run(rig, 50);
	CHECK_STR(rig_events(rig, 7), "CLOSED 200");
	body = rig_get(rig, WIDGETS "/a").body;
	CHECK_AT(body, "spec.extra", "e");
	CHECK_AT(body, "spec.name", "x");
	CHECK(rig_at(body, "spec.size").at == NULL);
	/* What the schema knows again is there again: nothing was written. */
	body = rig_printf("{\"spec\":{\"versions\":[" STR_FMT "]}}",
			  STR_ARG(version("v1", true, schema)));
	CHECK_CODE(rig_patch(rig, "merge", CRDS "/widgets.example.com", body.at), 200);
	rig_run(rig, 50);
	CHECK_AT(rig_get(rig, WIDGETS "/a").body, "spec.size", "3");
	rig_close(rig);
}

TEST(versions_of_a_definition_show_the_same_objects)
{
	struct rig *rig = rig_open(NULL);
	struct str two = rig_printf(STR_FMT "," STR_FMT, STR_ARG(version("v1beta1", false, schema)),
				    STR_ARG(version("v1", true, schema)));
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, CRDS, definition("widgets", "Widget", two.at).at), 201);
	establish(rig, "widgets");
	CHECK_AT(rig_get(rig, "/apis/example.com").body, "versions[0].version", "v1");
	CHECK_AT(rig_get(rig, "/apis/example.com").body, "versions[1].version", "v1beta1");
	CHECK_CODE(rig_post(rig, WIDGETS, widget), 201);
	answer = rig_get(rig, "/apis/example.com/v1beta1/namespaces/default/widgets/a");
	CHECK_AT(answer.body, "apiVersion", "example.com/v1beta1");
	CHECK_AT(answer.body, "spec.name", "x");
	answer = rig_patch(rig, "json", "/apis/example.com/v1beta1/namespaces/default/widgets/a",
			   "[{\"op\":\"replace\",\"path\":\"/spec/name\",\"value\":\"y\"}]");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "apiVersion", "example.com/v1beta1");
	answer = rig_get(rig, "/apis/example.com/v1/widgets");
	CHECK_AT(answer.body, "items[0].apiVersion", "example.com/v1");
	CHECK_AT(answer.body, "items[0].spec.name", "y");
	rig_close(rig);
}

TEST(a_server_that_begins_again_knows_its_kinds_and_their_objects)
{
	struct rig *rig = rig_open(NULL);

	make_widgets(rig);
	CHECK_CODE(rig_post(rig, WIDGETS, widget), 201);
	rig_kill_server(rig);
	rig_run(rig, 200);
	CHECK_AT(rig_get(rig, WIDGETS "/a").body, "spec.size", "3");
	rig_kill_store(rig);
	rig_run(rig, 2000);
	CHECK_AT(rig_get(rig, WIDGETS "/a").body, "spec.size", "3");
	rig_close(rig);
}

TEST(a_definition_that_goes_is_not_served_and_what_it_left_is_there_when_it_comes_back)
{
	struct rig *rig = rig_open(NULL);

	make_widgets(rig);
	CHECK_CODE(rig_post(rig, WIDGETS, widget), 201);
	CHECK_CODE(rig_delete(rig, CRDS "/widgets.example.com", NULL), 200);
	rig_run(rig, 50);
	if (rig_get(rig, CRDS "/widgets.example.com").code == 404) {
		CHECK_CODE(rig_get(rig, WIDGETS), 404);
		CHECK_CODE(rig_get(rig, "/apis/example.com"), 404);
		make_widgets(rig);
		rig_run(rig, 50);
		CHECK_AT(rig_get(rig, WIDGETS "/a").body, "spec.name", "x");
	}
	rig_close(rig);
}

TEST(requests_under_way_outlive_the_kind_they_began_with)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;
	uint32_t number;

	make_widgets(rig);
	rig_hold_disk(rig, true);
	number = rig_begin(
	    rig, &(struct rig_request){ .method = "POST", .path = WIDGETS, .body = widget });
	rig_run(rig, 20);
	rig_kill_store(rig);
	rig_hold_disk(rig, false);
	rig_run(rig, 3000);
	answer = rig_finish(rig, number);
	CHECK(answer.code == 201 || answer.code >= 500);
	rig_close(rig);
}
