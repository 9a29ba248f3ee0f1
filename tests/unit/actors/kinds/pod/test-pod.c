#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

#define TYPE (&core_pod_type)

static const char base[] =
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}";

static const struct kind_case create_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'P'}}",
	  "metadata.name: Invalid value: \"P\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ "{'spec':{'terminationGracePeriodSeconds':-1,'activeDeadlineSeconds':0}}",
	  "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, "
	  "inclusive" },
	{ "{'spec':{'restartPolicy':'x','dnsPolicy':'y','preemptionPolicy':'z'}}",
	  "spec.restartPolicy: Unsupported value: \"x\": supported values: \"Always\", "
	  "\"OnFailure\", \"Never\"\n"
	  "spec.dnsPolicy: Unsupported value: \"y\": supported values: "
	  "\"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", \"None\"\n"
	  "spec.preemptionPolicy: Unsupported value: \"z\": supported values: "
	  "\"PreemptLowerPriority\", \"Never\"" },
	{ "{'spec':{'preemptionPolicy':''}}", "spec.preemptionPolicy: Required value" },
	{ "{'spec':{'nodeName':'A','hostname':'a.b','subdomain':'-','serviceAccountName':'B','"
	  "priorityClassName':'C','runtimeClassName':'D'}}",
	  "spec.serviceAccountName: Invalid value: \"B\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.nodeName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.hostname: Invalid value: \"a.b\": must not contain dots\n"
	  "spec.subdomain: Invalid value: \"-\": a lowercase RFC 1123 label must consist of lower "
	  "case alphanumeric characters or '-', and must start and end with an alphanumeric "
	  "character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.priorityClassName: Invalid value: \"C\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.runtimeClassName: Invalid value: \"D\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ "{'spec':{'dnsPolicy':'None'}}",
	  "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None" },
	{ "{'spec':{'dnsPolicy':'None','dnsConfig':{}}}",
	  "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver "
	  "when `dnsPolicy` is None" },
	{ "{'spec':{'dnsConfig':{'nameservers':['1.2.3.4','::1','x','1.2.3.5'],'searches':['.','a_"
	  "b.c.','-'],'options':[{'name':''}]}}}",
	  "spec.dnsConfig.nameservers: Invalid value: [\"1.2.3.4\",\"::1\",\"x\",\"1.2.3.5\"]: "
	  "must not have more than 3 nameservers\n"
	  "spec.dnsConfig.nameservers[2]: Invalid value: \"x\": must be a valid IP address, (e.g. "
	  "10.9.8.7 or 2001:db8::ffff)\n"
	  "spec.dnsConfig.searches[2]: Invalid value: \"-\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.dnsConfig.options[0]: Required value: must not be empty" },
	{ "{'spec':{'hostAliases':[{'ip':'1.2.3','hostnames':['A','b']}]}}",
	  "spec.hostAliases[0].ip: Invalid value: \"1.2.3\": must be a valid IP address, (e.g. "
	  "10.9.8.7 or 2001:db8::ffff)\n"
	  "spec.hostAliases[0].hostnames[0]: Invalid value: \"A\": a lowercase RFC 1123 subdomain "
	  "must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ "{'spec':{'hostnameOverride':'A','setHostnameAsFQDN':true}}",
	  "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true\n"
	  "spec.hostnameOverride: Invalid value: \"A\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ "{'spec':{'hostnameOverride':'a','hostNetwork':true}}",
	  "spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true" },
	{ "{'spec':{'overhead':{'cpu':'-1','x':'1'}}}",
	  "spec.overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
	  "spec.overhead.limits[x]: Invalid value: \"x\": must be a standard resource type or "
	  "fully qualified\n"
	  "spec.overhead.limits[x]: Invalid value: \"x\": must be a standard resource for "
	  "containers" },
	{ "{'spec':{'resourceClaims':[{'name':''},{'name':'A','resourceClaimName':'a','"
	  "resourceClaimTemplateName':'b'},{'name':'a','resourceClaimName':'A'},{'name':'a','"
	  "resourceClaimTemplateName':'A'}]}}",
	  "spec.resourceClaims[0].name: Required value\n"
	  "spec.resourceClaims[0]: Invalid value: {\"name\":\"\"}: must specify one of: "
	  "`resourceClaimName`, `resourceClaimTemplateName`\n"
	  "spec.resourceClaims[1].name: Invalid value: \"A\": a lowercase RFC 1123 label must "
	  "consist of lower case alphanumeric characters or '-', and must start and end with an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.resourceClaims[1]: Invalid value: "
	  "{\"name\":\"A\",\"resourceClaimName\":\"a\",\"resourceClaimTemplateName\":\"b\"}: at "
	  "most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified\n"
	  "spec.resourceClaims[2].resourceClaimName: Invalid value: \"A\": a lowercase RFC 1123 "
	  "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	  "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.resourceClaims[3].name: Duplicate value: \"a\"\n"
	  "spec.resourceClaims[3].resourceClaimTemplateName: Invalid value: \"A\": a lowercase RFC "
	  "1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	  "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ "{'spec':{'imagePullSecrets':[{'name':''}]}}", "" },
};

TEST(new_pods_are_judged)
{
	KIND_CREATES(TYPE, base, create_cases);
}

#define ANNOTATED(annotations) "{'metadata':{'annotations':{" annotations "}}}"

static const struct kind_case annotation_cases[] = {
	{ ANNOTATED("'kubernetes.io/config.mirror':'x'"),
	  "metadata.annotations[kubernetes.io/config.mirror]: Invalid value: \"x\": must set "
	  "spec.nodeName if mirror pod annotation is set" },
	{ ANNOTATED("'scheduler.alpha.kubernetes.io/tolerations':'[{\\\"key\\\":\\\"a/b/c\\\"}]'"),
	  "metadata.annotations.scheduler.alpha.kubernetes.io/tolerations[0].key: Invalid value: "
	  "\"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', "
	  "and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  "
	  "or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') "
	  "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')" },
	{ ANNOTATED("'controller.kubernetes.io/pod-deletion-cost':'+1'"),
	  "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "
	  "\"+1\": must be a 32bit integer" },
	{ ANNOTATED("'controller.kubernetes.io/pod-deletion-cost':'-7'"), "" },
	{ ANNOTATED("'controller.kubernetes.io/pod-deletion-cost':'2147483648'"),
	  "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "
	  "\"2147483648\": must be a 32bit integer" },
	{ ANNOTATED("'seccomp.security.alpha.kubernetes.io/"
		    "pod':'x','container.seccomp.security.alpha.kubernetes.io/c':'localhost//a'"),
	  "metadata.annotations.container.seccomp.security.alpha.kubernetes.io/c: Invalid value: "
	  "\"/a\": must be a relative path\n"
	  "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"x\": "
	  "must be a valid seccomp profile" },
	{ ANNOTATED("'container.apparmor.security.beta.kubernetes.io/d':'x'"),
	  "metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "
	  "\"d\": container not found\n"
	  "metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "
	  "\"x\": invalid AppArmor profile name: \"x\"" },
	{ "{'metadata':{'annotations':{'container.apparmor.security.beta.kubernetes.io/"
	  "c':'unconfined'}},'spec':{'containers':[{'name':'c','image':'i','securityContext':{'"
	  "appArmorProfile':{'type':'RuntimeDefault'}}}]}}",
	  "spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in "
	  "annotation and field must match" },
	{ "{'metadata':{'annotations':{'seccomp.security.alpha.kubernetes.io/pod':'localhost/"
	  "a'}},'spec':{'securityContext':{'seccompProfile':{'type':'Localhost','localhostProfile':"
	  "'b'}}}}",
	  "spec.securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in "
	  "annotation and field must match" },
};

TEST(annotations_that_mean_something_to_pods_are_judged)
{
	KIND_CREATES(TYPE, base, annotation_cases);
}

TEST(a_new_pod_is_pending)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base, "{'status':{'phase':'Running','podIP':'1.2.3.4'}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "status.phase"), "Pending");
	CHECK_STR(kind_lab_value(lab, "status.qosClass"), "BestEffort");
	CHECK_STR(kind_lab_value(lab, "status.podIP"), "");
	CHECK_STR(kind_lab_value(lab, "status.conditions[0].type"), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
}

TEST(a_gated_pod_is_not_scheduled)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base, "{'spec':{'schedulingGates':[{'name':'a/b'}]}}"), "");
	CHECK_STR(kind_lab_value(lab, "status.conditions[0].type"), "PodScheduled");
	CHECK_STR(kind_lab_value(lab, "status.conditions[0].status"), "False");
	CHECK_STR(kind_lab_value(lab, "status.conditions[0].reason"), "SchedulingGated");
}

TEST(leftovers_of_init_containers_are_dropped)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(
		      lab, base, ANNOTATED("'pod.beta.kubernetes.io/init-containers':'x','a':'b'")),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.annotations[a]"), "b");
	CHECK_STR(
	    kind_lab_value(lab, "metadata.annotations[pod.beta.kubernetes.io/init-containers]"), "");
}

TEST(annotations_of_app_armor_become_profiles)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(
	    kind_lab_create(
		lab, base,
		ANNOTATED("'container.apparmor.security.beta.kubernetes.io/c':'localhost/x'")),
	    "");
	CHECK_STR(kind_lab_value(lab, "spec.containers[0].securityContext.appArmorProfile.type"),
		  "Localhost");
	CHECK_STR(kind_lab_value(
		      lab, "spec.containers[0].securityContext.appArmorProfile.localhostProfile"),
		  "x");
	CHECK_STR(kind_lab_warnings(lab), "metadata.annotations[container.apparmor.security.beta."
					  "kubernetes.io/c]: deprecated since "
					  "v1.30; use the \"appArmorProfile\" field instead");
}

/* ---- class of service -------------------------------------------------------------------------------------------- */

static const struct {
	const char *resources, *quality;
} qualities[] = {
	{ "", "BestEffort" },
	{ "'requests':{'cpu':'1'}", "Burstable" },
	{ "'limits':{'cpu':'1','memory':'1'}", "Guaranteed" },
	{ "'limits':{'cpu':'1'}", "Burstable" },
	{ "'limits':{'cpu':'1','memory':'2'},'requests':{'memory':'1'}", "Burstable" },
	{ "'limits':{'example.com/a':'1'}", "BestEffort" },
};

TEST(the_class_of_service_follows_from_requests_and_limits)
{
	for (size_t i = 0; i < sizeof qualities / sizeof qualities[0]; i++) {
		struct kind_lab *lab = kind_lab(TYPE);
		struct str patch = arena_printf(
		    test_arena(),
		    "{'spec':{'containers':[{'name':'c','image':'i','resources':{%s}}]}}",
		    qualities[i].resources);

		CHECK_STR(kind_lab_create(lab, base, arena_cstr(test_arena(), patch)), "");
		CHECK_STR(kind_lab_value(lab, "status.qosClass"), qualities[i].quality);
	}
}

TEST(containers_of_different_classes_are_burstable)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(
		      lab, base,
		      "{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'i',"
		      "'resources':{'limits':{'cpu':'1','memory':'1'}}}]}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "status.qosClass"), "Burstable");
}

TEST(what_a_pod_as_a_whole_requests_follows_from_its_containers)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base,
				  "{'spec':{'resources':{'limits':{'memory':'1Gi'}},'"
				  "initContainers':[{'name':'s','image':'i','restartPolicy':"
				  "'Always','resources':{'requests':{'cpu':'1'}}},{'name':'b','"
				  "image':'i','resources':{'requests':{'cpu':'5'}}}],"
				  "'containers':[{'name':'c','image':'i','resources':{'requests':{'"
				  "cpu':'2','memory':'1Mi'}}}]}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.resources.requests[cpu]"), "6");
	CHECK_STR(kind_lab_value(lab, "spec.resources.requests[memory]"), "1Mi");
	CHECK_STR(kind_lab_value(lab, "spec.resources.limits[cpu]"), "");
	CHECK_STR(kind_lab_value(lab, "status.qosClass"), "Burstable");
}

/* ---- grace ----------------------------------------------------------------------------------------------------------- */

static int64_t grace_of(const char *json, int64_t asked)
{
	struct kind_lab *lab = kind_lab(TYPE);

	(void)kind_lab_delete(lab, json);
	return lab->rules->grace(&lab->change, asked);
}

#define BOUND(spec, status)                                                                      \
	"{'metadata':{'name':'p'},'spec':{'nodeName':'n','containers':[{'name':'c','image':'i'}" \
	"]" spec "},'status':{" status "}}"

TEST(only_pods_on_a_node_need_time_to_end)
{
	CHECK_EQ(grace_of(base, -1), 0);
	CHECK_EQ(grace_of(base, 5), 0);
	CHECK_EQ(grace_of(BOUND("", ""), -1), 30);
	CHECK_EQ(grace_of(BOUND("", ""), 5), 5);
	CHECK_EQ(grace_of(BOUND("", ""), 0), 0);
	CHECK_EQ(grace_of(BOUND("", "'phase':'Failed'"), 5), 0);
	CHECK_EQ(grace_of(BOUND("", "'phase':'Succeeded'"), -1), 0);
	CHECK_EQ(grace_of(BOUND(",'terminationGracePeriodSeconds':7", ""), -1), 7);
	CHECK_EQ(grace_of(BOUND(",'terminationGracePeriodSeconds':-7", ""), -1), 1);
}
