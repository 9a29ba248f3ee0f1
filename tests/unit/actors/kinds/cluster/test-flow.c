#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/flowcontrol.h"

/* ---- FlowSchema ---------------------------------------------------------------------------------------------------- */

#define SCHEMA (&flowcontrol_flow_schema_type)
#define SPEC(members) "{'spec':{" members "}}"
#define RULES(members) SPEC("'rules':[{" members "}]")
#define SUBJECT(members)              \
	RULES("'subjects':[{" members \
	      "}],'nonResourceRules':[{'verbs':['get'],'nonResourceURLs':['/x']}]")
#define GROUP "'subjects':[{'kind':'Group','group':{'name':'*'}}]"
#define RESOURCES(members) RULES(GROUP ",'resourceRules':[{" members "}]")
#define URLS(list) \
	RULES(GROUP ",'nonResourceRules':[{'verbs':['get'],'nonResourceURLs':[" list "]}]")

static const char schema[] =
    "{'metadata':{'name':'f'},'spec':{'priorityLevelConfiguration':{'name':'p'},"
    "'matchingPrecedence':1000}}";

static const struct kind_case schema_cases[] = {
	{ NULL, "" },
	{ SPEC("'matchingPrecedence':-1"),
	  "spec.matchingPrecedence: Invalid value: -1: must be a positive value" },
	{ SPEC("'matchingPrecedence':10001"),
	  "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000" },
	{ SPEC("'matchingPrecedence':1"),
	  "spec.matchingPrecedence: Invalid value: 1: only the schema "
	  "named 'exempt' may have matchingPrecedence 1" },
	{ SPEC("'distinguisherMethod':{'type':'ByMood'}"),
	  "spec.distinguisherMethod.type: Unsupported value: \"ByMood\": supported values: "
	  "\"ByNamespace\", \"ByUser\"" },
	{ SPEC("'priorityLevelConfiguration':{'name':''}"),
	  "spec.priorityLevelConfiguration.name: Required value: must reference a priority level" },
	{ RULES(""),
	  "spec.rules[0].subjects: Required value: subjects must contain at least one value\n"
	  "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules "
	  "has to be non-empty" },
	{ SUBJECT("'kind':'User','user':{'name':'u'}"), "" },
	{ SUBJECT("'kind':'Cat'"),
	  "spec.rules[0].subjects[0].kind: Unsupported value: \"Cat\": supported "
	  "values: \"Group\", \"ServiceAccount\", \"User\"" },
	{ SUBJECT("'kind':'User','group':{'name':'g'}"),
	  "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is "
	  "'User'\n"
	  "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not "
	  "'Group'" },
	{ SUBJECT("'kind':'Group','group':{'name':''}"),
	  "spec.rules[0].subjects[0].group.name: Required value" },
	{ SUBJECT("'kind':'ServiceAccount','serviceAccount':{'namespace':'','name':'A'}"),
	  "spec.rules[0].subjects[0].serviceAccount.name: Invalid value: \"A\": a lowercase RFC "
	  "1123 "
	  "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	  "start and "
	  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify "
	  "namespace for "
	  "service account" },
	{ SUBJECT("'kind':'ServiceAccount','serviceAccount':{'namespace':'n','name':'*'}"), "" },
	{ RESOURCES(
	      "'verbs':['get','list'],'apiGroups':[''],'resources':['pods'],'namespaces':['*']"),
	  "" },
	{ RESOURCES("'verbs':['*'],'apiGroups':['*'],'resources':['*'],'clusterScope':true"), "" },
	{ RESOURCES("'verbs':[],'apiGroups':[],'resources':[]"),
	  "spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one "
	  "value\n"
	  "spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at "
	  "least "
	  "one api group\n"
	  "spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at "
	  "least "
	  "one resource\n"
	  "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not "
	  "cluster "
	  "scoped must supply at least one namespace" },
	{ RESOURCES(
	      "'verbs':['get','*'],'apiGroups':['*','a'],'resources':['*'],'namespaces':['A']"),
	  "spec.rules[0].resourceRules[0].verbs: Invalid value: [\"get\",\"*\"]: if '*' is "
	  "present, must "
	  "not specify other verbs\n"
	  "spec.rules[0].resourceRules[0].apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is "
	  "present, must "
	  "not specify other api groups\n"
	  "spec.rules[0].resourceRules[0].namespaces[0]: Invalid value: \"A\": a lowercase RFC "
	  "1123 label "
	  "must consist of lower case alphanumeric characters or '-', and must start and end with "
	  "an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ RESOURCES("'verbs':['eat'],'apiGroups':['*'],'resources':['*'],'namespaces':['*']"),
	  "spec.rules[0].resourceRules[0].verbs: Unsupported value: [\"eat\"]: supported values: "
	  "\"create\", \"delete\", \"deletecollection\", \"get\", \"list\", \"patch\", \"proxy\", "
	  "\"update\", \"watch\"" },
	{ URLS("'/','/a/*','/b'"), "" },
	{ URLS("'','a','/a b','/a//b','/a*','/*/a'"),
	  "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"\": must not be "
	  "empty\n"
	  "spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"a\": must start "
	  "with "
	  "slash\n"
	  "spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: \"/a b\": must not "
	  "contain "
	  "white-space\n"
	  "spec.rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: \"/a//b\": must "
	  "not contain "
	  "double slash\n"
	  "spec.rules[0].nonResourceRules[0].nonResourceURLs[4]: Invalid value: \"/a*\": wildcard "
	  "can only "
	  "do suffix matching\n"
	  "spec.rules[0].nonResourceRules[0].nonResourceURLs[5]: Invalid value: \"/*/a\": wildcard "
	  "can only "
	  "do suffix matching" },
};

static const struct kind_case conditions_cases[] = {
	{ "{'status':{'conditions':[{'type':'A','status':'True'}]}}", "" },
	{ "{'status':{'conditions':[{'type':'A'},{'type':'A'},{'type':''}]}}",
	  "status.conditions[1].type: Duplicate value: \"A\"\n"
	  "status.conditions[2].type: Required value" },
};

TEST(a_schema_says_which_requests_go_by_a_level)
{
	KIND_CREATES(SCHEMA, schema, schema_cases);
	KIND_UPDATES(SCHEMA, "status", schema, conditions_cases);
}

#define EXEMPT                                                                                     \
	"{'metadata':{'name':'exempt'},'spec':{'priorityLevelConfiguration':{'name':'exempt'},"    \
	"'matchingPrecedence':1,'rules':[{'subjects':[{'kind':'Group','group':{'name':"            \
	"'system:masters'}}],'resourceRules':[{'verbs':['*'],'apiGroups':['*'],'resources':['*']," \
	"'"                                                                                        \
	"clusterScope':true,'namespaces':['*']}],'nonResourceRules':[{'verbs':['*'],"              \
	"'nonResourceURLs':['*']}]}]}}"

TEST(what_the_server_falls_back_upon_stays)
{
	struct kind_lab *lab = kind_lab(SCHEMA);

	CHECK_STR(kind_lab_create(lab, EXEMPT, NULL), "");
	CHECK(str_ends(kind_lab_create(lab, EXEMPT, SPEC("'matchingPrecedence':2")),
		       STR(": spec of 'exempt' must equal the fixed value")));
	CHECK(str_ends(kind_lab_create(lab, schema, "{'metadata':{'name':'catch-all'}}"),
		       STR(": spec of 'catch-all' must equal the fixed value")));
}

/* ---- PriorityLevelConfiguration ---------------------------------------------------------------------------------------- */

#define LEVEL (&flowcontrol_priority_level_configuration_type)
#define LIMITED(members) SPEC("'limited':{" members "}")
#define QUEUING(members) LIMITED("'limitResponse':{'type':'Queue','queuing':{" members "}}")

static const char level[] =
    "{'metadata':{'name':'l'},'spec':{'type':'Limited','limited':{"
    "'nominalConcurrencyShares':30,'lendablePercent':0,'limitResponse':{'type':"
    "'Reject'}}}}";

static const struct kind_case level_cases[] = {
	{ NULL, "" },
	{ LIMITED("'nominalConcurrencyShares':-1,'lendablePercent':101,'borrowingLimitPercent':-1"),
	  "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative "
	  "integer\n"
	  "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive\n"
	  "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a "
	  "non-negative "
	  "integer" },
	{ QUEUING("'queues':64,'handSize':8,'queueLengthLimit':50"), "" },
	{ QUEUING("'queues':-1,'handSize':-1,'queueLengthLimit':-1"),
	  "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be "
	  "positive\n"
	  "spec.limited.limitResponse.queuing.queues: Invalid value: -1: must be positive\n"
	  "spec.limited.limitResponse.queuing.handSize: Invalid value: -1: must be positive" },
	{ QUEUING("'queues':4,'handSize':5,'queueLengthLimit':1"),
	  "spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater "
	  "than "
	  "queues (4)" },
	{ QUEUING("'queues':128,'handSize':9,'queueLengthLimit':1"),
	  "spec.limited.limitResponse.queuing.handSize: Invalid value: 9: required entropy bits of "
	  "deckSize 128 and handSize 9 should not be greater than 60" },
	{ "{'spec':{'type':'Exempt','limited':null}}",
	  "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is "
	  "'exempt'" },
	{ "{'spec':{'type':'','limited':null}}", "spec.type: Required value" },
	{ "{'spec':{'limited':{'limitResponse':{'type':''}}}}",
	  "spec.limited.limitResponse.type: Required value" },
	{ QUEUING("'queues':-1,'handSize':2,'queueLengthLimit':1"),
	  "spec.limited.limitResponse.queuing.queues: Invalid value: -1: must be positive\n"
	  "spec.limited.limitResponse.queuing.handSize: Invalid value: 2: should not be greater "
	  "than queues (-1)" },
	{ "{'metadata':{'name':'exempt'},'spec':{'type':'Exempt','limited':null,'exempt':{"
	  "'nominalConcurrencyShares':-1,'lendablePercent':-1}}}",
	  "spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative "
	  "integer\n"
	  "spec.exempt.lendablePercent: Invalid value: -1: must be between 0 and 100, inclusive" },
	{ "{'metadata':{'annotations':{'flowcontrol.k8s.io/"
	  "v1beta3-preserve-zero-concurrency-shares':''}"
	  "}}",
	  "metadata.annotations: Forbidden: annotation "
	  "'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares' is forbidden" },
	{ "{'metadata':{'name':'catch-all'},'spec':{'limited':{'nominalConcurrencyShares':5}}}",
	  "" },
};

TEST(a_level_bounds_what_runs_and_what_waits)
{
	KIND_CREATES(LEVEL, level, level_cases);
	KIND_UPDATES(LEVEL, "status", level, conditions_cases);
	CHECK(str_ends(kind_lab_create(kind_lab(LEVEL), level, "{'metadata':{'name':'catch-all'}}"),
		       STR(": spec of 'catch-all' must equal the fixed value")));
}
