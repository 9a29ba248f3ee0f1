#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

#define TYPE (&core_pod_type)

static const char stored[] =
    "{'metadata':{'name':'p','annotations':{'kubernetes.io/"
    "config.mirror':'m'}},'spec':{'nodeName':'n','containers':[{'name':'c','image':'i'}],"
    "'initContainers':[{'name':'a','image':'i'}],'activeDeadlineSeconds':5,'tolerations':[{'key':'"
    "a',"
    "'operator':'Exists'}]},'status':{'phase':'Running','qosClass':'BestEffort'}}";

static const struct kind_case update_cases[] = {
	{ NULL, "" },
	{ "{'spec':{'containers':[{'name':'c','image':'j'}],'initContainers':[{'name':'a','image':'"
	  "j'}]}}",
	  "" },
	{ "{'spec':{'containers':[{'name':'c','image':' j'}]}}",
	  "spec.containers[0].image: Invalid value: \" j\": must not have leading or trailing "
	  "whitespace\n"
	  "spec: Forbidden: pod updates may not change fields other than "
	  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`"
	  "spec.tolerations` (only additions to existing "
	  "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
	  "previously negative)" },
	{ "{'spec':{'containers':[{'name':'d','image':'i'}]}}",
	  "spec: Forbidden: pod updates may not change fields other than "
	  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`"
	  "spec.tolerations` (only additions to existing "
	  "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
	  "previously negative)" },
	{ "{'spec':{'containers':[{'name':'c','image':'i'},{'name':'d','image':'i'}]}}",
	  "spec.containers: Forbidden: pod updates may not add or remove containers" },
	{ "{'spec':{'initContainers':[]}}",
	  "spec.initContainers: Forbidden: pod updates may not add or remove containers" },
	{ "{'spec':{'activeDeadlineSeconds':4}}", "" },
	{ "{'spec':{'activeDeadlineSeconds':6}}", "spec.activeDeadlineSeconds: Invalid value: 6: "
						  "must be less than or equal to previous value" },
	{ "{'spec':{'activeDeadlineSeconds':null}}",
	  "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive "
	  "integer to nil value" },
	{ "{'spec':{'activeDeadlineSeconds':-1}}", "spec.activeDeadlineSeconds: Invalid value: -1: "
						   "must be between 1 and 2147483647, inclusive\n"
						   "spec.activeDeadlineSeconds: Invalid value: -1: "
						   "must be between 0 and 2147483647, inclusive" },
	{ "{'spec':{'tolerations':[{'key':'a','operator':'Exists','effect':'NoExecute'}]}}",
	  "spec.tolerations: Forbidden: existing toleration can not be modified except its "
	  "tolerationSeconds" },
	{ "{'spec':{'tolerations':[{'key':'b','operator':'Exists'},{'key':'a','operator':'Exists'}]"
	  "}}",
	  "" },
	{ "{'spec':{'schedulingGates':[{'name':'a/b'}]}}",
	  "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new "
	  "scheduling gate 'a/b'" },
	{ "{'spec':{'nodeName':'m'}}",
	  "spec: Forbidden: pod updates may not change fields other than "
	  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`"
	  "spec.tolerations` (only additions to existing "
	  "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
	  "previously negative)" },
	{ "{'spec':{'terminationGracePeriodSeconds':1}}",
	  "spec: Forbidden: pod updates may not change fields other than "
	  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`"
	  "spec.tolerations` (only additions to existing "
	  "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
	  "previously negative)" },
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ "{'metadata':{'annotations':{'kubernetes.io/config.mirror':'n'}}}",
	  "metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update "
	  "mirror pod annotation" },
	{ "{'metadata':{'annotations':{'kubernetes.io/"
	  "config.mirror':null,'container.apparmor.security.beta.kubernetes.io/c':'unconfined'}}}",
	  "metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update "
	  "mirror pod annotation\n"
	  "metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: may "
	  "not add AppArmor annotations" },
};

TEST(little_of_a_stored_pod_may_change)
{
	KIND_UPDATES(TYPE, "", stored, update_cases);
}

static const char negative[] =
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],"
    "'terminationGracePeriodSeconds':-5}}";

TEST(a_negative_grace_may_become_one_second)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(
	    kind_lab_update(lab, "", negative, "{'spec':{'terminationGracePeriodSeconds':1}}"), "");
}

static const char gated[] =
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'nodeSelector':{'a':'"
    "b'},"
    "'schedulingGates':[{'name':'a/b'},{'name':'c/d'}],'affinity':{'nodeAffinity':{"
    "'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'"
    "key':'a','operator':'Exists'}]}]}}}}}";

#define NEEDS(terms)                                                                               \
	"{'spec':{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'" \
	"nodeSelectorTerms':[" terms "]}}}}}"

static const struct kind_case gated_cases[] = {
	{ "{'spec':{'schedulingGates':[{'name':'c/d'}]}}", "" },
	{ "{'spec':{'schedulingGates':[{'name':'e/f'}]}}",
	  "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new "
	  "scheduling gate 'e/f'" },
	{ "{'spec':{'nodeSelector':{'c':'d'}}}", "" },
	{ "{'spec':{'nodeSelector':{'a':'d'}}}",
	  "spec.nodeSelector: Invalid value: {\"a\":\"d\"}: only additions to spec.nodeSelector "
	  "are allowed (no mutations or deletions)" },
	{ "{'spec':{'nodeSelector':null}}",
	  "spec.nodeSelector: Invalid value: null: only additions to spec.nodeSelector are allowed "
	  "(no mutations or deletions)" },
	{ NEEDS("{'matchExpressions':[{'key':'a','operator':'Exists'},{'key':'b','operator':'"
		"Exists'}]}"),
	  "" },
	{ NEEDS("{'matchExpressions':[{'key':'b','operator':'Exists'}]}"),
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0]: Invalid value: "
	  "{\"matchExpressions\":[{\"key\":\"b\",\"operator\":\"Exists\"}]}: only additions are "
	  "allowed (no mutations or deletions)" },
	{ NEEDS("{'matchExpressions':[{'key':'a','operator':'Exists'}]},{'matchExpressions':[{'key'"
		":'b','operator':'Exists'}]}"),
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms: Invalid value: "
	  "{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{"
	  "\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]},{\"matchExpressions\":[{"
	  "\"key\":\"b\",\"operator\":\"Exists\"}]}]}}: no additions/deletions to non-empty "
	  "NodeSelectorTerms list are allowed" },
	{ "{'spec':{'affinity':null}}",
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms: Invalid value: null: no additions/deletions to non-empty "
	  "NodeSelectorTerms list are allowed" },
	{ "{'spec':{'affinity':{'podAffinity':{}}}}",
	  "spec: Forbidden: pod updates may not change fields other than "
	  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`"
	  "spec.tolerations` (only additions to existing "
	  "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
	  "previously negative)" },
};

TEST(a_gated_pod_may_be_narrowed)
{
	KIND_UPDATES(TYPE, "", gated, gated_cases);
}

static const char old_faults[] =
    "{'metadata':{'name':'p','annotations':{'controller.kubernetes.io/"
    "pod-deletion-cost':'+1'}},'spec':{'containers':[{'name':'c','image':'i',"
    "'resources':{'limits':{'cpu':'1','hugepages-2Mi':'3Mi'},'requests':{'hugepages-2Mi':'3Mi'}},'"
    "securityContext':{'allowPrivilegeEscalation':false,"
    "'capabilities':{'add':['CAP_SYS_ADMIN']}}}],'hostNetwork':true,'hostUsers':false,'affinity':{'"
    "nodeAffinity':{"
    "'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'"
    "key':'a','operator':'In','values':['/']}]}]}},"
    "'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'z','"
    "labelSelector':{'matchExpressions':[{'key':'a','operator':'In','values':['/']}]}}]}},"
    "'securityContext':{'sysctls':[{'name':'net.core.somaxconn','value':'1'}]},'tolerations':[{'"
    "key':'a','operator':'Gt','value':'1'}],"
    "'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'z','whenUnsatisfiable':'"
    "DoNotSchedule','labelSelector':{'matchLabels':{'-':''}}}],"
    "'volumes':[{'name':'v','projected':{'sources':[{'serviceAccountToken':{'path':'/"
    "a'}}]}}],'serviceAccountName':'s','serviceAccount':'s'}}";

TEST(what_broke_a_younger_rule_when_it_was_stored_may_stay)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK(kind_lab_create(lab, old_faults, NULL).len > 0);
	CHECK_EQ(lab->faults.len, 11);
	CHECK_STR(kind_lab_update(lab, "", old_faults, "{'metadata':{'labels':{'a':'b'}}}"), "");
}

/* ---- ephemeral containers -------------------------------------------------------------------------------------------- */

static const char with_ephemeral[] =
    "{'metadata':{'name':'p','generation':1},'spec':{'containers':[{'name':'c','image':'i'}],'"
    "ephemeralContainers':[{'name':'e','image':'i'}]}}";

#define EPHEMERAL(list) "{'spec':{'ephemeralContainers':[" list "]}}"

static const struct kind_case ephemeral_cases[] = {
	{ NULL, "" },
	{ EPHEMERAL("{'name':'e','image':'i'},{'name':'f','image':'i','targetContainerName':'c'}"),
	  "" },
	{ EPHEMERAL(""), "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"e\" "
			 "may not be removed\n" },
	{ EPHEMERAL("{'name':'e','image':'j'}"),
	  "spec.ephemeralContainers: Forbidden: existing "
	  "ephemeral containers \"e\" may not be changed\n" },
	{ EPHEMERAL("{'name':'e','image':'i'},{'name':'c','image':' i','targetContainerName':'e'}"),
	  "spec.ephemeralContainers[1].image: Invalid value: \" i\": must not have leading or "
	  "trailing whitespace\n"
	  "spec.ephemeralContainers[1].name: Duplicate value: \"c\"\n"
	  "spec.ephemeralContainers[1].targetContainerName: Not found: \"e\"" },
	{ EPHEMERAL("{'name':'e','image':'i'},{'name':'f','image':'i','ports':[{'containerPort':1}]"
		    ",'resources':{'limits':{'cpu':'1'}},'restartPolicy':'Always','livenessProbe':{"
		    "'tcpSocket':{'port':1}},'lifecycle':{}}"),
	  "spec.ephemeralContainers[1].ports: Forbidden: cannot be set for an Ephemeral Container\n"
	  "spec.ephemeralContainers[1].resources: Forbidden: cannot be set for an Ephemeral "
	  "Container\n"
	  "spec.ephemeralContainers[1].restartPolicy: Forbidden: cannot be set for an Ephemeral "
	  "Container\n"
	  "spec.ephemeralContainers[1].livenessProbe: Forbidden: cannot be set for an Ephemeral "
	  "Container\n"
	  "spec.ephemeralContainers[1].lifecycle: Forbidden: cannot be set for an Ephemeral "
	  "Container" },
};

TEST(ephemeral_containers_come_and_stay)
{
	KIND_UPDATES(TYPE, "ephemeralcontainers", with_ephemeral, ephemeral_cases);
}

TEST(only_ephemeral_containers_change_by_their_subresource)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_update(
		      lab, "ephemeralcontainers", with_ephemeral,
		      "{'metadata':{'labels':{'a':'b'}},'spec':{'nodeName':'x','"
		      "ephemeralContainers':[{'name':'e','image':'i'},{'name':'f','image':'i'}]}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.labels[a]"), "");
	CHECK_STR(kind_lab_value(lab, "spec.nodeName"), "");
	CHECK_STR(kind_lab_value(lab, "spec.ephemeralContainers[1].name"), "f");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "2");
}

TEST(mirrors_of_static_pods_have_no_ephemeral_containers)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_update(lab, "ephemeralcontainers", stored,
				  EPHEMERAL("{'name':'e','image':'i'}")),
		  "[]: Forbidden: static pods do not support ephemeral containers");
}

/* ---- generation --------------------------------------------------------------------------------------------------------- */

TEST(a_change_of_the_spec_is_a_new_generation)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_update(lab, "", with_ephemeral, "{'metadata':{'labels':{'a':'b'}}}"), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
	CHECK_STR(kind_lab_update(lab, "", with_ephemeral,
				  "{'spec':{'containers':[{'name':'c','image':'j'}]}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "2");
}
