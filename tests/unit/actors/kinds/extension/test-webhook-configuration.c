#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/admissionregistration.h"

#define MUTATING (&admissionregistration_mutating_webhook_configuration_type)
#define VALIDATING (&admissionregistration_validating_webhook_configuration_type)
#define HOOK(members)                                                                         \
	"{'webhooks':[{'name':'a.b.c','sideEffects':'None','admissionReviewVersions':['v1']," \
	"'clientConfig':{'url':'https://x'}" members "}]}"
#define RULE(operations, groups, versions, resources, more)                  \
	HOOK(",'rules':[{'operations':[" operations "],'apiGroups':[" groups \
	     "],'apiVersions':[" versions "],'resources':[" resources "]" more "}]")
#define RESOURCES(list) RULE("'*'", "''", "'v1'", list, "")

static const char configuration[] = "{'metadata':{'name':'w'},'webhooks':[]}";

static const struct kind_case rule_cases[] = {
	{ NULL, "" },
	{ HOOK(""), "" },
	{ RULE("'CREATE','UPDATE'", "'','apps'", "'v1'", "'pods','pods/status'",
	       ",'scope':'Namespaced'"),
	  "" },
	{ RULE("", "", "", "", ""), "webhooks[0].rules[0].operations: Required value\n"
				    "webhooks[0].rules[0].apiGroups: Required value\n"
				    "webhooks[0].rules[0].apiVersions: Required value\n"
				    "webhooks[0].rules[0].resources: Required value" },
	{ RULE("'*','READ'", "'*','a'", "'*',''", "'*/*','pods',''", ",'scope':'World'"),
	  "webhooks[0].rules[0].operations: Invalid value: [\"*\",\"READ\"]: if '*' is present, "
	  "must not "
	  "specify other operations\n"
	  "webhooks[0].rules[0].operations[1]: Unsupported value: \"READ\": supported values: "
	  "\"*\", "
	  "\"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"\n"
	  "webhooks[0].rules[0].apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is present, must "
	  "not "
	  "specify other API groups\n"
	  "webhooks[0].rules[0].apiVersions: Invalid value: [\"*\",\"\"]: if '*' is present, must "
	  "not "
	  "specify other API versions\n"
	  "webhooks[0].rules[0].apiVersions[1]: Required value\n"
	  "webhooks[0].rules[0].resources[2]: Required value\n"
	  "webhooks[0].rules[0].resources: Invalid value: [\"*/*\",\"pods\",\"\"]: if '*/*' is "
	  "present, "
	  "must not specify other resources\n"
	  "webhooks[0].rules[0].scope: Unsupported value: \"World\": supported values: \"*\", "
	  "\"Cluster\", \"Namespaced\"" },
	{ RESOURCES("'pods/*','pods/status','*/scale','sets/scale'"),
	  "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/status\": if 'pods/*' is "
	  "present, "
	  "must not specify pods/status\n"
	  "webhooks[0].rules[0].resources[3]: Invalid value: \"sets/scale\": if '*/scale' is "
	  "present, "
	  "must not specify sets/scale" },
	/* Only what comes later is told of. */
	{ RESOURCES("'pods/status','pods/*'"), "" },
	{ RESOURCES("'*','pods'"), "webhooks[0].rules[0].resources: Invalid value: "
				   "[\"*\",\"pods\"]: if '*' is present, must not "
				   "specify other resources without subresources" },
	{ RESOURCES("'*','pods/status'"), "" },
};

TEST(rules_say_which_requests_they_are_about)
{
	KIND_CREATES(MUTATING, configuration, rule_cases);
	KIND_CREATES(VALIDATING, configuration, rule_cases);
}

#define WEBHOOK(members) "{'webhooks':[{" members "}]}"
#define CLIENT(members)                                                                 \
	WEBHOOK("'name':'a.b.c','sideEffects':'None','admissionReviewVersions':['v1']," \
		"'clientConfig':{" members "}")
#define SERVICE(members) CLIENT("'service':{'namespace':'n','name':'s'," members "}")
#define FORM "; desired format: https://host[/path]"

static const struct kind_case client_cases[] = {
	{ CLIENT(""),
	  "webhooks[0].clientConfig: Required value: exactly one of url or service is required" },
	{ CLIENT("'url':'https://x','service':{'namespace':'n','name':'s','port':443}"),
	  "webhooks[0].clientConfig: Required value: exactly one of url or service is required" },
	{ CLIENT("'url':'https://x:8443/a/b'"), "" },
	{ CLIENT("'url':'http://x'"),
	  "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is "
	  "the only allowed URL scheme" FORM },
	{ CLIENT("'url':''"),
	  "webhooks[0].clientConfig.url: Invalid value: \"\": 'https' is the only allowed URL "
	  "scheme" FORM
	  "\nwebhooks[0].clientConfig.url: Invalid value: \"\": host must be specified" FORM },
	{ CLIENT("'url':'https:///a'"),
	  "webhooks[0].clientConfig.url: Invalid value: \"\": host must be specified" FORM },
	{ CLIENT("'url':'https://u:p@x/a?b=c#d'"),
	  "webhooks[0].clientConfig.url: Invalid value: \"u:p\": user information is not permitted "
	  "in the "
	  "URL\n"
	  "webhooks[0].clientConfig.url: Invalid value: \"d\": fragments are not permitted in the "
	  "URL\n"
	  "webhooks[0].clientConfig.url: Invalid value: \"b=c\": query parameters are not "
	  "permitted in "
	  "the URL" },
	{ SERVICE("'port':443,'path':'/a/b/'"), "" },
	{ SERVICE("'port':443,'path':'//'"), "webhooks[0].clientConfig.service.path: Invalid "
					     "value: \"//\": segment[0] may not be empty" },
	{ SERVICE("'port':70000,'path':'/a//b'"),
	  "webhooks[0].clientConfig.service.port: Invalid value: 70000: port is not valid: must be "
	  "between 1 and 65535, inclusive\n"
	  "webhooks[0].clientConfig.service.path: Invalid value: \"/a//b\": segment[1] may not be "
	  "empty" },
	{ SERVICE("'port':443,'path':'a'"),
	  "webhooks[0].clientConfig.service.path: Invalid value: \"a\": must start with a '/'\n"
	  "webhooks[0].clientConfig.service.path: Invalid value: \"a\": segment[0] may not be "
	  "empty" },
	/* Told at each other's place. */
	{ CLIENT("'service':{'namespace':'','name':'s','port':443}"),
	  "webhooks[0].clientConfig.service.name: Required value: service name is required" },
	{ CLIENT("'service':{'namespace':'n','name':'','port':443}"),
	  "webhooks[0].clientConfig.service.namespace: Required value: service namespace is "
	  "required" },
};

TEST(a_webhook_is_an_address_or_a_service)
{
	KIND_CREATES(VALIDATING, configuration, client_cases);
}

#define TO ",'clientConfig':{'url':'https://x'}"

static const struct kind_case hook_cases[] = {
	{ WEBHOOK("'name':'','sideEffects':'Some','admissionReviewVersions':[]" TO),
	  "webhooks[0].name: Required value\n"
	  "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", "
	  "\"NoneOnDryRun\"\n"
	  "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1" },
	{ WEBHOOK("'name':'a.b','admissionReviewVersions':['v2','v2','V']" TO),
	  "webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three "
	  "segments "
	  "separated by dots\n"
	  "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun\n"
	  "webhooks[0].admissionReviewVersions[1]: Invalid value: \"v2\": duplicate version\n"
	  "webhooks[0].admissionReviewVersions[2]: Invalid value: \"V\": a DNS-1035 label must "
	  "consist of "
	  "lower case alphanumeric characters or '-', start with an alphabetic character, and end "
	  "with an "
	  "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
	  "'[a-z]([-a-z0-9]*[a-z0-9])?')\n"
	  "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\",\"v2\",\"V\"]: must include "
	  "at "
	  "least one of v1, v1beta1" },
	{ HOOK(",'failurePolicy':'Maybe','matchPolicy':'Near','timeoutSeconds':31"),
	  "webhooks[0].failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", "
	  "\"Ignore\"\n"
	  "webhooks[0].matchPolicy: Unsupported value: \"Near\": supported values: \"Equivalent\", "
	  "\"Exact\"\n"
	  "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and "
	  "30 "
	  "seconds" },
	{ HOOK(",'reinvocationPolicy':'Often'"),
	  "webhooks[0].reinvocationPolicy: Unsupported value: \"Often\": supported values: "
	  "\"IfNeeded\", "
	  "\"Never\"" },
	{ HOOK(
	      ",'matchConditions':[{'name':'a','expression':'true'},{'name':'a','expression':''}]"),
	  "webhooks[0].matchConditions[1].expression: Required value\n"
	  "webhooks[0].matchConditions[1].name: Duplicate value: \"a\"" },
	{ HOOK(",'objectSelector':{'matchExpressions':[{'key':'a','operator':'In'}]}"),
	  "webhooks[0].objectSelector.matchExpressions[0].values: Required value: must be "
	  "specified when "
	  "`operator` is 'In' or 'NotIn'" },
	{ "{'webhooks':[{'name':'a.b.c','sideEffects':'None','admissionReviewVersions':['v1']" TO
	  "},{"
	  "'name':'a.b.c','sideEffects':'None','admissionReviewVersions':['v1']" TO "}]}",
	  "webhooks[1].name: Duplicate value: \"a.b.c\"" },
};

TEST(a_webhook_says_what_it_does_and_what_it_reads)
{
	KIND_CREATES(MUTATING, configuration, hook_cases);
}

#define OLD(members)                                                                 \
	"{'metadata':{'name':'w'},'webhooks':[{'name':'a.b.c','sideEffects':'Some'," \
	"'admissionReviewVersions':['v0'],'clientConfig':{'url':'https://x'}" members "}]}"

static const struct kind_case old_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ "{'webhooks':[{'name':'a.b.c','sideEffects':'Unknown','admissionReviewVersions':['v9'],"
	  "'clientConfig':{'url':'https://x'},'matchConditions':[{'name':'b','expression':''}]}]}",
	  "webhooks[0].matchConditions[0].expression: Required value" },
};

TEST(what_a_configuration_had_may_stay)
{
	struct kind_lab *lab = kind_lab(VALIDATING);

	KIND_UPDATES(VALIDATING, "", OLD(",'matchConditions':[{'name':'a','expression':''}]"),
		     old_cases);
	CHECK_STR(kind_lab_create(lab, configuration, NULL), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(kind_lab_update(lab, "", configuration, HOOK("")), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(kind_lab_update(lab, "", configuration, "{'metadata':{'labels':{'a':'b'}}}"), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "");
}
