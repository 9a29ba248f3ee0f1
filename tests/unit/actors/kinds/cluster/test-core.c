#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

#define SPEC(members) "{'spec':{" members "}}"
#define DATA(members) "{'data':{" members "}}"

/* ---- ConfigMap and Secret --------------------------------------------------------------------------------------------- */

#define MAP (&core_config_map_type)
#define SECRET (&core_secret_type)

static const char map[] = "{'metadata':{'name':'m'},'data':{'a':'b'}}";

static const struct kind_case map_cases[] = {
	{ NULL, "" },
	{ DATA("'a/b':'c','..':'d'"),
	  "data[..]: Invalid value: \"..\": must not be '..'\n"
	  "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric "
	  "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex "
	  "used for validation is '[-._a-zA-Z0-9]+')" },
	{ "{'binaryData':{'a':'eA==','b c':'eA=='}}",
	  "data[a]: Invalid value: \"a\": duplicate of key present in binaryData\n"
	  "binaryData[b c]: Invalid value: \"b c\": a valid config key must consist of "
	  "alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
	  "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')" },
};

TEST(keys_of_config_maps_are_names_of_files)
{
	KIND_CREATES(MAP, map, map_cases);
}

static const struct kind_case fixed_map_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ "{'immutable':null}",
	  "immutable: Forbidden: field is immutable when `immutable` is set" },
	{ DATA("'a':'c'"), "data: Forbidden: field is immutable when `immutable` is set" },
	{ "{'binaryData':{'x':'eA=='}}",
	  "binaryData: Forbidden: field is immutable when `immutable` is set" },
};

TEST(what_was_fixed_stays)
{
	KIND_UPDATES(MAP, "", "{'metadata':{'name':'m'},'immutable':true,'data':{'a':'b'}}",
		     fixed_map_cases);
}

static const char *with_large_value(const char *begin)
{
	char *json = arena_alloc(test_arena(), 2 * MIB);
	size_t len = strlen(begin);

	memcpy(json, begin, len);
	memset(json + len, 'x', MIB + 1);
	memcpy(json + len + MIB + 1, "'}}", 4);
	return json;
}

TEST(all_values_together_are_a_mebibyte_at_most)
{
	CHECK_STR(kind_lab_create(kind_lab(MAP),
				  with_large_value("{'metadata':{'name':'m'},'data':{'a':'"), NULL),
		  "[]: Too long: may not be more than 1048576 bytes");
	CHECK_STR(kind_lab_create(kind_lab(SECRET),
				  with_large_value("{'metadata':{'name':'m'},'stringData':{'a':'"),
				  NULL),
		  "data: Too long: may not be more than 1048576 bytes");
}

#define TYPED(type, data) "{'type':'" type "','data':{" data "}}"

static const struct kind_case secret_cases[] = {
	{ NULL, "" },
	{ DATA("'a/b':'eA=='"),
	  "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric "
	  "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex "
	  "used for validation is '[-._a-zA-Z0-9]+')" },
	{ TYPED("any.thing", ""), "" },
	{ TYPED("kubernetes.io/service-account-token", ""),
	  "metadata.annotations[kubernetes.io/service-account.name]: Required value" },
	{ TYPED("kubernetes.io/dockercfg", ""), "data[.dockercfg]: Required value" },
	{ TYPED("kubernetes.io/dockercfg", "'.dockercfg':'e30='"), "" },
	{ TYPED("kubernetes.io/dockerconfigjson", "'.dockerconfigjson':'eA=='"),
	  "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid "
	  "character 'x' looking for beginning of value" },
	{ TYPED("kubernetes.io/dockerconfigjson", "'.dockerconfigjson':'W10='"),
	  "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": json: cannot "
	  "unmarshal array into Go value of type map[string]interface {}" },
	{ TYPED("kubernetes.io/basic-auth", ""), "data[username]: Required value\n"
						 "data[password]: Required value" },
	{ TYPED("kubernetes.io/basic-auth", "'username':'eA=='"), "" },
	{ TYPED("kubernetes.io/ssh-auth", "'ssh-privatekey':''"),
	  "data[ssh-privatekey]: Required value" },
	{ TYPED("kubernetes.io/tls", ""), "data[tls.crt]: Required value\n"
					  "data[tls.key]: Required value" },
};

TEST(types_of_secrets_ask_for_keys)
{
	KIND_CREATES(SECRET, "{'metadata':{'name':'s'}}", secret_cases);
}

static const struct kind_case secret_update_cases[] = {
	{ "{'type':null}", "type: Invalid value: \"Opaque\": field is immutable" },
	{ "{'type':'x'}", "type: Invalid value: \"x\": field is immutable" },
	{ "{'immutable':false}",
	  "immutable: Forbidden: field is immutable when `immutable` is set" },
	{ DATA("'a':'eA=='"), "data: Forbidden: field is immutable when `immutable` is set" },
	{ "{'stringData':{'a':'b'}}",
	  "data: Forbidden: field is immutable when `immutable` is set" },
};

TEST(a_secret_keeps_its_type)
{
	struct kind_lab *lab = kind_lab(SECRET);

	KIND_UPDATES(SECRET, "", "{'metadata':{'name':'s'},'immutable':true,'type':'t'}",
		     secret_update_cases);
	CHECK_STR(
	    kind_lab_create(
		lab, "{'metadata':{'name':'s'},'data':{'a':'eA==','b':'eA=='},'stringData':{'a':'y','c':'z'}}",
		NULL),
	    "");
	CHECK_STR(kind_lab_value(lab, "data[a]"), "eQ==");
	CHECK_STR(kind_lab_value(lab, "data[b]"), "eA==");
	CHECK_STR(kind_lab_value(lab, "data[c]"), "eg==");
	CHECK_STR(kind_lab_value(lab, "stringData[a]"), "");
	CHECK_STR(kind_lab_value(lab, "type"), "Opaque");
}

/* ---- ServiceAccount ------------------------------------------------------------------------------------------------------ */

TEST(of_the_secrets_of_an_account_names_are_kept)
{
	struct kind_lab *lab = kind_lab(&core_service_account_type);

	CHECK_STR(kind_lab_create(lab,
				  "{'metadata':{'name':'a','annotations':{'kubernetes.io/"
				  "enforce-mountable-secrets':'true'}},'secrets':[{'name':'s','"
				  "kind':'Secret','namespace':'x'}]}",
				  NULL),
		  "");
	CHECK_STR(kind_lab_value(lab, "secrets[0].name"), "s");
	CHECK_STR(kind_lab_value(lab, "secrets[0].kind"), "");
	CHECK_STR(kind_lab_warnings(lab),
		  "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in "
		  "v1.32+; prefer separate namespaces to isolate access to mounted secrets");
	CHECK_STR(
	    kind_lab_update(
		lab,
		"", "{'metadata':{'name':'a','annotations':{'kubernetes.io/enforce-mountable-secrets':'true'}}}",
		NULL),
	    "");
	CHECK_STR(kind_lab_warnings(lab), "");
}

/* ---- Endpoints -------------------------------------------------------------------------------------------------------------- */

#define ENDPOINTS (&core_endpoints_type)
#define SUBSET(members) "{'subsets':[{" members "}]}"

static const char endpoints[] = "{'metadata':{'name':'e'}}";

static const struct kind_case endpoint_cases[] = {
	{ NULL, "" },
	{ SUBSET(""),
	  "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`" },
	{ SUBSET("'addresses':[{'ip':'x'},{'ip':'127.0.0.1','hostname':'A','nodeName':'B'},{'ip':'"
		 "0.0.0.0'},{'ip':'169.254.1.1'},{'ip':'224.0.0.1'}]"),
	  "subsets[0].addresses[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. "
	  "10.9.8.7 or 2001:db8::ffff)\n"
	  "subsets[0].addresses[0].ip: Invalid value: \"x\": must be a valid IP address\n"
	  "subsets[0].addresses[1].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must "
	  "consist of lower case alphanumeric characters or '-', and must start and end with an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "subsets[0].addresses[1].nodeName: Invalid value: \"B\": a lowercase RFC 1123 subdomain "
	  "must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "subsets[0].addresses[1].ip: Invalid value: \"127.0.0.1\": may not be in the loopback "
	  "range (127.0.0.0/8, ::1/128)\n"
	  "subsets[0].addresses[2].ip: Invalid value: \"0.0.0.0\": may not be unspecified "
	  "(0.0.0.0)\n"
	  "subsets[0].addresses[3].ip: Invalid value: \"169.254.1.1\": may not be in the "
	  "link-local range (169.254.0.0/16, fe80::/10)\n"
	  "subsets[0].addresses[4].ip: Invalid value: \"224.0.0.1\": may not be in the link-local "
	  "multicast range (224.0.0.0/24, ff02::/10)" },
	{ SUBSET("'notReadyAddresses':[{'ip':'01.2.3.4'}],'ports':[{'port':0,'protocol':'x'},{'"
		 "name':'A','port':80,'appProtocol':'/'}]"),
	  "subsets[0].notReadyAddresses[0].ip: Invalid value: \"01.2.3.4\": must not have leading "
	  "0s\n"
	  "subsets[0].ports[0].name: Required value\n"
	  "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n"
	  "subsets[0].ports[0].protocol: Unsupported value: \"x\": supported values: \"SCTP\", "
	  "\"TCP\", \"UDP\"\n"
	  "subsets[0].ports[1].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist "
	  "of lower case alphanumeric characters or '-', and must start and end with an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "subsets[0].ports[1].appProtocol: Invalid value: \"/\": prefix part must be non-empty\n"
	  "subsets[0].ports[1].appProtocol: Invalid value: \"/\": name part must be non-empty\n"
	  "subsets[0].ports[1].appProtocol: Invalid value: \"/\": name part must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ SUBSET("'addresses':[{'ip':'1.2.3.4'}],'ports':[{'port':80}]"), "" },
};

TEST(endpoints_are_judged)
{
	KIND_CREATES(ENDPOINTS, endpoints, endpoint_cases);
}

TEST(endpoints_that_do_not_change_are_not_judged)
{
	struct kind_lab *lab = kind_lab(ENDPOINTS);

	CHECK_STR(kind_lab_update(lab, "", "{'metadata':{'name':'e'},'subsets':[{}]}",
				  "{'metadata':{'labels':{'a':'b'}}}"),
		  "");
	CHECK_STR(kind_lab_create(lab, endpoints, SUBSET("'addresses':[{'ip':'FD00::1'}]")), "");
	CHECK_STR(kind_lab_warnings(lab), "subsets[0].addresses[0].ip: IPv6 address \"FD00::1\" "
					  "should be in RFC 5952 canonical format (\"fd00::1\")");
}

/* ---- LimitRange ---------------------------------------------------------------------------------------------------------------- */

#define RANGE (&core_limit_range_type)
#define LIMIT(members) SPEC("'limits':[{" members "}]")

static const char range[] = "{'metadata':{'name':'l'},'spec':{'limits':[]}}";

static const struct kind_case range_cases[] = {
	{ NULL, "" },
	{ LIMIT("'type':'x'"), "spec.limits[0].type: Invalid value: \"x\": must be a standard "
			       "limit type or fully qualified" },
	{ LIMIT("'type':''"),
	  "spec.limits[0].type: Invalid value: \"\": name part must be non-empty\n"
	  "spec.limits[0].type: Invalid value: \"\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ SPEC("'limits':[{'type':'Pod'},{'type':'Pod'}]"),
	  "spec.limits[1].type: Duplicate value: \"Pod\"" },
	{ LIMIT("'type':'Pod','max':{'storage':'1','a/"
		"b':'1'},'default':{'cpu':'1'},'defaultRequest':{'cpu':'1'}"),
	  "spec.limits[0].max[storage]: Invalid value: \"storage\": must be a standard resource "
	  "for containers\n"
	  "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'\n"
	  "spec.limits[0].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'" },
	{ LIMIT("'type':'PersistentVolumeClaim'"),
	  "spec.limits[0].limits: Required value: either minimum or maximum storage value is "
	  "required, but neither was provided" },
	{ LIMIT("'type':'example.com/x','max':{'storage':'1','y':'1'}"),
	  "spec.limits[0].max[y]: Invalid value: \"y\": must be a standard resource type or fully "
	  "qualified" },
	{ LIMIT("'type':'Container','min':{'cpu':'2'},'max':{'cpu':'1'}"),
	  "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1\n"
	  "spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than "
	  "default request value 1\n"
	  "spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than default "
	  "value 1" },
	{ LIMIT("'type':'Container','min':{'cpu':'2'},'max':{'cpu':'4'},'default':{'cpu':'5'},'"
		"defaultRequest':{'cpu':'1'}"),
	  "spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than "
	  "default request value 1\n"
	  "spec.limits[0].default[cpu]: Invalid value: \"4\": default value 5 is greater than max "
	  "value 4" },
	{ LIMIT("'type':'Container','min':{'cpu':'2'},'max':{'cpu':'4'},'default':{'cpu':'1'},'"
		"defaultRequest':{'cpu':'5'}"),
	  "spec.limits[0].defaultRequest[cpu]: Invalid value: \"5\": default request value 5 is "
	  "greater than max value 4\n"
	  "spec.limits[0].defaultRequest[cpu]: Invalid value: \"5\": default request value 5 is "
	  "greater than default limit value 1\n"
	  "spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than default "
	  "value 1" },
	{ LIMIT("'type':'Container','maxLimitRequestRatio':{'cpu':'500m'}"),
	  "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"500m\": ratio 500m is less "
	  "than 1" },
	{ LIMIT("'type':'Container','min':{'cpu':'2'},'max':{'cpu':'4'},'maxLimitRequestRatio':{'"
		"cpu':'3'}"),
	  "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than "
	  "max/min = 2.000000" },
	{ LIMIT("'type':'Container','default':{'example.com/"
		"gpu':'2'},'defaultRequest':{'example.com/gpu':'1'}"),
	  "spec.limits[0].defaultRequest[example.com/gpu]: Invalid value: \"1\": default value 2 "
	  "must equal to defaultRequest value 1 in example.com/gpu" },
};

TEST(limits_are_in_order)
{
	struct kind_lab *lab = kind_lab(RANGE);

	KIND_CREATES(RANGE, range, range_cases);
	CHECK_STR(kind_lab_create(lab, "{'metadata':{'name':''}}", NULL), "");
	CHECK_EQ(kind_lab_value(lab, "metadata.name").len, 36);
}

/* ---- ResourceQuota -------------------------------------------------------------------------------------------------------------- */

#define QUOTA (&core_resource_quota_type)
#define SELECTOR(members)                           \
	SPEC("'hard':{'pods':'1','cpu':'1','count/" \
	     "a.b':'1'},'scopeSelector':{'matchExpressions':[" members "]}")

static const char quota[] =
    "{'metadata':{'name':'q'},'spec':{'hard':{'pods':'1'},'scopes':['BestEffort']}}";

static const struct kind_case quota_cases[] = {
	{ NULL, "" },
	{ SPEC("'hard':{'storage':'1','x':'1','pods':'1500m','requests.hugepages-2Mi':'1','example."
	       "com/x':'-1'},'scopes':null"),
	  "spec.hard[example.com/x]: Invalid value: \"-1\": must be greater than or equal to 0\n"
	  "spec.hard[pods]: Invalid value: \"1500m\": must be an integer\n"
	  "spec.hard[storage]: Invalid value: \"storage\": must be a standard resource for quota\n"
	  "spec.hard[x]: Invalid value: \"x\": must be a standard resource type or fully "
	  "qualified\n"
	  "spec.hard[x]: Invalid value: \"x\": must be a standard resource for quota" },
	{ SPEC("'hard':{'cpu':'1','configmaps':'1'},'scopes':['BestEffort','NotBestEffort','x']"),
	  "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"x\"]: unsupported scope "
	  "applied to resource\n"
	  "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"x\"]: unsupported "
	  "scope\n"
	  "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"x\"]: conflicting "
	  "scopes" },
	{ SPEC("'scopes':['Terminating','NotTerminating']"),
	  "spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes" },
	{ SPEC("'hard':{'pods':null,'persistentvolumeclaims':'1'},'scopes':['VolumeAttributesClass'"
	       "]"),
	  "" },
	{ SELECTOR("{'scopeName':'x','operator':'In'}"),
	  "spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource\n"
	  "spec.scopeSelector.matchExpressions.scopeName: Invalid value: \"x\": unsupported scope\n"
	  "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value "
	  "when `operator` is 'In' or 'NotIn' for scope selector" },
	{ SELECTOR("{'scopeName':'PriorityClass','operator':'Exists','values':['a']},{'scopeName':'"
		   "BestEffort','operator':'In','values':['a']},{'scopeName':'NotBestEffort','"
		   "operator':'y'}"),
	  "spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource\n"
	  "spec.scopeSelector.matchExpressions.values: Invalid value: [\"a\"]: must be no value "
	  "when `operator` is 'Exist' or 'DoesNotExist' for scope selector\n"
	  "spec.scopeSelector.matchExpressions: Invalid value: "
	  "{\"MatchExpressions\":[{\"ScopeName\":\"PriorityClass\",\"Operator\":\"Exists\","
	  "\"Values\":[\"a\"]},{\"ScopeName\":\"BestEffort\",\"Operator\":\"In\",\"Values\":[\"a\"]"
	  "},{\"ScopeName\":\"NotBestEffort\",\"Operator\":\"y\",\"Values\":null}]}: unsupported "
	  "scope applied to resource\n"
	  "spec.scopeSelector.matchExpressions.operator: Invalid value: \"In\": must be 'Exists' "
	  "when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
	  "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
	  "ResourceQuotaScopeCrossNamespacePodAffinity\n"
	  "spec.scopeSelector.matchExpressions.operator: Invalid value: \"y\": must be 'Exists' "
	  "when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
	  "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
	  "ResourceQuotaScopeCrossNamespacePodAffinity\n"
	  "spec.scopeSelector.matchExpressions.operator: Invalid value: \"y\": not a valid "
	  "selector operator\n"
	  "spec.scopeSelector.matchExpressions: Invalid value: [\"BestEffort\"]: conflicting "
	  "scopes" },
};

static const struct kind_case quota_update_cases[] = {
	{ SPEC("'hard':{'pods':'2'}"), "" },
	{ SPEC("'scopes':['BestEffort','BestEffort']"), "" },
	{ SPEC("'scopes':['NotBestEffort']"),
	  "spec.scopes: Invalid value: [\"NotBestEffort\"]: field is immutable" },
};

static const struct kind_case quota_status_cases[] = {
	{ "{'status':{'hard':{'x':'1'},'used':{'pods':'-1'}}}",
	  "status.hard[x]: Invalid value: \"x\": must be a standard resource type or fully "
	  "qualified\n"
	  "status.hard[x]: Invalid value: \"x\": must be a standard resource for quota\n"
	  "status.used[pods]: Invalid value: \"-1\": must be greater than or equal to 0" },
};

TEST(scopes_of_quotas_fit_what_they_count)
{
	KIND_CREATES(QUOTA, quota, quota_cases);
	KIND_UPDATES(QUOTA, "", quota, quota_update_cases);
	KIND_UPDATES(QUOTA, "status", quota, quota_status_cases);
}

static const struct kind_case quota_warning_cases[] = {
	{ SPEC("'hard':{'cpu':'2','limits.cpu':'1','requests.storage':'1','limits.memory':'1','"
	       "requests.memory':'2'},'scopes':null"),
	  "ResourceQuota cpu (2) should be less than limits.cpu (1)\n"
	  "ResourceQuota requests.memory (2) should be less than limits.memory (1)" },
};

TEST(more_requests_than_limits_are_odd)
{
	KIND_WARNS(QUOTA, quota, quota_warning_cases);
}
