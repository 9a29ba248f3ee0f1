#include "datastore/schema/resource.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define SLICE (&resource_resource_slice_type)
#define SPEC(members) "{'spec':{" members "}}"
#define DEVICE(members) "{'spec':{'devices':[{'name':'d'," members "}]}}"
#define PART                                                                                       \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "   \
	"and "                                                                                     \
	"must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex " \
	"used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

static const char slice[] = "{'metadata':{'name':'s'},'spec':{'driver':'a.io','nodeName':'n','pool'"
			    ":{'name':'p','generation':1,"
			    "'resourceSliceCount':1},'devices':[{'name':'d'}]}}";

static const struct kind_case creates[] = {
	{ NULL, "" },
	{ SPEC("'driver':'','pool':{'name':'','generation':-1,'resourceSliceCount':0}"),
	  "spec.driver: Required value\nspec.pool.name: Required value\n"
	  "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero\n"
	  "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero" },
	{ SPEC("'nodeName':''"),
	  "spec.nodeName: Invalid value: \"\": must be either unset or set to a non-empty string\n"
	  "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, "
	  "`perDeviceNodeSelection` is required" },
	{ SPEC("'allNodes':true"),
	  "spec: Invalid value: \"{`nodeName`, `allNodes`}\": exactly one of `nodeName`, "
	  "`nodeSelector`, "
	  "`allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set" },
	{ SPEC("'allNodes':false"),
	  "spec.allNodes: Invalid value: false: must be either unset or set to true" },
	{ SPEC("'nodeName':null,'nodeSelector':{'nodeSelectorTerms':[{'matchFields':[{'key':"
	       "'metadata.name','operator':'In','values':['n']}]},{'matchFields':[{'key':"
	       "'metadata.name','operator':'In','values':['m']}]}]}"),
	  "spec.nodeSelector.nodeSelectorTerms: Invalid value: [{\"MatchExpressions\":null,"
	  "\"MatchFields\":[{\"Key\":\"metadata.name\",\"Operator\":\"In\",\"Values\":[\"n\"]}]},"
	  "{\"MatchExpressions\":null,\"MatchFields\":[{\"Key\":\"metadata.name\",\"Operator\":"
	  "\"In\","
	  "\"Values\":[\"m\"]}]}]: must have exactly one node selector term" },
	{ SPEC("'sharedCounters':[{'name':'c','counters':{'m':{'value':'1'}}}]"),
	  "spec: Invalid value: \"\": only one of `sharedCounters` or `devices` is allowed" },
	{ SPEC("'devices':[{'name':'A'},{'name':'d'},{'name':'d'}]"),
	  "spec.devices[0].name: Invalid value: \"A\": " PART "\n"
	  "spec.devices[2]: Duplicate value: \"d\"" },
	{ DEVICE("'nodeName':'n'"),
	  "spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can "
	  "only be "
	  "set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec" },
	{ SPEC("'nodeName':null,'perDeviceNodeSelection':true"),
	  "spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or "
	  "`allNodes` is "
	  "required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec" },
	{ DEVICE("'taints':[{'key':'a b','effect':'NoSchedule'}]"),
	  "spec.devices[0].taints[0].key: Invalid value: \"a b\": name part must consist of "
	  "alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. "
	  "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ DEVICE("'bindingFailureConditions':['a']"),
	  "spec.devices[0].bindingConditions: Invalid value: null: bindingConditions are required "
	  "to use "
	  "bindingFailureConditions" },
};

static const struct kind_case attributes[] = {
	{ DEVICE("'attributes':{'a.io/b':{'int':1},'c':{'version':'1.2.3-a.1+b.01'}}"), "" },
	{ DEVICE("'attributes':{'a':{'version':'1.2'}}"),
	  "spec.devices[0].attributes[a].version: Invalid value: \"1.2\": must be a string "
	  "compatible with "
	  "semver.org spec 2.0.0" },
	{ DEVICE("'attributes':{'a':{'version':'1.2.03'}}"),
	  "spec.devices[0].attributes[a].version: Invalid value: \"1.2.03\": must be a string "
	  "compatible "
	  "with semver.org spec 2.0.0" },
	{ DEVICE("'attributes':{'/a':{'bool':true}}"),
	  "spec.devices[0].attributes: Invalid value: \"\": the domain must not be empty" },
	{ DEVICE("'attributes':{'a.io/':{'bool':true}}"),
	  "spec.devices[0].attributes: Invalid value: \"\": the name must not be empty" },
	{ DEVICE("'attributes':{'a':{'string':"
		 "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}}"),
	  "spec.devices[0].attributes[a].string: Too long: may not be more than 64 bytes" },
};

#define POLICY(members)                                                                         \
	DEVICE("'allowMultipleAllocations':true,'capacity':{'m':{'value':'10','requestPolicy':" \
	       "{" members "}}}")
#define AT "spec.devices[0].capacity[m].requestPolicy"

static const struct kind_case policies[] = {
	{ DEVICE("'capacity':{'m':{'value':'1','requestPolicy':{}}}"),
	  AT ": Forbidden: allowMultipleAllocations must be true" },
	{ POLICY("'default':'2','validValues':['2','4']"), "" },
	{ POLICY("'validValues':['2','4']"),
	  AT ".default: Required value: required when validValues is defined" },
	{ POLICY("'default':'3','validValues':['4','2','2','11']"),
	  AT ".validValues[1]: Invalid value: \"2\": values must be sorted in ascending order\n" AT
	     ".validValues[3]: Invalid value: \"11\": option is larger than capacity value: 10\n" AT
	     ".validValues[2]: Duplicate value: \"2\"\n" AT
	     ".validValues: Invalid value: \"3\": default value is not valid according to the "
	     "requestPolicy" },
	{ POLICY("'default':'2','validRange':{'min':'2','max':'8','step':'2'}"), "" },
	{ POLICY("'default':'2','validRange':{}"),
	  AT ".validRange.min: Required value: required when validRange is defined" },
	{ POLICY("'default':'1','validRange':{'min':'2','max':'12'}"),
	  AT ".validRange.default: Invalid value: \"1\": default is less than min: 2\n" AT
	     ".validRange.max: Invalid value: \"12\": max is larger than capacity value: 10" },
	{ POLICY("'default':'3','validRange':{'min':'2','max':'9','step':'2'}"),
	  AT ".validRange.step: Invalid value: \"3\": value is not a multiple of a given step (2) "
	     "from "
	     "(2)\n" AT
	     ".validRange.step: Invalid value: \"9\": value is not a multiple of a given step "
	     "(2) from (2)" },
	{ POLICY("'default':'2','validRange':{'min':'2','step':'0'}"),
	  AT ".validRange.step: Invalid value: \"0\": must be greater than zero" },
	{ POLICY("'default':'2','validRange':{'min':'2','step':'9'}"), AT
	  ".validRange.step: Invalid value: \"9\": one step 11 is larger than capacity value: 10" },
	{ POLICY("'default':'2','validRange':{'min':'-1','step':'1'}"),
	  AT ".validRange.min: Invalid value: \"-1\": must be greater than or equal to 0" },
};

TEST(a_slice_says_what_devices_there_are_and_where)
{
	KIND_CREATES(SLICE, slice, creates);
	KIND_CREATES(SLICE, slice, attributes);
	KIND_CREATES(SLICE, slice, policies);
}

TEST(a_slice_stays_with_its_driver_pool_and_node)
{
	static const struct kind_case cases[] = {
		{ DEVICE("'attributes':{'a':{'int':1}}"), "" },
		{ SPEC("'driver':'b.io','nodeName':'m','pool':{'name':'q'}"),
		  "spec.pool.name: Invalid value: \"q\": field is immutable\n"
		  "spec.driver: Invalid value: \"b.io\": field is immutable\n"
		  "spec.nodeName: Invalid value: \"m\": field is immutable" },
	};
	static const struct kind_case warnings[] = {
		{ NULL, "" },
		{ SPEC("'driver':'A.io'"),
		  "spec.driver: driver names should be lowercase; \"A.io\" contains "
		  "uppercase characters" },
	};

	KIND_UPDATES(SLICE, "", slice, cases);
	KIND_WARNS(SLICE, slice, warnings);
}

/* ---- classes and taints --------------------------------------------------------------------------------------- */

TEST(a_device_class_has_selectors_and_configuration)
{
	static const char class[] =
	    "{'metadata':{'name':'c'},'spec':{'selectors':[{'cel':{'expression':'true'}}]}}";
	static const struct kind_case cases[] = {
		{ NULL, "" },
		{ SPEC("'selectors':[{'cel':{'expression':'1'}}]"),
		  "spec.selectors[0].cel.expression: Invalid value: \"1\": must evaluate to bool "
		  "or the "
		  "unknown type, not int" },
		{ SPEC("'config':[{}]"), "spec.config[0].opaque: Required value" },
	};
	static const char bad[] =
	    "{'metadata':{'name':'c'},'spec':{'selectors':[{'cel':{'expression':"
	    "'1'}}]}}";
	static const struct kind_case updates[] = {
		/* What was stored once may stay. */
		{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	};

	KIND_CREATES(&resource_device_class_type, class, cases);
	KIND_UPDATES(&resource_device_class_type, "", bad, updates);
}

TEST(a_taint_of_devices_says_since_when_it_is_what_it_is)
{
	static const char rule[] =
	    "{'metadata':{'name':'r'},'spec':{'deviceSelector':{'driver':'a.io'},"
	    "'taint':{'key':'k','effect':'NoSchedule','timeAdded':"
	    "'2020-01-02T03:04:05Z'}}}";
	static const struct kind_case cases[] = {
		{ NULL, "" },
		{ SPEC("'deviceSelector':{'driver':'-','pool':'','device':'d'}"),
		  "spec.deviceSelector.driver: Invalid value: \"-\": a lowercase RFC 1123 "
		  "subdomain must "
		  "consist of lower case alphanumeric characters, '-' or '.', and must start and "
		  "end with an "
		  "alphanumeric character (e.g. 'example.com', regex used for validation is "
		  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
		  "spec.deviceSelector.pool: Required value" },
		{ SPEC("'taint':{'effect':''}"), "spec.taint.effect: Required value" },
	};
	struct kind_lab *lab = kind_lab(&resource_device_taint_rule_type);

	KIND_CREATES(&resource_device_taint_rule_type, rule, cases);
	CHECK_STR(kind_lab_update(lab, "", rule, SPEC("'taint':{'value':'v'}")), "");
	CHECK_STR(kind_lab_value(lab, "spec.taint.timeAdded"), "2020-01-02T03:04:05Z");
	CHECK_STR(kind_lab_update(lab, "", rule, SPEC("'taint':{'effect':'NoExecute'}")), "");
	CHECK_STR(kind_lab_value(lab, "spec.taint.timeAdded"), "2026-01-01T00:00:00Z");
}
