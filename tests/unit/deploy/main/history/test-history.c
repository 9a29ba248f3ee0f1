#include "deploy/main/history/chronicle.h"
#include "deploy/main/history/past-object.h"
#include "deploy/main/history/target.h"
#include "deploy/main/history/trail.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

static struct value parse(const char *json)
{
	struct value value;

	CHECK_STATUS(value_parse(str_from(json), test_arena(), &value), OK);
	return value;
}

/* NULL: it is not there. */
static struct str differ(const char *was, const char *is, bool hides)
{
	struct value old = { 0 }, new = { 0 };
	struct difference difference;
	struct text out = text_in(test_arena(), 8192);

	if (was != NULL)
		old = parse(was);
	if (is != NULL)
		new = parse(is);
	difference_find(was ? &old : NULL, is ? &new : NULL, hides, test_arena(), &difference);
	chronicle_fields(&difference, 4, "; ", &out);
	return text_str(&out);
}

TEST(what_differs_is_told_field_by_field)
{
	static const struct {
		const char *was, *is, *expected;
	} cases[] = {
		{ "{\"a\":1}", "{\"a\":1.0}", "" },
		{ "{\"a\":1}", "{\"a\":2}", "a: 1 -> 2" },
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":\"x\"}", "-a: 1; +c: \"x\"" },
		{ "{\"m\":{\"x.io/y\":\"1\"}}", "{\"m\":{\"x.io/y\":\"2\"}}",
		  "m[x.io/y]: \"1\" -> \"2\"" },
		{ "{\"l\":[1,2]}", "{\"l\":[1,3,4]}", "l[1]: 2 -> 3; +l[2]: 4" },
		{ "{\"l\":[{\"name\":\"a\",\"n\":1},{\"name\":\"b\",\"n\":1}]}",
		  "{\"l\":[{\"name\":\"c\"},{\"name\":\"b\",\"n\":2}]}",
		  "-l[a]: {\"n\":1,\"name\":\"a\"}; l[b].n: 1 -> 2; +l[c]: {\"name\":\"c\"}" },
		{ "{\"a\":{}}", "{\"a\":[]}", "a: {} -> []" },
		{ "{\"metadata\":{\"resourceVersion\":\"1\",\"generation\":1}}",
		  "{\"metadata\":{\"resourceVersion\":\"2\",\"generation\":2}}", "" },
		/* Of one that was deleted and made again: what the server gives anew is no change that somebody made. */
		{ "{\"metadata\":{\"uid\":\"a\",\"creationTimestamp\":\"2026-11-27T08:40:26Z\"}}",
		  "{\"metadata\":{\"uid\":\"b\",\"creationTimestamp\":\"2026-11-27T08:40:27Z\"}}",
		  "" },
		{ "{}", "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1}",
		  "+a: 1; +b: 1; +c: 1; +d: 1; and 2 more" },
		{ NULL, "{\"a\":1}", "+a: 1" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(differ(cases[i].was, cases[i].is, false), cases[i].expected);
	CHECK_STR(differ("{\"data\":{\"p\":\"old\"},\"type\":\"a\"}",
			 "{\"data\":{\"p\":\"new\"},\"type\":\"b\"}", true),
		  "data.p: (hidden) -> (hidden); type: \"a\" -> \"b\"");
}

TEST(a_difference_has_a_bound_and_counts_the_rest)
{
	struct text json = text_in(test_arena(), 65536);
	struct difference difference;
	struct value is;

	text_lit(&json, "{");
	for (unsigned i = 0; i < DIFFERENCE_FIELDS_MAX + 10; i++)
		text_printf(&json, "%s\"f%u\":%u", i ? "," : "", i, i);
	text_lit(&json, "}");
	CHECK_STATUS(value_parse(text_str(&json), test_arena(), &is), OK);
	difference_find(NULL, &is, false, test_arena(), &difference);
	CHECK_EQ(difference.count, DIFFERENCE_FIELDS_MAX);
	CHECK_EQ(difference.more, 10);
}

TEST(a_long_value_is_cut_between_characters)
{
	struct str said = differ(
	    "{\"a\":1}", "{\"a\":\"ööööööööööööööööööööööööööööööööööööööööööööööö\"}", false);

	CHECK(str_ends(said, STR("ö...")));
}

TEST(who_it_was_stands_in_the_entries_that_are_new)
{
	struct value was = parse("{\"metadata\":{\"managedFields\":["
				 "{\"manager\":\"kubectl\",\"time\":\"1\"}]}}");
	struct value is = parse("{\"metadata\":{\"managedFields\":["
				"{\"manager\":\"kubectl\",\"time\":\"1\"},"
				"{\"manager\":\"kubelet\",\"subresource\":\"status\"},"
				"{\"manager\":\"helm\"}]}}");

	CHECK_STR(difference_by(&was, &is, test_arena()), "kubelet (status), helm");
	CHECK_STR(difference_by(NULL, &was, test_arena()), "kubectl");
	CHECK_STR(difference_by(&is, &is, test_arena()), "");
}

static struct str find(const char *what)
{
	struct fault why = { 0 };
	struct target target;
	enum status status = target_find(str_from(what), STR("ns"), test_arena(), &target, &why);

	if (status != OK)
		return arena_printf(test_arena(), "%s %s", status_name(status), why.text);
	return arena_printf(test_arena(), STR_FMT " " STR_FMT, STR_ARG(target.key),
			    STR_ARG(target.collection));
}

TEST(a_kind_is_found_by_any_of_its_names)
{
	const char *web = "/registry/deployments/ns/web /apis/apps/v1/namespaces/ns/deployments";

	CHECK_STR(find("deployment/web"), web);
	CHECK_STR(find("deploy/web"), web);
	CHECK_STR(find("Deployments.apps/web"), web);
	CHECK_STR(find("node/n1"), "/registry/minions/n1 /api/v1/nodes");
	CHECK_STR(find("svc/web"),
		  "/registry/services/specs/ns/web /api/v1/namespaces/ns/services");
	CHECK_STR(find("widgets/one"), "NOT_FOUND ");
	CHECK_STR(find("web"), "BAD_REQUEST \"web\" is not KIND/NAME, as in deployment/web");
	CHECK_STR(find("members/n1"), "BAD_REQUEST members are not kept: they show what is now");
}

TEST(a_kind_of_a_definition_is_found_where_it_is_served)
{
	struct value list = parse(
	    "{\"items\":[{\"spec\":{\"group\":\"x.io\",\"scope\":\"Cluster\",\"names\":{\"plural\":"
	    "\"widgets\",\"kind\":\"Widget\",\"shortNames\":[\"wd\"]},\"versions\":[{\"name\":"
	    "\"v1alpha1\",\"served\":false},{\"name\":\"v1\",\"served\":true}]}}]}");
	struct target target;
	struct fault why = { 0 };

	CHECK_STATUS(
	    target_find_custom(STR("wd.x.io/one"), STR("ns"), &list, test_arena(), &target, &why),
	    OK);
	CHECK_STR(target.key, "/registry/x.io/widgets/one");
	CHECK_STR(target.collection, "/apis/x.io/v1/widgets");
	CHECK_STATUS(
	    target_find_custom(STR("wd.y.io/one"), STR("ns"), &list, test_arena(), &target, &why),
	    NOT_FOUND);
}

TEST(an_old_version_is_written_over_the_one_that_is_there_now)
{
	struct value past = parse(
	    "{\"metadata\":{\"name\":\"a\",\"uid\":\"u1\",\"resourceVersion\":\"5\",\"labels\":{"
	    "\"x\":\"y\"},\"managedFields\":[],\"generation\":3,\"creationTimestamp\":\"t\"},"
	    "\"spec\":{\"n\":1},\"status\":{\"ok\":true}}");
	struct value now =
	    parse("{\"metadata\":{\"name\":\"a\",\"uid\":\"u2\",\"resourceVersion\":\"9\"}}");
	struct value going = parse("{\"metadata\":{\"deletionTimestamp\":\"t\"}}");
	struct text out = text_in(test_arena(), 4096);
	struct fault why = { 0 };

	CHECK_STATUS(past_object(&past, &now, STR("v1"), STR("Thing"), test_arena(), &out, &why),
		     OK);
	CHECK_STR(
	    text_str(&out),
	    "{\"apiVersion\":\"v1\",\"kind\":\"Thing\",\"metadata\":{\"labels\":{\"x\":\"y\"},"
	    "\"name\":\"a\",\"uid\":\"u2\",\"resourceVersion\":\"9\"},\"spec\":{\"n\":1}}");
	text_clear(&out);
	CHECK_STATUS(past_object(&past, NULL, STR("v1"), STR("Thing"), test_arena(), &out, &why),
		     OK);
	CHECK_STR(
	    text_str(&out),
	    "{\"apiVersion\":\"v1\",\"kind\":\"Thing\",\"metadata\":{\"labels\":{\"x\":\"y\"},"
	    "\"name\":\"a\"},\"spec\":{\"n\":1}}");
	CHECK_STATUS(past_object(&past, &going, STR("v1"), STR("Thing"), test_arena(), &out, &why),
		     CONFLICT);
}

#define EVENT(stage, verb, name, revision, code, user)                                         \
	"{\"stage\":\"" stage "\",\"verb\":\"" verb "\",\"user\":{\"username\":\"" user        \
	"\"},\"objectRef\":{\"resource\":\"configmaps\",\"namespace\":\"ns\",\"name\":\"" name \
	"\",\"resourceVersion\":\"" revision "\"},\"responseStatus\":{\"code\":" code "}"

TEST(the_audit_log_says_who_asked_for_a_change)
{
	struct target target = { .group = STR(""),
				 .plural = STR("configmaps"),
				 .namespace = STR("ns"),
				 .name = STR("web") };
	static const struct {
		const char *line, *user;
	} cases[] = {
		{ EVENT("ResponseComplete", "patch", "web", "7", "200", "alice") "}", "alice" },
		{ EVENT("ResponseComplete", "create", "web", "7", "201",
			"root") ",\"impersonatedUser\":{\"username\":\"bob\"}}",
		  "bob (root)" },
		{ EVENT("RequestReceived", "patch", "web", "7", "200", "alice") "}", "" },
		{ EVENT("ResponseComplete", "get", "web", "7", "200", "alice") "}", "" },
		{ EVENT("ResponseComplete", "patch", "website", "7", "200", "alice") "}", "" },
		{ EVENT("ResponseComplete", "patch", "web", "8", "200", "alice") "}", "" },
		{ EVENT("ResponseComplete", "patch", "web", "x", "200", "alice") "}", "" },
		{ EVENT("ResponseComplete", "patch", "web", "7", "409", "alice") "}", "" },
		{ EVENT("ResponseComplete", "patch", "web", "7", "200", "alice"), "" },
		{ "\"web\"", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct chronicle_version version = { .revision = 7, .user = STR("") };
		struct trail trail = {
			.target = &target, .versions = &version, .count = 1, .arena = test_arena()
		};

		trail_line(&trail, str_from(cases[i].line));
		CHECK_STR(version.user, cases[i].user);
	}
}

#define LOG "/audit.log"

/* An event that is longer than a piece is passed over, and what comes behind it is not. */
TEST(an_audit_log_is_read_in_pieces_from_where_it_may_be_cut)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);
	struct target target = { .group = STR(""),
				 .plural = STR("configmaps"),
				 .namespace = STR("ns"),
				 .name = STR("web") };
	struct chronicle_version versions[2] = { { .revision = 7 }, { .revision = 8 } };
	struct trail trail = {
		.target = &target, .versions = versions, .count = 2, .arena = test_arena()
	};
	struct text out = text_in(test_arena(), 8 * MIB);
	struct seams_file *file;

	text_lit(&out, "the end of a line\n");
	text_lit(&out, EVENT("ResponseComplete", "patch", "web", "7", "200", "alice") "}\n");
	for (uint32_t i = 0; i < 3 * MIB; i++)
		text_add_char(&out, 'x');
	text_lit(&out, "\n");
	text_lit(&out, EVENT("ResponseComplete", "patch", "web", "8", "200", "bob") "}\n");
	text_lit(&out, EVENT("ResponseComplete", "patch", "web", "8", "200", "carol"));
	CHECK_STATUS(
	    files->open(files->self, LOG, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file), OK);
	CHECK_STATUS(files->write(files->self, file, text_str(&out).at, out.len, 0), OK);
	files->close(files->self, file);
	trail_read(&trail, files, LOG);
	CHECK_STR(versions[0].user, "alice");
	CHECK_STR(versions[1].user, "bob");
	trail_read(&trail, files, "/nothing");
	fake_disk_free(disk);
}
