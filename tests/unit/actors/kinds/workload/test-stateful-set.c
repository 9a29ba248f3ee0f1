#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/apps.h"

#define TYPE (&apps_stateful_set_type)
#define SPEC(members) "{'spec':{" members "}}"
#define STATUS(members) "{'status':{" members "}}"
#define CLAIM                                                                                \
	"{'metadata':{'name':'data'},'spec':{'accessModes':['ReadWriteOnce'],'resources':{'" \
	"requests':{'storage':'1Gi'}}}}"

static const char base[] = "{'metadata':{'name':'s'},'spec':{'serviceName':'s','selector':{'"
			   "matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
			   "'spec':{'containers':[{'name':'c','image':'i'}]}}}}";

static const struct kind_case create_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'a.b'}}",
	  "metadata.name: Invalid value: \"a.b\": must not contain dots" },
	{ "{'spec':null}", "spec.selector: Required value\n"
			   "spec.template.metadata.labels: Invalid value: null: `selector` does "
			   "not match template `labels`\n"
			   "spec.template.spec.containers: Required value" },
	{ SPEC("'replicas':-1,'minReadySeconds':-1,'ordinals':{'start':-1},'serviceName':'S'"),
	  "spec.replicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.serviceName: Invalid value: \"S\": a lowercase RFC 1123 label must consist of "
	  "lower case alphanumeric characters or '-', and must start and end with an alphanumeric "
	  "character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ SPEC("'serviceName':''"), "" },
	{ SPEC("'podManagementPolicy':'x'"),
	  "spec.podManagementPolicy: Invalid value: \"x\": must be 'OrderedReady' or 'Parallel'" },
	{ SPEC("'updateStrategy':{'type':'x'}"),
	  "spec.updateStrategy: Invalid value: "
	  "{\"Type\":\"x\",\"RollingUpdate\":{\"Partition\":0,\"MaxUnavailable\":1}}: must be "
	  "'RollingUpdate' or 'OnDelete'" },
	{ SPEC("'updateStrategy':{'type':'Recreate','rollingUpdate':null}"),
	  "spec.updateStrategy: Invalid value: {\"Type\":\"Recreate\",\"RollingUpdate\":null}: "
	  "must be 'RollingUpdate' or 'OnDelete'" },
	{ SPEC("'updateStrategy':{'type':'OnDelete','rollingUpdate':{'partition':1,'maxUnavailable'"
	       ":'5%'}}"),
	  "spec.updateStrategy.rollingUpdate: Invalid value: "
	  "{\"Partition\":1,\"MaxUnavailable\":\"5%\"}: only allowed for updateStrategy "
	  "'RollingUpdate'" },
	{ SPEC("'updateStrategy':{'rollingUpdate':{'partition':-1,'maxUnavailable':'0%'}}"),
	  "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or "
	  "equal to 0\n"
	  "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": cannot be 0" },
	{ SPEC("'updateStrategy':{'rollingUpdate':{'maxUnavailable':'101%'}}"),
	  "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be "
	  "greater than 100%" },
	{ SPEC("'updateStrategy':{'rollingUpdate':{'maxUnavailable':0}}"),
	  "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0" },
	{ SPEC("'persistentVolumeClaimRetentionPolicy':{'whenDeleted':'x','whenScaled':'y'}"),
	  "spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: \"x\": "
	  "supported values: \"Retain\", \"Delete\"\n"
	  "spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: \"y\": "
	  "supported values: \"Retain\", \"Delete\"" },
	{ SPEC("'selector':{'matchExpressions':[{'key':'a','operator':'Like'}]}"),
	  "spec.selector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid "
	  "selector operator\n"
	  "spec.selector: Invalid value: "
	  "{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"a\",\"operator\":"
	  "\"Like\"}]}" },
	{ SPEC("'selector':{'matchLabels':{'a':'c'}}"),
	  "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match "
	  "template `labels`" },
	{ SPEC("'selector':{'matchLabels':null}"),
	  "spec.selector: Invalid value: {}: empty selector is invalid for statefulset" },
	{ SPEC("'template':{'metadata':{'labels':{'a':'b','-':''}},'spec':{'restartPolicy':'Never',"
	       "'activeDeadlineSeconds':1,'hostname':'-','subdomain':'-'}}"),
	  "spec.template.labels: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
	  "\"Always\"\n"
	  "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
	  "StatefulSet is not Supported" },
	{ SPEC("'volumeClaimTemplates':[{'metadata':{'name':'data'},'spec':{}}]"),
	  "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode "
	  "is required\n"
	  "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value" },
	{ SPEC("'template':{'spec':{'containers':[{'name':'c','image':'i','volumeMounts':[{'name':'"
	       "data','mountPath':'/d'}]}]}}"),
	  "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"data\"" },
	{ SPEC("'volumeClaimTemplates':[" CLAIM
	       "],'template':{'spec':{'containers':[{'name':'c','image':'i','volumeMounts':[{'name'"
	       ":'data','mountPath':'/d'}]}]}}"),
	  "" },
};

TEST(stateful_sets_are_judged)
{
	KIND_CREATES(TYPE, base, create_cases);
}

static const struct kind_case warning_cases[] = {
	{ NULL, "" },
	{ SPEC("'revisionHistoryLimit':-1"),
	  "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value "
	  ">= 0 is recommended" },
	{ SPEC("'volumeClaimTemplates':[{'metadata':{'name':'data'},'spec':{'accessModes':['"
	       "ReadWriteOnce'],'resources':{'requests':{'storage':'1500m'},'limits':{'storage':'"
	       "2500m'}}}}]"),
	  "spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "
	  "\"1500m\" is invalid, must be an integer\n"
	  "spec.volumeClaimTemplates[0].resources.limits[storage]: fractional byte value \"2500m\" "
	  "is invalid, must be an integer" },
};

TEST(stateful_sets_warn_of_claims)
{
	KIND_WARNS(TYPE, base, warning_cases);
}

static const char stored[] = "{'metadata':{'name':'s','generation':1},'spec':{'serviceName':'S','"
			     "selector':{'matchLabels':{'a':'b'}},'volumeClaimTemplates':[" CLAIM
			     "],'template':{'metadata':{'labels':{'a':'b','c':'d'}},"
			     "'spec':{'containers':[{'name':'c','image':'i'}]}}},'status':{'"
			     "replicas':3,'collisionCount':1}}";

static const struct kind_case update_cases[] = {
	{ NULL, "" },
	{ SPEC("'replicas':2,'minReadySeconds':1,'updateStrategy':{'type':'OnDelete','"
	       "rollingUpdate':null}"),
	  "" },
	{ SPEC("'serviceName':'t','podManagementPolicy':'Parallel','selector':{'matchLabels':{'c':'"
	       "d'}}"),
	  "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}: field is "
	  "immutable\n"
	  "spec.serviceName: Invalid value: \"t\": field is immutable\n"
	  "spec.podManagementPolicy: Invalid value: \"Parallel\": field is immutable" },
	{ SPEC("'volumeClaimTemplates':null"),
	  "spec.volumeClaimTemplates: Invalid value: null: field is immutable" },
	{ SPEC("'template':{'spec':{'containers':[]}}"),
	  "spec.template.spec.containers: Required value" },
};

TEST(claims_and_names_of_a_stateful_set_are_fixed)
{
	KIND_UPDATES(TYPE, "", stored, update_cases);
}

static const char broken[] =
    "{'metadata':{'name':'s'},'spec':{'selector':{'matchLabels':{'a':'b'}},'updateStrategy':{'type'"
    ":'Recreate'},'template':{'metadata':{'labels':{'a':'b'}},"
    "'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i','imagePullPolicy':'x'}]}"
    "}}}";

static const struct kind_case broken_cases[] = {
	{ SPEC("'replicas':2"), "spec.template.spec.restartPolicy: Unsupported value: \"Never\": "
				"supported values: \"Always\"" },
	{ SPEC("'updateStrategy':{'type':'x'}"),
	  "spec.updateStrategy: Invalid value: {\"Type\":\"x\",\"RollingUpdate\":null}: must be "
	  "'RollingUpdate', 'OnDelete', or 'Recreate'\n"
	  "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
	  "\"Always\"" },
};

TEST(a_template_that_was_broken_is_not_judged_again)
{
	KIND_UPDATES(TYPE, "", broken, broken_cases);
}

static const struct kind_case status_cases[] = {
	{ STATUS("'replicas':-1,'readyReplicas':-1,'currentReplicas':-1,'updatedReplicas':-1,'"
		 "availableReplicas':-1,'observedGeneration':-1,'collisionCount':-1"),
	  "status.replicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.readyReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.updatedReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.availableReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.collisionCount: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.collisionCount: Invalid value: -1: cannot be decremented" },
	{ STATUS("'readyReplicas':4,'currentReplicas':4,'updatedReplicas':4,'availableReplicas':5"),
	  "status.readyReplicas: Invalid value: 4: cannot be greater than status.replicas\n"
	  "status.currentReplicas: Invalid value: 4: cannot be greater than status.replicas\n"
	  "status.updatedReplicas: Invalid value: 4: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 5: cannot be greater than status.replicas\n"
	  "status.availableReplicas: Invalid value: 5: cannot be greater than "
	  "status.readyReplicas" },
	{ STATUS("'collisionCount':null"),
	  "status.collisionCount: Invalid value: 0: cannot be decremented" },
	{ STATUS("'readyReplicas':3,'availableReplicas':3"), "" },
};

TEST(statuses_of_stateful_sets_are_judged)
{
	KIND_UPDATES(TYPE, "status", stored, status_cases);
}

/* ---- DaemonSet ------------------------------------------------------------------------------------------------------- */

#define DAEMON (&apps_daemon_set_type)
#define ROLLING(members) SPEC("'updateStrategy':{'rollingUpdate':{" members "}}")
#define COUNTED(text) \
	"{'metadata':{'annotations':{'deprecated.daemonset.template.generation':'" text "'}}}"

static const char daemon[] = "{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'a':'b'}}"
			     ",'template':{'metadata':{'labels':{'a':'b'}},"
			     "'spec':{'containers':[{'name':'c','image':'i'}]}}}}";

static const struct kind_case daemon_cases[] = {
	{ NULL, "" },
	{ "{'spec':null}", "spec.template.metadata.labels: Invalid value: null: `selector` does "
			   "not match template `labels`\n"
			   "spec.template.spec.containers: Required value" },
	{ SPEC("'minReadySeconds':-1,'revisionHistoryLimit':-1"),
	  "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0" },
	{ SPEC("'selector':{'matchLabels':null}"),
	  "spec.selector: Invalid value: {}: empty selector is invalid for daemonset" },
	{ SPEC("'selector':{'matchLabels':{'a':'/'}}"),
	  "spec.selector.matchLabels: Invalid value: \"/\": a valid label must be an empty string "
	  "or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
	  "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ SPEC("'selector':{'matchLabels':{'a':'c'}}"),
	  "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match "
	  "template `labels`" },
	{ SPEC("'template':{'spec':{'restartPolicy':'Never','activeDeadlineSeconds':1}}"),
	  "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
	  "\"Always\"\n"
	  "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet "
	  "is not Supported" },
	{ SPEC("'updateStrategy':{'type':'x','rollingUpdate':null}"),
	  "spec.updateStrategy: Unsupported value: {\"Type\":\"x\",\"RollingUpdate\":null}: "
	  "supported values: \"RollingUpdate\", \"OnDelete\"" },
	{ SPEC("'updateStrategy':{'type':'OnDelete','rollingUpdate':{'maxUnavailable':-1}}"), "" },
	{ ROLLING("'maxUnavailable':0,'maxSurge':0"),
	  "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when "
	  "maxSurge is 0" },
	{ ROLLING("'maxUnavailable':1,'maxSurge':'5%'"),
	  "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: \"5%\": may not be set when "
	  "maxUnavailable is non-zero" },
	{ ROLLING("'maxUnavailable':'101%','maxSurge':-1"),
	  "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or "
	  "equal to 0\n"
	  "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be "
	  "greater than 100%\n"
	  "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: -1: may not be set when "
	  "maxUnavailable is non-zero" },
	{ COUNTED("x"), "400 DaemonSet in version \"v1\" cannot be handled as a DaemonSet: "
			"strconv.ParseInt: parsing \"x\": invalid syntax" },
	{ COUNTED("-1"), "" },
};

TEST(daemon_sets_are_judged)
{
	KIND_CREATES(DAEMON, daemon, daemon_cases);
}

static const char stored_daemon[] =
    "{'metadata':{'name':'d','generation':4,'annotations':{'deprecated.daemonset.template."
    "generation':'7'}},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'"
    "labels':{'a':'b','c':'d'}},"
    "'spec':{'containers':[{'name':'c','image':'i'}]}}},'status':{'collisionCount':1}}";

static const struct kind_case daemon_update_cases[] = {
	{ COUNTED("x"), "400 DaemonSet in version \"v1\" cannot be handled as a DaemonSet: "
			"strconv.ParseInt: parsing \"x\": invalid syntax" },
	{ SPEC("'selector':{'matchLabels':{'c':'d'}}"),
	  "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}: field is "
	  "immutable" },
};

TEST(the_selector_of_a_daemon_set_is_fixed)
{
	KIND_UPDATES(DAEMON, "", stored_daemon, daemon_update_cases);
}

#define GENERATION "metadata.annotations[deprecated.daemonset.template.generation]"

TEST(templates_of_daemon_sets_are_counted)
{
	struct kind_lab *lab = kind_lab(DAEMON);

	CHECK_STR(kind_lab_create(lab, daemon, NULL), "");
	CHECK_STR(kind_lab_value(lab, GENERATION), "1");
	CHECK_STR(kind_lab_create(lab, daemon, COUNTED("5")), "");
	CHECK_STR(kind_lab_value(lab, GENERATION), "5");
	CHECK_STR(kind_lab_update(lab, "", stored_daemon, COUNTED("9")), "");
	CHECK_STR(kind_lab_value(lab, GENERATION), "7");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "4");
	CHECK_STR(kind_lab_update(lab, "", stored_daemon, SPEC("'minReadySeconds':5")), "");
	CHECK_STR(kind_lab_value(lab, GENERATION), "7");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "5");
	CHECK_STR(kind_lab_update(lab, "", stored_daemon,
				  SPEC("'template':{'spec':{'terminationGracePeriodSeconds':1}}")),
		  "");
	CHECK_STR(kind_lab_value(lab, GENERATION), "8");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "5");
}

static const struct kind_case daemon_status_cases[] = {
	{ STATUS("'currentNumberScheduled':-1,'numberMisscheduled':-1,'desiredNumberScheduled':-1,'"
		 "numberReady':-1,'updatedNumberScheduled':-1,'numberAvailable':-1,'"
		 "numberUnavailable':-1,'observedGeneration':-1"),
	  "status.currentNumberScheduled: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.numberMisscheduled: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.desiredNumberScheduled: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.numberReady: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.updatedNumberScheduled: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.numberAvailable: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.numberUnavailable: Invalid value: -1: must be greater than or equal to 0" },
	{ STATUS("'collisionCount':0"),
	  "status.collisionCount: Invalid value: 0: cannot be decremented" },
	{ STATUS("'numberReady':9"), "" },
};

TEST(statuses_of_daemon_sets_are_judged)
{
	KIND_UPDATES(DAEMON, "status", stored_daemon, daemon_status_cases);
}
