#include "datastore/schema/core.h"
#include "datastore/schema/resource.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define CLAIM (&resource_resource_claim_type)
#define REQUEST(members)                                                                        \
	"{'spec':{'devices':{'requests':[{'name':'r','exactly':{'deviceClassName':'c'," members \
	"}}]}}}"
#define DEVICES(members) "{'spec':{'devices':{" members "}}}"

static const char claim[] =
    "{'metadata':{'name':'c','namespace':'n'},'spec':{'devices':{'requests':"
    "[{'name':'r','exactly':{'deviceClassName':'c'}},{'name':'f',"
    "'firstAvailable':[{'name':'s','deviceClassName':'c'}]}]}}}";

static const struct kind_case requests[] = {
	{ NULL, "" },
	{ DEVICES("'requests':[{'name':'A','exactly':{'deviceClassName':''}}]"),
	  "spec.devices.requests[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must "
	  "consist of lower case alphanumeric characters or '-', and must start and end with an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.devices.requests[0].exactly.deviceClassName: Required value" },
	{ DEVICES("'requests':[{'name':'r'}]"), "spec.devices.requests[0]: Required value: exactly "
						"one of `exactly` or `firstAvailable` is "
						"required" },
	{ DEVICES(
	      "'requests':[{'name':'r','exactly':{'deviceClassName':'c'},'firstAvailable':[{'name':"
	      "'s','deviceClassName':'c'}]}]"),
	  "spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or "
	  "`firstAvailable` is required, but multiple fields are set" },
	{ REQUEST("'count':-1"),
	  "spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero" },
	{ REQUEST("'allocationMode':'All','count':2"),
	  "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when "
	  "allocationMode is 'All'" },
	{ REQUEST("'allocationMode':'Some'"),
	  "spec.devices.requests[0].exactly.allocationMode: Unsupported value: \"Some\": supported "
	  "values: \"All\", \"ExactCount\"" },
	{ REQUEST("'tolerations':[{'key':'a','operator':'Exists','value':'v'}]"),
	  "spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: \"v\": must be "
	  "empty "
	  "for operator `Exists`" },
	{ REQUEST("'selectors':[{}]"),
	  "spec.devices.requests[0].exactly.selectors[0].cel: Required value" },
};

static const struct kind_case expressions[] = {
	{ REQUEST("'selectors':[{'cel':{'expression':'device.driver == \\'a\\' && "
		  "device.capacity[\\'a\\'].m.isGreaterThan(quantity(\\'1\\'))'}}]"),
	  "" },
	{ REQUEST(
	      "'selectors':[{'cel':{'expression':'cel.bind(a, device.attributes[device.driver], "
	      "a.x && a.y == 3)'}}]"),
	  "" },
	{ REQUEST("'selectors':[{'cel':{'expression':'device.attributes[device.driver].x'}}]"), "" },
	{ REQUEST("'selectors':[{'cel':{'expression':'device.driver'}}]"),
	  "spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "
	  "\"device.driver\": must evaluate to bool or the unknown type, not string" },
	{ REQUEST("'selectors':[{'cel':{'expression':'device.nothing'}}]"),
	  "spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "
	  "\"device.nothing\": compilation failed: ERROR: <input>:1:7: undefined field 'nothing'\n "
	  "| "
	  "device.nothing\n | ......^" },
	{ REQUEST(
	      "'selectors':[{'cel':{'expression':'device.attributes.all(a, "
	      "device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a != b "
	      "&& c != d))))'}}]"),
	  "spec.devices.requests[0].exactly.selectors[0].cel.expression: Forbidden: too complex, "
	  "exceeds cost limit" },
};

static const struct kind_case others[] = {
	{ DEVICES("'constraints':[{'requests':['r','f','f/s'],'matchAttribute':'a.io/b'}]"), "" },
	{ DEVICES("'constraints':[{'requests':['x','f/t','a/b/c']}]"),
	  "spec.devices.constraints[0].requests[0]: Invalid value: \"x\": must be the name of a "
	  "request "
	  "in the claim or the name of a request and a subrequest separated by '/'\n"
	  "spec.devices.constraints[0].requests[1]: Invalid value: \"f/t\": must be the name of a "
	  "request in the claim or the name of a request and a subrequest separated by '/'\n"
	  "spec.devices.constraints[0].requests[2]: Invalid value: \"a/b/c\": must be the name of "
	  "a "
	  "request in the claim or the name of a request and a subrequest separated by '/'\n"
	  "spec.devices.constraints[0]: Required value: exactly one of \"matchAttribute\" or "
	  "\"distinctAttribute\" is required, but multiple fields are set" },
	{ DEVICES("'config':[{}]"), "spec.devices.config[0].opaque: Required value" },
	{ DEVICES("'config':[{'opaque':{'driver':'a.io','parameters':{'a':1}}}]"), "" },
	{ DEVICES("'config':[{'opaque':{'driver':'a.io','parameters':[]}}]"),
	  "spec.devices.config[0].opaque.parameters: Invalid value: \"<value omitted>\": must be a "
	  "valid "
	  "JSON object" },
	{ DEVICES("'config':[{'opaque':{'driver':'a.io','parameters':null}}]"),
	  "spec.devices.config[0].opaque.parameters: Required value" },
};

TEST(a_claim_asks_for_devices_by_classes_and_selectors)
{
	KIND_CREATES(CLAIM, claim, requests);
	KIND_CREATES(CLAIM, claim, expressions);
	KIND_CREATES(CLAIM, claim, others);
}

TEST(what_a_claim_asks_for_does_not_change)
{
	static const struct kind_case cases[] = {
		{ "{'metadata':{'labels':{'a':'b'}}}", "" },
		{ REQUEST("'count':2"), "spec: Invalid value: null: field is immutable" },
	};

	KIND_UPDATES(CLAIM, "", claim, cases);
}

TEST(devices_that_others_use_are_for_namespaces_marked_for_it)
{
	struct kind_lab *lab = kind_lab(CLAIM);

	CHECK_STR(
	    kind_lab_create(lab, claim, REQUEST("'adminAccess':true")),
	    "spec.devices.requests[0].adminAccess: Internal error: could not retrieve namespace to "
	    "verify admin access: namespaces \"n\" not found");
	kind_lab_add(lab, &core_namespace_type, "{'metadata':{'name':'n'}}");
	CHECK_STR(
	    kind_lab_create(lab, claim, REQUEST("'adminAccess':true")),
	    "spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the "
	    "`resource.kubernetes.io/admin-access: true` label on the containing namespace");
	lab = kind_lab(CLAIM);
	kind_lab_add(
	    lab, &core_namespace_type,
	    "{'metadata':{'name':'n','labels':{'resource.kubernetes.io/admin-access':'true'}}}");
	CHECK_STR(kind_lab_create(lab, claim, REQUEST("'adminAccess':true")), "");
}

/* ---- what was given ----------------------------------------------------------------------------------------- */

#define STATUS(members) "{'status':{" members "}}"
#define GIVEN "{'request':'r','driver':'a.io','pool':'p','device':'d'}"
#define ALLOCATION "'allocation':{'devices':{'results':[" GIVEN "]}}"

static const struct kind_case statuses[] = {
	{ STATUS(ALLOCATION), "" },
	{ STATUS("'reservedFor':[{'resource':'','name':'','uid':''}]"),
	  "status.reservedFor[0].resource: Required value\nstatus.reservedFor[0].name: Required "
	  "value\n"
	  "status.reservedFor[0].uid: Required value\n"
	  "status.reservedFor: Forbidden: may not be specified when `allocated` is not set" },
	{ STATUS("'allocation':{'devices':{'results':[{'request':'x','driver':'a.io','pool':'p',"
		 "'device':'D','bindingConditions':['a','a']}]}}"),
	  "status.allocation.devices.results[0].request: Invalid value: \"x\": must be the name of "
	  "a "
	  "request in the claim or the name of a request and a subrequest separated by '/'\n"
	  "status.allocation.devices.results[0].device: Invalid value: \"D\": a lowercase RFC 1123 "
	  "label "
	  "must consist of lower case alphanumeric characters or '-', and must start and end with "
	  "an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "status.allocation.devices.results[0].bindingConditions[1]: Duplicate value: \"a\"\n"
	  "status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: "
	  "bindingFailureConditions are required to use bindingConditions" },
	{ STATUS(ALLOCATION ",'devices':[{'driver':'a.io','pool':'p','device':'e'}]"),
	  "status.devices[0]: Invalid value: "
	  "{\"Driver\":{},\"Pool\":{},\"Device\":{},\"ShareID\":{}}: must be an allocated device "
	  "in the "
	  "claim" },
	{ STATUS(ALLOCATION ",'devices':[{'driver':'a.io','pool':'p','device':'d','data':[],"
			    "'networkData':{'ips':['1.2.3.4/8','1.2.3.4','01.2.3.4/8']}}]"),
	  "status.devices[0].data: Invalid value: \"<value omitted>\": must be a valid JSON "
	  "object\n"
	  "status.devices[0].networkData.ips[1]: Invalid value: \"1.2.3.4\": must be a valid "
	  "address in "
	  "CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)\n"
	  "status.devices[0].networkData.ips[2]: Invalid value: \"01.2.3.4/8\": must be in "
	  "canonical form "
	  "(\"1.2.3.4/8\")" },
};

TEST(what_is_given_belongs_to_what_was_asked_for)
{
	KIND_UPDATES(CLAIM, "status", claim, statuses);
}

TEST(what_is_said_of_a_device_ends_with_its_allocation)
{
	static const char given[] = "{'metadata':{'name':'c','namespace':'n'},'spec':{'devices':{'"
				    "requests':[{'name':'r','exactly':"
				    "{'deviceClassName':'c'}}]}},'status':{" ALLOCATION
				    ",'devices':[{'driver':'a.io','pool':'p','device':'d'}]}}";
	struct kind_lab *lab = kind_lab(CLAIM);

	CHECK_STR(kind_lab_update(lab, "status", given, "{'metadata':{'labels':{'a':'b'}}}"), "");
	CHECK_STR(kind_lab_value(lab, "status.devices[0].device"), "d");
	CHECK_STR(kind_lab_value(lab, "metadata.labels"), "");
	CHECK_STR(kind_lab_update(lab, "status", given, "{'status':{'allocation':null}}"), "");
	CHECK_STR(kind_lab_value(lab, "status.devices"), "");
	CHECK_STR(kind_lab_update(lab, "status", given,
				  "{'status':{'allocation':{'devices':{'results':[]}}}}"),
		  "status.allocation: Invalid value: null: field cannot be modified once set");
}

/* ---- templates ------------------------------------------------------------------------------------------------ */

TEST(a_template_is_judged_as_the_claims_that_it_makes)
{
	static const char base[] =
	    "{'metadata':{'name':'t'},'spec':{'spec':{'devices':{'requests':[{'name':'r','exactly':"
	    "{'deviceClassName':'c'}}]}}}}";
	static const struct kind_case creates[] = {
		{ NULL, "" },
		{ "{'spec':{'metadata':{'labels':{'a':'b c'}}}}",
		  "spec.metadata.labels: Invalid value: \"b c\": a valid label must be an empty "
		  "string or "
		  "consist of alphanumeric characters, '-', '_' or '.', and must start and end "
		  "with an "
		  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
		  "for "
		  "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
		{ "{'spec':{'spec':{'devices':{'requests':[{'name':'r'}]}}}}",
		  "spec.spec.devices.requests[0]: Required value: exactly one of `exactly` or "
		  "`firstAvailable` is required" },
	};
	struct kind_lab *lab = kind_lab(&resource_resource_claim_template_type);
	struct str said;

	KIND_CREATES(&resource_resource_claim_template_type, base, creates);
	said = kind_lab_update(lab, "", base, "{'spec':{'spec':{'devices':{'requests':null}}}}");
	CHECK(str_ends(said, STR(": field is immutable")));
}
