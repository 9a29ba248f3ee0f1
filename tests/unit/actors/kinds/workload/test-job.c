#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/batch.h"

#define TYPE (&batch_job_type)
#define SPEC(members) "{'spec':{" members "}}"
#define TEMPLATE \
	"'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}"
#define RULES(list) SPEC("'podReplacementPolicy':null,'podFailurePolicy':{'rules':[" list "]}")
#define INDEXED(members) SPEC("'completionMode':'Indexed','completions':5,'parallelism':5" members)
#define SUCCESS(list) INDEXED(",'successPolicy':{'rules':[" list "]}")

static const char base[] = "{'metadata':{'name':'j'},'spec':{" TEMPLATE "}}";

static const struct kind_case number_cases[] = {
	{ NULL, "" },
	{ "{'metadata':{'name':'J'}}",
	  "metadata.name: Invalid value: \"J\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ SPEC("'parallelism':-1,'completions':-1,'activeDeadlineSeconds':-1,'backoffLimit':-1,'"
	       "ttlSecondsAfterFinished':-1"),
	  "spec.parallelism: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.completions: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0" },
	{ SPEC("'backoffLimitPerIndex':-1"),
	  "spec.backoffLimitPerIndex: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.backoffLimitPerIndex: Invalid value: -1: requires indexed completion mode" },
	{ SPEC("'maxFailedIndexes':-1"),
	  "spec.maxFailedIndexes: Invalid value: -1: must be greater than or equal to 0\n"
	  "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified\n"
	  "spec.maxFailedIndexes: Invalid value: -1: requires indexed completion mode" },
	{ SPEC("'managedBy':''"), "spec.managedBy: Required value" },
	{ SPEC("'managedBy':'a'"), "spec.managedBy: Invalid value: \"a\": must be a "
				   "domain-prefixed path (such as \"acme.io/foo\")" },
	{ SPEC("'managedBy':'A/b c'"),
	  "spec.managedBy: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.managedBy: Invalid value: \"b c\": Invalid path (regex used for validation is "
	  "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')" },
	{ SPEC("'managedBy':'example.com/"
	       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"),
	  "spec.managedBy: Too long: may not be more than 63 bytes" },
	{ SPEC("'completionMode':'x'"), "spec.completionMode: Unsupported value: \"x\": supported "
					"values: \"NonIndexed\", \"Indexed\"" },
	{ SPEC("'completionMode':'Indexed','completions':null,'parallelism':3"),
	  "spec.completions: Required value: when completion mode is Indexed" },
	{ SPEC("'completionMode':'Indexed','completions':7,'parallelism':100001,'"
	       "backoffLimitPerIndex':1,'maxFailedIndexes':8"),
	  "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when "
	  "completion mode is Indexed\n"
	  "spec.maxFailedIndexes: Invalid value: 8: must be less than or equal to completions" },
	{ SPEC("'completionMode':'Indexed','completions':200000,'parallelism':10001,'"
	       "backoffLimitPerIndex':1"),
	  "spec.maxFailedIndexes: Required value: must be specified when completions is above "
	  "100000\n"
	  "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when "
	  "completions are above 100000 and used with backoff limit per index" },
	{ SPEC("'completionMode':'Indexed','completions':200000,'parallelism':1,'"
	       "backoffLimitPerIndex':1,'maxFailedIndexes':100001"),
	  "spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000\n"
	  "spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 10000 when "
	  "completions are above 100000 and used with backoff limit per index" },
	{ SPEC("'podReplacementPolicy':'x'"),
	  "spec.podReplacementPolicy: Unsupported value: \"x\": supported values: \"Failed\", "
	  "\"TerminatingOrFailed\"" },
	{ SPEC("'podReplacementPolicy':'TerminatingOrFailed','podFailurePolicy':{'rules':[]}"),
	  "spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported "
	  "values: \"Failed\"" },
	{ SPEC("'template':{'spec':{'restartPolicy':null}}"),
	  "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", "
	  "\"Never\"" },
	{ SPEC("'template':{'spec':{'restartPolicy':'x'}}"),
	  "spec.template.spec.restartPolicy: Unsupported value: \"x\": supported values: "
	  "\"Always\", \"OnFailure\", \"Never\"\n"
	  "spec.template.spec.restartPolicy: Unsupported value: \"x\": supported values: "
	  "\"OnFailure\", \"Never\"" },
	{ SPEC("'template':{'spec':{'restartPolicy':'OnFailure'}},'podFailurePolicy':{'rules':[]}"),
	  "spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported "
	  "values: \"Failed\"\n"
	  "spec.template.spec.restartPolicy: Invalid value: \"OnFailure\": only \"Never\" is "
	  "supported when podFailurePolicy is specified" },
	{ "{'metadata':{'name':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'},'"
	  "spec':{'completionMode':'Indexed','completions':2}}",
	  "metadata.name: Invalid value: "
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": will not able to "
	  "create pod with invalid DNS label: "
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1" },
};

TEST(jobs_are_judged)
{
	KIND_CREATES(TYPE, base, number_cases);
}

static const struct kind_case policy_cases[] = {
	{ RULES("{'action':'FailJob','onExitCodes':{'operator':'In','values':[1,2]}}"), "" },
	{ RULES("{}"),
	  "spec.podFailurePolicy.rules[0].action: Required value: valid values: [\"Count\" "
	  "\"FailIndex\" \"FailJob\" \"Ignore\"]\nspec.podFailurePolicy.rules[0]: Invalid value: "
	  "specifying one of OnExitCodes and OnPodConditions is required" },
	{ RULES("{'action':'x','onExitCodes':{},'onPodConditions':[{'type':'a'}]}"),
	  "spec.podFailurePolicy.rules[0].action: Unsupported value: \"x\": supported values: "
	  "\"Count\", \"FailIndex\", \"FailJob\", "
	  "\"Ignore\"\nspec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid "
	  "values: [\"In\" \"NotIn\"]\nspec.podFailurePolicy.rules[0].onExitCodes.values: Invalid "
	  "value: null: at least one value is required\nspec.podFailurePolicy.rules[0]: Invalid "
	  "value: specifying both OnExitCodes and OnPodConditions is not supported" },
	{ RULES("{'action':'FailIndex','onExitCodes':{'operator':'In','values':[0,3,3,1],'"
		"containerName':'d'}}"),
	  "spec.podFailurePolicy.rules[0].action: Invalid value: \"FailIndex\": requires the "
	  "backoffLimitPerIndex to be "
	  "set\nspec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: \"d\": "
	  "must be one of the container or initContainer names in the pod "
	  "template\nspec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must "
	  "not be 0 for the In operator\nspec.podFailurePolicy.rules[0].onExitCodes.values[2]: "
	  "Duplicate value: 3\nspec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: "
	  "[0,3,3,1]: must be ordered" },
	{ RULES("{'action':'Ignore','onExitCodes':{'operator':'NotIn','values':[0],'containerName':"
		"'c'}}"),
	  "" },
	{ RULES("{'action':'Ignore','onExitCodes':{'operator':'x','values':[1]}}"),
	  "spec.podFailurePolicy.rules[0].onExitCodes.operator: Unsupported value: \"x\": "
	  "supported values: \"In\", \"NotIn\"" },
	{ RULES("{'action':'Count','onPodConditions':[{'type':'-','status':'x'},{'type':'a','"
		"status':''}]}"),
	  "spec.podFailurePolicy.rules[0].onPodConditions[0].type: Invalid value: \"-\": name part "
	  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
	  "validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\nspec.podFailurePolicy.rules[0]."
	  "onPodConditions[0].status: Unsupported value: \"x\": supported values: \"False\", "
	  "\"True\", \"Unknown\"" },
	{ SPEC("'successPolicy':{'rules':[{'succeededCount':1,'succeededIndexes':'0'}]}"),
	  "spec.successPolicy: Invalid value: "
	  "{\"Rules\":[{\"SucceededIndexes\":\"0\",\"SucceededCount\":1}]}: requires indexed "
	  "completion mode" },
	{ SUCCESS(""), "spec.successPolicy.rules: Required value: at least one rules must be "
		       "specified when the successPolicy is specified" },
	{ SUCCESS("{}"), "spec.successPolicy.rules[0]: Required value: at least one of "
			 "succeededCount or succeededIndexes must be specified" },
	{ SUCCESS("{'succeededIndexes':'0,2-3','succeededCount':3}"), "" },
	{ SUCCESS("{'succeededIndexes':'0,2-3','succeededCount':4}"),
	  "spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or "
	  "equal to 3 (the number of indexes in the specified succeededIndexes field)" },
	{ SUCCESS("{'succeededCount':-1},{'succeededCount':6}"),
	  "spec.successPolicy.rules[0].succeededCount: Invalid value: -1: must be greater than or "
	  "equal to 0\nspec.successPolicy.rules[1].succeededCount: Invalid value: 6: must be less "
	  "than or equal to 5 (the number of specified completions)" },
	{ SUCCESS("{'succeededIndexes':'1-2-3'},{'succeededIndexes':'x'},{'succeededIndexes':'5'},{"
		  "'succeededIndexes':'2-1'},{'succeededIndexes':'2,1'},{'succeededIndexes':''},{'"
		  "succeededIndexes':'1,'}"),
	  "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"1-2-3\": error parsing "
	  "succeededIndexes: the fragment \"1-2-3\" violates the requirement that an index "
	  "interval can have at most two parts separated by "
	  "'-'\nspec.successPolicy.rules[1].succeededIndexes: Invalid value: \"x\": error parsing "
	  "succeededIndexes: cannot convert string to integer for index: "
	  "\"x\"\nspec.successPolicy.rules[2].succeededIndexes: Invalid value: \"5\": error "
	  "parsing succeededIndexes: too large index: "
	  "\"5\"\nspec.successPolicy.rules[3].succeededIndexes: Invalid value: \"2-1\": error "
	  "parsing succeededIndexes: non-increasing order, previous: 2, current: "
	  "1\nspec.successPolicy.rules[4].succeededIndexes: Invalid value: \"2,1\": error parsing "
	  "succeededIndexes: non-increasing order, previous: 2, current: "
	  "1\nspec.successPolicy.rules[6].succeededIndexes: Invalid value: \"1,\": error parsing "
	  "succeededIndexes: cannot convert string to integer for index: \"\"" },
};

TEST(policies_of_jobs_are_judged)
{
	KIND_CREATES(TYPE, base, policy_cases);
}

/* ---- the selector ---------------------------------------------------------------------------------------------------- */

#define UID "00000000-0000-4000-8000-000000000001"

static const struct kind_case selector_cases[] = {
	{ SPEC("'selector':{'matchLabels':{'a':'b'}}"),
	  "spec.selector: Invalid value: "
	  "{\"matchLabels\":{\"a\":\"b\",\"batch.kubernetes.io/"
	  "controller-uid\":\"00000000-0000-4000-8000-000000000001\"}}: `selector` not "
	  "auto-generated\n"
	  "spec.template.metadata.labels: Invalid value: "
	  "{\"batch.kubernetes.io/"
	  "controller-uid\":\"00000000-0000-4000-8000-000000000001\",\"batch.kubernetes.io/"
	  "job-name\":\"j\",\"controller-uid\":\"00000000-0000-4000-8000-000000000001\",\"job-"
	  "name\":\"j\"}: `selector` does not match template `labels`" },
	{ SPEC("'template':{'metadata':{'labels':{'job-name':'x','controller-uid':'y'}}}"),
	  "spec.template.metadata.labels[controller-uid]: Invalid value: "
	  "{\"batch.kubernetes.io/"
	  "controller-uid\":\"00000000-0000-4000-8000-000000000001\",\"batch.kubernetes.io/"
	  "job-name\":\"j\",\"controller-uid\":\"y\",\"job-name\":\"x\"}: must be "
	  "'00000000-0000-4000-8000-000000000001'\n"
	  "spec.template.metadata.labels[job-name]: Invalid value: "
	  "{\"batch.kubernetes.io/"
	  "controller-uid\":\"00000000-0000-4000-8000-000000000001\",\"batch.kubernetes.io/"
	  "job-name\":\"j\",\"controller-uid\":\"y\",\"job-name\":\"x\"}: must be 'j'" },
	{ SPEC("'manualSelector':true"), "spec.selector: Required value\n"
					 "spec.template.metadata.labels: Invalid value: null: "
					 "`selector` does not match template `labels`" },
	{ SPEC("'manualSelector':true,'selector':{'matchLabels':{'a':'b'}}"),
	  "spec.template.metadata.labels: Invalid value: null: `selector` does not match template "
	  "`labels`" },
	{ SPEC("'manualSelector':true,'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{"
	       "'labels':{'a':'b'}}}"),
	  "" },
	{ SPEC(
	      "'manualSelector':true,'selector':{'matchExpressions':[{'key':'a','operator':'x'}]}"),
	  "spec.selector.matchExpressions[0].operator: Invalid value: \"x\": not a valid selector "
	  "operator" },
};

TEST(the_selector_of_a_job_is_the_servers)
{
	KIND_CREATES(TYPE, base, selector_cases);
}

TEST(pods_of_a_job_are_labelled_with_it)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(kind_lab_create(lab, base, NULL), "");
	CHECK_STR(
	    kind_lab_value(lab, "spec.selector.matchLabels[batch.kubernetes.io/controller-uid]"),
	    UID);
	CHECK_STR(kind_lab_value(
		      lab, "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]"),
		  UID);
	CHECK_STR(kind_lab_value(lab, "spec.template.metadata.labels[controller-uid]"), UID);
	CHECK_STR(
	    kind_lab_value(lab, "spec.template.metadata.labels[batch.kubernetes.io/job-name]"), "j");
	CHECK_STR(kind_lab_value(lab, "spec.template.metadata.labels[job-name]"), "j");
	CHECK_STR(kind_lab_value(lab, "metadata.generation"), "1");
}

/* ---- update ---------------------------------------------------------------------------------------------------------------- */

#define STORED_TEMPLATE                                                                            \
	"'selector':{'matchLabels':{'a':'b'}},'manualSelector':true,'template':{'metadata':{'"     \
	"labels':{'a':'b'}},'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'" \
	"}]}}"

static const char stored[] = "{'metadata':{'name':'j','generation':1},'spec':{'completions':5,'"
			     "parallelism':5," STORED_TEMPLATE "}}";

static const struct kind_case update_cases[] = {
	{ NULL, "" },
	{ SPEC("'parallelism':2,'activeDeadlineSeconds':3,'backoffLimit':4,'"
	       "ttlSecondsAfterFinished':5,'suspend':true"),
	  "" },
	{ SPEC("'completions':6"), "spec.completions: Invalid value: 6: field is immutable" },
	{ SPEC("'completionMode':'Indexed','managedBy':'a/b','backoffLimitPerIndex':1"),
	  "spec.completionMode: Invalid value: \"Indexed\": field is immutable\n"
	  "spec.backoffLimitPerIndex: Invalid value: 1: field is immutable\n"
	  "spec.managedBy: Invalid value: \"a/b\": field is immutable" },
	{ SPEC("'selector':{'matchLabels':{'c':'d'}}"),
	  "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match "
	  "template `labels`\n"
	  "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}: field is "
	  "immutable" },
	{ SPEC("'podFailurePolicy':{'rules':[]},'completionMode':'Indexed','successPolicy':{'rules'"
	       ":[{'succeededCount':1}]}"),
	  "spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported "
	  "values: \"Failed\"\n"
	  "spec.completionMode: Invalid value: \"Indexed\": field is immutable\n"
	  "spec.podFailurePolicy: Invalid value: {\"rules\":[]}: field is immutable\n"
	  "spec.successPolicy: Invalid value: {\"rules\":[{\"succeededCount\":1}]}: field is "
	  "immutable" },
	{ SPEC("'template':{'spec':{'nodeSelector':{'a':'b'}}}"),
	  "spec.template: Invalid value: "
	  "{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\","
	  "\"image\":\"i\",\"resources\":{},\"terminationMessagePath\":\"/dev/"
	  "termination-log\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":\"Always\"}]"
	  ",\"restartPolicy\":\"Never\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":"
	  "\"ClusterFirst\",\"nodeSelector\":{\"a\":\"b\"},\"securityContext\":{},"
	  "\"schedulerName\":\"default-scheduler\"}}: field is immutable" },
};

TEST(little_of_a_stored_job_may_change)
{
	KIND_UPDATES(TYPE, "", stored, update_cases);
}

static const char indexed[] = "{'metadata':{'name':'j'},'spec':{'completionMode':'Indexed','"
			      "completions':5,'parallelism':5," STORED_TEMPLATE "}}";

static const struct kind_case indexed_cases[] = {
	{ SPEC("'completions':3,'parallelism':3"), "" },
	{ SPEC("'completions':3"), "spec.completions: Invalid value: 3: can only be modified in "
				   "tandem with spec.parallelism" },
	{ SPEC("'completions':null"),
	  "spec.completions: Required value: when completion mode is Indexed" },
};

TEST(an_indexed_job_grows_and_shrinks_as_a_whole)
{
	KIND_UPDATES(TYPE, "", indexed, indexed_cases);
}

static const char suspended[] =
    "{'metadata':{'name':'j'},'spec':{'suspend':true," STORED_TEMPLATE "}}";
static const char begun[] = "{'metadata':{'name':'j'},'spec':{'suspend':true," STORED_TEMPLATE
			    "},'status':{'startTime':'2026-01-01T00:00:00Z'}}";

static const struct kind_case suspended_cases[] = {
	{ SPEC("'template':{'metadata':{'labels':{'x':'y'},'annotations':{'x':'y'}},'spec':{'"
	       "nodeSelector':{'a':'b'},'tolerations':[{'key':'a','operator':'Exists'}],'"
	       "schedulingGates':[{'name':'a/b'}]}}"),
	  "" },
	{ SPEC("'template':{'spec':{'affinity':{'nodeAffinity':{'"
	       "requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{}]}}}}}"),
	  "" },
	{ SPEC("'template':{'spec':{'affinity':{'podAffinity':{'"
	       "requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'z'}]}}}}"),
	  "spec.template.spec: Invalid value: "
	  "{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{},"
	  "\"terminationMessagePath\":\"/dev/"
	  "termination-log\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":\"Always\"}]"
	  ",\"restartPolicy\":\"Never\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":"
	  "\"ClusterFirst\",\"securityContext\":{},\"affinity\":{\"podAffinity\":{"
	  "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"z\"}]}},"
	  "\"schedulerName\":\"default-scheduler\"}: field is immutable" },
	{ SPEC("'template':{'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{"
	       "'cpu':'1'}}}]}}"),
	  "" },
	{ SPEC("'template':{'spec':{'containers':[{'name':'c','image':'j'}]}}"),
	  "spec.template.spec: Invalid value: "
	  "{\"containers\":[{\"name\":\"c\",\"image\":\"j\",\"resources\":{},"
	  "\"terminationMessagePath\":\"/dev/"
	  "termination-log\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":\"Always\"}]"
	  ",\"restartPolicy\":\"Never\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":"
	  "\"ClusterFirst\",\"securityContext\":{},\"schedulerName\":\"default-scheduler\"}: field "
	  "is immutable" },
	{ SPEC("'template':{'metadata':{'labels':null}}"),
	  "spec.template.metadata.labels: Invalid value: null: `selector` does not match template "
	  "`labels`" },
};

static const struct kind_case begun_cases[] = {
	{ SPEC("'template':{'metadata':{'annotations':{'x':'y'}}}"),
	  "spec.template: Invalid value: "
	  "{\"metadata\":{\"labels\":{\"a\":\"b\"},\"annotations\":{\"x\":\"y\"}},\"spec\":{"
	  "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{},"
	  "\"terminationMessagePath\":\"/dev/"
	  "termination-log\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":\"Always\"}]"
	  ",\"restartPolicy\":\"Never\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":"
	  "\"ClusterFirst\",\"securityContext\":{},\"schedulerName\":\"default-scheduler\"}}: "
	  "field is immutable" },
};

TEST(a_suspended_job_may_be_placed_anew)
{
	KIND_UPDATES(TYPE, "", suspended, suspended_cases);
	KIND_UPDATES(TYPE, "", begun, begun_cases);
}

TEST(jobs_with_very_many_indexes_are_warned_of)
{
	struct kind_lab *lab = kind_lab(TYPE);

	CHECK_STR(
	    kind_lab_create(
		lab, base,
		"{'spec':{'completionMode':'Indexed','completions':200000,'parallelism':20000,"
		"'template':{'spec':{'terminationGracePeriodSeconds':-1}}}}"),
	    "");
	CHECK_STR(kind_lab_warnings(lab),
		  "spec: In Indexed Jobs with a number of completions higher than 10^5 and a "
		  "parallelism higher than 10^4, Kubernetes might not be able to track "
		  "completedIndexes when a big number of indexes fail\n"
		  "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values "
		  "are invalid and will be treated as 1");
	CHECK_STR(kind_lab_create(lab, base, "{'metadata':{'name':'a.b'}}"), "");
	CHECK_STR(kind_lab_warnings(lab),
		  "metadata.name: this is used in Pod names and hostnames, which can result in "
		  "surprising behavior; a DNS label is recommended: [must not contain dots]");
}

/* ---- status --------------------------------------------------------------------------------------------------------------------- */

#define STATUS(members) "{'status':{" members "}}"
#define TRUE(type) "{'type':'" type "','status':'True'}"
#define BEGUN "'startTime':'2026-01-01T00:00:00Z'"

static const char working[] =
    "{'metadata':{'name':'j'},'spec':{'completions':5,'parallelism':5," STORED_TEMPLATE
    "},'status':{'active':0,'succeeded':2,'failed':2," BEGUN "}}";

static const struct kind_case status_cases[] = {
	{ NULL, "" },
	{ STATUS("'active':-1,'succeeded':-1,'failed':-1,'ready':-1,'terminating':-1"),
	  "status.active: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.succeeded: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.failed: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.ready: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.terminating: Invalid value: -1: must be greater than or equal to 0\n"
	  "status.failed: Invalid value: -1: cannot decrease the failed counter\n"
	  "status.succeeded: Invalid value: -1: cannot decrease the succeeded counter" },
	{ STATUS("'uncountedTerminatedPods':{'succeeded':['a','',"
		 "'a'],'failed':['a']}"),
	  "status.uncountedTerminatedPods.succeeded[1]: Invalid value: \"\": must not be empty\n"
	  "status.uncountedTerminatedPods.succeeded[2]: Duplicate value: \"a\"\n"
	  "status.uncountedTerminatedPods.failed[0]: Duplicate value: \"a\"" },
	{ STATUS("'conditions':[" TRUE("Complete") "," TRUE("Failed") "," TRUE("FailureTarget") "]"),
	  "status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions\n"
	  "status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true "
	  "conditions\n"
	  "status.completionTime: Required value: completionTime is required for Complete jobs\n"
	  "status.conditions: Invalid value: cannot set Complete=True condition without the "
	  "SuccessCriteriaMet=true condition" },
	{ STATUS("'conditions':[" TRUE("Complete") "," TRUE(
	      "SuccessCriteriaMet") "],'completionTime':'2025-01-01T00:00:00Z'"),
	  "status.completionTime: Invalid value: \"2025-01-01T00:00:00Z\": must be equal to or "
	  "after `startTime`" },
	{ STATUS("'conditions':[" TRUE("Complete") "," TRUE(
	      "SuccessCriteriaMet") "],'completionTime':'2026-01-02T00:00:00Z'"),
	  "" },
	{ STATUS("'completionTime':'2026-01-02T00:00:00Z'"),
	  "status.completionTime: Invalid value: \"2026-01-02T00:00:00Z\": cannot set "
	  "completionTime when there is no Complete=True condition" },
	{ STATUS("'conditions':[" TRUE("Failed") "]"),
	  "status.conditions: Invalid value: cannot set Failed=True condition without the "
	  "FailureTarget=true condition" },
	{ STATUS("'conditions':[" TRUE("Failed") "," TRUE(
	      "FailureTarget") "],'active':1,'ready':2,'terminating':1,'startTime':null,'"
			       "uncountedTerminatedPods':{'succeeded':['a']}"),
	  "status.active: Invalid value: 1: active>0 is invalid for finished job\n"
	  "status.startTime: Required value: startTime is required for finished job\n"
	  "status.uncountedTerminatedPods: Invalid value: {\"Succeeded\":[\"a\"],\"Failed\":null}: "
	  "must be empty for finished job\n"
	  "status.terminating: Invalid value: 1: terminating>0 is invalid for finished job\n"
	  "status.ready: Invalid value: 2: cannot set more ready pods than active\n"
	  "status.startTime: Invalid value: null: field is immutable for unsuspended job once "
	  "set" },
	{ STATUS("'conditions':[" TRUE("FailureTarget") "," TRUE("SuccessCriteriaMet") "]"),
	  "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and "
	  "FailureTarget=true conditions" },
	{ STATUS("'completedIndexes':'1','failedIndexes':'2'"),
	  "status.completedIndexes: Invalid value: \"1\": cannot set non-empty completedIndexes "
	  "when non-indexed completion mode\n"
	  "status.failedIndexes: Invalid value: \"2\": cannot set non-null failedIndexes when "
	  "backoffLimitPerIndex is null" },
	{ STATUS("'succeeded':1,'failed':1"),
	  "status.failed: Invalid value: 1: cannot decrease the failed counter\n"
	  "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter" },
	{ STATUS("'startTime':'2026-01-01T00:00:01Z'"),
	  "status.startTime: Invalid value: \"2026-01-01T00:00:01Z\": field is immutable for "
	  "unsuspended job once set" },
	{ STATUS("'active':1,'ready':2"),
	  "status.ready: Invalid value: 2: cannot set more ready pods than active" },
};

TEST(a_job_ends_once_and_completely)
{
	KIND_UPDATES(TYPE, "status", working, status_cases);
}

static const char ended[] =
    "{'metadata':{'name':'j'},'spec':{'completions':5,'parallelism':5," STORED_TEMPLATE
    "},'status':{'conditions':[" TRUE("Complete") "," TRUE(
	"SuccessCriteriaMet") "],"
			      "'completionTime':'2026-01-02T00:00:00Z'," BEGUN "}}";

static const struct kind_case ended_cases[] = {
	{ STATUS("'conditions':[]"),
	  "status.completionTime: Invalid value: \"2026-01-02T00:00:00Z\": cannot set "
	  "completionTime when there is no Complete=True condition\n"
	  "status.conditions: Invalid value: cannot disable the terminal Complete=True condition\n"
	  "status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True "
	  "condition" },
	{ STATUS("'completionTime':'2026-01-03T00:00:00Z'"),
	  "status.completionTime: Invalid value: \"2026-01-03T00:00:00Z\": field is immutable" },
	{ STATUS("'completionTime':null"),
	  "status.completionTime: Required value: completionTime is required for Complete jobs" },
	{ STATUS("'conditions':[" TRUE("Complete") "]"),
	  "status.conditions: Invalid value: cannot set Complete=True condition without the "
	  "SuccessCriteriaMet=true condition\n"
	  "status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True "
	  "condition" },
};

TEST(a_job_that_has_ended_stays_so)
{
	KIND_UPDATES(TYPE, "status", ended, ended_cases);
}

static const char counting[] =
    "{'metadata':{'name':'j'},'spec':{'completionMode':'Indexed','backoffLimitPerIndex':1,'"
    "completions':9,'parallelism':5," STORED_TEMPLATE "},'status':{" BEGUN "}}";

static const struct kind_case index_cases[] = {
	{ STATUS("'completedIndexes':'0-3,7','failedIndexes':'4,8'"), "" },
	{ STATUS("'completedIndexes':'9','failedIndexes':'1-'"),
	  "status.completedIndexes: Invalid value: \"9\": error parsing completedIndexes: too "
	  "large index: \"9\"\n"
	  "status.failedIndexes: Invalid value: \"1-\": error parsing failedIndexes: cannot "
	  "convert string to integer for index: \"\"" },
	{ STATUS("'completedIndexes':'0-3,x,7','failedIndexes':'2'"),
	  "status.completedIndexes: Invalid value: \"0-3,x,7\": error parsing completedIndexes: "
	  "cannot convert string to integer for index: \"x\"\n"
	  "status.failedIndexes: Invalid value: \"2\": failedIndexes and completedIndexes overlap "
	  "at index: 2" },
	{ STATUS("'completedIndexes':'0,4-6','failedIndexes':'1-5'"),
	  "status.failedIndexes: Invalid value: \"1-5\": failedIndexes and completedIndexes "
	  "overlap at index: 4" },
};

TEST(indexes_end_one_way_only)
{
	KIND_UPDATES(TYPE, "status", counting, index_cases);
}
