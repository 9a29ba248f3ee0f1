#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

#define TYPE (&core_pod_type)

static const char base[] =
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}";

#define CONTAINER(members) "{'spec':{'containers':[{'name':'c','image':'i'," members "}]}}"
#define VOLUME(source) "{'spec':{'volumes':[{'name':'v'," source "}]}}"

static const struct kind_case cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'a.b'}}",
	  "metadata.name: this is used in the Pod's hostname, which can result in surprising "
	  "behavior; a DNS label is recommended: [must not contain dots]" },
	{ "{'spec':{'nodeSelector':{'beta.kubernetes.io/os':'linux','a':'b'}}}",
	  "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "
	  "\"kubernetes.io/os\" instead" },
	{ "{'spec':{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'"
	  "nodeSelectorTerms':[{'matchExpressions':[{'key':'failure-domain.beta.kubernetes.io/"
	  "zone','operator':'Exists'}]}]},'preferredDuringSchedulingIgnoredDuringExecution':[{'"
	  "weight':1,'preference':{'matchExpressions':[{'key':'a','operator':'In','values':['/"
	  "']}]}}]}}}}",
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is "
	  "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead\n"
	  "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
	  "preference.matchExpressions[0].values[0]: / is invalid, a valid label must be an empty "
	  "string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
	  "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ "{'spec':{'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'"
	  "topologyKey':'z'}]},'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution'"
	  ":[{'weight':1,'podAffinityTerm':{'topologyKey':'z'}}]}}}}",
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
	  "labelSelector: a null labelSelector results in matching no pod\n"
	  "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
	  "podAffinityTerm.labelSelector: a null labelSelector results in matching no pod" },
	{ "{'spec':{'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'failure-domain.beta."
	  "kubernetes.io/zone','whenUnsatisfiable':'DoNotSchedule'}]}}",
	  "spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone "
	  "is deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead\n"
	  "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in "
	  "matching no pod" },
	{ "{'metadata':{'annotations':{'scheduler.alpha.kubernetes.io/"
	  "critical-pod':'','security.alpha.kubernetes.io/"
	  "sysctls':'a','seccomp.security.alpha.kubernetes.io/"
	  "pod':'unconfined','container.seccomp.security.alpha.kubernetes.io/c':'unconfined'}}}",
	  "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in "
	  "v1.16+; use the \"priorityClassName\" field instead\n"
	  "metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in v1.11+; "
	  "use the \"sysctls\" field instead\n"
	  "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in "
	  "v1.27+; use the \"seccompProfile\" field instead\n"
	  "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional "
	  "in v1.27+; use the \"seccompProfile\" field instead" },
	{ VOLUME("'gitRepo':{'repository':'r'}"),
	  "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+" },
	{ VOLUME("'rbd':{'monitors':['m'],'image':'i'}"),
	  "spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+" },
	{ VOLUME("'projected':{'sources':[{}]}"),
	  "volume \"v\" (Projected) has no sources provided" },
	{ VOLUME("'configMap':{'name':'m','items':[{'key':'a','path':'p'},{'key':'b','path':'p/"
		 "q'},{'key':'c','path':'p'}]}"),
	  "volume \"v\" (ConfigMap \"m\"): overlapping paths: \"p/q\" with \"p\"\n"
	  "volume \"v\" (ConfigMap \"m\"): overlapping paths: \"p\" with \"p\"\n"
	  "volume \"v\" (ConfigMap \"m\"): overlapping paths: \"p\" with \"p/q\"" },
	{ VOLUME("'projected':{'sources':[{'secret':{'name':'s','items':[{'key':'a','path':'p'}]}},"
		 "{'configMap':{'name':'m','items':[{'key':'a','path':'p/q'}]}}]}"),
	  "volume \"v\" (Projected): overlapping paths: \"p/q\" (ConfigMap \"m\") with \"p\" "
	  "(Secret \"s\")" },
	{ "{'spec':{'hostAliases':[{'ip':'1.2.3.4','hostnames':['a']},{'ip':'1.2.3.4','hostnames':["
	  "'b']},{'ip':'FD00::1'}]}}",
	  "spec.hostAliases[1].ip: duplicate ip \"1.2.3.4\"\n"
	  "spec.hostAliases[2].ip: IPv6 address \"FD00::1\" should be in RFC 5952 canonical format "
	  "(\"fd00::1\")" },
	{ "{'spec':{'imagePullSecrets':[{'name':'a'},{'name':'a'},{}]}}",
	  "spec.imagePullSecrets[1].name: duplicate name \"a\"\n"
	  "spec.imagePullSecrets[2].name: invalid empty name \"\"" },
	{ "{'spec':{'dnsConfig':{'nameservers':['FD00::1']}}}",
	  "spec.dnsConfig.nameservers[0]: IPv6 address \"FD00::1\" should be in RFC 5952 canonical "
	  "format (\"fd00::1\")" },
	{ CONTAINER(
	      "'resources':{'limits':{'memory':'500m'},'requests':{'ephemeral-storage':'1500m'}}"),
	  "spec.containers[0].resources.limits[memory]: fractional byte value \"500m\" is invalid, "
	  "must be an integer\n"
	  "spec.containers[0].resources.requests[memory]: fractional byte value \"500m\" is "
	  "invalid, must be an integer\n"
	  "spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value "
	  "\"1500m\" is invalid, must be an integer" },
	{ CONTAINER("'env':[{'name':'a','value':'1'},{'name':'a','value':'2'},{'name':'b','value':'"
		    "1'},{'name':'b','value':'$(b)1'}]"),
	  "spec.containers[0].env[1]: hides previous definition of \"a\", which may be dropped "
	  "when using apply" },
	{ CONTAINER("'ports':[{'containerPort':80},{'containerPort':80}]"),
	  "spec.containers[0].ports[1]: duplicate port definition with "
	  "spec.containers[0].ports[0]" },
	{ CONTAINER("'ports':[{'containerPort':80,'hostPort':80},{'containerPort':80,'hostPort':80,"
		    "'hostIP':'1.2.3.4'}]"),
	  "spec.containers[0].ports[1]: dangerously ambiguous port definition with "
	  "spec.containers[0].ports[0]" },
	{ CONTAINER("'ports':[{'containerPort':80,'hostIP':'1.2.3.4'}]"),
	  "spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 "
	  "ContainerPort:80 Protocol:TCP HostIP:1.2.3.4}" },
	{ "{'spec':{'containers':[{'name':'c','image':'i','ports':[{'name':'http','containerPort':"
	  "80}]},{'name':'d','image':'i','ports':[{'name':'http','containerPort':81}]}]}}",
	  "spec.containers[1].ports[0]: duplicate port name \"http\" with "
	  "spec.containers[0].ports[0], services and probes that select ports by name will use "
	  "spec.containers[0].ports[0]" },
	{ "{'spec':{'overhead':{'memory':'500m'}}}",
	  "spec.overhead[memory]: fractional byte value \"500m\" is invalid, must be an integer" },
};

TEST(odd_pods_are_taken_with_a_warning)
{
	KIND_WARNS(TYPE, base, cases);
}

/* ---- templates -------------------------------------------------------------------------------------------------------- */

static const char template_base[] = "{'metadata':{'name':'t'},'template':{'metadata':{'labels':{'a'"
				    ":'b'}},'spec':{'containers':[{'name':'c','image':'i'}]}}}";

static const struct kind_case template_cases[] = {
	{ NULL, "" },
	{ "{'template':{'metadata':{'labels':{'-':'b'},'annotations':{'a/b/c':'d'}}}}",
	  "template.labels: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "template.annotations: Invalid value: \"a/b/c\": a valid label key must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and "
	  "'/' (e.g. 'example.com/MyName')" },
	{ "{'template':{'spec':{'containers':[]}}}", "template.spec.containers: Required value" },
	{ "{'template':{'spec':{'ephemeralContainers':[{'name':'e','image':'i'}]}}}",
	  "template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod "
	  "template" },
	{ "{'template':{'spec':{'containers':[{'name':'c','image':' i'}]}}}", "" },
	{ "{'template':{'spec':{'hostNetwork':true,'containers':[{'name':'c','image':'i','ports':[{"
	  "'containerPort':1}]}]}}}",
	  "" },
};

TEST(templates_of_pods_are_judged)
{
	KIND_CREATES(&core_pod_template_type, template_base, template_cases);
}

TEST(a_changed_template_is_a_new_generation)
{
	struct kind_lab *lab = kind_lab(&core_pod_template_type);

	CHECK_STR(kind_lab_create(lab, template_base,
				  "{'template':{'metadata':{'annotations':{'pod.beta.kubernetes.io/"
				  "init-containers':'x'}}}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(kind_lab_value(
		      lab, "template.metadata.annotations[pod.beta.kubernetes.io/init-containers]"),
		  "");
	CHECK_STR(kind_lab_update(lab, "", template_base,
				  "{'template':{'spec':{'terminationGracePeriodSeconds':-1}}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(kind_lab_warnings(lab),
		  "template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are "
		  "invalid and will be treated as 1");
}
