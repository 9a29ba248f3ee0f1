/*
 * Which requests a FlowSchema is about, and which flow they are of.
 */
#include "actors/server/flow/flow-schema.h"

#include "datastore/object/json.h"
#include "datastore/schema/flowcontrol.h"
#include "tests/lib/test.h"

#define ANYBODY "'subjects':[{'kind':'Group','group':{'name':'*'}}]"
#define ANYTHING                                                                                  \
	"'resourceRules':[{'verbs':['*'],'apiGroups':['*'],'resources':['*'],'namespaces':['*']," \
	"'clusterScope':true}],'nonResourceRules':[{'verbs':['*'],'nonResourceURLs':['*']}]"

static const struct flowcontrol_flow_schema_spec *spec_of(const char *rule)
{
	struct text text = text_in(test_arena(), 64 * KIB);
	void *spec;

	text_lit(&text,
		 "{'priorityLevelConfiguration':{'name':'x'},'matchingPrecedence':5,'rules':[{");
	text_add(&text, str_from(rule));
	text_lit(&text, "}]}");
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] == '\'')
			text.at[i] = '"';
	CHECK_STATUS(json_decode(&flowcontrol_flow_schema_spec_type, text_str(&text), test_arena(),
				 (struct json_options){ 0 }, &spec, NULL),
		     OK);
	return spec;
}

static bool matches(const char *rule, const char *user, const char *group, const char *method,
		    const char *path)
{
	struct str groups[] = { str_from(group) };
	struct user asker = { .name = str_from(user), .groups = groups, .group_count = 1 };
	struct str rest = str_from(path), bare = str_cut(&rest, '?');
	struct route route;
	struct flow_asked asked = { &asker, &route, bare };

	CHECK_STATUS(route_parse(test_arena(), str_from(method), bare, rest.len > 0, &route, NULL),
		     OK);
	return flow_schema_matches(spec_of(rule), &asked);
}

TEST(subjects_are_users_groups_and_accounts)
{
	static const struct {
		const char *subject, *user, *group;
		bool is_it;
	} cases[] = {
		{ "{'kind':'User','user':{'name':'eve'}}", "eve", "g", true },
		{ "{'kind':'User','user':{'name':'eve'}}", "adam", "eve", false },
		{ "{'kind':'User','user':{'name':'*'}}", "adam", "g", true },
		{ "{'kind':'Group','group':{'name':'g'}}", "eve", "g", true },
		{ "{'kind':'Group','group':{'name':'g'}}", "g", "h", false },
		{ "{'kind':'Group','group':{'name':'*'}}", "g", "h", true },
		{ "{'kind':'ServiceAccount','serviceAccount':{'namespace':'a','name':'b'}}",
		  "system:serviceaccount:a:b", "g", true },
		{ "{'kind':'ServiceAccount','serviceAccount':{'namespace':'a','name':'b'}}",
		  "system:serviceaccount:a:c", "g", false },
		{ "{'kind':'ServiceAccount','serviceAccount':{'namespace':'a','name':'*'}}",
		  "system:serviceaccount:a:c", "g", true },
		{ "{'kind':'ServiceAccount','serviceAccount':{'namespace':'a','name':'*'}}",
		  "system:serviceaccount:ab:c", "g", false },
		{ "{'kind':'ServiceAccount','serviceAccount':{'namespace':'a','name':'*'}}",
		  "system:serviceaccount:a:", "g", false },
		{ "{'kind':'ServiceAccount','serviceAccount':{'namespace':'a','name':'*'}}", "a:b",
		  "g", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text rule = text_in(test_arena(), KIB);

		text_printf(&rule, "'subjects':[%s]," ANYTHING, cases[i].subject);
		CHECK_EQ(matches(arena_cstr(test_arena(), text_str(&rule)), cases[i].user,
				 cases[i].group, "GET", "/api/v1/nodes"),
			 cases[i].is_it);
	}
}

#define RULE(verbs, groups, resources, more)                               \
	ANYBODY ",'resourceRules':[{'verbs':" verbs ",'apiGroups':" groups \
		",'resources':" resources "," more "}]"

TEST(resource_rules_name_verbs_groups_parts_and_namespaces)
{
	static const struct {
		const char *rule, *method, *path;
		bool is_it;
	} cases[] = {
		{ RULE("['get']", "['']", "['pods']", "'namespaces':['*']"), "GET",
		  "/api/v1/namespaces/a/pods/b", true },
		{ RULE("['get']", "['']", "['pods']", "'namespaces':['*']"), "GET",
		  "/api/v1/namespaces/a/pods", false },
		{ RULE("['list']", "['']", "['pods']", "'namespaces':['a']"), "GET",
		  "/api/v1/namespaces/a/pods", true },
		{ RULE("['list']", "['']", "['pods']", "'namespaces':['b']"), "GET",
		  "/api/v1/namespaces/a/pods", false },
		{ RULE("['list']", "['']", "['pods']", "'namespaces':['*']"), "GET", "/api/v1/pods",
		  false },
		{ RULE("['list']", "['']", "['pods']", "'clusterScope':true"), "GET",
		  "/api/v1/pods", true },
		{ RULE("['list']", "['']", "['pods']", "'clusterScope':true"), "GET",
		  "/api/v1/namespaces/a/pods", false },
		{ RULE("['watch']", "['']", "['pods']", "'clusterScope':true"), "GET",
		  "/api/v1/pods?w", true },
		{ RULE("['*']", "['apps']", "['*']", "'namespaces':['*']"), "POST",
		  "/apis/apps/v1/namespaces/a/deployments", true },
		{ RULE("['*']", "['apps']", "['*']", "'namespaces':['*']"), "POST",
		  "/api/v1/namespaces/a/pods", false },
		{ RULE("['*']", "['*']", "['pods/status']", "'namespaces':['*']"), "PUT",
		  "/api/v1/namespaces/a/pods/b/status", true },
		{ RULE("['*']", "['*']", "['pods/status']", "'namespaces':['*']"), "PUT",
		  "/api/v1/namespaces/a/pods/b", false },
		{ RULE("['*']", "['*']", "['pods']", "'namespaces':['*']"), "PUT",
		  "/api/v1/namespaces/a/pods/b/status", false },
		{ RULE("['*','get']", "['*']", "['*']", "'namespaces':['*']"), "PUT",
		  "/api/v1/namespaces/a/pods/b", false }, /* a star counts alone */
		{ RULE("['*']", "['*']", "['*']", "'clusterScope':true"), "GET", "/healthz", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_EQ(matches(cases[i].rule, "eve", "g", cases[i].method, cases[i].path),
			 cases[i].is_it);
}

#define PATHS(verbs, paths) \
	ANYBODY ",'nonResourceRules':[{'verbs':" verbs ",'nonResourceURLs':" paths "}]"

TEST(other_rules_name_methods_and_paths)
{
	static const struct {
		const char *rule, *method, *path;
		bool is_it;
	} cases[] = {
		{ PATHS("['get']", "['/healthz','/livez']"), "GET", "/livez", true },
		{ PATHS("['get']", "['/healthz']"), "GET", "/healthz/ping", false },
		{ PATHS("['get']", "['/healthz/*']"), "GET", "/healthz/ping", true },
		{ PATHS("['get']", "['/healthz/*']"), "GET", "/healthz", false },
		{ PATHS("['get']", "['/healthz']"), "POST", "/healthz", false },
		{ PATHS("['*']", "['*']"), "POST", "/whatever", true },
		{ PATHS("['*']", "['*']"), "GET", "/api/v1/nodes", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_EQ(matches(cases[i].rule, "eve", "g", cases[i].method, cases[i].path),
			 cases[i].is_it);
}
