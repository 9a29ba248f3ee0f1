#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/autoscaling_v2.h"
#include "datastore/schema/batch.h"
#include "datastore/schema/policy.h"

#define TYPE (&batch_cron_job_type)
#define SPEC(members) "{'spec':{" members "}}"
#define AT(schedule) SPEC("'schedule':'" schedule "'")

static const char base[] = "{'metadata':{'name':'c'},'spec':{'schedule':'* * * * "
			   "*','jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Never','"
			   "containers':[{'name':'c','image':'i'}]}}}}}}";

static const struct kind_case schedule_cases[] = {
	{ AT("*/5 0-23/2 1,15 jan-JUN ?"), "" },
	{ AT("0 0 ? * sun,Mon-6"), "" },
	{ AT(", * * * *"), "" },
	{ AT("5/10 +5 * * *"), "" },
	{ AT("@yearly"), "" },
	{ AT("@every 1h30m"), "" },
	{ AT(""), "spec.schedule: Required value" },
	{ AT("* * * *"), "spec.schedule: Invalid value: \"* * * *\": expected exactly 5 fields, "
			 "found 4: [* * * *]" },
	{ AT("* * * * * *"), "spec.schedule: Invalid value: \"* * * * * *\": expected exactly 5 "
			     "fields, found 6: [* * * * * *]" },
	{ AT("x * * * *"), "spec.schedule: Invalid value: \"x * * * *\": failed to parse int from "
			   "x: strconv.Atoi: parsing \"x\": invalid syntax" },
	{ AT("60 * * * *"), "spec.schedule: Invalid value: \"60 * * * *\": end of range (60) above "
			    "maximum (59): 60" },
	{ AT("* 24 * * *"), "spec.schedule: Invalid value: \"* 24 * * *\": end of range (24) above "
			    "maximum (23): 24" },
	{ AT("* * 0 * *"), "spec.schedule: Invalid value: \"* * 0 * *\": beginning of range (0) "
			   "below minimum (1): 0" },
	{ AT("* * * 13 *"), "spec.schedule: Invalid value: \"* * * 13 *\": end of range (13) above "
			    "maximum (12): 13" },
	{ AT("* * * * 7"),
	  "spec.schedule: Invalid value: \"* * * * 7\": end of range (7) above maximum (6): 7" },
	{ AT("5-1 * * * *"), "spec.schedule: Invalid value: \"5-1 * * * *\": beginning of range "
			     "(5) beyond end of range (1): 5-1" },
	{ AT("1-2-3 * * * *"),
	  "spec.schedule: Invalid value: \"1-2-3 * * * *\": too many hyphens: 1-2-3" },
	{ AT("*/5/2 * * * *"),
	  "spec.schedule: Invalid value: \"*/5/2 * * * *\": too many slashes: */5/2" },
	{ AT("*/0 * * * *"), "spec.schedule: Invalid value: \"*/0 * * * *\": step of range should "
			     "be a positive number: */0" },
	{ AT("*/-5 * * * *"),
	  "spec.schedule: Invalid value: \"*/-5 * * * *\": negative number (-5) not allowed: -5" },
	{ AT("*/99999999999999999999 * * * *"),
	  "spec.schedule: Invalid value: \"*/99999999999999999999 * * * *\": failed to parse int "
	  "from 99999999999999999999: strconv.Atoi: parsing \"99999999999999999999\": value out of "
	  "range" },
	{ AT("-5 * * * *"), "spec.schedule: Invalid value: \"-5 * * * *\": failed to parse int "
			    "from : strconv.Atoi: parsing \"\": invalid syntax" },
	{ AT("@never"),
	  "spec.schedule: Invalid value: \"@never\": unrecognized descriptor: @never" },
	{ AT("@every x"), "spec.schedule: Invalid value: \"@every x\": failed to parse duration "
			  "@every x: time: invalid duration \"x\"" },
	{ AT("@every 5"), "spec.schedule: Invalid value: \"@every 5\": failed to parse duration "
			  "@every 5: time: missing unit in duration \"5\"" },
	{ AT("@every 5x"), "spec.schedule: Invalid value: \"@every 5x\": failed to parse duration "
			   "@every 5x: time: unknown unit \"x\" in duration \"5x\"" },
	{ AT("@every 1h5"), "spec.schedule: Invalid value: \"@every 1h5\": failed to parse "
			    "duration @every 1h5: time: missing unit in duration \"1h5\"" },
	{ AT("TZ=UTC 0 0 * * *"), "spec.schedule: Invalid value: \"TZ=UTC 0 0 * * *\": cannot use "
				  "TZ or CRON_TZ in schedule, use timeZone field instead" },
	{ AT("TZ=Mars/Olympus 0 0 * * *"),
	  "spec.schedule: Invalid value: \"TZ=Mars/Olympus 0 0 * * *\": provided bad location "
	  "Mars/Olympus: unknown time zone Mars/Olympus\n"
	  "spec.schedule: Invalid value: \"TZ=Mars/Olympus 0 0 * * *\": cannot use TZ or CRON_TZ "
	  "in schedule, use timeZone field instead" },
	{ AT("CRON_TZ=../x 0 0 * * *"),
	  "spec.schedule: Invalid value: \"CRON_TZ=../x 0 0 * * *\": provided bad location ../x: "
	  "time: invalid location name\n"
	  "spec.schedule: Invalid value: \"CRON_TZ=../x 0 0 * * *\": cannot use TZ or CRON_TZ in "
	  "schedule, use timeZone field instead" },
	{ AT("TZ=UTC"), "spec.schedule: Invalid value: \"TZ=UTC\": invalid schedule format: "
			"runtime error: slice bounds out of range [:-1]\n"
			"spec.schedule: Invalid value: \"TZ=UTC\": cannot use TZ or CRON_TZ in "
			"schedule, use timeZone field instead" },
};

TEST(schedules_are_read)
{
	KIND_CREATES(TYPE, base, schedule_cases);
}

static const struct kind_case create_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}}",
	  "metadata.name: Invalid value: "
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": must be no more than 52 "
	  "characters" },
	{ SPEC("'timeZone':'Europe/Berlin'"), "" },
	{ SPEC("'timeZone':'Etc/GMT+5'"), "" },
	{ SPEC("'timeZone':''"),
	  "spec.timeZone: Invalid value: \"\": timeZone must be nil or non-empty string" },
	{ SPEC("'timeZone':'europe/berlin'"),
	  "spec.timeZone: Invalid value: \"europe/berlin\": unknown time zone europe/berlin" },
	{ SPEC("'timeZone':'local'"),
	  "spec.timeZone: Invalid value: \"local\": timeZone must be an explicit time zone as "
	  "defined in https://www.iana.org/time-zones\n"
	  "spec.timeZone: Invalid value: \"local\": unknown time zone local" },
	{ SPEC("'timeZone':'a/../b'"),
	  "spec.timeZone: Invalid value: \"a/../b\": unknown time zone a/../b" },
	{ SPEC("'timeZone':'America/ArgentinaBuenosAires'"),
	  "spec.timeZone: Invalid value: \"America/ArgentinaBuenosAires\": unknown time zone "
	  "America/ArgentinaBuenosAires" },
	{ SPEC("'concurrencyPolicy':'x','startingDeadlineSeconds':-1,'successfulJobsHistoryLimit':-"
	       "1,'failedJobsHistoryLimit':-1"),
	  "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.concurrencyPolicy: Unsupported value: \"x\": supported values: \"Allow\", "
	  "\"Forbid\", \"Replace\"\n"
	  "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0" },
	{ SPEC("'concurrencyPolicy':''"), "" },
	{ SPEC("'jobTemplate':{'spec':{'selector':{'matchLabels':{'a':'b'}},'manualSelector':true,'"
	       "completionMode':'x'}}"),
	  "spec.jobTemplate.spec.completionMode: Unsupported value: \"x\": supported values: "
	  "\"NonIndexed\", \"Indexed\"\n"
	  "spec.jobTemplate.spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\"}}: "
	  "`selector` will be auto-generated\n"
	  "spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "
	  "\"nil\", \"false\"" },
	{ SPEC("'jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Always','containers':[]"
	       "}}}}"),
	  "spec.jobTemplate.spec.template.spec.containers: Required value\n"
	  "spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "
	  "\"OnFailure\", \"Never\"" },
};

TEST(cron_jobs_are_judged)
{
	KIND_CREATES(TYPE, base, create_cases);
}

static const char zoned[] = "{'metadata':{'name':'c'},'spec':{'schedule':'TZ=UTC * * * * "
			    "*','timeZone':'X','jobTemplate':{'spec':{'template':{'spec':{'"
			    "restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}}}}}";

static const struct kind_case update_cases[] = {
	{ SPEC("'timeZone':null"), "" },
	{ SPEC("'suspend':true"), "spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use "
				  "both timeZone field and TZ or CRON_TZ in schedule" },
	{ SPEC("'schedule':'* * * * *'"), "" },
	{ SPEC("'timeZone':'Y','schedule':'* * * * *'"),
	  "spec.timeZone: Invalid value: \"Y\": unknown time zone Y" },
};

TEST(a_schedule_may_keep_its_zone)
{
	struct kind_lab *lab = kind_lab(TYPE);

	KIND_UPDATES(TYPE, "", zoned, update_cases);
	CHECK_STR(kind_lab_update(lab, "", zoned, SPEC("'timeZone':null")), "");
	CHECK_STR(kind_lab_warnings(lab),
		  "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
		  "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more "
		  "details");
}

/* ---- PodDisruptionBudget ------------------------------------------------------------------------------------------------- */

#define BUDGET (&policy_pod_disruption_budget_type)
#define ODD \
	"{'key':'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match','operator':'Exists'}"

static const char budget[] = "{'metadata':{'name':'B_1','generation':1},'spec':{'minAvailable':1,'"
			     "selector':{'matchLabels':{'a':'b'}}}}";

static const struct kind_case budget_cases[] = {
	{ NULL, "" },
	{ SPEC("'minAvailable':null,'selector':null"), "" },
	{ SPEC("'maxUnavailable':'5%'"),
	  "spec: Invalid value: "
	  "{\"MinAvailable\":1,\"Selector\":{\"matchLabels\":{\"a\":\"b\"}},\"MaxUnavailable\":\"5%"
	  "\",\"UnhealthyPodEvictionPolicy\":null}: minAvailable and maxUnavailable cannot be both "
	  "set" },
	{ SPEC("'minAvailable':-1"),
	  "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0" },
	{ SPEC("'minAvailable':'101%'"),
	  "spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%" },
	{ SPEC("'minAvailable':null,'maxUnavailable':'x'"),
	  "spec.maxUnavailable: Invalid value: \"x\": a valid percent string must be a numeric "
	  "string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is "
	  "'[0-9]+%')" },
	{ SPEC("'selector':{'matchLabels':{'a':'/'}}"),
	  "spec.selector.matchLabels: Invalid value: \"/\": a valid label must be an empty string "
	  "or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
	  "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ SPEC("'unhealthyPodEvictionPolicy':'x'"),
	  "spec.unhealthyPodEvictionPolicy: Unsupported value: \"x\": supported values: "
	  "\"AlwaysAllow\", \"IfHealthyBudget\"" },
};

static const struct kind_case budget_status_cases[] = {
	{ "{'status':{'disruptionsAllowed':-1,'currentHealthy':-1,'desiredHealthy':-1,'"
	  "expectedPods':-1,'conditions':[{'type':'a'},{'type':'a'}]}}",
	  "status.conditions[0].status: Required value\n"
	  "status.conditions[0].lastTransitionTime: Required value\n"
	  "status.conditions[0].reason: Required value\n"
	  "status.conditions[1]: Duplicate value: \"a\"\n"
	  "status.conditions[1].status: Required value\n"
	  "status.conditions[1].lastTransitionTime: Required value\n"
	  "status.conditions[1].reason: Required value\n"
	  "status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.desiredHealthy: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.expectedPods: Invalid value: -1: must be greater than or equal to 0" },
};

TEST(budgets_of_disruptions_are_judged)
{
	KIND_CREATES(BUDGET, budget, budget_cases);
	KIND_UPDATES(BUDGET, "status", budget, budget_status_cases);
}

static const struct kind_case bad_budget_cases[] = {
	{ SPEC("'minAvailable':2"), "" },
	{ SPEC("'selector':{'matchExpressions':[{'key':'c','operator':'In','values':['/']}]}"), "" },
	{ SPEC("'selector':{'matchLabels':{'-':''}}"),
	  "spec.selector.matchLabels: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
};

TEST(a_bad_selector_of_a_budget_may_stay)
{
	KIND_UPDATES(BUDGET, "",
		     "{'metadata':{'name':'b'},'spec':{'selector':{'matchExpressions':[{'key':'a','"
		     "operator':'In','values':['/']}]}}}",
		     bad_budget_cases);
}

TEST(the_key_of_the_elder_version_is_taken_out)
{
	struct kind_lab *lab = kind_lab(BUDGET);

	CHECK_STR(kind_lab_create(lab, budget,
				  SPEC("'selector':{'matchExpressions':[" ODD
				       ",{'key':'c','operator':'Exists'}]}")),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.selector.matchExpressions[0].key"), "c");
	CHECK_STR(kind_lab_value(lab, "spec.selector.matchExpressions[1].key"), "");
	CHECK_STR(
	    kind_lab_create(lab, budget,
			    SPEC("'selector':{'matchLabels':null,'matchExpressions':[" ODD "]}")),
	    "");
	CHECK_STR(kind_lab_value(lab, "spec.selector.matchExpressions[0].operator"), "Exists");
	CHECK_STR(
	    kind_lab_update(lab, "", budget, SPEC("'selector':{'matchExpressions':[" ODD "]}")), "");
	CHECK_STR(kind_lab_value(lab, "spec.selector.matchExpressions[0].key"), "");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "2");
}

/* ---- HorizontalPodAutoscaler ------------------------------------------------------------------------------------------------ */

#define SCALER (&autoscaling_v2_horizontal_pod_autoscaler_type)
#define METRIC(members) SPEC("'metrics':[{" members "}]")
#define DOWN(members) SPEC("'behavior':{'scaleDown':{" members "}}")

static const char scaler[] =
    "{'metadata':{'name':'h','generation':1},'spec':{'maxReplicas':5,'scaleTargetRef':{'kind':'"
    "Deployment','name':'d','apiVersion':'apps/v1'}}}";

static const struct kind_case scaler_cases[] = {
	{ NULL, "" },
	{ SPEC("'maxReplicas':0"),
	  "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`\n"
	  "spec.maxReplicas: Required value" },
	{ SPEC("'minReplicas':-1,'maxReplicas':-2"),
	  "spec.maxReplicas: Invalid value: -2: must be greater than or equal to `minReplicas`\n"
	  "spec.minReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.maxReplicas: Invalid value: -2: must be greater than or equal to 1" },
	{ SPEC("'minReplicas':0"), "spec.metrics: Forbidden: must specify at least one Object or "
				   "External metric to support scaling to zero replicas" },
	{ SPEC("'minReplicas':6"),
	  "spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`" },
	{ SPEC("'scaleTargetRef':{'kind':'','name':'a/b','apiVersion':'v1'}"),
	  "spec.scaleTargetRef.kind: Required value\n"
	  "spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'\n"
	  "spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API "
	  "group" },
	{ SPEC("'scaleTargetRef':{'apiVersion':'a/b/c'}"),
	  "spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion "
	  "string: a/b/c" },
	{ SPEC("'scaleTargetRef':{'kind':'ReplicationController','apiVersion':'v1'}"), "" },
	{ METRIC("'type':''"),
	  "spec.metrics[0].type: Required value: must specify a metric source type\n"
	  "spec.metrics[0].type: Unsupported value: \"\": supported values: \"ContainerResource\", "
	  "\"External\", \"Object\", \"Pods\", \"Resource\"" },
	{ METRIC("'type':'x'"),
	  "spec.metrics[0].type: Unsupported value: \"x\": supported values: "
	  "\"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"" },
	{ METRIC("'type':'Pods','resource':{'name':'','target':{'type':'x'}}"),
	  "spec.metrics[0].resource.name: Required value: must specify a resource name\n"
	  "spec.metrics[0].resource.target.type: Invalid value: \"x\": must be either Utilization, "
	  "Value, or AverageValue\n"
	  "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a "
	  "target raw value or a target utilization\n"
	  "spec.metrics[0].pods: Required value: must populate information for the given metric "
	  "source" },
	{ METRIC("'type':'Object','object':{'describedObject':{'kind':'K','name':'n','apiVersion':'"
		 "v1'},'metric':{'name':'a/b'},'target':{'type':'Value','value':'0'}}"),
	  "spec.metrics[0].object.metric.name: Invalid value: \"a/b\": may not contain '/'\n"
	  "spec.metrics[0].object.target.value: Invalid value: \"0\": must be positive" },
	{ METRIC(
	      "'type':'Object','object':{'describedObject':{'kind':'','name':''},'metric':{},'"
	      "target':{'type':'Value'}},'pods':{'metric':{'name':'m'},'target':{'type':'Value'}}"),
	  "spec.metrics[0].object.describedObject.kind: Required value\n"
	  "spec.metrics[0].object.describedObject.name: Required value\n"
	  "spec.metrics[0].object.metric.name: Required value: must specify a metric name\n"
	  "spec.metrics[0].object.target.averageValue: Required value: must set either a target "
	  "value or averageValue\n"
	  "spec.metrics[0].pods: Forbidden: must populate the given metric source only" },
	{ METRIC("'type':'External','external':{'metric':{'name':'m'},'target':{'type':'Value','"
		 "value':'1','averageValue':'1'}}"),
	  "spec.metrics[0].external.target.value: Forbidden: may not set both a target value for "
	  "metric and a per-pod target" },
	{ METRIC("'type':'External','external':{'metric':{'name':'m'},'target':{'type':'Value'}}"),
	  "spec.metrics[0].external.target.averageValue: Required value: must set either a target "
	  "value for metric or a per-pod target" },
	{ METRIC("'type':'Pods','pods':{'metric':{'name':'m'},'target':{'type':'AverageValue'}}"),
	  "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive "
	  "target averageValue" },
	{ METRIC("'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization'}}"),
	  "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a "
	  "target raw value or a target utilization" },
	{ METRIC("'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','"
		 "averageUtilization':0,'averageValue':'1'}}"),
	  "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater "
	  "than 0\n"
	  "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw "
	  "value and a target utilization" },
	{ METRIC("'type':'ContainerResource','containerResource':{'name':'storage','container':'C',"
		 "'target':{'type':'Utilization','averageUtilization':5}}"),
	  "spec.metrics[0].containerResource.name: Invalid value: \"storage\": must be a standard "
	  "resource for containers\n"
	  "spec.metrics[0].containerResource.container: Invalid value: \"C\": a lowercase RFC 1123 "
	  "label must consist of lower case alphanumeric characters or '-', and must start and end "
	  "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ DOWN("'stabilizationWindowSeconds':-1,'selectPolicy':'x','policies':[{'type':'x','value':"
	       "0,'periodSeconds':0}],'tolerance':'-1'"),
	  "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater "
	  "than or equal to zero\n"
	  "spec.behavior.scaleDown.selectPolicy: Unsupported value: \"x\": supported values: "
	  "\"Disabled\", \"Max\", \"Min\"\n"
	  "spec.behavior.scaleDown.policies[0].type: Unsupported value: \"x\": supported values: "
	  "\"Percent\", \"Pods\"\n"
	  "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero\n"
	  "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 0: must be greater "
	  "than zero\n"
	  "spec.behavior.scaleDown.tolerance: Invalid value: \"-1\": must be greater than or equal "
	  "to 0" },
	{ DOWN("'stabilizationWindowSeconds':3601,'policies':[{'type':'Pods','value':1,'"
	       "periodSeconds':1801}]"),
	  "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less "
	  "than or equal to 3600\n"
	  "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less "
	  "than or equal to 1800" },
	{ SPEC("'behavior':{'scaleUp':{'policies':[]}}"),
	  "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy" },
};

static const struct kind_case scaler_update_cases[] = {
	{ SPEC("'maxReplicas':6"), "" },
	{ SPEC("'scaleTargetRef':{'name':'e'}"), "" },
	{ SPEC("'scaleTargetRef':{'kind':'X'}"), "spec.scaleTargetRef.apiVersion: Invalid value: "
						 "\"v1\": apiVersion must specify API group" },
};

static const struct kind_case scaler_status_cases[] = {
	{ "{'status':{'currentReplicas':-1,'desiredReplicas':-1,'conditions':[{'type':'a','status':"
	  "'True','observedGeneration':-1}]}}",
	  "status.conditions[0].observedGeneration: Invalid value: -1: must be greater than or "
	  "equal to 0\n"
	  "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0" },
};

TEST(autoscalers_are_judged)
{
	KIND_CREATES(SCALER, scaler, scaler_cases);
	KIND_UPDATES(SCALER, "",
		     "{'metadata':{'name':'h'},'spec':{'maxReplicas':5,'scaleTargetRef':{'kind':'"
		     "Deployment','name':'d','apiVersion':'v1'}}}",
		     scaler_update_cases);
	KIND_UPDATES(SCALER, "status", scaler, scaler_status_cases);
}
