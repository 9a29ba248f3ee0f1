#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

#define TYPE (&core_node_type)
#define SPEC(members) "{'spec':{" members "}}"
#define STATUS(members) "{'status':{" members "}}"
#define ANNOTATED(members) "{'metadata':{'annotations':{" members "}}}"

static const char base[] = "{'metadata':{'name':'n'}}";

static const struct kind_case create_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'N'}}",
	  "metadata.name: Invalid value: \"N\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ SPEC("'taints':[{'key':'a','effect':'NoSchedule'},{'key':'a','value':'b','effect':'"
	       "NoSchedule'},{'key':'a','effect':'NoExecute'}]"),
	  "metadata.taints[1]: Duplicate value: "
	  "{\"Key\":\"a\",\"Value\":\"b\",\"Effect\":\"NoSchedule\",\"TimeAdded\":null}: taints "
	  "must be unique by key and effect pair" },
	{ SPEC("'taints':[{'key':'-','value':'/','effect':''},{'key':'a','effect':'x'}]"),
	  "metadata.taints[0].key: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "metadata.taints[0].value: Invalid value: \"/\": a valid label must be an empty string "
	  "or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
	  "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\n"
	  "metadata.taints[0].effect: Required value\n"
	  "metadata.taints[1].effect: Unsupported value: \"x\": supported values: \"NoSchedule\", "
	  "\"PreferNoSchedule\", \"NoExecute\"" },
	{ SPEC("'podCIDRs':['10.0.0.0/24','10.0.1.0/24']"),
	  "spec.podCIDRs: Invalid value: [\"10.0.0.0/24\",\"10.0.1.0/24\"]: may specify no more "
	  "than one CIDR for each IP family" },
	{ SPEC("'podCIDRs':['10.0.0.0/24','fd00::/64']"), "" },
	{ SPEC("'podCIDRs':['10.0.0.0/24','fd00::/64','x']"),
	  "spec.podCIDRs[2]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 "
	  "or 2001:db8::/64)\n"
	  "spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with "
	  "error:invalid CIDR[2]: <nil> (invalid CIDR address: x)\n"
	  "spec.podCIDRs: Invalid value: [\"10.0.0.0/24\",\"fd00::/64\",\"x\"]: may specify no "
	  "more than one CIDR for each IP family" },
	{ STATUS("'capacity':{'pods':'1500m','cpu':'-1'},'nodeInfo':{'swap':{'capacity':0}}"),
	  "status.capacity.cpu: Invalid value: \"-1\": must be greater than or equal to 0\n"
	  "status.capacity.pods: Invalid value: \"1500m\": must be an integer\n"
	  "status.allocatable.cpu: Invalid value: \"-1\": must be greater than or equal to 0\n"
	  "status.allocatable.pods: Invalid value: \"1500m\": must be an integer\n"
	  "metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero" },
	{ STATUS("'declaredFeatures':['B','A','A','a','A/b-c']"),
	  "status.declaredFeatures[1]: Invalid value: \"A\": list must be sorted alphabetically\n"
	  "status.declaredFeatures[2]: Duplicate value: \"A\"\n"
	  "status.declaredFeatures[3]: Invalid value: \"a\": invalid feature name \"a\": must "
	  "start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., "
	  "MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and "
	  "slashes\n"
	  "status.declaredFeatures[4]: Invalid value: \"A/b-c\": list must be sorted "
	  "alphabetically\n"
	  "status.declaredFeatures[4]: Invalid value: \"A/b-c\": invalid feature name \"A/b-c\": "
	  "must start with an UpperCamelCase segment, with subsequent segments separated by '/' "
	  "(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters "
	  "and slashes" },
	{ ANNOTATED("'scheduler.alpha.kubernetes.io/"
		    "taints':'[{\\\"key\\\":\\\"-\\\",\\\"effect\\\":\\\"NoSchedule\\\"}]'"),
	  "metadata.annotations.scheduler.alpha.kubernetes.io/taints[0].key: Invalid value: \"-\": "
	  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and "
	  "end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
	  "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ ANNOTATED("'scheduler.alpha.kubernetes.io/taints':'x'"),
	  "metadata.annotations: Invalid value: \"scheduler.alpha.kubernetes.io/taints\": invalid "
	  "character 'x' looking for beginning of value" },
	{ ANNOTATED("'scheduler.alpha.kubernetes.io/"
		    "preferAvoidPods':'{\\\"preferAvoidPods\\\":[{},{\\\"podSignature\\\":{"
		    "\\\"podController\\\":{\\\"kind\\\":\\\"x\\\"}}}]}'"),
	  "metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[0].PodSignature: "
	  "Required value\n"
	  "metadata.annotations.scheduler.alpha.kubernetes.io/"
	  "preferAvoidPods[1].PodSignature.PodController.Controller: Invalid value: false: must "
	  "point to a controller" },
	{ ANNOTATED("'scheduler.alpha.kubernetes.io/preferAvoidPods':'['"),
	  "metadata.annotations.AvoidPods: Invalid value: "
	  "\"scheduler.alpha.kubernetes.io/preferAvoidPods\": unexpected end of JSON input" },
};

TEST(nodes_are_judged)
{
	KIND_CREATES(TYPE, base, create_cases);
}

TEST(a_node_comes_with_its_status)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(
		      lab, base,
		      "{'spec':{'configSource':{},'externalID':'x','podCIDR':'10.0.0.0/"
		      "24'},'status':{'phase':'Running','config':{},'capacity':{'cpu':'2'}}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "status.phase"), "Running");
	CHECK_STR(kind_lab_value(lab, "status.allocatable[cpu]"), "2");
	CHECK_STR(kind_lab_value(lab, "spec.podCIDRs[0]"), "10.0.0.0/24");
	CHECK_STR(kind_lab_value(lab, "spec.configSource"), "");
	CHECK_STR(kind_lab_value(lab, "status.config"), "");
	CHECK_STR(kind_lab_warnings(lab),
		  "spec.externalID: this field is deprecated, and is unused by Kubernetes");
}

static const char stored[] =
    "{'metadata':{'name':'n'},'spec':{'podCIDRs':['10.0.0.0/"
    "24'],'providerID':'p','externalID':'e'},'status':{'phase':'Running'}}";

static const struct kind_case update_cases[] = {
	{ NULL, "" },
	{ SPEC("'unschedulable':true"), "" },
	{ SPEC("'podCIDR':'10.0.1.0/24'"), "spec.podCIDRs: Forbidden: node updates may not change "
					   "podCIDR except from \"\" to valid" },
	{ SPEC("'podCIDR':null,'podCIDRs':null"), "spec.podCIDRs: Forbidden: node updates may not "
						  "change podCIDR except from \"\" to valid" },
	{ SPEC("'podCIDRs':['10.0.0.0/24','fd00::/64']"),
	  "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to "
	  "valid" },
	{ SPEC("'providerID':'q'"),
	  "spec.providerID: Invalid value: null: field cannot be modified once set" },
	{ SPEC("'providerID':null"),
	  "spec.providerID: Invalid value: null: field cannot be cleared once set" },
	{ SPEC("'externalID':'f'"), "spec.externalID: Forbidden: may not be updated" },
	{ SPEC("'taints':[{'key':'-','effect':'NoSchedule'}]"),
	  "metadata.taints[0].key: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
};

TEST(ranges_of_a_node_are_given_once)
{
	KIND_UPDATES(TYPE, "", stored, update_cases);
}

static const struct kind_case status_cases[] = {
	{ STATUS("'addresses':[{'type':'InternalIP','address':'1.2.3.4'},{'type':'InternalIP','"
		 "address':'1.2.3.4'}]"),
	  "status.addresses[1]: Duplicate value: "
	  "{\"Type\":\"InternalIP\",\"Address\":\"1.2.3.4\"}" },
	{ STATUS("'allocatable':{'cpu':'-1'}"),
	  "status.allocatable.cpu: Invalid value: \"-1\": must be greater than or equal to 0" },
	{ STATUS("'config':{'assigned':{}}"), "" },
};

static const struct kind_case config_cases[] = {
	{ NULL, "spec.configSource.configMap.uid: Forbidden: uid must not be set in spec\n"
		"spec.configSource.configMap.resourceVersion: Forbidden: resourceVersion must not "
		"be set in spec\n"
		"status.config.active: Invalid value: {\"ConfigMap\":null}: exactly one reference "
		"subfield must be non-nil" },
	{ STATUS("'config':{'assigned':{'configMap':{'namespace':'','name':'A','kubeletConfigKey':'"
		 "/'}}}"),
	  "spec.configSource.configMap.uid: Forbidden: uid must not be set in spec\n"
	  "spec.configSource.configMap.resourceVersion: Forbidden: resourceVersion must not be set "
	  "in spec\n"
	  "status.config.assigned.configMap.uid: Required value\n"
	  "status.config.assigned.configMap.resourceVersion: Required value\n"
	  "status.config.assigned.configMap.namespace: Required value\n"
	  "status.config.assigned.configMap.name: Invalid value: \"A\": a lowercase RFC 1123 "
	  "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	  "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "status.config.assigned.configMap.kubeletConfigKey: Invalid value: \"/\": a valid config "
	  "key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
	  "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')\n"
	  "status.config.active: Invalid value: {\"ConfigMap\":null}: exactly one reference "
	  "subfield must be non-nil" },
};

TEST(statuses_of_nodes_are_judged)
{
	struct kind_lab *lab = kind_lab(TYPE);

	KIND_UPDATES(TYPE, "status", stored, status_cases);
	KIND_UPDATES(TYPE, "status",
		     "{'metadata':{'name':'n'},'spec':{'configSource':{'configMap':{'uid':'u','"
		     "resourceVersion':'1','namespace':'n','name':'m','kubeletConfigKey':'k'}}},'"
		     "status':{'config':{'active':{}}}}",
		     config_cases);
	CHECK_STR(kind_lab_update(lab, "status", stored,
				  "{'spec':{'unschedulable':true},'status':{'phase':'Pending'}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.unschedulable"), "");
	CHECK_STR(kind_lab_value(lab, "status.phase"), "Pending");
}
