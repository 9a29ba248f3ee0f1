/*
 * Which rule of an audit policy fits a request, and which texts are no policy.
 */
#include "actors/audit/audit-policy.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/kinds/kind-lab.h"

static const struct audit_policy *policy_of(const char *json)
{
	return kind_lab_record(&audit_policy_type, json);
}

TEST(the_first_rule_that_fits_decides)
{
	static const char rules[] =
	    "{'omitStages':['RequestReceived'],'rules':["
	    "{'level':'None','users':['quiet']},"
	    "{'level':'None','userGroups':['system:nodes'],'verbs':['get','list']},"
	    "{'level':'RequestResponse','resources':[{'group':'','resources':['secrets']}],"
	    "'omitStages':['ResponseStarted'],'omitManagedFields':true},"
	    "{'level':'Request','resources':[{'group':'','resources':['pods/log','pods/status']},"
	    "{'group':'apps','resources':['*/scale']}]},"
	    "{'level':'None','resources':[{'group':'batch'}]},"
	    "{'level':'Request','resources':[{'group':'','resources':['configmaps'],'resourceNames'"
	    ":['a']}]},"
	    "{'level':'Metadata','resources':[{'group':'*','resources':['services/"
	    "*']}],'namespaces':['x']},"
	    "{'level':'None','nonResourceURLs':['/healthz*','/version']},"
	    "{'level':'Metadata','resources':[{'group':'','resources':['nodes']}]},"
	    "{'level':'Metadata','nonResourceURLs':['*']}]}";
	static const struct str nodes[] = { { "system:nodes", 12 } };
	static const struct user quiet = { .name = { "quiet", 5 } },
				 some = { .name = { "some", 4 } },
				 node = { .name = { "n", 1 }, .groups = nodes, .group_count = 1 };
#define OF(user_, verb_, group_, resource_, sub_, ns_, name_)                                   \
	{                                                                                       \
		.user = &(user_), .verb = { verb_, sizeof verb_ - 1 }, .is_resource = true,     \
		.group = { group_, sizeof group_ - 1 },                                         \
		.resource = { resource_, sizeof resource_ - 1 },                                \
		.subresource = { sub_, sizeof sub_ - 1 }, .namespace = { ns_, sizeof ns_ - 1 }, \
		.name = {                                                                       \
			name_,                                                                  \
			sizeof name_ - 1                                                        \
		}                                                                               \
	}
#define AT(path_)                                                                        \
	{                                                                                \
		.user = &some, .verb = { "get", 3 }, .path = { path_, sizeof path_ - 1 } \
	}
	static const struct {
		struct attributes attributes;
		enum audit_level level;
		uint32_t omitted;
	} cases[] = {
		{ OF(quiet, "get", "", "secrets", "", "x", "a"), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(node, "get", "", "secrets", "", "x", "a"), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(node, "create", "", "secrets", "", "x", ""), AUDIT_RESPONSE,
		  AUDIT_RECEIVED | AUDIT_STARTED },
		{ OF(some, "get", "apps", "secrets", "", "x", ""), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(some, "get", "", "pods", "", "x", ""), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(some, "get", "", "pods", "log", "x", "p"), AUDIT_REQUEST, AUDIT_RECEIVED },
		{ OF(some, "get", "apps", "deployments", "scale", "x", "p"), AUDIT_REQUEST,
		  AUDIT_RECEIVED },
		{ OF(some, "get", "apps", "deployments", "", "x", "p"), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(some, "get", "batch", "jobs", "", "x", "p"), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(some, "get", "", "configmaps", "", "x", "a"), AUDIT_REQUEST, AUDIT_RECEIVED },
		{ OF(some, "get", "", "configmaps", "", "x", "b"), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(some, "get", "", "services", "", "x", "b"), AUDIT_METADATA, AUDIT_RECEIVED },
		{ OF(some, "get", "", "services", "proxy", "x", "b"), AUDIT_METADATA,
		  AUDIT_RECEIVED },
		{ OF(some, "get", "", "services", "proxy", "y", "b"), AUDIT_NONE, AUDIT_RECEIVED },
		{ OF(some, "list", "", "nodes", "", "", ""), AUDIT_METADATA, AUDIT_RECEIVED },
		{ AT("/healthz/etcd"), AUDIT_NONE, AUDIT_RECEIVED },
		{ AT("/version"), AUDIT_NONE, AUDIT_RECEIVED },
		{ AT("/version/x"), AUDIT_METADATA, AUDIT_RECEIVED },
		{ { .verb = { "get", 3 }, .path = { "/x", 2 } }, AUDIT_METADATA, AUDIT_RECEIVED },
	};
	const struct audit_policy *policy = policy_of(rules);
	struct fault why = { 0 };

	CHECK_EQ(audit_policy_check(policy, "file", test_arena(), &why), OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct audit_decision decision = audit_policy_decide(policy, &cases[i].attributes);

		CHECK_EQ(decision.level, cases[i].level);
		CHECK_EQ(decision.omitted, cases[i].omitted);
		CHECK_EQ(decision.omits_managed_fields, cases[i].level == AUDIT_RESPONSE);
	}
}

TEST(what_is_no_policy_is_told_where)
{
	static const struct {
		const char *json, *words;
	} cases[] = {
		{ "{'rules':[]}",
		  "f: rules: Required value: a policy without rules tells of nothing" },
		{ "{'rules':[{}]}", "f: rules[0].level: Required value" },
		{ "{'rules':[{'level':'All'}]}",
		  "f: rules[0].level: Unsupported value: \"All\": supported values: \"None\", "
		  "\"Metadata\", \"Request\", \"RequestResponse\"" },
		{ "{'rules':[{'level':'None','omitStages':['x']}]}",
		  "f: rules[0].omitStages: Invalid value: \"x\": allowed stages are "
		  "RequestReceived,ResponseStarted,ResponseComplete,Panic" },
		{ "{'rules':[{'level':'None','nonResourceURLs':['x']}]}",
		  "f: rules[0].nonResourceURLs: Invalid value: \"x\": non-resource URL rules must "
		  "begin with a '/' character" },
		{ "{'rules':[{'level':'None','nonResourceURLs':['/a*b']}]}",
		  "f: rules[0].nonResourceURLs: Invalid value: \"/a*b\": non-resource URL "
		  "wildcards "
		  "'*' must be the final character of the rule" },
		{ "{'rules':[{'level':'None','nonResourceURLs':['*'],'namespaces':['n']}]}",
		  "f: rules[0].nonResourceURLs: Invalid value: rules cannot apply to both regular "
		  "resources and non-resource URLs" },
		{ "{'rules':[{'level':'None','resources':[{'group':'a/v1'}]}]}",
		  "f: rules[0].resources: Invalid value: \"a/v1\": no group" },
		{ "{'rules':[{'level':'None','resources':[{'group':'','resourceNames':['x']}]}]}",
		  "f: rules[0].resources: Invalid value: using resourceNames requires at least one "
		  "resource" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fault why = { 0 };

		CHECK_EQ(audit_policy_check(policy_of(cases[i].json), "f", test_arena(), &why),
			 BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].words);
	}
}
