#include "datastore/object/validate/validate.h"

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/node.h"
#include "tests/lib/test.h"

/*
 * The words and paths are what the generated validators of Kubernetes v1.37.2 say of the same objects; entries of maps come in the
 * order of their keys, where those have none.
 */
struct judged {
	const char *api_version, *kind;
	const char *record, *old; /* JSON with ' for "; old is NULL on create */
	const char *findings;     /* one a line */
};

static void *record_of(const struct type *type, const char *text)
{
	char *json = arena_cstr(test_arena(), str_from(text));
	struct fault why = { 0 };
	void *record = NULL;

	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	if (json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	record_fill(type, record, test_arena());
	return record;
}

static struct str findings_text(const struct faults *faults)
{
	struct text out = text_in(test_arena(), MIB);

	for (uint32_t i = 0; i < faults->len; i++)
		text_printf(&out, STR_FMT ": " STR_FMT "\n", STR_ARG(faults->at[i].field),
			    STR_ARG(faults->at[i].message));
	return text_str(&out);
}

static void check_all(const struct judged *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct type *type =
		    type_find_api(str_from(cases[i].api_version), str_from(cases[i].kind));
		void *record = record_of(type, cases[i].record);
		struct faults faults = faults_in(test_arena());

		if (cases[i].old != NULL)
			validate_update(type, record, record_of(type, cases[i].old), &faults);
		else
			validate_create(type, record, &faults);
		CHECK_STR(findings_text(&faults), cases[i].findings);
	}
}

#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof(cases)[0])

TEST(what_is_required_is_missed_where_it_is_absent_zero_or_empty)
{
	static const struct judged cases[] = {
		{ "autoscaling/v2", "HorizontalPodAutoscaler", "{'spec':{}}", NULL,
		  "spec.maxReplicas: Required value\n" },
		{ "networking.k8s.io/v1", "IPAddress", "{}", NULL,
		  "spec.parentRef: Required value\n" },
		{ "networking.k8s.io/v1", "IPAddress",
		  "{'spec':{'parentRef':{'resource':'','name':'x'}}}", NULL,
		  "spec.parentRef.resource: Required value\n" },
		{ "rbac.authorization.k8s.io/v1", "Role",
		  "{'rules':[{'verbs':['get']},{'verbs':[]},{}]}", NULL,
		  "rules[1].verbs: Required value\n"
		  "rules[2].verbs: Required value\n" },
		{ "rbac.authorization.k8s.io/v1", "RoleBinding",
		  "{'subjects':[{'kind':'User','name':''}],'roleRef':{'kind':'Role'}}", NULL,
		  "subjects[0].name: Required value\n"
		  "roleRef.name: Required value\n" },
		{ "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding",
		  "{'spec':{}}", NULL,
		  "spec.policyName: Required value\n"
		  "spec.validationActions: Required value\n" },
		{ "batch/v1", "CronJob", "{'spec':{}}", NULL, "spec.schedule: Required value\n" },
		{ "v1", "ConfigMap", "{'data':{'a':'b'}}", NULL, "" },
	};

	CHECK_ALL(cases);
}

TEST(numbers_texts_and_lists_keep_their_limits)
{
	static const struct judged cases[] = {
		{ "autoscaling/v2", "HorizontalPodAutoscaler",
		  "{'spec':{'minReplicas':-1,'maxReplicas':-2}}", NULL,
		  "spec.minReplicas: Invalid value: -1: must be greater than or equal to 0\n"
		  "spec.maxReplicas: Invalid value: -2: must be greater than or equal to 1\n" },
		{ "autoscaling/v2", "HorizontalPodAutoscaler",
		  "{'spec':{'minReplicas':0,'maxReplicas':1}}", NULL, "" },
		{ "v1", "ReplicationController",
		  "{'metadata':{'name':'N_x'},'spec':{'replicas':-1,'minReadySeconds':-5}}", NULL,
		  "metadata.name: Invalid value: \"N_x\": a lowercase RFC 1123 subdomain must "
		  "consist of lower case alphanumeric characters, '-' or '.', and must start and "
		  "end with an alphanumeric character (e.g. 'example.com', regex used for "
		  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
		  "')\n"
		  "spec.replicas: Invalid value: -1: must be greater than or equal to 0\n"
		  "spec.minReadySeconds: Invalid value: -5: must be greater than or equal to 0\n" },
		{ "v1", "ReplicationController", "{'spec':{'replicas':0}}", NULL, "" },
		{ "v1", "Pod",
		  "{'spec':{'evictionResponders':[{'name':'example.com/a','priority':1},{'name':'"
		  "a','priority':100001},{'name':'example.com/a'}]}}",
		  NULL,
		  "spec.evictionResponders[2]: Duplicate value: "
		  "{\"name\":\"example.com/a\",\"priority\":null}\n"
		  "spec.evictionResponders[1].name: Invalid value: \"a\": must include a prefix "
		  "(e.g. 'example.com/key')\n"
		  "spec.evictionResponders[1].priority: Invalid value: 100001: must be less than "
		  "or equal to 100000\n"
		  "spec.evictionResponders[2].priority: Required value\n" },
		{ "v1", "PersistentVolumeClaim",
		  "{'status':{'healthStatus':{'healthConditions':[{'status':'Fine','reason':'xxxx"
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxxxxxxxxxxxxxxxxx'},{'status':'DataLoss'},{'status':'DataLoss'}]}}}",
		  NULL,
		  "status.healthStatus.healthConditions[2]: Duplicate value: "
		  "{\"status\":\"DataLoss\",\"reason\":\"\"}\n"
		  "status.healthStatus.healthConditions[0].status: Unsupported value: \"Fine\": "
		  "supported values: \"DataLoss\", \"Degraded\", \"Inaccessible\"\n"
		  "status.healthStatus.healthConditions[0].reason: Too long: may not be more "
		  "than 256 bytes\n"
		  "status.healthStatus.healthConditions[1].reason: Required value\n"
		  "status.healthStatus.healthConditions[2].reason: Required value\n" },
		{ "v1", "Node", "{'spec':{'podPreemptionPolicy':{'disableResizePreemption':['a']}}}",
		  NULL, "spec.podPreemptionPolicy: Forbidden\n" },
		{ "discovery.k8s.io/v1", "EndpointSlice",
		  "{'addressType':'IPv4','endpoints':[{'addresses':['10.0.0.1']},{'addresses':['0"
		  "','1','2','3','4','5','6','7','8','9','10','11','12','13','14','15','16','17',"
		  "'18','19','20','21','22','23','24','25','26','27','28','29','30','31','32','33"
		  "','34','35','36','37','38','39','40','41','42','43','44','45','46','47','48','"
		  "49','50','51','52','53','54','55','56','57','58','59','60','61','62','63','64'"
		  ",'65','66','67','68','69','70','71','72','73','74','75','76','77','78','79','8"
		  "0','81','82','83','84','85','86','87','88','89','90','91','92','93','94','95',"
		  "'96','97','98','99','100']}]}",
		  NULL, "endpoints[1].addresses: Too many: 101: must have at most 100 items\n" },
		{ "discovery.k8s.io/v1", "EndpointSlice", "{'addressType':'ipv4','endpoints':[{}]}",
		  NULL,
		  "addressType: Unsupported value: \"ipv4\": supported values: \"FQDN\", \"IPv4\", "
		  "\"IPv6\"\n"
		  "endpoints[0].addresses: Required value\n" },
	};

	CHECK_ALL(cases);
}

TEST(texts_have_their_format)
{
	static const struct judged cases[] = {
		{ "node.k8s.io/v1", "RuntimeClass", "{'handler':'A'}", NULL,
		  "handler: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower "
		  "case alphanumeric characters or '-', and must start and end with an "
		  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
		  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n" },
		{ "node.k8s.io/v1", "RuntimeClass", "{'handler':'a.b'}", NULL,
		  "handler: Invalid value: \"a.b\": must not contain dots\n" },
		{ "node.k8s.io/v1", "RuntimeClass",
		  "{'handler':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}",
		  NULL,
		  "handler: Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaa\": must be no more than 63 bytes\n" },
		{ "node.k8s.io/v1", "RuntimeClass", "{'handler':''}", NULL,
		  "handler: Required value\n" },
		{ "storage.k8s.io/v1", "VolumeAttachment",
		  "{'spec':{'attacher':'Foo.Example.com'}}", NULL, "" },
		{ "storage.k8s.io/v1", "VolumeAttachment",
		  "{'spec':{'attacher':'a_b.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxxxxx'}}",
		  NULL,
		  "spec.attacher: Invalid value: \"a_b.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxxxxxxxxxxxxxxx\": an RFC 1123 subdomain must consist of alphanumeric "
		  "characters, '-' or '.', and must start and end with an alphanumeric character "
		  "(e.g. 'Example.com', regex used for validation is "
		  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
		  "spec.attacher: Too long: may not be more than 63 characters\n" },
		{ "resource.k8s.io/v1", "DeviceClass",
		  "{'spec':{'extendedResourceName':'example.com/gpu'}}", NULL, "" },
		{ "resource.k8s.io/v1", "DeviceClass", "{'spec':{'extendedResourceName':'gpu'}}",
		  NULL,
		  "spec.extendedResourceName: Invalid value: \"gpu\": a name must be a "
		  "domain-prefixed path, such as 'example.com/my-prop'\n" },
		{ "resource.k8s.io/v1", "DeviceClass",
		  "{'spec':{'extendedResourceName':'requests.example.com/x'}}", NULL,
		  "spec.extendedResourceName: Invalid value: \"requests.example.com/x\": must not "
		  "have \"requests.\" prefix\n" },
		{ "resource.k8s.io/v1", "DeviceClass",
		  "{'spec':{'extendedResourceName':'kubernetes.io/x'}}", NULL,
		  "spec.extendedResourceName: Invalid value: \"kubernetes.io/x\": must not have "
		  "\"kubernetes.io/\" domain\n" },
		{ "resource.k8s.io/v1", "DeviceClass",
		  "{'spec':{'extendedResourceName':'example.com/-x'}}", NULL,
		  "spec.extendedResourceName: Invalid value: \"example.com/-x\": name part must "
		  "consist of alphanumeric characters, '-', '_' or '.', and must start and end "
		  "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
		  "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'constraints':[{'matchAttribute':'example.com/model'}]}}}",
		  NULL, "" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'constraints':[{'matchAttribute':'model'}]}}}", NULL,
		  "spec.devices.constraints[0].matchAttribute: Invalid value: \"model\": a fully "
		  "qualified name must be a domain and a name separated by a slash\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'constraints':[{'matchAttribute':'/model'}]}}}", NULL,
		  "spec.devices.constraints[0].matchAttribute: Invalid value: \"\": prefix must "
		  "not be empty\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'constraints':[{'matchAttribute':'example.com/'}]}}}", NULL,
		  "spec.devices.constraints[0].matchAttribute: Invalid value: \"\": name must not "
		  "be empty\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'constraints':[{'matchAttribute':'example.com/1x'}]}}}", NULL,
		  "spec.devices.constraints[0].matchAttribute: Invalid value: \"1x\": a valid C "
		  "identifier must start with alphabetic character or '_', followed by a string "
		  "of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
		  "'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'constraints':[{'matchAttribute':'a/b/c'}]}}}", NULL, "" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'constraints':[{'matchAttribute':'a.a.a.a.a.a.a.a.a.a.a.a."
		  "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}]"
		  "}}}",
		  NULL,
		  "spec.devices.constraints[0].matchAttribute: Too long: may not be more than 63 "
		  "bytes\n"
		  "spec.devices.constraints[0].matchAttribute: Too long: may not be more than 32 "
		  "bytes\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'allocation':{'devices':{'results':[{'driver':'d','pool':'a/b.c'}]}"
		  "}}}",
		  NULL, "" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'allocation':{'devices':{'results':[{'driver':'d','pool':''}]}}}}",
		  NULL, "status.allocation.devices.results[0].pool: Required value\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'allocation':{'devices':{'results':[{'driver':'d','pool':'a//B'}]}}"
		  "}}",
		  NULL,
		  "status.allocation.devices.results[0].pool: Invalid value: \"a//B\": segment 1: "
		  "must not be empty\n"
		  "status.allocation.devices.results[0].pool: Invalid value: \"B\": segment 2: a "
		  "lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
		  "characters, '-' or '.', and must start and end with an alphanumeric character "
		  "(e.g. 'example.com', regex used for validation is "
		  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'devices':[{'driver':'d','shareID':'0f5ae3a5-3bd7-4e9f-9fe1-0d9d6a5"
		  "a7f3c'}]}}",
		  NULL, "" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'devices':[{'driver':'d','shareID':'0F5AE3A5-3bd7-4e9f-9fe1-0d9d6a5"
		  "a7f3c'}]}}",
		  NULL,
		  "status.devices[0].shareID: Invalid value: "
		  "\"0F5AE3A5-3bd7-4e9f-9fe1-0d9d6a5a7f3c\": must be a lowercase UUID in "
		  "8-4-4-4-12 format\n" },
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'sharedCounters':[{'name':'a','counters':{'ok':{'value':'1'},'Not_ok'"
		  ":{'value':'1'}}},{'name':'b'}]}}",
		  NULL,
		  "spec.sharedCounters[0].counters: Invalid value: \"Not_ok\": a lowercase RFC "
		  "1123 label must consist of lower case alphanumeric characters or '-', and "
		  "must start and end with an alphanumeric character (e.g. 'my-name',  or "
		  "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
		  "spec.sharedCounters[1].counters: Required value\n" },
	};

	CHECK_ALL(cases);
}

TEST(of_some_members_there_is_one)
{
	static const struct judged cases[] = {
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'devices':[{'name':'d','attributes':{'none':{},'one':{'int':0},'two':"
		  "{'bool':false,'string':'x'},'empty':{'ints':[]}}}]}}",
		  NULL,
		  "spec.devices[0].attributes[empty]: Invalid value: \"\": must specify one of: "
		  "`int`, `bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`\n"
		  "spec.devices[0].attributes[none]: Invalid value: \"\": must specify one of: "
		  "`int`, `bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`\n"
		  "spec.devices[0].attributes[two]: Invalid value: \"{bool, string}\": must "
		  "specify exactly one of: `int`, `bool`, `string`, `version`, `ints`, `bools`, "
		  "`strings`, `versions`\n" },
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'devices':[{'name':'d','attributes':{'two':{'bool':true,'string':'y'}"
		  "}}]}}",
		  "{'spec':{'devices':[{'name':'d','attributes':{'two':{'bool':false,'string':'x'"
		  "}}}]}}",
		  "spec.devices[0].attributes[two]: Invalid value: \"{bool, string}\": must "
		  "specify exactly one of: `int`, `bool`, `string`, `version`, `ints`, `bools`, "
		  "`strings`, `versions`\n" },
		{ "certificates.k8s.io/v1", "CertificateSigningRequest",
		  "{'status':{'conditions':[{'type':'Approved','status':'True'},{'type':'Failed',"
		  "'status':'True'},{'type':'Denied','status':'True'}]}}",
		  NULL,
		  "status.conditions: Invalid value: \"{conditions[{\\\"type\\\": "
		  "\\\"Approved\\\"}], "
		  "conditions[{\\\"type\\\": \\\"Denied\\\"}]}\": must specify at most one of: "
		  "`conditions[{\"type\": \"Approved\"}]`, `conditions[{\"type\": "
		  "\"Denied\"}]`\n" },
		{ "certificates.k8s.io/v1", "CertificateSigningRequest",
		  "{'status':{'conditions':[{'type':'Denied','status':'True'},{'type':'Approved',"
		  "'status':'True'}]}}",
		  "{'status':{'conditions':[{'type':'Approved','status':'True'}]}}",
		  "status.conditions: Invalid value: \"{conditions[{\\\"type\\\": "
		  "\\\"Approved\\\"}], "
		  "conditions[{\\\"type\\\": \\\"Denied\\\"}]}\": must specify at most one of: "
		  "`conditions[{\"type\": \"Approved\"}]`, `conditions[{\"type\": "
		  "\"Denied\"}]`\n" },
		{ "certificates.k8s.io/v1", "CertificateSigningRequest",
		  "{'status':{'conditions':[{'type':'Denied','status':'True'},{'type':'Approved',"
		  "'status':'True'},{'type':'Failed','status':'True'}]}}",
		  "{'status':{'conditions':[{'type':'Approved','status':'True'},{'type':'Denied',"
		  "'status':'True'}]}}",
		  "" },
		{ "certificates.k8s.io/v1", "CertificateSigningRequest",
		  "{'status':{'conditions':[{'type':'Failed','status':'True'},{'type':'Failed','s"
		  "tatus':'True'}]}}",
		  NULL, "" },
	};

	CHECK_ALL(cases);
}

TEST(a_mode_says_which_members_there_are)
{
	static const struct judged cases[] = {
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", "{'spec':{}}",
		  NULL, "spec.type: Required value\n" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{'spec':{'type':'Limited'}}", NULL, "spec.limited: Required value\n" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{'spec':{'type':'Exempt','limited':{}}}", NULL,
		  "spec.limited: Forbidden\n"
		  "spec.limited.limitResponse.type: Required value\n" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{'spec':{'type':'Exempt','exempt':{}}}", NULL, "" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Queue'}}}}", NULL,
		  "spec.limited.limitResponse.queuing: Required value\n" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Reject','queuing"
		  "':{'queues':1}}}}}",
		  NULL, "spec.limited.limitResponse.queuing: Forbidden\n" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{'spec':{'type':'Odd','limited':{'limitResponse':{'type':'Reject'}},'exempt':{"
		  "}}}",
		  NULL,
		  "spec.exempt: Forbidden\n"
		  "spec.limited: Forbidden\n" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Queue'},'nominal"
		  "ConcurrencyShares':2}}}",
		  "{'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Queue'}}}}", "" },
	};

	CHECK_ALL(cases);
}

TEST(elements_are_told_apart_by_their_keys)
{
	static const struct judged cases[] = {
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'requests':[{'name':'a'},{'name':'b'},{'name':'a','exactly"
		  "':{'deviceClassName':'x'}}],'config':[{'requests':['a','b','a']}]}}}",
		  NULL,
		  "spec.devices.requests[2]: Duplicate value: "
		  "{\"name\":\"a\",\"exactly\":{\"deviceClassName\":\"x\"}}\n"
		  "spec.devices.config[0].requests[2]: Duplicate value: \"a\"\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'spec':{'devices':{'requests':[{'name':'r0'},{'name':'r1'},{'name':'r2'},{'na"
		  "me':'r3'},{'name':'r4'},{'name':'r5'},{'name':'r6'},{'name':'r7'},{'name':'r8'"
		  "},{'name':'r9'},{'name':'r10'},{'name':'r11'},{'name':'r12'},{'name':'r13'},{'"
		  "name':'r14'},{'name':'r15'},{'name':'r16'},{'name':'r17'},{'name':'r18'},{'nam"
		  "e':'r19'},{'name':'r20'},{'name':'r21'},{'name':'r22'},{'name':'r23'},{'name':"
		  "'r24'},{'name':'r25'},{'name':'r26'},{'name':'r27'},{'name':'r28'},{'name':'r2"
		  "9'},{'name':'r30'},{'name':'r31'},{'name':'r32'}]}}}",
		  NULL, "spec.devices.requests: Too many: 33: must have at most 32 items\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'devices':[{'driver':'d','pool':'p','device':'1'},{'driver':'d','po"
		  "ol':'p','device':'1','shareID':'0f5ae3a5-3bd7-4e9f-9fe1-0d9d6a5a7f3c'},{'drive"
		  "r':'d','pool':'p','device':'1'}]}}",
		  NULL,
		  "status.devices[2]: Duplicate value: "
		  "{\"driver\":\"d\",\"pool\":\"p\",\"device\":\"1\",\"conditions\":null}\n" },
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'devices':[{'name':'d','consumesCounters':[{'counterSet':'A','counter"
		  "s':{'x':{'value':'1'}}},{'counterSet':'A'},{'counterSet':'b'}]}]}}",
		  NULL,
		  "spec.devices[0].consumesCounters: Too many: 3: must have at most 2 items\n" },
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'skipNodeOperations':['*','Else','*']}}", NULL,
		  "spec.skipNodeOperations[2]: Duplicate value: \"*\"\n"
		  "spec.skipNodeOperations[1]: Unsupported value: \"Else\": supported values: "
		  "\"*\", "
		  "\"NodePrepareResources\", \"NodeUnprepareResources\"\n" },
	};

	CHECK_ALL(cases);
}

TEST(an_update_changes_only_what_may_change)
{
	static const struct judged cases[] = {
		{ "node.k8s.io/v1", "RuntimeClass", "{'handler':'b'}", "{'handler':'a'}",
		  "handler: Invalid value: null: field is immutable\n" },
		{ "node.k8s.io/v1", "RuntimeClass", "{'handler':''}", "{'handler':'a'}",
		  "handler: Invalid value: null: field is immutable\n"
		  "handler: Required value\n" },
		{ "storage.k8s.io/v1", "StorageClass", "{'provisioner':'p','parameters':{'a':'2'}}",
		  "{'provisioner':'p','parameters':{'a':'1'},'reclaimPolicy':'Delete'}",
		  "parameters: Invalid value: null: field is immutable\n"
		  "reclaimPolicy: Invalid value: null: field is immutable\n" },
		{ "storage.k8s.io/v1", "StorageClass",
		  "{'provisioner':'p','parameters':{},'metadata':{'labels':{'a':'b'}}}",
		  "{'provisioner':'p'}", "" },
		{ "storage.k8s.io/v1", "VolumeAttachment", "{'spec':{'attacher':'B_'}}",
		  "{'spec':{'attacher':'A_'}}", "spec: Invalid value: null: field is immutable\n" },
		{ "networking.k8s.io/v1", "IPAddress",
		  "{'spec':{'parentRef':{'resource':'b','name':''}}}",
		  "{'spec':{'parentRef':{'resource':'a','name':''}}}",
		  "spec.parentRef: Invalid value: null: field is immutable\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'allocation':{'devices':{'results':[{'driver':'b','pool':'p','reque"
		  "st':'r','device':'d'}]}}}}",
		  "{'status':{'allocation':{'devices':{'results':[{'driver':'a','pool':'p','reque"
		  "st':'r','device':'d'}]}}}}",
		  "status.allocation: Invalid value: null: field cannot be modified once set\n" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{'status':{'allocation':{'devices':{'results':[{'driver':'b','pool':'p','reque"
		  "st':'r','device':'d'}]}}}}",
		  "{}", "" },
		{ "resource.k8s.io/v1", "ResourceClaim", "{}",
		  "{'status':{'allocation':{'devices':{'results':[{'driver':'a','pool':'p','reque"
		  "st':'r','device':'d'}]}}}}",
		  "" },
		{ "batch/v1", "Job", "{'spec':{'scheduling':{'disruptionMode':{'single':{}}}}}",
		  NULL, "spec.scheduling: Forbidden\n" },
		{ "batch/v1", "Job",
		  "{'spec':{'parallelism':2,'scheduling':{'disruptionMode':{'single':{}}}}}",
		  "{'spec':{'parallelism':1,'scheduling':{'disruptionMode':{'single':{}}}}}", "" },
		{ "batch/v1", "Job", "{'spec':{}}",
		  "{'spec':{'scheduling':{'disruptionMode':{'single':{}}}}}",
		  "spec.scheduling: Invalid value: null: field cannot be cleared once set\n" },
	};

	CHECK_ALL(cases);
}

TEST(an_update_is_judged_by_what_it_changes)
{
	static const struct judged cases[] = {
		{ "node.k8s.io/v1", "RuntimeClass",
		  "{'handler':'A','metadata':{'labels':{'a':'b'}}}", "{'handler':'A'}", "" },
		{ "rbac.authorization.k8s.io/v1", "Role", "{'rules':[{},{'verbs':['get']}]}",
		  "{'rules':[{}]}", "rules[0].verbs: Required value\n" },
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'sharedCounters':[{'name':'B_','counters':{'X_':{'value':'1'}}},{'nam"
		  "e':'A_','counters':{'X_':{'value':'2'},'Y_':{'value':'1'}}},{'name':'C_'}]}}",
		  "{'spec':{'sharedCounters':[{'name':'A_','counters':{'X_':{'value':'1'}}},{'nam"
		  "e':'B_','counters':{'X_':{'value':'1'}}}]}}",
		  "spec.sharedCounters[1].counters: Invalid value: \"Y_\": a lowercase RFC 1123 "
		  "label must consist of lower case alphanumeric characters or '-', and must "
		  "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
		  "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
		  "spec.sharedCounters[2].name: Invalid value: \"C_\": a lowercase RFC 1123 label "
		  "must consist of lower case alphanumeric characters or '-', and must start and "
		  "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
		  "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
		  "spec.sharedCounters[2].counters: Required value\n" },
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'skipNodeOperations':['New','Odd']}}",
		  "{'spec':{'skipNodeOperations':['Odd']}}",
		  "spec.skipNodeOperations[0]: Unsupported value: \"New\": supported values: "
		  "\"*\", "
		  "\"NodePrepareResources\", \"NodeUnprepareResources\"\n" },
		{ "resource.k8s.io/v1", "ResourceSlice",
		  "{'spec':{'devices':[{'name':'d','attributes':{'a':{},'b':{}}}]}}",
		  "{'spec':{'devices':[{'name':'d','attributes':{'a':{}}}]}}",
		  "spec.devices[0].attributes[a]: Invalid value: \"\": must specify one of: `int`, "
		  "`bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`\n"
		  "spec.devices[0].attributes[b]: Invalid value: \"\": must specify one of: `int`, "
		  "`bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`\n" },
	};

	CHECK_ALL(cases);
}

/* ---- beside other findings -------------------------------------------------------------------------- */

TEST(a_finding_of_a_rule_gives_way_to_its_twin_and_others_stay)
{
	const struct type *type = &node_runtime_class_type;
	struct faults faults = faults_in(test_arena());

	faults_add(&faults, FAULT_INVALID, STR("metadata.name"), STR("\"x\""), "too short");
	faults_add(&faults, FAULT_INVALID, STR("handler"), STR("\"a.b\""), "by hand");
	faults_add(&faults, FAULT_REQUIRED, STR("handler"), STR_NONE, "%s", "");
	faults_add(&faults, FAULT_INVALID, STR("handler"), STR("\"a.b\""), "something else");
	validate_create(type, record_of(type, "{'handler':'a.b'}"), &faults);
	CHECK_STR(findings_text(&faults),
		  "metadata.name: Invalid value: \"x\": too short\n"
		  "handler: Required value\n"
		  "handler: Invalid value: \"a.b\": something else\n"
		  "handler: Invalid value: \"a.b\": must not contain dots\n");
}

TEST(what_is_wrong_without_end_is_cut)
{
	struct text json = text_in(test_arena(), MIB);
	const struct type *type = type_find_api(STR("rbac.authorization.k8s.io/v1"), STR("Role"));
	struct faults faults = faults_in(test_arena());

	text_lit(&json, "{'rules':[");
	for (int i = 0; i < 1000; i++)
		text_printf(&json, "%s{}", i > 0 ? "," : "");
	text_lit(&json, "]}");
	validate_create(type, record_of(type, arena_cstr(test_arena(), text_str(&json))), &faults);
	CHECK_EQ(faults.len, LIMIT_FAULTS);
	CHECK(faults.is_cut);
}

/* ---- the schema ------------------------------------------------------------------------------------------ */

static bool is_known(const struct mark *mark)
{
	switch (mark->name) {
	case MARK_REQUIRED:
	case MARK_OPTIONAL:
	case MARK_FORBIDDEN:
	case MARK_IMMUTABLE:
	case MARK_MINIMUM:
	case MARK_MAXIMUM:
	case MARK_MAX_ITEMS:
	case MARK_MAX_LENGTH:
	case MARK_MAX_BYTES:
	case MARK_MAX_PROPERTIES:
	case MARK_LIST_MAP_KEY:
	case MARK_CUSTOM_UNIQUE:
	case MARK_UNION_MEMBER:
	case MARK_ZERO_OR_ONE_OF:
	case MARK_MODE_DISCRIMINATOR:
	case MARK_OPAQUE:
	case MARK_CUSTOM: /* a function of its kind */ return true;
	case MARK_UPDATE: return str_is_among(mark_value(mark), "NoSet NoUnset NoModify", ' ');
	case MARK_LIST_TYPE:
	case MARK_UNIQUE: return str_is_among(mark_value(mark), "set map atomic", ' ');
	case MARK_FORMAT:
		return str_is_among(mark_value(mark),
				    "k8s-short-name k8s-long-name k8s-long-name-caseless "
				    "k8s-label-key k8s-prefixed-label-key k8s-path-segment-name "
				    "k8s-uuid k8s-resource-pool-name k8s-extended-resource-name "
				    "k8s-resource-fully-qualified-name",
				    ' ');
	default: return false;
	}
}

/* One that is raised from alpha in a later release must not go unheard. */
TEST(every_mark_of_the_schema_that_is_enforced_is_known)
{
	uint32_t count = 0, marks = 0;
	const struct type *types = type_all(&count);

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < types[i].field_count; j++) {
			const struct field_rules *rules = field_rules(&type_fields(&types[i])[j]);

			for (uint32_t k = 0; rules != NULL && k < rules->mark_count; k++) {
				if (rules_marks(rules)[k].stage == MARK_ALPHA)
					continue;
				CHECK(is_known(&rules_marks(rules)[k]));
				marks++;
			}
		}
	}
	CHECK(marks > 200);
}
