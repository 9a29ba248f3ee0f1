#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/coordination.h"
#include "datastore/schema/core.h"
#include "datastore/schema/events.h"
#include "datastore/schema/node.h"
#include "datastore/schema/scheduling.h"

/* Kinds of the cluster that are a few rules each. */

#define SPEC(members) "{'spec':{" members "}}"

/* ---- Lease ------------------------------------------------------------------------------------------------------ */

static const struct kind_case lease_cases[] = {
	{ NULL, "" },
	{ SPEC("'leaseDurationSeconds':40,'leaseTransitions':0,'holderIdentity':''"), "" },
	{ SPEC("'leaseDurationSeconds':0,'leaseTransitions':-1"),
	  "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0\n"
	  "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0" },
	/* Their gate is off. */
	{ SPEC("'strategy':'x','preferredHolder':'y'"), "" },
};

static const struct kind_case coordinated_cases[] = {
	{ SPEC("'strategy':'a.io/b'"), "" },
	{ SPEC("'strategy':'Newest'"),
	  "spec.strategy.strategy: Unsupported value: \"Newest\": supported "
	  "values: \"OldestEmulationVersion\"" },
	{ SPEC("'strategy':'a/b/c'"),
	  "spec.strategy.strategy: Invalid value: \"a/b/c\": a valid label key must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and "
	  "'/' "
	  "(e.g. 'example.com/MyName')" },
	{ SPEC("'strategy':null"),
	  "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined" },
};

TEST(a_lease_lasts)
{
	KIND_CREATES(&coordination_lease_type, "{'metadata':{'name':'l'},'spec':{}}", lease_cases);
	KIND_UPDATES(&coordination_lease_type, "",
		     "{'metadata':{'name':'l'},'spec':{'strategy':'OldestEmulationVersion',"
		     "'preferredHolder':'p'}}",
		     coordinated_cases);
}

/* ---- Event ------------------------------------------------------------------------------------------------------ */

#define WORD10 "0123456789"
#define WORD130 \
	WORD10 WORD10 WORD10 WORD10 WORD10 WORD10 WORD10 WORD10 WORD10 WORD10 WORD10 WORD10 WORD10
#define WORD1040 WORD130 WORD130 WORD130 WORD130 WORD130 WORD130 WORD130 WORD130
#define NEW "'eventTime':'2026-01-01T00:00:00.000000Z'"

static const struct kind_case event_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'A:b'}}", "" },
	{ "{'involvedObject':{'namespace':'b'}}",
	  "involvedObject.namespace: Invalid value: \"b\": does not match event.namespace" },
	{ "{'involvedObject':{'namespace':''}}",
	  "involvedObject.namespace: Invalid value: \"\": does not match event.namespace" },
	{ "{'metadata':{'namespace':'default'},'involvedObject':{'namespace':''}}", "" },
	{ "{" NEW ",'reportingComponent':'c','reportingInstance':'i','action':'a','reason':'r'}",
	  "" },
	{ "{" NEW "}",
	  "reportingComponent: Required value\n"
	  "reportingComponent: Invalid value: \"\": name part must be non-empty\n"
	  "reportingComponent: Invalid value: \"\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
	  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "reportingInstance: Required value\naction: Required value\nreason: Required "
	  "value" },
	{ "{" NEW ",'reportingComponent':'c','reportingInstance':'" WORD130 "','action':'" WORD130
	  "','reason':'" WORD130 "','message':'" WORD1040 "'}",
	  "reportingInstance: Invalid value: \"\": can have at most 128 characters\n"
	  "action: Invalid value: \"\": can have at most 128 characters\n"
	  "reason: Invalid value: \"\": can have at most 128 characters\n"
	  "message: Invalid value: \"\": can have at most 1024 characters" },
	{ "{'metadata':{'namespace':'kube-system'},'involvedObject':{'namespace':''}," NEW
	  ",'reportingComponent':'c','reportingInstance':'i','action':'a','reason':'r'}",
	  "" },
};

TEST(an_event_of_core_is_of_its_objects_namespace)
{
	KIND_CREATES(&core_event_type,
		     "{'metadata':{'name':'e','namespace':'a'},'involvedObject':{'namespace':'a'}}",
		     event_cases);
}

#define EVENT                                                                                  \
	"{'metadata':{'name':'e','namespace':'a'},'regarding':{'namespace':'a'}," NEW          \
	",'reportingController':'c','reportingInstance':'i','action':'a','reason':'r','type':" \
	"'Normal'}"

static const struct kind_case new_event_cases[] = {
	{ NULL, "" },
	{ "{'eventTime':null}", "eventTime: Required value" },
	{ "{'reportingController':'a b'}",
	  "reportingController: Invalid value: \"a b\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. "
	  "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ "{'type':'Loud'}", "type: Invalid value: \"\": has invalid value: Loud" },
	{ "{'series':{'count':1}}", "series.count: Invalid value: \"\": should be at least 2\n"
				    "series.lastObservedTime: Required value" },
	{ "{'deprecatedCount':1,'deprecatedSource':{'host':'h'},'deprecatedFirstTimestamp':"
	  "'2026-01-01T00:00:00Z','deprecatedLastTimestamp':'2026-01-01T00:00:00Z'}",
	  "firstTimestamp: Invalid value: \"\": needs to be unset\n"
	  "lastTimestamp: Invalid value: \"\": needs to be unset\n"
	  "count: Invalid value: \"\": needs to be unset\n"
	  "source: Invalid value: \"\": needs to be unset" },
};

static const struct kind_case fixed_event_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}},'series':{'count':2,'lastObservedTime':"
	  "'2026-01-01T00:00:01.000000Z'}}",
	  "" },
	{ "{'series':{'count':1,'lastObservedTime':'2026-01-01T00:00:01.000000Z'}}",
	  "series.count: Invalid value: \"\": should be at least 2" },
	{ "{'note':'n','reason':'s','reportingInstance':'j'}",
	  "reason: Invalid value: \"s\": field is immutable\n"
	  "message: Invalid value: \"n\": field is immutable\n"
	  "reportingInstance: Invalid value: \"j\": field is immutable" },
};

TEST(an_event_of_its_own_group_is_complete_and_stays)
{
	KIND_CREATES(&events_event_type, EVENT, new_event_cases);
	KIND_UPDATES(&events_event_type, "", EVENT, fixed_event_cases);
}

/* ---- PriorityClass ----------------------------------------------------------------------------------------------- */

#define CLASS (&scheduling_priority_class_type)
#define RESERVED                                                                                 \
	"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for " \
	"system use only. error: "

static const struct kind_case class_cases[] = {
	{ NULL, "" },
	{ "{'value':-5,'preemptionPolicy':'Never'}", "" },
	{ "{'value':1000000001}",
	  "value: Forbidden: maximum allowed value of a user defined priority is 1000000000" },
	{ "{'metadata':{'name':'system-mine'}}",
	  RESERVED "system-mine is not a known system priority class" },
	{ "{'metadata':{'name':'system-node-critical'}}",
	  RESERVED "value of system-node-critical PriorityClass must be 2000001000" },
	{ "{'metadata':{'name':'system-node-critical'},'value':2000001000,'globalDefault':true}",
	  RESERVED "globalDefault of system-node-critical PriorityClass must be false" },
	{ "{'metadata':{'name':'system-cluster-critical'},'value':2000000000}", "" },
	{ "{'preemptionPolicy':'Now'}",
	  "preemptionPolicy: Unsupported value: \"Now\": supported values: "
	  "\"PreemptLowerPriority\", \"Never\"" },
	{ "{'preemptionPolicy':''}", "preemptionPolicy: Required value" },
};

static const struct kind_case fixed_class_cases[] = {
	{ "{'globalDefault':true,'description':'d'}", "" },
	{ "{'value':6}", "value: Forbidden: may not be changed in an update." },
	{ "{'preemptionPolicy':'Never'}",
	  "preemptionPolicy: Invalid value: \"Never\": field is immutable" },
};

TEST(a_priority_is_a_number_that_stays)
{
	static const char class[] = "{'metadata':{'name':'c'},'value':5,'preemptionPolicy':"
				    "'PreemptLowerPriority'}";
	struct kind_lab *lab = kind_lab(CLASS);

	KIND_CREATES(CLASS, class, class_cases);
	KIND_UPDATES(CLASS, "", class, fixed_class_cases);
	CHECK_STR(kind_lab_create(lab, class, NULL), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
}

/* ---- RuntimeClass ------------------------------------------------------------------------------------------------ */

#define RUNTIME (&node_runtime_class_type)
#define SCHEDULING(members) "{'scheduling':{" members "}}"

static const struct kind_case runtime_cases[] = {
	{ NULL, "" },
	{ "{'handler':''}", "handler: Required value" },
	{ "{'overhead':{'podFixed':{'cpu':'100m','memory':'1Mi'}}}", "" },
	{ "{'overhead':{'podFixed':{'cpu':'-1'}}}",
	  "overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0" },
	{ SCHEDULING("'nodeSelector':{'a b':'c'}"),
	  "scheduling.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. "
	  "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ SCHEDULING(
	      "'tolerations':[{'key':'a','operator':'Exists'},{'key':'a','operator':'Exists'}]"),
	  "scheduling.tolerations[1]: Duplicate value: {\"key\":\"a\",\"operator\":\"Exists\"}" },
	{ SCHEDULING("'tolerations':[{'key':'a','operator':'Exists','value':'b'}]"),
	  "scheduling.tolerations[0].operator: Invalid value: \"b\": value must be empty when "
	  "`operator` is 'Exists'" },
};

static const struct kind_case fixed_runtime_cases[] = {
	{ SCHEDULING("'nodeSelector':{'a':'b'}"), "" },
	{ "{'handler':'other'}", "handler: Invalid value: null: field is immutable" },
};

static const struct kind_case runtime_warnings[] = {
	{ SCHEDULING("'nodeSelector':{'beta.kubernetes.io/os':'linux'}"),
	  "scheduling.nodeSelector: deprecated since v1.14; use \"kubernetes.io/os\" instead" },
};

TEST(a_runtime_class_names_its_handler_for_good)
{
	static const char class[] = "{'metadata':{'name':'c'},'handler':'h'}";

	KIND_CREATES(RUNTIME, class, runtime_cases);
	KIND_UPDATES(RUNTIME, "", class, fixed_runtime_cases);
	KIND_WARNS(RUNTIME, class, runtime_warnings);
}
