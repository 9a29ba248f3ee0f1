#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"

#define TYPE (&apps_deployment_type)
#define REPLICAS (&apps_replica_set_type)

static const char base[] = "{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'a':'b'}},'"
			   "template':{'metadata':{'labels':{'a':'b'}},"
			   "'spec':{'containers':[{'name':'c','image':'i'}]}}}}";

#define SPEC(members) "{'spec':{" members "}}"
#define ROLLING(members) SPEC("'strategy':{'rollingUpdate':{" members "}}")

static const struct kind_case create_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'D'}}",
	  "metadata.name: Invalid value: \"D\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ "{'spec':null}", "spec.selector: Required value\n"
			   "spec.template.metadata.labels: Invalid value: null: `selector` does "
			   "not match template `labels`\n"
			   "spec.template.spec.containers: Required value" },
	{ SPEC("'replicas':-1,'minReadySeconds':-1,'revisionHistoryLimit':-1"),
	  "spec.replicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0" },
	{ SPEC("'selector':null"), "spec.selector: Required value\n"
				   "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: "
				   "`selector` does not match template `labels`" },
	{ SPEC("'selector':{'matchLabels':null}"),
	  "spec.selector: Invalid value: {}: empty selector is invalid for deployment" },
	{ SPEC("'selector':{'matchExpressions':[{'key':'a','operator':'Like'}]}"),
	  "spec.selector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid "
	  "selector operator\n"
	  "spec.selector: Invalid value: "
	  "{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"a\",\"operator\":"
	  "\"Like\"}]}: invalid label selector" },
	{ SPEC("'selector':{'matchLabels':{'a':'c'}}"),
	  "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match "
	  "template `labels`" },
	{ SPEC("'template':{'metadata':{'labels':null}}"),
	  "spec.template.metadata.labels: Invalid value: null: `selector` does not match template "
	  "`labels`" },
	{ SPEC("'template':{'spec':{'containers':[]}}"),
	  "spec.template.spec.containers: Required value" },
	{ SPEC("'template':{'spec':{'restartPolicy':'Never','activeDeadlineSeconds':5}}"),
	  "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
	  "\"Always\"\n"
	  "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
	  "ReplicaSet is not Supported" },
	{ SPEC("'strategy':{'type':'Blue'}"),
	  "spec.strategy: Unsupported value: "
	  "{\"Type\":\"Blue\",\"RollingUpdate\":{\"MaxUnavailable\":\"25%\",\"MaxSurge\":\"25%\"}}:"
	  " supported values: \"Recreate\", \"RollingUpdate\"" },
	{ SPEC("'strategy':{'type':'Blue','rollingUpdate':null}"),
	  "spec.strategy: Unsupported value: {\"Type\":\"Blue\",\"RollingUpdate\":null}: supported "
	  "values: \"Recreate\", \"RollingUpdate\"" },
	{ SPEC("'strategy':{'type':'Recreate'}"),
	  "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is "
	  "'Recreate'" },
	{ SPEC("'strategy':{'type':'Recreate','rollingUpdate':null}"), "" },
	{ ROLLING("'maxUnavailable':-1,'maxSurge':'5'"),
	  "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or "
	  "equal to 0\n"
	  "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"5\": a valid percent string must "
	  "be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
	  "validation is '[0-9]+%')" },
	{ ROLLING("'maxUnavailable':'0%','maxSurge':0"),
	  "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when "
	  "`maxSurge` is 0" },
	{ ROLLING("'maxUnavailable':'101%','maxSurge':'500%'"),
	  "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be "
	  "greater than 100%" },
	{ SPEC("'minReadySeconds':600"), "spec.progressDeadlineSeconds: Invalid value: 600: must "
					 "be greater than minReadySeconds" },
	{ SPEC("'progressDeadlineSeconds':-1"),
	  "spec.progressDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.progressDeadlineSeconds: Invalid value: -1: must be greater than minReadySeconds" },
	{ "{'metadata':{'annotations':{'deprecated.deployment.rollback.to':'-1'}}}",
	  "spec.rollback.version: Invalid value: -1: must be greater than or equal to 0" },
	{ "{'metadata':{'annotations':{'deprecated.deployment.rollback.to':'x'}}}",
	  "400 Deployment in version \"v1\" cannot be handled as a Deployment: failed to parse "
	  "annotation[deprecated.deployment.rollback.to]=x as int64: strconv.ParseInt: parsing "
	  "\"x\": invalid syntax" },
	{ "{'metadata':{'annotations':{'deprecated.deployment.rollback.to':'99999999999999999999'}}"
	  "}",
	  "400 Deployment in version \"v1\" cannot be handled as a Deployment: failed to parse "
	  "annotation[deprecated.deployment.rollback.to]=99999999999999999999 as int64: "
	  "strconv.ParseInt: parsing \"99999999999999999999\": value out of range" },
	{ "{'metadata':{'annotations':{'deprecated.deployment.rollback.to':'+7'}}}", "" },
};

TEST(deployments_are_judged)
{
	KIND_CREATES(TYPE, base, create_cases);
}

static const struct kind_case warning_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'a.b'},'spec':{'template':{'spec':{'terminationGracePeriodSeconds':-"
	  "1}}}}",
	  "metadata.name: this is used in Pod names and hostnames, which can result in surprising "
	  "behavior; a DNS label is recommended: [must not contain dots]\n"
	  "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are "
	  "invalid and will be treated as 1" },
};

TEST(deployments_warn_of_names_and_templates)
{
	KIND_WARNS(TYPE, base, warning_cases);
	KIND_WARNS(REPLICAS, base, warning_cases);
}

static const char stored[] =
    "{'metadata':{'name':'d','generation':3,'labels':{'l':'m'}},'spec':{'selector':{'matchLabels':{"
    "'a':'b'}},'template':{'metadata':{'labels':{'a':'b','c':'d'}},"
    "'spec':{'containers':[{'name':'c','image':'i'}]}}},'status':{'replicas':3,'readyReplicas':2,'"
    "collisionCount':2}}";

static const struct kind_case update_cases[] = {
	{ SPEC("'replicas':5"), "" },
	{ SPEC("'selector':{'matchLabels':{'c':'d'}}"),
	  "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}: field is "
	  "immutable" },
	{ SPEC("'selector':null"),
	  "spec.selector: Required value\n"
	  "spec.template.metadata.labels: Invalid value: {\"a\":\"b\",\"c\":\"d\"}: `selector` "
	  "does not match template `labels`\n"
	  "spec.selector: Invalid value: null: field is immutable" },
};

TEST(the_selector_of_a_deployment_is_fixed)
{
	KIND_UPDATES(TYPE, "", stored, update_cases);
}

static const struct {
	const char *patch, *generation;
} generations[] = {
	{ NULL, "3" },
	{ "{'metadata':{'labels':{'x':'y'}}}", "3" },
	{ "{'metadata':{'annotations':{'x':'y'}}}", "4" },
	{ SPEC("'replicas':5"), "4" },
	{ "{'metadata':{'annotations':{'x':'y'}},'spec':{'replicas':5}}", "4" },
	{ "{'status':{'replicas':5}}", "3" },
};

TEST(annotations_are_part_of_a_generation)
{
	for (size_t i = 0; i < sizeof generations / sizeof generations[0]; i++) {
		struct kind_lab *lab = kind_lab(TYPE);

		CHECK_STR(kind_lab_update(lab, "", stored, generations[i].patch), "");
		CHECK_STR(kind_lab_value(lab, "metadata.generation"), generations[i].generation);
		CHECK_STR(kind_lab_value(lab, "status.replicas"), "3");
	}
}

#define STATUS(members) "{'status':{" members "}}"

static const struct kind_case status_cases[] = {
	{ STATUS("'replicas':-1,'updatedReplicas':-1,'readyReplicas':-1,'availableReplicas':-1,'"
		 "unavailableReplicas':-1,'terminatingReplicas':-1,'collisionCount':-1,'"
		 "observedGeneration':-1"),
	  "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.replicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.updatedReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.readyReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.availableReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.terminatingReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.collisionCount: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.collisionCount: Invalid value: -1: cannot be decremented" },
	{ STATUS("'updatedReplicas':4,'readyReplicas':5,'availableReplicas':6"),
	  "status.updatedReplicas: Invalid value: 4: cannot be greater than status.replicas\n"
	  "status.readyReplicas: Invalid value: 5: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 6: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 6: cannot be greater than readyReplicas" },
	{ STATUS("'collisionCount':1"),
	  "status.collisionCount: Invalid value: 1: cannot be decremented" },
	{ STATUS("'collisionCount':null"),
	  "status.collisionCount: Invalid value: 0: cannot be decremented" },
	{ STATUS("'collisionCount':3,'availableReplicas':2"), "" },
};

TEST(statuses_of_deployments_are_judged)
{
	struct kind_lab *lab = kind_lab(TYPE);

	KIND_UPDATES(TYPE, "status", stored, status_cases);
	CHECK_STR(kind_lab_update(lab, "status", stored,
				  "{'metadata':{'labels':{'l':'n'},'annotations':{'x':'y'}},'spec':"
				  "{'replicas':9},'status':{'replicas':4}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.labels[l]"), "m");
	CHECK_STR(kind_lab_value(lab, "metadata.annotations[x]"), "y");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "3");
	CHECK_STR(kind_lab_value(lab, "spec.replicas"), "1");
	CHECK_STR(kind_lab_value(lab, "status.replicas"), "4");
}

/* ---- ReplicaSet ------------------------------------------------------------------------------------------------------- */

static const struct kind_case set_cases[] = {
	{ NULL, "" },
	{ "{'spec':null}", "spec.selector: Required value\n"
			   "spec.template.metadata.labels: Invalid value: null: `selector` does "
			   "not match template `labels`\n"
			   "spec.template.spec.containers: Required value" },
	{ SPEC("'replicas':-1,'minReadySeconds':-1"),
	  "spec.replicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0" },
	{ SPEC("'selector':{'matchLabels':{'a':'c'}}"),
	  "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match "
	  "template `labels`" },
	{ SPEC("'template':{'spec':{'restartPolicy':'Never','activeDeadlineSeconds':5}}"),
	  "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
	  "\"Always\"\n"
	  "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
	  "ReplicaSet is not Supported" },
};

static const char stored_set[] =
    "{'metadata':{'name':'d','generation':3},'spec':{'selector':{'matchLabels':{'a':'b'}},'"
    "template':{'metadata':{'labels':{'a':'b','c':'d'}},"
    "'spec':{'containers':[{'name':'c','image':'i'}]}}},'status':{'replicas':3}}";

static const struct kind_case set_update_cases[] = {
	{ SPEC("'selector':{'matchLabels':{'c':'d'}}"),
	  "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}: field is "
	  "immutable" },
};

static const struct kind_case set_status_cases[] = {
	{ STATUS("'replicas':-1,'fullyLabeledReplicas':-1,'readyReplicas':-1,'availableReplicas':-"
		 "1,'observedGeneration':-1,'terminatingReplicas':-1"),
	  "status.replicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.fullyLabeledReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.readyReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.availableReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.terminatingReplicas: Invalid value: -1: must be greater than or equal to 0" },
	{ STATUS("'fullyLabeledReplicas':4,'readyReplicas':5,'availableReplicas':6"),
	  "status.fullyLabeledReplicas: Invalid value: 4: cannot be greater than status.replicas\n"
	  "status.readyReplicas: Invalid value: 5: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 6: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 6: cannot be greater than readyReplicas" },
};

TEST(replica_sets_are_judged)
{
	struct kind_lab *lab = kind_lab(REPLICAS);

	KIND_CREATES(REPLICAS, base, set_cases);
	KIND_UPDATES(REPLICAS, "", stored_set, set_update_cases);
	KIND_UPDATES(REPLICAS, "status", stored_set, set_status_cases);
	CHECK_STR(kind_lab_update(lab, "", stored_set, "{'metadata':{'annotations':{'x':'y'}}}"),
		  "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "3");
	CHECK_STR(kind_lab_update(lab, "", stored_set, SPEC("'replicas':2")), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "4");
}

/* ---- ReplicationController ------------------------------------------------------------------------------------------- */

#define CONTROLLER (&core_replication_controller_type)

static const char controller[] =
    "{'metadata':{'name':'d','generation':3,'annotations':{'non-convertible.kubernetes.io/"
    "selector':'x'}},'spec':{'selector':{'a':'b'},'template':{'metadata':{'labels':{'a':'b','c':'d'"
    "}},"
    "'spec':{'containers':[{'name':'c','image':'i'}]}}},'status':{'replicas':3}}";

static const struct kind_case controller_cases[] = {
	{ NULL, "" },
	{ "{'spec':{'template':null}}", "spec.template: Required value" },
	{ SPEC("'selector':{'a':null}"), "" },
	{ SPEC("'selector':{'a':'c'}"),
	  "spec.template.metadata.labels: Invalid value: {\"a\":\"b\",\"c\":\"d\"}: `selector` "
	  "does not match template `labels`" },
	{ SPEC("'template':{'spec':{'restartPolicy':'Never','activeDeadlineSeconds':5}}"),
	  "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
	  "\"Always\"\n"
	  "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
	  "ReplicationController is not Supported" },
};

static const struct kind_case controller_update_cases[] = {
	{ SPEC("'replicas':2"), "" },
	{ SPEC("'selector':{'c':'d'}"), "spec.selector: Invalid value: {\"a\":\"b\",\"c\":\"d\"}: "
					"cannot update non-convertible selector" },
};

static const struct kind_case controller_status_cases[] = {
	{ STATUS("'replicas':-1,'fullyLabeledReplicas':-1,'readyReplicas':-1,'availableReplicas':-"
		 "1,'observedGeneration':-1"),
	  "status.replicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.fullyLabeledReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.readyReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.availableReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0" },
	{ STATUS("'fullyLabeledReplicas':4,'readyReplicas':5,'availableReplicas':6"),
	  "status.fullyLabeledReplicas: Invalid value: 4: cannot be greater than status.replicas\n"
	  "status.readyReplicas: Invalid value: 5: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 6: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 6: cannot be greater than readyReplicas" },
};

TEST(replication_controllers_are_judged)
{
	struct kind_lab *lab = kind_lab(CONTROLLER);

	KIND_CREATES(CONTROLLER, controller, controller_cases);
	KIND_UPDATES(CONTROLLER, "", controller, controller_update_cases);
	KIND_UPDATES(CONTROLLER, "status", controller, controller_status_cases);
	CHECK_STR(
	    kind_lab_update(lab, "",
			    "{'metadata':{'name':'d','annotations':{'non-convertible.kubernetes.io/"
			    "colour':'x'}},'spec':{'selector':{'a':'b'},'template':{'metadata':{'"
			    "labels':{'a':'b'}},"
			    "'spec':{'containers':[{'name':'c','image':'i'}]}}}}",
			    SPEC("'selector':{'c':null}")),
	    "colour: Not found: \"x\": unknown non-convertible field");
}

/* ---- ControllerRevision ------------------------------------------------------------------------------------------------ */

#define REVISION (&apps_controller_revision_type)

static const char revision[] = "{'metadata':{'name':'r'},'data':{'a':'b'},'revision':1}";

static const struct kind_case revision_cases[] = {
	{ NULL, "" },
	{ "{'revision':-1}", "revision: Invalid value: -1: must be greater than or equal to 0" },
	{ "{'data':null}", "data: Required value: data is mandatory" },
	{ "{'data':[]}", "data: Required value: data must be a valid JSON object" },
	{ "{'data':7}", "data: Required value: data must be a valid JSON object" },
};

static const struct kind_case revision_update_cases[] = {
	{ "{'revision':2}", "" },
	{ "{'data':{'a':'c'}}", "data: Invalid value: {\"a\":\"c\"}: field is immutable" },
	{ "{'data':{'a':'b'}}", "" },
};

TEST(the_data_of_a_revision_are_fixed)
{
	KIND_CREATES(REVISION, revision, revision_cases);
	KIND_UPDATES(REVISION, "", revision, revision_update_cases);
}
