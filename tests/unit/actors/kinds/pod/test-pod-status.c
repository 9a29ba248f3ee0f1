#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

#define TYPE (&core_pod_type)

static const char stored[] =
    "{'metadata':{'name':'p'},'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'"
    ",'resources':{'limits':{'example.com/a':'1'},'requests':{'example.com/"
    "a':'1'},'claims':[{'name':'g'}]}},{'name':'d','image':'i','restartPolicy':"
    "'OnFailure'}],'resourceClaims':[{'name':'g','resourceClaimName':'x'}]},'status':{'phase':'"
    "Running','qosClass':'BestEffort','containerStatuses':[{'name':'c','state':{'terminated':{'"
    "exitCode':1}}},"
    "{'name':'d','state':{'terminated':{'exitCode':1}}}]}}";

#define STATUS(members) "{'status':{" members "}}"

static const struct kind_case status_cases[] = {
	{ NULL, "" },
	{ STATUS("'qosClass':'Guaranteed'"),
	  "status.qosClass: Invalid value: \"Guaranteed\": field is immutable" },
	{ STATUS("'conditions':[{'type':'a b','observedGeneration':-1}],'observedGeneration':-1"),
	  "status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative "
	  "integer\n"
	  "status.conditions[0].Type: Invalid value: \"a b\": name part must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "status.observedGeneration: Invalid value: -1: must be a non-negative integer" },
	{ STATUS("'nominatedNodeName':'A'"),
	  "status.nominatedNodeName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ STATUS("'podIP':'1.2.3.4'"), "" },
	{ STATUS("'podIP':'1.2.3.4','podIPs':[{'ip':'1.2.3.5'}]"), "" },
	{ STATUS("'podIP':'1.2.3.4','podIPs':[{'ip':'1.2.3.4'},{'ip':'1.2.3.5'}]"),
	  "status.podIPs: Invalid value: [{\"ip\":\"1.2.3.4\"},{\"ip\":\"1.2.3.5\"}]: may specify "
	  "no more than one IP for each IP family" },
	{ STATUS("'podIP':'x','podIPs':[{'ip':'x'}]"),
	  "status.podIPs[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or "
	  "2001:db8::ffff)" },
	{ STATUS("'podIP':'1.2.3.4','podIPs':[{'ip':'1.2.3.4'},{'ip':'fd00::1'}]"), "" },
	{ STATUS("'hostIP':'1.2.3.4','hostIPs':[{'ip':'1.2.3.5'},{'ip':'y'}]"),
	  "status.hostIPs[0].ip: Invalid value: \"1.2.3.5\": must be equal to `hostIP`\n"
	  "status.hostIPs[1]: Invalid value: \"y\": must be a valid IP address, (e.g. 10.9.8.7 or "
	  "2001:db8::ffff)\n"
	  "status.hostIPs: Internal error: failed to check for dual stack with error:invalid IP: "
	  "y\n"
	  "status.hostIPs: Invalid value: [{\"ip\":\"1.2.3.5\"},{\"ip\":\"y\"}]: may specify no "
	  "more than one IP for each IP family" },
	{ STATUS("'containerStatuses':[{'name':'c','state':{'running':{}}},{'name':'d','state':{'"
		 "running':{}}}]"),
	  "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated "
	  "state" },
	{ STATUS("'containerStatuses':[{'name':'d','state':{'terminated':{'exitCode':0}}}]"), "" },
	{ STATUS("'containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':1}},'user':{'"
		 "linux':{'uid':-1,'gid':-1,'supplementalGroups':[-1]}}}]"),
	  "status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and "
	  "4294967295, inclusive\n"
	  "status.containerStatuses[0].user.linux.gid: Invalid value: -1: must be between 0 and "
	  "2147483647, inclusive\n"
	  "status.containerStatuses[0].user.linux.supplementalGroups[0]: Invalid value: -1: must "
	  "be between 0 and 2147483647, inclusive" },
	{ STATUS("'containerStatuses':[{'name':'c','state':{'terminated':{'exitCode':1}},'"
		 "allocatedResourcesStatus':[{'name':'example.com/a'},{'name':'example.com/"
		 "b','resources':[{'resourceID':'1','health':'x'},{'resourceID':'1'}]},{'name':'"
		 "claim:g'},{'name':'claim:h'}]}]"),
	  "status.containerStatuses[0].allocatedResourcesStatus[1].name: Invalid value: "
	  "\"example.com/b\": must match one of the container's resource requests\n"
	  "status.containerStatuses[0].allocatedResourcesStatus[1].resources[0].health: "
	  "Unsupported value: \"x\": supported values: \"Healthy\", \"Unhealthy\", \"Unknown\"\n"
	  "status.containerStatuses[0].allocatedResourcesStatus[1].resources[1].health: "
	  "Unsupported value: \"\": supported values: \"Healthy\", \"Unhealthy\", \"Unknown\"\n"
	  "status.containerStatuses[0].allocatedResourcesStatus[1].resources[1].resourceID: "
	  "Duplicate value: \"1\"\n"
	  "status.containerStatuses[0].allocatedResourcesStatus[3].name: Invalid value: "
	  "\"claim:h\": must match one of the container's resource claims as "
	  "'claim:<claimName>/<requestName>' when container.resources.claims[*].request is set or "
	  "'claim:<claimName>' when it is empty" },
	{ STATUS("'ephemeralContainerStatuses':[{'name':'c','allocatedResourcesStatus':[{'name':'x'"
		 "}]}]"),
	  "status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be "
	  "specified in container status" },
	{ STATUS("'resourceClaimStatuses':[{'name':'g','resourceClaimName':'A'},{'name':'h'},{'"
		 "name':'g'}]"),
	  "status.resourceClaimStatuses[0].resourceClaimName: Invalid value: \"A\": a lowercase "
	  "RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
	  "must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "status.resourceClaimStatuses[1].name: Invalid value: \"h\": must match the name of an "
	  "entry in `spec.resourceClaims`\n"
	  "status.resourceClaimStatuses[2].name: Duplicate value: \"g\"" },
	{ STATUS("'extendedResourceClaimStatus':{'resourceClaimName':''}"),
	  "status.extendedResourceClaimStatus.requestMappings: Required value: at least one "
	  "request mapping is required\n"
	  "status.extendedResourceClaimStatus.resourceClaimName: Required value" },
	{ STATUS("'extendedResourceClaimStatus':{'resourceClaimName':'x','requestMappings':[{'"
		 "containerName':'z','resourceName':'a','requestName':'A'},{'containerName':'c','"
		 "resourceName':'b','requestName':'r'},{'containerName':'c','resourceName':'b','"
		 "requestName':'r'}]}"),
	  "status.extendedResourceClaimStatus.requestMappings[0].containerName: Invalid value: "
	  "\"z\": must match the name of an entry in spec.initContainers.name or "
	  "spec.containers.name\n"
	  "status.extendedResourceClaimStatus.requestName: Invalid value: \"A\": a lowercase RFC "
	  "1123 label must consist of lower case alphanumeric characters or '-', and must start "
	  "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "status.extendedResourceClaimStatus.requestMappings[1].resourceName: Invalid value: "
	  "\"b\": must match the extended resource name of an entry in "
	  "spec.initContainers.resources.requests or spec.containers.resources.requests\n"
	  "status.extendedResourceClaimStatus.requestMappings[2].resourceName: Invalid value: "
	  "\"b\": must match the extended resource name of an entry in "
	  "spec.initContainers.resources.requests or spec.containers.resources.requests\n"
	  "status.extendedResourceClaimStatus.requestMappings[2].containerName: Duplicate value: "
	  "\"c\"\n"
	  "status.extendedResourceClaimStatus.requestMappings[2].resourceName: Duplicate value: "
	  "\"b\"\n"
	  "status.extendedResourceClaimStatus.requestMappings[2].requestName: Duplicate value: "
	  "\"r\"" },
};

TEST(statuses_of_pods_are_judged)
{
	KIND_UPDATES(TYPE, "status", stored, status_cases);
}

TEST(a_status_leaves_the_rest_as_it_is)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(
	    kind_lab_update(
		lab, "status", stored,
		"{'metadata':{'labels':{'a':'b'},'ownerReferences':[{'name':'x','uid':'y','"
		"apiVersion':'v1','kind':'Z'}]},'spec':{'nodeName':'n'},"
		"'status':{'phase':'Failed','qosClass':null,'startTime':'2026-01-01T00:00:00Z'}}"),
	    "");
	CHECK_STR(kind_lab_value(lab, "metadata.labels[a]"), "b");
	CHECK_STR(kind_lab_value(lab, "metadata.ownerReferences[0].name"), "");
	CHECK_STR(kind_lab_value(lab, "spec.nodeName"), "");
	CHECK_STR(kind_lab_value(lab, "status.phase"), "Failed");
	CHECK_STR(kind_lab_value(lab, "status.qosClass"), "BestEffort");
}

TEST(generations_that_are_not_said_are_kept)
{
	static const char seen[] =
	    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]},'status':{'"
	    "observedGeneration':3,'qosClass':'BestEffort',"
	    "'conditions':[{'type':'Ready','status':'True','observedGeneration':3}]}}";
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_update(lab, "status", seen,
				  "{'status':{'observedGeneration':null,'conditions':[{'type':'"
				  "Ready','status':'False'},{'type':'x/y','status':'True'}]}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "status.observedGeneration"), "3");
	CHECK_STR(kind_lab_value(lab, "status.conditions[0].observedGeneration"), "3");
	CHECK_STR(kind_lab_value(lab, "status.conditions[1].observedGeneration"), "");
}

/* ---- resize ------------------------------------------------------------------------------------------------------------- */

static const char running[] =
    "{'metadata':{'name':'p','generation':1},'spec':{'containers':[{'name':'c','image':'i','"
    "resources':{'requests':{'cpu':'1'}}}],'initContainers':["
    "{'name':'a','image':'i','resources':{'requests':{'cpu':'1'}}}]},'status':{'qosClass':'"
    "Burstable','containerStatuses':[{'name':'c','state':{'running':{}},'resources':{}}]}}";

#define SIZES(container) \
	"{'spec':{'containers':[{'name':'c','image':'i','resources':{" container "}}]}}"

static const struct kind_case resize_cases[] = {
	{ NULL, "" },
	{ SIZES("'requests':{'cpu':'2'}"), "" },
	{ SIZES("'requests':{'cpu':'2','memory':'1'},'limits':{'cpu':'3'}"), "" },
	{ SIZES(""),
	  "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed" },
	{ SIZES("'requests':{'memory':'2'}"),
	  "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed" },
	{ SIZES("'requests':{'cpu':'2'},'limits':{'cpu':'1'}"),
	  "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal "
	  "to cpu limit of 1" },
	{ SIZES("'requests':{'cpu':'2','ephemeral-storage':'1'}"),
	  "spec: Forbidden: only cpu and memory resources are mutable" },
	{ "{'spec':{'containers':[{'name':'d','image':'i','resources':{'requests':{'cpu':'2'}}}]}}",
	  "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on "
	  "resize" },
	{ "{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'2'}}},{'"
	  "name':'d','image':'i'}]}}",
	  "spec.containers: Forbidden: containers may not be added or removed on resize" },
	{ "{'spec':{'initContainers':[{'name':'a','image':'i','resources':{'requests':{'cpu':'2','"
	  "ephemeral-storage':'2'}}}]}}",
	  "spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar "
	  "containers are mutable" },
	{ "{'spec':{'resources':{'requests':{'cpu':'4'}}}}", "" },
	{ "{'spec':{'resources':{'requests':{'cpu':'4','hugepages-2Mi':'2Mi'},'limits':{'hugepages-"
	  "2Mi':'2Mi'}}}}",
	  "spec: Forbidden: only cpu and memory resources are mutable at pod-level" },
};

TEST(amounts_of_a_running_pod_may_change)
{
	KIND_UPDATES(TYPE, "resize", running, resize_cases);
}

TEST(a_resize_changes_amounts_only)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(
	    kind_lab_update(
		lab, "resize", running,
		"{'metadata':{'labels':{'a':'b'}},'spec':{'nodeName':'n','containers':[{'name':'c',"
		"'image':'j','resources':{'requests':{'cpu':'2'}}}]},'status':{'phase':'x'}}"),
	    "");
	CHECK_STR(kind_lab_value(lab, "metadata.labels[a]"), "");
	CHECK_STR(kind_lab_value(lab, "spec.nodeName"), "");
	CHECK_STR(kind_lab_value(lab, "status.phase"), "");
	CHECK_STR(kind_lab_value(lab, "spec.containers[0].image"), "i");
	CHECK_STR(kind_lab_value(lab, "spec.containers[0].resources.requests[cpu]"), "2");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "2");
}

static const struct {
	const char *base, *faults;
} fixed[] = {
	{ "{'metadata':{'name':'p','annotations':{'kubernetes.io/"
	  "config.mirror':'m'}},'spec':{'nodeName':'n','containers':[{'name':'c','image':'i'}]}}",
	  "[]: Forbidden: static pods cannot be resized" },
	{ "{'metadata':{'name':'p'},'spec':{'os':{'name':'windows'},'containers':[{'name':'c','"
	  "image':'i'}]}}",
	  "[]: Forbidden: windows pods cannot be resized" },
	{ "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]},'status':{'"
	  "qosClass':'BestEffort','containerStatuses':[{'name':'c','state':{'running':{}}}]}}",
	  "spec: Forbidden: Pod running on node without support for resize" },
};

TEST(some_pods_cannot_be_resized)
{
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		CHECK_STR(kind_lab_update(kind_lab(TYPE), "resize", fixed[i].base, NULL),
			  fixed[i].faults);
}
