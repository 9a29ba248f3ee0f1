#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

static const char base[] = "{'metadata':{'name':'p','labels':{'app':'web'}},'spec':{'containers':[{"
			   "'name':'c','image':'i'}]}}";

#define NODES(members) "{'spec':{'affinity':{'nodeAffinity':{" members "}}}}"
#define NEED(members)                                                                            \
	NODES("'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{" members \
	      "}]}")
#define TERM(members)                                                                            \
	"{'spec':{'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[" \
	"{" members "}]}}}}"
#define SPREAD(list) "{'spec':{'topologySpreadConstraints':[" list "]}}"

static const struct kind_case node_cases[] = {
	{ "{'spec':{'nodeSelector':{'-':'a','b':'/'}}}",
	  "spec.nodeSelector: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "spec.nodeSelector: Invalid value: \"/\": a valid label must be an empty string or "
	  "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
	  "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ NODES("'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[]}"),
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms: Required value: must have at least one node selector term" },
	{ NEED("'matchExpressions':[{'key':'a','operator':'In'},{'key':'-','operator':'Exists','"
	       "values':['b']},{'key':'a','operator':'Gt'},{'key':'a','operator':'x'},{'key':'a','"
	       "operator':'In','values':['/']}]"),
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when "
	  "`operator` is 'In' or 'NotIn'\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchExpressions[1].values: Forbidden: may not be specified when "
	  "`operator` is 'Exists' or 'DoesNotExist'\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchExpressions[1].key: Invalid value: \"-\": name part must "
	  "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
	  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchExpressions[2].values: Required value: must be specified "
	  "single value when `operator` is 'Lt' or 'Gt'\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchExpressions[3].operator: Invalid value: \"x\": not a valid "
	  "selector operator\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchExpressions[4].values[0]: Invalid value: \"/\": a valid label "
	  "must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
	  "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
	  "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ NEED(
	      "'matchFields':[{'key':'metadata.name','operator':'In','values':['a','b']},{'key':'x'"
	      ",'operator':'Exists'},{'key':'metadata.name','operator':'NotIn','values':['A']}]"),
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchFields[0].values: Required value: must be only one value when "
	  "`operator` is 'In' or 'NotIn' for node field selector\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchFields[1].operator: Invalid value: \"Exists\": not a valid "
	  "selector operator\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchFields[1].key: Invalid value: \"x\": not a valid field "
	  "selector key\n"
	  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
	  "nodeSelectorTerms[0].matchFields[2].values[0]: Invalid value: \"A\": a lowercase RFC "
	  "1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	  "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ NODES("'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':0,'preference':{'"
		"matchExpressions':[{'key':'a','operator':'x'}]}},{'weight':100,'preference':{}}]"),
	  "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: "
	  "Invalid value: 0: must be in the range 1-100\n"
	  "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
	  "preference.matchExpressions[0].operator: Invalid value: \"x\": not a valid selector "
	  "operator" },
};

TEST(nodes_are_selected_by_labels_and_by_name)
{
	KIND_CREATES(&core_pod_type, base, node_cases);
}

static const struct kind_case affinity_cases[] = {
	{ TERM("'topologyKey':''"),
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey:"
	  " Required value: can not be empty\n"
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey:"
	  " Invalid value: \"\": name part must be non-empty\n"
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey:"
	  " Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or "
	  "'.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
	  "'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ TERM("'topologyKey':'zone','namespaces':['A'],'labelSelector':{'matchExpressions':[{'key'"
	       ":'a','operator':'In'}]},'namespaceSelector':{'matchLabels':{'a':'/'}}"),
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
	  "labelSelector.matchExpressions[0].values: Required value: must be specified when "
	  "`operator` is 'In' or 'NotIn'\n"
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
	  "namespaceSelector.matchLabels: Invalid value: \"/\": a valid label must be an empty "
	  "string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
	  "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\n"
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace: "
	  "Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case "
	  "alphanumeric characters or '-', and must start and end with an alphanumeric character "
	  "(e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ TERM("'topologyKey':'zone','matchLabelKeys':['app']"),
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
	  "matchLabelKeys: Forbidden: must not be specified when labelSelector is not set" },
	{ TERM("'topologyKey':'zone','labelSelector':{},'matchLabelKeys':['app','-'],'"
	       "mismatchLabelKeys':['app']"),
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
	  "matchLabelKeys[1]: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: Invalid "
	  "value: \"app\": exists in both matchLabelKeys and labelSelector\n"
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
	  "matchLabelKeys[0]: Invalid value: \"app\": exists in both matchLabelKeys and "
	  "mismatchLabelKeys" },
	{ TERM("'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'web'}},'matchLabelKeys'"
	       ":['app']"),
	  "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: Invalid "
	  "value: \"app\": exists in both matchLabelKeys and labelSelector" },
	{ "{'spec':{'affinity':{'podAntiAffinity':{'"
	  "preferredDuringSchedulingIgnoredDuringExecution':[{'weight':101,'podAffinityTerm':{'"
	  "topologyKey':'-'}}]}}}}",
	  "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight:"
	  " Invalid value: 101: must be in the range 1-100\n"
	  "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
	  "podAffinityTerm.topologyKey: Invalid value: \"-\": name part must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
};

TEST(terms_of_affinity_have_a_topology)
{
	KIND_CREATES(&core_pod_type, base, affinity_cases);
}

static const struct kind_case spread_cases[] = {
	{ SPREAD("{}"),
	  "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero\n"
	  "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty\n"
	  "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"\": supported "
	  "values: \"DoNotSchedule\", \"ScheduleAnyway\"" },
	{ SPREAD("{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'ScheduleAnyway','"
		 "minDomains':2,'nodeAffinityPolicy':'x','nodeTaintsPolicy':'y'}"),
	  "spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains "
	  "if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway\n"
	  "spec.topologySpreadConstraints[0].nodeAffinityPolicy: Unsupported value: \"x\": "
	  "supported values: \"Honor\", \"Ignore\"\n"
	  "spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: \"y\": supported "
	  "values: \"Honor\", \"Ignore\"" },
	{ SPREAD(
	      "{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','minDomains':"
	      "0},{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule'}"),
	  "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "
	  "\"{zone, DoNotSchedule}\"\n"
	  "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than "
	  "zero" },
	{ SPREAD("{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','"
		 "labelSelector':{'matchLabels':{'app':'web'}},'matchLabelKeys':['app']}"),
	  "spec.topologySpreadConstraints[0][0]: Invalid value: \"app\": exists in both "
	  "matchLabelKeys and labelSelector" },
	{ SPREAD("{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','"
		 "matchLabelKeys':['app']}"),
	  "spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when "
	  "labelSelector is not set" },
	{ SPREAD("{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','"
		 "labelSelector':{'matchLabels':{'-':''}}}"),
	  "spec.topologySpreadConstraints[0].labelSelector.matchLabels: Invalid value: \"-\": name "
	  "part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
	  "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
};

TEST(spread_is_wanted_once_for_a_topology)
{
	KIND_CREATES(&core_pod_type, base, spread_cases);
}

static const struct kind_case toleration_cases[] = {
	{ "{'spec':{'tolerations':[{'operator':'Exists'}]}}", "" },
	{ "{'spec':{'tolerations':[{},{'key':'a/b/"
	  "c'},{'key':'a','operator':'Exists','value':'b'},{'key':'a','operator':'x'},{'key':'a','"
	  "value':'/'}]}}",
	  "spec.tolerations[0].operator: Invalid value: \"\": operator must be Exists when `key` "
	  "is empty, which means \"match all values and all keys\"\n"
	  "spec.tolerations[1].key: Invalid value: \"a/b/c\": a valid label key must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and "
	  "'/' (e.g. 'example.com/MyName')\n"
	  "spec.tolerations[2].operator: Invalid value: \"b\": value must be empty when `operator` "
	  "is 'Exists'\n"
	  "spec.tolerations[3].operator: Unsupported value: \"x\": supported values: \"Equal\", "
	  "\"Exists\"\n"
	  "spec.tolerations[4].operator: Invalid value: \"/\": a valid label must be an empty "
	  "string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
	  "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ "{'spec':{'tolerations':[{'key':'a','effect':'NoSchedule','tolerationSeconds':1},{'key':'"
	  "a','effect':'x'},{'key':'a','operator':'Gt','value':'1'}]}}",
	  "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' "
	  "when `tolerationSeconds` is set\n"
	  "spec.tolerations[1].effect: Unsupported value: \"x\": supported values: \"NoSchedule\", "
	  "\"PreferNoSchedule\", \"NoExecute\"\n"
	  "spec.tolerations[2].operator: Unsupported value: \"Gt\": supported values: \"Equal\", "
	  "\"Exists\", \"Lt\", \"Gt\"" },
	{ "{'spec':{'schedulingGates':[{'name':'a/b'},{'name':'a/"
	  "b'},{'name':''}],'readinessGates':[{'conditionType':'-'}]}}",
	  "spec.readinessGates[0].conditionType: Invalid value: \"-\": name part must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "spec.schedulingGates[1]: Duplicate value: \"a/b\"\n"
	  "spec.schedulingGates[2]: Invalid value: \"\": name part must be non-empty\n"
	  "spec.schedulingGates[2]: Invalid value: \"\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ "{'spec':{'nodeName':'n','schedulingGates':[{'name':'a/b'}]}}",
	  "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared" },
};

TEST(tolerations_and_gates_have_names)
{
	KIND_CREATES(&core_pod_type, base, toleration_cases);
}

TEST(keys_of_labels_become_expressions)
{
	struct kind_lab *lab = kind_lab(&core_pod_type);

	CHECK_STR(kind_lab_create(
		      lab, base,
		      TERM("'topologyKey':'zone','labelSelector':{},'matchLabelKeys':['app','x']")),
		  "");
#define SELECTOR                                                                       \
	"spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]." \
	"labelSelector"
	CHECK_STR(kind_lab_value(lab, SELECTOR ".matchExpressions[0].key"), "app");
	CHECK_STR(kind_lab_value(lab, SELECTOR ".matchExpressions[0].operator"), "In");
	CHECK_STR(kind_lab_value(lab, SELECTOR ".matchExpressions[0].values[0]"), "web");
	CHECK_STR(kind_lab_value(lab, SELECTOR ".matchExpressions[1].key"), "");
	CHECK_STR(
	    kind_lab_create(lab, base,
			    SPREAD("{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'"
				   "DoNotSchedule','labelSelector':{},'matchLabelKeys':['app']}")),
	    "");
	CHECK_STR(
	    kind_lab_value(
		lab, "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0].key"),
	    "app");
}
